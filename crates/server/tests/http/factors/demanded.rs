//! A tenant demands a second factor of some roles.

use std::collections::HashMap;

use serde_json::json;
use syft_space::http::route_table::{Guard, ROUTES};
use syft_space_domain::access::{Permission, Role};

use super::authenticator::{Authenticator, enrol};
use super::{OWNER, log_in, token_of};
use crate::cli::run;
use crate::held_bodies::Held;
use crate::space::{Client, PASSWORD, TestSpace, dataset_of, endpoint_on, in_memory, until};

async fn demand(owner: &Client, roles: &[&str]) {
    owner.patch("/tenant", &json!({ "second_factor_roles": roles })).await.expect(200);
}

#[tokio::test]
async fn z3_the_settings_of_a_tenant_are_its_owners_to_read_and_change() {
    let space = TestSpace::open_to_all().await;
    let owner = space.found("acme").await;
    let other = space.found_another("globex").await;
    let admin = space.member(&owner, "admin@acme.example", "admin").await;
    let read = owner.get("/tenant").await.expect(200);
    assert_eq!((&read.body["name"], &read.body["second_factor_roles"]), (&json!("acme"), &json!([])));
    assert_eq!(read.header("etag"), "\"1\"");
    admin.get("/tenant").await.expect_problem(403, "forbidden");
    admin.patch("/tenant", &json!({ "second_factor_roles": [] })).await.expect_problem(403, "forbidden");

    let change = async |revision: &str, roles: &[&str]| {
        let body = json!({ "second_factor_roles": roles });
        owner.send(owner.request("PATCH", "/tenant").header("if-match", revision).json(&body)).await
    };
    change("\"7\"", &["user"]).await.expect_problem(412, "changed");
    let changed = change("\"1\"", &["viewer", "admin", "viewer"]).await.expect(200);
    assert_eq!(changed.body["second_factor_roles"], json!(["admin", "viewer"]), "each once, in their order");
    assert_eq!(changed.header("etag"), "\"2\"");
    change("\"1\"", &[]).await.expect_problem(412, "changed");
    // What is left out stays, and what is none is refused.
    let untouched = owner.patch("/tenant", &json!({})).await.expect(200);
    assert_eq!(untouched.body["second_factor_roles"], json!(["admin", "viewer"]));
    for bad in [
        json!({ "second_factor_roles": ["guest"] }),
        json!({ "second_factor_roles": null }),
        json!({ "name": "x" }),
    ] {
        owner.patch("/tenant", &bad).await.expect_problem(422, "invalid");
    }
    change("*", &["user", "admin"]).await.expect(200);
    let log = owner.audit("&action=config_change").await;
    let reasons: Vec<_> = log.iter().take(3).map(|event| event["reason_code"].clone()).collect();
    let expected = [
        json!("second_factor_for_user,no_second_factor_for_viewer"),
        json!(null),
        json!("second_factor_for_admin,second_factor_for_viewer"),
    ];
    assert_eq!(reasons, expected);
    assert_eq!(log[0]["object"]["kind"], "tenant");
    assert_eq!(
        other.get("/tenant").await.expect(200).body["second_factor_roles"],
        json!([]),
        "of this tenant alone"
    );
}

