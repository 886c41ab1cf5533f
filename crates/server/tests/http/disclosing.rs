//! How much of what an endpoint finds one caller may be shown: a scraper gets no more, whatever they do.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use crate::space::{Answer, Client, TestSpace, dataset_of, endpoint_on, in_memory};

const DOCUMENTS: usize = 120;
const CAP: usize = 25;

async fn limited(space: &TestSpace, configuration: Value) -> Client {
    let owner = space.found("acme").await;
    let texts: Vec<(String, String)> =
        (0..DOCUMENTS).map(|n| (format!("d{n}"), format!("Penguin number{n} of the colony."))).collect();
    let texts: Vec<(&str, &str)> = texts.iter().map(|(id, text)| (id.as_str(), text.as_str())).collect();
    let dataset = dataset_of(&owner, "notes", &texts).await;
    endpoint_on(&owner, &dataset, "birds").await;
    let body = json!({ "name": "p", "policy_type": "disclosure_limit", "configuration": configuration });
    let id = owner.post("/policies", &body).await.expect(201).body["id"].clone();
    owner.put("/endpoints/birds/policies", &json!({ "policy_ids": [id] })).await.expect(200);
    owner
}

fn shown(answer: &Answer) -> Vec<String> {
    let documents = answer.body["references"]["documents"].as_array().into_iter().flatten();
    documents.map(|hit| hit["document_id"].as_str().unwrap().to_owned()).collect()
}

/// Asks for one document after another, from many connections at once, until nobody answers.
async fn scrape(client: &Client, from: usize, most: usize) -> BTreeSet<String> {
    let asking: Vec<_> = (0..64)
        .map(|n| {
            let client = client.clone();
            tokio::spawn(async move {
                let mut seen = BTreeSet::new();
                for round in 0..most {
                    let question = format!("number{}", (from + n * 7 + round * 13) % DOCUMENTS);
                    let query = client.request("POST", "/endpoints/birds/query");
                    let body = json!({ "messages": question, "limit": 3, "similarity_threshold": 0.0 });
                    match client.try_send(query.json(&body)).await {
                        Ok(answer) if answer.status == 200 => seen.extend(shown(&answer)),
                        Ok(answer) => drop(answer.expect_problem(403, "policy_violation")),
                        Err(_) => break,
                    }
                }
                seen
            })
        })
        .collect();
    let mut seen = BTreeSet::new();
    for asking in asking {
        seen.extend(asking.await.unwrap());
    }
    seen
}

#[tokio::test]
async fn z2_a_scraper_with_64_connections_and_a_kill_in_between_is_shown_exactly_the_cap() {
    let mut space = TestSpace::start().await;
    let owner = limited(&space, json!({ "cap": CAP })).await;
    let anna = space.member(&owner, "anna@acme.example", "user").await;
    let mut seen = scrape(&anna, 0, 2).await;
    if !in_memory() {
        let running = tokio::spawn({
            let anna = anna.clone();
            async move { scrape(&anna, 3, 50).await }
        });
        tokio::time::sleep(Duration::from_millis(120)).await;
        space.server().kill();
        seen.extend(running.await.unwrap());
        space.server().run_again().await;
    }
    let anna = space.anybody().with_token(anna.token());
    seen.extend(scrape(&anna, 5, 8).await);
    // What a kill cut off may have been written and not been read by anybody.
    let again = scrape(&anna, 0, 40).await;
    seen.extend(again);
    assert!(seen.len() <= CAP && seen.len() + 3 * 64 > CAP, "{} were shown", seen.len());
    if in_memory() {
        assert_eq!(seen.len(), CAP);
    }
    // Another caller is shown what they are not.
    let owner = space.anybody().with_token(owner.token());
    let query = json!({ "messages": "colony", "limit": 100, "similarity_threshold": 0.0 });
    let theirs = owner.post("/endpoints/birds/query", &query).await.expect(200);
    assert_eq!(shown(&theirs).len(), CAP);
}

#[tokio::test]
async fn z2_an_answer_says_what_was_left_out_and_a_refusal_why() {
    let space = TestSpace::start().await;
    let owner = limited(&space, json!({ "cap": 2, "unit": "chunks", "window": "7d" })).await;
    let ask = async |question: &str, limit: u64| {
        let body = json!({ "messages": question, "limit": limit, "similarity_threshold": 0.0 });
        owner.post("/endpoints/birds/query", &body).await
    };
    let cut = ask("colony", 5).await.expect(200);
    assert_eq!(shown(&cut).len(), 2);
    let entry = json!({
        "policy_type": "disclosure_limit", "kind": "access", "status": "applied", "reason_code": "DISCLOSURE_LIMIT",
        "reason": "you were shown as much of what the endpoint has as you may be: the rest was left out",
    });
    assert_eq!(cut.body["policy_metadata"], json!({ "outcome": "success", "entries": [entry] }));
    let coverage = async |client: &Client| {
        let policies = client.get("/policies").await.expect(200).body;
        let id = policies["items"][0]["id"].as_str().unwrap().to_owned();
        client.get(&format!("/policies/{id}/coverage")).await
    };
    let told = coverage(&owner).await.expect(200).body;
    assert_eq!((told["items"].as_array().unwrap().len(), &told["items"][0]["shown"]), (1, &json!(2)));
    let other = (0..DOCUMENTS).map(|n| format!("d{n}")).find(|id| !shown(&cut).contains(id)).unwrap();
    let refused = ask(&other.replace('d', "number"), 1).await.expect_problem(403, "policy_violation");
    assert_eq!(refused.body["policy_metadata"]["entries"][0]["reason_code"], "DISCLOSURE_LIMIT");
    let known = shown(&cut)[0].replace('d', "number");
    assert_eq!(shown(&ask(&known, 1).await.expect(200)), shown(&cut)[..1]);
}
