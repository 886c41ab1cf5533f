//! The port of an index of vectors.

use crate::Pending;
use crate::dataset::{ChangeNumber, DocumentId, Neighbour, VectorChange, VectorKey, VectorQuery};
use crate::encoder::ModelRevision;
use crate::ids::{DatasetId, TenantId};
use crate::tenant::{OperatorScope, TenantScope};

/// An index of vectors did not do what it was asked to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VectorIndexError {
    /// The vectors cannot be read. Destroying them and encoding anew mends that.
    #[error("the vectors of dataset {0} are damaged; encode it anew")]
    Damaged(DatasetId),
    /// There is no space left; nothing was done.
    #[error("no space is left to write to; free some and try again")]
    Full,
    /// A vector is not of the model whose vectors are meant; nothing was done.
    #[error("the model's vectors have {expected} components, and this one has {found}")]
    Dimension {
        /// How many components the model's vectors have.
        expected: usize,
        /// How many this one has.
        found: usize,
    },
    /// The vectors were destroyed after the batch was begun; nothing was done.
    #[error("the vectors were destroyed meanwhile; begin again")]
    Destroyed,
    /// Others have asked for as much as may wait. Nothing was done; it is worth trying again.
    #[error("too many questions wait for their turn; try again later")]
    Busy,
    /// The database that the space makes for them is not ready. Nothing was done; whoever keeps databases says why.
    #[error("the database of dataset {0} is being made or looked for; try again later")]
    NotReady(DatasetId),
    /// Anything else.
    #[error("the index of vectors failed: {0}")]
    Failed(String),
}

/// The databases of a dataset that are asked for nothing any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LostDatabases {
    /// The one that the space had made for it, which is gone.
    Provisioned,
    /// All: somebody knows that none of them comes back.
    All,
}

