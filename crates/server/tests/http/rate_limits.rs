//! Rate limits: how often an endpoint answers, and what callers and owners are told of it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::space::{Answer, Client, PASSWORD, TestSpace, dataset_of, endpoint_on, in_memory};

async fn space_with_endpoint(settings: &[(&str, &str)]) -> (TestSpace, Client) {
    let space = TestSpace::with(settings).await;
    let owner = space.found("acme").await;
    let dataset = dataset_of(&owner, "notes", &[("a", "Penguins swim.")]).await;
    endpoint_on(&owner, &dataset, "birds").await;
    (space, owner)
}

async fn make(owner: &Client, configuration: &Value) -> Answer {
    let body = json!({ "name": "p", "policy_type": "rate_limit", "configuration": configuration });
    owner.post("/policies", &body).await
}

/// Makes these limits those of the endpoint, and answers their ids.
async fn limit(owner: &Client, configurations: &[Value]) -> Vec<Value> {
    let mut ids = Vec::new();
    for configuration in configurations {
        ids.push(make(owner, configuration).await.expect(201).body["id"].clone());
    }
    owner.put("/endpoints/birds/policies", &json!({ "policy_ids": ids })).await.expect(200);
    ids
}

/// Asks until there is no answer, and answers the refusal.
async fn ask_until_refused(client: &Client, most: usize) -> Answer {
    for _ in 0..=most {
        let answer = client.ask("birds", "penguins").await;
        if answer.status != 200 {
            return answer.expect_problem(429, "rate_limited");
        }
    }
    panic!("more than {most} were answered");
}

/// A limit of a header: its name, and the numbers of its parameters.
fn limits(answer: &Answer, header: &str) -> Vec<(String, u64, u64)> {
    let number = |part: &str| part.split_once('=').unwrap().1.parse().unwrap();
    let limit = |item: &str| {
        let parts: Vec<&str> = item.split(';').collect();
        (parts[0].trim_matches('"').to_owned(), number(parts[1]), number(parts[2]))
    };
    answer.header(header).split(", ").filter(|item| !item.is_empty()).map(limit).collect()
}

#[tokio::test]
async fn l1_each_answer_tells_how_the_limit_stands_and_whoever_waits_as_told_is_admitted() {
    let (_space, owner) = space_with_endpoint(&[]).await;
    assert_eq!(owner.ask("birds", "penguins").await.expect(200).header("ratelimit"), "");
    limit(&owner, &[json!({ "rate": "20/m", "burst": 2 })]).await;
    let first = owner.ask("birds", "penguins").await.expect(200);
    assert_eq!(first.header("ratelimit-policy"), "\"user-20-60-2\";q=20;w=60");
    let [(name, left, more_in)] = &*limits(&first, "ratelimit") else { panic!("{:?}", first.headers) };
    assert_eq!((name.as_str(), *left, *more_in), ("user-20-60-2", 1, 3));
    let refused = ask_until_refused(&owner, 20).await;
    assert_eq!(
        refused.body["policy_metadata"],
        json!({ "outcome": "rate_limited", "entries": [{
        "policy_type": "rate_limit", "kind": "rate_limit", "status": "rejected", "reason_code": "RATE_LIMITED",
        "reason": "the endpoint answers no more queries for you at the time; wait, and ask again",
    }] })
    );
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert_eq!(limits(&refused, "ratelimit"), [("user-20-60-2".to_owned(), 0, wait)]);
    assert!(!refused.text.contains("20/m"), "the rule is the owner's");
    tokio::time::sleep(Duration::from_secs(wait)).await;
    owner.ask("birds", "penguins").await.expect(200);
}

#[tokio::test]
async fn l1_of_64_at_once_exactly_as_many_are_answered_as_the_limit_says() {
    let (_space, owner) = space_with_endpoint(&[]).await;
    limit(&owner, &[json!({ "rate": "10/d" })]).await;
    let asking: Vec<_> = (0..64)
        .map(|_| {
            let owner = owner.clone();
            tokio::spawn(async move { owner.ask("birds", "penguins").await.status })
        })
        .collect();
    let mut answered = 0;
    for asking in asking {
        match asking.await.unwrap() {
            200 => answered += 1,
            status => assert_eq!(status, 429),
        }
    }
    assert_eq!(answered, 10);
}

