//! The index of vectors, as the port has it.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, PoisonError, RwLock};

use quick_cache::sync::Cache;
use syft_space_domain::Pending;
use syft_space_domain::dataset::ports::{VectorBatch, VectorIndex, VectorIndexError};
use syft_space_domain::dataset::{ChangeNumber, DocumentId, Neighbour, VectorChange, VectorKey, VectorQuery};
use syft_space_domain::encoder::{Embedding, ModelRevision};
use syft_space_domain::ids::DatasetId;
use syft_space_domain::tenant::TenantScope;
use syft_space_home::Home;

use super::batches::{Batches, OpenBatch};
use super::commit::{Step, commit};
use super::error::guarded;
use super::manifest::Manifest;
use super::nearest::{Found, Wanted};
use super::place::{self, Place, VectorFolder};
use super::segment_writer::full_rows;
use super::snapshot::Snapshot;
use super::workers::Workers;
use crate::error::IndexError;
use crate::write_limiter::WriteLimiter;

/// The resources that an index of vectors may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VectorOptions {
    /// The most indexes that stay open: each is mapped into memory, and takes some hundred bytes a segment besides.
    pub open_indexes: usize,
    /// The most threads that scan: so many processors can all questions together take.
    pub threads: usize,
    /// The most indexes that are written at once.
    pub writers: usize,
    /// The most bytes of a segment's vectors, but for one that has a single vector. A segment is written anew to remove
    /// some, and is scanned in one go.
    pub segment_bytes: usize,
    /// An index whose vectors have no more bytes is scanned by the thread that asks: handing it to another takes longer.
    pub at_once_bytes: usize,
}

impl Default for VectorOptions {
    /// As many threads as there are processors, but no more than four.
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
        Self {
            open_indexes: 256,
            threads: processors.min(4),
            writers: 2,
            segment_bytes: 4 << 20,
            at_once_bytes: 512 << 10,
        }
    }
}

/// Vectors in flat files, of which each question reads all of a dataset's.
pub struct FlatVectors {
    home: Home,
    options: VectorOptions,
    slots: Cache<Place, Arc<Slot>>,
    batches: Batches,
    write_limiter: WriteLimiter,
    workers: Workers,
}

/// The place of a snapshot. It is filled by the first who needs it, and replaced by whoever changes the index; either
/// holds its lock meanwhile.
#[derive(Default)]
struct Slot(RwLock<Option<Opened>>);

/// What is known of an index: `None` when there is none.
type Opened = Option<Arc<Snapshot>>;

impl Slot {
    /// The snapshot, if it is known already.
    fn known(&self) -> Option<Opened> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The snapshot, opened if it is not known yet.
    fn open(&self, folder: &VectorFolder) -> Result<Opened, IndexError> {
        if let Some(opened) = self.known() {
            return Ok(opened);
        }
        let mut slot = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(opened) = &*slot {
            return Ok(opened.clone());
        }
        let opened = Snapshot::open(folder)?.map(Arc::new);
        *slot = Some(opened.clone());
        Ok(opened)
    }

    fn replace(&self, opened: Option<Opened>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = opened;
    }
}

impl FlatVectors {
    /// An index whose files lie in a home. Nothing is opened, made or started before it is needed.
    #[must_use]
    pub fn new(home: Home, options: VectorOptions) -> Self {
        Self {
            home,
            options,
            slots: Cache::new(options.open_indexes),
            batches: Batches::default(),
            write_limiter: WriteLimiter::new(options.writers),
            workers: Workers::new(options.threads),
        }
    }

    fn slot(&self, place: Place) -> Arc<Slot> {
        let slot = self.slots.get_or_insert_with(&place, || Ok::<_, Infallible>(Arc::default()));
        slot.unwrap_or_else(|never| match never {})
    }

    fn folder(&self, place: Place) -> VectorFolder {
        VectorFolder::new(&self.home, place)
    }

    fn manifest(&self, scope: &TenantScope, key: VectorKey) -> Result<Option<Manifest>, VectorIndexError> {
        let folder = self.folder(Place::new(scope, key.dataset(), key.revision()));
        let manifest = guarded(key.dataset(), || Manifest::read(&folder))?;
        if manifest.as_ref().is_some_and(|manifest| manifest.dimension != key.dimension()) {
            return Err(VectorIndexError::Damaged(key.dataset()));
        }
        Ok(manifest)
    }

