//! Indexes of vectors with one fault each.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use syft_space_conformance::{Fixture, VectorsFactory, sample, vectors};
use syft_space_domain::Pending;
use syft_space_domain::dataset::ports::{VectorBatch, VectorIndex, VectorIndexError};
use syft_space_domain::dataset::{
    ChangeNumber, ChunkRef, DocumentId, Neighbour, VectorChange, VectorKey, VectorQuery,
};
use syft_space_domain::encoder::{Embedding, EncoderModel, ModelId, ModelRevision};
use syft_space_domain::ids::DatasetId;
use syft_space_domain::tenant::TenantScope;
use syft_space_memory::MemoryVectors;

use crate::went_away::WentAway;
use crate::{assert_caught, broken_promises};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    AnswersTheFarthestFirst,
    OrdersTiesBackwards,
    FindsOneTooMany,
    KeepsWhatIsTooFar,
    LooksAtSomeOnly,
    FindsSomethingInNothing,
    ForgetsTheLastNamed,
    AnswersANamedTwice,
    AnswersTheNamedBehind,
    HasNoMoreThanTheLimit,
    KeepsTheNamedFromTooFar,
    NamesChunksThatAreNot,
    TakesThoseNamedFromTenantOne,
    TakesAnyDimension,
    KeepsReplacedChunks,
    KeepsRemovedDocuments,
    CountsDocuments,
    ForgetsTheLastChange,
    FollowsOldChanges,
    OutdatesNothing,
    OutdatesWhatIsNewer,
    ForgetsWhatIsOutdatedMeanwhile,
    ForgetsWhatIsDestroyedMeanwhile,
    DestroysNothing,
    MixesRevisions,
    MixesTenants,
    MixesDatasets,
    ForgetsAtRestart,
    MixesUpWhoAsks,
    FailsOnceSomebodyWentAway,
}

struct FaultyVectors {
    inner: MemoryVectors,
    fault: Fault,
    shared: Mutex<Vec<Neighbour>>,
    went_away: WentAway,
    /// What each batch brought last, by document: for those faults that bring it again.
    brought: Mutex<BTreeMap<DocumentId, Vec<Embedding>>>,
}

fn no_document() -> DocumentId {
    DocumentId::parse("nothing").expect("a valid id")
}

impl FaultyVectors {
    fn new(fault: Fault) -> Self {
        let (inner, shared, brought) = (MemoryVectors::new(), Mutex::default(), Mutex::default());
        Self { inner, fault, shared, went_away: WentAway::default(), brought }
    }

    /// Whose vectors are meant, as this index has it.
    fn place(&self, scope: &TenantScope, key: VectorKey) -> (TenantScope, VectorKey) {
        let scope = if self.fault == Fault::MixesTenants { sample::scope(1) } else { *scope };
        let model = |revision| {
            let id = ModelId::parse("sample").expect("a valid name");
            EncoderModel::new(id, revision, key.dimension(), 32).expect("numbers that a model has")
        };
        let revision = if self.fault == Fault::MixesRevisions {
            ModelRevision::from_bytes([1; 32])
        } else {
            key.revision()
        };
        (scope, VectorKey::new(self.dataset(key.dataset()), &model(revision)))
    }

    fn dataset(&self, dataset: DatasetId) -> DatasetId {
        if self.fault == Fault::MixesDatasets { sample::dataset_id(1) } else { dataset }
    }

    async fn find_wrongly(
        &self,
        scope: &TenantScope,
        key: VectorKey,
        query: VectorQuery<'_>,
    ) -> Result<Vec<Neighbour>, VectorIndexError> {
        let (scope, key) = self.place(scope, key);
        if self.fault == Fault::TakesAnyDimension && query.embedding().dimension() != key.dimension() {
            return Ok(Vec::new());
        }
        let mut found = self.inner.nearest(&scope, key, query).await?;
        if !query.named().is_empty() {
            found = self.name_wrongly(&scope, key, query, found).await?;
        }
        let all = async |min_cosine| {
            let query = VectorQuery::new(query.embedding(), VectorQuery::MAX_LIMIT, min_cosine);
            self.inner.nearest(&scope, key, query.expect("a valid query")).await
        };
        match self.fault {
            Fault::AnswersTheFarthestFirst => found.reverse(),
            Fault::OrdersTiesBackwards => {
                found = all(query.min_cosine()).await?;
                found.reverse();
                found.sort_by(|one, other| other.cosine.total_cmp(&one.cosine));
                found.truncate(query.limit());
            }
            Fault::FindsOneTooMany => {
                found = all(query.min_cosine()).await?;
                found.truncate(query.limit() + 1);
            }
            Fault::KeepsWhatIsTooFar => {
                found = all(-1.0).await?;
                found.truncate(query.limit());
            }
            Fault::LooksAtSomeOnly => {
                found = all(-1.0).await?;
                found.retain(|neighbour| !neighbour.document.as_str().ends_with("77"));
                found.truncate(query.limit());
                found.retain(|neighbour| neighbour.cosine >= query.min_cosine());
            }
            Fault::FindsSomethingInNothing if found.is_empty() => {
                found.push(Neighbour { document: no_document(), chunk: 0, cosine: 0.0 });
            }
            Fault::MixesUpWhoAsks => {
                *self.shared.lock().expect("no panic holds it") = found;
                thread::sleep(Duration::from_millis(1));
                return Ok(self.shared.lock().expect("no panic holds it").clone());
            }
            Fault::FailsOnceSomebodyWentAway => {
                if self.went_away.has_happened() {
                    return Err(VectorIndexError::Busy);
                }
                self.went_away.wait_once().await;
            }
            _ => {}
        }
        Ok(found)
    }

