//! The rows of datasets and their jobs.

use std::sync::Arc;

use diesel::connection::DefaultLoadingMode;
use diesel::prelude::*;
use syft_space_domain::dataset::ports::{DatasetRows, DatasetView};
use syft_space_domain::dataset::{
    Dataset, DatasetState, Job, JobProgress, JobStatus, Retrieval, StoredVectorDatabase, VectorLocation,
};
use syft_space_domain::endpoint::ports::EndpointView;
use syft_space_domain::ids::{DatasetId, JobId};
use syft_space_domain::page::{Page, PageRequest};
use syft_space_domain::sealing::Sealed;
use syft_space_domain::store::{StateChange, StoreError};
use syft_space_domain::tenant::{TenantScope, WriteScope};
use syft_space_domain::time::Timestamp;

use crate::codec::{
    Key, after_key, before_key, limit_plus_one, parse, read_page, to_i64, to_u64, unreadable_column,
};
use crate::schema::{datasets, jobs};
use crate::session::Session;

/// Stands where the URL of a vector database would, where the space makes it itself. It is no URL.
const PROVISIONED: &str = "provisioned";

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = datasets)]
struct DatasetRow {
    tenant_id: Key,
    id: Key,
    name: String,
    summary: String,
    tags: String,
    analyzer: String,
    state: String,
    revision: i64,
    created_at: i64,
    updated_at: i64,
    search: String,
    encoder: Option<String>,
    vector_database: Option<String>,
    vector_url: Option<String>,
    vector_credential: Option<Vec<u8>>,
    remote: Option<String>,
}

impl DatasetRow {
    fn new(scope: &TenantScope, dataset: &Dataset) -> Result<Self, StoreError> {
        let database = dataset.vectors.database();
        Ok(Self {
            tenant_id: scope.into(),
            id: dataset.id.into(),
            name: dataset.name.clone(),
            summary: dataset.summary.clone(),
            tags: dataset.tags.clone(),
            analyzer: serde_json::to_string(&dataset.analyzer).map_err(StoreError::failed)?,
            state: dataset.state.as_str().to_owned(),
            revision: to_i64(dataset.revision)?,
            created_at: dataset.created_at.as_unix_micros(),
            updated_at: dataset.updated_at.as_unix_micros(),
            search: dataset.retrieval.mode().as_str().to_owned(),
            encoder: dataset.retrieval.encoder().map(|name| name.as_str().to_owned()),
            vector_database: dataset.vectors.kind().map(|kind| kind.as_str().to_owned()),
            vector_url: match &dataset.vectors {
                VectorLocation::Embedded | VectorLocation::RemoteSpace(_) => None,
                VectorLocation::Database(database) => Some(database.url.as_str().to_owned()),
                VectorLocation::Provisioned(_) => Some(PROVISIONED.to_owned()),
            },
            vector_credential: database
                .and_then(|database| database.credential.as_ref())
                .map(|sealed| sealed.as_bytes().to_vec()),
            remote: dataset
                .vectors
                .remote()
                .map(|endpoint| serde_json::to_string(&**endpoint).map_err(StoreError::failed))
                .transpose()?,
        })
    }
}

impl TryFrom<DatasetRow> for Dataset {
    type Error = StoreError;
    fn try_from(row: DatasetRow) -> Result<Self, StoreError> {
        let analyzer = serde_json::from_str(&row.analyzer);
        let mode = parse("datasets.search", &row.search)?;
        let encoder = row.encoder.map(|name| parse("datasets.encoder", &name)).transpose()?;
        let retrieval = Retrieval::new(mode, encoder);
        let kind = row.vector_database.map(|kind| parse("datasets.vector_database", &kind)).transpose()?;
        let remote = row.remote.map(|remote| serde_json::from_str(&remote)).transpose();
        let remote = remote.map_err(|error| unreadable_column("datasets.remote", &error))?;
        let vectors = match (kind.zip(row.vector_url), remote) {
            (_, Some(endpoint)) => VectorLocation::RemoteSpace(Arc::new(endpoint)),
            (None, None) => VectorLocation::Embedded,
            (Some((kind, url)), None) if url == PROVISIONED => VectorLocation::Provisioned(kind),
            (Some((kind, url)), None) => {
                let url = parse("datasets.vector_url", &url)?;
                let credential = row.vector_credential.map(Sealed::from_bytes);
                VectorLocation::Database(StoredVectorDatabase { kind, url, credential })
            }
        };
        Ok(Self {
            id: row.id.into(),
            name: row.name,
            summary: row.summary,
            tags: row.tags,
            analyzer: analyzer.map_err(|error| unreadable_column("datasets.analyzer", &error))?,
            retrieval: retrieval.map_err(|error| unreadable_column("datasets.encoder", &error))?,
            vectors,
            state: parse("datasets.state", &row.state)?,
            revision: to_u64(row.revision)?,
            created_at: Timestamp::from_unix_micros(row.created_at),
            updated_at: Timestamp::from_unix_micros(row.updated_at),
        })
    }
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = jobs)]
struct JobRow {
    tenant_id: Key,
    dataset_id: Key,
    id: Key,
    status: String,
    documents_total: i64,
    documents_done: i64,
    chunks: i64,
    bytes: i64,
    errors: String,
    created_at: i64,
    finished_at: Option<i64>,
    documents_unchanged: i64,
    documents_duplicate: i64,
    documents_failed: i64,
    bytes_total: i64,
    bytes_done: i64,
}

