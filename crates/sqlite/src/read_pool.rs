//! The pool of connections that read, each read in a transaction of its own: a snapshot.

use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::time::Duration;

use diesel::connection::TransactionManager;
use diesel::r2d2::{ConnectionManager, Error};
use diesel::{Connection, OptionalExtension, QueryDsl, QueryResult, RunQueryDsl, SqliteConnection};
use r2d2::{CustomizeConnection, Pool, PooledConnection};
use syft_space_domain::store::StoreError;

use crate::database;
use crate::error::store_error;
use crate::open_error::OpenError;
use crate::schema::audit_logs;

type Pooled = PooledConnection<ConnectionManager<SqliteConnection>>;
type Transactions = <Pooled as Connection>::TransactionManager;

/// Connections that can only read.
pub(crate) struct ReadPool(Pool<ConnectionManager<SqliteConnection>>);

/// The time that a read waits for a connection when all are in use.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(5);

impl ReadPool {
    pub(crate) fn open(path: &Path, count: u32) -> Result<Self, OpenError> {
        let pool = Pool::builder()
            .max_size(count.max(1))
            .connection_timeout(CONNECTION_TIMEOUT)
            .max_lifetime(None)
            .idle_timeout(None)
            .test_on_check_out(false)
            .connection_customizer(Box::new(ReadOnly))
            .build(ConnectionManager::new(database::path_str(path)?));
        pool.map(Self).map_err(|error| OpenError::sqlite(path, &error.to_string()))
    }

    /// What is committed now, and nothing later.
    pub(crate) fn snapshot(&self) -> Result<Snapshot, StoreError> {
        let mut connection = self.0.get().map_err(|error| {
            tracing::warn!(%error, "every connection for reading has been in use for too long");
            StoreError::Busy
        })?;
        Transactions::begin_transaction(&mut connection).map_err(|error| store_error(&error))?;
        let mut snapshot = Snapshot(connection);
        // SQLite takes the snapshot with the first read, not when the transaction begins.
        take_snapshot(&mut snapshot).map_err(|error| store_error(&error))?;
        Ok(snapshot)
    }
}

fn take_snapshot(connection: &mut SqliteConnection) -> QueryResult<Option<i64>> {
    audit_logs::table.select(audit_logs::last_seq).limit(1).first(connection).optional()
}

/// A connection within a transaction that ends when this is dropped.
pub(crate) struct Snapshot(Pooled);

impl Deref for Snapshot {
    type Target = SqliteConnection;
    fn deref(&self) -> &SqliteConnection {
        &self.0
    }
}

impl DerefMut for Snapshot {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.0
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        // When this fails the pool sees the open transaction, and replaces the connection.
        if let Err(error) = Transactions::rollback_transaction(&mut self.0) {
            tracing::warn!(%error, "a read could not be ended");
        }
    }
}

#[derive(Debug)]
struct ReadOnly;

impl CustomizeConnection<SqliteConnection, Error> for ReadOnly {
    fn on_acquire(&self, connection: &mut SqliteConnection) -> Result<(), Error> {
        database::make_read_only(connection).map_err(Error::QueryError)
    }
}
