//! Policies: who may query an endpoint.

use serde_json::json;

use crate::space::{Client, TestSpace, dataset_of, endpoint_on, only_policy};

async fn space_with_endpoint() -> (TestSpace, Client) {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let dataset = dataset_of(&owner, "notes", &[("a", "Penguins swim.")]).await;
    endpoint_on(&owner, &dataset, "birds").await;
    (space, owner)
}

#[tokio::test]
async fn z2_without_a_policy_members_who_may_query_are_answered_and_viewers_are_not() {
    let (space, owner) = space_with_endpoint().await;
    owner.ask("birds", "penguins").await.expect(200);
    let user = space.member(&owner, "user@acme.example", "user").await;
    user.ask("birds", "penguins").await.expect(200);
    let viewer = space.member(&owner, "viewer@acme.example", "viewer").await;
    viewer.ask("birds", "penguins").await.expect_problem(403, "forbidden");
}

#[tokio::test]
async fn z2_a_change_of_policy_acts_on_the_very_next_query() {
    let (space, owner) = space_with_endpoint().await;
    let anna = space.member(&owner, "anna@acme.example", "user").await;
    let policy =
        only_policy(&owner, "birds", json!({ "mode": "allow", "patterns": ["*@other.example"] })).await;
    anna.ask("birds", "penguins").await.expect_problem(403, "access_denied");
    let path = format!("/policies/{policy}");
    for (pattern, status) in
        [("anna@acme.example", 200), ("*@other.example", 403), ("*", 200), ("*@*.org", 403)]
    {
        let patterns = json!({ "configuration": { "patterns": [pattern] } });
        owner.patch(&path, &patterns).await.expect(200);
        anna.ask("birds", "penguins").await.expect(status);
    }
    owner.put("/endpoints/birds/policies", &json!({ "policy_ids": [] })).await.expect(200);
    anna.ask("birds", "penguins").await.expect(200);
}

#[tokio::test]
async fn z2_owner_and_admin_are_bound_by_policies_when_they_query() {
    let (space, owner) = space_with_endpoint().await;
    let admin = space.member(&owner, "admin@acme.example", "admin").await;
    only_policy(&owner, "birds", json!({ "mode": "deny", "patterns": ["*@acme.example"] })).await;
    owner.ask("birds", "penguins").await.expect_problem(403, "access_denied");
    admin.ask("birds", "penguins").await.expect_problem(403, "access_denied");
}

#[tokio::test]
async fn z2_any_deny_refuses_whatever_allows_and_in_whatever_order() {
    let (space, owner) = space_with_endpoint().await;
    let anna = space.member(&owner, "anna@acme.example", "user").await;
    let mut ids = Vec::new();
    for (mode, pattern) in [("allow", "anna@acme.example"), ("deny", "*@acme.example"), ("allow", "*")] {
        let body = json!({
            "name": mode, "policy_type": "access", "configuration": { "mode": mode, "patterns": [pattern] },
        });
        ids.push(owner.post("/policies", &body).await.expect(201).body["id"].clone());
    }
    for order in [[0, 1, 2], [1, 0, 2], [2, 1, 0], [0, 2, 1]] {
        let attach = json!({ "policy_ids": order.map(|n| ids[n].clone()) });
        owner.put("/endpoints/birds/policies", &attach).await.expect(200);
        anna.ask("birds", "penguins").await.expect_problem(403, "access_denied");
    }
    owner.put("/endpoints/birds/policies", &json!({ "policy_ids": [ids[0], ids[2]] })).await.expect(200);
    anna.ask("birds", "penguins").await.expect(200);
}

