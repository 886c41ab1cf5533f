//! The hidden command behind which files are read: the binary that serves is the one that reads.

use syft_space_domain::dataset::ports::TextExtractor;
use syft_space_domain::dataset::{FileFormat, FileRefused};
use syft_space_extract::{ProcessExtractor, ReaderLimits, ReaderProgram};

use super::run;
use crate::space::binary;

#[test]
fn k16_files_are_read_by_the_binary_itself_in_a_process_of_their_own() {
    let path = binary().get_program().into();
    let program = ReaderProgram { path, arguments: vec!["read-files".into()] };
    let extractor = ProcessExtractor::new(program, ReaderLimits::default());
    let page = b"<title>Harbor</title><h1>Rules</h1><p>Be quiet.";
    let extracted = extractor.extract(FileFormat::Html, page).unwrap();
    assert_eq!(
        (extracted.title.as_deref(), extracted.text.as_str()),
        (Some("Harbor"), "# Rules\n\nBe quiet.")
    );
    let refused = extractor.extract(FileFormat::Text, b"\xff").unwrap_err();
    assert_eq!(refused, FileRefused::Encoding.into());
}

#[test]
fn the_command_that_reads_files_is_for_the_server_alone() {
    let (code, said, _) = run(binary().arg("--help"));
    assert!(code == Some(0) && !said.contains("read-files"), "{said}");
}
