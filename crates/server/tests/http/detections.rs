//! What events of a log say that somebody should look at: told in the same log, once, whenever the server is killed.

use serde_json::{Value, json};

use crate::cli::run;
use crate::space::{Client, PASSWORD, TestSpace, dataset_of, endpoint_on, in_memory, until};

const TERMS: (&str, &str) = ("audit_detections", "login_failures=4,limit_refusals=4,reads=4,minutes=60");

async fn start() -> TestSpace {
    TestSpace::with(&[TERMS, ("registration", "open")]).await
}

/// What was detected, the oldest first.
async fn detected(owner: &Client, reason: &str) -> Vec<Value> {
    let mut found = owner.audit(&format!("&action=detection&reason={reason}")).await;
    found.reverse();
    found
}

async fn id_of(client: &Client) -> String {
    client.get("/auth/me").await.expect(200).body["id"].as_str().unwrap().to_owned()
}

async fn fail_to_log_in(space: &TestSpace, email: &str, times: usize) {
    for _ in 0..times {
        let body = json!({ "email": email, "password": "the wrong words entirely, friend" });
        space.anybody().post("/auth/login", &body).await.expect_problem(401, "credentials_wrong");
    }
}

/// That something was detected so many times, of whom, and that all that came before is looked at.
async fn settled(owner: &Client, reason: &str, times: usize) -> Vec<Value> {
    until("it is detected", async || detected(owner, reason).await.len() >= times).await;
    // One look takes in all there is: what it could find twice, it would have.
    tokio::time::sleep(std::time::Duration::from_millis(2_200)).await;
    let found = detected(owner, reason).await;
    assert_eq!(found.len(), times, "{reason}: {found:?}");
    for event in &found {
        assert_eq!((&event["actor"], &event["outcome"]), (&json!({ "kind": "system" }), &json!("success")));
        assert_eq!(event["request_id"], Value::Null);
    }
    found
}

#[tokio::test]
async fn u1_failed_logins_of_an_account_and_from_an_address_are_detected_once_in_its_own_log() {
    let space = start().await;
    let owner = space.found("acme").await;
    let other = space.found_another("globex").await;
    fail_to_log_in(&space, "owner@acme.example", 3).await;
    let found = detected(&owner, "login_failures").await;
    assert!(found.is_empty(), "three are fewer than four: {found:?}");
    fail_to_log_in(&space, "owner@acme.example", 3).await;
    let found = settled(&owner, "login_failures", 2).await;
    let member = found.iter().find(|event| event["object"]["kind"] == "member").unwrap();
    assert_eq!(member["object"]["id"], id_of(&owner).await);
    let address = found.iter().find(|event| event["object"] == Value::Null).unwrap();
    assert_eq!((&address["address"], &member["address"]), (&json!("127.0.0.1"), &Value::Null));
    assert!(member["count"].as_u64().unwrap() >= 4);
    assert_eq!(detected(&other, "login_failures").await, Vec::<Value>::new());
    assert!(other.audit("&action=detection").await.is_empty(), "nobody else's log tells of it");
    if in_memory() {
        return;
    }
    let numbers = run(space.home(), &["metrics"]).expect(0).stdout;
    let number = |name: &str| {
        let line = numbers.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("no {name}: {numbers}")).trim().to_owned()
    };
    assert_eq!(number("syft_space_detections_total{kind=\"login_failures\"}"), "2");
    assert_eq!(number("syft_space_detections_total{kind=\"new_owner\"}"), "0", "what was never seen is 0");
    assert_eq!(number("syft_space_closed_tenants "), "0");
    assert_eq!(numbers.lines().last(), Some("# EOF"), "OpenMetrics 1.0: so ends what was written out whole");
    assert!(!numbers.contains("acme"), "{numbers}");
}

