//! Where does everything lie? In one folder, the home, which is its owner's alone.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use syft_space_domain::ids::{DatasetId, TenantId};

use crate::database::Kind;
use crate::lock::{HomeLock, LockError};
use crate::open::{OpenError, recognise};
use crate::private;

/// The folder that holds all a space keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    path: PathBuf,
}

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

/// The layout of the home that this version knows.
const LAYOUT: &str = "1";
/// What a folder may hold before it becomes a home.
const BEFORE: [&str; 2] = ["config.toml", "VERSION.new"];

impl Home {
    /// Makes a folder the home, or checks that it is one. What lies in it is its owner's alone afterwards. Doing so
    /// again changes nothing.
    ///
    /// # Errors
    /// When the folder is something else, or cannot be written to. It is then as it was.
    pub fn prepare(path: &Path) -> Result<Self, HomeError> {
        let failed = |error: io::Error| HomeError::io(path, &error);
        let absolute = std::path::absolute(path).map_err(failed)?;
        let there = absolute.exists();
        if there && !absolute.is_dir() {
            return Err(HomeError::NotAFolder { path: absolute });
        }
        if there {
            Self { path: absolute.clone() }.accept()?;
        }
        private::make_folder(&absolute).map_err(failed)?;
        let home = Self { path: absolute.canonicalize().map_err(failed)? };
        if home.path.to_str().is_none() {
            return Err(HomeError::NotUtf8 { path: home.path });
        }
        home.lay_out().map_err(failed)?;
        Ok(home)
    }

    /// Refuses a folder that is not to become the home, without touching it.
    fn accept(&self) -> Result<(), HomeError> {
        let path = self.path.clone();
        let failed = |error: io::Error| HomeError::io(&self.path, &error);
        let has_database =
            recognise(Kind::App, &self.app_db()).map_err(|error| HomeError::Database(Box::new(error)))?;
        if private::is_read_only(&path).map_err(failed)? {
            return Err(HomeError::ReadOnly { path });
        }
        match fs::read_to_string(self.version()) {
            Ok(found) if found.trim() == LAYOUT => Ok(()),
            Ok(found) => Err(HomeError::Newer { path, found: found.trim().chars().take(20).collect() }),
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(error)),
            // A database that was restored into a new folder makes it a home.
            Err(_) if has_database => Ok(()),
            Err(_) => {
                for entry in fs::read_dir(&path).map_err(failed)? {
                    let name = entry.map_err(failed)?.file_name();
                    if !BEFORE.iter().any(|known| name.to_str() == Some(*known)) {
                        return Err(HomeError::NotAHome { path });
                    }
                }
                Ok(())
            }
        }
    }

    fn lay_out(&self) -> io::Result<()> {
        private::tighten(&self.path)?;
        // `VERSION` comes first: with it a home that a crash left half made is known as one.
        for (path, content) in [(self.version(), LAYOUT), (self.path.join(".gitignore"), "*")] {
            if !path.exists() {
                private::write_file(&path, &format!("{content}\n"))?;
            }
            private::tighten(&path)?;
        }
        for folder in [self.keys(), self.tenants()] {
            private::make_folder(&folder)?;
            private::tighten(&folder)?;
        }
        Ok(())
    }

    /// Takes the home for this process, until the lock is dropped.
    ///
    /// # Errors
    /// When another process has it, or the lock file cannot be written.
    pub fn lock(&self) -> Result<HomeLock, LockError> {
        HomeLock::take(self)
    }

    /// The folder itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The database of everything but documents.
    #[must_use]
    pub fn app_db(&self) -> PathBuf {
        self.path.join("app.db")
    }

    /// The folder of keys.
    #[must_use]
    pub fn keys(&self) -> PathBuf {
        self.path.join("keys")
    }

    /// The folder of the tenants' documents and indexes.
    #[must_use]
    pub fn tenants(&self) -> PathBuf {
        self.path.join("tenants")
    }

    /// The folder of one dataset: its documents, and its index.
    #[must_use]
    pub fn dataset(&self, tenant: TenantId, dataset: DatasetId) -> PathBuf {
        self.tenants().join(tenant.to_string()).join("datasets").join(dataset.to_string())
    }

    /// The file that holds the layout's version.
    fn version(&self) -> PathBuf {
        self.path.join("VERSION")
    }

    /// The file that whoever uses the home has locked.
    pub(crate) fn lock_file(&self) -> PathBuf {
        self.path.join("lock")
    }
}

impl HomeError {
    fn io(path: &Path, error: &io::Error) -> Self {
        let path = path.to_owned();
        match error.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly { path },
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { path },
            _ => Self::Failed { path, cause: error.to_string() },
        }
    }
}
