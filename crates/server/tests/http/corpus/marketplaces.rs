//! Accounts on hubs, listings there, and their users and guests who come with satellite tokens.

use serde_json::{Value, json};
use syft_space_fakehub::{HubOptions, Mode, Route, RunningHub, UserRole};

use super::recorder::{Ask, Recorder};
use crate::space::{HUB_PASSWORD, TestSpace};

const MARKET: &str = "/marketplaces/«market»";
const LISTINGS: &str = "/endpoints/space-docs/listings";
const MISSING: &str = "0190d3a1-7c1e-7b7a-9c3e-2f6f3f1f0a11";

pub async fn play() -> Recorder {
    let mut space = TestSpace::open_to_all().await;
    let mut r = Recorder::new("marketplaces", &space);
    r.found(&space, "owner", "acme").await;
    r.found(&space, "foreigner", "globex").await;
    r.join("admin", "admin").await;
    for name in ["spaceowner", "another", "alice", "bob"] {
        space.hub().add_user(name, &format!("{name}@hub.example"), HUB_PASSWORD).unwrap();
        let credential = space.hub().create_pat(name).unwrap();
        r.keep(&format!("credential of {name}"), &credential);
    }
    let url = space.hub().url();
    r.keep("hub", &url);
    r.keep("hub's address", url.trim_start_matches("http://"));
    registering(&mut r, &space).await;
    trouble(&mut r, &mut space).await;
    changes(&mut r).await;
    listings(&mut r, space.hub()).await;
    callers(&mut r, space.hub()).await;
    removals(&mut r, space.hub()).await;
    r.log("owner", "/audit").await;
    r.log("foreigner", "/audit").await;
    r
}

fn account(name: &str, change: impl FnOnce(&mut Value)) -> Value {
    let mut body = json!({
        "name": name, "url": "«hub»", "issuer": HubOptions::DEFAULT_ISSUER,
        "credential": { "type": "pat", "token": "«credential of spaceowner»" },
    });
    change(&mut body);
    body
}

async fn registering(r: &mut Recorder, space: &TestSpace) {
    r.get("owner", "/marketplaces").await;
    r.post("owner", "/marketplaces", account("market", |_| {})).await;
    space.trust_hub().await;
    for body in [
        account("market", |body| body["url"] = json!("http://127.0.0.1:9")),
        account("market", |body| body["issuer"] = json!("https://elsewhere.example")),
        account("market", |body| body["username"] = json!("somebody-else")),
        account("market", |body| body["credential"]["token"] = json!("syft_pat_of_nobody")),
        account("Not A Slug", |_| {}),
        account("market", |body| body["credential"] = json!({ "type": "pat" })),
        account("market", |body| body["credential"] = json!({ "type": "password", "username": "x" })),
        account("market", |body| body["credential"] = json!({ "type": "session", "token": "x" })),
        account("market", |body| body["credential"]["password"] = json!("x")),
        account("market", |body| body["url"] = json!("ftp://hub.example.org")),
        account("market", |body| body["username"] = json!("a b")),
        json!({}),
    ] {
        r.post("owner", "/marketplaces", body).await;
    }
    r.make(
        "market",
        "owner",
        "/marketplaces",
        account("market", |body| body["username"] = json!("SpaceOwner")),
    )
    .await;
    r.post("owner", "/marketplaces", account("twice", |_| {})).await;
    r.post("foreigner", "/marketplaces", account("mine", |_| {})).await;
    let other =
        |name: &str| account(name, |body| body["credential"]["token"] = json!("«credential of another»"));
    r.post("owner", "/marketplaces", other("market")).await;
    let password = json!({ "type": "password", "username": "another", "password": HUB_PASSWORD });
    r.make("second", "owner", "/marketplaces", account("second", |body| body["credential"] = password)).await;
    for target in ["/marketplaces", MARKET, "/marketplaces/«second»"] {
        for who in ["owner", "admin", "foreigner"] {
            r.get(who, target).await;
        }
    }
    r.pages("owner", "/marketplaces?limit=1").await;
    for target in
        ["/marketplaces/x", "/marketplaces/0190d3a1-7c1e-7b7a-9c3e-2f6f3f1f0a11", "/marketplaces?limit=0"]
    {
        r.get("owner", target).await;
    }
}

async fn trouble(r: &mut Recorder, space: &mut TestSpace) {
    let body = || account("third", |body| body["credential"]["token"] = json!("«credential of bob»"));
    let patch = || json!({ "credential": { "type": "pat", "token": "«credential of spaceowner»" } });
    for mode in [
        Mode::Failing,
        Mode::Garbage,
        Mode::Truncated,
        Mode::Oversized(4 * 1024 * 1024),
        Mode::Redirect("http://127.0.0.1:9/".to_owned()),
    ] {
        space.hub().set_mode(Route::Me, mode);
        r.post("owner", "/marketplaces", body()).await;
        r.patch("owner", MARKET, patch()).await;
    }
    space.hub().set_mode_everywhere(Mode::Healthy);
    space.hub_mut().down().unwrap();
    r.post("owner", "/marketplaces", body()).await;
    r.patch("owner", MARKET, json!({ "name": "market" })).await;
    space.hub_mut().up().unwrap();
}

