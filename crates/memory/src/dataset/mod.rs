//! `DatasetView` and `DatasetRows` of a transaction: datasets and jobs.

mod documents;
mod extract;
mod search;
mod spool;
mod vectors;

pub use documents::MemoryDocuments;
pub use extract::TextFiles;
pub use search::MemorySearch;
pub use spool::MemorySpool;
pub use vectors::MemoryVectors;

use syft_space_domain::dataset::ports::{DatasetRows, DatasetView};
use syft_space_domain::dataset::{Dataset, DatasetState, Job};
use syft_space_domain::endpoint::ports::EndpointView;
use syft_space_domain::ids::{DatasetId, JobId};
use syft_space_domain::page::{Cursor, Page, PageRequest};
use syft_space_domain::store::{StateChange, StoreError};
use syft_space_domain::tenant::{TenantScope, WriteScope};

use crate::table::read_page;
use crate::transaction::{Transaction, check_key};

impl Transaction {
    fn jobs_of(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
    ) -> impl DoubleEndedIterator<Item = (JobId, &Job)> {
        let jobs = self.tables.jobs.rows(scope);
        jobs.filter(move |((of, _), _)| *of == dataset).map(|((_, id), job)| (id, job))
    }

    /// Checks that the name is free.
    fn check_dataset_keys(&mut self, scope: &TenantScope, dataset: &Dataset) -> Result<(), StoreError> {
        let holder = self.dataset_named(scope, &dataset.name)?;
        let free = holder.is_none_or(|holder| holder.id == dataset.id);
        check_key(free, || format!("a dataset is called {:?} already", dataset.name))
    }
}

impl DatasetView for Transaction {
    fn dataset(&mut self, scope: &TenantScope, id: DatasetId) -> Result<Option<Dataset>, StoreError> {
        Ok(self.tables.datasets.get(scope, id).cloned())
    }

    fn dataset_named(&mut self, scope: &TenantScope, name: &str) -> Result<Option<Dataset>, StoreError> {
        Ok(self
            .tables
            .datasets
            .rows(scope)
            .map(|(_, dataset)| dataset)
            .find(|dataset| dataset.name == name)
            .cloned())
    }

    fn datasets(
        &mut self,
        scope: &TenantScope,
        page: PageRequest<DatasetId>,
    ) -> Result<Page<Dataset, DatasetId>, StoreError> {
        Ok(self.tables.datasets.page(scope, page, |_, dataset| dataset.state == DatasetState::Active))
    }

    fn count_datasets(&mut self, scope: &TenantScope) -> Result<u64, StoreError> {
        Ok(self.tables.datasets.count(scope))
    }

    fn all_datasets(&mut self, scope: &TenantScope) -> Result<Vec<Dataset>, StoreError> {
        Ok(self.tables.datasets.rows(scope).map(|(_, dataset)| dataset.clone()).collect())
    }

    fn job(&mut self, scope: &TenantScope, dataset: DatasetId, id: JobId) -> Result<Option<Job>, StoreError> {
        Ok(self.tables.jobs.get(scope, (dataset, id)).cloned())
    }

    fn jobs(
        &mut self,
        scope: &TenantScope,
        dataset: DatasetId,
        page: PageRequest<JobId>,
    ) -> Result<Page<Job, JobId>, StoreError> {
        let is_older = |id| page.after.is_none_or(|Cursor(after)| id < after);
        Ok(read_page(self.jobs_of(scope, dataset).rev().filter(|(id, _)| is_older(*id)), page.limit))
    }

    fn unfinished_jobs(&mut self, scope: &TenantScope, dataset: DatasetId) -> Result<Vec<Job>, StoreError> {
        let jobs = self.jobs_of(scope, dataset).map(|(_, job)| job);
        Ok(jobs.filter(|job| !job.status.is_final()).cloned().collect())
    }
}

impl DatasetRows for Transaction {
    fn add_dataset(&mut self, scope: &WriteScope, dataset: &Dataset) -> Result<(), StoreError> {
        self.check_tenant_exists(scope)?;
        let id_is_free = !self.tables.datasets.contains(scope, dataset.id);
        check_key(id_is_free, || format!("there is a dataset {} already", dataset.id))?;
        self.check_dataset_keys(scope, dataset)?;
        self.tables.datasets.insert(scope, dataset.id, dataset.clone());
        Ok(())
    }

    fn update_dataset(&mut self, scope: &WriteScope, dataset: &Dataset) -> Result<(), StoreError> {
        if !self.tables.datasets.contains(scope, dataset.id) {
            return Ok(());
        }
        self.check_dataset_keys(scope, dataset)?;
        if let Some(row) = self.tables.datasets.get_mut(scope, dataset.id) {
            *row = Dataset { analyzer: row.analyzer, created_at: row.created_at, ..dataset.clone() };
        }
        // How they are searched may have changed.
        for endpoint in self.endpoints_of_dataset(scope, dataset.id)? {
            self.changes.insert(StateChange::Endpoint(scope.tenant(), endpoint.id));
        }
        Ok(())
    }

    fn remove_dataset(&mut self, scope: &WriteScope, id: DatasetId) -> Result<bool, StoreError> {
        let free = self.endpoints_of_dataset(scope, id)?.is_empty();
        check_key(free, || format!("an endpoint searches dataset {id}"))?;
        let jobs: Vec<JobId> = self.jobs_of(scope, id).map(|(job, _)| job).collect();
        for job in jobs {
            self.tables.jobs.remove(scope, (id, job));
        }
        Ok(self.tables.datasets.remove(scope, id))
    }

    fn add_job(&mut self, scope: &WriteScope, job: &Job) -> Result<(), StoreError> {
        check_key(self.tables.datasets.contains(scope, job.dataset), || {
            format!("there is no dataset {}", job.dataset)
        })?;
        let id_is_free = !self.tables.jobs.contains(scope, (job.dataset, job.id));
        check_key(id_is_free, || format!("there is a job {} already", job.id))?;
        self.tables.jobs.insert(scope, (job.dataset, job.id), job.clone());
        Ok(())
    }

    fn update_job(&mut self, scope: &WriteScope, job: &Job) -> Result<(), StoreError> {
        if let Some(row) = self.tables.jobs.get_mut(scope, (job.dataset, job.id)) {
            *row = Job { created_at: row.created_at, ..job.clone() };
        }
        Ok(())
    }
}