impl JobRow {
    fn new(scope: &TenantScope, job: &Job) -> Result<Self, StoreError> {
        let progress = &job.progress;
        Ok(Self {
            tenant_id: scope.into(),
            dataset_id: job.dataset.into(),
            id: job.id.into(),
            status: job.status.as_str().to_owned(),
            documents_total: to_i64(job.documents_total)?,
            documents_done: to_i64(progress.documents_done)?,
            chunks: to_i64(progress.chunks)?,
            bytes: to_i64(progress.bytes)?,
            errors: serde_json::to_string(&progress.errors).map_err(StoreError::failed)?,
            created_at: job.created_at.as_unix_micros(),
            finished_at: job.finished_at.map(Timestamp::as_unix_micros),
            documents_unchanged: to_i64(progress.documents_unchanged)?,
            documents_duplicate: to_i64(progress.documents_duplicate)?,
            documents_failed: to_i64(progress.documents_failed)?,
            bytes_total: to_i64(job.bytes_total)?,
            bytes_done: to_i64(progress.bytes_done)?,
        })
    }
}

impl TryFrom<JobRow> for Job {
    type Error = StoreError;
    fn try_from(row: JobRow) -> Result<Self, StoreError> {
        let errors = serde_json::from_str(&row.errors);
        Ok(Self {
            id: row.id.into(),
            dataset: row.dataset_id.into(),
            status: parse("jobs.status", &row.status)?,
            documents_total: to_u64(row.documents_total)?,
            bytes_total: to_u64(row.bytes_total)?,
            progress: JobProgress {
                documents_done: to_u64(row.documents_done)?,
                documents_unchanged: to_u64(row.documents_unchanged)?,
                documents_duplicate: to_u64(row.documents_duplicate)?,
                documents_failed: to_u64(row.documents_failed)?,
                chunks: to_u64(row.chunks)?,
                bytes: to_u64(row.bytes)?,
                bytes_done: to_u64(row.bytes_done)?,
                errors: errors.map_err(|error| unreadable_column("jobs.errors", &error))?,
            },
            created_at: Timestamp::from_unix_micros(row.created_at),
            finished_at: row.finished_at.map(Timestamp::from_unix_micros),
        })
    }
}

impl DatasetView for Session<'_> {
    fn dataset(&mut self, scope: &TenantScope, id: DatasetId) -> Result<Option<Dataset>, StoreError> {
        let row: Option<DatasetRow> = self.read(|connection| {
            let row = datasets::table.find((Key::from(scope), Key::from(id)));
            row.select(DatasetRow::as_select()).first(connection).optional()
        })?;
        row.map(Dataset::try_from).transpose()
    }

    fn dataset_named(&mut self, scope: &TenantScope, name: &str) -> Result<Option<Dataset>, StoreError> {
        let row: Option<DatasetRow> = self.read(|connection| {
            datasets::table
                .filter(datasets::tenant_id.eq(Key::from(scope)))
                .filter(datasets::name.eq(name))
                .select(DatasetRow::as_select())
                .first(connection)
                .optional()
        })?;
        row.map(Dataset::try_from).transpose()
    }

    fn datasets(
        &mut self,
        scope: &TenantScope,
        page: PageRequest<DatasetId>,
    ) -> Result<Page<Dataset, DatasetId>, StoreError> {
        self.read(|connection| {
            let rows = datasets::table
                .filter(datasets::tenant_id.eq(Key::from(scope)))
                .filter(datasets::id.gt(after_key(page.after)))
                .filter(datasets::state.eq(DatasetState::Active.as_str()))
                .order(datasets::id)
                .limit(limit_plus_one(page.limit))
                .select(DatasetRow::as_select())
                .load_iter::<DatasetRow, DefaultLoadingMode>(connection)?;
            read_page(rows, page.limit, |row| {
                let dataset = Dataset::try_from(row)?;
                Ok((dataset.id, dataset))
            })
        })?
    }

    fn count_datasets(&mut self, scope: &TenantScope) -> Result<u64, StoreError> {
        let count: i64 = self.read(|connection| {
            let own = datasets::table.filter(datasets::tenant_id.eq(Key::from(scope)));
            own.count().get_result(connection)
        })?;
        to_u64(count)
    }

    fn all_datasets(&mut self, scope: &TenantScope) -> Result<Vec<Dataset>, StoreError> {
        let rows: Vec<DatasetRow> = self.read(|connection| {
            let own = datasets::table.filter(datasets::tenant_id.eq(Key::from(scope)));
            own.order(datasets::id).select(DatasetRow::as_select()).load(connection)
        })?;
        rows.into_iter().map(Dataset::try_from).collect()
    }

    fn job(&mut self, scope: &TenantScope, dataset: DatasetId, id: JobId) -> Result<Option<Job>, StoreError> {
        let row: Option<JobRow> = self.read(|connection| {
            let row = jobs::table.find((Key::from(scope), Key::from(dataset), Key::from(id)));
            row.select(JobRow::as_select()).first(connection).optional()
        })?;
        row.map(Job::try_from).transpose()
    }

    fn jobs(
        &mut self,
        scope: &TenantScope,
        dataset: DatasetId,
        page: PageRequest<JobId>,
    ) -> Result<Page<Job, JobId>, StoreError> {
        self.read(|connection| {
            let rows = jobs::table
                .filter(jobs::tenant_id.eq(Key::from(scope)))
                .filter(jobs::dataset_id.eq(Key::from(dataset)))
                .filter(jobs::id.lt(before_key(page.after)))
                .order(jobs::id.desc())
                .limit(limit_plus_one(page.limit))
                .select(JobRow::as_select())
                .load_iter::<JobRow, DefaultLoadingMode>(connection)?;
            read_page(rows, page.limit, |row| {
                let job = Job::try_from(row)?;
                Ok((job.id, job))
            })
        })?
    }

    fn unfinished_jobs(&mut self, scope: &TenantScope, dataset: DatasetId) -> Result<Vec<Job>, StoreError> {
        let last = JobStatus::ALL.into_iter().filter(|status| status.is_final()).map(JobStatus::as_str);
        let rows: Vec<JobRow> = self.read(|connection| {
            jobs::table
                .filter(jobs::tenant_id.eq(Key::from(scope)))
                .filter(jobs::dataset_id.eq(Key::from(dataset)))
                .filter(jobs::status.ne_all(last))
                .order(jobs::id)
                .select(JobRow::as_select())
                .load(connection)
        })?;
        rows.into_iter().map(Job::try_from).collect()
    }
}

