//! The spool, where files lie until they are documents: in the dataset's folder, under `spool` and the job's id. A file
//! each under its number, and their list, which is written last.

use std::fs::{self, File};
use std::io::{self, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use syft_space_domain::dataset::ports::{Spool, SpoolError, SpooledFile, UploadWriter};
use syft_space_domain::ids::{DatasetId, JobId};
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::TenantScope;

use crate::database;
use crate::home::Home;
use crate::private_fs;

/// The list's name. As long as it is not there, the job's files are not whole.
const LIST_FILE: &str = "files.json";

/// The files of every dataset's jobs, as files in the home. Whoever makes this holds the home's lock.
pub struct FileSpool {
    home: Home,
}

impl FileSpool {
    /// The spool in a home.
    #[must_use]
    pub fn new(home: &Home) -> Self {
        Self { home: home.clone() }
    }

    fn folder(&self, scope: &TenantScope, dataset: DatasetId) -> PathBuf {
        self.home.dataset(scope.tenant(), dataset).join("spool")
    }

    fn job(&self, scope: &TenantScope, dataset: DatasetId, job: JobId) -> PathBuf {
        self.folder(scope, dataset).join(job.to_string())
    }
}

impl Spool for FileSpool {
    fn begin(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        job: JobId,
    ) -> Result<Box<dyn UploadWriter>, SpoolError> {
        let folder = self.job(scope, dataset, job);
        private_fs::create_folder(&folder).map_err(|error| failed(&error))?;
        Ok(Box::new(JobFolder { path: folder, files: Vec::new(), sealed: false }))
    }

    fn files(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        job: JobId,
    ) -> Result<Option<Vec<SpooledFile>>, SpoolError> {
        match fs::read(self.job(scope, dataset, job).join(LIST_FILE)) {
            Ok(list) => serde_json::from_slice(&list).map(Some).map_err(StoreError::failed),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed(&error)),
        }
    }

    fn read(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        job: JobId,
        number: usize,
    ) -> Result<Option<Vec<u8>>, SpoolError> {
        match fs::read(self.job(scope, dataset, job).join(file_name(number))) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed(&error)),
        }
    }

    fn remove_files(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        job: JobId,
        numbers: Range<usize>,
    ) -> Result<(), SpoolError> {
        let folder = self.job(scope, dataset, job);
        let mut files = numbers.map(|number| folder.join(file_name(number)));
        files.try_for_each(|file| database::remove(&file)).map_err(|error| failed(&error))
    }

    fn remove(&self, scope: &TenantScope, dataset: DatasetId, job: JobId) -> Result<(), SpoolError> {
        let folder = self.job(scope, dataset, job);
        remove_folder(&folder).map_err(|error| failed(&error))
    }

    fn jobs(&self, scope: &TenantScope, dataset: DatasetId) -> Result<Vec<JobId>, SpoolError> {
        let mut jobs = Vec::new();
        for name in private_fs::list_names(&self.folder(scope, dataset)).map_err(|error| failed(&error))? {
            jobs.extend(name.parse::<JobId>().ok());
        }
        jobs.sort_unstable();
        Ok(jobs)
    }

    fn destroy(&self, scope: &TenantScope, dataset: DatasetId) -> Result<(), SpoolError> {
        remove_folder(&self.folder(scope, dataset)).map_err(|error| failed(&error))
    }
}

/// The folder of a job whose files are being brought.
struct JobFolder {
    path: PathBuf,
    /// Only the last is open.
    files: Vec<Option<File>>,
    sealed: bool,
}

impl JobFolder {
    fn last(&mut self) -> Result<&mut File, SpoolError> {
        let open = self.files.last_mut().and_then(Option::as_mut);
        open.ok_or_else(|| StoreError::failed("no file was begun"))
    }

    /// Makes the file that was begun last durable, and closes it.
    fn end_file(&mut self) -> Result<(), SpoolError> {
        match self.files.last_mut().and_then(Option::take) {
            Some(file) => file.sync_data().map_err(|error| failed(&error)),
            None => Ok(()),
        }
    }
}

impl UploadWriter for JobFolder {
    fn begin_file(&mut self) -> Result<(), SpoolError> {
        self.end_file()?;
        let file = private_fs::create_file(&self.path.join(file_name(self.files.len())));
        self.files.push(Some(file.map_err(|error| failed(&error))?));
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), SpoolError> {
        self.last()?.write_all(bytes).map_err(|error| failed(&error))
    }

    fn discard_file(&mut self) -> Result<(), SpoolError> {
        if let Some(number) = self.files.len().checked_sub(1) {
            drop(self.files.last_mut().and_then(Option::take));
            database::remove(&self.path.join(file_name(number))).map_err(|error| failed(&error))?;
        }
        Ok(())
    }

    fn seal(mut self: Box<Self>, files: &[SpooledFile]) -> Result<(), SpoolError> {
        self.end_file()?;
        private_fs::sync_folder(&self.path).map_err(|error| failed(&error))?;
        let list = serde_json::to_string(files).map_err(StoreError::failed)?;
        private_fs::write_file(&self.path.join(LIST_FILE), &list).map_err(|error| failed(&error))?;
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

/// A file's name: its number, whatever it was called by whoever brought it.
fn file_name(number: usize) -> String {
    format!("{number:06}")
}

/// Removes a folder that may be gone already. The list goes first: half a job's files are no job.
fn remove_folder(path: &Path) -> io::Result<()> {
    database::remove(&path.join(LIST_FILE))?;
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Err(_) => Ok(()),
        Ok(()) => match path.parent().map(private_fs::sync_folder) {
            Some(Err(error)) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        },
    }
}

fn failed(error: &io::Error) -> SpoolError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::Full,
        io::ErrorKind::ReadOnlyFilesystem => StoreError::ReadOnly,
        _ => StoreError::failed(format_args!("the spool: {error}")),
    }
}
