//! Tests of the document databases: where they lie, and that what was removed is gone from the disk.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::thread;

use crate::support::{dataset_id, document, documents_of, execute, job_id, scope, tenant_id, texts};
use syft_space_domain::dataset::ports::DocumentStore;
use syft_space_domain::dataset::{Change, ChangeNumber, Document, DocumentId, Usage};
use syft_space_domain::page::PageRequest;
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::OperatorScope;
use syft_space_home::Home;
use syft_space_sqlite::{SqliteDocuments, prepare_home};
use tempfile::TempDir;

const MARKER: &str = "the walrus signed the treaty at dawn";

fn prepared() -> (TempDir, Home, SqliteDocuments) {
    let folder = TempDir::new().unwrap();
    let home = prepare_home(folder.path()).unwrap();
    let documents = documents_of(&home);
    (folder, home, documents)
}

/// Which files below a folder hold these words.
fn holders(folder: &Path, words: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(holders(&path, words));
        } else if fs::read(&path).unwrap().windows(words.len()).any(|window| window == words.as_bytes()) {
            found.push(path);
        }
    }
    found
}

fn id(text: &str) -> DocumentId {
    DocumentId::parse(text).unwrap()
}

/// A marker in texts that are large enough to lie on pages of their own.
fn marked(name: &str) -> Document {
    let content = format!("{} {MARKER} {}", "before ".repeat(3_000), "after ".repeat(3_000));
    let mut document = document(name, &content);
    document.metadata.insert("title".to_owned(), MARKER.into());
    document
}

#[test]
fn g2_a_removed_document_leaves_no_word_on_the_disk() {
    let (folder, _, store) = prepared();
    let (scope, dataset) = (scope(1), dataset_id(1));
    let others: Vec<Document> =
        (0..20).map(|n| document(&format!("other-{n}"), &"filler ".repeat(500))).collect();
    store.put(&scope, dataset, job_id(1), &others).unwrap();
    store.put(&scope, dataset, job_id(2), &[marked("a")]).unwrap();
    assert!(!holders(folder.path(), MARKER).is_empty(), "it was there to be found");
    store.remove(&scope, dataset, &id("a")).unwrap().unwrap();
    assert_eq!(holders(folder.path(), MARKER), Vec::<PathBuf>::new());
    assert!(store.document(&scope, dataset, &id("other-3")).unwrap().is_some());
}

#[test]
fn g2_a_replaced_document_leaves_no_word_on_the_disk() {
    let (folder, _, store) = prepared();
    let (scope, dataset) = (scope(1), dataset_id(1));
    store.put(&scope, dataset, job_id(1), &[marked("a")]).unwrap();
    store.put(&scope, dataset, job_id(2), &[document("a", "something else")]).unwrap();
    assert_eq!(holders(folder.path(), MARKER), Vec::<PathBuf>::new());
}

#[test]
fn destroying_removes_the_files_and_only_an_empty_folder() {
    let (_folder, home, store) = prepared();
    let (scope, dataset) = (scope(1), dataset_id(1));
    let operator = OperatorScope::at_startup();
    store.put(&scope, dataset, job_id(1), &[marked("a")]).unwrap();
    let place = home.dataset(tenant_id(1), dataset);
    fs::create_dir(place.join("index")).unwrap();
    store.destroy(&scope, dataset).unwrap();
    let left: Vec<_> = fs::read_dir(&place).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["index"], "the index is its engine's to remove");
    assert_eq!(
        store.held(&operator),
        Ok(vec![(tenant_id(1), dataset)]),
        "so the dataset still holds something"
    );
    fs::remove_dir(place.join("index")).unwrap();
    store.destroy(&scope, dataset).unwrap();
    store.destroy(&scope, dataset).unwrap();
    assert!(!place.exists());
    assert_eq!(store.held(&operator), Ok(Vec::new()));
    assert_eq!(store.usage(&scope, dataset), Ok(Usage::default()));
}

#[test]
fn a_new_dataset_of_the_same_id_begins_empty() {
    let (_folder, _, store) = prepared();
    let (scope, dataset) = (scope(1), dataset_id(1));
    store.put(&scope, dataset, job_id(1), &[marked("a")]).unwrap();
    store.destroy(&scope, dataset).unwrap();
    store.put(&scope, dataset, job_id(2), &[document("b", "text")]).unwrap();
    assert_eq!(store.document(&scope, dataset, &id("a")), Ok(None));
}

