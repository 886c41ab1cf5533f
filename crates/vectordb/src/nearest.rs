//! A question: which of the vectors at a server are nearest to one.
//!
//! The server says which vectors it takes for the nearest; the journal says whose they are; then the server is asked what those
//! are, by their ids, as for chunks that are asked for by name. So one chunk has one cosine, which is computed here, however it
//! is found.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use syft_space_domain::dataset::ports::VectorIndexError;
use syft_space_domain::dataset::{ChunkRef, DocumentId, Neighbour, VectorDatabase, VectorKey, VectorQuery};
use syft_space_domain::encoder::{Embedding, ModelRevision};
use syft_space_domain::tenant::TenantScope;
use tokio::task::{JoinHandle, spawn_blocking};

use crate::api::{Point, Remote, RemoteError};
use crate::collection::Location;
use crate::external::{ExternalVectors, check_dimension, closed};
use crate::journal::{self, DatasetKey, Entry, JournalError, Journals};
use crate::point::{Group, PointId};

/// How many more are asked for than are wanted: behind the last one that is wanted equally near ones may come.
const SPARE: usize = 16;
/// The most that are asked for because they must leave, and are not wanted.
const MAX_LEAVING: u64 = 500;
/// The most that are asked for before what is found is taken for the nearest.
const MAX_ASKED: usize = 4_000;
/// Two cosines that are not further apart may be the same at the server.
const SAME: f32 = 0.000_01;
/// How often a question is asked anew because the vectors were changed meanwhile.
const ATTEMPTS: usize = 3;

/// A question, with all that it needs.
struct Question {
    journals: Arc<Journals>,
    remote: Remote,
    location: Location,
    dataset: DatasetKey,
    revision: ModelRevision,
    embedding: Embedding,
    limit: usize,
    min_cosine: f32,
    named: Vec<ChunkRef>,
}

/// What the journal knows before the server is asked.
struct Known {
    entry: Entry,
    chunks: u64,
    leaving: u64,
    named: Vec<PointId>,
}

/// Whose points some are.
type Owners = HashMap<Group, (DocumentId, u32)>;

