//! Limits that are for some callers alone, and those that people share whom one pattern means.

use serde_json::{Value, json};
use syft_space_fakehub::Route;

use crate::marketplace_fixture::MarketplaceFixture;
use crate::space::{Client, TestSpace, dataset_of, endpoint_on};

/// Makes these policies those of an endpoint, and answers their ids.
async fn attach(owner: &Client, slug: &str, policies: &[(&str, Value)]) -> Vec<String> {
    let mut ids = Vec::new();
    for (policy_type, configuration) in policies {
        let body = json!({ "name": "p", "policy_type": policy_type, "configuration": configuration });
        let made = owner.post("/policies", &body).await.expect(201);
        ids.push(made.body["id"].as_str().unwrap().to_owned());
    }
    owner.put(&format!("/endpoints/{slug}/policies"), &json!({ "policy_ids": ids })).await.expect(200);
    ids
}

#[tokio::test]
async fn l1_all_whom_one_pattern_means_share_a_limit_and_whom_none_means_has_none() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let dataset = dataset_of(&owner, "notes", &[("a", "Penguins swim.")]).await;
    for slug in ["birds", "fish"] {
        endpoint_on(&owner, &dataset, slug).await;
    }
    let mut members = Vec::new();
    for address in ["anna@lab.example", "bert@lab.example", "cleo@other.example", "dora@free.example"] {
        members.push(space.member(&owner, address, "user").await);
    }
    let [anna, bert, cleo, dora] = &members[..] else { unreachable!() };
    let patterns = json!(["*@lab.example", "cleo@other.example"]);
    let limit = json!({ "rate": "2/d", "scope": "pattern", "applies_to": patterns });
    let ids = attach(&owner, "birds", &[("rate_limit", limit)]).await;
    owner.put("/endpoints/fish/policies", &json!({ "policy_ids": ids })).await.expect(200);
    anna.ask("birds", "penguins").await.expect(200);
    let second = bert.ask("fish", "penguins").await.expect(200);
    assert_eq!(second.header("ratelimit-policy"), "\"pattern-2-86400\";q=2;w=86400");
    for (asks, slug) in [(anna, "birds"), (bert, "birds"), (bert, "fish")] {
        let refused = asks.ask(slug, "penguins").await.expect_problem(429, "rate_limited");
        assert!(!refused.text.contains("lab"), "whom it is for is the owner's: {}", refused.text);
    }
    cleo.ask("birds", "penguins").await.expect(200);
    for _ in 0..5 {
        let free = dora.ask("birds", "penguins").await.expect(200);
        assert_eq!(free.header("ratelimit"), "");
    }
    // The owner is told which of the patterns, and callers what is left to them.
    let body = json!({ "identity": { "email": "anna@lab.example" } });
    let why = owner.post("/endpoints/birds/policies/explain", &body).await.expect(200).body;
    assert_eq!(
        (&why["reason_code"], &why["decided_by"]["rule"]),
        (&json!("limit_reached"), &json!("2/d per pattern *@lab.example"))
    );
    let told = async |client: &Client| client.get("/me/access").await.expect(200).body["items"][0].clone();
    assert_eq!(told(bert).await["limits"][0]["remaining"], 0);
    assert_eq!(told(bert).await["refusal"]["reason_code"], "rate_limited");
    assert_eq!(told(cleo).await["limits"][0]["remaining"], 1);
    assert_eq!(
        (told(dora).await["limits"].clone(), told(dora).await["refusal"].clone()),
        (json!([]), Value::Null)
    );
    let sentence = told(dora).await["terms"][0]["description"].clone();
    assert_eq!(sentence, "At most 2 queries a day of people whom the owner names, together, are answered.");
}

#[tokio::test]
async fn l1_a_limit_for_all_but_some_leaves_these_to_a_larger_one_and_bounds_guests() {
    let market = MarketplaceFixture::start().await;
    let access = json!({ "mode": "allow", "patterns": ["*"], "guests": true });
    let colleagues = json!(["hub:syfthub/alice@example.com", "group:staff"]);
    market.owner.post("/groups", &json!({ "name": "staff" })).await.expect(201);
    let few = json!({ "rate": "1/d", "except": colleagues });
    let more = json!({ "rate": "3/d", "applies_to": colleagues });
    let limits = [("access", access), ("rate_limit", few), ("rate_limit", more)];
    attach(&market.owner, "space-docs", &limits).await;
    let ask = async |client: &Client| client.ask("space-docs", "How high is Kilimanjaro?").await;
    for (client, times) in [(market.user("alice"), 3), (market.user("bob"), 1), (market.guest(), 1)] {
        for _ in 0..times {
            ask(&client).await.expect(200);
        }
        ask(&client).await.expect_problem(429, "rate_limited");
    }
    // Whoever comes among the exceptions is one for the very next query, and what is named there stays.
    market.owner.delete("/groups/staff").await.expect_problem(409, "group_in_use");
    ask(&market.owner).await.expect(200);
    ask(&market.owner).await.expect_problem(429, "rate_limited");
    let owner = market.owner.get("/auth/me").await.expect(200).body["email"].clone();
    market.owner.post("/groups/staff/members", &json!({ "emails": [owner] })).await.expect(200);
    ask(&market.owner).await.expect(200);
    let short = json!({ "rate": "20/d", "except": ["group:staff"] });
    attach(&market.owner, "space-docs", &[("token_limit", short)]).await;
    ask(&market.owner).await.expect(200);
    let both = json!({ "rate": "1/d", "except": ["*@a.example"], "applies_to": ["*@b.example"] });
    let refused = json!({ "name": "p", "policy_type": "rate_limit", "configuration": both });
    let refused = market.owner.post("/policies", &refused).await.expect_problem(422, "invalid");
    assert!(refused.text.contains("/configuration/except"), "{}", refused.text);
}

