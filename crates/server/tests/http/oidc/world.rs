//! A space with a tenant that believes an identity provider, and browsers that sign in there.

use reqwest::Url;
use serde_json::{Value, json};
use syft_space::startup::control::SocketPath;

use crate::oidc::provider::{CLIENT_ID, Provider, SECRET};
use crate::space::{Answer, Client, TestSpace};

pub struct World {
    pub space: TestSpace,
    pub owner: Client,
    pub provider: Provider,
}

/// A browser that was sent to a provider: what it keeps, and where it was sent.
pub struct Started {
    pub cookie: String,
    pub url: String,
}

impl World {
    /// The tenant `acme` believes a provider, which lets in `allowed.example`, with these groups.
    pub async fn new(groups: Value) -> Self {
        Self::with(&[], groups).await
    }

    pub async fn with(settings: &[(&str, &str)], groups: Value) -> Self {
        let space = TestSpace::with(settings).await;
        let owner = space.found("acme").await;
        let world = Self { space, owner, provider: Provider::start() };
        let body = world.body("work", &groups);
        world.operate("POST", "/operator/v1/tenants/acme/oidc", &body).await.expect(201);
        world
    }

    pub fn body(&self, name: &str, groups: &Value) -> Value {
        json!({
            "name": name, "issuer": self.provider.issuer(), "client_id": CLIENT_ID, "client_secret": SECRET,
            "allowed_domains": ["Allowed.Example"], "groups": groups,
        })
    }

    /// What the operator does over the control socket.
    pub async fn operate(&self, method: &str, path: &str, body: &Value) -> Answer {
        let socket = SocketPath::control(self.space.home()).unwrap();
        let http = reqwest::Client::builder().unix_socket(socket.path()).no_proxy().build().unwrap();
        let verb = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let request = http.request(verb, format!("http://space{path}"));
        let request = if body.is_null() { request } else { request.json(body) };
        let response = request.send().await.unwrap();
        Answer::read(format!("{method} {path}"), response).await.unwrap()
    }

    /// Starts to sign in, in a new browser.
    pub async fn start(&self) -> Started {
        self.start_at("acme", "work").await
    }

    pub async fn start_at(&self, tenant: &str, provider: &str) -> Started {
        let answer = self.get(&format!("/auth/oidc/{tenant}/{provider}/start"), None).await.expect(303);
        let cookie = answer.header("set-cookie").to_owned();
        for part in [
            "__Host-syft-space-sign-in=",
            "; Path=/",
            "; Secure",
            "; HttpOnly",
            "; SameSite=Lax",
            "; Max-Age=600",
        ] {
            assert!(cookie.contains(part), "{cookie}");
        }
        assert_eq!(answer.header("cache-control"), "no-store");
        let cookie = cookie.split(';').next().unwrap().to_owned();
        Started { cookie, url: answer.header("location").to_owned() }
    }

    /// A request of a browser, which follows no redirect.
    pub async fn get(&self, path: &str, cookie: Option<&str>) -> Answer {
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        let root = self.space.anybody().root().to_owned();
        let request = http.build().unwrap().get(format!("{root}/api/v1{path}"));
        let request = match cookie {
            Some(cookie) => request.header("cookie", cookie),
            None => request,
        };
        let asked = format!("/api/v1{}", path.split('?').next().unwrap_or_default());
        Answer::of("GET", &asked, request.send().await.unwrap()).await
    }

    /// Brings a browser back from the provider.
    pub async fn finish(&self, started: &Started, back: &Url) -> Answer {
        self.come_back(Some(&started.cookie), back).await
    }

    pub async fn come_back(&self, cookie: Option<&str>, back: &Url) -> Answer {
        let path = back.path().strip_prefix("/api/v1").unwrap();
        self.get(&format!("{path}?{}", back.query().unwrap()), cookie).await
    }

    /// Signs somebody in, from the start to the end.
    pub async fn sign_in(&self, claims: Value) -> Answer {
        let started = self.start().await;
        let back = self.provider.authorize(&started.url, claims);
        self.finish(&started, &back).await
    }

    /// Whoever a sign-in let in.
    pub fn client(&self, signed_in: &Answer) -> Client {
        self.space.anybody().with_token(signed_in.body["access_token"].as_str().unwrap())
    }

    pub async fn invite(&self, email: &str, role: &str) {
        let body = json!({ "email": email, "role": role });
        self.owner.post("/invitations", &body).await.expect(201);
    }

    /// The reasons of the tenant's events of an action, the newest first.
    pub async fn reasons(&self, action: &str) -> Vec<String> {
        let events = self.owner.audit(&format!("&action={action}")).await;
        events.iter().map(|event| event["reason_code"].as_str().unwrap_or("-").to_owned()).collect()
    }
}

/// Somebody as the provider tells of them.
pub fn person(sub: &str, email: &str) -> Value {
    json!({ "sub": sub, "email": email, "email_verified": true })
}

/// The same, in these groups.
pub fn member_of(sub: &str, email: &str, groups: &[&str]) -> Value {
    json!({ "sub": sub, "email": email, "email_verified": true, "groups": groups })
}
