//! What queries cost: what callers are told, what owners see, and what a crash leaves.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::cli::run;
use crate::space::{Answer, Client, TestSpace, dataset_of, endpoint_on, in_memory};

async fn space_with_endpoint(settings: &[(&str, &str)]) -> (TestSpace, Client) {
    let space = TestSpace::with(settings).await;
    let owner = space.found("acme").await;
    let dataset = dataset_of(&owner, "notes", &[("a", "Penguins swim."), ("b", "Penguins dive.")]).await;
    endpoint_on(&owner, &dataset, "birds").await;
    (space, owner)
}

/// Makes this the price of the endpoint, and answers the policy's id.
pub async fn charge(owner: &Client, configuration: Value) -> Value {
    let body = json!({ "name": "p", "policy_type": "accounting", "configuration": configuration });
    let id = owner.post("/policies", &body).await.expect(201).body["id"].clone();
    owner.put("/endpoints/birds/policies", &json!({ "policy_ids": [id] })).await.expect(200);
    id
}

async fn transfers(owner: &Client) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = owner.get(&format!("/ledger/transfers?limit=100{cursor}")).await.expect(200).body;
        all.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

async fn sound(owner: &Client) -> Value {
    let found = owner.get("/ledger/reconciliation").await.expect(200).body;
    assert_eq!(found["sound"], true, "{found}");
    found
}

