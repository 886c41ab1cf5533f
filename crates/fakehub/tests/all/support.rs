//! A hub with three users, and an HTTP client.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::header::HeaderMap;
use reqwest::redirect::Policy;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use syft_space_fakehub::{FakeHub, HubClock, HubOptions, RunningHub};

pub(crate) const NOW: i64 = 1_795_465_540;
pub(crate) const PASSWORD: &str = "copper moon 7";

/// A response: status, headers, text, and the JSON body or null.
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
    pub(crate) text: String,
}

pub(crate) struct World {
    pub(crate) hub: RunningHub,
    pub(crate) clock: HubClock,
    client: Client,
}

impl World {
    /// A hub of today with a fixed clock, and the users `spaceowner`, `alice` and `bob`.
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut HubOptions)) -> Self {
        let clock = HubClock::at(NOW);
        let mut options = HubOptions { clock: clock.clone(), ..HubOptions::new().unwrap() };
        change(&mut options);
        let hub = FakeHub::start(options).unwrap();
        for (name, email) in
            [("spaceowner", "owner@example.org"), ("alice", "alice@example.com"), ("bob", "bob@example.com")]
        {
            hub.add_user(name, email, PASSWORD).unwrap();
        }
        // One connection per request: a pooled one would end, instead of being refused, when the hub goes down.
        let client = Client::builder().redirect(Policy::none()).pool_max_idle_per_host(0).build().unwrap();
        Self { hub, clock, client }
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&str>,
    ) -> reqwest::Result<Response> {
        let mut request = self.client.request(method, format!("{}{path}", self.hub.url()));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.body(body.to_owned());
        }
        let answer = request.send().await?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let text = answer.text().await?;
        Ok(Response { status, headers, body: serde_json::from_str(&text).unwrap_or_default(), text })
    }

    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        bearer: Option<&str>,
        body: Option<Value>,
    ) -> Response {
        let authorization = bearer.map(|token| format!("Bearer {token}"));
        let mut headers: Vec<(&str, &str)> = Vec::new();
        headers.extend(authorization.as_deref().map(|value| ("authorization", value)));
        headers.extend(body.as_ref().map(|_| ("content-type", "application/json")));
        let body = body.map(|body| body.to_string());
        self.send(method, path, &headers, body.as_deref()).await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str, bearer: Option<&str>) -> Response {
        self.call(Method::GET, path, bearer, None).await
    }

    pub(crate) async fn post(&self, path: &str, bearer: Option<&str>, body: Value) -> Response {
        self.call(Method::POST, path, bearer, Some(body)).await
    }

    pub(crate) async fn login(&self, name: &str, password: &str) -> Response {
        let form = format!("username={name}&password={}", password.replace(' ', "+"));
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        self.send(Method::POST, "/api/v1/auth/login", &headers, Some(&form)).await.unwrap()
    }

    pub(crate) async fn session(&self, name: &str) -> String {
        let answer = self.login(name, PASSWORD).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.body["access_token"].as_str().unwrap().to_owned()
    }

    pub(crate) fn pat(&self, name: &str) -> String {
        self.hub.create_pat(name).unwrap()
    }
}

/// The header and claims of a token, unverified.
pub(crate) fn parts(token: &str) -> (Value, Value) {
    let read = |part: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
    let parts: Vec<&str> = token.split('.').collect();
    (read(parts[0]), read(parts[1]))
}

/// The body of a valid endpoint.
pub(crate) fn endpoint(slug: &str) -> Value {
    json!({
        "name": "Space docs", "slug": slug, "type": "data_source", "visibility": "public",
        "policies": [{"type": "access", "description": "our own people"}],
        "connect": [{"type": "rest_api", "config": {"url": "", "tenant_name": "acme"}}],
    })
}
