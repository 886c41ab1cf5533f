//! The errors of opening a home's databases, and what to do about them.

use std::io;
use std::path::{Path, PathBuf};

use syft_space_domain::store::StoreError;
use syft_space_home::{HomeError, LockError};

use crate::error::{is_damage, store_error};

/// A store was not opened. Whatever lies at the path is as it was.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The home cannot be used.
    #[error(transparent)]
    Home(#[from] HomeError),
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
