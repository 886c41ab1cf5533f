//! Groups: named lists of addresses, which policies name.

use serde_json::{Value, json};

use crate::space::{Client, PASSWORD, birds, in_memory, only_policy, space_with_birds};

async fn group(owner: &Client, name: &str, emails: &[&str]) {
    owner.post("/groups", &json!({ "name": name })).await.expect(201);
    if !emails.is_empty() {
        owner.post(&format!("/groups/{name}/members"), &json!({ "emails": emails })).await.expect(200);
    }
}

async fn put(owner: &Client, group: &str, address: &str) {
    owner.send(owner.request("PUT", &format!("/groups/{group}/members/{address}"))).await.expect(204);
}

fn allow(patterns: &[&str]) -> Value {
    json!({ "mode": "allow", "patterns": patterns })
}

/// The addresses in a group.
async fn members(owner: &Client, group: &str) -> Vec<String> {
    let listed = owner.get(&format!("/groups/{group}/members?limit=100")).await.expect(200);
    let items = listed.body["items"].as_array().unwrap();
    items.iter().map(|item| item["email"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn z2_who_is_put_into_a_group_or_taken_out_is_so_for_the_very_next_query() {
    let (space, owner) = space_with_birds().await;
    let anna = space.member(&owner, "anna@acme.example", "user").await;
    group(&owner, "readers", &[]).await;
    group(&owner, "banned", &[]).await;
    only_policy(&owner, "birds", allow(&["bob@acme.example", "group:readers"])).await;
    anna.ask("birds", "penguins").await.expect_problem(403, "access_denied");
    for _ in 0..3 {
        put(&owner, "readers", "Anna@ACME.example").await;
        anna.ask("birds", "penguins").await.expect(200);
        owner.delete("/groups/readers/members/anna@acme.example").await.expect(204);
        anna.ask("birds", "penguins").await.expect_problem(403, "access_denied");
    }
    only_policy(&owner, "birds", json!({ "mode": "deny", "patterns": ["group:banned"] })).await;
    anna.ask("birds", "penguins").await.expect(200);
    put(&owner, "banned", "anna@acme.example").await;
    anna.ask("birds", "penguins").await.expect_problem(403, "access_denied");
    owner.delete("/groups/banned/members/anna@acme.example").await.expect(204);
    anna.ask("birds", "penguins").await.expect(200);
}

#[tokio::test]
async fn z2_who_is_in_a_group_is_told_and_putting_in_twice_does_nothing_twice() {
    let (_space, owner) = space_with_birds().await;
    let made =
        owner.post("/groups", &json!({ "name": "partners", "description": "Who works with us" })).await;
    let made = made.expect(201);
    assert_eq!((made.header("etag"), &made.body["members"]), ("\"1\"", &json!(0)));
    let path = "/groups/partners/members";
    let added = owner
        .post(path, &json!({ "emails": ["b@x.example", "A@X.example", "a@x.example"] }))
        .await
        .expect(200);
    assert_eq!(added.body, json!({ "added": 2, "members": 2 }));
    let again = owner.post(path, &json!({ "emails": ["c@x.example", "a@x.example"] })).await.expect(200);
    assert_eq!(again.body, json!({ "added": 1, "members": 3 }));
    for _ in 0..2 {
        put(&owner, "partners", "d%2Be%2Ff%25@x.example").await;
        owner.delete("/groups/partners/members/b@x.example").await.expect(204);
    }
    assert_eq!(members(&owner, "partners").await, ["a@x.example", "c@x.example", "d+e/f%@x.example"]);
    let group = owner.get("/groups/partners").await.expect(200);
    assert_eq!(
        (group.header("etag"), &group.body["members"]),
        ("\"5\"", &json!(3)),
        "each change counts once"
    );
    for wrong in ["nobody", "a@b@c.example", "*@x.example"] {
        owner.delete(&format!("/groups/partners/members/{wrong}")).await.expect_problem(404, "not_found");
    }
    let changed = owner.patch("/groups/partners", &json!({ "description": "All" })).await.expect(200);
    assert_eq!(changed.body["description"], "All");
    let stale = owner.request("DELETE", "/groups/partners").header("if-match", "\"5\"");
    owner.send(stale).await.expect_problem(412, "changed");
    owner.post("/groups", &json!({ "name": "partners" })).await.expect_problem(409, "name_taken");
    owner.delete("/groups/partners").await.expect(204);
    owner.get("/groups/partners").await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn z2_a_policy_that_names_a_group_that_there_is_not_is_refused_where_it_names_it() {
    let (_space, owner) = space_with_birds().await;
    group(&owner, "known", &[]).await;
    let refused = allow(&["group:known", "a@x.example", "group:known", "group:unknown"]);
    let policy = json!({ "name": "p", "policy_type": "access", "configuration": refused });
    let refused_at = async |path: &str, body: Value, pointer: &str| {
        let refused = owner.post(path, &body).await.expect_problem(422, "invalid");
        assert_eq!(refused.body["errors"][0]["pointer"], pointer, "{}", refused.text);
        assert!(refused.text.contains("there is no group"), "{}", refused.text);
    };
    refused_at("/policies", policy.clone(), "/configuration/patterns/3").await;
    let made = json!({ "name": "p", "policy_type": "access", "configuration": allow(&["group:known"]) });
    let made = owner.post("/policies", &made).await.expect(201).body;
    let path = format!("/policies/{}", made["id"].as_str().unwrap());
    let patch = json!({ "configuration": { "patterns": ["group:unknown"] } });
    let refused = owner.patch(&path, &patch).await.expect_problem(422, "invalid");
    assert_eq!(refused.body["errors"][0]["pointer"], "/configuration/patterns/0");
    let simulated = json!({
        "policy_id": made["id"], "configuration": allow(&["group:unknown"]), "identities": [],
    });
    refused_at("/policies/simulate", simulated, "/configuration/patterns/0").await;
    let linted =
        json!({ "policies": [{ "policy_type": "access", "configuration": allow(&["group:unknown"]) }] });
    refused_at("/policies/lint", linted, "/policies/0/configuration/patterns/0").await;
    let no_name = json!({ "name": "p", "policy_type": "access", "configuration": allow(&["group:No Name"]) });
    owner.post("/policies", &no_name).await.expect_problem(422, "invalid");
}

#[tokio::test]
async fn z2_a_group_that_policies_name_stays_and_the_policies_are_told() {
    let (_space, owner) = space_with_birds().await;
    group(&owner, "partners", &["ada@x.example"]).await;
    let policy = only_policy(&owner, "birds", allow(&["group:partners"])).await;
    let refused = owner.delete("/groups/partners").await.expect_problem(409, "group_in_use");
    assert!(refused.body["detail"].as_str().unwrap().contains(&policy), "{}", refused.text);
    assert_eq!(members(&owner, "partners").await, ["ada@x.example"]);
    // Another name of the policy changes nothing about whom it names.
    owner.patch(&format!("/policies/{policy}"), &json!({ "name": "renamed" })).await.expect(200);
    owner.delete("/groups/partners").await.expect_problem(409, "group_in_use");
    let other = json!({ "configuration": { "patterns": ["*@x.example"] } });
    owner.patch(&format!("/policies/{policy}"), &other).await.expect(200);
    owner.delete("/groups/partners").await.expect(204);
}

#[tokio::test]
async fn z1_a_group_of_one_name_in_two_tenants_is_two_groups() {
    let (space, acme) = space_with_birds().await;
    let globex = space.found_another("globex").await;
    birds(&globex).await;
    let both = "both@elsewhere.example";
    space.member(&acme, both, "user").await;
    space.member(&globex, both, "user").await;
    for owner in [&acme, &globex] {
        group(owner, "partners", &[]).await;
        only_policy(owner, "birds", allow(&["group:partners"])).await;
    }
    put(&acme, "partners", both).await;
    let at_acme = space.log_in_to(both, PASSWORD, "acme").await;
    let at_globex = space.log_in_to(both, PASSWORD, "globex").await;
    at_acme.ask("birds", "penguins").await.expect(200);
    at_globex.ask("birds", "penguins").await.expect_problem(403, "access_denied");
    assert_eq!(members(&globex, "partners").await, [""; 0]);
    globex.delete(&format!("/groups/partners/members/{both}")).await.expect(204);
    at_acme.ask("birds", "penguins").await.expect(200);
    // Nor does a policy name another tenant's group.
    group(&acme, "ours", &[]).await;
    let theirs = json!({ "name": "p", "policy_type": "access", "configuration": allow(&["group:ours"]) });
    globex.post("/policies", &theirs).await.expect_problem(422, "invalid");
    globex.get("/groups/ours").await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn z2_after_a_kill_groups_decide_as_before() {
    if in_memory() {
        return;
    }
    let (mut space, owner) = space_with_birds().await;
    let anna = space.member(&owner, "anna@acme.example", "user").await;
    let bob = space.member(&owner, "bob@acme.example", "user").await;
    group(&owner, "readers", &["anna@acme.example", "bob@acme.example"]).await;
    only_policy(&owner, "birds", allow(&["group:readers"])).await;
    owner.delete("/groups/readers/members/bob@acme.example").await.expect(204);
    for _ in 0..2 {
        space.server().kill();
        space.server().run_again().await;
        let again = |client: &Client| space.anybody().with_token(client.token());
        again(&anna).ask("birds", "penguins").await.expect(200);
        again(&bob).ask("birds", "penguins").await.expect_problem(403, "access_denied");
        again(&owner).delete("/groups/readers").await.expect_problem(409, "group_in_use");
    }
}

#[tokio::test]
async fn k12_a_group_has_an_end_and_so_has_what_is_put_into_it_at_once() {
    let (space, owner) = space_with_birds().await;
    let anna = space.member(&owner, "anna@acme.example", "user").await;
    group(&owner, "crowd", &[]).await;
    let path = "/groups/crowd/members";
    let many = |from: usize, count: usize| {
        let emails: Vec<_> = (from..from + count).map(|n| format!("m{n}@crowd.example")).collect();
        json!({ "emails": emails })
    };
    for wrong in [many(0, 0), many(0, 1_001)] {
        let refused = owner.post(path, &wrong).await.expect_problem(422, "invalid");
        assert_eq!(refused.body["errors"][0]["pointer"], "/emails");
    }
    for part in 0..10 {
        owner.post(path, &many(part * 1_000, 1_000)).await.expect(200);
    }
    only_policy(&owner, "birds", allow(&["group:crowd"])).await;
    anna.ask("birds", "penguins").await.expect_problem(403, "access_denied");
    let refused = owner.send(owner.request("PUT", &format!("{path}/anna@acme.example"))).await;
    refused.expect_problem(409, "limit_reached");
    owner.post(path, &many(0, 1_000)).await.expect(200);
    owner.delete(&format!("{path}/m7@crowd.example")).await.expect(204);
    put(&owner, "crowd", "anna@acme.example").await;
    anna.ask("birds", "penguins").await.expect(200);
    assert_eq!(owner.get("/groups/crowd").await.expect(200).body["members"], 10_000);
}

#[tokio::test]
async fn z4_explanation_simulation_lint_and_review_know_who_is_in_a_group() {
    let (space, owner) = space_with_birds().await;
    space.member(&owner, "anna@acme.example", "user").await;
    group(&owner, "readers", &["anna@acme.example"]).await;
    group(&owner, "nobody", &[]).await;
    let policy = only_policy(&owner, "birds", allow(&["group:readers", "group:nobody"])).await;
    let asked = json!({ "identity": { "email": "anna@acme.example" } });
    let told = owner.post("/endpoints/birds/policies/explain", &asked).await.expect(200).body;
    assert_eq!((&told["verdict"], &told["decided_by"]["rule"]), (&json!("allow"), &json!("group:readers")));
    let change = json!({
        "policy_id": policy, "configuration": allow(&["group:nobody"]),
        "identities": [{ "email": "anna@acme.example" }, { "email": "owner@acme.example" }],
    });
    let told = owner.post("/policies/simulate", &change).await.expect(200).body;
    let changes = told["endpoints"][0]["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 1, "{told}");
    assert_eq!(changes[0]["email"], "anna@acme.example");
    let told = owner.post("/policies/lint", &json!({ "endpoint": "birds" })).await.expect(200).body;
    let finding = &told["findings"][0];
    assert_eq!((&finding["kind"], &finding["rule"]), (&json!("never_matching"), &json!("empty_group")));
    assert_eq!((&finding["pattern"], &told["findings"][1]), (&json!("group:nobody"), &Value::Null), "{told}");
    let review = owner.get("/access-review").await.expect(200).body;
    let anna = review["items"].as_array().unwrap().iter().find(|one| one["name"] == "anna@acme.example");
    assert_eq!(anna.unwrap()["access"][0]["rule"], "group:readers", "{review}");
}

#[tokio::test]
async fn u1_the_log_tells_how_many_were_put_into_a_group_and_not_who() {
    let (_space, owner) = space_with_birds().await;
    group(&owner, "partners", &["secret-ada@x.example", "secret-bob@x.example"]).await;
    put(&owner, "partners", "secret-ada@x.example").await;
    owner.delete("/groups/partners/members/secret-ada@x.example").await.expect(204);
    owner.delete("/groups/partners").await.expect(204);
    let mut events = owner.audit("&action=config_change").await;
    events.retain(|event| event["object"]["kind"] == "group");
    events.reverse();
    let told: Vec<_> = events.iter().map(|event| event["reason_code"].as_str().unwrap_or_default()).collect();
    assert_eq!(told, ["created", "members_added_2", "", "members_removed_1", "removed"]);
    assert!(!json!(events).to_string().contains("secret"), "{events:?}");
}
