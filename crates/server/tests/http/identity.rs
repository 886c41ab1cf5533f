//! Registering, logging in, inviting, and what becomes of members.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};

use crate::cli;
use crate::space::{PASSWORD, TestSpace, in_memory};

#[tokio::test]
async fn a3_the_first_account_needs_the_setup_token_and_it_works_once() {
    let space = TestSpace::start().await;
    let with = |token: Option<&str>, tenant: &str| {
        let mut body =
            json!({ "email": format!("o@{tenant}.example"), "password": PASSWORD, "tenant_name": tenant });
        if let Some(token) = token {
            body["setup_token"] = json!(token);
        }
        body
    };
    let token = space.setup_token();
    let nobody = space.anybody();
    nobody.post("/auth/register", &with(None, "acme")).await.expect_problem(403, "setup_token_wrong");
    for wrong in ["", "0", &token[1..], &"0".repeat(64)] {
        nobody
            .post("/auth/register", &with(Some(wrong), "acme"))
            .await
            .expect_problem(403, "setup_token_wrong");
    }
    nobody.post("/auth/register", &with(Some(&token), "acme")).await.expect(201);
    nobody
        .post("/auth/register", &with(Some(&token), "globex"))
        .await
        .expect_problem(403, "registration_closed");
    assert!(!space.home().join("setup-token").exists(), "a used token is of no more use to anybody");
}

#[tokio::test]
async fn a3_one_setup_token_founds_one_tenant_however_many_use_it_at_once() {
    let space = TestSpace::start().await;
    let token = space.setup_token();
    let attempts = (0..8).map(|n| {
        let client = space.anybody();
        let body = json!({
            "email": format!("o{n}@x.example"), "password": PASSWORD, "tenant_name": format!("tenant-{n}"),
            "setup_token": token,
        });
        async move { client.post("/auth/register", &body).await.status }
    });
    let statuses = futures_util::future::join_all(attempts).await;
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| [201, 403, 503].contains(status)), "{statuses:?}");
}

#[tokio::test]
async fn a3_weak_passwords_are_refused_with_what_to_do() {
    let space = TestSpace::start().await;
    let with = |password: &str| {
        json!({
            "email": "olivia@acme.example", "password": password, "tenant_name": "acme",
            "setup_token": space.setup_token(),
        })
    };
    let short = space.anybody().post("/auth/register", &with("fourteen chars")).await;
    short.expect_problem(422, "password_refused");
    if !crate::space::in_memory() {
        for guessable in ["password1234567", "aaaaaaaaaaaaaaaa", "qwertyuiopasdfgh"] {
            let answer = space.anybody().post("/auth/register", &with(guessable)).await;
            answer.expect_problem(422, "password_refused");
        }
    }
    let long = space.anybody().post("/auth/register", &with(&"x".repeat(2_000))).await;
    long.expect_problem(422, "password_refused");
    let endless = space.anybody().post("/auth/register", &with(&"x".repeat(100_000))).await;
    endless.expect_problem(413, "too_large");
    space.anybody().post("/auth/register", &with("fifteen chars k")).await.expect(201);
}

#[tokio::test]
async fn a1_unknown_wrong_and_disabled_are_answered_alike() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let anna = space.member(&owner, "anna@acme.example", "user").await;
    let id = anna.get("/auth/me").await.body["id"].as_str().unwrap().to_owned();
    owner.patch(&format!("/users/{id}"), &json!({ "status": "disabled" })).await.expect(200);
    let mut answers = Vec::new();
    for (email, password) in [
        ("nobody@acme.example", PASSWORD),
        ("owner@acme.example", "not the password of olivia"),
        ("anna@acme.example", PASSWORD),
    ] {
        let answer =
            space.anybody().post("/auth/login", &json!({ "email": email, "password": password })).await;
        let mut answer = answer.expect_problem(401, "credentials_wrong");
        answer.body["instance"] = json!(null);
        answers.push(answer.body);
    }
    assert!(answers.windows(2).all(|two| two[0] == two[1]), "{answers:?}");
}

