//! What the host's operator sees of the keys that sign access tokens.

use serde_json::json;

use super::recorder::Recorder;
use crate::space::TestSpace;

pub async fn play() -> Recorder {
    let space = TestSpace::start().await;
    let mut r = Recorder::new("keys", &space);
    let keys = "//operator/v1/keys";
    let told = r.get("operator", keys).await;
    r.keep("first key", told.text("/items/0/id"));
    for body in [json!({ "revoke": "yes" }), json!({ "revoke": null }), json!({ "more": 1 }), json!([])] {
        r.post("operator", keys, body).await;
    }
    r.make("second key", "operator", keys, json!({})).await;
    r.get("operator", keys).await;
    r.make("third key", "operator", keys, json!({ "revoke": true })).await;
    r.get("operator", keys).await;
    r.log("operator", "//operator/v1/audit").await;
    r
}
