//! The conformance suite of the spool.

use syft_space_conformance::{Fixture, spool};
use syft_space_domain::dataset::ports::Spool;
use syft_space_home::FileSpool;
use tempfile::TempDir;

use crate::support::prepare;

fn spool_in(folder: TempDir) -> Fixture<dyn Spool> {
    let home = prepare(folder.path()).unwrap();
    let spool: Box<dyn Spool> = Box::new(FileSpool::new(&home));
    Fixture::new(spool).with_reopen(move || spool_in(folder))
}

#[test]
fn the_spool_keeps_every_promise() {
    spool::suite(&|| spool_in(TempDir::new().unwrap()));
}
