//! Documents, which owners put in.

use std::sync::Arc;

use crate::as_text::text_type;
use crate::dataset::{Chunk, ContentHash, Metadata};
use crate::ids::EventId;
use crate::page::PageItem;
use crate::time::Timestamp;

/// The name of a document in its dataset: 1 to 128 of `A-Z a-z 0-9 . _ -`, but neither `.` nor `..`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DocumentId(Arc<str>);

/// A text that is no document id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a document_id has 1 to {} characters of A-Z, a-z, 0-9, '.', '_' and '-', and is neither . nor ..",
    DocumentId::MAX
)]
pub struct DocumentIdError;

impl DocumentId {
    /// The most characters.
    pub const MAX: usize = 128;

    /// Reads a document id.
    ///
    /// # Errors
    /// When the text is none.
    pub fn parse(text: &str) -> Result<Self, DocumentIdError> {
        let fits = (1..=Self::MAX).contains(&text.len()) && text != "." && text != "..";
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        if fits && text.bytes().all(allowed) { Ok(Self(text.into())) } else { Err(DocumentIdError) }
    }

    /// An id whose maker has kept the rules.
    pub(super) fn made(text: String) -> Self {
        debug_assert!(Self::parse(&text).is_ok(), "{text} is no document id");
        Self(text.into())
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<EventId> for DocumentId {
    fn from(id: EventId) -> Self {
        Self::made(id.to_string())
    }
}

text_type!(DocumentId, DocumentIdError);

/// A document that may be put into a dataset.
#[derive(Debug, Clone, PartialEq)]
pub struct NewDocument {
    /// Its id; the same again replaces.
    pub id: DocumentId,
    /// Its text.
    pub content: String,
    /// What its owner says about it. A title is its `title`.
    pub metadata: Metadata,
}

/// A document that may not be put into a dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// There is nothing to search in it.
    #[error("content is empty: a document needs text")]
    Empty,
    /// There is more than one document should hold.
    #[error("content has more than {} bytes: split the document", NewDocument::MAX_BYTES)]
    TooLong,
    /// It holds a NUL character, which no text has.
    #[error("content holds a NUL character: it is not text")]
    NotText,
    /// There is more metadata than text wants.
    #[error("metadata has more than {} bytes as JSON", NewDocument::MAX_METADATA)]
    MetadataTooLong,
}

impl NewDocument {
    /// The most bytes of content.
    pub const MAX_BYTES: usize = 8 * 1024 * 1024;
    /// The most bytes of metadata, as JSON.
    pub const MAX_METADATA: usize = 16 * 1024;

    /// Checks a document.
    ///
    /// # Errors
    /// When it is empty, too long, or no text.
    pub fn new(id: DocumentId, content: String, metadata: Metadata) -> Result<Self, DocumentError> {
        Self::check_content(&content)?;
        Self::check_metadata(&metadata)?;
        Ok(Self { id, content, metadata })
    }

    /// Checks the text of a document.
    ///
    /// # Errors
    /// When it is empty, too long, or no text.
    pub fn check_content(content: &str) -> Result<(), DocumentError> {
        match content {
            _ if content.trim().is_empty() => Err(DocumentError::Empty),
            _ if content.len() > Self::MAX_BYTES => Err(DocumentError::TooLong),
            _ if content.contains('\0') => Err(DocumentError::NotText),
            _ => Ok(()),
        }
    }

    /// Checks the metadata of a document, its title among it.
    ///
    /// # Errors
    /// When it is too long.
    pub fn check_metadata(metadata: &Metadata) -> Result<(), DocumentError> {
        let bytes = serde_json::to_vec(metadata).map_or(usize::MAX, |json| json.len());
        if bytes > Self::MAX_METADATA { Err(DocumentError::MetadataTooLong) } else { Ok(()) }
    }
}

/// A document as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// Its id.
    pub id: DocumentId,
    /// Its text.
    pub content: String,
    /// What its owner says about it.
    pub metadata: Metadata,
    /// What it was cut into, in order.
    pub chunks: Vec<Chunk>,
    /// What it was made of.
    pub sha256: ContentHash,
    /// Which version of its reader read it, if it was a file.
    pub reader: Option<ReaderVersion>,
    /// When it was put in.
    pub created_at: Timestamp,
}

/// A document without its text.
#[derive(Debug, Clone, PartialEq)]
pub struct DocumentSummary {
    /// Its id.
    pub id: DocumentId,
    /// What its owner says about it.
    pub metadata: Metadata,
    /// How many bytes of text it has.
    pub bytes: u64,
    /// How many chunks it was cut into.
    pub chunks: u64,
    /// What it was made of.
    pub sha256: ContentHash,
    /// Which version of its reader read it, if it was a file.
    pub reader: Option<ReaderVersion>,
    /// When it was put in.
    pub created_at: Timestamp,
}

impl PageItem for DocumentSummary {
    fn bytes(&self) -> usize {
        let metadata = serde_json::to_vec(&self.metadata).map_or(0, |json| json.len());
        self.id.as_str().len() + metadata
    }
}

/// Which version of its reader a file was read by. Readers get better: what another version has read is read again when
/// the same file comes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReaderVersion(pub u32);

/// What a document was made of, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MadeOf {
    /// What it was made of.
    pub sha256: ContentHash,
    /// Which version of its reader read it; `None` where it was no file, or was read before that was kept.
    pub reader: Option<ReaderVersion>,
}

/// The number of a change to a dataset's documents; 0 is before any change. Later changes have higher numbers. Not every number is that
/// of a change: a store that outlives its process leaves some out at random, so that changes which a copy of it lacks, and those that the
/// copy has in their place, have no number in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ChangeNumber(pub u64);

/// A change that an index must follow.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// A document was put in, in place of any older one of its id.
    Put(ChangeNumber, Document),
    /// A document was removed.
    Removed(ChangeNumber, DocumentId),
}

impl Change {
    /// Its number.
    #[must_use]
    pub fn number(&self) -> ChangeNumber {
        match self {
            Self::Put(number, _) | Self::Removed(number, _) => *number,
        }
    }
}

/// How much a dataset holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Documents.
    pub documents: u64,
    /// Chunks.
    pub chunks: u64,
    /// Bytes of content.
    pub bytes: u64,
}
