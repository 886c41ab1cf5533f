//! The secrets of signing in at an identity provider.

use serde_json::{Value, json};
use syft_space::startup::control::SocketPath;

use super::Run;
use crate::oidc::provider::{CLIENT_ID, Provider, SECRET};
use crate::space::{Client, Server};

/// Signs in at an identity provider, and comes back from one with what is none of it.
pub(super) async fn live(run: &mut Run, server: &Server, nobody: &Client) {
    let provider = Provider::start();
    let secret = run.plant("a client secret", &[], SECRET);
    let body = json!({
        "name": "work", "issuer": provider.issuer(), "client_id": CLIENT_ID, "client_secret": secret,
        "allowed_domains": ["allowed.example"],
    });
    let socket = SocketPath::control(server.home()).unwrap();
    let operator = reqwest::Client::builder().unix_socket(socket.path()).no_proxy().build().unwrap();
    let added = operator.post("http://space/operator/v1/tenants/acme/oidc").json(&body).send().await.unwrap();
    run.says("answers/oidc", added.text().await.unwrap().as_bytes());

    let browser = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    let browser = browser.build().unwrap();
    let path = format!("{}/api/v1/auth/oidc/acme/work", nobody.root());
    let started = browser.get(format!("{path}/start")).send().await.unwrap();
    let header = |name: &str| started.headers()[name].to_str().unwrap().to_owned();
    let (cookie, url) = (header("set-cookie"), header("location"));
    let cookie = cookie.split(';').next().unwrap().to_owned();
    run.plant("what a browser keeps", &[], cookie.split_once('=').unwrap().1);
    let back =
        provider.authorize(&url, json!({ "sub": "c", "email": "c@allowed.example", "email_verified": true }));
    let state = back.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    run.plant("the state of a sign-in", &[], &state);
    let wrong = run.plant("a wrong code", &[], "code-wrong-Zq4wXe7r");
    run.refused(&nobody.get(&format!("/auth/oidc/acme/work/callback?code={wrong}&state={state}")).await);
    let signed_in = browser.get(format!("{path}/callback?{}", back.query().unwrap()));
    let signed_in: Value = signed_in.header("cookie", cookie).send().await.unwrap().json().await.unwrap();
    run.plant("a token of a sign-in", &[], signed_in["access_token"].as_str().unwrap());
    run.plant("a refresh token of a sign-in", &[], signed_in["refresh_token"].as_str().unwrap());
    let wrong = run.plant("a wrong logout token", &[], "logout-wrong-Pk3jHg6f");
    let form = nobody.request("POST", "/auth/oidc/acme/work/backchannel-logout");
    let form = form.header("content-type", "application/x-www-form-urlencoded");
    run.refused(&nobody.send(form.body(format!("logout_token={wrong}"))).await);
}
