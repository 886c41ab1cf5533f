//! What becomes of vectors when their documents change, while an encoder lags behind or not.

use syft_space_domain::dataset::ports::VectorIndexError;
use syft_space_domain::dataset::{ChangeNumber, VectorKey};

use super::{
    DIMENSION, apply, apply_to, ask, at, encoded, key, leaning, model, near, outdated, question, removed,
};
use super::{places, three_documents};
use crate::fixture::VectorsFactory;
use crate::sample::{dataset_id, scope};

/// The next question already sees the change.
pub fn q2_a_document_that_is_replaced_is_found_by_its_new_vectors_only(make: &VectorsFactory) {
    let fixture = make();
    let index = &*fixture.adapter;
    apply(index, &three_documents());
    assert_eq!(near(index).len(), 4, "the documents are found");
    apply(index, &[encoded(4, "boats", vec![leaning(9, 0.2), leaning(9, -0.9), leaning(9, 0.8)])]);
    let expected = at(&[("boats", 2), ("pilot", 1), ("crane", 0), ("boats", 0)]);
    assert_eq!(near(index), expected, "a document has its new vectors only");
    apply(index, &[encoded(5, "boats", vec![]), encoded(6, "crane", vec![question()])]);
    assert_eq!(near(index), at(&[("crane", 0), ("pilot", 1)]), "and fewer, if it has fewer chunks");
    let twice = [
        encoded(7, "crane", vec![leaning(1, 0.3)]),
        removed(8, "pilot"),
        encoded(9, "pilot", vec![question()]),
    ];
    apply(index, &twice);
    assert_eq!(near(index), at(&[("pilot", 0), ("crane", 0)]), "the changes of one batch act in order");
}

/// The next question already sees the change.
pub fn q2_a_document_whose_vectors_are_removed_is_not_found(make: &VectorsFactory) {
    let fixture = make();
    let index = &*fixture.adapter;
    apply(index, &three_documents());
    apply(index, &[removed(4, "boats"), removed(5, "never-there"), removed(6, "boat")]);
    assert_eq!(near(index), at(&[("pilot", 1), ("crane", 0)]), "a document that is removed is not found");
    apply(index, &[removed(7, "pilot"), removed(8, "crane")]);
    assert_eq!(ask(index, 1, key(1), &question(), 9, -1.0), [], "and at last none is");
    apply(index, &[encoded(9, "boats", vec![question()])]);
    assert_eq!(near(index), at(&[("boats", 0)]), "it may come again");
}

/// So that an answer can say how much of a dataset the vectors hold.
pub fn q2_an_index_counts_the_chunks_that_it_holds(make: &VectorsFactory) {
    let fixture = make();
    let index = &*fixture.adapter;
    let count = || index.count(&scope(1), key(1));
    assert_eq!(count(), Ok(0), "nothing is held at first");
    apply(index, &three_documents());
    assert_eq!(count(), Ok(5), "each chunk counts");
    apply(index, &[encoded(4, "boats", vec![question(); 4]), removed(5, "pilot")]);
    assert_eq!(count(), Ok(5), "and none that was replaced or removed");
    index.outdate(&scope(1), dataset_id(1), &[outdated(6, "boats")]).expect("vectors are removed");
    assert_eq!(count(), Ok(1), "or is outdated");
}

/// The number is 0 before the first change.
pub fn q2_the_last_change_that_vectors_have_followed_is_known(make: &VectorsFactory) {
    let fixture = make();
    let index = &*fixture.adapter;
    let last = || index.encoded(&scope(1), key(1));
    let begun = || index.begin(&scope(1), key(1)).map(|batch| batch.encoded());
    assert_eq!(
        [last(), begun()],
        [Ok(ChangeNumber(0)), Ok(ChangeNumber(0))],
        "no change was followed at first"
    );
    apply(index, &three_documents());
    assert_eq!([last(), begun()], [Ok(ChangeNumber(3)), Ok(ChangeNumber(3))], "the last change is known");
    apply(index, &[removed(9, "never-there")]);
    assert_eq!([last(), begun()], [Ok(ChangeNumber(9)), Ok(ChangeNumber(9))], "of any kind, with gaps");
    apply(index, &[]);
    assert_eq!(last(), Ok(ChangeNumber(9)), "no change changes nothing");
    let dropped = index.begin(&scope(1), key(1)).expect("a batch begins");
    drop(dropped);
    assert_eq!(last(), Ok(ChangeNumber(9)), "a batch that is dropped leaves nothing behind");
}

/// So an interrupted update can simply run again.
pub fn q2_the_same_vectors_again_change_nothing(make: &VectorsFactory) {
    let fixture = make();
    let index = &*fixture.adapter;
    apply(index, &three_documents());
    apply(index, &[removed(4, "crane"), encoded(5, "pilot", vec![leaning(1, 0.5)])]);
    let before = ask(index, 1, key(1), &question(), 100, -1.0);
    apply(index, &three_documents());
    assert_eq!(ask(index, 1, key(1), &question(), 100, -1.0), before, "older changes do not undo newer ones");
    assert_eq!(index.encoded(&scope(1), key(1)), Ok(ChangeNumber(5)), "and the last change stays the last");
}

