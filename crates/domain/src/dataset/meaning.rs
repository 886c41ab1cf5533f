//! What searching by meaning needs besides words.

use std::sync::Arc;

use crate::dataset::ports::VectorIndex;
use crate::dataset::{EncodingQueue, UnconfirmedRemovals};
use crate::encoder::QuestionCache;
use crate::encoder::ports::Encoders;
use crate::provisioning::Databases;

/// Encoders, the vectors they made, and what follows the documents with them.
#[derive(Clone)]
pub struct Meaning {
    /// The encoders that are installed.
    pub encoders: Arc<dyn Encoders>,
    /// Holds the vectors of chunks.
    pub vectors: Arc<dyn VectorIndex>,
    /// Holds those of questions that were asked lately.
    pub questions: QuestionCache,
    /// The datasets that wait to be encoded.
    pub queue: EncodingQueue,
    /// The vector databases that the space makes.
    pub databases: Databases,
    /// The datasets of which something is still to go.
    pub removals: UnconfirmedRemovals,
}

impl Meaning {
    /// With nothing asked and nothing queued yet. No databases are made.
    #[must_use]
    pub fn new(encoders: Arc<dyn Encoders>, vectors: Arc<dyn VectorIndex>) -> Self {
        Self {
            encoders,
            vectors,
            questions: QuestionCache::default(),
            queue: EncodingQueue::default(),
            databases: Databases::default(),
            removals: UnconfirmedRemovals::default(),
        }
    }
}
