//! A space with two tenants and an encoder that knows what some words mean, and the calls of its tests.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use futures_executor::block_on;
use syft_space_domain::audit::{Origin, RequestContext};
use syft_space_domain::dataset::ports::NoRemoteSpaces;
use syft_space_domain::dataset::{
    Dataset, DatasetError, DocumentId, IngestQueue, Meaning, Metadata, NewDataset, NewDocument, NewRetrieval,
    SearchDatasetError, SearchMode, SearchQuery, SearchResults, begin_removal, create_dataset, encode_queued,
    finish_ingestion, finish_removal, remove_document, search_dataset, start_ingestion,
};
use syft_space_domain::encoder::ports::{EncodeError, Encoder};
use syft_space_domain::encoder::{
    Embedding, EncoderModel, EncoderName, InstalledEncoder, ModelId, ModelRevision, UnrelatedCosine,
};
use syft_space_domain::expectation::GuardTurns;
use syft_space_domain::identity::oidc::ProviderLogouts;
use syft_space_domain::identity::{Email, Login, Password, Principal, SessionLife, authenticate, login};
use syft_space_domain::ids::DatasetId;
use syft_space_domain::policy::{OpenReviews, PolicyTypes};
use syft_space_domain::secret::Secret;
use syft_space_domain::snapshot::SnapshotCache;
use syft_space_domain::tenant::{OperatorScope, TenantName, TenantScope, found_as_operator};
use syft_space_domain::text::Line;
use syft_space_domain::time::Timestamp;
use syft_space_domain::{DatasetLocks, Pending, PortError, Space};
use syft_space_memory::{
    InsecurePasswords, ManualClock, MemoryDocuments, MemoryEncoders, MemoryHub, MemoryProviders,
    MemorySealer, MemorySearch, MemorySigner, MemorySpool, MemoryStore, MemoryTokens, MemoryVectors,
    SeededEntropy, TextFiles,
};

/// Words that mean the same, each group as its first.
const CONCEPTS: [&[&str]; 4] = [
    &["car", "automobile", "vehicle"],
    &["doctor", "physician", "medic"],
    &["money", "salary", "wage", "paid"],
    &["lose", "misplace", "lost"],
];

/// An encoder that knows what some words mean, and does as it is told. Texts with no meaning in common are at right angles.
pub(crate) struct Concepts {
    model: EncoderModel,
    calls: AtomicUsize,
    errors: Mutex<VecDeque<EncodeError>>,
    gate: Mutex<bool>,
    opened: Condvar,
}

impl Concepts {
    pub(crate) fn new(revision: u8) -> Arc<Self> {
        let id = ModelId::parse("concepts").unwrap();
        let model = EncoderModel::new(id, ModelRevision::from_bytes([revision; 32]), 1_024, 256).unwrap();
        Arc::new(Self {
            model,
            calls: AtomicUsize::new(0),
            errors: Mutex::default(),
            gate: Mutex::new(true),
            opened: Condvar::new(),
        })
    }

    /// How often it was asked.
    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    /// Fails so often, in this way.
    pub(crate) fn fail(&self, error: &EncodeError, times: usize) {
        self.errors.lock().unwrap().extend(std::iter::repeat_n(error.clone(), times));
    }

    /// Makes documents, which are encoded in other threads, wait until this is opened again.
    pub(crate) fn set_open(&self, open: bool) {
        *self.gate.lock().unwrap() = open;
        self.opened.notify_all();
    }

    fn embedding(&self, text: &str) -> Embedding {
        let meant = |word: &str| {
            let word = word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
            let group = CONCEPTS.iter().find(|group| group.contains(&word.as_str()));
            group.map_or(word.clone(), |group| group[0].to_owned())
        };
        let is_word = |word: &String| {
            !["the", "a", "my", "your", "is", "by", "if", "you", "who"].contains(&word.as_str())
        };
        let mut components = vec![0.0; self.model.dimension()];
        for word in text.split_whitespace().map(meant).filter(is_word) {
            let mut hasher = std::hash::DefaultHasher::new();
            std::hash::Hash::hash(&word, &mut hasher);
            let place = usize::try_from(std::hash::Hasher::finish(&hasher) % 1_024).unwrap();
            components[place] += 1.0;
        }
        Embedding::of_direction(components).unwrap()
    }
}

impl Encoder for Concepts {
    fn model(&self) -> &EncoderModel {
        &self.model
    }

    fn encode<'a>(&'a self, texts: &'a [&'a str]) -> Pending<'a, Result<Vec<Embedding>, EncodeError>> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        if std::thread::current().name().is_some_and(|name| name == "encode") {
            let mut open = self.gate.lock().unwrap();
            while !*open {
                open = self.opened.wait(open).unwrap();
            }
        }
        if let Some(error) = self.errors.lock().unwrap().pop_front() {
            return Box::pin(std::future::ready(Err(error)));
        }
        Box::pin(std::future::ready(Ok(texts.iter().map(|text| self.embedding(text)).collect())))
    }
}

