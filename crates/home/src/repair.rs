//! What others may do with what lies in a home is taken from them again whenever it is taken for a process.
//!
//! Whoever mounts a volume for a group gives that group all that is in it, at each mount (Kubernetes' `fsGroup`: as
//! `chgrp -R` and `chmod -R g+rwX` do). So what is found open is mended, and said aloud, rather than refused. A key is
//! mended only where nobody else can have put it there: a plain file of this user's, of one name, that was never open to
//! all.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::error::HomeError;
use crate::layout::{Home, KEY_FILES, OF_FILESYSTEM};
use crate::private_file::{LEFT_OPEN, Taken};
use crate::{private_file, private_folder};

/// What is everybody's.
const EVERYBODYS: u32 = 0o007;

/// What is to be thought of where more was open than the home's own folder.
const OF_DATA: &str = ". Who could write there could also put a database of their own in place of the home's: if the \
    group is not trusted, restore a backup";

/// The same where keys were among it.
const OF_KEYS: &str = ". And the keys of the home were among them: if anybody but this server is in their group, or was, \
    make a new signing key with `syft-space keys rotate --revoke`, and give every stored secret a new value under a new \
    sealing key";

/// What was found open.
#[derive(Default)]
struct Found {
    closed: Tally,
    left: Tally,
    keys: bool,
}

/// How many, and which was the first.
#[derive(Default)]
struct Tally {
    count: u64,
    first: Option<PathBuf>,
}

impl Home {
    /// Takes from everybody but the owner what they may do with anything in the home, but for files of several names. The
    /// caller has the home's lock, and
    /// the home's own folder is closed already, so nobody opens more meanwhile. What was found is told of in one line, however
    /// much it was.
    ///
    /// # Errors
    /// When a key is a link, another user's, one of several names of a file, or was open to everybody; or when something
    /// that is open cannot be closed.
    pub(crate) fn make_private(&self) -> Result<(), HomeError> {
        self.check_keys()?;
        let mut found = Found::default();
        if self.was_open {
            found.closed.add(&self.path);
        }
        let mut folders = vec![self.path.clone()];
        while let Some(folder) = folders.pop() {
            let entries = fs::read_dir(&folder).map_err(|error| HomeError::io(&folder, &error))?;
            for entry in entries {
                let path = entry.map_err(|error| HomeError::io(&folder, &error))?.path();
                if self.take_entry(&path, &mut found)? {
                    folders.push(path);
                }
            }
        }
        found.tell(&self.path);
        Ok(())
    }

    /// Takes one entry from others, and answers whether it is a folder to go on in.
    fn take_entry(&self, path: &Path, found: &mut Found) -> Result<bool, HomeError> {
        let failed = |error: io::Error| HomeError::io(path, &error);
        let Some(metadata) = private_file::existing(path).map_err(failed)? else { return Ok(false) };
        let is_key = path.parent() == Some(&*self.keys());
        // What leads elsewhere is refused where it is used, and what is another's is not ours to change.
        let is_ours = metadata.uid() == rustix::process::geteuid().as_raw();
        let is_plain = metadata.is_dir() || metadata.is_file();
        if !is_ours || !is_plain || path.file_name().is_some_and(|name| name == OF_FILESYSTEM) {
            return Ok(false);
        }
        match private_file::take_from_others(path, &metadata).map_err(failed)? {
            Taken::Nothing => {}
            Taken::Rights => {
                found.closed.add(path);
                found.keys |= is_key;
            }
            Taken::NotOurs => found.left.add(path),
        }
        Ok(metadata.is_dir())
    }

    /// Checks the keys before anything is closed, which a second name of one could be. What a crash left of a key that was
    /// being written is such a name, and goes.
    fn check_keys(&self) -> Result<(), HomeError> {
        let folder = self.keys();
        let failed = |error: io::Error| HomeError::io(&folder, &error);
        let names = private_folder::list_names(&folder).map_err(failed)?;
        let (drafts, keys): (Vec<_>, Vec<_>) =
            names.iter().partition(|name| KEY_FILES.iter().any(|key| private_file::is_draft_of(name, key)));
        drafts.iter().try_for_each(|name| private_file::remove(&folder.join(name))).map_err(failed)?;
        keys.iter().try_for_each(|name| check_key(&folder.join(name)))
    }
}

impl Tally {
    fn add(&mut self, path: &Path) {
        self.count = self.count.saturating_add(1);
        self.first.get_or_insert_with(|| path.to_owned());
    }
}

impl Found {
    fn tell(&self, home: &Path) {
        if let Some(first) = &self.left.first {
            tracing::warn!(count = self.left.count, first = %first.display(), "{LEFT_OPEN}");
        }
        let Some(first) = &self.closed.first else { return };
        let of_data = if first == home && self.closed.count == 1 { "" } else { OF_DATA };
        let of_keys = if self.keys { OF_KEYS } else { "" };
        tracing::warn!(
            count = self.closed.count,
            first = %first.display(),
            "others could use files and folders of the home, as after a mount for a group; now the owner alone \
             can{of_data}{of_keys}"
        );
    }
}

/// Refuses a key that somebody else could have put there, or that everybody could read.
fn check_key(path: &Path) -> Result<(), HomeError> {
    let there = private_file::existing(path).map_err(|error| HomeError::io(path, &error))?;
    let Some(metadata) = there else { return Ok(()) };
    let (path, mode) = (path.to_owned(), metadata.permissions().mode() & 0o777);
    let user = rustix::process::geteuid().as_raw();
    if metadata.is_symlink() {
        return Err(HomeError::Link { path });
    }
    if metadata.uid() != user {
        return Err(HomeError::ForeignOwner { path, owner: metadata.uid(), user });
    }
    let is_open = metadata.permissions().mode() & private_file::OTHERS_MASK != 0;
    if metadata.is_file() && is_open && (mode & EVERYBODYS != 0 || metadata.nlink() != 1) {
        return Err(HomeError::OpenKey { path, mode });
    }
    Ok(())
}
