//! Tests of the writer: what it promises when units share a transaction.

use std::path::Path;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::support::{
    beside, dataset, dataset_id, endpoint, event, execute, gap_free, hold_up, keep, log, named_dataset, open,
    port, read, scope, submit, tenant, tenant_id, texts, write_scope,
};
use syft_space_conformance::audit::mixed::{mixed_events, record_all};
use syft_space_domain::audit::Log;
use syft_space_domain::store::{CommitHook, Flow, NoopHook, StateChange, Store, StoreError, Tx, View};
use syft_space_domain::tenant::OperatorScope;
use syft_space_domain::unit::{Receipt, Recorded, Refused, Unit, UnitOutcome};
use syft_space_sqlite::{SqliteOptions, SqliteStore};
use tempfile::TempDir;

#[derive(Debug, PartialEq)]
enum TestError {
    Refused,
    Store(StoreError),
}

impl From<StoreError> for TestError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Sends on the changes of each commit, in order.
struct RecordingHook(Mutex<Sender<Vec<StateChange>>>);

impl CommitHook for RecordingHook {
    fn on_commit(&self, _view: &mut dyn View, changes: &[StateChange]) {
        self.0.lock().unwrap().send(changes.to_vec()).unwrap();
    }
}

fn refuse_after(
    store: &SqliteStore,
    work: fn(&mut dyn Tx) -> Result<(), StoreError>,
) -> Receipt<(), TestError> {
    port(store).write(move |tx| {
        work(tx)?;
        Err(Refused::new(TestError::Refused, event(Log::Installation)).into())
    })
}

#[test]
fn units_that_wait_are_committed_together_and_one_fails_alone() {
    let home = TempDir::new().unwrap();
    let (told, commits) = channel();
    let hook = Arc::new(RecordingHook(Mutex::new(told)));
    let store = SqliteStore::open(home.path(), SqliteOptions::default(), hook).unwrap();

    let (release, held) = hold_up(&store);
    let one = submit(&store, |tx| tx.add_tenant(&tenant(1)));
    let again = submit(&store, |tx| tx.add_tenant(&tenant(1)));
    let two = submit(&store, |tx| tx.add_tenant(&tenant(2)));
    release.send(()).unwrap();

    held.wait().unwrap();
    one.wait().unwrap();
    assert!(matches!(again.wait(), Err(StoreError::Conflict(_))));
    two.wait().unwrap();
    let both = vec![StateChange::Tenant(tenant_id(1)), StateChange::Tenant(tenant_id(2))];
    assert_eq!(commits.recv().unwrap(), both, "both came with one commit");
    assert_eq!(gap_free(&store, Log::Installation), 3, "the one that failed has no event");
    let versions: Vec<u64> = {
        let tenants = read(&store, |view| view.tenants(&OperatorScope::at_startup())).unwrap();
        tenants.iter().map(|tenant| tenant.version).collect()
    };
    assert_eq!(versions, [1, 1], "the version moved in the same commit");
}

#[test]
fn u1_a_refused_unit_keeps_its_event_and_none_of_its_rows() {
    let home = TempDir::new().unwrap();
    let store = open(home.path());
    let (release, held) = hold_up(&store);
    let refused = refuse_after(&store, |tx| tx.add_tenant(&tenant(1)));
    let kept = submit(&store, |tx| tx.add_tenant(&tenant(2)));
    release.send(()).unwrap();
    held.wait().unwrap();
    assert_eq!(refused.wait(), Err(TestError::Refused));
    kept.wait().unwrap();
    let names: Vec<String> = {
        let tenants = read(&store, |view| view.tenants(&OperatorScope::at_startup())).unwrap();
        tenants.iter().map(|tenant| tenant.name.to_string()).collect()
    };
    assert_eq!(names, ["tenant-2"]);
    assert_eq!(gap_free(&store, Log::Installation), 3);
}

#[test]
fn u1_every_event_of_a_commit_is_kept_as_it_is_however_many_there_are() {
    let home = TempDir::new().unwrap();
    let store = open(home.path());
    let mut events = mixed_events(&scope(1), 40);
    for (n, event) in (0_u8..).zip(&mut events) {
        *event = event.clone().about(format_args!("person-{n}@example.org"));
        event.salt = [n; 16];
    }
    let mut recorded = Vec::new();
    for count in 1..=events.len() {
        record_all(port(&store), &events[..count]);
        recorded.extend_from_slice(&events[..count]);
    }
    gap_free(&store, Log::from(&scope(1)));
    let kept: Vec<_> = log(&store, Log::from(&scope(1))).into_iter().map(|recorded| recorded.event).collect();
    assert!(kept == recorded, "in the order in which they were recorded, each with its person");
}

