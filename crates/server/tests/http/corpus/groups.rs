//! Groups, who is in them, and policies that name them.

use serde_json::{Value, json};

use super::recorder::{Ask, Recorder};
use crate::space::TestSpace;

pub async fn play() -> Recorder {
    let space = TestSpace::open_to_all().await;
    let mut r = Recorder::new("groups", &space);
    r.found(&space, "owner", "acme").await;
    r.found(&space, "foreigner", "globex").await;
    for (who, role) in [("admin", "admin"), ("anna", "user"), ("viewer", "viewer")] {
        r.join(who, role).await;
    }
    groups(&mut r).await;
    members(&mut r).await;
    policies(&mut r).await;
    revisions(&mut r).await;
    removals(&mut r).await;
    r.log("owner", "/audit").await;
    r
}

async fn groups(r: &mut Recorder) {
    r.get("owner", "/groups").await;
    r.make("partners", "owner", "/groups", json!({ "name": "partners", "description": "Who works with us" }))
        .await;
    r.make("readers", "admin", "/groups", json!({ "name": "readers" })).await;
    for body in [
        json!({ "name": "partners" }),
        json!({ "name": "No Name" }),
        json!({ "name": "" }),
        json!({ "name": "a".repeat(65) }),
        json!({ "name": "x", "description": "two\nlines" }),
        json!({ "name": "x", "members": [] }),
        json!({}),
    ] {
        r.post("owner", "/groups", body).await;
    }
    r.post("viewer", "/groups", json!({ "name": "x" })).await;
    r.post("foreigner", "/groups", json!({ "name": "partners" })).await;
    for target in ["/groups", "/groups/partners", "/groups/readers", "/groups/missing", "/groups/No%20Name"] {
        for who in ["owner", "viewer", "anna", "foreigner"] {
            r.get(who, target).await;
        }
    }
    r.pages("viewer", "/groups?limit=1").await;
    let change = |body: Value| Ask::new("owner", "PATCH", "/groups/readers").json(&body);
    r.send(change(json!({ "description": "Who reads" })).header("if-match", "\"7\"")).await;
    r.send(change(json!({ "description": "Who reads" })).header("if-match", "\"1\"")).await;
    for body in [json!({}), json!({ "description": null }), json!({ "name": "others" }), json!([])] {
        r.send(change(body)).await;
    }
    r.patch("owner", "/groups/missing", json!({ "description": "x" })).await;
}

async fn members(r: &mut Recorder) {
    let path = "/groups/partners/members";
    for body in [
        json!({ "emails": ["Ada@Partner.example", "bob@partner.example", "ada@partner.example"] }),
        json!({ "emails": ["bob@partner.example"] }),
        json!({ "emails": [] }),
        json!({ "emails": ["ada@partner.example", "nobody"] }),
        json!({ "emails": ["*@partner.example"] }),
        json!({ "emails": "ada@partner.example" }),
        json!({}),
    ] {
        r.post("owner", path, body).await;
    }
    r.post("viewer", path, json!({ "emails": ["x@partner.example"] })).await;
    r.post("owner", "/groups/missing/members", json!({ "emails": ["x@partner.example"] })).await;
    for method in ["PUT", "DELETE"] {
        for address in
            ["eve%2Bnews@partner.example", "eve+news@partner.example", "nobody", "a%FF@partner.example"]
        {
            r.send(Ask::new("owner", method, &format!("{path}/{address}"))).await;
        }
        r.send(Ask::new("owner", method, "/groups/missing/members/eve@partner.example")).await;
        r.send(Ask::new("foreigner", method, "/groups/readers/members/eve@partner.example")).await;
        r.send(Ask::new("viewer", method, &format!("{path}/eve@partner.example"))).await;
    }
    for who in ["owner", "viewer", "anna", "foreigner"] {
        r.get(who, path).await;
    }
    r.pages("owner", &format!("{path}?limit=1")).await;
    for query in ["limit=0", "cursor=00"] {
        r.get("owner", &format!("{path}?{query}")).await;
    }
    r.get("owner", "/groups/missing/members").await;
}

