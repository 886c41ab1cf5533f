//! What changes the vectors at a server: a batch, documents that are outdated, and vectors that are destroyed.

use std::collections::BTreeMap;

use syft_space_domain::dataset::ports::{LostDatabases, VectorIndexError};
use syft_space_domain::dataset::{ChangeNumber, DocumentId, VectorChange, VectorDatabase, VectorKey};
use syft_space_domain::encoder::{Embedding, ModelRevision};
use syft_space_domain::ids::DatasetId;
use syft_space_domain::tenant::TenantScope;

use crate::api::{Point, Remote, RemoteError};
use crate::batches::OpenBatch;
use crate::collection::{Collection, Location, new_name, prefix};
use crate::external::{ExternalVectors, check_dimension, count_until};
use crate::journal::{self, DatasetKey, Entry, JournalError, Version};
use crate::point::{Group, PointId};

/// Asks again whether the database is reached where it was. It is asked behind each call that another database would answer as if it were the one that
/// is meant: what makes a collection, and what removes one by its name. All others name it by what the database itself has called it.
pub(crate) type Confirm<'a> = &'a dyn Fn() -> Result<(), VectorIndexError>;

/// The most vectors that leave before the journal notes that they are gone.
const SLICE: usize = 5_000;
/// The most vectors that leave while somebody waits for it.
const SLICE_AT_ONCE: usize = 500;

/// What a batch brings: for each document its last vectors, or none, and the last change.
struct Plan<'a> {
    encoded: ChangeNumber,
    documents: BTreeMap<&'a DocumentId, (ChangeNumber, &'a [Embedding])>,
}

impl<'a> Plan<'a> {
    /// Of the changes those that were not followed yet.
    fn new(changes: &'a [VectorChange], seen: ChangeNumber) -> Self {
        let mut plan = Self { encoded: seen, documents: BTreeMap::new() };
        for change in changes.iter().filter(|change| change.number() > seen) {
            let embeddings: &[Embedding] = match change {
                VectorChange::Encoded(_, _, embeddings) => embeddings,
                VectorChange::Removed(..) => &[],
            };
            plan.documents.insert(change.document(), (change.number(), embeddings));
            plan.encoded = plan.encoded.max(change.number());
        }
        plan
    }

    /// Leaves out vectors that were outdated by a later change.
    fn without(mut self, outdated: &BTreeMap<DocumentId, ChangeNumber>) -> Self {
        for (document, (number, embeddings)) in &mut self.documents {
            if outdated.get(*document).is_some_and(|later| later > number) {
                *embeddings = &[];
            }
        }
        self
    }
}

impl ExternalVectors {
    /// Brings the vectors at a database the next changes.
    ///
    /// The order is what a crash is mended by: first the journal notes what is about to be sent among what must leave; then
    /// it is sent; then the journal's documents have it, in one step with the number of the change; then what was replaced
    /// leaves, and all that is there is counted.
    pub(crate) fn apply(
        &self,
        database: &VectorDatabase,
        scope: &TenantScope,
        key: VectorKey,
        batch: &OpenBatch<'_>,
        changes: &[VectorChange],
        confirm: Confirm<'_>,
    ) -> Result<(), VectorIndexError> {
        for change in changes {
            if let VectorChange::Encoded(_, _, embeddings) = change {
                embeddings.iter().try_for_each(|embedding| check_dimension(key, embedding))?;
            }
        }
        let (dataset, location) = ((scope.tenant(), key.dataset()), Location::from(database));
        let _step = self.steps.acquire(dataset);
        let outdated = batch.outdated().ok_or(VectorIndexError::Destroyed)?;
        let failed = |error: JournalError| error.of(key.dataset());
        let held =
            self.journals.with_existing(dataset, |connection| journal::in_use(connection, key.revision()));
        let held = held.map_err(failed)?.flatten();
        if held.as_ref().is_some_and(|entry| entry.location != location) {
            return Err(VectorIndexError::Destroyed);
        }
        let seen = held.as_ref().map_or(ChangeNumber(0), |entry| entry.encoded);
        let plan = Plan::new(changes, seen).without(&outdated);
        let remote = self.remote(database, self.options.step_timeout);
        if plan.documents.is_empty() {
            // Whoever brings it again may do so because something was not gone.
            return held.map_or(Ok(()), |entry| self.settle(&remote, dataset, &entry));
        }
        self.note_unsettled(dataset);
        if let Some(entry) = &held {
            // First what must leave: or each attempt in vain would add to it, and it would never end.
            while self.settle_some(&remote, dataset, entry, SLICE)? {}
        }
        let (versions, points) = self.versions(&plan).map_err(failed)?;
        let mut entry = self.intend(dataset, key, &location, &versions).map_err(failed)?;
        if !points.is_empty() {
            self.send(&remote, dataset, &mut entry, points, confirm)?;
        }
        let replaced = self.journals.with_created(dataset, |connection| {
            // What was outdated while it was sent must leave again.
            let outdated = batch.outdated().ok_or(JournalError::Destroyed)?;
            let mut versions = versions.clone();
            for (document, version) in &mut versions {
                let number = plan.documents.get(*document).map(|(number, _)| *number);
                if outdated.get(*document).copied() > number {
                    *version = None;
                }
            }
            journal::replace(connection, entry.id, &versions, plan.encoded)
        });
        replaced.map_err(failed)?;
        self.settle(&remote, dataset, &entry)
    }

