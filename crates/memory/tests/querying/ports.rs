//! A search engine, a store and snapshots that a test can hold up or break.

use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::Poll;

use syft_space_domain::Pending;
use syft_space_domain::dataset::ports::{SearchEngine, SearchError};
use syft_space_domain::dataset::{Change, ChangeNumber, ChunkRef, Hits, IndexKey, SearchQuery};
use syft_space_domain::ids::{DatasetId, HubId};
use syft_space_domain::marketplace::Audience;
use syft_space_domain::snapshot::{SnapshotCache, SnapshotError, Snapshots, TenantSnapshot};
use syft_space_domain::store::{OverwriteDone, ReadUnit, Store, StoreError};
use syft_space_domain::tenant::TenantScope;
use syft_space_domain::unit::Unit;
use syft_space_memory::{MemorySearch, MemoryStore};

/// What a search does.
#[derive(Clone)]
pub(crate) enum Search {
    Answer,
    Wait,
    /// It finds chunks, and waits before it looks others up.
    WaitBetween,
    Fail(SearchError),
    Panic,
}

/// A search engine that does as it is told.
pub(crate) struct ScriptedEngine {
    inner: MemorySearch,
    search: Mutex<Search>,
    is_waiting: AtomicBool,
}

impl ScriptedEngine {
    pub(crate) fn new() -> Self {
        Self {
            inner: MemorySearch::new(),
            search: Mutex::new(Search::Answer),
            is_waiting: AtomicBool::new(false),
        }
    }

    pub(crate) fn set(&self, search: Search) {
        *self.search.lock().unwrap() = search;
    }

    /// Whether a search has begun to wait.
    pub(crate) fn is_waiting(&self) -> bool {
        self.is_waiting.load(Ordering::SeqCst)
    }

    fn search_now(&self) -> Search {
        self.search.lock().unwrap().clone()
    }
}

impl SearchEngine for ScriptedEngine {
    fn search<'a>(
        &'a self,
        scope: &'a TenantScope,
        index: IndexKey,
        query: &'a SearchQuery<'a>,
    ) -> Pending<'a, Result<Hits, SearchError>> {
        Box::pin(async move {
            poll_fn(|_| match self.search_now() {
                Search::Wait => {
                    self.is_waiting.store(true, Ordering::SeqCst);
                    Poll::Pending
                }
                Search::Answer | Search::WaitBetween => Poll::Ready(Ok(())),
                Search::Fail(error) => Poll::Ready(Err(error)),
                Search::Panic => panic!("what an engine should never do"),
            })
            .await?;
            self.inner.search(scope, index, query).await
        })
    }

    fn chunks<'a>(
        &'a self,
        scope: &'a TenantScope,
        index: IndexKey,
        text: &'a str,
        chunks: &'a [ChunkRef],
    ) -> Pending<'a, Result<Hits, SearchError>> {
        Box::pin(async move {
            poll_fn(|_| match self.search_now() {
                Search::WaitBetween => Poll::Pending,
                _ => Poll::Ready(()),
            })
            .await;
            self.inner.chunks(scope, index, text, chunks).await
        })
    }

    fn shares<'a>(
        &'a self,
        scope: &'a TenantScope,
        index: IndexKey,
        texts: &'a [&'a str],
    ) -> Pending<'a, Result<Vec<f32>, SearchError>> {
        self.inner.shares(scope, index, texts)
    }

    fn indexed(&self, scope: &TenantScope, index: IndexKey) -> Result<ChangeNumber, SearchError> {
        self.inner.indexed(scope, index)
    }

    fn apply(&self, scope: &TenantScope, index: IndexKey, changes: &[Change]) -> Result<(), SearchError> {
        self.inner.apply(scope, index, changes)
    }

    fn destroy(&self, scope: &TenantScope, dataset: DatasetId) -> Result<(), SearchError> {
        self.inner.destroy(scope, dataset)
    }
}

/// What a store does with a unit.
#[derive(Clone, Copy)]
pub(crate) enum Submit {
    Run,
    Hold,
    Refuse,
    /// So many are run, and none behind these.
    RunThenRefuse(usize),
}

/// A store that does as it is told.
pub(crate) struct ScriptedStore {
    inner: MemoryStore,
    state: Mutex<(Submit, Vec<Box<dyn Unit>>)>,
}

impl ScriptedStore {
    pub(crate) fn new(inner: MemoryStore) -> Self {
        Self { inner, state: Mutex::new((Submit::Run, Vec::new())) }
    }

    fn state(&self) -> MutexGuard<'_, (Submit, Vec<Box<dyn Unit>>)> {
        self.state.lock().unwrap()
    }

    /// The number of units that are held.
    pub(crate) fn holds(&self) -> usize {
        self.state().1.len()
    }

    /// Runs the units of this work at once, ahead of those that are held.
    pub(crate) fn ahead(&self, work: impl FnOnce()) {
        self.state().0 = Submit::Run;
        work();
        self.state().0 = Submit::Hold;
    }

    /// Sets what is done with the next units. Those that were held run first, unless they are to be held still.
    pub(crate) fn set(&self, submit: Submit) {
        let held = {
            let mut state = self.state();
            state.0 = submit;
            if matches!(submit, Submit::Hold) { Vec::new() } else { std::mem::take(&mut state.1) }
        };
        held.into_iter().for_each(|unit| self.inner.submit(unit));
    }
}

impl Store for ScriptedStore {
    fn submit(&self, unit: Box<dyn Unit>) {
        let mut state = self.state();
        match state.0 {
            Submit::Hold => state.1.push(unit),
            Submit::Run => {
                drop(state);
                self.inner.submit(unit);
            }
            Submit::RunThenRefuse(left @ 1..) => {
                state.0 = Submit::RunThenRefuse(left - 1);
                drop(state);
                self.inner.submit(unit);
            }
            Submit::Refuse | Submit::RunThenRefuse(0) => unit.done(Err(StoreError::Busy)),
        }
    }

    fn submit_read(&self, read: Box<dyn ReadUnit>) {
        self.inner.submit_read(read);
    }

    fn submit_overwrite(&self, done: OverwriteDone) {
        self.inner.submit_overwrite(done);
    }
}

/// Snapshots that a test can take away.
pub(crate) struct ScriptedSnapshots {
    inner: Arc<SnapshotCache>,
    error: Mutex<Option<SnapshotError>>,
}

impl ScriptedSnapshots {
    pub(crate) fn new(inner: Arc<SnapshotCache>) -> Self {
        Self { inner, error: Mutex::default() }
    }

    pub(crate) fn fail(&self, error: SnapshotError) {
        *self.error.lock().unwrap() = Some(error);
    }

    fn check(&self) -> Result<(), SnapshotError> {
        self.error.lock().unwrap().clone().map_or(Ok(()), Err)
    }
}

impl Snapshots for ScriptedSnapshots {
    fn tenant(&self, scope: &TenantScope) -> Result<Arc<TenantSnapshot>, SnapshotError> {
        self.check()?;
        self.inner.tenant(scope)
    }

    fn addressed(&self, hub: HubId, audience: &Audience) -> Result<Arc<TenantSnapshot>, SnapshotError> {
        self.check()?;
        self.inner.addressed(hub, audience)
    }

    fn unavailable(&self) -> usize {
        self.inner.unavailable()
    }
}
