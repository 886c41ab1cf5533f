//! Tests that nothing of deleted rows is left in the files, also where SQLite has moved rows between pages.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use syft_space_domain::dataset::DocumentId;
use syft_space_domain::dataset::ports::DocumentStore;
use syft_space_domain::group::{Group, GroupName};
use syft_space_domain::identity::Email;
use syft_space_domain::ids::GroupId;
use syft_space_domain::store::StoreError;
use syft_space_domain::unit::Receipt;
use syft_space_sqlite::{SqliteStore, prepare_home};
use tempfile::TempDir;

use crate::support::{
    beside, dataset_id, document, documents_of, job_id, keep, open, port, read, scope, submit, tenant, texts,
    time, write_scope,
};

const MARKER: &str = "walrus";
const GROUPS: u8 = 3;

fn group(n: u8) -> GroupId {
    GroupId::from_bytes([n; 16])
}

/// Somebody of whom there are many; some of them are to go.
fn address(n: u64, who: &str) -> Email {
    // Spread over the pages, and of several lengths.
    let place = n.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let length = usize::try_from(place % 24).unwrap();
    Email::parse(&format!("{place:016x}-{who}{}@marked.example", "x".repeat(length))).unwrap()
}

fn with_groups(home: &Path) -> SqliteStore {
    let store = open(home);
    keep(&store, |tx| {
        tx.add_tenant(&tenant(1))?;
        for n in 0..GROUPS {
            let name = GroupName::parse(&format!("group-{n}")).unwrap();
            let (created_at, updated_at) = (time(1), time(1));
            let group = Group {
                id: group(n),
                name,
                description: String::new(),
                members: 0,
                revision: 1,
                created_at,
                updated_at,
            };
            tx.add_group(&write_scope(1), &group)?;
        }
        Ok(())
    });
    store
}

fn add(store: &SqliteStore, of: u8, emails: Vec<Email>) -> Receipt<u64, StoreError> {
    submit(store, move |tx| tx.add_group_members(&write_scope(1), group(of), &emails, time(2)))
}

fn remove(store: &SqliteStore, of: u8, emails: Vec<Email>) -> Receipt<u64, StoreError> {
    submit(store, move |tx| tx.remove_group_members(&write_scope(1), group(of), &emails))
}

/// Many come, in an order that has pages split; then those with the marker go, in another that has pages joined.
fn fill_and_remove(store: &SqliteStore, first: u64) {
    for n in (first..first + 1_500).step_by(50) {
        for of in 0..GROUPS {
            let some = (n..n + 50).map(|n| address(n, if n % 3 == 0 { "other" } else { MARKER })).collect();
            add(store, of, some).wait().unwrap();
        }
    }
    for offset in [1, 2] {
        for n in (first..first + 1_500).step_by(30) {
            for of in 0..GROUPS {
                let some = (n..n + 30).filter(|n| n % 3 == offset).map(|n| address(n, MARKER)).collect();
                remove(store, of, some).wait().unwrap();
            }
        }
    }
}

/// The files of a database in which the marker stands.
fn holders(database: &Path) -> Vec<String> {
    let files = ["", "-wal", "-shm"].map(|suffix| format!("{}{suffix}", database.display()));
    let holds = |file: &String| {
        fs::read(file)
            .is_ok_and(|bytes| bytes.windows(MARKER.len()).any(|window| window == MARKER.as_bytes()))
    };
    files.into_iter().filter(holds).collect()
}

fn members(store: &SqliteStore, of: u8) -> Vec<String> {
    read(store, move |view| view.stored_group_members(&scope(1), group(of))).unwrap()
}

#[test]
fn g2_what_deleted_rows_have_left_in_pages_is_overwritten_and_the_rest_is_as_it_was() {
    let folder = TempDir::new().unwrap();
    let store = with_groups(folder.path());
    let database = folder.path().join("app.db");
    fill_and_remove(&store, 0);
    let before: Vec<_> = (0..GROUPS).map(|of| members(&store, of)).collect();
    assert_eq!(before.iter().map(Vec::len).collect::<Vec<_>>(), [500; 3]);
    drop(store);
    assert_eq!(holders(&database), [database.to_str().unwrap()], "secure_delete does not reach it");

    let store = open(folder.path());
    port(&store).overwrite_remains().wait().unwrap();
    assert_eq!(holders(&database), Vec::<String>::new(), "while the store is open");
    let after: Vec<_> = (0..GROUPS).map(|of| members(&store, of)).collect();
    assert_eq!(after, before);
    drop(store);
    assert_eq!(holders(&database), Vec::<String>::new(), "and behind it");
    let check = "SELECT integrity_check AS text FROM pragma_integrity_check";
    assert_eq!(texts(&mut beside(&database), check), ["ok"]);
}

