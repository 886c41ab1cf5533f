//! The search engine, as the port has it.

use std::convert::Infallible;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use quick_cache::sync::Cache;
use syft_space_domain::Pending;
use syft_space_domain::dataset::ports::{SearchEngine, SearchError};
use syft_space_domain::dataset::{Change, ChangeNumber, ChunkRef, Hits, IndexKey, SearchQuery};
use syft_space_domain::ids::DatasetId;
use syft_space_domain::tenant::TenantScope;
use syft_space_home::Home;

use crate::chunk_cache::ChunkCache;
use crate::error::{IndexError, guarded};
use crate::folder::IndexFolder;
use crate::ingest;
use crate::snapshot::Snapshot;
use crate::types::DatasetKey;
use crate::write_limiter::WriteLimiter;

/// The resources that the engine may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// The most indexes that stay open.
    pub open_indexes: usize,
    /// The most bytes of cached chunks, over all datasets.
    pub chunk_cache_bytes: u64,
    /// The most indexes that are written at once. Each writer has 5 threads and up to 15 MB.
    pub writers: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { open_indexes: 256, chunk_cache_bytes: 64 * 1024 * 1024, writers: 2 }
    }
}

/// The embedded search engine, on tantivy.
pub struct TantivySearch {
    home: Home,
    slots: Cache<DatasetKey, Arc<Slot>>,
    chunks: ChunkCache,
    write_limiter: WriteLimiter,
    next_snapshot: AtomicU64,
}

/// The place of a snapshot. It is emptied when the index changes, and filled by the next search; whoever fills
/// it holds its lock meanwhile, so that nothing older than the change can get in after it.
#[derive(Default)]
struct Slot(RwLock<Option<Arc<Snapshot>>>);

impl TantivySearch {
    /// An engine whose indexes lie in a home. Nothing is opened or made before it is needed.
    #[must_use]
    pub fn new(home: Home, options: Options) -> Self {
        Self {
            home,
            slots: Cache::new(options.open_indexes),
            chunks: ChunkCache::new(options.chunk_cache_bytes),
            write_limiter: WriteLimiter::new(options.writers),
            next_snapshot: AtomicU64::new(0),
        }
    }

    /// The snapshot of an index with these settings; `None` when there is no index.
    fn current(&self, scope: &TenantScope, index: IndexKey) -> Result<Option<Arc<Snapshot>>, IndexError> {
        match self.snapshot(scope, index)? {
            Some(snapshot) if snapshot.settings() != index.analyzer => {
                Err(IndexError::Damaged("it was made with other settings".to_owned()))
            }
            snapshot => Ok(snapshot),
        }
    }

    fn search_index(
        &self,
        scope: &TenantScope,
        index: IndexKey,
        query: &SearchQuery<'_>,
    ) -> Result<Hits, IndexError> {
        let snapshot = self.current(scope, index)?;
        snapshot.map_or_else(|| Ok(Hits::new()), |snapshot| snapshot.search(query, &self.chunks))
    }

    fn named_chunks(
        &self,
        scope: &TenantScope,
        index: IndexKey,
        text: &str,
        chunks: &[ChunkRef],
    ) -> Result<Hits, IndexError> {
        let snapshot = self.current(scope, index)?;
        snapshot.map_or_else(|| Ok(Hits::new()), |snapshot| snapshot.chunks(text, chunks, &self.chunks))
    }

    fn shares_of(
        &self,
        scope: &TenantScope,
        index: IndexKey,
        texts: &[&str],
    ) -> Result<Vec<f32>, IndexError> {
        match self.current(scope, index)? {
            Some(snapshot) => snapshot.shares(texts),
            None => Ok(vec![0.0; texts.len()]),
        }
    }

    fn snapshot(&self, scope: &TenantScope, index: IndexKey) -> Result<Option<Arc<Snapshot>>, IndexError> {
        let key = (scope.tenant(), index.dataset);
        let slot = self.slot(key);
        if let Some(snapshot) = &*slot.0.read().unwrap_or_else(PoisonError::into_inner) {
            return Ok(Some(Arc::clone(snapshot)));
        }
        let mut snapshot = slot.0.write().unwrap_or_else(PoisonError::into_inner);
        if snapshot.is_none() {
            let number = self.next_snapshot.fetch_add(1, Ordering::Relaxed);
            let folder = IndexFolder::of(&self.home, scope, index.dataset);
            *snapshot = Snapshot::open(number, key, &folder, index.analyzer)?.map(Arc::new);
        }
        Ok(snapshot.clone())
    }

    fn slot(&self, key: DatasetKey) -> Arc<Slot> {
        let slot = self.slots.get_or_insert_with(&key, || Ok::<_, Infallible>(Arc::default()));
        slot.unwrap_or_else(|never| match never {})
    }

    /// Drops the snapshot and the cached chunks of an index that has changed.
    fn invalidate(&self, key: DatasetKey) {
        if let Some(slot) = self.slots.peek(&key) {
            let old = slot.0.write().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(old) = old {
                old.mark_outdated();
            }
        }
        self.chunks.remove_dataset(key);
    }
}

impl SearchEngine for TantivySearch {
    fn search<'a>(
        &'a self,
        scope: &'a TenantScope,
        index: IndexKey,
        query: &'a SearchQuery<'a>,
    ) -> Pending<'a, Result<Hits, SearchError>> {
        // So short that handing it to another thread would cost more than doing it.
        Box::pin(async move { guarded(index.dataset, || self.search_index(scope, index, query)) })
    }

    fn chunks<'a>(
        &'a self,
        scope: &'a TenantScope,
        index: IndexKey,
        text: &'a str,
        chunks: &'a [ChunkRef],
    ) -> Pending<'a, Result<Hits, SearchError>> {
        Box::pin(async move {
            if chunks.len() > ChunkRef::MAX_NAMED {
                return Err(SearchError::TooManyChunks);
            }
            guarded(index.dataset, || self.named_chunks(scope, index, text, chunks))
        })
    }

    fn shares<'a>(
        &'a self,
        scope: &'a TenantScope,
        index: IndexKey,
        texts: &'a [&'a str],
    ) -> Pending<'a, Result<Vec<f32>, SearchError>> {
        Box::pin(async move { guarded(index.dataset, || self.shares_of(scope, index, texts)) })
    }

    fn indexed(&self, scope: &TenantScope, index: IndexKey) -> Result<ChangeNumber, SearchError> {
        let folder = IndexFolder::of(&self.home, scope, index.dataset);
        guarded(index.dataset, || ingest::indexed(&folder, index.analyzer))
    }

    fn apply(&self, scope: &TenantScope, index: IndexKey, changes: &[Change]) -> Result<(), SearchError> {
        let key = (scope.tenant(), index.dataset);
        let folder = IndexFolder::of(&self.home, scope, index.dataset);
        let _permit = self.write_limiter.acquire(key);
        let applied = guarded(index.dataset, || ingest::apply(&folder, index.analyzer, changes));
        self.invalidate(key);
        applied
    }

    fn destroy(&self, scope: &TenantScope, dataset: DatasetId) -> Result<(), SearchError> {
        let key = (scope.tenant(), dataset);
        let folder = IndexFolder::of(&self.home, scope, dataset);
        let _permit = self.write_limiter.acquire(key);
        let removed = guarded(dataset, || Ok(folder.remove()?));
        self.invalidate(key);
        removed
    }
}
