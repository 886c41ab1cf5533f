//! What anybody sees of signing in at an identity provider that cannot be asked, and the operator of which ones there are.

use serde_json::{Value, json};

use super::recorder::{Ask, Recorder};
use crate::space::{PASSWORD, TestSpace};

/// Nobody listens there.
const ISSUER: &str = "http://127.0.0.1:1";

pub async fn play() -> Recorder {
    let space = TestSpace::start().await;
    let mut r = Recorder::new("sign_in", &space);
    let founding = json!({ "email": "owner@acme.example", "password": PASSWORD, "tenant_name": "acme" });
    r.make("account of owner", "operator", "//operator/v1/tenants", founding).await;
    r.log_in("owner", "owner@acme.example").await;
    configure(&mut r).await;
    sign_in(&mut r).await;
    r.send(Ask::new("operator", "DELETE", "//operator/v1/tenants/acme/oidc/work")).await;
    r.send(Ask::new("operator", "DELETE", "//operator/v1/tenants/acme/oidc/work")).await;
    r.log("owner", "/audit").await;
    r
}

async fn configure(r: &mut Recorder) {
    let of_acme = "//operator/v1/tenants/acme/oidc";
    let provider = |change: &dyn Fn(&mut Value)| {
        let mut body = json!({
            "name": "work", "issuer": ISSUER, "client_id": "space", "client_secret": "not told",
            "allowed_domains": ["Example.ORG"],
            "groups": { "claim": "groups", "roles": [{ "group": "staff", "role": "user" }] },
        });
        change(&mut body);
        body
    };
    for change in [
        |body: &mut Value| body["name"] = json!("No Slug"),
        |body: &mut Value| body["issuer"] = json!("id.example.org"),
        |body: &mut Value| body["client_id"] = json!(""),
        |body: &mut Value| body["client_secret"] = json!(""),
        |body: &mut Value| body["allowed_domains"] = json!(["*.example.org"]),
        |body: &mut Value| body["groups"]["roles"][0]["role"] = json!("god"),
        |body: &mut Value| body["groups"]["more"] = json!(1),
        |body: &mut Value| body["allowed_domains"] = json!(vec!["example.org"; 33]),
    ] {
        r.post("operator", of_acme, provider(&change)).await;
    }
    r.make("provider", "operator", of_acme, provider(&|_| {})).await;
    r.post("operator", of_acme, provider(&|_| {})).await;
    r.post("operator", of_acme, provider(&|body| body["name"] = json!("other"))).await;
    r.get("operator", of_acme).await;
    for path in ["//operator/v1/tenants/nobody/oidc", "//operator/v1/tenants/No%20Slug/oidc"] {
        r.get("operator", path).await;
    }
}

async fn sign_in(r: &mut Recorder) {
    for place in ["acme/work", "acme/other", "nobody/work", "No%20Slug/work"] {
        let place = format!("/auth/oidc/{place}");
        r.get("nobody", &format!("{place}/start")).await;
        r.get("nobody", &format!("{place}/callback?code=a&state=b&session_state=c")).await;
        r.get("nobody", &format!("{place}/callback")).await;
        let logout = Ask::new("nobody", "POST", &format!("{place}/backchannel-logout"));
        let form = logout.header("content-type", "application/x-www-form-urlencoded");
        r.send(form.body("logout_token=a.b.c")).await;
    }
    let place = "/auth/oidc/acme/work";
    r.get("nobody", &format!("{place}/start?x=1")).await;
    r.get("nobody", &format!("{place}/callback?error=access_denied&state=b&state=c")).await;
    r.post("nobody", &format!("{place}/backchannel-logout"), json!({ "logout_token": "a.b.c" })).await;
}
