//! API keys: what they may do, how they end, and how their secrets change.

mod carriers;
mod ending;
mod operated;
mod rotation;
mod standing;

use serde_json::{Value, json};
use syft_space::http::route_table::{Guard, ROUTES, Route};
use syft_space_domain::access::{Permission, Role, may};
use syft_space_domain::policy::REVIEW_PERMISSIONS;

use crate::matrix::Fixture;
use crate::space::{Answer, Client, TestSpace, dataset_of, endpoint_on};

/// Makes a key with these scopes, and more that is said of it.
async fn made(holder: &Client, scopes: &[&str], more: Value) -> Answer {
    let mut body = json!({ "name": "nightly import", "scopes": scopes });
    body.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    holder.post("/api-keys", &body).await.expect(201)
}

/// Somebody who comes with the key of an answer.
fn with_key(space: &TestSpace, made: &Answer) -> Client {
    space.anybody().with_token(made.body["api_key"].as_str().unwrap())
}

fn id(made: &Answer) -> String {
    made.body["id"].as_str().unwrap().to_owned()
}

fn member_routes() -> impl Iterator<Item = (&'static Route, &'static [Permission])> {
    ROUTES.iter().filter_map(|route| match route.guard {
        Guard::Member(permissions) => Some((route, permissions)),
        Guard::Open | Guard::Operator => None,
    })
}

/// Calls a route about things that are not there, with no body, so that nothing is changed by whoever may call it.
async fn try_route(client: &Client, route: &Route) -> Answer {
    let path = format!("/{}", Fixture::missing().path(route));
    client.send(client.request(&route.method.to_string(), &path)).await
}

#[tokio::test]
async fn k1_a_key_may_do_what_its_scope_and_its_holders_role_of_now_both_permit() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let holder = space.member(&owner, "holder@acme.example", "owner").await;
    let account = holder.get("/auth/me").await.body["id"].as_str().unwrap().to_owned();
    let mut keys = Vec::new();
    for scope in Permission::ALL {
        let body = json!({ "name": "a key", "scopes": [scope.as_str()] });
        let answer = holder.post("/api-keys", &body).await;
        if scope.is_for_keys() {
            let made = answer.expect(201);
            let scopes: Vec<Permission> = serde_json::from_value(made.body["scopes"].clone()).unwrap();
            assert!(scopes.contains(&scope) && scopes.len() <= 2, "{scope}: {scopes:?}");
            keys.push((scopes, with_key(&space, &made)));
        } else {
            answer.expect_problem(422, "invalid");
        }
    }
    assert_eq!(keys.len(), 11);
    for role in Role::ALL {
        owner.patch(&format!("/users/{account}"), &json!({ "role": role.as_str() })).await.expect(200);
        for (scopes, key) in &keys {
            for (route, permissions) in member_routes() {
                let holds = |one: &Permission| scopes.contains(one) && may(role, *one);
                // A review shows what three of them are for.
                let is_review = route.path == "/api/v1/access-review";
                let permitted =
                    permissions.iter().any(holds) && (!is_review || REVIEW_PERMISSIONS.iter().all(holds));
                let answer = try_route(key, route).await;
                let what = format!("{scopes:?} of {role}: {} {}", route.method, route.path);
                assert_eq!(answer.status != 403, permitted, "{what}: {}", answer.text);
                if !permitted {
                    answer.expect_problem(403, "forbidden");
                }
            }
        }
    }
}

