//! What is stored of datasets, and what is asked of the store of their documents and of a search engine.

use crate::Pending;
use crate::dataset::{
    Ask, Change, ChangeNumber, Dataset, Document, DocumentId, DocumentSummary, ExtractedText, FileFormat,
    FileRefused, Hits, IndexOf, Job, Usage,
};
use crate::ids::{DatasetId, JobId, TenantId};
use crate::page::{Page, PageAsk};
use crate::store::StoreError;
use crate::tenant::{OperatorScope, TenantScope};

/// Reads datasets and jobs. A dataset that is being deleted is there for the methods that say so, and for
/// nobody else.
pub trait DatasetView {
    /// One dataset of the tenant, whatever its state.
    fn dataset(&mut self, scope: &TenantScope, id: DatasetId) -> Result<Option<Dataset>, StoreError>;
    /// The tenant's dataset of this name, whatever its state.
    fn dataset_named(&mut self, scope: &TenantScope, name: &str) -> Result<Option<Dataset>, StoreError>;
    /// The tenant's active datasets, in the order of their ids.
    fn datasets(
        &mut self,
        scope: &TenantScope,
        page: PageAsk<DatasetId>,
    ) -> Result<Page<Dataset, DatasetId>, StoreError>;
    /// How many datasets the tenant has, whatever their state.
    fn count_datasets(&mut self, scope: &TenantScope) -> Result<u64, StoreError>;
    /// Every dataset of the installation, whatever its state, in the order of tenant and id.
    fn all_datasets(&mut self, operator: &OperatorScope) -> Result<Vec<(TenantId, Dataset)>, StoreError>;

    /// One job of a dataset.
    fn job(&mut self, scope: &TenantScope, dataset: DatasetId, id: JobId) -> Result<Option<Job>, StoreError>;
    /// A dataset's jobs, in the order of their ids.
    fn jobs(
        &mut self,
        scope: &TenantScope,
        dataset: DatasetId,
        page: PageAsk<JobId>,
    ) -> Result<Page<Job, JobId>, StoreError>;
    /// A dataset's jobs whose status is not final, in the order of their ids.
    fn unfinished_jobs(&mut self, scope: &TenantScope, dataset: DatasetId) -> Result<Vec<Job>, StoreError>;
}

/// Writes datasets and jobs.
pub trait DatasetRows: DatasetView {
    /// Adds a dataset. Its id and name are new in the tenant, else [`StoreError::Conflict`].
    fn add_dataset(&mut self, scope: &TenantScope, dataset: &Dataset) -> Result<(), StoreError>;
    /// Replaces all of a dataset but its id, its analyzer and `created_at`.
    fn update_dataset(&mut self, scope: &TenantScope, dataset: &Dataset) -> Result<(), StoreError>;
    /// Removes a dataset and its jobs. `false` when there is none; [`StoreError::Conflict`] while an endpoint
    /// searches it.
    fn remove_dataset(&mut self, scope: &TenantScope, id: DatasetId) -> Result<bool, StoreError>;
    /// Adds a job of an existing dataset.
    fn add_job(&mut self, scope: &TenantScope, job: &Job) -> Result<(), StoreError>;
    /// Replaces a job's status, counts, errors and `finished_at`.
    fn update_job(&mut self, scope: &TenantScope, job: &Job) -> Result<(), StoreError>;
}

/// The store of documents failed.
pub type DocumentStoreError = StoreError;

/// Holds the documents: the truth that every index is derived from. Its methods block on a disk, and must not be
/// called where that matters.
pub trait DocumentStore: Send + Sync {
    /// Puts documents in, all or none; each replaces an older one of its id. They are durable once this answers,
    /// under the number of the last change made. The same job again changes nothing, and answers the same number.
    fn put(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        job: JobId,
        documents: &[Document],
    ) -> Result<ChangeNumber, DocumentStoreError>;
    /// Which change a job's documents were put in with; `None` when they never were.
    fn put_by(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        job: JobId,
    ) -> Result<Option<ChangeNumber>, DocumentStoreError>;
    /// One document.
    fn document(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        id: &DocumentId,
    ) -> Result<Option<Document>, DocumentStoreError>;
    /// The documents, in bytewise order of their ids.
    fn documents(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        page: PageAsk<DocumentId>,
    ) -> Result<Page<DocumentSummary, DocumentId>, DocumentStoreError>;
    /// Removes a document, and answers the number of that change; `None` when there is none.
    fn remove(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        id: &DocumentId,
    ) -> Result<Option<ChangeNumber>, DocumentStoreError>;
    /// How much the dataset holds.
    fn usage(&self, scope: &TenantScope, dataset: DatasetId) -> Result<Usage, DocumentStoreError>;
    /// The changes after a number, in order, up to about `limit` of them: of each document only the last change.
    fn changes(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        after: ChangeNumber,
        limit: usize,
    ) -> Result<Vec<Change>, DocumentStoreError>;
    /// Removes all the dataset ever held. Doing so again changes nothing.
    fn destroy(&self, scope: &TenantScope, dataset: DatasetId) -> Result<(), DocumentStoreError>;
    /// The datasets that hold anything here, known to the rest of the space or not.
    fn held(&self, operator: &OperatorScope) -> Result<Vec<(TenantId, DatasetId)>, DocumentStoreError>;
}

/// A search engine did not do what it was asked to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SearchError {
    /// The index cannot be read; rebuilding it mends that.
    #[error("the index of dataset {0} is damaged; `syft-space reindex` rebuilds it")]
    Damaged(DatasetId),
    /// There is no space left; nothing was done.
    #[error("no space is left to write to; free some and try again")]
    Full,
    /// Anything else.
    #[error("the search failed: {0}")]
    Failed(String),
}

/// Finds chunks. What it holds is derived from a [`DocumentStore`].
pub trait SearchEngine: Send + Sync {
    /// The chunks that are closest to a question, the closest first. A dataset without an index has none.
    fn search<'a>(
        &'a self,
        scope: &'a TenantScope,
        index: IndexOf,
        ask: &'a Ask,
    ) -> Pending<'a, Result<Hits, SearchError>>;
    /// The last change the index has seen, durably. Blocks on a disk.
    fn indexed(&self, scope: &TenantScope, index: IndexOf) -> Result<ChangeNumber, SearchError>;
    /// Brings the index the next changes, in order. Once this answers they are durable in it and the next search
    /// sees them. Blocks on a disk.
    fn apply(&self, scope: &TenantScope, index: IndexOf, changes: &[Change]) -> Result<(), SearchError>;
    /// Removes the index. Doing so again changes nothing. Blocks on a disk.
    fn destroy(&self, scope: &TenantScope, dataset: DatasetId) -> Result<(), SearchError>;
}

/// No text was taken out of a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExtractError {
    /// It is the file's fault, and will be so again.
    #[error(transparent)]
    Refused(#[from] FileRefused),
    /// It is not the file's fault: there was no process to read it, or no space.
    #[error("files cannot be read at the moment: {0}")]
    Failed(String),
}

/// Takes text out of files. What it reads is hostile until it is text: an implementation bounds time and memory, and
/// no file can harm the process that calls it.
pub trait TextExtractor: Send + Sync {
    /// The text of a file. Blocks until it is read.
    fn extract(&self, format: FileFormat, bytes: &[u8]) -> Result<ExtractedText, ExtractError>;
}
