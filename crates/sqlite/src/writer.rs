//! The thread that writes, many units in one transaction: a group commit.
//!
//! It takes what is queued and waits for no more: while one commit is on its way to the disk, the units of the next
//! gather by themselves. What the index of the audit log gets is kept along with them.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::slice;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender};

use diesel::SqliteConnection;
use diesel::connection::SimpleConnection;
use syft_space_domain::audit::RecordedEvent;
use syft_space_domain::store::{CommitHook, StateChange, StoreError};
use syft_space_domain::unit::{Unit, UnitOutcome};

use crate::audit::Appender;
use crate::codec::Key;
use crate::database;
use crate::error::store_error;
use crate::job::{IndexJob, IndexPart, ProjectorSignal, WriterJob};
use crate::ledger_batch::LedgerBatch;
use crate::session::{Session, SessionOutcome};

/// The one connection that writes.
pub(crate) struct Writer {
    connection: SqliteConnection,
    hook: Arc<dyn CommitHook>,
    batch: usize,
    /// The channel to the projector of the audit index, if there is one.
    index: Option<Sender<ProjectorSignal>>,
}

/// A job that is written together with others.
enum BatchedJob {
    Unit(Box<dyn Unit>),
    Index(IndexJob),
}

/// A job whose outcome is not sent yet.
struct PendingJob {
    job: BatchedJob,
    /// The outcome of its last run.
    outcome: Result<(), StoreError>,
    /// A unit that panicked is not run again.
    panicked: bool,
}

impl PendingJob {
    fn new(job: BatchedJob) -> Self {
        Self { job, outcome: Ok(()), panicked: false }
    }
}

/// What a transaction changed that the hook and the projector are told.
#[derive(Default)]
struct CommittedChanges {
    changes: BTreeSet<StateChange>,
    /// The logs that have filled a block.
    filled: Vec<Key>,
}

impl Writer {
    pub(crate) fn new(
        connection: SqliteConnection,
        hook: Arc<dyn CommitHook>,
        batch: usize,
        index: Option<Sender<ProjectorSignal>>,
    ) -> Self {
        Self { connection, hook, batch: batch.max(1), index }
    }

    /// Writes until the store is dropped and its queue is empty.
    pub(crate) fn run(mut self, queue: &Receiver<WriterJob>) {
        while let Ok(first) = queue.recv() {
            let jobs = std::iter::once(first).chain(queue.try_iter()).take(self.batch);
            let (mut together, mut alone) = (Vec::new(), Vec::new());
            for job in jobs {
                match job {
                    WriterJob::Unit(unit) => together.push(PendingJob::new(BatchedJob::Unit(unit))),
                    WriterJob::Index(job) => together.push(PendingJob::new(BatchedJob::Index(job))),
                    WriterJob::Alone(work) => alone.push(work),
                }
            }
            if !together.is_empty() {
                self.write(together);
            }
            for work in alone {
                if catch_unwind(AssertUnwindSafe(|| work(&mut self.connection))).is_err() {
                    tracing::error!("work on the store's own connection panicked");
                    // It may have left a transaction.
                    drop(self.execute("ROLLBACK"));
                }
            }
        }
        if let Err(error) = database::checkpoint_wal(&mut self.connection) {
            tracing::warn!(%error, "the write-ahead log could not be emptied; the next start does it");
        }
    }

    /// Writes units together; if that fails, one by one.
    fn write(&mut self, mut jobs: Vec<PendingJob>) {
        match self.attempt(&mut jobs) {
            Ok(changes) => self.notify(changes, jobs),
            Err(error) => {
                if jobs.len() > 1 {
                    tracing::warn!(%error, units = jobs.len(), "units could not be written together");
                }
                for mut pending in jobs {
                    let changes = self.attempt(slice::from_mut(&mut pending)).unwrap_or_else(|error| {
                        if !pending.panicked {
                            pending.outcome = Err(error);
                        }
                        CommittedChanges::default()
                    });
                    self.notify(changes, vec![pending]);
                }
            }
        }
    }

    /// Runs units in one transaction. When that fails, nothing of any of them is kept.
    fn attempt(&mut self, jobs: &mut [PendingJob]) -> Result<CommittedChanges, StoreError> {
        let written = self.execute("BEGIN IMMEDIATE").and_then(|()| self.run_all(jobs)).and_then(|changes| {
            self.execute("COMMIT")?;
            Ok(changes)
        });
        if written.is_err() {
            // SQLite may have rolled back already, and then says that there is nothing to roll back.
            drop(self.execute("ROLLBACK"));
        }
        written
    }

