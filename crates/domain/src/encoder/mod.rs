//! Encoders: what turns texts into vectors, so that texts that mean much the same lie close together.
//!
//! An [`Embedding`] is comparable with those of the same [`EncoderModel`], and with no others. How an encoder pools what
//! it finds in a text's tokens is its own affair; that a vector has the length 1 is its type's.

mod embedding;
mod installed;
mod model;
pub mod ports;
mod question_cache;
mod question_turns;

pub use embedding::{Embedding, EmbeddingError, MAX_DIMENSION};
pub use installed::{EncoderName, EncoderNameError, UnrelatedCosine, UnrelatedCosineError};
pub use model::{EncoderModel, EncoderModelError, ModelId, ModelIdError, ModelRevision, ModelRevisionError};
pub use ports::InstalledEncoder;
pub use question_cache::QuestionCache;
