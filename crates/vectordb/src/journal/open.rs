//! The journals that are open: a bounded number, each used by one at a time.

use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel::{QueryableByName, sql_query};
use syft_space_domain::ids::{DatasetId, TenantId};
use syft_space_home::{Home, private_file};

use super::error::JournalError;
use super::schema::{CREATE, owner};

/// Whose journal.
pub(crate) type DatasetKey = (TenantId, DatasetId);

/// The most journals that stay open.
const MAX_OPEN: usize = 32;

/// The version that [`CREATE`] makes.
const VERSION: i64 = 1;

/// The settings of every connection: what is acknowledged is durable, and what is deleted is overwritten.
const SETTINGS: &str = "PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON; PRAGMA journal_mode = WAL; \
     PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA trusted_schema = OFF; \
     PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = 16777216; PRAGMA cache_size = -512;";

/// What every SQLite database begins with.
const SQLITE_MAGIC: &[u8] = b"SQLite format 3\0";

/// The journals of a home.
pub(crate) struct Journals {
    home: Home,
    open: Mutex<HashMap<DatasetKey, Open>>,
}

struct Open {
    /// Counts on with each use of any.
    last_use: u64,
    connection: SharedConnection,
}

/// `None` until it is opened.
type SharedConnection = Arc<Mutex<Option<SqliteConnection>>>;

impl Journals {
    pub(crate) fn new(home: Home) -> Self {
        Self { home, open: Mutex::default() }
    }

    /// The datasets that have a journal, in the order of their ids.
    pub(crate) fn datasets(&self) -> Result<Vec<DatasetKey>, JournalError> {
        let mut found = self.home.dataset_folders()?;
        found.retain(|key| self.path(*key).symlink_metadata().is_ok());
        Ok(found)
    }

    /// Runs work on a dataset's journal in one transaction; `None` when there is no journal.
    pub(crate) fn with_existing<T>(
        &self,
        key: DatasetKey,
        work: impl FnOnce(&mut SqliteConnection) -> Result<T, JournalError>,
    ) -> Result<Option<T>, JournalError> {
        let shared = self.shared(key);
        let mut slot = lock(&shared);
        if slot.is_none() && !self.is_there(key)? {
            return Ok(None);
        }
        self.run(&mut slot, key, work).map(Some)
    }

    /// Runs work on a dataset's journal in one transaction. The journal is made if there is none.
    pub(crate) fn with_created<T>(
        &self,
        key: DatasetKey,
        work: impl FnOnce(&mut SqliteConnection) -> Result<T, JournalError>,
    ) -> Result<T, JournalError> {
        let shared = self.shared(key);
        let mut slot = lock(&shared);
        if slot.is_none() && !self.is_there(key)? {
            self.create(key)?;
        }
        self.run(&mut slot, key, work)
    }

    /// Closes a dataset's journal and removes its files, unless `may_remove` finds something in it that is still needed. One
    /// that cannot be read is removed unasked. Doing so again changes nothing.
    pub(crate) fn remove(
        &self,
        key: DatasetKey,
        may_remove: impl FnOnce(&mut SqliteConnection) -> Result<bool, JournalError>,
    ) -> Result<(), JournalError> {
        let shared = self.shared(key);
        let mut slot = lock(&shared);
        let there = if slot.is_some() { Ok(true) } else { self.is_there(key) };
        let may_remove = match there {
            Ok(false) => return Ok(()),
            Ok(true) => self.run(&mut slot, key, may_remove),
            Err(error) => Err(error),
        };
        match may_remove {
            Ok(false) => return Ok(()),
            Ok(true) | Err(JournalError::Damaged) => {}
            Err(error) => return Err(error),
        }
        drop(slot.take());
        let path = self.path(key);
        // The write-ahead log goes first: left over alone it would be applied to a later journal.
        for file in beside(&path).iter().chain([&path]) {
            private_file::remove(file)?;
        }
        Ok(())
    }

    fn path(&self, (tenant, dataset): DatasetKey) -> PathBuf {
        self.home.vector_points_db(tenant, dataset)
    }

    fn is_there(&self, key: DatasetKey) -> Result<bool, JournalError> {
        if !self.home.has_folder(&self.home.dataset(key.0, key.1))? {
            return Ok(false);
        }
        let path = self.path(key);
        for file in beside(&path) {
            if private_file::is_link(&file) {
                return Err(JournalError::Failed(format!("{} is a link", file.display())));
            }
        }
        let Some(file) = private_file::open(&path)? else { return Ok(false) };
        let mut start = Vec::new();
        file.take(16).read_to_end(&mut start)?;
        // SQLite would take an empty file for a new database.
        if start == SQLITE_MAGIC { Ok(true) } else { Err(JournalError::Damaged) }
    }

