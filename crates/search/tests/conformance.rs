//! The conformance suite of the port.
#![expect(clippy::unwrap_used, reason = "tests and their helpers may panic")]

use syft_space_conformance::{Fixture, search};
use syft_space_domain::dataset::ports::SearchEngine;
use syft_space_home::Home;
use syft_space_search::{Options, TantivySearch};
use tempfile::TempDir;

fn engine_in(folder: TempDir) -> Fixture<dyn SearchEngine> {
    let home = Home::prepare_without_database(folder.path()).unwrap();
    let engine: Box<dyn SearchEngine> = Box::new(TantivySearch::new(home, Options::default()));
    Fixture::new(engine).with_reopen(move || engine_in(folder))
}

#[test]
fn q2_the_engine_keeps_every_promise() {
    search::suite(&|| engine_in(TempDir::new().unwrap()));
}
