//! The spool, where files lie until they are documents: in the dataset's folder, under `spool` and the job's id. A file
//! each under its number, and their list, which is written last.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use syft_space_domain::dataset::ports::{Spool, SpoolError, SpooledFile, UploadWriter};
use syft_space_domain::ids::{DatasetId, JobId};
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::TenantScope;

use crate::layout::Home;
use crate::{private_file, private_folder};

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
        self.home.spool(scope.tenant(), dataset)
    }

    fn job(&self, scope: &TenantScope, dataset: DatasetId, job: JobId) -> PathBuf {
        self.folder(scope, dataset).join(job.to_string())
    }

    /// The bytes of a file in a job's folder; `None` when there is none.
    fn read_file(&self, folder: &Path, name: &str) -> Result<Option<Vec<u8>>, SpoolError> {
        let read = self
            .home
            .has_folder(folder)
            .and_then(|there| if there { private_file::read(&folder.join(name)) } else { Ok(None) });
        read.map_err(|error| failed(&error))
    }

    fn remove_folder(&self, folder: &Path) -> Result<(), SpoolError> {
        let removed =
            self.home.has_folder(folder).and_then(|there| if there { remove_folder(folder) } else { Ok(()) });
        removed.map_err(|error| failed(&error))
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
        self.home.create_folder(&folder).map_err(|error| failed(&error))?;
        Ok(Box::new(JobFolder { path: folder, files: Vec::new(), sealed: false }))
    }

    fn files(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        job: JobId,
    ) -> Result<Option<Vec<SpooledFile>>, SpoolError> {
        let list = self.read_file(&self.job(scope, dataset, job), LIST_FILE)?;
        list.map(|list| serde_json::from_slice(&list).map_err(StoreError::failed)).transpose()
    }

    fn read(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        job: JobId,
        number: usize,
    ) -> Result<Option<Vec<u8>>, SpoolError> {
        self.read_file(&self.job(scope, dataset, job), &file_name(number))
    }

    fn remove_files_before(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        job: JobId,
        number: usize,
    ) -> Result<(), SpoolError> {
        let folder = self.job(scope, dataset, job);
        let removed = self
            .home
            .has_folder(&folder)
            .and_then(|there| if there { remove_files_before(&folder, number) } else { Ok(()) });
        removed.map_err(|error| failed(&error))
    }

    fn remove(&self, scope: &TenantScope, dataset: DatasetId, job: JobId) -> Result<(), SpoolError> {
        self.remove_folder(&self.job(scope, dataset, job))
    }

    fn jobs(&self, scope: &TenantScope, dataset: DatasetId) -> Result<Vec<JobId>, SpoolError> {
        let folder = self.folder(scope, dataset);
        if !self.home.has_folder(&folder).map_err(|error| failed(&error))? {
            return Ok(Vec::new());
        }
        let names = private_folder::list_names(&folder).map_err(|error| failed(&error))?;
        let mut jobs: Vec<JobId> = names.iter().filter_map(|name| name.parse().ok()).collect();
        jobs.sort_unstable();
        Ok(jobs)
    }

    fn destroy(&self, scope: &TenantScope, dataset: DatasetId) -> Result<(), SpoolError> {
        self.remove_folder(&self.folder(scope, dataset))
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
        let file = private_file::create(&self.path.join(file_name(self.files.len())));
        self.files.push(Some(file.map_err(|error| failed(&error))?));
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), SpoolError> {
        self.last()?.write_all(bytes).map_err(|error| failed(&error))
    }

    fn discard_file(&mut self) -> Result<(), SpoolError> {
        if let Some(number) = self.files.len().checked_sub(1) {
            drop(self.files.last_mut().and_then(Option::take));
            private_file::remove(&self.path.join(file_name(number))).map_err(|error| failed(&error))?;
        }
        Ok(())
    }

    fn seal(mut self: Box<Self>, files: &[SpooledFile]) -> Result<(), SpoolError> {
        self.end_file()?;
        private_folder::sync(&self.path).map_err(|error| failed(&error))?;
        let list = serde_json::to_vec(files).map_err(StoreError::failed)?;
        private_file::write(&self.path.join(LIST_FILE), &list).map_err(|error| failed(&error))?;
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

/// Removes the files of the numbers before one.
fn remove_files_before(folder: &Path, number: usize) -> io::Result<()> {
    for name in private_folder::list_names(folder)? {
        if name.parse::<usize>().is_ok_and(|file| file < number) {
            private_file::remove(&folder.join(name))?;
        }
    }
    Ok(())
}

/// Removes a folder that may be gone already. The list goes first: half a job's files are no job.
fn remove_folder(path: &Path) -> io::Result<()> {
    private_file::remove(&path.join(LIST_FILE))?;
    private_folder::remove_all(path)
}

fn failed(error: &io::Error) -> SpoolError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::Full,
        io::ErrorKind::ReadOnlyFilesystem => StoreError::ReadOnly,
        _ => StoreError::failed(format_args!("the spool: {error}")),
    }
}
