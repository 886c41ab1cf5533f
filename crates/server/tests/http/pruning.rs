//! Events whose term has ended go, and what they prove stays.

use std::fs;
use std::time::Duration;

use serde_json::{Value, json};

use crate::cli::{CommandOutput, run, stop};
use crate::retention::{hold, release_all};
use crate::space::{Client, PASSWORD, TestSpace, in_memory};
use crate::tampering::{OF_TENANT, execute};

/// All that the tenant's log has happened a hundred days ago. Its tree is made anew when the database is opened, as that of a log from before
/// there were trees.
pub fn grow_old(space: &TestSpace) {
    const HUNDRED_DAYS: u64 = 100 * 86_400 * 1_000_000;
    execute(
        space.home(),
        &format!(
            "UPDATE audit_events SET time = time - {HUNDRED_DAYS} WHERE {OF_TENANT};
             DELETE FROM audit_blocks WHERE {OF_TENANT};
             DELETE FROM audit_tree_blocks WHERE {OF_TENANT};
             DELETE FROM audit_checkpoints WHERE {OF_TENANT};
             INSERT INTO audit_tree_backlog SELECT log, 0, x'' FROM audit_logs WHERE {OF_TENANT};
             UPDATE audit_logs SET frontier = x'' WHERE {OF_TENANT};"
        ),
    );
}

/// A space with an old log of more than a block, of which nothing goes because of a legal hold.
async fn old_space() -> (TestSpace, Client) {
    let mut space = TestSpace::start().await;
    let owner = space.found("acme").await;
    owner.patch("/retention", &json!({ "log_events": 90, "log_personal_data": 3_650 })).await.expect(200);
    for n in 0..1_100 {
        owner.patch("/retention", &json!({ "policy_revisions": 30 + n % 2 })).await.expect(200);
    }
    hold(&owner, "until it is old").await;
    stop(&mut space);
    grow_old(&space);
    space.server().run_again().await;
    let owner = space.log_in("owner@acme.example", PASSWORD).await;
    (space, owner)
}

