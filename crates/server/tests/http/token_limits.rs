//! How much may be asked in a time: what callers and owners are told of it, and that it holds.

use std::time::Duration;

use serde_json::{Value, json};

use crate::space::{Answer, Client, TestSpace, dataset_of, endpoint_on, in_memory};

async fn limited(configuration: Value) -> (TestSpace, Client, Client) {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let dataset = dataset_of(&owner, "notes", &[("a", "Penguins swim.")]).await;
    endpoint_on(&owner, &dataset, "birds").await;
    let policy = json!({ "name": "p", "policy_type": "token_limit", "configuration": configuration });
    let id = owner.post("/policies", &policy).await.expect(201).body["id"].clone();
    owner.put("/endpoints/birds/policies", &json!({ "policy_ids": [id] })).await.expect(200);
    let anna = space.member(&owner, "anna@acme.example", "user").await;
    (space, owner, anna)
}

/// What a caller is told of their one limit.
async fn told(client: &Client) -> Value {
    client.get("/me/access").await.expect(200).body["items"][0].clone()
}

fn wait(answer: &Answer) -> u64 {
    answer.header("retry-after").parse().unwrap()
}

#[tokio::test]
async fn z4_what_a_caller_is_told_of_their_characters_is_what_happens_when_they_ask() {
    let (_space, owner, anna) =
        limited(json!({ "rate": "20/d", "window": "strict", "max_characters": 15 })).await;
    let mut left = Vec::new();
    for question in ["penguins", "penguin?", "penguin", "1234", "x"] {
        let forecast = told(&anna).await;
        let limit = &forecast["limits"][0];
        assert_eq!((&limit["unit"], &limit["quota"]), (&json!("characters"), &json!(20)));
        assert_eq!(
            (limit["name"].as_str(), &limit["window"]),
            (Some("characters-user-20-86400-strict"), &json!(86_400))
        );
        let body = json!({ "identity": { "email": "anna@acme.example" }, "messages": question });
        let explained = owner.post("/endpoints/birds/policies/explain", &body).await.expect(200).body;
        assert_eq!(explained["limits"][0]["remaining"], limit["remaining"]);
        let answer = anna.ask("birds", question).await;
        let is_answered = answer.status == 200;
        assert_eq!(explained["verdict"], if is_answered { "allow" } else { "deny" }, "{question}");
        // Whoever is told that nothing is left is refused whatever they ask; else it hangs on its length.
        assert!(forecast["refusal"].is_null() || !is_answered);
        assert_eq!(forecast["refusal"].is_null(), limit["remaining"] != 0);
        let told = answer.header("ratelimit-policy");
        assert_eq!(told, "\"characters-user-20-86400-strict\";q=20;w=86400;qu=\"characters\"");
        left.push((limit["remaining"].clone(), answer.status));
        if !is_answered {
            let refused = answer.expect_problem(429, "rate_limited");
            assert!(wait(&refused) <= 86_400);
            let entry = &refused.body["policy_metadata"]["entries"][0];
            assert_eq!(
                (&entry["policy_type"], &entry["reason_code"]),
                (&json!("token_limit"), &json!("RATE_LIMITED"))
            );
            assert_eq!(explained["decided_by"]["rule"], "characters: 20/d per user, strict");
            assert!(!refused.text.contains("20/d"), "the rule is the owner's");
        }
    }
    let expected = [(20, 200), (12, 200), (4, 429), (4, 200), (0, 429)];
    assert_eq!(left, expected.map(|(left, status)| (json!(left), status)));
    let too_long = anna.ask("birds", "penguins penguins").await.expect_problem(403, "policy_violation");
    assert_eq!(too_long.header("retry-after"), "");
    assert_eq!(too_long.body["policy_metadata"]["entries"][0]["reason_code"], "PROMPT_TOO_LONG");
    // Others have theirs.
    owner.ask("birds", "penguins").await.expect(200);
}

#[tokio::test]
async fn z4_whoever_waits_as_told_is_let_in() {
    let (_space, _owner, anna) = limited(json!({ "rate": "20/s", "burst": 40 })).await;
    let question = "penguin ".repeat(4);
    anna.ask("birds", &question).await.expect(200);
    let refused = anna.ask("birds", &question).await.expect_problem(429, "rate_limited");
    tokio::time::sleep(Duration::from_secs(wait(&refused))).await;
    anna.ask("birds", &question).await.expect(200);
}

#[tokio::test]
async fn z4_of_64_at_once_no_character_more_is_answered_than_the_limit_says() {
    let (_space, _owner, anna) = limited(json!({ "rate": "85/d" })).await;
    let asking: Vec<_> = (0..64)
        .map(|_| {
            let anna = anna.clone();
            tokio::spawn(async move { anna.ask("birds", "penguins").await.status })
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
    anna.ask("birds", "birds").await.expect(200);
    anna.ask("birds", "b").await.expect_problem(429, "rate_limited");
}

#[tokio::test]
async fn z4_a_kill_gives_no_characters_back() {
    if in_memory() {
        return;
    }
    let (mut space, _owner, anna) = limited(json!({ "rate": "20/d" })).await;
    anna.ask("birds", "penguins").await.expect(200);
    // As long as it may take until what was taken is kept.
    tokio::time::sleep(Duration::from_secs(1)).await;
    space.server().kill();
    space.server().run_again().await;
    let anna = space.anybody().with_token(anna.token());
    assert_eq!(told(&anna).await["limits"][0]["remaining"], 12);
    anna.ask("birds", "penguins swim").await.expect_problem(429, "rate_limited");
    anna.ask("birds", "penguins").await.expect(200);
}
