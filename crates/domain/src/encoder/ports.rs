//! The ports of encoders.

use std::sync::Arc;

use crate::Pending;
use crate::encoder::{Embedding, EncoderModel, EncoderName, UnrelatedCosine};

/// The most texts of one call: who has more asks again, and others get their turn in between.
pub const MAX_TEXTS: usize = 256;

/// An encoder did not do what it was asked to. No text has got a vector.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// There are more texts than [`MAX_TEXTS`].
    #[error("{0} texts are too many at once; {MAX_TEXTS} are encoded in one call")]
    TooMany(usize),
    /// Others have asked for as much as may wait. Nothing was done; it is worth trying again.
    #[error("too many texts wait to be encoded; try again later")]
    Busy,
    /// The model is not what it was said to be, or not to be had. It is worth trying again once that is mended.
    #[error("the model cannot be used: {0}")]
    Unusable(String),
    /// Anything else.
    #[error("the texts were not encoded: {0}")]
    Failed(String),
}

/// Turns texts into vectors.
///
/// A vector hangs on its text and the model alone: not on the texts beside it, nor on who asks or when.
pub trait Encoder: Send + Sync {
    /// Which model this is. It answers at once, and is the same each time.
    fn model(&self) -> &EncoderModel;

    /// The vector of each text, in order, of the model's dimension. Any text has one, the empty text too. Of a text that
    /// is longer than the model's longest input the beginning counts, and the time that it takes is bounded.
    ///
    /// Whoever stops waiting takes back what has not begun.
    ///
    /// # Errors
    /// [`TooMany`](EncodeError::TooMany) for more than [`MAX_TEXTS`] texts, [`Busy`](EncodeError::Busy) when too much
    /// waits already, [`Unusable`](EncodeError::Unusable) when the model cannot be had as [`model`](Self::model) says,
    /// and [`Failed`](EncodeError::Failed) for anything else.
    fn encode<'a>(&'a self, texts: &'a [&'a str]) -> Pending<'a, Result<Vec<Embedding>, EncodeError>>;
}

/// An encoder that is installed.
#[derive(Clone)]
pub struct InstalledEncoder {
    /// The encoder.
    pub encoder: Arc<dyn Encoder>,
    /// What its cosines are measured from.
    pub unrelated_cosine: UnrelatedCosine,
}

/// Knows which encoders the operator has installed. It answers at once: of what is installed
/// nothing is read for it but which there are.
pub trait Encoders: Send + Sync {
    /// The names of all, in their order.
    fn names(&self) -> Vec<EncoderName>;

    /// The encoder with this name, as it is now; `None` when there is none, or none that can be used.
    fn encoder(&self, name: &EncoderName) -> Option<InstalledEncoder>;
}

/// No encoder is installed: everything is found by words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NoEncoders;

impl Encoders for NoEncoders {
    fn names(&self) -> Vec<EncoderName> {
        Vec::new()
    }

    fn encoder(&self, _: &EncoderName) -> Option<InstalledEncoder> {
        None
    }
}