#[test]
fn g2_what_deleted_rows_have_left_is_overwritten_while_others_move_the_rows_of_the_same_pages() {
    let folder = TempDir::new().unwrap();
    let store = with_groups(folder.path());
    let database = folder.path().join("app.db");
    for trial in 0..5 {
        fill_and_remove(&store, trial * 10_000);
        let is_over = AtomicBool::new(false);
        thread::scope(|threads| {
            threads.spawn(|| {
                // Neighbours come and go, so that pages are split and joined, and get each other's numbers.
                for n in (0..).step_by(40).take_while(|_| !is_over.load(Ordering::Relaxed)) {
                    let some: Vec<Email> = (n..n + 40).map(|n| address(n, "neighbour")).collect();
                    let of = u8::try_from(n / 40 % 3).unwrap();
                    add(&store, of, some.clone()).wait().unwrap();
                    remove(&store, of, some).wait().unwrap();
                }
            });
            let overwritten = port(&store).overwrite_remains().wait();
            is_over.store(true, Ordering::Relaxed);
            overwritten.unwrap();
        });
        assert_eq!(holders(&database), Vec::<String>::new(), "trial {trial}");
    }
    let check = "SELECT integrity_check AS text FROM pragma_integrity_check";
    assert_eq!(texts(&mut beside(&database), check), ["ok"]);
}

#[test]
fn g2_what_is_overwritten_needs_no_place_in_the_database_and_everybody_who_asks_is_told() {
    let folder = TempDir::new().unwrap();
    let store = with_groups(folder.path());
    fill_and_remove(&store, 0);
    let pages = || {
        texts(
            &mut beside(&folder.path().join("app.db")),
            "SELECT page_count || '' AS text FROM pragma_page_count",
        )
    };
    let before = pages();
    let all: Vec<_> = (0..5).map(|_| port(&store).overwrite_remains()).collect();
    for receipt in all {
        receipt.wait().unwrap();
    }
    assert_eq!(pages(), before);
    // Who closes the store is not kept waiting, whoever waits is told.
    let asked = port(&store).overwrite_remains();
    drop(store);
    drop(asked.wait());
}

#[test]
fn g2_what_removed_and_replaced_documents_have_left_in_pages_is_overwritten() {
    let folder = TempDir::new().unwrap();
    let home = prepare_home(folder.path()).unwrap();
    let documents = documents_of(&home);
    let (scope, dataset) = (scope(1), dataset_id(1));
    let text = |n: u64, who: &str| format!("{who} ").repeat(usize::try_from(5 + n % 60).unwrap());
    let name = |n: u64| format!("{:016x}.md", n.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    for n in (0..600).step_by(20) {
        let some: Vec<_> = (n..n + 20)
            .map(|n| document(&name(n), &text(n, if n % 3 == 0 { "other" } else { MARKER })))
            .collect();
        documents.put(&scope, dataset, job_id(n + 1), &some).unwrap();
    }
    for n in (0..600).filter(|n| n % 3 == 1) {
        documents.remove(&scope, dataset, &DocumentId::parse(&name(n)).unwrap()).unwrap().unwrap();
    }
    for n in (0..600).filter(|n| n % 3 == 2) {
        documents.put(&scope, dataset, job_id(1_000 + n), &[document(&name(n), &text(n, "new"))]).unwrap();
    }
    let database = home.documents_db(scope.tenant(), dataset);
    assert!(!holders(&database).is_empty(), "secure_delete does not reach it");
    let is_overwritten = || {
        let removed = DocumentId::parse(&name(1)).unwrap();
        documents.removal(&scope, dataset, &removed).unwrap().unwrap().is_overwritten
    };
    assert!(!is_overwritten());
    assert_eq!(
        documents.overwrite_remains(&scope, dataset, &|| false),
        Err(StoreError::Closed),
        "nobody waits for it"
    );
    assert!(!is_overwritten());
    documents.overwrite_remains(&scope, dataset, &|| true).unwrap();
    assert!(is_overwritten());
    assert_eq!(holders(&database), Vec::<String>::new());
    documents.overwrite_remains(&scope, dataset, &|| true).unwrap();
    let usage = documents.usage(&scope, dataset).unwrap();
    assert_eq!(usage.documents, 400);
    drop(documents);
    let check = "SELECT integrity_check AS text FROM pragma_integrity_check";
    assert_eq!(texts(&mut beside(&database), check), ["ok"]);
    // Where there is nothing, there is nothing to overwrite.
    documents_of(&home).overwrite_remains(&scope, dataset_id(2), &|| true).unwrap();
}
