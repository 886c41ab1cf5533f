//! The engine as the rest of the space sees it.

use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use quick_cache::sync::Cache;
use syft_space_domain::Pending;
use syft_space_domain::dataset::ports::{SearchEngine, SearchError};
use syft_space_domain::dataset::{SearchQuery, Change, ChangeNumber, Hits, IndexKey};
use syft_space_domain::ids::{DatasetId, TenantId};
use syft_space_domain::tenant::TenantScope;

use crate::chunk_cache::Ready;
use crate::error::{Fault, guarded};
use crate::folder::Folder;
use crate::ingest;
use crate::snapshot::Snapshot;
use crate::write_permits::Gate;

/// Whose index it is. Tenants may have datasets of equal ids.
pub(crate) type Key = (TenantId, DatasetId);

/// How much the engine may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// How many indexes stay open.
    pub open_indexes: usize,
    /// How many bytes of found chunks are kept ready, over all datasets.
    pub ready_bytes: u64,
    /// How many indexes are written at once; each writer has 5 threads and up to 15 MB.
    pub writers: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { open_indexes: 256, ready_bytes: 64 * 1024 * 1024, writers: 2 }
    }
}

/// The embedded search engine, on tantivy.
pub struct TantivySearch {
    home: PathBuf,
    opened: Cache<Key, Arc<Slot>>,
    ready: Ready,
    gate: Gate,
    snapshots: AtomicU64,
}

/// Where an opened index is kept. It is emptied when the index changes, and filled by the next search; whoever fills
/// it holds its lock meanwhile, so that nothing older than the change can get in after it.
#[derive(Default)]
struct Slot(RwLock<Option<Arc<Snapshot>>>);

impl TantivySearch {
    /// An engine whose indexes lie in a home folder. Nothing is opened or made before it is needed.
    #[must_use]
    pub fn new(home: PathBuf, options: Options) -> Self {
        Self {
            home,
            opened: Cache::new(options.open_indexes),
            ready: Ready::new(options.ready_bytes),
            gate: Gate::new(options.writers),
            snapshots: AtomicU64::new(0),
        }
    }

    fn find(&self, scope: &TenantScope, index: IndexKey, ask: &SearchQuery) -> Result<Hits, Fault> {
        match self.snapshot(scope, index)? {
            Some(snapshot) if snapshot.settings() == index.analyzer => snapshot.search(ask, &self.ready),
            Some(_) => Err(Fault::Damaged("it was made with other settings".to_owned())),
            None => Ok(Hits::new()),
        }
    }

    fn snapshot(&self, scope: &TenantScope, index: IndexKey) -> Result<Option<Arc<Snapshot>>, Fault> {
        let key = (scope.tenant(), index.dataset);
        let slot = self.slot(key);
        if let Some(snapshot) = &*slot.0.read().unwrap_or_else(PoisonError::into_inner) {
            return Ok(Some(Arc::clone(snapshot)));
        }
        let mut kept = slot.0.write().unwrap_or_else(PoisonError::into_inner);
        if kept.is_none() {
            let number = self.snapshots.fetch_add(1, Ordering::Relaxed);
            let folder = Folder::of(&self.home, scope, index.dataset);
            *kept = Snapshot::open(number, key, &folder, index.analyzer)?.map(Arc::new);
        }
        Ok(kept.clone())
    }

    fn slot(&self, key: Key) -> Arc<Slot> {
        let made = self.opened.get_or_insert_with(&key, || Ok::<_, Infallible>(Arc::default()));
        made.unwrap_or_else(|never| match never {})
    }

    /// Lets the next search see the index as it is now.
    fn changed(&self, key: Key) {
        if let Some(slot) = self.opened.peek(&key) {
            let old = slot.0.write().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(old) = old {
                old.retire();
            }
        }
        self.ready.forget(key);
    }
}

impl SearchEngine for TantivySearch {
    fn search<'a>(
        &'a self,
        scope: &'a TenantScope,
        index: IndexKey,
        ask: &'a SearchQuery,
    ) -> Pending<'a, Result<Hits, SearchError>> {
        // So short that handing it to another thread would cost more than doing it.
        Box::pin(async move { guarded(index.dataset, || self.find(scope, index, ask)) })
    }

    fn indexed(&self, scope: &TenantScope, index: IndexKey) -> Result<ChangeNumber, SearchError> {
        let folder = Folder::of(&self.home, scope, index.dataset);
        guarded(index.dataset, || ingest::indexed(&folder, index.analyzer))
    }

    fn apply(&self, scope: &TenantScope, index: IndexKey, changes: &[Change]) -> Result<(), SearchError> {
        let key = (scope.tenant(), index.dataset);
        let folder = Folder::of(&self.home, scope, index.dataset);
        let _permit = self.gate.enter(key);
        let applied = guarded(index.dataset, || ingest::apply(&folder, index.analyzer, changes));
        self.changed(key);
        applied
    }

    fn destroy(&self, scope: &TenantScope, dataset: DatasetId) -> Result<(), SearchError> {
        let key = (scope.tenant(), dataset);
        let folder = Folder::of(&self.home, scope, dataset);
        let _permit = self.gate.enter(key);
        let removed = guarded(dataset, || Ok(folder.remove()?));
        self.changed(key);
        removed
    }
}
