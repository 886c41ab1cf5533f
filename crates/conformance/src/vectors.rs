//! The suite of [`VectorIndex`].
//!
//! An index may round what it holds, so cosines are compared within 0.02, and what is to be told apart lies further
//! apart.

use futures_executor::block_on;
use syft_space_domain::dataset::ports::VectorIndex;
use syft_space_domain::dataset::{ChangeNumber, DocumentId, Neighbour, VectorChange, VectorKey, VectorQuery};
use syft_space_domain::encoder::{Embedding, EncoderModel, ModelId, ModelRevision};
use syft_space_domain::tenant::TenantScope;

mod changes;
mod crowd;
mod named;

pub use self::changes::{
    q2_a_batch_under_way_brings_nothing_back_that_was_destroyed,
    q2_a_batch_under_way_brings_nothing_back_that_was_outdated,
    q2_a_document_that_is_replaced_is_found_by_its_new_vectors_only,
    q2_a_document_whose_vectors_are_removed_is_not_found, q2_an_index_counts_the_chunks_that_it_holds,
    q2_the_last_change_that_vectors_have_followed_is_known, q2_the_same_vectors_again_change_nothing,
    q2_vectors_of_what_was_destroyed_can_be_brought_again,
    q2_what_is_outdated_is_gone_before_it_is_encoded_anew,
};
pub use self::crowd::{
    q2_who_asks_for_vectors_at_once_gets_the_own_answer, q2_who_stops_waiting_for_vectors_disturbs_nobody,
};
pub use self::named::{
    q2_named_chunks_and_the_nearest_are_those_of_all, q2_named_chunks_are_found_however_far_they_are,
    q2_named_chunks_without_a_vector_are_left_out, q2_no_chunk_is_found_twice_for_being_named,
    z1_named_vectors_are_those_of_their_own_tenants_dataset_only,
};
use crate::check::{Check, checks, run_all};
use crate::documents::document_id;
use crate::fixture::{Fixture, VectorsFactory};
use crate::sample::{dataset_id, scope};

/// Every promise of [`VectorIndex`].
pub const CHECKS: &[Check<VectorsFactory>] = checks![
    q2_the_nearest_chunks_come_first_with_their_cosines,
    q2_equally_near_chunks_come_in_the_order_of_documents_and_chunks,
    q2_the_limit_and_the_least_cosine_are_kept,
    q2_no_chunk_is_passed_over,
    q2_where_nothing_was_encoded_nothing_is_found,
    q2_a_vector_of_another_dimension_is_refused,
    q2_a_document_that_is_replaced_is_found_by_its_new_vectors_only,
    q2_a_document_whose_vectors_are_removed_is_not_found,
    q2_an_index_counts_the_chunks_that_it_holds,
    q2_the_last_change_that_vectors_have_followed_is_known,
    q2_the_same_vectors_again_change_nothing,
    q2_what_is_outdated_is_gone_before_it_is_encoded_anew,
    q2_a_batch_under_way_brings_nothing_back_that_was_outdated,
    q2_a_batch_under_way_brings_nothing_back_that_was_destroyed,
    q2_vectors_of_what_was_destroyed_can_be_brought_again,
    q2_two_revisions_lie_beside_each_other,
    z1_a_question_finds_the_vectors_of_its_own_tenants_dataset_only,
    q2_named_chunks_are_found_however_far_they_are,
    q2_no_chunk_is_found_twice_for_being_named,
    q2_named_chunks_without_a_vector_are_left_out,
    q2_named_chunks_and_the_nearest_are_those_of_all,
    z1_named_vectors_are_those_of_their_own_tenants_dataset_only,
    q2_what_was_encoded_is_found_after_a_restart,
    q2_who_asks_for_vectors_at_once_gets_the_own_answer,
    q2_who_stops_waiting_for_vectors_disturbs_nobody,
];

/// How far a cosine may be from what the vectors have as they were brought.
const TOLERANCE: f32 = 0.02;

