//! What a key is told that comes where none may: to what is a session's, and while its holder lacks a second factor.

use serde_json::{Value, json};

use super::{id, made, with_key};
use crate::factors::authenticator::enrol;
use crate::held_bodies::Held;
use crate::space::TestSpace;

#[tokio::test]
async fn k1_what_is_a_sessions_no_key_may_and_is_told_to_log_in() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let me = owner.get("/auth/me").await.body["id"].as_str().unwrap().to_owned();
    let session = owner.get("/auth/sessions").await.body["items"][0]["id"].as_str().unwrap().to_owned();
    let key = made(&owner, &["read_members", "read_audit", "read_metadata"], json!({})).await;
    let client = with_key(&space, &key);
    for (method, path) in [
        ("POST", "/auth/logout".to_owned()),
        ("GET", "/auth/sessions".to_owned()),
        ("DELETE", "/auth/sessions".to_owned()),
        ("DELETE", format!("/auth/sessions/{session}")),
        ("DELETE", format!("/users/{me}/sessions")),
    ] {
        let answer = client.send(client.request(method, &path)).await.expect_problem(403, "forbidden");
        assert_eq!(answer.body["detail"], "no API key may do this: log in", "{method} {path}");
    }
    owner.get("/auth/me").await.expect(200);
    let refused = owner.audit("&action=authz_fail").await;
    assert_eq!(refused.len(), 5);
    for event in refused {
        assert_eq!(event["reason_code"], "key_scope_missing");
        assert_eq!(event["api_key"], json!({ "id": id(&key), "name": "nightly import" }));
    }
}

#[tokio::test]
async fn a5_a_key_of_who_lacks_the_second_factor_that_is_demanded_is_told_so_and_works_once_there_is_one() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let holder = space.member(&owner, "holder@acme.example", "admin").await;
    let key = made(&holder, &["write_datasets"], json!({})).await;
    let client = with_key(&space, &key);
    let body = json!({ "name": "planted", "dtype": "embedded" });
    let text = body.to_string();
    let held = Held::send(&client, "POST", "/datasets", "application/json", text.as_bytes(), 1).await;
    owner.patch("/tenant", &json!({ "second_factor_roles": ["admin"] })).await.expect(200);
    let told = client.get("/datasets").await.expect_problem(403, "second_factor_required");
    assert!(told.body["detail"].as_str().unwrap().contains("POST /api/v1/auth/totp"), "{}", told.text);
    client.post("/datasets", &body).await.expect_problem(403, "second_factor_required");
    let (status, told) = held.finish().await;
    assert_eq!((status, &told["reason_code"]), (403, &json!("second_factor_required")));
    // Nor is it let do what its holder may: to enrol is for somebody who has logged in.
    for (method, path) in [("POST", "/auth/totp"), ("GET", "/auth/me"), ("POST", "/auth/logout")] {
        let answer = client.send(client.request(method, path).json(&json!({ "password": "x" }))).await;
        answer.expect_problem(403, "forbidden");
    }
    // Whoever is left out would have to look who it was, and why.
    let refused = owner.audit("&action=authz_fail").await;
    let named = json!({ "id": id(&key), "name": "nightly import" });
    assert!(refused.iter().all(|event| event["api_key"] == named), "{refused:?}");
    let reasons = |reason: &str| refused.iter().filter(|event| event["reason_code"] == reason).count();
    assert_eq!((reasons("second_factor_required"), reasons("key_scope_missing")), (3, 3));
    assert_eq!(owner.get("/datasets").await.body["items"], Value::from(Vec::<Value>::new()));
    // It is the same key that works then.
    enrol(&holder).await;
    client.post("/datasets", &body).await.expect(201);
}