#[tokio::test]
async fn a1_a_token_dies_with_the_account_at_the_very_next_request() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let anna = space.member(&owner, "anna@acme.example", "admin").await;
    let id = anna.get("/auth/me").await.expect(200).body["id"].as_str().unwrap().to_owned();
    // Role: what the token says does not matter.
    owner.patch(&format!("/users/{id}"), &json!({ "role": "viewer" })).await.expect(200);
    anna.post("/datasets", &json!({ "name": "x", "dtype": "embedded" }))
        .await
        .expect_problem(403, "forbidden");
    assert_eq!(anna.get("/auth/me").await.expect(200).body["role"], "viewer");
    // Status: and the old token stays dead when the account lives again.
    owner.patch(&format!("/users/{id}"), &json!({ "status": "disabled" })).await.expect(200);
    anna.get("/auth/me").await.expect_problem(401, "token_invalid");
    owner.patch(&format!("/users/{id}"), &json!({ "status": "active" })).await.expect(200);
    anna.get("/auth/me").await.expect_problem(401, "token_invalid");
    // Removal.
    owner.delete(&format!("/users/{id}")).await.expect(204);
    owner.get(&format!("/users/{id}")).await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn a1_an_expired_token_is_refused() {
    let space = TestSpace::with(&[("access_token_lifetime_seconds", "1")]).await;
    let owner = space.found("acme").await;
    // Tokens tell whole seconds: within two of them this one is over.
    let mut answer = owner.get("/auth/me").await;
    for _ in 0..60 {
        if answer.status != 200 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        answer = owner.get("/auth/me").await;
    }
    assert_eq!(answer.status, 401);
    // Its bearer is told why, and nobody else: with another signature the same token is a token like any other.
    let detail = |answer: &crate::space::Answer| answer.body["detail"].as_str().unwrap().to_owned();
    assert_eq!(detail(&answer), "the token has expired; log in again, or get a new one");
    let (signed, signature) = owner.token().rsplit_once('.').unwrap_or(("", owner.token()));
    let other = if signature.starts_with('A') { "B" } else { "A" };
    let forged = format!("{signed}.{other}{}", &signature[1..]);
    let forged = forged.trim_start_matches('.');
    for (client, path) in [
        (space.anybody().with_token(forged), "/auth/me"),
        (space.anybody().with_token("nonsense"), "/auth/me"),
    ] {
        let answer = client.get(path).await;
        assert_eq!(answer.status, 401);
        assert_eq!(detail(&answer), "the token is not valid, or no longer; log in again, or get a new one");
    }
    // Where users of a marketplace may come, both are told.
    let answer = owner.post("/endpoints/things/query", &json!({ "messages": "Who?" })).await;
    assert!(detail(&answer).starts_with("the token has expired: members log in again, "), "{}", answer.body);
}

