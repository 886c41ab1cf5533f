//! A space with one tenant and one dataset, and the calls of its tests.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_executor::block_on;
use syft_space_domain::audit::ports::EventFilter;
use syft_space_domain::audit::{
    Action, Actor, Event, Log, Object, ObjectKind, Origin, Outcome, RequestContext,
};
use syft_space_domain::dataset::ports::{ExtractError, NoRemoteSpaces, SearchError, TextExtractor};
use syft_space_domain::dataset::{
    DocumentId, ExtractedText, FileFormat, FileRefused, IngestQueue, Job, JobStatus, Meaning, Metadata,
    NewDataset, NewDocument, ReaderVersion, SearchQuery, Upload, create_dataset, finish_ingestion, job, jobs,
    start_ingestion, work_off,
};
use syft_space_domain::encoder::ports::NoEncoders;
use syft_space_domain::expectation::GuardTurns;
use syft_space_domain::identity::oidc::ProviderLogouts;
use syft_space_domain::identity::{Principal, SessionLife, operate};
use syft_space_domain::ids::{DatasetId, JobId, TenantId};
use syft_space_domain::page::PageRequest;
use syft_space_domain::policy::{OpenReviews, PolicyTypes};
use syft_space_domain::snapshot::SnapshotCache;
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::{OperatorScope, Tenant, TenantLimits, TenantName, TenantScope};
use syft_space_domain::text::Line;
use syft_space_domain::time::{Clock, Timestamp};
use syft_space_domain::unit::{Receipt, Recorded};
use syft_space_domain::{DatasetLocks, PortError, Space};
use syft_space_memory::{
    InsecurePasswords, ManualClock, MemoryDocuments, MemoryHub, MemoryProviders, MemorySealer, MemorySearch,
    MemorySigner, MemorySpool, MemoryStore, MemoryTokens, MemoryVectors, SeededEntropy, TextFiles,
};

use crate::failing::FailingAdapter;

/// A clock that advances by a minute at each reading, so that no test waits, until it is told to stand still.
pub(crate) struct AdvancingClock {
    clock: ManualClock,
    stands_still: AtomicBool,
}

impl AdvancingClock {
    pub(crate) fn stand_still(&self) {
        self.stands_still.store(true, Ordering::SeqCst);
    }
}

impl Clock for AdvancingClock {
    fn now(&self) -> Timestamp {
        if !self.stands_still.load(Ordering::SeqCst) {
            self.clock.advance(Duration::from_secs(60));
        }
        self.clock.now()
    }
}

/// A reader of texts that can be replaced by a later version.
pub(crate) struct Reader(pub(crate) AtomicU32);

impl TextExtractor for Reader {
    fn version(&self, _format: FileFormat) -> ReaderVersion {
        ReaderVersion(self.0.load(Ordering::SeqCst))
    }

    /// From its second version on it says by which it was read, refuses what is garbled, and is too slow for some.
    fn extract(&self, format: FileFormat, bytes: &[u8]) -> Result<ExtractedText, ExtractError> {
        let ExtractedText { title, text, marks } = TextFiles.extract(format, bytes)?;
        match self.version(format) {
            ReaderVersion(1) => Ok(ExtractedText { title, text, marks }),
            _ if text.contains("garbled") => Err(FileRefused::Encoding.into()),
            _ if text.contains("slow") => Err(FileRefused::TooSlow(20).into()),
            ReaderVersion(later) => {
                Ok(ExtractedText { title, text: format!("{text} Edition {later}."), marks })
            }
        }
    }
}

pub(crate) struct World {
    pub(crate) space: Space,
    pub(crate) documents: Arc<FailingAdapter<MemoryDocuments, StoreError>>,
    pub(crate) engine: Arc<FailingAdapter<MemorySearch, SearchError>>,
    pub(crate) reader: Arc<Reader>,
    pub(crate) clock: Arc<AdvancingClock>,
    pub(crate) principal: Principal,
    pub(crate) dataset: DatasetId,
    tenant: TenantId,
    failures: Arc<Mutex<Vec<(PortError, JobStatus, u64)>>>,
}

impl Drop for World {
    fn drop(&mut self) {
        self.space.ingestion.close();
    }
}

