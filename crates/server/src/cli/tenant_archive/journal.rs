//! What an import has made so far, in a file beside the archive: so that one that is broken off goes on where it was, and touches nothing that
//! somebody else made or has changed since.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use serde::{Deserialize, Serialize};
use syft_space_domain::ids::TenantId;

use crate::cli::exit::{CommandError, ExitStatus};

/// A step of an import. Each is of a thing, by its name in the archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Step {
    Group,
    GroupMembers,
    Policy,
    /// What a policy says, as it was made.
    PolicyDigest,
    Dataset,
    Endpoint,
    /// An endpoint has its policies, and is published if it was.
    EndpointReady,
    /// All that is expected of an endpoint is set.
    Expectations,
    /// The log that the tenant had is named in the one that it has now.
    Log,
    /// A legal hold stands, by the id that it had.
    Hold,
    Terms,
    Settings,
    /// Somebody is invited.
    InvitationIssued,
    /// And how they join was shown.
    Invitation,
}

/// A line of the file.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    /// The import of this archive into this tenant.
    Import { archive: String, tenant: TenantId },
    /// It is about to be done. What is called so from now on is the import's.
    Begun { step: Step, name: String },
    /// It was refused, so what is called so is not the import's.
    Taken { step: Step, name: String },
    /// It is done; with the id that the thing has now.
    Done { step: Step, name: String, id: String },
    /// So many documents of a dataset were sent.
    Sent { dataset: String, documents: u64 },
    /// A document was not taken.
    Refused { dataset: String, document: String, why: String },
}

/// A document that was not taken.
#[derive(Clone)]
pub(super) struct RefusedDocument {
    pub(super) dataset: String,
    pub(super) document: String,
    pub(super) why: String,
}

/// The journal of an import.
pub(super) struct Journal {
    path: PathBuf,
    file: File,
    begun: BTreeSet<(Step, String)>,
    done: BTreeMap<(Step, String), String>,
    sent: BTreeMap<String, u64>,
    pub(super) refused: Vec<RefusedDocument>,
    /// Whether the import was begun before.
    pub(super) goes_on: bool,
}

