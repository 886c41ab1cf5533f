//! What callers are told of what they may ask: it is what happens when they do.

use serde_json::{Value, json};

use crate::cli::account::run_as;
use crate::space::{Client, TestSpace, dataset_of, endpoint_on, in_memory};

async fn space_with_endpoints(slugs: &[&str]) -> (TestSpace, Client) {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let texts =
        [("a", "Penguins swim."), ("b", "Penguins dive."), ("c", "Penguins walk."), ("d", "Penguins sleep.")];
    let dataset = dataset_of(&owner, "notes", &texts).await;
    for slug in slugs {
        endpoint_on(&owner, &dataset, slug).await;
    }
    (space, owner)
}

/// Makes these the policies of an endpoint.
async fn attach(owner: &Client, slug: &str, policies: &[(&str, Value)]) {
    let mut ids = Vec::new();
    for (policy_type, configuration) in policies {
        let body = json!({ "name": "p", "policy_type": policy_type, "configuration": configuration });
        ids.push(owner.post("/policies", &body).await.expect(201).body["id"].clone());
    }
    owner.put(&format!("/endpoints/{slug}/policies"), &json!({ "policy_ids": ids })).await.expect(200);
}

async fn access(client: &Client) -> Vec<Value> {
    client.get("/me/access").await.expect(200).body["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn z2_what_a_caller_is_told_of_their_access_is_what_happens_when_they_ask() {
    let (space, owner) = space_with_endpoints(&["birds"]).await;
    let policies = [
        ("rate_limit", json!({ "rate": "6/d", "window": "strict" })),
        ("disclosure_limit", json!({ "cap": 2 })),
        ("accounting", json!({ "price": "0.02", "currency": "EUR", "free_quota": 1, "budget": "0.05" })),
    ];
    attach(&owner, "birds", &policies).await;
    let anna = space.member(&owner, "anna@acme.example", "user").await;
    let (mut left, mut refusals) = (Vec::new(), Vec::new());
    for _ in 0..8 {
        let [told] = &*access(&anna).await else { panic!("one endpoint") };
        let number = |pointer: &str| told.pointer(pointer).cloned().unwrap_or_default();
        left.push((
            number("/limits/0/remaining"),
            number("/disclosures/0/remaining"),
            number("/prices/0/free_units"),
            number("/prices/0/remaining"),
        ));
        let answer = anna.ask("birds", "penguins").await;
        match told["refusal"].as_object() {
            None => drop(answer.expect(200)),
            Some(refusal) => {
                assert_ne!(answer.status, 200);
                assert_eq!(answer.body["reason_code"], refusal["reason_code"]);
                assert_eq!(answer.body["detail"], refusal["detail"]);
                let waits = answer.header("retry-after").parse::<u64>().ok();
                // A second may have passed between both.
                assert!(waits.unwrap_or(0).abs_diff(refusal["retry_after"].as_u64().unwrap_or(0)) <= 2);
                refusals.push(refusal["reason_code"].clone());
            }
        }
    }
    let row = |limit: u64, shown: u64, free: u64, budget: &str| {
        (json!(limit), json!(shown), json!(free), json!(budget))
    };
    // Refused for want of money nothing is taken of the limit either.
    let mut expected =
        vec![row(6, 2, 1, "0.05"), row(5, 0, 0, "0.05"), row(4, 0, 0, "0.03"), row(3, 0, 0, "0.01")];
    expected.extend(vec![row(3, 0, 0, "0.01"); 4]);
    assert_eq!(left, expected);
    assert_eq!(refusals, vec!["payment_required"; 5]);
    let [told] = &*access(&anna).await else { panic!("one endpoint") };
    assert_eq!(told["limits"][0]["quota"], 6);
    assert_eq!(
        (&told["disclosures"][0]["cap"], &told["disclosures"][0]["window"]),
        (&json!(2), &json!(30 * 86_400))
    );
    let price = &told["prices"][0];
    assert_eq!(
        (&price["unit"], &price["price"], &price["currency"]),
        (&json!("query"), &json!("0.02"), &json!("EUR"))
    );
    let terms: Vec<_> = told["terms"].as_array().unwrap().iter().map(|term| &term["policy_type"]).collect();
    assert_eq!(terms, ["rate_limit", "disclosure_limit", "accounting"]);
}

#[tokio::test]
async fn z2_whoever_only_looks_at_what_they_may_ask_takes_nothing() {
    let (space, owner) = space_with_endpoints(&["birds"]).await;
    let policies = [
        ("rate_limit", json!({ "rate": "2/d" })),
        ("accounting", json!({ "price": "1", "currency": "EUR", "budget": "3" })),
    ];
    attach(&owner, "birds", &policies).await;
    let anna = space.member(&owner, "anna@acme.example", "user").await;
    let first = access(&anna).await;
    let looking: Vec<_> = (0..64)
        .map(|_| {
            let anna = anna.clone();
            tokio::spawn(async move { access(&anna).await })
        })
        .collect();
    for looking in looking {
        assert_eq!(looking.await.unwrap(), first);
    }
    for _ in 0..2 {
        anna.ask("birds", "penguins").await.expect(200);
    }
    let [told] = &*access(&anna).await else { panic!("one endpoint") };
    assert_eq!(told["refusal"]["reason_code"], "rate_limited");
    assert!(told["refusal"]["retry_after"].as_u64().unwrap() > 43_000);
}

#[tokio::test]
async fn a1_callers_are_told_only_of_what_they_may_ask_and_only_what_is_theirs() {
    let (space, owner) = space_with_endpoints(&["birds", "fish", "plants"]).await;
    let fish = json!({ "mode": "allow", "patterns": ["bert@acme.example"] });
    attach(&owner, "fish", &[("access", fish)]).await;
    let budget = json!({ "price": "1", "currency": "EUR", "budget": "3", "endpoint_budget": "4" });
    attach(&owner, "birds", &[("accounting", budget)]).await;
    attach(&owner, "plants", &[("purpose", json!({ "allowed": ["teaching", "research"] }))]).await;
    let anna = space.member(&owner, "anna@acme.example", "user").await;
    let bert = space.member(&owner, "bert@acme.example", "user").await;
    let slugs = async |client: &Client| {
        let mut slugs: Vec<String> =
            access(client).await.iter().map(|told| told["slug"].as_str().unwrap().to_owned()).collect();
        slugs.sort();
        slugs
    };
    assert_eq!(slugs(&anna).await, ["birds", "plants"]);
    assert_eq!(slugs(&bert).await, ["birds", "fish", "plants"]);
    // What others spent shows in what is let in, and nowhere else.
    for _ in 0..3 {
        bert.ask("birds", "penguins").await.expect(200);
    }
    let birds = |told: Vec<Value>| told.into_iter().find(|told| told["slug"] == "birds").unwrap();
    assert_eq!(birds(access(&bert).await)["prices"][0]["remaining"], "0");
    let told = birds(access(&anna).await);
    assert_eq!((&told["prices"][0]["remaining"], &told["refusal"]), (&json!("3"), &Value::Null));
    anna.ask("birds", "penguins").await.expect(200);
    assert_eq!(birds(access(&anna).await)["refusal"]["reason_code"], "payment_required");
    // Without a purpose they learn which there are.
    let plants = |told: Vec<Value>| told.into_iter().find(|told| told["slug"] == "plants").unwrap();
    let told = plants(access(&anna).await);
    let asked = anna.ask("plants", "penguins").await.expect_problem(422, "invalid");
    assert_eq!(
        (&told["refusal"]["reason_code"], &told["purposes"]),
        (&json!("invalid"), &json!(["research", "teaching"]))
    );
    assert_eq!(told["refusal"]["detail"], asked.body["detail"]);
    for (purpose, expected) in [("teaching", Value::Null), ("marketing", json!("policy_violation"))] {
        let told = anna.get(&format!("/me/access?purpose={purpose}")).await.expect(200).body;
        let told = plants(told["items"].as_array().unwrap().clone());
        assert_eq!(told["purposes"], json!([]));
        assert_eq!(told["refusal"]["reason_code"], expected, "{purpose}");
    }
    anna.get("/me/access?purpose=for%20fun").await.expect_problem(422, "invalid");
    let viewer = space.member(&owner, "viewer@acme.example", "viewer").await;
    viewer.get("/me/access").await.expect_problem(403, "forbidden");
    // A key for one endpoint is told of that alone.
    let key = json!({ "name": "k", "scopes": ["list_queryable", "query"], "endpoints": ["plants"] });
    let key = bert.post("/api-keys", &key).await.expect(201).body["api_key"].as_str().unwrap().to_owned();
    let with_key = space.anybody().with_token(&key);
    assert_eq!(slugs(&with_key).await, ["plants"]);
}

#[tokio::test]
async fn z2_the_command_says_at_a_glance_what_is_left() {
    if in_memory() {
        return;
    }
    let (space, owner) = space_with_endpoints(&["birds", "fish"]).await;
    let policies = [
        ("rate_limit", json!({ "rate": "1/d" })),
        ("disclosure_limit", json!({ "cap": 2, "unit": "chunks" })),
        ("accounting", json!({ "price": "0.5", "currency": "EUR", "free_quota": 3, "budget": "2" })),
    ];
    attach(&owner, "birds", &policies).await;
    owner.ask("birds", "penguins").await.expect(200);
    let told = run_as(space.home(), "owner@acme.example", &["access"]).expect(0).stdout;
    let facts = [
        "birds ",
        " in 24 h ",
        "the endpoint's limits do not let you in yet ",
        " 0 of 1 queries a day, more in 24 h",
        " 0.5 EUR a query, 2 free",
        " 2 EUR left to spend",
        " 2 of 2 chunks shown in 30 days",
    ];
    for fact in facts {
        assert!(told.contains(fact), "{fact}: {told}");
    }
    assert!(told.lines().any(|line| line.starts_with("fish") && line.contains("yes")), "{told}");
    // What a question needs besides is said instead of a refusal, and who may ask nothing is told so.
    let policies = [("purpose", json!({ "allowed": ["teaching"] })), ("manual_review", json!({}))];
    attach(&owner, "fish", &policies).await;
    let told = run_as(space.home(), "owner@acme.example", &["access"]).expect(0).stdout;
    assert!(told.contains("with --purpose, one of") && told.contains("  teaching"), "{told}");
    let told =
        run_as(space.home(), "owner@acme.example", &["access", "--purpose", "teaching"]).expect(0).stdout;
    let fish = told.lines().find(|line| line.starts_with("fish")).unwrap();
    assert!(fish.contains("after approval"), "{told}");
    let nobody = json!({ "mode": "allow", "patterns": [] });
    for endpoint in ["birds", "fish"] {
        attach(&owner, endpoint, &[("access", nobody.clone())]).await;
    }
    let told = run_as(space.home(), "owner@acme.example", &["access"]).expect(0);
    assert_eq!((&*told.stdout, &*told.stderr), ("", "(nothing: no endpoint admits you)\n"));
}

#[tokio::test]
async fn z1_pages_of_what_one_may_query_are_full_and_tell_of_no_other_endpoint() {
    let (space, owner) = space_with_endpoints(&["ants", "bats", "cats", "dogs", "emus", "foxes"]).await;
    let anna = space.member(&owner, "anna@acme.example", "user").await;
    for draft in ["ants", "cats", "foxes"] {
        owner.patch(&format!("/endpoints/{draft}"), &json!({ "published": false })).await.expect(200);
    }
    attach(&owner, "dogs", &[("access", json!({ "mode": "deny", "patterns": ["anna@acme.example"] }))]).await;
    let hidden = async |slug: &str| {
        let found = owner.get(&format!("/endpoints/{slug}")).await.expect(200);
        found.body["id"].as_str().unwrap().replace('-', "")
    };
    let hidden = [hidden("ants").await, hidden("cats").await, hidden("dogs").await, hidden("foxes").await];
    for path in ["/me/access", "/endpoints"] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = anna.get(&format!("{path}?limit=1{cursor}")).await.expect(200).body;
            let [item] = &**page["items"].as_array().unwrap() else { panic!("{path}: {page}") };
            seen.push(item["slug"].clone());
            let Some(next) = page["next_cursor"].as_str() else { break };
            assert!(!hidden.iter().any(|id| next.replace('-', "").contains(&**id)), "{path}: {next}");
            cursor = format!("&cursor={next}");
        }
        assert_eq!(seen, ["bats", "emus"], "{path}");
    }
}
