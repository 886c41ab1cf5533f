//! A question to a dataset, and the chunks that are found for it.

use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};

use crate::dataset::{DocumentId, Location, Metadata};

/// How close a chunk must be to count: 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64")]
pub struct Threshold(f32);

/// What a search may ask for, and what may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SearchQueryError {
    /// A threshold out of bounds.
    #[error("similarity_threshold is a number from 0 to 1")]
    Threshold,
    /// A limit out of bounds.
    #[error("limit is a number from 1 to {}", SearchQuery::MAX_LIMIT)]
    Limit,
    /// More chunks around a hit than there may be.
    #[error("context is a number from 0 to {}", ContextSize::MAX)]
    Context,
    /// A question that is none.
    #[error("the question is empty")]
    Empty,
    /// A question that is too long.
    #[error("the question has more than {} bytes", SearchQuery::MAX_TEXT)]
    TooLong,
}

impl Threshold {
    /// Everything counts.
    pub const NONE: Self = Self(0.0);

    /// What counts when nobody says otherwise: a chunk with all words of a question scores at least this.
    pub const DEFAULT: Self = Self(0.5);

    /// Checks a threshold.
    ///
    /// # Errors
    /// When it is not from 0 to 1.
    pub fn parse(value: f32) -> Result<Self, SearchQueryError> {
        if (0.0..=1.0).contains(&value) { Ok(Self(value)) } else { Err(SearchQueryError::Threshold) }
    }

    /// The number itself.
    #[must_use]
    pub fn get(self) -> f32 {
        self.0
    }
}

impl Default for Threshold {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl TryFrom<f64> for Threshold {
    type Error = SearchQueryError;

    /// Checks a threshold as it is written: a number that only rounds to 1 is out of bounds.
    #[expect(clippy::as_conversions, reason = "from 0 to 1 there is a nearest smaller number for every one")]
    fn try_from(value: f64) -> Result<Self, SearchQueryError> {
        if (0.0..=1.0).contains(&value) { Ok(Self(value as f32)) } else { Err(SearchQueryError::Threshold) }
    }
}

/// How many chunks before each hit, and how many behind it, are shown with it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u64")]
pub struct ContextSize(u32);

impl ContextSize {
    /// The hit alone.
    pub const NONE: Self = Self(0);
    /// The most chunks on each side.
    pub const MAX: u32 = 3;

    /// Checks how many chunks are wanted on each side.
    ///
    /// # Errors
    /// When there are too many.
    pub fn parse(chunks: u64) -> Result<Self, SearchQueryError> {
        let chunks = u32::try_from(chunks).ok().filter(|chunks| *chunks <= Self::MAX);
        chunks.map(Self).ok_or(SearchQueryError::Context)
    }

    /// The number itself.
    #[must_use]
    pub fn get(self) -> u32 {
        self.0
    }
}

impl TryFrom<u64> for ContextSize {
    type Error = SearchQueryError;

    fn try_from(chunks: u64) -> Result<Self, SearchQueryError> {
        Self::parse(chunks)
    }
}

/// A question to a dataset.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SearchQuery<'a> {
    /// The question, in words.
    pub text: &'a str,
    /// How many chunks at most.
    pub limit: usize,
    /// How close they must be.
    pub threshold: Threshold,
    /// How many chunks before and behind each are wanted with it. A search engine finds chunks alone, whatever this is.
    pub context: ContextSize,
}

impl<'a> SearchQuery<'a> {
    /// The most chunks of one answer.
    pub const MAX_LIMIT: u64 = 100;
    /// The number of chunks when nobody asks for another.
    pub const DEFAULT_LIMIT: u64 = 5;
    /// The most bytes of a question.
    pub const MAX_TEXT: usize = 32 * 1024;

    /// Checks the words of a question.
    ///
    /// # Errors
    /// When there are none, or too many.
    pub fn check_text(text: &str) -> Result<(), SearchQueryError> {
        if text.trim().is_empty() {
            return Err(SearchQueryError::Empty);
        }
        if text.len() > Self::MAX_TEXT { Err(SearchQueryError::TooLong) } else { Ok(()) }
    }

    /// Checks how many chunks are wanted at most.
    ///
    /// # Errors
    /// When it is none, or too many.
    pub fn check_limit(limit: u64) -> Result<usize, SearchQueryError> {
        let limit = Some(limit).filter(|limit| (1..=Self::MAX_LIMIT).contains(limit));
        limit.and_then(|limit| usize::try_from(limit).ok()).ok_or(SearchQueryError::Limit)
    }

    /// Checks a question. Its hits are wanted alone.
    ///
    /// # Errors
    /// When one of its parts is out of bounds.
    pub fn new(text: &'a str, limit: u64, threshold: f32) -> Result<Self, SearchQueryError> {
        Self::check_text(text)?;
        let (limit, threshold) = (Self::check_limit(limit)?, Threshold::parse(threshold)?);
        Ok(Self { text, limit, threshold, context: ContextSize::NONE })
    }

    /// The same question, with what stands around each hit.
    #[must_use]
    pub fn with_context(self, context: ContextSize) -> Self {
        Self { context, ..self }
    }
}

/// A part of a hit's text: words that were asked for, in one of their forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Highlight {
    /// How many characters stand before it: Unicode code points.
    pub start: u32,
    /// How many stand before what follows it.
    pub end: u32,
}

/// As `[start, end]`: an answer has many, and each byte of them is written and sent.
impl Serialize for Highlight {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.start, self.end).serialize(serializer)
    }
}

impl Highlight {
    /// The most of one hit.
    pub const MAX: usize = 100;
}

/// A chunk that was found. Its parts are shared with whatever holds them ready.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// The document it is a part of.
    pub document: DocumentId,
    /// Which of the document's chunks it is, counted from 0.
    pub chunk: u32,
    /// Its text.
    pub content: Arc<str>,
    /// What the document's owner says about it.
    pub metadata: Arc<Metadata>,
    /// Where it stands in its document. Its heading and its anchor are text of the document.
    pub location: Arc<Location>,
    /// Which of its words were asked for, in order.
    pub highlight: Vec<Highlight>,
    /// How close it is to the question: 0 to 1, higher is closer.
    pub score: f32,
}

/// What was found, the closest first.
pub type Hits = Vec<Hit>;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::ChunkRef;

    #[test]
    fn q2_a_context_is_of_three_chunks_on_each_side_at_most() {
        assert_eq!(ContextSize::parse(0), Ok(ContextSize::NONE));
        assert_eq!(ContextSize::parse(3), Ok(ContextSize(3)));
        for wrong in [4, u64::from(u32::MAX) + 1, u64::MAX] {
            assert_eq!(ContextSize::parse(wrong), Err(SearchQueryError::Context));
        }
        let most = SearchQuery::MAX_LIMIT * (2 * u64::from(ContextSize::MAX) + 1);
        assert!(most <= u64::try_from(ChunkRef::MAX_NAMED).unwrap());
    }
}
