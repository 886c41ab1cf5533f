//! Every route × everybody: the four roles, an owner of another tenant, a user and a guest of a hub, strangers.

use serde_json::{Value, json};
use syft_space::http::route_table::{Guard, Method, ROUTES, Route};
use syft_space_fakehub::HubOptions;

use super::recorder::{Ask, Recorder};
use crate::matrix::{Fixture, body};
use crate::space::{HUB_PASSWORD, TestSpace};

/// In this order: who may do more comes later, and finds what is there.
const EVERYBODY: [&str; 8] = ["nobody", "stranger", "alice", "user", "viewer", "foreigner", "admin", "owner"];

/// Whoever asks for one of these is gone, and what goes behind them stands in the log whenever it goes: in `privacy`.
const OF_PRIVACY: [&str; 3] = ["/api/v1/me", "/api/v1/users/{id}/erasure", "/api/v1/erasures"];

pub async fn play() -> Recorder {
    let space = TestSpace::open_to_all().await;
    let mut r = Recorder::new("roles", &space);
    let things = furnish(&mut r, &space).await;
    let mut routes: Vec<(usize, &Route)> = ROUTES.iter().enumerate().collect();
    // What is removed is needed before.
    routes.sort_by_key(|(at, route)| match route.method {
        Method::Delete if route.path.ends_with("{listing}") => 1_000,
        Method::Delete => 2_000 - at,
        _ => *at,
    });
    let mut n = 0;
    for (_, route) in routes {
        let Guard::Member(_) = route.guard else { continue };
        // What ends the tenant is asked there, too.
        let ends_tenant = route.method == Method::Delete && route.path.starts_with("/api/v1/tenant");
        if ends_tenant || (OF_PRIVACY.contains(&route.path) && route.method != Method::Get) {
            continue;
        }
        let mut everybody = EVERYBODY;
        if route.method == Method::Delete {
            everybody.swap(6, 7);
        }
        for who in everybody {
            n += 1;
            call(&mut r, &things, route, who, n).await;
        }
    }
    let question = json!({ "messages": "What thing?", "similarity_threshold": 0.0 });
    r.post("guest", "/endpoints/things/query", question).await;
    r.log("owner", "/audit").await;
    r.log("foreigner", "/audit").await;
    r
}

async fn call(r: &mut Recorder, things: &Fixture, route: &Route, who: &str, n: usize) {
    let mut target = things.path(route);
    // What goes on in the background would be recorded wherever it ends.
    if route.method == Method::Post && target.ends_with("/documents") {
        target.push_str("?wait=true");
    }
    let mut ask = Ask::new(who, &route.method.to_string(), &format!("/{target}"));
    if let Some(body) = body(route, things, n) {
        ask = ask.json(&body);
    }
    let before = told_at(r).await;
    let told = r.send(ask).await;
    if told.status >= 300 {
        return;
    }
    if route.path.ends_with("/auth/password") {
        r.bear(who, told.text("/access_token"));
    } else if route.path.ends_with("/auth/logout") {
        let tenant = if who == "foreigner" { "globex" } else { "acme" };
        r.log_in(who, &format!("{who}@{tenant}.example")).await;
    } else if route.method == Method::Put && route.path.ends_with("/policies") {
        told_since(r, before).await;
        let before = told_at(r).await;
        // What has no policy is on no hub any more.
        r.put("owner", "/endpoints/things/policies", json!({ "policy_ids": ["«policy»"] })).await;
        told_since(r, before).await;
    } else if route.method == Method::Patch && route.path == "/api/v1/endpoints/{slug}" {
        told_since(r, before).await;
    } else if route.path.ends_with("/sync") {
        settled(r, |items| items.iter().all(|one| one["state"] == "listed")).await;
    } else if route.path.ends_with("{listing}") {
        settled(r, <[Value]>::is_empty).await;
    }
}

/// Waits until the hub has been told: what it answers stands in the log.
async fn settled(r: &mut Recorder, fits: impl Fn(&[Value]) -> bool) {
    let listings = |told: &Value| told["items"].as_array().is_some_and(|items| fits(items));
    r.until("owner", "/endpoints/things/listings", listings).await;
}

/// When the hub was told of the listing last.
async fn told_at(r: &mut Recorder) -> Value {
    let at = std::cell::RefCell::new(Value::Null);
    r.until("owner", "/endpoints/things/listings", |told| {
        *at.borrow_mut() = told["items"][0]["told_at"].clone();
        true
    })
    .await;
    at.into_inner()
}

/// Waits until the hub has been told of a change: that stands in the log.
async fn told_since(r: &mut Recorder, before: Value) {
    r.until("owner", "/endpoints/things/listings", |told| told["items"][0]["told_at"] != before).await;
}

