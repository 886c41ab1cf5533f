//! A disk that fails, at any moment and for any time: what was acknowledged is there behind it, and who was to be erased is gone.
#![cfg(target_os = "linux")]

use std::time::Duration;

use fastrand::Rng;
use rustix::io::Errno;
use serde_json::json;

use crate::cli::{run, stop};
use crate::erasures::found_in;
use crate::power::shim::{Fault, Shim};
use crate::pruning::grow_old;
use crate::space::ledger::{Ledger, check_home, prove, seed};
use crate::space::{Client, PASSWORD, TestSpace, in_memory};

/// How often the disk of a home fails. In the second of these rounds its log is a hundred days old, and sweeps have something to do.
const ROUNDS_OF_A_HOME: u64 = 6;

fn fault(rng: &mut Rng) -> Fault {
    Fault {
        kinds: rng.u8(1..=3),
        error: *rng.choice(&[Errno::IO, Errno::NOSPC]).unwrap(),
        passing: rng.u64(0..200),
        failing: *rng.choice(&[1, 1, 3, 30, 1_000_000]).unwrap(),
    }
}

/// Somebody who is to be erased.
struct Person {
    id: String,
    email: String,
    /// Whether the server said that they are.
    is_erased: bool,
}

async fn person(space: &TestSpace, owner: &Client, email: String) -> Person {
    let client = space.member(owner, &email, "user").await;
    let id = client.get("/auth/me").await.expect(200).body["id"].as_str().unwrap().to_owned();
    Person { id, email, is_erased: false }
}

/// Erases people and sweeps and takes out what there is, while the disk fails. Nothing of it has to succeed.
async fn work(owner: &Client, people: &mut [Person], rng: &mut Rng) {
    for person in people {
        let path = format!("/users/{}/erasure", person.id);
        let asked = owner.try_send(owner.request("POST", &path)).await;
        person.is_erased = asked.is_ok_and(|answer| answer.status == 202);
        let sweep = owner.request("POST", "/retention/sweep").json(&json!({ "dry_run": false }));
        let export = owner.request("GET", "/audit/export");
        let own = owner.request("GET", "/me/export");
        for request in [sweep, export, own] {
            drop(owner.try_send(request).await);
            tokio::time::sleep(Duration::from_millis(rng.u64(0..60))).await;
        }
    }
}

/// What came of disks that failed.
#[derive(Default)]
struct Tally {
    acknowledged: u64,
    cut: u64,
    erased: usize,
    refused: usize,
}

#[tokio::test]
async fn r1_g2_g4_what_was_acknowledged_outlives_a_disk_that_fails_and_who_was_erased_is_gone() {
    if in_memory() {
        return;
    }
    let rounds = prove("ROUNDS", 4);
    let mut rng = Rng::with_seed(seed());
    let mut tally = Tally::default();
    let mut left = rounds;
    while left > 0 {
        let here = left.min(ROUNDS_OF_A_HOME);
        left -= here;
        home_with_failing_disk(here, &mut rng, &mut tally).await;
    }
    let Tally { acknowledged, cut, erased, refused } = tally;
    println!("{rounds} disks failed, {acknowledged} operations acknowledged, {cut} cut");
    println!("{erased} people were erased, and {refused} were not to be");
    assert!(acknowledged > rounds && cut > 0, "it did not fail under load");
}

async fn home_with_failing_disk(rounds: u64, rng: &mut Rng, tally: &mut Tally) {
    let mut space = TestSpace::start().await;
    let owner = space.found("ledger").await;
    owner.patch("/retention", &json!({ "log_events": 90 })).await.expect(200);
    // As many events as it takes for some to be pruned.
    for n in 0..1_100 {
        owner.patch("/retention", &json!({ "policy_revisions": 30 + n % 2 })).await.expect(200);
    }
    let mut ledger = Ledger::open(&owner, 4, rng.u64(..)).await;
    ledger.may_fail();
    for round in 0..rounds {
        let shim = Shim::build();
        let email = |n: usize| format!("person-{round}-{n}-quokka@ledger.example");
        let owner = space.log_in("owner@ledger.example", PASSWORD).await;
        let mut people = Vec::new();
        for n in 0..3 {
            people.push(person(&space, &owner, email(n)).await);
        }
        stop(&mut space);
        if round == 1 {
            grow_old(&space);
        }
        let mut command = space.server().command();
        shim.fail(&mut command, space.home());
        space.server().run(command);
        let owner = space.log_in("owner@ledger.example", PASSWORD).await;
        let how = fault(rng);
        println!("{how:?}");
        let writing = ledger.begin(&owner);
        // The moment is what this is about.
        tokio::time::sleep(Duration::from_millis(rng.u64(20..=300))).await;
        shim.strike(&how);
        work(&owner, &mut people, rng).await;
        space.server().kill();
        ledger.end(writing).await;
        shim.heal();

        space.server().run_again().await;
        let owner = space.anybody().with_token(owner.token());
        ledger.check(&owner).await;
        check_home(&owner, space.home()).await;
        for person in &people {
            check_erased(&space, &owner, person).await;
        }
        tally.erased += people.iter().filter(|person| person.is_erased).count();
        tally.refused += people.iter().filter(|person| !person.is_erased).count();
        verify_log(&space);
    }
    tally.acknowledged += ledger.acknowledged();
    tally.cut += ledger.tally.get("cut").copied().unwrap_or_default();
}

/// Who was said to be erased is gone to the last byte; with whoever was not, it is one or the other.
async fn check_erased(space: &TestSpace, owner: &Client, person: &Person) {
    let found = owner.get(&format!("/users/{}", person.id)).await;
    if found.status == 200 {
        assert!(!person.is_erased, "{} is there still", person.email);
        return;
    }
    found.expect(404);
    for _ in 0..1_200 {
        let certificate = owner.get(&format!("/erasures/{}/certificate", person.id)).await;
        if certificate.status == 200 {
            let left = found_in(space.home(), &[person.email.as_bytes()]);
            assert_eq!(left, Vec::<String>::new(), "{} stands in these", person.email);
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the erasure of {} did not end", person.email);
}

fn verify_log(space: &TestSpace) {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (export, checkpoint) = (path("log"), path("checkpoint"));
    let key = run(space.home(), &["audit", "key"]).expect(0).stdout.trim().to_owned();
    std::fs::write(&checkpoint, run(space.home(), &["audit", "checkpoint"]).expect(0).stdout).unwrap();
    run(space.home(), &["audit", "export", "--file", &export]).expect(0);
    run(space.home(), &["audit", "verify", &export, "--checkpoint", &checkpoint, "--key", &key]).expect(0);
}
