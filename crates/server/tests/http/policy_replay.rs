//! Trying a change of a policy on the queries that were made.

use std::time::Duration;

use serde_json::{Value, json};
use syft_space::system::SystemClock;
use syft_space_domain::time::Clock;

use crate::marketplace_fixture::MarketplaceFixture;
use crate::space::{
    Answer, Client, TestSpace, dataset_of, endpoint_on, ledger, only_policy, space_with_birds,
};

const QUESTION: &str = "How high is Kilimanjaro?";

async fn replay(owner: &Client, policy: &str, configuration: &Value) -> Value {
    let body = json!({ "policy_id": policy, "configuration": configuration });
    owner.post("/policies/replay", &body).await.expect(200).body
}

async fn make(owner: &Client, name: &str, policy_type: &str, configuration: &Value) -> String {
    let body = json!({ "name": name, "policy_type": policy_type, "configuration": configuration });
    owner.post("/policies", &body).await.expect(201).body["id"].as_str().unwrap().to_owned()
}

async fn ask_for(asks: &Client, slug: &str, purpose: Option<&str>) -> Answer {
    let mut body = json!({ "messages": QUESTION, "similarity_threshold": 0.0 });
    if let Some(purpose) = purpose {
        body["purpose"] = json!(purpose);
    }
    asks.post(&format!("/endpoints/{slug}/query"), &body).await
}

fn sum(told: &Value, pointer: &str) -> u64 {
    let endpoints = told["endpoints"].as_array().unwrap();
    endpoints.iter().map(|endpoint| endpoint.pointer(pointer).unwrap().as_u64().unwrap()).sum()
}

/// Numbers by chance, of a seed that is told where the test fails.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % most
    }

    fn some<'a, T>(&mut self, of: &'a [T]) -> Vec<&'a T> {
        of.iter().filter(|_| self.below(2) == 0).collect()
    }
}

