//! Reading an archive of a tenant.

use std::fmt::Display;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use syft_space_domain::audit::{Checkpoint, VerifiedLog};
use syft_space_notes::VerifierKey;
use zip::ZipArchive;

use crate::cli::audit_proofs::read_log;
use crate::cli::checkpoint_files;
use crate::cli::exit::{CommandError, ExitStatus};
use crate::cli::named_file::not_read;
use crate::cli::tenant_archive::{
    ArchivedDataset, ArchivedEndpoint, ArchivedGroup, ArchivedMember, ArchivedPolicy, CHECKPOINT, DATASETS,
    ENDPOINTS, FORMAT, GROUPS, LOG, ListedFile, MANIFEST, MEMBERS, Manifest, POLICIES, documents_of,
};
use crate::routes::retention::LegalHold;

/// The most bytes of a document, written out as JSON; of anything else; and the most things of a list.
const MAX_DOCUMENT_BYTES: u64 = 64 << 20;
const MAX_ITEM_BYTES: u64 = 16 << 20;
const MAX_ITEMS: usize = 100_000;

/// An archive that is as it was written, whose log verifies, with all that is in it but documents and events.
pub(in crate::cli) struct Archive {
    files: ArchiveFiles,
    /// What tells it from any other.
    pub(super) digest: String,
    pub(super) groups: Vec<ArchivedGroup>,
    pub(super) policies: Vec<ArchivedPolicy>,
    pub(super) datasets: Vec<ArchivedDataset>,
    pub(super) endpoints: Vec<ArchivedEndpoint>,
    pub(super) members: Vec<ArchivedMember>,
    pub(super) log: VerifiedLog,
    /// What vouches for it.
    pub(super) checkpoint: Checkpoint,
}

impl Archive {
    /// Reads all of one, so that nothing is made of half an archive.
    ///
    /// # Errors
    /// When there is no such file, it is no archive of a tenant, not whole, or its log does not verify.
    pub(in crate::cli) fn open(path: &Path) -> anyhow::Result<Self> {
        let (mut files, digest) = ArchiveFiles::open(path)?;
        let datasets = files.list::<ArchivedDataset>(DATASETS)?;
        for place in 0..datasets.len() {
            files.check_listed(&documents_of(place))?;
        }
        for (name, listed) in files.manifest.files.clone() {
            if files.describe(&name)? != listed {
                return Err(files.broken(&name, &"it is not what the manifest lists").into());
            }
        }
        let groups = files.list(GROUPS)?;
        let policies = files.list(POLICIES)?;
        let endpoints = files.list(ENDPOINTS)?;
        let members = files.list(MEMBERS)?;
        let (log, checkpoint) = files.verify_log()?;
        Ok(Self { files, digest, groups, policies, datasets, endpoints, members, log, checkpoint })
    }

    pub(super) fn path(&self) -> &Path {
        &self.files.path
    }

    pub(super) fn manifest(&self) -> &Manifest {
        &self.files.manifest
    }

    pub(super) fn take_holds(&mut self) -> Vec<LegalHold> {
        std::mem::take(&mut self.files.manifest.holds)
    }

    /// The documents of the dataset at this place of the list, one at a time.
    pub(super) fn documents(&mut self, place: usize) -> Result<Items<impl BufRead + use<'_>>, CommandError> {
        self.files.items(&documents_of(place), MAX_DOCUMENT_BYTES)
    }
}

struct ArchiveFiles {
    path: PathBuf,
    zip: ZipArchive<BufReader<File>>,
    manifest: Manifest,
}

impl ArchiveFiles {
    /// Opens them, and answers the digest of the manifest.
    fn open(path: &Path) -> Result<(Self, String), CommandError> {
        let file = File::open(path).map_err(|error| not_read("FILE", &path.display().to_string(), &error))?;
        let mut zip = ZipArchive::new(BufReader::new(file)).map_err(|error| unusable(path, &error))?;
        let mut text = Vec::new();
        let manifest = zip.by_name(MANIFEST).map_err(|error| unusable(path, &error))?;
        manifest.take(MAX_ITEM_BYTES).read_to_end(&mut text).map_err(|error| unusable(path, &error))?;
        let manifest: Manifest = serde_json::from_slice(&text).map_err(|error| unusable(path, &error))?;
        if manifest.format != FORMAT {
            let why = format!("its form is {:?}, and this version knows {FORMAT:?}", manifest.format);
            return Err(unusable(path, &why));
        }
        Ok((Self { path: path.to_owned(), zip, manifest }, hex::encode(Sha256::digest(&text))))
    }

    /// Verifies that the log is the one that was signed, and whole.
    fn verify_log(&mut self) -> anyhow::Result<(VerifiedLog, Checkpoint)> {
        let key: VerifierKey =
            self.manifest.log_key.parse().map_err(|error| self.broken("log_key", &error))?;
        let (mut note, path) = (String::new(), self.path.clone());
        let read = self.file(CHECKPOINT)?.take(MAX_ITEM_BYTES).read_to_string(&mut note);
        read.map_err(|error| broken(&path, CHECKPOINT, &error))?;
        let checkpoint = checkpoint_files::verify(&note, &key);
        let checkpoint = checkpoint.map_err(|error| self.broken(CHECKPOINT, &error))?;
        let log = read_log(self.file(LOG)?, vec![checkpoint.clone()], Some(&key))?;
        Ok((log, checkpoint))
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

    fn check_listed(&self, name: &str) -> Result<(), CommandError> {
        match self.manifest.files.contains_key(name) {
            true => Ok(()),
            false => Err(self.broken(name, &"the manifest does not list it")),
        }
    }

    /// A file that the manifest lists, to be read from its beginning.
    fn file<'a>(&'a mut self, name: &str) -> Result<impl BufRead + use<'a>, CommandError> {
        self.check_listed(name)?;
        let path = self.path.clone();
        let file = self.zip.by_name(name).map_err(|error| broken(&path, name, &error))?;
        Ok(BufReader::new(file))
    }

    /// All things of a list.
    fn list<T: DeserializeOwned>(&mut self, name: &str) -> Result<Vec<T>, CommandError> {
        let path = self.path.clone();
        let (mut items, mut all) = (self.items(name, MAX_ITEM_BYTES)?, Vec::new());
        while let Some(item) = items.next()? {
            all.push(item);
            if all.len() > MAX_ITEMS {
                return Err(broken(&path, name, &format_args!("it has more than {MAX_ITEMS} lines")));
            }
        }
        Ok(all)
    }

    /// The things of a list, one at a time.
    fn items<'a>(&'a mut self, name: &str, most: u64) -> Result<Items<impl BufRead + use<'a>>, CommandError> {
        let path = self.path.clone();
        Ok(Items { reader: self.file(name)?, path, name: name.to_owned(), most, line: String::new() })
    }

    fn broken(&self, name: &str, error: &dyn Display) -> CommandError {
        broken(&self.path, name, error)
    }
}

/// The things of a list.
pub(super) struct Items<R> {
    reader: R,
    path: PathBuf,
    name: String,
    most: u64,
    line: String,
}

impl<R: BufRead> Items<R> {
    pub(super) fn next<T: DeserializeOwned>(&mut self) -> Result<Option<T>, CommandError> {
        self.line.clear();
        let read = self.reader.by_ref().take(self.most).read_line(&mut self.line);
        let failed = |error: &dyn Display| broken(&self.path, &self.name, error);
        if read.map_err(|error| failed(&error))? == 0 {
            return Ok(None);
        }
        serde_json::from_str(&self.line).map(Some).map_err(|error| failed(&error))
    }
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
