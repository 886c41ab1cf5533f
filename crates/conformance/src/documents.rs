//! The suite of [`DocumentStore`].

mod changes;
mod jobs;

use std::collections::BTreeSet;
use std::thread;

use serde_json::json;
use syft_space_domain::dataset::ports::DocumentStore;
use syft_space_domain::dataset::{
    Change, ChangeNumber, Chunk, ChunkRef, ContentHash, Document, DocumentId, DocumentSummary, Location,
    MadeOf, ReaderVersion, Usage,
};
use syft_space_domain::ids::TenantId;
use syft_space_domain::page::{Page, PageRequest};
use syft_space_domain::tenant::OperatorScope;

use crate::check::{Check, checks, run_all};
use crate::fixture::{DocumentsFactory, Fixture};
use crate::pagination::assert_pages_are_bounded;
use crate::run::first_page;
use crate::sample::{dataset_id, job_id, scope, tenant_id, time};

pub use changes::{
    changes_come_in_order_and_of_each_document_only_the_last,
    r2_the_number_of_a_change_is_none_of_other_documents,
};
pub use jobs::{
    a_part_of_a_job_is_put_in_with_how_far_that_brings_it,
    a_part_of_a_job_removes_what_its_files_do_not_say_any_more, the_same_job_again_changes_nothing,
};

/// Every promise of [`DocumentStore`].
pub const CHECKS: &[Check<DocumentsFactory>] = checks![
    a_document_is_read_back_as_it_was_put_in,
    a_document_replaces_the_older_one_of_its_id,
    the_same_job_again_changes_nothing,
    a_part_of_a_job_is_put_in_with_how_far_that_brings_it,
    a_part_of_a_job_removes_what_its_files_do_not_say_any_more,
    a_document_is_known_by_what_it_was_made_of,
    a_document_is_removed_once,
    g2_a_removal_is_known_and_what_it_has_left_is_overwritten,
    documents_come_in_pages_in_bytewise_order,
    a_page_of_documents_with_much_metadata_ends_early,
    what_a_dataset_holds_is_counted,
    changes_come_in_order_and_of_each_document_only_the_last,
    r2_the_number_of_a_change_is_none_of_other_documents,
    what_is_destroyed_is_gone_and_nothing_else,
    z1_a_tenants_documents_are_its_own,
    the_operator_sees_which_datasets_hold_anything,
    nothing_put_in_at_once_is_lost,
    what_was_put_in_is_there_after_a_restart,
];

/// Checks every promise.
pub fn suite(make: &DocumentsFactory) {
    run_all("the store of documents", CHECKS, make);
}

pub(crate) fn document_id(text: &str) -> DocumentId {
    DocumentId::parse(text).expect("a valid document id")
}

pub(crate) fn chunk_ref(document: &str, chunk: u32) -> ChunkRef {
    ChunkRef { document: document_id(document), chunk }
}

/// A chunk with a location: the first is on page 1, and only those behind it stand under a heading.
fn chunk((page, text): (u32, &&str)) -> Chunk {
    let below = Some(page).filter(|page| *page > 1);
    let location = Location {
        page: Some(page),
        heading: below.map(|page| format!("'\u{1f980}\" {page}")),
        anchor: below.map(|page| format!("part-{page}")),
    };
    Chunk { text: (*text).to_owned(), location }
}

/// A document whose content is these chunks, one a line.
pub(crate) fn document(id: &str, chunks: &[&str]) -> Document {
    let metadata =
        json!({"title": format!("About {id}"), "pages": [1, 2.5, null], "nested": {"\u{1f980}": "'\""}});
    Document {
        id: document_id(id),
        content: chunks.join("\n"),
        metadata: metadata.as_object().expect("an object").clone(),
        chunks: (1..).zip(chunks).map(chunk).collect(),
        sha256: ContentHash::of_file(chunks.join(" ").as_bytes()),
        reader: Some(ReaderVersion(7)),
        created_at: time(20),
    }
}

fn summary(document: &Document) -> DocumentSummary {
    let count = |length: usize| u64::try_from(length).expect("a small number");
    DocumentSummary {
        id: document.id.clone(),
        metadata: document.metadata.clone(),
        bytes: count(document.content.len()),
        chunks: count(document.chunks.len()),
        sha256: document.sha256,
        reader: document.reader,
        created_at: document.created_at,
    }
}

