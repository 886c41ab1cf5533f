//! Questions that wait for approval, and what becomes of them.

use serde_json::{Value, json};

use super::recorder::Recorder;
use crate::space::TestSpace;

const QUERY: &str = "/endpoints/birds/query";

pub async fn play() -> Recorder {
    let space = TestSpace::open_to_all().await;
    let mut r = Recorder::new("approvals", &space);
    r.found(&space, "owner", "acme").await;
    r.found(&space, "foreigner", "globex").await;
    for (who, role) in [("admin", "admin"), ("anna", "user"), ("viewer", "viewer")] {
        r.join(who, role).await;
    }
    r.make("dataset", "owner", "/datasets", json!({ "name": "birds", "dtype": "embedded" })).await;
    let documents = json!({ "documents": [{ "document_id": "owls", "content": "Owls hoot." }] });
    r.make("job", "owner", "/datasets/«dataset»/documents?wait=true", documents).await;
    let endpoint = json!({
        "name": "Birds", "slug": "birds", "dataset_id": "«dataset»", "response_type": "raw", "published": true,
    });
    r.make("endpoint", "owner", "/endpoints", endpoint).await;
    configurations(&mut r).await;
    r.put("owner", "/endpoints/birds/policies", json!({ "policy_ids": ["«policy»"] })).await;
    let question = json!({ "messages": "Do owls hoot?", "purpose": "teaching" });
    let first = r.post("anna", QUERY, question.clone()).await;
    r.keep("approval", first.text("/approval_id"));
    r.post("anna", QUERY, question.clone()).await;
    let own = r.post("owner", QUERY, question.clone()).await;
    r.keep("own approval", own.text("/approval_id"));
    reading(&mut r).await;
    deciding(&mut r).await;
    r.post("anna", QUERY, question.clone()).await;
    r.post("owner", QUERY, question).await;
    let said = json!({ "identity": { "email": "anna@acme.example" }, "messages": "Do kiwis hoot?" });
    r.post("owner", "/endpoints/birds/policies/explain", said).await;
    r.log("owner", "/audit").await;
    // So many refusals of a kind may be merged in the log.
    full(&mut r).await;
    r
}

async fn configurations(r: &mut Recorder) {
    let policy = |configuration: Value| json!({ "name": "p", "policy_type": "manual_review", "configuration": configuration });
    for wrong in
        [json!({ "valid_for": "7w" }), json!({ "keep_prompt": 1 }), json!({ "for": "7d" }), json!([])]
    {
        r.post("owner", "/policies", policy(wrong)).await;
    }
    r.make("policy", "owner", "/policies", policy(json!({ "keep_prompt": true }))).await;
    r.patch("owner", "/policies/«policy»", json!({ "configuration": { "valid_for": "12h" } })).await;
}

async fn reading(r: &mut Recorder) {
    for who in ["owner", "admin", "anna", "viewer", "foreigner"] {
        r.get(who, "/approvals").await;
        r.get(who, "/approvals/«approval»").await;
        r.get(who, "/me/approvals").await;
        r.get(who, "/me/access?purpose=teaching").await;
    }
    r.get("owner", "/me/access?purpose=for%20fun").await;
    for filter in
        ["state=pending", "state=approved", "state=open", "endpoint=«endpoint»&limit=1", "endpoint=birds"]
    {
        r.get("owner", &format!("/approvals?{filter}")).await;
    }
    r.get("owner", "/approvals/nothing").await;
}

async fn deciding(r: &mut Recorder) {
    let (approve, deny) = ("/approvals/«approval»/approve", "/approvals/«approval»/deny");
    for who in ["anna", "viewer", "foreigner"] {
        r.post(who, approve, json!({})).await;
        r.post(who, deny, json!({})).await;
    }
    for which in [json!({}), json!({ "endpoint": "kiwis" }), json!({ "caller_id": "«account of owner»" })] {
        r.post("owner", "/approvals/deny", which).await;
    }
    for who in ["anna", "viewer", "foreigner"] {
        r.post(who, "/approvals/deny", json!({ "endpoint": "birds" })).await;
    }
    r.post("owner", approve, json!({ "note": "two\nlines" })).await;
    for _ in 0..2 {
        r.post("owner", approve, json!({ "note": "as agreed" })).await;
    }
    r.post("admin", deny, json!({})).await;
    r.post("admin", approve, json!({})).await;
    r.post("owner", "/approvals/«own approval»/approve", json!({})).await;
    r.post("admin", "/approvals/«own approval»/deny", json!({ "note": "ask the library" })).await;
    for who in ["owner", "anna"] {
        r.get(who, "/me/approvals").await;
    }
    r.get("owner", "/approvals?state=denied").await;
}

/// As many wait as may.
async fn full(r: &mut Recorder) {
    for n in 0..=20 {
        r.post("anna", QUERY, json!({ "messages": format!("Does owl {n} hoot?") })).await;
    }
    r.post("owner", "/approvals/deny", json!({ "endpoint": "birds", "note": "too many at once" })).await;
}
