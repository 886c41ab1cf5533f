//! The tail of an audit log: every event once, in order, to whoever may read it and for as long as they may.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::timeout;

use crate::space::event_stream::EventStream;
use crate::space::{Client, PASSWORD, TestSpace, dataset_of, endpoint_on, in_memory, until};

/// Leaves an event in the tenant's log, and no other trace.
async fn leave_event(client: &Client) {
    client.get("/audit/export?after=4000000000").await.expect(200);
}

async fn log_size(client: &Client) -> u64 {
    let page = client.get("/audit?limit=1").await.expect(200).body;
    page["items"][0]["seq"].as_u64().unwrap()
}

fn numbers(events: &[Value]) -> Vec<u64> {
    events.iter().map(|event| event["seq"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn u1_a_tail_tells_each_event_once_in_order_as_a_list_does_and_of_itself_once() {
    let space = TestSpace::open_to_all().await;
    let owner = space.found("acme").await;
    let other = space.found_another("globex").await;
    let before = log_size(&owner).await;
    let mut tail = EventStream::begin(&owner, "/audit/tail", None).await;
    for (name, value) in
        [("content-type", "text/event-stream"), ("cache-control", "no-store"), ("x-accel-buffering", "no")]
    {
        assert_eq!(tail.answer.headers()[name], value);
    }
    let begun = tail.next().await.unwrap();
    assert_eq!((&begun["action"], &begun["seq"]), (&json!("sensitive_read"), &json!(before + 1)));
    assert_eq!(begun["object"], json!({ "kind": "audit", "id": format!("tail from {}", before + 1) }));

    leave_event(&other).await;
    dataset_of(&owner, "birds", &[]).await;
    let viewer = space.member(&owner, "viewer@acme.example", "viewer").await;
    viewer.get("/audit/tail").await.expect_problem(403, "forbidden");
    let size = log_size(&owner).await;
    let mut told = vec![begun];
    while numbers(&told).last() != Some(&size) {
        // Long before there would be a heartbeat.
        let next = timeout(Duration::from_secs(5), tail.next()).await.expect("it comes as it is written");
        told.push(next.unwrap());
    }
    assert_eq!(tail.comments, 0);
    assert_eq!(numbers(&told), ((before + 1)..=size).collect::<Vec<_>>());
    told.reverse();
    let mut listed = owner.audit("").await;
    listed.truncate(told.len());
    assert_eq!(told, listed);
    let tails =
        listed.iter().filter(|event| event["object"]["id"].as_str().unwrap_or("").starts_with("tail"));
    assert_eq!(tails.count(), 1, "that it goes on leaves nothing in the log");
}

#[tokio::test]
async fn u1_a_tail_asks_for_what_a_list_can_be_asked_for_by_names_of_what_comes_later_too() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let dataset = dataset_of(&owner, "birds", &[("doc", "Penguins swim.")]).await;
    let mut queries = EventStream::begin(&owner, "/audit/tail?action=endpoint_query", None).await;
    let mut of_anna = EventStream::begin(&owner, "/audit/tail?principal=anna@acme.example", None).await;
    let mut of_birds = EventStream::begin(&owner, "/audit/tail?endpoint=birds&outcome=success", None).await;
    let anna = space.member(&owner, "anna@acme.example", "user").await;
    endpoint_on(&owner, &dataset, "birds").await;
    endpoint_on(&owner, &dataset, "others").await;
    owner.ask("others", "penguins").await.expect(200);
    anna.ask("birds", "penguins").await.expect(200);
    let id = anna.get("/auth/me").await.expect(200).body["id"].clone();
    let asked = queries.take_next(2).await;
    assert_eq!(asked[1]["actor"]["id"], id);
    let joined = of_anna.take_next(3).await;
    assert!(joined.iter().all(|event| event["actor"]["id"] == id), "{joined:?}");
    assert_eq!(joined[2], asked[1]);
    let of_birds = of_birds.take_next(2).await;
    assert_eq!((&of_birds[0]["action"], &of_birds[1]), (&json!("config_change"), &asked[1]));

    // What is not asked for costs no client a second look at it.
    let mut nothing = EventStream::begin(&owner, "/audit/tail?reason=internal", None).await;
    leave_event(&owner).await;
    let size = log_size(&owner).await;
    until("the tail is past it", async || log_size(&owner).await >= size).await;
    assert!(nothing.heartbeat().await >= size, "the id of the heartbeat is that of what went by");
    for (query, pointer) in [("after=-1", "/after"), ("after=x", "/after"), ("action=eat", "/action")] {
        let refused = owner.get(&format!("/audit/tail?{query}")).await.expect_problem(422, "invalid");
        assert_eq!(refused.body["errors"][0]["pointer"], pointer);
    }
    for query in ["limit=1", "cursor=x"] {
        owner.get(&format!("/audit/tail?{query}")).await.expect_problem(422, "invalid");
    }
}

#[tokio::test]
async fn u1_a_tail_goes_on_behind_its_last_event_through_broken_connections_and_kills() {
    let mut space = TestSpace::start().await;
    let token = space.found("acme").await.token().to_owned();
    let (mut seen, mut last) = (Vec::new(), 0);
    for round in 0..6 {
        let owner = space.anybody().with_token(&token);
        let writer = owner.clone();
        let writing = tokio::spawn(async move {
            let ask = || writer.try_send(writer.request("GET", "/audit/export?after=4000000000"));
            for _ in 0..200 {
                if !ask().await.is_ok_and(|answer| answer.status == 200) {
                    break;
                }
            }
        });
        // From the first event on, the first time; a browser then comes with the id beside what stands in its URL.
        let mut tail = EventStream::begin(&owner, "/audit/tail?after=0", (last > 0).then_some(last)).await;
        for _ in 0..(20 + 13 * round) {
            seen.push(tail.next().await.unwrap()["seq"].as_u64().unwrap());
        }
        last = tail.last;
        if round % 2 == 0 && !in_memory() {
            space.server().kill();
            while let Some(event) = tail.next().await {
                seen.push(event["seq"].as_u64().unwrap());
                last = tail.last;
            }
            writing.await.unwrap();
            space.server().run_again().await;
        } else {
            drop(tail);
            writing.await.unwrap();
        }
    }
    assert_eq!(seen, (1..=last).collect::<Vec<_>>(), "none is lost, none comes twice");

    let owner = space.anybody().with_token(&token);
    let beyond = owner.get("/audit/tail?after=4000000000").await.expect_problem(409, "conflict");
    assert!(beyond.body["detail"].as_str().unwrap().contains("4000000000"));
    for wrong in ["x", "-1", "+1", "", "99999999999999999999"] {
        let request = owner.request("GET", "/audit/tail").header("last-event-id", wrong);
        owner.send(request).await.expect_problem(400, "malformed");
    }
    let twice = owner.request("GET", "/audit/tail").header("last-event-id", "1").header("last-event-id", "2");
    owner.send(twice).await.expect_problem(400, "malformed");
}

/// What takes the right to read the log from an admin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Loss {
    Removed,
    Disabled,
    Demoted,
    LoggedOut,
    SessionEnded,
    PasswordChanged,
    SecondFactorDemanded,
    TenantEnds,
    KeyRevoked,
    KeyHolderRemoved,
}

#[tokio::test]
async fn h1_u1_a_tail_ends_before_the_next_event_once_its_caller_may_not_read_the_log() {
    let losses = [
        Loss::Removed,
        Loss::Disabled,
        Loss::Demoted,
        Loss::LoggedOut,
        Loss::SessionEnded,
        Loss::PasswordChanged,
        Loss::SecondFactorDemanded,
        Loss::KeyRevoked,
        Loss::KeyHolderRemoved,
        Loss::TenantEnds,
    ];
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let mut bystander = EventStream::begin(&owner, "/audit/tail", None).await;
    for (n, loss) in losses.into_iter().enumerate() {
        let email = format!("admin{n}@acme.example");
        let admin = space.member(&owner, &email, "admin").await;
        let id = admin.get("/auth/me").await.expect(200).body["id"].as_str().unwrap().to_owned();
        let key = json!({ "name": "a key", "scopes": ["read_audit"] });
        let key = admin.post("/api-keys", &key).await.expect(201).body;
        let with_key = space.anybody().with_token(key["api_key"].as_str().unwrap());
        let key = key["id"].as_str().unwrap().to_owned();
        let caller =
            if matches!(loss, Loss::KeyRevoked | Loss::KeyHolderRemoved) { &with_key } else { &admin };
        let mut tail = EventStream::begin(caller, "/audit/tail", None).await;
        assert_eq!(tail.next().await.unwrap()["actor"]["id"], id);
        let member = format!("/users/{id}");
        match loss {
            Loss::Removed | Loss::KeyHolderRemoved => drop(owner.delete(&member).await.expect(204)),
            Loss::Disabled => drop(owner.patch(&member, &json!({ "status": "disabled" })).await.expect(200)),
            Loss::Demoted => drop(owner.patch(&member, &json!({ "role": "user" })).await.expect(200)),
            Loss::LoggedOut => drop(admin.send(admin.request("POST", "/auth/logout")).await.expect(204)),
            Loss::SessionEnded => drop(owner.delete(&format!("{member}/sessions")).await.expect(200)),
            Loss::PasswordChanged => {
                let new = json!({ "current_password": PASSWORD, "new_password": "nine newts nap near noisy nests" });
                admin.put("/auth/password", &new).await.expect(200);
            }
            Loss::SecondFactorDemanded => {
                let demand = |roles: &[&str]| json!({ "second_factor_roles": roles });
                owner.patch("/tenant", &demand(&["admin"])).await.expect(200);
                assert_eq!(tail.next().await, None, "{loss:?}");
                owner.patch("/tenant", &demand(&[])).await.expect(200);
            }
            Loss::KeyRevoked => drop(admin.delete(&format!("/api-keys/{key}")).await.expect(204)),
            Loss::TenantEnds => {
                let end = json!({ "tenant_name": "acme" });
                owner.send(owner.request("DELETE", "/tenant").json(&end)).await.expect(200);
            }
        }
        assert_eq!(tail.next().await, None, "{loss:?}");
        assert!(tail.comments == 0, "{loss:?}: at once, and not when somebody looks again");
    }
    // Who may read it still has missed nothing, and in a tenant that ends its owners may.
    let size = log_size(&owner).await;
    let begun = bystander.next().await.unwrap()["seq"].as_u64().unwrap();
    let mut told = vec![begun];
    while told.last() != Some(&size) {
        told.push(bystander.next().await.unwrap()["seq"].as_u64().unwrap());
    }
    assert_eq!(told, (begun..=size).collect::<Vec<_>>());
}

#[tokio::test]
async fn h1_u1_a_tail_ends_when_the_time_of_its_token_is_over_though_nothing_happens() {
    let space = TestSpace::with(&[("access_token_lifetime_seconds", "3")]).await;
    let owner = space.found("acme").await;
    let mut tail = EventStream::begin(&owner, "/audit/tail", None).await;
    assert!(tail.next().await.is_some());
    assert_eq!((tail.next().await, tail.comments), (None, 0));
    owner.get("/audit/tail").await.expect_problem(401, "token_invalid");
}

#[tokio::test]
async fn h1_u1_a_tail_ends_with_the_keys_that_signed_its_token() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let mut tail = EventStream::begin(&owner, "/audit/tail", None).await;
    assert!(tail.next().await.is_some());
    space.revoke_keys().await;
    assert_eq!((tail.next().await, tail.comments), (None, 0));
}