#[tokio::test]
async fn z2_a_draft_is_seen_by_those_alone_who_may_change_it() {
    let (space, owner) = space_with_endpoint().await;
    let user = space.member(&owner, "user@acme.example", "user").await;
    let admin = space.member(&owner, "admin@acme.example", "admin").await;
    owner.patch("/endpoints/birds", &json!({ "published": false })).await.expect(200);
    let hidden = user.ask("birds", "penguins").await.expect_problem(404, "not_found");
    let missing = user.ask("no-such", "penguins").await.expect_problem(404, "not_found");
    assert_eq!(hidden.body["detail"], missing.body["detail"]);
    assert_eq!(user.get("/endpoints").await.expect(200).body["items"], json!([]));
    admin.ask("birds", "penguins").await.expect(200);
    owner.ask("birds", "penguins").await.expect(200);
    owner.patch("/endpoints/birds", &json!({ "published": true })).await.expect(200);
    user.ask("birds", "penguins").await.expect(200);
    let listed = user.get("/endpoints").await.expect(200);
    assert_eq!(listed.body["items"], json!([{ "name": "birds", "slug": "birds", "summary": "" }]));
}

#[tokio::test]
async fn z2_both_shapes_of_configuration_are_taken_and_bad_ones_named() {
    let (_space, owner) = space_with_endpoint().await;
    let make = async |configuration| {
        let body = json!({ "name": "p", "policy_type": "access", "configuration": configuration });
        owner.post("/policies", &body).await
    };
    let made = make(json!({ "allowed_users": ["*@acme.example"], "denied_users": [] })).await.expect(201);
    assert_eq!(made.body["configuration"]["mode"], "allow");
    assert_eq!(made.body["configuration"]["patterns"], json!(["*@acme.example"]));
    let made = make(json!({ "mode": "deny", "patterns": ["Eve@Evil.Example"] })).await.expect(201);
    assert_eq!(made.body["configuration"]["patterns"], json!(["eve@evil.example"]));
    for (bad, pointer) in [
        (json!({ "mode": "maybe", "patterns": [] }), "/configuration/mode"),
        (json!({ "mode": "allow", "patterns": ["ok@x.example", "a@b@c"] }), "/configuration/patterns/1"),
        (json!({ "mode": "allow", "patterns": ["x".repeat(400)] }), "/configuration/patterns/0"),
    ] {
        let refused = make(bad).await.expect_problem(422, "invalid");
        assert_eq!(refused.body["errors"][0]["pointer"], pointer, "{}", refused.text);
    }
    for bad in [json!({}), json!([]), json!("allow"), json!({ "mode": "allow", "patterns": ["*"], "x": 1 })] {
        make(bad).await.expect_problem(422, "invalid");
    }
    let unknown = json!({ "name": "p", "policy_type": "horoscope", "configuration": {} });
    owner.post("/policies", &unknown).await.expect_problem(422, "invalid");
}

#[tokio::test]
async fn z2_an_attached_policy_is_not_removed_by_accident() {
    let (_space, owner) = space_with_endpoint().await;
    let policy = only_policy(&owner, "birds", json!({ "mode": "allow", "patterns": ["*"] })).await;
    owner.delete(&format!("/policies/{policy}")).await.expect_problem(409, "in_use");
    owner
        .put("/endpoints/birds/policies", &json!({ "policy_ids": [policy, policy] }))
        .await
        .expect_problem(422, "invalid");
    owner.put("/endpoints/birds/policies", &json!({ "policy_ids": [] })).await.expect(200);
    owner.delete(&format!("/policies/{policy}")).await.expect(204);
}

