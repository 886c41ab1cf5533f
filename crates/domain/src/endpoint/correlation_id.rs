//! The id that a caller gives a request.

use std::str::FromStr;

/// The id that a caller gives a request, and gives it again where it repeats it: 1 to 128 visible characters of ASCII.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CorrelationId(String);

/// A text that is no correlation id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a request has one correlation id, of 1 to {} visible characters of ASCII",
    CorrelationId::MAX_CHARACTERS
)]
pub struct CorrelationIdError;

impl CorrelationId {
    /// The most characters of one.
    pub const MAX_CHARACTERS: usize = 128;

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for CorrelationId {
    type Err = CorrelationIdError;

    fn from_str(text: &str) -> Result<Self, CorrelationIdError> {
        let is_id = (1..=Self::MAX_CHARACTERS).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_graphic());
        if is_id { Ok(Self(text.to_owned())) } else { Err(CorrelationIdError) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn z2_a_correlation_id_is_a_short_word() {
        for text in ["1", "71c04d2c-66a8-46ce-92ed-fe832b3b53df", &"a".repeat(128)] {
            assert_eq!(text.parse::<CorrelationId>().unwrap().as_str(), text);
        }
        for text in ["", " ", "a b", "ä", "\u{7f}", &"a".repeat(129)] {
            assert_eq!(text.parse::<CorrelationId>(), Err(CorrelationIdError), "{text:?}");
        }
    }
}
