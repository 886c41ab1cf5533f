//! A document store and a search engine with injected failures.

use std::collections::VecDeque;
use std::sync::Mutex;

use syft_space_domain::Pending;
use syft_space_domain::dataset::ports::{DocumentStore, Removal, SearchEngine, SearchError};
use syft_space_domain::dataset::{
    Change, ChangeNumber, ChunkRef, ContentHash, Document, DocumentId, DocumentSummary, Hits, IndexKey,
    JobProgress, MadeOf, SearchQuery, Usage,
};
use syft_space_domain::ids::{DatasetId, JobId, TenantId};
use syft_space_domain::page::{Page, PageRequest};
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::{OperatorScope, TenantScope};
use syft_space_memory::{MemoryDocuments, MemorySearch};

/// An adapter whose next writes fail with the queued errors.
pub(crate) struct FailingAdapter<A, E> {
    inner: A,
    outcomes: Mutex<VecDeque<Option<E>>>,
}

impl<A, E> FailingAdapter<A, E> {
    pub(crate) fn new(inner: A) -> Self {
        Self { inner, outcomes: Mutex::default() }
    }

    /// Queues the outcomes of the next writes; later writes succeed.
    pub(crate) fn fail<const N: usize>(&self, outcomes: [Option<E>; N]) {
        self.outcomes.lock().unwrap().extend(outcomes);
    }

    fn next_outcome(&self) -> Result<(), E> {
        self.outcomes.lock().unwrap().pop_front().flatten().map_or(Ok(()), Err)
    }
}

/// Methods that delegate.
macro_rules! delegated {
    ($($name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {$(
        fn $name(&self, $($argument: $type),*) -> $answer {
            self.inner.$name($($argument),*)
        }
    )*};
}

type StoreResult<T> = Result<T, StoreError>;

impl DocumentStore for FailingAdapter<MemoryDocuments, StoreError> {
    fn put(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        job: JobId,
        documents: &[Document],
    ) -> StoreResult<ChangeNumber> {
        self.next_outcome()?;
        self.inner.put(scope, dataset, job, documents)
    }

    fn put_part(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        job: JobId,
        documents: &[Document],
        removed: &[DocumentId],
        progress: &JobProgress,
    ) -> StoreResult<ChangeNumber> {
        self.next_outcome()?;
        self.inner.put_part(scope, dataset, job, documents, removed, progress)
    }

    delegated! {
        put_by(scope: &TenantScope, dataset: DatasetId, job: JobId) -> StoreResult<Option<ChangeNumber>>;
        progress(scope: &TenantScope, dataset: DatasetId, job: JobId) -> StoreResult<Option<JobProgress>>;
        forget_progress(scope: &TenantScope, dataset: DatasetId, job: JobId) -> StoreResult<()>;
        removal(scope: &TenantScope, dataset: DatasetId, id: &DocumentId) -> StoreResult<Option<Removal>>;
        overwrite_remains(scope: &TenantScope, dataset: DatasetId, goes_on: &(dyn Fn() -> bool + Sync)) -> StoreResult<()>;
        hashes(scope: &TenantScope, dataset: DatasetId, ids: &[DocumentId]) -> StoreResult<Vec<Option<MadeOf>>>;
        made_of(scope: &TenantScope, dataset: DatasetId, hash: &ContentHash) -> StoreResult<Option<DocumentId>>;
        document(scope: &TenantScope, dataset: DatasetId, id: &DocumentId) -> StoreResult<Option<Document>>;
        documents(scope: &TenantScope, dataset: DatasetId, page: PageRequest<DocumentId>)
            -> StoreResult<Page<DocumentSummary, DocumentId>>;
        remove(scope: &TenantScope, dataset: DatasetId, id: &DocumentId) -> StoreResult<Option<ChangeNumber>>;
        usage(scope: &TenantScope, dataset: DatasetId) -> StoreResult<Usage>;
        changes(scope: &TenantScope, dataset: DatasetId, after: ChangeNumber, limit: usize) -> StoreResult<Option<Vec<Change>>>;
        destroy(scope: &TenantScope, dataset: DatasetId) -> StoreResult<()>;
        held(operator: &OperatorScope) -> StoreResult<Vec<(TenantId, DatasetId)>>;
    }
}

impl SearchEngine for FailingAdapter<MemorySearch, SearchError> {
    fn search<'a>(
        &'a self,
        scope: &'a TenantScope,
        index: IndexKey,
        query: &'a SearchQuery<'a>,
    ) -> Pending<'a, Result<Hits, SearchError>> {
        self.inner.search(scope, index, query)
    }

    fn chunks<'a>(
        &'a self,
        scope: &'a TenantScope,
        index: IndexKey,
        text: &'a str,
        chunks: &'a [ChunkRef],
    ) -> Pending<'a, Result<Hits, SearchError>> {
        self.inner.chunks(scope, index, text, chunks)
    }

    fn shares<'a>(
        &'a self,
        scope: &'a TenantScope,
        index: IndexKey,
        texts: &'a [&'a str],
    ) -> Pending<'a, Result<Vec<f32>, SearchError>> {
        self.inner.shares(scope, index, texts)
    }

    fn apply(&self, scope: &TenantScope, index: IndexKey, changes: &[Change]) -> Result<(), SearchError> {
        self.next_outcome()?;
        self.inner.apply(scope, index, changes)
    }

    delegated! {
        indexed(scope: &TenantScope, index: IndexKey) -> Result<ChangeNumber, SearchError>;
        destroy(scope: &TenantScope, dataset: DatasetId) -> Result<(), SearchError>;
    }
}