fn transaction(answer: &Answer) -> String {
    answer.body["policy_metadata"]["entries"][0]["transaction"]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn z2_an_answer_says_what_it_cost_and_who_has_spent_all_is_answered_402() {
    let (_space, owner) = space_with_endpoint(&[]).await;
    let id = charge(&owner, json!({ "price": "0.02", "currency": "EUR", "free_quota": 1, "budget": "0.03" }))
        .await;
    let free = owner.ask("birds", "penguins").await.expect(200);
    assert_eq!((&free.body["cost"], &free.body["currency"]), (&json!(0.0), &json!("EUR")));
    assert_eq!(free.body["policy_metadata"]["entries"][0]["status"], "free");
    let charged = owner.ask("birds", "penguins").await.expect(200);
    let event = owner.audit("&action=endpoint_query").await[0]["id"].as_str().unwrap().to_owned();
    let transaction = json!({ "rail": "ledger", "id": format!("{event}.{}", id.as_str().unwrap()) });
    assert_eq!((&charged.body["cost"], &charged.body["currency"]), (&json!(0.02), &json!("EUR")));
    assert_eq!(
        charged.body["policy_metadata"],
        json!({ "outcome": "success", "entries": [{
            "policy_type": "accounting", "kind": "payment", "status": "charged", "amount": 0.02, "currency": "EUR",
            "transaction": transaction,
        }] })
    );
    let refused = owner.ask("birds", "penguins").await.expect_problem(402, "payment_required");
    assert_eq!(
        refused.body["policy_metadata"],
        json!({ "outcome": "payment_required", "entries": [{
            "policy_type": "accounting", "kind": "payment", "status": "rejected", "reason_code": "INSUFFICIENT_BALANCE",
            "reason": "what is left to spend at the endpoint does not pay for this query: ask its owner, or, where documents are charged, ask for fewer",
        }] })
    );
    assert!(!refused.text.contains("0.03"), "the budget is the owner's");
    let listed = transfers(&owner).await;
    assert_eq!(listed.len(), 2);
    assert_eq!((&listed[1]["amount"], &listed[1]["event_id"]), (&json!("0.02"), &json!(event)));
    let balances = owner.get("/ledger/balances").await.expect(200).body;
    let kinds: Vec<_> =
        balances["items"].as_array().unwrap().iter().map(|item| &item["account_kind"]).collect();
    assert_eq!(kinds, ["endpoint", "payer"]);
    let found = sound(&owner).await;
    assert_eq!(
        (&found["transfers"], &found["currencies"]),
        (
            &json!(2),
            &json!([{ "currency": "EUR", "transferred": "0.02", "debited": "0.02", "credited": "0.02" }])
        )
    );
}

#[tokio::test]
async fn z2_of_64_at_once_exactly_as_many_are_answered_as_the_budget_pays() {
    let (space, owner) = space_with_endpoint(&[]).await;
    let anna = space.member(&owner, "anna@acme.example", "user").await;
    let configuration =
        json!({ "price": "0.01", "currency": "EUR", "budget": "0.1", "endpoint_budget": "0.155" });
    charge(&owner, configuration).await;
    let asking: Vec<_> = (0..128)
        .map(|n| {
            let client = if n % 2 == 0 { owner.clone() } else { anna.clone() };
            tokio::spawn(async move { client.ask("birds", "penguins").await })
        })
        .collect();
    let mut answered = 0;
    for asking in asking {
        let answer = asking.await.unwrap();
        match answer.status {
            200 => answered += 1,
            _ => drop(answer.expect_problem(402, "payment_required")),
        }
    }
    assert_eq!((answered, transfers(&owner).await.len()), (15, 15));
    sound(&owner).await;
}

#[tokio::test]
async fn z2_documents_cost_as_they_are_shown() {
    let (_space, owner) = space_with_endpoint(&[]).await;
    charge(&owner, json!({ "price": "1", "currency": "POINTS", "unit": "document", "budget": "5" })).await;
    let answer = owner.ask("birds", "penguins").await.expect(200);
    assert_eq!(answer.body["references"]["documents"].as_array().unwrap().len(), 2);
    assert_eq!((&answer.body["cost"], &answer.body["currency"]), (&json!(2.0), &json!("POINTS")));
    // Five might be shown, and three are left.
    owner.ask("birds", "penguins").await.expect_problem(402, "payment_required");
    let fewer = json!({ "messages": "penguins", "limit": 1 });
    for _ in 0..3 {
        owner.post("/endpoints/birds/query", &fewer).await.expect(200);
    }
    owner.post("/endpoints/birds/query", &fewer).await.expect_problem(402, "payment_required");
}

#[tokio::test]
async fn z2_a_request_that_is_sent_again_is_charged_once_also_behind_a_kill() {
    let (mut space, mut owner) = space_with_endpoint(&[]).await;
    charge(&owner, json!({ "price": "0.5", "currency": "EUR", "budget": "1" })).await;
    let ask = async |owner: &Client, id: &str, body: Value| {
        let query = owner.request("POST", "/endpoints/birds/query").header("x-correlation-id", id);
        owner.send(query.json(&body)).await
    };
    let question = || json!({ "messages": "penguins" });
    let first = ask(&owner, "a", question()).await.expect(200);
    if !in_memory() {
        space.server().kill();
        space.server().run_again().await;
        owner = space.anybody().with_token(owner.token());
    }
    let again = ask(&owner, "a", json!({ "messages": "penguins", "stream": false })).await.expect(200);
    assert_eq!((&again.body["cost"], transaction(&again)), (&json!(0.0), transaction(&first)));
    // Another question is none, nor the same without an id.
    ask(&owner, "a", json!({ "messages": "dive" })).await.expect(200);
    ask(&owner, "b", question()).await.expect_problem(402, "payment_required");
    owner.ask("birds", "penguins").await.expect_problem(402, "payment_required");
    // What was paid is answered once more, and then it is not.
    ask(&owner, "a", question()).await.expect(200);
    ask(&owner, "a", question()).await.expect_problem(402, "payment_required");
    let repeats: Vec<_> =
        transfers(&owner).await.iter().map(|transfer| transfer["repeats"].clone()).collect();
    assert_eq!(repeats, [2, 0]);
    for bad in ["a b", &"a".repeat(129)] {
        ask(&owner, bad, question()).await.expect_problem(400, "malformed");
    }
    let twice = owner.request("POST", "/endpoints/birds/query").header("x-correlation-id", "a");
    let twice = owner.send(twice.header("x-correlation-id", "b").json(&question())).await;
    twice.expect_problem(400, "malformed");
}

#[tokio::test]
async fn z2_of_the_same_request_at_once_none_is_charged_that_is_a_repeat_and_none_fails() {
    let (_space, owner) = space_with_endpoint(&[]).await;
    charge(&owner, json!({ "price": "0.5", "currency": "EUR", "budget": "1" })).await;
    let again = async |owner: Client| {
        let query = owner.request("POST", "/endpoints/birds/query").header("x-correlation-id", "a");
        let answer = owner.send(query.json(&json!({ "messages": "penguins" }))).await;
        // Also where it was let in as a repeat, and another was faster.
        if answer.status == 200 {
            1
        } else {
            drop(answer.expect_problem(402, "payment_required"));
            0
        }
    };
    let asking: Vec<_> = (0..60).map(|_| tokio::spawn(again(owner.clone()))).collect();
    let mut answered = 0;
    for asking in asking {
        answered += asking.await.unwrap();
    }
    while again(owner.clone()).await == 1 {
        answered += 1;
    }
    // Two are paid for, each with two repeats.
    let repeats: Vec<_> =
        transfers(&owner).await.iter().map(|transfer| transfer["repeats"].clone()).collect();
    assert_eq!((answered, repeats), (6, vec![json!(2), json!(2)]));
    sound(&owner).await;
}

#[tokio::test]
async fn z2_whenever_the_server_is_killed_what_was_answered_is_charged_and_no_budget_is_passed() {
    if in_memory() {
        return;
    }
    let (mut space, owner) = space_with_endpoint(&[]).await;
    charge(&owner, json!({ "price": "0.01", "currency": "EUR", "budget": "4" })).await;
    let mut told = BTreeSet::new();
    for round in 1..=6 {
        let client = space.anybody().with_token(owner.token());
        let answered = Arc::new(AtomicUsize::new(0));
        let asking: Vec<_> = (0..16)
            .map(|_| {
                let (client, answered) = (client.clone(), Arc::clone(&answered));
                tokio::spawn(async move {
                    let mut told = Vec::new();
                    loop {
                        let query = client.request("POST", "/endpoints/birds/query");
                        match client.try_send(query.json(&json!({ "messages": "penguins" }))).await {
                            Ok(answer) if answer.status == 200 => told.push(transaction(&answer)),
                            _ => return told,
                        }
                        answered.fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        // At another moment each time, while others are on their way.
        while answered.load(Ordering::Relaxed) < 5 * round {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        space.server().kill();
        for asking in asking {
            told.extend(asking.await.unwrap());
        }
        space.server().run_again().await;
    }
    let owner = space.anybody().with_token(owner.token());
    // All that is left is spent, to the last cent.
    while owner.ask("birds", "penguins").await.status == 200 {}
    owner.ask("birds", "penguins").await.expect_problem(402, "payment_required");
    let listed = transfers(&owner).await;
    assert_eq!(listed.len(), 400);
    let listed: BTreeSet<String> = listed
        .iter()
        .map(|item| format!("{}.{}", item["event_id"].as_str().unwrap(), item["policy_id"].as_str().unwrap()))
        .collect();
    assert!(told.len() > 100 && told.is_subset(&listed), "{} were answered", told.len());
    assert_eq!(sound(&owner).await["currencies"][0]["debited"], "4");
}

#[tokio::test]
async fn z2_an_owner_reads_the_ledger_on_the_host_and_tenants_see_their_own() {
    if in_memory() {
        return;
    }
    let (space, owner) = space_with_endpoint(&[("registration", "open")]).await;
    charge(&owner, json!({ "price": "0.25", "currency": "EUR" })).await;
    owner.ask("birds", "penguins").await.expect(200);
    let other = space.found_another("globex").await;
    assert_eq!(transfers(&other).await, [json!(null); 0]);
    assert_eq!(sound(&other).await["transfers"], 0);
    let told = |arguments: &[&str]| {
        let arguments: Vec<&str> = arguments.iter().copied().chain(["--tenant", "acme"]).collect();
        run(space.home(), &arguments).expect(0).stdout
    };
    let table = told(&["ledger", "transfers"]);
    assert!(table.contains("owner@acme.example") && table.contains("0.25 EUR"), "{table}");
    let table = told(&["ledger", "balances"]);
    assert!(table.contains("endpoint  birds") && table.contains("month of 2"), "{table}");
    let csv = told(&["ledger", "balances", "--csv"]);
    assert_eq!(csv.lines().count(), 3, "{csv}");
    assert!(
        csv.starts_with(
            "kind,time,account,endpoint,policy,period,currency,units,free_units,amount,id,brought_forward"
        ),
        "{csv}"
    );
    assert_eq!(
        told(&["ledger", "check"]),
        "1 transfers: all sums hold\n  EUR: callers 0.25, endpoints 0.25\n"
    );
    let json: Value = serde_json::from_str(&told(&["ledger", "check", "--json"])).unwrap();
    assert_eq!(json["sound"], true);
    run(space.home(), &["ledger", "balances", "--csv", "--json", "--tenant", "acme"]).expect(2);
}

#[tokio::test]
async fn z2_the_ledger_is_narrowed_to_a_caller_an_endpoint_and_a_time() {
    let (space, owner) = space_with_endpoint(&[]).await;
    charge(&owner, json!({ "price": "0.25", "currency": "EUR" })).await;
    let dataset =
        owner.get("/datasets").await.expect(200).body["items"][0]["id"].as_str().unwrap().to_owned();
    endpoint_on(&owner, &dataset, "fish").await;
    let policy = owner.get("/policies").await.expect(200).body["items"][0]["id"].clone();
    owner.put("/endpoints/fish/policies", &json!({ "policy_ids": [policy] })).await.expect(200);
    let anna = space.member(&owner, "anna@acme.example", "user").await;
    for (asks, slug) in
        [(&owner, "birds"), (&anna, "birds"), (&anna, "fish"), (&owner, "fish"), (&anna, "fish")]
    {
        asks.ask(slug, "penguins").await.expect(200);
    }
    let all = transfers(&owner).await;
    assert_eq!(all.len(), 5);
    let events = |listed: &[Value]| listed.iter().map(|one| one["event_id"].clone()).collect::<Vec<_>>();
    let narrowed = async |filter: &str| {
        let page = owner.get(&format!("/ledger/transfers?{filter}")).await.expect(200).body;
        events(page["items"].as_array().unwrap())
    };
    let of = |wanted: &[usize]| events(&wanted.iter().map(|place| all[*place].clone()).collect::<Vec<_>>());
    let text = |place: usize, name: &str| all[place][name].as_str().unwrap().to_owned();
    let (annas, fish) = (text(1, "payer_id"), text(2, "endpoint_id"));
    assert_eq!(narrowed(&format!("payer={annas}")).await, of(&[1, 2, 4]));
    assert_eq!(narrowed(&format!("endpoint={fish}")).await, of(&[2, 3, 4]));
    let (since, until) = (text(1, "time"), text(4, "time"));
    assert_eq!(narrowed(&format!("since={since}&until={until}")).await, of(&[1, 2, 3]));
    let all_three = format!("payer={annas}&endpoint={fish}&since={since}&until={until}");
    assert_eq!(narrowed(&all_three).await, of(&[2]));
    let first = owner.get(&format!("/ledger/transfers?payer={annas}&limit=2")).await.expect(200).body;
    let cursor = first["next_cursor"].as_str().unwrap();
    assert_eq!(narrowed(&format!("payer={annas}&limit=2&cursor={cursor}")).await, of(&[4]));
    for wrong in ["payer=anna", "endpoint=fish", "since=yesterday", "until=1", "kind=free"] {
        owner.get(&format!("/ledger/transfers?{wrong}")).await.expect_problem(422, "invalid");
    }
    if in_memory() {
        return;
    }
    let told = |arguments: &[&str]| {
        let arguments: Vec<&str> =
            ["ledger", "transfers", "--csv"].iter().chain(arguments).copied().collect();
        run(space.home(), &arguments).expect(0).stdout.lines().skip(1).count()
    };
    assert_eq!(told(&[]), 5);
    assert_eq!(told(&["--payer", "anna@acme.example", "--endpoint", "fish"]), 2);
    assert_eq!(told(&["--payer", &annas, "--until", &until]), 2);
    assert_eq!(told(&["--since", &until]), 1);
    run(space.home(), &["ledger", "transfers", "--payer", "nobody@acme.example"]).expect(3);
    run(space.home(), &["ledger", "transfers", "--since", "yesterday"]).expect(2);
    // A date is its beginning.
    assert_eq!(told(&["--since", "2000-01-01", "--until", "2000-01-02"]), 0);
}
