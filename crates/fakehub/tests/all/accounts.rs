//! Accounts, sessions and personal access tokens.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{PASSWORD, World, parts};

fn registration(name: &str) -> Value {
    json!({"username": name, "email": format!("{name}@example.org"), "full_name": "New", "password": PASSWORD})
}

fn sorted_names(object: &Value) -> Vec<&str> {
    // The order of a map depends on the features of the build.
    let mut names: Vec<&str> = object.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

#[tokio::test]
async fn registering_begins_a_session_and_makes_nobody_an_admin() {
    let world = World::new();
    let answer = world.post("/api/v1/auth/register", None, registration("Carol")).await;
    assert_eq!(answer.status, 201);
    let expected = ["access_token", "refresh_token", "requires_email_verification", "token_type", "user"];
    assert_eq!(sorted_names(&answer.body), expected);
    let user = &answer.body["user"];
    let expected = ["created_at", "email", "full_name", "id", "is_active", "role", "username"];
    assert_eq!(sorted_names(user), expected);
    assert_eq!((&user["username"], &user["role"], &user["id"]), (&json!("carol"), &json!("user"), &json!(4)));

    let mut again = registration("carol2");
    again["email"] = json!("carol@example.org");
    let taken = world.post("/api/v1/auth/register", None, again).await;
    let detail = json!({"code": "USER_ALREADY_EXISTS", "message": "Email already exists", "field": "email"});
    assert_eq!((taken.status, &taken.body["detail"]), (409, &detail));
}

#[tokio::test]
async fn a_registration_that_breaks_a_rule_is_a_422() {
    let world = World::new();
    for (member, value) in
        [("username", "ab"), ("email", "nobody"), ("password", "short 1"), ("password", "no digit here")]
    {
        let mut body = registration("carol");
        body[member] = json!(value);
        let answer = world.post("/api/v1/auth/register", None, body).await;
        assert_eq!((answer.status, &answer.body["detail"][0]["loc"][1]), (422, &json!(member)), "{value}");
    }
}

#[tokio::test]
async fn login_takes_a_form_and_a_name_or_an_address() {
    let world = World::new();
    for name in ["alice", "Alice", "alice%40example.com"] {
        let answer = world.login(name, PASSWORD).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(sorted_names(&answer.body), ["access_token", "refresh_token", "token_type", "user"]);
    }
    let json = json!({"username": "alice", "password": PASSWORD});
    assert_eq!(world.post("/api/v1/auth/login", None, json).await.status, 422);
    let wrong = world.login("alice", "wrong").await;
    assert_eq!((wrong.status, wrong.body), (401, json!({"detail": "Invalid credentials"})));
    world.hub.set_active("alice", false).unwrap();
    let inactive = world.login("alice", PASSWORD).await;
    assert_eq!((inactive.status, inactive.body), (401, json!({"detail": "Account is deactivated"})));
}

#[tokio::test]
async fn the_eleventh_login_of_a_minute_from_an_address_is_refused() {
    let world = World::new();
    for _ in 0..10 {
        assert_eq!(world.login("alice", "wrong").await.status, 401);
    }
    let refused = world.login("alice", PASSWORD).await;
    let detail = json!({"detail": "Too many requests. Please slow down and try again later."});
    assert_eq!((refused.status, refused.body), (429, detail));
    assert!(!refused.headers.contains_key("retry-after"), "the hub's error handler drops it");

    let form = format!("username=alice&password={}", PASSWORD.replace(' ', "+"));
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("x-real-ip", "203.0.113.9")];
    let elsewhere = world.send(Method::POST, "/api/v1/auth/login", &headers, Some(&form)).await.unwrap();
    assert_eq!(elsewhere.status, 200, "each address has a bucket of its own");
    world.clock.advance(Duration::from_secs(60));
    assert_eq!(world.login("alice", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn a_session_says_whose_it_is_and_ends() {
    let world = World::new();
    let session = world.session("alice").await;
    let (header, claims) = parts(&session);
    assert_eq!(header["alg"], "HS256");
    assert_eq!(sorted_names(&claims), ["exp", "role", "sub", "type", "username"]);
    assert_eq!((&claims["sub"], &claims["type"]), (&json!("2"), &json!("access")));
    let me = world.get("/api/v1/auth/me", Some(&session)).await;
    assert_eq!((me.status, &me.body["username"], &me.body["id"]), (200, &json!("alice"), &json!(2)));
    world.clock.advance(Duration::from_secs(30 * 60 - 1));
    assert_eq!(world.get("/api/v1/auth/me", Some(&session)).await.status, 200);
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(world.get("/api/v1/auth/me", Some(&session)).await.status, 401);
}

#[tokio::test]
async fn a_session_is_made_longer_by_its_refresh_token_alone() {
    let world = World::new();
    let begun = world.login("alice", PASSWORD).await.body;
    world.clock.advance(Duration::from_secs(3_600));
    let refresh = |token: &Value| world.post("/api/v1/auth/refresh", None, json!({"refresh_token": token}));
    assert_eq!(refresh(&begun["access_token"]).await.status, 401);
    let renewed = refresh(&begun["refresh_token"]).await;
    assert_eq!(renewed.status, 200);
    let session = renewed.body["access_token"].as_str();
    assert_eq!(world.get("/api/v1/auth/me", session).await.status, 200);
    let refresh_token = begun["refresh_token"].as_str();
    assert_eq!(world.get("/api/v1/auth/me", refresh_token).await.status, 401, "it is no access token");
}

#[tokio::test]
async fn logging_out_ends_the_sessions_of_the_same_second() {
    let world = World::new();
    let [one, other] = [world.session("alice").await, world.session("alice").await];
    assert_eq!(one, other, "nothing tells two tokens of one second apart");
    let answer = world.call(Method::POST, "/api/v1/auth/logout", Some(&one), None).await;
    assert_eq!((answer.status, answer.text.as_str()), (204, ""));
    assert_eq!(world.get("/api/v1/auth/me", Some(&other)).await.status, 401);
}

#[tokio::test]
async fn a_personal_token_is_shown_once_and_works_until_it_is_revoked() {
    let world = World::new();
    let session = world.session("spaceowner").await;
    let body = json!({"name": "space", "scopes": ["full"]});
    let made = world.post("/api/v1/auth/tokens", Some(&session), body).await;
    assert_eq!((made.status, &made.body["name"]), (201, &json!("space")));
    let token = made.body["token"].as_str().unwrap();
    assert!(token.starts_with("syft_pat_"));
    assert_eq!(made.body["token_prefix"], token[..16]);
    let me = world.get("/api/v1/auth/me", Some(token)).await;
    assert_eq!(me.body["username"], "spaceowner");
    let listed = world.get("/api/v1/auth/tokens", Some(token)).await;
    assert_eq!((&listed.body["total"], &listed.body["tokens"][0]["token"]), (&json!(1), &Value::Null));
    let path = format!("/api/v1/auth/tokens/{}", made.body["id"]);
    assert_eq!(world.call(Method::DELETE, &path, Some(&world.pat("alice")), None).await.status, 404);
    assert_eq!(world.call(Method::DELETE, &path, Some(&session), None).await.status, 204);
    assert_eq!(world.get("/api/v1/auth/me", Some(token)).await.status, 401);
}

#[tokio::test]
async fn the_scopes_of_a_personal_token_are_not_enforced() {
    let world = World::new();
    let session = world.session("alice").await;
    let body = json!({"name": "reader", "scopes": ["read"]});
    let made = world.post("/api/v1/auth/tokens", Some(&session), body).await;
    let token = made.body["token"].as_str();
    let profile = json!({"domain": "http://127.0.0.1:18090"});
    let answer = world.call(Method::PUT, "/api/v1/users/me", token, Some(profile)).await;
    assert_eq!((answer.status, &answer.body["domain"]), (200, &json!("http://127.0.0.1:18090")));
}

#[tokio::test]
async fn each_answer_carries_a_correlation_id_and_no_cookie() {
    let world = World::new();
    let headers = [("x-correlation-id", "71c04d2c-66a8-46ce-92ed-fe832b3b53df")];
    for path in ["/.well-known/jwks.json", "/api/v1/auth/me", "/no/such/path"] {
        let echoed = world.send(Method::GET, path, &headers, None).await.unwrap();
        assert_eq!(echoed.headers["x-correlation-id"], headers[0].1);
        let made = world.get(path, None).await;
        let id = made.headers["x-correlation-id"].to_str().unwrap().to_owned();
        assert_eq!((id.len(), id.as_bytes()[14]), (36, b'4'), "a UUID of version 4");
        assert!(!made.headers.contains_key("set-cookie"));
    }
}

#[tokio::test]
async fn another_slash_is_another_path_and_nothing_redirects() {
    let world = World::new();
    for path in
        ["/api/v1/endpoints/", "/api/v1/users", "/api/v1/auth/me/", "/api/v1/wallet", "//api/v1/token"]
    {
        let answer = world.get(path, None).await;
        assert_eq!((answer.status, answer.body), (404, json!({"detail": "Not Found"})), "{path}");
    }
    let answer = world.call(Method::DELETE, "/api/v1/auth/me", None, None).await;
    assert_eq!((answer.status, answer.body), (405, json!({"detail": "Method Not Allowed"})));
}

#[tokio::test]
async fn accounting_is_not_there_and_a_wallet_is_not_set_up() {
    let world = World::new();
    let alice = world.pat("alice");
    let body = json!({"owner_usernames": ["spaceowner"]});
    let answer = world.post("/api/v1/accounting/transaction-tokens", Some(&alice), body).await;
    assert_eq!(answer.status, 404);
    let body = json!({"www_authenticate": "Payment", "endpoint_slug": "space-docs"});
    let answer = world.post("/api/v1/wallet/pay", Some(&alice), body).await;
    assert_eq!((answer.status, &answer.body["detail"]["code"]), (400, &json!("WALLET_NOT_CONFIGURED")));
}

#[tokio::test]
async fn a_service_reports_an_error_without_a_credential() {
    let world = World::new();
    let report = json!({"service": "aggregator", "event": "source.failed", "message": "HTTP 500"});
    let answer = world.post("/api/v1/errors/service-report", None, report).await;
    assert_eq!((answer.status, &answer.body["received"]), (202, &json!(true)));
    assert_eq!(world.post("/api/v1/errors/service-report", None, json!({})).await.status, 422);
}
