//! Policies in shadow: they refuse nobody and change no answer, and the log tells the owner what they would have refused.

use serde_json::{Value, json};

use crate::space::{Answer, Client, birds, space_with_birds};

fn access(mode: &str, pattern: &str) -> Value {
    json!({ "mode": mode, "patterns": [pattern] })
}

async fn make(owner: &Client, policy_type: &str, configuration: &Value, enforcement: &str) -> Answer {
    let body = json!({
        "name": format!("{policy_type} {enforcement}"), "policy_type": policy_type, "configuration": configuration,
        "enforcement": enforcement,
    });
    owner.post("/policies", &body).await
}

/// Makes a policy in shadow, and answers its id.
async fn tried(owner: &Client, policy_type: &str, configuration: &Value) -> String {
    let made = make(owner, policy_type, configuration, "shadow").await.expect(201);
    assert_eq!(made.body["enforcement"], "shadow");
    made.body["id"].as_str().unwrap().to_owned()
}

async fn attach(owner: &Client, policies: &[&str]) -> Answer {
    owner.put("/endpoints/birds/policies", &json!({ "policy_ids": policies })).await
}

async fn enforce_as(who: &Client, policy: &str, enforcement: &str) -> Answer {
    who.patch(&format!("/policies/{policy}"), &json!({ "enforcement": enforcement })).await
}

/// All that a caller is answered that is not of the request alone.
fn seen(answer: Answer) -> (u16, Vec<(String, String)>, Value) {
    let own = |name: &str| matches!(name, "x-request-id" | "date" | "content-length");
    let headers = answer.headers.iter().filter(|(name, _)| !own(name.as_str()));
    let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    let (status, mut headers, mut body) = (answer.status, headers.collect::<Vec<_>>(), answer.body);
    headers.sort();
    if let Some(time) = body.pointer_mut("/references/provider_info/response_time_ms") {
        *time = json!(0);
    }
    // That its policies were replaced is a change of the endpoint, which those see who see what there is.
    for own in ["/instance", "/items/0/updated_at"] {
        if let Some(own) = body.pointer_mut(own) {
            *own = Value::Null;
        }
    }
    (status, headers, body)
}

/// Who can query what, and why, as an access review tells it.
async fn reviewed(owner: &Client) -> Vec<Value> {
    let review = owner.get("/access-review?limit=100").await.expect(200).body["items"].take();
    review.as_array().unwrap().iter().map(|subject| json!([subject["name"], subject["access"]])).collect()
}

async fn all_seen(who: &Client) -> Vec<(u16, Vec<(String, String)>, Value)> {
    let mut all = Vec::new();
    for _ in 0..2 {
        all.push(seen(who.ask("birds", "penguins").await));
    }
    let purpose = json!({ "messages": "penguins", "purpose": "sport" });
    all.push(seen(who.post("/endpoints/birds/query", &purpose).await));
    for path in ["/endpoints", "/me/access"] {
        all.push(seen(who.get(path).await));
    }
    all
}

