//! Refusals that anybody can cause at any rate fill neither the log nor the disk, and none of them is lost.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::marketplace_fixture::MarketplaceFixture;
use crate::space::form::{bring, part};
use crate::space::{Client, TestSpace, dataset_of, endpoint_on, in_memory, only_policy};

const FLOOD: usize = 180;

/// How many refusals the log tells of for a reason, and in how many events.
async fn told(owner: &Client, filter: &str, reason: &str) -> (u64, usize) {
    let events = owner.audit(filter).await;
    let of: Vec<&Value> = events.iter().filter(|event| event["reason_code"] == reason).collect();
    (of.iter().map(|event| event["count"].as_u64().unwrap()).sum(), of.len())
}

/// Waits until the log tells of all of a flood; answers in how many events.
async fn all_told(owner: &Client, filter: &str, reason: &str) -> usize {
    for _ in 0..100 {
        let (refusals, events) = told(owner, filter, reason).await;
        if refusals == u64::try_from(FLOOD).unwrap() {
            return events;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{:?} of {FLOOD} are told of", told(owner, filter, reason).await);
}

#[tokio::test]
async fn u1_a_flood_of_refused_queries_by_one_principal_is_a_few_events_with_their_number() {
    let market = MarketplaceFixture::start().await;
    market.allow(&["nobody@example.com"]).await;
    let (owner, guest, bob) = (&market.owner, market.guest(), market.user("bob"));
    for (client, slug, reason, filter) in [
        (&guest, "not-there", "endpoint_not_found", "&outcome=denied&action=endpoint_query"),
        (&bob, "space-docs", "access_denied", "&outcome=denied&action=policy_violation"),
    ] {
        let asked = join_all((0..FLOOD).map(|_| client.ask(slug, "How high is Kilimanjaro?"))).await;
        assert!(asked.iter().all(|answer| answer.status == 404 || answer.status == 403));
        let events = all_told(owner, filter, reason).await;
        assert!(events < FLOOD / 2, "{events} events of {reason}");
    }
    let events = owner.audit("&outcome=denied").await;
    let merged: Vec<&Value> = events.iter().filter(|event| event["count"] != 1).collect();
    assert!(!merged.is_empty());
    for event in merged {
        assert_eq!(
            (&event["actor"]["kind"], &event["request_id"]),
            (&json!("hub_user"), &Value::Null),
            "{event}"
        );
        assert_eq!(event["address"], "127.0.0.1", "{event}");
        assert!(event["actor"]["id"].is_string(), "{event}");
    }
}

#[tokio::test]
async fn u1_a_flood_of_a_member_is_counted_by_what_it_was_about_and_survives_an_orderly_stop() {
    let mut space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let dataset = dataset_of(&owner, "birds", &[("a", "Penguins swim.")]).await;
    for slug in ["birds", "fish"] {
        endpoint_on(&owner, &dataset, slug).await;
        only_policy(&owner, slug, json!({ "mode": "allow", "patterns": ["nobody@acme.example"] })).await;
    }
    let user = space.member(&owner, "u@acme.example", "user").await;
    let asked =
        join_all((0..FLOOD).map(|n| user.ask(if n % 2 == 0 { "birds" } else { "fish" }, "penguins"))).await;
    assert!(asked.iter().all(|answer| answer.status == 403));
    // What is counted and not written yet is written before it has stopped.
    if !in_memory() {
        space.server().signal("TERM");
        assert_eq!(space.server().wait(), Some(0));
        space.server().run_again().await;
    }
    let owner = space.anybody().with_token(owner.token());
    let events = all_told(&owner, "&outcome=denied", "access_denied").await;
    assert!(events < FLOOD / 2, "{events}");
    let denied = owner.audit("&outcome=denied").await;
    let objects: BTreeSet<&str> =
        denied.iter().map(|event| event["object"]["id"].as_str().unwrap()).collect();
    assert_eq!(objects.len(), 2, "each endpoint is told of");
}

#[tokio::test]
async fn u1_a_role_that_does_not_permit_is_merged_too_and_what_was_done_never_is() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let viewer = space.member(&owner, "v@acme.example", "viewer").await;
    let new = json!({ "name": "x", "dtype": "embedded" });
    let asked = join_all((0..FLOOD).map(|_| viewer.post("/datasets", &new))).await;
    assert!(asked.iter().all(|answer| answer.status == 403));
    assert!(all_told(&owner, "&action=authz_fail", "forbidden").await < FLOOD / 2);
    let made = join_all((0..20).map(|n| {
        let body = json!({ "name": format!("d{n}"), "dtype": "embedded" });
        let owner = &owner;
        async move { owner.post("/datasets", &body).await.expect(201) }
    }))
    .await;
    let events = owner.audit("&action=config_change").await;
    let requests: BTreeSet<&str> = events.iter().filter_map(|event| event["request_id"].as_str()).collect();
    assert!(made.iter().all(|answer| requests.contains(answer.header("x-request-id"))));
}

/// The server refuses new work, tells so, and goes on with the rest.
#[tokio::test]
async fn o1_where_the_disk_is_nearly_full_nothing_new_is_made_and_everything_else_goes_on() {
    if in_memory() {
        return;
    }
    let mut space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let dataset = dataset_of(&owner, "birds", &[("a", "Penguins swim."), ("b", "Owls fly.")]).await;
    endpoint_on(&owner, &dataset, "birds").await;
    let policy = only_policy(&owner, "birds", json!({ "mode": "allow", "patterns": ["*"] })).await;
    owner.post("/groups", &json!({ "name": "partners" })).await.expect(201);
    endpoint_on(&owner, &dataset, "kept").await;
    let review =
        json!({ "name": "kept", "policy_type": "manual_review", "configuration": { "keep_prompt": true } });
    let review = owner.post("/policies", &review).await.expect(201).body["id"].clone();
    owner.put("/endpoints/kept/policies", &json!({ "policy_ids": [review] })).await.expect(200);
    let ready = space.anybody().get("//health/ready").await.expect(200);
    assert_eq!(ready.body["disk"], Value::Null, "{}", ready.text);
    space.server().signal("TERM");
    assert_eq!(space.server().wait(), Some(0));
    // More than any disk has.
    let mut command = space.server().command();
    command.env("SYFT_SPACE_MIN_FREE_BYTES", (1_u64 << 50).to_string());
    space.server().run(command);

    let owner = space.anybody().with_token(owner.token());
    assert_eq!(space.anybody().get("//health/ready").await.expect(200).body["disk"], "low");
    let gulls = json!({ "documents": [{ "content": "Gulls steal." }] });
    let refused = owner.post(&format!("/datasets/{dataset}/documents"), &gulls).await;
    let refused = refused.expect_problem(507, "storage_full");
    assert!(
        refused.text.contains("remove datasets") && refused.text.contains("operator"),
        "{}",
        refused.text
    );
    let form = [part("gulls.txt", b"Gulls steal.")];
    owner.send(bring(&owner, &dataset, false, &form)).await.expect_problem(507, "storage_full");
    owner
        .post("/datasets", &json!({ "name": "new", "dtype": "embedded" }))
        .await
        .expect_problem(507, "storage_full");
    owner
        .post("/invitations", &json!({ "email": "i@acme.example", "role": "user" }))
        .await
        .expect_problem(507, "storage_full");

    owner.ask("kept", "owls").await.expect_problem(507, "storage_full");
    let partners = json!({ "emails": ["p@partner.example"] });
    owner.post("/groups/partners/members", &partners).await.expect_problem(507, "storage_full");

    // Asking, reading, tightening, logging in and removing go on, and are recorded.
    owner.ask("birds", "penguins").await.expect(200);
    space.log_in("owner@acme.example", crate::space::PASSWORD).await;
    let closed = json!({ "configuration": { "mode": "allow", "patterns": ["nobody@acme.example"] } });
    owner.patch(&format!("/policies/{policy}"), &closed).await.expect(200);
    owner.delete(&format!("/datasets/{dataset}/documents/a")).await.expect(204);
    let events = owner.audit("").await;
    for action in ["endpoint_query", "authn_login_success", "config_change", "sensitive_delete"] {
        assert!(events.iter().any(|event| event["action"] == action), "{action}: {events:?}");
    }
    space.server().signal("TERM");
    assert_eq!(space.server().wait(), Some(0));
    space.server().run_again().await;
    let owner = space.anybody().with_token(owner.token());
    owner.post(&format!("/datasets/{dataset}/documents?wait=true"), &gulls).await.expect(200);
}
