//! Expectations: sentences on who may query an endpoint, to which every write is held that can change it.

use serde_json::{Value, json};
use syft_space::system::SystemClock;
use syft_space_domain::time::Clock;
use syft_space_fakehub::HubOptions;

use crate::space::{Client, PASSWORD, TestSpace, dataset_of, endpoint_on, in_memory, only_policy};

const PATH: &str = "/endpoints/birds/expectations";

fn of(email: &str, verdict: &str) -> Value {
    json!({ "identity": { "email": email }, "verdict": verdict })
}

async fn expect(owner: &Client, expectations: Value) {
    owner.put(PATH, &json!({ "expectations": expectations })).await.expect(200);
}

fn allow(patterns: &[&str]) -> Value {
    json!({ "mode": "allow", "patterns": patterns })
}

/// An endpoint that our own people and a group may ask, and four sentences that hold.
struct Birds {
    space: TestSpace,
    owner: Client,
    policy: String,
    /// The accounts of anna and of the rest, by the names in their addresses.
    anna: String,
}

impl Birds {
    async fn make() -> Self {
        let space = TestSpace::open_to_all().await;
        let owner = space.found("acme").await;
        let (policy, anna) = birds(&space, &owner).await;
        Self { space, owner, policy, anna }
    }

    /// All on which verdicts hang, but for marketplaces.
    async fn seen(&self, owner: &Client) -> Vec<Value> {
        let mut seen = Vec::new();
        for path in [
            "/endpoints/birds",
            PATH,
            "/policies?limit=100",
            "/groups?limit=100",
            "/groups/readers/members?limit=100",
            "/users?limit=100",
            "/invitations?limit=100",
        ] {
            seen.push(owner.get(path).await.expect(200).body);
        }
        seen
    }

    /// Writes each of which breaks one of the sentences, and the action of its event.
    fn breaking(&self) -> Vec<(&'static str, String, Value, &'static str)> {
        let policy = format!("/policies/{}", self.policy);
        let anna = format!("/users/{}", self.anna);
        let patterns = |patterns: &[&str]| json!({ "configuration": { "patterns": patterns } });
        let config = "config_change";
        vec![
            ("PATCH", policy.clone(), patterns(&["group:readers"]), config),
            (
                "PATCH",
                policy.clone(),
                patterns(&["*@acme.example", "group:readers", "*@partner.example"]),
                config,
            ),
            ("PATCH", policy, json!({ "configuration": { "mode": "deny" } }), config),
            ("PUT", "/endpoints/birds/policies".into(), json!({ "policy_ids": [] }), config),
            ("PATCH", "/endpoints/birds".into(), json!({ "published": false }), config),
            (
                "POST",
                "/groups/readers/members".into(),
                json!({ "emails": ["x@x.example", "eve@partner.example"] }),
                config,
            ),
            ("PUT", "/groups/readers/members/eve@partner.example".into(), Value::Null, config),
            ("DELETE", "/groups/readers/members/dana@partner.example".into(), Value::Null, config),
            ("PATCH", anna.clone(), json!({ "role": "viewer" }), "privilege_permissions_changed"),
            ("PATCH", anna.clone(), json!({ "status": "disabled" }), "privilege_permissions_changed"),
            ("DELETE", anna, Value::Null, "user_deleted"),
            ("PUT", PATH.into(), json!({ "expectations": [of("anna@acme.example", "denied")] }), config),
        ]
    }

    async fn send(&self, owner: &Client, method: &str, path: &str, body: &Value) -> crate::space::Answer {
        match method {
            "PATCH" => owner.patch(path, body).await,
            "PUT" if *body != Value::Null => owner.put(path, body).await,
            "POST" => owner.post(path, body).await,
            _ => owner.send(owner.request(method, path)).await,
        }
    }
}

