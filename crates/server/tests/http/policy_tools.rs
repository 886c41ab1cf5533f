//! Looking at patterns, and trying a change of a policy before it is made.

use serde_json::{Value, json};

use crate::space::{Client, TestSpace, dataset_of, endpoint_on, only_policy};

async fn space_with_endpoint() -> (TestSpace, Client) {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let dataset = dataset_of(&owner, "notes", &[("a", "Penguins swim.")]).await;
    endpoint_on(&owner, &dataset, "birds").await;
    (space, owner)
}

async fn policy_of(owner: &Client, mode: &str, patterns: &[&str]) -> String {
    let configuration = json!({ "mode": mode, "patterns": patterns });
    let body = json!({ "name": mode, "policy_type": "access", "configuration": configuration });
    owner.post("/policies", &body).await.expect(201).body["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn z2_what_a_lint_says_of_an_address_is_what_happens_to_who_has_it() {
    let (space, owner) = space_with_endpoint().await;
    let deny = policy_of(&owner, "deny", &["eve@acme.example"]).await;
    let allow =
        policy_of(&owner, "allow", &["ada@acme.example", "eve@acme.example", "*@*acme.example"]).await;
    owner.put("/endpoints/birds/policies", &json!({ "policy_ids": [deny, allow] })).await.expect(200);
    let told = owner.post("/policies/lint", &json!({ "endpoint": "birds" })).await.expect(200).body;
    assert_eq!(told["truncated"], false);
    let findings = told["findings"].as_array().unwrap();
    let short = |finding: &Value| {
        let text = |pointer: &str| finding.pointer(pointer).and_then(Value::as_str).unwrap_or("").to_owned();
        (text("/kind"), text("/pattern"), text("/other/pattern"), text("/rule"))
    };
    let expected = [
        ("shadowed", "ada@acme.example", "*@*acme.example", ""),
        ("shadowed", "eve@acme.example", "*@*acme.example", ""),
        ("contradictory", "eve@acme.example", "eve@acme.example", ""),
        ("too_wide", "*@*acme.example", "", "open_domain"),
    ];
    let expected: Vec<_> = expected
        .map(|(kind, pattern, other, rule)| (kind.into(), pattern.into(), other.into(), rule.into()))
        .into();
    assert_eq!(findings.iter().map(short).collect::<Vec<_>>(), expected, "{told}");
    for finding in findings {
        assert_eq!((&finding["policy"], &finding["policy_id"]), (&json!(1), &json!(allow)));
        let email = finding["example"]["email"].as_str().unwrap();
        let explained = json!({ "identity": { "email": email } });
        let member = match email {
            "ada@acme.example" | "eve@acme.example" => space.member(&owner, email, "user").await,
            _ => space.member(&owner, email, "viewer").await,
        };
        if member.get("/auth/me").await.expect(200).body["role"] == "user" {
            let explained =
                owner.post("/endpoints/birds/policies/explain", &explained).await.expect(200).body;
            assert_eq!(explained["verdict"], finding["example"]["verdict"], "{email}");
            assert_eq!(explained["reason_code"], finding["example"]["reason_code"], "{email}");
            let answer = member.ask("birds", "penguins").await;
            assert_eq!(answer.status == 200, finding["example"]["verdict"] == "allow", "{email}");
            // They are the same person in the two findings on them.
            owner.delete(&format!("/users/{}", id_of(&owner, email).await)).await.expect(204);
        }
    }
    // Without what is shadowed nothing changes.
    let patterns = json!({ "mode": "allow", "patterns": ["*@*acme.example"] });
    let people = json!([{ "email": "ada@acme.example" }, { "email": "eve@acme.example" }]);
    let change = json!({ "policy_id": allow, "configuration": patterns, "identities": people });
    let simulated = owner.post("/policies/simulate", &change).await.expect(200).body;
    assert_eq!(simulated["endpoints"][0]["changes"], json!([]));
}

async fn id_of(owner: &Client, email: &str) -> String {
    let members = owner.get("/users?limit=100").await.expect(200).body["items"].take();
    let found = members.as_array().unwrap().iter().find(|member| member["email"] == email).unwrap();
    found["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn z2_what_a_simulation_says_is_what_the_change_does_and_the_simulation_does_nothing() {
    let (space, owner) = space_with_endpoint().await;
    let anna = space.member(&owner, "anna@acme.example", "user").await;
    let ben = space.member(&owner, "ben@acme.example", "user").await;
    let policy =
        only_policy(&owner, "birds", json!({ "mode": "allow", "patterns": ["anna@acme.example"] })).await;
    let before = owner.get(&format!("/policies/{policy}")).await.expect(200).body;
    let people = json!([
        { "email": "Anna@Acme.example" }, { "email": "ben@acme.example" }, { "email": "stranger@z.example" },
    ]);
    for (patterns, changed) in [
        (json!(["anna@acme.example"]), vec![]),
        (json!(["*@acme.example"]), vec![("ben@acme.example", "no_policy_allows", "allowed_by_policy")]),
        (json!([]), vec![("anna@acme.example", "allowed_by_policy", "no_policy_allows")]),
    ] {
        let configuration = json!({ "mode": "allow", "patterns": patterns });
        let body = json!({ "policy_id": policy, "configuration": configuration, "identities": people });
        let told = owner.post("/policies/simulate", &body).await.expect(200).body;
        assert_eq!(told["truncated"], false);
        assert_eq!(told["endpoints"].as_array().unwrap().len(), 1);
        assert_eq!(told["endpoints"][0]["slug"], "birds");
        let changes = told["endpoints"][0]["changes"].as_array().unwrap();
        let read = |change: &Value| {
            let text = |pointer: &str| change.pointer(pointer).unwrap().as_str().unwrap().to_owned();
            (text("/email"), text("/before/reason_code"), text("/after/reason_code"))
        };
        let changed: Vec<_> = changed
            .iter()
            .map(|(email, one, other)| ((*email).into(), (*one).into(), (*other).into()))
            .collect();
        assert_eq!(changes.iter().map(read).collect::<Vec<_>>(), changed, "{patterns}");
        assert_eq!(owner.get(&format!("/policies/{policy}")).await.expect(200).body, before);
        anna.ask("birds", "penguins").await.expect(200);
        ben.ask("birds", "penguins").await.expect_problem(403, "access_denied");
    }
    let many: Vec<_> = (0..1_001).map(|number| json!({ "email": format!("u{number}@x.example") })).collect();
    let body = json!({ "policy_id": policy, "configuration": { "mode": "deny", "patterns": [] }, "identities": many });
    let refused = owner.post("/policies/simulate", &body).await.expect_problem(422, "invalid");
    assert_eq!(refused.body["errors"][0]["pointer"], "/identities");
}

#[tokio::test]
async fn k12_the_largest_policies_are_looked_at_in_a_bounded_time_and_that_is_said() {
    let (_space, owner) = space_with_endpoint().await;
    let patterns: Vec<_> = (0..100)
        .map(|number| format!("a*{}*@{}*{}x{number}*", "a".repeat(40), "b".repeat(60), "b".repeat(60)))
        .collect();
    let one = json!({ "policy_type": "access", "configuration": { "mode": "allow", "patterns": patterns } });
    let told = owner.post("/policies/lint", &json!({ "policies": vec![one; 20] })).await.expect(200).body;
    assert_eq!(told["truncated"], true);
}

#[tokio::test]
async fn k12_a_simulation_looks_at_fewer_endpoints_where_patterns_are_dear_and_says_so() {
    let (_space, owner) = space_with_endpoint().await;
    let patterns: Vec<_> = (0..100).map(|number| format!("a*b*c*@d*{number}")).collect();
    let dear = json!({ "mode": "deny", "patterns": patterns });
    let policy = json!({ "name": "dear", "policy_type": "access", "configuration": dear });
    let policy = owner.post("/policies", &policy).await.expect(201).body["id"].clone();
    let dataset = owner.get("/endpoints/birds").await.expect(200).body["dataset_id"].clone();
    for slug in ["one", "three", "two"] {
        let endpoint = json!({ "name": slug, "slug": slug, "dataset_id": dataset, "response_type": "raw" });
        owner.post("/endpoints", &endpoint).await.expect(201);
        let attached = json!({ "policy_ids": [policy] });
        owner.put(&format!("/endpoints/{slug}/policies"), &attached).await.expect(200);
    }
    let people =
        |count| (0..count).map(|n| json!({ "email": format!("u{n}@x.example") })).collect::<Vec<_>>();
    for (count, looked_at) in [(1_000, 1), (10, 3)] {
        let body = json!({ "policy_id": policy, "configuration": dear, "identities": people(count) });
        let told = owner.post("/policies/simulate", &body).await.expect(200).body;
        assert_eq!(told["endpoints"].as_array().unwrap().len(), looked_at);
        assert_eq!(told["truncated"], looked_at < 3);
    }
}
