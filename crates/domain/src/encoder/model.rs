//! Which model an encoder runs, and what tells one model's vectors from another's.

use std::fmt;
use std::str::FromStr;

use crate::encoder::MAX_DIMENSION;

/// What a model is called, such as `all-MiniLM-L6-v2`: for people, and no more than that.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModelId(String);

/// A text that is no name of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a model's name has 1 to {} characters, each a letter, a digit or one of . _ - /",
    ModelId::MAX_CHARS
)]
pub struct ModelIdError;

impl ModelId {
    /// The most characters of a name.
    pub const MAX_CHARS: usize = 128;

    /// A name of ASCII letters, digits, `.`, `_`, `-` and `/`.
    ///
    /// # Errors
    /// When the text is empty, too long, or has other characters.
    pub fn parse(text: &str) -> Result<Self, ModelIdError> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-/".contains(&byte);
        let is_name = !text.is_empty() && text.len() <= Self::MAX_CHARS && text.bytes().all(is_allowed);
        if is_name { Ok(Self(text.to_owned())) } else { Err(ModelIdError) }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The SHA-256 of all that decides a model's vectors: weights, vocabulary, configuration, and how the adapter computes.
/// Vectors of different revisions are not compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModelRevision([u8; 32]);

/// A text that is no revision of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a model's revision has 64 hexadecimal digits")]
pub struct ModelRevisionError;

impl ModelRevision {
    /// The revision whose 32 bytes these are.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The revision as its 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for ModelRevision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl FromStr for ModelRevision {
    type Err = ModelRevisionError;
    fn from_str(text: &str) -> Result<Self, ModelRevisionError> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| ModelRevisionError)?;
        Ok(Self(bytes))
    }
}

/// What is known of a model before it is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncoderModel {
    id: ModelId,
    revision: ModelRevision,
    dimension: usize,
    longest_input: usize,
}

/// Numbers that no model has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EncoderModelError {
    /// Its vectors have no component, or too many.
    #[error("a model's vectors have 1 to {MAX_DIMENSION} components, not {0}")]
    Dimension(usize),
    /// It reads nothing.
    #[error("a model reads at least one token of a text")]
    LongestInput,
}

impl EncoderModel {
    /// A model whose vectors have `dimension` components, and which reads the first `longest_input` tokens of a text,
    /// those that it adds by itself included.
    ///
    /// # Errors
    /// [`Dimension`](EncoderModelError::Dimension) when there is no component or more than [`MAX_DIMENSION`], and
    /// [`LongestInput`](EncoderModelError::LongestInput) when no token is read.
    pub fn new(
        id: ModelId,
        revision: ModelRevision,
        dimension: usize,
        longest_input: usize,
    ) -> Result<Self, EncoderModelError> {
        if !(1..=MAX_DIMENSION).contains(&dimension) {
            return Err(EncoderModelError::Dimension(dimension));
        }
        if longest_input == 0 {
            return Err(EncoderModelError::LongestInput);
        }
        Ok(Self { id, revision, dimension, longest_input })
    }

    /// What it is called.
    #[must_use]
    pub fn id(&self) -> &ModelId {
        &self.id
    }

    /// Whose vectors its own are comparable with.
    #[must_use]
    pub fn revision(&self) -> ModelRevision {
        self.revision
    }

    /// How many components each vector has.
    #[must_use]
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// How many tokens of a text are read, those included that the model adds by itself. What follows changes no vector.
    #[must_use]
    pub fn longest_input(&self) -> usize {
        self.longest_input
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn q2_a_model_has_a_name_a_revision_and_numbers_that_can_be() {
        for name in ["", "a b", "a\n", "größe", &"x".repeat(ModelId::MAX_CHARS + 1)] {
            assert_eq!(ModelId::parse(name), Err(ModelIdError), "{name:?}");
        }
        let id = ModelId::parse("sentence-transformers/all-MiniLM-L6-v2").unwrap();
        let revision = ModelRevision::from_bytes([7; 32]);
        assert_eq!(revision.to_string().parse(), Ok(revision));
        assert_eq!("07".parse::<ModelRevision>(), Err(ModelRevisionError));
        let with = |dimension, longest| EncoderModel::new(id.clone(), revision, dimension, longest);
        assert_eq!(with(0, 256), Err(EncoderModelError::Dimension(0)));
        assert_eq!(with(MAX_DIMENSION + 1, 256), Err(EncoderModelError::Dimension(MAX_DIMENSION + 1)));
        assert_eq!(with(384, 0), Err(EncoderModelError::LongestInput));
        let model = with(384, 256).unwrap();
        assert_eq!((model.dimension(), model.longest_input(), model.revision()), (384, 256, revision));
        assert_eq!(model.id().as_str(), "sentence-transformers/all-MiniLM-L6-v2");
    }
}
