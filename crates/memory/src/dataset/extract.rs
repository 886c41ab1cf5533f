//! A text extractor for files that are text already.

use syft_space_domain::dataset::ports::{ExtractError, TextExtractor};
use syft_space_domain::dataset::{ExtractedText, FileFormat, FileRefused, NewDocument, ReaderVersion};

/// Reads plain text and Markdown, in UTF-8, and nothing else.
#[derive(Debug, Clone, Copy, Default)]
pub struct TextFiles;

impl TextExtractor for TextFiles {
    fn extract(&self, format: FileFormat, bytes: &[u8]) -> Result<ExtractedText, ExtractError> {
        if !matches!(format, FileFormat::Text | FileFormat::Markdown) {
            let why = "nothing here reads this format".to_owned();
            return Err(FileRefused::Damaged(format.as_str(), why).into());
        }
        let text = std::str::from_utf8(bytes).map_err(|_| FileRefused::Encoding)?;
        if text.contains('\0') {
            return Err(FileRefused::Encoding.into());
        }
        if text.len() > NewDocument::MAX_BYTES {
            let max_bytes = u64::try_from(NewDocument::MAX_BYTES).unwrap_or(u64::MAX);
            return Err(FileRefused::TooLarge(max_bytes).into());
        }
        if text.trim().is_empty() {
            return Err(FileRefused::NoText.into());
        }
        let heading = text.lines().find_map(|line| line.strip_prefix("# "));
        let title = heading.filter(|_| format == FileFormat::Markdown);
        let title = title.map(|title| title.trim().to_owned());
        Ok(ExtractedText { title, text: text.to_owned(), marks: Vec::new() })
    }

    fn version(&self, _format: FileFormat) -> ReaderVersion {
        ReaderVersion(1)
    }
}
