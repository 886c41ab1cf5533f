//! The hub beside a space: accounts on it, and marketplaces made of them.

use serde_json::{Value, json};
use syft_space_fakehub::{FakeHub, HubOptions, RunningHub};

use crate::space::{Client, TestSpace};

/// Good enough a password for everybody on the hub.
pub const HUB_PASSWORD: &str = "copper moons 7";

impl TestSpace {
    /// The hub, which runs from now on.
    pub fn hub(&self) -> &RunningHub {
        self.hub.get_or_init(|| FakeHub::start(HubOptions::new().unwrap()).unwrap())
    }

    /// The hub, to be stopped or started.
    pub fn hub_mut(&mut self) -> &mut RunningHub {
        self.hub();
        self.hub.get_mut().unwrap()
    }

    /// A new account on the hub, as it is registered under a name.
    pub fn hub_account(&self, name: &str) -> Value {
        let username = format!("user-{}", number());
        self.hub_account_of(&username, name)
    }

    /// A new account on the hub of this user name, as it is registered under a name.
    pub fn hub_account_of(&self, username: &str, name: &str) -> Value {
        let hub = self.hub();
        hub.add_user(username, &format!("{username}@hub.example"), HUB_PASSWORD).unwrap();
        json!({
            "name": name, "url": hub.url(), "issuer": HubOptions::DEFAULT_ISSUER,
            "credential": { "type": "pat", "token": hub.create_pat(username).unwrap() },
        })
    }

    /// Has the operator trust a hub.
    pub async fn trust(&self, issuer: &str, url: &str) {
        self.server.trust(issuer, url).await;
    }

    /// Has the operator trust the hub.
    pub async fn trust_hub(&self) {
        self.trust(HubOptions::DEFAULT_ISSUER, &self.hub().url()).await;
    }

    /// Registers a new account on the hub, and answers the marketplace's id. Where registration is open the operator
    /// trusts the hub first.
    pub async fn marketplace(&self, owner: &Client, name: &str) -> String {
        let account = self.hub_account(name);
        let mut made = owner.post("/marketplaces", &account).await;
        if made.status == 403 {
            made.expect_problem(403, "hub_not_trusted");
            self.trust_hub().await;
            made = owner.post("/marketplaces", &account).await;
        }
        made.expect(201).body["id"].as_str().unwrap().to_owned()
    }
}

/// A number that no other user name of this run has.
fn number() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT_NUMBER: AtomicU64 = AtomicU64::new(1);
    NEXT_NUMBER.fetch_add(1, Ordering::Relaxed)
}
