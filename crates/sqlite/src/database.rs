//! A database file: how it is recognised, created, connected to and migrated. The same for `app.db`, for
//! `limits.db` and for every `documents.db`.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use diesel::connection::SimpleConnection;
use diesel::migration::MigrationSource;
use diesel::sql_types::{Integer, Text};
use diesel::sqlite::Sqlite;
use diesel::{Connection, QueryableByName, RunQueryDsl, SqliteConnection, sql_query};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use syft_space_home::private_file;

use crate::error::Failed;
use crate::open_error::OpenError;

/// One of our kinds of database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DatabaseKind {
    /// `app.db`.
    App,
    /// A dataset's `documents.db`.
    Documents,
    /// `limits.db`.
    Limits,
}

const APP_MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");
const DOCUMENTS_MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite-documents");
const LIMITS_MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite-limits");

/// The settings of every connection. `secure_delete` overwrites what is deleted; nothing is ever put into temporary
/// files, which it does not reach. Waiting when locked is a net: only a program beside ours could hold a lock.
const CONNECTION_PRAGMAS: &str = "PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL; \
     PRAGMA secure_delete = ON; PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY; \
     PRAGMA journal_size_limit = 67108864;";

/// The bytes that every SQLite database begins with.
const SQLITE_MAGIC: &[u8] = b"SQLite format 3\0";
/// The place of the application id in a database's header, big-endian.
const APPLICATION_ID_RANGE: std::ops::Range<usize> = 68..72;
/// A table that every database of the Python Syft Space has.
const PYTHON_TABLE: &[u8] = b"alembic_version";
/// The most bytes of a foreign database that are searched for that table.
const MAX_SCHEMA_BYTES: u64 = 1 << 20;

/// The kind of file at a database's path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FileKind {
    Missing,
    Ours,
    Foreign { python: bool },
    NotADatabase,
}

impl DatabaseKind {
    /// Marks a database as ours: "SySp", "SySd" and "SySl".
    fn application_id(self) -> i32 {
        match self {
            Self::App => 0x5379_5370,
            Self::Documents => 0x5379_5364,
            Self::Limits => 0x5379_536c,
        }
    }

    pub(crate) fn migrations(self) -> EmbeddedMigrations {
        match self {
            Self::App => APP_MIGRATIONS,
            Self::Documents => DOCUMENTS_MIGRATIONS,
            Self::Limits => LIMITS_MIGRATIONS,
        }
    }

    /// Inspects a file without SQLite, which would already write beside it.
    fn inspect(self, path: &Path) -> io::Result<FileKind> {
        let mut file = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(FileKind::Missing),
            opened => opened?,
        };
        let mut start = Vec::new();
        file.by_ref().take(MAX_SCHEMA_BYTES).read_to_end(&mut start)?;
        if start.is_empty() {
            return Ok(FileKind::Missing);
        }
        if !start.starts_with(SQLITE_MAGIC) {
            return Ok(FileKind::NotADatabase);
        }
        if start.get(APPLICATION_ID_RANGE) == Some(self.application_id().to_be_bytes().as_slice()) {
            return Ok(FileKind::Ours);
        }
        Ok(FileKind::Foreign { python: start.windows(PYTHON_TABLE.len()).any(|words| words == PYTHON_TABLE) })
    }

    /// Whether there is a database of ours at the path. What is not ours is refused, and left as it is.
    pub(crate) fn recognise(self, path: &Path) -> Result<bool, OpenError> {
        let files = [path.to_owned()].into_iter().chain(sidecar_files(path));
        if let Some(path) = files.into_iter().find(|file| private_file::is_link(file)) {
            return Err(OpenError::Link { path });
        }
        let path = path.to_owned();
        match self.inspect(&path).map_err(|error| OpenError::io(&path, &error))? {
            FileKind::Missing => Ok(false),
            FileKind::Ours if private_file::is_read_only(&path).unwrap_or(true) => {
                Err(OpenError::ReadOnly { path })
            }
            FileKind::Ours => Ok(true),
            FileKind::Foreign { python: true } => Err(OpenError::Python { path }),
            FileKind::Foreign { python: false } => Err(OpenError::Foreign { path }),
            FileKind::NotADatabase => Err(OpenError::NotADatabase { path }),
        }
    }

    /// Creates an empty database, already marked as ours when it gets its name.
    pub(crate) fn create(self, path: &Path) -> Result<(), OpenError> {
        let draft = path.with_extension("db-new");
        let failed = |error: io::Error| OpenError::io(path, &error);
        // What a crash left of an earlier one must not be applied to this one.
        sidecar_files(path).iter().try_for_each(|file| private_file::remove(file)).map_err(failed)?;
        private_file::create(&draft).map_err(failed)?;
        let mut connection = establish(&draft)?;
        let mark = format!("PRAGMA application_id = {};", self.application_id());
        connection
            .batch_execute(CONNECTION_PRAGMAS)
            .and_then(|()| connection.batch_execute(&mark))
            .map_err(|error| OpenError::database(path, &error))?;
        drop(connection);
        private_file::rename(&draft, path).map_err(failed)
    }

    /// Runs the migrations that are missing; refuses a database that has some we do not know.
    pub(crate) fn migrate(self, path: &Path, connection: &mut SqliteConnection) -> Result<(), OpenError> {
        let failed =
            |error: Box<dyn std::error::Error + Send + Sync>| OpenError::sqlite(path, &error.to_string());
        let known = MigrationSource::<Sqlite>::migrations(&self.migrations()).map_err(failed)?;
        let applied = connection.applied_migrations().map_err(failed)?;
        let is_known = |version: &_| known.iter().any(|migration| migration.name().version() == *version);
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
    let set = connection.batch_execute(CONNECTION_PRAGMAS);
    set.map_err(|error| OpenError::database(path, &error))?;
    let mode = sql_query("PRAGMA journal_mode = WAL").get_result::<JournalMode>(&mut connection);
    match mode.map_err(|error| OpenError::database(path, &error))?.journal_mode.as_str() {
        "wal" => Ok(connection),
        _ => Err(OpenError::NoWal { path: path.to_owned() }),
    }
}