#[test]
fn a_panic_ends_its_unit_alone() {
    let home = TempDir::new().unwrap();
    let store = open(home.path());
    let (release, held) = hold_up(&store);
    let before = submit(&store, |tx| tx.add_tenant(&tenant(1)));
    let panics: Receipt<(), StoreError> = submit(&store, |tx| {
        tx.add_tenant(&tenant(2))?;
        panic!("a unit with a mistake in it");
    });
    let after = submit(&store, |tx| tx.add_tenant(&tenant(3)));
    release.send(()).unwrap();
    held.wait().unwrap();
    before.wait().unwrap();
    assert_eq!(panics.wait(), Err(StoreError::Closed));
    after.wait().unwrap();
    let ids: Vec<_> = {
        let tenants = read(&store, |view| view.tenants(&OperatorScope::at_startup())).unwrap();
        tenants.iter().map(|tenant| tenant.id).collect()
    };
    assert_eq!(ids, [tenant_id(1), tenant_id(3)]);
    assert_eq!(gap_free(&store, Log::Installation), 3);
}

/// A table whose rows make a commit fail, and a dataset's name that makes such a row.
const FAILS_AT_COMMIT: &str = "
    CREATE TABLE nowhere (id INTEGER PRIMARY KEY);
    CREATE TABLE broken (id INTEGER REFERENCES nowhere (id) DEFERRABLE INITIALLY DEFERRED);
    CREATE TRIGGER break_it AFTER INSERT ON datasets WHEN NEW.name = 'fails at commit'
    BEGIN INSERT INTO broken VALUES (1); END;";

#[test]
fn u1_after_a_failed_commit_each_unit_is_written_by_itself() {
    let home = TempDir::new().unwrap();
    let store = open(home.path());
    keep(&store, |tx| tx.add_tenant(&tenant(1)));
    execute(&store.home().app_db(), FAILS_AT_COMMIT);

    let (release, held) = hold_up(&store);
    let before = submit(&store, |tx| tx.add_dataset(&write_scope(1), &dataset(1)));
    let fails = submit(&store, |tx| tx.add_dataset(&write_scope(1), &named_dataset(2, "fails at commit")));
    let refused = refuse_after(&store, |tx| tx.add_dataset(&write_scope(1), &dataset(3)));
    let after = submit(&store, |tx| tx.add_dataset(&write_scope(1), &dataset(4)));
    release.send(()).unwrap();
    // The one that held the writer up was in a transaction of its own.
    held.wait().unwrap();
    before.wait().unwrap();
    assert!(matches!(fails.wait(), Err(StoreError::Conflict(_))));
    assert_eq!(refused.wait(), Err(TestError::Refused));
    after.wait().unwrap();

    let found: Result<Vec<bool>, StoreError> =
        read(&store, |view| (1..=4).map(|n| Ok(view.dataset(&scope(1), dataset_id(n))?.is_some())).collect());
    assert_eq!(found, Ok(vec![true, false, false, true]));
    assert_eq!(gap_free(&store, Log::Installation), 5);
}

/// A new store that has room for so many pages beside those that the schema takes, however many these are.
fn with_room_for(home: &Path, pages: u32) -> SqliteStore {
    drop(open(home));
    let count = "SELECT CAST(page_count AS TEXT) AS text FROM pragma_page_count";
    let taken = texts(&mut beside(&home.join("app.db")), count);
    let taken: u32 = taken.concat().parse().unwrap();
    let options = SqliteOptions { max_pages: Some(taken + pages), ..SqliteOptions::default() };
    SqliteStore::open(home, options, Arc::new(NoopHook)).unwrap()
}

