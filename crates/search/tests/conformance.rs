//! The conformance suite of the port.
#![expect(clippy::unwrap_used, reason = "tests and their helpers may panic")]

use syft_space_conformance::{Fixture, search, vectors};
use syft_space_domain::dataset::ports::{SearchEngine, VectorIndex};
use syft_space_home::Home;
use syft_space_search::{FlatVectors, Options, TantivySearch, VectorOptions};
use tempfile::TempDir;

fn engine_in(folder: TempDir) -> Fixture<dyn SearchEngine> {
    let home = Home::prepare_without_database(folder.path()).unwrap();
    let engine: Box<dyn SearchEngine> = Box::new(TantivySearch::new(home, Options::default()));
    Fixture::new(engine).with_reopen(move || engine_in(folder))
}

fn vectors_in(folder: TempDir, options: VectorOptions) -> Fixture<dyn VectorIndex> {
    let home = Home::prepare_without_database(folder.path()).unwrap();
    let index: Box<dyn VectorIndex> = Box::new(FlatVectors::new(home, options));
    Fixture::new(index).with_reopen(move || vectors_in(folder, options))
}

#[test]
fn q2_the_vectors_keep_every_promise() {
    vectors::suite(&|| vectors_in(TempDir::new().unwrap(), VectorOptions::default()));
}

/// As a large index is: in many segments, each scanned by whichever thread has time for it.
#[test]
fn q2_the_vectors_keep_every_promise_in_many_segments() {
    let options =
        VectorOptions { segment_bytes: 64 * 7, at_once_bytes: 0, threads: 2, ..VectorOptions::default() };
    vectors::suite(&move || vectors_in(TempDir::new().unwrap(), options));
}

#[test]
fn q2_the_engine_keeps_every_promise() {
    search::suite(&|| engine_in(TempDir::new().unwrap()));
}
