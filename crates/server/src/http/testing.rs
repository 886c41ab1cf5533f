//! A state over adapters in memory, for tests of single parts.

use std::sync::Arc;
use std::time::Duration;

use syft_space_domain::dataset::IngestQueue;
use syft_space_domain::snapshot::SnapshotCache;
use syft_space_domain::random::Entropy;
use syft_space_domain::{DatasetLocks, Space};
use syft_space_memory::{
    InsecurePasswords, MemoryDocuments, MemoryHub, MemorySealer, MemorySearch, MemorySpool, MemoryStore,
    MemoryTokens, TextFiles,
};

use crate::config::Settings;
use crate::http::state::State;
use crate::system::{SystemClock, SystemEntropy};

pub(crate) fn state() -> State {
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
    let live = Arc::new(SnapshotCache::default());
    let hub = Arc::new(MemoryHub::new());
    let space = Space {
        store: Arc::new(MemoryStore::new(live.clone())),
        live: live.clone(),
        documents: Arc::new(MemoryDocuments::new()),
        engine: Arc::new(MemorySearch::new()),
        spool: Arc::new(MemorySpool::new()),
        extractor: Arc::new(TextFiles),
        passwords: Arc::new(InsecurePasswords::new(Arc::clone(&entropy))),
        tokens: Arc::new(MemoryTokens::new(Arc::clone(&entropy), Duration::from_secs(900))),
        trusted: live,
        satellites: hub.clone(),
        identities: hub.clone(),
        hubs: hub,
        sealer: Arc::new(MemorySealer::new(Arc::clone(&entropy))),
        clock: Arc::new(SystemClock),
        entropy,
        datasets: DatasetLocks::default(),
        ingestion: IngestQueue::default(),
    };
    Arc::into_inner(crate::serve::state(space, &Settings::default(), None)).unwrap()
}