#[tokio::test]
async fn l1_which_limit_a_marketplaces_user_shares_never_hangs_on_whether_their_address_is_known() {
    // In each of them an entry that hangs on the address comes before one that does not.
    let lists: [&[&str]; 3] = [
        &["alice@example.com", "*"],
        &["*@example.com", "hub:syfthub/*"],
        &["hub:syfthub/alice@example.com", "hub:syfthub/*"],
    ];
    for patterns in lists {
        let market = MarketplaceFixture::start().await;
        let limit = json!({ "rate": "3/d", "scope": "pattern", "applies_to": patterns });
        let everybody = json!({ "mode": "allow", "patterns": ["*"] });
        let ids = attach(&market.owner, "space-docs", &[("access", everybody), ("rate_limit", limit)]).await;
        let ask = async || market.user("alice").ask("space-docs", "How high is Kilimanjaro?").await;
        for _ in 0..2 {
            ask().await.expect(200);
        }
        // From now on the access policy hangs on the address, too.
        let narrow = json!({ "configuration": { "patterns": ["*@example.com"] } });
        market.owner.patch(&format!("/policies/{}", ids[0]), &narrow).await.expect(200);
        ask().await.expect(200);
        ask().await.expect_problem(429, "rate_limited");
    }
}

#[tokio::test]
async fn l1_where_the_first_entry_means_every_user_of_a_marketplace_the_hub_is_not_asked_who_they_are() {
    let market = MarketplaceFixture::start().await;
    let everybody = json!({ "mode": "allow", "patterns": ["*"] });
    let limit = json!({ "rate": "1/d", "scope": "pattern", "applies_to": ["hub:syfthub/*", "hub:syfthub/*@a.example"] });
    attach(&market.owner, "space-docs", &[("access", everybody), ("rate_limit", limit)]).await;
    market.hub.forget_requests();
    market.user("alice").ask("space-docs", "How high is Kilimanjaro?").await.expect(200);
    let refused = market.user("bob").ask("space-docs", "How high is Kilimanjaro?").await;
    refused.expect_problem(429, "rate_limited");
    assert_eq!(market.hub.calls(Route::Verify), 0);
}

#[tokio::test]
async fn l1_of_64_at_once_under_one_pattern_exactly_as_many_are_answered_as_the_limit_says() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let dataset = dataset_of(&owner, "notes", &[("a", "Penguins swim.")]).await;
    endpoint_on(&owner, &dataset, "birds").await;
    let anna = space.member(&owner, "anna@acme.example", "user").await;
    let limit = json!({ "rate": "10/d", "scope": "pattern", "applies_to": ["*@acme.example"] });
    attach(&owner, "birds", &[("rate_limit", limit)]).await;
    let asking: Vec<_> = (0..64)
        .map(|turn| {
            let asks = if turn % 2 == 0 { owner.clone() } else { anna.clone() };
            tokio::spawn(async move { asks.ask("birds", "penguins").await.status })
        })
        .collect();
    let mut answered = 0;
    for asking in asking {
        match asking.await.unwrap() {
            200 => answered += 1,
            status => assert_eq!(status, 429),
        }
    }
    assert_eq!(answered, 10);
}

#[tokio::test]
async fn l1_whoever_comes_into_a_group_is_limited_by_what_is_for_it_from_the_next_query_on() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let dataset = dataset_of(&owner, "notes", &[("a", "Penguins swim.")]).await;
    endpoint_on(&owner, &dataset, "birds").await;
    let anna = space.member(&owner, "anna@acme.example", "user").await;
    owner.post("/groups", &json!({ "name": "noisy" })).await.expect(201);
    let slow = json!({ "rate": "1/d", "applies_to": ["group:noisy"] });
    let short = json!({ "rate": "20/d", "applies_to": ["group:noisy"] });
    attach(&owner, "birds", &[("rate_limit", slow), ("token_limit", short)]).await;
    owner.delete("/groups/noisy").await.expect_problem(409, "group_in_use");
    for _ in 0..3 {
        anna.ask("birds", "penguins swim in the sea").await.expect(200);
    }
    let members = json!({ "emails": ["anna@acme.example"] });
    owner.post("/groups/noisy/members", &members).await.expect(200);
    anna.ask("birds", "penguins swim in the sea").await.expect_problem(403, "policy_violation");
    anna.ask("birds", "penguins").await.expect(200);
    anna.ask("birds", "penguins").await.expect_problem(429, "rate_limited");
    owner.ask("birds", "penguins swim in the sea").await.expect(200);
}

#[tokio::test]
async fn l1_users_of_a_marketplace_are_limited_by_their_address_there_and_guests_by_no_list() {
    let market = MarketplaceFixture::start().await;
    let access = json!({ "mode": "allow", "patterns": ["*"], "guests": true });
    let limit = json!({ "rate": "1/d", "scope": "pattern", "applies_to": ["hub:syfthub/alice@example.com"] });
    attach(&market.owner, "space-docs", &[("access", access), ("rate_limit", limit)]).await;
    let question = "How high is Kilimanjaro?";
    market.user("alice").ask("space-docs", question).await.expect(200);
    market.user("alice").ask("space-docs", question).await.expect_problem(429, "rate_limited");
    for _ in 0..2 {
        market.user("bob").ask("space-docs", question).await.expect(200);
        market.guest().ask("space-docs", question).await.expect(200);
        market.owner.ask("space-docs", question).await.expect(200);
    }
}