/// Makes the endpoint in a tenant; answers its policy and anna's account.
async fn birds(space: &TestSpace, owner: &Client) -> (String, String) {
    let dataset = dataset_of(owner, "notes", &[("a", "Penguins swim.")]).await;
    endpoint_on(owner, &dataset, "birds").await;
    let anna = space.member(owner, "anna@acme.example", "user").await;
    let anna = anna.get("/auth/me").await.expect(200).body["id"].as_str().unwrap().to_owned();
    space.member(owner, "dana@partner.example", "user").await;
    space.member(owner, "eve@partner.example", "user").await;
    owner.post("/groups", &json!({ "name": "readers" })).await.expect(201);
    let dana = json!({ "emails": ["dana@partner.example"] });
    owner.post("/groups/readers/members", &dana).await.expect(200);
    let policy = only_policy(owner, "birds", allow(&["*@acme.example", "group:readers"])).await;
    let sentences = json!([
        of("anna@acme.example", "allowed"),
        of("dana@partner.example", "allowed"),
        of("eve@partner.example", "denied"),
        of("frank@acme.example", "denied"),
    ]);
    expect(owner, sentences).await;
    (policy, anna)
}

#[tokio::test]
async fn z2_each_write_that_would_break_an_expectation_is_refused_recorded_and_nothing_is_stored() {
    let birds = Birds::make().await;
    let owner = &birds.owner;
    let before = birds.seen(owner).await;
    for (method, path, body, action) in birds.breaking() {
        let refused = birds.send(owner, method, &path, &body).await.expect_problem(409, "expectation_broken");
        let named = ["anna@acme.example", "dana@partner.example", "eve@partner.example"];
        let detail = refused.body["detail"].as_str().unwrap();
        assert!(named.iter().any(|email| detail.contains(email)), "{method} {path}: {detail}");
        assert!(detail.contains("the endpoint birds expects"), "{detail}");
        assert_eq!(birds.seen(owner).await, before, "{method} {path} stores nothing");
        let event = owner.audit("").await.remove(0);
        assert_eq!(
            (&event["action"], &event["outcome"]),
            (&json!(action), &json!("denied")),
            "{method} {path}"
        );
        assert_eq!(event["reason_code"], "expectation_broken", "{method} {path}: {event}");
        assert!(event["object"]["id"].is_string(), "{method} {path}: {event}");
        assert!(!event.to_string().contains("@partner.example"), "no sentence stands in the log: {event}");
    }
}

#[tokio::test]
async fn z2_what_breaks_no_expectation_goes_through_and_a_changed_expectation_is_the_way_out() {
    let birds = Birds::make().await;
    let owner = &birds.owner;
    let policy = format!("/policies/{}", birds.policy);
    let wider = json!({ "configuration": { "patterns": ["*@acme.example", "group:readers", "mia@partner.example"] } });
    owner.patch(&policy, &wider).await.expect(200);
    owner.patch(&policy, &json!({ "name": "renamed" })).await.expect(200);
    owner.patch("/endpoints/birds", &json!({ "summary": "Of the air" })).await.expect(200);
    owner.post("/groups/readers/members", &json!({ "emails": ["mia@partner.example"] })).await.expect(200);
    owner.patch(&format!("/users/{}", birds.anna), &json!({ "role": "admin" })).await.expect(200);
    owner.delete(&format!("/users/{}", birds.anna)).await.expect_problem(409, "expectation_broken");
    let listed = owner.get(PATH).await.expect(200);
    let mut kept = listed.body["expectations"].as_array().unwrap().clone();
    kept.remove(0);
    for one in &mut kept {
        one.as_object_mut().unwrap().retain(|key, _| key != "holds" && key != "reason_code");
    }
    let stale = owner.request("PUT", PATH).header("if-match", "\"1\"").json(&json!({ "expectations": kept }));
    owner.send(stale).await.expect_problem(412, "changed");
    let current = owner.request("PUT", PATH).header("if-match", listed.header("etag"));
    let set = owner.send(current.json(&json!({ "expectations": kept }))).await.expect(200);
    assert_ne!(set.header("etag"), listed.header("etag"), "the endpoint has another revision");
    owner.delete(&format!("/users/{}", birds.anna)).await.expect(204);
}