pub(crate) struct World {
    pub(crate) space: Space,
    pub(crate) encoders: Arc<MemoryEncoders>,
    pub(crate) clock: Arc<ManualClock>,
    /// The owner of each tenant.
    pub(crate) principals: [Principal; 2],
    failures: Arc<Mutex<Vec<PortError>>>,
}

impl Drop for World {
    fn drop(&mut self) {
        self.space.meaning.queue.close();
    }
}

pub(crate) fn name(text: &str) -> EncoderName {
    EncoderName::parse(text).unwrap()
}

pub(crate) fn id(text: &str) -> DocumentId {
    DocumentId::parse(text).unwrap()
}

impl World {
    pub(crate) fn new() -> Self {
        let cache = Arc::new(SnapshotCache::default());
        let entropy = Arc::new(SeededEntropy::new(7));
        let clock = Arc::new(ManualClock::at(Timestamp::parse("2026-11-24T09:30:00Z").unwrap()));
        let hub = Arc::new(MemoryHub::new());
        let tokens = Arc::new(MemoryTokens::new(entropy.clone(), Duration::from_secs(900)));
        let encoders = Arc::new(MemoryEncoders::default());
        let space = Space {
            store: Arc::new(MemoryStore::new(cache.clone())),
            trusted: cache.clone(),
            snapshots: cache,
            satellites: hub.clone(),
            identities: hub.clone(),
            hubs: hub,
            remote_spaces: Arc::new(NoRemoteSpaces),
            checkpoint_signer: Arc::new(MemorySigner::new([7; 32])),
            erasure_ledger: None,
            sealer: Arc::new(MemorySealer::new(entropy.clone())),
            documents: Arc::new(MemoryDocuments::new()),
            engine: Arc::new(MemorySearch::new()),
            spool: Arc::new(MemorySpool::new()),
            extractor: Arc::new(TextFiles),
            policy_types: PolicyTypes::default(),
            passwords: Arc::new(InsecurePasswords::new(entropy.clone())),
            tokens: tokens.clone(),
            session_life: SessionLife::default(),
            oidc: Arc::new(MemoryProviders::new()),
            provider_logouts: ProviderLogouts::new(&*entropy).unwrap(),
            signing_keys: tokens,
            clock: clock.clone(),
            entropy,
            datasets: DatasetLocks::default(),
            mails: None,
            guard_turns: GuardTurns::default(),
            reviews: OpenReviews::default(),
            ingestion: IngestQueue::default(),
            meaning: Meaning::new(encoders.clone(), Arc::new(MemoryVectors::default())),
        };
        let principals = ["harbor", "lagoon"].map(|name| owner(&space, name));
        Self { space, encoders, clock, principals, failures: Arc::default() }
    }

    /// The same space after a start: what is stored is there, and what was in memory is not.
    pub(crate) fn restarted(before: &Self) -> Self {
        before.space.meaning.queue.close();
        let Meaning { encoders, vectors, .. } = before.space.meaning.clone();
        let space = Space {
            datasets: DatasetLocks::default(),
            ingestion: IngestQueue::default(),
            meaning: Meaning::new(encoders, vectors),
            ..before.space.clone()
        };
        let (encoders, clock) = (Arc::clone(&before.encoders), Arc::clone(&before.clock));
        Self { space, encoders, clock, principals: before.principals.clone(), failures: Arc::default() }
    }

    /// A space with an encoder `concepts`, of this revision.
    pub(crate) fn with_concepts() -> (Self, Arc<Concepts>) {
        let (world, encoder) = (Self::new(), Concepts::new(1));
        world.install("concepts", &encoder);
        (world, encoder)
    }

    pub(crate) fn install(&self, called: &str, encoder: &Arc<Concepts>) {
        let installed = InstalledEncoder {
            encoder: encoder.clone(),
            unrelated_cosine: UnrelatedCosine::parse(0.0).unwrap(),
        };
        self.encoders.install(name(called), installed);
    }

    pub(crate) fn context(&self) -> RequestContext {
        self.space.request_context(Origin::default()).unwrap()
    }

    pub(crate) fn try_create(&self, of: usize, retrieval: NewRetrieval) -> Result<Dataset, DatasetError> {
        let count = self.space.store.read(&self.scope(of), {
            let scope = self.scope(of);
            move |view| view.count_datasets(&scope)
        });
        let wanted = NewDataset {
            name: format!("d{}", count.wait().unwrap()).parse().unwrap(),
            summary: Line::default(),
            tags: Line::default(),
            analyzer: Default::default(),
            retrieval,
            vectors: Default::default(),
        };
        block_on(create_dataset(&self.space, &self.context(), &self.principals[of], wanted))
    }

