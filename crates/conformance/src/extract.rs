//! The suite of [`TextExtractor`]. It demands only plain text and Markdown of every extractor.

use syft_space_domain::dataset::ports::{ExtractError, TextExtractor};
use syft_space_domain::dataset::{ExtractedText, FileFormat, FileRefused, NewDocument};

use crate::check::{Check, checks, run_all};
use crate::fixture::ExtractorFactory;

/// Every promise of [`TextExtractor`].
pub const CHECKS: &[Check<ExtractorFactory>] = checks![
    q2_text_is_taken_out_as_it_stands_and_the_same_each_time,
    q2_a_text_of_the_largest_size_is_taken_out,
    k16_a_text_of_more_than_a_document_holds_is_refused,
    k16_what_is_no_text_is_refused_each_time,
    k16_a_refused_file_does_not_disturb_the_next,
    i1_a_file_without_text_is_refused_as_such,
    k16_any_bytes_in_any_format_are_text_or_refused,
];

/// Checks every promise.
pub fn suite(make: &ExtractorFactory) {
    run_all("the reader of files", CHECKS, make);
}

/// The text, or why there is none; that nothing can be read at the moment breaks every promise.
#[track_caller]
fn read(
    extractor: &dyn TextExtractor,
    format: FileFormat,
    bytes: &[u8],
) -> Result<ExtractedText, FileRefused> {
    match extractor.extract(format, bytes) {
        Ok(extracted) => Ok(extracted),
        Err(ExtractError::Refused(refused)) => Err(refused),
        Err(ExtractError::Failed(why)) => panic!("files are read at any moment, but: {why}"),
    }
}

/// The first heading of Markdown is the title.
pub fn q2_text_is_taken_out_as_it_stands_and_the_same_each_time(make: &ExtractorFactory) {
    let extractor = make();
    let text = "# The harbor\n\nGrüße from 港 \u{1f6a2}.\n";
    for _ in 0..2 {
        let plain = ExtractedText { title: None, text: text.to_owned(), marks: Vec::new() };
        let marked = ExtractedText { title: Some("The harbor".to_owned()), ..plain.clone() };
        assert_eq!(read(&*extractor, FileFormat::Text, text.as_bytes()), Ok(plain), "plain text is its text");

        assert_eq!(read(&*extractor, FileFormat::Markdown, text.as_bytes()), Ok(marked), "so is Markdown");
    }
}

/// The text is complete to the last byte.
pub fn q2_a_text_of_the_largest_size_is_taken_out(make: &ExtractorFactory) {
    let text = "0123456\n".repeat(NewDocument::MAX_BYTES / 8);
    let extracted = read(&*make(), FileFormat::Text, text.as_bytes());
    assert!(extracted.is_ok_and(|extracted| extracted.text == text), "a text of the largest size is whole");
}

/// Otherwise the dataset would refuse the document later.
pub fn k16_a_text_of_more_than_a_document_holds_is_refused(make: &ExtractorFactory) {
    let text = "x".repeat(NewDocument::MAX_BYTES + 1);
    let refused = read(&*make(), FileFormat::Text, text.as_bytes());
    assert!(matches!(refused, Err(FileRefused::TooLarge(_))), "one byte more is too large");
}

/// Checks invalid UTF-8.
pub fn k16_what_is_no_text_is_refused_each_time(make: &ExtractorFactory) {
    let extractor = make();
    for bytes in [&b"Gr\xfc\xdfe"[..], b"\xc3(", b"\xed\xa0\x80"] {
        for _ in 0..2 {
            let refused = read(&*extractor, FileFormat::Text, bytes);
            assert_eq!(refused, Err(FileRefused::Encoding), "{bytes:?} is no text, again and again");
        }
    }
}

/// The same extractor reads both files.
pub fn k16_a_refused_file_does_not_disturb_the_next(make: &ExtractorFactory) {
    let extractor = make();
    for format in FileFormat::ALL {
        let _refused = read(&*extractor, format, b"\xff\xff\xff\xff");
        let extracted = read(&*extractor, FileFormat::Text, b"the next");
        assert!(
            extracted.is_ok_and(|extracted| extracted.text == "the next"),
            "the next file is read after a refused {format:?}"
        );
    }
}

/// Checks empty files and files of white space.
pub fn i1_a_file_without_text_is_refused_as_such(make: &ExtractorFactory) {
    let extractor = make();
    for bytes in [&b""[..], b" \n\t"] {
        for format in [FileFormat::Text, FileFormat::Markdown] {
            assert_eq!(read(&*extractor, format, bytes), Err(FileRefused::NoText), "{bytes:?} has no text");
        }
    }
}

/// Extracted text fits a document.
pub fn k16_any_bytes_in_any_format_are_text_or_refused(make: &ExtractorFactory) {
    let extractor = make();
    let every_byte: Vec<u8> = (0..=u8::MAX).collect();
    let samples: [&[u8]; 9] = [
        b"",
        &every_byte,
        b"%PDF-1.7\n1 0 obj\n<<",
        b"PK\x03\x04\x14\0\0\0\x08\0",
        b"{\"a\": [1, {\"b\"",
        b"<p>text<table><tr><td>&#0;&#xd800;<script>",
        b"a,\"b\n1,2",
        b"\xff\xfe",
        b"a\0b",
    ];
    for format in FileFormat::ALL {
        for bytes in samples {
            let Ok(extracted) = read(&*extractor, format, bytes) else { continue };
            let fits = !extracted.text.trim().is_empty()
                && extracted.text.len() <= NewDocument::MAX_BYTES
                && !extracted.text.contains('\0');
            assert!(fits, "what is taken out of {bytes:?} as {format:?} fits a document");
        }
    }
}
