//! The hash of what a document was made of.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::dataset::Metadata;

/// The SHA-256 of what a document was made of: the bytes of a file as they were sent, or the content and metadata of
/// a document that came as JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct ContentHash([u8; 32]);

/// A text that is no content hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a content hash has 64 hexadecimal digits")]
pub struct ContentHashError;

impl ContentHash {
    /// What a file is known by.
    #[must_use]
    pub fn of_file(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// What a document is known by that came as content and metadata.
    #[must_use]
    pub fn of_document(content: &str, metadata: &Metadata) -> Self {
        // The length stands between the two, so that no text can pass for metadata. Keys are in order.
        let mut hasher = Sha256::new();
        hasher.update(u64::try_from(content.len()).unwrap_or(u64::MAX).to_be_bytes());
        hasher.update(content.as_bytes());
        hasher.update(serde_json::to_vec(metadata).unwrap_or_default());
        Self(hasher.finalize().into())
    }

    /// The hash of what a hasher was given.
    pub(super) fn finished(hasher: Sha256) -> Self {
        Self(hasher.finalize().into())
    }

    /// The hash as its 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The hash whose 32 bytes these are.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl FromStr for ContentHash {
    type Err = ContentHashError;
    fn from_str(text: &str) -> Result<Self, ContentHashError> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| ContentHashError)?;
        Ok(Self(bytes))
    }
}

impl From<ContentHash> for String {
    fn from(hash: ContentHash) -> Self {
        hash.to_string()
    }
}

impl TryFrom<String> for ContentHash {
    type Error = ContentHashError;
    fn try_from(text: String) -> Result<Self, ContentHashError> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn q2_a_hash_tells_content_from_metadata_and_a_file_from_a_document() {
        let metadata: Metadata = [("a".to_owned(), 1.into())].into_iter().collect();
        let one = ContentHash::of_document("text", &metadata);
        assert_eq!(one, ContentHash::of_document("text", &metadata));
        let others = [
            ContentHash::of_document("text{\"a\":1}", &Metadata::new()),
            ContentHash::of_document("text", &Metadata::new()),
            ContentHash::of_file(b"text"),
        ];
        assert!(!others.contains(&one));
        assert_eq!(one.to_string().parse(), Ok(one));
        assert_eq!("00".parse::<ContentHash>(), Err(ContentHashError));
        let known = "982d9e3eb996f559e633f4d194def3761d909f5a3b647d1a851fead67c32c9d1";
        assert_eq!(ContentHash::of_file(b"text").to_string(), known);
    }
}
