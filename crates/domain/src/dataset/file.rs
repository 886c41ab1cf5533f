//! A file that an owner brings: its name, its format, and the document it becomes.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

use crate::dataset::{DocumentId, Mark};

/// The name of a file below the folder it was taken from: parts joined by `/`, such as `2026/minutes.pdf`.
///
/// It names what a document came from and is never opened: no part is empty, `.` or `..`, and none has a control
/// character, a backslash or a mark that changes the direction of text.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileName(String);

/// A text that is no file name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a file name has 1 to {} bytes, in parts joined by '/': none empty, '.' or '..', and none with a backslash, a control \
     character or a mark that changes the direction of text",
    FileName::MAX
)]
pub struct FileNameError;

impl FileName {
    /// The most bytes.
    pub const MAX: usize = 1_024;

    /// Reads a file name.
    ///
    /// # Errors
    /// When the text is none.
    pub fn parse(text: &str) -> Result<Self, FileNameError> {
        let part_fits = |part: &str| !matches!(part, "" | "." | "..") && !part.contains('\\');
        let fits =
            text.len() <= Self::MAX && text.split('/').all(part_fits) && crate::text::is_one_line(text);
        if fits { Ok(Self(text.to_owned())) } else { Err(FileNameError) }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last part.
    #[must_use]
    pub fn last(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// The id of the document it becomes: the name itself where it can be one. Else what an id cannot have is
    /// replaced by `-`, and a part of the name's hash makes up for what that lost. Different names never get one id
    /// by accident.
    ///
    /// ```
    /// use syft_space_domain::dataset::FileName;
    /// let id = |name: &str| FileName::parse(name).unwrap().document_id().to_string();
    /// assert_eq!(id("minutes.pdf"), "minutes.pdf");
    /// assert_eq!(id("2026/minutes.pdf"), "2026-minutes.pdf-babf7a8bc7bd451c");
    /// ```
    #[must_use]
    pub fn document_id(&self) -> DocumentId {
        DocumentId::parse(&self.0).unwrap_or_else(|_| {
            let hash = hex::encode(Sha256::digest(self.0.as_bytes()));
            let hash = hash.get(..16).unwrap_or(&hash);
            let allowed = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_') { c } else { '-' };
            let readable: String = self.0.chars().map(allowed).take(DocumentId::MAX - 17).collect();
            DocumentId::made(format!("{readable}-{hash}"))
        })
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for FileName {
    type Err = FileNameError;
    fn from_str(text: &str) -> Result<Self, FileNameError> {
        Self::parse(text)
    }
}

/// A format that text can be taken out of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileFormat {
    /// Plain text.
    Text,
    /// Markdown.
    Markdown,
    /// HTML.
    Html,
    /// Comma-separated values.
    Csv,
    /// JSON.
    Json,
    /// PDF.
    Pdf,
    /// Office Open XML, word processing.
    Docx,
    /// Office Open XML, workbooks.
    Xlsx,
    /// Office Open XML, presentations.
    Pptx,
    /// OpenDocument, text.
    Odt,
    /// E-books.
    Epub,
    /// HTML that is XML.
    Xhtml,
    /// E-mails.
    Eml,
}

/// No text can be taken out of files of this name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the format is told by the name's ending, which is one of: {}", FileFormat::ENDINGS.map(|(ending, _)| ending).join(", "))]
pub struct FileFormatError;

impl FileFormat {
    /// Every format.
    pub const ALL: [Self; 13] = [
        Self::Text,
        Self::Markdown,
        Self::Html,
        Self::Csv,
        Self::Json,
        Self::Pdf,
        Self::Docx,
        Self::Xlsx,
        Self::Pptx,
        Self::Odt,
        Self::Epub,
        Self::Xhtml,
        Self::Eml,
    ];

    /// Which ending means which format, in lower case.
    pub const ENDINGS: [(&'static str, Self); 15] = [
        (".txt", Self::Text),
        (".md", Self::Markdown),
        (".markdown", Self::Markdown),
        (".html", Self::Html),
        (".htm", Self::Html),
        (".xhtml", Self::Xhtml),
        (".csv", Self::Csv),
        (".json", Self::Json),
        (".pdf", Self::Pdf),
        (".docx", Self::Docx),
        (".xlsx", Self::Xlsx),
        (".pptx", Self::Pptx),
        (".odt", Self::Odt),
        (".epub", Self::Epub),
        (".eml", Self::Eml),
    ];

    /// The format of a file of this name.
    ///
    /// # Errors
    /// When its ending is none that is known.
    pub fn of(name: &FileName) -> Result<Self, FileFormatError> {
        let name = name.last().to_ascii_lowercase();
        let known = Self::ENDINGS.into_iter().find(|(ending, _)| name.ends_with(ending));
        known.map(|(_, format)| format).ok_or(FileFormatError)
    }

    /// The format's name, as it stands in the endings. XHTML is HTML by it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "txt",
            Self::Markdown => "md",
            Self::Html | Self::Xhtml => "html",
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Pdf => "pdf",
            Self::Docx => "docx",
            Self::Xlsx => "xlsx",
            Self::Pptx => "pptx",
            Self::Odt => "odt",
            Self::Epub => "epub",
            Self::Eml => "eml",
        }
    }
}

/// The most bytes of a file.
pub const FILE_MAX_BYTES: usize = 32 * 1024 * 1024;

/// What was taken out of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtractedText {
    /// What it says of itself that it is called.
    pub title: Option<String>,
    /// Its text, headings as in Markdown. At most [`NewDocument::MAX_BYTES`](super::NewDocument::MAX_BYTES).
    pub text: String,
    /// Where pages and the like begin in it, in order. At most [`Mark::MAX`].
    pub marks: Vec<Mark>,
}

/// Why a file gives no text. The same file gives none again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileRefused {
    /// It is not what its name says.
    #[error("the file is not readable as {0}: {1}")]
    Damaged(&'static str, String),
    /// It is text in an encoding that cannot be told.
    #[error("the file is not text in UTF-8 (nor in UTF-16 with a byte order mark): save it as UTF-8")]
    Encoding,
    /// It needs a password.
    #[error("the file is encrypted: save it without a password")]
    Encrypted,
    /// There is no text in it.
    #[error("there is no text in the file")]
    NoText,
    /// It is larger than a file may be, or unpacks to more.
    #[error("the file holds or unpacks to more than {0} bytes: split it")]
    TooLarge(u64),
    /// Reading it took longer than it may.
    #[error("reading the file took more than {0} s: split it, or save it in a simpler format")]
    TooSlow(u64),
    /// Reading it took more memory than it may, or ended the process that read it.
    #[error(
        "reading the file took more memory than it may, or broke its reader: save it in a simpler format"
    )]
    TooHeavy,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k16_a_file_name_names_nothing_outside_and_holds_no_mark_that_deceives() {
        for bad in [
            "",
            "/etc/passwd",
            "../a.txt",
            "a/../b.txt",
            "a//b.txt",
            "./a",
            "a/",
            "a\\b",
            "nul\0",
            "a\nb",
            "a\u{202e}b",
        ] {
            assert_eq!(FileName::parse(bad), Err(FileNameError), "{bad:?}");
        }
        assert!(FileName::parse(&"x".repeat(1_025)).is_err());
        for good in ["a.txt", "Protokoll März.pdf", "2026/07/minutes.docx", "..a", "議事録.md"] {
            assert!(FileName::parse(good).is_ok(), "{good:?}");
        }
    }

    #[test]
    fn q2_every_file_name_has_a_document_id_and_names_that_look_alike_have_different_ones() {
        let id = |name: &str| FileName::parse(name).unwrap().document_id();
        assert_ne!(id("a/b.txt"), id("a b.txt"));
        assert_ne!(id("ä.txt"), id("ö.txt"));
        let long = |last: char| format!("{}{last}", "x".repeat(1_000));
        assert_ne!(id(&long('a')), id(&long('b')));
        assert!(id(&long('a')).as_str().len() <= DocumentId::MAX);
    }

    #[test]
    fn q2_the_format_is_told_by_the_ending_whatever_its_case() {
        let format = |name: &str| FileFormat::of(&FileName::parse(name).unwrap());
        assert_eq!(format("a/B.PDF"), Ok(FileFormat::Pdf));
        assert_eq!(format("index.htm"), Ok(FileFormat::Html));
        assert_eq!(format("a.tar.gz"), Err(FileFormatError));
        assert_eq!(format("pdf"), Err(FileFormatError));
    }
}
