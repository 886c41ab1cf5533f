//! Questions that wait for approval: the whole of it over HTTP, from many callers at once, and behind a kill.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::space::ledger::seed;
use crate::space::{Answer, Client, TestSpace, dataset_of, endpoint_on, in_memory};

/// What is asked, which nothing else says.
const QUESTION: &str = "When did the quetzal of Xelaju last sing?";

async fn reviewed(space: &TestSpace, configuration: Value) -> Client {
    let owner = space.found("acme").await;
    let dataset = dataset_of(&owner, "notes", &[("a", "The quetzal sang at noon.")]).await;
    endpoint_on(&owner, &dataset, "birds").await;
    let body = json!({ "name": "p", "policy_type": "manual_review", "configuration": configuration });
    let id = owner.post("/policies", &body).await.expect(201).body["id"].clone();
    owner.put("/endpoints/birds/policies", &json!({ "policy_ids": [id] })).await.expect(200);
    owner
}

fn approval_id(answer: &Answer) -> String {
    answer.body["approval_id"].as_str().unwrap().to_owned()
}

async fn pending(client: &Client, question: &str) -> String {
    approval_id(&client.ask("birds", question).await.expect_problem(403, "review_pending"))
}

async fn decide(owner: &Client, id: &str, how: &str) -> Answer {
    owner.post(&format!("/approvals/{id}/{how}"), &json!({ "note": "as agreed" })).await
}

