//! The errors of preparing a home and locking it, and what to do about them.

use std::io;
use std::path::{Path, PathBuf};

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
    /// It, or what makes it a home, belongs to another user, who could change it at any time.
    #[error(
        "{} belongs to the user with the id {owner}, and this runs as the user with the id {user}: run it as that user, \
         make the whole home this user's own (`chown -R {user}`), or choose another home",
        path.display()
    )]
    ForeignOwner {
        /// Which path.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who runs this.
        user: u32,
    },
    /// A link where the home has a file or folder of its own.
    #[error("{} is a symbolic link, which could lead anywhere; put what it leads to there, or remove it", path.display())]
    Link {
        /// Which path.
        path: PathBuf,
    },
    /// A key that everybody could use, or that has a second name, where others may have put it.
    #[error(
        "others may read or change the key {}: its mode is {mode:03o}, or it is one of several names of a file. Run \
         `chmod 600` on it if nobody else was in its folder; else give what it protects a new key",
        path.display()
    )]
    OpenKey {
        /// Which key.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
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
    /// The home cannot be made its owner's alone.
    #[error(transparent)]
    NotPrivate(#[from] HomeError),
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