#[tokio::test]
async fn k1_nobody_gives_a_key_what_they_lack_and_what_is_wrong_is_told() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let user = space.member(&owner, "user@acme.example", "user").await;
    for (body, pointer) in [
        (json!({ "scopes": ["read_audit"] }), "/scopes"),
        (json!({ "scopes": [] }), "/scopes"),
        (json!({ "scopes": ["everything"] }), "/scopes/0"),
        (json!({ "scopes": ["own_account"] }), "/scopes"),
        (json!({ "scopes": ["query"], "endpoints": [] }), "/endpoints"),
        (json!({ "scopes": ["query"], "endpoints": ["nowhere"] }), "/endpoints"),
        (json!({ "scopes": ["query"], "endpoints": ["No Slug"] }), "/endpoints"),
        (json!({ "scopes": ["query"], "addresses": [] }), "/addresses"),
        (json!({ "scopes": ["query"], "addresses": ["10.0.0.0/33"] }), "/addresses/0"),
        (json!({ "scopes": ["query"], "expires_at": "2020-01-01T00:00:00Z" }), "/expires_at"),
        (json!({ "scopes": ["query"], "expires_at": "2999-01-01T00:00:00Z" }), "/expires_at"),
        (json!({ "scopes": ["query"], "name": " " }), "/name"),
    ] {
        let mut sent = json!({ "name": "a key" });
        sent.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
        let answer = user.post("/api-keys", &sent).await.expect_problem(422, "invalid");
        assert_eq!(answer.body["errors"][0]["pointer"], pointer, "{body}: {}", answer.text);
    }
    assert_eq!(user.get("/api-keys").await.expect(200).body["items"], json!([]));
}

#[tokio::test]
async fn k1_a_key_for_some_endpoints_finds_no_other() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let dataset = dataset_of(&owner, "birds", &[("doc", "Penguins swim.")]).await;
    for slug in ["one", "two"] {
        endpoint_on(&owner, &dataset, slug).await;
    }
    let user = space.member(&owner, "user@acme.example", "user").await;
    let key = made(&user, &["query", "list_queryable"], json!({ "endpoints": ["one"] })).await;
    let client = with_key(&space, &key);
    client.ask("one", "penguins").await.expect(200);
    let other = client.ask("two", "penguins").await.expect_problem(404, "not_found");
    let missing = client.ask("three", "penguins").await.expect_problem(404, "not_found");
    assert_eq!(other.body["detail"], missing.body["detail"], "it is answered as one that is not there");
    let listed = client.get("/endpoints").await.expect(200).body;
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    assert_eq!(listed["items"][0]["slug"], "one");
    assert_eq!(user.get("/endpoints").await.body["items"].as_array().unwrap().len(), 2);
    // It is for the endpoint, not for its slug.
    owner.patch("/endpoints/one", &json!({ "slug": "uno" })).await.expect(200);
    owner.patch("/endpoints/two", &json!({ "slug": "one" })).await.expect(200);
    client.ask("uno", "penguins").await.expect(200);
    client.ask("one", "penguins").await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn k9_a_key_for_some_addresses_is_refused_from_others_in_the_tenants_log() {
    let space = TestSpace::with(&[("behind_proxy", "127.0.0.1/32")]).await;
    let owner = space.found("acme").await;
    let key =
        made(&owner, &["read_metadata"], json!({ "addresses": ["192.0.2.0/24", "2001:db8::/32"] })).await;
    let client = with_key(&space, &key);
    let from = async |address: &str| {
        client.send(client.request("GET", "/datasets").header("x-forwarded-for", address)).await
    };
    for address in ["192.0.2.200", "2001:db8:7::1"] {
        from(address).await.expect(200);
    }
    for address in ["192.0.3.1", "2001:db9::1", "192.0.2.200, 198.51.100.1"] {
        from(address).await.expect_problem(401, "token_invalid");
    }
    let refused = owner.audit("&action=authn_token_fail").await;
    assert_eq!(refused[0]["reason_code"], "key_address_not_allowed");
    assert_eq!(refused[0]["api_key"], json!({ "id": id(&key), "name": "nightly import" }));
}

