//! What can go wrong with a vector database, and what its answers mean.

use syft_space_domain::dataset::ports::VectorIndexError;
use syft_space_domain::ids::DatasetId;
use syft_space_outbound::OutboundError;

/// A vector database did not do what it was asked to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RemoteError {
    /// It says that there is no such collection.
    #[error("it has no such collection")]
    Gone,
    /// It, or the way there, has too much to do.
    #[error("it has too much to do")]
    Busy,
    /// Anything else, told so that it makes sense behind "the vector database: ".
    #[error("{0}")]
    Failed(String),
}

impl RemoteError {
    /// As the port has it. A collection that is gone has lost its vectors.
    pub(crate) fn of(self, dataset: DatasetId) -> VectorIndexError {
        match self {
            Self::Gone => VectorIndexError::Damaged(dataset),
            Self::Busy => VectorIndexError::Busy,
            Self::Failed(what) => VectorIndexError::Failed(format!("the vector database: {what}")),
        }
    }

    pub(super) fn silent() -> Self {
        Self::Failed("it has just not answered, and is asked again soon".to_owned())
    }

    pub(super) fn unreadable() -> Self {
        Self::Failed("its answer is none that the API has; check the kind and the address".to_owned())
    }

    /// What a status says that is no success.
    pub(super) fn of_status(status: u16) -> Self {
        match status {
            401 | 403 => Self::Failed(format!("it refuses the credential, with status {status}")),
            429 | 502..=504 => Self::Busy,
            300..=399 => Self::Failed("it sends elsewhere, and nobody goes there".to_owned()),
            _ => Self::Failed(format!("it answered with status {status}")),
        }
    }
}

impl From<OutboundError> for RemoteError {
    fn from(error: OutboundError) -> Self {
        match error {
            OutboundError::Busy => Self::Busy,
            error => Self::Failed(error.to_string()),
        }
    }
}

/// Whether it is the server that does not answer.
pub(super) fn is_silence(error: &OutboundError) -> bool {
    matches!(
        error,
        OutboundError::Unresolved(_)
            | OutboundError::Connect(_)
            | OutboundError::Timeout
            | OutboundError::Broken
    )
}
