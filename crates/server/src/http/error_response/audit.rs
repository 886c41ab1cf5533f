//! The responses to errors of audit logs.

use syft_space_domain::audit::{AuditError, CheckpointError, ProveError, ReceiptProofError};
use syft_space_domain::inquiry::TailError;

use crate::http::problem::Problem;
use crate::http::reason::Reason;

impl From<AuditError> for Problem {
    fn from(error: AuditError) -> Self {
        match error {
            AuditError::Authorization(error) => error.into(),
            AuditError::LogChanged => changed(&error),
            AuditError::PortError(error) => error.into(),
        }
    }
}

impl From<TailError> for Problem {
    fn from(error: TailError) -> Self {
        match error {
            TailError::Authorization(error) => error.into(),
            TailError::Ahead { .. } => Self::new(Reason::Conflict, error),
            TailError::PortError(error) => error.into(),
        }
    }
}

impl From<CheckpointError> for Problem {
    fn from(error: CheckpointError) -> Self {
        match error {
            CheckpointError::Authorization(error) => error.into(),
            CheckpointError::Empty => Self::new(Reason::NotFound, error),
            CheckpointError::Changed | CheckpointError::OtherKey => changed(&error),
            CheckpointError::PortError(error) => error.into(),
        }
    }
}

impl From<ProveError> for Problem {
    fn from(error: ProveError) -> Self {
        match error {
            ProveError::Authorization(error) => error.into(),
            ProveError::Proof(error) => Self::new(Reason::NotFound, error),
            ProveError::Changed => changed(&error),
            ProveError::PortError(error) => error.into(),
        }
    }
}

impl From<ReceiptProofError> for Problem {
    fn from(error: ReceiptProofError) -> Self {
        match error {
            ReceiptProofError::Unknown | ReceiptProofError::Proof(_) => Self::new(Reason::NotFound, error),
            ReceiptProofError::Changed => changed(&error),
            ReceiptProofError::PortError(error) => error.into(),
        }
    }
}

/// The answer where a log was bent: it says so to whoever may read the log.
pub(super) fn changed(error: &dyn std::error::Error) -> Problem {
    tracing::error!(%error, "an audit log is not what was signed");
    Problem::new(Reason::Internal, error)
}
