//! The spool, where files lie until they are documents: in the dataset's folder, under `spool` and the job's id. Small
//! files lie together in packs, a large one in a file of its own under its number; their list is written last.

mod pack;
#[cfg(test)]
mod tests;
mod writer;

use std::io;
use std::path::{Path, PathBuf};

use syft_space_domain::dataset::ports::{Spool, SpoolError, SpooledFile, UploadWriter};
use syft_space_domain::ids::{DatasetId, JobId};
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::TenantScope;

use self::pack::Packed;
use self::writer::JobFolder;
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
        Ok(Box::new(JobFolder::new(folder)))
    }

    fn files(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        job: JobId,
    ) -> Result<Option<Vec<SpooledFile>>, SpoolError> {
        let folder = self.job(scope, dataset, job);
        let list = self
            .home
            .has_folder(&folder)
            .and_then(|there| if there { private_file::read(&folder.join(LIST_FILE)) } else { Ok(None) });
        let list = list.map_err(|error| failed(&error))?;
        list.map(|list| serde_json::from_slice(&list).map_err(StoreError::failed)).transpose()
    }

    fn read(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        job: JobId,
        number: usize,
    ) -> Result<Option<Vec<u8>>, SpoolError> {
        let folder = self.job(scope, dataset, job);
        let bytes = self
            .home
            .has_folder(&folder)
            .and_then(|there| if there { read_file(&folder, number) } else { Ok(None) });
        bytes.map_err(|error| failed(&error))
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

/// The name of a large file: its number, whatever it was called by whoever brought it.
fn alone_name(number: usize) -> String {
    format!("{number:06}")
}

/// The bytes of a file; `None` when they are not there.
fn read_file(folder: &Path, number: usize) -> io::Result<Option<Vec<u8>>> {
    match pack::read(folder, number)? {
        Packed::Bytes(bytes) => Ok(Some(bytes)),
        Packed::Alone => private_file::read(&folder.join(alone_name(number))),
        Packed::Nothing => Ok(None),
    }
}

/// Removes what holds files before a number alone.
fn remove_files_before(folder: &Path, number: usize) -> io::Result<()> {
    for name in private_folder::list_names(folder)? {
        let end = pack::end_of(&name).or_else(|| Some(name.parse::<usize>().ok()?.saturating_add(1)));
        if end.is_some_and(|end| end <= number) {
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