impl World {
    /// A space whose only tenant has these limits.
    pub(crate) fn with_limits(limits: TenantLimits) -> Self {
        let cache = Arc::new(SnapshotCache::default());
        let documents = Arc::new(FailingAdapter::new(MemoryDocuments::new()));
        let engine = Arc::new(FailingAdapter::new(MemorySearch::new()));
        let reader = Arc::new(Reader(AtomicU32::new(1)));
        let entropy = Arc::new(SeededEntropy::new(7));
        let begin = Timestamp::parse("2026-11-24T09:30:00Z").unwrap();
        let clock =
            Arc::new(AdvancingClock { clock: ManualClock::at(begin), stands_still: AtomicBool::new(false) });
        let hub = Arc::new(MemoryHub::new());
        let tokens = Arc::new(MemoryTokens::new(entropy.clone(), Duration::from_secs(900)));
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
            documents: documents.clone(),
            engine: engine.clone(),
            spool: Arc::new(MemorySpool::new()),
            extractor: reader.clone(),
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
            meaning: Meaning::new(Arc::new(NoEncoders), Arc::new(MemoryVectors::default())),
        };
        let context = space.request_context(Origin::default()).unwrap();
        let tenant = Tenant {
            id: TenantId::generate(context.now, &*context.entropy).unwrap(),
            name: TenantName::parse("harbor").unwrap(),
            max_key_days: Tenant::DEFAULT_MAX_KEY_DAYS,
            limits,
            end: None,
            second_factor_roles: [].into(),
            revision: 1,
            version: 0,
            created_at: context.now,
        };
        let id = tenant.id;
        let event = context.event(Log::Installation, Action::ConfigChange, Actor::Operator).unwrap();
        let created: Receipt<(), StoreError> = space.store.write(move |tx| {
            tx.add_tenant(&tenant)?;
            Ok(Recorded::new((), event.clone()))
        });
        created.wait().unwrap();
        let principal = block_on(operate(&space, &OperatorScope::at_startup(), None)).unwrap();
        let wanted = NewDataset {
            name: "animals".parse().unwrap(),
            summary: Line::default(),
            tags: Line::default(),
            analyzer: Default::default(),
            retrieval: Default::default(),
            vectors: Default::default(),
        };
        let dataset = block_on(create_dataset(&space, &context, &principal, wanted)).unwrap().id;
        Self {
            space,
            documents,
            engine,
            reader,
            clock,
            principal,
            dataset,
            tenant: id,
            failures: Arc::default(),
        }
    }

    pub(crate) fn context(&self) -> RequestContext {
        self.space.request_context(Origin::default()).unwrap()
    }

    pub(crate) fn scope(&self) -> TenantScope {
        OperatorScope::at_startup().tenant(self.tenant)
    }

    /// Uploads files, which wait in the queue.
    pub(crate) fn upload(&self, files: &[(&str, &str)]) -> Job {
        let mut upload = Upload::begin(&self.space, &self.context(), &self.principal, self.dataset).unwrap();
        for (name, content) in files {
            upload.begin_file(name).unwrap();
            upload.write(content.as_bytes()).unwrap();
        }
        upload.finish().unwrap()
    }

    pub(crate) fn documents_of(&self, texts: &[(&str, &str)]) -> Vec<NewDocument> {
        let document = |(id, text): &(&str, &str)| {
            NewDocument::new(DocumentId::parse(id).unwrap(), (*text).to_owned(), Metadata::new()).unwrap()
        };
        texts.iter().map(document).collect()
    }

    /// Stores documents that are not indexed yet.
    pub(crate) fn start(&self, texts: &[(&str, &str)]) -> Job {
        start_ingestion(&self.space, &self.context(), &self.principal, self.dataset, self.documents_of(texts))
            .unwrap()
    }

    /// Stores and indexes documents.
    pub(crate) fn ingest(&self, texts: &[(&str, &str)]) {
        let job = self.start(texts);
        finish_ingestion(&self.space, &self.context(), &self.scope(), job).unwrap();
    }

    /// Starts the background worker of the queue.
    pub(crate) fn start_worker(&self) {
        let (space, principal, failures) =
            (self.space.clone(), self.principal.clone(), Arc::clone(&self.failures));
        std::thread::spawn(move || {
            work_off(&space, &|dataset, id, error| {
                let Job { status, progress, .. } =
                    block_on(job(&space, &principal, dataset, id)).unwrap().job;
                failures.lock().unwrap().push((error.clone(), status, progress.documents_done));
            });
        });
    }

    /// The failures in the background, each with the job's status and number of documents at that time.
    pub(crate) fn failures(&self) -> Vec<(PortError, JobStatus, u64)> {
        self.failures.lock().unwrap().clone()
    }

    /// A job, once it has ended.
    pub(crate) fn ended(&self, id: JobId) -> Job {
        if let Some(ended) = self.space.ingestion.watch(id) {
            block_on(ended);
        }
        self.job(id)
    }

    pub(crate) fn job(&self, id: JobId) -> Job {
        block_on(job(&self.space, &self.principal, self.dataset, id)).unwrap().job
    }

    pub(crate) fn jobs(&self) -> Vec<Job> {
        let listed = jobs(&self.space, &self.principal, self.dataset, PageRequest::default());
        let page = block_on(listed).unwrap();
        page.items.into_iter().map(|view| view.job).collect()
    }

    /// The ids of the stored documents.
    pub(crate) fn stored(&self) -> Vec<String> {
        let documents = &self.space.documents;
        let page = documents.documents(&self.scope(), self.dataset, PageRequest::default()).unwrap();
        page.items.into_iter().map(|document| document.id.to_string()).collect()
    }

    /// The ids of the documents that a search finds.
    pub(crate) fn found(&self, text: &str) -> Vec<String> {
        let query = SearchQuery::new(text, 10, 0.5).unwrap();
        let (scope, dataset) = (self.scope(), self.dataset);
        let read = self.space.store.read(&scope, move |view| view.dataset(&scope, dataset));
        let index = read.wait().unwrap().unwrap().index();
        let hits = block_on(self.space.engine.search(&scope, index, &query)).unwrap();
        hits.iter().map(|hit| hit.document.to_string()).collect()
    }

    /// The documents whose removal is recorded, in this order, each as it stands in the log behind the dataset.
    pub(crate) fn recorded_removals(&self) -> Vec<String> {
        let scope = self.scope();
        let removals = EventFilter { action: Some(Action::SensitiveDelete), ..EventFilter::default() };
        let read =
            self.space.store.read(&scope, move |view| view.events(&scope, &removals, PageRequest::default()));
        let events = read.wait().unwrap().events.items.into_iter().rev().map(|recorded| recorded.event);
        let told = |event: Event| {
            assert_eq!((event.actor, event.outcome), (Actor::System, Outcome::Success));
            let Object { kind, id } = event.object.unwrap();
            assert_eq!(kind, ObjectKind::Document);
            id.strip_prefix(&format!("{}/", self.dataset)).unwrap().to_owned()
        };
        events.map(told).collect()
    }

    /// The jobs that have files in the spool.
    pub(crate) fn spooled(&self) -> Vec<JobId> {
        self.space.spool.jobs(&self.scope(), self.dataset).unwrap()
    }
}