/// How many components the vectors have.
const DIMENSION: usize = 64;

/// Checks every promise.
pub fn suite(make: &VectorsFactory) {
    run_all("the index of vectors", CHECKS, make);
}

/// A model of this revision.
fn model(revision: u8, dimension: usize) -> EncoderModel {
    let id = ModelId::parse("sample").expect("a valid name");
    let revision = ModelRevision::from_bytes([revision; 32]);
    EncoderModel::new(id, revision, dimension, 32).expect("numbers that a model has")
}

/// The vectors of a dataset that the model of revision 1 has.
fn key(dataset: u64) -> VectorKey {
    VectorKey::new(dataset_id(dataset), &model(1, DIMENSION))
}

/// A vector that has this cosine with the question, and leans towards another side for each number.
fn leaning(side: usize, cosine: f32) -> Embedding {
    let mut components = vec![0.0; DIMENSION];
    if let Some(component) = components.get_mut(0) {
        *component = cosine;
    }
    if let Some(component) = components.get_mut(1 + side % (DIMENSION - 1)) {
        *component = (1.0 - cosine * cosine).sqrt();
    }
    Embedding::of_direction(components).expect("a direction")
}

/// What is asked with.
fn question() -> Embedding {
    leaning(0, 1.0)
}

/// A vector that looks random and is the same each time: those of different numbers are nearly at right angles.
fn random(number: u64) -> Embedding {
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1);
    let components = (0..DIMENSION).map(|_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        f32::from(u16::try_from(state >> 48).unwrap_or_default()) / f32::from(u16::MAX) - 0.5
    });
    Embedding::of_direction(components.collect()).expect("a direction")
}

fn encoded(number: u64, document: &str, embeddings: Vec<Embedding>) -> VectorChange {
    VectorChange::Encoded(ChangeNumber(number), document_id(document), embeddings)
}

fn removed(number: u64, document: &str) -> VectorChange {
    VectorChange::Removed(ChangeNumber(number), document_id(document))
}

#[track_caller]
fn apply_to(index: &dyn VectorIndex, scope: &TenantScope, key: VectorKey, changes: &[VectorChange]) {
    let batch = index.begin(scope, key).expect("a batch begins");
    batch.apply(changes).expect("changes are followed");
}

/// Brings changes to the vectors of tenant 1's dataset 1.
#[track_caller]
fn apply(index: &dyn VectorIndex, changes: &[VectorChange]) {
    apply_to(index, &scope(1), key(1), changes);
}

#[track_caller]
fn ask(
    index: &dyn VectorIndex,
    tenant: u64,
    key: VectorKey,
    embedding: &Embedding,
    limit: u64,
    min_cosine: f32,
) -> Vec<Neighbour> {
    let query = VectorQuery::new(embedding, limit, min_cosine).expect("a valid query");
    block_on(index.nearest(&scope(tenant), key, query)).expect("a question is answered")
}

/// Which chunks of which documents these are.
fn places(neighbours: &[Neighbour]) -> Vec<(&str, u32)> {
    neighbours.iter().map(|neighbour| (neighbour.document.as_str(), neighbour.chunk)).collect()
}

/// The chunks of tenant 1's dataset 1 that are in a quarter circle around the question, the nearest first.
#[track_caller]
fn near(index: &dyn VectorIndex) -> Vec<(String, u32)> {
    let found = ask(index, 1, key(1), &question(), 100, 0.1);
    found.into_iter().map(|neighbour| (neighbour.document.to_string(), neighbour.chunk)).collect()
}

/// Places as [`near`] has them.
fn at(places: &[(&str, u32)]) -> Vec<(String, u32)> {
    places.iter().map(|(document, chunk)| ((*document).to_owned(), *chunk)).collect()
}

fn outdated(number: u64, document: &str) -> (ChangeNumber, DocumentId) {
    (ChangeNumber(number), document_id(document))
}

