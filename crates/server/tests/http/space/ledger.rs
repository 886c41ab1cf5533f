//! The ledger of what several clients were told is done, and the check that the server holds to it.
//!
//! The clients write at random until they are stopped or the server is gone, and remember each answer. What was
//! under way when the server went may have happened or not: that is looked up once, and then held to as well.

mod check;
mod operation;
mod world;
mod writer;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;
use tokio::task::JoinSet;

use super::Client;
use operation::Operation;
use world::World;
use writer::Writer;

pub use check::check_home;

/// How long a proof is: `SYFT_SPACE_PROVE_<WHAT>`, or this where nobody says.
pub fn prove(what: &str, otherwise: u64) -> u64 {
    match std::env::var(format!("SYFT_SPACE_PROVE_{what}")) {
        Ok(number) => number.parse().unwrap(),
        Err(_) => otherwise,
    }
}

/// Where a proof's chances come from: said, so that a failure can be had again.
pub fn seed() -> u64 {
    let seed = prove("SEED", fastrand::u64(..));
    println!("SYFT_SPACE_PROVE_SEED={seed}");
    seed
}

/// What a number of writers was told.
pub struct Ledger {
    writers: Vec<Writer>,
    /// A dataset that all of them write to.
    common: World,
    /// Datasets that others write to.
    others: Vec<String>,
    /// The last event of the audit log that was looked at.
    seen: u64,
    /// How often each kind of operation was acknowledged, and `cut` for those that a kill left open.
    pub tally: BTreeMap<&'static str, u64>,
}

/// Writers at work.
pub struct RunningWriters {
    tasks: JoinSet<Writer>,
    stop: Arc<AtomicBool>,
}

impl Ledger {
    /// Writers for a tenant that nobody else writes to.
    pub async fn open(owner: &Client, writers: u64, seed: u64) -> Self {
        let body = json!({ "name": "common", "dtype": "embedded" });
        let made = owner.post("/datasets", &body).await.expect(201).body;
        let common = made["id"].as_str().unwrap().to_owned();
        let mut world = World::default();
        world.apply(&Operation::Create { kind: world::Kind::Dataset, body }, made);
        let writers = (0..writers).map(|number| Writer::new(number, seed, &common)).collect();
        Self { writers, common: world, others: Vec::new(), seen: 0, tally: BTreeMap::new() }
    }

    /// Takes it that the server fails at some of what it is asked for.
    pub fn may_fail(&mut self) {
        for writer in &mut self.writers {
            writer.may_fail = true;
        }
    }

    /// Takes no notice of a dataset that others write to.
    pub fn leave_out(&mut self, dataset: &str) {
        self.others.push(dataset.to_owned());
    }

    /// Lets every writer write, as the owner.
    pub fn begin(&mut self, owner: &Client) -> RunningWriters {
        let stop = Arc::new(AtomicBool::new(false));
        let mut tasks = JoinSet::new();
        for writer in self.writers.drain(..) {
            tasks.spawn(writer.write(owner.clone(), Arc::clone(&stop)));
        }
        RunningWriters { tasks, stop }
    }

    /// Takes the writers back once each has its last answer, or has lost the server.
    pub async fn end(&mut self, writing: RunningWriters) {
        let RunningWriters { mut tasks, stop } = writing;
        stop.store(true, Ordering::Relaxed);
        while let Some(ended) = tasks.join_next().await {
            match ended {
                Ok(writer) => self.writers.push(writer),
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            }
        }
        for writer in &mut self.writers {
            for what in std::mem::take(&mut writer.acknowledged) {
                *self.tally.entry(what).or_default() += 1;
            }
        }
    }

    /// How many operations were acknowledged.
    pub fn acknowledged(&self) -> u64 {
        self.tally.iter().filter(|(what, _)| **what != "cut").map(|(_, count)| count).sum()
    }
}
