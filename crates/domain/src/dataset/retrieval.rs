//! How a dataset is searched: by words, by meaning, or by both.

use std::sync::Arc;

use crate::as_text::text_enum;
use crate::dataset::{DatasetType, IndexKey, RemoteEndpoint};
use crate::encoder::EncoderName;

text_enum! {
    /// What of a question is looked for in a dataset.
    pub enum SearchMode {
        /// Its words.
        Words = "words",
        /// What it means.
        Meaning = "meaning",
        /// Both, as one score.
        Both = "both",
    }

    /// A text that is no mode of search.
    #[error("a dataset is searched by words, by meaning or by both")]
    pub struct SearchModeError;
}

/// How a dataset is searched. Whatever looks for meaning names an encoder, and nothing else does.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum Retrieval {
    /// By words.
    #[default]
    Words,
    /// By meaning.
    Meaning(EncoderName),
    /// By both.
    Both(EncoderName),
}

/// A mode and an encoder that do not go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RetrievalError {
    /// Meaning cannot be looked for without an encoder.
    #[error("a dataset that is searched by meaning names an encoder")]
    NoEncoder,
    /// Words need none.
    #[error("a dataset that is searched by words has no encoder: leave it out, or search by both")]
    EncoderOfWords,
}

impl Retrieval {
    /// A mode, and the encoder that it needs.
    ///
    /// # Errors
    /// When it needs one and there is none, or the other way round.
    pub fn new(mode: SearchMode, encoder: Option<EncoderName>) -> Result<Self, RetrievalError> {
        match (mode, encoder) {
            (SearchMode::Words, None) => Ok(Self::Words),
            (SearchMode::Meaning, Some(encoder)) => Ok(Self::Meaning(encoder)),
            (SearchMode::Both, Some(encoder)) => Ok(Self::Both(encoder)),
            (SearchMode::Words, Some(_)) => Err(RetrievalError::EncoderOfWords),
            (SearchMode::Meaning | SearchMode::Both, None) => Err(RetrievalError::NoEncoder),
        }
    }

    /// What is looked for.
    #[must_use]
    pub fn mode(&self) -> SearchMode {
        match self {
            Self::Words => SearchMode::Words,
            Self::Meaning(_) => SearchMode::Meaning,
            Self::Both(_) => SearchMode::Both,
        }
    }

    /// The encoder of its vectors.
    #[must_use]
    pub fn encoder(&self) -> Option<&EncoderName> {
        match self {
            Self::Words => None,
            Self::Meaning(encoder) | Self::Both(encoder) => Some(encoder),
        }
    }
}

/// All that a search of a dataset needs to know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Searched {
    /// The index of its words.
    pub index: IndexKey,
    /// How it is searched.
    pub retrieval: Retrieval,
    /// What keeps its vectors.
    pub dataset_type: DatasetType,
    /// The endpoint of another space that is asked in its place.
    pub remote: Option<Arc<RemoteEndpoint>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn q2_a_dataset_names_an_encoder_where_meaning_is_looked_for_and_nowhere_else() {
        let name = EncoderName::parse("m").unwrap();
        for mode in SearchMode::ALL {
            let (with, without) = (Retrieval::new(mode, Some(name.clone())), Retrieval::new(mode, None));
            let (good, bad) = if mode == SearchMode::Words { (without, with) } else { (with, without) };
            assert!(bad.is_err());
            let good = good.unwrap();
            assert_eq!(Retrieval::new(good.mode(), good.encoder().cloned()), Ok(good));
        }
        assert_eq!(Retrieval::default().mode(), SearchMode::Words);
    }
}
