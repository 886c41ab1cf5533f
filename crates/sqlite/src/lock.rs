//! Does another server use this home? A lock on a file in it tells, and the system lets go of it however a process
//! ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use crate::home::Home;
use crate::private;

/// The home is this process's own until this is dropped.
#[derive(Debug)]
pub struct HomeLock {
    home: Home,
    _file: File,
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

impl HomeLock {
    pub(crate) fn take(home: &Home) -> Result<Self, LockError> {
        let path = home.lock_file();
        let failed = |error: io::Error| LockError::Failed { path: path.clone(), cause: error.to_string() };
        let mut options = OpenOptions::new();
        // Not truncated: until the lock is taken it tells who holds it.
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let mut file = options.open(&path).map_err(failed)?;
        private::tighten(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let told = file.take(32).read_to_string(&mut holder);
                let holder = told.ok().and_then(|_| holder.trim().parse().ok());
                return Err(LockError::Held { home: home.path().to_owned(), holder });
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let written = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{}", std::process::id()));
        written.map_err(failed)?;
        Ok(Self { home: home.clone(), _file: file })
    }

    /// The home that is locked.
    #[must_use]
    pub fn home(&self) -> &Home {
        &self.home
    }
}