/// Three documents with five chunks.
fn three_documents() -> Vec<VectorChange> {
    vec![
        encoded(1, "boats", vec![leaning(1, 0.9), leaning(2, 0.3)]),
        encoded(2, "crane", vec![leaning(3, 0.6)]),
        encoded(3, "pilot", vec![leaning(4, -0.5), leaning(5, 0.75)]),
    ]
}

/// Each with the cosine of its vector and the question's.
pub fn q2_the_nearest_chunks_come_first_with_their_cosines(make: &VectorsFactory) {
    let fixture = make();
    let index = &*fixture.adapter;
    apply(index, &three_documents());
    let found = ask(index, 1, key(1), &question(), 100, -1.0);
    let expected =
        [("boats", 0, 0.9), ("pilot", 1, 0.75), ("crane", 0, 0.6), ("boats", 1, 0.3), ("pilot", 0, -0.5)];
    assert_eq!(
        places(&found),
        expected.map(|(document, chunk, _)| (document, chunk)),
        "the nearest come first"
    );
    for (neighbour, (_, _, cosine)) in found.iter().zip(expected) {
        assert!((neighbour.cosine - cosine).abs() <= TOLERANCE, "{neighbour:?} has the cosine {cosine}");
    }
    let own = ask(index, 1, key(1), &leaning(3, 0.6), 1, 0.9);
    assert_eq!(places(&own), [("crane", 0)], "a chunk is nearest to its own vector");
    assert!(own.iter().all(|neighbour| (1.0 - TOLERANCE..=1.0).contains(&neighbour.cosine)), "{own:?}");
}

/// Whatever order they were brought in.
pub fn q2_equally_near_chunks_come_in_the_order_of_documents_and_chunks(make: &VectorsFactory) {
    let fixture = make();
    let index = &*fixture.adapter;
    for (number, document) in (1..).zip(["c", "a", "d", "B", "e"]) {
        apply(index, &[encoded(number, document, vec![leaning(1, 0.8), leaning(2, 0.2), leaning(1, 0.8)])]);
    }
    let all =
        [("B", 0), ("B", 2), ("a", 0), ("a", 2), ("c", 0), ("c", 2), ("d", 0), ("d", 2), ("e", 0), ("e", 2)];
    for limit in 1..=all.len() {
        let found = ask(index, 1, key(1), &question(), u64::try_from(limit).unwrap_or(1), 0.5);
        let expected = all.get(..limit).unwrap_or_default();
        assert_eq!(places(&found), expected, "the first {limit} of those that are equally near");
    }
}

/// An equal cosine is enough.
pub fn q2_the_limit_and_the_least_cosine_are_kept(make: &VectorsFactory) {
    let fixture = make();
    let index = &*fixture.adapter;
    apply(index, &three_documents());
    let all = ask(index, 1, key(1), &question(), 100, -1.0);
    assert_eq!(all.len(), 5, "without a least cosine every chunk is found");
    for limit in 1..=6 {
        let found = ask(index, 1, key(1), &question(), limit, -1.0);
        let expected: Vec<_> = all.iter().take(found.len()).cloned().collect();
        assert_eq!(found, expected, "the nearest are kept");
        assert_eq!(u64::try_from(found.len()), Ok(limit.min(5)), "no more than asked for, and no fewer");
    }
    for min_cosine in all.iter().map(|neighbour| neighbour.cosine).chain([-0.7, 0.1, 0.5, 1.0]) {
        let found = ask(index, 1, key(1), &question(), 100, min_cosine);
        let expected = all.iter().filter(|neighbour| neighbour.cosine >= min_cosine).count();
        assert_eq!(found.len(), expected, "a chunk is kept if its cosine is at least {min_cosine}");
    }
}