/// Holds the vectors of a dataset's chunks, by the revision of the model that they are of, and finds the nearest. Like
/// what a [`SearchEngine`](super::SearchEngine) holds they are derived from a [`DocumentStore`](super::DocumentStore), by the numbers of its changes; but encoding
/// takes its time, so they may lag behind. What is removed does not wait for it: [`outdate`](Self::outdate) removes the
/// vectors at once.
pub trait VectorIndex: Send + Sync {
    /// The chunks whose vectors are nearest to a question's, of all that are held: none is passed over. The nearest come
    /// first, equally near ones in bytewise order of their documents and then in the order of the chunks. Where nothing
    /// was encoded there are none. An implementation may round what it holds, and says how far a cosine can be off; equal
    /// vectors have equal cosines.
    ///
    /// Of the chunks that the query names besides ([`VectorQuery::also`]) every one that has a vector is among them, in the
    /// same order and with the same cosine that it would have been found with, however far it is. None comes twice, and
    /// none takes the place of another: the answer has up to the query's limit and as many more as are named.
    ///
    /// Whoever stops waiting takes back what has not begun.
    ///
    /// # Errors
    /// [`Dimension`](VectorIndexError::Dimension) when the question's vector is of another model,
    /// [`Damaged`](VectorIndexError::Damaged) when the vectors cannot be read, [`Busy`](VectorIndexError::Busy) when too
    /// much waits already, and [`Failed`](VectorIndexError::Failed) for anything else.
    fn nearest<'a>(
        &'a self,
        scope: &'a TenantScope,
        key: VectorKey,
        query: VectorQuery<'a>,
    ) -> Pending<'a, Result<Vec<Neighbour>, VectorIndexError>>;

    /// The last change that the vectors have followed, durably: 0 before the first. Blocks on a disk.
    ///
    /// # Errors
    /// [`Damaged`](VectorIndexError::Damaged) when that cannot be read, and [`Failed`](VectorIndexError::Failed) for
    /// anything else.
    fn encoded(&self, scope: &TenantScope, key: VectorKey) -> Result<ChangeNumber, VectorIndexError>;

    /// How many chunks have a vector here. Blocks on a disk.
    ///
    /// # Errors
    /// As [`encoded`](Self::encoded).
    fn count(&self, scope: &TenantScope, key: VectorKey) -> Result<u64, VectorIndexError>;

    /// Begins a batch. Whoever encodes begins it before the changes are read that it is to follow: from then on it
    /// remembers what is outdated or destroyed while encoding takes its time. Blocks on a disk.
    ///
    /// # Errors
    /// As [`encoded`](Self::encoded).
    fn begin<'a>(
        &'a self,
        scope: &TenantScope,
        key: VectorKey,
    ) -> Result<Box<dyn VectorBatch + 'a>, VectorIndexError>;

    /// Removes the vectors of documents that were removed or replaced, of every revision, in one step for each: each
    /// document with the number of that change. Vectors that have followed that change already stay. Once this answers
    /// they are gone for good, and no batch under way brings them back; the last change followed is as it was. Doing so
    /// again changes nothing. Blocks on a disk.
    ///
    /// # Errors
    /// [`Damaged`](VectorIndexError::Damaged) when some revision's vectors cannot be read: the others' are removed.
    /// [`Full`](VectorIndexError::Full) and [`Failed`](VectorIndexError::Failed) when something was not removed; it is to
    /// be tried again.
    fn outdate(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        documents: &[(ChangeNumber, DocumentId)],
    ) -> Result<(), VectorIndexError>;

    /// The revisions of which a dataset has vectors here, in their order. Blocks on a disk.
    ///
    /// # Errors
    /// [`Failed`](VectorIndexError::Failed) when they cannot be listed.
    fn revisions(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
    ) -> Result<Vec<ModelRevision>, VectorIndexError>;

    /// Removes a dataset's vectors of one revision, readable or not. No batch under way brings them back. Doing so again
    /// changes nothing. Blocks on a disk.
    ///
    /// # Errors
    /// [`Failed`](VectorIndexError::Failed) when something was not removed; it is to be tried again.
    fn destroy(
        &self,
        scope: &TenantScope,
        dataset: DatasetId,
        revision: ModelRevision,
    ) -> Result<(), VectorIndexError>;

    /// Removes all vectors of a dataset, as [`destroy`](Self::destroy) does those of one revision. Blocks on a disk.
    ///
    /// # Errors
    /// As [`destroy`](Self::destroy).
    fn destroy_all(&self, scope: &TenantScope, dataset: DatasetId) -> Result<(), VectorIndexError>;

    /// Forgets what lies in these databases without asking them, and tells where each collection was. No batch under way brings it back. An
    /// index that uses no databases has nothing to forget. Doing so again changes nothing. Blocks on a disk.
    ///
    /// # Errors
    /// [`Failed`](VectorIndexError::Failed) when something was not forgotten; it is to be tried again.
    fn forget(
        &self,
        _scope: &TenantScope,
        _dataset: DatasetId,
        _lost: LostDatabases,
    ) -> Result<Vec<String>, VectorIndexError> {
        Ok(Vec::new())
    }

    /// Whether something of a dataset was to go, and somebody else has not confirmed yet that it is gone. Where vectors do not lie with
    /// somebody else nothing ever waits. Blocks on a disk.
    ///
    /// # Errors
    /// [`Failed`](VectorIndexError::Failed) when it cannot be said.
    fn awaits_removals(&self, _scope: &TenantScope, _dataset: DatasetId) -> Result<bool, VectorIndexError> {
        Ok(false)
    }

    /// Goes on with what was to go and was not confirmed to be gone, in an index whose vectors lie with somebody else; where they
    /// do not, nothing ever waits. Answers the datasets whose vectors were found to be others than they should be: they are to be encoded
    /// anew. What fails for one dataset keeps no other waiting. Blocks.
    ///
    /// # Errors
    /// [`Failed`](VectorIndexError::Failed) when it cannot be said what waits.
    fn settle(&self, _operator: &OperatorScope) -> Result<Vec<(TenantId, DatasetId)>, VectorIndexError> {
        Ok(Vec::new())
    }
}

/// Changes that are being encoded. What is dropped before it is applied leaves nothing behind.
pub trait VectorBatch: Send {
    /// The last change that the vectors had followed when the batch was begun: those behind it are to be brought.
    fn encoded(&self) -> ChangeNumber;

    /// Brings the vectors the next changes, in order, all or none. Those that they have followed already change nothing,
    /// and neither do vectors that were outdated by a later change since the batch was begun. Once this answers the
    /// changes are durable, the next question sees them, and what they replaced or removed is gone for good. Blocks on a
    /// disk.
    ///
    /// # Errors
    /// [`Dimension`](VectorIndexError::Dimension) when a vector is of another model,
    /// [`Destroyed`](VectorIndexError::Destroyed) when the vectors were destroyed since the batch was begun,
    /// [`Damaged`](VectorIndexError::Damaged) when those that are held cannot be read,
    /// [`Full`](VectorIndexError::Full) when there is no space left, and [`Failed`](VectorIndexError::Failed) for
    /// anything else, and when something that was replaced or removed could not be made gone: the same changes are then
    /// to be brought again.
    fn apply(self: Box<Self>, changes: &[VectorChange]) -> Result<(), VectorIndexError>;
}
