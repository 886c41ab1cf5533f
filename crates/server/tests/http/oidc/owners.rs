//! Owners whom an identity provider signs in: a tenant is not left to those who can do nothing, and the operator has a way back in.

use serde_json::{Value, json};

use crate::factors::authenticator::enrol;
use crate::oidc::world::{World, member_of};
use crate::space::{Client, PASSWORD};

/// A tenant whose provider's group `boss` owns it, and one of them.
async fn with_boss() -> (World, Client) {
    let world =
        World::new(json!({ "claim": "groups", "roles": [{ "group": "boss", "role": "owner" }] })).await;
    let boss = world.sign_in(member_of("boss", "boss@allowed.example", &["boss"])).await.expect(200);
    let boss = world.client(&boss);
    (world, boss)
}

fn demand(roles: &Value) -> Value {
    json!({ "second_factor_roles": roles })
}

async fn own_id(client: &Client) -> String {
    client.get("/auth/me").await.expect(200).body["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a3_an_owner_who_can_enrol_no_second_factor_does_not_lock_themselves_out() {
    let (world, boss) = with_boss().await;
    let refused = boss.patch("/tenant", &demand(&json!(["user", "owner"]))).await;
    let refused = refused.expect_problem(409, "conflict");
    assert!(refused.text.contains("identity provider"), "{}", refused.text);
    boss.patch("/tenant", &demand(&json!(["user"]))).await.expect(200);
    boss.get("/datasets").await.expect(200);
    // Whoever has a password can enrol one.
    world.owner.patch("/tenant", &demand(&json!(["owner"]))).await.expect(200);
    world.owner.get("/datasets").await.expect_problem(403, "second_factor_required");
}

#[tokio::test]
async fn a3_a_tenant_is_not_left_to_owners_who_can_enrol_no_second_factor() {
    let (world, boss) = with_boss().await;
    let (boss_id, id) = (own_id(&boss).await, own_id(&world.owner).await);
    world.owner.patch("/tenant", &demand(&json!(["owner"]))).await.expect(200);
    // Who demands it has a password, and could enrol one. Who would stay behind cannot, nor take the demand back.
    boss.patch("/tenant", &demand(&json!([]))).await.expect_problem(403, "second_factor_required");
    world.owner.delete("/auth/me").await.expect_problem(409, "last_owner");
    enrol(&world.owner).await;
    let path = format!("/users/{id}");
    for change in [json!({ "role": "user" }), json!({ "status": "disabled" })] {
        world.owner.patch(&path, &change).await.expect_problem(409, "last_owner");
    }
    world.owner.delete(&path).await.expect_problem(409, "last_owner");
    // One who can do nothing is no loss, and where nothing is demanded each counts.
    world.owner.patch("/tenant", &demand(&json!([]))).await.expect(200);
    world.owner.patch(&path, &json!({ "role": "admin" })).await.expect(200);
    boss.delete(&format!("/users/{boss_id}")).await.expect_problem(409, "last_owner");
    boss.patch(&path, &json!({ "role": "owner" })).await.expect(200);
    world.owner.patch("/tenant", &demand(&json!(["owner"]))).await.expect(200);
    world.owner.delete(&format!("/users/{boss_id}")).await.expect(204);
}

#[tokio::test]
async fn a3_groups_do_not_take_the_last_owner_who_can_act() {
    let world = World::new(json!({
        "claim": "groups", "roles": [{ "group": "boss", "role": "owner" }, { "group": "staff", "role": "user" }],
    }))
    .await;
    let come =
        |groups: &'static [&'static str]| world.sign_in(member_of("boss", "boss@allowed.example", groups));
    let boss = world.client(&come(&["boss"]).await.expect(200));
    // Of two owners either may be made less.
    come(&["staff"]).await.expect(200);
    let id = own_id(&boss).await;
    world.owner.patch(&format!("/users/{id}"), &json!({ "role": "owner" })).await.expect(200);
    world.owner.delete("/auth/me").await.expect(204);
    let refused = come(&["staff"]).await;
    assert!(refused.expect_problem(403, "sign_in_refused").text.contains("without an owner"));
}

#[tokio::test]
async fn a1_what_takes_a_password_tells_whoever_has_none_where_to_go() {
    let (_world, boss) = with_boss().await;
    let both = json!({ "current_password": PASSWORD, "new_password": "another long password" });
    let answers = [
        boss.post("/auth/totp", &json!({ "password": PASSWORD })).await,
        boss.put("/auth/password", &both).await,
    ];
    for answer in answers {
        let refused = answer.expect_problem(409, "conflict");
        assert!(refused.text.contains("identity provider"), "{}", refused.text);
    }
}

#[tokio::test]
async fn a3_an_owner_whom_the_operator_restores_is_no_providers_any_more() {
    let groups = json!({ "claim": "groups", "roles": [{ "group": "staff", "role": "user" }] });
    let world = World::new(groups).await;
    let carol = || member_of("carol", "carol@allowed.example", &["staff"]);
    let before = world.client(&world.sign_in(carol()).await.expect(200));
    let founding = json!({
        "email": "carol@allowed.example", "password": PASSWORD, "tenant_name": "acme",
    });
    world.operate("POST", "/operator/v1/tenants", &founding).await.expect(200);
    before.get("/auth/me").await.expect_problem(401, "token_invalid");
    let login = json!({ "email": "carol@allowed.example", "password": PASSWORD, "tenant": "acme" });
    let owner = world.client(&world.space.anybody().post("/auth/login", &login).await.expect(200));
    // Whoever has the account at the provider by now is not the owner, nor makes a user of them.
    world.sign_in(carol()).await.expect_problem(403, "sign_in_refused");
    assert_eq!(owner.get("/auth/me").await.expect(200).body["role"], "owner");
    // Others come in as before.
    world.sign_in(member_of("dora", "dora@allowed.example", &["staff"])).await.expect(200);
}
