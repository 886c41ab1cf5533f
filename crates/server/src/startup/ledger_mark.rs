//! By what a home and a folder know that the home's erasure ledger is in the folder: so that one that is not there, because a disk is not
//! mounted, say, is not taken for an empty one.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use syft_space_home::private_file;

use crate::background::note_file;

/// The file in the folder: it names each installation whose ledger is there.
const IN_FOLDER: &str = "erasure-ledger.txt";
/// The most bytes of it that are read.
const MAX_BYTES: u64 = 64 << 10;

/// What a space is known by.
pub(crate) struct LedgerMark {
    /// The file in the home: it says in which folder the ledger is.
    of_home: PathBuf,
    installation: String,
}

/// The folder in which the ledger of a home is, by the home's own file.
///
/// # Errors
/// When the file cannot be read.
pub(crate) fn folder_of_home(of_home: &Path) -> io::Result<Option<PathBuf>> {
    let Some(mut bytes) = private_file::read(of_home)? else { return Ok(None) };
    while bytes.last() == Some(&b'\n') {
        bytes.pop();
    }
    Ok((!bytes.is_empty()).then(|| OsString::from_vec(bytes).into()))
}

impl LedgerMark {
    pub(crate) fn new(of_home: PathBuf, installation: &str) -> Self {
        Self { of_home, installation: installation.to_owned() }
    }

    /// That the home has had a ledger and the folder has it not: what to do.
    pub(crate) fn missing(&self, folder: &Path) -> String {
        format!(
            "{} holds no erasure ledger of this space, and {} says that there is one: without it whoever was erased could be served again. \
             Mount or restore the folder, or have audit_checkpoint_folder name the one where it is; if it is lost, remove {}, and what this \
             home knows of erasures begins a new one",
            folder.display(),
            self.of_home.display(),
            self.of_home.display()
        )
    }

    /// Whether the home has had a ledger.
    pub(crate) fn is_known(&self) -> io::Result<bool> {
        Ok(folder_of_home(&self.of_home)?.is_some())
    }

    /// Whether the ledger is in this folder.
    pub(crate) fn is_in(&self, folder: &Path) -> io::Result<bool> {
        match note_file::read(&folder.join(IN_FOLDER), MAX_BYTES) {
            Ok(bytes) => {
                Ok(bytes.split(|byte| *byte == b'\n').any(|line| line == self.installation.as_bytes()))
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// The ledger is in this folder from now on: the folder knows it first, for the home holds the folder to it. The folder is only added
    /// to.
    pub(crate) fn set_in(&self, folder: &Path) -> io::Result<()> {
        if !self.is_in(folder)? {
            let mut options = OpenOptions::new();
            let mut file = options.append(true).create(true).mode(0o600).open(folder.join(IN_FOLDER))?;
            // Behind what a power cut left.
            file.write_all(format!("\n{}\n", self.installation).as_bytes())?;
            file.sync_all()?;
            File::open(folder)?.sync_all()?;
        }
        self.set_home(folder)
    }

    /// The home knows the folder.
    pub(crate) fn set_home(&self, folder: &Path) -> io::Result<()> {
        if folder_of_home(&self.of_home)?.as_deref() == Some(folder) {
            return Ok(());
        }
        private_file::write(&self.of_home, &[folder.as_os_str().as_bytes(), b"\n"].concat())
    }
}