    /// The new numbers of what a plan brings, and what is to be sent.
    #[expect(clippy::type_complexity, reason = "both are made in one go, and go to one place")]
    fn versions<'a>(
        &self,
        plan: &Plan<'a>,
    ) -> Result<(BTreeMap<&'a DocumentId, Option<Version>>, Vec<Point>), JournalError> {
        let (mut versions, mut points) = (BTreeMap::new(), Vec::new());
        for (document, (_, embeddings)) in &plan.documents {
            if embeddings.is_empty() {
                versions.insert(*document, None);
                continue;
            }
            let mut random = [0; 8];
            self.entropy.fill(&mut random)?;
            let group = Group(u64::from_be_bytes(random));
            let chunks = u32::try_from(embeddings.len());
            let chunks = chunks.map_err(|_| JournalError::Failed("too many chunks".to_owned()))?;
            versions.insert(*document, Some((group, chunks)));
            let vectors = embeddings.iter().map(|embedding| embedding.as_slice().to_vec());
            let ids = PointId::of_group(group, chunks);
            points.extend(ids.zip(vectors).map(|(id, vector)| Point { id, vector }));
        }
        Ok((versions, points))
    }

    /// Notes what is about to be sent, and where to: to the collection in use, or to a new one.
    fn intend(
        &self,
        dataset: DatasetKey,
        key: VectorKey,
        location: &Location,
        versions: &BTreeMap<&DocumentId, Option<Version>>,
    ) -> Result<Entry, JournalError> {
        let name = new_name(dataset, &*self.entropy)?;
        let collection = Collection { name, remote_id: None, dimension: key.dimension() };
        self.journals.with_created(dataset, |connection| {
            let entry = match journal::in_use(connection, key.revision())? {
                Some(entry) => entry,
                None => journal::add(connection, key.revision(), location, &collection)?,
            };
            if entry.collection.dimension != key.dimension() {
                return Err(JournalError::Damaged);
            }
            journal::note_leaving(connection, entry.id, versions.values().copied().flatten())?;
            Ok(entry)
        })
    }

    /// Makes the collection, if that is not done yet, sends vectors there, and looks whether there are as many more.
    fn send(
        &self,
        remote: &Remote,
        (tenant, dataset): DatasetKey,
        entry: &mut Entry,
        points: Vec<Point>,
        confirm: Confirm<'_>,
    ) -> Result<(), VectorIndexError> {
        let id = if let Some(id) = &entry.collection.remote_id {
            id.clone()
        } else {
            let (server, collection) = (remote.clone(), entry.collection.clone());
            let made = self.wait(async move { server.create(&collection).await })?;
            let id = made.map_err(|error| error.of(dataset))?;
            if let Err(moved) = confirm() {
                self.take_back(remote, entry.collection.name.clone());
                return Err(moved);
            }
            let noted = self.journals.with_created((tenant, dataset), |connection| {
                journal::set_remote_id(connection, entry.id, &id)
            });
            noted.map_err(|error| error.of(dataset))?;
            entry.collection.remote_id = Some(id.clone());
            id
        };
        let held = self
            .journals
            .with_existing((tenant, dataset), |connection| journal::chunks(connection, entry.id));
        let held = held.map_err(|error| error.of(dataset))?.unwrap_or(0);
        let expected = u64::try_from(points.len()).map_or(u64::MAX, |sent| sent.saturating_add(held));
        let (remote, pause) = (remote.clone(), self.options.recount);
        let sent = self.wait(async move {
            remote.upsert(&id, &points).await?;
            // What must leave may be there as well. All is counted exactly once that is gone.
            count_until(remote, id, pause, |count| count >= expected).await
        })?;
        match sent {
            Ok(true) => Ok(()),
            Ok(false) => Err(VectorIndexError::Damaged(dataset)),
            Err(error) => Err(error.of(dataset)),
        }
    }

    /// Removes a collection that was made where another database may be by now: nobody else would look for it there. That is tried once.
    fn take_back(&self, remote: &Remote, name: String) {
        let remote = remote.clone();
        let removed = self.wait(async move { remote.remove(&name).await });
        if let Err(error) =
            removed.and_then(|removed| removed.map_err(|error| VectorIndexError::Failed(error.to_string())))
        {
            tracing::warn!(%error, "an empty collection may be left in another database");
        }
    }

    /// Removes what must leave a collection, and then counts what is there.
    pub(crate) fn settle(
        &self,
        remote: &Remote,
        dataset: DatasetKey,
        entry: &Entry,
    ) -> Result<(), VectorIndexError> {
        while self.settle_some(remote, dataset, entry, SLICE)? {}
        let Some(id) = entry.collection.remote_id.clone() else { return Ok(()) };
        // Documents that are outdated meanwhile go from one number to the other.
        let expected = self.journals.with_existing(dataset, |connection| {
            let leaving = journal::leaving_chunks(connection, entry.id)?;
            Ok(journal::chunks(connection, entry.id)?.saturating_add(leaving))
        });
        let expected = expected.map_err(|error| error.of(dataset.1))?.unwrap_or(0);
        let is_fine = move |count| count == expected;
        match self.wait(count_until(remote.clone(), id, self.options.recount, is_fine))? {
            Ok(true) => Ok(()),
            Ok(false) => Err(VectorIndexError::Damaged(dataset.1)),
            Err(error) => Err(error.of(dataset.1)),
        }
    }

    /// Removes some of what must leave a collection. Whether there is more.
    fn settle_some(
        &self,
        remote: &Remote,
        dataset: DatasetKey,
        entry: &Entry,
        most: usize,
    ) -> Result<bool, VectorIndexError> {
        let failed = |error: JournalError| error.of(dataset.1);
        let all = self.journals.with_existing(dataset, |connection| journal::leaving(connection, entry.id));
        let all = all.map_err(failed)?.unwrap_or_default();
        let mut points = Vec::new();
        let mut some = Vec::new();
        for (group, chunks) in &all {
            if points.len() >= most {
                break;
            }
            points.extend(PointId::of_group(*group, *chunks));
            some.push((*group, *chunks));
        }
        if some.is_empty() {
            return Ok(false);
        }
        // Nothing is sent to a collection of which it is not known that it is there.
        if let Some(id) = entry.collection.remote_id.clone() {
            let remote = remote.clone();
            let gone = self.wait(async move { remote.delete(&id, &points).await })?;
            gone.map_err(|error| error.of(dataset.1))?;
        }
        let cleared = self
            .journals
            .with_existing(dataset, |connection| journal::clear_leaving(connection, entry.id, &some));
        cleared.map_err(failed)?;
        Ok(some.len() < all.len())
    }

    /// Removes documents' vectors: from the journal at once, and from the server if it answers soon. Else that is for
    /// [`sweep`](Self::sweep).
    pub(crate) fn outdate(
        &self,
        database: Option<&VectorDatabase>,
        scope: &TenantScope,
        dataset: DatasetId,
        documents: &[(ChangeNumber, DocumentId)],
    ) -> Result<(), VectorIndexError> {
        let key = (scope.tenant(), dataset);
        // First for the batches under way: what they bring after that is behind what follows.
        self.batches.outdate(key, documents);
        let entries = self.journals.with_existing(key, |connection| {
            let entries = journal::entries(connection)?;
            for entry in entries.iter().filter(|entry| !entry.is_leaving) {
                for (_, document) in documents.iter().filter(|(number, _)| *number > entry.encoded) {
                    journal::remove_document(connection, entry.id, document)?;
                }
            }
            Ok(entries)
        });
        let entries = entries.map_err(|error| error.of(dataset))?.unwrap_or_default();
        if entries.is_empty() {
            return Ok(());
        }
        self.note_unsettled(key);
        let Some(database) = database else { return Ok(()) };
        let here = Location::from(database);
        let Some(_step) = self.steps.try_acquire(key) else { return Ok(()) };
        let remote = self.remote(database, self.options.outdate_timeout);
        for entry in entries.iter().filter(|entry| !entry.is_leaving && entry.location == here) {
            if let Err(error) = self.settle_some(&remote, key, entry, SLICE_AT_ONCE) {
                tracing::debug!(%dataset, %error, "what is outdated leaves the vector database later");
                break;
            }
        }
        Ok(())
    }

    /// Destroys a dataset's vectors, of one revision or of all: for the space at once. It answers once the server has none of
    /// them.
    pub(crate) fn destroy(
        &self,
        database: Option<&VectorDatabase>,
        scope: &TenantScope,
        dataset: DatasetId,
        revision: Option<ModelRevision>,
        confirm: Confirm<'_>,
    ) -> Result<(), VectorIndexError> {
        let key = (scope.tenant(), dataset);
        self.batches.destroy(key, revision);
        let _step = self.steps.acquire(key);
        let is_meant = |entry: &Entry| revision.is_none_or(|meant| entry.revision == meant);
        match self.journals.with_existing(key, |connection| journal::give_up(connection, is_meant)) {
            Ok(_) => {}
            Err(JournalError::Damaged) => return self.destroy_unknown(database, key, confirm),
            Err(error) => return Err(error.of(dataset)),
        }
        self.note_unsettled(key);
        self.remove_given_up(database, key, is_meant, confirm)?;
        let is_empty = self.journals.remove(key, |connection| Ok(journal::entries(connection)?.is_empty()));
        is_empty.map_err(|error| error.of(dataset))
    }

    /// Forgets what lies in databases that are lost, and tells where each collection was.
    pub(crate) fn forget(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        lost: LostDatabases,
    ) -> Result<Vec<String>, VectorIndexError> {
        let key = (scope.tenant(), dataset);
        self.batches.destroy(key, None);
        let _step = self.steps.acquire(key);
        let is_lost = |entry: &Entry| lost == LostDatabases::All || entry.location.is_provisioned();
        let forgotten = self.journals.with_existing(key, |connection| {
            journal::give_up(connection, is_lost)?;
            let lost = journal::entries(connection)?.into_iter().filter(is_lost).map(|entry| {
                journal::forget(connection, entry.id)?;
                Ok(format!("{}: {}", entry.location, entry.collection.name))
            });
            lost.collect::<Result<Vec<String>, JournalError>>()
        });
        match forgotten {
            // Nobody can say what it had. Whoever destroys the dataset's vectors next throws it away.
            Err(JournalError::Damaged) => Ok(Vec::new()),
            forgotten => Ok(forgotten.map_err(|error| error.of(dataset))?.unwrap_or_default()),
        }
    }

    /// Removes the collections that were given up; each is forgotten once the server has it no more.
    pub(crate) fn remove_given_up(
        &self,
        database: Option<&VectorDatabase>,
        key: DatasetKey,
        is_meant: impl Fn(&Entry) -> bool,
        confirm: Confirm<'_>,
    ) -> Result<(), VectorIndexError> {
        let entries = self.journals.with_existing(key, journal::entries).map_err(|error| error.of(key.1))?;
        let mut outcome = Ok(());
        for entry in entries.unwrap_or_default() {
            if !entry.is_leaving || !is_meant(&entry) {
                continue;
            }
            let (remote, name) = (self.remote_at(&entry.location, database), entry.collection.name.clone());
            match self.wait(async move { remote.remove(&name).await })? {
                Ok(()) => {
                    // Another one has no collection of that name, and says that it is gone.
                    if entry.location.is_provisioned() {
                        confirm()?;
                    }
                    let forgotten =
                        self.journals.with_existing(key, |connection| journal::forget(connection, entry.id));
                    forgotten.map_err(|error| error.of(key.1))?;
                }
                Err(error) => outcome = outcome.and(Err(still_there(&entry, &error))),
            }
        }
        outcome
    }

    /// Removes all collections that are called as the dataset's are, and the journal that cannot be read.
    fn destroy_unknown(
        &self,
        database: Option<&VectorDatabase>,
        key: DatasetKey,
        confirm: Confirm<'_>,
    ) -> Result<(), VectorIndexError> {
        if let Some(database) = database {
            let remote = self.remote(database, self.options.step_timeout);
            let removed = self.wait(async move {
                for name in remote.names(&prefix(key)).await? {
                    remote.remove(&name).await?;
                }
                Ok::<(), RemoteError>(())
            })?;
            removed.map_err(|error| error.of(key.1))?;
            confirm()?;
        }
        self.journals.remove(key, |_| Err(JournalError::Damaged)).map_err(|error| error.of(key.1))
    }
}

/// What is told of a collection of which it is not known that it is gone.
fn still_there(entry: &Entry, error: &RemoteError) -> VectorIndexError {
    VectorIndexError::Failed(format!("vectors may still lie in {}: {error}", entry.location))
}