/// Asks what waits for approval, at an endpoint that is there for it, and answers the request.
pub async fn asked(owner: &Client, asker: &Client, dataset: &str) -> String {
    endpoint_on(owner, dataset, "asked").await;
    let policy = json!({ "name": "asked", "policy_type": "manual_review", "configuration": {} });
    let policy = owner.post("/policies", &policy).await.expect(201).body["id"].clone();
    owner.put("/endpoints/asked/policies", &json!({ "policy_ids": [policy] })).await.expect(200);
    let refused = asker.ask("asked", "things").await.expect_problem(403, "review_pending");
    refused.body["approval_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn z4_a_question_waits_until_an_owner_has_approved_it() {
    let space = TestSpace::start().await;
    let owner = reviewed(&space, json!({ "valid_for": "1h", "keep_prompt": true })).await;
    let anna = space.member(&owner, "anna@acme.example", "user").await;
    let refused = anna.ask("birds", QUESTION).await.expect_problem(403, "review_pending");
    let id = approval_id(&refused);
    assert_eq!(
        refused.body["policy_metadata"],
        json!({ "outcome": "policy_violation", "entries": [{
            "policy_type": "manual_review", "kind": "access", "status": "rejected", "reason_code": "REVIEW_PENDING",
            "reason": "your question is answered once somebody has approved it", "details": { "approval_id": id },
        }] })
    );
    assert_eq!(pending(&anna, QUESTION).await, id);
    let listed = owner.get("/approvals?state=pending").await.expect(200).body;
    let [item] = &**listed["items"].as_array().unwrap() else { panic!("{listed}") };
    assert_eq!((&item["id"], &item["caller_email"]), (&json!(id), &json!("anna@acme.example")));
    assert_eq!((&item["endpoint"], &item["characters"]), (&json!("birds"), &json!(QUESTION.len())));
    assert!(!listed.to_string().contains("quetzal"), "a list shows no text");
    let shown = owner.get(&format!("/approvals/{id}")).await.expect(200).body;
    assert_eq!(shown["prompt"], json!([{ "role": "user", "content": QUESTION }]));
    let read = owner.audit("&action=sensitive_read").await;
    assert_eq!(read[0]["object"], json!({ "kind": "approval", "id": id }));
    // Neither who asked nor another user decides.
    decide(&anna, &id, "approve").await.expect_problem(403, "forbidden");
    let decided = decide(&owner, &id, "approve").await.expect(200).body;
    assert_eq!((&decided["state"], &decided["note"]), (&json!("approved"), &json!("as agreed")));
    assert_eq!(decide(&owner, &id, "approve").await.expect(200).body, decided);
    for _ in 0..2 {
        anna.ask("birds", QUESTION).await.expect(200);
    }
    assert_ne!(pending(&anna, "When did the quetzal of Xelaju last sing").await, id);
    let own = anna.get("/me/approvals").await.expect(200).body;
    assert_eq!((own["items"].as_array().unwrap().len(), &own["items"][0]["state"]), (2, &json!("approved")));
    // What is one's own somebody else decides.
    let mine = pending(&owner, QUESTION).await;
    decide(&owner, &mine, "approve").await.expect_problem(403, "own_request");
    let admin = space.member(&owner, "ada@acme.example", "admin").await;
    decide(&admin, &mine, "deny").await.expect(200);
    let denied = owner.ask("birds", QUESTION).await.expect_problem(403, "review_denied");
    assert_eq!(approval_id(&denied), mine);
    let explained = json!({ "identity": { "email": "anna@acme.example" }, "messages": "Which owls?" });
    let explained = owner.post("/endpoints/birds/policies/explain", &explained).await.expect(200).body;
    assert_eq!(
        (&explained["verdict"], &explained["reason_code"]),
        (&json!("deny"), &json!("review_pending"))
    );
    assert_eq!(explained["steps"][0]["outcome"], "not_approved");
}

#[tokio::test]
async fn z4_of_many_first_calls_at_once_one_makes_a_request() {
    let space = TestSpace::start().await;
    let owner = reviewed(&space, json!({})).await;
    let anna = space.member(&owner, "anna@acme.example", "user").await;
    let asking = (0..20).map(|_| {
        let anna = anna.clone();
        tokio::spawn(async move { pending(&anna, QUESTION).await })
    });
    let mut ids = BTreeSet::new();
    for asking in asking.collect::<Vec<_>>() {
        ids.insert(asking.await.unwrap());
    }
    assert_eq!(ids.len(), 1, "each of them was told the same");
    let listed = owner.get("/approvals").await.expect(200).body;
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn z4_what_waits_and_what_was_approved_outlives_a_kill() {
    if in_memory() {
        return;
    }
    let mut space = TestSpace::start().await;
    let owner = reviewed(&space, json!({})).await;
    let anna = space.member(&owner, "anna@acme.example", "user").await;
    let id = pending(&anna, QUESTION).await;
    space.server().kill();
    space.server().run_again().await;
    let (owner, anna) = (space.anybody().with_token(owner.token()), space.anybody().with_token(anna.token()));
    assert_eq!(pending(&anna, QUESTION).await, id);
    decide(&owner, &id, "approve").await.expect(200);
    space.server().kill();
    space.server().run_again().await;
    let anna = space.anybody().with_token(anna.token());
    anna.ask("birds", QUESTION).await.expect(200);
}

#[tokio::test]
async fn z4_a_removal_that_a_kill_cuts_short_takes_all_requests_along_or_none() {
    if in_memory() {
        return;
    }
    let mut space = TestSpace::start().await;
    let owner = reviewed(&space, json!({})).await;
    for who in ["anna", "bob", "carl", "dora", "emil"] {
        let who = space.member(&owner, &format!("{who}@acme.example"), "user").await;
        for n in 0..20 {
            pending(&who, &format!("{QUESTION} {n}")).await;
        }
    }
    let policy = owner.get("/policies").await.expect(200).body["items"][0]["id"].clone();
    let policy = format!("/policies/{}", policy.as_str().unwrap());
    owner.put("/endpoints/birds/policies", &json!({ "policy_ids": [] })).await.expect(200);
    let mut rng = fastrand::Rng::with_seed(seed());
    let (mut before, mut behind) = (0, 0);
    loop {
        let (remover, path) = (space.anybody().with_token(owner.token()), policy.clone());
        let removing = tokio::spawn(async move { remover.try_send(remover.request("DELETE", &path)).await });
        // The moment is what this is about.
        tokio::time::sleep(Duration::from_millis(rng.u64(0..=25))).await;
        space.server().kill();
        drop(removing.await);
        space.server().run_again().await;
        let owner = space.anybody().with_token(owner.token());
        let is_there = owner.get(&policy).await.status == 200;
        let listed = async || {
            let listed = owner.get("/approvals?limit=100").await.expect(200).body;
            listed["items"].as_array().unwrap().clone()
        };
        if is_there {
            assert_eq!(listed().await.len(), 100, "a policy that is there has all of its requests");
            before += 1;
            continue;
        }
        for _ in 0..600 {
            let left = listed().await;
            assert!(left.iter().all(|request| request["state"] == "ended"), "{left:?}");
            if left.is_empty() {
                break;
            }
            behind += 1;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(listed().await.len(), 0, "they follow behind the start");
        break;
    }
    println!(
        "cut short {before} times before the policy was gone; requests were left {behind} times behind the start"
    );
}

/// Whether any file of a folder holds these bytes.
fn holds(folder: &Path, bytes: &[u8]) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return holds(&path, bytes);
        }
        let content = std::fs::read(&path).unwrap_or_default();
        content.windows(bytes.len()).any(|window| window == bytes)
    })
}