/// Whoever asks, of both kinds, at endpoints with policies by chance that let in for now, not yet, not any more, for a purpose,
/// and at no hour of these days.
#[tokio::test]
async fn z2_the_policies_as_they_are_flip_no_query_and_are_unlike_no_record() {
    let seed = ledger::seed();
    let mut chance = Chance(seed);
    let market = MarketplaceFixture::start().await;
    let owner = &market.owner;
    let mut callers = vec![market.owner.clone(), market.user("alice"), market.user("bob"), market.guest()];
    for name in ["anna", "eve"] {
        callers.push(market.space.member(owner, &format!("{name}@acme.example"), "user").await);
    }
    let dataset = owner.get("/datasets").await.expect(200).body["items"][0]["id"].clone();
    let hour = Duration::from_secs(3_600);
    let now = SystemClock.now();
    let (past, future) = (now.minus(hour).to_string(), now.plus(hour).to_string());
    let patterns =
        ["anna@acme.example", "*@example.com", "hub:syfthub/alice@example.com", "*@acme.example", "*"];
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let always = json!([{ "days": days, "from": "00:00", "until": "24:00" }]);
    let mut access = Vec::new();
    for n in 0..4 {
        let mut configurations = vec![json!({
            "mode": "allow", "patterns": chance.some(&patterns), "guests": chance.below(2) == 0,
        })];
        let mut denying = json!({ "mode": "deny", "patterns": chance.some(&patterns[..3]) });
        match chance.below(3) {
            0 => denying["valid_from"] = json!(future),
            1 => denying["valid_until"] = json!(past),
            _ => denying["valid_until"] = json!(future),
        }
        configurations.push(denying);
        let mut ids = Vec::new();
        for (place, configuration) in configurations.iter().enumerate() {
            let id = make(owner, &format!("access {n} {place}"), "access", configuration).await;
            access.push((id.clone(), configuration.clone()));
            ids.push(id);
        }
        if chance.below(2) == 0 {
            ids.push(make(owner, &format!("p {n}"), "purpose", &json!({ "allowed": ["teaching"] })).await);
        }
        if n > 1 {
            let closed: Vec<_> = (0..3)
                .map(|days| now.plus(hour * 24 * days).to_string()[..10].to_owned())
                .filter(|_| n == 3)
                .collect();
            let hours = json!({ "zone": "UTC", "open": always, "closed": closed });
            ids.push(make(owner, &format!("hours {n}"), "schedule", &hours).await);
        }
        let slug = format!("at-{n}");
        endpoint_on(owner, dataset.as_str().unwrap(), &slug).await;
        let attached = json!({ "policy_ids": ids });
        owner.put(&format!("/endpoints/{slug}/policies"), &attached).await.expect(200);
    }
    let (mut asked, mut statuses) = (0, std::collections::BTreeMap::<u16, u32>::new());
    for _ in 0..160 {
        let purpose = [None, Some("teaching"), Some("leisure")][chance.below(3)];
        let slug = format!("at-{}", chance.below(4));
        let caller = &callers[chance.below(callers.len())];
        *statuses.entry(ask_for(caller, &slug, purpose).await.status).or_default() += 1;
        asked += 1;
    }
    assert!(statuses.contains_key(&403) && statuses.keys().all(|one| [200, 403, 422].contains(one)));
    // Refusals that were merged are written a second later.
    let mut told = Vec::new();
    for _ in 0..200 {
        told.clear();
        for (id, configuration) in &access {
            told.push(replay(owner, id, configuration).await);
        }
        // Each endpoint has two of them.
        if told.iter().map(|one| sum(one, "/queries")).sum::<u64>() == 2 * asked {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(told.iter().map(|one| sum(one, "/queries")).sum::<u64>(), 2 * asked, "seed {seed}: {told:?}");
    for one in &told {
        for figure in ["/would_refuse/queries", "/would_allow/queries", "/unlike_recorded"] {
            assert_eq!(sum(one, figure), 0, "{figure}, seed {seed}: {one}");
        }
        assert_eq!(one["truncated"], false);
    }
}

async fn space_with_endpoint() -> (TestSpace, Client, Vec<Client>) {
    let space = TestSpace::open_to_all().await;
    let owner = space.found("acme").await;
    let dataset = dataset_of(&owner, "notes", &[("a", "Kilimanjaro is 5895 metres high.")]).await;
    endpoint_on(&owner, &dataset, "birds").await;
    let mut members = Vec::new();
    for name in ["anna", "eve"] {
        members.push(space.member(&owner, &format!("{name}@acme.example"), "user").await);
    }
    (space, owner, members)
}

#[tokio::test]
async fn z2_what_a_replay_says_is_what_the_change_does() {
    let (space, owner, members) = space_with_endpoint().await;
    let [anna, eve] = &members[..] else { panic!() };
    let policy =
        only_policy(&owner, "birds", json!({ "mode": "allow", "patterns": ["anna@acme.example"] })).await;
    anna.ask("birds", QUESTION).await.expect(200);
    anna.ask("birds", QUESTION).await.expect(200);
    eve.ask("birds", QUESTION).await.expect_problem(403, "access_denied");
    let events = owner.audit("").await.len();

    let configuration = json!({ "mode": "allow", "patterns": ["eve@acme.example"] });
    let told = replay(&owner, &policy, &configuration).await;
    let at = &told["endpoints"][0];
    assert_eq!((&at["slug"], &at["queries"]), (&json!("birds"), &json!(3)));
    assert_eq!((&at["unlike_recorded"], &at["untold"]), (&json!(0), &json!(0)));
    let side = |verdict: &str, reason: &str| json!({ "verdict": verdict, "reason_code": reason });
    let (allow, deny) = (side("allow", "allowed_by_policy"), side("deny", "no_policy_allows"));
    for (flips, queries, outcome, reason, before, after) in [
        ("would_refuse", 2, "success", Value::Null, &allow, &deny),
        ("would_allow", 1, "denied", json!("access_denied"), &deny, &allow),
    ] {
        let flips = &at[flips];
        assert_eq!((&flips["queries"], &flips["callers"]), (&json!(queries), &json!(1)), "{told}");
        for example in flips["examples"].as_array().unwrap() {
            assert_eq!((&example["outcome"], &example["reason_code"]), (&json!(outcome), &reason));
            assert_eq!((&example["before"], &example["after"]), (before, after));
            let seq = example["seq"].as_u64().unwrap();
            let event = owner.audit("").await.into_iter().find(|event| event["seq"] == seq).unwrap();
            assert_eq!((&event["actor"], &event["time"]), (&example["actor"], &example["time"]));
        }
    }
    assert_eq!(owner.audit("").await.len(), events, "nothing is recorded of it");
    anna.ask("birds", QUESTION).await.expect(200);

    // Between two times.
    let first = told["from"].as_str().unwrap();
    let body = |bound: &str| json!({ "policy_id": policy, "configuration": configuration, bound: first });
    let until = owner.post("/policies/replay", &body("until")).await.expect(200).body;
    assert_eq!((sum(&until, "/queries"), &until["from"]), (0, &Value::Null));
    let since = owner.post("/policies/replay", &body("since")).await.expect(200).body;
    assert_eq!((sum(&since, "/queries"), &since["from"]), (4, &told["from"]));

    owner.patch(&format!("/policies/{policy}"), &json!({ "configuration": configuration })).await.expect(200);
    anna.ask("birds", QUESTION).await.expect_problem(403, "access_denied");
    eve.ask("birds", QUESTION).await.expect(200);
    let told = replay(&owner, &policy, &configuration).await;
    let at = &told["endpoints"][0];
    assert_eq!((&at["queries"], &at["unlike_recorded"]), (&json!(6), &json!(4)), "the record is of before");
    assert_eq!((sum(&told, "/would_refuse/queries"), sum(&told, "/would_allow/queries")), (0, 0));
    drop(space);
}

#[tokio::test]
async fn z2_what_is_not_known_any_more_is_told_of_nobody() {
    let (space, owner, members) = space_with_endpoint().await;
    let policy = only_policy(&owner, "birds", json!({ "mode": "allow", "patterns": ["*"] })).await;
    members[0].ask("birds", QUESTION).await.expect(200);
    members[1].ask("birds", QUESTION).await.expect(200);
    let users = owner.get("/users").await.expect(200).body;
    let eve = users["items"].as_array().unwrap().iter().find(|user| user["email"] == "eve@acme.example");
    let eve = eve.unwrap()["id"].as_str().unwrap();
    // By the role that they had then.
    owner.patch(&format!("/users/{eve}"), &json!({ "role": "viewer" })).await.expect(200);
    let figures = async |patterns: Value| {
        let told = replay(&owner, &policy, &json!({ "mode": "allow", "patterns": patterns })).await;
        ["/queries", "/untold", "/unlike_recorded", "/would_refuse/queries"].map(|one| sum(&told, one))
    };
    assert_eq!(figures(json!(["*"])).await, [2, 0, 0, 0]);
    assert_eq!(figures(json!(["anna@acme.example"])).await, [2, 0, 0, 1]);
    owner.delete(&format!("/users/{eve}")).await.expect(204);
    assert_eq!(figures(json!(["anna@acme.example"])).await, [2, 1, 0, 0], "whose address is not known");
    assert_eq!(figures(json!(["*"])).await, [2, 0, 0, 0], "but where nothing hangs on it");
    assert_eq!(figures(json!([])).await, [2, 0, 0, 2]);
    drop(space);
}

#[tokio::test]
async fn z4_a_policy_in_shadow_is_replayed_as_if_it_decided() {
    let (space, owner) = space_with_birds().await;
    let anna = space.member(&owner, "anna@acme.example", "user").await;
    let body = json!({
        "name": "not anna", "policy_type": "access", "enforcement": "shadow",
        "configuration": { "mode": "deny", "patterns": ["anna@acme.example"] },
    });
    let tried = owner.post("/policies", &body).await.expect(201).body;
    let tried = tried["id"].as_str().unwrap();
    let everybody = make(&owner, "all", "access", &json!({ "mode": "allow", "patterns": ["*"] })).await;
    let attached = json!({ "policy_ids": [everybody, tried] });
    owner.put("/endpoints/birds/policies", &attached).await.expect(200);
    for asks in [&anna, &anna, &owner] {
        ask_for(asks, "birds", None).await.expect(200);
    }
    let told = replay(&owner, tried, &body["configuration"]).await;
    assert_eq!(sum(&told, "/would_refuse/queries"), 2, "{told}");
    assert_eq!((sum(&told, "/would_allow/queries"), sum(&told, "/unlike_recorded")), (0, 0), "{told}");
    let softer = json!({ "mode": "deny", "patterns": ["bob@acme.example"] });
    assert_eq!(sum(&replay(&owner, tried, &softer).await, "/would_refuse/queries"), 0);
    // What is in shadow changes nothing of another's replay.
    let nobody = json!({ "mode": "allow", "patterns": ["owner@acme.example"] });
    assert_eq!(sum(&replay(&owner, &everybody, &nobody).await, "/would_refuse/queries"), 2);
}

#[tokio::test]
async fn z2_what_a_limit_refused_is_not_held_against_today_and_a_limit_is_not_replayed() {
    let (space, owner, members) = space_with_endpoint().await;
    let access = make(&owner, "access", "access", &json!({ "mode": "allow", "patterns": ["*"] })).await;
    let limit = json!({ "rate": "1/d" });
    let body = json!({ "name": "limit", "policy_type": "rate_limit", "configuration": limit });
    let limit = owner.post("/policies", &body).await.expect(201).body;
    let attached = json!({ "policy_ids": [access, limit["id"]] });
    owner.put("/endpoints/birds/policies", &attached).await.expect(200);
    members[0].ask("birds", QUESTION).await.expect(200);
    members[0].ask("birds", QUESTION).await.expect_problem(429, "rate_limited");
    let told = replay(&owner, &access, &json!({ "mode": "allow", "patterns": ["*"] })).await;
    assert_eq!((sum(&told, "/queries"), sum(&told, "/unlike_recorded")), (2, 0));
    let told = replay(&owner, &access, &json!({ "mode": "allow", "patterns": [] })).await;
    assert_eq!(sum(&told, "/would_refuse/queries"), 2, "nor does it refuse anybody again");

    let body = json!({ "policy_id": limit["id"], "configuration": limit["configuration"] });
    let refused = owner.post("/policies/replay", &body).await.expect_problem(422, "invalid");
    assert_eq!(refused.body["errors"][0]["pointer"], "/policy_id");
    assert!(refused.text.contains("rate_limit") && refused.text.contains("audit log"), "{}", refused.text);

    let other = space.found_another("globex").await;
    let theirs = json!({ "policy_id": access, "configuration": { "mode": "allow", "patterns": ["*"] } });
    let refused = other.post("/policies/replay", &theirs).await.expect_problem(422, "invalid");
    assert!(refused.text.contains("there is no such policy"), "{}", refused.text);
    members[0].post("/policies/replay", &theirs).await.expect_problem(403, "forbidden");
    let unknown = json!({ "mode": "allow", "patterns": ["group:nobody"] });
    let body = json!({ "policy_id": access, "configuration": unknown });
    let refused = owner.post("/policies/replay", &body).await.expect_problem(422, "invalid");
    assert_eq!(refused.body["errors"][0]["pointer"], "/configuration/patterns/0");
}

/// It tells who asked, and when.
#[tokio::test]
async fn k1_a_key_replays_that_may_read_the_log_too() {
    let (space, owner, members) = space_with_endpoint().await;
    let policy = only_policy(&owner, "birds", json!({ "mode": "allow", "patterns": ["*"] })).await;
    members[0].ask("birds", QUESTION).await.expect(200);
    let body = json!({ "policy_id": policy, "configuration": { "mode": "allow", "patterns": ["*"] } });
    for (scopes, status) in [(json!(["write_policies"]), 403), (json!(["write_policies", "read_audit"]), 200)]
    {
        let made = json!({ "name": format!("for {scopes}"), "scopes": scopes });
        let key =
            owner.post("/api-keys", &made).await.expect(201).body["api_key"].as_str().unwrap().to_owned();
        let answer = space.anybody().with_token(&key).post("/policies/replay", &body).await;
        assert_eq!(answer.status, status, "{}", answer.text);
    }
}
