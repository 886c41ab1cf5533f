//! A vector database outside of the space, where the vectors of a dataset may lie.
//!
//! Vectors lie there under numbers. Texts, titles and the ids of documents stay here: what is found is looked up in what the
//! space holds itself.

use crate::as_text::text_enum;
use crate::dataset::ServerUrl;
use crate::secret::Secret;

text_enum! {
    /// What a vector database is spoken to with.
    pub enum VectorDatabaseKind {
        /// Chroma's HTTP API, version 2.
        Chroma = "chroma",
        /// Qdrant's REST API.
        Qdrant = "qdrant",
    }

    /// A text that is no kind of vector database.
    #[error("a vector database is chroma or qdrant")]
    pub struct VectorDatabaseKindError;
}

/// What a vector database knows the space by: a token or an API key.
#[derive(Clone)]
pub struct VectorDatabaseCredential(Secret<String>);

/// A text that is no credential for a vector database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a credential has 1 to {} printable ASCII characters and no spaces", VectorDatabaseCredential::MAX)]
pub struct VectorDatabaseCredentialError;

impl VectorDatabaseCredential {
    /// The most characters.
    pub const MAX: usize = 4_096;

    /// Reads a credential. Nothing of it is changed.
    ///
    /// # Errors
    /// When it could not stand in a header.
    pub fn parse(text: String) -> Result<Self, VectorDatabaseCredentialError> {
        let secret = Secret::new(text);
        Self::check(secret.expose()).map(|()| Self(secret))
    }

    /// Whether this is one.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn check(text: &str) -> Result<(), VectorDatabaseCredentialError> {
        let fits = (1..=Self::MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if fits { Ok(()) } else { Err(VectorDatabaseCredentialError) }
    }

    /// The secret itself.
    #[must_use]
    pub fn secret(&self) -> &Secret<String> {
        &self.0
    }
}

/// A vector database, as it is called.
#[derive(Clone)]
pub struct VectorDatabase {
    /// What it is spoken to with.
    pub kind: VectorDatabaseKind,
    /// Where it is.
    pub url: ServerUrl,
    /// Whether the space made it for the dataset alone. Then its URL may be another each time, and the database is the same.
    pub is_provisioned: bool,
    /// What it knows the space by; `None` where it asks for nothing.
    pub credential: Option<VectorDatabaseCredential>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn q2_a_credential_can_stand_in_a_header() {
        let most = "a".repeat(VectorDatabaseCredential::MAX);
        for text in ["a", "sk-~!/+=", &most] {
            let read = VectorDatabaseCredential::parse(text.to_owned()).expect("a credential");
            assert_eq!(read.secret().expose(), text);
        }
        for text in ["", "a b", "a\r\nb", "schlüssel", &format!("{most}a")] {
            assert!(VectorDatabaseCredential::parse(text.to_owned()).is_err(), "{text:?}");
        }
    }
}
