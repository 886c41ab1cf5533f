//! The errors of journals.

use std::io;

use diesel::result::Error;
use syft_space_domain::dataset::ports::VectorIndexError;
use syft_space_domain::ids::DatasetId;
use syft_space_domain::random::RandomError;

/// A journal was not read or written; nothing was done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JournalError {
    /// It is none of ours, or belongs elsewhere.
    #[error("the journal of vectors is damaged")]
    Damaged,
    /// No space is left.
    #[error("no space is left")]
    Full,
    /// The vectors were destroyed since the batch was begun.
    #[error("the vectors were destroyed")]
    Destroyed,
    /// Anything else.
    #[error("the journal of vectors failed: {0}")]
    Failed(String),
}

impl JournalError {
    /// As the port has it.
    pub(crate) fn of(self, dataset: DatasetId) -> VectorIndexError {
        match self {
            Self::Damaged => VectorIndexError::Damaged(dataset),
            Self::Full => VectorIndexError::Full,
            Self::Destroyed => VectorIndexError::Destroyed,
            Self::Failed(_) => VectorIndexError::Failed(self.to_string()),
        }
    }

    /// What SQLite says, by its messages, which are the same since there is SQLite 3.
    pub(super) fn of_message(message: &str) -> Self {
        if message == "database or disk is full" {
            Self::Full
        } else if message.contains("malformed") || message.contains("file is not a database") {
            Self::Damaged
        } else {
            Self::Failed(message.to_owned())
        }
    }
}

impl From<Error> for JournalError {
    fn from(error: Error) -> Self {
        match error {
            Error::DatabaseError(_, information) => Self::of_message(information.message()),
            Error::DeserializationError(_) => Self::Damaged,
            error => Self::Failed(error.to_string()),
        }
    }
}

impl From<io::Error> for JournalError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full,
            _ => Self::Failed(error.to_string()),
        }
    }
}

impl From<RandomError> for JournalError {
    fn from(error: RandomError) -> Self {
        Self::Failed(error.to_string())
    }
}
