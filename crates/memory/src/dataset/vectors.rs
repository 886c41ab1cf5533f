//! The in-memory index of vectors. It compares a question with each vector, as both are.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use syft_space_domain::Pending;
use syft_space_domain::dataset::ports::{VectorBatch, VectorIndex, VectorIndexError};
use syft_space_domain::dataset::{
    ChangeNumber, ChunkRef, DocumentId, Neighbour, VectorChange, VectorKey, VectorQuery,
};
use syft_space_domain::encoder::{Embedding, ModelRevision};
use syft_space_domain::ids::{DatasetId, TenantId};
use syft_space_domain::tenant::TenantScope;

/// Holds vectors as they come, and finds the nearest by a scan of all of them.
#[derive(Default)]
pub struct MemoryVectors(Mutex<State>);

#[derive(Default)]
struct State {
    indexes: BTreeMap<Place, Index>,
    batches: BTreeMap<u64, Open>,
    next_batch: u64,
}

/// Whose vectors, of which dataset, of which model.
type Place = (TenantId, DatasetId, ModelRevision);

#[derive(Default)]
struct Index {
    encoded: ChangeNumber,
    documents: BTreeMap<DocumentId, Vec<Embedding>>,
}

/// What happened to a batch's index since it was begun.
struct Open {
    place: Place,
    outdated: BTreeMap<DocumentId, ChangeNumber>,
    is_destroyed: bool,
}

/// A batch under way.
struct MemoryBatch<'a> {
    vectors: &'a MemoryVectors,
    number: u64,
    key: VectorKey,
    encoded: ChangeNumber,
}

impl MemoryVectors {
    /// An index that holds nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn destroy_where(&self, is_meant: impl Fn(&Place) -> bool) {
        let mut state = self.state();
        state.indexes.retain(|place, _| !is_meant(place));
        for batch in state.batches.values_mut().filter(|batch| is_meant(&batch.place)) {
            batch.is_destroyed = true;
        }
    }
}

fn place_of(scope: &TenantScope, key: VectorKey) -> Place {
    (scope.tenant(), key.dataset(), key.revision())
}

fn check_dimension(key: VectorKey, embedding: &Embedding) -> Result<(), VectorIndexError> {
    let (expected, found) = (key.dimension(), embedding.dimension());
    if expected == found { Ok(()) } else { Err(VectorIndexError::Dimension { expected, found }) }
}

impl Index {
    fn nearest(&self, query: VectorQuery<'_>) -> Vec<Neighbour> {
        let chunks = self.documents.iter().flat_map(|(document, embeddings)| {
            (0..).zip(embeddings).map(move |(chunk, embedding)| (document, chunk, embedding))
        });
        let with_cosine = chunks.filter_map(|(document, chunk, embedding)| {
            let cosine = query.embedding().cosine(embedding)?;
            Some(Neighbour { document: document.clone(), chunk, cosine })
        });
        let mut found: Vec<Neighbour> = with_cosine.collect();
        // The sort is stable: equally near ones stay in the order of documents and chunks.
        found.sort_by(|one, other| other.cosine.total_cmp(&one.cosine));
        let named: BTreeSet<&ChunkRef> = query.named().iter().collect();
        let mut near = 0;
        found.retain(|Neighbour { document, chunk, cosine }| {
            let is_near = *cosine >= query.min_cosine() && near < query.limit();
            near = near.saturating_add(usize::from(is_near));
            is_near || named.contains(&ChunkRef { document: document.clone(), chunk: *chunk })
        });
        found
    }
}

