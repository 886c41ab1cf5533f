//! The conformance suites of the ports, and the comparison with the store in memory.

use std::sync::Arc;

use syft_space_conformance::{Fixture, check_store, differential, documents, rate_limits};
use syft_space_domain::dataset::ports::DocumentStore;
use syft_space_domain::policy::ports::RateLimitStore;
use syft_space_domain::store::{CommitHook, NoopHook, Store};
use syft_space_memory::MemoryStore;
use syft_space_sqlite::{SqliteOptions, SqliteRateLimits, SqliteStore, prepare_home};
use tempfile::TempDir;

use crate::support::documents_of;

fn store(folder: TempDir, follower: Arc<dyn CommitHook>) -> Fixture<dyn Store> {
    let store: Box<dyn Store> =
        Box::new(SqliteStore::open(folder.path(), SqliteOptions::default(), follower).unwrap());
    Fixture::new(store).with_reopen(move || store_again(folder))
}

fn store_again(folder: TempDir) -> Fixture<dyn Store> {
    store(folder, Arc::new(NoopHook))
}

fn documents_in(folder: TempDir) -> Fixture<dyn DocumentStore> {
    let home = prepare_home(folder.path()).unwrap();
    let documents: Box<dyn DocumentStore> = Box::new(documents_of(&home));
    Fixture::new(documents).with_reopen(move || documents_in(folder))
}

fn rate_limits_in(folder: TempDir) -> Fixture<dyn RateLimitStore> {
    let home = prepare_home(folder.path()).unwrap();
    let limits: Box<dyn RateLimitStore> = Box::new(SqliteRateLimits::open(&home).unwrap());
    Fixture::new(limits).with_reopen(move || rate_limits_in(folder))
}

#[test]
fn l1_the_store_of_rate_limits_keeps_every_promise() {
    rate_limits::suite(&|| rate_limits_in(TempDir::new().unwrap()));
}

#[test]
fn the_store_keeps_every_promise() {
    check_store(&|follower| store(TempDir::new().unwrap(), follower));
}

#[test]
fn the_document_store_keeps_every_promise() {
    documents::suite(&|| documents_in(TempDir::new().unwrap()));
}

#[test]
fn the_same_units_do_the_same_in_memory_and_in_sqlite() {
    let memory = |follower| -> Fixture<dyn Store> { Fixture::new(Box::new(MemoryStore::new(follower))) };
    differential::same_units(20, &memory, &|follower| store(TempDir::new().unwrap(), follower));
}