#[tokio::test]
async fn k2_who_has_a_key_sees_its_state_an_owner_all_of_them_and_nobody_its_text() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let admin = space.member(&owner, "admin@acme.example", "admin").await;
    let user = space.member(&owner, "user@acme.example", "user").await;
    let of_user = made(&user, &["query"], json!({})).await;
    let of_admin = made(&admin, &["read_audit"], json!({ "name": "watcher" })).await;
    let text = of_user.body["api_key"].as_str().unwrap();
    let ids = async |client: &Client| {
        let listed = client.get("/api-keys").await.expect(200);
        assert!(!listed.text.contains(text) && !listed.text.contains("sps_"), "{}", listed.text);
        let items = listed.body["items"].as_array().unwrap();
        items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&user).await, [id(&of_user)]);
    assert_eq!(ids(&admin).await, [id(&of_admin)]);
    assert_eq!(ids(&owner).await, [id(&of_user), id(&of_admin)]);
    let paged = owner.get("/api-keys?limit=1").await.expect(200).body;
    let next = paged["next_cursor"].as_str().unwrap();
    let rest = owner.get(&format!("/api-keys?cursor={next}")).await.expect(200).body;
    assert_eq!(rest["items"][0]["id"], of_admin.body["id"]);

    let shown = user.get(&format!("/api-keys/{}", id(&of_user))).await.expect(200);
    assert!(!shown.text.contains("sps_"), "{}", shown.text);
    for (name, value) in [
        ("name", json!("nightly import")),
        ("scopes", json!(["query"])),
        ("endpoints", Value::Null),
        ("addresses", Value::Null),
        ("last_used_at", Value::Null),
        ("previous_until", json!([])),
        ("due", json!(false)),
        ("unused", json!(true)),
    ] {
        assert_eq!(shown.body[name], value, "{name}");
    }
    // Of others' keys an Admin knows nothing, and an Owner makes none act as themselves.
    let path = format!("/api-keys/{}", id(&of_user));
    admin.get(&path).await.expect_problem(404, "not_found");
    admin.delete(&path).await.expect_problem(404, "not_found");
    let rotate = json!({ "overlap_seconds": 0 });
    for other in [&admin, &owner] {
        other.post(&format!("{path}/rotate"), &rotate).await.expect_problem(404, "not_found");
    }
    owner.delete(&path).await.expect(204);
    with_key(&space, &of_user).get("/endpoints").await.expect_problem(401, "token_invalid");
    // A key knows nothing of keys.
    with_key(&space, &of_admin).get("/api-keys").await.expect_problem(403, "forbidden");
}

#[tokio::test]
async fn k2_when_a_key_was_last_used_is_known_some_seconds_later() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let key = made(&owner, &["read_metadata"], json!({})).await;
    let client = with_key(&space, &key);
    let path = format!("/api-keys/{}", id(&key));
    for _ in 0..3 {
        client.get("/datasets").await.expect(200);
    }
    let known = tokio::time::timeout(std::time::Duration::from_secs(60), async {
        loop {
            let shown = owner.get(&path).await.expect(200).body;
            if shown["last_used_at"].is_string() {
                return shown;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    });
    let shown = known.await.unwrap();
    assert_eq!(shown["unused"], false);
    let told = owner.get("/audit?limit=100").await.expect(200);
    assert!(!told.text.contains(key.body["api_key"].as_str().unwrap()));
}

#[tokio::test]
async fn k2_what_a_key_did_and_how_it_was_called_is_told_when_it_is_gone() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let key = made(&owner, &["write_datasets"], json!({})).await;
    with_key(&space, &key).post("/datasets", &json!({ "name": "d", "dtype": "embedded" })).await.expect(201);
    owner.delete(&format!("/api-keys/{}", id(&key))).await.expect(204);
    let named = json!({ "id": id(&key), "name": "nightly import" });
    let me = owner.get("/auth/me").await.expect(200).body["id"].clone();
    let log = owner.audit("").await;
    let of =
        |action: &str| log.iter().find(|event| event["action"] == action && event["api_key"] != Value::Null);
    let made = of("config_change").unwrap();
    assert_eq!((&made["api_key"], &made["actor"]["id"]), (&named, &me), "a dataset was made with it");
    for (action, reason) in [("authn_token_created", "created"), ("authn_token_revoked", "removed")] {
        let event = of(action).unwrap();
        assert_eq!((&event["api_key"], &event["reason_code"]), (&named, &json!(reason)));
        assert_eq!(event["object"], json!({ "kind": "api_key", "id": id(&key) }));
    }
    assert!(log.iter().any(|event| event["api_key"].is_null()), "what was done without one names none");
}