    /// What is answered for a query that names chunks.
    async fn name_wrongly(
        &self,
        scope: &TenantScope,
        key: VectorKey,
        query: VectorQuery<'_>,
        mut found: Vec<Neighbour>,
    ) -> Result<Vec<Neighbour>, VectorIndexError> {
        match self.fault {
            Fault::ForgetsTheLastNamed => {
                let named = query.named().split_last().map(|(_, others)| others).unwrap_or_default();
                found = self.inner.nearest(scope, key, query.also(named).expect("fewer")).await?;
            }
            Fault::AnswersANamedTwice => {
                let is_named = |neighbour: &&Neighbour| {
                    query
                        .named()
                        .iter()
                        .any(|named| (&named.document, named.chunk) == (&neighbour.document, neighbour.chunk))
                };
                let again: Vec<Neighbour> = found.iter().filter(is_named).cloned().collect();
                found.extend(again);
                found.sort_by(|one, other| other.cosine.total_cmp(&one.cosine));
            }
            Fault::AnswersTheNamedBehind => {
                let near = self.inner.nearest(scope, key, query.also(&[]).expect("none")).await?;
                found.retain(|neighbour| !near.contains(neighbour));
                found.splice(0..0, near);
                let behind = found.len().min(query.limit());
                if let Some((_, named)) = found.split_at_mut_checked(behind) {
                    named.reverse();
                }
            }
            Fault::HasNoMoreThanTheLimit => found.truncate(query.limit()),
            Fault::KeepsTheNamedFromTooFar => {
                found.retain(|neighbour| neighbour.cosine >= query.min_cosine());
            }
            Fault::NamesChunksThatAreNot => {
                let ChunkRef { document, chunk } = query.named().first().cloned().expect("one is named");
                if !found.iter().any(|found| (&found.document, found.chunk) == (&document, chunk)) {
                    found.push(Neighbour { document, chunk, cosine: -1.0 });
                }
            }
            Fault::TakesThoseNamedFromTenantOne => {
                let mut near = self.inner.nearest(scope, key, query.also(&[]).expect("none")).await?;
                let named = self.inner.nearest(&sample::scope(1), key, query).await?;
                near.extend(named);
                found = near;
            }
            _ => {}
        }
        Ok(found)
    }

    fn last(&self, scope: &TenantScope, key: VectorKey) -> ChangeNumber {
        self.inner.encoded(scope, key).expect("it never fails")
    }

    /// The changes as this index follows them.
    fn changed(&self, seen: ChangeNumber, changes: &[VectorChange]) -> Vec<VectorChange> {
        let mut brought = self.brought.lock().expect("no panic holds it");
        let mut number = changes.iter().map(VectorChange::number).max().unwrap_or_default().max(seen);
        let change = |change: &VectorChange| {
            let before = brought.get(change.document()).cloned().unwrap_or_default();
            let changed = match (self.fault, change) {
                (Fault::KeepsReplacedChunks, VectorChange::Encoded(number, document, embeddings)) => {
                    let kept = before.into_iter().skip(embeddings.len());
                    let all = embeddings.iter().cloned().chain(kept).collect();
                    VectorChange::Encoded(*number, document.clone(), all)
                }
                (Fault::KeepsRemovedDocuments, VectorChange::Removed(number, document)) => {
                    VectorChange::Encoded(*number, document.clone(), before)
                }
                (Fault::FollowsOldChanges, VectorChange::Encoded(_, document, embeddings)) => {
                    number = ChangeNumber(number.0 + 1);
                    VectorChange::Encoded(number, document.clone(), embeddings.clone())
                }
                (Fault::TakesAnyDimension, VectorChange::Encoded(number, document, embeddings)) => {
                    let mut embeddings = embeddings.clone();
                    embeddings.retain(|embedding| embedding.dimension() == 64 || embedding.dimension() == 2);
                    VectorChange::Encoded(*number, document.clone(), embeddings)
                }
                (_, change) => change.clone(),
            };
            if let VectorChange::Encoded(_, document, embeddings) = &changed {
                brought.insert(document.clone(), embeddings.clone());
            }
            changed
        };
        changes.iter().map(change).collect()
    }
}

