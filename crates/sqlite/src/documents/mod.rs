//! The documents of datasets: one database per dataset, in the dataset's folder.

mod connections;
mod hash;
mod progress;
mod read;
mod schema;
mod write;

use diesel::SqliteConnection;
use syft_space_domain::dataset::ports::{DocumentStore, DocumentStoreError, Removal};
use syft_space_domain::dataset::{
    Change, ChangeNumber, ContentHash, Document, DocumentId, DocumentSummary, JobProgress, MadeOf, Usage,
};
use syft_space_domain::ids::{DatasetId, JobId, TenantId};
use syft_space_domain::page::{Page, PageRequest};
use syft_space_domain::random::{Entropy, RandomError};
use syft_space_domain::tenant::{OperatorScope, TenantScope};
use syft_space_home::Home;

use connections::Connections;
use write::Runs;

use crate::remains;

/// The documents of every dataset, each dataset's in a `documents.db` of its own.
///
/// A database is opened when it is first needed, and closed when others are needed more. Whoever makes this holds
/// the home's lock.
pub struct SqliteDocuments {
    connections: Connections,
    runs: Runs,
}

impl SqliteDocuments {
    /// The documents in a home.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn new(home: &Home, entropy: &dyn Entropy) -> Result<Self, RandomError> {
        Ok(Self { connections: Connections::new(home.clone()), runs: Runs::draw(entropy)? })
    }
}

impl DocumentStore for SqliteDocuments {
    fn put(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        job: JobId,
        documents: &[Document],
    ) -> Result<ChangeNumber, DocumentStoreError> {
        self.connections.with_created(scope, dataset, |connection| {
            write::put(connection, self.runs.of(scope, dataset), job, documents)
        })
    }

    fn put_by(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        job: JobId,
    ) -> Result<Option<ChangeNumber>, DocumentStoreError> {
        let found =
            self.connections.with_existing(scope, dataset, |connection| write::put_by(connection, job))?;
        Ok(found.flatten())
    }

    fn put_part(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        job: JobId,
        documents: &[Document],
        removed: &[DocumentId],
        progress: &JobProgress,
    ) -> Result<ChangeNumber, DocumentStoreError> {
        self.connections.with_created(scope, dataset, |connection| {
            write::put_part(connection, self.runs.of(scope, dataset), job, documents, removed, progress)
        })
    }

    fn progress(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        job: JobId,
    ) -> Result<Option<JobProgress>, DocumentStoreError> {
        let found =
            self.connections.with_existing(scope, dataset, |connection| progress::get(connection, job))?;
        Ok(found.flatten())
    }

    fn forget_progress(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        job: JobId,
    ) -> Result<(), DocumentStoreError> {
        self.connections.with_existing(scope, dataset, |connection| progress::forget(connection, job))?;
        Ok(())
    }

    fn hashes(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        ids: &[DocumentId],
    ) -> Result<Vec<Option<MadeOf>>, DocumentStoreError> {
        let found = self.connections.with_existing(scope, dataset, |connection| {
            ids.iter().map(|id| hash::of(connection, id.as_str())).collect()
        })?;
        Ok(found.unwrap_or_else(|| vec![None; ids.len()]))
    }

    fn made_of(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        sha256: &ContentHash,
    ) -> Result<Option<DocumentId>, DocumentStoreError> {
        let found =
            self.connections.with_existing(scope, dataset, |connection| hash::made_of(connection, sha256))?;
        Ok(found.flatten())
    }

    fn document(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        id: &DocumentId,
    ) -> Result<Option<Document>, DocumentStoreError> {
        let found =
            self.connections.with_existing(scope, dataset, |connection| read::document(connection, id))?;
        Ok(found.flatten())
    }

    fn documents(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        page: PageRequest<DocumentId>,
    ) -> Result<Page<DocumentSummary, DocumentId>, DocumentStoreError> {
        let found = self
            .connections
            .with_existing(scope, dataset, |connection| read::summaries(connection, &page))?;
        Ok(found.unwrap_or(Page { items: Vec::new(), next: None }))
    }

    fn remove(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        id: &DocumentId,
    ) -> Result<Option<ChangeNumber>, DocumentStoreError> {
        let removed = self.connections.with_existing(scope, dataset, |connection| {
            write::remove(connection, self.runs.of(scope, dataset), id)
        })?;
        Ok(removed.flatten())
    }

    fn usage(&self, scope: &TenantScope, dataset: DatasetId) -> Result<Usage, DocumentStoreError> {
        Ok(self.connections.with_existing(scope, dataset, read::usage)?.unwrap_or_default())
    }

    fn changes(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        after: ChangeNumber,
        limit: usize,
    ) -> Result<Option<Vec<Change>>, DocumentStoreError> {
        let found = self
            .connections
            .with_existing(scope, dataset, |connection| read::changes(connection, after, limit))?;
        Ok(found.unwrap_or_else(|| (after == ChangeNumber(0)).then(Vec::new)))
    }

    fn removal(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        id: &DocumentId,
    ) -> Result<Option<Removal>, DocumentStoreError> {
        let found =
            self.connections.with_existing(scope, dataset, |connection| read::removal(connection, id))?;
        Ok(found.flatten())
    }

    fn overwrite_remains(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        goes_on: &(dyn Fn() -> bool + Sync),
    ) -> Result<(), DocumentStoreError> {
        let find = |connection: &mut SqliteConnection| write::has_remains(connection);
        let Some(change) = self.connections.with_existing(scope, dataset, find)?.flatten() else {
            return Ok(());
        };
        remains::overwrite_remains(&self.connections.cleaned(scope, dataset, goes_on))?;
        let note = |connection: &mut SqliteConnection| write::note_overwritten(connection, change);
        self.connections.with_existing(scope, dataset, note)?;
        Ok(())
    }

    fn destroy(&self, scope: &TenantScope, dataset: DatasetId) -> Result<(), DocumentStoreError> {
        self.connections.destroy(scope, dataset)
    }

    fn held(&self, operator: &OperatorScope) -> Result<Vec<(TenantId, DatasetId)>, DocumentStoreError> {
        self.connections.held(operator)
    }
}
