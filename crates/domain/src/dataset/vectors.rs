//! What an index of vectors is brought, is asked, and answers.

use crate::dataset::{ChangeNumber, DocumentId, Hit};
use crate::encoder::{Embedding, EncoderModel, ModelRevision};
use crate::ids::DatasetId;

/// Which vectors of a dataset: those of one revision of a model. Those of several lie beside each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VectorKey {
    dataset: DatasetId,
    revision: ModelRevision,
    dimension: usize,
}

impl VectorKey {
    /// The vectors that this model has of a dataset's chunks.
    #[must_use]
    pub fn new(dataset: DatasetId, model: &EncoderModel) -> Self {
        Self { dataset, revision: model.revision(), dimension: model.dimension() }
    }

    /// The dataset whose chunks they are of.
    #[must_use]
    pub fn dataset(&self) -> DatasetId {
        self.dataset
    }

    /// The revision of the model that they are of.
    #[must_use]
    pub fn revision(&self) -> ModelRevision {
        self.revision
    }

    /// How many components each has: at least one, and no more than
    /// [`MAX_DIMENSION`](crate::encoder::MAX_DIMENSION).
    #[must_use]
    pub fn dimension(&self) -> usize {
        self.dimension
    }
}

/// A chunk of a dataset, wherever its text is held.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ChunkRef {
    /// The document that it is a part of.
    pub document: DocumentId,
    /// Which of the document's chunks it is, counted from 0.
    pub chunk: u32,
}

impl From<&Hit> for ChunkRef {
    fn from(hit: &Hit) -> Self {
        Self { document: hit.document.clone(), chunk: hit.chunk }
    }
}

impl ChunkRef {
    /// The most chunks that one call may name.
    pub const MAX_NAMED: usize = 1_000;
}

/// A change of a dataset's documents, as an index of vectors follows it.
#[derive(Debug, Clone, PartialEq)]
pub enum VectorChange {
    /// The document was put in, and these are the vectors of its chunks, in their order: of each one. They replace all
    /// older ones of the document.
    Encoded(ChangeNumber, DocumentId, Vec<Embedding>),
    /// The document was removed.
    Removed(ChangeNumber, DocumentId),
}

impl VectorChange {
    /// The number that the store of documents gave it.
    #[must_use]
    pub fn number(&self) -> ChangeNumber {
        match self {
            Self::Encoded(number, ..) | Self::Removed(number, _) => *number,
        }
    }

    /// The document that was changed.
    #[must_use]
    pub fn document(&self) -> &DocumentId {
        match self {
            Self::Encoded(_, document, _) | Self::Removed(_, document) => document,
        }
    }
}

/// What the nearest chunks are asked for with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VectorQuery<'a> {
    embedding: &'a Embedding,
    limit: usize,
    min_cosine: f32,
    named: &'a [ChunkRef],
}

/// A part of a query that is out of bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VectorQueryError {
    /// No chunk is wanted, or too many.
    #[error("1 to {} chunks can be asked for", VectorQuery::MAX_LIMIT)]
    Limit,
    /// The least cosine is none.
    #[error("a cosine is from -1 to 1")]
    MinCosine,
    /// Too many chunks are named.
    #[error("at most {} chunks can be named at once", ChunkRef::MAX_NAMED)]
    Named,
}

impl<'a> VectorQuery<'a> {
    /// The most chunks of one answer.
    pub const MAX_LIMIT: u64 = 1_000;

    /// Asks for up to `limit` chunks whose vectors have a cosine of at least `min_cosine` with this one.
    ///
    /// # Errors
    /// [`Limit`](VectorQueryError::Limit) when `limit` is 0 or more than [`MAX_LIMIT`](Self::MAX_LIMIT), and
    /// [`MinCosine`](VectorQueryError::MinCosine) when `min_cosine` is not from -1 to 1.
    pub fn new(embedding: &'a Embedding, limit: u64, min_cosine: f32) -> Result<Self, VectorQueryError> {
        let limit = Some(limit).filter(|limit| (1..=Self::MAX_LIMIT).contains(limit));
        let limit = limit.and_then(|limit| usize::try_from(limit).ok()).ok_or(VectorQueryError::Limit)?;
        if !(-1.0..=1.0).contains(&min_cosine) {
            return Err(VectorQueryError::MinCosine);
        }
        Ok(Self { embedding, limit, min_cosine, named: &[] })
    }

    /// Asks for these chunks as well, however far they are. The same one again asks for no more; named anew they take the
    /// place of those named before.
    ///
    /// # Errors
    /// [`Named`](VectorQueryError::Named) when there are more than [`ChunkRef::MAX_NAMED`].
    pub fn also(self, chunks: &'a [ChunkRef]) -> Result<Self, VectorQueryError> {
        if chunks.len() > ChunkRef::MAX_NAMED {
            return Err(VectorQueryError::Named);
        }
        Ok(Self { named: chunks, ..self })
    }

    /// The vector of the question.
    #[must_use]
    pub fn embedding(&self) -> &'a Embedding {
        self.embedding
    }

    /// How many chunks are wanted at most: at least one.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// The least cosine of a chunk that is wanted. An equal one is.
    #[must_use]
    pub fn min_cosine(&self) -> f32 {
        self.min_cosine
    }

    /// The chunks that are asked for by name.
    #[must_use]
    pub fn named(&self) -> &'a [ChunkRef] {
        self.named
    }
}

/// A chunk that lies near a question.
#[derive(Debug, Clone, PartialEq)]
pub struct Neighbour {
    /// The document that it is a part of.
    pub document: DocumentId,
    /// Which of the document's chunks it is, counted from 0.
    pub chunk: u32,
    /// How close it is: the cosine of the angle between both vectors, from -1 to 1.
    pub cosine: f32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn q2_a_query_asks_for_some_chunks_and_a_cosine_that_can_be() {
        let embedding = Embedding::of_unit(vec![1.0]).unwrap();
        for limit in [0, VectorQuery::MAX_LIMIT + 1] {
            assert_eq!(VectorQuery::new(&embedding, limit, 0.0), Err(VectorQueryError::Limit));
        }
        for cosine in [-1.1, 1.000_1, f32::NAN, f32::INFINITY] {
            assert_eq!(VectorQuery::new(&embedding, 1, cosine), Err(VectorQueryError::MinCosine));
        }
        let query = VectorQuery::new(&embedding, VectorQuery::MAX_LIMIT, -1.0).unwrap();
        assert_eq!((query.limit(), query.min_cosine(), query.named()), (1_000, -1.0, &[][..]));
    }

    #[test]
    fn q2_a_query_names_no_more_chunks_than_one_call_may() {
        let embedding = Embedding::of_unit(vec![1.0]).unwrap();
        let query = VectorQuery::new(&embedding, 1, 0.0).unwrap();
        let chunk = ChunkRef { document: DocumentId::parse("a").unwrap(), chunk: 0 };
        let mut chunks = vec![chunk; ChunkRef::MAX_NAMED];
        assert_eq!(query.also(&chunks).map(|query| query.named().len()), Ok(ChunkRef::MAX_NAMED));
        chunks.push(chunks[0].clone());
        assert_eq!(query.also(&chunks), Err(VectorQueryError::Named));
    }
}