#[tokio::test]
async fn a5_who_needs_a_second_factor_and_has_none_does_nothing_but_enrol_from_the_next_request_on() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let mut members = HashMap::from([(Role::Owner, owner.clone())]);
    for role in [Role::Admin, Role::User, Role::Viewer] {
        members.insert(role, space.member(&owner, &format!("{role}@acme.example"), role.as_str()).await);
    }
    // The Owner comes last: who changes the settings then has to have one.
    for role in [Role::Admin, Role::User, Role::Viewer, Role::Owner] {
        demand(&owner, &[role.as_str()]).await;
        let member = &members[&role];
        for route in ROUTES {
            let Guard::Member(permissions) = route.guard else { continue };
            if permissions.contains(&Permission::OwnAccount) {
                continue;
            }
            let id = "0190d3a1-7c1e-7b7a-9c3e-2f6f3f1f0a11";
            let path = route.path.trim_start_matches("/api/v1");
            let path = ["{id}", "{job}", "{listing}", "{slug}", "{doc}", "{name}", "{address}"]
                .iter()
                .fold(path.to_owned(), |path, name| path.replace(name, id));
            let answer = member.send(member.request(route.method.as_str(), &path)).await;
            let answer = answer.expect_problem(403, "second_factor_required");
            assert!(
                answer.body["detail"].as_str().unwrap().contains("POST /api/v1/auth/totp"),
                "{}",
                answer.text
            );
        }
        for (other, client) in &members {
            if *other != role {
                let path = if *other == Role::Viewer { "/datasets" } else { "/endpoints" };
                client.get(path).await.expect(200);
            }
        }
        // A login is let in, as far as that.
        let nobody = space.anybody();
        let email = if role == Role::Owner { OWNER.to_owned() } else { format!("{role}@acme.example") };
        let logged_in = token_of(&nobody, &log_in(&nobody, &email, PASSWORD, None).await.expect(200));
        logged_in.get("/endpoints").await.expect_problem(403, "second_factor_required");
        logged_in.get("/auth/me").await.expect(200);
        enrol(&logged_in).await;
        let path = if role == Role::Viewer { "/datasets" } else { "/endpoints" };
        logged_in.get(path).await.expect(200);
        // All sessions that were begun without it have ended.
        members[&role].get("/auth/me").await.expect_problem(401, "token_invalid");
        members.insert(role, logged_in);
    }
    let owner = &members[&Role::Owner];
    // Where all of a tenant are refused more often within a second than is written at once, the rest is counted, and told of
    // when that second is over.
    for (role, member) in &members {
        let me = member.get("/auth/me").await.expect(200).body["id"].as_str().unwrap().to_owned();
        let refused = async || owner.audit(&format!("&action=authz_fail&actor={me}")).await;
        until(&format!("an event tells of the {role}"), async || !refused().await.is_empty()).await;
        let first = &refused().await[0];
        assert_eq!(first["reason_code"], "second_factor_required", "{role}: {first}");
        assert_eq!(first["actor"]["role"], role.as_str(), "{role}: {first}");
    }
}

#[tokio::test]
async fn a5_it_acts_on_a_body_that_is_held_back_and_the_other_way_round() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let admin = space.member(&owner, "admin@acme.example", "admin").await;
    let dataset = dataset_of(&owner, "d", &[("doc", "Penguins swim.")]).await;
    endpoint_on(&owner, &dataset, "birds").await;
    let made = json!({ "name": "made", "dtype": "embedded" }).to_string();
    let asked = json!({ "messages": "penguins" }).to_string();
    let hold = async |path: &str, body: &str| {
        Held::send(&admin, "POST", path, "application/json", body.as_bytes(), 1).await
    };
    let held = [hold("/datasets", &made).await, hold("/endpoints/birds/query", &asked).await];
    demand(&owner, &["admin"]).await;
    for held in held {
        let (status, body) = held.finish().await;
        assert_eq!((status, &body["reason_code"]), (403, &json!("second_factor_required")), "{body}");
    }
    let datasets = owner.get("/datasets").await.expect(200);
    assert_eq!(datasets.body["items"].as_array().unwrap().len(), 1, "nothing was made");
    assert_eq!(owner.audit("&action=authz_fail").await.len(), 2);
    enrol(&admin).await;
    admin.post("/datasets", &serde_json::from_str(&made).unwrap()).await.expect(201);
}