/// Of 1,200 chunks each is the nearest to its own vector.
pub fn q2_no_chunk_is_passed_over(make: &VectorsFactory) {
    let fixture = make();
    let index = &*fixture.adapter;
    for part in 0..4_u64 {
        let documents = (part * 100..part * 100 + 100).map(|n| {
            encoded(n + 1, &format!("d{n:03}"), (0..3).map(|chunk| random(n * 3 + chunk)).collect())
        });
        apply(index, &documents.collect::<Vec<_>>());
    }
    assert_eq!(index.count(&scope(1), key(1)), Ok(1_200), "all are counted");
    for number in 0..1_200_u64 {
        let found = ask(index, 1, key(1), &random(number), 2, -1.0);
        let document = format!("d{:03}", number / 3);
        let expected = [(document.as_str(), u32::try_from(number % 3).unwrap_or_default())];
        assert_eq!(places(found.get(..1).unwrap_or_default()), expected, "chunk {number} is found first");
        assert_eq!(found.len(), 2, "and another one after it");
    }
}

/// Neither in a dataset without vectors, nor where documents have no chunk.
pub fn q2_where_nothing_was_encoded_nothing_is_found(make: &VectorsFactory) {
    let fixture = make();
    let index = &*fixture.adapter;
    let nothing = |what: &str| {
        assert_eq!(ask(index, 1, key(1), &question(), 9, -1.0), [], "{what} has no neighbour");
        assert_eq!(index.count(&scope(1), key(1)), Ok(0), "{what} has no chunk");
    };
    nothing("a dataset that was never encoded");
    assert_eq!(index.revisions(&scope(1), dataset_id(1)), Ok(vec![]), "it has no vectors of any revision");
    apply(index, &[]);
    nothing("a dataset of no change");
    apply(index, &[encoded(1, "empty", vec![]), removed(2, "never-there")]);
    nothing("a document without a chunk");
}

/// One in a batch, and the one that is asked with. Nothing of the batch is brought.
pub fn q2_a_vector_of_another_dimension_is_refused(make: &VectorsFactory) {
    use syft_space_domain::dataset::ports::VectorIndexError;
    let fixture = make();
    let index = &*fixture.adapter;
    apply(index, &three_documents());
    let other = Embedding::of_direction(vec![1.0; DIMENSION - 1]).expect("a direction");
    let refused = VectorIndexError::Dimension { expected: DIMENSION, found: DIMENSION - 1 };
    let batch = index.begin(&scope(1), key(1)).expect("a batch begins");
    let changes = [removed(4, "boats"), encoded(5, "crane", vec![question(), other.clone()])];
    assert_eq!(batch.apply(&changes), Err(refused.clone()), "a vector of another model is not brought");
    assert_eq!(
        near(index),
        at(&[("boats", 0), ("pilot", 1), ("crane", 0), ("boats", 1)]),
        "all is as it was"
    );
    assert_eq!(index.encoded(&scope(1), key(1)), Ok(ChangeNumber(3)), "and no change was followed");
    let query = VectorQuery::new(&other, 1, 0.0).expect("a valid query");
    let asked = block_on(index.nearest(&scope(1), key(1), query));
    assert_eq!(asked, Err(refused), "and is not asked with");
}

/// Each is asked by itself, and one can be destroyed alone.
pub fn q2_two_revisions_lie_beside_each_other(make: &VectorsFactory) {
    let fixture = make();
    let index = &*fixture.adapter;
    let other = VectorKey::new(dataset_id(1), &model(2, 2));
    let short = Embedding::of_direction(vec![1.0, 1.0]).expect("a direction");
    apply(index, &three_documents());
    apply_to(index, &scope(1), other, &[encoded(3, "pilot", vec![short.clone()])]);
    let of_other = || places(&ask(index, 1, other, &short, 9, 0.0)).len();
    assert_eq!((near(index).len(), of_other()), (4, 1), "each revision has its own vectors");
    assert_eq!(index.encoded(&scope(1), other), Ok(ChangeNumber(3)), "and has followed its own changes");
    let revisions = [1, 2].map(|revision| ModelRevision::from_bytes([revision; 32]));
    assert_eq!(index.revisions(&scope(1), dataset_id(1)), Ok(revisions.to_vec()), "both are listed");
    index.destroy(&scope(1), dataset_id(1), key(1).revision()).expect("vectors are destroyed");
    assert_eq!((near(index).len(), of_other()), (0, 1), "one is destroyed alone");
    assert_eq!(index.count(&scope(1), key(1)), Ok(0), "and nothing of it is counted");
    assert_eq!(index.revisions(&scope(1), dataset_id(1)), Ok(vec![other.revision()]), "nor listed");
}

