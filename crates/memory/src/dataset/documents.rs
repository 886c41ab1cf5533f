//! The in-memory document store, with the numbers of its changes.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use syft_space_domain::dataset::ports::{DocumentStore, DocumentStoreError, Removal};
use syft_space_domain::dataset::{
    Change, ChangeNumber, ContentHash, Document, DocumentId, DocumentSummary, JobProgress, MadeOf, Usage,
};
use syft_space_domain::ids::{DatasetId, JobId, TenantId};
use syft_space_domain::page::{Page, PageRequest};
use syft_space_domain::tenant::{OperatorScope, TenantScope};

/// The documents of every dataset, in memory.
#[derive(Default)]
pub struct MemoryDocuments(Mutex<BTreeMap<(TenantId, DatasetId), DatasetDocuments>>);

/// The documents and jobs of one dataset.
struct DatasetDocuments {
    /// Below the numbers of all changes of these documents, and of no other's in this process.
    base: ChangeNumber,
    last_change: ChangeNumber,
    /// Each document with its last change; `None` where that removed it.
    documents: BTreeMap<DocumentId, (ChangeNumber, Option<Document>)>,
    jobs: BTreeMap<JobId, ChangeNumber>,
    progress: BTreeMap<JobId, JobProgress>,
}

/// How many datasets had documents in this process.
static DATASETS: AtomicU64 = AtomicU64::new(0);

impl Default for DatasetDocuments {
    fn default() -> Self {
        let base = ChangeNumber((DATASETS.fetch_add(1, Ordering::Relaxed) + 1) << 32);
        Self {
            base,
            last_change: base,
            documents: BTreeMap::new(),
            jobs: BTreeMap::new(),
            progress: BTreeMap::new(),
        }
    }
}

impl DatasetDocuments {
    fn record_change(&mut self, id: &DocumentId, document: Option<Document>) -> ChangeNumber {
        self.last_change = ChangeNumber(self.last_change.0 + 1);
        self.documents.insert(id.clone(), (self.last_change, document));
        self.last_change
    }

    fn remove(&mut self, id: &DocumentId) -> Option<ChangeNumber> {
        let is_stored = matches!(self.documents.get(id), Some((_, Some(_))));
        is_stored.then(|| self.record_change(id, None))
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

    fn datasets(&self) -> MutexGuard<'_, BTreeMap<(TenantId, DatasetId), DatasetDocuments>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read<T>(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        query: impl FnOnce(&DatasetDocuments) -> T,
    ) -> Option<T> {
        self.datasets().get(&(scope.tenant(), dataset)).map(query)
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
        let stored = datasets.entry((scope.tenant(), dataset)).or_default();
        if let Some(number) = stored.jobs.get(&job) {
            return Ok(*number);
        }
        for document in documents {
            stored.record_change(&document.id, Some(document.clone()));
        }
        stored.jobs.insert(job, stored.last_change);
        Ok(stored.last_change)
    }

    fn put_by(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        job: JobId,
    ) -> Result<Option<ChangeNumber>, DocumentStoreError> {
        Ok(self.read(scope, dataset, |stored| stored.jobs.get(&job).copied()).flatten())
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
        let mut datasets = self.datasets();
        let stored = datasets.entry((scope.tenant(), dataset)).or_default();
        for document in documents {
            stored.record_change(&document.id, Some(document.clone()));
        }
        for id in removed {
            stored.remove(id);
        }
        stored.progress.insert(job, progress.clone());
        Ok(stored.last_change)
    }

    fn progress(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        job: JobId,
    ) -> Result<Option<JobProgress>, DocumentStoreError> {
        Ok(self.read(scope, dataset, |stored| stored.progress.get(&job).cloned()).flatten())
    }

    fn forget_progress(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        job: JobId,
    ) -> Result<(), DocumentStoreError> {
        if let Some(stored) = self.datasets().get_mut(&(scope.tenant(), dataset)) {
            stored.progress.remove(&job);
        }
        Ok(())
    }

