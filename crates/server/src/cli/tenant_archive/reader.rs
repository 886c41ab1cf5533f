//! Reading an archive of a tenant.

use std::fmt::Display;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use zip::ZipArchive;
use zip::result::ZipError;

use crate::cli::exit::{CommandError, ExitStatus};
use crate::cli::tenant_archive::{FORMAT, ListedFile, MANIFEST, Manifest};

/// The most bytes of a line: those of the longest document, written out as JSON, or of a group with all its members.
const MAX_LINE_BYTES: u64 = 128 << 20;
const MAX_MANIFEST_BYTES: u64 = 16 << 20;

/// An archive whose files are those that its manifest lists.
pub(super) struct ArchiveReader {
    path: PathBuf,
    zip: ZipArchive<BufReader<File>>,
    pub(super) manifest: Manifest,
}

impl ArchiveReader {
    /// Opens one, and reads all of it once, so that nothing is made of half an archive.
    ///
    /// # Errors
    /// When there is no such file, it is no archive of a tenant, or not whole.
    pub(super) fn open(path: &Path) -> Result<Self, CommandError> {
        let file = File::open(path).map_err(|error| {
            let status = match error.kind() {
                io::ErrorKind::NotFound => ExitStatus::NotFound,
                _ => ExitStatus::Failed,
            };
            CommandError::new(status, format!("FILE: reading {}: {error}", path.display()))
        })?;
        let mut zip = ZipArchive::new(BufReader::new(file)).map_err(|error| unusable(path, &error))?;
        let manifest = read_manifest(&mut zip).map_err(|error| unusable(path, &error))?;
        if manifest.format != FORMAT {
            let why = format!("its form is {:?}, and this version knows {FORMAT:?}", manifest.format);
            return Err(unusable(path, &why));
        }
        let mut archive = Self { path: path.to_owned(), zip, manifest };
        for (name, listed) in archive.manifest.files.clone() {
            if archive.describe(&name)? != listed {
                return Err(archive.broken(&name, &"it is not what the manifest lists"));
            }
        }
        Ok(archive)
    }

    /// A file as it is.
    fn describe(&mut self, name: &str) -> Result<ListedFile, CommandError> {
        let (mut items, mut hash) = (0_u64, Sha256::new());
        let path = self.path.clone();
        let mut reader = self.file(name)?;
        loop {
            let read = reader.fill_buf().map_err(|error| broken(&path, name, &error))?;
            let length = read.len();
            if length == 0 {
                return Ok(ListedFile { items, sha256: hex::encode(hash.finalize()) });
            }
            let lines = read.iter().filter(|byte| **byte == b'\n').count();
            items = items.saturating_add(u64::try_from(lines).unwrap_or(u64::MAX));
            hash.update(read);
            reader.consume(length);
        }
    }

    /// A file, to be read from its beginning.
    pub(super) fn file(&mut self, name: &str) -> Result<impl BufRead + '_, CommandError> {
        let path = self.path.clone();
        let file = self.zip.by_name(name).map_err(|error| broken(&path, name, &error))?;
        Ok(BufReader::new(file))
    }

    /// All of a short text.
    pub(super) fn text(&mut self, name: &str) -> Result<String, CommandError> {
        let (mut text, path) = (String::new(), self.path.clone());
        let read = self.file(name)?.take(MAX_MANIFEST_BYTES).read_to_string(&mut text);
        read.map_err(|error| broken(&path, name, &error))?;
        Ok(text)
    }

    /// All items of a short list.
    pub(super) fn items<T: DeserializeOwned>(&mut self, name: &str) -> Result<Vec<T>, CommandError> {
        let (mut items, mut all) = (self.each(name)?, Vec::new());
        while let Some(item) = items.next()? {
            all.push(item);
        }
        Ok(all)
    }

    /// The items of a list, one at a time.
    pub(super) fn each(&mut self, name: &str) -> Result<Items<impl BufRead + '_>, CommandError> {
        let path = self.path.clone();
        Ok(Items { reader: self.file(name)?, path, name: name.to_owned(), line: String::new() })
    }

    pub(super) fn broken(&self, name: &str, error: &dyn Display) -> CommandError {
        broken(&self.path, name, error)
    }
}

/// The items of a list.
pub(super) struct Items<R> {
    reader: R,
    path: PathBuf,
    name: String,
    line: String,
}

impl<R: BufRead> Items<R> {
    pub(super) fn next<T: DeserializeOwned>(&mut self) -> Result<Option<T>, CommandError> {
        self.line.clear();
        let read = self.reader.by_ref().take(MAX_LINE_BYTES).read_line(&mut self.line);
        let failed = |error: &dyn Display| broken(&self.path, &self.name, error);
        if read.map_err(|error| failed(&error))? == 0 {
            return Ok(None);
        }
        serde_json::from_str(&self.line).map(Some).map_err(|error| failed(&error))
    }
}

fn read_manifest(zip: &mut ZipArchive<BufReader<File>>) -> Result<Manifest, ZipError> {
    let file = zip.by_name(MANIFEST)?.take(MAX_MANIFEST_BYTES);
    serde_json::from_reader(file).map_err(|error| ZipError::Io(error.into()))
}

fn unusable(path: &Path, error: &dyn Display) -> CommandError {
    let message = format!(
        "FILE: {} is no archive of a tenant that this version can read: {error}; `syft-space tenants export` writes one",
        path.display()
    );
    CommandError::new(ExitStatus::Refused, message)
}

fn broken(path: &Path, name: &str, error: &dyn Display) -> CommandError {
    let message = format!(
        "FILE: {} is not as it was written: {name}: {error}; copy it anew, or export the tenant again",
        path.display()
    );
    CommandError::new(ExitStatus::Refused, message)
}
