//! The names and addresses of a hub and of a tenant's account on it.

use url::Url;

use crate::as_text::text_type;
use crate::endpoint::{Slug, SlugError};

/// The `iss` of a hub's tokens (RFC 7519, section 4.1.1): up to 255 printable ASCII characters, compared byte for
/// byte. It need not be the hub's URL, and often is not.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Issuer(String);

/// A text that is no issuer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "an issuer has 1 to {} printable ASCII characters and no spaces, such as https://hub.syft.com",
    Issuer::MAX
)]
pub struct IssuerError;

impl Issuer {
    /// The most characters.
    pub const MAX: usize = 255;

    /// Reads an issuer. Nothing is changed: tokens must name it just so.
    ///
    /// # Errors
    /// When the text is none.
    pub fn parse(text: &str) -> Result<Self, IssuerError> {
        let fits = (1..=Self::MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        if fits { Ok(Self(text.to_owned())) } else { Err(IssuerError) }
    }
}

/// Where a hub is reached: an HTTP origin, with a path before `/api/v1` where a proxy adds one. No user, query or
/// fragment, and no slash at the end.
///
/// ```
/// use syft_space_domain::marketplace::HubUrl;
/// assert_eq!(HubUrl::parse("https://Hub.Example.org:443/")?.as_str(), "https://hub.example.org");
/// assert!(HubUrl::parse("https://user:secret@hub.example.org").is_err());
/// # Ok::<(), syft_space_domain::marketplace::HubUrlError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HubUrl(String);

/// A text that is no hub's URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HubUrlError {
    /// It is no URL of HTTP.
    #[error("write the hub's address as https://host, or https://host:port")]
    NotHttp,
    /// It holds a user name or a password.
    #[error("no user name or password may stand in the address; send the credential beside it")]
    Credential,
    /// It holds a query or a fragment.
    #[error("the address ends before ? and #")]
    Trailing,
    /// It is too long.
    #[error("the address has at most {} characters", HubUrl::MAX)]
    TooLong,
}

impl HubUrl {
    /// The most characters.
    pub const MAX: usize = 500;

    /// Reads a hub's URL; host and port come out in the form of the URL standard.
    ///
    /// # Errors
    /// When the text is none.
    pub fn parse(text: &str) -> Result<Self, HubUrlError> {
        if text.len() > Self::MAX {
            return Err(HubUrlError::TooLong);
        }
        let url = Url::parse(text).map_err(|_| HubUrlError::NotHttp)?;
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            return Err(HubUrlError::NotHttp);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(HubUrlError::Credential);
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(HubUrlError::Trailing);
        }
        Ok(Self(url.as_str().trim_end_matches('/').to_owned()))
    }

    /// Its host and port.
    #[must_use]
    pub fn authority(&self) -> String {
        let url = Url::parse(&self.0).ok();
        let host = url.as_ref().and_then(Url::host_str).unwrap_or_default();
        let port = url.as_ref().and_then(Url::port_or_known_default).unwrap_or_default();
        format!("{host}:{port}")
    }
}

/// A person's name on a hub: 3 to 50 of `a-z`, `0-9`, `.`, `_` and `-`. Hubs lower-case it, and so does this.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HubUsername(String);

/// A text that is no name on a hub.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a hub's user name has {} to {} of a-z, 0-9, ., _ and -", HubUsername::MIN, HubUsername::MAX)]
pub struct HubUsernameError;

impl HubUsername {
    /// The fewest characters.
    pub const MIN: usize = 3;
    /// The most characters.
    pub const MAX: usize = 50;

    /// Reads a name on a hub.
    ///
    /// # Errors
    /// When the text is none.
    pub fn parse(text: &str) -> Result<Self, HubUsernameError> {
        let text = text.to_ascii_lowercase();
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-');
        let fits = (Self::MIN..=Self::MAX).contains(&text.len()) && text.bytes().all(allowed);
        if fits { Ok(Self(text)) } else { Err(HubUsernameError) }
    }
}

/// The name of a marketplace in its tenant: a [`Slug`], for it stands in patterns (`hub:NAME/USER`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MarketplaceName(Slug);

/// A text that is no name of a marketplace.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a marketplace's name {}", .0.rule())]
pub struct MarketplaceNameError(SlugError);

impl MarketplaceName {
    /// Reads a marketplace's name.
    ///
    /// # Errors
    /// When the text is no slug.
    pub fn parse(text: &str) -> Result<Self, MarketplaceNameError> {
        Slug::parse(text).map(Self).map_err(MarketplaceNameError)
    }
}

macro_rules! texts {
    ($($name:ident, $error:ident;)*) => {$(
        impl $name {
            /// It as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }
        }

        text_type!($name, $error);
    )*};
}

texts! {
    Issuer, IssuerError;
    HubUrl, HubUrlError;
    HubUsername, HubUsernameError;
    MarketplaceName, MarketplaceNameError;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a2_a_hubs_address_is_an_http_origin_and_nothing_besides() {
        for (text, read) in [
            ("https://hub.example.org", "https://hub.example.org"),
            ("HTTPS://HUB.example.org:443/", "https://hub.example.org"),
            ("http://127.0.0.1:18090", "http://127.0.0.1:18090"),
            ("https://example.org/hub/", "https://example.org/hub"),
            ("http://0x7f000001", "http://127.0.0.1"),
        ] {
            assert_eq!(HubUrl::parse(text).unwrap().as_str(), read);
        }
        for (text, error) in [
            ("", HubUrlError::NotHttp),
            ("hub.example.org", HubUrlError::NotHttp),
            ("ftp://hub.example.org", HubUrlError::NotHttp),
            ("file:///etc/passwd", HubUrlError::NotHttp),
            ("https://a:b@hub.example.org", HubUrlError::Credential),
            ("https://a@hub.example.org", HubUrlError::Credential),
            ("https://hub.example.org/?x=1", HubUrlError::Trailing),
            ("https://hub.example.org/#x", HubUrlError::Trailing),
        ] {
            assert_eq!(HubUrl::parse(text), Err(error), "{text}");
        }
        assert_eq!(HubUrl::parse(&format!("https://{}", "a".repeat(500))), Err(HubUrlError::TooLong));
    }

    #[test]
    fn a2_issuers_and_user_names_are_short_and_plain() {
        assert!(Issuer::parse("https://hub.syft.com").is_ok());
        for bad in ["", "a b", "a\n", "ü", &"a".repeat(256)] {
            assert_eq!(Issuer::parse(bad), Err(IssuerError), "{bad}");
        }
        assert_eq!(HubUsername::parse("SpaceOwner").unwrap().as_str(), "spaceowner");
        for bad in ["", "ab", " spaceowner", "space owner", "spaceowner/x", "ſpace", &"a".repeat(51)] {
            assert_eq!(HubUsername::parse(bad), Err(HubUsernameError), "{bad}");
        }
    }

    #[test]
    fn f1_the_address_of_a_hub_has_so_many_characters_at_most_and_tells_host_and_port() {
        let of = |length: usize| {
            let begin = "https://hub.example/";
            HubUrl::parse(&format!("{begin}{}", "a".repeat(length - begin.len())))
        };
        assert!(of(HubUrl::MAX).is_ok());
        assert_eq!(of(HubUrl::MAX + 1), Err(HubUrlError::TooLong));
        let authority = |text: &str| HubUrl::parse(text).unwrap().authority();
        assert_eq!(authority("https://hub.example/a"), "hub.example:443");
        assert_eq!(authority("http://hub.example"), "hub.example:80");
        assert_eq!(authority("http://[::1]:8080/"), "[::1]:8080");
    }
}