impl VectorIndex for MemoryVectors {
    fn nearest<'a>(
        &'a self,
        scope: &'a TenantScope,
        key: VectorKey,
        query: VectorQuery<'a>,
    ) -> Pending<'a, Result<Vec<Neighbour>, VectorIndexError>> {
        Box::pin(async move {
            check_dimension(key, query.embedding())?;
            let state = self.state();
            Ok(state.indexes.get(&place_of(scope, key)).map(|index| index.nearest(query)).unwrap_or_default())
        })
    }

    fn encoded(&self, scope: &TenantScope, key: VectorKey) -> Result<ChangeNumber, VectorIndexError> {
        Ok(self.state().indexes.get(&place_of(scope, key)).map_or(ChangeNumber(0), |index| index.encoded))
    }

    fn count(&self, scope: &TenantScope, key: VectorKey) -> Result<u64, VectorIndexError> {
        let state = self.state();
        let index = state.indexes.get(&place_of(scope, key));
        let chunks = index.map_or(0, |index| index.documents.values().map(Vec::len).sum());
        Ok(u64::try_from(chunks).unwrap_or(u64::MAX))
    }

    fn begin<'a>(
        &'a self,
        scope: &TenantScope,
        key: VectorKey,
    ) -> Result<Box<dyn VectorBatch + 'a>, VectorIndexError> {
        let place = place_of(scope, key);
        let mut state = self.state();
        let encoded = state.indexes.get(&place).map_or(ChangeNumber(0), |index| index.encoded);
        let number = state.next_batch;
        state.next_batch = number.saturating_add(1);
        state.batches.insert(number, Open { place, outdated: BTreeMap::new(), is_destroyed: false });
        drop(state);
        Ok(Box::new(MemoryBatch { vectors: self, number, key, encoded }))
    }

    fn outdate(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        documents: &[(ChangeNumber, DocumentId)],
    ) -> Result<(), VectorIndexError> {
        let is_meant = |place: &Place| (place.0, place.1) == (scope.tenant(), dataset);
        let mut state = self.state();
        for (number, document) in documents {
            for batch in state.batches.values_mut().filter(|batch| is_meant(&batch.place)) {
                let latest = batch.outdated.entry(document.clone()).or_default();
                *latest = (*latest).max(*number);
            }
            for (_, index) in state.indexes.iter_mut().filter(|(place, _)| is_meant(place)) {
                if *number > index.encoded {
                    index.documents.remove(document);
                }
            }
        }
        Ok(())
    }

    fn revisions(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
    ) -> Result<Vec<ModelRevision>, VectorIndexError> {
        let state = self.state();
        let places = state.indexes.keys().filter(|place| (place.0, place.1) == (scope.tenant(), dataset));
        Ok(places.map(|place| place.2).collect())
    }

    fn destroy(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        revision: ModelRevision,
    ) -> Result<(), VectorIndexError> {
        self.destroy_where(|place| *place == (scope.tenant(), dataset, revision));
        Ok(())
    }

    fn destroy_all(&self, scope: &TenantScope, dataset: DatasetId) -> Result<(), VectorIndexError> {
        self.destroy_where(|place| (place.0, place.1) == (scope.tenant(), dataset));
        Ok(())
    }
}

impl VectorBatch for MemoryBatch<'_> {
    fn encoded(&self) -> ChangeNumber {
        self.encoded
    }

    fn apply(self: Box<Self>, changes: &[VectorChange]) -> Result<(), VectorIndexError> {
        for change in changes {
            if let VectorChange::Encoded(_, _, embeddings) = change {
                embeddings.iter().try_for_each(|embedding| check_dimension(self.key, embedding))?;
            }
        }
        let mut state = self.vectors.state();
        let State { indexes, batches, .. } = &mut *state;
        let Some(open) = batches.get(&self.number).filter(|open| !open.is_destroyed) else {
            return Err(VectorIndexError::Destroyed);
        };
        if changes.is_empty() {
            return Ok(());
        }
        let index = indexes.entry(open.place).or_default();
        let seen = index.encoded;
        for change in changes.iter().filter(|change| change.number() > seen) {
            let (number, document) = (change.number(), change.document());
            index.documents.remove(document);
            if let VectorChange::Encoded(_, _, embeddings) = change
                && open.outdated.get(document).is_none_or(|outdated| *outdated <= number)
            {
                index.documents.insert(document.clone(), embeddings.clone());
            }
            index.encoded = index.encoded.max(number);
        }
        Ok(())
    }
}

impl Drop for MemoryBatch<'_> {
    fn drop(&mut self) {
        self.vectors.state().batches.remove(&self.number);
    }
}