/// Puts documents into dataset 1 of a tenant.
#[track_caller]
fn put(store: &dyn DocumentStore, tenant: u64, job: u64, documents: &[Document]) -> ChangeNumber {
    store.put(&scope(tenant), dataset_id(1), job_id(job), documents).expect("documents are put in")
}

fn find(store: &dyn DocumentStore, tenant: u64, id: &str) -> Option<Document> {
    store.document(&scope(tenant), dataset_id(1), &document_id(id)).expect("a document is read")
}

fn page(store: &dyn DocumentStore, request: PageRequest<DocumentId>) -> Page<DocumentSummary, DocumentId> {
    store.documents(&scope(1), dataset_id(1), request).expect("documents are listed")
}

fn remove(store: &dyn DocumentStore, tenant: u64, id: &str) -> Option<ChangeNumber> {
    store.remove(&scope(tenant), dataset_id(1), &document_id(id)).expect("a document is removed")
}

fn usage(store: &dyn DocumentStore, tenant: u64) -> Usage {
    store.usage(&scope(tenant), dataset_id(1)).expect("a dataset is counted")
}

/// Every change after a number, asked for this many at a time.
fn changes(store: &dyn DocumentStore, tenant: u64, after: ChangeNumber, limit: usize) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::new();
    for _ in 0..1_000 {
        let after = changes.last().map_or(after, Change::number);
        let next = store.changes(&scope(tenant), dataset_id(1), after, limit).expect("changes are read");
        let next = next.expect("it is a change of these documents");
        if next.is_empty() {
            return changes;
        }
        changes.extend(next);
    }
    panic!("changes come to an end: after 1,000 times there are still more");
}

/// Checks its metadata, its chunks and every byte of its text.
pub fn a_document_is_read_back_as_it_was_put_in(make: &DocumentsFactory) {
    let fixture = make();
    let store = &*fixture.adapter;
    assert_eq!(find(store, 1, "a"), None, "a new store holds nothing");
    let documents = [
        document("a", &["First chunk.", "\u{1f980} \u{e9}\r\n\t second"]),
        document(&"Z".repeat(DocumentId::MAX), &["of a long name"]),
        Document { metadata: serde_json::Map::new(), ..document("..a-b_c.d", &["'; -- \"%_"]) },
    ];
    put(store, 1, 1, &documents);
    for document in &documents {
        assert_eq!(
            find(store, 1, document.id.as_str()).as_ref(),
            Some(document),
            "a document is read back as it was put in"
        );
    }
    let large = "many words ".repeat(200_000);
    put(store, 1, 2, &[document("large", &[&large])]);
    assert_eq!(find(store, 1, "large").map(|document| document.content), Some(large), "however long it is");
    assert_eq!(find(store, 1, "A"), None, "ids are compared byte by byte");
}

/// No chunk of the older document is left.
pub fn a_document_replaces_the_older_one_of_its_id(make: &DocumentsFactory) {
    let fixture = make();
    let store = &*fixture.adapter;
    let one = put(store, 1, 1, &[document("a", &["old", "older"]), document("b", &["other"])]);
    let new = Document { metadata: serde_json::Map::new(), created_at: time(30), ..document("a", &["new"]) };
    let two = put(store, 1, 2, std::slice::from_ref(&new));
    assert!(two > one, "each change has a higher number than the one before");
    assert_eq!(find(store, 1, "a"), Some(new), "a document replaces the older one of its id");
    assert_eq!(find(store, 1, "b"), Some(document("b", &["other"])), "and no other");
    let expected = Usage { documents: 2, chunks: 2, bytes: 8 };
    assert_eq!(usage(store, 1), expected, "nothing of the older one is left");
}