    fn run_all(&mut self, jobs: &mut [PendingJob]) -> Result<CommittedChanges, StoreError> {
        let mut changes = BTreeSet::new();
        let mut log = Appender::default();
        let mut ledger = (jobs.len() > 1).then(LedgerBatch::default);
        for pending in jobs.iter_mut().filter(|pending| !pending.panicked) {
            self.run_job(pending, &mut changes, &mut log, ledger.as_mut())?;
        }
        if let Some(ledger) = ledger {
            ledger.finish(&mut self.connection)?;
        }
        let filled = log.finish(&mut self.connection)?;
        Ok(CommittedChanges { changes, filled })
    }

    /// Runs a job. Fails only when the transaction cannot be relied upon any more.
    fn run_job(
        &mut self,
        pending: &mut PendingJob,
        changes: &mut BTreeSet<StateChange>,
        log: &mut Appender,
        mut ledger: Option<&mut LedgerBatch>,
    ) -> Result<(), StoreError> {
        let unit = match &mut pending.job {
            BatchedJob::Unit(unit) => unit,
            BatchedJob::Index(IndexJob { part, .. }) => {
                pending.outcome = Ok(());
                let saved = match part {
                    IndexPart::Block(block) => block.save(&mut self.connection),
                    IndexPart::Segment(parts) => parts.save(&mut self.connection),
                };
                return saved.map_err(|error| store_error(&error));
            }
        };
        let mut session = Session::behind(&mut self.connection, changes, ledger.as_deref_mut());
        let ran = catch_unwind(AssertUnwindSafe(|| {
            let kept = unit.run(&mut session)?;
            match &kept {
                UnitOutcome::Commit(events) if events.is_empty() => {
                    return Err(StoreError::failed("a unit that keeps rows must record an event"));
                }
                UnitOutcome::Commit(_) | UnitOutcome::Counted => session.bump_versions()?,
                UnitOutcome::Rollback(_) => {}
            }
            Ok(kept)
        }));
        let SessionOutcome { has_savepoint, changes: by_unit, failure } = session.end();
        pending.panicked = ran.is_err();
        let kept = ran.unwrap_or_else(|_panic| {
            tracing::error!("a unit of work panicked; nothing of it is kept");
            Err(StoreError::Closed)
        });
        let (outcome, keeps_rows, events) = match kept {
            Ok(UnitOutcome::Commit(events)) => (Ok(()), true, events),
            Ok(UnitOutcome::Counted) => (Ok(()), true, Vec::new()),
            Ok(UnitOutcome::Rollback(events)) => (Ok(()), false, events),
            Err(error) => (Err(error), false, Vec::new()),
        };
        pending.outcome = outcome;
        if let Some(error) = failure {
            return Err(error);
        }
        if has_savepoint {
            self.execute(if keeps_rows { "RELEASE unit" } else { "ROLLBACK TO unit; RELEASE unit" })?;
        }
        if let Some(ledger) = ledger {
            ledger.end_unit(keeps_rows);
        }
        if keeps_rows {
            changes.extend(by_unit);
        }
        for event in events {
            log.append(&mut self.connection, event, |recorded| tell(&mut **unit, recorded))?;
        }
        Ok(())
    }

    /// Notifies the hook, and then whoever waits for a job.
    fn notify(&mut self, CommittedChanges { changes, filled }: CommittedChanges, jobs: Vec<PendingJob>) {
        if !changes.is_empty() {
            let changes: Vec<StateChange> = changes.iter().cloned().collect();
            // Nobody else writes, so this connection shows just what was committed.
            let mut view = Session::new(&mut self.connection);
            let hook = &self.hook;
            if catch_unwind(AssertUnwindSafe(|| hook.on_commit(&mut view, &changes))).is_err() {
                tracing::error!("the follower of the store panicked");
            }
        }
        if !filled.is_empty()
            && let Some(index) = &self.index
        {
            // The thread that makes the index may have ended before this one.
            drop(index.send(ProjectorSignal::Filled(filled)));
        }
        for PendingJob { job, outcome, .. } in jobs {
            let unit = match job {
                BatchedJob::Unit(unit) => unit,
                BatchedJob::Index(IndexJob { done, .. }) => {
                    drop(done.send(outcome));
                    continue;
                }
            };
            if catch_unwind(AssertUnwindSafe(|| unit.done(outcome))).is_err() {
                tracing::error!("a unit of work panicked when it was told how it ended");
            }
        }
    }

    fn execute(&mut self, statement: &str) -> Result<(), StoreError> {
        self.connection.batch_execute(statement).map_err(|error| store_error(&error))
    }
}

/// Tells a unit where its event stands. A panic of it affects nobody.
fn tell(unit: &mut dyn Unit, recorded: &RecordedEvent) {
    if catch_unwind(AssertUnwindSafe(|| unit.appended(recorded))).is_err() {
        tracing::error!("a unit of work panicked when it was told where its event stands");
    }
}