#[tokio::test]
async fn k18_what_is_asked_lies_nowhere_in_the_clear_whether_it_is_kept_or_not() {
    if in_memory() {
        return;
    }
    for keep in [true, false] {
        let mut space = TestSpace::start().await;
        let owner = reviewed(&space, json!({ "keep_prompt": keep })).await;
        let anna = space.member(&owner, "anna@acme.example", "user").await;
        let id = pending(&anna, QUESTION).await;
        let shown = owner.get(&format!("/approvals/{id}")).await.expect(200).body;
        assert_eq!((&shown["prompt_kept"], shown["prompt"].is_array()), (&json!(keep), keep));
        space.server().kill();
        assert!(holds(space.home(), b"anna@acme.example"), "the search finds what is there");
        assert!(!holds(space.home(), b"Xelaju"), "the question lies in the clear");
    }
}

#[tokio::test]
async fn z4_so_many_questions_of_a_caller_wait_and_the_next_is_told_what_to_do() {
    let space = TestSpace::start().await;
    let owner = reviewed(&space, json!({})).await;
    for n in 0..20 {
        pending(&owner, &format!("owl {n}")).await;
    }
    // Each of them has an event of its own, which names it: nothing is made that the log does not tell of.
    let told = owner.audit("&action=policy_violation").await;
    let named: BTreeSet<&str> = told.iter().filter_map(|event| event["object"]["id"].as_str()).collect();
    assert_eq!((told.len(), named.len()), (20, 20));
    let full = owner.ask("birds", "one more").await.expect_problem(403, "review_queue_full");
    assert!(full.body["detail"].as_str().unwrap().contains("have decided some"), "{}", full.text);
    assert!(full.body.get("approval_id").is_none());
}

#[tokio::test]
async fn z1_a_request_is_seen_and_decided_in_its_own_tenant_alone() {
    let space = TestSpace::open_to_all().await;
    let owner = reviewed(&space, json!({ "keep_prompt": true })).await;
    let anna = space.member(&owner, "anna@acme.example", "user").await;
    let id = pending(&anna, QUESTION).await;
    let stranger = space.found_another("globex").await;
    for path in ["/approvals", "/me/approvals"] {
        assert_eq!(stranger.get(path).await.expect(200).body["items"], json!([]));
    }
    stranger.get(&format!("/approvals/{id}")).await.expect_problem(404, "not_found");
    for how in ["approve", "deny"] {
        decide(&stranger, &id, how).await.expect_problem(404, "not_found");
    }
    assert_eq!(pending(&anna, QUESTION).await, id);
}

#[tokio::test]
async fn z4_who_decides_sees_how_much_is_asked_for_and_denies_many_at_once() {
    let space = TestSpace::start().await;
    let owner = reviewed(&space, json!({})).await;
    let anna = space.member(&owner, "anna@acme.example", "user").await;
    let body = json!({ "messages": QUESTION, "limit": 50, "similarity_threshold": 0.25, "context": 3 });
    anna.post("/endpoints/birds/query", &body).await.expect_problem(403, "review_pending");
    let listed = owner.get("/approvals").await.expect(200).body;
    let item = &listed["items"][0];
    assert_eq!([&item["limit"], &item["context"]], [&json!(50), &json!(3)]);
    assert_eq!([&item["similarity_threshold"], &item["caller_kind"]], [&json!(0.25), &json!("member")]);
    pending(&anna, "And the owls?").await;
    let caller = item["caller_id"].clone();
    let both = json!({ "caller_id": caller, "endpoint": "birds" });
    owner.post("/approvals/deny", &both).await.expect_problem(422, "invalid");
    anna.post("/approvals/deny", &json!({ "caller_id": caller })).await.expect_problem(403, "forbidden");
    let denied =
        owner.post("/approvals/deny", &json!({ "caller_id": caller, "note": "no" })).await.expect(200);
    assert_eq!(denied.body, json!({ "denied": 2 }));
    anna.ask("birds", "And the owls?").await.expect_problem(403, "review_denied");
    let own = anna.get("/me/approvals").await.expect(200).body;
    assert_eq!(own["items"][1]["note"], "no");
}
