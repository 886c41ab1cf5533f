//! How vectors follow documents.

use std::sync::Arc;

use futures_executor::block_on;
use syft_space_domain::PortError;
use syft_space_domain::dataset::ports::DocumentStore;
use syft_space_domain::dataset::{
    ChangeDataset, ChunkRef, NewRetrieval, Reconciled, SearchMode, VectorKey, VectorQuery, change_dataset,
    reconcile,
};
use syft_space_domain::encoder::ports::{EncodeError, Encoder};
use syft_space_domain::ids::{DatasetId, JobId};
use syft_space_domain::tenant::OperatorScope;
use syft_space_memory::{MemoryDocuments, MemorySearch};

use crate::world::{Concepts, World, id, name};

/// The documents of which the index of vectors has any, whoever asks.
fn held(world: &World, of: usize, dataset: DatasetId, encoder: &Concepts) -> Vec<String> {
    let embedding = block_on(encoder.encode(&["anything"])).unwrap().remove(0);
    let key = VectorKey::new(dataset, encoder.model());
    let query = VectorQuery::new(&embedding, 1_000, -1.0).unwrap();
    let near = block_on(world.space.meaning.vectors.nearest(&world.scope(of), key, query)).unwrap();
    let mut held: Vec<String> = near.iter().map(|near| near.document.to_string()).collect();
    held.sort_unstable();
    held
}

fn change(world: &World, dataset: DatasetId, mode: Option<SearchMode>, encoder: Option<&str>) {
    let retrieval = NewRetrieval { mode, encoder: encoder.map(name) };
    let change = ChangeDataset { retrieval, ..ChangeDataset::default() };
    change_dataset(&world.space, &world.context(), &world.principals[0], dataset, change).unwrap();
}

#[test]
fn q2_what_is_removed_or_replaced_has_no_vector_at_once_whatever_is_being_encoded() {
    let (world, encoder) = World::with_concepts();
    let dataset = world.create(0, SearchMode::Both);
    world.put(0, dataset, &[("a", "A car."), ("b", "A boat."), ("c", "A cart.")]);
    world.start_encoding();
    world.until_encoded(0, dataset, "concepts", 3);
    assert_eq!(held(&world, 0, dataset, &encoder), ["a", "b", "c"]);

    encoder.set_open(false);
    let calls = encoder.calls();
    world.put(0, dataset, &[("d", "A dinghy.")]);
    world.until("somebody encodes", || encoder.calls() > calls);
    world.remove(0, dataset, "a");
    world.put(0, dataset, &[("b", "A barge.")]);
    world.remove(0, dataset, "d");
    assert_eq!(held(&world, 0, dataset, &encoder), ["c"], "neither waits for the encoder");
    assert_eq!(world.found(0, dataset, "vehicle"), [""; 0]);
    encoder.set_open(true);
    world.until_encoded(0, dataset, "concepts", 2);
    assert_eq!(held(&world, 0, dataset, &encoder), ["b", "c"], "what was being encoded does not come back");
}

#[test]
fn q2_vectors_of_another_encoder_are_made_beside_the_old_ones_and_searched_once_they_are_whole() {
    let (world, old) = World::with_concepts();
    let new = Concepts::new(2);
    world.install("second", &new);
    let dataset = {
        let wanted = NewRetrieval { mode: Some(SearchMode::Both), encoder: Some(name("concepts")) };
        world.try_create(0, wanted).unwrap().id
    };
    world.put(0, dataset, &[("a", "A car."), ("b", "A boat.")]);
    world.start_encoding();
    world.until_encoded(0, dataset, "concepts", 2);
    new.set_open(false);
    change(&world, dataset, None, Some("second"));
    world.until("the new one is asked", || new.calls() > 0);
    let asked_new = new.calls();
    assert_eq!(world.found(0, dataset, "my vehicle"), ["a"], "the old vectors are searched");
    assert_eq!(new.calls(), asked_new, "and the old encoder is asked");
    assert_eq!(world.encoded(0, dataset), Some(("concepts".to_owned(), 2, 2)));
    new.set_open(true);
    world.until_encoded(0, dataset, "second", 2);
    assert_eq!(held(&world, 0, dataset, &old), [""; 0], "then the old ones go");
    assert_eq!(world.found(0, dataset, "my vehicle"), ["a"]);
}

#[test]
fn q2_a_dataset_that_is_searched_by_words_again_keeps_no_vectors() {
    let (world, encoder) = World::with_concepts();
    let dataset = world.create(0, SearchMode::Both);
    world.put(0, dataset, &[("a", "A car.")]);
    world.start_encoding();
    world.until_encoded(0, dataset, "concepts", 1);
    change(&world, dataset, Some(SearchMode::Words), None);
    world.until("they are gone", || held(&world, 0, dataset, &encoder).is_empty());
    assert_eq!(world.found(0, dataset, "car"), ["a"]);
    world.until("nothing is told of them", || world.encoded(0, dataset).is_none());
}

#[test]
fn q2_a_dataset_that_is_removed_while_it_is_encoded_leaves_no_vector() {
    let (world, encoder) = World::with_concepts();
    let dataset = world.create(0, SearchMode::Both);
    encoder.set_open(false);
    world.start_encoding();
    world.put(0, dataset, &[("a", "A car."), ("b", "A boat.")]);
    world.until("somebody encodes", || encoder.calls() > 0);
    world.remove_dataset(0, dataset);
    encoder.set_open(true);
    let other = world.create(0, SearchMode::Both);
    world.put(0, other, &[("c", "A cart.")]);
    world.until_encoded(0, other, "concepts", 1);
    assert_eq!(held(&world, 0, dataset, &encoder), [""; 0]);
    assert_eq!(world.space.meaning.vectors.revisions(&world.scope(0), dataset), Ok(Vec::new()));
}