#[test]
fn a_database_that_is_full_says_so_and_loses_nothing() {
    let home = TempDir::new().unwrap();
    let store = with_room_for(home.path(), 40);
    keep(&store, |tx| tx.add_tenant(&tenant(1)));
    let mut written = 1;
    let (release, held) = hold_up(&store);
    let receipts: Vec<_> = (1..=100)
        .map(|n| {
            submit(&store, move |tx| {
                tx.add_dataset(
                    &write_scope(1),
                    &syft_space_domain::dataset::Dataset { summary: "x".repeat(10_000), ..dataset(n) },
                )
            })
        })
        .collect();
    release.send(()).unwrap();
    held.wait().unwrap();
    written += 1;
    let outcomes: Vec<_> = receipts.into_iter().map(Receipt::wait).collect();
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Ok(()) | Err(StoreError::Full))), "{outcomes:?}");
    let kept = u64::try_from(outcomes.iter().filter(|outcome| outcome.is_ok()).count()).unwrap();
    assert!((1..100).contains(&kept), "some fit and some did not: {kept}");
    written += kept;
    assert_eq!(read(&store, |view| view.count_datasets(&scope(1))), Ok(kept));
    assert_eq!(gap_free(&store, Log::Installation), written);
    drop(store);
    // With space again everything goes on.
    let store = open(home.path());
    keep(&store, |tx| tx.add_dataset(&write_scope(1), &dataset(1_000)));
    assert_eq!(gap_free(&store, Log::Installation), written + 1);
}

#[test]
fn a_unit_that_ignores_an_error_of_the_database_keeps_nothing() {
    let home = TempDir::new().unwrap();
    let store = with_room_for(home.path(), 20);
    keep(&store, |tx| tx.add_tenant(&tenant(1)));
    let ignored = submit(&store, |tx| {
        let large = syft_space_domain::dataset::Dataset { summary: "x".repeat(1 << 20), ..dataset(1) };
        assert_eq!(tx.add_dataset(&write_scope(1), &large), Err(StoreError::Full));
        // SQLite has rolled everything back by now; this must not be committed by itself.
        drop(tx.add_dataset(&write_scope(1), &dataset(2)));
        Ok(())
    });
    assert_eq!(ignored.wait(), Err(StoreError::Full));
    assert_eq!(read(&store, |view| view.count_datasets(&scope(1))), Ok(0));
    assert_eq!(gap_free(&store, Log::Installation), 1);
}

/// A unit that keeps rows and no event, which the typed front does not let anybody write.
struct Silent(Sender<Result<(), StoreError>>);

impl Unit for Silent {
    fn run(&mut self, tx: &mut dyn Tx) -> Result<UnitOutcome, StoreError> {
        tx.add_tenant(&tenant(1))?;
        Ok(UnitOutcome::Commit(Vec::new()))
    }

    fn done(self: Box<Self>, outcome: Result<(), StoreError>) {
        self.0.send(outcome).unwrap();
    }
}

#[test]
fn u1_rows_without_an_event_are_not_kept() {
    let home = TempDir::new().unwrap();
    let store = open(home.path());
    let (done, outcome) = channel();
    store.submit(Box::new(Silent(done)));
    assert!(matches!(outcome.recv().unwrap(), Err(StoreError::Failed(_))));
    assert_eq!(read(&store, |view| view.tenants(&OperatorScope::at_startup())), Ok(Vec::new()));
}

#[test]
fn dropping_the_store_writes_what_is_queued_and_leaves_no_log_behind() {
    let home = TempDir::new().unwrap();
    let store = open(home.path());
    let (release, held) = hold_up(&store);
    let receipts: Vec<_> = (0..1_000).map(|_| port(&store).record(event(Log::Installation))).collect();
    let database = store.home().app_db();
    let dropping = thread::spawn(move || drop(store));
    release.send(()).unwrap();
    held.wait().unwrap();
    for receipt in receipts {
        receipt.wait().unwrap();
    }
    dropping.join().unwrap();
    assert!(!database.with_extension("db-wal").exists(), "all of it is in the database itself");
    assert_eq!(gap_free(&open(home.path()), Log::Installation), 1_001);
}

#[test]
fn a_store_may_be_dropped_by_whoever_it_tells() {
    let home = TempDir::new().unwrap();
    let store = Arc::new(open(home.path()));
    let (release, held) = hold_up(&store);
    let (done, outcome) = channel();
    struct Last(Arc<SqliteStore>, Sender<()>);
    impl Unit for Last {
        fn run(&mut self, _: &mut dyn Tx) -> Result<UnitOutcome, StoreError> {
            Ok(UnitOutcome::Rollback(vec![event(Log::Installation)]))
        }
        fn done(self: Box<Self>, _: Result<(), StoreError>) {
            let Self(store, told) = *self;
            drop(store);
            told.send(()).unwrap();
        }
    }
    store.submit(Box::new(Last(Arc::clone(&store), done)));
    drop(store);
    release.send(()).unwrap();
    held.wait().unwrap();
    outcome.recv().unwrap();
}

