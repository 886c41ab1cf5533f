//! What the log tells of a change: of which thing, and what of it.

use serde_json::{Value, json};
use syft_space_fakehub::HubOptions;

use crate::cli;
use crate::marketplace_fixture::{MarketplaceFixture, registration};
use crate::space::{Answer, Client, TestSpace, dataset_of, endpoint_on, in_memory};

/// What the event of a request says, with the kind of thing that it was done to.
async fn told(owner: &Client, answer: Answer) -> String {
    assert!((200..300).contains(&answer.status), "{answer:?}");
    let log = owner.audit("&action=config_change").await;
    let mut of_request = log.iter().filter(|event| event["request_id"] == answer.header("x-request-id"));
    let event = of_request.next().unwrap_or_else(|| panic!("{answer:?} left no event"));
    assert!(of_request.next().is_none(), "one event tells of it: {log:?}");
    assert_eq!(event["outcome"], "success");
    format!("{} {}", event["object"]["kind"].as_str().unwrap(), event["reason_code"].as_str().unwrap_or("-"))
}

fn id(answer: &Value) -> &str {
    answer["id"].as_str().unwrap()
}

#[tokio::test]
async fn u1_the_event_of_a_changed_dataset_or_endpoint_says_which_of_its_fields() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let body = json!({ "name": "lighthouses", "dtype": "embedded" });
    let made = owner.post("/datasets", &body).await;
    let path = format!("/datasets/{}", id(&made.body));
    assert_eq!(told(&owner, made).await, "dataset created");
    for (change, changed) in [
        (json!({ "name": "beacons" }), "dataset changed_name"),
        (json!({ "summary": "Of the north" }), "dataset changed_summary"),
        (json!({ "tags": "sea, light" }), "dataset changed_tags"),
        (
            json!({ "tags": "", "name": "lamps", "summary": "" }),
            "dataset changed_name,changed_summary,changed_tags",
        ),
        // What stays as it is was not changed.
        (json!({ "tags": "", "name": "lanterns" }), "dataset changed_name"),
        (json!({ "name": "lanterns" }), "dataset -"),
    ] {
        let answer = owner.patch(&path, &change).await;
        assert_eq!(told(&owner, answer).await, changed, "{change}");
    }
    let removed = owner.delete(&path).await;
    assert_eq!(told(&owner, removed).await, "dataset removed");

    let dataset = dataset_of(&owner, "harbours", &[]).await;
    let mut body = json!({ "name": "Ports", "slug": "ports", "dataset_id": dataset, "response_type": "raw" });
    let draft = owner.post("/endpoints", &body).await;
    assert_eq!(told(&owner, draft).await, "endpoint created");
    body["slug"] = json!("open-ports");
    body["published"] = json!(true);
    let open = owner.post("/endpoints", &body).await;
    assert_eq!(told(&owner, open).await, "endpoint created,published");
    for (slug, change, changed) in [
        ("ports", json!({ "published": true }), "endpoint published"),
        ("ports", json!({ "published": true }), "endpoint -"),
        ("ports", json!({ "published": false }), "endpoint unpublished"),
        ("ports", json!({ "slug": "quays" }), "endpoint changed_slug"),
        ("quays", json!({ "description": "Where ships lie." }), "endpoint changed_description"),
        ("quays", json!({ "slug": "quays", "tags": "ships" }), "endpoint changed_tags"),
        (
            "quays",
            json!({ "published": true, "summary": "s", "name": "Quays", "slug": "piers" }),
            "endpoint changed_slug,changed_name,changed_summary,published",
        ),
    ] {
        let answer = owner.patch(&format!("/endpoints/{slug}"), &change).await;
        assert_eq!(told(&owner, answer).await, changed, "{change}");
    }
    let removed = owner.delete("/endpoints/piers").await;
    assert_eq!(told(&owner, removed).await, "endpoint removed");
}

#[tokio::test]
async fn u1_the_event_of_a_changed_policy_says_which_mode_it_has_now_and_what_else_was_changed() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let dataset = dataset_of(&owner, "harbours", &[]).await;
    endpoint_on(&owner, &dataset, "ports").await;
    let body = |mode: &str| {
        let configuration = json!({ "mode": mode, "patterns": ["secret.partner@example.org"] });
        json!({ "name": "crew", "policy_type": "access", "configuration": configuration })
    };
    let made = owner.post("/policies", &body("allow")).await;
    let first = id(&made.body).to_owned();
    assert_eq!(told(&owner, made).await, "policy created,guests_false,mode_allow");
    let made = owner.post("/policies", &body("deny")).await;
    let second = id(&made.body).to_owned();
    assert_eq!(told(&owner, made).await, "policy created,guests_false,mode_deny");
    for (change, changed) in [
        (json!({ "name": "crew and pilots" }), "policy changed_name"),
        (json!({ "configuration": { "mode": "deny" } }), "policy mode_deny"),
        (json!({ "configuration": { "mode": "deny" } }), "policy -"),
        (json!({ "configuration": { "guests": true } }), "policy guests_true"),
        (json!({ "configuration": { "patterns": ["another@example.org"] } }), "policy changed_patterns"),
        (
            json!({ "name": "all", "configuration": { "mode": "allow", "patterns": ["*"], "guests": false } }),
            "policy changed_name,guests_false,mode_allow,changed_patterns",
        ),
    ] {
        let answer = owner.patch(&format!("/policies/{first}"), &change).await;
        assert_eq!(told(&owner, answer).await, changed, "{change}");
    }
    for (attached, changed) in [
        (json!([first]), "endpoint policies_added"),
        (json!([first]), "endpoint -"),
        (json!([first, second]), "endpoint policies_added"),
        (json!([second, first]), "endpoint policies_reordered"),
        (json!([second]), "endpoint policies_removed"),
        (json!([first]), "endpoint policies_added,policies_removed"),
        (json!([]), "endpoint policies_removed"),
    ] {
        let answer = owner.put("/endpoints/ports/policies", &json!({ "policy_ids": attached })).await;
        assert_eq!(told(&owner, answer).await, changed, "{attached}");
    }
    let removed = owner.delete(&format!("/policies/{second}")).await;
    assert_eq!(told(&owner, removed).await, "policy removed");
    // None of it is what somebody wrote.
    let log = owner.get("/audit?limit=100").await.expect(200).text;
    assert!(!log.contains("secret.partner") && !log.contains("another@"), "{log}");
}