impl VectorIndex for FaultyVectors {
    fn nearest<'a>(
        &'a self,
        scope: &'a TenantScope,
        key: VectorKey,
        query: VectorQuery<'a>,
    ) -> Pending<'a, Result<Vec<Neighbour>, VectorIndexError>> {
        Box::pin(self.find_wrongly(scope, key, query))
    }

    fn encoded(&self, scope: &TenantScope, key: VectorKey) -> Result<ChangeNumber, VectorIndexError> {
        let (scope, key) = self.place(scope, key);
        let last = self.last(&scope, key);
        Ok(if self.fault == Fault::ForgetsTheLastChange { last.min(ChangeNumber(3)) } else { last })
    }

    fn count(&self, scope: &TenantScope, key: VectorKey) -> Result<u64, VectorIndexError> {
        let (scope, key) = self.place(scope, key);
        let count = self.inner.count(&scope, key)?;
        Ok(if self.fault == Fault::CountsDocuments { count.min(3) } else { count })
    }

    fn begin<'a>(
        &'a self,
        scope: &TenantScope,
        key: VectorKey,
    ) -> Result<Box<dyn VectorBatch + 'a>, VectorIndexError> {
        let (scope, key) = self.place(scope, key);
        let inner = self.inner.begin(&scope, key)?;
        Ok(Box::new(FaultyBatch { vectors: self, inner, scope, key }))
    }

    fn outdate(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        documents: &[(ChangeNumber, DocumentId)],
    ) -> Result<(), VectorIndexError> {
        let scope = if self.fault == Fault::MixesTenants { sample::scope(1) } else { *scope };
        let newest = |(_, document): &(ChangeNumber, DocumentId)| (ChangeNumber(u64::MAX), document.clone());
        match self.fault {
            Fault::OutdatesNothing => Ok(()),
            Fault::OutdatesWhatIsNewer => {
                self.inner.outdate(&scope, dataset, &documents.iter().map(newest).collect::<Vec<_>>())
            }
            _ => self.inner.outdate(&scope, self.dataset(dataset), documents),
        }
    }

    fn revisions(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
    ) -> Result<Vec<ModelRevision>, VectorIndexError> {
        self.inner.revisions(scope, dataset)
    }

    fn destroy(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        revision: ModelRevision,
    ) -> Result<(), VectorIndexError> {
        if self.fault == Fault::DestroysNothing {
            Ok(())
        } else {
            self.inner.destroy(scope, dataset, revision)
        }
    }

    fn destroy_all(&self, scope: &TenantScope, dataset: DatasetId) -> Result<(), VectorIndexError> {
        if self.fault == Fault::DestroysNothing { Ok(()) } else { self.inner.destroy_all(scope, dataset) }
    }
}

struct FaultyBatch<'a> {
    vectors: &'a FaultyVectors,
    inner: Box<dyn VectorBatch + 'a>,
    scope: TenantScope,
    key: VectorKey,
}

impl VectorBatch for FaultyBatch<'_> {
    fn encoded(&self) -> ChangeNumber {
        self.inner.encoded()
    }

    fn apply(self: Box<Self>, changes: &[VectorChange]) -> Result<(), VectorIndexError> {
        let Self { vectors, inner, scope, key } = *self;
        let changes = vectors.changed(vectors.last(&scope, key), changes);
        // A batch that begins now knows of nothing that happened since the first one was begun.
        let begin_again = || vectors.inner.begin(&scope, key);
        match vectors.fault {
            Fault::ForgetsWhatIsOutdatedMeanwhile => match inner.apply(&[]) {
                Ok(()) => begin_again()?.apply(&changes),
                refused => refused,
            },
            Fault::ForgetsWhatIsDestroyedMeanwhile => match inner.apply(&changes) {
                Err(VectorIndexError::Destroyed) => begin_again()?.apply(&changes),
                applied => applied,
            },
            _ => inner.apply(&changes),
        }
    }
}

