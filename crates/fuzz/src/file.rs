//! Files: whatever is in one, what is taken out of it is text, bounded, and the same each time.

use syft_space_domain::dataset::{FileFormat, NewDocument};
use syft_space_extract::extract;

pub(crate) fn html(bytes: &[u8]) {
    holds(FileFormat::Html, bytes);
}

pub(crate) fn csv(bytes: &[u8]) {
    holds(FileFormat::Csv, bytes);
}

/// Plain text, Markdown and JSON: the encodings they may come in are the same.
pub(crate) fn text(bytes: &[u8]) {
    for format in [FileFormat::Text, FileFormat::Markdown, FileFormat::Json] {
        holds(format, bytes);
    }
}

fn holds(format: FileFormat, bytes: &[u8]) {
    let extracted = extract(format, bytes);
    assert_eq!(extract(format, bytes), extracted, "the same file gives the same text");
    match extracted {
        Ok(extracted) => {
            let text = &extracted.text;
            assert!(!text.trim().is_empty() && text.len() <= NewDocument::MAX_BYTES);
            assert!(!text.contains(|c: char| c.is_control() && c != '\n' && c != '\t'), "control characters");
            if let Some(title) = &extracted.title {
                assert!(!title.trim().is_empty() && title.chars().count() <= 301, "{title:?}");
                assert!(!title.contains(|c: char| c.is_control()), "{title:?}");
            }
        }
        Err(refused) => assert!(refused.to_string().len() > 10, "a refusal says why"),
    }
}
