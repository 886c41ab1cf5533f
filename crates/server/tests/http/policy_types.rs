//! Policies of the types that look at what is asked and what is shown.

use std::time::Duration;

use serde_json::{Value, json};
use syft_space::system::SystemClock;
use syft_space_domain::time::Clock;

use crate::marketplace_fixture::MarketplaceFixture;
use crate::space::{Client, TestSpace, dataset_of, endpoint_on};

async fn space_with_endpoint(text: &str) -> (TestSpace, Client, Client) {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let dataset = dataset_of(&owner, "notes", &[("a", text)]).await;
    endpoint_on(&owner, &dataset, "birds").await;
    let anna = space.member(&owner, "anna@acme.example", "user").await;
    (space, owner, anna)
}

/// Makes a policy, and attaches it as the only one.
async fn attach(owner: &Client, policy_type: &str, configuration: Value) -> String {
    let body = json!({ "name": policy_type, "policy_type": policy_type, "configuration": configuration });
    let id = owner.post("/policies", &body).await.expect(201).body["id"].as_str().unwrap().to_owned();
    owner.put("/endpoints/birds/policies", &json!({ "policy_ids": [id] })).await.expect(200);
    id
}

/// The verdict on a question of Anna's, why, and the rule that decided.
async fn explain(owner: &Client, messages: Value) -> [Value; 3] {
    let body = json!({ "identity": { "email": "anna@acme.example" }, "messages": messages });
    let told = owner.post("/endpoints/birds/policies/explain", &body).await.expect(200).body;
    [told["verdict"].clone(), told["reason_code"].clone(), told["decided_by"]["rule"].clone()]
}

/// The newest event of a query: its action, outcome and reason.
async fn newest_event(owner: &Client) -> [Value; 3] {
    let told = owner.get("/audit?limit=20").await.expect(200).body["items"].clone();
    let of_endpoint =
        |event: &&Value| event["object"]["kind"] == "endpoint" && event["action"] != "config_change";
    let event = told.as_array().unwrap().iter().find(of_endpoint).unwrap().clone();
    [event["action"].clone(), event["outcome"].clone(), event["reason_code"].clone()]
}

#[tokio::test]
async fn z4_personal_data_is_shown_by_no_endpoint_whose_policy_takes_it_away() {
    let (_space, owner, anna) =
        space_with_endpoint("Penguins: ada@acme.example, +49 30 1234567, ticket T-17.").await;
    let shown = async || {
        let answer = anna.ask("birds", "penguins").await.expect(200);
        answer.body["references"]["documents"][0]["content"].as_str().unwrap().to_owned()
    };
    let configuration = json!({ "patterns": [{ "name": "ticket", "pattern": "T-[0-9]+" }] });
    let policy = attach(&owner, "pii_filter", configuration).await;
    let counted = async || {
        let events =
            owner.get("/audit?action=endpoint_query&limit=1").await.expect(200).body["items"].clone();
        events[0]["redactions"].clone()
    };
    assert_eq!(counted().await, Value::Null, "nobody has asked yet, or nothing was taken away");
    assert_eq!(shown().await, "Penguins: [email], [phone], ticket [ticket].");
    assert_eq!(counted().await, json!({ "email": 1, "phone": 1, "ticket": 1 }));
    assert_eq!(newest_event(&owner).await, [json!("endpoint_query"), json!("success"), Value::Null]);
    let verdict = explain(&owner, json!("penguins")).await;
    assert_eq!(verdict, [json!("allow"), json!("member_of_tenant"), Value::Null]);
    let path = format!("/policies/{policy}");
    let narrower = json!({ "configuration": { "kinds": ["email"], "patterns": [] } });
    let kept = owner.patch(&path, &narrower).await.expect(200).body["configuration"].clone();
    assert_eq!(kept, narrower["configuration"]);
    assert_eq!(shown().await, "Penguins: [email], +49 30 1234567, ticket T-17.");
    assert_eq!(counted().await, json!({ "email": 1 }));
    let wrong = json!({ "configuration": { "patterns": [{ "name": "x", "pattern": "(" }] } });
    let refused = owner.patch(&path, &wrong).await.expect_problem(422, "invalid");
    assert_eq!(refused.body["errors"][0]["pointer"], "/configuration/patterns/0/pattern", "{}", refused.text);
}

