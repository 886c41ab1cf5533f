//! The in-memory spool: uploaded files until they are documents.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use syft_space_domain::dataset::ports::{Spool, SpoolError, SpooledFile, UploadWriter};
use syft_space_domain::ids::{DatasetId, JobId, TenantId};
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::TenantScope;

type JobKey = (TenantId, DatasetId, JobId);

/// The files of every job, in memory.
#[derive(Default)]
pub struct MemorySpool(Arc<Mutex<BTreeMap<JobKey, JobFiles>>>);

/// The files of one job.
#[derive(Default)]
struct JobFiles {
    /// `None` until the upload is sealed.
    manifest: Option<Vec<SpooledFile>>,
    files: BTreeMap<usize, Vec<u8>>,
}

impl MemorySpool {
    /// A spool without files.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn all_jobs(&self) -> MutexGuard<'_, BTreeMap<JobKey, JobFiles>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Spool for MemorySpool {
    fn begin(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        job: JobId,
    ) -> Result<Box<dyn UploadWriter>, SpoolError> {
        let key = (scope.tenant(), dataset, job);
        self.all_jobs().insert(key, JobFiles::default());
        Ok(Box::new(MemoryUpload { jobs: Arc::clone(&self.0), key, file_count: 0, is_sealed: false }))
    }

    fn files(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        job: JobId,
    ) -> Result<Option<Vec<SpooledFile>>, SpoolError> {
        Ok(self
            .all_jobs()
            .get(&(scope.tenant(), dataset, job))
            .and_then(|job_files| job_files.manifest.clone()))
    }

    fn read(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        job: JobId,
        number: usize,
    ) -> Result<Option<Vec<u8>>, SpoolError> {
        let jobs = self.all_jobs();
        Ok(jobs
            .get(&(scope.tenant(), dataset, job))
            .and_then(|job_files| job_files.files.get(&number).cloned()))
    }

    fn remove_files_before(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        job: JobId,
        number: usize,
    ) -> Result<(), SpoolError> {
        if let Some(job_files) = self.all_jobs().get_mut(&(scope.tenant(), dataset, job)) {
            job_files.files = job_files.files.split_off(&number);
        }
        Ok(())
    }

    fn remove(&self, scope: &TenantScope, dataset: DatasetId, job: JobId) -> Result<(), SpoolError> {
        self.all_jobs().remove(&(scope.tenant(), dataset, job));
        Ok(())
    }

    fn jobs(&self, scope: &TenantScope, dataset: DatasetId) -> Result<Vec<JobId>, SpoolError> {
        let is_of_dataset = |(tenant, of, _): &&JobKey| (*tenant, *of) == (scope.tenant(), dataset);
        Ok(self.all_jobs().keys().filter(is_of_dataset).map(|(_, _, job)| *job).collect())
    }

    fn destroy(&self, scope: &TenantScope, dataset: DatasetId) -> Result<(), SpoolError> {
        self.all_jobs().retain(|(tenant, of, _), _| (*tenant, *of) != (scope.tenant(), dataset));
        Ok(())
    }
}

struct MemoryUpload {
    jobs: Arc<Mutex<BTreeMap<JobKey, JobFiles>>>,
    key: JobKey,
    file_count: usize,
    is_sealed: bool,
}

impl MemoryUpload {
    fn update<T>(&self, update: impl FnOnce(&mut JobFiles) -> Option<T>) -> Result<T, SpoolError> {
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        let updated = jobs.get_mut(&self.key).and_then(update);
        updated.ok_or_else(|| StoreError::failed("no file was begun, or the job is gone"))
    }

    fn last_number(&self) -> Option<usize> {
        self.file_count.checked_sub(1)
    }
}

impl UploadWriter for MemoryUpload {
    fn begin_file(&mut self) -> Result<(), SpoolError> {
        let number = self.file_count;
        self.update(|job_files| Some(job_files.files.insert(number, Vec::new())))?;
        self.file_count += 1;
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), SpoolError> {
        self.update(|job_files| {
            job_files.files.get_mut(&self.last_number()?)?.extend_from_slice(bytes);
            Some(())
        })
    }

    fn discard_file(&mut self) -> Result<(), SpoolError> {
        self.update(|job_files| job_files.files.remove(&self.last_number()?))?;
        Ok(())
    }

    fn seal(mut self: Box<Self>, files: &[SpooledFile]) -> Result<(), SpoolError> {
        self.update(|job_files| {
            job_files.manifest = Some(files.to_vec());
            Some(())
        })?;
        self.is_sealed = true;
        Ok(())
    }
}

impl Drop for MemoryUpload {
    fn drop(&mut self) {
        if !self.is_sealed {
            self.jobs.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
        }
    }
}
