//! The server's process may end at any moment: what was acknowledged stays, and nothing half-made does.

use std::process::Stdio;
use std::time::Duration;

use fastrand::Rng;

use crate::space::ledger::{Ledger, check_home, prove, seed};
use crate::space::{PASSWORD, TestSpace, in_memory};

#[tokio::test]
async fn r1_u1_what_was_acknowledged_outlives_a_kill_at_any_moment() {
    if in_memory() {
        return;
    }
    let rounds = prove("ROUNDS", 20);
    let mut rng = Rng::with_seed(seed());
    let mut space = TestSpace::start().await;
    let owner = space.found("ledger").await;
    let mut ledger = Ledger::open(&owner, 8, rng.u64(..)).await;
    for _ in 0..rounds {
        let owner = space.log_in("owner@ledger.example", PASSWORD).await;
        let writing = ledger.begin(&owner);
        // The moment is what this is about.
        tokio::time::sleep(Duration::from_millis(rng.u64(20..=300))).await;
        space.server().kill();
        ledger.end(writing).await;
        if rng.bool() {
            kill_while_starting(&mut space, &mut rng).await;
        }
        space.server().run_again().await;
        // The token of before is still good, and nobody logs in anew.
        let owner = space.anybody().with_token(owner.token());
        ledger.check(&owner).await;
        check_home(&owner, space.home()).await;
    }
    ledger.check_whole_log(&space.log_in("owner@ledger.example", PASSWORD).await).await;
    println!("{rounds} kills, {} operations acknowledged: {:?}", ledger.acknowledged(), ledger.tally);
    assert!(ledger.acknowledged() > rounds && ledger.tally["cut"] > 0, "it was not killed under load");
}

/// What a start mends may be cut short too.
async fn kill_while_starting(space: &mut TestSpace, rng: &mut Rng) {
    let mut starting = space.server().command().stdout(Stdio::null()).spawn().unwrap();
    tokio::time::sleep(Duration::from_millis(rng.u64(0..=80))).await;
    starting.kill().unwrap();
    starting.wait().unwrap();
}