/// Checks the look-up of hashes by id, and of ids by hash.
pub fn a_document_is_known_by_what_it_was_made_of(make: &DocumentsFactory) {
    let fixture = make();
    let store = &*fixture.adapter;
    let [one, two] = ["one", "two"].map(|text| ContentHash::of_file(text.as_bytes()));
    let of = |id: &str, sha256| Document { sha256, ..document(id, &["text"]) };
    let hashes = |tenant, ids: &[&str]| {
        let ids: Vec<_> = ids.iter().map(|id| document_id(id)).collect();
        store.hashes(&scope(tenant), dataset_id(1), &ids).expect("documents are hashed")
    };
    let of_reader = |sha256| Some(MadeOf { sha256, reader: Some(ReaderVersion(7)) });
    let made_of = |tenant, hash| store.made_of(&scope(tenant), dataset_id(1), &hash).expect("a look-up");
    assert_eq!((hashes(1, &["a"]), made_of(1, one)), (vec![None], None), "nothing was made of anything");
    put(store, 1, 1, &[of("b", one), of("a", one), of("c", two)]);
    assert_eq!(
        hashes(1, &["c", "x", "a"]),
        [of_reader(two), None, of_reader(one)],
        "in the order of the ids"
    );
    assert_eq!(made_of(1, one), Some(document_id("a")), "of several the first is told");
    put(store, 1, 2, &[of("a", two)]);
    assert_eq!(
        hashes(1, &["a"]),
        [of_reader(two)],
        "a document that replaces another is made of something else"
    );
    assert_eq!(made_of(1, one), Some(document_id("b")), "and nothing is made of what it was made of before");
    remove(store, 1, "b");
    assert_eq!((hashes(1, &["b"]), made_of(1, one)), (vec![None], None), "a removed document is not told of");
    assert_eq!((hashes(2, &["a"]), made_of(2, two)), (vec![None], None), "another tenant's neither");
    put(store, 2, 3, &[of("a", one)]);
    assert_eq!((hashes(1, &["a"]), made_of(1, one)), (vec![of_reader(two)], None), "whatever it is made of");
    for reader in [None, Some(ReaderVersion(u32::MAX))] {
        put(store, 1, if reader.is_none() { 4 } else { 5 }, &[Document { reader, ..of("a", two) }]);
        assert_eq!(
            hashes(1, &["a"]),
            [Some(MadeOf { sha256: two, reader })],
            "and by the version of its reader"
        );
    }
}

/// Of another document, or another tenant's, nothing is told.
pub fn g2_a_removal_is_known_and_what_it_has_left_is_overwritten(make: &DocumentsFactory) {
    let fixture = make();
    let store = &*fixture.adapter;
    let removal = |tenant, id: &str| {
        store.removal(&scope(tenant), dataset_id(1), &document_id(id)).expect("a removal is looked up")
    };
    let overwrite = || store.overwrite_remains(&scope(1), dataset_id(1), &|| true);
    assert_eq!((removal(1, "a"), overwrite()), (None, Ok(())), "where nothing is, nothing is left");
    put(store, 1, 1, &[document("a", &["one"]), document("b", &["two"])]);
    assert_eq!(removal(1, "a"), None, "a document that is there was not removed");
    let change = remove(store, 1, "a");
    assert_eq!(removal(1, "a").map(|removal| removal.change), change, "by the number of that change");
    assert_eq!((removal(1, "b"), removal(2, "a")), (None, None), "of nothing else");
    assert_eq!(overwrite(), Ok(()), "what it has left is overwritten");
    assert_eq!(removal(1, "a").map(|removal| removal.is_overwritten), Some(true), "and that is known");
    remove(store, 1, "b");
    assert_eq!(
        removal(1, "a").map(|removal| removal.is_overwritten),
        Some(true),
        "whatever is removed later"
    );
    put(store, 1, 2, &[document("a", &["again"])]);
    assert_eq!(removal(1, "a"), None, "one that was put in again is there");
}

/// A second removal finds nothing.
pub fn a_document_is_removed_once(make: &DocumentsFactory) {
    let fixture = make();
    let store = &*fixture.adapter;
    assert_eq!(remove(store, 1, "a"), None, "where nothing is, nothing is removed");
    let put_in = put(store, 1, 1, &[document("a", &["one"]), document("b", &["two"])]);
    let number = remove(store, 1, "a");
    assert!(
        number > Some(put_in),
        "a removal is a change with a number of its own: {number:?} after {put_in:?}"
    );
    assert_eq!(find(store, 1, "a"), None, "a document that was removed is not there");
    assert_eq!(remove(store, 1, "a"), None, "it cannot be removed twice");
    assert_eq!(usage(store, 1), Usage { documents: 1, chunks: 1, bytes: 3 }, "nothing of it is left");
    put(store, 1, 2, &[document("a", &["again"])]);
    assert_eq!(find(store, 1, "a"), Some(document("a", &["again"])), "it can be put in again");
}

