//! How is a database file told from others, made, connected to and brought up to date? One answer for `app.db` and
//! for every `documents.db`.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use diesel::connection::SimpleConnection;
use diesel::migration::MigrationSource;
use diesel::sql_types::Text;
use diesel::sqlite::Sqlite;
use diesel::{Connection, QueryableByName, RunQueryDsl, SqliteConnection, sql_query};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::error::Failed;
use crate::open::OpenError;
use crate::private;

/// Which of our databases it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `app.db`.
    App,
    /// A dataset's `documents.db`.
    Documents,
}

const APP: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");
const DOCUMENTS: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite-documents");

/// What every connection is set to. `secure_delete` overwrites what is deleted; nothing is ever put into temporary
/// files, which it does not reach. Waiting when locked is a net: only a program beside ours could hold a lock.
const SETTINGS: &str = "PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL; \
     PRAGMA secure_delete = ON; PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY; \
     PRAGMA journal_size_limit = 67108864;";

/// What every SQLite database begins with.
const MAGIC: &[u8] = b"SQLite format 3\0";
/// Where in a database's header its application id stands, big-endian.
const APPLICATION_ID: std::ops::Range<usize> = 68..72;
/// A table that every database of the Python Syft Space has.
const PYTHON: &[u8] = b"alembic_version";
/// How much of a foreign database is searched for that table.
const SCHEMA: u64 = 1 << 20;

/// What lies at a database's path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    Nothing,
    Ours,
    Foreign { python: bool },
    NoDatabase,
}

impl Kind {
    /// Marks a database as ours: "SySp" and "SySd".
    fn application_id(self) -> i32 {
        match self {
            Self::App => 0x5379_5370,
            Self::Documents => 0x5379_5364,
        }
    }

    pub(crate) fn migrations(self) -> EmbeddedMigrations {
        match self {
            Self::App => APP,
            Self::Documents => DOCUMENTS,
        }
    }

    /// Looks at a file without SQLite, which would already write beside it.
    pub(crate) fn look(self, path: &Path) -> io::Result<Found> {
        let mut file = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
            opened => opened?,
        };
        let mut start = Vec::new();
        file.by_ref().take(SCHEMA).read_to_end(&mut start)?;
        if start.is_empty() {
            return Ok(Found::Nothing);
        }
        if !start.starts_with(MAGIC) {
            return Ok(Found::NoDatabase);
        }
        if start.get(APPLICATION_ID) == Some(self.application_id().to_be_bytes().as_slice()) {
            return Ok(Found::Ours);
        }
        Ok(Found::Foreign { python: start.windows(PYTHON.len()).any(|words| words == PYTHON) })
    }

    /// Makes an empty database, already marked as ours when it gets its name.
    pub(crate) fn create(self, path: &Path) -> Result<(), OpenError> {
        let draft = path.with_extension("db-new");
        let failed = |error: io::Error| OpenError::io(path, &error);
        // What a crash left of an earlier one must not be applied to this one.
        companions(path).iter().try_for_each(|file| remove(file)).map_err(failed)?;
        private::make_file(&draft).map_err(failed)?;
        let mut connection = establish(&draft)?;
        let mark = format!("PRAGMA application_id = {};", self.application_id());
        connection
            .batch_execute(SETTINGS)
            .and_then(|()| connection.batch_execute(&mark))
            .map_err(|error| OpenError::database(path, &error))?;
        drop(connection);
        private::publish(&draft, path).map_err(failed)
    }

    /// Runs the migrations that are missing; refuses a database that has some we do not know.
    pub(crate) fn migrate(self, path: &Path, connection: &mut SqliteConnection) -> Result<(), OpenError> {
        let failed =
            |error: Box<dyn std::error::Error + Send + Sync>| OpenError::sqlite(path, &error.to_string());
        let known = MigrationSource::<Sqlite>::migrations(&self.migrations()).map_err(failed)?;
        let applied = connection.applied_migrations().map_err(failed)?;
        let is_known = |version: &_| known.iter().any(|one| one.name().version() == *version);
        if let Some(unknown) = applied.iter().find(|version| !is_known(*version)) {
            return Err(OpenError::Newer { path: path.to_owned(), version: unknown.to_string() });
        }
        connection.run_pending_migrations(self.migrations()).map_err(failed)?;
        Ok(())
    }
}

