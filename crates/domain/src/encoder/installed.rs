//! What is known of an encoder that an operator has installed.

use std::sync::Arc;

use crate::as_text::text_type;

/// What an installed encoder is called: by datasets, and by whoever installs it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EncoderName(Arc<str>);

/// A text that is no name of an encoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "an encoder's name has 1 to {} characters, each a lower-case letter, a digit or one of . _ -, and the first is a letter or a \
     digit",
    EncoderName::MAX_CHARS
)]
pub struct EncoderNameError;

impl EncoderName {
    /// The most characters of a name.
    pub const MAX_CHARS: usize = 64;

    /// A name of lower-case ASCII letters, digits, `.`, `_` and `-` that begins with a letter or a digit.
    ///
    /// # Errors
    /// When the text is empty, too long, has other characters or begins with a mark.
    pub fn parse(text: &str) -> Result<Self, EncoderNameError> {
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let is_allowed = |byte: u8| is_plain(byte) || b"._-".contains(&byte);
        let is_name = text.bytes().next().is_some_and(is_plain)
            && text.len() <= Self::MAX_CHARS
            && text.bytes().all(is_allowed);
        if is_name { Ok(Self(text.into())) } else { Err(EncoderNameError) }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

text_type!(EncoderName, EncoderNameError);

/// The cosine that texts which have nothing to do with each other have by an encoder, on the average: about 0 by some, 0.76 by
/// others. It is what their cosines are measured from, so that a score means the same by each.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct UnrelatedCosine(f32);

/// A number that is no such cosine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the cosine of unrelated texts is from 0 to {}", UnrelatedCosine::MAX)]
pub struct UnrelatedCosineError;

impl UnrelatedCosine {
    /// An encoder by which unrelated texts are closer than this tells nothing apart.
    pub const MAX: f32 = 0.95;

    /// Checks such a cosine.
    ///
    /// # Errors
    /// When it is not from 0 to [`MAX`](Self::MAX).
    pub fn parse(value: f32) -> Result<Self, UnrelatedCosineError> {
        if (0.0..=Self::MAX).contains(&value) { Ok(Self(value)) } else { Err(UnrelatedCosineError) }
    }

    /// The cosine.
    #[must_use]
    pub fn get(self) -> f32 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn q2_the_name_of_an_encoder_is_a_plain_name_of_a_folder() {
        for name in ["m", "0", "all-minilm-l6-v2", "e5.small_2", &"a".repeat(64)] {
            assert_eq!(EncoderName::parse(name).unwrap().as_str(), name);
        }
        for name in ["", ".", "..", "-m", "_m", "a/b", "a\\b", "A", "ä", "a b", "a\0", &"a".repeat(65)] {
            assert_eq!(EncoderName::parse(name), Err(EncoderNameError), "{name:?}");
        }
    }

    #[test]
    fn q2_the_cosine_of_unrelated_texts_leaves_room_above_it() {
        for cosine in [0.0, 0.76, UnrelatedCosine::MAX] {
            assert_eq!(UnrelatedCosine::parse(cosine).map(UnrelatedCosine::get), Ok(cosine));
        }
        for cosine in [-0.1, 0.96, 1.0, f32::NAN, f32::INFINITY] {
            assert_eq!(UnrelatedCosine::parse(cosine), Err(UnrelatedCosineError));
        }
    }
}