    /// Makes a journal, whole when it gets its name.
    fn create(&self, key: DatasetKey) -> Result<(), JournalError> {
        self.home.create_folder(&self.home.dataset(key.0, key.1))?;
        let path = self.path(key);
        let draft = draft_of(&path);
        for file in beside(&path) {
            private_file::remove(&file)?;
        }
        drop(private_file::create(&draft)?);
        let mut connection = establish(&draft)?;
        // Without a write-ahead log, so that all of it is in the one file that gets the name.
        connection.batch_execute("PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; BEGIN IMMEDIATE;")?;
        connection.batch_execute(CREATE)?;
        diesel::insert_into(owner::table)
            .values((owner::tenant.eq(key.0.to_string()), owner::dataset.eq(key.1.to_string())))
            .execute(&mut connection)?;
        connection.batch_execute("COMMIT;")?;
        drop(connection);
        Ok(private_file::rename(&draft, &path)?)
    }

    fn run<T>(
        &self,
        slot: &mut Option<SqliteConnection>,
        key: DatasetKey,
        work: impl FnOnce(&mut SqliteConnection) -> Result<T, JournalError>,
    ) -> Result<T, JournalError> {
        let mut connection = match slot.take() {
            Some(connection) => connection,
            None => connect(&self.path(key), key)?,
        };
        let done = connection.immediate_transaction(work);
        // After an error it is not kept open: the next use begins with a connection of which all is known.
        if done.is_ok() {
            *slot = Some(connection);
        }
        done
    }

    fn shared(&self, key: DatasetKey) -> SharedConnection {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let last_use = open.values().map(|open| open.last_use).max().unwrap_or(0).saturating_add(1);
        let entry =
            open.entry(key).or_insert_with(|| Open { last_use, connection: SharedConnection::default() });
        entry.last_use = last_use;
        let shared = Arc::clone(&entry.connection);
        let closed = take_least_recent(&mut open);
        drop(open);
        // Closing moves the write-ahead log into the database, and nobody else needs to wait for that.
        drop(closed);
        shared
    }
}

/// Takes out the least recently used journal that nobody works with, if too many are open.
fn take_least_recent(open: &mut HashMap<DatasetKey, Open>) -> Option<Open> {
    if open.len() <= MAX_OPEN {
        return None;
    }
    let idle = open.iter().filter(|(_, open)| Arc::strong_count(&open.connection) == 1);
    let oldest = idle.min_by_key(|(_, open)| open.last_use).map(|(key, _)| *key)?;
    open.remove(&oldest)
}

fn lock(shared: &SharedConnection) -> MutexGuard<'_, Option<SqliteConnection>> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Connects to a journal of ours, and checks that it is this dataset's.
fn connect(path: &Path, key: DatasetKey) -> Result<SqliteConnection, JournalError> {
    let mut connection = establish(path)?;
    connection.batch_execute(SETTINGS)?;
    let version = sql_query("SELECT user_version AS number FROM pragma_user_version")
        .get_result::<Number>(&mut connection)?
        .number;
    let check = sql_query("PRAGMA quick_check(1)").get_result::<QuickCheck>(&mut connection)?.quick_check;
    let owners = owner::table.load::<(String, String)>(&mut connection)?;
    let is_whole = version == VERSION && check == "ok" && owners == [(key.0.to_string(), key.1.to_string())];
    if is_whole { Ok(connection) } else { Err(JournalError::Damaged) }
}

fn establish(path: &Path) -> Result<SqliteConnection, JournalError> {
    // An absolute path begins with a slash, and so is never read as a URI.
    let name = path.to_str().filter(|_| path.is_absolute());
    let name = name.ok_or_else(|| JournalError::Failed("the home's path is not UTF-8".to_owned()))?;
    SqliteConnection::establish(name).map_err(|error| JournalError::of_message(&error.to_string()))
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn draft_of(path: &Path) -> PathBuf {
    path.with_extension("db-new")
}

/// What SQLite keeps beside a journal, and what a creation that was cut short left.
fn beside(path: &Path) -> [PathBuf; 5] {
    let draft = draft_of(path);
    [
        with_suffix(path, "-wal"),
        with_suffix(path, "-shm"),
        with_suffix(path, "-journal"),
        with_suffix(&draft, "-journal"),
        draft,
    ]
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

#[derive(QueryableByName)]
struct QuickCheck {
    #[diesel(sql_type = Text)]
    quick_check: String,
}