#[tokio::test]
async fn l1_all_limits_must_let_a_query_through_and_the_refusal_names_which_does_not() {
    let (space, owner) = space_with_endpoint(&[]).await;
    let anna = space.member(&owner, "anna@acme.example", "user").await;
    limit(&owner, &[json!({ "rate": "5/d", "scope": "endpoint" }), json!({ "rate": "2/d" })]).await;
    let refused = ask_until_refused(&owner, 2).await;
    assert_eq!(limits(&refused, "ratelimit-policy"), [("user-2-86400".to_owned(), 2, 86_400)]);
    // What was refused was not taken of the other limit.
    let answered = anna.ask("birds", "penguins").await.expect(200);
    let left: Vec<u64> = limits(&answered, "ratelimit").into_iter().map(|(_, left, _)| left).collect();
    assert_eq!(left, [2, 1]);
    let names: Vec<String> = limits(&answered, "ratelimit").into_iter().map(|(name, ..)| name).collect();
    assert_eq!(names, ["endpoint-5-86400", "user-2-86400"]);
}

#[tokio::test]
async fn l1_tenants_share_no_limit_and_a_change_acts_on_the_next_query() {
    let (space, owner) = space_with_endpoint(&[("registration", "open")]).await;
    let ids = limit(&owner, &[json!({ "rate": "1/d", "scope": "tenant" })]).await;
    ask_until_refused(&owner, 1).await;
    let other = space.found_another("globex").await;
    let dataset = dataset_of(&other, "notes", &[("a", "Penguins swim.")]).await;
    endpoint_on(&other, &dataset, "birds").await;
    limit(&other, &[json!({ "rate": "1/d", "scope": "tenant" })]).await;
    other.ask("birds", "penguins").await.expect(200);
    ask_until_refused(&other, 0).await;
    let path = format!("/policies/{}", ids[0].as_str().unwrap());
    let changed = owner.patch(&path, &json!({ "configuration": { "rate": "1000000/s" } })).await.expect(200);
    assert_eq!(
        changed.body["configuration"],
        json!({ "rate": "1000000/s", "scope": "tenant", "window": "sliding" })
    );
    ask_until_refused_at_most_once(&owner).await;
    ask_until_refused(&other, 0).await;
}

/// What was taken of a slower limit counts as all of a faster one, which fills up at its own pace.
async fn ask_until_refused_at_most_once(client: &Client) {
    if client.ask("birds", "penguins").await.status != 200 {
        client.ask("birds", "penguins").await.expect(200);
    }
}

#[tokio::test]
async fn k9_a_forged_header_makes_nobody_another_address() {
    for (settings, forwarded, same) in [
        (&[][..], ["198.51.100.1", "198.51.100.2"], true),
        (&[("behind_proxy", "127.0.0.1/32")][..], ["198.51.100.1", "198.51.100.2"], false),
        // Of one network, and what the client itself wrote before the proxy.
        (&[("behind_proxy", "127.0.0.1/32")][..], ["2001:db8:1:2::1", "2001:db8:1:2:3:4:5:6"], true),
        (
            &[("behind_proxy", "127.0.0.1/32")][..],
            ["192.0.2.1, 198.51.100.1", "192.0.2.2, 198.51.100.1"],
            true,
        ),
    ] {
        let (_space, owner) = space_with_endpoint(settings).await;
        limit(&owner, &[json!({ "rate": "1/d", "scope": "address" })]).await;
        let ask = async |address: &str| {
            let query = owner.request("POST", "/endpoints/birds/query").header("x-forwarded-for", address);
            owner.send(query.json(&json!({ "messages": "penguins" }))).await.status
        };
        assert_eq!(ask(forwarded[0]).await, 200);
        assert_eq!(ask(forwarded[1]).await, if same { 429 } else { 200 }, "{forwarded:?}");
    }
}

#[tokio::test]
async fn l1_a_caller_is_one_whichever_session_they_have_and_a_key_may_be_counted_by_itself() {
    let (space, owner) = space_with_endpoint(&[]).await;
    let made = owner.post("/api-keys", &json!({ "name": "nightly", "scopes": ["query"] })).await.expect(201);
    let key = owner.with_token(made.body["api_key"].as_str().unwrap());
    let session = space.log_in("owner@acme.example", PASSWORD).await;
    limit(&owner, &[json!({ "rate": "1/d" })]).await;
    owner.ask("birds", "penguins").await.expect(200);
    for again in [&owner, &session, &key] {
        ask_until_refused(again, 0).await;
    }
    limit(&owner, &[json!({ "rate": "1/d", "scope": "key" })]).await;
    owner.ask("birds", "penguins").await.expect(200);
    key.ask("birds", "penguins").await.expect(200);
    for again in [&owner, &session, &key] {
        ask_until_refused(again, 0).await;
    }
}

