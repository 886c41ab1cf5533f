//! A space to which any route can be asked.

use serde_json::{Value, json};
use syft_space::http::route_table::{Guard, Route};

use crate::approving::asked;
use crate::receipts::proof_of_answer;
use crate::space::{Client, TestSpace, dataset_of, endpoint_on, only_policy};

/// A space with one of everything, and where each route finds it.
pub(super) struct FilledSpace {
    space: TestSpace,
    pub(super) owner: Client,
    pub(super) things: Vec<(&'static str, String)>,
}

impl FilledSpace {
    pub(super) async fn new() -> Self {
        let space = TestSpace::start().await;
        let owner = space.found("acme").await;
        let dataset = dataset_of(&owner, "notes", &[("doc", "Penguins swim.")]).await;
        endpoint_on(&owner, &dataset, "birds").await;
        let job = owner.get(&format!("/datasets/{dataset}/jobs")).await.body["items"][0]["id"].clone();
        let invited = json!({ "email": "x@y.example", "role": "user" });
        let invited = owner.post("/invitations", &invited).await.expect(201).body["id"].clone();
        let policy = json!({
            "name": "p", "policy_type": "access", "configuration": { "mode": "allow", "patterns": ["*"] },
        });
        let policy = owner.post("/policies", &policy).await.expect(201).body["id"].clone();
        let marketplace = space.marketplace(&owner, "market").await;
        only_policy(&owner, "birds", json!({ "mode": "allow", "patterns": ["*"] })).await;
        let listing = json!({ "marketplace_id": marketplace });
        let listing = owner.post("/endpoints/birds/listings", &listing).await.expect(201).body["id"].clone();
        let anna = space.member(&owner, "anna@acme.example", "user").await;
        let member = anna.get("/auth/me").await.body["id"].clone();
        let waiting = asked(&owner, &anna, &dataset).await;
        let session = owner.get("/auth/sessions").await.expect(200).body["items"][0]["id"].clone();
        let key = json!({ "name": "nightly", "scopes": ["read_metadata"] });
        let key = owner.post("/api-keys", &key).await.expect(201).body["id"].clone();
        owner.post("/groups", &json!({ "name": "partners" })).await.expect(201);
        let hold = json!({ "reason": "a trial" });
        let hold = owner.post("/retention/holds", &hold).await.expect(201).body["id"].clone();
        let receipt = proof_of_answer(&owner, "birds").await;
        let text = |value: Value| value.as_str().unwrap().to_owned();
        let things = vec![
            ("/api/v1/auth/sessions/{id}", text(session)),
            ("/api/v1/users/{id}", text(member)),
            ("/api/v1/invitations/{id}", text(invited)),
            ("/api/v1/api-keys/{id}", text(key)),
            ("/api/v1/approvals/{id}", waiting),
            ("/api/v1/retention/holds/{id}", text(hold)),
            ("/api/v1/datasets/{id}", dataset),
            ("/api/v1/policies/{id}", text(policy)),
            ("/api/v1/marketplaces/{id}", marketplace),
            ("/receipts/{log}/{seq}/{leaf}", receipt),
            ("/erasures/{id}", "0190d3a1-7c1e-7b7a-9c3e-2f6f3f1f0a11".to_owned()),
            (
                "/certificates/{log}/{id}",
                "/certificates/{log}/0190d3a1-7c1e-7b7a-9c3e-2f6f3f1f0a11".to_owned(),
            ),
            ("{log}", "0190d3a1-7c1e-7b7a-9c3e-2f6f3f1f0a11".to_owned()),
            ("{token}", "00".repeat(32)),
            ("{revision}", "1".to_owned()),
            ("{job}", text(job)),
            ("{doc}", "doc".to_owned()),
            ("{slug}", "birds".to_owned()),
            ("{name}", "partners".to_owned()),
            ("{address}", "ada@partner.example".to_owned()),
            ("{tenant}", "acme".to_owned()),
            ("{provider}", "work".to_owned()),
            ("{listing}", text(listing)),
        ];
        Self { space, owner, things }
    }

    pub(super) fn request(&self, route: &Route, query: &str) -> reqwest::RequestBuilder {
        let mut path = route.path.to_owned();
        for (place, thing) in &self.things {
            let thing = if thing.starts_with('/') {
                thing.clone()
            } else {
                format!("{}{thing}", &place[..place.rfind('{').unwrap()])
            };
            path = path.replace(place, &thing);
        }
        assert!(!path.contains('{'), "nothing stands for a parameter of {path}");
        let client = if matches!(route.guard, Guard::Open) { &self.space.anybody() } else { &self.owner };
        client.request(&route.method.to_string(), &format!("/{path}{query}"))
    }
}
