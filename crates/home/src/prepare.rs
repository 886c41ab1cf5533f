//! How a folder becomes a home, and which folder does not.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::error::HomeError;
use crate::layout::{APP_DB, CONFIG, GITIGNORE, Home, KEYS, LOCK, OF_FILESYSTEM, TENANTS, VERSION};
use crate::private_file::Taken;
use crate::{private_file, private_folder};

/// The version of the layout that this release knows.
const LAYOUT_VERSION: &str = "1";
/// What is made in a home before anything else. None of it may be a link, or another user's.
const FIRST_ENTRIES: [&str; 5] = [VERSION, GITIGNORE, LOCK, KEYS, TENANTS];

impl Home {
    /// Makes a folder a home, or checks that it is one. It is its owner's alone afterwards, and what lies in it once the home
    /// is [locked](Home::lock), which tells of what was found open. Doing so again changes nothing.
    ///
    /// `recognise` is given the path of the database of everything but documents, looks at what is there without
    /// touching it, and says whether it is one of ours; a folder with such a database becomes a home.
    ///
    /// # Errors
    /// When the folder belongs to another user, holds a link in place of what makes it a home, holds something else,
    /// is of a later version, cannot be written to, is full, or its path is not UTF-8; and what `recognise` answers.
    /// The folder is then as it was.
    pub fn prepare<E: From<HomeError>>(
        path: &Path,
        recognise: impl FnOnce(&Path) -> Result<bool, E>,
    ) -> Result<Self, E> {
        let failed = |error: io::Error| HomeError::io(path, &error);
        let absolute = std::path::absolute(path).map_err(failed)?;
        let there = absolute.exists();
        if there && !absolute.is_dir() {
            return Err(HomeError::NotAFolder { path: absolute }.into());
        }
        if there {
            let home = Self { path: absolute.canonicalize().map_err(failed)?, was_open: false };
            home.check_entries()?;
            let has_database = recognise(&absolute.join(APP_DB))?;
            home.check_usable(&absolute, has_database)?;
        }
        private_folder::create(&absolute).map_err(failed)?;
        let mut home = Self { path: absolute.canonicalize().map_err(failed)?, was_open: false };
        if home.path.to_str().is_none() {
            return Err(HomeError::NotUtf8 { path: home.path }.into());
        }
        home.was_open = private_file::close(&home.path).map_err(failed)? == Taken::Rights;
        // Again, for whoever could write here before is kept out only now.
        home.check_entries()?;
        home.create_layout().map_err(failed)?;
        Ok(home)
    }

    /// Makes a folder a home, as [`Home::prepare`] does, for a space that keeps its database elsewhere.
    ///
    /// # Errors
    /// As for [`Home::prepare`], and when a folder that is no home yet has a database in it.
    pub fn prepare_without_database(path: &Path) -> Result<Self, HomeError> {
        Self::prepare(path, |_| Ok(false))
    }

    /// Refuses a home that another user can change, or that leads elsewhere.
    fn check_entries(&self) -> Result<(), HomeError> {
        let user = rustix::process::geteuid().as_raw();
        let entries = FIRST_ENTRIES.iter().map(|name| self.path.join(name));
        for path in [self.path.clone()].into_iter().chain(entries) {
            let there = private_file::existing(&path).map_err(|error| HomeError::io(&path, &error))?;
            let Some(metadata) = there else { continue };
            if metadata.is_symlink() {
                return Err(HomeError::Link { path });
            }
            if metadata.uid() != user {
                return Err(HomeError::ForeignOwner { path, owner: metadata.uid(), user });
            }
        }
        Ok(())
    }

    /// Refuses a folder that is not to become the home, without touching it. Errors name it as it was given.
    fn check_usable(&self, given: &Path, has_database: bool) -> Result<(), HomeError> {
        let failed = |error: io::Error| HomeError::io(given, &error);
        let path = given.to_owned();
        if private_file::is_read_only(&self.path).map_err(failed)? {
            return Err(HomeError::ReadOnly { path });
        }
        if let Some(found) = private_file::read_to_string(&self.path.join(VERSION)).map_err(failed)? {
            return if found.trim() == LAYOUT_VERSION {
                Ok(())
            } else {
                Err(HomeError::Newer { path, found: found.trim().chars().take(20).collect() })
            };
        }
        // A database that was restored into a new folder makes it a home.
        if has_database {
            return Ok(());
        }
        for entry in fs::read_dir(&self.path).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            let allowed = |name: &str| {
                name == CONFIG || name == OF_FILESYSTEM || private_file::is_draft_of(name, VERSION)
            };
            if !name.to_str().is_some_and(allowed) {
                // Another process may have made it a home since: VERSION comes first, and stays.
                if self.path.join(VERSION).symlink_metadata().is_ok() {
                    return self.check_usable(given, has_database);
                }
                return Err(HomeError::NotAHome { path });
            }
        }
        Ok(())
    }

    fn create_layout(&self) -> io::Result<()> {
        // `VERSION` comes first: with it a home that a crash left half made is known as one.
        for (name, content) in [(VERSION, LAYOUT_VERSION), (GITIGNORE, "*")] {
            let path = self.path.join(name);
            if private_file::existing(&path)?.is_none() {
                private_file::write(&path, format!("{content}\n").as_bytes())?;
            }
        }
        for folder in [self.keys(), self.path.join(TENANTS)] {
            private_folder::create_one(&folder)?;
        }
        Ok(())
    }
}