#[tokio::test]
async fn z2_nobody_joins_who_would_get_what_they_are_expected_not_to_have_and_learns_no_more() {
    let birds = Birds::make().await;
    let owner = &birds.owner;
    let invitation = json!({ "email": "frank@acme.example", "role": "user" });
    let token = owner.post("/invitations", &invitation).await.expect(201).body["token"].clone();
    let accept = json!({ "token": token, "password": PASSWORD });
    let anybody = birds.space.anybody();
    let refused =
        anybody.post("/invitations/accept", &accept).await.expect_problem(409, "expectation_broken");
    assert!(
        !refused.text.contains("birds"),
        "whoever comes does not learn of which endpoint: {}",
        refused.text
    );
    let event = owner.audit("").await.remove(0);
    assert_eq!(
        (&event["action"], &event["reason_code"]),
        (&json!("authz_fail"), &json!("expectation_broken"))
    );
    let users = owner.get("/users?limit=100").await.expect(200);
    assert!(!users.text.contains("frank"), "nobody has joined");
    expect(owner, json!([])).await;
    anybody.post("/invitations/accept", &accept).await.expect(201);
}

#[tokio::test]
async fn z2_who_leaves_by_themselves_is_held_by_nothing_and_the_broken_expectation_is_shown_as_such() {
    let birds = Birds::make().await;
    let owner = &birds.owner;
    let anna = birds.space.log_in("anna@acme.example", PASSWORD).await;
    anna.delete("/auth/me").await.expect(204);
    let listed = owner.get(PATH).await.expect(200).body;
    let first = &listed["expectations"][0];
    assert_eq!(
        (&first["holds"], &first["reason_code"]),
        (&json!(false), &json!("may_not_query")),
        "{listed}"
    );
    assert_eq!(listed["expectations"][1]["holds"], true);
    // What is broken already is no reason to refuse whatever comes, and the others hold on.
    let policy = format!("/policies/{}", birds.policy);
    owner.patch(&policy, &json!({ "configuration": { "patterns": ["group:readers"] } })).await.expect(200);
    let refused = json!({ "configuration": { "patterns": ["mia@acme.example"] } });
    owner.patch(&policy, &refused).await.expect_problem(409, "expectation_broken");
}

#[tokio::test]
async fn z1_what_one_tenant_expects_holds_no_other() {
    let birds = Birds::make().await;
    let globex = birds.space.found_another("globex").await;
    let dataset = dataset_of(&globex, "notes", &[("a", "Penguins swim.")]).await;
    endpoint_on(&globex, &dataset, "birds").await;
    let both = birds.space.member(&globex, "anna@acme.example", "user").await;
    let id = birds.space.log_in_to("anna@acme.example", PASSWORD, "globex").await;
    drop(both);
    let id = id.get("/auth/me").await.expect(200).body["id"].as_str().unwrap().to_owned();
    assert_eq!(globex.get(PATH).await.expect(200).body, json!({ "expectations": [] }));
    let policy = only_policy(&globex, "birds", allow(&["*@acme.example"])).await;
    globex
        .patch(&format!("/policies/{policy}"), &json!({ "configuration": { "patterns": [] } }))
        .await
        .expect(200);
    globex.patch("/endpoints/birds", &json!({ "published": false })).await.expect(200);
    globex.delete(&format!("/users/{id}")).await.expect(204);
    assert!(birds.owner.get(PATH).await.expect(200).body["expectations"][0]["holds"].as_bool().unwrap());
}

