//! The open databases of datasets: a bounded number, each opened when it is needed and used by one at a time.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use diesel::SqliteConnection;
use diesel::connection::SimpleConnection;
use syft_space_domain::ids::{DatasetId, TenantId};
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::{OperatorScope, TenantScope};
use syft_space_home::{Home, private_file, private_folder};

use crate::database::{self, DatabaseKind};
use crate::error::{Failed, is_damage, store_error};
use crate::open_error::OpenError;
use crate::remains::{Cleaned, Work};

/// The most databases that stay open.
const MAX_OPEN_DATABASES: usize = 32;
/// An open database keeps 512 KiB of pages in memory.
const CACHE_PRAGMA: &str = "PRAGMA cache_size = -512;";

pub(super) struct Connections {
    home: Home,
    open: Mutex<OpenDatabases>,
}

#[derive(Default)]
struct OpenDatabases {
    /// Counts uses, to tell which was the last.
    uses: u64,
    datasets: HashMap<(TenantId, DatasetId), OpenDatabase>,
}

struct OpenDatabase {
    last_use: u64,
    connection: SharedConnection,
}

/// `None` until it is opened.
type SharedConnection = Arc<Mutex<Option<SqliteConnection>>>;

impl Connections {
    pub(super) fn new(home: Home) -> Self {
        Self { home, open: Mutex::default() }
    }

    /// Runs `work` on a dataset's database; `None` when there is none.
    pub(super) fn with_existing<T>(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        work: impl FnOnce(&mut SqliteConnection) -> Result<T, Failed>,
    ) -> Result<Option<T>, StoreError> {
        let path = self.path(scope, dataset);
        let shared = self.shared(scope, dataset);
        let mut slot = lock(&shared);
        if slot.is_none() && !self.is_there(scope, dataset, &path)? {
            return Ok(None);
        }
        run(&mut slot, &path, work).map(Some)
    }

    /// Runs `work` on a dataset's database, which is created if there is none.
    pub(super) fn with_created<T>(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        work: impl FnOnce(&mut SqliteConnection) -> Result<T, Failed>,
    ) -> Result<T, StoreError> {
        let path = self.path(scope, dataset);
        let shared = self.shared(scope, dataset);
        let mut slot = lock(&shared);
        if slot.is_none() && !self.is_there(scope, dataset, &path)? {
            let folder = self.home.dataset(scope.tenant(), dataset);
            self.home.create_folder(&folder).map_err(|error| OpenError::io(&folder, &error))?;
            DatabaseKind::Documents.create(&path)?;
        }
        run(&mut slot, &path, work)
    }

    /// Closes a dataset's database, and removes its files. The folder goes with them if nothing else is in it.
    pub(super) fn destroy(&self, scope: &TenantScope, dataset: DatasetId) -> Result<(), StoreError> {
        let path = self.path(scope, dataset);
        let shared = self.shared(scope, dataset);
        let mut slot = lock(&shared);
        drop(slot.take());
        let folder = self.home.dataset(scope.tenant(), dataset);
        let failed = |error| OpenError::io(&folder, &error);
        if !self.home.has_folder(&folder).map_err(failed)? {
            return Ok(());
        }
        // The write-ahead log goes first: left over alone it would be applied to a later database.
        for file in database::sidecar_files(&path).iter().chain([&path]) {
            private_file::remove(file).map_err(|error| OpenError::io(file, &error))?;
        }
        Ok(private_folder::remove_if_empty(&folder).map_err(failed)?)
    }

    /// The datasets that have a folder, in the order of tenant and id.
    pub(super) fn held(&self, _operator: &OperatorScope) -> Result<Vec<(TenantId, DatasetId)>, StoreError> {
        Ok(self.home.dataset_folders().map_err(|error| OpenError::io(self.home.path(), &error))?)
    }

    /// Whether there is a database of a dataset's documents.
    fn is_there(&self, scope: &TenantScope, dataset: DatasetId, path: &Path) -> Result<bool, StoreError> {
        let folder = self.home.dataset(scope.tenant(), dataset);
        let there = self.home.has_folder(&folder).map_err(|error| OpenError::io(&folder, &error))?;
        Ok(there && DatabaseKind::Documents.recognise(path)?)
    }