fn faulty(fault: Fault) -> Box<VectorsFactory> {
    Box::new(move || {
        let fixture = move || {
            let index: Box<dyn VectorIndex> = Box::new(FaultyVectors::new(fault));
            Fixture::new(index)
        };
        if fault == Fault::ForgetsAtRestart { fixture().with_reopen(fixture) } else { fixture() }
    })
}

#[test]
fn an_index_of_vectors_without_a_fault_breaks_no_promise() {
    assert_eq!(broken_promises(vectors::CHECKS, &*faulty(Fault::None)), [""; 0]);
}

#[test]
fn q2_an_index_of_vectors_with_a_fault_is_caught_by_the_promise_that_it_breaks() {
    for (fault, promise) in [
        (Fault::AnswersTheFarthestFirst, "q2_the_nearest_chunks_come_first_with_their_cosines"),
        (Fault::OrdersTiesBackwards, "q2_equally_near_chunks_come_in_the_order_of_documents_and_chunks"),
        (Fault::FindsOneTooMany, "q2_the_limit_and_the_least_cosine_are_kept"),
        (Fault::KeepsWhatIsTooFar, "q2_the_limit_and_the_least_cosine_are_kept"),
        (Fault::LooksAtSomeOnly, "q2_no_chunk_is_passed_over"),
        (Fault::FindsSomethingInNothing, "q2_where_nothing_was_encoded_nothing_is_found"),
        (Fault::ForgetsTheLastNamed, "q2_named_chunks_are_found_however_far_they_are"),
        (Fault::ForgetsTheLastNamed, "q2_named_chunks_and_the_nearest_are_those_of_all"),
        (Fault::AnswersANamedTwice, "q2_no_chunk_is_found_twice_for_being_named"),
        (Fault::AnswersTheNamedBehind, "q2_named_chunks_and_the_nearest_are_those_of_all"),
        (Fault::HasNoMoreThanTheLimit, "q2_named_chunks_are_found_however_far_they_are"),
        (Fault::KeepsTheNamedFromTooFar, "q2_named_chunks_are_found_however_far_they_are"),
        (Fault::NamesChunksThatAreNot, "q2_named_chunks_without_a_vector_are_left_out"),
        (Fault::TakesThoseNamedFromTenantOne, "z1_named_vectors_are_those_of_their_own_tenants_dataset_only"),
        (Fault::TakesAnyDimension, "q2_a_vector_of_another_dimension_is_refused"),
        (Fault::KeepsReplacedChunks, "q2_a_document_that_is_replaced_is_found_by_its_new_vectors_only"),
        (Fault::KeepsRemovedDocuments, "q2_a_document_whose_vectors_are_removed_is_not_found"),
        (Fault::CountsDocuments, "q2_an_index_counts_the_chunks_that_it_holds"),
        (Fault::ForgetsTheLastChange, "q2_the_last_change_that_vectors_have_followed_is_known"),
        (Fault::FollowsOldChanges, "q2_the_same_vectors_again_change_nothing"),
        (Fault::OutdatesNothing, "q2_what_is_outdated_is_gone_before_it_is_encoded_anew"),
        (Fault::OutdatesWhatIsNewer, "q2_what_is_outdated_is_gone_before_it_is_encoded_anew"),
        (Fault::ForgetsWhatIsOutdatedMeanwhile, "q2_a_batch_under_way_brings_nothing_back_that_was_outdated"),
        (
            Fault::ForgetsWhatIsDestroyedMeanwhile,
            "q2_a_batch_under_way_brings_nothing_back_that_was_destroyed",
        ),
        (Fault::DestroysNothing, "q2_vectors_of_what_was_destroyed_can_be_brought_again"),
        (Fault::MixesRevisions, "q2_two_revisions_lie_beside_each_other"),
        (Fault::MixesTenants, "z1_a_question_finds_the_vectors_of_its_own_tenants_dataset_only"),
        (Fault::MixesDatasets, "z1_a_question_finds_the_vectors_of_its_own_tenants_dataset_only"),
        (Fault::ForgetsAtRestart, "q2_what_was_encoded_is_found_after_a_restart"),
        (Fault::MixesUpWhoAsks, "q2_who_asks_for_vectors_at_once_gets_the_own_answer"),
        (Fault::FailsOnceSomebodyWentAway, "q2_who_stops_waiting_for_vectors_disturbs_nobody"),
    ] {
        assert_caught(vectors::CHECKS, &*faulty(fault), promise);
    }
}