/// Sweeps until events go: their index and what else must be done with them follows while the server runs.
async fn sweep(owner: &Client) {
    for _ in 0..200 {
        let swept = owner.post("/retention/sweep", &json!({ "dry_run": false })).await.expect(200);
        let kinds = swept.body["kinds"].as_array().unwrap();
        if kinds.iter().any(|kind| kind["kind"] == "log_events" && kind["count"] == 1_024) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("no event went");
}

/// Sweeps until that is refused, for the log is not what it was.
async fn sweep_in_vain(owner: &Client) {
    let mut swept = owner.post("/retention/sweep", &json!({ "dry_run": false })).await;
    for _ in 0..200 {
        if swept.status != 200 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        swept = owner.post("/retention/sweep", &json!({ "dry_run": false })).await;
    }
    swept.expect_problem(500, "internal");
}

#[tokio::test]
async fn g4_u1_a_log_whose_oldest_events_went_verifies_against_a_checkpoint_of_before() {
    if in_memory() {
        return;
    }
    let (mut space, owner) = old_space().await;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let key = run(space.home(), &["audit", "key"]).expect(0).stdout.trim().to_owned();
    let checkpoint = run(space.home(), &["audit", "checkpoint"]).expect(0).stdout;
    fs::write(path("checkpoints"), &checkpoint).unwrap();
    run(space.home(), &["audit", "export", "--file", &path("before")]).expect(0);
    release_all(&owner).await;
    sweep(&owner).await;

    let oldest = run(space.home(), &["audit", "list", "--all", "--json"]).expect(0).items().pop().unwrap();
    assert_eq!(oldest["seq"], 1_025, "what went is found by no search");
    let told = owner.audit("&action=sensitive_delete").await;
    assert!(told.iter().any(|event| event["reason_code"] == "events_pruned_1024"), "{told:?}");
    let touched = run(space.home(), &["audit", "impact"]).expect(0);
    assert!(
        touched.stderr.contains("1024 oldest events are removed"),
        "who asks is told what is not there: {touched:?}"
    );
    let exported = run(space.home(), &["audit", "export", "--file", &path("after")]).expect(0);
    assert!(exported.stderr.contains("The 1024 events before them are removed"), "{exported:?}");
    let verify = |file: &str| -> CommandOutput {
        let known = ["--checkpoint", &path("checkpoints"), "--key", &key, "--json"];
        run(folder.path(), &[&["audit", "verify", &path(file)][..], &known].concat())
    };
    let verified = verify("after").expect(0).json();
    assert_eq!(verified["pruned"], 1_024);
    assert!(verified["vouched"].as_u64().unwrap() > 1_100, "{verified}");
    assert_eq!(verify("before").expect(0).json()["pruned"], 0, "an export of before verifies as ever");
    let proved = owner.get("/audit/proof?seq=5").await.expect(200);
    assert_eq!(proved.body["seq"], 5, "what went is proved still");
    owner.get("/audit/consistency?from=700").await.expect(200);

    // What is hidden as if it were pruned is found out, and so is a leaf that is another.
    let lines = fs::read_to_string(path("after")).unwrap();
    let mut lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let bent = |lines: &[Value]| {
        fs::write(path("bent"), lines.iter().map(|line| format!("{line}\n")).collect::<String>()).unwrap();
        verify("bent").expect(4).stderr
    };
    let leaf = lines[7]["leaf"].clone();
    let event = std::mem::replace(&mut lines[1_030], json!({ "seq": 1_031, "leaf": leaf }));
    assert!(bent(&lines).contains("event 1031 is left out"));
    lines[1_030] = event;
    lines[7]["leaf"] = lines[8]["leaf"].clone();
    assert!(bent(&lines).contains("is not what it was when the checkpoint"));
    lines.remove(7);
    assert!(bent(&lines).contains("event 8 is missing"));
    let others = run(space.home(), &["audit", "export", "--format", "ecs"]).expect(0).stdout;
    assert!(!others.contains("\"leaf\""), "what others read has events alone");

    space.server().kill();
    space.server().run_again().await;
    run(space.home(), &["audit", "export", "--file", &path("again")]).expect(0);
    assert_eq!(verify("again").expect(0).json()["pruned"], 1_024, "what went is gone behind a kill");
}

async fn is_due(owner: &Client) -> bool {
    let due = owner.post("/retention/sweep", &json!({ "dry_run": true })).await.expect(200);
    due.body["kinds"].as_array().unwrap().iter().any(|kind| kind["kind"] == "log_events")
}

/// Events of a log that was bent stay, as what may be evidence, and the operator is told once, however often that is found.
async fn expect_evidence(bend: &str) {
    let (mut space, owner) = old_space().await;
    // What is due is known once the index has it.
    while !is_due(&owner).await {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    stop(&mut space);
    execute(space.home(), bend);
    space.server().run_again().await;
    let owner = space.log_in("owner@acme.example", PASSWORD).await;
    release_all(&owner).await;
    sweep_in_vain(&owner).await;
    sweep_in_vain(&owner).await;
    let health = space.anybody().get("//health/ready").await.expect(200);
    assert_eq!(health.body["audit"], "changed", "what may be evidence stays, and is told of");
    let told = ["audit", "list", "--installation", "--action", "audit_integrity_fail", "--json"];
    assert_eq!(run(space.home(), &told).expect(0).items().len(), 1, "once");
    let oldest = run(space.home(), &["audit", "list", "--all", "--json"]).expect(0).items().pop().unwrap();
    assert_eq!(oldest["seq"], 1);
}

#[tokio::test]
async fn g4_u1_events_that_were_bent_stay_and_the_operator_is_told() {
    if in_memory() {
        return;
    }
    expect_evidence(&format!("UPDATE audit_events SET outcome = 'denied' WHERE {OF_TENANT} AND seq = 9;"))
        .await;
}

#[tokio::test]
async fn g4_u1_events_beside_one_that_is_missing_stay_and_the_operator_is_told() {
    if in_memory() {
        return;
    }
    expect_evidence(&format!("DELETE FROM audit_events WHERE {OF_TENANT} AND seq = 9;")).await;
}

#[tokio::test]
async fn g4_u1_a_log_that_contradicts_its_last_checkpoint_loses_nothing() {
    if in_memory() {
        return;
    }
    // An event is changed, and the tree made to fit it; the checkpoint of before stays.
    expect_evidence(&format!(
        "UPDATE audit_events SET outcome = 'denied' WHERE {OF_TENANT} AND seq = 9;
         DELETE FROM audit_blocks WHERE {OF_TENANT};
         DELETE FROM audit_tree_blocks WHERE {OF_TENANT};
         INSERT INTO audit_tree_backlog SELECT log, 0, x'' FROM audit_logs WHERE {OF_TENANT};
         UPDATE audit_logs SET frontier = x'' WHERE {OF_TENANT};"
    ))
    .await;
}

#[tokio::test]
async fn g4_nothing_goes_by_its_age_while_the_clock_is_doubted_as_the_server_starts() {
    if in_memory() {
        return;
    }
    let mut space = TestSpace::start().await;
    let owner = space.found("acme").await;
    owner.patch("/retention", &json!({ "log_personal_data": 7 })).await.expect(200);
    stop(&mut space);
    grow_old(&space);
    // As if the host had slept for days, or its clock was ahead.
    let days = 3 * 86_400 * 1_000_000_u64;
    execute(space.home(), &format!("UPDATE audit_events SET time = time - {days} WHERE NOT ({OF_TENANT});"));
    space.server().run_again().await;
    let swept = |space: &TestSpace| {
        run(space.home(), &["audit", "list", "--action", "sensitive_delete", "--json"]).expect(0).items()
    };
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(swept(&space), Vec::<Value>::new(), "a clock that may be ahead removes nothing");
    stop(&mut space);
    space.server().run_again().await;
    for _ in 0..100 {
        if !swept(&space).is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("what is due goes at the next start, which finds the clock as it was");
}
