//! The server's process may end at any moment while files are taken in: each file of an acknowledged job becomes a
//! document or is told of, once, and nothing half-made stays.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fastrand::Rng;

use crate::space::file_writer::{AcknowledgedJob, all_ended, check, spools_are_empty, write};
use crate::space::ledger::{check_home, prove, seed};
use crate::space::{PASSWORD, TestSpace, dataset_of, in_memory};

/// The processes that a process has started.
fn children(of: u32) -> Vec<u32> {
    let entries = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| parent(*pid) == Some(of)).collect()
}

/// The parent of a process that is alive.
fn parent(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit(')').next()?.split_whitespace();
    let state = fields.next()?;
    (state != "Z").then(|| fields.next()?.parse().ok())?
}

async fn are_gone(pids: Vec<u32>) {
    for _ in 0..1_000 {
        if pids.iter().all(|pid| parent(*pid).is_none()) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("readers of files outlived their server");
}

#[tokio::test]
async fn i1_u1_files_that_were_taken_in_outlive_a_kill_at_any_moment() {
    if in_memory() {
        return;
    }
    let rounds = prove("ROUNDS", 3);
    let mut rng = Rng::with_seed(seed());
    let mut space = TestSpace::start().await;
    let owner = space.found("ledger").await;
    let mut datasets = Vec::new();
    for number in 0..3 {
        datasets.push(dataset_of(&owner, &format!("files {number}"), &[]).await);
    }
    let (mut jobs, mut files, mut cut) = (0, 0, 0);
    for round in 0..rounds {
        let owner = space.log_in("owner@ledger.example", PASSWORD).await;
        let stop = Arc::new(AtomicBool::new(false));
        let mut writing = tokio::task::JoinSet::new();
        for writer in 0..4 {
            let dataset = datasets[writer % datasets.len()].clone();
            let name = format!("r{round}w{writer}");
            writing.spawn(write(owner.clone(), dataset, name, rng.fork(), Arc::clone(&stop)));
        }
        // The moment is what this is about.
        tokio::time::sleep(Duration::from_millis(rng.u64(50..=1_500))).await;
        let readers = children(space.server().pid());
        space.server().kill();
        stop.store(true, Ordering::Relaxed);
        let taken: Vec<AcknowledgedJob> = writing.join_all().await.into_iter().flatten().collect();
        are_gone(readers).await;
        space.server().run_again().await;
        let again = space.anybody().with_token(owner.token());
        cut += u64::from(!taken.is_empty());
        for job in &taken {
            jobs += 1;
            files += check(&again, job).await;
        }
        // What nobody was told of may go on as well.
        for dataset in &datasets {
            all_ended(&again, dataset).await;
        }
        spools_are_empty(space.home()).await;
        check_home(&again, space.home()).await;
    }
    println!("{rounds} kills, {jobs} jobs of {files} files acknowledged, {cut} rounds under load");
    assert!(jobs > 0 && cut > 0, "it was not killed under load");
}
