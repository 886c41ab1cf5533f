//! What the port of vectors answers for the errors of an index.

use syft_space_domain::dataset::ports::{SearchError, VectorIndexError};
use syft_space_domain::ids::DatasetId;

use crate::error::IndexError;

/// Runs work on vectors. A panic is an error of damage.
pub(crate) fn guarded<T>(
    dataset: DatasetId,
    work: impl FnOnce() -> Result<T, IndexError>,
) -> Result<T, VectorIndexError> {
    crate::error::guarded(dataset, work).map_err(|error| match error {
        SearchError::Damaged(dataset) => VectorIndexError::Damaged(dataset),
        SearchError::Full => VectorIndexError::Full,
        SearchError::Failed(reason) => VectorIndexError::Failed(reason),
        error @ SearchError::TooManyChunks => VectorIndexError::Failed(error.to_string()),
    })
}