#[tokio::test]
async fn z3_who_may_not_write_policies_is_told_that_an_expectation_stands_against_it_and_not_which() {
    let birds = Birds::make().await;
    let owner = &birds.owner;
    let key = json!({ "name": "publisher", "scopes": ["write_endpoints", "read_metadata"] });
    let key = owner.post("/api-keys", &key).await.expect(201).body["api_key"].as_str().unwrap().to_owned();
    let publisher = birds.space.anybody().with_token(&key);
    publisher.get(PATH).await.expect_problem(403, "forbidden");
    publisher.put(PATH, &json!({ "expectations": [] })).await.expect_problem(403, "forbidden");
    let refused = publisher.patch("/endpoints/birds", &json!({ "published": false })).await;
    let refused = refused.expect_problem(409, "expectation_broken");
    assert!(!refused.text.contains("@"), "{}", refused.text);
}

#[tokio::test]
async fn z2_after_a_kill_expectations_are_held_as_before() {
    if in_memory() {
        return;
    }
    let mut birds = Birds::make().await;
    let before = birds.seen(&birds.owner).await;
    for _ in 0..2 {
        birds.space.server().kill();
        birds.space.server().run_again().await;
        let owner = birds.space.anybody().with_token(birds.owner.token());
        assert_eq!(birds.seen(&owner).await, before);
        for (method, path, body, _) in birds.breaking() {
            birds.send(&owner, method, &path, &body).await.expect_problem(409, "expectation_broken");
        }
        assert_eq!(birds.seen(&owner).await, before);
    }
}

#[tokio::test]
async fn z2_a_user_of_a_hub_is_expected_as_they_are_explained_and_marketplaces_are_held_to_it() {
    let space = TestSpace::start().await;
    space.trust_hub().await;
    let owner = space.found("acme").await;
    let dataset = dataset_of(&owner, "notes", &[("a", "Penguins swim.")]).await;
    endpoint_on(&owner, &dataset, "birds").await;
    only_policy(&owner, "birds", allow(&["*@buyers.example"])).await;
    let issuer = HubOptions::DEFAULT_ISSUER;
    let who = |email: Option<&str>| json!({ "issuer": issuer, "sub": "b1", "role": "user", "email": email });
    let buyer = |email: Option<&str>, verdict: &str| json!({ "identity": who(email), "verdict": verdict });
    let put = async |sentence: Value| owner.put(PATH, &json!({ "expectations": [sentence] })).await;
    // Without an account on the hub nobody comes from there.
    put(buyer(Some("a@buyers.example"), "denied")).await.expect(200);
    let refused = owner.post("/marketplaces", &space.hub_account("harbor")).await;
    refused.expect_problem(409, "expectation_broken");
    expect(&owner, json!([])).await;
    let harbor = space.marketplace(&owner, "harbor").await;
    put(buyer(Some("a@buyers.example"), "denied")).await.expect_problem(409, "expectation_broken");
    let unknown = put(buyer(None, "denied")).await.expect_problem(409, "expectation_broken");
    assert!(unknown.text.contains("hangs on their e-mail address"), "{}", unknown.text);
    // Nor is an address denied that may come from there, whatever may be said of members.
    let refused = put(of("a@buyers.example", "denied")).await.expect_problem(409, "expectation_broken");
    assert!(refused.text.contains("as a user of a marketplace"), "{}", refused.text);
    put(of("a@elsewhere.example", "denied")).await.expect(200);
    put(buyer(Some("a@buyers.example"), "allowed")).await.expect(200);
    let path = format!("/marketplaces/{harbor}");
    owner.delete(&path).await.expect_problem(409, "expectation_broken");
    owner.get(&path).await.expect(200);
    expect(&owner, json!([])).await;
    // That an address is denied says nothing of guests, who have none. What guests are not to have is a sentence of its own.
    let guest =
        json!({ "identity": { "issuer": issuer, "sub": "guest", "role": "guest" }, "verdict": "denied" });
    expect(&owner, json!([of("a@elsewhere.example", "denied"), guest])).await;
    let with_guests = json!({ "mode": "allow", "patterns": ["*@buyers.example"], "guests": true });
    let policy = json!({ "name": "p", "policy_type": "access", "configuration": with_guests });
    let policy = owner.post("/policies", &policy).await.expect(201).body["id"].clone();
    let attached = json!({ "policy_ids": [policy] });
    let refused = owner.put("/endpoints/birds/policies", &attached).await;
    assert!(refused.expect_problem(409, "expectation_broken").text.contains("guest"));
    expect(&owner, json!([of("a@elsewhere.example", "denied")])).await;
    owner.put("/endpoints/birds/policies", &attached).await.expect(200);
    expect(&owner, json!([])).await;
    owner.delete(&path).await.expect(204);
}