#[tokio::test]
async fn u1_the_event_of_an_invitation_says_as_what_somebody_was_invited() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let admin = space.member(&owner, "ann@acme.example", "admin").await;
    for role in ["viewer", "owner"] {
        let body = json!({ "email": format!("new.{role}@acme.example"), "role": role });
        let invited = owner.post("/invitations", &body).await;
        let path = format!("/invitations/{}", id(&invited.body));
        assert_eq!(told(&owner, invited).await, format!("invitation created,role_{role}"));
        if role == "owner" {
            // A refusal says why, and not what it would have changed.
            admin.delete(&path).await.expect_problem(403, "role_not_yours");
            let refused = owner.audit("&outcome=denied").await[0].clone();
            assert_eq!(refused["reason_code"], "role_not_yours");
        }
        let withdrawn = owner.delete(&path).await;
        assert_eq!(told(&owner, withdrawn).await, format!("invitation removed,role_{role}"));
    }
}

#[tokio::test]
async fn u1_the_events_of_marketplaces_listings_and_hubs_say_what_was_changed() {
    let market = MarketplaceFixture::start().await;
    market.allow(&["*"]).await;
    let (owner, hub) = (&market.owner, &market.hub);
    let path = format!("/marketplaces/{}", market.marketplace);
    let credential = registration(hub, HubOptions::DEFAULT_ISSUER, "spaceowner", "x")["credential"].clone();
    for (change, changed) in [
        (json!({ "name": "fair" }), "marketplace changed_name"),
        (json!({ "name": "fair" }), "marketplace -"),
        (json!({ "credential": credential }), "marketplace changed_credential"),
        (
            json!({ "name": "bazaar", "credential": credential }),
            "marketplace changed_name,changed_credential",
        ),
    ] {
        let answer = owner.patch(&path, &change).await;
        assert_eq!(told(owner, answer).await, changed, "{change}");
    }
    let body = json!({ "marketplace_id": market.marketplace });
    let listed = owner.post("/endpoints/space-docs/listings", &body).await;
    let listing = format!("/endpoints/space-docs/listings/{}", id(&listed.body));
    assert_eq!(told(owner, listed).await, "listing created");
    until_the_system_says(owner, "shown").await;
    let asked = owner.send(owner.request("POST", &format!("{path}/sync"))).await;
    assert_eq!(told(owner, asked).await, "marketplace sync_requested");
    owner.put("/endpoints/space-docs/policies", &json!({ "policy_ids": [] })).await.expect(200);
    until_the_system_says(owner, "hidden").await;
    let off = owner.delete(&listing).await;
    assert_eq!(told(owner, off).await, "listing removal_requested");
    until_the_system_says(owner, "removed").await;
    let removed = owner.delete(&path).await;
    assert_eq!(told(owner, removed).await, "marketplace removed");
    let made = owner
        .post("/marketplaces", &registration(hub, HubOptions::DEFAULT_ISSUER, "spaceowner", "new"))
        .await;
    assert_eq!(told(owner, made).await, "marketplace created");
}

/// Waits until the space's own work on a listing has come so far.
async fn until_the_system_says(owner: &Client, what: &str) {
    for _ in 0..600 {
        let log = owner.audit("&action=config_change").await;
        let system =
            |event: &&Value| event["actor"]["kind"] == "system" && event["object"]["kind"] == "listing";
        if log.iter().find(system).is_some_and(|event| event["reason_code"] == what) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("never {what}: {:?}", owner.audit("&action=config_change").await);
}

#[tokio::test]
async fn u1_the_events_of_the_operator_say_what_was_changed() {
    if in_memory() {
        return;
    }
    let space = TestSpace::start().await;
    space.found("acme").await;
    let run = |arguments: &[&str]| drop(cli::run(space.home(), arguments).expect(0));
    let issuer = "https://issuer.example";
    run(&["hubs", "trust", issuer, "https://hub.example"]);
    run(&["hubs", "trust", issuer, "https://hub.example"]);
    run(&["hubs", "trust", issuer, "https://moved.example"]);
    run(&["hubs", "remove", issuer]);
    run(&["keys", "rotate"]);
    run(&["keys", "rotate", "--revoke"]);
    let log = ["audit", "list", "--installation", "--action", "config_change", "--json"];
    let log = cli::run(space.home(), &log).expect(0).items();
    let told: Vec<String> = log
        .iter()
        .rev()
        .map(|event| {
            let kind = event["object"]["kind"].as_str().unwrap();
            format!("{kind} {}", event["reason_code"].as_str().unwrap_or("-"))
        })
        .collect();
    let expected = [
        "tenant created",
        "hub trusted",
        "hub -",
        "hub changed_url",
        "hub distrusted",
        "signing_key created",
        "signing_key created,previous_keys_revoked",
    ];
    assert_eq!(told, expected);
}