    fn hashes(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        ids: &[DocumentId],
    ) -> Result<Vec<Option<MadeOf>>, DocumentStoreError> {
        let made_of = |stored: &DatasetDocuments, id| {
            let document = stored.documents.get(id)?.1.as_ref()?;
            Some(MadeOf { sha256: document.sha256, reader: document.reader })
        };
        let found = self.read(scope, dataset, |stored| ids.iter().map(|id| made_of(stored, id)).collect());
        Ok(found.unwrap_or_else(|| vec![None; ids.len()]))
    }

    fn made_of(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        sha256: &ContentHash,
    ) -> Result<Option<DocumentId>, DocumentStoreError> {
        let first = |stored: &DatasetDocuments| {
            stored.present().find(|document| document.sha256 == *sha256).map(|document| document.id.clone())
        };
        Ok(self.read(scope, dataset, first).flatten())
    }

    fn document(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        id: &DocumentId,
    ) -> Result<Option<Document>, DocumentStoreError> {
        Ok(self.read(scope, dataset, |stored| stored.documents.get(id)?.1.clone()).flatten())
    }

    fn documents(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        page: PageRequest<DocumentId>,
    ) -> Result<Page<DocumentSummary, DocumentId>, DocumentStoreError> {
        let start = page.after.map_or(Bound::Unbounded, |cursor| Bound::Excluded(cursor.0));
        let listed = |stored: &DatasetDocuments| {
            let after_cursor = stored.documents.range((start, Bound::Unbounded));
            let present = after_cursor.filter_map(|(id, (_, document))| Some((id, document.as_ref()?)));
            Page::read(present, page.limit, |(id, document)| Ok((id.clone(), summary(document))))
        };
        self.read(scope, dataset, listed).unwrap_or_else(|| Ok(Page { items: Vec::new(), next: None }))
    }

    fn remove(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        id: &DocumentId,
    ) -> Result<Option<ChangeNumber>, DocumentStoreError> {
        let mut datasets = self.datasets();
        let Some(stored) = datasets.get_mut(&(scope.tenant(), dataset)) else {
            return Ok(None);
        };
        Ok(stored.remove(id))
    }

    fn usage(&self, scope: &TenantScope, dataset: DatasetId) -> Result<Usage, DocumentStoreError> {
        let sum = |stored: &DatasetDocuments| {
            stored.present().map(summary).fold(Usage::default(), |sum, document| Usage {
                documents: sum.documents + 1,
                chunks: sum.chunks + document.chunks,
                bytes: sum.bytes + document.bytes,
            })
        };
        Ok(self.read(scope, dataset, sum).unwrap_or_default())
    }

    fn changes(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        after: ChangeNumber,
        limit: usize,
    ) -> Result<Option<Vec<Change>>, DocumentStoreError> {
        let listed = |stored: &DatasetDocuments| {
            let is_of_change =
                after == ChangeNumber(0) || (after > stored.base && after <= stored.last_change);
            if !is_of_change {
                return None;
            }
            let later = stored.documents.iter().filter(|(_, (number, _))| *number > after);
            let mut changes: Vec<Change> = later
                .map(|(id, (number, document))| match document {
                    Some(document) => Change::Put(*number, document.clone()),
                    None => Change::Removed(*number, id.clone()),
                })
                .collect();
            changes.sort_by_key(Change::number);
            changes.truncate(limit);
            Some(changes)
        };
        Ok(self.read(scope, dataset, listed).unwrap_or_else(|| (after == ChangeNumber(0)).then(Vec::new)))
    }

    fn removal(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        id: &DocumentId,
    ) -> Result<Option<Removal>, DocumentStoreError> {
        let removed = self.read(scope, dataset, |stored| match stored.documents.get(id) {
            Some((change, None)) => Some(Removal { change: *change, is_overwritten: true }),
            _ => None,
        });
        Ok(removed.flatten())
    }

    fn overwrite_remains(
        &self,
        _: &TenantScope,
        _: DatasetId,
        _: &(dyn Fn() -> bool + Sync),
    ) -> Result<(), DocumentStoreError> {
        // It has no files.
        Ok(())
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
        bytes: count(document.content.len()),
        chunks: count(document.chunks.len()),
        sha256: document.sha256,
        reader: document.reader,
        created_at: document.created_at,
    }
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
