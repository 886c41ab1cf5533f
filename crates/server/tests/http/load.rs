//! Load: many writers at once all get their answers, and logins hold nobody else up.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;

use crate::space::ledger::{Ledger, check_home, prove, seed};
use crate::space::{Answer, Client, PASSWORD, TestSpace, dataset_of, endpoint_on, in_memory};

#[tokio::test]
async fn r1_u1_64_writers_at_once_all_get_their_answers() {
    if in_memory() {
        return;
    }
    let mut space = TestSpace::start().await;
    let owner = space.found("ledger").await;
    let mut ledger = Ledger::open(&owner, 64, seed()).await;
    let writing = ledger.begin(&owner);
    // Each writer holds every answer to be a success: no 5xx, none that says "busy".
    tokio::time::sleep(Duration::from_secs(prove("SECONDS", 5))).await;
    ledger.end(writing).await;
    assert!(!ledger.tally.contains_key("cut"), "a request got no answer");
    println!("{} operations acknowledged: {:?}", ledger.acknowledged(), ledger.tally);
    assert!(ledger.acknowledged() > 64, "nothing was shown");
    // What is indexed in the background ends with the server, or at the next start.
    space.server().signal("TERM");
    assert_eq!(space.server().wait(), Some(0));
    space.server().run_again().await;
    let owner = space.anybody().with_token(owner.token());
    ledger.check(&owner).await;
    ledger.check_whole_log(&owner).await;
    check_home(&owner, space.home()).await;
}

#[tokio::test]
async fn a3_a_storm_of_500_logins_is_shed_and_holds_nobody_else_up() {
    if in_memory() {
        return;
    }
    // All come from one address, which may not have so many connections otherwise.
    let space = TestSpace::with(&[("max_connections_per_peer", "1000")]).await;
    let owner = space.found("storm").await;
    let dataset = dataset_of(&owner, "texts", &[("one", "The reading room opens at nine.")]).await;
    endpoint_on(&owner, &dataset, "texts").await;

    let anybody = space.anybody();
    let storm = tokio::spawn(async move { join_all((0..500).map(|number| log_in(&anybody, number))).await });
    let mut others = 0;
    while !storm.is_finished() {
        // None of them waits for a hash.
        let served = async {
            owner.get("/health").await.expect(200);
            owner.get("/auth/me").await.expect(200);
            owner.ask("texts", "when does the reading room open?").await.expect(200);
        };
        tokio::time::timeout(Duration::from_secs(10), served).await.unwrap();
        others += 1;
    }
    assert!(others > 0, "the storm was over before anybody else came");

    let answers = storm.await.unwrap();
    for answer in &answers {
        match answer.status {
            200 | 401 => {}
            503 => {
                assert_eq!(answer.body["reason_code"], "overloaded");
                assert!(answer.header("retry-after").parse::<u64>().unwrap() > 0);
            }
            other => panic!("a login answered {other}: {}", answer.text),
        }
    }
    let with = |status| answers.iter().filter(|answer| answer.status == status).count();
    let (in_time, wrong, shed) = (with(200), with(401), with(503));
    println!(
        "500 logins: {in_time} logged in, {wrong} wrong, {shed} shed; others were served {others} times meanwhile"
    );
    assert!(in_time > 0 && wrong > 0 && shed > 0);
    space.log_in("owner@storm.example", PASSWORD).await;
}

async fn log_in(anybody: &Client, number: usize) -> Answer {
    // In pairs: connections go to the server's threads by turns, and each thread gets some of both.
    let right = (number / 2).is_multiple_of(2);
    let password = if right { PASSWORD } else { "eight owls dance under copper moons" };
    anybody.post("/auth/login", &json!({ "email": "owner@storm.example", "password": password })).await
}