#[tokio::test]
async fn z3_who_is_a_member_is_not_invited_and_joining_ends_further_invitations() {
    let space = TestSpace::open_to_all().await;
    let owner = space.found("acme").await;
    let admin = space.member(&owner, "admin@acme.example", "admin").await;
    space.found_another("globex").await;
    let invite = async |by: &crate::space::Client, email: &str, role: &str| {
        by.post("/invitations", &json!({ "email": email, "role": role })).await
    };
    // Also an owner, also one who is disabled, however the address is written; the role comes first.
    for email in ["owner@acme.example", "Admin@ACME.example"] {
        let refused = invite(&admin, email, "user").await.expect_problem(409, "conflict");
        let detail = refused.body["detail"].as_str().unwrap();
        assert!(detail.ends_with("acme.example is a member of this tenant already"), "{detail}");
        invite(&admin, email, "owner").await.expect_problem(403, "role_not_yours");
    }
    let anna = space.member(&owner, "anna@acme.example", "user").await;
    let id = anna.get("/auth/me").await.expect(200).body["id"].as_str().unwrap().to_owned();
    owner.patch(&format!("/users/{id}"), &json!({ "status": "disabled" })).await.expect(200);
    invite(&owner, "anna@acme.example", "user").await.expect_problem(409, "conflict");
    // A member of another tenant is none here.
    invite(&owner, "owner@globex.example", "user").await.expect(201);

    let first = invite(&owner, "bert@acme.example", "user").await.expect(201).body["token"].clone();
    let second = invite(&owner, "bert@acme.example", "admin").await.expect(201).body["token"].clone();
    let accept = async |token| {
        space.anybody().post("/invitations/accept", &json!({ "token": token, "password": PASSWORD })).await
    };
    let bert = accept(first).await.expect(201).body["id"].as_str().unwrap().to_owned();
    let ended = owner.audit("&action=config_change").await[0].clone();
    assert_eq!(
        (&ended["reason_code"], &ended["count"], &ended["object"]["id"]),
        (&json!("invitations_ended"), &json!(1), &json!(bert))
    );
    // So who is removed does not come back by one that was forgotten.
    owner.delete(&format!("/users/{bert}")).await.expect(204);
    accept(second).await.expect_problem(404, "not_found");
    let open = owner.get("/invitations").await.expect(200).body["items"].clone();
    assert_eq!(open.as_array().unwrap().len(), 1, "{open}");
    // Who is gone can be invited.
    invite(&owner, "bert@acme.example", "user").await.expect(201);
}

#[tokio::test]
async fn z3_nobody_hands_out_or_touches_a_role_above_their_own() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let admin = space.member(&owner, "admin@acme.example", "admin").await;
    let owner_id = owner.get("/auth/me").await.body["id"].as_str().unwrap().to_owned();
    let admin_id = admin.get("/auth/me").await.body["id"].as_str().unwrap().to_owned();
    for role in ["owner", "admin"] {
        let invite = json!({ "email": "x@acme.example", "role": role });
        admin.post("/invitations", &invite).await.expect_problem(403, "role_not_yours");
    }
    let user = space.member(&admin, "user@acme.example", "user").await;
    let user_id = user.get("/auth/me").await.body["id"].as_str().unwrap().to_owned();
    let promote = json!({ "role": "admin" });
    admin.patch(&format!("/users/{user_id}"), &promote).await.expect_problem(403, "role_not_yours");
    admin
        .patch(&format!("/users/{admin_id}"), &json!({ "role": "owner" }))
        .await
        .expect_problem(403, "role_not_yours");
    admin
        .patch(&format!("/users/{owner_id}"), &json!({ "role": "user" }))
        .await
        .expect_problem(403, "role_not_yours");
    admin.delete(&format!("/users/{owner_id}")).await.expect_problem(403, "role_not_yours");
    let refused = owner.audit("&outcome=denied").await;
    assert!(
        refused.iter().filter(|event| event["reason_code"] == "role_not_yours").count() >= 6,
        "{refused:?}"
    );
    admin.delete(&format!("/users/{user_id}")).await.expect(204);
}

#[tokio::test]
async fn z3_whoever_leaves_is_out_at_the_very_next_request_with_all_they_brought_in() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let admin = space.member(&owner, "admin@acme.example", "admin").await;
    let id = admin.get("/auth/me").await.body["id"].as_str().unwrap().to_owned();
    let invited = json!({ "email": "friend@acme.example", "role": "user" });
    let token = admin.post("/invitations", &invited).await.expect(201).body["token"].clone();
    owner.delete("/auth/me").await.expect_problem(409, "last_owner");
    admin.delete("/auth/me").await.expect(204);
    for _ in 0..2 {
        admin.delete("/auth/me").await.expect_problem(401, "token_invalid");
    }
    let late = json!({ "token": token, "password": PASSWORD });
    space.anybody().post("/invitations/accept", &late).await.expect_problem(404, "not_found");
    let login = json!({ "email": "admin@acme.example", "password": PASSWORD });
    space.anybody().post("/auth/login", &login).await.expect_problem(401, "credentials_wrong");
    owner.get(&format!("/users/{id}")).await.expect_problem(404, "not_found");
    let left = owner.audit("&action=user_deleted").await;
    let told: Vec<_> = left.iter().map(|event| (&event["outcome"], &event["reason_code"])).collect();
    assert_eq!(told, [(&json!("success"), &Value::Null), (&json!("denied"), &json!("last_owner"))]);
    assert_eq!((&left[0]["object"]["id"], &left[0]["actor"]["id"]), (&json!(id), &json!(id)));
}

