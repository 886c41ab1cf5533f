//! The errors of an index, and what the port answers for them.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use syft_space_domain::dataset::ports::SearchError;
use syft_space_domain::ids::DatasetId;
use tantivy::TantivyError;
use tantivy::directory::error::{LockError, OpenDirectoryError, OpenReadError, OpenWriteError};

/// "No space left on device", on every Unix.
const ENOSPC: i32 = 28;

/// An error of an index, before it names the dataset.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IndexError {
    /// An error of tantivy.
    #[error(transparent)]
    Tantivy(#[from] TantivyError),
    /// An error of the disk.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The index is not what it should be.
    #[error("{0}")]
    Damaged(String),
}

impl IndexError {
    /// The error that the port answers.
    pub(crate) fn to_search_error(&self, dataset: DatasetId) -> SearchError {
        let error = match self {
            // Some layers of tantivy leave only the words of the disk's error.
            _ if self.to_string().contains(&io::Error::from_raw_os_error(ENOSPC).to_string()) => {
                SearchError::Full
            }
            Self::Tantivy(error) => tantivy_error(error, dataset),
            Self::Io(error) => io_error(error, dataset),
            Self::Damaged(_) => SearchError::Damaged(dataset),
        };
        if matches!(error, SearchError::Damaged(_)) {
            tracing::error!(%dataset, reason = %self, "the index of a dataset is damaged");
        }
        error
    }
}

/// Runs work on an index. Tantivy trusts the bytes it maps and may panic over damaged ones: a panic is an error of
/// damage.
pub(crate) fn guarded<T>(
    dataset: DatasetId,
    work: impl FnOnce() -> Result<T, IndexError>,
) -> Result<T, SearchError> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(IndexError::Damaged("it cannot be read".to_owned())))
        .map_err(|error| error.to_search_error(dataset))
}

fn io_error(error: &io::Error, dataset: DatasetId) -> SearchError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => SearchError::Full,
        io::ErrorKind::InvalidData
        | io::ErrorKind::UnexpectedEof
        | io::ErrorKind::NotFound
        | io::ErrorKind::NotADirectory
        | io::ErrorKind::IsADirectory => SearchError::Damaged(dataset),
        _ => SearchError::Failed(error.to_string()),
    }
}

fn tantivy_error(error: &TantivyError, dataset: DatasetId) -> SearchError {
    match error {
        TantivyError::IoError(error)
        | TantivyError::OpenReadError(OpenReadError::IoError { io_error: error, .. })
        | TantivyError::OpenWriteError(OpenWriteError::IoError { io_error: error, .. })
        | TantivyError::OpenDirectoryError(OpenDirectoryError::IoError { io_error: error, .. })
        | TantivyError::LockFailure(LockError::IoError(error), _) => io_error(error, dataset),
        TantivyError::OpenReadError(
            OpenReadError::FileDoesNotExist(_) | OpenReadError::IncompatibleIndex(_),
        )
        | TantivyError::OpenDirectoryError(OpenDirectoryError::NotADirectory(_))
        | TantivyError::IncompatibleIndex(_)
        | TantivyError::DataCorruption(_)
        | TantivyError::DeserializeError(_)
        | TantivyError::SchemaError(_)
        | TantivyError::FieldNotFound(_)
        | TantivyError::MissingPlugin(_) => SearchError::Damaged(dataset),
        _ => SearchError::Failed(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_full_disk_is_told_as_such_wherever_it_shows() {
        let dataset = DatasetId::from_bytes([1; 16]);
        let full = || Arc::new(io::Error::from(io::ErrorKind::StorageFull));
        let errors = [
            IndexError::Io(io::Error::from(io::ErrorKind::QuotaExceeded)),
            IndexError::Tantivy(TantivyError::IoError(full())),
            IndexError::Tantivy(TantivyError::InternalError(
                io::Error::from_raw_os_error(ENOSPC).to_string(),
            )),
            IndexError::Tantivy(TantivyError::OpenWriteError(OpenWriteError::IoError {
                io_error: full(),
                filepath: "x".into(),
            })),
            IndexError::Tantivy(TantivyError::LockFailure(LockError::IoError(full()), None)),
        ];
        for error in errors {
            assert_eq!(error.to_search_error(dataset), SearchError::Full, "{error:?}");
        }
    }

    #[test]
    fn what_says_nothing_about_the_index_is_no_damage() {
        let dataset = DatasetId::from_bytes([1; 16]);
        let denied = IndexError::Io(io::Error::from(io::ErrorKind::PermissionDenied));
        assert!(matches!(denied.to_search_error(dataset), SearchError::Failed(_)));
    }

    #[test]
    fn a_panic_over_damaged_bytes_is_damage() {
        let dataset = DatasetId::from_bytes([1; 16]);
        let outcome = guarded(dataset, || -> Result<(), IndexError> { panic!("index out of bounds") });
        assert_eq!(outcome, Err(SearchError::Damaged(dataset)));
    }
}