#[tokio::test]
async fn u1_a_refresh_token_that_is_used_again_is_detected() {
    let space = start().await;
    let owner = space.found("acme").await;
    let body = json!({ "email": "owner@acme.example", "password": PASSWORD });
    let refresh =
        async |token: &str| space.anybody().post("/auth/refresh", &json!({ "refresh_token": token })).await;
    for _ in 0..3 {
        let first =
            space.anybody().post("/auth/login", &body).await.expect(200).body["refresh_token"].clone();
        let first = first.as_str().unwrap();
        let second = refresh(first).await.expect(200).body["refresh_token"].clone();
        refresh(second.as_str().unwrap()).await.expect(200);
        refresh(first).await.expect_problem(401, "refresh_token_invalid");
    }
    let found = settled(&owner, "refresh_reuse", 1).await;
    assert_eq!(found[0]["object"], json!({ "kind": "member", "id": id_of(&owner).await }));
}

#[tokio::test]
async fn u1_a_caller_whom_limits_refuse_again_and_again_is_detected() {
    let space = start().await;
    let owner = space.found("acme").await;
    let dataset = dataset_of(&owner, "manual", &[("hours", "The room opens at nine.")]).await;
    endpoint_on(&owner, &dataset, "manual").await;
    let policy = json!({ "name": "p", "policy_type": "rate_limit", "configuration": { "rate": "1/d" } });
    let policy = owner.post("/policies", &policy).await.expect(201).body["id"].clone();
    owner.put("/endpoints/manual/policies", &json!({ "policy_ids": [policy] })).await.expect(200);
    let asker = space.member(&owner, "alice@x.org", "user").await;
    asker.ask("manual", "When?").await.expect(200);
    for _ in 0..9 {
        asker.ask("manual", "When?").await.expect_problem(429, "rate_limited");
    }
    let found = settled(&owner, "limit_burst", 1).await;
    assert_eq!(found[0]["object"]["id"], id_of(&asker).await);
}

#[tokio::test]
async fn u1_who_reads_content_again_and_again_is_detected() {
    let space = start().await;
    let owner = space.found("acme").await;
    let dataset = dataset_of(&owner, "manual", &[("hours", "The room opens at nine.")]).await;
    for _ in 0..9 {
        owner.get(&format!("/datasets/{dataset}/documents/hours")).await.expect(200);
    }
    let found = settled(&owner, "mass_export", 1).await;
    assert_eq!(found[0]["object"]["id"], id_of(&owner).await);
}

#[tokio::test]
async fn u1_a_new_owner_is_detected_and_a_founder_is_not() {
    let space = start().await;
    let owner = space.found("acme").await;
    let joined = space.member(&owner, "second@acme.example", "owner").await;
    let found = settled(&owner, "new_owner", 1).await;
    assert_eq!(found[0]["object"]["id"], id_of(&joined).await);
    let raised = space.member(&owner, "third@acme.example", "user").await;
    let id = id_of(&raised).await;
    let member = owner.get(&format!("/users/{id}")).await.expect(200);
    let change = owner.request("PATCH", &format!("/users/{id}")).header("if-match", member.header("etag"));
    let change = change.header("content-type", "application/merge-patch+json").body(r#"{"role":"owner"}"#);
    owner.send(change).await.expect(200);
    let found = settled(&owner, "new_owner", 2).await;
    assert_eq!(found[1]["object"]["id"], id);
}

#[tokio::test]
async fn u1_a_server_that_is_killed_detects_once_what_happened_before() {
    if crate::space::in_memory() {
        return;
    }
    let mut space = start().await;
    let owner = space.found("acme").await;
    for _ in 0..3 {
        fail_to_log_in(&space, "owner@acme.example", 3).await;
        space.server().kill();
        space.server().run_again().await;
        if !detected(&space.log_in("owner@acme.example", PASSWORD).await, "login_failures").await.is_empty() {
            break;
        }
    }
    let owner_now = space.log_in("owner@acme.example", PASSWORD).await;
    settled(&owner_now, "login_failures", 2).await;
    space.server().kill();
    space.server().run_again().await;
    settled(&space.log_in("owner@acme.example", PASSWORD).await, "login_failures", 2).await;
    drop(owner);
}
