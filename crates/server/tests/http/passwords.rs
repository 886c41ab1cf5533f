//! Changing one's own password: who may, what ends with it, and how often a wrong one may be tried.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::held_bodies::Held;
use crate::space::{Answer, Client, PASSWORD, TestSpace, in_memory};

const ANOTHER: &str = "nine herons wade past quiet mills";
const WRONG: &str = "a guess among many others";

fn change(current: &str, new: &str) -> Value {
    json!({ "current_password": current, "new_password": new })
}

async fn change_password(client: &Client, current: &str, new: &str) -> Answer {
    client.put("/auth/password", &change(current, new)).await
}

async fn log_in(client: &Client, email: &str, password: &str) -> Answer {
    client.post("/auth/login", &json!({ "email": email, "password": password })).await
}

/// Action, outcome and reason of events, the newest first.
fn told(events: &[Value]) -> Vec<(&str, &str, Option<&str>)> {
    let mut all = Vec::new();
    for event in events {
        let [action, outcome, reason] = ["action", "outcome", "reason_code"].map(|part| event[part].as_str());
        all.push((action.unwrap(), outcome.unwrap(), reason));
    }
    all
}

#[tokio::test]
async fn a1_a_changed_password_ends_every_token_of_before_and_the_answer_is_a_new_one() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    for role in ["owner", "admin", "user", "viewer"] {
        let email = format!("one.{role}@acme.example");
        let elsewhere = space.member(&owner, &email, role).await;
        let here = space.log_in(&email, PASSWORD).await;
        let path = "/auth/password";
        let bytes = serde_json::to_vec(&change(PASSWORD, "somebody else chose these words")).unwrap();
        let held = Held::send(&elsewhere, "PUT", path, "application/json", &bytes, 1).await;

        let answer = change_password(&here, PASSWORD, ANOTHER).await.expect(200);
        assert_eq!(answer.body["token_type"], "bearer");
        assert!(answer.body["expires_in"].as_u64().unwrap() > 0);
        let now = here.with_token(answer.body["access_token"].as_str().unwrap());
        let me = now.get("/auth/me").await.expect(200).body;
        assert_eq!((&me["email"], &me["role"]), (&json!(email), &json!(role)));
        for ended in [&here, &elsewhere] {
            ended.get("/auth/me").await.expect_problem(401, "token_invalid");
        }
        let (status, refused) = held.finish().await;
        assert_eq!((status, &refused["reason_code"]), (401, &json!("token_invalid")), "{role}");
        log_in(&space.anybody(), &email, PASSWORD).await.expect_problem(401, "credentials_wrong");
        log_in(&space.anybody(), &email, ANOTHER).await.expect(200);
        now.get("/auth/me").await.expect(200);

        let id = me["id"].as_str().unwrap();
        let events = owner.audit(&format!("&action=authn_password_change&actor={id}")).await;
        assert_eq!(told(&events), [("authn_password_change", "success", None)], "{role}");
        assert_eq!(events[0]["object"], json!({ "kind": "member", "id": id }));
        let whole = owner.get("/audit?limit=100").await.text;
        assert!(!whole.contains(ANOTHER) && !whole.contains(PASSWORD));
    }
}

#[tokio::test]
async fn a1_a_wrong_current_password_changes_nothing_and_ends_nothing() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let anna = space.member(&owner, "anna@acme.example", "user").await;
    for wrong in [WRONG, "", "Seven owls dance under copper moons", "seven owls dance under copper moons "] {
        let refused = change_password(&anna, wrong, ANOTHER).await;
        refused.expect_problem(403, "current_password_wrong");
    }
    anna.get("/auth/me").await.expect(200);
    log_in(&space.anybody(), "anna@acme.example", ANOTHER).await.expect_problem(401, "credentials_wrong");
    space.log_in("anna@acme.example", PASSWORD).await;
    let events = owner.audit("&action=authn_password_change_fail").await;
    let wrong = ("authn_password_change_fail", "denied", Some("credentials_wrong"));
    assert_eq!(told(&events), [wrong; 4]);
    assert!(owner.audit("&action=authn_password_change").await.is_empty());
}

#[tokio::test]
async fn a3_the_new_password_is_held_to_the_rules_before_the_current_one_is_looked_at() {
    let space = TestSpace::start().await;
    let owner = space.found("harbor-archive").await;
    let anna = space.member(&owner, "anna.lindqvist@museum.example", "user").await;
    let refused = [
        ("fourteen chars", "at least 15 characters"),
        ("u\u{308}u\u{308}u\u{308}u\u{308}u\u{308}u\u{308}u\u{308}u\u{308}", "at least 15 characters"),
        ("passwordpassword", "easily guessed"),
        ("HarborArchive2026", "easily guessed"),
        ("h4rb0r-4rch1v3-2026!", "easily guessed"),
        ("anna.lindqvist1", "easily guessed"),
        ("4nn4_L1ndqv1st!!", "easily guessed"),
        ("openmined-syftspace", "easily guessed"),
        ("0p3nM1n3d$yft$p4c3", "easily guessed"),
    ];
    // In memory whoever embeds a space has a list of three, and no disguises.
    let known = if in_memory() { 3 } else { refused.len() };
    for (new, hint) in refused.into_iter().take(known) {
        for current in [PASSWORD, WRONG] {
            let refused = change_password(&anna, current, new).await;
            let refused = refused.expect_problem(422, "password_refused");
            let detail = refused.body["detail"].as_str().unwrap();
            assert!(detail.contains(hint), "{new}: {detail}");
        }
    }
    // What was refused for the new password is no guess at the current one.
    assert!(owner.audit("&action=authn_password_change_fail").await.is_empty());
    anna.get("/auth/me").await.expect(200);
}

