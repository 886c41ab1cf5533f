//! What a failure of tantivy or of the disk means to whoever asked.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use syft_space_domain::dataset::ports::SearchError;
use syft_space_domain::ids::DatasetId;
use tantivy::TantivyError;
use tantivy::directory::error::{LockError, OpenDirectoryError, OpenReadError, OpenWriteError};

/// "No space left on device", on every Unix.
const ENOSPC: i32 = 28;

/// Why something on an index was not done, before it is told of which dataset.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// The engine says why.
    #[error(transparent)]
    Tantivy(#[from] TantivyError),
    /// The disk says why.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The index is not what it should be.
    #[error("{0}")]
    Damaged(String),
}

impl Fault {
    /// What the port answers.
    pub(crate) fn told(&self, dataset: DatasetId) -> SearchError {
        let error = match self {
            // Some layers of tantivy leave only the words of the disk's error.
            _ if self.to_string().contains(&io::Error::from_raw_os_error(ENOSPC).to_string()) => {
                SearchError::Full
            }
            Self::Tantivy(error) => of_tantivy(error, dataset),
            Self::Io(error) => of_io(error, dataset),
            Self::Damaged(_) => SearchError::Damaged(dataset),
        };
        if matches!(error, SearchError::Damaged(_)) {
            tracing::error!(%dataset, reason = %self, "the index of a dataset is damaged");
        }
        error
    }
}

/// Does something on an index. Tantivy trusts the bytes it maps and may panic over damaged ones; that is told as
/// damage.
pub(crate) fn guarded<T>(
    dataset: DatasetId,
    work: impl FnOnce() -> Result<T, Fault>,
) -> Result<T, SearchError> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(Fault::Damaged("it cannot be read".to_owned())))
        .map_err(|fault| fault.told(dataset))
}

fn of_io(error: &io::Error, dataset: DatasetId) -> SearchError {
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

fn of_tantivy(error: &TantivyError, dataset: DatasetId) -> SearchError {
    match error {
        TantivyError::IoError(error)
        | TantivyError::OpenReadError(OpenReadError::IoError { io_error: error, .. })
        | TantivyError::OpenWriteError(OpenWriteError::IoError { io_error: error, .. })
        | TantivyError::OpenDirectoryError(OpenDirectoryError::IoError { io_error: error, .. })
        | TantivyError::LockFailure(LockError::IoError(error), _) => of_io(error, dataset),
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
        let faults = [
            Fault::Io(io::Error::from(io::ErrorKind::QuotaExceeded)),
            Fault::Tantivy(TantivyError::IoError(full())),
            Fault::Tantivy(TantivyError::InternalError(io::Error::from_raw_os_error(ENOSPC).to_string())),
            Fault::Tantivy(TantivyError::OpenWriteError(OpenWriteError::IoError {
                io_error: full(),
                filepath: "x".into(),
            })),
            Fault::Tantivy(TantivyError::LockFailure(LockError::IoError(full()), None)),
        ];
        for fault in faults {
            assert_eq!(fault.told(dataset), SearchError::Full, "{fault:?}");
        }
    }

    #[test]
    fn what_says_nothing_about_the_index_is_no_damage() {
        let dataset = DatasetId::from_bytes([1; 16]);
        let denied = Fault::Io(io::Error::from(io::ErrorKind::PermissionDenied));
        assert!(matches!(denied.told(dataset), SearchError::Failed(_)));
    }

    #[test]
    fn a_panic_over_damaged_bytes_is_damage() {
        let dataset = DatasetId::from_bytes([1; 16]);
        let told = guarded(dataset, || -> Result<(), Fault> { panic!("index out of bounds") });
        assert_eq!(told, Err(SearchError::Damaged(dataset)));
    }
}
