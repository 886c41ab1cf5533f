//! The conformance suite of the port.

use syft_space_conformance::extract;
use syft_space_extract::{InProcessExtractor, ProcessExtractor, ReaderLimits, ReaderProgram};

#[test]
fn the_reader_in_the_process_keeps_its_promises() {
    extract::suite(&|| Box::new(InProcessExtractor));
}

#[test]
fn the_readers_in_processes_keep_their_promises() {
    extract::suite(&|| {
        let program = ReaderProgram { path: env!("CARGO_BIN_EXE_test-reader").into(), arguments: Vec::new() };
        Box::new(ProcessExtractor::new(program, ReaderLimits::default()))
    });
}