/// Additions and removals between the pages do not matter.
pub fn documents_come_in_pages_in_bytewise_order(make: &DocumentsFactory) {
    let fixture = make();
    let store = &*fixture.adapter;
    let ids = ["m", "B", "a10", "a2", "Z", "-", ".a", "0", "_"];
    let documents: Vec<_> = ids.into_iter().map(|id| document(id, &["text"])).collect();
    put(store, 1, 1, &documents);
    put(store, 2, 1, &[document("theirs", &["text"])]);
    let ids = |page: &Page<DocumentSummary, DocumentId>| -> Vec<String> {
        page.items.iter().map(|document| document.id.to_string()).collect()
    };
    let one = page(store, first_page(4));
    assert_eq!(ids(&one), ["-", ".a", "0", "B"], "documents come in bytewise order");
    put(store, 1, 2, &["00", "A", "C"].map(|id| document(id, &["text"])));
    for id in ["B", "_"] {
        remove(store, 1, id);
    }
    let two = page(store, PageRequest { after: one.next, ..first_page(4) });
    assert_eq!(
        ids(&two),
        ["C", "Z", "a10", "a2"],
        "a page goes on behind the one before, whatever came and went"
    );
    let three = page(store, PageRequest { after: two.next, ..first_page(4) });
    assert_eq!((ids(&three), three.next), (vec!["m".to_owned()], None), "the last page is the last");
    let everything: Vec<_> = all_summaries(store);
    let found = everything.iter().map(|listed| find(store, 1, listed.id.as_str()).as_ref().map(summary));
    assert!(found.eq(everything.iter().cloned().map(Some)), "a summary says of a document what it is");
}

/// As in the other lists: metadata comes with a document's summary.
pub fn a_page_of_documents_with_much_metadata_ends_early(make: &DocumentsFactory) {
    let fixture = make();
    let store = &*fixture.adapter;
    let metadata = json!({"notes": "x".repeat(300 << 10)});
    let documents: Vec<_> = (1..=7)
        .map(|n| Document {
            metadata: metadata.as_object().expect("an object").clone(),
            ..document(&n.to_string(), &["text"])
        })
        .collect();
    put(store, 1, 1, &documents);
    assert_pages_are_bounded(7, |request| page(store, request));
}

fn all_summaries(store: &dyn DocumentStore) -> Vec<DocumentSummary> {
    let mut summaries = Vec::new();
    let mut request = first_page(3);
    loop {
        let next = page(store, request.clone());
        summaries.extend(next.items);
        request.after = next.next;
        if request.after.is_none() {
            return summaries;
        }
    }
}

/// Counts documents, chunks and bytes of text.
pub fn what_a_dataset_holds_is_counted(make: &DocumentsFactory) {
    let fixture = make();
    let store = &*fixture.adapter;
    assert_eq!(usage(store, 1), Usage::default(), "a dataset without documents holds nothing");
    put(store, 1, 1, &[document("a", &["1234", "5678"]), document("b", &["\u{e9}"])]);
    put(store, 2, 1, &[document("a", &["theirs"])]);
    assert_eq!(
        usage(store, 1),
        Usage { documents: 2, chunks: 3, bytes: 11 },
        "what a dataset holds is counted"
    );
}

/// The operation is idempotent.
pub fn what_is_destroyed_is_gone_and_nothing_else(make: &DocumentsFactory) {
    let fixture = make();
    let store = &*fixture.adapter;
    put(store, 1, 1, &[document("a", &["one"]), document("b", &["two"])]);
    put(store, 2, 1, &[document("a", &["theirs"])]);
    let other = |n| store.document(&scope(1), dataset_id(n), &document_id("a"));
    store
        .put(&scope(1), dataset_id(2), job_id(1), &[document("a", &["other"])])
        .expect("documents are put in");
    remove(store, 1, "b");
    for _ in 0..2 {
        store.destroy(&scope(1), dataset_id(1)).expect("a dataset is destroyed");
        assert_eq!(find(store, 1, "a"), None, "what is destroyed is gone");
        assert_eq!(page(store, first_page(9)).items, [], "it is not listed");
        assert_eq!(usage(store, 1), Usage::default(), "it holds nothing");
        assert_eq!(changes(store, 1, ChangeNumber(0), 9), [], "it has no change");
        assert_eq!(store.put_by(&scope(1), dataset_id(1), job_id(1)), Ok(None), "and no job");
    }
    assert!(find(store, 2, "a").is_some(), "another tenant's dataset stays");
    assert!(other(2).is_ok_and(|document| document.is_some()), "and another dataset");
    put(store, 1, 1, &[document("a", &["again"])]);
    assert_eq!(
        find(store, 1, "a"),
        Some(document("a", &["again"])),
        "it can be filled again, by the same job too"
    );
}

