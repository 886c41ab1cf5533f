//! The space under attack: what there is in it, and how its routes are called rightly.

use serde_json::{Value, json};
use syft_space::http::route_table::{Guard, Method, Route};

use crate::matrix::{Fixture, body};
use crate::space::{Client, PASSWORD, TestSpace};

/// A space with something of every kind in it.
pub struct World {
    pub things: Fixture,
    pub owner: Client,
    /// The token of an invitation that nobody has accepted.
    pub invitation: String,
    /// The token of a reset that nobody has used.
    reset: String,
    space: TestSpace,
}

impl World {
    pub async fn make() -> Self {
        Self::with(&[]).await
    }

    pub async fn with(settings: &[(&str, &str)]) -> Self {
        // What is there by a setting alone is there.
        let contact = [("security_contact", "mailto:security@acme.example")];
        let space = TestSpace::with(&[&contact, settings].concat()).await;
        let owner = space.found("acme").await;
        let things = Fixture::make(&space, &owner).await;
        let invited = json!({ "email": "guest@acme.example", "role": "user" });
        let invited = owner.post("/invitations", &invited).await.expect(201);
        let invitation = invited.body["token"].as_str().unwrap().to_owned();
        let forgetful = space.member(&owner, "forgetful@acme.example", "user").await;
        let id = forgetful.get("/auth/me").await.expect(200).body["id"].as_str().unwrap().to_owned();
        let reset = owner.send(owner.request("POST", &format!("/users/{id}/reset"))).await.expect(201);
        let reset = reset.body["token"].as_str().unwrap().to_owned();
        Self { things, owner, invitation, reset, space }
    }

    /// Where it listens.
    pub fn address(&self) -> &str {
        self.owner.root().trim_start_matches("http://")
    }

    /// A request that the route takes, as its owner would send it.
    pub fn request(&self, route: &Route) -> Request {
        let mut request = Request {
            method: route.method.to_string(),
            target: self.things.path(route),
            headers: vec![("host".to_owned(), b"space.example".to_vec())],
            body: self.body(route).map(|body| body.to_string().into_bytes()),
        };
        if let Guard::Member(_) = route.guard {
            request = request.header("authorization", format!("Bearer {}", self.owner.token()));
        }
        if request.body.is_some() {
            request = request.header("content-type", "application/json");
        }
        request
    }

    /// A body that the route takes.
    pub fn body(&self, route: &Route) -> Option<Value> {
        let mut body = body(route, &self.things, 1)?;
        match (route.method, route.path) {
            (Method::Post, "/api/v1/auth/register") => body["setup_token"] = Value::Null,
            (Method::Post, "/api/v1/auth/login") => body["email"] = json!("owner@acme.example"),
            // The owner's token is needed to the end, so what is good otherwise is refused at last.
            (Method::Put, "/api/v1/auth/password") => body["new_password"] = json!("passwordpassword"),
            (Method::Post, "/api/v1/auth/reset") => {
                body["token"] = json!(self.reset);
                body["new_password"] = json!("passwordpassword");
            }
            (Method::Patch, "/api/v1/marketplaces/{id}") => {
                body["credential"] = json!({ "type": "pat", "token": "another" });
            }
            (Method::Post, "/api/v1/invitations/accept") => body["token"] = json!(self.invitation),
            _ => {}
        }
        Some(body)
    }

    /// Everything that the tenant's owner can read, but for the log and for times of reading.
    pub async fn held(&self) -> Vec<Value> {
        let Fixture { dataset, document, slug, policy, group, .. } = &self.things;
        let mut held = Vec::new();
        for path in
            ["/users", "/invitations", "/datasets", "/endpoints", "/policies", "/groups", "/marketplaces"]
        {
            held.push(self.owner.get(&format!("{path}?limit=100")).await.expect(200).body);
        }
        for path in [
            format!("/datasets/{dataset}/documents"),
            format!("/datasets/{dataset}/documents/{document}"),
            format!("/datasets/{dataset}/jobs"),
            format!("/endpoints/{slug}"),
            format!("/policies/{policy}"),
            format!("/groups/{group}/members"),
        ] {
            held.push(self.owner.get(&path).await.expect(200).body);
        }
        held
    }

    /// The main job goes on: a person logs in, and is answered.
    pub async fn still_serves(&self) {
        self.owner.get("//health/ready").await.expect(200);
        let owner = self.space.log_in("owner@acme.example", PASSWORD).await;
        let answer = owner.ask(&self.things.slug, "thing").await.expect(200);
        assert_eq!(answer.body["references"]["documents"][0]["document_id"], "doc");
        // The invitation that was attacked is as good as ever.
        let accepted = json!({ "token": self.invitation, "password": PASSWORD });
        self.space.anybody().post("/invitations/accept", &accepted).await.expect(201);
    }
}

/// A request before it is bytes.
#[derive(Clone)]
pub struct Request {
    pub method: String,
    pub target: String,
    pub headers: Vec<(String, Vec<u8>)>,
    pub body: Option<Vec<u8>>,
}

impl Request {
    /// With one more header.
    pub fn header(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Without a header.
    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self
    }

    pub fn method(mut self, method: &str) -> Self {
        method.clone_into(&mut self.method);
        self
    }

    pub fn target(mut self, target: impl Into<String>) -> Self {
        self.target = target.into();
        self
    }

    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// The head, up to and with its last header, and no empty line.
    pub fn head(&self, version: &str) -> Vec<u8> {
        let mut bytes = format!("{} {} {version}\r\n", self.method, self.target).into_bytes();
        for (name, value) in &self.headers {
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes
    }

    /// The whole request; the connection is closed behind it.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.head("HTTP/1.1");
        bytes.extend_from_slice(b"connection: close\r\n");
        if let Some(body) = &self.body {
            bytes.extend_from_slice(format!("content-length: {}\r\n\r\n", body.len()).as_bytes());
            bytes.extend_from_slice(body);
        } else {
            bytes.extend_from_slice(b"\r\n");
        }
        bytes
    }
}
