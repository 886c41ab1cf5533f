//! The main job, as the tour in the README tells it.

use serde_json::json;

use crate::space::{PASSWORD, TestSpace};

#[tokio::test]
async fn a1_z1_z2_z3_u1_q1_q2_from_an_empty_machine_to_an_answered_authorised_audited_query() {
    let space = TestSpace::start().await;

    // The setup token makes the first account, the owner of its tenant.
    let registration = json!({
        "email": "olivia@example.org", "password": PASSWORD, "tenant_name": "library",
        "setup_token": space.setup_token(),
    });
    let registered = space.anybody().post("/auth/register", &registration).await.expect(201);
    assert_eq!(registered.body["tenant_name"], "library");
    assert_eq!(registered.body["role"], "owner");

    // She logs in, and the token says who she is.
    let olivia = space.log_in("olivia@example.org", PASSWORD).await;
    let me = olivia.get("/auth/me").await.expect(200);
    assert_eq!((&me.body["email"], &me.body["role"]), (&json!("olivia@example.org"), &json!("owner")));

    // She invites two people, who choose passwords of their own.
    let anna = space.member(&olivia, "anna@example.org", "user").await;
    let victor = space.member(&olivia, "victor@elsewhere.example", "user").await;

    // She puts documents in, and sees what a search finds.
    let dataset = json!({ "name": "opening hours", "dtype": "embedded" });
    let dataset =
        olivia.post("/datasets", &dataset).await.expect(201).body["id"].as_str().unwrap().to_owned();
    let documents = json!({ "documents": [
        { "document_id": "hours", "title": "Hours", "content": "The reading room opens at nine and closes at six." },
        { "document_id": "cats", "content": "Cats are welcome in the garden, dogs are not." },
    ]});
    let path = format!("/datasets/{dataset}/documents?wait=true");
    let job = olivia.post(&path, &documents).await.expect(200);
    assert_eq!(
        (&job.body["job"]["status"], &job.body["job"]["documents_done"]),
        (&json!("succeeded"), &json!(2))
    );
    let found = olivia
        .post(&format!("/datasets/{dataset}/search"), &json!({ "query": "When does the reading room open?" }))
        .await
        .expect(200);
    assert_eq!(found.body["documents"][0]["document_id"], "hours");

    // She publishes an endpoint, for people of example.org.
    let endpoint = json!({
        "name": "Opening hours", "slug": "opening-hours", "dataset_id": dataset,
        "response_type": "raw", "published": true,
    });
    olivia.post("/endpoints", &endpoint).await.expect(201);
    let policy = json!({
        "name": "our own people", "policy_type": "access",
        "configuration": { "mode": "allow", "patterns": ["*@example.org"] },
    });
    let policy = olivia.post("/policies", &policy).await.expect(201).body["id"].clone();
    olivia.put("/endpoints/opening-hours/policies", &json!({ "policy_ids": [policy] })).await.expect(200);

    // Anna is answered.
    let query = json!({ "messages": "When does the reading room open?" });
    let answer = anna.post("/endpoints/opening-hours/query", &query).await.expect(200);
    let hit = &answer.body["references"]["documents"][0];
    assert_eq!(hit["document_id"], "hours");
    assert_eq!(hit["content"], "The reading room opens at nine and closes at six.");
    assert_eq!(hit["metadata"]["title"], "Hours");
    assert!(hit["similarity_score"].as_f64().unwrap() >= 0.5);
    assert!(answer.body["summary"].is_null());
    assert_eq!(answer.body["cost"], 0.0);
    assert_eq!(answer.body["policy_metadata"], json!({ "outcome": "success", "entries": [] }));

    // Victor is refused, and learns no more than that.
    let refused =
        victor.post("/endpoints/opening-hours/query", &query).await.expect_problem(403, "access_denied");
    assert_eq!(refused.body["policy_metadata"]["outcome"], "access_denied");
    assert!(!refused.text.contains("example.org"), "the rule is the owner's");

    // Olivia sees why.
    let explain = json!({ "identity": { "email": "victor@elsewhere.example" } });
    let why = olivia.post("/endpoints/opening-hours/policies/explain", &explain).await.expect(200);
    assert_eq!(
        (&why.body["verdict"], &why.body["reason_code"]),
        (&json!("deny"), &json!("no_policy_allows"))
    );
    let explain = json!({ "identity": { "email": "anna@example.org" } });
    let why = olivia.post("/endpoints/opening-hours/policies/explain", &explain).await.expect(200);
    assert_eq!(why.body["verdict"], "allow");
    assert_eq!(why.body["decided_by"], json!({ "policy_id": policy, "rule": "*@example.org" }));

    // And the log holds all of it, without a gap.
    let log = olivia.audit("").await;
    let seqs: Vec<u64> = log.iter().map(|event| event["seq"].as_u64().unwrap()).collect();
    assert_eq!(seqs, (1..=u64::try_from(seqs.len()).unwrap()).rev().collect::<Vec<_>>());
    let newest: Vec<_> =
        log.iter().take(2).map(|event| (event["action"].as_str(), event["outcome"].as_str())).collect();
    assert_eq!(
        newest,
        [(Some("policy_violation"), Some("denied")), (Some("endpoint_query"), Some("success"))]
    );
    assert_eq!(log[0]["reason_code"], "access_denied");
    assert_eq!(log[0]["address"], "127.0.0.1");
    assert_eq!(log[0]["actor"]["role"], "user");
    assert_eq!(refused.header("x-request-id"), log[0]["request_id"]);
}