/// Two tenants have datasets and documents with the same ids, and one has a second dataset.
pub fn z1_a_question_finds_the_vectors_of_its_own_tenants_dataset_only(make: &VectorsFactory) {
    let fixture = make();
    let index = &*fixture.adapter;
    apply(index, &[encoded(1, "mine", vec![leaning(1, 0.9)])]);
    apply_to(
        index,
        &scope(2),
        key(1),
        &[encoded(1, "yours", vec![question()]), encoded(2, "too", vec![question()])],
    );
    apply_to(index, &scope(1), key(2), &[encoded(5, "beside", vec![question()])]);
    let found = |tenant, dataset| -> Vec<String> {
        let found = ask(index, tenant, key(dataset), &question(), 9, -1.0);
        found.into_iter().map(|neighbour| neighbour.document.to_string()).collect()
    };
    let all = || [found(1, 1), found(2, 1), found(1, 2), found(2, 2)];
    assert_eq!(found(1, 1), ["mine"], "a question finds its own tenant's dataset");
    assert_eq!(found(2, 1), ["too", "yours"], "and each tenant its own");
    assert_eq!(found(1, 2), ["beside"], "each dataset for itself");
    assert_eq!(found(2, 2), [""; 0], "a dataset of another tenant is not there");
    let numbers = [(1, 1), (2, 1), (1, 2), (2, 2)];
    let told = numbers.map(|(tenant, dataset)| {
        (index.encoded(&scope(tenant), key(dataset)), index.count(&scope(tenant), key(dataset)))
    });
    let expected = [(1, 1), (2, 2), (5, 1), (0, 0)].map(|(last, count)| (Ok(ChangeNumber(last)), Ok(count)));
    assert_eq!(told, expected, "each knows its own numbers");
    let before = all();
    index
        .outdate(&scope(1), dataset_id(1), &[outdated(9, "yours"), outdated(9, "beside")])
        .expect("nothing to do");
    assert_eq!(all(), before, "what is outdated in one is not in another");
    index.destroy_all(&scope(1), dataset_id(1)).expect("vectors are destroyed");
    assert_eq!(all(), [vec![], before[1].clone(), before[2].clone(), vec![]], "nor what is destroyed");
}

/// An adapter without persistence keeps nothing, and need not.
pub fn q2_what_was_encoded_is_found_after_a_restart(make: &VectorsFactory) {
    let Fixture { adapter, reopen } = make();
    let Some(reopen) = reopen else { return };
    apply(&*adapter, &three_documents());
    apply(&*adapter, &[removed(4, "crane")]);
    adapter.outdate(&scope(1), dataset_id(1), &[outdated(9, "pilot")]).expect("vectors are removed");
    let before = ask(&*adapter, 1, key(1), &question(), 100, -1.0);
    assert_eq!(places(&before), [("boats", 0), ("boats", 1)], "what is left is found");
    drop(adapter);
    let again = reopen();
    let index = &*again.adapter;
    assert_eq!(ask(index, 1, key(1), &question(), 100, -1.0), before, "the same is found after a restart");
    assert_eq!(index.encoded(&scope(1), key(1)), Ok(ChangeNumber(4)), "and the last change is known");
    assert_eq!(index.count(&scope(1), key(1)), Ok(2), "and the number of chunks");
    assert_eq!(index.revisions(&scope(1), dataset_id(1)), Ok(vec![key(1).revision()]), "and the revisions");
    apply(index, &[encoded(9, "pilot", vec![leaning(4, 0.5)])]);
    assert_eq!(near(index), at(&[("boats", 0), ("pilot", 0), ("boats", 1)]), "and more can be brought");
}
