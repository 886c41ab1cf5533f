//! The folder of a job whose files are being brought: small ones go into packs, a large one into a file of its own.

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;

use syft_space_domain::dataset::ports::{SpoolError, SpooledFile, UploadWriter};
use syft_space_domain::store::StoreError;

use super::pack::PackWriter;
use super::{LIST_FILE, alone_name, failed, remove_folder};
use crate::{private_file, private_folder};

/// A job's folder, as long as its list is not written.
pub(super) struct JobFolder {
    path: PathBuf,
    /// How many files were begun.
    count: usize,
    /// The pack of the file that was begun last.
    pack: PackWriter,
    open: Open,
    sealed: bool,
}

/// Where the file that was begun last is written to.
enum Open {
    /// There is none, or it was discarded.
    Nothing,
    Packed,
    Alone(File),
}

impl JobFolder {
    /// A folder that is there, without files.
    pub(super) fn new(path: PathBuf) -> Self {
        let pack = PackWriter::new(&path, 0);
        Self { path, count: 0, pack, open: Open::Nothing, sealed: false }
    }

    /// Makes a large file durable, and closes it. A pack follows when it is full.
    fn end_file(&mut self) -> io::Result<()> {
        match std::mem::replace(&mut self.open, Open::Nothing) {
            Open::Alone(file) => file.sync_data(),
            Open::Packed | Open::Nothing => Ok(()),
        }
    }

    /// Makes the pack durable, and goes on to the next.
    fn end_pack(&mut self) -> io::Result<()> {
        let next = PackWriter::new(&self.path, self.count);
        std::mem::replace(&mut self.pack, next).finish()
    }

    /// Where the file that was begun last lies when it is large.
    fn last_alone(&self) -> PathBuf {
        self.path.join(alone_name(self.count.saturating_sub(1)))
    }

    fn begin(&mut self) -> io::Result<()> {
        self.end_file()?;
        if self.pack.is_full() {
            self.end_pack()?;
        }
        self.pack.begin_file();
        self.count = self.count.saturating_add(1);
        self.open = Open::Packed;
        Ok(())
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        if matches!(self.open, Open::Packed) {
            if self.pack.append(bytes)? {
                return Ok(());
            }
            let mut file = private_file::create(&self.last_alone())?;
            self.pack.move_last(&mut file)?;
            self.open = Open::Alone(file);
        }
        match &mut self.open {
            Open::Alone(file) => file.write_all(bytes),
            Open::Packed | Open::Nothing => Err(io::Error::other("no file was begun")),
        }
    }

    fn discard(&mut self) -> io::Result<()> {
        match std::mem::replace(&mut self.open, Open::Nothing) {
            Open::Alone(file) => {
                drop(file);
                private_file::remove(&self.last_alone())
            }
            Open::Packed => self.pack.discard_last(),
            Open::Nothing => Ok(()),
        }
    }

    /// The list is last: with it the job's files are whole.
    fn end(&mut self, list: &[u8]) -> io::Result<()> {
        self.end_file()?;
        self.end_pack()?;
        private_folder::sync(&self.path)?;
        private_file::write(&self.path.join(LIST_FILE), list)
    }
}

impl UploadWriter for JobFolder {
    fn begin_file(&mut self) -> Result<(), SpoolError> {
        self.begin().map_err(|error| failed(&error))
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), SpoolError> {
        self.append(bytes).map_err(|error| failed(&error))
    }

    fn discard_file(&mut self) -> Result<(), SpoolError> {
        self.discard().map_err(|error| failed(&error))
    }

    fn seal(mut self: Box<Self>, files: &[SpooledFile]) -> Result<(), SpoolError> {
        let list = serde_json::to_vec(files).map_err(StoreError::failed)?;
        self.end(&list).map_err(|error| failed(&error))?;
        self.sealed = true;
        Ok(())
    }
}

impl Drop for JobFolder {
    fn drop(&mut self) {
        if self.sealed {
            return;
        }
        if let Err(error) = remove_folder(&self.path) {
            tracing::warn!(%error, folder = %self.path.display(),
                "files that were not taken in stay until the next start");
        }
    }
}