#[test]
fn documents_are_there_when_they_are_opened_again() {
    let (_folder, home, store) = prepared();
    let (scope, dataset) = (scope(1), dataset_id(1));
    let mut put = marked("a");
    put.metadata =
        serde_json::from_str(r#"{"page": 7, "score": 0.1, "exact": 1.7976931348623157e308}"#).unwrap();
    let change = store.put(&scope, dataset, job_id(1), std::slice::from_ref(&put)).unwrap();
    drop(store);
    let store = documents_of(&home);
    assert_eq!(store.document(&scope, dataset, &id("a")), Ok(Some(put)));
    assert_eq!(store.put_by(&scope, dataset, job_id(1)), Ok(Some(change)));
}

#[test]
fn reading_makes_no_file() {
    let (_folder, home, store) = prepared();
    assert_eq!(store.usage(&scope(1), dataset_id(1)), Ok(Usage::default()));
    assert_eq!(store.document(&scope(1), dataset_id(1), &id("a")), Ok(None));
    assert_eq!(store.remove(&scope(1), dataset_id(1), &id("a")), Ok(None));
    assert_eq!(store.documents(&scope(1), dataset_id(1), PageRequest::default()).unwrap().items, Vec::new());
    assert_eq!(store.changes(&scope(1), dataset_id(1), ChangeNumber(0), 10), Ok(Some(Vec::new())));
    assert_eq!(fs::read_dir(home.path().join("tenants")).unwrap().count(), 0);
}

#[test]
fn r1_the_files_of_a_dataset_are_its_owners_alone() {
    let (folder, _, store) = prepared();
    store.put(&scope(1), dataset_id(1), job_id(1), &[document("a", "text")]).unwrap();
    let mut folders = vec![folder.path().join("tenants")];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, if path.is_dir() { 0o700 } else { 0o600 }, "{}", path.display());
            if path.is_dir() {
                folders.push(path);
            }
        }
    }
}

#[test]
fn a_put_that_fails_puts_nothing_in() {
    let (_folder, home, store) = prepared();
    let (scope, dataset) = (scope(1), dataset_id(1));
    let change = store.put(&scope, dataset, job_id(1), &[document("a", "text")]).unwrap();
    let database = home.dataset(tenant_id(1), dataset).join("documents.db");
    execute(
        &database,
        "CREATE TRIGGER break_it BEFORE INSERT ON documents WHEN NEW.id = 'bad' \
                        BEGIN SELECT RAISE(ABORT, 'no such thing'); END;",
    );
    let put = store.put(&scope, dataset, job_id(2), &[document("a", "other"), document("bad", "text")]);
    assert!(matches!(put, Err(StoreError::Failed(_))), "{put:?}");
    assert_eq!(store.document(&scope, dataset, &id("a")).unwrap().unwrap().content, "text");
    assert_eq!(store.put_by(&scope, dataset, job_id(2)), Ok(None));
    assert_eq!(store.usage(&scope, dataset), Ok(Usage { documents: 1, chunks: 1, bytes: 4 }));
    assert_eq!(store.changes(&scope, dataset, change, 10), Ok(Some(Vec::new())));
}

#[test]
fn a_database_that_is_not_ours_is_refused() {
    let (_folder, home, store) = prepared();
    let place = home.dataset(tenant_id(1), dataset_id(1));
    fs::create_dir_all(&place).unwrap();
    execute(&place.join("documents.db"), "CREATE TABLE notes (text); INSERT INTO notes VALUES ('mine');");
    let put = store.put(&scope(1), dataset_id(1), job_id(1), &[document("a", "text")]);
    assert!(matches!(put, Err(StoreError::Failed(_))), "{put:?}");
    let mut database = crate::support::beside(&place.join("documents.db"));
    assert_eq!(texts(&mut database, "SELECT text FROM notes"), ["mine"]);
}

#[test]
fn more_datasets_than_stay_open_are_used_at_once() {
    let (_folder, _, store) = prepared();
    thread::scope(|threads| {
        for n in 0..8_u64 {
            let store = &store;
            threads.spawn(move || {
                for i in 0..10 {
                    let dataset = dataset_id(n * 100 + i);
                    store.put(&scope(1), dataset, job_id(1), &[document("a", "text")]).unwrap();
                }
                for i in 0..10 {
                    let dataset = dataset_id(n * 100 + i);
                    assert!(store.document(&scope(1), dataset, &id("a")).unwrap().is_some());
                }
            });
        }
    });
    assert_eq!(store.held(&OperatorScope::at_startup()).unwrap().len(), 80);
}

