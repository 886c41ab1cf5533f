//! The vectors that lie in vector databases: what is shared by all that is done with them.

use std::collections::{BTreeSet, HashSet};
use std::future::Future;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Duration;

use syft_space_domain::dataset::ports::VectorIndexError;
use syft_space_domain::dataset::{ChangeNumber, VectorDatabase, VectorKey};
use syft_space_domain::encoder::{Embedding, ModelRevision};
use syft_space_domain::ids::DatasetId;
use syft_space_domain::random::Entropy;
use syft_space_domain::tenant::TenantScope;
use syft_space_home::Home;
use syft_space_outbound::Client;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

use crate::api::{Remote, RemoteError};
use crate::batches::Batches;
use crate::collection::{Location, prefix};
use crate::journal::{self, DatasetKey, Entry, JournalError, Journals};
use crate::rest::RestingServers;

/// The most journals that are read at once for questions: others wait for their turn.
const MAX_LOOK_UPS: usize = 8;

/// How long a vector database is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExternalOptions {
    /// The time for each call that a question needs: somebody waits for it.
    pub question_timeout: Duration,
    /// The time for each call that a step in the background needs.
    pub step_timeout: Duration,
    /// The time for each call that tells a server what is outdated: whoever removes a document waits for it, and it is tried
    /// again in the background.
    pub outdate_timeout: Duration,
    /// For how long a server that did not answer is asked for nothing.
    pub rest: Duration,
    /// The time between two counts of a server's vectors, where the first is not what it should be.
    pub recount: Duration,
}

impl Default for ExternalOptions {
    fn default() -> Self {
        Self {
            question_timeout: Duration::from_secs(3),
            step_timeout: Duration::from_secs(30),
            outdate_timeout: Duration::from_secs(1),
            rest: Duration::from_secs(10),
            recount: Duration::from_millis(300),
        }
    }
}

/// What databases are called through.
#[derive(Clone)]
pub struct Clients {
    /// Those of others, wherever tenants say that they are.
    pub others: Arc<Client>,
    /// Those that the space makes, at the addresses that their engine has for them.
    pub provisioned: Arc<Client>,
}

impl Clients {
    /// One client for all.
    #[must_use]
    pub fn same(client: Arc<Client>) -> Self {
        Self { others: Arc::clone(&client), provisioned: client }
    }

    fn of(&self, is_provisioned: bool) -> &Arc<Client> {
        if is_provisioned { &self.provisioned } else { &self.others }
    }
}

/// The vectors of datasets in vector databases. [`RoutedVectors`](crate::RoutedVectors) makes an index of it.
pub struct ExternalVectors {
    pub(crate) journals: Arc<Journals>,
    clients: Clients,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) resting: Arc<RestingServers>,
    pub(crate) batches: Batches,
    pub(crate) steps: StepLocks,
    pub(crate) options: ExternalOptions,
    /// The datasets of which something must leave; `None` until all were looked at.
    pub(crate) unsettled: Mutex<Unsettled>,
    runtime: Option<Runtime>,
}

/// Which datasets have something that must leave a server, as far as it is known.
#[derive(Default)]
pub(crate) struct Unsettled {
    pub(crate) is_known: bool,
    pub(crate) datasets: BTreeSet<DatasetKey>,
}