    /// A dataset's database, to be cleaned for as long as `goes_on` says so.
    pub(super) fn cleaned<'a>(
        &'a self,
        scope: &'a TenantScope,
        dataset: DatasetId,
        goes_on: &'a (dyn Fn() -> bool + Sync),
    ) -> CleanedDocuments<'a> {
        CleanedDocuments { connections: self, scope, dataset, path: self.path(scope, dataset), goes_on }
    }

    fn path(&self, scope: &TenantScope, dataset: DatasetId) -> PathBuf {
        self.home.documents_db(scope.tenant(), dataset)
    }

    fn shared(&self, scope: &TenantScope, dataset: DatasetId) -> SharedConnection {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.uses = open.uses.saturating_add(1);
        let last_use = open.uses;
        let database = open
            .datasets
            .entry((scope.tenant(), dataset))
            .or_insert_with(|| OpenDatabase { last_use, connection: SharedConnection::default() });
        database.last_use = last_use;
        let shared = Arc::clone(&database.connection);
        let closed = open.take_least_recent();
        drop(open);
        // Closing moves the write-ahead log into the database, and nobody else needs to wait for that.
        drop(closed);
        shared
    }
}

/// The database of a dataset that is cleaned. Others use it in between.
pub(super) struct CleanedDocuments<'a> {
    connections: &'a Connections,
    scope: &'a TenantScope,
    dataset: DatasetId,
    path: PathBuf,
    goes_on: &'a (dyn Fn() -> bool + Sync),
}

impl Cleaned for CleanedDocuments<'_> {
    fn path(&self) -> &Path {
        &self.path
    }

    fn reader(&self) -> Result<Option<SqliteConnection>, StoreError> {
        // Nobody removes it meanwhile.
        let open = |_: &mut SqliteConnection| Ok(database::connect(&self.path).map_err(StoreError::from)?);
        self.connections.with_existing(self.scope, self.dataset, open)
    }

    fn run(&self, work: Work) -> Result<bool, StoreError> {
        Ok(self.connections.with_existing(self.scope, self.dataset, work)?.unwrap_or(true))
    }

    fn goes_on(&self) -> bool {
        (self.goes_on)()
    }
}

impl OpenDatabases {
    /// Takes out the least recently used of those nobody works with, if there are too many.
    fn take_least_recent(&mut self) -> Option<OpenDatabase> {
        if self.datasets.len() <= MAX_OPEN_DATABASES {
            return None;
        }
        let idle = self.datasets.iter().filter(|(_, database)| Arc::strong_count(&database.connection) == 1);
        let oldest = idle.min_by_key(|(_, database)| database.last_use).map(|(key, _)| *key)?;
        self.datasets.remove(&oldest)
    }
}

fn lock(shared: &SharedConnection) -> MutexGuard<'_, Option<SqliteConnection>> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn run<T>(
    slot: &mut Option<SqliteConnection>,
    path: &Path,
    work: impl FnOnce(&mut SqliteConnection) -> Result<T, Failed>,
) -> Result<T, StoreError> {
    let mut connection = match slot.take() {
        Some(connection) => connection,
        None => connect(path)?,
    };
    let done = work(&mut connection);
    // After an error it is not kept open: the next use begins with a connection of which all is known.
    if done.is_ok() {
        *slot = Some(connection);
    }
    done.map_err(|Failed(error)| match error {
        StoreError::Failed(message) if is_damage(&message) => OpenError::sqlite(path, &message).into(),
        error => error,
    })
}

fn connect(path: &Path) -> Result<SqliteConnection, StoreError> {
    let mut connection = database::connect(path)?;
    connection.batch_execute(CACHE_PRAGMA).map_err(|error| store_error(&error))?;
    DatabaseKind::Documents.migrate(path, &mut connection)?;
    Ok(connection)
}
