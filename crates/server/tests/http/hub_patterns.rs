//! Access policies that mean users of one marketplace.

use serde_json::{Value, json};
use syft_space_fakehub::{HubOptions, RunningHub};

use crate::marketplace_fixture::{MarketplaceFixture, hub_with, register};

const QUESTION: &str = "How high is Kilimanjaro?";
const OTHER: &str = "https://other.example.org";

/// A tenant that is on two hubs, `syfthub` and `other`. Each has its own alice with the same address.
async fn on_two_hubs() -> (MarketplaceFixture, RunningHub, String) {
    let market = MarketplaceFixture::start().await;
    let mut options = HubOptions::new().unwrap();
    OTHER.clone_into(&mut options.issuer);
    let other = hub_with(options);
    let id = register(&market.owner, &other, OTHER, "spaceowner", "other").await;
    (market, other, id)
}

/// The status of a query of alice's from each of both hubs.
async fn statuses(market: &MarketplaceFixture, other: &RunningHub) -> [u16; 2] {
    let from_other = market.bearer(&other.mint_token("alice", "spaceowner").unwrap());
    let mut statuses = [0; 2];
    for (status, alice) in statuses.iter_mut().zip([market.user("alice"), from_other]) {
        *status = alice.ask("space-docs", QUESTION).await.status;
    }
    statuses
}

#[tokio::test]
async fn z2_the_same_address_is_let_in_from_the_marketplace_that_is_named_and_from_no_other() {
    let (market, other, _) = on_two_hubs().await;
    for (patterns, expected) in [
        (&["alice@example.com"][..], [200, 200]),
        (&["hub:syfthub/alice@example.com"], [200, 403]),
        (&["hub:other/*@example.com"], [403, 200]),
        (&["hub:syfthub/*", "bob@example.com"], [200, 403]),
        (&["hub:syfthub/bob@example.com"], [403, 403]),
    ] {
        market.allow(patterns).await;
        assert_eq!(statuses(&market, &other).await, expected, "{patterns:?}");
    }
    market.policy(json!({ "mode": "deny", "patterns": ["hub:other/*"] })).await;
    assert_eq!(statuses(&market, &other).await, [200, 403]);
    // Neither a member nor a guest is a user of it.
    market.allow(&["hub:syfthub/*"]).await;
    market.owner.ask("space-docs", QUESTION).await.expect_problem(403, "access_denied");
    market.guest().ask("space-docs", QUESTION).await.expect_problem(403, "access_denied");
    // The owner's log tells of which marketplace each caller was.
    let events = market.owner.audit("&action=endpoint_query").await;
    let mut told: Vec<_> =
        events.iter().map(|event| event["marketplace"].as_str().unwrap_or("none")).collect();
    told.dedup();
    assert_eq!(told, ["syfthub", "other", "syfthub", "other", "syfthub"], "{events:?}");
}

#[tokio::test]
async fn z2_the_owner_is_told_of_one_marketplaces_users_before_they_ask() {
    let (market, _other, _) = on_two_hubs().await;
    let patterns = ["hub:syfthub/*@example.com", "hub:syfthub/alice@example.com"];
    market.allow(&patterns).await;
    let explain = async |issuer: &str| {
        let identity = json!({ "issuer": issuer, "sub": "2", "role": "user", "email": "alice@example.com" });
        let body = json!({ "identity": identity });
        let told = market.owner.post("/endpoints/space-docs/policies/explain", &body).await.expect(200).body;
        (told["verdict"].clone(), told["decided_by"]["rule"].clone())
    };
    assert_eq!(explain(HubOptions::DEFAULT_ISSUER).await, (json!("allow"), json!(patterns[0])));
    assert_eq!(explain(OTHER).await, (json!("deny"), Value::Null));
    // Who is named by an address alone may be a user of either.
    let body = json!({ "identity": { "email": "alice@example.com" } });
    let told = market.owner.post("/endpoints/space-docs/policies/explain", &body).await.expect(200).body;
    assert_eq!(told["verdict"], "deny", "of no member");
    let of_marketplaces: Vec<_> = told["of_marketplaces"].as_array().unwrap().iter().collect();
    let told = of_marketplaces
        .iter()
        .map(|told| (&told["marketplace"], &told["verdict"], &told["decided_by"]["rule"]));
    let expected = [
        (json!("other"), json!("deny"), Value::Null),
        (json!("syfthub"), json!("allow"), json!(patterns[0])),
    ];
    let expected = expected.iter().map(|(name, verdict, rule)| (name, verdict, rule));
    assert_eq!(told.collect::<Vec<_>>(), expected.collect::<Vec<_>>());

    let lint =
        market.owner.post("/policies/lint", &json!({ "endpoint": "space-docs" })).await.expect(200).body;
    let [finding] = &*lint["findings"].as_array().unwrap().clone() else { panic!("{lint}") };
    assert_eq!(
        (&finding["kind"], &finding["pattern"], &finding["other"]["pattern"]),
        (&json!("shadowed"), &json!(patterns[1]), &json!(patterns[0]))
    );
    assert_eq!(finding["example"]["marketplace"], "syfthub");
    assert_eq!(finding["example"]["verdict"], "allow");

    let policy = market.owner.get("/policies").await.expect(200).body["items"][0]["id"].clone();
    let configuration = json!({ "mode": "allow", "patterns": ["hub:other/*"] });
    let mut change = json!({ "policy_id": policy, "configuration": configuration, "identities": [
        { "email": "alice@example.com" },
        { "email": "alice@example.com", "marketplace": "syfthub" },
        { "email": "alice@example.com", "marketplace": "other" },
    ] });
    let simulated = market.owner.post("/policies/simulate", &change).await.expect(200).body;
    let changes: Vec<_> = simulated["endpoints"][0]["changes"].as_array().unwrap().iter().collect();
    let changes: Vec<_> = changes.iter().map(|one| (&one["marketplace"], &one["after"]["verdict"])).collect();
    assert_eq!(changes, [(&json!("syfthub"), &json!("deny")), (&json!("other"), &json!("allow"))]);
    change["identities"][1]["marketplace"] = json!("nowhere");
    let refused = market.owner.post("/policies/simulate", &change).await.expect_problem(422, "invalid");
    assert_eq!(refused.body["errors"][0]["pointer"], "/identities/1/marketplace");
}

