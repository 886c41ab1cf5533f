//! Taking in files: they are durable, and their job is known, before anything is acknowledged. What they say is
//! looked at later, in the background.
//!
//! Everything here blocks on a disk.

use std::collections::HashSet;

use futures_executor::block_on;
use sha2::{Digest, Sha256};

use crate::access::Permission;
use crate::audit::{Action, Event, ObjectKind, RequestContext};
use crate::dataset::ingest::{add_job, check_local, check_queue, find_dataset};
use crate::dataset::ports::{SpooledFile, UploadWriter};
use crate::dataset::task::Task;
use crate::dataset::{ContentHash, FILE_MAX_BYTES, FileName, IngestError, Job, JobProgress, JobStatus};
use crate::identity::Principal;
use crate::ids::{DatasetId, JobId};
use crate::space::Space;
use crate::store::StoreError;
use crate::tenant::TenantScope;

/// Files were not taken in: none of them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UploadError {
    /// Two files have one name, so that one document would be made of both.
    #[error("the file {0:?} stands twice in this request")]
    Twice(String),
    /// There are more than one request may bring.
    #[error("a request may bring {} files: send the others in another request", Upload::MAX_FILES)]
    TooMany,
    /// There is none.
    #[error("there is no file in the request: send each as a part with a filename")]
    NoFile,
    /// Anything that has nothing to do with the request's form.
    #[error(transparent)]
    Ingest(#[from] IngestError),
}

impl From<StoreError> for UploadError {
    fn from(error: StoreError) -> Self {
        Self::Ingest(error.into())
    }
}

/// Files on their way in. Dropping it takes none in, and leaves nothing behind.
pub struct Upload {
    space: Space,
    principal: Principal,
    scope: TenantScope,
    job: Job,
    event: Event,
    intake: Box<dyn UploadWriter>,
    files: Vec<SpooledFile>,
    names: HashSet<String>,
    open: Option<Open>,
}

/// The file that is being brought.
struct Open {
    name: String,
    bytes: u64,
    hasher: Sha256,
}

impl Upload {
    /// The most files of one request.
    pub const MAX_FILES: usize = 1_000;

    /// Begins to take in files.
    ///
    /// # Errors
    /// When there is no such dataset, too much is on its way already, the caller's role does not permit it, or a port failed.
    pub fn begin(
        space: &Space,
        context: &RequestContext,
        principal: &Principal,
        dataset: DatasetId,
    ) -> Result<Self, IngestError> {
        let scope = principal.scope(Permission::WriteDatasets)?;
        let job = Job {
            id: JobId::generate(context.now, &*context.entropy)?,
            dataset,
            status: JobStatus::Queued,
            documents_total: 0,
            bytes_total: 0,
            progress: JobProgress::default(),
            created_at: context.now,
            finished_at: None,
        };
        let event = principal.event(context, Action::SensitiveCreate)?.on(ObjectKind::Job, job.id);
        // A dataset on its way out takes its lock before its folder goes: none is made behind it.
        let intake = space.datasets.with_lock(dataset, || {
            check_local(&find_dataset(space, principal, Permission::WriteDatasets, &event, dataset)?)?;
            check_queue(space, &scope)?;
            Ok::<_, IngestError>(space.spool.begin(&scope, dataset, job.id)?)
        })?;
        let (files, names) = (Vec::new(), HashSet::new());
        let (space, principal) = (space.clone(), principal.clone());
        Ok(Self { space, principal, scope, job, event, intake, files, names, open: None })
    }

    /// Begins the next file. A name that is none is taken all the same, and told of as an error of the job.
    ///
    /// # Errors
    /// When it may not be brought, or could not be stored.
    pub fn begin_file(&mut self, name: &str) -> Result<(), UploadError> {
        self.end_file();
        self.check_permitted()?;
        if self.files.len() >= Self::MAX_FILES {
            return Err(UploadError::TooMany);
        }
        // A character more than a name may have is enough to know that it is none.
        let name: String = name.chars().take(FileName::MAX.saturating_add(1)).collect();
        if !self.names.insert(name.clone()) {
            return Err(UploadError::Twice(name));
        }
        self.intake.begin_file().map_err(|error| self.failed(error))?;
        self.open = Some(Open { name, bytes: 0, hasher: Sha256::new() });
        Ok(())
    }

    /// Adds bytes to the file that was begun last. Of one that grows too large nothing is kept, and the job tells.
    ///
    /// # Errors
    /// When they could not be stored.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), UploadError> {
        self.check_permitted()?;
        let Some(open) = &mut self.open else { return Err(UploadError::NoFile) };
        let max = u64::try_from(FILE_MAX_BYTES).unwrap_or(u64::MAX);
        let was_kept = open.bytes <= max;
        open.bytes = open.bytes.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        open.hasher.update(bytes);
        let kept = match (was_kept, open.bytes <= max) {
            (_, true) => self.intake.write(bytes),
            (true, false) => self.intake.discard_file(),
            (false, false) => Ok(()),
        };
        kept.map_err(|error| self.failed(error))
    }

    /// Files may come for hours: nothing more is taken from somebody who may not bring them any more.
    fn check_permitted(&self) -> Result<(), IngestError> {
        block_on(self.principal.recheck_ahead(&self.space, Permission::WriteDatasets, &self.event))
    }

    fn end_file(&mut self) {
        if let Some(Open { name, bytes, hasher }) = self.open.take() {
            self.files.push(SpooledFile { name, bytes, sha256: ContentHash::finished(hasher) });
        }
    }

    /// Ends the last file, makes all of them durable, and then their job. It is worked off in the background.
    ///
    /// # Errors
    /// When there are no files or too many, they may not be brought any more, the dataset is gone, or a port failed.
    pub fn finish(mut self) -> Result<Job, UploadError> {
        self.end_file();
        self.check_permitted()?;
        if self.files.is_empty() {
            return Err(UploadError::NoFile);
        }
        let Self { space, principal, scope, mut job, event, intake, files, .. } = self;
        job.documents_total = u64::try_from(files.len()).unwrap_or(u64::MAX);
        job.bytes_total = files.iter().map(|file| file.bytes).sum();
        let dataset = job.dataset;
        space.datasets.with_lock(dataset, || {
            find_dataset(&space, &principal, Permission::WriteDatasets, &event, dataset)?;
            check_queue(&space, &scope)?;
            intake.seal(&files)?;
            let added = add_job(&space, &principal, job.clone(), event);
            if added.is_err() {
                // Whatever stays is removed at the next start.
                drop(space.spool.remove(&scope, dataset, job.id));
            }
            added
        })?;
        space.ingestion.add(scope, Task::files(job.clone(), files));
        Ok(job)
    }

    /// A folder that went away with its dataset is no failure of the store.
    fn failed(&self, error: StoreError) -> UploadError {
        let (space, principal) = (&self.space, &self.principal);
        match find_dataset(space, principal, Permission::WriteDatasets, &self.event, self.job.dataset) {
            Ok(_) | Err(IngestError::PortError(_)) => error.into(),
            Err(cause) => cause.into(),
        }
    }
}
