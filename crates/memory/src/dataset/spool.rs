//! How files are held until they are documents.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use syft_space_domain::dataset::ports::{UploadWriter, Spool, SpoolError, SpooledFile};
use syft_space_domain::ids::{DatasetId, JobId, TenantId};
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::TenantScope;

type Key = (TenantId, DatasetId, JobId);

/// The files of every job, in memory.
#[derive(Default)]
pub struct MemorySpool(Arc<Mutex<BTreeMap<Key, Held>>>);

/// The files of one job.
#[derive(Default)]
struct Held {
    /// `None` until all of them were brought.
    list: Option<Vec<SpooledFile>>,
    files: BTreeMap<usize, Vec<u8>>,
}

impl MemorySpool {
    /// A spool without files.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn jobs_held(&self) -> MutexGuard<'_, BTreeMap<Key, Held>> {
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
        self.jobs_held().insert(key, Held::default());
        Ok(Box::new(Files { jobs: Arc::clone(&self.0), key, count: 0, sealed: false }))
    }

    fn files(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        job: JobId,
    ) -> Result<Option<Vec<SpooledFile>>, SpoolError> {
        Ok(self.jobs_held().get(&(scope.tenant(), dataset, job)).and_then(|held| held.list.clone()))
    }

    fn read(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        job: JobId,
        number: usize,
    ) -> Result<Option<Vec<u8>>, SpoolError> {
        let jobs = self.jobs_held();
        Ok(jobs.get(&(scope.tenant(), dataset, job)).and_then(|held| held.files.get(&number).cloned()))
    }

    fn remove_files(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        job: JobId,
        numbers: Range<usize>,
    ) -> Result<(), SpoolError> {
        if let Some(held) = self.jobs_held().get_mut(&(scope.tenant(), dataset, job)) {
            held.files.retain(|number, _| !numbers.contains(number));
        }
        Ok(())
    }

    fn remove(&self, scope: &TenantScope, dataset: DatasetId, job: JobId) -> Result<(), SpoolError> {
        self.jobs_held().remove(&(scope.tenant(), dataset, job));
        Ok(())
    }

    fn jobs(&self, scope: &TenantScope, dataset: DatasetId) -> Result<Vec<JobId>, SpoolError> {
        let of_it = |(tenant, of, _): &&Key| (*tenant, *of) == (scope.tenant(), dataset);
        Ok(self.jobs_held().keys().filter(of_it).map(|(_, _, job)| *job).collect())
    }

    fn destroy(&self, scope: &TenantScope, dataset: DatasetId) -> Result<(), SpoolError> {
        self.jobs_held().retain(|(tenant, of, _), _| (*tenant, *of) != (scope.tenant(), dataset));
        Ok(())
    }
}

struct Files {
    jobs: Arc<Mutex<BTreeMap<Key, Held>>>,
    key: Key,
    count: usize,
    sealed: bool,
}

impl Files {
    fn change<T>(&self, change: impl FnOnce(&mut Held) -> Option<T>) -> Result<T, SpoolError> {
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = jobs.get_mut(&self.key).and_then(change);
        changed.ok_or_else(|| StoreError::failed("no file was begun, or the job is gone"))
    }

    fn last(&self) -> Option<usize> {
        self.count.checked_sub(1)
    }
}

impl UploadWriter for Files {
    fn begin_file(&mut self) -> Result<(), SpoolError> {
        let number = self.count;
        self.change(|held| Some(held.files.insert(number, Vec::new())))?;
        self.count += 1;
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), SpoolError> {
        self.change(|held| {
            held.files.get_mut(&self.last()?)?.extend_from_slice(bytes);
            Some(())
        })
    }

    fn discard_file(&mut self) -> Result<(), SpoolError> {
        self.change(|held| held.files.remove(&self.last()?))?;
        Ok(())
    }

    fn seal(mut self: Box<Self>, files: &[SpooledFile]) -> Result<(), SpoolError> {
        self.change(|held| {
            held.list = Some(files.to_vec());
            Some(())
        })?;
        self.sealed = true;
        Ok(())
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        if !self.sealed {
            self.jobs.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
        }
    }
}