#[tokio::test]
async fn z3_the_last_owner_stays_however_many_try_at_once() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let mut owners = vec![owner.clone()];
    for n in 0..3 {
        owners.push(space.member(&owner, &format!("o{n}@acme.example"), "owner").await);
    }
    let mut ids = Vec::new();
    for owner in &owners {
        ids.push(owner.get("/auth/me").await.body["id"].as_str().unwrap().to_owned());
    }
    let attempts = (0..100).map(|n| {
        let (client, id) = (owners[n % 4].clone(), ids[n % 4].clone());
        async move {
            match n % 3 {
                0 if n % 2 == 0 => client.delete("/auth/me").await,
                0 => client.delete(&format!("/users/{id}")).await,
                1 => client.patch(&format!("/users/{id}"), &json!({ "role": "user" })).await,
                _ => client.patch(&format!("/users/{id}"), &json!({ "status": "disabled" })).await,
            }
            .status
        }
    });
    let statuses = futures_util::future::join_all(attempts).await;
    assert!(statuses.iter().all(|status| [200, 204, 401, 403, 404, 409].contains(status)), "{statuses:?}");
    let mut left = 0;
    for owner in &owners {
        let me = owner.get("/auth/me").await;
        left += usize::from(me.status == 200 && me.body["role"] == "owner");
    }
    assert_eq!(left, 1, "{statuses:?}");
}

#[tokio::test]
async fn z3_an_invitation_works_once_for_its_address_and_never_sets_a_password_that_exists() {
    let space = TestSpace::open_to_all().await;
    let acme = space.found("acme").await;
    let globex = space.found_another("globex").await;
    let invite = json!({ "email": "Anna@ACME.example", "role": "user" });
    let invited = acme.post("/invitations", &invite).await.expect(201);
    let token = invited.body["token"].as_str().unwrap();
    let listed = acme.get("/invitations").await.expect(200);
    assert!(!listed.text.contains(token), "a token is shown once");
    let accept = |token: &str, password: &str| json!({ "token": token, "password": password });
    let nobody = space.anybody();
    nobody.post("/invitations/accept", &accept("0", PASSWORD)).await.expect_problem(404, "not_found");
    let joined = nobody.post("/invitations/accept", &accept(token, PASSWORD)).await.expect(201);
    assert_eq!(joined.body["email"], "anna@acme.example", "one canonical form");
    nobody.post("/invitations/accept", &accept(token, PASSWORD)).await.expect_problem(404, "not_found");

    // Anna has an account now: joining another tenant makes another, and leaves this one's password.
    let invited =
        globex.post("/invitations", &json!({ "email": "anna@acme.example", "role": "admin" })).await;
    let token = invited.expect(201).body["token"].as_str().unwrap().to_owned();
    let other = accept(&token, "some quite different words here");
    nobody.post("/invitations/accept", &other).await.expect(201);
    nobody.post("/invitations/accept", &accept(&token, PASSWORD)).await.expect_problem(404, "not_found");
    space.log_in_to("anna@acme.example", PASSWORD, "acme").await;
    space.log_in_to("anna@acme.example", "some quite different words here", "globex").await;

    // Whoever invites may see the members, and is told of one.
    let again = json!({ "email": "anna@acme.example", "role": "user" });
    globex.post("/invitations", &again).await.expect_problem(409, "conflict");

    // A withdrawn invitation is one no more.
    let invited =
        acme.post("/invitations", &json!({ "email": "eve@acme.example", "role": "user" })).await.expect(201);
    acme.delete(&format!("/invitations/{}", invited.body["id"].as_str().unwrap())).await.expect(204);
    let late = accept(invited.body["token"].as_str().unwrap(), PASSWORD);
    nobody.post("/invitations/accept", &late).await.expect_problem(404, "not_found");
}

