//! A store of documents and a search engine that fail when they are told to.

use std::collections::VecDeque;
use std::sync::Mutex;

use syft_space_domain::Pending;
use syft_space_domain::dataset::ports::{DocumentStore, SearchEngine, SearchError};
use syft_space_domain::dataset::{
    SearchQuery, Change, ChangeNumber, ContentHash, Document, DocumentId, DocumentSummary, Hits, IndexKey,
    JobProgress, Usage,
};
use syft_space_domain::ids::{DatasetId, JobId, TenantId};
use syft_space_domain::page::{Page, PageRequest};
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::{OperatorScope, TenantScope};
use syft_space_memory::{MemoryDocuments, MemorySearch};

/// An adapter whose next writes fail as it is told, each with its own error or none.
pub(crate) struct Failing<A, E> {
    inner: A,
    next: Mutex<VecDeque<Option<E>>>,
}

impl<A, E> Failing<A, E> {
    pub(crate) fn new(inner: A) -> Self {
        Self { inner, next: Mutex::default() }
    }

    /// What becomes of the next writes; those behind them succeed.
    pub(crate) fn fail<const N: usize>(&self, next: [Option<E>; N]) {
        self.next.lock().unwrap().extend(next);
    }

    fn may_write(&self) -> Result<(), E> {
        self.next.lock().unwrap().pop_front().flatten().map_or(Ok(()), Err)
    }
}

/// Hands on what does not fail.
macro_rules! handed_on {
    ($($name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {$(
        fn $name(&self, $($argument: $type),*) -> $answer {
            self.inner.$name($($argument),*)
        }
    )*};
}

type Stored<T> = Result<T, StoreError>;

impl DocumentStore for Failing<MemoryDocuments, StoreError> {
    fn put(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        job: JobId,
        documents: &[Document],
    ) -> Stored<ChangeNumber> {
        self.may_write()?;
        self.inner.put(scope, dataset, job, documents)
    }

    fn put_part(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        job: JobId,
        documents: &[Document],
        progress: &JobProgress,
    ) -> Stored<ChangeNumber> {
        self.may_write()?;
        self.inner.put_part(scope, dataset, job, documents, progress)
    }

    handed_on! {
        put_by(scope: &TenantScope, dataset: DatasetId, job: JobId) -> Stored<Option<ChangeNumber>>;
        progress(scope: &TenantScope, dataset: DatasetId, job: JobId) -> Stored<Option<JobProgress>>;
        forget_progress(scope: &TenantScope, dataset: DatasetId, job: JobId) -> Stored<()>;
        hashes(scope: &TenantScope, dataset: DatasetId, ids: &[DocumentId]) -> Stored<Vec<Option<ContentHash>>>;
        made_of(scope: &TenantScope, dataset: DatasetId, hash: &ContentHash) -> Stored<Option<DocumentId>>;
        document(scope: &TenantScope, dataset: DatasetId, id: &DocumentId) -> Stored<Option<Document>>;
        documents(scope: &TenantScope, dataset: DatasetId, page: PageRequest<DocumentId>)
            -> Stored<Page<DocumentSummary, DocumentId>>;
        remove(scope: &TenantScope, dataset: DatasetId, id: &DocumentId) -> Stored<Option<ChangeNumber>>;
        usage(scope: &TenantScope, dataset: DatasetId) -> Stored<Usage>;
        changes(scope: &TenantScope, dataset: DatasetId, after: ChangeNumber, limit: usize) -> Stored<Vec<Change>>;
        destroy(scope: &TenantScope, dataset: DatasetId) -> Stored<()>;
        held(operator: &OperatorScope) -> Stored<Vec<(TenantId, DatasetId)>>;
    }
}

impl SearchEngine for Failing<MemorySearch, SearchError> {
    fn search<'a>(
        &'a self,
        scope: &'a TenantScope,
        index: IndexKey,
        ask: &'a SearchQuery,
    ) -> Pending<'a, Result<Hits, SearchError>> {
        self.inner.search(scope, index, ask)
    }

    fn apply(&self, scope: &TenantScope, index: IndexKey, changes: &[Change]) -> Result<(), SearchError> {
        self.may_write()?;
        self.inner.apply(scope, index, changes)
    }

    handed_on! {
        indexed(scope: &TenantScope, index: IndexKey) -> Result<ChangeNumber, SearchError>;
        destroy(scope: &TenantScope, dataset: DatasetId) -> Result<(), SearchError>;
    }
}