#[tokio::test]
async fn z2_callers_are_answered_as_if_no_policy_were_in_shadow() {
    let (space, owner) = space_with_birds().await;
    let anna = space.member(&owner, "anna@acme.example", "user").await;
    let viewer = space.member(&owner, "viewer@acme.example", "viewer").await;
    let mut policies = Vec::new();
    for (policy_type, configuration) in [
        ("access", access("deny", "anna@acme.example")),
        ("access", access("allow", "nobody@other.example")),
        ("purpose", json!({ "allowed": ["teaching"] })),
        (
            "schedule",
            json!({ "zone": "UTC", "open": [{ "days": ["mon"], "from": "03:00", "until": "03:01" }] }),
        ),
        ("content", json!({ "block": ["penguins"] })),
        ("token_limit", json!({ "max_characters": 1 })),
        ("rate_limit", json!({ "rate": "1/d" })),
    ] {
        policies.push(tried(&owner, policy_type, &configuration).await);
    }
    let enforced = make(&owner, "rate_limit", &json!({ "rate": "1000/s" }), "enforce").await.expect(201);
    let enforced = enforced.body["id"].as_str().unwrap();
    attach(&owner, &[enforced]).await.expect(200);
    let (before, before_viewer) = (all_seen(&anna).await, all_seen(&viewer).await);
    let before_reviewed = reviewed(&owner).await;
    assert!(before_reviewed.len() >= 3, "{before_reviewed:?}");
    for policy in &policies {
        attach(&owner, &[enforced, policy]).await.expect(200);
        assert_eq!(all_seen(&anna).await, before, "{policy}");
        assert_eq!(all_seen(&viewer).await, before_viewer, "{policy}");
        let [event, ..] = &*owner.audit("&action=endpoint_query&outcome=success").await else { panic!() };
        assert_eq!(event["reason_code"], "shadow_denied", "{event}");
        assert_eq!(event["policy"], json!({ "id": policy, "revision": 1 }));
    }
    let mut all: Vec<&str> = policies.iter().map(String::as_str).collect();
    all.push(enforced);
    attach(&owner, &all).await.expect(200);
    assert_eq!(all_seen(&anna).await, before);
    assert_eq!(reviewed(&owner).await, before_reviewed);
    // They are found by their reason, and nobody else's log knows of them.
    let found = owner.audit("&reason=shadow_denied").await;
    assert!(found.len() >= 3 * policies.len(), "{}", found.len());
    assert!(found.iter().all(|event| event["action"] == "endpoint_query" && event["outcome"] == "success"));
    let other = space.found_another("other").await;
    birds(&other).await;
    other.ask("birds", "penguins").await.expect(200);
    assert_eq!(other.audit("&reason=shadow_denied").await, Vec::<Value>::new());
    // A tenant's owner sees of each policy whether it decides.
    let shown = owner.get("/endpoints/birds").await.expect(200).body["policies"].take();
    let told: Vec<_> = shown.as_array().unwrap().iter().map(|one| one["enforcement"].clone()).collect();
    assert_eq!(told.iter().filter(|one| **one == "shadow").count(), policies.len());
    assert_eq!(told.last().unwrap(), "enforce");
}

#[tokio::test]
async fn z2_a_policy_that_is_enforced_or_put_into_shadow_acts_on_the_very_next_query() {
    let (space, owner) = space_with_birds().await;
    let anna = space.member(&owner, "anna@acme.example", "user").await;
    let policy = tried(&owner, "access", &access("deny", "anna@acme.example")).await;
    attach(&owner, &[&policy]).await.expect(200);
    for (revision, (enforcement, status)) in
        [("enforce", 403), ("shadow", 200), ("enforce", 403), ("shadow", 200)].into_iter().enumerate()
    {
        let changed = enforce_as(&owner, &policy, enforcement).await.expect(200);
        assert_eq!(changed.body["enforcement"], enforcement);
        assert_eq!(changed.header("etag"), format!("\"{}\"", 2 + revision));
        anna.ask("birds", "penguins").await.expect(status);
        let event = &owner.audit("&action=config_change").await[0];
        let word = if enforcement == "shadow" { "put_in_shadow" } else { "enforced" };
        assert_eq!(event["reason_code"], word);
    }
    // What is so already is no change.
    let same = enforce_as(&owner, &policy, "shadow").await.expect(200);
    assert_eq!(same.header("etag"), "\"5\"");
    for bad in [json!(null), json!("audit"), json!(true), json!("Shadow")] {
        let body = json!({ "enforcement": bad });
        let refused = owner.patch(&format!("/policies/{policy}"), &body).await.expect_problem(422, "invalid");
        assert_eq!(refused.body["errors"][0]["pointer"], "/enforcement", "{}", refused.text);
    }
}