    async fn find(
        &self,
        scope: &TenantScope,
        key: VectorKey,
        query: VectorQuery<'_>,
    ) -> Result<Vec<Neighbour>, VectorIndexError> {
        check_dimension(key, query.embedding())?;
        let place = Place::new(scope, key.dataset(), key.revision());
        let slot = self.slot(place);
        let wanted = Wanted::new(query);
        match slot.known() {
            Some(None) => return Ok(Vec::new()),
            Some(Some(snapshot)) if snapshot.row_bytes() <= self.options.at_once_bytes => {
                return guarded(key.dataset(), || scan(&snapshot, &wanted, key));
            }
            Some(Some(_)) | None => {}
        }
        let folder = self.folder(place);
        let opener = Box::new(move || {
            guarded(key.dataset(), || {
                let opened = slot.open(&folder)?;
                opened.as_deref().map_or(Ok(()), |snapshot| check_snapshot(snapshot, key))?;
                Ok(opened)
            })
        });
        let answer = self.workers.submit(place.tenant, place.dataset, wanted, opener)?;
        let closed = || VectorIndexError::Failed("the index of vectors is closed".to_owned());
        answer.await.unwrap_or_else(|_| Err(closed()))
    }

    /// Takes a step of an index that is there, or of a new one where vectors of a dimension are brought.
    fn change(
        &self,
        place: Place,
        dimension: usize,
        current: &Opened,
        step: &Step<'_>,
    ) -> Result<(), IndexError> {
        let slot = self.slot(place);
        let full = full_rows(dimension, self.options.segment_bytes);
        match commit(&self.folder(place), dimension, full, current.as_deref(), step) {
            Ok(committed) => {
                slot.replace(Some(Some(Arc::new(committed.snapshot))));
                Ok(committed.tidied?)
            }
            Err(error) => {
                // What is on the disk now is for the disk to say.
                slot.replace(None);
                Err(error)
            }
        }
    }

    fn outdate_one(
        &self,
        place: Place,
        documents: &[(ChangeNumber, DocumentId)],
    ) -> Result<(), VectorIndexError> {
        guarded(place.dataset, || {
            let folder = self.folder(place);
            let opened = self.slot(place).open(&folder)?;
            let Some(snapshot) = &opened else { return Ok(()) };
            let encoded = snapshot.manifest.encoded();
            let is_held = |id: &DocumentId| snapshot.segments.iter().any(|segment| segment.has(id.as_str()));
            let gone = documents.iter().filter(|(number, id)| *number > encoded && is_held(id));
            let documents: BTreeMap<&DocumentId, &[Embedding]> =
                gone.map(|(_, id)| (id, [].as_slice())).collect();
            if documents.is_empty() {
                // Whoever asks again may do so because something was not gone.
                return Ok(folder.keep_only(snapshot.manifest.segments.iter().map(|segment| segment.number))?);
            }
            self.change(place, snapshot.manifest.dimension, &opened, &Step { encoded, documents })
        })
    }

    fn destroy_where(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        revision: Option<ModelRevision>,
    ) -> Result<(), VectorIndexError> {
        let is_meant = |place: &Place| {
            place.dataset_key() == (scope.tenant(), dataset)
                && revision.is_none_or(|meant| place.revision == meant)
        };
        self.batches.destroy(is_meant);
        let _permit = self.write_limiter.acquire((scope.tenant(), dataset));
        let removed = guarded(dataset, || match revision {
            Some(revision) => Ok(self.folder(Place::new(scope, dataset, revision)).remove()?),
            None => Ok(place::remove_all(&self.home, scope, dataset)?),
        });
        for (place, slot) in self.slots.iter() {
            if is_meant(&place) {
                slot.replace(None);
            }
        }
        removed
    }
}

fn check_dimension(key: VectorKey, embedding: &Embedding) -> Result<(), VectorIndexError> {
    let (expected, found) = (key.dimension(), embedding.dimension());
    if expected == found { Ok(()) } else { Err(VectorIndexError::Dimension { expected, found }) }
}

/// A revision has one dimension. Files that say otherwise are not what they should be.
fn check_snapshot(snapshot: &Snapshot, key: VectorKey) -> Result<(), IndexError> {
    if snapshot.manifest.dimension == key.dimension() {
        Ok(())
    } else {
        Err(IndexError::Damaged("its vectors are of another dimension".to_owned()))
    }
}

fn scan(snapshot: &Snapshot, wanted: &Wanted, key: VectorKey) -> Result<Vec<Neighbour>, IndexError> {
    check_snapshot(snapshot, key)?;
    let mut found = Found::default();
    for segment in &snapshot.segments {
        let floor = wanted.floor(&found);
        wanted.merge(&mut found, wanted.find_in(segment, floor)?);
    }
    Ok(found.into_neighbours())
}

