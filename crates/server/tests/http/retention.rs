//! How long what nobody removes is kept, and legal holds, over HTTP. That it goes when its term ends is told by stories over the
//! domain, where the clock can be moved, and by the conformance suite of the stores.

use serde_json::{Value, json};

use crate::space::{Client, TestSpace, in_memory};

async fn told(owner: &Client) -> Value {
    owner.get("/retention").await.expect(200).body
}

async fn hold(owner: &Client, reason: &str) -> String {
    let made = owner.post("/retention/holds", &json!({ "reason": reason })).await.expect(201);
    made.body["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn g4_terms_and_holds_are_told_set_within_bounds_recorded_and_outlive_a_kill() {
    let mut space = TestSpace::start().await;
    let mut owner = space.found("acme").await;
    let first = json!({ "terms": { "log_personal_data": 365, "policy_revisions": 1_095 }, "holds": [], "overdue": [] });
    assert_eq!(told(&owner).await, first);
    for (kind, days) in [("log_personal_data", 6), ("log_personal_data", 3_651), ("policy_revisions", 29)] {
        let refused = owner.patch("/retention", &json!({ kind: days })).await.expect_problem(422, "invalid");
        assert!(refused.text.contains(&format!("/{kind}")), "{}", refused.text);
    }
    assert_eq!(told(&owner).await, first);
    let changed = owner.patch("/retention", &json!({ "log_personal_data": 30 })).await.expect(200);
    assert_eq!(changed.body, json!({ "log_personal_data": 30, "policy_revisions": 1_095 }));
    let id = hold(&owner, "a trial").await;
    owner.post("/retention/holds", &json!({ "reason": " " })).await.expect_problem(422, "invalid");
    if !in_memory() {
        space.server().kill();
        space.server().run_again().await;
        owner = space.anybody().with_token(owner.token());
    }
    let now = told(&owner).await;
    assert_eq!(
        (&now["terms"]["log_personal_data"], &now["holds"][0]["reason"]),
        (&json!(30), &json!("a trial"))
    );
    assert_eq!(now["holds"][0]["made_by"], owner.get("/auth/me").await.expect(200).body["id"]);
    owner.post("/retention/sweep", &json!({ "dry_run": false })).await.expect_problem(409, "conflict");
    let look = owner.post("/retention/sweep", &json!({ "dry_run": true })).await.expect(200);
    assert_eq!(look.body, json!({ "dry_run": true, "kinds": [] }));
    owner.delete(&format!("/retention/holds/{id}")).await.expect(204);
    owner.delete(&format!("/retention/holds/{id}")).await.expect_problem(404, "not_found");
    let swept = owner.post("/retention/sweep", &json!({ "dry_run": false })).await.expect(200);
    assert_eq!(swept.body, json!({ "dry_run": false, "kinds": [] }));
    let log = owner.audit("").await;
    let reasons: Vec<_> = log.iter().filter_map(|event| event["reason_code"].as_str()).collect();
    let told = ["personal_data_erased_0", "removed", "created", "log_personal_data_30_days"];
    assert!(reasons.starts_with(&told), "{reasons:?}");
}

#[tokio::test]
async fn z1_what_one_tenant_keeps_and_holds_is_nobody_elses() {
    let space = TestSpace::open_to_all().await;
    let (acme, other) = (space.found("acme").await, space.found_another("other").await);
    let id = hold(&acme, "a trial").await;
    acme.patch("/retention", &json!({ "policy_revisions": 30 })).await.expect(200);
    assert_eq!(told(&other).await["holds"], json!([]));
    assert_eq!(told(&other).await["terms"]["policy_revisions"], 1_095);
    other.delete(&format!("/retention/holds/{id}")).await.expect_problem(404, "not_found");
    other.post("/retention/sweep", &json!({ "dry_run": false })).await.expect(200);
    assert_eq!(told(&acme).await["holds"][0]["id"], id);
}

#[tokio::test]
async fn k12_a_tenant_has_no_more_holds_than_it_may() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    for n in 0..100 {
        hold(&owner, &format!("trial {n}")).await;
    }
    let more = owner.post("/retention/holds", &json!({ "reason": "one more" })).await;
    more.expect_problem(409, "limit_reached");
    assert_eq!(told(&owner).await["holds"].as_array().unwrap().len(), 100);
}