#[tokio::test]
async fn l1_a_kill_or_a_restart_gives_nothing_back() {
    if in_memory() {
        return;
    }
    let (mut space, owner) = space_with_endpoint(&[]).await;
    limit(
        &owner,
        &[json!({ "rate": "5/d" }), json!({ "rate": "5/d", "scope": "tenant", "window": "strict" })],
    )
    .await;
    for _ in 0..3 {
        owner.ask("birds", "penguins").await.expect(200);
    }
    // As long as it may take until what was taken is kept.
    tokio::time::sleep(Duration::from_secs(1)).await;
    space.server().kill();
    space.server().run_again().await;
    let owner = space.anybody().with_token(owner.token());
    let left = |answer: &Answer| {
        limits(answer, "ratelimit").into_iter().map(|(_, left, _)| left).collect::<Vec<_>>()
    };
    assert_eq!(left(&owner.ask("birds", "penguins").await.expect(200)), [1, 1]);
    // A server that ends in order keeps everything.
    owner.ask("birds", "penguins").await.expect(200);
    space.server().signal("TERM");
    space.server().wait();
    space.server().run_again().await;
    let owner = space.anybody().with_token(owner.token());
    ask_until_refused(&owner, 0).await;
}

#[tokio::test]
async fn l1_a_configuration_is_shown_with_its_defaults_and_what_is_wrong_is_named() {
    let (_space, owner) = space_with_endpoint(&[]).await;
    for (taken, shown) in [
        (json!({ "rate": "100/m" }), json!({ "rate": "100/m", "scope": "user", "window": "sliding" })),
        (
            json!({ "limit": "5/h", "scope": "global", "applied_to": ["*"] }),
            json!({ "rate": "5/h", "scope": "endpoint", "window": "sliding" }),
        ),
        (
            json!({ "limit": "5/h", "applied_to": ["*@Acme.example"] }),
            json!({ "rate": "5/h", "scope": "user", "window": "sliding", "applies_to": ["*@acme.example"] }),
        ),
    ] {
        assert_eq!(make(&owner, &taken).await.expect(201).body["configuration"], shown);
    }
    for (bad, pointer) in [
        (json!({ "rate": "100/w" }), "/configuration/rate"),
        (json!({ "rate": "1/m", "burst": 0 }), "/configuration/burst"),
        (json!({ "rate": "1/m", "scope": "pattern" }), "/configuration/scope"),
        (json!({ "rate": "1/m", "window": "fixed" }), "/configuration/window"),
        (json!({ "rate": "1/m", "burst": 3, "window": "strict" }), "/configuration/burst"),
        (json!({ "rate": "1/m", "applies_to": ["a@b.example", "b"] }), "/configuration/applies_to/1"),
        (json!({ "rate": "1/m", "applies_to": ["group:nobody"] }), "/configuration/applies_to/0"),
        (json!({ "limit": "1/m", "applied_to": ["a?@b.example"] }), "/configuration/applied_to/0"),
        (json!({ "rate": "1/m", "x": 1 }), "/configuration"),
    ] {
        let refused = make(&owner, &bad).await.expect_problem(422, "invalid");
        assert_eq!(refused.body["errors"][0]["pointer"], pointer, "{}", refused.text);
    }
}

/// The policies that the documentation shows.
fn documented() -> Vec<Value> {
    let text = include_str!("../../../../docs/policies.md");
    let blocks = text.split("```json\n").skip(1).map(|block| block.split("```").next().unwrap());
    let policies =
        blocks.filter(|block| block.contains("\"policy_type\"") && block.contains("\"configuration\""));
    policies.map(|block| serde_json::from_str(block).unwrap()).collect()
}

#[tokio::test]
async fn l1_the_policies_of_the_documentation_are_taken_as_they_stand_there() {
    let (_space, owner) = space_with_endpoint(&[]).await;
    let policies = documented();
    let is_limit = |policy: &Value| policy["policy_type"] == "rate_limit";
    assert!(policies.len() > 1 && policies.iter().any(is_limit), "{policies:?}");
    for policy in policies {
        let made = owner.post("/policies", &policy).await.expect(201);
        if is_limit(&policy) {
            assert_eq!(made.body["configuration"], policy["configuration"]);
            owner
                .put("/endpoints/birds/policies", &json!({ "policy_ids": [made.body["id"]] }))
                .await
                .expect(200);
            let answered = owner.ask("birds", "penguins").await.expect(200);
            if policy["configuration"]["applies_to"].is_array() {
                assert_eq!(answered.header("ratelimit-policy"), "", "it is for others");
                continue;
            }
            let told = format!("RateLimit-Policy: {}\n", answered.header("ratelimit-policy"));
            assert!(include_str!("../../../../docs/policies.md").contains(&told), "{told}");
        }
    }
}
