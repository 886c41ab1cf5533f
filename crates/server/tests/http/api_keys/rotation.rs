//! Rotation: both secrets work to the stated instant, a lost answer can be cleared up, and a crowd breaks nothing.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::ending::works_until;
use super::{id, made, with_key};
use crate::space::{Answer, Client, TestSpace, in_memory};

async fn marked(client: &Client, path: &str, body: &Value, mark: &str) -> Answer {
    client.send(client.request("POST", path).json(body).header("idempotency-key", mark)).await
}

#[tokio::test]
async fn k2_both_secrets_work_to_the_stated_instant_across_a_kill() {
    let mut space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let key = made(&owner, &["read_metadata"], json!({})).await;
    let path = format!("/api-keys/{}/rotate", id(&key));
    let rotated = owner.post(&path, &json!({ "overlap_seconds": 5 })).await.expect(200);
    assert_eq!(rotated.body["id"], key.body["id"]);
    assert_ne!(rotated.body["api_key"], key.body["api_key"]);
    let until = rotated.body["previous_until"][0].as_str().unwrap().to_owned();
    if !in_memory() {
        space.server().kill();
        space.server().run_again().await;
    }
    with_key(&space, &rotated).get("/datasets").await.expect(200);
    works_until(&with_key(&space, &key), &until, "token_invalid").await;
    with_key(&space, &rotated).get("/datasets").await.expect(200);
}

#[tokio::test]
async fn k2_a_lost_answer_is_cleared_up_by_the_same_request_again() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let body = json!({ "name": "importer", "scopes": ["read_metadata"] });
    let first = marked(&owner, "/api-keys", &body, "a-mark").await.expect(201);
    let again = marked(&owner, "/api-keys", &body, "a-mark").await.expect(200);
    assert_eq!(again.body["id"], first.body["id"]);
    assert_eq!(again.body["api_key"], Value::Null, "nobody has kept it");
    assert!(again.body["note"].as_str().unwrap().contains("rotate"), "{}", again.text);
    let other = json!({ "name": "another", "scopes": ["read_metadata"] });
    marked(&owner, "/api-keys", &other, "a-mark").await.expect_problem(422, "invalid");
    let another = marked(&owner, "/api-keys", &body, "another-mark").await.expect(201);
    assert_ne!(another.body["id"], first.body["id"]);
    for bad in ["", "a b", &"x".repeat(256)] {
        marked(&owner, "/api-keys", &body, bad).await.expect_problem(400, "malformed");
    }
    // A mark is one account's.
    let admin = space.member(&owner, "admin@acme.example", "admin").await;
    marked(&admin, "/api-keys", &body, "a-mark").await.expect(201);

    let path = format!("/api-keys/{}/rotate", id(&first));
    let (hour, none) = (json!({ "overlap_seconds": 3600 }), json!({ "overlap_seconds": 0 }));
    let rotated = marked(&owner, &path, &hour, "m").await.expect(200);
    let again = marked(&owner, &path, &hour, "m").await.expect(200);
    assert_eq!(
        (&again.body["api_key"], &again.body["rotated_at"]),
        (&Value::Null, &rotated.body["rotated_at"])
    );
    marked(&owner, &path, &none, "m").await.expect_problem(422, "invalid");
    for works in [&first, &rotated] {
        with_key(&space, works).get("/datasets").await.expect(200);
    }
    let log = owner.audit("&action=authn_token_created").await;
    let repeated = log.iter().filter(|event| event["reason_code"] == "repeated").count();
    assert_eq!(repeated, 2, "that a request was answered again is recorded as that");
}

#[tokio::test]
async fn k2_of_many_at_once_with_one_mark_one_is_done() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let body = json!({ "name": "importer", "scopes": ["read_metadata"] });
    let made = join_all((0..64).map(|_| marked(&owner, "/api-keys", &body, "one"))).await;
    let ids: BTreeSet<String> = made.iter().map(id).collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(made.iter().filter(|answer| answer.status == 201).count(), 1);
    let path = format!("/api-keys/{}/rotate", id(&made[0]));
    let body = json!({ "overlap_seconds": 60 });
    let rotated = join_all((0..64).map(|_| marked(&owner, &path, &body, "one"))).await;
    let texts = rotated.iter().filter(|answer| answer.status == 200 && answer.body["api_key"].is_string());
    assert_eq!(texts.count(), 1);
    assert_eq!(owner.get("/api-keys").await.body["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn k2_of_64_rotations_at_once_each_that_is_answered_gave_a_secret_that_works() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let key = made(&owner, &["read_metadata"], json!({})).await;
    let path = format!("/api-keys/{}/rotate", id(&key));
    let body = json!({ "overlap_seconds": 3600 });
    let answers = join_all((0..64).map(|_| owner.post(&path, &body))).await;
    let (done, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 200);
    assert_eq!((done.len(), refused.len()), (4, 60), "so many secrets may work at once");
    for answer in refused {
        answer.expect_problem(409, "conflict");
    }
    for works in done.iter().chain([&key]) {
        with_key(&space, works).get("/datasets").await.expect(200);
    }
    // Where one has leaked, all end at once.
    let last = owner.post(&path, &json!({ "overlap_seconds": 0 })).await.expect(200);
    for ended in done.iter().chain([&key]) {
        with_key(&space, ended).get("/datasets").await.expect_problem(401, "token_invalid");
    }
    with_key(&space, &last).get("/datasets").await.expect(200);
    for wrong in [json!({}), json!({ "overlap_seconds": -1 }), json!({ "overlap_seconds": 604_801 })] {
        owner.post(&path, &wrong).await.expect_problem(422, "invalid");
    }
}

#[tokio::test]
async fn k2_a_rotation_under_load_fails_no_request_of_whoever_takes_the_new_secret_within_the_overlap() {
    let space = TestSpace::with(&[("workers", "2")]).await;
    let owner = space.found("acme").await;
    let key = made(&owner, &["read_metadata"], json!({})).await;
    let path = format!("/api-keys/{}/rotate", id(&key));
    let mut client = with_key(&space, &key);
    for _ in 0..4 {
        let load = join_all((0..32).map(|_| client.get("/datasets")));
        let rotation = async { owner.post(&path, &json!({ "overlap_seconds": 60 })).await.expect(200) };
        let (answers, rotated) = tokio::join!(load, rotation);
        assert!(answers.iter().all(|answer| answer.status == 200));
        client = with_key(&space, &rotated);
    }
}