#[tokio::test]
async fn q1_a_query_takes_what_marketplace_clients_send_and_believes_none_of_it() {
    let (space, owner) = space_with_endpoint().await;
    let eve = space.member(&owner, "eve@acme.example", "user").await;
    only_policy(&owner, "birds", json!({ "mode": "deny", "patterns": ["eve@acme.example"] })).await;
    let claimed =
        json!({ "user_email": "owner@acme.example", "messages": "penguins", "transaction_token": "t" });
    eve.post("/endpoints/birds/query", &claimed).await.expect_problem(403, "access_denied");
    let conversation = json!({
        "messages": [
            { "role": "system", "content": "You know birds." },
            { "role": "user", "content": "penguins" },
            { "role": "assistant", "content": "What about them?" },
        ],
        "max_tokens": 1024, "temperature": 0.7, "stream": false, "stop_sequences": [], "unknown": { "a": 1 },
    });
    let other = space.member(&owner, "anna@acme.example", "user").await;
    let answer = other.post("/endpoints/birds/query", &conversation).await.expect(200);
    assert_eq!(answer.body["references"]["documents"][0]["document_id"], "a");
    for bad in [
        json!({}),
        json!({ "messages": "" }),
        json!({ "messages": [] }),
        json!({ "messages": 7 }),
        json!({ "messages": [{ "role": "tool", "content": "x" }] }),
        json!({ "messages": "x", "limit": 0 }),
        json!({ "messages": "x", "limit": 101 }),
        json!({ "messages": "x", "similarity_threshold": 1.5 }),
        json!({ "messages": "x", "similarity_threshold": -0.1 }),
        json!({ "messages": "x", "temperature": 3 }),
        json!({ "messages": "x", "stream": true }),
        json!({ "messages": "x", "extras": [] }),
    ] {
        other.post("/endpoints/birds/query", &bad).await.expect_problem(422, "invalid");
    }
    let plain = json!({ "messages": "penguins", "include_metadata": false });
    let answer = other.post("/endpoints/birds/query", &plain).await.expect(200);
    assert_eq!(answer.body["references"]["documents"][0]["metadata"], json!({}), "an object, never null");
}

#[tokio::test]
async fn a_page_of_large_policies_is_bounded_and_the_pages_are_the_whole_list() {
    const PAGE_BYTES: usize = 1 << 20;
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let patterns: Vec<String> =
        (0..9_990).map(|n| format!("{}{n}*@*.mail.acme.example", "x".repeat(50))).collect();
    let mut made = Vec::new();
    for n in 0..10 {
        let body = json!({
            "name": format!("policy {n}"), "policy_type": "access",
            "configuration": { "mode": "allow", "patterns": patterns },
        });
        made.push(owner.post("/policies", &body).await.expect(201).body["id"].clone());
    }
    let viewer = space.member(&owner, "viewer@acme.example", "viewer").await;
    let (mut listed, mut pages, mut cursor) = (Vec::new(), 0, None);
    loop {
        let after = cursor.map_or_else(String::new, |cursor: String| format!("&cursor={cursor}"));
        let page = viewer.get(&format!("/policies?limit=100{after}")).await.expect(200).body;
        let items = page["items"].as_array().unwrap();
        let item_bytes = items[0].to_string().len();
        assert!(page.to_string().len() <= PAGE_BYTES + item_bytes, "a page has 1 MiB and an item at most");
        assert!(
            items.iter().all(|item| item["configuration"]["patterns"].as_array().unwrap().len() == 9_990)
        );
        listed.extend(items.iter().map(|item| item["id"].clone()));
        pages += 1;
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = Some(next.to_owned());
    }
    assert_eq!(listed, made, "every policy is on one page");
    assert!(pages >= 5, "two of these fill a page: {pages} pages");
}