/// A copy of the database is put back, grows until it has as many changes, and gives way to what was there before.
#[test]
fn r2_a_change_that_an_older_copy_lacks_has_a_number_that_none_of_its_own_has() {
    let (_folder, home, store) = prepared();
    let (scope, dataset) = (scope(1), dataset_id(1));
    let path = home.documents_db(tenant_id(1), dataset);
    let first = store.put(&scope, dataset, job_id(1), &[document("a", "text")]).unwrap();
    drop(store);
    let older = fs::read(&path).unwrap();
    let grown = |file: &[u8], jobs: std::ops::Range<u64>| {
        fs::write(&path, file).unwrap();
        let store = documents_of(&home);
        let put = |n| store.put(&scope, dataset, job_id(n), &[document("b", "text")]).unwrap();
        jobs.map(put).collect::<Vec<_>>()
    };
    let newer = grown(&older, 2..5);
    let newer_file = fs::read(&path).unwrap();
    let other = grown(&older, 2..100);
    let is_change = |file: &[u8], number: ChangeNumber| {
        fs::write(&path, file).unwrap();
        let store = documents_of(&home);
        store.changes(&scope, dataset, number, 1).unwrap().is_some()
    };
    assert!(newer.iter().all(|number| is_change(&newer_file, *number)));
    assert!(!other.iter().any(|number| is_change(&newer_file, *number)));
    assert!(is_change(&newer_file, first) && is_change(&newer_file, ChangeNumber(0)));
    assert!(!newer.iter().any(|number| is_change(&older, *number)));
}

#[test]
fn z1_a_change_of_one_dataset_has_a_number_that_none_of_another_has_in_the_same_run() {
    let (_folder, _, store) = prepared();
    let put = |tenant, dataset| {
        store.put(&scope(tenant), dataset_id(dataset), job_id(1), &[document("a", "text")]).unwrap()
    };
    let numbers = [put(1, 1), put(1, 2), put(2, 3), put(2, 1)];
    for (at, (tenant, dataset)) in [(1, 1), (1, 2), (2, 3), (2, 1)].into_iter().enumerate() {
        let is_change =
            |number| store.changes(&scope(tenant), dataset_id(dataset), number, 1).unwrap().is_some();
        let known: Vec<_> = numbers.iter().map(|number| is_change(*number)).collect();
        assert_eq!(known, [0, 1, 2, 3].map(|of| of == at));
    }
}

#[test]
fn g2_where_numbers_of_changes_are_used_up_nothing_is_put_in_or_removed() {
    let (_folder, home, store) = prepared();
    let (scope, dataset) = (scope(1), dataset_id(1));
    store.put(&scope, dataset, job_id(1), &[document("a", "text")]).unwrap();
    drop(store);
    let path = home.documents_db(tenant_id(1), dataset);
    execute(&path, &format!("UPDATE totals SET last_change = {}", i64::MAX - 3));
    let store = documents_of(&home);
    let put = store.put(&scope, dataset, job_id(2), &[document("b", "text")]);
    assert!(matches!(put, Err(StoreError::Failed(_))), "{put:?}");
    assert!(matches!(store.remove(&scope, dataset, &id("a")), Err(StoreError::Failed(_))));
    assert_eq!(store.usage(&scope, dataset).unwrap().documents, 1);
    assert!(store.changes(&scope, dataset, ChangeNumber(0), 9).unwrap().is_some());
}

#[test]
fn large_changes_come_a_part_at_a_time_and_all_in_the_end() {
    let (_folder, _, store) = prepared();
    let (scope, dataset) = (scope(1), dataset_id(1));
    let large = "x".repeat(7 << 20);
    for n in 0..8 {
        let mut one = document(&format!("large-{n}"), &large);
        one.chunks.clear();
        store.put(&scope, dataset, job_id(n), &[one]).unwrap();
    }
    let mut after = ChangeNumber(0);
    let mut parts = Vec::new();
    loop {
        let changes = store.changes(&scope, dataset, after, 1_000).unwrap().unwrap();
        let Some(last) = changes.last().map(Change::number) else { break };
        after = last;
        parts.push(changes.len());
    }
    assert_eq!(parts.iter().sum::<usize>(), 8);
    assert!(parts.len() > 1, "{parts:?}");
}