    pub(crate) fn create(&self, of: usize, mode: SearchMode) -> DatasetId {
        self.try_create(of, NewRetrieval { mode: Some(mode), encoder: None }).unwrap().id
    }

    pub(crate) fn scope(&self, of: usize) -> TenantScope {
        OperatorScope::at_startup().tenant(self.principals[of].snapshot().tenant.id)
    }

    pub(crate) fn put(&self, of: usize, dataset: DatasetId, texts: &[(&str, &str)]) {
        let document = |(name, text): &(&str, &str)| {
            NewDocument::new(id(name), (*text).to_owned(), Metadata::new()).unwrap()
        };
        let documents = texts.iter().map(document).collect();
        let job =
            start_ingestion(&self.space, &self.context(), &self.principals[of], dataset, documents).unwrap();
        finish_ingestion(&self.space, &self.context(), &self.scope(of), job).unwrap();
    }

    pub(crate) fn remove(&self, of: usize, dataset: DatasetId, document: &str) {
        remove_document(&self.space, &self.context(), &self.principals[of], dataset, &id(document)).unwrap();
    }

    pub(crate) fn remove_dataset(&self, of: usize, dataset: DatasetId) {
        let principal = &self.principals[of];
        let scope = block_on(begin_removal(&self.space, &self.context(), principal, dataset, None)).unwrap();
        finish_removal(&self.space, &self.context(), &scope, dataset).unwrap();
    }

    /// Starts a thread that encodes.
    pub(crate) fn start_encoding(&self) {
        let (space, failures) = (self.space.clone(), Arc::clone(&self.failures));
        let work = move || {
            encode_queued(&space, &|_, error| failures.lock().unwrap().push(error.clone()));
        };
        std::thread::Builder::new().name("encode".to_owned()).spawn(work).unwrap();
    }

    pub(crate) fn failures(&self) -> Vec<PortError> {
        self.failures.lock().unwrap().clone()
    }

    /// How many chunks of a dataset have vectors of the encoder that is searched.
    pub(crate) fn encoded(&self, of: usize, dataset: DatasetId) -> Option<(String, u64, u64)> {
        let progress = self.space.meaning.queue.progress(&self.scope(of), dataset)?;
        Some((progress.searched.to_string(), progress.encoded_chunks, progress.chunks))
    }

    /// Waits until something holds, for a while.
    pub(crate) fn until(&self, what: &str, holds: impl Fn() -> bool) {
        for _ in 0..2_000 {
            if holds() {
                return;
            }
            // What failed is tried again once its time has come.
            self.clock.advance(Duration::from_millis(20));
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("{what}: {:?}", self.failures());
    }

    pub(crate) fn until_encoded(&self, of: usize, dataset: DatasetId, by: &str, chunks: u64) {
        let wanted = Some((by.to_owned(), chunks, chunks));
        self.until("it is encoded", || self.encoded(of, dataset) == wanted);
    }

    pub(crate) fn try_search(
        &self,
        of: usize,
        dataset: DatasetId,
        question: &str,
    ) -> Result<SearchResults, SearchDatasetError> {
        let query = SearchQuery::new(question, 10, 0.5).unwrap();
        block_on(search_dataset(&self.space, &self.context(), &self.principals[of], dataset, &query))
    }

    /// The documents that are found, the closest first.
    pub(crate) fn found(&self, of: usize, dataset: DatasetId, question: &str) -> Vec<String> {
        let found = self.try_search(of, dataset, question).unwrap();
        found.hits.iter().map(|hit| hit.document.to_string()).collect()
    }
}

/// A tenant, and its owner.
fn owner(space: &Space, name: &str) -> Principal {
    let context = || space.request_context(Origin::default()).unwrap();
    let (operator, tenant) = (OperatorScope::at_startup(), TenantName::parse(name).unwrap());
    let email = Email::parse(&format!("owner@{name}.example")).unwrap();
    let password = Password::parse(&Secret::new("seven owls dance under copper moons".to_owned())).unwrap();
    block_on(found_as_operator(space, &context(), &operator, &email, &password, &tenant)).unwrap();
    let wanted = Login { email, password, tenant: Some(tenant), code: None };
    let logged_in = block_on(login(space, &context(), wanted)).unwrap();
    let shown = space.signing_keys.epoch().mark();
    let claims = space.tokens.verify(logged_in.token.expose(), space.clock.now()).unwrap();
    authenticate(&*space.snapshots, &claims, shown).unwrap()
}