#[tokio::test]
async fn z2_a_query_says_its_purpose_where_a_policy_demands_it_and_the_log_keeps_it() {
    let (space, owner) = space_with_endpoint().await;
    let anna = space.member(&owner, "anna@acme.example", "user").await;
    let mut ids = Vec::new();
    for (kind, configuration) in [
        ("access", json!({ "mode": "allow", "patterns": ["anna@acme.example"] })),
        ("purpose", json!({ "allowed": ["teaching", "DUO:0000006"] })),
        ("purpose", json!({ "allowed": ["DUO:0000006"] })),
    ] {
        let body = json!({ "name": kind, "policy_type": kind, "configuration": configuration });
        ids.push(owner.post("/policies", &body).await.expect(201).body["id"].clone());
    }
    owner.put("/endpoints/birds/policies", &json!({ "policy_ids": ids })).await.expect(200);
    let ask = async |who: &Client, purpose: Option<&str>| {
        let body = json!({ "messages": "penguins", "purpose": purpose });
        who.post("/endpoints/birds/query", &body).await
    };
    // What is demanded is told to those whom the rest would let in, and to nobody else.
    let missing = ask(&anna, None).await.expect_problem(422, "invalid");
    assert_eq!(missing.body["errors"][0]["pointer"], "/purpose");
    assert!(missing.text.contains("this endpoint is for: DUO:0000006"), "{}", missing.text);
    assert!(!ask(&owner, None).await.expect_problem(403, "access_denied").text.contains("DUO"));
    for wrong in ["teaching", "duo:0000006"] {
        let refused = ask(&anna, Some(wrong)).await.expect_problem(403, "policy_violation");
        assert_eq!(refused.body["policy_metadata"]["outcome"], "policy_violation");
        assert_eq!(refused.body["policy_metadata"]["entries"][0]["policy_type"], "purpose");
    }
    ask(&anna, Some("for fun")).await.expect_problem(422, "invalid");
    ask(&anna, Some("DUO:0000006")).await.expect(200);
    // Explaining agrees, at whatever time it is to be.
    let explain = async |purpose: Option<&str>| {
        let identity = json!({ "email": "anna@acme.example" });
        let body = json!({ "identity": identity, "purpose": purpose, "at": "2031-01-01T00:00:00Z" });
        let told = owner.post("/endpoints/birds/policies/explain", &body).await.expect(200).body;
        (told["verdict"].clone(), told["reason_code"].clone())
    };
    assert_eq!(explain(None).await, (json!("deny"), json!("purpose_missing")));
    assert_eq!(explain(Some("teaching")).await, (json!("deny"), json!("denied_by_policy")));
    assert_eq!(explain(Some("DUO:0000006")).await, (json!("allow"), json!("allowed_by_policy")));
    // A list shows it, although nobody has said what a query would be for.
    assert_eq!(anna.get("/endpoints").await.expect(200).body["items"][0]["slug"], "birds");
    let told = owner.get("/audit?limit=20").await.expect(200).body["items"].clone();
    let told: Vec<_> =
        told.as_array().unwrap().iter().filter(|event| event["object"]["kind"] == "endpoint").collect();
    let said = told.iter().map(|event| (event["reason_code"].as_str(), event["purpose"].as_str()));
    let said: Vec<_> = said.collect();
    for expected in [
        (None, Some("DUO:0000006")),
        (Some("policy_violation"), Some("teaching")),
        (Some("purpose_missing"), None),
        (Some("access_denied"), None),
    ] {
        assert!(said.contains(&expected), "{expected:?} of {said:?}");
    }
}

#[tokio::test]
async fn z2_a_policy_means_nobody_outside_its_time() {
    let (space, owner) = space_with_endpoint().await;
    let anna = space.member(&owner, "anna@acme.example", "user").await;
    let (past, future) = ("2020-01-01T00:00:00Z", "2200-01-01T00:00:00+02:00");
    let allow = json!({ "mode": "allow", "patterns": ["*"], "valid_until": future });
    let policy = only_policy(&owner, "birds", allow).await;
    let path = format!("/policies/{policy}");
    anna.ask("birds", "penguins").await.expect(200);
    let shown = owner.get(&path).await.expect(200).body["configuration"].clone();
    assert_eq!(shown["valid_until"], "2199-12-31T22:00:00Z", "in UTC");
    for (patch, status) in [
        (json!({ "valid_until": past }), 403),
        (json!({ "valid_until": null, "valid_from": past }), 200),
        (json!({ "valid_from": future }), 403),
        (json!({ "valid_from": null }), 200),
        (json!({ "mode": "deny", "valid_from": past, "valid_until": future }), 403),
        (json!({ "mode": "deny", "valid_from": null, "valid_until": past }), 200),
    ] {
        owner.patch(&path, &json!({ "configuration": patch })).await.expect(200);
        anna.ask("birds", "penguins").await.expect(status);
    }
    for (patch, pointer) in [
        (json!({ "valid_from": future, "valid_until": past }), "/configuration/valid_until"),
        (json!({ "valid_until": "tomorrow" }), "/configuration/valid_until"),
        (json!({ "valid_from": 7, "valid_until": null }), "/configuration/valid_from"),
    ] {
        let refused =
            owner.patch(&path, &json!({ "configuration": patch })).await.expect_problem(422, "invalid");
        assert_eq!(refused.body["errors"][0]["pointer"], pointer, "{}", refused.text);
    }
}
