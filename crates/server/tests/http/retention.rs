//! How long what nobody removes is kept, and legal holds, over HTTP. That it goes when its term ends is told by stories over the
//! domain, where the clock can be moved, and by the conformance suite of the stores.

use serde_json::{Value, json};

use crate::cli::run;
use crate::space::{Client, PASSWORD, TestSpace, in_memory};

async fn told(owner: &Client) -> Value {
    owner.get("/retention").await.expect(200).body
}

/// Makes a legal hold, and answers its id.
pub async fn hold(owner: &Client, reason: &str) -> String {
    let made = owner.post("/retention/holds", &json!({ "reason": reason })).await.expect(201);
    made.body["id"].as_str().unwrap().to_owned()
}

/// Releases all of them: while one stands nobody is erased.
pub async fn release_all(owner: &Client) {
    for hold in told(owner).await["holds"].as_array().unwrap() {
        owner.delete(&format!("/retention/holds/{}", hold["id"].as_str().unwrap())).await.expect(204);
    }
}

#[tokio::test]
async fn g4_terms_and_holds_are_told_set_within_bounds_recorded_and_outlive_a_kill() {
    let mut space = TestSpace::start().await;
    let mut owner = space.found("acme").await;
    let first = json!({ "terms": { "log_personal_data": 365, "policy_revisions": 1_095, "invitations": 30, "disclosures": 30, "transfers": 3_650, "log_events": 3_650 }, "holds": [], "overdue": [] });
    assert_eq!(told(&owner).await, first);
    for (kind, days) in [
        ("log_personal_data", 6),
        ("log_personal_data", 3_651),
        ("policy_revisions", 29),
        ("invitations", 0),
        ("disclosures", 3_651),
        ("transfers", 89),
        ("log_events", 89),
    ] {
        let refused = owner.patch("/retention", &json!({ kind: days })).await.expect_problem(422, "invalid");
        assert!(refused.text.contains(&format!("/{kind}")), "{}", refused.text);
    }
    assert_eq!(told(&owner).await, first);
    let changed = owner.patch("/retention", &json!({ "log_personal_data": 30 })).await.expect(200);
    assert_eq!(
        changed.body,
        json!({ "log_personal_data": 30, "policy_revisions": 1_095, "invitations": 30, "disclosures": 30, "transfers": 3_650, "log_events": 3_650 })
    );
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
async fn g4_the_command_line_shows_terms_sets_them_and_makes_and_releases_holds() {
    if in_memory() {
        return;
    }
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    space.member(&owner, "anna@acme.example", "admin").await;
    let folder = tempfile::tempdir().unwrap();
    let password = folder.path().join("password");
    std::fs::write(&password, PASSWORD).unwrap();
    let by = |who: &str, arguments: &[&str]| {
        let account = ["--as", who, "--password-file", password.to_str().unwrap()];
        run(space.home(), &[&["retention"][..], arguments, &account].concat())
    };
    let as_owner = |arguments: &[&str]| by("owner@acme.example", arguments);
    assert!(as_owner(&["show"]).expect(0).stdout.contains("No legal hold stands."));
    let set = as_owner(&["set", "--log-personal-data", "90"]).expect(0);
    assert!(set.stdout.contains("For 90 days: what events of the log know of persons."), "{set:?}");
    let beyond = as_owner(&["set", "--log-personal-data", "6"]).expect(2);
    assert!(beyond.stderr.contains("7 to 3650 days"), "{beyond:?}");
    as_owner(&["set"]).expect(2);
    by("anna@acme.example", &["set", "--policy-revisions", "40"]).expect(4);
    assert_eq!(
        told(&owner).await["terms"],
        json!({ "log_personal_data": 90, "policy_revisions": 1_095, "invitations": 30, "disclosures": 30, "transfers": 3_650, "log_events": 3_650 })
    );
    assert!(as_owner(&["sweep", "--dry-run"]).expect(0).stdout.contains("Nothing is older"));
    let made = as_owner(&["hold", "a trial", "--json"]).expect(0).json();
    let shown = as_owner(&["show"]).expect(0).stdout;
    assert!(shown.contains(made["id"].as_str().unwrap()) && shown.contains("a trial"), "{shown}");
    as_owner(&["sweep"]).expect(4);
    let erased = {
        let account = ["--as", "owner@acme.example", "--password-file", password.to_str().unwrap()];
        run(space.home(), &[&["privacy", "erase", "anna@acme.example"][..], &account].concat())
    };
    assert!(erased.expect(4).stderr.contains("legal hold"));
    as_owner(&["release", made["id"].as_str().unwrap()]).expect(0);
    as_owner(&["release", made["id"].as_str().unwrap()]).expect(3);
    assert_eq!(told(&owner).await["holds"], json!([]));
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