impl VectorIndex for FlatVectors {
    fn nearest<'a>(
        &'a self,
        scope: &'a TenantScope,
        key: VectorKey,
        query: VectorQuery<'a>,
    ) -> Pending<'a, Result<Vec<Neighbour>, VectorIndexError>> {
        Box::pin(self.find(scope, key, query))
    }

    fn encoded(&self, scope: &TenantScope, key: VectorKey) -> Result<ChangeNumber, VectorIndexError> {
        Ok(self.manifest(scope, key)?.map_or(ChangeNumber(0), |manifest| manifest.encoded()))
    }

    fn count(&self, scope: &TenantScope, key: VectorKey) -> Result<u64, VectorIndexError> {
        Ok(self.manifest(scope, key)?.map_or(0, |manifest| manifest.rows()))
    }

    fn begin<'a>(
        &'a self,
        scope: &TenantScope,
        key: VectorKey,
    ) -> Result<Box<dyn VectorBatch + 'a>, VectorIndexError> {
        // First it is open, then the number is read: what is destroyed in between is noted.
        let open = self.batches.open(Place::new(scope, key.dataset(), key.revision()));
        let encoded = self.encoded(scope, key)?;
        Ok(Box::new(FlatBatch { vectors: self, open, scope: *scope, key, encoded }))
    }

    fn outdate(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        documents: &[(ChangeNumber, DocumentId)],
    ) -> Result<(), VectorIndexError> {
        let dataset_key = (scope.tenant(), dataset);
        // First for the batches under way: one that commits before the permit is had is behind what follows.
        self.batches.outdate(|place| place.dataset_key() == dataset_key, documents);
        let _permit = self.write_limiter.acquire(dataset_key);
        let mut outcome = Ok(());
        for revision in guarded(dataset, || Ok(place::revisions(&self.home, scope, dataset)?))? {
            let outdated = self.outdate_one(Place::new(scope, dataset, revision), documents);
            outcome = outcome.and(outdated);
        }
        outcome
    }

    fn revisions(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
    ) -> Result<Vec<ModelRevision>, VectorIndexError> {
        guarded(dataset, || Ok(place::revisions(&self.home, scope, dataset)?))
    }

    fn destroy(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        revision: ModelRevision,
    ) -> Result<(), VectorIndexError> {
        self.destroy_where(scope, dataset, Some(revision))
    }

    fn destroy_all(&self, scope: &TenantScope, dataset: DatasetId) -> Result<(), VectorIndexError> {
        self.destroy_where(scope, dataset, None)
    }
}

/// A batch under way.
struct FlatBatch<'a> {
    vectors: &'a FlatVectors,
    open: OpenBatch<'a>,
    scope: TenantScope,
    key: VectorKey,
    encoded: ChangeNumber,
}

impl VectorBatch for FlatBatch<'_> {
    fn encoded(&self) -> ChangeNumber {
        self.encoded
    }

    fn apply(self: Box<Self>, changes: &[VectorChange]) -> Result<(), VectorIndexError> {
        let Self { vectors, open, scope, key, .. } = *self;
        for change in changes {
            if let VectorChange::Encoded(_, _, embeddings) = change {
                embeddings.iter().try_for_each(|embedding| check_dimension(key, embedding))?;
            }
        }
        let place = Place::new(&scope, key.dataset(), key.revision());
        let _permit = vectors.write_limiter.acquire(place.dataset_key());
        let outdated = open.outdated().ok_or(VectorIndexError::Destroyed)?;
        guarded(place.dataset, || {
            let folder = vectors.folder(place);
            let current = vectors.slot(place).open(&folder)?;
            current.as_deref().map_or(Ok(()), |snapshot| check_snapshot(snapshot, key))?;
            let seen = current.as_deref().map_or(ChangeNumber(0), |snapshot| snapshot.manifest.encoded());
            let mut step = Step { encoded: seen, documents: BTreeMap::new() };
            for change in changes.iter().filter(|change| change.number() > seen) {
                let is_current =
                    outdated.get(change.document()).is_none_or(|later| *later <= change.number());
                let embeddings: &[Embedding] = match change {
                    VectorChange::Encoded(_, _, embeddings) if is_current => embeddings,
                    VectorChange::Encoded(..) | VectorChange::Removed(..) => &[],
                };
                step.documents.insert(change.document(), embeddings);
                step.encoded = step.encoded.max(change.number());
            }
            match &current {
                Some(snapshot) if step.documents.is_empty() => {
                    // Whoever brings it again may do so because something was not gone.
                    Ok(folder.keep_only(snapshot.manifest.segments.iter().map(|segment| segment.number))?)
                }
                None if step.documents.is_empty() => Ok(()),
                Some(_) | None => vectors.change(place, key.dimension(), &current, &step),
            }
        })
    }
}
