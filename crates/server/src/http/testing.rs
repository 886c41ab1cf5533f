//! A state over the adapters in memory, for unit tests.

use std::sync::Arc;
use std::time::Duration;

use syft_space_domain::dataset::ports::NoRemoteSpaces;
use syft_space_domain::dataset::{IngestQueue, Meaning};
use syft_space_domain::encoder::ports::NoEncoders;
use syft_space_domain::expectation::GuardTurns;
use syft_space_domain::identity::oidc::ProviderLogouts;
use syft_space_domain::policy::{OpenReviews, PolicyTypes};
use syft_space_domain::random::Entropy;
use syft_space_domain::snapshot::SnapshotCache;
use syft_space_domain::{DatasetLocks, Space};
use syft_space_memory::{
    InsecurePasswords, MemoryDocuments, MemoryHub, MemoryProviders, MemorySealer, MemorySearch, MemorySigner,
    MemorySpool, MemoryStore, MemoryTokens, MemoryVectors, TextFiles,
};

use crate::config::Settings;
use crate::http::state::State;
use crate::system::{SystemClock, SystemEntropy};

pub(crate) fn state() -> State {
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
    let snapshots = Arc::new(SnapshotCache::default());
    let hub = Arc::new(MemoryHub::new());
    let tokens = Arc::new(MemoryTokens::new(Arc::clone(&entropy), Duration::from_secs(900)));
    let space = Space {
        store: Arc::new(MemoryStore::new(snapshots.clone())),
        snapshots: snapshots.clone(),
        documents: Arc::new(MemoryDocuments::new()),
        engine: Arc::new(MemorySearch::new()),
        spool: Arc::new(MemorySpool::new()),
        extractor: Arc::new(TextFiles),
        policy_types: PolicyTypes::default(),
        passwords: Arc::new(InsecurePasswords::new(Arc::clone(&entropy))),
        tokens: tokens.clone(),
        session_life: Settings::default().session_life,
        oidc: Arc::new(MemoryProviders::new()),
        provider_logouts: ProviderLogouts::new(&*entropy).unwrap(),
        signing_keys: tokens,
        trusted: snapshots,
        satellites: hub.clone(),
        identities: hub.clone(),
        hubs: hub,
        remote_spaces: Arc::new(NoRemoteSpaces),
        checkpoint_signer: Arc::new(MemorySigner::new([7; 32])),
        erasure_ledger: None,
        sealer: Arc::new(MemorySealer::new(Arc::clone(&entropy))),
        clock: Arc::new(SystemClock),
        entropy,
        datasets: DatasetLocks::default(),
        mails: None,
        guard_turns: GuardTurns::default(),
        reviews: OpenReviews::default(),
        ingestion: IngestQueue::default(),
        meaning: Meaning::new(Arc::new(NoEncoders), Arc::new(MemoryVectors::default())),
    };
    Arc::into_inner(crate::startup::serve::state(space, &Settings::default(), None)).unwrap()
}
