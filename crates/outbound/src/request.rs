//! The request and the response of a call.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use syft_space_domain::secret::Secret;
use url::Url;

use crate::error::OutboundError;

/// One call. It has no `Debug`: headers and body may hold secrets.
#[derive(Clone)]
pub struct Request {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) may_retry: bool,
    pub(crate) max_response_bytes: Option<usize>,
    pub(crate) timeout: Option<Duration>,
}

impl Request {
    /// A call without body. One with a safe method (RFC 9110, section 9.2.1) may be retried.
    ///
    /// # Errors
    /// When the text is no URL of HTTP, or holds a user name or a password.
    pub fn new(method: Method, url: &str) -> Result<Self, OutboundError> {
        let read = Url::parse(url).ok();
        let fits = |url: &Url| {
            matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none()
        };
        // What was given may hold a password: it is not repeated from its beginning.
        let wrong = || OutboundError::Url(url.rsplit('@').next().unwrap_or_default().to_owned());
        let mut url = read.filter(fits).ok_or_else(wrong)?;
        url.set_fragment(None);
        let may_retry = method.is_safe();
        let (headers, body) = (HeaderMap::new(), Bytes::new());
        Ok(Self { method, url, headers, body, may_retry, max_response_bytes: None, timeout: None })
    }

    /// Adds a header that is no secret.
    ///
    /// # Errors
    /// When the value cannot stand in a header.
    pub fn header(mut self, name: HeaderName, value: &str) -> Result<Self, OutboundError> {
        self.headers.insert(name, HeaderValue::from_str(value).map_err(|_| OutboundError::Header)?);
        Ok(self)
    }

    /// Sends a bearer token (RFC 6750, section 2.1).
    ///
    /// # Errors
    /// When the token cannot stand in a header.
    pub fn bearer(mut self, token: &Secret<String>) -> Result<Self, OutboundError> {
        let value = Secret::new(format!("Bearer {}", token.expose()));
        let mut value = HeaderValue::from_str(value.expose()).map_err(|_| OutboundError::Header)?;
        value.set_sensitive(true);
        self.headers.insert(AUTHORIZATION, value);
        Ok(self)
    }

    /// Sends a secret in a header of its own.
    ///
    /// # Errors
    /// When the secret cannot stand in a header.
    pub fn secret_header(mut self, name: HeaderName, secret: &Secret<String>) -> Result<Self, OutboundError> {
        let mut value = HeaderValue::from_str(secret.expose()).map_err(|_| OutboundError::Header)?;
        value.set_sensitive(true);
        self.headers.insert(name, value);
        Ok(self)
    }

    /// Sends a credential that is written already.
    #[must_use]
    pub fn authorization(mut self, mut value: HeaderValue) -> Self {
        value.set_sensitive(true);
        self.headers.insert(AUTHORIZATION, value);
        self
    }

    /// Sends a body.
    #[must_use]
    pub fn body(mut self, media_type: &'static str, body: Vec<u8>) -> Self {
        self.headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        self.body = body.into();
        self
    }

    /// Allows retries: the call does no harm when it comes twice.
    #[must_use]
    pub fn allow_retry(mut self) -> Self {
        self.may_retry = true;
        self
    }

    /// Forbids retries, even if the method is a safe one.
    #[must_use]
    pub fn no_retry(mut self) -> Self {
        self.may_retry = false;
        self
    }

    /// Limits the bytes of the response's body.
    #[must_use]
    pub fn max_response_bytes(mut self, bytes: usize) -> Self {
        self.max_response_bytes = Some(bytes);
        self
    }

    /// Limits the time, retries included.
    #[must_use]
    pub fn timeout(mut self, time: Duration) -> Self {
        self.timeout = Some(time);
        self
    }

    /// Its method.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Its headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Its body.
    #[must_use]
    pub fn body_bytes(&self) -> &[u8] {
        &self.body
    }

    /// The origin that it is for: scheme, host and port.
    pub(crate) fn authority(&self) -> String {
        self.url.origin().ascii_serialization()
    }
}

/// A response. A redirection is a response as any other: it is not followed.
#[derive(Clone)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, whole.
    pub body: Bytes,
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Response({}, {} bytes)", self.status, self.body.len())
    }
}