/// Connects to a database of ours, for reading and writing.
pub(crate) fn connect(path: &Path) -> Result<SqliteConnection, OpenError> {
    let mut connection = establish(path)?;
    let set = connection.batch_execute(SETTINGS);
    set.map_err(|error| OpenError::database(path, &error))?;
    let mode = sql_query("PRAGMA journal_mode = WAL").get_result::<JournalMode>(&mut connection);
    match mode.map_err(|error| OpenError::database(path, &error))?.journal_mode.as_str() {
        "wal" => Ok(connection),
        _ => Err(OpenError::NoWal { path: path.to_owned() }),
    }
}

/// Sets up a connection that can only read.
pub(crate) fn for_reading(connection: &mut SqliteConnection) -> diesel::QueryResult<()> {
    connection.batch_execute(SETTINGS)?;
    connection.batch_execute("PRAGMA query_only = ON;")
}

/// Reads the whole database, and tells what is damaged in it.
pub(crate) fn check(path: &Path, connection: &mut SqliteConnection) -> Result<(), OpenError> {
    let found = sql_query("PRAGMA quick_check(1)").get_result::<QuickCheck>(connection);
    match found.map_err(|error| OpenError::database(path, &error))?.quick_check.as_str() {
        "ok" => Ok(()),
        damage => Err(OpenError::Damaged { path: path.to_owned(), damage: damage.to_owned() }),
    }
}

/// Writes several things, all or none.
pub(crate) fn together<T>(
    connection: &mut SqliteConnection,
    work: impl FnOnce(&mut SqliteConnection) -> Result<T, Failed>,
) -> Result<T, Failed> {
    connection.batch_execute("BEGIN IMMEDIATE")?;
    let done = work(connection).and_then(|value| {
        connection.batch_execute("COMMIT")?;
        Ok(value)
    });
    if done.is_err() {
        // SQLite may have rolled back already, and then says that there is nothing to roll back.
        drop(connection.batch_execute("ROLLBACK"));
    }
    done
}

/// Moves all of the write-ahead log into the database, and empties it.
pub(crate) fn empty_wal(connection: &mut SqliteConnection) -> diesel::QueryResult<()> {
    connection.batch_execute("PRAGMA wal_checkpoint(TRUNCATE);")
}

/// A file that SQLite keeps beside a database.
pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Every file that SQLite may keep beside a database, and that an interrupted [`Kind::create`] leaves.
pub(crate) fn companions(path: &Path) -> [PathBuf; 5] {
    let draft = path.with_extension("db-new");
    [beside(path, "-wal"), beside(path, "-shm"), beside(path, "-journal"), beside(&draft, "-journal"), draft]
}

/// Removes a file, if there is one.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// A path as SQLite takes it. It begins with `/`, so it is never read as a URI.
pub(crate) fn name(path: &Path) -> Result<&str, OpenError> {
    match path.to_str() {
        Some(name) if path.is_absolute() => Ok(name),
        _ => Err(OpenError::sqlite(path, "its path is not absolute, or not UTF-8")),
    }
}

fn establish(path: &Path) -> Result<SqliteConnection, OpenError> {
    SqliteConnection::establish(name(path)?).map_err(|error| OpenError::sqlite(path, &error.to_string()))
}

#[derive(QueryableByName)]
struct JournalMode {
    #[diesel(sql_type = Text)]
    journal_mode: String,
}

#[derive(QueryableByName)]
struct QuickCheck {
    #[diesel(sql_type = Text)]
    quick_check: String,
}
