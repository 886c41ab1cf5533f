//! What is expected of endpoints, and the writes that are held to it.

use serde_json::{Value, json};

use super::recorder::{Ask, Recorder};
use crate::space::TestSpace;

const PATH: &str = "/endpoints/birds/expectations";

pub async fn play() -> Recorder {
    let space = TestSpace::open_to_all().await;
    let mut r = Recorder::new("expectations", &space);
    r.found(&space, "owner", "acme").await;
    r.found(&space, "foreigner", "globex").await;
    for (who, role) in [("admin", "admin"), ("anna", "user"), ("viewer", "viewer")] {
        r.join(who, role).await;
    }
    r.make("dataset", "owner", "/datasets", json!({ "name": "birds", "dtype": "embedded" })).await;
    r.make("birds", "owner", "/endpoints", json!({
        "name": "Birds", "slug": "birds", "dataset_id": "«dataset»", "response_type": "raw", "published": true,
    }))
    .await;
    r.make(
        "policy",
        "owner",
        "/policies",
        json!({
            "name": "our people", "policy_type": "access",
            "configuration": { "mode": "allow", "patterns": ["*@acme.example"] },
        }),
    )
    .await;
    r.put("owner", "/endpoints/birds/policies", json!({ "policy_ids": ["«policy»"] })).await;
    setting(&mut r).await;
    held(&mut r).await;
    r.log("owner", "/audit").await;
    r
}

fn of(email: &str, verdict: &str) -> Value {
    json!({ "identity": { "email": email }, "verdict": verdict })
}

async fn setting(r: &mut Recorder) {
    for who in ["owner", "admin", "viewer", "anna", "foreigner"] {
        r.get(who, PATH).await;
    }
    r.get("owner", "/endpoints/missing/expectations").await;
    let set =
        |expectations: Value| Ask::new("owner", "PUT", PATH).json(&json!({ "expectations": expectations }));
    let anna = of("anna@acme.example", "allowed");
    let mut victor = of("Victor@elsewhere.example", "denied");
    victor["note"] = json!("Left for the competition");
    let mut for_teaching = of("admin@acme.example", "allowed");
    for_teaching["purpose"] = json!("teaching");
    let guest = json!({
        "identity": { "issuer": "https://hub.example", "sub": "guest", "role": "guest" }, "verdict": "denied",
    });
    for wrong in [
        json!([of("anna@acme.example", "denied")]),
        json!([anna, of("victor@elsewhere.example", "allowed")]),
        json!([of("nobody", "allowed")]),
        json!([of("anna@acme.example", "allow")]),
        json!([{ "verdict": "denied" }]),
        json!(vec![anna.clone(); 51]),
        json!("none"),
    ] {
        r.send(set(wrong)).await;
    }
    r.put("owner", "/endpoints/missing/expectations", json!({ "expectations": [] })).await;
    for who in ["viewer", "foreigner"] {
        r.put(who, PATH, json!({ "expectations": [] })).await;
    }
    r.send(set(json!([anna])).header("if-match", "\"9\"")).await;
    r.send(set(json!([anna])).header("if-match", "\"2\"")).await;
    r.put("admin", PATH, json!({ "expectations": [anna, victor, for_teaching, guest] })).await;
    for who in ["owner", "viewer"] {
        r.get(who, PATH).await;
    }
}

async fn held(r: &mut Recorder) {
    let patch = |patterns: &[&str]| json!({ "configuration": { "patterns": patterns } });
    for patterns in [
        &["*@elsewhere.example"][..],
        &["ceo@acme.example"],
        &["anna@acme.example", "admin@*"],
        &["*@acme.example"],
    ] {
        r.patch("owner", "/policies/«policy»", patch(patterns)).await;
    }
    r.patch("owner", "/endpoints/birds", json!({ "published": false })).await;
    r.patch("owner", "/endpoints/birds", json!({ "summary": "Of the air" })).await;
    r.delete("owner", "/users/«account of anna»").await;
    r.patch("owner", "/users/«account of anna»", json!({ "role": "viewer" })).await;
    r.put("owner", PATH, json!({ "expectations": [] })).await;
    r.patch("owner", "/users/«account of anna»", json!({ "role": "viewer" })).await;
    r.get("owner", PATH).await;
}
