//! The session of a unit of work or of a reader: a connection within a transaction that somebody else begins and ends.

use std::collections::BTreeSet;

use diesel::SqliteConnection;
use diesel::connection::SimpleConnection;
use syft_space_domain::store::{StateChange, StoreError};

use crate::error::Failed;
use crate::ledger_batch::LedgerBatch;

/// A session. The ports' methods are implemented for it, one area of the domain a file.
pub(crate) struct Session<'a> {
    connection: &'a mut SqliteConnection,
    has_savepoint: bool,
    /// What units before this one changed in the same transaction.
    changes_before: Option<&'a BTreeSet<StateChange>>,
    changes: BTreeSet<StateChange>,
    /// What the units of the same transaction have transferred, where they are written together.
    ledger: Option<&'a mut LedgerBatch>,
    failure: Option<StoreError>,
}

/// The outcome of a session when its unit has run.
pub(crate) struct SessionOutcome {
    /// Whether there is a savepoint to release or to roll back to.
    pub(crate) has_savepoint: bool,
    /// What it changed of what snapshots are made of.
    pub(crate) changes: BTreeSet<StateChange>,
    /// The error after which the transaction cannot be relied upon any more.
    pub(crate) failure: Option<StoreError>,
}

impl<'a> Session<'a> {
    pub(crate) fn new(connection: &'a mut SqliteConnection) -> Self {
        Self {
            connection,
            has_savepoint: false,
            changes_before: None,
            changes: BTreeSet::new(),
            ledger: None,
            failure: None,
        }
    }

    /// The session of a unit behind others in the same transaction, which made these changes and transfers. Without a batch its own
    /// transfers are written at once.
    pub(crate) fn behind(
        connection: &'a mut SqliteConnection,
        changes: &'a BTreeSet<StateChange>,
        ledger: Option<&'a mut LedgerBatch>,
    ) -> Self {
        Self { changes_before: Some(changes), ledger, ..Self::new(connection) }
    }

    /// What the units of this transaction have transferred, where they are written together.
    pub(crate) fn ledger(&mut self) -> Option<&mut LedgerBatch> {
        self.ledger.as_deref_mut()
    }

    /// Gives up that units are written together: each runs again by itself. For what looks at rows that are not written yet.
    pub(crate) fn run_alone(&mut self) -> StoreError {
        let error = StoreError::failed("this unit is written by itself");
        self.failure = Some(error.clone());
        error
    }

    pub(crate) fn end(self) -> SessionOutcome {
        let Self { has_savepoint, changes, failure, .. } = self;
        SessionOutcome { has_savepoint, changes, failure }
    }

    /// Runs a query.
    pub(crate) fn read<T, E: Into<Failed>>(
        &mut self,
        query: impl FnOnce(&mut SqliteConnection) -> Result<T, E>,
    ) -> Result<T, StoreError> {
        if let Some(error) = &self.failure {
            return Err(error.clone());
        }
        query(self.connection).map_err(|error| {
            let Failed(error) = error.into();
            // A contradiction undoes its own statement and nothing else. After any other error SQLite may have
            // rolled the whole transaction back, and what came then would be committed at once and by itself.
            if !matches!(error, StoreError::Conflict(_)) {
                self.failure = Some(error.clone());
            }
            error
        })
    }

    /// Runs a statement that changes rows. The first change of a unit begins its savepoint: many units write nothing
    /// but an event.
    pub(crate) fn write<T, E: Into<Failed>>(
        &mut self,
        change: impl FnOnce(&mut SqliteConnection) -> Result<T, E>,
    ) -> Result<T, StoreError> {
        if !self.has_savepoint {
            self.read(|connection| connection.batch_execute("SAVEPOINT unit"))?;
            self.has_savepoint = true;
        }
        self.read(change)
    }

    /// Makes several changes, all or none, also for a unit that goes on after a contradiction.
    pub(crate) fn atomically<T>(
        &mut self,
        changes: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.write(|connection| connection.batch_execute("SAVEPOINT whole"))?;
        let done = changes(self);
        let end = if done.is_ok() { "RELEASE whole" } else { "ROLLBACK TO whole; RELEASE whole" };
        self.write(|connection| connection.batch_execute(end))?;
        done
    }

    /// Records a change of what snapshots are made of.
    pub(crate) fn record_change(&mut self, change: StateChange) {
        self.changes.insert(change);
    }

    /// The changes of what snapshots are made of in this transaction so far, those of other units too.
    pub(crate) fn changes_so_far(&self) -> impl Iterator<Item = &StateChange> {
        self.changes_before.into_iter().flatten().chain(&self.changes)
    }

    /// The unit's own changes of what snapshots are made of, so far.
    pub(crate) fn changes(&self) -> &BTreeSet<StateChange> {
        &self.changes
    }
}