impl ExternalVectors {
    /// Vectors whose journals lie in a home. Whoever makes this holds the home's lock. Databases are called through these
    /// clients, on a thread of its own.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn new(
        home: Home,
        clients: Clients,
        entropy: Arc<dyn Entropy>,
        options: ExternalOptions,
    ) -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .max_blocking_threads(MAX_LOOK_UPS)
            .thread_name("vectors-io")
            .enable_all()
            .build()?;
        Ok(Self {
            journals: Arc::new(Journals::new(home)),
            clients,
            entropy,
            resting: Arc::new(RestingServers::new(options.rest)),
            batches: Batches::default(),
            steps: StepLocks::default(),
            options,
            unsettled: Mutex::default(),
            runtime: Some(runtime),
        })
    }

    /// A database that is given so much time for each call.
    pub(crate) fn remote(&self, database: &VectorDatabase, timeout: Duration) -> Remote {
        Remote::new(self.clients.of(database.is_provisioned), &self.resting, database, timeout)
    }

    /// The database where a collection lies. What a database knows the space by is sent to no other.
    pub(crate) fn remote_at(&self, location: &Location, database: Option<&VectorDatabase>) -> Remote {
        let there = database.filter(|database| Location::from(*database) == *location);
        Remote {
            client: Arc::clone(self.clients.of(location.is_provisioned())),
            resting: Arc::clone(&self.resting),
            kind: location.kind,
            url: location.url.clone().or_else(|| there.map(|database| database.url.clone())),
            credential: there.and_then(|database| database.credential.clone()),
            timeout: self.options.step_timeout,
        }
    }

    /// Waits for what a server is asked for. Blocks.
    pub(crate) fn wait<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, VectorIndexError> {
        let (answer, answered) = mpsc::channel();
        drop(self.spawn(async move { drop(answer.send(work.await)) })?);
        answered.recv().map_err(|_| closed())
    }

    /// Begins what a server is asked for.
    pub(crate) fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<JoinHandle<T>, VectorIndexError> {
        Ok(self.runtime.as_ref().ok_or_else(closed)?.spawn(work))
    }

    /// The collection in use, at a database.
    fn in_use(
        &self,
        scope: &TenantScope,
        key: VectorKey,
        database: &VectorDatabase,
    ) -> Result<Option<(Entry, u64)>, VectorIndexError> {
        let found = self.journals.with_existing((scope.tenant(), key.dataset()), |connection| {
            let Some(entry) = journal::in_use(connection, key.revision())? else { return Ok(None) };
            let chunks = journal::chunks(connection, entry.id)?;
            Ok(Some((entry, chunks)))
        });
        let found = found.map_err(|error| error.of(key.dataset()))?.flatten();
        let found = found.filter(|(entry, _)| entry.location == Location::from(database));
        if found.as_ref().is_some_and(|(entry, _)| entry.collection.dimension != key.dimension()) {
            return Err(VectorIndexError::Damaged(key.dataset()));
        }
        Ok(found)
    }

    /// The last change that the vectors at a database have followed.
    pub(crate) fn encoded(
        &self,
        database: &VectorDatabase,
        scope: &TenantScope,
        key: VectorKey,
    ) -> Result<ChangeNumber, VectorIndexError> {
        Ok(self.in_use(scope, key, database)?.map_or(ChangeNumber(0), |(entry, _)| entry.encoded))
    }

    /// How many chunks have a vector at a database.
    pub(crate) fn count(
        &self,
        database: &VectorDatabase,
        scope: &TenantScope,
        key: VectorKey,
    ) -> Result<u64, VectorIndexError> {
        Ok(self.in_use(scope, key, database)?.map_or(0, |(_, chunks)| chunks))
    }

    /// The revisions of which a dataset has vectors outside, wherever.
    pub(crate) fn revisions(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
    ) -> Result<Vec<ModelRevision>, VectorIndexError> {
        let entries = self.journals.with_existing((scope.tenant(), dataset), journal::entries);
        let entries = entries.map_err(|error| error.of(dataset))?.unwrap_or_default();
        let in_use = entries.into_iter().filter(|entry| !entry.is_leaving);
        let mut revisions: Vec<ModelRevision> = in_use.map(|entry| entry.revision).collect();
        revisions.sort_unstable();
        Ok(revisions)
    }

    /// Whether something of a dataset must leave a database still.
    pub(crate) fn awaits_removals(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
    ) -> Result<bool, VectorIndexError> {
        let waits = self.journals.with_existing((scope.tenant(), dataset), |connection| {
            for entry in journal::entries(connection)? {
                if entry.is_leaving || journal::leaving_chunks(connection, entry.id)? > 0 {
                    return Ok(true);
                }
            }
            Ok(false)
        });
        Ok(waits.map_err(|error| error.of(dataset))?.unwrap_or(false))
    }

    /// Gives up what lies anywhere but at this database: the dataset has moved. It leaves in the background.
    pub(crate) fn give_up_elsewhere(
        &self,
        database: Option<&VectorDatabase>,
        key: DatasetKey,
    ) -> Result<(), JournalError> {
        let here = database.map(Location::from);
        let is_elsewhere = |entry: &Entry| here.as_ref() != Some(&entry.location);
        let entries = self.journals.with_existing(key, journal::entries)?.unwrap_or_default();
        if !entries.iter().any(|entry| !entry.is_leaving && is_elsewhere(entry)) {
            return Ok(());
        }
        self.note_unsettled(key);
        self.journals.with_existing(key, |connection| journal::give_up(connection, is_elsewhere)).map(drop)
    }

    /// Counts a collection's vectors at the server: what was lost meanwhile is to be encoded anew. Where there is no collection yet
    /// the server is asked all the same, so that nothing is encoded for one that is away.
    pub(crate) fn check(
        &self,
        database: &VectorDatabase,
        scope: &TenantScope,
        key: VectorKey,
    ) -> Result<(), VectorIndexError> {
        let dataset = (scope.tenant(), key.dataset());
        // Nothing leaves meanwhile.
        let _step = self.steps.acquire(dataset);
        let remote = self.remote(database, self.options.question_timeout);
        let held = self.in_use(scope, key, database)?;
        let (entry, chunks) = match held {
            Some((entry, chunks)) if entry.collection.remote_id.is_some() => (entry, chunks),
            _ => {
                let asked = self.wait(async move { remote.names(&prefix(dataset)).await })?;
                return asked.map(drop).map_err(|error| error.of(key.dataset()));
            }
        };
        let leaving =
            self.journals.with_existing(dataset, |connection| journal::leaving_chunks(connection, entry.id));
        let leaving = leaving.map_err(|error| error.of(key.dataset()))?.unwrap_or(0);
        let is_fine = move |count| (chunks..=chunks.saturating_add(leaving)).contains(&count);
        let id = entry.collection.remote_id.unwrap_or_default();
        match self.wait(count_until(remote, id, self.options.recount, is_fine))? {
            Ok(true) => Ok(()),
            Ok(false) => Err(VectorIndexError::Damaged(key.dataset())),
            Err(error) => Err(error.of(key.dataset())),
        }
    }

    pub(crate) fn note_unsettled(&self, key: DatasetKey) {
        self.unsettled.lock().unwrap_or_else(PoisonError::into_inner).datasets.insert(key);
    }
}

