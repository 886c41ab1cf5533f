//! The home: the folder that all of a space lies in, its owner's alone.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use syft_space_domain::ids::{DatasetId, TenantId};

use crate::database::DatabaseKind;
use crate::open_error::HomeError;
use crate::private_fs;

/// The folder that holds all a space keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    path: PathBuf,
}

/// The version of the layout that this release knows.
const LAYOUT_VERSION: &str = "1";
/// The files that a folder may hold before it becomes a home.
const FILES_ALLOWED_BEFORE: [&str; 2] = ["config.toml", "VERSION.new"];

impl Home {
    /// Makes a folder a home, or checks that it is one. What lies in it is its owner's alone afterwards. Doing so
    /// again changes nothing.
    ///
    /// # Errors
    /// When the folder holds something else, is of a later version, cannot be written to, is full, or its path is not
    /// UTF-8. It is then as it was.
    pub fn prepare(path: &Path) -> Result<Self, HomeError> {
        let failed = |error: io::Error| HomeError::io(path, &error);
        let absolute = std::path::absolute(path).map_err(failed)?;
        let there = absolute.exists();
        if there && !absolute.is_dir() {
            return Err(HomeError::NotAFolder { path: absolute });
        }
        if there {
            Self { path: absolute.clone() }.check_usable()?;
        }
        private_fs::create_folder(&absolute).map_err(failed)?;
        let home = Self { path: absolute.canonicalize().map_err(failed)? };
        if home.path.to_str().is_none() {
            return Err(HomeError::NotUtf8 { path: home.path });
        }
        home.create_layout().map_err(failed)?;
        Ok(home)
    }

    /// Refuses a folder that is not to become the home, without touching it.
    fn check_usable(&self) -> Result<(), HomeError> {
        let path = self.path.clone();
        let failed = |error: io::Error| HomeError::io(&self.path, &error);
        let has_database = DatabaseKind::App
            .recognise(&self.app_db())
            .map_err(|error| HomeError::Database(Box::new(error)))?;
        if private_fs::is_read_only(&path).map_err(failed)? {
            return Err(HomeError::ReadOnly { path });
        }
        match fs::read_to_string(self.version()) {
            Ok(found) if found.trim() == LAYOUT_VERSION => Ok(()),
            Ok(found) => Err(HomeError::Newer { path, found: found.trim().chars().take(20).collect() }),
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(error)),
            // A database that was restored into a new folder makes it a home.
            Err(_) if has_database => Ok(()),
            Err(_) => {
                for entry in fs::read_dir(&path).map_err(failed)? {
                    let name = entry.map_err(failed)?.file_name();
                    if !FILES_ALLOWED_BEFORE.iter().any(|known| name.to_str() == Some(*known)) {
                        return Err(HomeError::NotAHome { path });
                    }
                }
                Ok(())
            }
        }
    }

    fn create_layout(&self) -> io::Result<()> {
        private_fs::restrict(&self.path)?;
        // `VERSION` comes first: with it a home that a crash left half made is known as one.
        for (path, content) in [(self.version(), LAYOUT_VERSION), (self.path.join(".gitignore"), "*")] {
            if !path.exists() {
                private_fs::write_file(&path, &format!("{content}\n"))?;
            }
            private_fs::restrict(&path)?;
        }
        for folder in [self.keys(), self.tenants()] {
            private_fs::create_folder(&folder)?;
            private_fs::restrict(&folder)?;
        }
        Ok(())
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
