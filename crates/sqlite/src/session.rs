//! What do a unit of work and a reader work on? A connection within a transaction that somebody else begins and ends.

use std::collections::BTreeSet;

use diesel::connection::SimpleConnection;
use diesel::{QueryResult, SqliteConnection};
use syft_space_domain::store::{StoreError, StateChange};

use crate::error::Failed;
use crate::reader::Snapshot;

/// The ports' methods are implemented for this, one room a file.
pub(crate) struct Session<'a> {
    connection: Handle<'a>,
    changed: bool,
    changes: BTreeSet<StateChange>,
    broken: Option<StoreError>,
}

enum Handle<'a> {
    Writer(&'a mut SqliteConnection),
    Reader(Snapshot),
}

/// What is left of a session when its unit has run.
pub(crate) struct Left {
    /// Whether there is a savepoint to release or to go back to.
    pub(crate) changed: bool,
    /// Whose live state it changed.
    pub(crate) changes: BTreeSet<StateChange>,
    /// The error after which the transaction cannot be relied upon any more.
    pub(crate) broken: Option<StoreError>,
}

impl Session<'static> {
    pub(crate) fn reader(snapshot: Snapshot) -> Self {
        Self::over(Handle::Reader(snapshot))
    }
}

impl<'a> Session<'a> {
    pub(crate) fn writer(connection: &'a mut SqliteConnection) -> Self {
        Self::over(Handle::Writer(connection))
    }

    fn over(connection: Handle<'a>) -> Self {
        Self { connection, changed: false, changes: BTreeSet::new(), broken: None }
    }

    pub(crate) fn end(self) -> Left {
        let Self { changed, changes, broken, .. } = self;
        Left { changed, changes, broken }
    }

    /// Reads something.
    pub(crate) fn read<T, E: Into<Failed>>(
        &mut self,
        ask: impl FnOnce(&mut SqliteConnection) -> Result<T, E>,
    ) -> Result<T, StoreError> {
        if let Some(error) = &self.broken {
            return Err(error.clone());
        }
        let connection = match &mut self.connection {
            Handle::Writer(connection) => connection,
            Handle::Reader(snapshot) => &mut **snapshot,
        };
        ask(connection).map_err(|error| {
            let Failed(error) = error.into();
            // A contradiction undoes its own statement and nothing else. After any other error SQLite may have
            // rolled the whole transaction back, and what came then would be committed at once and by itself.
            if !matches!(error, StoreError::Conflict(_)) {
                self.broken = Some(error.clone());
            }
            error
        })
    }

    /// Changes something. The first change of a unit begins its savepoint: many units write nothing but an event.
    pub(crate) fn write<T>(
        &mut self,
        change: impl FnOnce(&mut SqliteConnection) -> QueryResult<T>,
    ) -> Result<T, StoreError> {
        if !self.changed {
            self.read(|connection| connection.batch_execute("SAVEPOINT unit"))?;
            self.changed = true;
        }
        self.read(change)
    }

    /// Makes several changes, all or none, also for a unit that goes on after a contradiction.
    pub(crate) fn whole<T>(
        &mut self,
        changes: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.write(|connection| connection.batch_execute("SAVEPOINT whole"))?;
        let done = changes(self);
        let end = if done.is_ok() { "RELEASE whole" } else { "ROLLBACK TO whole; RELEASE whole" };
        self.write(|connection| connection.batch_execute(end))?;
        done
    }

    /// Notes whose live state is changed.
    pub(crate) fn touch(&mut self, changes: StateChange) {
        self.changes.insert(changes);
    }

    /// Whose live state was changed until now.
    pub(crate) fn changes(&self) -> &BTreeSet<StateChange> {
        &self.changes
    }
}