impl Journal {
    /// The journal of the import of an archive, by its digest, into a tenant. Nothing is written into a new one before it is [begun](Self::start).
    ///
    /// # Errors
    /// When it cannot be read or written, is of another archive, or another import is at it.
    pub(super) fn open(archive: &Path, digest: &str, tenant: TenantId) -> Result<Self, CommandError> {
        let path = PathBuf::from(format!("{}.{tenant}.import", archive.display()));
        let failed = |error: io::Error| failed(&path, &error);
        // No link is followed, and nobody waits for what is no file.
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let flags = i32::try_from(flags.bits()).map_err(|error| failed(io::Error::other(error)))?;
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true).mode(0o600).custom_flags(flags);
        let file = options.open(&path).map_err(failed)?;
        if !file.metadata().map_err(failed)?.is_file() {
            return Err(failed(io::Error::other("it is no file")));
        }
        file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => CommandError::new(
                ExitStatus::Refused,
                "this archive is being imported into this tenant already",
            ),
            TryLockError::Error(error) => failed(error),
        })?;
        let text = io::read_to_string(&file).map_err(failed)?;
        let (begun, done, sent) = (BTreeSet::new(), BTreeMap::new(), BTreeMap::new());
        let mut journal = Self { path, file, begun, done, sent, refused: Vec::new(), goes_on: false };
        // The last line may have been cut off as it was written: then what it tells of is not known to be done.
        for line in text.split_inclusive('\n').filter(|line| line.ends_with('\n')) {
            journal.read(line, digest, tenant)?;
        }
        if journal.goes_on && !text.ends_with('\n') {
            journal.write_all("\n")?;
        }
        Ok(journal)
    }

    /// Begins a new one.
    pub(super) fn start(&mut self, digest: &str, tenant: TenantId) -> Result<(), CommandError> {
        // Of one that was not begun there is at most a part of its first line.
        self.file.set_len(0).map_err(|error| failed(&self.path, &error))?;
        self.write(&Line::Import { archive: digest.to_owned(), tenant })
    }

    fn read(&mut self, line: &str, digest: &str, tenant: TenantId) -> Result<(), CommandError> {
        match serde_json::from_str(line) {
            Ok(Line::Import { archive, tenant: of }) if archive == digest && of == tenant => {
                self.goes_on = true;
            }
            Ok(Line::Import { .. }) => {
                let message = format!(
                    "{} is of the import of another archive that had the name of this one: finish that, or remove this file",
                    self.path.display()
                );
                return Err(CommandError::new(ExitStatus::Refused, message));
            }
            Ok(Line::Begun { step, name }) => drop(self.begun.insert((step, name))),
            Ok(Line::Done { step, name, id }) => drop(self.done.insert((step, name), id)),
            Ok(Line::Sent { dataset, documents }) => drop(self.sent.insert(dataset, documents)),
            Ok(Line::Taken { step, name }) => drop(self.begun.remove(&(step, name))),
            Ok(Line::Refused { dataset, document, why }) => {
                self.refused.push(RefusedDocument { dataset, document, why });
            }
            // What a cut line became when the next one was written.
            Err(_) => {}
        }
        Ok(())
    }

    pub(super) fn is_begun(&self, step: Step, name: &str) -> bool {
        self.begun.contains(&(step, name.to_owned()))
    }

    /// The id that a thing has which is done.
    pub(super) fn done(&self, step: Step, name: &str) -> Option<&str> {
        self.done.get(&(step, name.to_owned())).map(String::as_str)
    }

    /// Whether the import made a thing of this id.
    pub(super) fn made(&self, step: Step, id: &str) -> bool {
        self.done.iter().any(|((of, _), made)| *of == step && made == id)
    }

    /// How many documents of a dataset were sent.
    pub(super) fn sent(&self, dataset: &str) -> u64 {
        self.sent.get(dataset).copied().unwrap_or_default()
    }

    pub(super) fn begin(&mut self, step: Step, name: &str) -> Result<(), CommandError> {
        self.begun.insert((step, name.to_owned()));
        self.write(&Line::Begun { step, name: name.to_owned() })
    }

    pub(super) fn end(&mut self, step: Step, name: &str, id: &str) -> Result<(), CommandError> {
        self.done.insert((step, name.to_owned()), id.to_owned());
        self.write(&Line::Done { step, name: name.to_owned(), id: id.to_owned() })
    }

    pub(super) fn send(&mut self, dataset: &str, documents: u64) -> Result<(), CommandError> {
        self.sent.insert(dataset.to_owned(), documents);
        self.write(&Line::Sent { dataset: dataset.to_owned(), documents })
    }

    /// Takes back that something was begun: it was refused, and what is called so is somebody else's.
    pub(super) fn take_back(&mut self, step: Step, name: &str) -> Result<(), CommandError> {
        self.begun.remove(&(step, name.to_owned()));
        self.write(&Line::Taken { step, name: name.to_owned() })
    }

    pub(super) fn refuse(&mut self, refused: RefusedDocument) -> Result<(), CommandError> {
        let RefusedDocument { dataset, document, why } = refused.clone();
        self.write(&Line::Refused { dataset, document, why })?;
        self.refused.push(refused);
        Ok(())
    }

    /// Removes it: all of the archive is there.
    pub(super) fn finish(self) -> Result<(), CommandError> {
        match std::fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(&self.path, &error)),
            _ => Ok(()),
        }
    }

    fn write(&mut self, line: &Line) -> Result<(), CommandError> {
        let text = serde_json::to_string(line).map_err(|error| failed(&self.path, &error.into()))?;
        self.write_all(&format!("{text}\n"))
    }

    fn write_all(&mut self, text: &str) -> Result<(), CommandError> {
        let written = self.file.write_all(text.as_bytes()).and_then(|()| self.file.sync_data());
        written.map_err(|error| failed(&self.path, &error))
    }
}

fn failed(path: &Path, error: &io::Error) -> CommandError {
    let message =
        format!("what is imported is written down beside the archive, in {}: {error}", path.display());
    CommandError::new(ExitStatus::Failed, message)
}