/// The reasons of events in the installation's log, each with how often it stands for.
fn installation_reasons(space: &TestSpace) -> BTreeMap<String, u64> {
    let listed = cli::run(space.home(), &["audit", "list", "--installation", "--all", "--json"]).expect(0);
    let mut reasons = BTreeMap::new();
    for event in listed.items() {
        if let Some(reason) = event["reason_code"].as_str() {
            *reasons.entry(reason.to_owned()).or_default() += event["count"].as_u64().unwrap();
        }
    }
    reasons
}

#[tokio::test]
async fn m2_only_the_name_of_a_tenant_can_be_taken_and_that_leaves_an_event() {
    let space = TestSpace::open_to_all().await;
    space.found("acme").await;
    let register = async |email: &str, tenant: &str| {
        let password = "seven unrelated words of mine";
        let body = json!({ "email": email, "password": password, "tenant_name": tenant });
        space.anybody().post("/auth/register", &body).await
    };
    let mut told = BTreeSet::new();
    for email in ["somebody@else.example", "owner@acme.example"] {
        let mut body = register(email, "acme").await.expect_problem(409, "name_taken").body;
        body["instance"] = Value::Null;
        told.insert(body.to_string());
    }
    assert_eq!(told.len(), 1, "{told:?}");
    // Whoever has a tenant founds another, with a password of its own.
    let founded = register("owner@acme.example", "fresh").await.expect(201);
    assert_eq!(founded.body["tenant_name"], "fresh");
    let in_fresh = space.log_in_to("owner@acme.example", "seven unrelated words of mine", "fresh").await;
    assert_eq!(in_fresh.get("/users").await.expect(200).body["items"].as_array().unwrap().len(), 1);
    if in_memory() {
        return;
    }
    for _ in 0..100 {
        if installation_reasons(&space).get("name_taken") == Some(&2) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("no event tells of the taken names: {:?}", installation_reasons(&space));
}

#[tokio::test]
async fn m2_what_one_tenant_asks_is_answered_alike_whatever_other_tenants_hold() {
    let space = TestSpace::open_to_all().await;
    let acme = space.found("acme").await;
    let globex = space.found_another("globex").await;
    space.member(&globex, "known@example.org", "user").await;
    let mut told = BTreeSet::new();
    for email in ["known@example.org", "fresh@example.org"] {
        let invited = acme.post("/invitations", &json!({ "email": email, "role": "user" })).await.expect(201);
        // No password that an account elsewhere has opens anything, nor is asked for.
        let accepted = json!({ "token": invited.body["token"], "password": "seven unrelated words of mine" });
        let joined = space.anybody().post("/invitations/accept", &accepted).await.expect(201);
        assert_eq!((&joined.body["email"], &joined.body["tenant_name"]), (&json!(email), &json!("acme")));
        let wrong = json!({ "email": email, "password": PASSWORD, "tenant": "acme" });
        let refused =
            space.anybody().post("/auth/login", &wrong).await.expect_problem(401, "credentials_wrong");
        told.insert(refused.body["detail"].to_string());
        space.log_in_to(email, "seven unrelated words of mine", "acme").await;
    }
    assert_eq!(told.len(), 1, "{told:?}");
    // The account elsewhere is as it was.
    space.log_in_to("known@example.org", PASSWORD, "globex").await;
    let members = globex.get("/users").await.expect(200).body["items"].clone();
    assert_eq!(members.as_array().unwrap().len(), 2, "{members}");
}
