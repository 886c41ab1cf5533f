//! The threads that run ingestion jobs in the background.

use std::thread::{Builder, JoinHandle};

use anyhow::Context;
use syft_space_domain::Space;
use syft_space_domain::dataset::{IngestQueue, work_off};

/// The running threads. Dropping them waits until each has stored what it is working on.
pub(crate) struct Workers {
    queue: IngestQueue,
    threads: Vec<JoinHandle<()>>,
}

impl Workers {
    /// Starts the threads.
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub(crate) fn start(space: &Space) -> anyhow::Result<Self> {
        let mut workers = Self { queue: space.ingestion.clone(), threads: Vec::new() };
        for number in 0..IngestQueue::WORKER_THREADS {
            let space = space.clone();
            let thread = Builder::new().name(format!("ingest-{number}")).spawn(move || {
                work_off(&space, &|dataset, job, error| {
                    tracing::error!(%dataset, %job, %error, "a job cannot go on, and is tried again");
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
