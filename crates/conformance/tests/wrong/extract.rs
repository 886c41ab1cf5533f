//! Readers of files that are wrong in one thing.

use std::sync::atomic::{AtomicBool, Ordering};

use syft_space_conformance::extract;
use syft_space_domain::dataset::ports::{ExtractError, TextExtractor};
use syft_space_domain::dataset::{ExtractedText, FileFormat, FileRefused, NewDocument};

use crate::assert_caught;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    Guesses,
    StaysBroken,
    KnowsNoEnd,
    ShortensALittle,
    FindsTextInNothing,
    LetsNulThrough,
}

struct Faulty {
    fault: Fault,
    broken: AtomicBool,
}

impl TextExtractor for Faulty {
    fn extract(&self, format: FileFormat, bytes: &[u8]) -> Result<ExtractedText, ExtractError> {
        let fault = self.fault;
        if fault == Fault::StaysBroken && self.broken.load(Ordering::Relaxed) {
            return Err(FileRefused::TooHeavy.into());
        }
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) if fault == Fault::Guesses => String::from_utf8_lossy(bytes).into_owned(),
            Err(_) => {
                self.broken.store(true, Ordering::Relaxed);
                return Err(FileRefused::Encoding.into());
            }
        };
        let most = NewDocument::MAX_BYTES;
        if text.len() > most && fault != Fault::KnowsNoEnd {
            return Err(FileRefused::TooLarge(0).into());
        }
        if text.len() == most && fault == Fault::ShortensALittle {
            return Ok(ExtractedText { title: None, text: text[1..].to_owned() });
        }
        if text.trim().is_empty() && fault != Fault::FindsTextInNothing {
            return Err(FileRefused::NoText.into());
        }
        if text.contains('\0') && fault != Fault::LetsNulThrough {
            return Err(FileRefused::Encoding.into());
        }
        let heading = text.strip_prefix("# ").and_then(|rest| rest.lines().next());
        let title = heading.filter(|_| format == FileFormat::Markdown).map(str::to_owned);
        Ok(ExtractedText { title, text })
    }
}

fn make(fault: Fault) -> impl Fn() -> Box<dyn TextExtractor> {
    move || Box::new(Faulty { fault, broken: AtomicBool::new(false) })
}

#[test]
fn readers_of_files_that_are_wrong_are_caught() {
    extract::suite(&make(Fault::None));
    for (fault, promise) in [
        (Fault::Guesses, "k16_what_is_no_text_is_refused_each_time"),
        (Fault::StaysBroken, "k16_a_refused_file_does_not_disturb_the_next"),
        (Fault::KnowsNoEnd, "k16_a_text_of_more_than_a_document_holds_is_refused"),
        (Fault::ShortensALittle, "q2_a_text_of_the_largest_size_is_taken_out"),
        (Fault::FindsTextInNothing, "i1_a_file_without_text_is_refused_as_such"),
    ] {
        assert_caught(extract::CHECKS, &make(fault), promise);
    }
}

#[test]
fn a_reader_that_lets_a_nul_through_is_caught() {
    assert_caught(
        extract::CHECKS,
        &make(Fault::LetsNulThrough),
        "k16_any_bytes_in_any_format_are_text_or_refused",
    );
}
