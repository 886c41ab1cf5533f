//! How documents are kept, and the numbers of their changes.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

use syft_space_domain::dataset::ports::{DocumentStore, DocumentStoreError};
use syft_space_domain::dataset::{
    Change, ChangeNumber, ContentHash, Document, DocumentId, DocumentSummary, JobProgress, Usage,
};
use syft_space_domain::ids::{DatasetId, JobId, TenantId};
use syft_space_domain::page::{Page, PageRequest};
use syft_space_domain::tenant::{OperatorScope, TenantScope};

/// The documents of every dataset, in memory.
#[derive(Default)]
pub struct MemoryDocuments(Mutex<BTreeMap<(TenantId, DatasetId), Held>>);

/// What one dataset holds.
#[derive(Default)]
struct Held {
    last: ChangeNumber,
    /// Each document's last change; `None` where that removed it.
    documents: BTreeMap<DocumentId, (ChangeNumber, Option<Document>)>,
    jobs: BTreeMap<JobId, ChangeNumber>,
    progress: BTreeMap<JobId, JobProgress>,
}

impl Held {
    fn change(&mut self, id: &DocumentId, document: Option<Document>) -> ChangeNumber {
        self.last = ChangeNumber(self.last.0 + 1);
        self.documents.insert(id.clone(), (self.last, document));
        self.last
    }

    fn present(&self) -> impl Iterator<Item = &Document> {
        self.documents.values().filter_map(|(_, document)| document.as_ref())
    }
}

impl MemoryDocuments {
    /// A store without documents.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn datasets(&self) -> MutexGuard<'_, BTreeMap<(TenantId, DatasetId), Held>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn look<T>(&self, scope: &TenantScope, dataset: DatasetId, at: impl FnOnce(&Held) -> T) -> Option<T> {
        self.datasets().get(&(scope.tenant(), dataset)).map(at)
    }
}

impl DocumentStore for MemoryDocuments {
    fn put(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        job: JobId,
        documents: &[Document],
    ) -> Result<ChangeNumber, DocumentStoreError> {
        let mut datasets = self.datasets();
        let held = datasets.entry((scope.tenant(), dataset)).or_default();
        if let Some(number) = held.jobs.get(&job) {
            return Ok(*number);
        }
        for document in documents {
            held.change(&document.id, Some(document.clone()));
        }
        held.jobs.insert(job, held.last);
        Ok(held.last)
    }

    fn put_by(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        job: JobId,
    ) -> Result<Option<ChangeNumber>, DocumentStoreError> {
        Ok(self.look(scope, dataset, |held| held.jobs.get(&job).copied()).flatten())
    }

    fn put_part(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        job: JobId,
        documents: &[Document],
        progress: &JobProgress,
    ) -> Result<ChangeNumber, DocumentStoreError> {
        let mut datasets = self.datasets();
        let held = datasets.entry((scope.tenant(), dataset)).or_default();
        for document in documents {
            held.change(&document.id, Some(document.clone()));
        }
        held.progress.insert(job, progress.clone());
        Ok(held.last)
    }

    fn progress(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        job: JobId,
    ) -> Result<Option<JobProgress>, DocumentStoreError> {
        Ok(self.look(scope, dataset, |held| held.progress.get(&job).cloned()).flatten())
    }

    fn forget_progress(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        job: JobId,
    ) -> Result<(), DocumentStoreError> {
        if let Some(held) = self.datasets().get_mut(&(scope.tenant(), dataset)) {
            held.progress.remove(&job);
        }
        Ok(())
    }

    fn hashes(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        ids: &[DocumentId],
    ) -> Result<Vec<Option<ContentHash>>, DocumentStoreError> {
        let hash = |held: &Held, id| Some(held.documents.get(id)?.1.as_ref()?.sha256);
        let found = self.look(scope, dataset, |held| ids.iter().map(|id| hash(held, id)).collect());
        Ok(found.unwrap_or_else(|| vec![None; ids.len()]))
    }

    fn made_of(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        sha256: &ContentHash,
    ) -> Result<Option<DocumentId>, DocumentStoreError> {
        let first = |held: &Held| held.present().find(|one| one.sha256 == *sha256).map(|one| one.id.clone());
        Ok(self.look(scope, dataset, first).flatten())
    }

    fn document(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        id: &DocumentId,
    ) -> Result<Option<Document>, DocumentStoreError> {
        Ok(self.look(scope, dataset, |held| held.documents.get(id)?.1.clone()).flatten())
    }

    fn documents(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        page: PageRequest<DocumentId>,
    ) -> Result<Page<DocumentSummary, DocumentId>, DocumentStoreError> {
        let start = page.after.map_or(Bound::Unbounded, |cursor| Bound::Excluded(cursor.0));
        let listed = |held: &Held| -> Vec<DocumentSummary> {
            let behind = held.documents.range((start, Bound::Unbounded));
            let present = behind.filter_map(|(_, (_, document))| document.as_ref());
            present.take(page.limit.get() + 1).map(summary).collect()
        };
        let items = self.look(scope, dataset, listed).unwrap_or_default();
        Ok(Page::cut(items, page.limit, |one| one.id.clone()))
    }

    fn remove(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        id: &DocumentId,
    ) -> Result<Option<ChangeNumber>, DocumentStoreError> {
        let mut datasets = self.datasets();
        let Some(held) = datasets.get_mut(&(scope.tenant(), dataset)) else {
            return Ok(None);
        };
        let present = matches!(held.documents.get(id), Some((_, Some(_))));
        Ok(present.then(|| held.change(id, None)))
    }

    fn usage(&self, scope: &TenantScope, dataset: DatasetId) -> Result<Usage, DocumentStoreError> {
        let sum = |held: &Held| {
            held.present().map(summary).fold(Usage::default(), |sum, one| Usage {
                documents: sum.documents + 1,
                chunks: sum.chunks + one.chunks,
                bytes: sum.bytes + one.bytes,
            })
        };
        Ok(self.look(scope, dataset, sum).unwrap_or_default())
    }

    fn changes(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        after: ChangeNumber,
        limit: usize,
    ) -> Result<Vec<Change>, DocumentStoreError> {
        let listed = |held: &Held| {
            let later = held.documents.iter().filter(|(_, (number, _))| *number > after);
            let mut changes: Vec<Change> = later
                .map(|(id, (number, document))| match document {
                    Some(document) => Change::Put(*number, document.clone()),
                    None => Change::Removed(*number, id.clone()),
                })
                .collect();
            changes.sort_by_key(Change::number);
            changes.truncate(limit);
            changes
        };
        Ok(self.look(scope, dataset, listed).unwrap_or_default())
    }

    fn destroy(&self, scope: &TenantScope, dataset: DatasetId) -> Result<(), DocumentStoreError> {
        self.datasets().remove(&(scope.tenant(), dataset));
        Ok(())
    }

    fn held(&self, _operator: &OperatorScope) -> Result<Vec<(TenantId, DatasetId)>, DocumentStoreError> {
        Ok(self.datasets().keys().copied().collect())
    }
}

fn summary(document: &Document) -> DocumentSummary {
    DocumentSummary {
        id: document.id.clone(),
        metadata: document.metadata.clone(),
        bytes: length(document.content.len()),
        chunks: length(document.chunks.len()),
        sha256: document.sha256,
        created_at: document.created_at,
    }
}

fn length(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