#[tokio::test]
async fn z3_who_may_change_policies_alone_puts_one_into_shadow() {
    let (space, owner) = space_with_birds().await;
    let anna = space.member(&owner, "anna@acme.example", "user").await;
    let made = make(&owner, "access", &access("deny", "anna@acme.example"), "enforce").await.expect(201);
    let policy = made.body["id"].as_str().unwrap().to_owned();
    attach(&owner, &[&policy]).await.expect(200);
    let other = space.found_another("other").await;
    enforce_as(&other, &policy, "shadow").await.expect_problem(404, "not_found");
    for (role, status) in [("user", 403), ("viewer", 403), ("admin", 200)] {
        let who = space.member(&owner, &format!("{role}2@acme.example"), role).await;
        anna.ask("birds", "penguins").await.expect_problem(403, "access_denied");
        enforce_as(&who, &policy, "shadow").await.expect(status);
        if role == "viewer" {
            assert_eq!(
                who.get(&format!("/policies/{policy}")).await.expect(200).body["enforcement"],
                "enforce"
            );
        }
    }
    anna.ask("birds", "penguins").await.expect(200);
}

#[tokio::test]
async fn u1_a_type_that_cannot_be_in_shadow_is_refused_with_what_to_do_instead() {
    let (_space, owner) = space_with_birds().await;
    for (policy_type, configuration) in [
        ("accounting", json!({ "price": "0.01", "currency": "EUR" })),
        ("disclosure_limit", json!({ "cap": 5, "window": "30d" })),
        ("manual_review", json!({})),
        ("pii_filter", json!({ "kinds": ["email"] })),
    ] {
        let refused =
            make(&owner, policy_type, &configuration, "shadow").await.expect_problem(422, "invalid");
        let made = make(&owner, policy_type, &configuration, "enforce").await.expect(201);
        let policy = made.body["id"].as_str().unwrap();
        let changed = enforce_as(&owner, policy, "shadow").await.expect_problem(422, "invalid");
        for refused in [refused, changed] {
            let error = &refused.body["errors"][0];
            assert_eq!(error["pointer"], "/enforcement", "{}", refused.text);
            assert!(error["message"].as_str().unwrap().contains("cannot be tried in shadow: "), "{error}");
        }
        enforce_as(&owner, policy, "enforce").await.expect(200);
        assert_eq!(owner.get(&format!("/policies/{policy}")).await.body["enforcement"], "enforce");
    }
}

#[tokio::test]
async fn z2_expectations_are_of_what_decides_and_a_policy_goes_into_shadow_only_if_they_hold() {
    let (space, owner) = space_with_birds().await;
    for name in ["anna", "eve"] {
        space.member(&owner, &format!("{name}@acme.example"), "user").await;
    }
    let guard = make(&owner, "access", &access("deny", "eve@acme.example"), "enforce").await.expect(201);
    let guard = guard.body["id"].as_str().unwrap().to_owned();
    attach(&owner, &[&guard]).await.expect(200);
    let of = |name: &str, verdict: &str| json!({ "identity": { "email": format!("{name}@acme.example") }, "verdict": verdict });
    let expected = json!({ "expectations": [of("anna", "allowed"), of("eve", "denied")] });
    owner.put("/endpoints/birds/expectations", &expected).await.expect(200);
    let strict = tried(&owner, "access", &access("deny", "*@acme.example")).await;
    attach(&owner, &[&guard, &strict]).await.expect(200);
    let broken = enforce_as(&owner, &strict, "enforce").await.expect_problem(409, "expectation_broken");
    assert!(broken.text.contains("anna@acme.example"), "{}", broken.text);
    enforce_as(&owner, &guard, "shadow").await.expect_problem(409, "expectation_broken");
    // What stays in shadow may demand what it will.
    let patch = json!({ "configuration": { "patterns": ["*"] } });
    owner.patch(&format!("/policies/{strict}"), &patch).await.expect(200);
    let held = owner.get("/endpoints/birds/expectations").await.expect(200).body;
    assert!(held["expectations"].as_array().unwrap().iter().all(|one| one["holds"] == true), "{held}");
    // Changed and enforced at once, it is looked at as it will be.
    let both = json!({ "configuration": { "patterns": ["eve@acme.example"] }, "enforcement": "enforce" });
    owner.patch(&format!("/policies/{strict}"), &both).await.expect(200);
    enforce_as(&owner, &guard, "shadow").await.expect(200);
}