/// What is waited for ends when nobody waits any more.
struct AbortOnDrop<T>(JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl ExternalVectors {
    /// The chunks whose vectors at a database are nearest to a question's.
    pub(crate) async fn nearest(
        &self,
        database: &VectorDatabase,
        scope: &TenantScope,
        key: VectorKey,
        query: VectorQuery<'_>,
    ) -> Result<Vec<Neighbour>, VectorIndexError> {
        check_dimension(key, query.embedding())?;
        let question = Question {
            journals: Arc::clone(&self.journals),
            remote: self.remote(database, self.options.question_timeout),
            location: Location::from(database),
            dataset: (scope.tenant(), key.dataset()),
            revision: key.revision(),
            embedding: query.embedding().clone(),
            limit: query.limit(),
            min_cosine: query.min_cosine(),
            named: query.named().to_vec(),
        };
        let mut task = AbortOnDrop(self.spawn(question.ask())?);
        (&mut task.0).await.unwrap_or_else(|_| Err(closed()))
    }
}

impl Question {
    async fn ask(self) -> Result<Vec<Neighbour>, VectorIndexError> {
        let question = Arc::new(self);
        let mut answer = Vec::new();
        for _ in 0..ATTEMPTS {
            let Some(known) = question.journal(Self::look_up).await? else { return Ok(Vec::new()) };
            if known.chunks == 0 {
                return Ok(Vec::new());
            }
            answer = question.answer(&known).await?;
            // Documents that were replaced meanwhile may have been missed in both of their versions.
            let now = question.journal(Self::entry).await?;
            if now.is_some_and(|now| now.encoded == known.entry.encoded && now.id == known.entry.id) {
                break;
            }
        }
        Ok(answer)
    }

    /// Asks the journal something, where that may block.
    async fn journal<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> Result<T, JournalError> + Send + 'static,
    ) -> Result<T, VectorIndexError> {
        let question = Arc::clone(self);
        let done = spawn_blocking(move || work(&question)).await;
        done.map_err(|_| closed())?.map_err(|error| error.of(self.dataset.1))
    }

    fn entry(&self) -> Result<Option<Entry>, JournalError> {
        let entry = self
            .journals
            .with_existing(self.dataset, |connection| journal::in_use(connection, self.revision))?;
        Ok(entry.flatten().filter(|entry| entry.location == self.location))
    }

    fn look_up(&self) -> Result<Option<Known>, JournalError> {
        let Some(entry) = self.entry()? else { return Ok(None) };
        if entry.collection.dimension != self.embedding.dimension() {
            return Err(JournalError::Damaged);
        }
        self.journals.with_existing(self.dataset, |connection| {
            let documents: BTreeSet<&DocumentId> = self.named.iter().map(|chunk| &chunk.document).collect();
            let documents: Vec<&DocumentId> = documents.into_iter().collect();
            let versions = journal::versions_of(connection, entry.id, &documents)?;
            let named = self.named.iter().filter_map(|named| {
                let (group, chunks) = *versions.get(named.document.as_str())?;
                (named.chunk < chunks).then_some(PointId { group, chunk: named.chunk })
            });
            let named: BTreeSet<PointId> = named.collect();
            let chunks = journal::chunks(connection, entry.id)?;
            let leaving = journal::leaving_chunks(connection, entry.id)?;
            Ok(Known { entry, chunks, leaving, named: named.into_iter().collect() })
        })
    }

    async fn answer(self: &Arc<Self>, known: &Known) -> Result<Vec<Neighbour>, VectorIndexError> {
        let id = known.entry.collection.remote_id.as_deref();
        let id = id.ok_or_else(|| VectorIndexError::Damaged(self.dataset.1))?;
        let named = self.neighbours(known, id, known.named.clone());
        let (mut near, named) = tokio::try_join!(self.near(known, id), named)?;
        let by_name = |neighbour: &Neighbour| (neighbour.document.clone(), neighbour.chunk);
        let held: BTreeSet<(DocumentId, u32)> = near.iter().map(by_name).collect();
        near.extend(named.into_iter().filter(|neighbour| !held.contains(&by_name(neighbour))));
        sort(&mut near);
        Ok(near)
    }

    /// The nearest ones. More are asked for until it is sure that no other one belongs to them.
    async fn near(self: &Arc<Self>, known: &Known, id: &str) -> Result<Vec<Neighbour>, VectorIndexError> {
        let failed = |error: RemoteError| error.of(self.dataset.1);
        let leaving = usize::try_from(known.leaving.min(MAX_LEAVING)).unwrap_or_default();
        let most = MAX_ASKED.max(self.limit.saturating_add(SPARE));
        let mut asked = self.limit.saturating_add(leaving).saturating_add(SPARE).min(most);
        loop {
            let found = self.remote.nearest(id, self.embedding.as_slice(), asked).await.map_err(failed)?;
            let is_all = found.answered < asked;
            let mut near = self.neighbours(known, id, found.ids).await?;
            sort(&mut near);
            let farthest = near.last().map_or(f32::INFINITY, |neighbour| neighbour.cosine);
            near.retain(|neighbour| neighbour.cosine >= self.min_cosine);
            near.truncate(self.limit);
            if is_all {
                self.check_all(known, id, found.answered).await?;
                return Ok(near);
            }
            let last = if near.len() == self.limit { near.last() } else { None };
            let last = last.map_or(self.min_cosine, |neighbour| neighbour.cosine);
            if farthest < last - SAME || asked >= most {
                return Ok(near);
            }
            asked = asked.saturating_mul(4).min(most);
        }
    }

    /// Where a server answers fewer vectors than there are, checks that it has lost none.
    async fn check_all(
        self: &Arc<Self>,
        known: &Known,
        id: &str,
        answered: usize,
    ) -> Result<(), VectorIndexError> {
        if u64::try_from(answered).is_ok_and(|answered| answered >= known.chunks) {
            return Ok(());
        }
        let count = self.remote.count(id).await.map_err(|error| error.of(self.dataset.1))?;
        // Behind the count: until the next batch documents only ever leave.
        let now = self.journal(Self::look_up).await?;
        let is_lost = now.is_some_and(|now| {
            let is_same = now.entry.id == known.entry.id && now.entry.encoded == known.entry.encoded;
            is_same && count < now.chunks
        });
        if is_lost { Err(VectorIndexError::Damaged(self.dataset.1)) } else { Ok(()) }
    }

    /// Points as chunks, each once. Those that are nobody's are left out, and what they are is not asked.
    async fn neighbours(
        self: &Arc<Self>,
        known: &Known,
        id: &str,
        points: Vec<PointId>,
    ) -> Result<Vec<Neighbour>, VectorIndexError> {
        let groups: BTreeSet<Group> = points.iter().map(|point| point.group).collect();
        let (groups, entry): (Vec<Group>, i64) = (groups.into_iter().collect(), known.entry.id);
        let owners = self.journal(move |question| {
            let owners = question.journals.with_existing(question.dataset, |connection| {
                journal::documents_of(connection, entry, &groups)
            });
            Ok::<Owners, JournalError>(owners?.unwrap_or_default())
        });
        let owners = owners.await?;
        let is_owned =
            |point: &PointId| owners.get(&point.group).is_some_and(|(_, chunks)| point.chunk < *chunks);
        let mut missing: BTreeSet<PointId> = points.into_iter().filter(is_owned).collect();
        let owned: Vec<PointId> = missing.iter().copied().collect();
        let found = self.remote.vectors(id, self.embedding.dimension(), &owned).await;
        let mut neighbours = Vec::with_capacity(owned.len());
        for point in found.map_err(|error| error.of(self.dataset.1))? {
            let Some((document, _)) = owners.get(&point.id.group) else { continue };
            if !missing.remove(&point.id) {
                continue;
            }
            let wrong = || RemoteError::Failed("it answers a vector that is none of this model's".to_owned());
            let cosine = self.cosine(&point).ok_or_else(|| wrong().of(self.dataset.1))?;
            neighbours.push(Neighbour { document: document.clone(), chunk: point.id.chunk, cosine });
        }
        Ok(neighbours)
    }

    /// How near a point is; `None` when its vector is none of this model's.
    fn cosine(&self, point: &Point) -> Option<f32> {
        Embedding::of_direction(point.vector.clone()).ok()?.cosine(&self.embedding)
    }
}

/// The nearest first, equally near ones in the order of documents and chunks.
fn sort(neighbours: &mut [Neighbour]) {
    neighbours.sort_by(|one, other| {
        let nearer = other.cosine.total_cmp(&one.cosine);
        nearer
            .then_with(|| one.document.as_str().as_bytes().cmp(other.document.as_str().as_bytes()))
            .then_with(|| one.chunk.cmp(&other.chunk))
    });
}