#[tokio::test]
async fn a3_a_password_is_the_same_however_a_keyboard_composes_it() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let anna = space.member(&owner, "anna@acme.example", "user").await;
    let (composed, decomposed) =
        ("fünf Käuze über Wörth", "fu\u{308}nf Ka\u{308}uze u\u{308}ber Wo\u{308}rth");
    let answer = change_password(&anna, PASSWORD, decomposed).await.expect(200);
    let mut anna = anna.with_token(answer.body["access_token"].as_str().unwrap());
    for typed in [composed, decomposed] {
        log_in(&space.anybody(), "anna@acme.example", typed).await.expect(200);
        let answer = change_password(&anna, typed, composed).await.expect(200);
        anna = anna.with_token(answer.body["access_token"].as_str().unwrap());
    }
    // Nothing is cut off at its end: it is as long as may be, in a form that takes more bytes.
    let long = format!("{}{}", &"fünf Käuze ".repeat(100)[..800], "ü".repeat(112));
    let spelled = long.replace('ü', "u\u{308}").replace('ä', "a\u{308}");
    assert!(long.len() <= 1_024 && spelled.len() > 1_024);
    let answer = change_password(&anna, composed, &long).await.expect(200);
    let anna = anna.with_token(answer.body["access_token"].as_str().unwrap());
    log_in(&space.anybody(), "anna@acme.example", &spelled).await.expect(200);
    let cut = &long[..long.len() - 2];
    change_password(&anna, cut, ANOTHER).await.expect_problem(403, "current_password_wrong");
}

#[tokio::test]
async fn a1_of_two_changes_at_once_one_is_made_and_whoever_loses_a_role_goes_on() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let anna = space.member(&owner, "anna@acme.example", "admin").await;
    let held = async |client: &Client, new: &str| {
        let bytes = serde_json::to_vec(&change(PASSWORD, new)).unwrap();
        Held::send(client, "PUT", "/auth/password", "application/json", &bytes, 1).await
    };
    let other = space.log_in("anna@acme.example", PASSWORD).await;
    let held_back = [held(&anna, ANOTHER).await, held(&other, "eleven larks rest on wet slate").await];
    let answers = futures_util::future::join_all(held_back.map(Held::finish)).await;
    let mut statuses: Vec<u16> = answers.iter().map(|(status, _)| *status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 401], "{answers:?}");
    assert_eq!(owner.audit("&action=authn_password_change").await.len(), 1);

    // Each role changes its own password: nothing that they need was lost.
    let bert = space.member(&owner, "bert@acme.example", "admin").await;
    let id = bert.get("/auth/me").await.body["id"].as_str().unwrap().to_owned();
    let held_back = held(&bert, ANOTHER).await;
    owner.patch(&format!("/users/{id}"), &json!({ "role": "viewer" })).await.expect(200);
    let (status, answer) = held_back.finish().await;
    assert_eq!(status, 200, "{answer}");
    let now = bert.with_token(answer["access_token"].as_str().unwrap());
    assert_eq!(now.get("/auth/me").await.expect(200).body["role"], "viewer");
}

#[tokio::test]
async fn h5_wrong_current_passwords_are_bounded_as_at_a_login_from_however_many_addresses() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let anna = space.member(&owner, "anna@acme.example", "user").await;
    let mut answered = 0;
    let answer = loop {
        // Whoever has got hold of a token, from addresses that were never logged in from.
        let thief = anna.at_address(&format!("127.0.3.{}", 1 + answered % 200));
        let answer = change_password(&thief, WRONG, ANOTHER).await;
        match answer.status {
            403 => answered += 1,
            503 => sleep(Duration::from_millis(50)).await,
            _ => break answer.expect_problem(429, "too_many_guesses"),
        }
    };
    assert!((50..=52).contains(&answered), "{answered}");
    let wait: u64 = answer.header("retry-after").parse().unwrap();
    assert!((1..=73).contains(&wait), "{wait}");
    // It is one allowance, of all sessions of the account: the right one is not answered either. Logins are counted apart.
    let thief = anna.at_address("127.0.3.250");
    change_password(&thief, PASSWORD, ANOTHER).await.expect_problem(429, "too_many_guesses");
    let login = json!({ "email": "anna@acme.example", "password": PASSWORD, "tenant": "acme" });
    let token = thief.post("/auth/login", &login).await.expect(200).body["access_token"].clone();
    let anna = anna.with_token(token.as_str().unwrap());
    change_password(&anna, PASSWORD, ANOTHER).await.expect_problem(429, "too_many_guesses");
}
