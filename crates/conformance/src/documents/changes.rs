//! The numbers of changes, and what an index is told by them.

use syft_space_domain::dataset::ports::DocumentStore;
use syft_space_domain::dataset::{Change, ChangeNumber};

use super::{changes, document, put, remove};
use crate::fixture::{DocumentsFactory, Fixture};
use crate::sample::{dataset_id, scope};

/// The page size does not matter.
pub fn changes_come_in_order_and_of_each_document_only_the_last(make: &DocumentsFactory) {
    let fixture = make();
    let store = &*fixture.adapter;
    assert_eq!(changes(store, 1, ChangeNumber(0), 5), [], "a dataset without documents has no change");
    assert!(!is_change(store, ChangeNumber(1)), "no number is that of one");
    let first =
        put(store, 1, 1, &[document("a", &["one"]), document("b", &["one"]), document("c", &["one"])]);
    let until = put(store, 1, 2, &[document("a", &["two"]), document("d", &["two"])]);
    let removals = ["b", "d"].map(|id| remove(store, 1, id).expect("it was there"));
    let last = put(store, 1, 3, &[document("d", &["three"]), document("e", &["three"])]);
    for number in [ChangeNumber(0), first, until, last].iter().chain(&removals) {
        assert!(is_change(store, *number), "{number:?} is known, whatever came behind it");
    }
    assert!(!is_change(store, ChangeNumber(last.0 + 1)), "no change has a number behind the last one");
    for limit in [1, 2, 100] {
        let changes = changes(store, 1, ChangeNumber(0), limit);
        assert!(
            changes.iter().zip(changes.iter().skip(1)).all(|(change, next)| change.number() < next.number()),
            "changes come in the order of their numbers: {:?}",
            changes.iter().map(Change::number).collect::<Vec<_>>()
        );
        assert_eq!(
            changes.last().map(Change::number),
            Some(last),
            "the last change has the number that was answered"
        );
        let described: Vec<_> = changes.iter().map(describe).collect();
        let expected = ["c one", "a two", "b -", "d three", "e three"];
        assert_eq!(described, expected, "of each document only the last change is shown");
    }
    let later: Vec<_> = changes(store, 1, until, 2).iter().map(describe).collect();
    assert_eq!(later, ["b -", "d three", "e three"], "changes after a number are those with a higher one");
    let [Change::Put(_, last_of_c), ..] = &*changes(store, 1, ChangeNumber(0), 1) else {
        panic!("the first change put a document in");
    };
    assert_eq!(*last_of_c, document("c", &["one"]), "a change bears the whole document");
    assert_eq!(changes(store, 1, last, 5), [], "after the last change there is none");
}

/// So an index that has followed others is told from one of these, also where these have come to be as many.
pub fn r2_the_number_of_a_change_is_none_of_other_documents(make: &DocumentsFactory) {
    let [(mine, numbers), (theirs, others)] = [(); 2].map(|()| {
        let mut fixture = make();
        let first = put(&*fixture.adapter, 1, 1, &[document("a", &["one"])]);
        // A store that outlives its process goes on in another one.
        if let Fixture { adapter, reopen: Some(reopen) } = fixture {
            drop(adapter);
            fixture = reopen();
        }
        let later = [2, 3, 4].map(|job| put(&*fixture.adapter, 1, job, &[document("a", &["two"])]));
        (fixture, [first, later[0], later[1], later[2]])
    });
    for (of, known, unknown) in [(mine, numbers, others), (theirs, others, numbers)] {
        let is_change = |number: &ChangeNumber| is_change(&*of.adapter, *number);
        assert!(known.iter().all(is_change), "each of its changes is known by its number");
        assert!(!unknown.iter().any(is_change), "and none by another's: {known:?}, {unknown:?}");
    }
}

/// Whether these documents have had a change of this number.
fn is_change(store: &dyn DocumentStore, number: ChangeNumber) -> bool {
    store.changes(&scope(1), dataset_id(1), number, 1).expect("changes are read").is_some()
}

fn describe(change: &Change) -> String {
    match change {
        Change::Put(_, document) => format!("{} {}", document.id, document.content),
        Change::Removed(_, id) => format!("{id} -"),
    }
}