impl DatasetRows for Session<'_> {
    fn add_dataset(&mut self, scope: &WriteScope, dataset: &Dataset) -> Result<(), StoreError> {
        let row = DatasetRow::new(scope, dataset)?;
        self.write(|connection| diesel::insert_into(datasets::table).values(row).execute(connection))?;
        Ok(())
    }

    fn update_dataset(&mut self, scope: &WriteScope, dataset: &Dataset) -> Result<(), StoreError> {
        let row = DatasetRow::new(scope, dataset)?;
        self.write(|connection| {
            diesel::update(datasets::table.find((row.tenant_id, row.id)))
                .set((
                    datasets::name.eq(row.name),
                    datasets::summary.eq(row.summary),
                    datasets::tags.eq(row.tags),
                    datasets::state.eq(row.state),
                    datasets::revision.eq(row.revision),
                    datasets::updated_at.eq(row.updated_at),
                    datasets::search.eq(row.search),
                    datasets::encoder.eq(row.encoder),
                    datasets::vector_database.eq(row.vector_database),
                    datasets::vector_url.eq(row.vector_url),
                    datasets::vector_credential.eq(row.vector_credential),
                    datasets::remote.eq(row.remote),
                ))
                .execute(connection)
        })?;
        // How they are searched may have changed.
        for endpoint in self.endpoints_of_dataset(scope, dataset.id)? {
            self.record_change(StateChange::Endpoint(scope.tenant(), endpoint.id));
        }
        Ok(())
    }

    fn remove_dataset(&mut self, scope: &WriteScope, id: DatasetId) -> Result<bool, StoreError> {
        let removed = self.write(|connection| {
            diesel::delete(datasets::table.find((Key::from(scope), Key::from(id)))).execute(connection)
        })?;
        Ok(removed > 0)
    }

    fn add_job(&mut self, scope: &WriteScope, job: &Job) -> Result<(), StoreError> {
        let row = JobRow::new(scope, job)?;
        self.write(|connection| diesel::insert_into(jobs::table).values(row).execute(connection))?;
        Ok(())
    }

    fn update_job(&mut self, scope: &WriteScope, job: &Job) -> Result<(), StoreError> {
        let row = JobRow::new(scope, job)?;
        self.write(|connection| {
            diesel::update(jobs::table.find((row.tenant_id, row.dataset_id, row.id)))
                .set((
                    jobs::status.eq(row.status),
                    jobs::documents_total.eq(row.documents_total),
                    jobs::documents_done.eq(row.documents_done),
                    jobs::chunks.eq(row.chunks),
                    jobs::bytes.eq(row.bytes),
                    jobs::errors.eq(row.errors),
                    jobs::finished_at.eq(row.finished_at),
                    jobs::documents_unchanged.eq(row.documents_unchanged),
                    jobs::documents_duplicate.eq(row.documents_duplicate),
                    jobs::documents_failed.eq(row.documents_failed),
                    jobs::bytes_total.eq(row.bytes_total),
                    jobs::bytes_done.eq(row.bytes_done),
                ))
                .execute(connection)
        })?;
        Ok(())
    }
}