async fn changes(r: &mut Recorder) {
    let change = |body: Value| Ask::new("owner", "PATCH", MARKET).json(&body);
    r.send(change(json!({ "name": "renamed" })).header("if-match", "\"7\"")).await;
    for body in [
        json!({ "name": "renamed" }),
        json!({ "name": "second" }),
        json!({ "name": "Not A Slug" }),
        json!({ "credential": { "type": "pat", "token": "syft_pat_of_nobody" } }),
        json!({ "credential": { "type": "pat", "token": "«credential of another»" } }),
        json!({ "credential": { "type": "pat", "token": "«credential of spaceowner»" } }),
        json!({ "credential": null }),
        json!({ "url": "https://elsewhere.example" }),
        json!({}),
        json!({ "name": "market" }),
    ] {
        r.send(change(body)).await;
    }
    for who in ["admin", "foreigner"] {
        r.patch(who, MARKET, json!({ "name": "x-y-z" })).await;
    }
}

/// Waits until what is listed fits.
async fn settled(r: &mut Recorder, fits: impl Fn(&[Value]) -> bool) {
    r.until("owner", LISTINGS, |told| told["items"].as_array().is_some_and(|items| fits(items))).await;
}

fn listed(items: &[Value]) -> bool {
    items.iter().all(|one| one["state"] == "listed")
}

async fn listings(r: &mut Recorder, hub: &RunningHub) {
    r.make("dataset", "owner", "/datasets", json!({ "name": "mountains", "dtype": "embedded" })).await;
    let text = "Kilimanjaro is 5895 metres high.";
    let documents = json!({ "documents": [{ "document_id": "kilimanjaro", "content": text }] });
    r.make("job", "owner", "/datasets/«dataset»/documents?wait=true", documents).await;
    r.make(
        "endpoint",
        "owner",
        "/endpoints",
        json!({
            "name": "Mountains", "slug": "space-docs", "dataset_id": "«dataset»", "response_type": "raw",
        }),
    )
    .await;
    let at = |marketplace: &str| json!({ "marketplace_id": marketplace });
    r.get("owner", LISTINGS).await;
    r.post("owner", LISTINGS, at("«market»")).await;
    r.patch("owner", "/endpoints/space-docs", json!({ "published": true })).await;
    r.post("owner", LISTINGS, at("«market»")).await;
    r.make("policy", "owner", "/policies", json!({
        "name": "hikers", "policy_type": "access", "configuration": { "mode": "allow", "patterns": ["alice@hub.example"] },
    }))
    .await;
    r.put("owner", "/endpoints/space-docs/policies", json!({ "policy_ids": ["«policy»"] })).await;
    for body in [json!({}), at("x"), at(MISSING), json!({ "marketplace_id": 7 })] {
        r.post("owner", LISTINGS, body).await;
    }
    r.post("owner", "/endpoints/missing/listings", at("«market»")).await;
    r.make("listing", "admin", LISTINGS, at("«market»")).await;
    settled(r, listed).await;
    r.get("owner", LISTINGS).await;
    r.post("owner", LISTINGS, at("«market»")).await;
    r.patch("owner", "/endpoints/space-docs", json!({ "slug": "docs" })).await;
    // A hub in trouble is told later, and the listing says why.
    hub.set_mode(Route::CreateEndpoint, Mode::Failing);
    r.make("second listing", "owner", LISTINGS, at("«second»")).await;
    settled(r, |items| items.iter().any(|one| one["last_error"].is_string())).await;
    hub.set_mode_everywhere(Mode::Healthy);
    for who in ["admin", "foreigner"] {
        r.send(Ask::new(who, "POST", "/marketplaces/«second»/sync")).await;
    }
    settled(r, listed).await;
    r.get("owner", LISTINGS).await;
    r.send(Ask::new("owner", "POST", &format!("/marketplaces/{MISSING}/sync"))).await;
    for target in ["/endpoints/space-docs/listings/x".to_owned(), format!("{LISTINGS}/{MISSING}")] {
        r.delete("owner", &target).await;
    }
    r.delete("foreigner", &format!("{LISTINGS}/«second listing»")).await;
    r.delete("admin", &format!("{LISTINGS}/«second listing»")).await;
    settled(r, |items| items.len() == 1).await;
    r.get("owner", LISTINGS).await;
}

async fn ask(r: &mut Recorder, who: &str) {
    let body = json!({ "messages": "How high is Kilimanjaro?", "similarity_threshold": 0.0 });
    r.post(who, "/endpoints/space-docs/query", body).await;
}

