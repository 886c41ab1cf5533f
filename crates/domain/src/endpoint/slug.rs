//! The name of an endpoint in its URL.

use std::sync::Arc;

use crate::as_text::text_type;
use crate::ids::EndpointId;

/// 3 to 64 of `a-z`, `0-9` and `-`, with no hyphen at either end and no two in a row, and no UUID.
///
/// ```
/// use syft_space_domain::endpoint::Slug;
/// assert!(Slug::parse("annual-reports").is_ok());
/// assert!(Slug::parse("Annual Reports").is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slug(Arc<str>);

/// A text that is no slug.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a slug {}", self.rule())]
pub struct SlugError;

impl SlugError {
    /// The rule, as the rest of a sentence.
    #[must_use]
    pub fn rule(&self) -> &'static str {
        "has 3 to 64 characters of a-z, 0-9 and -, with no hyphen at either end and no two in a row, and is no UUID"
    }
}

impl Slug {
    /// The fewest characters.
    pub const MIN: usize = 3;
    /// The most characters.
    pub const MAX: usize = 64;

    /// Reads a slug. Nothing is lower-cased or trimmed: what is not a slug is refused.
    ///
    /// # Errors
    /// When the text is no slug.
    pub fn parse(text: &str) -> Result<Self, SlugError> {
        let fits = (Self::MIN..=Self::MAX).contains(&text.len());
        let characters = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        let hyphens = !text.starts_with('-') && !text.ends_with('-') && !text.contains("--");
        // A slug and an id stand in the same place of a URL, so none may pass for the other.
        let no_id = text.parse::<EndpointId>().is_err();
        if fits && characters && hyphens && no_id { Ok(Self(text.into())) } else { Err(SlugError) }
    }

    /// The slug as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

text_type!(Slug, SlugError);

impl std::borrow::Borrow<str> for Slug {
    fn borrow(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i1_only_slugs_are_slugs() {
        for good in ["abc", "a-b", "2026-reports", &"a".repeat(64)] {
            assert!(Slug::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "ab",
            "A-b",
            "a--b",
            "-ab",
            "ab-",
            "a_b",
            "a b",
            "a/b",
            "ä-b",
            "../..",
            &"a".repeat(65),
            "0190d3a1-7c1e-7b7a-9c3e-2f6f3f1f0a11",
        ] {
            assert!(Slug::parse(bad).is_err(), "{bad}");
        }
    }
}
