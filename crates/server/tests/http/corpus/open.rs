//! What anybody sees without a token: health, the description, what is no route, registering, logging in, joining.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use syft_space::http::route_table::ROUTES;

use super::recorder::{Ask, Recorder};
use crate::space::{PASSWORD, TestSpace};

/// What is there for people who come with a browser, and for those who find a weakness.
pub const PAGES: [&str; 8] = [
    "//",
    "//.well-known/security.txt",
    "//choose-password",
    "//choose-password.js",
    "//docs",
    "//docs/start.js",
    "//docs/swagger-ui.js",
    "//docs/swagger-ui.css",
];

pub async fn play() -> Recorder {
    let space = TestSpace::start().await;
    let mut r = Recorder::new("open", &space);
    read(&mut r).await;
    paths(&mut r).await;
    register(&mut r, &space).await;
    log_in(&mut r).await;
    credentials(&mut r).await;
    join(&mut r).await;
    r.log("owner", "/audit").await;
    r
}

async fn read(r: &mut Recorder) {
    for path in ["//health/live", "//health/ready", "/health", "/openapi.json"].into_iter().chain(PAGES) {
        r.get("nobody", path).await;
        r.send(Ask::new("nobody", "HEAD", path)).await;
        r.get("nobody", &format!("{path}/")).await;
        r.get("nobody", &format!("{path}?x=1")).await;
        r.get("nobody", &format!("{path}?access_token=x")).await;
    }
}

async fn paths(r: &mut Recorder) {
    let nothing = format!("/receipts/00000000-0000-0000-0000-000000000000/1/{}", "00".repeat(32));
    r.get("nobody", &nothing).await;
    r.get("nobody", &format!("{nothing}?size=0")).await;
    for path in
        ["//index.html", "//api", "//api/v1", "/nothing", "/users/", "//api/v2/users", "//operator/v1/hubs"]
    {
        r.get("nobody", path).await;
        r.send(Ask::new("nobody", "HEAD", path)).await;
    }
    let all: BTreeSet<&str> = ROUTES.iter().map(|route| route.path).collect();
    for path in all {
        let path = path.replace("{slug}", "things").replace("{doc}", "doc").replace(['{', '}'], "");
        r.send(Ask::new("nobody", "OPTIONS", &format!("/{path}"))).await;
    }
}

async fn register(r: &mut Recorder, space: &TestSpace) {
    let right = space.setup_token();
    r.keep("setup token", &right);
    let body = |change: &dyn Fn(&mut Value)| {
        let mut body = json!({
            "email": "owner@acme.example", "password": PASSWORD, "tenant_name": "acme", "setup_token": "«setup token»",
        });
        change(&mut body);
        body
    };
    r.send(Ask::new("nobody", "POST", "/auth/register")).await;
    r.send(Ask::new("nobody", "POST", "/auth/register").header("content-type", "application/json")).await;
    for change in [
        |body: &mut Value| body["setup_token"] = json!("wrong"),
        |body: &mut Value| body["setup_token"] = json!(null),
        |body: &mut Value| body["password"] = json!("short"),
        |body: &mut Value| body["password"] = json!("passwordpassword"),
        |body: &mut Value| body["password"] = json!("owner@acme.example"),
        |body: &mut Value| body["email"] = json!("nobody"),
        |body: &mut Value| body["tenant_name"] = json!("No Slug"),
        |body: &mut Value| body["role"] = json!("owner"),
    ] {
        r.post("nobody", "/auth/register", body(&change)).await;
    }
    r.make("account of owner", "nobody", "/auth/register", body(&|_| {})).await;
    r.post("nobody", "/auth/register", body(&|_| {})).await;
    let other = body(&|body| body["tenant_name"] = json!("globex"));
    r.post("nobody", "/auth/register", other).await;
}

async fn log_in(r: &mut Recorder) {
    for (email, password) in [
        ("nobody@acme.example", PASSWORD),
        ("owner@acme.example", "seven owls dance under silver moons"),
        ("owner@acme.example", ""),
        ("owner", PASSWORD),
    ] {
        r.post("nobody", "/auth/login", json!({ "email": email, "password": password })).await;
    }
    for tenant in ["globex", "Not A Slug"] {
        let body = json!({ "email": "owner@acme.example", "password": PASSWORD, "tenant": tenant });
        r.post("nobody", "/auth/login", body).await;
    }
    r.log_in("owner", "Owner@ACME.example").await;
    r.log_in_with("owner", json!({ "email": "owner@acme.example", "password": PASSWORD, "tenant": "acme" }))
        .await;
    r.get("owner", "/auth/me").await;
    r.send(Ask::new("owner", "HEAD", "/auth/me")).await;
    r.get("owner", "/auth/me?x=1").await;
}

async fn credentials(r: &mut Recorder) {
    let me = || Ask::new("nobody", "GET", "/auth/me");
    r.send(me()).await;
    for value in
        ["Basic b3duZXI6", "Bearer", "Bearer x", "bearer «token of owner»", "Bearer «token of owner» x", "x"]
    {
        r.send(me().header("authorization", value)).await;
    }
    let twice = me().header("authorization", "Bearer «token of owner»");
    r.send(twice.header("authorization", "Bearer «token of owner»")).await;
    r.send(Ask::new("owner", "GET", "/auth/me?access_token=x")).await;
    r.send(Ask::new("owner", "GET", "/auth/me").header("x-tenant-name", "globex")).await;
    r.send(Ask::new("owner", "GET", "/auth/me").header("x-request-id", "mine")).await;
    r.send(Ask::new("owner", "GET", "/auth/me").header("x-forwarded-for", "192.0.2.1")).await;
    r.send(Ask::new("owner", "GET", "/auth/me").header("operator-tenant", "globex")).await;
}

async fn join(r: &mut Recorder) {
    let accept = |token: &str, password: &str| json!({ "token": token, "password": password });
    r.post("nobody", "/invitations/accept", accept("no such token", PASSWORD)).await;
    let invited =
        r.post("owner", "/invitations", json!({ "email": "anna@acme.example", "role": "user" })).await;
    r.keep("invitation", invited.text("/id"));
    r.keep("invitation token", invited.text("/token"));
    r.post("nobody", "/invitations/accept", accept("«invitation token»", "short")).await;
    r.post("nobody", "/invitations/accept", accept("«invitation token»", "passwordpassword")).await;
    r.make("account of anna", "nobody", "/invitations/accept", accept("«invitation token»", PASSWORD)).await;
    r.post("nobody", "/invitations/accept", accept("«invitation token»", PASSWORD)).await;
    // Who is a member is not invited again; who was gets another account.
    r.post("owner", "/invitations", json!({ "email": "anna@acme.example", "role": "admin" })).await;
    r.delete("owner", "/users/«account of anna»").await;
    let again =
        r.post("owner", "/invitations", json!({ "email": "anna@acme.example", "role": "admin" })).await;
    r.keep("another invitation", again.text("/id"));
    r.keep("another invitation token", again.text("/token"));
    let accepted = accept("«another invitation token»", PASSWORD);
    r.make("account of anna again", "nobody", "/invitations/accept", accepted.clone()).await;
    r.post("nobody", "/invitations/accept", accepted).await;
    r.log_in("anna", "anna@acme.example").await;
    r.get("anna", "/auth/me").await;
}
