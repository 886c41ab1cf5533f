//! The lock of a home. It is a lock on a file in it, which the system releases however a process ends.

use std::fs::{File, TryLockError};
use std::io::{self, Read, Seek, Write};

use crate::error::LockError;
use crate::layout::{Home, LOCK};
use crate::private_file;

/// The lock of a home. The home is this process's own until this is dropped.
#[derive(Debug)]
pub struct HomeLock {
    home: Home,
    _file: File,
}

impl Home {
    /// Takes the home for this process, until the lock is dropped.
    ///
    /// # Errors
    /// When another process has it, the lock file is a link or cannot be written, or what lies in the home cannot be made
    /// its owner's alone, such as a key that is another user's.
    pub fn lock(&self) -> Result<HomeLock, LockError> {
        HomeLock::take(self)
    }
}

impl HomeLock {
    fn take(home: &Home) -> Result<Self, LockError> {
        let path = home.path().join(LOCK);
        let failed = |error: io::Error| LockError::Failed { path: path.clone(), cause: error.to_string() };
        // Not truncated: until the lock is taken it tells who holds it.
        let mut file = private_file::open_or_create(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                // Whoever has the home has told of the rest.
                if home.was_open {
                    private_file::tell_closed(home.path());
                }
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
        home.make_private()?;
        Ok(Self { home: home.clone(), _file: file })
    }

    /// The home that is locked.
    #[must_use]
    pub fn home(&self) -> &Home {
        &self.home
    }
}