#[tokio::test]
async fn z2_hours_are_no_matter_of_who_may_and_a_purpose_is_where_it_is_named() {
    let birds = Birds::make().await;
    let owner = &birds.owner;
    let made = async |policy_type: &str, configuration: Value| {
        let policy =
            json!({ "name": policy_type, "policy_type": policy_type, "configuration": configuration });
        owner.post("/policies", &policy).await.expect(201).body["id"].clone()
    };
    // Today it is closed, and tomorrow.
    let days = ["thu", "fri", "sat", "sun", "mon", "tue", "wed"];
    let today = SystemClock.now().as_unix_seconds() / 86_400;
    let day = days[usize::try_from((today + 3) % 7).unwrap()];
    let open = json!([{ "days": [day], "from": "00:00", "until": "24:00" }]);
    let schedule = made("schedule", json!({ "zone": "UTC", "open": open })).await;
    let purpose = made("purpose", json!({ "allowed": ["teaching"] })).await;
    let policies = json!({ "policy_ids": [birds.policy, purpose, schedule] });
    owner.put("/endpoints/birds/policies", &policies).await.expect(200);
    let with = |purpose: &str, verdict: &str| {
        let mut one = of("anna@acme.example", verdict);
        one["purpose"] = json!(purpose);
        one
    };
    let both =
        json!([of("anna@acme.example", "allowed"), with("teaching", "allowed"), with("sales", "denied")]);
    expect(owner, both).await;
    owner
        .put(PATH, &json!({ "expectations": [with("sales", "allowed")] }))
        .await
        .expect_problem(409, "expectation_broken");
    let path = format!("/policies/{}", purpose.as_str().unwrap());
    let other = json!({ "configuration": { "allowed": ["sales"] } });
    owner.patch(&path, &other).await.expect_problem(409, "expectation_broken");
    owner.patch(&path, &json!({ "configuration": { "allowed": ["teaching", "study"] } })).await.expect(200);
}

#[tokio::test]
async fn k12_expectations_have_an_end_and_so_has_what_holding_them_costs() {
    let birds = Birds::make().await;
    let owner = &birds.owner;
    let many = |count: usize| {
        let all: Vec<_> = (0..count).map(|n| of(&format!("m{n}@nowhere.example"), "denied")).collect();
        json!({ "expectations": all })
    };
    owner.put(PATH, &many(51)).await.expect_problem(422, "invalid");
    owner.put(PATH, &many(50)).await.expect(200);
    let dear: Vec<_> = (0..100).map(|n| format!("a{n}*b*c*d*e@far.example")).collect();
    let dear = json!({ "configuration": { "patterns": dear } });
    let path = format!("/policies/{}", birds.policy);
    let refused = owner.patch(&path, &dear).await.expect_problem(409, "limit_reached");
    assert!(refused.text.contains("steps"), "{}", refused.text);
    expect(owner, json!([])).await;
    owner.patch(&path, &dear).await.expect(200);
    owner.put(PATH, &many(1)).await.expect_problem(409, "limit_reached");
}

