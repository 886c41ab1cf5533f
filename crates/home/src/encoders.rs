//! The folders of the encoders that are installed: one for each, which is there whole or not at all.
//!
//! An encoder is made as a draft beside the others, and gets its name when it is whole and durable. Names of encoders begin
//! with a letter or a digit, so what begins with a dot is none: the lock, the draft, and an encoder that goes.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use syft_space_domain::encoder::EncoderName;

use crate::layout::Home;
use crate::{private_file, private_folder};

/// The file that whoever changes something has locked.
const LOCK: &str = ".lock";
/// What is not an encoder yet.
const DRAFT: &str = ".new";
/// What is no encoder any more.
const OLD: &str = ".old";

/// The folders of the encoders that are installed in a home. Whoever only looks at them needs no lock.
#[derive(Debug, Clone)]
pub struct EncoderFolders {
    home: Home,
}

impl EncoderFolders {
    /// Those of this home.
    #[must_use]
    pub fn new(home: Home) -> Self {
        Self { home }
    }

    /// The names of all, in their order. Whether there is an encoder in a folder of such a name is not looked at.
    ///
    /// # Errors
    /// When the folder of encoders is a link or a file, or cannot be listed.
    pub fn names(&self) -> io::Result<Vec<EncoderName>> {
        let folder = self.home.encoders();
        if !self.home.has_folder(&folder)? {
            return Ok(Vec::new());
        }
        let names = private_folder::list_names(&folder)?;
        let mut names: Vec<_> = names.iter().filter_map(|name| EncoderName::parse(name).ok()).collect();
        names.sort_unstable();
        Ok(names)
    }

    /// The folder of one.
    #[must_use]
    pub fn folder(&self, name: &EncoderName) -> PathBuf {
        self.home.encoders().join(name.as_str())
    }

    /// Takes the right to install and to remove, until it is dropped, and removes what an earlier holder left half done. It
    /// does not hang on the home's own lock: a server may run meanwhile.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] when somebody else has it; and when the folder of encoders is a link, or cannot be
    /// written to.
    pub fn lock(&self) -> io::Result<EncodersLock> {
        let folder = self.home.encoders();
        self.home.create_folder(&folder)?;
        let file = private_file::open_or_create(&folder.join(LOCK))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let told = "another command installs or removes an encoder at this moment; try again";
                return Err(io::Error::new(io::ErrorKind::WouldBlock, told));
            }
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let lock = EncodersLock { folders: self.clone(), _file: file };
        remove(&lock.path(DRAFT))?;
        remove(&lock.path(OLD))?;
        Ok(lock)
    }
}

/// The right to install and to remove encoders.
#[derive(Debug)]
pub struct EncodersLock {
    folders: EncoderFolders,
    _file: File,
}

impl EncodersLock {
    /// Begins an encoder, in place of a draft there was.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn draft(&self) -> io::Result<EncoderDraft<'_>> {
        let path = self.path(DRAFT);
        remove(&path)?;
        private_folder::create_one(&path)?;
        Ok(EncoderDraft { lock: self, path })
    }

    /// Removes one, durably, and answers whether there was one. A process that ends meanwhile leaves it whole, or none.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn remove(&self, name: &EncoderName) -> io::Result<bool> {
        let (place, old) = (self.folders.folder(name), self.path(OLD));
        if private_file::existing(&place)?.is_none() {
            return Ok(false);
        }
        remove(&old)?;
        private_file::rename(&place, &old)?;
        remove(&old)?;
        Ok(true)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folders.home.encoders().join(name)
    }
}

/// An encoder that is being made. Dropped before it is published, it goes.
#[derive(Debug)]
pub struct EncoderDraft<'a> {
    lock: &'a EncodersLock,
    path: PathBuf,
}

impl EncoderDraft<'_> {
    /// The folder of the draft.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Creates an empty file, and the folders on the way to it. The caller makes durable what it writes there.
    ///
    /// # Errors
    /// When there is something of that name, its path leads out of the draft, or it cannot be created.
    pub fn create_file(&self, name: &str) -> io::Result<File> {
        let path = self.path.join(name);
        let outside = || io::Error::new(io::ErrorKind::InvalidInput, "not in the draft");
        let folder = path.parent().filter(|folder| folder.starts_with(&self.path)).ok_or_else(outside)?;
        self.lock.folders.home.create_folder(folder)?;
        let file = private_file::create(&path)?;
        private_folder::sync(folder)?;
        Ok(file)
    }

    /// Gives the encoder its name, durably, in place of one that has it. Whenever a process ends meanwhile, the name has the
    /// one, or the other; or none where the system cannot exchange two folders.
    ///
    /// # Errors
    /// When it cannot get its name. Then all is as it was.
    pub fn publish(self, name: &EncoderName) -> io::Result<()> {
        let place = self.lock.folders.folder(name);
        private_folder::sync(&self.path)?;
        if private_file::existing(&place)?.is_none() {
            return private_file::rename(&self.path, &place);
        }
        if exchange(&self.path, &place).is_err() {
            let old = self.lock.path(OLD);
            private_file::rename(&place, &old)?;
            if let Err(error) = private_file::rename(&self.path, &place) {
                private_file::rename(&old, &place)?;
                return Err(error);
            }
            // What is left of it goes with the next lock.
            let _left = remove(&old);
        }
        self.lock.path(DRAFT).parent().map_or(Ok(()), private_folder::sync)
    }
}

impl Drop for EncoderDraft<'_> {
    fn drop(&mut self) {
        // What has been put in the draft's place goes too; and what is left of it with the next lock.
        let _left = remove(&self.path);
    }
}

/// Lets two folders have each other's names.
#[cfg(target_os = "linux")]
fn exchange(one: &Path, other: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    Ok(renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE)?)
}

#[cfg(not(target_os = "linux"))]
fn exchange(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Removes whatever is there, be it a link.
fn remove(path: &Path) -> io::Result<()> {
    match private_file::existing(path)? {
        Some(metadata) if metadata.is_dir() => private_folder::remove_all(path),
        Some(_) => private_file::remove(path),
        None => Ok(()),
    }
}