/// Of every revision, and nothing of what has followed the change already.
pub fn q2_what_is_outdated_is_gone_before_it_is_encoded_anew(make: &VectorsFactory) {
    let fixture = make();
    let index = &*fixture.adapter;
    let other = VectorKey::new(dataset_id(1), &model(2, DIMENSION));
    apply(index, &three_documents());
    apply_to(index, &scope(1), other, &three_documents());
    apply_to(index, &scope(1), other, &[encoded(5, "boats", vec![question()])]);
    let documents = [outdated(4, "crane"), outdated(5, "boats"), outdated(6, "never-there")];
    for _ in 0..2 {
        index.outdate(&scope(1), dataset_id(1), &documents).expect("vectors are removed");
        assert_eq!(near(index), at(&[("pilot", 1)]), "what is outdated is not found");
        let found = ask(index, 1, other, &question(), 9, 0.1);
        let expected = [("boats", 0), ("pilot", 1), ("crane", 0)];
        assert_eq!(places(&found), expected, "what has followed the change already is found");
    }
    let last = [index.encoded(&scope(1), key(1)), index.encoded(&scope(1), other)];
    assert_eq!(last, [Ok(ChangeNumber(3)), Ok(ChangeNumber(5))], "the last changes are as they were");
    apply(index, &[removed(4, "crane"), encoded(5, "boats", vec![question()])]);
    assert_eq!(near(index), at(&[("boats", 0), ("pilot", 1)]), "and the next ones are followed as ever");
    index.outdate(&scope(1), dataset_id(2), &documents).expect("nothing to do");
    index.outdate(&scope(1), dataset_id(1), &[]).expect("nothing to do");
    index.outdate(&scope(1), dataset_id(1), &[outdated(9, "boats")]).expect("vectors are removed");
    let found = ask(index, 1, other, &question(), 9, 0.1);
    assert_eq!(
        (near(index), places(&found)),
        (at(&[("pilot", 1)]), vec![("pilot", 1), ("crane", 0)]),
        "of every revision"
    );
}

/// A document that is removed while its text is being encoded stays removed.
pub fn q2_a_batch_under_way_brings_nothing_back_that_was_outdated(make: &VectorsFactory) {
    let fixture = make();
    let index = &*fixture.adapter;
    let first = index.begin(&scope(1), key(1)).expect("a batch begins");
    index.outdate(&scope(1), dataset_id(1), &[outdated(4, "crane")]).expect("it is remembered");
    first.apply(&three_documents()).expect("changes are followed");
    let expected = at(&[("boats", 0), ("pilot", 1), ("boats", 1)]);
    assert_eq!(near(index), expected, "what was outdated before the first batch ended is not found");
    assert_eq!(index.encoded(&scope(1), key(1)), Ok(ChangeNumber(3)), "but its change was followed");
    let batch = index.begin(&scope(1), key(1)).expect("a batch begins");
    let documents = [outdated(8, "pilot"), outdated(6, "pilot"), outdated(6, "boats")];
    index.outdate(&scope(1), dataset_id(1), &documents).expect("it is remembered");
    let changes =
        [removed(4, "crane"), encoded(7, "pilot", vec![question()]), encoded(7, "boats", vec![question()])];
    batch.apply(&changes).expect("changes are followed");
    assert_eq!(near(index), at(&[("boats", 0)]), "only vectors of a later change are brought");
    apply(index, &[encoded(8, "pilot", vec![leaning(1, 0.5)])]);
    assert_eq!(
        near(index),
        at(&[("boats", 0), ("pilot", 0)]),
        "a batch that begins later brings what it has"
    );
}

/// Neither the vectors of one revision, nor those of the dataset.
pub fn q2_a_batch_under_way_brings_nothing_back_that_was_destroyed(make: &VectorsFactory) {
    let fixture = make();
    let index = &*fixture.adapter;
    let other = VectorKey::new(dataset_id(1), &model(2, DIMENSION));
    apply(index, &three_documents());
    let batch = index.begin(&scope(1), key(1)).expect("a batch begins");
    let beside = index.begin(&scope(1), other).expect("a batch begins");
    index.destroy(&scope(1), dataset_id(1), key(1).revision()).expect("vectors are destroyed");
    let changes = [encoded(4, "boats", vec![question()])];
    assert_eq!(batch.apply(&changes), Err(VectorIndexError::Destroyed), "a batch under way brings nothing");
    assert_eq!(beside.apply(&changes), Ok(()), "but that of another revision");
    let never_there = index.begin(&scope(1), key(1)).expect("a batch begins");
    index.destroy_all(&scope(1), dataset_id(1)).expect("vectors are destroyed");
    assert_eq!(never_there.apply(&changes), Err(VectorIndexError::Destroyed), "nor the first batch of all");
    assert_eq!(near(index), [], "nothing is found");
    assert_eq!(index.revisions(&scope(1), dataset_id(1)), Ok(vec![]), "and nothing is there");
}

/// Destroying twice is destroying once.
pub fn q2_vectors_of_what_was_destroyed_can_be_brought_again(make: &VectorsFactory) {
    let fixture = make();
    let index = &*fixture.adapter;
    apply(index, &three_documents());
    for _ in 0..2 {
        index.destroy_all(&scope(1), dataset_id(1)).expect("vectors are destroyed");
        index.destroy(&scope(1), dataset_id(1), key(1).revision()).expect("vectors are destroyed");
        assert_eq!(near(index), [], "what is destroyed is not found");
        assert_eq!(index.encoded(&scope(1), key(1)), Ok(ChangeNumber(0)), "and has followed nothing");
    }
    apply(index, &[encoded(2, "crane", vec![question()])]);
    assert_eq!(near(index), at(&[("crane", 0)]), "it can be encoded again, from the first change on");
}