#[tokio::test]
async fn k2_an_account_has_a_hundred_living_keys_and_no_more() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let user = space.member(&owner, "user@acme.example", "user").await;
    let body = json!({ "name": "one of many", "scopes": ["query"] });
    let mut last = String::new();
    for _ in 0..100 {
        last = id(&user.post("/api-keys", &body).await.expect(201));
    }
    user.post("/api-keys", &body).await.expect_problem(409, "limit_reached");
    // Others are not held up, and who revokes one has room.
    made(&owner, &["query"], json!({})).await;
    user.delete(&format!("/api-keys/{last}")).await.expect(204);
    user.post("/api-keys", &body).await.expect(201);
}

#[tokio::test]
async fn k7_what_is_no_key_or_nobodys_is_refused_alike_and_merged_in_the_log() {
    let space = TestSpace::open_to_all().await;
    let owner = space.found("acme").await;
    let other = space.found_another("globex").await;
    let key = made(&owner, &["read_metadata"], json!({})).await;
    let text = key.body["api_key"].as_str().unwrap();
    let revoked = made(&owner, &["read_metadata"], json!({})).await;
    owner.delete(&format!("/api-keys/{}", id(&revoked))).await.expect(204);
    let foreign = made(&other, &["read_metadata"], json!({})).await;
    let mut swapped = text.to_owned();
    swapped.replace_range(4..26, &foreign.body["api_key"].as_str().unwrap()[4..26]);
    let wrong = [
        "sps_".to_owned(),
        format!("sps_{}", "0".repeat(94)),
        format!("{text}x"),
        text[..text.len() - 1].to_owned(),
        text.to_lowercase(),
        format!("sps_{}", "' OR '1'='1"),
        swapped,
        revoked.body["api_key"].as_str().unwrap().to_owned(),
    ];
    for bad in &wrong {
        let answer = space.anybody().with_token(bad).get("/datasets").await;
        answer.expect_problem(401, "token_invalid");
    }
    with_key(&space, &key).get("/datasets").await.expect(200);
    with_key(&space, &foreign).get("/datasets").await.expect(200);
    for log in [owner.audit("").await, other.audit("").await] {
        assert!(log.iter().all(|event| event["action"] != "authn_token_fail"), "they are no tenant's");
    }
}

#[tokio::test]
async fn k1_a_refused_key_is_told_what_whoever_runs_its_program_can_do() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let key = made(&owner, &["query"], json!({})).await;
    let client = with_key(&space, &key);
    for (path, told) in [
        ("/endpoints", "the scopes of this API key do not hold list_queryable"),
        ("/auth/me", "no API key may do this: log in"),
        ("/datasets", "the scopes of this API key do not hold read_metadata"),
    ] {
        let refused = client.get(path).await;
        assert_eq!((refused.status, &refused.body["detail"]), (403, &json!(told)), "{path}");
    }
    let wrong = owner.post("/api-keys", &json!({ "name": "a", "scopes": ["queries"] })).await;
    let detail = wrong.body["detail"].as_str().unwrap();
    assert!(
        detail.contains("a scope is one of: read_members, ") && !detail.contains("manage_tenant"),
        "{detail}"
    );
    owner.delete(&format!("/api-keys/{}", id(&key))).await.expect(204);
    for (path, slug) in [("/datasets", false), ("/endpoints/nothing/query", true)] {
        let refused = if slug { client.post(path, &json!({})).await } else { client.get(path).await };
        let detail = refused.body["detail"].as_str().unwrap();
        assert!(detail.starts_with("the API key is not valid, or was revoked"), "{detail}");
    }
}