#[test]
fn a_full_queue_answers_busy_at_once() {
    let home = TempDir::new().unwrap();
    let options = SqliteOptions { queue: 2, ..SqliteOptions::default() };
    let store = SqliteStore::open(home.path(), options, Arc::new(NoopHook)).unwrap();
    let (release, held) = hold_up(&store);
    let record = || port(&store).record(event(Log::Installation));
    let waiting = [record(), record()];
    // The writer is still held up, so this can only have been answered by `submit` itself.
    assert_eq!(record().wait(), Err(StoreError::Busy));
    release.send(()).unwrap();
    held.wait().unwrap();
    for receipt in waiting {
        receipt.wait().unwrap();
    }
    assert_eq!(gap_free(&store, Log::Installation), 3);
}

#[test]
fn sixty_four_threads_write_and_read_without_an_error() {
    let home = TempDir::new().unwrap();
    let store = open(home.path());
    keep(&store, |tx| (0..64).try_for_each(|n| tx.add_tenant(&tenant(n + 1))));
    thread::scope(|threads| {
        for n in 0..64 {
            let store = &store;
            threads.spawn(move || {
                for i in 0..20 {
                    let id = n * 100 + i;
                    let written: Receipt<(), StoreError> = port(store).write(move |tx| {
                        tx.add_dataset(&write_scope(n + 1), &dataset(id))?;
                        tx.add_endpoint(&write_scope(n + 1), &endpoint(id, id))?;
                        Ok(Recorded::new((), event(&scope(n + 1))))
                    });
                    written.wait().unwrap();
                    let found = read(store, move |view| view.dataset(&scope(n + 1), dataset_id(id))).unwrap();
                    assert!(found.is_some(), "what was acknowledged is read");
                }
            });
        }
    });
    for n in 1..=64 {
        assert_eq!(gap_free(&store, Log::Tenant(tenant_id(n))), 20);
    }
}

#[test]
fn a_view_shows_one_moment() {
    let home = TempDir::new().unwrap();
    let store = open(home.path());
    let (begin, begun) = channel();
    let (go_on, may_go_on) = channel();
    let before = port(&store).read(Flow::Installation, move |view| {
        begin.send(()).unwrap();
        may_go_on.recv().unwrap();
        view.tenants(&OperatorScope::at_startup())
    });
    begun.recv().unwrap();
    keep(&store, |tx| tx.add_tenant(&tenant(1)));
    go_on.send(()).unwrap();
    assert_eq!(before.wait(), Ok(Vec::new()), "what was committed later is not seen");
    let after = read(&store, |view| view.tenants(&OperatorScope::at_startup()));
    assert_eq!(after.unwrap().len(), 1);
}

#[test]
fn z1_the_schema_itself_keeps_tenants_apart() {
    let home = TempDir::new().unwrap();
    let store = open(home.path());
    keep(&store, |tx| {
        tx.add_tenant(&tenant(1))?;
        tx.add_tenant(&tenant(2))?;
        tx.add_dataset(&write_scope(1), &dataset(1))
    });
    let foreign = submit(&store, |tx| tx.add_endpoint(&write_scope(2), &endpoint(1, 1)));
    assert!(
        matches!(foreign.wait(), Err(StoreError::Conflict(_))),
        "another tenant's dataset is not to be had"
    );
    keep(&store, |tx| {
        // The same ids and names are another tenant's own.
        tx.add_dataset(&write_scope(2), &dataset(1))?;
        tx.add_endpoint(&write_scope(2), &endpoint(1, 1))?;
        tx.add_endpoint(&write_scope(1), &endpoint(1, 1))
    });
}

#[test]
fn g2_a_person_can_be_erased_and_the_event_stays() {
    let home = TempDir::new().unwrap();
    let store = open(home.path());
    port(&store).record(event(Log::Installation)).wait().unwrap();
    execute(
        &store.home().app_db(),
        "PRAGMA secure_delete = ON; DELETE FROM audit_persons; PRAGMA wal_checkpoint(TRUNCATE);",
    );
    let recorded = log(&store, Log::Installation);
    assert_eq!(recorded.len(), 1);
    assert!(recorded[0].event.person.is_empty());
    for file in ["app.db", "app.db-wal"] {
        let held = std::fs::read(home.path().join(file)).unwrap_or_default();
        assert!(!contains(&held, crate::support::SECRET_WORD), "{file} still holds the address");
    }
}

fn contains(held: &[u8], word: &str) -> bool {
    held.windows(word.len()).any(|window| window == word.as_bytes())
}
