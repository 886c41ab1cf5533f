//! A vector database outside of the space, where the vectors of a dataset may lie.
//!
//! Vectors lie there under numbers. Texts, titles and the ids of documents stay here: what is found is looked up in what the
//! space holds itself.

use url::Url;

use crate::as_text::{text_enum, text_type};
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

/// Where a vector database is reached: an HTTP origin, with a path where a proxy adds one. No user, query or fragment, and no
/// slash at the end.
///
/// ```
/// use syft_space_domain::dataset::VectorDatabaseUrl;
/// assert_eq!(VectorDatabaseUrl::parse("https://Vectors.Example.org:443/")?.as_str(), "https://vectors.example.org");
/// assert!(VectorDatabaseUrl::parse("https://user:secret@vectors.example.org").is_err());
/// # Ok::<(), syft_space_domain::dataset::VectorDatabaseUrlError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VectorDatabaseUrl(String);

/// A text that is no URL of a vector database.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VectorDatabaseUrlError {
    /// It is no URL of HTTP.
    #[error("write the database's address as https://host, or https://host:port")]
    NotHttp,
    /// It holds a user name or a password.
    #[error("no user name or password may stand in the address; send the credential beside it")]
    Credential,
    /// It holds a query or a fragment.
    #[error("the address ends before ? and #")]
    Trailing,
    /// It is too long.
    #[error("the address has at most {} characters", VectorDatabaseUrl::MAX)]
    TooLong,
}

impl VectorDatabaseUrl {
    /// The most characters.
    pub const MAX: usize = 500;

    /// Reads a URL; host and port come out in the form of the URL standard.
    ///
    /// # Errors
    /// One variant for each way in which a text is none.
    pub fn parse(text: &str) -> Result<Self, VectorDatabaseUrlError> {
        let url = Url::parse(text).map_err(|_| VectorDatabaseUrlError::NotHttp)?;
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            return Err(VectorDatabaseUrlError::NotHttp);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(VectorDatabaseUrlError::Credential);
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(VectorDatabaseUrlError::Trailing);
        }
        let read = url.as_str().trim_end_matches('/');
        // Counted once it is written out: a name in another script becomes longer.
        if read.len() > Self::MAX {
            return Err(VectorDatabaseUrlError::TooLong);
        }
        Ok(Self(read.to_owned()))
    }

    /// The URL as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

text_type!(VectorDatabaseUrl, VectorDatabaseUrlError);

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
    pub url: VectorDatabaseUrl,
    /// Whether the space made it for the dataset alone. Then its URL may be another each time, and the database is the same.
    pub is_provisioned: bool,
    /// What it knows the space by; `None` where it asks for nothing.
    pub credential: Option<VectorDatabaseCredential>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn q2_a_vector_database_is_at_a_plain_http_url() {
        for (text, read) in [
            ("https://Vectors.Example.org:443/", "https://vectors.example.org"),
            ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
            ("https://example.org/chroma/", "https://example.org/chroma"),
        ] {
            assert_eq!(VectorDatabaseUrl::parse(text).map(|url| url.to_string()), Ok(read.to_owned()));
        }
        let long = format!("https://example.org/{}", "a".repeat(VectorDatabaseUrl::MAX));
        for (text, error) in [
            ("", VectorDatabaseUrlError::NotHttp),
            ("vectors.example.org", VectorDatabaseUrlError::NotHttp),
            ("ftp://example.org", VectorDatabaseUrlError::NotHttp),
            ("https://key@example.org", VectorDatabaseUrlError::Credential),
            ("https://:key@example.org", VectorDatabaseUrlError::Credential),
            ("https://example.org?key=1", VectorDatabaseUrlError::Trailing),
            ("https://example.org#", VectorDatabaseUrlError::Trailing),
            (long.as_str(), VectorDatabaseUrlError::TooLong),
        ] {
            assert_eq!(VectorDatabaseUrl::parse(text), Err(error), "{text}");
        }
    }

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