#[tokio::test]
async fn a5_an_owner_who_demands_it_of_owners_enrols_and_goes_on_and_so_does_one_whose_app_is_lost() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    demand(&owner, &["owner", "admin", "user", "viewer"]).await;
    // Not even this can be taken back before.
    let nothing = json!({ "second_factor_roles": [] });
    owner.patch("/tenant", &nothing).await.expect_problem(403, "second_factor_required");
    let enrolled = enrol(&owner).await;
    // It may be taken off for another app, and all but that waits until there is one.
    let body = json!({ "password": PASSWORD, "code": enrolled.app.code(0).await });
    owner.send(owner.request("DELETE", "/auth/totp").json(&body)).await.expect(204);
    owner.get("/users").await.expect_problem(403, "second_factor_required");
    enrol(&owner).await;
    owner.get("/users").await.expect(200);
    if in_memory() {
        return;
    }
    // App and recovery codes are lost: the operator takes it off.
    run(space.home(), &["users", "disable-2fa", OWNER]).expect(0);
    owner.get("/auth/me").await.expect_problem(401, "token_invalid");
    let nobody = space.anybody();
    let back = token_of(&nobody, &log_in(&nobody, OWNER, PASSWORD, None).await.expect(200));
    back.patch("/tenant", &nothing).await.expect_problem(403, "second_factor_required");
    enrol(&back).await;
    back.patch("/tenant", &nothing).await.expect(200);
}

const SHORT: &str = "t7#qVz2k";

#[tokio::test]
async fn a3_beside_a_second_factor_a_password_may_be_shorter_and_then_it_is_never_all_that_is_asked_for() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let nobody = space.anybody();
    demand(&owner, &["user"]).await;
    let mut tokens = Vec::new();
    for role in ["user", "admin"] {
        let invite = json!({ "email": format!("{role}@acme.example"), "role": role });
        tokens.push(owner.post("/invitations", &invite).await.expect(201).body["token"].clone());
    }
    let accept = async |n: usize, password: &str| {
        nobody.post("/invitations/accept", &json!({ "token": tokens[n], "password": password })).await
    };
    accept(0, "t7#qVz2").await.expect_problem(422, "password_refused");
    if !in_memory() {
        // There the list of common ones is short.
        accept(0, "password").await.expect_problem(422, "password_refused");
    }
    accept(1, SHORT).await.expect_problem(422, "password_refused");
    accept(0, SHORT).await.expect(201);
    let user = space.log_in("user@acme.example", SHORT).await;
    user.get("/endpoints").await.expect_problem(403, "second_factor_required");
    let begun = user.post("/auth/totp", &json!({ "password": SHORT })).await.expect(201);
    let app = Authenticator::of(begun.body["secret"].as_str().unwrap());
    user.post("/auth/totp/confirm", &json!({ "code": app.code(-1).await })).await.expect(200);
    user.get("/endpoints").await.expect(200);
    // The tenant demands it no more, and the short password goes on to.
    demand(&owner, &[]).await;
    let body = json!({ "password": SHORT, "code": app.code(0).await });
    user.send(user.request("DELETE", "/auth/totp").json(&body)).await.expect(204);
    user.get("/endpoints").await.expect_problem(403, "second_factor_required");
    // A longer one is enough by itself; another short one is none any more.
    let change = async |new: &str| {
        user.put("/auth/password", &json!({ "current_password": SHORT, "new_password": new })).await
    };
    change("w4!Tq9zz").await.expect_problem(422, "password_refused");
    let changed = token_of(&user, &change(PASSWORD).await.expect(200));
    changed.get("/endpoints").await.expect(200);
}

#[tokio::test]
async fn a5_a_key_of_who_must_enrol_is_told_so_and_works_again_once_they_have() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let user = space.member(&owner, "user@acme.example", "user").await;
    let made =
        user.post("/api-keys", &json!({ "name": "script", "scopes": ["list_queryable"] })).await.expect(201);
    let key = space.anybody().with_token(made.body["api_key"].as_str().unwrap());
    key.get("/endpoints").await.expect(200);
    demand(&owner, &["user"]).await;
    let refused = key.get("/endpoints").await.expect_problem(403, "second_factor_required");
    assert!(refused.body["detail"].as_str().unwrap().contains("POST /api/v1/auth/totp"), "{}", refused.text);
    // It enrols nobody itself, and its holder makes no other.
    key.post("/auth/totp", &json!({ "password": PASSWORD })).await.expect_problem(403, "forbidden");
    let another = json!({ "name": "another", "scopes": ["list_queryable"] });
    user.post("/api-keys", &another).await.expect_problem(403, "second_factor_required");
    enrol(&user).await;
    key.get("/endpoints").await.expect(200);
}
