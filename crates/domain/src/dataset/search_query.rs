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

/// A question to a dataset.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SearchQuery<'a> {
    /// The question, in words.
    pub text: &'a str,
    /// How many chunks at most.
    pub limit: usize,
    /// How close they must be.
    pub threshold: Threshold,
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

    /// Checks a question.
    ///
    /// # Errors
    /// When one of its parts is out of bounds.
    pub fn new(text: &'a str, limit: u64, threshold: f32) -> Result<Self, SearchQueryError> {
        Self::check_text(text)?;
        Ok(Self { text, limit: Self::check_limit(limit)?, threshold: Threshold::parse(threshold)? })
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