#[tokio::test]
async fn z2_a_marketplace_keeps_its_name_as_long_as_a_policy_names_it_and_an_unknown_one_is_refused() {
    let (market, other, id) = on_two_hubs().await;
    let page = include_str!("../../../../docs/policies.md");
    let shown = page.split("```json\n").skip(1).find(|block| block.contains("\"hub:acme/")).unwrap();
    let shown: Value = serde_json::from_str(shown.split("```").next().unwrap()).unwrap();
    let body = json!({ "name": "of acme", "policy_type": "access", "configuration": shown });
    let refused = market.owner.post("/policies", &body).await.expect_problem(422, "invalid");
    assert_eq!(refused.body["errors"][0]["pointer"], "/configuration/patterns/1");
    assert!(refused.text.contains("there is no marketplace"), "{}", refused.text);

    let path = format!("/marketplaces/{id}");
    market.owner.patch(&path, &json!({ "name": "acme" })).await.expect(200);
    let policy = market.owner.post("/policies", &body).await.expect(201).body;
    assert_eq!(policy["configuration"]["patterns"], shown["patterns"]);
    let refusals = [
        market.owner.patch(&path, &json!({ "name": "other" })).await.expect_problem(409, "in_use"),
        market.owner.delete(&path).await.expect_problem(409, "in_use"),
    ];
    for refusal in refusals {
        assert!(refusal.text.contains("of acme"), "{}", refusal.text);
    }
    // Its own name is no other one, and what is not named may go.
    market.owner.patch(&path, &json!({ "name": "acme" })).await.expect(200);
    market.owner.delete(&format!("/marketplaces/{}", market.marketplace)).await.expect(204);
    let policy_path = format!("/policies/{}", policy["id"].as_str().unwrap());
    market.owner.delete(&policy_path).await.expect(204);
    market.owner.delete(&path).await.expect(204);
    assert_eq!(statuses(&market, &other).await, [401, 401]);
}

#[tokio::test]
async fn a2_a_hub_learns_nothing_of_whom_an_entry_names() {
    let (market, _other, _) = on_two_hubs().await;
    market.allow(&["hub:other/secret@example.com"]).await;
    let policies = market.owner.get("/policies").await.expect(200).text;
    assert!(policies.contains("hub:other/secret@example.com"));
    let access = market.owner.get("/me/access").await.expect(200).text;
    assert!(!access.contains("secret"), "{access}");
    market.policy(json!({ "mode": "deny", "patterns": ["hub:other/secret@example.com"] })).await;
    let access = market.owner.get("/me/access").await.expect(200).text;
    assert!(access.contains("People whom the owner names are refused."), "{access}");
    assert!(!access.contains("secret") && !access.contains("other"), "{access}");
}

#[tokio::test]
async fn z4_whoever_decides_on_a_question_is_told_from_which_marketplace_it_is() {
    let (market, other, _) = on_two_hubs().await;
    let mut ids = vec![];
    let access = json!({ "mode": "allow", "patterns": ["hub:other/*"], "guests": true });
    for (policy_type, configuration) in [("access", access), ("manual_review", json!({ "valid_for": "1h" }))]
    {
        let body = json!({ "name": "p", "policy_type": policy_type, "configuration": configuration });
        ids.push(market.owner.post("/policies", &body).await.expect(201).body["id"].clone());
    }
    market.owner.put("/endpoints/space-docs/policies", &json!({ "policy_ids": ids })).await.expect(200);
    let alice = market.bearer(&other.mint_token("alice", "spaceowner").unwrap());
    alice.ask("space-docs", QUESTION).await.expect_problem(403, "review_pending");
    market.guest().ask("space-docs", QUESTION).await.expect_problem(403, "review_pending");
    let listed = market.owner.get("/approvals").await.expect(200).body["items"].clone();
    let told: Vec<_> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|one| [&one["caller_kind"], &one["caller_marketplace"]])
        .collect();
    assert_eq!(told, [[&json!("marketplace_user"), &json!("other")], [&json!("guest"), &json!("syfthub")]]);
}