async fn callers(r: &mut Recorder, hub: &RunningHub) {
    hub.set_role("bob", UserRole::Admin).unwrap();
    for name in ["alice", "bob", "another"] {
        r.bear(name, &hub.mint_token(name, "spaceowner").unwrap());
    }
    r.bear("guest", &hub.mint_guest_token("spaceowner").unwrap());
    r.bear("alice of elsewhere", &hub.mint_token("alice", "bob").unwrap());
    // While no keys were fetched yet, and none are to be had, nobody is let in.
    hub.set_mode(Route::Jwks, Mode::Failing);
    ask(r, "alice").await;
    hub.set_mode_everywhere(Mode::Healthy);
    hub.set_mode(Route::Verify, Mode::Failing);
    ask(r, "another").await;
    hub.set_mode_everywhere(Mode::Healthy);
    for who in ["alice", "bob", "guest", "alice of elsewhere"] {
        ask(r, who).await;
        r.get(who, "/endpoints").await;
    }
    for tenant in ["acme", "globex"] {
        let ask = Ask::new("alice", "POST", "/endpoints/space-docs/query").header("x-tenant-name", tenant);
        r.send(ask.json(&json!({ "messages": "Kilimanjaro", "similarity_threshold": 0.0 }))).await;
    }
    r.post("alice", "/endpoints/missing/query", json!({ "messages": "x" })).await;
    r.post("alice", "/endpoints/space-docs/query", json!({ "messages": "" })).await;
    let identity = |role: &str, email: Value| {
        let mut identity = json!({ "issuer": HubOptions::DEFAULT_ISSUER, "sub": "2", "role": role });
        if !email.is_null() {
            identity["email"] = email;
        }
        identity
    };
    for configuration in [
        json!({ "mode": "allow", "patterns": ["alice@hub.example"] }),
        json!({ "mode": "allow", "patterns": ["*"], "guests": true }),
        json!({ "mode": "deny", "patterns": ["bob@hub.example"], "guests": false }),
    ] {
        r.patch("owner", "/policies/«policy»", json!({ "configuration": configuration })).await;
        for who in ["alice", "bob", "guest"] {
            ask(r, who).await;
        }
        for identity in [
            identity("user", json!("alice@hub.example")),
            identity("admin", Value::Null),
            identity("guest", Value::Null),
            json!({ "issuer": "https://elsewhere.example", "sub": "2", "role": "user" }),
            json!({ "issuer": HubOptions::DEFAULT_ISSUER, "sub": "2", "role": "root" }),
        ] {
            let body = json!({ "identity": identity });
            r.post("owner", "/endpoints/space-docs/policies/explain", body).await;
        }
    }
    // Without a policy, or as a draft, there is nothing for users of a hub.
    for (method, target, body, (told, times)) in [
        ("PUT", "/endpoints/space-docs/policies", json!({ "policy_ids": [] }), ("hidden", 1)),
        ("PUT", "/endpoints/space-docs/policies", json!({ "policy_ids": ["«policy»"] }), ("shown", 3)),
        ("PATCH", "/endpoints/space-docs", json!({ "published": false }), ("hidden", 2)),
        ("PATCH", "/endpoints/space-docs", json!({ "published": true }), ("shown", 4)),
    ] {
        r.send(Ask::new("owner", method, target).json(&body)).await;
        // The hub is told of each, however long that takes.
        let events = format!("/audit?action=config_change&reason={told}&limit=100");
        r.until("owner", &events, |log| log["items"].as_array().is_some_and(|items| items.len() == times))
            .await;
        ask(r, "alice").await;
        let body = json!({ "identity": identity("user", json!("alice@hub.example")) });
        r.post("owner", "/endpoints/space-docs/policies/explain", body).await;
    }
}

async fn removals(r: &mut Recorder, hub: &RunningHub) {
    // Whom the hub does not vouch for any more.
    let only_them = json!({ "configuration": { "mode": "allow", "patterns": ["*@hub.example"] } });
    r.patch("owner", "/policies/«policy»", only_them).await;
    hub.add_user("carol", "carol@hub.example", HUB_PASSWORD).unwrap();
    r.bear("carol", &hub.mint_token("carol", "spaceowner").unwrap());
    hub.set_active("carol", false).unwrap();
    ask(r, "carol").await;
    r.send(Ask::new("owner", "DELETE", MARKET).header("if-match", "\"1\"")).await;
    for who in ["admin", "foreigner", "owner", "owner"] {
        r.delete(who, MARKET).await;
    }
    r.get("owner", LISTINGS).await;
    ask(r, "alice").await;
    hub.set_mode_everywhere(Mode::Failing);
    r.delete("owner", "/marketplaces/«second»").await;
    r.get("owner", "/marketplaces").await;
}
