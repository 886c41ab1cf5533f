//! The threads that work jobs off in the background.

use std::thread::{Builder, JoinHandle};

use anyhow::Context;
use syft_space_domain::Space;
use syft_space_domain::dataset::{IngestQueue, work_off};

/// How many jobs are worked at, at once. More would take the processor from whoever asks.
const WORKERS: usize = 2;

/// Threads at work. Dropping them waits until each has stored what it is at.
pub struct Workers {
    queue: IngestQueue,
    threads: Vec<JoinHandle<()>>,
}

impl Workers {
    /// Begins to work off what is queued.
    ///
    /// # Errors
    /// When no thread could be started.
    pub fn start(space: &Space) -> anyhow::Result<Self> {
        let mut workers = Self { queue: space.ingestion.clone(), threads: Vec::new() };
        for number in 0..WORKERS {
            let space = space.clone();
            let thread = Builder::new().name(format!("ingest-{number}")).spawn(move || {
                work_off(&space, &|dataset, job, fault| {
                    tracing::error!(%dataset, %job, error = %fault, "a job cannot go on, and is tried again");
                });
            });
            workers.threads.push(thread.context("starting the threads that take documents in")?);
        }
        Ok(workers)
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.queue.close();
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread that takes documents in panicked");
            }
        }
    }
}