#[test]
fn q2_an_encoder_that_fails_is_tried_again_and_others_are_encoded_meanwhile() {
    let (world, encoder) = World::with_concepts();
    let [first, second] = [0, 1].map(|of| world.create(of, SearchMode::Meaning));
    encoder.fail(&EncodeError::Failed("it broke".to_owned()), 2);
    world.put(0, first, &[("a", "A car.")]);
    world.put(1, second, &[("b", "A physician.")]);
    world.start_encoding();
    world.until_encoded(0, first, "concepts", 1);
    world.until_encoded(1, second, "concepts", 1);
    let failed = PortError::Encoding(EncodeError::Failed("it broke".to_owned()));
    assert_eq!(world.failures(), [failed.clone(), failed]);
    assert_eq!(
        (world.found(0, first, "vehicle"), world.found(1, second, "medic")),
        (vec!["a".to_owned()], vec!["b".to_owned()])
    );
}

#[test]
fn q2_after_a_start_vectors_follow_from_where_they_were() {
    let (world, encoder) = World::with_concepts();
    let dataset = world.create(0, SearchMode::Both);
    world.put(0, dataset, &[("a", "A car."), ("b", "A boat.")]);
    // The server stopped before anything was encoded: nobody has it in a queue any more.
    let restarted = World::restarted(&world);
    assert_eq!(reconcile(&restarted.space, &OperatorScope::at_startup()), Ok(Reconciled::default()));
    restarted.start_encoding();
    restarted.until_encoded(0, dataset, "concepts", 2);
    let calls = encoder.calls();
    let again = World::restarted(&restarted);
    assert_eq!(reconcile(&again.space, &OperatorScope::at_startup()), Ok(Reconciled::default()));
    again.start_encoding();
    again.until_encoded(0, dataset, "concepts", 2);
    assert_eq!(encoder.calls(), calls, "nothing is encoded twice");
}

/// A space after a start behind which an older copy of a dataset's documents was put back: it has the first alone, where words and
/// vectors have seen two changes more.
fn with_older_documents() -> (World, Arc<Concepts>, DatasetId) {
    let (world, encoder) = World::with_concepts();
    let dataset = world.create(0, SearchMode::Both);
    world.put(0, dataset, &[("a", "A car.")]);
    let scope = world.scope(0);
    let first = world.space.documents.document(&scope, dataset, &id("a")).unwrap().unwrap();
    let older = MemoryDocuments::new();
    older.put(&scope, dataset, JobId::from_bytes([1; 16]), &[first]).unwrap();
    world.put(0, dataset, &[("b", "A boat.")]);
    world.remove(0, dataset, "a");
    world.start_encoding();
    world.until_encoded(0, dataset, "concepts", 1);
    let mut restarted = World::restarted(&world);
    restarted.space.documents = Arc::new(older);
    (restarted, encoder, dataset)
}

#[test]
fn r2_words_and_vectors_that_are_ahead_of_the_documents_are_made_anew_whatever_comes_meanwhile() {
    let (world, encoder, dataset) = with_older_documents();
    let outdated = vec![(world.scope(0).tenant(), dataset)];
    let mended = Reconciled { indexes_rebuilt: 1, outdated, ..Reconciled::default() };
    assert_eq!(reconcile(&world.space, &OperatorScope::at_startup()), Ok(mended));
    world.put(0, dataset, &[("c", "A cart."), ("d", "A dinghy."), ("e", "An engine.")]);
    assert_eq!(world.found(0, dataset, "boat"), [""; 0]);
    world.start_encoding();
    world.until_encoded(0, dataset, "concepts", 4);
    assert_eq!(held(&world, 0, dataset, &encoder), ["a", "c", "d", "e"]);
}

#[test]
fn r2_vectors_alone_that_are_ahead_of_the_documents_are_made_anew() {
    let (mut world, encoder, dataset) = with_older_documents();
    world.space.engine = Arc::new(MemorySearch::new());
    assert_eq!(reconcile(&world.space, &OperatorScope::at_startup()), Ok(Reconciled::default()));
    world.start_encoding();
    world.until("they are made anew", || held(&world, 0, dataset, &encoder) == ["a"]);
    world.until_encoded(0, dataset, "concepts", 1);
}

#[test]
fn z1_vectors_of_one_tenant_are_none_of_another() {
    let (world, encoder) = World::with_concepts();
    let dataset = world.create(0, SearchMode::Both);
    world.put(0, dataset, &[("a", "A car.")]);
    world.start_encoding();
    world.until_encoded(0, dataset, "concepts", 1);
    assert!(world.try_search(1, dataset, "car").is_err());
    assert_eq!(held(&world, 1, dataset, &encoder), [""; 0]);
    assert_eq!(world.encoded(1, dataset), None);
    let index = block_on(syft_space_domain::dataset::dataset(&world.space, &world.principals[0], dataset))
        .unwrap()
        .index();
    let chunk = ChunkRef { document: id("a"), chunk: 0 };
    let scope = world.scope(1);
    let chunks = world.space.engine.chunks(&scope, index, "car", std::slice::from_ref(&chunk));
    assert_eq!(block_on(chunks).unwrap(), []);
}