async fn furnish(r: &mut Recorder, space: &TestSpace) -> Fixture {
    r.found(space, "owner", "acme").await;
    r.found(space, "foreigner", "globex").await;
    for (who, role) in [
        ("admin", "admin"),
        ("user", "user"),
        ("viewer", "viewer"),
        ("somebody", "viewer"),
        ("asker", "user"),
    ] {
        r.join(who, role).await;
    }
    r.bear("stranger", "a-token-that-nobody-ever-gave-out");
    let invited = r.post("owner", "/invitations", json!({ "email": "x@y.example", "role": "user" })).await;
    r.keep("invitation", invited.text("/id"));
    r.keep("invitation token", invited.text("/token"));
    r.make("api key", "owner", "/api-keys", json!({ "name": "nightly", "scopes": ["read_metadata"] })).await;
    r.make("dataset", "owner", "/datasets", json!({ "name": "things", "dtype": "embedded" })).await;
    let documents = json!({ "documents": [{ "document_id": "doc", "content": "A thing of this tenant." }] });
    r.make("job", "owner", "/datasets/«dataset»/documents?wait=true", documents).await;
    r.make("endpoint", "owner", "/endpoints", json!({
        "name": "Things", "slug": "things", "dataset_id": "«dataset»", "response_type": "raw", "published": true,
    }))
    .await;
    r.make("policy", "owner", "/policies", json!({
        "name": "things", "policy_type": "access", "configuration": { "mode": "deny", "patterns": ["z@z.example"] },
    }))
    .await;
    r.put("owner", "/endpoints/things/policies", json!({ "policy_ids": ["«policy»"] })).await;
    r.make("group", "owner", "/groups", json!({ "name": "things" })).await;
    r.post("owner", "/groups/things/members", json!({ "emails": ["in/side+1@things.example"] })).await;
    r.make("asked endpoint", "owner", "/endpoints", json!({
        "name": "Asked", "slug": "asked", "dataset_id": "«dataset»", "response_type": "raw", "published": true,
    }))
    .await;
    let review = json!({ "name": "asked", "policy_type": "manual_review", "configuration": {} });
    r.make("review", "owner", "/policies", review).await;
    r.put("owner", "/endpoints/asked/policies", json!({ "policy_ids": ["«review»"] })).await;
    let refused = r.post("asker", "/endpoints/asked/query", json!({ "messages": "things" })).await;
    r.keep("approval", refused.text("/approval_id"));

    space.trust_hub().await;
    let hub = space.hub();
    r.keep("hub", &hub.url());
    for name in ["spaceowner", "another", "alice"] {
        hub.add_user(name, &format!("{name}@hub.example"), HUB_PASSWORD).unwrap();
        r.keep(&format!("credential of {name}"), &hub.create_pat(name).unwrap());
    }
    let account = |name: &str, username: &str| {
        let token = format!("«credential of {username}»");
        json!({
            "name": name, "url": "«hub»", "issuer": HubOptions::DEFAULT_ISSUER,
            "credential": { "type": "pat", "token": token },
        })
    };
    r.make("marketplace", "owner", "/marketplaces", account("market", "spaceowner")).await;
    r.bear("alice", &hub.mint_token("alice", "spaceowner").unwrap());
    r.bear("guest", &hub.mint_guest_token("spaceowner").unwrap());
    r.make("listing", "owner", "/endpoints/things/listings", json!({ "marketplace_id": "«marketplace»" }))
        .await;
    settled(r, |items| items.iter().all(|one| one["state"] == "listed")).await;
    r.make("hold", "owner", "/retention/holds", json!({ "reason": "a trial" })).await;
    let sessions = r.quiet(Ask::new("somebody", "GET", "/auth/sessions")).await;
    r.keep("session of somebody", sessions["items"][0]["id"].as_str().unwrap());
    Fixture {
        member: "«account of somebody»".to_owned(),
        api_key: "«api key»".to_owned(),
        session: "«session of somebody»".to_owned(),
        invitation: "«invitation»".to_owned(),
        dataset: "«dataset»".to_owned(),
        document: "doc".to_owned(),
        job: "«job»".to_owned(),
        slug: "things".to_owned(),
        policy: "«policy»".to_owned(),
        group: "things".to_owned(),
        hold: "«hold»".to_owned(),
        approval: "«approval»".to_owned(),
        marketplace: "«marketplace»".to_owned(),
        listing: "«listing»".to_owned(),
        account: account("more", "another"),
        // One that is proved is in another chapter.
        receipt: format!("/receipts/00000000-0000-0000-0000-000000000000/1/{}", "00".repeat(32)),
    }
}