#[tokio::test]
async fn u1_a_caller_has_so_many_tails_and_one_that_is_left_makes_room() {
    let space = TestSpace::start().await;
    let owner = space.found("acme").await;
    let admin = space.member(&owner, "admin@acme.example", "admin").await;
    let mut tails = Vec::new();
    for _ in 0..8 {
        let mut tail = EventStream::begin(&owner, "/audit/tail", None).await;
        assert!(tail.next().await.is_some());
        tails.push(tail);
    }
    let size = log_size(&owner).await;
    let refused = owner.get("/audit/tail").await.expect_problem(429, "too_many_tails");
    assert!(refused.body["detail"].as_str().unwrap().contains("you have 8"), "{}", refused.text);
    assert_eq!(log_size(&owner).await, size, "one that is not begun leaves nothing in the log");
    assert!(EventStream::begin(&admin, "/audit/tail", None).await.next().await.is_some());
    tails.pop();
    until("there is room", async || owner.get("/audit/tail").await.status == 200).await;
}

#[tokio::test]
async fn u1_whoever_reads_slowly_holds_nobody_up_and_gets_all_of_it() {
    // On a machine that is busy the events take longer than a peer may take nothing.
    let space = TestSpace::with(&[("write_timeout_seconds", "600")]).await;
    let owner = space.found("acme").await;
    let mut tail = EventStream::begin(&owner, "/audit/tail?after=0", None).await;
    // Far more than the sockets between take.
    let mut writing = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let owner = owner.clone();
        writing.spawn(async move {
            for _ in 0..250 {
                leave_event(&owner).await;
            }
        });
    }
    writing.join_all().await;
    let size = log_size(&owner).await;
    let mut told = 0;
    while told < size {
        told += 1;
        assert_eq!(tail.next().await.unwrap()["seq"], told);
    }
}

#[tokio::test]
async fn u1_a_server_that_stops_ends_its_tails_in_order_and_waits_for_none() {
    if in_memory() {
        return;
    }
    let mut space = TestSpace::with(&[("shutdown_timeout_seconds", "300")]).await;
    let owner = space.found("acme").await;
    let mut tails = Vec::new();
    for _ in 0..4 {
        tails.push(EventStream::begin(&owner, "/audit/tail", None).await);
    }
    space.server().signal("TERM");
    for tail in &mut tails {
        while tail.next().await.is_some() {}
        assert!(tail.answer.chunk().await.unwrap().is_none(), "the answer ends as a whole one does");
    }
    let ended = tokio::task::spawn_blocking(move || space.server().wait());
    assert_eq!(timeout(Duration::from_secs(60), ended).await.unwrap().unwrap(), Some(0));
}
