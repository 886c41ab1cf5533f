//! Endpoints on a marketplace: what the hub is told, when, and what stays at home.

use std::time::Duration;

use serde_json::{Value, json};
use syft_space_fakehub::{Mode, Route};

use crate::marketplace_fixture::{MarketplaceFixture, hub, register};
use crate::space::{PUBLIC_URL, Server, TestSpace, dataset_of, endpoint_on};

const LISTINGS_PATH: &str = "/endpoints/space-docs/listings";

impl MarketplaceFixture {
    async fn list(&self) -> Value {
        let body = json!({ "marketplace_id": self.marketplace });
        self.owner.post(LISTINGS_PATH, &body).await.expect(201).body
    }

    /// Waits until the listings fit.
    async fn until(&self, fits: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        for _ in 0..600 {
            let listings =
                self.owner.get(LISTINGS_PATH).await.expect(200).body["items"].as_array().unwrap().clone();
            if fits(&listings) {
                return listings;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the hub was not told: {:?}", self.owner.get(LISTINGS_PATH).await);
    }

    /// What anybody sees of the endpoint on the hub.
    async fn on_the_hub(&self) -> (u16, Value) {
        let url = format!("{}/api/v1/endpoints/public/spaceowner/space-docs", self.hub.url());
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let answer = client.get(url).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }
}

fn listed(listings: &[Value]) -> bool {
    listings.iter().any(|listing| listing["state"] == "listed")
}

#[tokio::test]
async fn q4_a_listed_endpoint_is_on_the_hub_without_an_address_of_its_policies() {
    let market = MarketplaceFixture::start().await;
    market.allow(&["alice@example.com", "*@secret-partner.example"]).await;
    let listing = market.list().await;
    assert_eq!(listing["state"], "pending");
    let told = market.until(listed).await;
    assert_eq!((&told[0]["last_error"], told[0]["told_at"].is_string()), (&Value::Null, true));
    let (status, shown) = market.on_the_hub().await;
    assert_eq!((status, &shown["name"]), (200, &json!("space-docs")));
    assert_eq!(shown["connect"][0]["config"]["tenant_name"], "acme");
    assert_eq!(shown["policies"][0]["type"], "access");
    for request in market.hub.requests(Route::CreateEndpoint) {
        let sent = String::from_utf8(request.body.clone()).unwrap();
        for kept in ["alice", "secret-partner", "patterns"] {
            assert!(!sent.contains(kept), "{sent}");
        }
    }
    // It is told that the endpoint is well, and where.
    for _ in 0..200 {
        if market.hub.calls(Route::Health) > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let report = &market.hub.requests(Route::Health)[0];
    let report: Value = serde_json::from_slice(&report.body).unwrap();
    assert_eq!(report["url"], PUBLIC_URL);
    assert_eq!(
        (&report["endpoints"][0]["slug"], &report["endpoints"][0]["status"]),
        (&json!("space-docs"), &json!("healthy"))
    );
}

#[tokio::test]
async fn q4_what_nobody_could_query_is_not_listed() {
    let market = MarketplaceFixture::start().await;
    let body = json!({ "marketplace_id": market.marketplace });
    market.owner.post(LISTINGS_PATH, &body).await.expect_problem(409, "no_access_policy");
    market.allow(&["*"]).await;
    market.owner.patch("/endpoints/space-docs", &json!({ "published": false })).await.expect(200);
    market.owner.post(LISTINGS_PATH, &body).await.expect_problem(409, "endpoint_draft");
    market.owner.patch("/endpoints/space-docs", &json!({ "published": true })).await.expect(200);
    let nowhere = json!({ "marketplace_id": "0190d3a1-7c1e-7b7a-9c3e-2f6f3f1f0a11" });
    market.owner.post(LISTINGS_PATH, &nowhere).await.expect_problem(422, "invalid");
    market.list().await;
    market.owner.post(LISTINGS_PATH, &body).await.expect_problem(409, "already_listed");
}

#[tokio::test]
async fn q4_without_a_public_url_the_refusal_names_the_setting() {
    let space = TestSpace::of(Server::start(&[("outbound_allow", "127.0.0.1")]).await);
    let (owner, hub) = (space.found("acme").await, hub());
    let issuer = syft_space_fakehub::HubOptions::DEFAULT_ISSUER;
    let marketplace = register(&owner, &hub, issuer, "spaceowner", "syfthub").await;
    let dataset = dataset_of(&owner, "mountains", &[("one", "Kilimanjaro.")]).await;
    endpoint_on(&owner, &dataset, "space-docs").await;
    let refused = owner.post(LISTINGS_PATH, &json!({ "marketplace_id": marketplace })).await;
    let refused = refused.expect_problem(409, "public_url_missing");
    assert!(refused.body["detail"].as_str().unwrap().contains("SYFT_SPACE_PUBLIC_URL"));
}

#[tokio::test]
async fn q4_what_is_taken_off_or_removed_is_gone_from_the_hub() {
    let market = MarketplaceFixture::start().await;
    market.allow(&["*"]).await;
    let id = market.list().await["id"].as_str().unwrap().to_owned();
    market.until(listed).await;
    market.owner.delete(&format!("{LISTINGS_PATH}/{id}")).await.expect(204);
    market.until(<[Value]>::is_empty).await;
    assert_eq!(market.on_the_hub().await.0, 404);

    market.list().await;
    market.until(listed).await;
    market.owner.delete("/endpoints/space-docs").await.expect(204);
    for _ in 0..200 {
        if market.on_the_hub().await.0 == 404 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the hub still shows an endpoint that was removed");
}

#[tokio::test]
async fn q4_a_hub_in_trouble_is_told_later_and_the_listing_says_why() {
    let market = MarketplaceFixture::start().await;
    market.allow(&["*"]).await;
    market.hub.set_mode_everywhere(Mode::Failing);
    market.list().await;
    let failed = market.until(|all| all.iter().any(|listing| listing["last_error"].is_string())).await;
    assert_eq!(failed[0]["state"], "pending");
    market.hub.set_mode_everywhere(Mode::Healthy);
    let sync = format!("/marketplaces/{}/sync", market.marketplace);
    market.owner.post(&sync, &json!({})).await.expect(200);
    let told = market.until(listed).await;
    assert_eq!(told[0]["last_error"], Value::Null);
}

#[tokio::test]
async fn q4_a_change_reaches_the_hub_with_a_sync_and_a_draft_is_taken_off() {
    let market = MarketplaceFixture::start().await;
    market.allow(&["*"]).await;
    market.list().await;
    market.until(listed).await;
    let sync = format!("/marketplaces/{}/sync", market.marketplace);
    market.owner.patch("/endpoints/space-docs", &json!({ "name": "Mountains" })).await.expect(200);
    market.owner.post(&sync, &json!({})).await.expect(200);
    market.until(listed).await;
    assert_eq!(market.on_the_hub().await.1["name"], "Mountains");

    market.owner.patch("/endpoints/space-docs", &json!({ "published": false })).await.expect(200);
    market.owner.post(&sync, &json!({})).await.expect(200);
    let held = market.until(|all| all.iter().any(|listing| listing["last_error"].is_string())).await;
    assert_eq!(held[0]["state"], "pending");
    assert_eq!(market.on_the_hub().await.0, 404);
}

#[tokio::test]
async fn q4_an_endpoint_made_by_hand_is_left_alone_and_one_of_our_own_is_found_again() {
    let market = MarketplaceFixture::start().await;
    market.allow(&["*"]).await;
    let pat = market.hub.create_pat("spaceowner").unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let by_hand = json!({
        "name": "By hand", "slug": "space-docs", "type": "model", "visibility": "private",
        "connect": [{"type": "rest_api", "config": {"url": "/elsewhere", "tenant_name": "globex"}}],
    });
    let own = format!("{}/api/v1/endpoints", market.hub.url());
    let made = client.post(&own).bearer_auth(&pat).body(by_hand.to_string()).send().await.unwrap();
    assert_eq!(made.status(), 201);
    let id = market.list().await["id"].as_str().unwrap().to_owned();
    let told = market.until(|all| all.iter().any(|listing| listing["last_error"].is_string())).await;
    assert!(told[0]["last_error"].as_str().unwrap().contains("not this space's"), "{told:?}");
    market.owner.delete(&format!("{LISTINGS_PATH}/{id}")).await.expect(204);
    market.until(<[Value]>::is_empty).await;
    let kept = async || {
        let answer = client.get(&own).bearer_auth(&pat).send().await.unwrap();
        answer.json::<Value>().await.unwrap()
    };
    let there = kept().await;
    assert_eq!((&there[0]["name"], &there[0]["type"]), (&json!("By hand"), &json!("model")));
    assert_eq!((market.hub.calls(Route::UpdateEndpoint), market.hub.calls(Route::DeleteEndpoint)), (0, 0));

    // What this space showed itself is its own, also when it has registered anew.
    client.delete(format!("{own}/slug/space-docs")).bearer_auth(&pat).send().await.unwrap();
    market.list().await;
    market.until(listed).await;
    market.hub.set_mode(Route::DeleteEndpoint, Mode::Failing);
    market.owner.delete(&format!("/marketplaces/{}", market.marketplace)).await.expect(204);
    market.hub.set_mode(Route::DeleteEndpoint, Mode::Healthy);
    let issuer = syft_space_fakehub::HubOptions::DEFAULT_ISSUER;
    let again = register(&market.owner, &market.hub, issuer, "spaceowner", "again").await;
    market.owner.post(LISTINGS_PATH, &json!({ "marketplace_id": again })).await.expect(201);
    market.until(listed).await;
    assert_eq!(market.on_the_hub().await.1["name"], "space-docs");
}

#[tokio::test]
async fn q4_a_slug_that_the_hub_keeps_for_itself_is_refused_and_can_be_changed() {
    let market = MarketplaceFixture::start().await;
    market.allow(&["*"]).await;
    let path = "/endpoints/space-docs";
    let slug = |slug: &str| json!({ "slug": slug });
    let moved = market.owner.patch(path, &slug("docs")).await.expect(200);
    assert_eq!(moved.body["slug"], "docs");
    market.owner.get(path).await.expect_problem(404, "not_found");
    let body = json!({ "marketplace_id": market.marketplace });
    let refused = market.owner.post("/endpoints/docs/listings", &body).await;
    refused.expect_problem(409, "slug_unlistable");
    market.owner.patch("/endpoints/docs", &slug("space-docs")).await.expect(200);
    market.list().await;
    market.until(listed).await;
    market.owner.patch(path, &slug("search")).await.expect_problem(409, "slug_unlistable");
    market.owner.patch(path, &slug("Space Docs")).await.expect_problem(422, "invalid");
    market.owner.patch(path, &slug("high-docs")).await.expect(200);
    for _ in 0..200 {
        if market.on_the_hub().await.0 == 404 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(market.on_the_hub().await.0, 404);
    market.user("alice").ask("high-docs", "How high?").await.expect(200);
    market.user("alice").ask("space-docs", "How high?").await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn q4_a_draft_is_off_the_hub_within_seconds() {
    let market = MarketplaceFixture::start().await;
    market.allow(&["*"]).await;
    market.list().await;
    market.until(listed).await;
    market.owner.patch("/endpoints/space-docs", &json!({ "published": false })).await.expect(200);
    for _ in 0..100 {
        if market.on_the_hub().await.0 == 404 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the hub shows a draft");
}

#[tokio::test]
async fn z2_a_hub_is_told_of_no_policy_in_shadow_and_an_endpoint_is_listed_by_none() {
    let market = MarketplaceFixture::start().await;
    let path = "/endpoints/space-docs/policies";
    let make = async |policy_type: &str, configuration: Value| {
        let body = json!({
            "name": policy_type, "policy_type": policy_type, "configuration": configuration, "enforcement": "shadow",
        });
        market.owner.post("/policies", &body).await.expect(201).body["id"].as_str().unwrap().to_owned()
    };
    let access = make("access", json!({ "mode": "allow", "patterns": ["*"] })).await;
    let hours = json!({ "zone": "UTC", "open": [{ "days": ["mon"], "from": "03:00", "until": "03:01" }] });
    let hours = make("schedule", hours).await;
    let attach = json!({ "policy_ids": [access, hours] });
    market.owner.put(path, &attach).await.expect(200);
    let listing = json!({ "marketplace_id": market.marketplace });
    market.owner.post(LISTINGS_PATH, &listing).await.expect_problem(409, "no_access_policy");
    let enforcement = json!({ "enforcement": "enforce" });
    market.owner.patch(&format!("/policies/{access}"), &enforcement).await.expect(200);
    market.list().await;
    market.until(listed).await;
    let types = |shown: Value| -> Vec<Value> {
        shown["policies"].as_array().unwrap().iter().map(|policy| policy["type"].clone()).collect()
    };
    assert_eq!(types(market.on_the_hub().await.1), ["access"]);
    // One that decides from now on is told of as one that is attached.
    market.owner.patch(&format!("/policies/{hours}"), &enforcement).await.expect(200);
    market.until(listed).await;
    for _ in 0..600 {
        if types(market.on_the_hub().await.1) == ["access", "schedule"] {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the hub was not told: {:?}", market.on_the_hub().await);
}
