//! The keys of access tokens: they are replaced without anybody noticing, and end at once when they must.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::process::Stdio;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use syft_space::http::route_table::{Guard, ROUTES};

use crate::cli::{command, run, stop};
use crate::held_bodies::{Held, bodies, seen};
use crate::matrix::Fixture;
use crate::space::{Client, PASSWORD, TestSpace, in_memory};

const OWNER: &str = "owner@keys.example";

/// The key that a token names.
fn kid(client: &Client) -> String {
    let header = URL_SAFE_NO_PAD.decode(client.token().split('.').next().unwrap()).unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    header["kid"].as_str().unwrap().to_owned()
}

/// The ids of the keys that the command line lists, the one that signs first.
fn status(space: &TestSpace) -> Vec<String> {
    let items = run(space.home(), &["keys", "status", "--json"]).expect(0).items();
    items.iter().map(|key| key["id"].as_str().unwrap().to_owned()).collect()
}

/// The events of changes in the installation's log, the newest first.
fn changes(space: &TestSpace) -> Vec<Value> {
    let arguments = ["audit", "list", "--installation", "--action", "config_change", "--json"];
    run(space.home(), &arguments).expect(0).items()
}

fn rotate(space: &TestSpace, arguments: &[&str]) -> String {
    let arguments = [&["keys", "rotate", "--json"], arguments].concat();
    run(space.home(), &arguments).expect(0).json()["id"].as_str().unwrap().to_owned()
}

fn ring(space: &TestSpace) -> Value {
    serde_json::from_str(&fs::read_to_string(space.home().join("keys/access.jwks")).unwrap()).unwrap()
}

#[tokio::test]
async fn k2_a_new_key_signs_at_once_and_tokens_of_the_one_before_stay_good_over_a_restart() {
    if in_memory() {
        return;
    }
    let mut space = TestSpace::start().await;
    let before = space.found("keys").await;
    let key = rotate(&space, &[]);
    let after = space.log_in(OWNER, PASSWORD).await;
    assert_eq!(kid(&after), key);
    assert_eq!(status(&space), [key.clone(), kid(&before)]);
    assert_eq!(fs::metadata(space.home().join("keys/access.jwks")).unwrap().mode() & 0o777, 0o600);
    for client in [&before, &after] {
        client.get("/auth/me").await.expect(200);
    }
    let event = &changes(&space)[0];
    assert_eq!(
        (&event["object"]["kind"], &event["object"]["id"]),
        (&"signing_key".into(), &key.clone().into())
    );

    stop(&mut space);
    // Without a server it is the same.
    let third = rotate(&space, &[]);
    space.server().run_again().await;
    for token in [before.token(), after.token()] {
        space.anybody().with_token(token).get("/auth/me").await.expect(200);
    }
    assert_eq!(status(&space), [third, kid(&before), key]);
}

