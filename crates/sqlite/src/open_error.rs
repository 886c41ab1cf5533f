//! The errors of preparing a home, locking it and opening its databases.

use std::io;
use std::path::{Path, PathBuf};

use syft_space_domain::store::StoreError;

use crate::error::{is_damage, store_error};

/// A folder was not made a home. Whatever it holds is as it was.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// There is something else of that name.
    #[error("{} is not a folder; choose another home", path.display())]
    NotAFolder {
        /// Which path.
        path: PathBuf,
    },
    /// It holds something else.
    #[error("{} holds other things and is no home of a Syft Space; choose an empty or a new folder", path.display())]
    NotAHome {
        /// Which folder.
        path: PathBuf,
    },
    /// Its database may not be opened.
    #[error(transparent)]
    Database(Box<OpenError>),
    /// It was laid out by a later version.
    #[error("{} was laid out by a later version ({found}); install that version or a later one", path.display())]
    Newer {
        /// Which folder.
        path: PathBuf,
        /// What its `VERSION` says.
        found: String,
    },
    /// Not to be written to.
    #[error("{} cannot be written to; give its owner the right to, or choose another home", path.display())]
    ReadOnly {
        /// Which path.
        path: PathBuf,
    },
    /// No space is left.
    #[error("no space is left in {}; free some and try again", path.display())]
    Full {
        /// Which path.
        path: PathBuf,
    },
    /// Its path is one that SQLite does not take.
    #[error("the path {} is not UTF-8; choose another home", path.display())]
    NotUtf8 {
        /// Which path.
        path: PathBuf,
    },
    /// Anything else.
    #[error("{} could not be prepared: {cause}", path.display())]
    Failed {
        /// Which path.
        path: PathBuf,
        /// What went wrong.
        cause: String,
    },
}

impl HomeError {
    pub(crate) fn io(path: &Path, error: &io::Error) -> Self {
        let path = path.to_owned();
        match error.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly { path },
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { path },
            _ => Self::Failed { path, cause: error.to_string() },
        }
    }
}

/// The home was not locked.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process has it.
    #[error("{} is used by another server{}; stop that one first, or choose another home", home.display(), process(holder))]
    Held {
        /// Which home.
        home: PathBuf,
        /// The other's process id, if it told.
        holder: Option<u32>,
    },
    /// The lock file cannot be used.
    #[error("{} could not be locked: {cause}", path.display())]
    Failed {
        /// The lock file.
        path: PathBuf,
        /// What went wrong.
        cause: String,
    },
}

fn process(holder: &Option<u32>) -> String {
    holder.map_or_else(String::new, |id| format!(" (process {id})"))
}

/// A store was not opened. Whatever lies at the path is as it was.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The home cannot be used.
    #[error(transparent)]
    Home(HomeError),
    /// Another server uses the home.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// A database of the Python Syft Space.
    #[error("{} is the database of a Python Syft Space, and was not touched; choose another home", path.display())]
    Python {
        /// Which file.
        path: PathBuf,
    },
    /// A database of some other program.
    #[error("{} is a database of another program, and was not touched; choose another home", path.display())]
    Foreign {
        /// Which file.
        path: PathBuf,
    },
    /// No database at all.
    #[error(
        "{} is not a SQLite database, or its beginning is damaged; it was not touched: restore a backup, or choose another home",
        path.display()
    )]
    NotADatabase {
        /// Which file.
        path: PathBuf,
    },
    /// A link to somewhere else.
    #[error("{} is a symbolic link, which could lead anywhere; put the file itself there", path.display())]
    Link {
        /// Which file.
        path: PathBuf,
    },
    /// Written by a later version.
    #[error(
        "{} was written by a later version (migration {version} is unknown here); install that version or a later one",
        path.display()
    )]
    Newer {
        /// Which file.
        path: PathBuf,
        /// The first migration that is not known here.
        version: String,
    },
    /// Damaged.
    #[error("{} is damaged ({damage}); restore a backup", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What SQLite found.
        damage: String,
    },
    /// Not to be written to.
    #[error("{} cannot be written to; give its owner the right to, or mount its file system for writing", path.display())]
    ReadOnly {
        /// Which file.
        path: PathBuf,
    },
    /// No space is left.
    #[error("no space is left to open {}; free some and try again", path.display())]
    Full {
        /// Which file.
        path: PathBuf,
    },
    /// On a file system without shared memory.
    #[error("{} lies on a file system that SQLite's write-ahead log does not work on; put the home on a local disk", path.display())]
    NoWal {
        /// Which file.
        path: PathBuf,
    },
    /// Anything else.
    #[error("{} could not be opened: {cause}", path.display())]
    Failed {
        /// Which file.
        path: PathBuf,
        /// What went wrong.
        cause: String,
    },
}

impl From<HomeError> for OpenError {
    fn from(error: HomeError) -> Self {
        match error {
            HomeError::Database(error) => *error,
            other => Self::Home(other),
        }
    }
}

impl OpenError {
    pub(crate) fn io(path: &Path, error: &io::Error) -> Self {
        let path = path.to_owned();
        match error.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly { path },
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { path },
            _ => Self::Failed { path, cause: error.to_string() },
        }
    }

    pub(crate) fn database(path: &Path, error: &diesel::result::Error) -> Self {
        match store_error(error) {
            StoreError::Full => Self::Full { path: path.to_owned() },
            StoreError::ReadOnly => Self::ReadOnly { path: path.to_owned() },
            _ => Self::sqlite(path, &error.to_string()),
        }
    }

    pub(crate) fn sqlite(path: &Path, message: &str) -> Self {
        let path = path.to_owned();
        if is_damage(message) {
            Self::Damaged { path, damage: message.to_owned() }
        } else {
            Self::Failed { path, cause: message.to_owned() }
        }
    }
}

impl From<OpenError> for StoreError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Full { .. } => Self::Full,
            OpenError::ReadOnly { .. } => Self::ReadOnly,
            other => Self::failed(other),
        }
    }
}