#[tokio::test]
async fn z4_a_phrase_that_is_blocked_refuses_and_the_owner_alone_learns_which() {
    let (_space, owner, anna) = space_with_endpoint("Penguins swim.").await;
    attach(&owner, "content", json!({ "block": ["Krill  Price"], "require": ["penguin", "penguins"] })).await;
    anna.ask("birds", "Do penguins swim?").await.expect(200);
    for (question, rule) in
        [("What is the KRILL-PRICE of penguins?", "krill price"), ("Do gulls swim?", "no required phrase")]
    {
        let refused = anna.ask("birds", question).await.expect_problem(403, "policy_violation");
        let entry = &refused.body["policy_metadata"]["entries"][0];
        assert_eq!(entry["policy_type"], "content");
        assert_eq!(entry["reason_code"], "CONTENT_NOT_ALLOWED");
        assert!(!refused.text.to_lowercase().contains("krill"), "{}", refused.text);
        let refusal = json!("policy_violation");
        assert_eq!(newest_event(&owner).await, [refusal.clone(), json!("denied"), refusal]);
        let verdict = explain(&owner, json!(question)).await;
        assert_eq!(verdict, [json!("deny"), json!("denied_by_policy"), json!(rule)]);
    }
    assert_eq!(explain(&owner, json!("penguins")).await[0], "allow");
    // A list shows it, although nobody has asked anything.
    assert_eq!(anna.get("/endpoints").await.expect(200).body["items"][0]["slug"], "birds");
}

#[tokio::test]
async fn z4_a_conversation_that_is_too_long_is_refused() {
    let (_space, owner, anna) = space_with_endpoint("Penguins swim.").await;
    attach(&owner, "token_limit", json!({ "max_characters": 10 })).await;
    anna.ask("birds", "penguins??").await.expect(200);
    let refused = anna.ask("birds", "penguins???").await.expect_problem(403, "policy_violation");
    let entry = &refused.body["policy_metadata"]["entries"][0];
    assert_eq!(
        (&entry["policy_type"], &entry["reason_code"]),
        (&json!("token_limit"), &json!("PROMPT_TOO_LONG"))
    );
    let refusal = json!("policy_violation");
    assert_eq!(newest_event(&owner).await, [refusal.clone(), json!("denied"), refusal]);
    let verdict = explain(&owner, json!("penguins???")).await;
    assert_eq!(verdict, [json!("deny"), json!("denied_by_policy"), json!("11 characters of at most 10")]);
}

