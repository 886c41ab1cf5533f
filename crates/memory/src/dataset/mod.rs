//! How datasets and jobs are kept.

mod documents;
mod extract;
mod search;
mod spool;

pub use documents::MemoryDocuments;
pub use extract::TextFiles;
pub use search::MemorySearch;
pub use spool::MemorySpool;

use syft_space_domain::dataset::ports::{DatasetRows, DatasetView};
use syft_space_domain::dataset::{Dataset, DatasetState, Job};
use syft_space_domain::endpoint::ports::EndpointView;
use syft_space_domain::ids::{DatasetId, JobId, TenantId};
use syft_space_domain::page::{Cursor, Page, PageRequest};
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::{OperatorScope, TenantScope};

use crate::session::{Session, require};
use crate::table::page_of;

impl Session {
    fn jobs_of(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
    ) -> impl DoubleEndedIterator<Item = (JobId, &Job)> {
        let jobs = self.state.jobs.of(scope);
        jobs.filter(move |((of, _), _)| *of == dataset).map(|((_, id), job)| (id, job))
    }

    /// The name is no other dataset's.
    fn dataset_fits(&mut self, scope: &TenantScope, dataset: &Dataset) -> Result<(), StoreError> {
        let holder = self.dataset_named(scope, &dataset.name)?;
        let free = holder.is_none_or(|one| one.id == dataset.id);
        require(free, || format!("a dataset is called {:?} already", dataset.name))
    }
}

impl DatasetView for Session {
    fn dataset(&mut self, scope: &TenantScope, id: DatasetId) -> Result<Option<Dataset>, StoreError> {
        Ok(self.state.datasets.get(scope, id).cloned())
    }

    fn dataset_named(&mut self, scope: &TenantScope, name: &str) -> Result<Option<Dataset>, StoreError> {
        Ok(self.state.datasets.of(scope).map(|(_, one)| one).find(|one| one.name == name).cloned())
    }

    fn datasets(
        &mut self,
        scope: &TenantScope,
        page: PageRequest<DatasetId>,
    ) -> Result<Page<Dataset, DatasetId>, StoreError> {
        Ok(self.state.datasets.page(scope, page, |_, one| one.state == DatasetState::Active))
    }

    fn count_datasets(&mut self, scope: &TenantScope) -> Result<u64, StoreError> {
        Ok(self.state.datasets.count(scope))
    }

    fn all_datasets(&mut self, _operator: &OperatorScope) -> Result<Vec<(TenantId, Dataset)>, StoreError> {
        Ok(self.state.datasets.all().map(|(tenant, _, one)| (tenant, one.clone())).collect())
    }

    fn job(&mut self, scope: &TenantScope, dataset: DatasetId, id: JobId) -> Result<Option<Job>, StoreError> {
        Ok(self.state.jobs.get(scope, (dataset, id)).cloned())
    }

    fn jobs(
        &mut self,
        scope: &TenantScope,
        dataset: DatasetId,
        page: PageRequest<JobId>,
    ) -> Result<Page<Job, JobId>, StoreError> {
        let older = |id| page.after.is_none_or(|Cursor(after)| id < after);
        Ok(page_of(self.jobs_of(scope, dataset).rev().filter(|(id, _)| older(*id)), page.limit))
    }

    fn unfinished_jobs(&mut self, scope: &TenantScope, dataset: DatasetId) -> Result<Vec<Job>, StoreError> {
        let jobs = self.jobs_of(scope, dataset).map(|(_, job)| job);
        Ok(jobs.filter(|job| !job.status.is_final()).cloned().collect())
    }
}

impl DatasetRows for Session {
    fn add_dataset(&mut self, scope: &TenantScope, dataset: &Dataset) -> Result<(), StoreError> {
        self.tenant_exists(scope)?;
        let id_is_new = !self.state.datasets.has(scope, dataset.id);
        require(id_is_new, || format!("there is a dataset {} already", dataset.id))?;
        self.dataset_fits(scope, dataset)?;
        self.state.datasets.put(scope, dataset.id, dataset.clone());
        Ok(())
    }

    fn update_dataset(&mut self, scope: &TenantScope, dataset: &Dataset) -> Result<(), StoreError> {
        if !self.state.datasets.has(scope, dataset.id) {
            return Ok(());
        }
        self.dataset_fits(scope, dataset)?;
        if let Some(row) = self.state.datasets.edit(scope, dataset.id) {
            *row = Dataset { analyzer: row.analyzer, created_at: row.created_at, ..dataset.clone() };
        }
        Ok(())
    }

    fn remove_dataset(&mut self, scope: &TenantScope, id: DatasetId) -> Result<bool, StoreError> {
        let free = self.endpoints_of_dataset(scope, id)?.is_empty();
        require(free, || format!("an endpoint searches dataset {id}"))?;
        let jobs: Vec<JobId> = self.jobs_of(scope, id).map(|(job, _)| job).collect();
        for job in jobs {
            self.state.jobs.remove(scope, (id, job));
        }
        Ok(self.state.datasets.remove(scope, id))
    }

    fn add_job(&mut self, scope: &TenantScope, job: &Job) -> Result<(), StoreError> {
        require(self.state.datasets.has(scope, job.dataset), || {
            format!("there is no dataset {}", job.dataset)
        })?;
        let id_is_new = !self.state.jobs.has(scope, (job.dataset, job.id));
        require(id_is_new, || format!("there is a job {} already", job.id))?;
        self.state.jobs.put(scope, (job.dataset, job.id), job.clone());
        Ok(())
    }

    fn update_job(&mut self, scope: &TenantScope, job: &Job) -> Result<(), StoreError> {
        if let Some(row) = self.state.jobs.edit(scope, (job.dataset, job.id)) {
            *row = Job { created_at: row.created_at, ..job.clone() };
        }
        Ok(())
    }
}