#[tokio::test]
async fn k2_a_leaked_key_ends_on_the_very_next_request_and_is_nowhere_any_more() {
    if in_memory() {
        return;
    }
    let mut space = TestSpace::start().await;
    let before = space.found("keys").await;
    rotate(&space, &[]);
    let between = space.log_in(OWNER, PASSWORD).await;
    before.get("/auth/me").await.expect(200);
    let key = rotate(&space, &["--revoke"]);
    for client in [&before, &between] {
        client.get("/auth/me").await.expect_problem(401, "token_invalid");
    }
    assert_eq!(status(&space), [key]);
    assert_eq!(ring(&space)["keys"].as_array().unwrap().len(), 1, "the file has no key that is not accepted");
    space.server().kill();
    space.server().run_again().await;
    space.anybody().with_token(between.token()).get("/auth/me").await.expect_problem(401, "token_invalid");
    space.log_in(OWNER, PASSWORD).await.get("/auth/me").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn k2_no_valid_request_fails_while_keys_are_rotated_and_the_server_is_killed() {
    if in_memory() {
        return;
    }
    let mut space = TestSpace::start().await;
    let owner = space.found("keys").await;
    let callers: Vec<_> = (0..4)
        .map(|_| {
            let owner = space.anybody().with_token(owner.token());
            tokio::spawn(async move {
                for _ in 0..100 {
                    owner.get("/auth/me").await.expect(200);
                }
            })
        })
        .collect();
    for _ in 0..5 {
        rotate(&space, &[]);
    }
    for caller in callers {
        caller.await.unwrap();
    }
    for delay in [0, 5, 20, 60, 120] {
        let mut rotation = command(space.home(), &["keys", "rotate"]);
        let mut rotation = rotation.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        tokio::time::sleep(Duration::from_millis(delay)).await;
        space.server().kill();
        rotation.wait().unwrap();
        space.server().run_again().await;
        space.anybody().with_token(owner.token()).get("/auth/me").await.expect(200);
        let signs = kid(&space.log_in(OWNER, PASSWORD).await);
        assert_eq!(status(&space)[0], signs);
    }
}

#[tokio::test]
async fn k2_an_aged_key_and_one_of_another_algorithm_are_replaced_by_the_server_itself() {
    if in_memory() {
        return;
    }
    let mut space = TestSpace::start().await;
    let before = space.found("keys").await;
    stop(&mut space);
    let mut aged = ring(&space);
    aged["keys"][0]["created_at"] = "2020-01-01T00:00:00Z".into();
    fs::write(space.home().join("keys/access.jwks"), aged.to_string()).unwrap();
    space.server().run_again().await;
    let second = replaced(&space, &kid(&before)).await;
    assert_eq!(changes(&space)[0]["actor"]["kind"], "system");
    stop(&mut space);

    let mut command = space.server().command();
    command.env("SYFT_SPACE_ACCESS_TOKEN_ALGORITHM", "EdDSA");
    space.server().run(command);
    let third = replaced(&space, &second).await;
    assert_eq!(status(&space), [third, kid(&before), second]);
    assert_eq!(run(space.home(), &["keys", "status", "--json"]).items()[0]["algorithm"], "EdDSA");
    // Nobody noticed.
    space.anybody().with_token(before.token()).get("/auth/me").await.expect(200);
}

/// Waits until another key than this one signs.
async fn replaced(space: &TestSpace, before: &str) -> String {
    for _ in 0..200 {
        let signs = status(space).swap_remove(0);
        if signs != before {
            return signs;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the key {before} was not replaced");
}

#[tokio::test]
async fn k2_a_key_whose_time_is_over_leaves_the_file() {
    if in_memory() {
        return;
    }
    let mut space = TestSpace::start().await;
    let before = space.found("keys").await;
    let signs = rotate(&space, &[]);
    stop(&mut space);
    let mut over = ring(&space);
    over["keys"][1]["accepted_until"] = "2020-01-01T00:00:00Z".into();
    fs::write(space.home().join("keys/access.jwks"), over.to_string()).unwrap();
    space.server().run_again().await;
    space.anybody().with_token(before.token()).get("/auth/me").await.expect_problem(401, "token_invalid");
    for _ in 0..200 {
        if ring(&space)["keys"].as_array().unwrap().len() == 1 {
            assert_eq!(ring(&space)["keys"][0]["kid"], signs.as_str());
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the key of before is in the file still: {}", status(&space).join(", "));
}

#[tokio::test]
async fn k2_keys_of_one_environment_open_nothing_in_another() {
    if in_memory() {
        return;
    }
    let mut space = TestSpace::with(&[("environment", "staging")]).await;
    space.found("keys").await;
    assert_eq!(ring(&space)["environment"], "staging");
    stop(&mut space);
    let mut command = space.server().command();
    let refused = command.env("SYFT_SPACE_ENVIRONMENT", "production").output().unwrap();
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(!refused.status.success() && said.contains("staging") && said.contains("production"), "{said}");
    // Each of the three files is refused by itself.
    for (file, told) in [("sealing-key.json", "audit-key.json"), ("audit-key.json", "signing keys")] {
        fs::remove_file(space.home().join("keys").join(file)).unwrap();
        let refused = command.output().unwrap();
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(!refused.status.success() && said.contains(told), "{said}");
    }
}

#[tokio::test]
async fn h1_k2_whoever_holds_a_body_back_while_all_keys_are_revoked_is_refused_as_a_new_request_is() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let things = Fixture::make(&space, &owner).await;
    owner.put("/endpoints/things/policies", &json!({ "policy_ids": [] })).await.expect(200);
    let mut held = Vec::new();
    for route in ROUTES.iter().filter(|route| matches!(route.guard, Guard::Member(_))) {
        let path = format!("/{}", things.path(route).trim_start_matches("/api/v1/").trim_start_matches('/'));
        for (media, bytes) in bodies(route, &things, 1_000) {
            let what = format!("{} {} {media}", route.method, route.path);
            held.push((what, Held::send(&owner, &route.method.to_string(), &path, &media, &bytes, 1).await));
        }
    }
    assert!(held.len() >= 17, "{}", held.len());
    let before = seen(&owner, &things).await;
    space.revoke_keys().await;
    for (what, held) in held {
        let (status, answer) = held.finish().await;
        assert_eq!((status, &answer["reason_code"]), (401, &json!("token_invalid")), "{what}: {answer}");
    }
    let owner = space.log_in("owner@acme.example", PASSWORD).await;
    assert_eq!(seen(&owner, &things).await, before, "something was changed");
}

/// The ids of the keys that events of the installation tell of, one for each event, the newest first.
fn recorded(space: &TestSpace) -> Vec<String> {
    let items = changes(space);
    let of_keys = items.iter().filter(|event| event["object"]["kind"] == "signing_key");
    of_keys.map(|event| event["object"]["id"].as_str().unwrap().to_owned()).collect()
}

/// Waits until each key of the ring but the first one of all is recorded.
async fn all_recorded(space: &TestSpace, first: &str) {
    let mut missing = Vec::new();
    for _ in 0..100 {
        let recorded = recorded(space);
        missing = status(space).into_iter().filter(|id| id != first && !recorded.contains(id)).collect();
        if missing.is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("no event tells of {}", missing.join(", "));
}

#[tokio::test]
async fn k2_a_key_whose_event_was_not_written_gets_it_at_the_next_start_and_once() {
    if in_memory() {
        return;
    }
    let mut space = TestSpace::start().await;
    let first = status(&space).swap_remove(0);
    stop(&mut space);
    let mut unrecorded = ring(&space);
    unrecorded["keys"][0]["unrecorded"] = true.into();
    fs::write(space.home().join("keys/access.jwks"), unrecorded.to_string()).unwrap();
    space.server().run_again().await;
    // The mark goes after the event was written.
    for _ in 0..200 {
        if ring(&space)["keys"][0].get("unrecorded").is_none() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(ring(&space)["keys"][0].get("unrecorded"), None);
    assert_eq!(recorded(&space), [&*first]);
    assert_eq!(changes(&space)[0]["actor"]["kind"], "system");
    space.server().kill();
    space.server().run_again().await;
    let second = rotate(&space, &[]);
    assert_eq!(recorded(&space), [second, first], "each has one event");

    // One that is revoked gets its event first: afterwards nothing would be known of it.
    stop(&mut space);
    let mut unrecorded = ring(&space);
    unrecorded["keys"][1]["unrecorded"] = true.into();
    fs::write(space.home().join("keys/access.jwks"), unrecorded.to_string()).unwrap();
    let before = recorded(&space).len();
    let third = rotate(&space, &["--revoke"]);
    assert_eq!((recorded(&space).len(), status(&space)), (before + 2, vec![third]));
}

#[tokio::test(flavor = "multi_thread")]
async fn k2_each_key_that_was_made_has_its_event_whenever_the_server_is_killed() {
    if in_memory() {
        return;
    }
    let mut space = TestSpace::start().await;
    let first = status(&space).swap_remove(0);
    for delay in [4, 8, 12, 16, 20, 24, 28, 32, 40, 50, 70, 100] {
        let mut rotation = command(space.home(), &["keys", "rotate"]);
        let mut rotation = rotation.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        tokio::time::sleep(Duration::from_millis(delay)).await;
        space.server().kill();
        rotation.wait().unwrap();
        space.server().run_again().await;
        all_recorded(&space, &first).await;
    }
}