#[expect(clippy::disallowed_methods, reason = "how long a write is held up is measured")]
#[tokio::test]
async fn k12_a_tenant_with_all_expectations_that_it_may_have_holds_nobody_up() {
    let space = TestSpace::open_to_all().await;
    let owner = space.found("acme").await;
    let other = space.found_another("globex").await;
    let dataset = dataset_of(&owner, "notes", &[("a", "Penguins swim.")]).await;
    // As dear as verdicts may be there.
    let patterns = |last: &str| {
        let mut dear: Vec<_> = (0..45).map(|n| format!("a{n}*b*c*d*e@far.example")).collect();
        dear.extend((0..9_900).map(|n| format!("m{n}@plain.example")));
        dear.push(last.to_owned());
        json!({ "mode": "deny", "patterns": dear })
    };
    let policy = json!({ "name": "p", "policy_type": "access", "configuration": patterns("z@z.example") });
    let policy = owner.post("/policies", &policy).await.expect(201).body["id"].as_str().unwrap().to_owned();
    let all: Vec<_> = (0..50).map(|n| of(&format!("m{n}@nowhere.example"), "denied")).collect();
    let all = json!({ "expectations": all });
    for n in 0..21 {
        endpoint_on(&owner, &dataset, &format!("birds-{n}")).await;
        let path = format!("/endpoints/birds-{n}");
        owner.put(&format!("{path}/policies"), &json!({ "policy_ids": [policy] })).await.expect(200);
        let set = owner.put(&format!("{path}/expectations"), &all).await;
        if n < 20 {
            set.expect(200);
        } else {
            let refused = set.expect_problem(409, "limit_reached");
            assert!(refused.text.contains("1050"), "{}", refused.text);
        }
    }
    // What another tenant's write takes while nothing else is done, and meanwhile, one write after the other.
    let write = async |name: String| {
        let begun = std::time::Instant::now();
        other.post("/groups", &json!({ "name": name })).await.expect(201);
        begun.elapsed()
    };
    let mut alone = std::time::Duration::ZERO;
    for n in 0..50 {
        alone = alone.max(write(format!("alone-{n}")).await);
    }
    let begun = std::time::Instant::now();
    let change = json!({ "configuration": { "patterns": patterns("y@y.example")["patterns"] } });
    let changing = {
        let (owner, path) = (owner.clone(), format!("/policies/{policy}"));
        tokio::spawn(async move { owner.patch(&path, &change).await.expect(200) })
    };
    let mut longest = std::time::Duration::ZERO;
    let mut writes = 0;
    while !changing.is_finished() {
        longest = longest.max(write(format!("another-{writes}")).await);
        writes += 1;
    }
    changing.await.unwrap();
    let held = begun.elapsed();
    println!(
        "a policy of 1,000 expectations was changed in {held:?}; of another tenant's {writes} writes the longest took {longest:?}, \
         and {alone:?} with nothing else going on"
    );
    assert!(held.as_secs() < 10, "all of them are looked at in {held:?}");
}

/// The bodies that the page about policies sends, and the refusal that it shows.
fn documented() -> (Value, Value, Value) {
    let page = include_str!("../../../../docs/policies.md");
    let section = page.split("\n## Expectations\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let body = |before: &str| {
        let text = section.split(before).nth(1).unwrap().split('\'').next().unwrap();
        serde_json::from_str(text).unwrap()
    };
    let shown = section.split("```json\n").nth(1).unwrap().split("```").next().unwrap();
    (
        body("post /endpoints/birds/expectations '"),
        body("post \"/policies/$P\" '"),
        serde_json::from_str(shown).unwrap(),
    )
}

#[tokio::test]
async fn z2_what_the_page_about_policies_shows_of_expectations_happens() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let dataset = dataset_of(&owner, "notes", &[("a", "Penguins swim.")]).await;
    endpoint_on(&owner, &dataset, "birds").await;
    space.member(&owner, "anna@example.org", "user").await;
    let policy = only_policy(&owner, "birds", allow(&["*@example.org"])).await;
    let (expectations, patch, shown) = documented();
    owner.put(PATH, &expectations).await.expect(200);
    let refused = owner.patch(&format!("/policies/{policy}"), &patch).await;
    let refused = refused.expect_problem(409, "expectation_broken").body;
    for (key, value) in shown.as_object().unwrap() {
        assert_eq!(&refused[key], value, "{key}");
    }
}