/// Sets up a connection so that it can only read.
pub(crate) fn make_read_only(connection: &mut SqliteConnection) -> diesel::QueryResult<()> {
    connection.batch_execute(CONNECTION_PRAGMAS)?;
    connection.batch_execute("PRAGMA query_only = ON;")
}

/// Checks the whole database for damage.
pub(crate) fn quick_check(path: &Path, connection: &mut SqliteConnection) -> Result<(), OpenError> {
    let found = sql_query("PRAGMA quick_check(1)").get_result::<QuickCheck>(connection);
    match found.map_err(|error| OpenError::database(path, &error))?.quick_check.as_str() {
        "ok" => Ok(()),
        damage => Err(OpenError::Damaged { path: path.to_owned(), damage: damage.to_owned() }),
    }
}

/// Runs a transaction for writing: all of it or nothing.
pub(crate) fn transaction<T>(
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
pub(crate) fn checkpoint_wal(connection: &mut SqliteConnection) -> diesel::QueryResult<()> {
    connection.batch_execute("PRAGMA wal_checkpoint(TRUNCATE);")
}

/// The same, where no read goes on that stands against it: answers whether it is empty. Writers wait for a moment at most.
pub(crate) fn try_to_empty_wal(connection: &mut SqliteConnection) -> diesel::QueryResult<bool> {
    connection.batch_execute("PRAGMA busy_timeout = 50;")?;
    let emptied = sql_query("PRAGMA wal_checkpoint(TRUNCATE)").get_result::<Checkpointed>(connection);
    connection.batch_execute("PRAGMA busy_timeout = 5000;")?;
    Ok(emptied?.busy == 0)
}

/// The path with a suffix, as SQLite names the files that it keeps beside a database.
pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Every file that SQLite may keep beside a database, and that an interrupted [`DatabaseKind::create`] leaves.
pub(crate) fn sidecar_files(path: &Path) -> [PathBuf; 5] {
    let draft = path.with_extension("db-new");
    [
        with_suffix(path, "-wal"),
        with_suffix(path, "-shm"),
        with_suffix(path, "-journal"),
        with_suffix(&draft, "-journal"),
        draft,
    ]
}

/// A path as SQLite takes it: absolute and UTF-8. It begins with `/`, so it is never read as a URI.
pub(crate) fn path_str(path: &Path) -> Result<&str, OpenError> {
    match path.to_str() {
        Some(name) if path.is_absolute() => Ok(name),
        _ => Err(OpenError::sqlite(path, "its path is not absolute, or not UTF-8")),
    }
}

fn establish(path: &Path) -> Result<SqliteConnection, OpenError> {
    SqliteConnection::establish(path_str(path)?).map_err(|error| OpenError::sqlite(path, &error.to_string()))
}

#[derive(QueryableByName)]
struct JournalMode {
    #[diesel(sql_type = Text)]
    journal_mode: String,
}

#[derive(QueryableByName)]
struct Checkpointed {
    #[diesel(sql_type = Integer)]
    busy: i32,
}

#[derive(QueryableByName)]
struct QuickCheck {
    #[diesel(sql_type = Text)]
    quick_check: String,
}