#[tokio::test]
async fn z4_an_endpoint_that_is_closed_answers_nobody_and_says_nothing_of_its_hours() {
    let (_space, owner, anna) = space_with_endpoint("Penguins swim.").await;
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let always = json!([{ "days": days, "from": "00:00", "until": "24:00" }]);
    let policy = attach(&owner, "schedule", json!({ "zone": "europe/berlin", "open": always })).await;
    let path = format!("/policies/{policy}");
    let kept = owner.get(&path).await.expect(200).body["configuration"].clone();
    assert_eq!(kept, json!({ "zone": "Europe/Berlin", "open": always, "closed": [] }));
    anna.ask("birds", "penguins").await.expect(200);

    // In Berlin it may be tomorrow already, and at the border of two days a little later too.
    let now = SystemClock.now();
    let date = |days: u64| now.plus(Duration::from_secs(86_400 * days)).to_string()[..10].to_owned();
    let closed = json!({ "configuration": { "closed": [date(0), date(1), date(2)] } });
    owner.patch(&path, &closed).await.expect(200);
    for asks in [&owner, &anna] {
        let refused = asks.ask("birds", "penguins").await.expect_problem(403, "policy_violation");
        let entry = &refused.body["policy_metadata"]["entries"][0];
        assert_eq!(entry["policy_type"], "schedule");
        assert_eq!(entry["reason_code"], "POLICY_VIOLATION");
        assert_eq!(entry["reason"], "the endpoint is closed at this time");
        for rule in [&date(0), "Berlin", "24:00"] {
            assert!(!refused.text.contains(rule), "{}", refused.text);
        }
    }
    let refusal = json!("policy_violation");
    assert_eq!(newest_event(&owner).await, [refusal.clone(), json!("denied"), refusal]);
    let rule = explain(&owner, json!("penguins")).await;
    assert_eq!(rule[..2], [json!("deny"), json!("denied_by_policy")]);
    // Who may query is shown it, although it is closed.
    assert_eq!(anna.get("/endpoints").await.expect(200).body["items"][0]["slug"], "birds");
    owner.patch(&path, &json!({ "configuration": { "closed": null } })).await.expect(200);
    anna.ask("birds", "penguins").await.expect(200);

    let office = json!([{ "days": ["fri"], "from": "22:00", "until": "06:00" }]);
    let office = json!({ "configuration": { "open": office, "closed": ["2027-01-08"] } });
    owner.patch(&path, &office).await.expect(200);
    for (at, rule) in [
        ("2027-01-01T20:59:59Z", json!("outside of the hours")),
        ("2027-01-01T21:00:00Z", Value::Null),
        ("2027-01-02T04:59:59Z", Value::Null),
        ("2027-01-02T05:00:00Z", json!("outside of the hours")),
        ("2027-01-08T21:00:00Z", json!("closed on 2027-01-08")),
        ("2027-01-09T04:00:00Z", json!("outside of the hours")),
    ] {
        let body = json!({ "identity": { "email": "anna@acme.example" }, "at": at });
        let told = owner.post("/endpoints/birds/policies/explain", &body).await.expect(200).body;
        assert_eq!(told["decided_by"]["rule"], rule, "{at}: {told}");
        assert_eq!(told["verdict"], if rule.is_null() { "allow" } else { "deny" }, "{at}: {told}");
    }
    let unknown = json!({ "configuration": { "zone": "Berlin" } });
    let refused = owner.patch(&path, &unknown).await.expect_problem(422, "invalid");
    assert_eq!(refused.body["errors"][0]["pointer"], "/configuration/zone", "{}", refused.text);
    assert!(refused.text.contains("Europe/Berlin"), "{}", refused.text);
}

#[tokio::test]
async fn k12_a_conversation_that_is_too_long_to_be_looked_through_is_refused_by_a_policy_that_blocks() {
    let (_space, owner, anna) = space_with_endpoint("Penguins swim.").await;
    attach(&owner, "content", json!({ "block": ["krill price"] })).await;
    let ask = async |length: usize| {
        let messages = json!([
            { "role": "system", "content": "x".repeat(length) }, { "role": "user", "content": "Do penguins swim?" },
        ]);
        anna.post("/endpoints/birds/query", &json!({ "messages": messages })).await
    };
    ask(100 * 1024).await.expect(200);
    ask(128 * 1024).await.expect_problem(403, "policy_violation");
    // A question whose characters stand for eighteen each: 30 KiB as it is written, and 330 KiB as it is compared.
    anna.ask("birds", &"\u{fdfa}".repeat(10_000)).await.expect_problem(403, "policy_violation");
    let verdict = explain(&owner, json!("\u{fdfa}".repeat(10_000))).await;
    assert_eq!(verdict[2], "more than 131072 bytes to look through");
}

#[tokio::test]
async fn f4_a_guest_whom_no_policy_admits_is_told_no_purposes() {
    let market = MarketplaceFixture::start().await;
    for (mode, guests, status, reason) in [
        ("deny", false, 403, "access_denied"),
        ("allow", false, 403, "access_denied"),
        ("allow", true, 422, "invalid"),
    ] {
        let mut ids = Vec::new();
        for (policy_type, configuration) in [
            ("purpose", json!({ "allowed": ["teaching"] })),
            ("access", json!({ "mode": mode, "patterns": ["*@elsewhere.example"], "guests": guests })),
        ] {
            let name = format!("{policy_type}, {mode} {guests}");
            let body = json!({ "name": name, "policy_type": policy_type, "configuration": configuration });
            ids.push(market.owner.post("/policies", &body).await.expect(201).body["id"].clone());
        }
        let attached = json!({ "policy_ids": ids });
        market.owner.put("/endpoints/space-docs/policies", &attached).await.expect(200);
        let refused =
            market.guest().ask("space-docs", "What is public?").await.expect_problem(status, reason);
        assert_eq!(refused.text.contains("teaching"), status == 422, "{}", refused.text);
    }
}
