//! What a query is for, as whoever asks says.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// What a query is for: a word of the owner's, or a code such as `DUO:0000006` of the Data Use Ontology.
///
/// ```
/// use syft_space_domain::policy::Purpose;
/// assert_eq!(Purpose::parse("DUO:0000006")?.as_str(), "DUO:0000006");
/// assert!(Purpose::parse("for fun").is_err());
/// # Ok::<(), syft_space_domain::policy::PurposeError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Purpose(Arc<str>);

/// A text that is no purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a purpose has 1 to {} letters, digits, or characters of . _ : -, and begins with a letter or digit",
    Purpose::MAX_CHARS
)]
pub struct PurposeError;

impl Purpose {
    /// What one looks like, as a regular expression of JSON Schema.
    pub const PATTERN: &str = "^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$";

    /// The most characters of one.
    pub const MAX_CHARS: usize = 64;

    /// Checks a purpose. Letters of both cases are told apart: codes of ontologies are.
    ///
    /// # Errors
    /// When it is empty, too long, or holds what no purpose does.
    pub fn parse(text: &str) -> Result<Self, PurposeError> {
        let is_good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | ':' | '-');
        let begins_well = text.starts_with(|c: char| c.is_ascii_alphanumeric());
        if begins_well && text.len() <= Self::MAX_CHARS && text.chars().all(is_good) {
            Ok(Self(text.into()))
        } else {
            Err(PurposeError)
        }
    }

    /// The purpose as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Purpose {
    type Error = PurposeError;

    fn try_from(text: String) -> Result<Self, PurposeError> {
        Self::parse(&text)
    }
}

impl FromStr for Purpose {
    type Err = PurposeError;

    fn from_str(text: &str) -> Result<Self, PurposeError> {
        Self::parse(text)
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn z2_a_purpose_is_a_word_or_a_code() {
        for good in ["teaching", "DUO:0000006", "a", "0", "quality.control-2_b", &"x".repeat(64)] {
            assert_eq!(Purpose::parse(good).map(|purpose| purpose.to_string()), Ok(good.to_owned()));
        }
        for bad in ["", " ", "for fun", "a,b", "ä", "a\n", ":a", "-", &"x".repeat(65)] {
            assert_eq!(Purpose::parse(bad), Err(PurposeError), "{bad:?}");
        }
        assert_ne!(Purpose::parse("Teaching"), Purpose::parse("teaching"));
    }
}
