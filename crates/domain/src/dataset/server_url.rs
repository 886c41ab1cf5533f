//! The address of a server that a dataset is over.

use url::Url;

use crate::as_text::text_type;

/// Where a server is reached that a dataset is over, a vector database or another space: an HTTP origin, with a path where a proxy adds
/// one. No user, query or fragment, and no slash at the end.
///
/// ```
/// use syft_space_domain::dataset::ServerUrl;
/// assert_eq!(ServerUrl::parse("https://Vectors.Example.org:443/")?.as_str(), "https://vectors.example.org");
/// assert!(ServerUrl::parse("https://user:secret@vectors.example.org").is_err());
/// # Ok::<(), syft_space_domain::dataset::ServerUrlError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ServerUrl(String);

/// A text that is no URL of a server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServerUrlError {
    /// It is no URL of HTTP.
    #[error("write the server's address as https://host, or https://host:port")]
    NotHttp,
    /// It holds a user name or a password.
    #[error("no user name or password may stand in the address; send the credential beside it")]
    Credential,
    /// It holds a query or a fragment.
    #[error("the address ends before ? and #")]
    Trailing,
    /// It is too long.
    #[error("the address has at most {} characters", ServerUrl::MAX)]
    TooLong,
}

impl ServerUrl {
    /// The most characters.
    pub const MAX: usize = 500;

    /// Reads a URL; host and port come out in the form of the URL standard.
    ///
    /// # Errors
    /// One variant for each way in which a text is none.
    pub fn parse(text: &str) -> Result<Self, ServerUrlError> {
        let url = Url::parse(text).map_err(|_| ServerUrlError::NotHttp)?;
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            return Err(ServerUrlError::NotHttp);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(ServerUrlError::Credential);
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(ServerUrlError::Trailing);
        }
        let read = url.as_str().trim_end_matches('/');
        // Counted once it is written out: a name in another script becomes longer.
        if read.len() > Self::MAX {
            return Err(ServerUrlError::TooLong);
        }
        Ok(Self(read.to_owned()))
    }

    /// The URL as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

text_type!(ServerUrl, ServerUrlError);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn q2_a_server_is_at_a_plain_http_url() {
        for (text, read) in [
            ("https://Vectors.Example.org:443/", "https://vectors.example.org"),
            ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
            ("https://example.org/chroma/", "https://example.org/chroma"),
        ] {
            assert_eq!(ServerUrl::parse(text).map(|url| url.to_string()), Ok(read.to_owned()));
        }
        let long = format!("https://example.org/{}", "a".repeat(ServerUrl::MAX));
        for (text, error) in [
            ("", ServerUrlError::NotHttp),
            ("vectors.example.org", ServerUrlError::NotHttp),
            ("ftp://example.org", ServerUrlError::NotHttp),
            ("https://key@example.org", ServerUrlError::Credential),
            ("https://:key@example.org", ServerUrlError::Credential),
            ("https://example.org?key=1", ServerUrlError::Trailing),
            ("https://example.org#", ServerUrlError::Trailing),
            (long.as_str(), ServerUrlError::TooLong),
        ] {
            assert_eq!(ServerUrl::parse(text), Err(error), "{text}");
        }
    }
}
