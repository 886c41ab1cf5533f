//! A space with one tenant and one dataset, and what is asked of it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_executor::block_on;
use syft_space_domain::audit::{Action, Actor, RequestContext, Log, Origin};
use syft_space_domain::dataset::ports::SearchError;
use syft_space_domain::dataset::{
    SearchQuery, DocumentId, IngestQueue, Job, JobStatus, Metadata, NewDataset, NewDocument, Upload, create_dataset,
    finish_ingestion, job, jobs, start_ingestion, work_off,
};
use syft_space_domain::identity::{Principal, operate};
use syft_space_domain::ids::{DatasetId, JobId, TenantId};
use syft_space_domain::snapshot::SnapshotCache;
use syft_space_domain::page::PageRequest;
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::{OperatorScope, Tenant, TenantLimits, TenantName, TenantScope};
use syft_space_domain::time::{Clock, Timestamp};
use syft_space_domain::unit::Recorded;
use syft_space_domain::{DatasetLocks, PortError, Space};
use syft_space_memory::{
    InsecurePasswords, ManualClock, MemoryDocuments, MemoryHub, MemorySealer, MemorySearch, MemorySpool,
    MemoryStore, MemoryTokens, SeededEntropy, TextFiles,
};

use crate::failing::Failing;

/// A clock that goes on by a minute whenever it is asked, so that nothing waits for long.
struct Hasty(ManualClock);

impl Clock for Hasty {
    fn now(&self) -> Timestamp {
        self.0.advance(Duration::from_secs(60));
        self.0.now()
    }
}

pub(crate) struct World {
    pub(crate) space: Space,
    pub(crate) documents: Arc<Failing<MemoryDocuments, StoreError>>,
    pub(crate) engine: Arc<Failing<MemorySearch, SearchError>>,
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
    /// A space whose one tenant may hold this much.
    pub(crate) fn of(limits: TenantLimits) -> Self {
        let live = Arc::new(SnapshotCache::default());
        let documents = Arc::new(Failing::new(MemoryDocuments::new()));
        let engine = Arc::new(Failing::new(MemorySearch::new()));
        let entropy = Arc::new(SeededEntropy::new(7));
        let begin = Timestamp::parse("2026-11-24T09:30:00Z").unwrap();
        let hub = Arc::new(MemoryHub::new());
        let space = Space {
            store: Arc::new(MemoryStore::new(live.clone())),
            trusted: live.clone(),
            live,
            satellites: hub.clone(),
            identities: hub.clone(),
            hubs: hub,
            sealer: Arc::new(MemorySealer::new(entropy.clone())),
            documents: documents.clone(),
            engine: engine.clone(),
            spool: Arc::new(MemorySpool::new()),
            extractor: Arc::new(TextFiles),
            passwords: Arc::new(InsecurePasswords::new(entropy.clone())),
            tokens: Arc::new(MemoryTokens::new(entropy.clone(), Duration::from_secs(900))),
            clock: Arc::new(Hasty(ManualClock::at(begin))),
            entropy,
            datasets: DatasetLocks::default(),
            ingestion: IngestQueue::default(),
        };
        let context = space.request_context(Origin::default()).unwrap();
        let tenant = Tenant {
            id: TenantId::generate(context.now, &*context.entropy).unwrap(),
            name: TenantName::parse("harbor").unwrap(),
            limits,
            version: 0,
            created_at: context.now,
        };
        let id = tenant.id;
        let event = context.event(Log::Installation, Action::ConfigChange, Actor::Operator).unwrap();
        let founded = space.store.write(move |tx| {
            tx.add_tenant(&tenant)?;
            Ok(Ok::<_, syft_space_domain::unit::Refused<StoreError>>(Recorded::new((), event.clone())))
        });
        founded.wait().unwrap();
        let principal = operate(&space, &OperatorScope::at_startup(), None).unwrap();
        let wanted = NewDataset {
            name: "animals".to_owned(),
            summary: String::new(),
            tags: String::new(),
            analyzer: Default::default(),
        };
        let dataset = block_on(create_dataset(&space, &context, &principal, wanted)).unwrap().id;
        Self { space, documents, engine, principal, dataset, tenant: id, failures: Arc::default() }
    }

    pub(crate) fn call(&self) -> RequestContext {
        self.space.request_context(Origin::default()).unwrap()
    }

    pub(crate) fn scope(&self) -> TenantScope {
        OperatorScope::at_startup().tenant(self.tenant)
    }

    /// Brings files, which wait to be worked off.
    pub(crate) fn bring(&self, files: &[(&str, &str)]) -> Job {
        let mut upload = Upload::begin(&self.space, &self.call(), &self.principal, self.dataset).unwrap();
        for (name, content) in files {
            upload.begin_file(name).unwrap();
            upload.write(content.as_bytes()).unwrap();
        }
        upload.finish().unwrap()
    }

    pub(crate) fn cut(&self, texts: &[(&str, &str)]) -> Vec<NewDocument> {
        let document = |(id, text): &(&str, &str)| {
            NewDocument::new(DocumentId::parse(id).unwrap(), (*text).to_owned(), Metadata::new()).unwrap()
        };
        texts.iter().map(document).collect()
    }

    /// Stores documents, whose index has not followed yet.
    pub(crate) fn start(&self, texts: &[(&str, &str)]) -> Job {
        start_ingestion(&self.space, &self.call(), &self.principal, self.dataset, self.cut(texts)).unwrap()
    }

    /// Stores documents, and brings them to the index.
    pub(crate) fn put(&self, texts: &[(&str, &str)]) {
        let job = self.start(texts);
        finish_ingestion(&self.space, &self.call(), &self.scope(), job).unwrap();
    }

    /// Begins to work off what is queued, in the background.
    pub(crate) fn work(&self) {
        let (space, principal, failures) = (self.space.clone(), self.principal.clone(), Arc::clone(&self.failures));
        std::thread::spawn(move || {
            work_off(&space, &|dataset, id, fault| {
                let Job { status, progress, .. } = job(&space, &principal, dataset, id).unwrap().job;
                failures.lock().unwrap().push((fault.clone(), status, progress.documents_done));
            });
        });
    }

    /// What failed in the background, with the status that the job had then, and how many documents.
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
        job(&self.space, &self.principal, self.dataset, id).unwrap().job
    }

    pub(crate) fn jobs(&self) -> Vec<Job> {
        let page = jobs(&self.space, &self.principal, self.dataset, PageRequest::default()).unwrap();
        page.items.into_iter().map(|now| now.job).collect()
    }

    /// The ids of what is stored.
    pub(crate) fn stored(&self) -> Vec<String> {
        let documents = &self.space.documents;
        let page = documents.documents(&self.scope(), self.dataset, PageRequest::default()).unwrap();
        page.items.into_iter().map(|one| one.id.to_string()).collect()
    }

    /// The ids of what a search finds.
    pub(crate) fn found(&self, text: &str) -> Vec<String> {
        let ask = SearchQuery::new(text.to_owned(), 10, 0.5).unwrap();
        let index =
            self.space.store.read().unwrap().dataset(&self.scope(), self.dataset).unwrap().unwrap().index();
        let scope = self.scope();
        let hits = block_on(self.space.engine.search(&scope, index, &ask)).unwrap();
        hits.iter().map(|hit| hit.document.to_string()).collect()
    }

    /// The jobs that have files in the spool.
    pub(crate) fn spooled(&self) -> Vec<JobId> {
        self.space.spool.jobs(&self.scope(), self.dataset).unwrap()
    }
}