#[tokio::test]
async fn u1_each_revision_keeps_whether_its_policy_decided_and_a_rollback_restores_it() {
    let (space, owner) = space_with_birds().await;
    let anna = space.member(&owner, "anna@acme.example", "user").await;
    let policy = tried(&owner, "access", &access("deny", "anna@acme.example")).await;
    attach(&owner, &[&policy]).await.expect(200);
    enforce_as(&owner, &policy, "enforce").await.expect(200);
    let patch = json!({ "configuration": { "patterns": ["anna@acme.example", "eve@acme.example"] } });
    owner.patch(&format!("/policies/{policy}"), &patch).await.expect(200);
    let path = format!("/policies/{policy}");
    for (revision, enforcement, status) in [(1, "shadow", 200), (2, "enforce", 403), (4, "shadow", 200)] {
        let kept = owner.get(&format!("{path}/revisions/{revision}")).await.expect(200).body;
        assert_eq!(kept["enforcement"], enforcement);
        let body = json!({ "revision": revision });
        let rolled = owner.post(&format!("{path}/rollback"), &body).await.expect(200);
        assert_eq!(rolled.body["enforcement"], enforcement);
        anna.ask("birds", "penguins").await.expect(status);
    }
    let listed = owner.get(&format!("{path}/revisions")).await.expect(200).body["items"].take();
    let told: Vec<_> = listed.as_array().unwrap().iter().map(|one| one["enforcement"].clone()).collect();
    assert_eq!(told, ["shadow", "enforce", "shadow", "enforce", "enforce", "shadow"]);
    let changes = listed[2]["changes"].as_str().unwrap();
    assert_eq!(changes, "rolled_back,changed_patterns,put_in_shadow");
}

#[tokio::test]
async fn z2_an_owner_is_told_what_a_policy_in_shadow_would_decide() {
    let (space, owner) = space_with_birds().await;
    space.member(&owner, "anna@acme.example", "user").await;
    let explain = async || {
        let body = json!({ "identity": { "email": "anna@acme.example" } });
        owner.post("/endpoints/birds/policies/explain", &body).await.expect(200).body
    };
    assert_eq!(explain().await["with_shadow"], Value::Null);
    let policy = tried(&owner, "access", &access("deny", "anna@acme.example")).await;
    let limit = make(&owner, "rate_limit", &json!({ "rate": "9/d" }), "enforce").await.expect(201);
    attach(&owner, &[limit.body["id"].as_str().unwrap(), &policy]).await.expect(200);
    let told = explain().await;
    assert_eq!((&told["verdict"], &told["reason_code"]), (&json!("allow"), &json!("member_of_tenant")));
    let steps = told["steps"].as_array().unwrap();
    assert!(steps.iter().all(|step| step["enforcement"] == "enforce") && steps.len() == 1, "{told}");
    let tried = &told["with_shadow"];
    assert_eq!((&tried["verdict"], &tried["reason_code"]), (&json!("deny"), &json!("denied_by_policy")));
    assert_eq!(tried["decided_by"], json!({ "policy_id": policy, "rule": "anna@acme.example" }));
    let said: Vec<_> =
        tried["steps"].as_array().unwrap().iter().map(|step| step["enforcement"].clone()).collect();
    assert_eq!(said, ["shadow", "enforce"]);
    // A simulation tells what would be if it decided.
    let change = json!({
        "policy_id": policy, "configuration": access("deny", "anna@acme.example"),
        "identities": [{ "email": "anna@acme.example" }],
    });
    let simulated = owner.post("/policies/simulate", &change).await.expect(200).body;
    let change = &simulated["endpoints"][0]["changes"][0];
    assert_eq!(
        (&change["before"]["verdict"], &change["after"]["verdict"]),
        (&json!("allow"), &json!("deny"))
    );
    // It is linted as any other.
    let other = make(&owner, "access", &access("allow", "anna@acme.example"), "enforce").await.expect(201);
    attach(&owner, &[other.body["id"].as_str().unwrap(), &policy]).await.expect(200);
    let linted = owner.post("/policies/lint", &json!({ "endpoint": "birds" })).await.expect(200).body;
    assert_eq!(linted["findings"][0]["kind"], "contradictory", "{linted}");
}
