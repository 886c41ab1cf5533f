//! The threads that run ingestion jobs in the background, those by which vectors follow documents, and the one that keeps
//! what was taken of limits.

use std::thread::{Builder, JoinHandle};

use anyhow::Context;
use syft_space_domain::dataset::ports::VectorIndexError;
use syft_space_domain::dataset::{EncodingQueue, IngestQueue, encode_queued, work_off};
use syft_space_domain::snapshot::SnapshotError;
use syft_space_domain::{PortError, Space};
use tokio::runtime::{Handle, Runtime};

use crate::background::policy_keeper::PolicyKeeper;

/// The running threads. Dropping them waits until each has stored what it is working on.
pub(crate) struct Workers {
    ingestion: IngestQueue,
    encoding: EncodingQueue,
    threads: Vec<JoinHandle<()>>,
    /// What an encoder at a server is asked on: it runs on while these threads wait for it, and whoever ends them waits for them.
    runtime: Option<Runtime>,
    /// Keeps what is left when this is dropped.
    _keeper: PolicyKeeper,
}

impl Workers {
    /// Starts the threads.
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub(crate) fn start(space: &Space) -> anyhow::Result<Self> {
        let (ingestion, encoding) = (space.ingestion.clone(), space.meaning.queue.clone());
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("encode-io")
            .enable_all()
            .build()
            .context("starting the runtime on which servers encode")?;
        let handle = runtime.handle().clone();
        let _keeper = PolicyKeeper::start(space)?;
        let mut workers = Self { ingestion, encoding, threads: Vec::new(), runtime: Some(runtime), _keeper };
        for number in 0..IngestQueue::WORKER_THREADS {
            workers.spawn(format!("ingest-{number}"), space, &handle, |space| {
                work_off(space, &|dataset, job, error| {
                    // It goes with its tenant, which has ended meanwhile.
                    if matches!(error, PortError::Live(SnapshotError::NoTenant)) {
                        return;
                    }
                    tracing::error!(%dataset, %job, %error, "a job cannot go on, and is tried again");
                });
            })?;
        }
        for number in 0..EncodingQueue::WORKER_THREADS {
            workers.spawn(format!("encode-{number}"), space, &handle, |space| {
                encode_queued(space, &|dataset, error| {
                    // Whoever keeps databases tells the operator what it waits for.
                    if matches!(error, PortError::Vectors(VectorIndexError::NotReady(_))) {
                        return;
                    }
                    tracing::error!(%dataset, %error, "a dataset cannot be encoded, and is tried again");
                });
            })?;
        }
        Ok(workers)
    }

    fn spawn(
        &mut self,
        name: String,
        space: &Space,
        runtime: &Handle,
        work: fn(&Space),
    ) -> anyhow::Result<()> {
        let (space, runtime) = (space.clone(), runtime.clone());
        let thread = Builder::new().name(name).spawn(move || {
            let _entered = runtime.enter();
            work(&space);
        });
        self.threads.push(thread.context("starting the threads that take documents in")?);
        Ok(())
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.ingestion.close();
        self.encoding.close();
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread that takes documents in panicked");
            }
        }
        // A start that fails drops this where nothing may block, and nobody is left who would be waited for.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
