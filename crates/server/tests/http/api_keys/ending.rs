//! How a key ends: on the very next request, and on one whose body is on its way.

use std::time::Duration;

use serde_json::{Value, json};
use syft_space::system::SystemClock;
use syft_space_domain::time::{Clock, Timestamp};

use super::{id, made, with_key};
use crate::held_bodies::Held;
use crate::space::{Client, PASSWORD, TestSpace};

fn now() -> Timestamp {
    SystemClock.now()
}

/// Asks with a key until it is refused, and asserts that it was taken until an instant and no longer.
pub(super) async fn works_until(client: &Client, instant: &str, reason: &str) {
    let instant = Timestamp::parse(instant).unwrap();
    let mut taken = 0;
    loop {
        let before = now();
        let answer = client.get("/datasets").await;
        let after = now();
        if answer.status == 200 {
            taken += 1;
            assert!(before < instant, "it was taken at {before}, behind {instant}");
        } else {
            answer.expect_problem(401, reason);
            assert!(after >= instant, "it was refused at {after}, before {instant}");
            break;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(taken > 0, "it worked");
}

#[tokio::test]
async fn k2_a_key_is_refused_from_its_end_on_to_the_instant_and_the_log_says_so() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let end = now().plus(Duration::from_millis(1_500)).to_string();
    let key = made(&owner, &["read_metadata"], json!({ "expires_at": end })).await;
    let client = with_key(&space, &key);
    works_until(&client, &end, "key_expired").await;
    let refused = &owner.audit("&action=authn_token_fail").await[0];
    assert_eq!(refused["reason_code"], "key_expired");
    assert_eq!(refused["api_key"]["id"], key.body["id"]);
    let shown = owner.get(&format!("/api-keys/{}", id(&key))).await.expect(200).body;
    assert_eq!((&shown["due"], &shown["expires_at"]), (&json!(true), &json!(end)));
    // It does not come back.
    let rotate = json!({ "overlap_seconds": 0 });
    let path = format!("/api-keys/{}/rotate", id(&key));
    owner.post(&path, &rotate).await.expect_problem(409, "conflict");
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cause {
    Revoked,
    RevokedByOwner,
    Rotated,
    HolderDisabled,
    HolderDisabledAndBack,
    HolderRemoved,
    Demoted,
    /// It ends nothing.
    PasswordChanged,
}

impl Cause {
    const ALL: [Self; 8] = [
        Self::Revoked,
        Self::RevokedByOwner,
        Self::Rotated,
        Self::HolderDisabled,
        Self::HolderDisabledAndBack,
        Self::HolderRemoved,
        Self::Demoted,
        Self::PasswordChanged,
    ];

    async fn happen(self, owner: &Client, holder: &Client, account: &str, key: &str) {
        let user = format!("/users/{account}");
        match self {
            Self::Revoked => drop(holder.delete(&format!("/api-keys/{key}")).await.expect(204)),
            Self::RevokedByOwner => drop(owner.delete(&format!("/api-keys/{key}")).await.expect(204)),
            Self::Rotated => {
                let body = json!({ "overlap_seconds": 0 });
                holder.post(&format!("/api-keys/{key}/rotate"), &body).await.expect(200);
            }
            Self::HolderDisabled | Self::HolderDisabledAndBack => {
                owner.patch(&user, &json!({ "status": "disabled" })).await.expect(200);
                if self == Self::HolderDisabledAndBack {
                    owner.patch(&user, &json!({ "status": "active" })).await.expect(200);
                }
            }
            Self::HolderRemoved => drop(owner.delete(&user).await.expect(204)),
            Self::Demoted => drop(owner.patch(&user, &json!({ "role": "user" })).await.expect(200)),
            Self::PasswordChanged => {
                let change = json!({ "current_password": PASSWORD, "new_password": PASSWORD });
                holder.put("/auth/password", &change).await.expect(200);
            }
        }
    }

    fn refusal(self) -> Option<(u16, &'static str)> {
        match self {
            Self::PasswordChanged => None,
            Self::Demoted => Some((403, "forbidden")),
            _ => Some((401, "token_invalid")),
        }
    }
}

#[tokio::test]
async fn k2_a_key_ends_on_the_very_next_request_and_behind_a_held_body() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    for (n, cause) in Cause::ALL.into_iter().enumerate() {
        let holder = space.member(&owner, &format!("holder{n}@acme.example"), "admin").await;
        let account = holder.get("/auth/me").await.body["id"].as_str().unwrap().to_owned();
        let key = made(&holder, &["write_datasets", "read_metadata"], json!({})).await;
        let client = with_key(&space, &key);
        let body = json!({ "name": format!("made {n}"), "dtype": "embedded" }).to_string();
        client.get("/datasets").await.expect(200);
        let held = Held::send(&client, "POST", "/datasets", "application/json", body.as_bytes(), 1).await;
        cause.happen(&owner, &holder, &account, &id(&key)).await;
        let next = client.get("/datasets").await;
        let (status, told) = held.finish().await;
        match cause.refusal() {
            None => {
                assert_eq!((next.status, status), (200, 201), "{cause:?}: {told}");
            }
            Some((refused, reason)) => {
                next.expect_problem(refused, reason);
                assert_eq!((status, &told["reason_code"]), (refused, &Value::from(reason)), "{cause:?}");
                // Whoever held the body is told of in the tenant's log, with the key.
                let log = owner.audit("&outcome=denied").await;
                let told = log.iter().find(|event| event["object"]["id"] == "POST /api/v1/datasets").unwrap();
                assert_eq!(told["api_key"]["id"], key.body["id"], "{cause:?}");
            }
        }
    }
    // With an account its keys ended, which the log tells.
    let ended = owner.audit("&action=authn_token_revoked").await;
    let with_account = ended.iter().filter(|event| event["reason_code"] == "keys_ended").count();
    assert_eq!(with_account, 3);
    let names: Vec<_> = owner.get("/datasets").await.body["items"].as_array().unwrap().clone();
    assert_eq!(names.len(), 1, "of all who held a body back, one was let in: {names:?}");
}

#[tokio::test]
async fn k2_a_body_that_is_held_back_behind_the_end_of_its_key_or_of_its_secret_is_refused() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let hold = async |client: &Client, name: &str| {
        let body = json!({ "name": name, "dtype": "embedded" }).to_string();
        Held::send(client, "POST", "/datasets", "application/json", body.as_bytes(), 1).await
    };
    // It ends by its time.
    let end = now().plus(Duration::from_millis(1_500)).to_string();
    let key = made(&owner, &["write_datasets"], json!({ "expires_at": end })).await;
    let client = with_key(&space, &key);
    let held = hold(&client, "behind the end of the key").await;
    works_until(&client, &end, "key_expired").await;
    let (status, told) = held.finish().await;
    assert_eq!((status, &told["reason_code"]), (401, &json!("key_expired")), "{told}");
    // Its secret is replaced: within the overlap it is taken, and behind it refused.
    let key = made(&owner, &["write_datasets"], json!({})).await;
    let client = with_key(&space, &key);
    let (within, behind) = (hold(&client, "within").await, hold(&client, "behind the overlap").await);
    let rotate = json!({ "overlap_seconds": 2 });
    let rotated = owner.post(&format!("/api-keys/{}/rotate", id(&key)), &rotate).await.expect(200);
    let (status, told) = within.finish().await;
    assert_eq!(status, 201, "{told}");
    works_until(&client, rotated.body["previous_until"][0].as_str().unwrap(), "token_invalid").await;
    let (status, told) = behind.finish().await;
    assert_eq!((status, &told["reason_code"]), (401, &json!("token_invalid")), "{told}");
    with_key(&space, &rotated).get("/datasets").await.expect(200);
    let names = owner.get("/datasets").await.body["items"].as_array().unwrap().clone();
    let names: Vec<_> = names.iter().map(|dataset| dataset["name"].clone()).collect();
    assert_eq!(names, [json!("within")]);
}