async fn policies(r: &mut Recorder) {
    let allow = |patterns: &[&str]| json!({ "mode": "allow", "patterns": patterns });
    let of = |configuration: Value| json!({ "name": "partners alone", "policy_type": "access", "configuration": configuration });
    for patterns in [&["group:missing"][..], &["a@b.example", "group:No Name"], &["group:"]] {
        r.post("owner", "/policies", of(allow(patterns))).await;
    }
    r.make("policy", "owner", "/policies", of(allow(&["group:readers", "*@acme.example", "group:partners"])))
        .await;
    let patch = |patterns: &[&str]| json!({ "configuration": { "patterns": patterns } });
    r.patch("owner", "/policies/«policy»", patch(&["group:partners", "group:missing"])).await;
    r.patch("owner", "/policies/«policy»", patch(&["group:partners", "group:readers"])).await;
    r.make("dataset", "owner", "/datasets", json!({ "name": "birds", "dtype": "embedded" })).await;
    r.make("birds", "owner", "/endpoints", json!({
        "name": "Birds", "slug": "birds", "dataset_id": "«dataset»", "response_type": "raw", "published": true,
    }))
    .await;
    r.put("owner", "/endpoints/birds/policies", json!({ "policy_ids": ["«policy»"] })).await;
    let lint = json!({ "endpoint": "birds" });
    r.post("owner", "/policies/lint", lint).await;
    for path in
        ["PUT", "DELETE"].map(|method| Ask::new("owner", method, "/groups/readers/members/anna@acme.example"))
    {
        r.send(path).await;
        r.post("anna", "/endpoints/birds/query", json!({ "messages": "owls" })).await;
        let identity = json!({ "email": "anna@acme.example" });
        r.post("owner", "/endpoints/birds/policies/explain", json!({ "identity": identity })).await;
    }
}

/// What the policy was, and making it so again.
async fn revisions(r: &mut Recorder) {
    let path = "/policies/«policy»/revisions";
    for who in ["owner", "viewer", "anna", "foreigner"] {
        r.get(who, path).await;
        r.get(who, &format!("{path}/1")).await;
    }
    r.pages("viewer", &format!("{path}?limit=1")).await;
    for target in ["limit=0", "cursor=00"].map(|query| format!("{path}?{query}")) {
        r.get("owner", &target).await;
    }
    for target in ["/3", "/0", "/x"].map(|number| format!("{path}{number}")) {
        r.get("owner", &target).await;
    }
    let roll_back = |who: &str, revision: Value| {
        Ask::new(who, "POST", "/policies/«policy»/rollback").json(&json!({ "revision": revision }))
    };
    for who in ["viewer", "anna", "foreigner"] {
        r.send(roll_back(who, json!(1))).await;
    }
    for revision in [json!(9), json!(0), json!("1"), json!(null)] {
        r.send(roll_back("owner", revision)).await;
    }
    r.send(roll_back("owner", json!(1)).header("if-match", "\"1\"")).await;
    // A group that it named is gone.
    r.patch(
        "owner",
        "/policies/«policy»",
        json!({ "name": "others", "configuration": { "patterns": ["*"] } }),
    )
    .await;
    r.delete("owner", "/groups/readers").await;
    r.send(roll_back("owner", json!(1))).await;
    r.make("readers again", "owner", "/groups", json!({ "name": "readers" })).await;
    r.send(roll_back("owner", json!(1)).header("if-match", "\"3\"")).await;
    r.get("owner", path).await;
    r.get("owner", &format!("{path}/4")).await;
}

async fn removals(r: &mut Recorder) {
    for group in ["readers", "partners"] {
        r.delete("owner", &format!("/groups/{group}")).await;
    }
    r.patch("owner", "/policies/«policy»", json!({ "configuration": { "patterns": ["group:readers"] } }))
        .await;
    r.send(Ask::new("owner", "DELETE", "/groups/partners").header("if-match", "\"1\"")).await;
    for who in ["viewer", "foreigner", "owner", "owner"] {
        r.delete(who, "/groups/partners").await;
    }
}
