//! A space on a marketplace: a fake hub, and a tenant with an account there.

use serde_json::{Value, json};
use syft_space_fakehub::{FakeHub, HubOptions, RunningHub};

use crate::space::{Client, TestSpace, dataset_of, endpoint_on, only_policy};

/// A space whose tenant `acme` is `spaceowner` on a hub, with the endpoint `space-docs`.
pub struct MarketplaceFixture {
    pub space: TestSpace,
    pub owner: Client,
    pub hub: RunningHub,
    pub marketplace: String,
}

/// A hub on which `alice`, `bob` and `spaceowner` have accounts.
pub fn hub() -> RunningHub {
    hub_with(HubOptions::new().unwrap())
}

pub fn hub_with(options: HubOptions) -> RunningHub {
    let hub = FakeHub::start(options).unwrap();
    for name in ["spaceowner", "alice", "bob"] {
        hub.add_user(name, &format!("{name}@example.com"), "copper moon 7").unwrap();
    }
    hub
}

/// Registers a tenant's account on a hub, and answers the marketplace's id.
pub async fn register(owner: &Client, hub: &RunningHub, issuer: &str, account: &str, name: &str) -> String {
    let body = registration(hub, issuer, account, name);
    owner.post("/marketplaces", &body).await.expect(201).body["id"].as_str().unwrap().to_owned()
}

/// The body that registers an account on a hub.
pub fn registration(hub: &RunningHub, issuer: &str, account: &str, name: &str) -> Value {
    let credential = json!({ "type": "pat", "token": hub.create_pat(account).unwrap() });
    json!({ "name": name, "url": hub.url(), "issuer": issuer, "credential": credential })
}

impl MarketplaceFixture {
    pub async fn start() -> Self {
        Self::with(hub()).await
    }

    pub async fn with(hub: RunningHub) -> Self {
        let space = TestSpace::start().await;
        let owner = space.found("acme").await;
        let marketplace = register(&owner, &hub, HubOptions::DEFAULT_ISSUER, "spaceowner", "syfthub").await;
        let texts = [("kilimanjaro", "Kilimanjaro is 5895 metres high.")];
        let dataset = dataset_of(&owner, "mountains", &texts).await;
        endpoint_on(&owner, &dataset, "space-docs").await;
        Self { space, owner, hub, marketplace }
    }

    /// Attaches an access policy to the endpoint, as its only one.
    pub async fn policy(&self, configuration: Value) {
        only_policy(&self.owner, "space-docs", configuration).await;
    }

    /// Allows these patterns, and nobody else.
    pub async fn allow(&self, patterns: &[&str]) {
        self.policy(json!({ "mode": "allow", "patterns": patterns })).await;
    }

    /// A user of the hub, with a fresh token for `acme`.
    pub fn user(&self, name: &str) -> Client {
        self.bearer(&self.hub.mint_token(name, "spaceowner").unwrap())
    }

    pub fn guest(&self) -> Client {
        self.bearer(&self.hub.mint_guest_token("spaceowner").unwrap())
    }

    pub fn bearer(&self, token: &str) -> Client {
        self.space.anybody().with_token(token)
    }
}