impl Drop for ExternalVectors {
    fn drop(&mut self) {
        // Not waited for: this may be dropped where nothing may block.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Counts until the count is fine; `false` when it is not three times in a row.
pub(crate) async fn count_until(
    remote: Remote,
    id: String,
    pause: Duration,
    is_fine: impl Fn(u64) -> bool,
) -> Result<bool, RemoteError> {
    for attempt in 0..3 {
        if attempt > 0 {
            tokio::time::sleep(pause).await;
        }
        if is_fine(remote.count(&id).await?) {
            return Ok(true);
        }
    }
    Ok(false)
}

pub(crate) fn check_dimension(key: VectorKey, embedding: &Embedding) -> Result<(), VectorIndexError> {
    let (expected, found) = (key.dimension(), embedding.dimension());
    if expected == found { Ok(()) } else { Err(VectorIndexError::Dimension { expected, found }) }
}

pub(crate) fn closed() -> VectorIndexError {
    VectorIndexError::Failed("vector databases are not called any more".to_owned())
}

/// One step at a time for each dataset: what is sent, removed and counted at a server.
#[derive(Default)]
pub(crate) struct StepLocks {
    active: Mutex<HashSet<DatasetKey>>,
    freed: Condvar,
}

/// The right to take a step, until it is dropped.
pub(crate) struct StepPermit<'a> {
    locks: &'a StepLocks,
    key: DatasetKey,
}

impl StepLocks {
    /// Waits until a step may be taken.
    pub(crate) fn acquire(&self, key: DatasetKey) -> StepPermit<'_> {
        let active = self.freed.wait_while(self.active(), |active| active.contains(&key));
        active.unwrap_or_else(PoisonError::into_inner).insert(key);
        StepPermit { locks: self, key }
    }

    /// The right to take a step, unless somebody else takes one.
    pub(crate) fn try_acquire(&self, key: DatasetKey) -> Option<StepPermit<'_>> {
        self.active().insert(key).then(|| StepPermit { locks: self, key })
    }

    fn active(&self) -> MutexGuard<'_, HashSet<DatasetKey>> {
        self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for StepPermit<'_> {
    fn drop(&mut self) {
        self.locks.active().remove(&self.key);
        self.locks.freed.notify_all();
    }
}
