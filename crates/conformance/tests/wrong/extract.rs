//! Text extractors with one fault each.

use std::sync::atomic::{AtomicBool, Ordering};

use syft_space_conformance::extract;
use syft_space_domain::dataset::ports::{ExtractError, TextExtractor};
use syft_space_domain::dataset::{ExtractedText, FileFormat, FileRefused, NewDocument, ReaderVersion};

use crate::assert_caught;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    ReplacesInvalidBytes,
    FailsAfterRefusal,
    IgnoresMaxSize,
    TruncatesLongText,
    AcceptsEmptyText,
    AcceptsNul,
}

struct FaultyExtractor {
    fault: Fault,
    has_refused: AtomicBool,
}

impl TextExtractor for FaultyExtractor {
    fn version(&self, _format: FileFormat) -> ReaderVersion {
        ReaderVersion(1)
    }

    fn extract(&self, format: FileFormat, bytes: &[u8]) -> Result<ExtractedText, ExtractError> {
        let fault = self.fault;
        if fault == Fault::FailsAfterRefusal && self.has_refused.load(Ordering::Relaxed) {
            return Err(FileRefused::TooHeavy.into());
        }
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) if fault == Fault::ReplacesInvalidBytes => String::from_utf8_lossy(bytes).into_owned(),
            Err(_) => {
                self.has_refused.store(true, Ordering::Relaxed);
                return Err(FileRefused::Encoding.into());
            }
        };
        let max_bytes = NewDocument::MAX_BYTES;
        if text.len() > max_bytes && fault != Fault::IgnoresMaxSize {
            return Err(FileRefused::TooLarge(0).into());
        }
        if text.len() == max_bytes && fault == Fault::TruncatesLongText {
            return Ok(ExtractedText { title: None, text: text[1..].to_owned(), marks: Vec::new() });
        }
        if text.trim().is_empty() && fault != Fault::AcceptsEmptyText {
            return Err(FileRefused::NoText.into());
        }
        if text.contains('\0') && fault != Fault::AcceptsNul {
            return Err(FileRefused::Encoding.into());
        }
        let heading = text.strip_prefix("# ").and_then(|rest| rest.lines().next());
        let title = heading.filter(|_| format == FileFormat::Markdown).map(str::to_owned);
        Ok(ExtractedText { title, text, marks: Vec::new() })
    }
}

fn make(fault: Fault) -> impl Fn() -> Box<dyn TextExtractor> {
    move || Box::new(FaultyExtractor { fault, has_refused: AtomicBool::new(false) })
}

#[test]
fn readers_of_files_that_are_wrong_are_caught() {
    extract::suite(&make(Fault::None));
    for (fault, promise) in [
        (Fault::ReplacesInvalidBytes, "k16_what_is_no_text_is_refused_each_time"),
        (Fault::FailsAfterRefusal, "k16_a_refused_file_does_not_disturb_the_next"),
        (Fault::IgnoresMaxSize, "k16_a_text_of_more_than_a_document_holds_is_refused"),
        (Fault::TruncatesLongText, "q2_a_text_of_the_largest_size_is_taken_out"),
        (Fault::AcceptsEmptyText, "i1_a_file_without_text_is_refused_as_such"),
    ] {
        assert_caught(extract::CHECKS, &make(fault), promise);
    }
}

#[test]
fn a_reader_that_lets_a_nul_through_is_caught() {
    assert_caught(
        extract::CHECKS,
        &make(Fault::AcceptsNul),
        "k16_any_bytes_in_any_format_are_text_or_refused",
    );
}
