//! What policies were, making one so again, and which of them the audit log names.

use serde_json::{Value, json};

use crate::space::{Answer, Client, TestSpace, birds, in_memory, only_policy, space_with_birds};

fn allow(pattern: &str) -> Value {
    json!({ "mode": "allow", "patterns": [pattern] })
}

async fn change(owner: &Client, policy: &str, pattern: &str) {
    let patch = json!({ "configuration": { "patterns": [pattern] } });
    owner.patch(&format!("/policies/{policy}"), &patch).await.expect(200);
}

async fn roll_back(who: &Client, policy: &str, revision: u64) -> Answer {
    who.post(&format!("/policies/{policy}/rollback"), &json!({ "revision": revision })).await
}

/// All revisions of a policy, the newest first.
async fn revisions(who: &Client, policy: &str) -> Vec<Value> {
    let listed = who.get(&format!("/policies/{policy}/revisions?limit=100")).await.expect(200);
    assert_eq!(listed.body["next_cursor"], Value::Null);
    listed.body["items"].as_array().unwrap().clone()
}

fn numbers(revisions: &[Value]) -> Vec<u64> {
    revisions.iter().map(|revision| revision["revision"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn u1_each_change_of_a_policy_says_who_made_it_when_and_what_it_left() {
    let (space, owner) = space_with_birds().await;
    let admin = space.member(&owner, "admin@acme.example", "admin").await;
    let policy = only_policy(&owner, "birds", allow("*@one.example")).await;
    let path = format!("/policies/{policy}");
    let first = owner.get(&path).await.expect(200).body;
    change(&admin, &policy, "*@two.example").await;
    owner.patch(&path, &json!({ "name": "renamed" })).await.expect(200);

    let listed = revisions(&owner, &policy).await;
    assert_eq!(numbers(&listed), [3, 2, 1]);
    let me = async |who: &Client| who.get("/auth/me").await.expect(200).body["id"].clone();
    let (ours, theirs) = (me(&owner).await, me(&admin).await);
    let by: Vec<&Value> = listed.iter().map(|revision| &revision["changed_by"]).collect();
    assert_eq!(by, [&ours, &theirs, &ours]);
    let changes: Vec<&str> = listed.iter().map(|revision| revision["changes"].as_str().unwrap()).collect();
    assert_eq!(changes[..2], ["changed_name", "changed_patterns"]);
    assert!(changes[2].starts_with("created,"), "{changes:?}");
    let names: Vec<&Value> = listed.iter().map(|revision| &revision["name"]).collect();
    assert_eq!(names, [&json!("renamed"), &first["name"], &first["name"]]);
    assert_eq!(listed[2]["changed_at"], first["created_at"]);
    for (revision, pattern) in [(1, "*@one.example"), (2, "*@two.example"), (3, "*@two.example")] {
        let kept = owner.get(&format!("{path}/revisions/{revision}")).await.expect(200).body;
        assert_eq!(kept["configuration"]["patterns"], json!([pattern]));
        let listed = &listed[3 - revision];
        for (field, value) in listed.as_object().unwrap() {
            assert_eq!(&kept[field], value, "{field}");
        }
    }

    // A page at a time, and the number of the last is the policy's own.
    let page = owner.get(&format!("{path}/revisions?limit=2")).await.expect(200).body;
    assert_eq!(numbers(page["items"].as_array().unwrap()), [3, 2]);
    let cursor = page["next_cursor"].as_str().unwrap();
    let page = owner.get(&format!("{path}/revisions?limit=2&cursor={cursor}")).await.expect(200).body;
    assert_eq!(numbers(page["items"].as_array().unwrap()), [1]);
    assert_eq!(owner.get(&path).await.expect(200).header("etag"), "\"3\"");
    for absent in ["0", "4", "x", "99999999999999999999", "18446744073709551615"] {
        owner.get(&format!("{path}/revisions/{absent}")).await.expect_problem(404, "not_found");
    }
    // With the policy they are gone.
    owner.put("/endpoints/birds/policies", &json!({ "policy_ids": [] })).await.expect(200);
    owner.delete(&path).await.expect(204);
    owner.get(&format!("{path}/revisions")).await.expect_problem(404, "not_found");
    owner.get(&format!("{path}/revisions/1")).await.expect_problem(404, "not_found");
    roll_back(&owner, &policy, 1).await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn z2_a_rollback_acts_on_the_very_next_query_and_is_a_change_of_its_own() {
    let (space, owner) = space_with_birds().await;
    let anna = space.member(&owner, "anna@acme.example", "user").await;
    let policy = only_policy(&owner, "birds", allow("anna@acme.example")).await;
    let path = format!("/policies/{policy}");
    let name = owner.get(&path).await.expect(200).body["name"].clone();
    change(&owner, &policy, "*@other.example").await;
    owner.patch(&path, &json!({ "name": "renamed" })).await.expect(200);
    for (round, (revision, status)) in [(1, 200), (2, 403), (1, 200), (5, 403)].into_iter().enumerate() {
        let rolled = roll_back(&owner, &policy, revision).await.expect(200);
        assert_eq!(rolled.header("etag"), format!("\"{}\"", 4 + round));
        assert_eq!(rolled.body["name"], name);
        anna.ask("birds", "penguins").await.expect(status);
        let kept = &revisions(&owner, &policy).await[0];
        assert_eq!(kept["rolled_back_to"], revision);
        assert!(kept["changes"].as_str().unwrap().starts_with("rolled_back"), "{kept}");
        let event = &owner.audit("&action=config_change").await[0];
        assert_eq!((&event["reason_code"], &event["object"]["id"]), (&kept["changes"], &json!(policy)));
        assert_eq!(event["policy"], json!({ "id": policy, "revision": 4 + round }));
    }
    let roll_back_of = |tag: &str| {
        let request = owner.request("POST", &format!("{path}/rollback"));
        owner.send(request.header("if-match", tag).json(&json!({ "revision": 1 })))
    };
    roll_back_of("\"6\"").await.expect_problem(412, "changed");
    anna.ask("birds", "penguins").await.expect(403);
    roll_back_of("\"7\"").await.expect(200);
    anna.ask("birds", "penguins").await.expect(200);
    for wrong in
        [json!({}), json!({ "revision": 0 }), json!({ "revision": "1" }), json!({ "revision": 1, "x": 1 })]
    {
        owner.post(&format!("{path}/rollback"), &wrong).await.expect_problem(422, "invalid");
    }
    let unknown = roll_back(&owner, &policy, 99).await.expect_problem(404, "not_found");
    assert!(unknown.body["detail"].as_str().unwrap().contains("no revision 99"), "{}", unknown.body);
}

#[tokio::test]
async fn z1_z3_what_a_policy_was_is_seen_by_who_sees_it_and_rolled_back_by_who_changes_it() {
    let (space, owner) = space_with_birds().await;
    let policy = only_policy(&owner, "birds", allow("*@one.example")).await;
    change(&owner, &policy, "*@two.example").await;
    let stranger = space.found_another("globex").await;
    let path = format!("/policies/{policy}/revisions");
    for (role, reads, rolls_back) in [("admin", 200, 200), ("viewer", 200, 403), ("user", 403, 403)] {
        let who = space.member(&owner, &format!("{role}@acme.example"), role).await;
        who.get(&path).await.expect(reads);
        who.get(&format!("{path}/1")).await.expect(reads);
        roll_back(&who, &policy, 1).await.expect(rolls_back);
    }
    stranger.get(&path).await.expect_problem(404, "not_found");
    stranger.get(&format!("{path}/1")).await.expect_problem(404, "not_found");
    roll_back(&stranger, &policy, 1).await.expect_problem(404, "not_found");
    assert_eq!(numbers(&revisions(&owner, &policy).await), [3, 2, 1]);
}

#[tokio::test]
async fn z2_a_policy_is_not_rolled_back_to_a_group_that_is_gone() {
    let (space, owner) = space_with_birds().await;
    let anna = space.member(&owner, "anna@acme.example", "user").await;
    let readers = json!({ "name": "readers" });
    let in_it = json!({ "emails": ["anna@acme.example"] });
    owner.post("/groups", &readers).await.expect(201);
    owner.post("/groups/readers/members", &in_it).await.expect(200);
    let policy = only_policy(&owner, "birds", allow("group:readers")).await;
    change(&owner, &policy, "*@other.example").await;
    // What the policy was does not hold the group.
    owner.delete("/groups/readers").await.expect(204);
    let refused = roll_back(&owner, &policy, 1).await.expect_problem(422, "invalid");
    assert_eq!(refused.body["errors"][0]["pointer"], "/revision");
    assert!(refused.text.contains("which is gone: make it first"), "{}", refused.text);
    assert_eq!(numbers(&revisions(&owner, &policy).await), [2, 1], "nothing was changed");
    anna.ask("birds", "penguins").await.expect_problem(403, "access_denied");
    // One of that name does, and is held again.
    owner.post("/groups", &readers).await.expect(201);
    owner.post("/groups/readers/members", &in_it).await.expect(200);
    roll_back(&owner, &policy, 1).await.expect(200);
    anna.ask("birds", "penguins").await.expect(200);
    owner.delete("/groups/readers").await.expect_problem(409, "group_in_use");
}

#[tokio::test]
async fn k12_the_last_hundred_revisions_are_kept_however_often_a_policy_is_changed() {
    let (_space, owner) = space_with_birds().await;
    let policy = only_policy(&owner, "birds", allow("*@n1.example")).await;
    let other = only_policy(&owner, "birds", allow("*@other.example")).await;
    for n in 2..=130 {
        change(&owner, &policy, &format!("*@n{n}.example")).await;
    }
    assert_eq!(numbers(&revisions(&owner, &policy).await), (31..=130).rev().collect::<Vec<_>>());
    assert_eq!(numbers(&revisions(&owner, &other).await), [1], "and all of another policy");
    let gone = owner.get(&format!("/policies/{policy}/revisions/30")).await.expect_problem(404, "not_found");
    assert!(gone.body["detail"].as_str().unwrap().contains("not kept any more"), "{}", gone.body);
    roll_back(&owner, &policy, 30).await.expect_problem(404, "not_found");
    let rolled = roll_back(&owner, &policy, 31).await.expect(200);
    assert_eq!(rolled.body["configuration"]["patterns"], json!(["*@n31.example"]));
    // It has pushed out the one that it took.
    assert_eq!(numbers(&revisions(&owner, &policy).await), (32..=131).rev().collect::<Vec<_>>());
}

#[tokio::test]
async fn r1_a_change_that_was_answered_keeps_its_revision_through_a_kill() {
    if in_memory() {
        return;
    }
    let mut space = TestSpace::open_to_all().await;
    let mut owner = space.found("acme").await;
    birds(&owner).await;
    let policy = only_policy(&owner, "birds", allow("*@n1.example")).await;
    for n in 2..=4 {
        change(&owner, &policy, &format!("*@n{n}.example")).await;
        space.server().kill();
        space.server().run_again().await;
        owner = space.anybody().with_token(owner.token());
        let kept = revisions(&owner, &policy).await;
        assert_eq!(numbers(&kept), (1..=n).rev().collect::<Vec<_>>());
        let newest = owner.get(&format!("/policies/{policy}/revisions/{n}")).await.expect(200);
        let now = owner.get(&format!("/policies/{policy}")).await.expect(200);
        assert_eq!(newest.body["configuration"], now.body["configuration"]);
    }
}

#[tokio::test]
async fn u1_an_event_of_a_query_names_the_policy_that_decided_as_it_was() {
    let (space, owner) = space_with_birds().await;
    let anna = space.member(&owner, "anna@acme.example", "user").await;
    let last = async || owner.audit("").await[0].clone();
    anna.ask("birds", "penguins").await.expect(200);
    assert_eq!(last().await.get("policy"), None, "no policy, no name");

    let policy = only_policy(&owner, "birds", allow("anna@acme.example")).await;
    anna.ask("birds", "penguins").await.expect(200);
    let event = last().await;
    assert_eq!(event["action"], "endpoint_query");
    assert_eq!(event["policy"], json!({ "id": policy, "revision": 1 }), "who is let in by one");

    change(&owner, &policy, "*@other.example").await;
    anna.ask("birds", "penguins").await.expect(403);
    assert_eq!(last().await.get("policy"), None, "of several that do not let in none decided");

    let denies = json!({ "name": "no", "policy_type": "access", "configuration": { "mode": "deny", "patterns": ["anna@*"] } });
    let denies = owner.post("/policies", &denies).await.expect(201).body["id"].as_str().unwrap().to_owned();
    let attached = json!({ "policy_ids": [policy, denies] });
    owner.put("/endpoints/birds/policies", &attached).await.expect(200);
    anna.ask("birds", "penguins").await.expect(403);
    let event = last().await;
    assert_eq!(event["action"], "policy_violation");
    assert_eq!(event["policy"], json!({ "id": denies, "revision": 1 }), "who is denied by one");

    let limit = json!({ "name": "slow", "policy_type": "rate_limit", "configuration": { "rate": "1/h" } });
    let limit = owner.post("/policies", &limit).await.expect(201).body["id"].as_str().unwrap().to_owned();
    owner.patch(&format!("/policies/{limit}"), &json!({ "name": "slower" })).await.expect(200);
    owner.put("/endpoints/birds/policies", &json!({ "policy_ids": [limit] })).await.expect(200);
    anna.ask("birds", "penguins").await.expect(200);
    anna.ask("birds", "penguins").await.expect(429);
    let event = last().await;
    assert_eq!(event["reason_code"], "rate_limited");
    assert_eq!(event["policy"], json!({ "id": limit, "revision": 2 }), "whose limit is used up");

    // What was changed is named as it is from then on; what was removed as it was last.
    owner.put("/endpoints/birds/policies", &json!({ "policy_ids": [] })).await.expect(200);
    owner.delete(&format!("/policies/{limit}")).await.expect(204);
    let event = last().await;
    assert_eq!((&event["reason_code"], &event["policy"]["revision"]), (&json!("removed"), &json!(2)));
}

#[tokio::test]
async fn u1_a_change_that_changes_nothing_is_no_revision_and_takes_none_away() {
    let (_space, owner) = space_with_birds().await;
    let policy = only_policy(&owner, "birds", allow("*@one.example")).await;
    let path = format!("/policies/{policy}");
    change(&owner, &policy, "*@two.example").await;
    let name = owner.get(&path).await.expect(200).body["name"].clone();
    for nothing in [
        json!({}),
        json!({ "name": name }),
        json!({ "configuration": { "patterns": ["*@two.example"] } }),
        json!({ "configuration": {} }),
    ] {
        assert_eq!(owner.patch(&path, &nothing).await.expect(200).header("etag"), "\"2\"", "{nothing}");
    }
    let stale = owner.request("PATCH", &path).header("if-match", "\"1\"").json(&json!({}));
    owner.send(stale).await.expect_problem(412, "changed");
    roll_back(&owner, &policy, 2).await.expect(200);
    assert_eq!(numbers(&revisions(&owner, &policy).await), [2, 1]);
    roll_back(&owner, &policy, 1).await.expect(200);
    assert_eq!(numbers(&revisions(&owner, &policy).await), [3, 2, 1]);
}
