//! How is everything written? By one thread, many units in one transaction: a group commit.
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
use syft_space_domain::store::{CommitHook, StoreError, StateChange};
use syft_space_domain::unit::{UnitOutcome, Unit};

use crate::audit::Appender;
use crate::audit::projector::{Keep, Signal};
use crate::codec::Key;
use crate::database;
use crate::error::store_error;
use crate::session::{Left, Session};

/// What there is to write.
pub(crate) enum Job {
    /// A unit of work.
    Unit(Box<dyn Unit>),
    /// What the index of the audit log is to hold of a block.
    Keep(Keep),
}

/// The one connection that writes.
pub(crate) struct Writer {
    connection: SqliteConnection,
    hook: Arc<dyn CommitHook>,
    batch: usize,
    /// Where to tell that the index of the audit log has something to follow, if there is one.
    index: Option<Sender<Signal>>,
}

/// A job that is to be answered.
struct Waiting {
    job: Job,
    /// How its last run ended.
    outcome: Result<(), StoreError>,
    /// It is not run again.
    panicked: bool,
}

/// What a transaction changed that somebody is to be told of.
#[derive(Default)]
struct Changes {
    changes: BTreeSet<StateChange>,
    /// The logs that have filled a block.
    filled: Vec<Key>,
}

impl Writer {
    pub(crate) fn new(
        connection: SqliteConnection,
        hook: Arc<dyn CommitHook>,
        batch: usize,
        index: Option<Sender<Signal>>,
    ) -> Self {
        Self { connection, hook, batch: batch.max(1), index }
    }

    /// Writes until the store is dropped and its queue is empty.
    pub(crate) fn run(mut self, queue: &Receiver<Job>) {
        while let Ok(first) = queue.recv() {
            let jobs = std::iter::once(first).chain(queue.try_iter()).take(self.batch);
            let waiting = jobs.map(|job| Waiting { job, outcome: Ok(()), panicked: false });
            self.write(waiting.collect());
        }
        if let Err(error) = database::empty_wal(&mut self.connection) {
            tracing::warn!(%error, "the write-ahead log could not be emptied; the next start does it");
        }
    }

    /// Writes units together; if that fails, one by one.
    fn write(&mut self, mut waiting: Vec<Waiting>) {
        match self.attempt(&mut waiting) {
            Ok(changes) => self.tell(changes, waiting),
            Err(error) => {
                if waiting.len() > 1 {
                    tracing::warn!(%error, units = waiting.len(), "units could not be written together");
                }
                for mut one in waiting {
                    let changes = self.attempt(slice::from_mut(&mut one)).unwrap_or_else(|error| {
                        if !one.panicked {
                            one.outcome = Err(error);
                        }
                        Changes::default()
                    });
                    self.tell(changes, vec![one]);
                }
            }
        }
    }

    /// Runs units in one transaction. When that fails, nothing of any of them is kept.
    fn attempt(&mut self, waiting: &mut [Waiting]) -> Result<Changes, StoreError> {
        let written =
            self.execute("BEGIN IMMEDIATE").and_then(|()| self.run_all(waiting)).and_then(|changes| {
                self.execute("COMMIT")?;
                Ok(changes)
            });
        if written.is_err() {
            // SQLite may have rolled back already, and then says that there is nothing to roll back.
            drop(self.execute("ROLLBACK"));
        }
        written
    }

    fn run_all(&mut self, waiting: &mut [Waiting]) -> Result<Changes, StoreError> {
        let mut changes = BTreeSet::new();
        let mut log = Appender::default();
        for one in waiting.iter_mut().filter(|one| !one.panicked) {
            self.run_one(one, &mut changes, &mut log)?;
        }
        let filled = log.finish(&mut self.connection)?;
        Ok(Changes { changes, filled })
    }

    /// Does one job. Fails only when the transaction cannot be relied upon any more.
    fn run_one(
        &mut self,
        one: &mut Waiting,
        changes: &mut BTreeSet<StateChange>,
        log: &mut Appender,
    ) -> Result<(), StoreError> {
        let unit = match &mut one.job {
            Job::Unit(unit) => unit,
            Job::Keep(Keep { block, .. }) => {
                one.outcome = Ok(());
                return block.keep(&mut self.connection).map_err(|error| store_error(&error));
            }
        };
        let mut session = Session::writer(&mut self.connection);
        let ran = catch_unwind(AssertUnwindSafe(|| {
            let kept = unit.run(&mut session)?;
            if let UnitOutcome::Commit(events) = &kept {
                if events.is_empty() {
                    return Err(StoreError::failed("a unit that keeps rows must record an event"));
                }
                session.bump_versions()?;
            }
            Ok(kept)
        }));
        let Left { changed, changes: by_this, broken } = session.end();
        one.panicked = ran.is_err();
        let kept = ran.unwrap_or_else(|_panic| {
            tracing::error!("a unit of work panicked; nothing of it is kept");
            Err(StoreError::Closed)
        });
        let (outcome, keeps_rows, events) = match kept {
            Ok(UnitOutcome::Commit(events)) => (Ok(()), true, events),
            Ok(UnitOutcome::Rollback(events)) => (Ok(()), false, events),
            Err(error) => (Err(error), false, Vec::new()),
        };
        one.outcome = outcome;
        if let Some(error) = broken {
            return Err(error);
        }
        if changed {
            self.execute(if keeps_rows { "RELEASE unit" } else { "ROLLBACK TO unit; RELEASE unit" })?;
        }
        if keeps_rows {
            changes.extend(by_this);
        }
        for event in events {
            log.append(&mut self.connection, event)?;
        }
        Ok(())
    }

    /// Tells the follower, and then whoever waits.
    fn tell(&mut self, Changes { changes, filled }: Changes, waiting: Vec<Waiting>) {
        if !changes.is_empty() {
            let changes: Vec<StateChange> = changes.iter().copied().collect();
            // Nobody else writes, so this connection shows just what was committed.
            let mut view = Session::writer(&mut self.connection);
            let hook = &self.hook;
            if catch_unwind(AssertUnwindSafe(|| hook.on_commit(&mut view, &changes))).is_err() {
                tracing::error!("the follower of the store panicked");
            }
        }
        if !filled.is_empty()
            && let Some(index) = &self.index
        {
            // The thread that makes the index may have ended before this one.
            drop(index.send(Signal::Filled(filled)));
        }
        for Waiting { job, outcome, .. } in waiting {
            let unit = match job {
                Job::Unit(unit) => unit,
                Job::Keep(Keep { kept, .. }) => {
                    drop(kept.send(outcome));
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
