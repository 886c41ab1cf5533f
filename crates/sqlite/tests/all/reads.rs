//! Tests of the readers: who takes turns with whom, and what is not run.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread;

use syft_space_domain::store::{NoopHook, StoreError};
use syft_space_domain::unit::Receipt;
use syft_space_sqlite::{SqliteOptions, SqliteStore};
use tempfile::TempDir;

use crate::support::{port, scope};

fn open(home: &TempDir, options: SqliteOptions) -> SqliteStore {
    SqliteStore::open(home.path(), options, Arc::new(NoopHook)).unwrap()
}

/// Submits a read of a tenant that holds a reader up until something is sent, and waits until it does.
fn hold_up(store: &SqliteStore, tenant: u64) -> (Sender<()>, Receipt<(), StoreError>) {
    let (entered, inside) = channel();
    let (release, gate) = channel();
    let receipt = port(store).read(&scope(tenant), move |_| {
        entered.send(()).unwrap();
        gate.recv().map_err(StoreError::failed)
    });
    inside.recv().unwrap();
    (release, receipt)
}

#[test]
fn long_reads_of_one_tenant_leave_a_reader_to_others() {
    let home = TempDir::new().unwrap();
    let store = open(&home, SqliteOptions { readers: 2, ..SqliteOptions::default() });
    let (release, held) = hold_up(&store, 1);
    let waiting = port(&store).read(&scope(1), |view| view.count_datasets(&scope(1)));
    let other = port(&store).read(&scope(2), |view| view.count_datasets(&scope(2)));
    assert_eq!(other.wait(), Ok(0), "another tenant is answered meanwhile");
    release.send(()).unwrap();
    assert_eq!((held.wait(), waiting.wait()), (Ok(()), Ok(0)));
}

#[test]
fn reads_of_one_tenant_do_not_fill_the_queue_of_others() {
    let home = TempDir::new().unwrap();
    let store = open(&home, SqliteOptions { readers: 1, read_queue: 8, ..SqliteOptions::default() });
    let (release, held) = hold_up(&store, 1);
    let count =
        |tenant: u64| port(&store).read(&scope(tenant), move |view| view.count_datasets(&scope(tenant)));
    let waiting = [count(1), count(1)];
    assert_eq!(count(1).wait(), Err(StoreError::Busy));
    let other = count(2);
    release.send(()).unwrap();
    held.wait().unwrap();
    assert_eq!(waiting.map(Receipt::wait), [Ok(0), Ok(0)]);
    assert_eq!(other.wait(), Ok(0));
}

#[test]
fn a_read_that_nobody_waits_for_any_more_is_not_run() {
    let home = TempDir::new().unwrap();
    let store = open(&home, SqliteOptions { readers: 1, ..SqliteOptions::default() });
    let (release, held) = hold_up(&store, 1);
    let ran = Arc::new(AtomicBool::new(false));
    let note = Arc::clone(&ran);
    let abandoned: Receipt<(), StoreError> = port(&store).read(&scope(1), move |_| {
        note.store(true, Ordering::SeqCst);
        Ok(())
    });
    drop(abandoned);
    let next: Receipt<(), StoreError> = port(&store).read(&scope(1), |_| Ok(()));
    release.send(()).unwrap();
    assert_eq!((held.wait(), next.wait()), (Ok(()), Ok(())));
    assert!(!ran.load(Ordering::SeqCst));
}

#[test]
fn dropping_the_store_ends_the_reads_that_wait_and_waits_for_those_that_run() {
    let home = TempDir::new().unwrap();
    let store = open(&home, SqliteOptions { readers: 1, ..SqliteOptions::default() });
    let (release, held) = hold_up(&store, 1);
    let waiting: Vec<Receipt<u64, StoreError>> =
        (1..=3).map(|n| port(&store).read(&scope(n), move |view| view.count_datasets(&scope(n)))).collect();
    let dropping = thread::spawn(move || drop(store));
    for read in waiting {
        assert_eq!(read.wait(), Err(StoreError::Closed));
    }
    assert!(!dropping.is_finished(), "a read still goes on");
    release.send(()).unwrap();
    assert_eq!(held.wait(), Ok(()));
    dropping.join().unwrap();
    let wal = home.path().join("app.db-wal");
    assert!(!wal.exists(), "nothing is left in the write-ahead log");
}
