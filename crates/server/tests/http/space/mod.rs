//! A space to test: started, founded, and stopped with the test.

mod clients;
pub mod event_stream;
pub mod file_writer;
pub mod form;
mod hub;
pub mod ledger;
pub mod openapi_check;
mod server;
mod until;

pub use clients::{Answer, Client};
pub use hub::HUB_PASSWORD;
pub use server::{Server, binary, in_memory, memory_space};
pub use until::until;

use std::path::Path;
use std::sync::OnceLock;

use serde_json::json;
use syft_space_fakehub::RunningHub;

/// Good enough a password for everybody in these tests.
pub const PASSWORD: &str = "seven owls dance under copper moons";

/// Where hubs are told that a space is reached.
pub const PUBLIC_URL: &str = "http://127.0.0.1:18090";

/// A space with a running server, and a hub beside it once somebody needs one. The space may call that.
pub struct TestSpace {
    server: Server,
    hub: OnceLock<RunningHub>,
}

impl TestSpace {
    /// A new space with no account.
    pub async fn start() -> Self {
        Self::with(&[]).await
    }

    /// A new space in which anybody may found a tenant.
    pub async fn open_to_all() -> Self {
        Self::with(&[("registration", "open")]).await
    }

    /// A new space with other settings.
    pub async fn with(settings: &[(&str, &str)]) -> Self {
        let given = |key: &str| settings.iter().any(|(given, _)| *given == key);
        let mut all = vec![("outbound_allow", "127.0.0.1"), ("public_url", PUBLIC_URL)];
        all.retain(|(key, _)| !given(key));
        all.extend(settings);
        Self::of(Server::start(&all).await)
    }

    /// The space of a server that a test has started in its own way.
    pub fn of(server: Server) -> Self {
        Self { server, hub: OnceLock::new() }
    }

    pub fn home(&self) -> &Path {
        self.server.home()
    }

    pub fn server(&mut self) -> &mut Server {
        &mut self.server
    }

    pub async fn revoke_keys(&self) {
        self.server.revoke_keys().await;
    }

    pub fn setup_token(&self) -> String {
        self.server.setup_token()
    }

    /// Somebody without a token.
    pub fn anybody(&self) -> Client {
        Client::new(self.server.base())
    }

    /// Founds the first tenant, and logs its owner in.
    pub async fn found(&self, tenant: &str) -> Client {
        let email = format!("owner@{tenant}.example");
        let body = json!({
            "email": email, "password": PASSWORD, "tenant_name": tenant, "setup_token": self.setup_token(),
        });
        self.anybody().post("/auth/register", &body).await.expect(201);
        self.log_in(&email, PASSWORD).await
    }

    /// Founds a further tenant where registration is open, and logs its owner in.
    pub async fn found_another(&self, tenant: &str) -> Client {
        let email = format!("owner@{tenant}.example");
        let body = json!({ "email": email, "password": PASSWORD, "tenant_name": tenant });
        self.anybody().post("/auth/register", &body).await.expect(201);
        self.log_in(&email, PASSWORD).await
    }

    /// Has somebody invited into the owner's tenant, accept, and log in.
    pub async fn member(&self, owner: &Client, email: &str, role: &str) -> Client {
        let invited = owner.post("/invitations", &json!({ "email": email, "role": role })).await.expect(201);
        let accepted = json!({ "token": invited.body["token"], "password": PASSWORD });
        self.anybody().post("/invitations/accept", &accepted).await.expect(201);
        let tenant = owner.get("/auth/me").await.expect(200).body["tenant_name"].as_str().unwrap().to_owned();
        self.log_in_to(email, PASSWORD, &tenant).await
    }

    pub async fn log_in(&self, email: &str, password: &str) -> Client {
        let body = json!({ "email": email, "password": password });
        let answer = self.anybody().post("/auth/login", &body).await.expect(200);
        self.anybody().with_token(answer.body["access_token"].as_str().unwrap())
    }

    pub async fn log_in_to(&self, email: &str, password: &str, tenant: &str) -> Client {
        let body = json!({ "email": email, "password": password, "tenant": tenant });
        let answer = self.anybody().post("/auth/login", &body).await.expect(200);
        self.anybody().with_token(answer.body["access_token"].as_str().unwrap())
    }
}

/// Makes a dataset that holds these texts, and answers its id.
pub async fn dataset_of(owner: &Client, name: &str, texts: &[(&str, &str)]) -> String {
    let made = owner.post("/datasets", &json!({ "name": name, "dtype": "embedded" })).await.expect(201);
    let id = made.body["id"].as_str().unwrap().to_owned();
    if !texts.is_empty() {
        put_texts(owner, &id, texts).await;
    }
    id
}

/// Puts documents into a dataset: pairs of id and text.
pub async fn put_texts(owner: &Client, dataset: &str, texts: &[(&str, &str)]) {
    let documents: Vec<_> =
        texts.iter().map(|(id, text)| json!({ "document_id": id, "content": text })).collect();
    let path = format!("/datasets/{dataset}/documents?wait=true");
    let answer = owner.post(&path, &json!({ "documents": documents })).await.expect(200);
    assert_eq!(answer.body["job"]["status"], "succeeded");
}

/// A space, and the owner of a tenant in it that has [`birds`].
pub async fn space_with_birds() -> (TestSpace, Client) {
    let space = TestSpace::open_to_all().await;
    let owner = space.found("acme").await;
    birds(&owner).await;
    (space, owner)
}

/// An endpoint on a dataset of one document.
pub async fn birds(owner: &Client) {
    let dataset = dataset_of(owner, "notes", &[("a", "Penguins swim.")]).await;
    endpoint_on(owner, &dataset, "birds").await;
}

/// Makes a published endpoint over a dataset, and answers its id.
pub async fn endpoint_on(owner: &Client, dataset: &str, slug: &str) -> String {
    let body = json!({
        "name": slug, "slug": slug, "dataset_id": dataset, "response_type": "raw", "published": true,
    });
    owner.post("/endpoints", &body).await.expect(201).body["id"].as_str().unwrap().to_owned()
}

/// Makes an access policy, attaches it to an endpoint as its only one, and answers its id.
pub async fn only_policy(owner: &Client, slug: &str, configuration: serde_json::Value) -> String {
    let body = json!({ "name": "access", "policy_type": "access", "configuration": configuration });
    let id = owner.post("/policies", &body).await.expect(201).body["id"].as_str().unwrap().to_owned();
    owner.put(&format!("/endpoints/{slug}/policies"), &json!({ "policy_ids": [id] })).await.expect(200);
    id
}