/// Two tenants have datasets, jobs and documents with the same ids.
pub fn z1_a_tenants_documents_are_its_own(make: &DocumentsFactory) {
    let fixture = make();
    let store = &*fixture.adapter;
    put(store, 1, 1, &[document("a", &["ours"]), document("b", &["ours"])]);
    put(store, 2, 1, &[document("a", &["theirs"]), document("c", &["theirs"])]);
    let theirs = changes(store, 2, ChangeNumber(0), 9);
    assert_eq!(find(store, 1, "a"), Some(document("a", &["ours"])), "one's own document is found");
    assert_eq!(find(store, 1, "c"), None, "another tenant's is not");
    let ids: Vec<_> = all_summaries(store).into_iter().map(|document| document.id).collect();
    assert_eq!(ids, ["a", "b"].map(document_id), "nor listed");
    assert_eq!(remove(store, 1, "c"), None, "nor removed");
    remove(store, 1, "a");
    put(store, 1, 2, &[document("c", &["ours"])]);
    assert_eq!(changes(store, 2, ChangeNumber(0), 9), theirs, "nor changed");
    store.destroy(&scope(1), dataset_id(1)).expect("a dataset is destroyed");
    assert_eq!(changes(store, 2, ChangeNumber(0), 9), theirs, "nor destroyed");
    assert_eq!(usage(store, 3), Usage::default(), "a tenant without documents has none");
}

/// So orphaned datasets can be found and destroyed.
pub fn the_operator_sees_which_datasets_hold_anything(make: &DocumentsFactory) {
    let fixture = make();
    let store = &*fixture.adapter;
    let held = || -> BTreeSet<(TenantId, _)> {
        let held = store.held(&OperatorScope::at_startup()).expect("datasets are listed");
        held.into_iter().collect()
    };
    assert!(held().is_empty(), "a new store holds nothing");
    for (tenant, dataset) in [(1, 1), (2, 1), (2, 2)] {
        store
            .put(&scope(tenant), dataset_id(dataset), job_id(1), &[document("a", &["text"])])
            .expect("put in");
    }
    let expected = [(1, 1), (2, 1), (2, 2)].map(|(tenant, dataset)| (tenant_id(tenant), dataset_id(dataset)));
    assert_eq!(held(), BTreeSet::from(expected), "each dataset that holds anything is listed");
    store.destroy(&scope(2), dataset_id(1)).expect("a dataset is destroyed");
    assert!(!held().contains(&(tenant_id(2), dataset_id(1))), "one that was destroyed is not");
}

/// Several threads write to one dataset and to several.
pub fn nothing_put_in_at_once_is_lost(make: &DocumentsFactory) {
    let fixture = make();
    let store = &*fixture.adapter;
    thread::scope(|threads| {
        for thread in 0..8_u64 {
            threads.spawn(move || {
                for n in 0..5 {
                    let id = format!("document-{thread}-{n}");
                    put(store, 1 + thread % 2, thread * 10 + n, &[document(&id, &["text", "more"])]);
                }
            });
        }
    });
    for tenant in [1, 2] {
        assert_eq!(usage(store, tenant).documents, 20, "nothing that was put in at once is lost");
        let numbers: BTreeSet<_> =
            changes(store, tenant, ChangeNumber(0), 7).iter().map(Change::number).collect();
        assert_eq!(numbers.len(), 20, "each change has a number of its own");
    }
}

/// The change numbers continue. Only persistent adapters are checked.
pub fn what_was_put_in_is_there_after_a_restart(make: &DocumentsFactory) {
    let Fixture { adapter, reopen } = make();
    put(&*adapter, 1, 1, &[document("a", &["one"]), document("b", &["two"])]);
    remove(&*adapter, 1, "a");
    let before = changes(&*adapter, 1, ChangeNumber(0), 9);
    drop(adapter);
    let Some(reopen) = reopen else {
        return;
    };
    let again = reopen();
    let store = &*again.adapter;
    assert_eq!(changes(store, 1, ChangeNumber(0), 9), before, "what was put in is there after a restart");
    assert_eq!(find(store, 1, "b"), Some(document("b", &["two"])), "every document");
    assert!(
        store.put_by(&scope(1), dataset_id(1), job_id(1)).is_ok_and(|number| number.is_some()),
        "and every job"
    );
    let next = put(store, 1, 2, &[document("c", &["three"])]);
    assert!(Some(next) > before.last().map(Change::number), "numbers count on after a restart");
}
