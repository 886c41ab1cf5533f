//! Tests that files made to keep a reader busy, or to fill its memory, are refused as such.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a helper of tests fails as a test does")]

use std::fmt::Write;
use std::time::Duration;

use flate2::{Compress, Compression, FlushCompress};
use syft_space_domain::dataset::ports::{ExtractError, TextExtractor};
use syft_space_domain::dataset::{FileFormat, FileRefused};
use syft_space_extract::{ProcessExtractor, ReaderLimits, ReaderProgram};

fn extractor() -> ProcessExtractor {
    let program = ReaderProgram { path: env!("CARGO_BIN_EXE_test-reader").into(), arguments: Vec::new() };
    let limits = ReaderLimits {
        processes: 1,
        memory: 192 << 20,
        time: Duration::from_secs(3),
        ..ReaderLimits::default()
    };
    ProcessExtractor::new(program, limits)
}

/// The file is refused for what it took, and the next is read.
#[track_caller]
fn assert_bomb(format: FileFormat, bytes: &[u8]) {
    let extractor = extractor();
    match extractor.extract(format, bytes) {
        Err(ExtractError::Refused(FileRefused::TooHeavy | FileRefused::TooSlow(3))) => {}
        other => panic!("{:?}", other.map(|extracted| extracted.text.len())),
    }
    let next = extractor.extract(FileFormat::Text, b"the next");
    assert!(next.is_ok_and(|extracted| extracted.text == "the next"));
}

/// A PDF of these objects from the third on; the third is the page's contents.
fn pdf(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut file = b"%PDF-1.7\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n<</Type/Pages/Count 1/MediaBox\
        [0 0 9 9]/Kids[<</Type/Page/Parent 2 0 R/Contents 3 0 R/Resources<</XObject<</X 4 0 R>>>>>>]>>\nendobj\n"
        .to_vec();
    for (number, object) in objects.iter().enumerate() {
        file.extend(format!("{} 0 obj\n", number + 3).bytes());
        file.extend(object);
        file.extend(b"\nendobj\n");
    }
    file.extend(b"trailer\n<</Size 99/Root 1 0 R>>\n");
    file
}

fn stream(entries: &str, content: &[u8]) -> Vec<u8> {
    let mut object = format!("<</Length {}{entries}>>\nstream\n", content.len()).into_bytes();
    object.extend(content);
    object.extend(b"\nendstream");
    object
}

/// A compressed stream of 2 GiB: the same piece, which stands by itself, again and again.
fn two_gibibytes() -> Vec<u8> {
    let piece = vec![b' '; 1 << 20];
    let mut compress = Compress::new(Compression::best(), true);
    let mut first = Vec::with_capacity(1 << 16);
    compress.compress_vec(&piece, &mut first, FlushCompress::Full).unwrap();
    let mut again = Vec::with_capacity(1 << 16);
    compress.compress_vec(&piece, &mut again, FlushCompress::Full).unwrap();
    for _ in 0..2_046 {
        first.extend_from_slice(&again);
    }
    first
}

#[test]
fn k16_a_pdf_whose_stream_unpacks_to_gigabytes_is_refused() {
    assert_bomb(FileFormat::Pdf, &pdf(&[stream("/Filter/FlateDecode", &two_gibibytes())]));
}

#[test]
fn k16_a_pdf_whose_forms_multiply_is_refused() {
    let mut objects = vec![stream("", b"/X Do")];
    for form in 5..30 {
        let entries = format!("/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X {form} 0 R>>>>");
        objects.push(stream(&entries, "/X Do ".repeat(10).as_bytes()));
    }
    assert_bomb(FileFormat::Pdf, &pdf(&objects));
}

#[test]
fn k16_a_page_whose_tag_has_attributes_without_end_is_refused() {
    let mut page = "<p ".to_owned();
    for number in 0..2_000_000 {
        write!(page, "a{number} ").unwrap();
    }
    page.push_str(">text");
    assert_bomb(FileFormat::Html, page.as_bytes());
}
