//! Why nothing was read, changed or swept.

use crate::audit::{CheckpointError, LogTreeError};
use crate::identity::AuthorizationError;
use crate::port_error::{PortError, port_errors};
use crate::retention::{MAX_HOLDS, TermError};

/// Nothing was read, changed or swept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RetentionError {
    /// The caller may not do it, or not any more.
    #[error(transparent)]
    Authorization(#[from] AuthorizationError),
    /// A term is too short or too long.
    #[error(transparent)]
    Term(#[from] TermError),
    /// There is no such hold.
    #[error("there is no such hold")]
    HoldNotFound,
    /// The tenant has as many holds as it may.
    #[error("a tenant has at most {MAX_HOLDS} holds at once: release one first")]
    TooManyHolds,
    /// A hold stands against it.
    #[error("a legal hold stands: nothing goes until it is released")]
    Held,
    /// A term was made longer meanwhile, or another sweep has come first.
    #[error("what is due has changed meanwhile: look again")]
    Changed,
    /// The log is not the one that was signed before, or events whose term has ended are not those that its tree was made of: they stay, as what may
    /// be evidence.
    #[error("the log is not the one that its tree was made of; whoever runs this space must look into it")]
    LogChanged,
    /// A port failed.
    #[error(transparent)]
    PortError(#[from] PortError),
}
port_errors!(RetentionError);

impl From<LogTreeError> for RetentionError {
    fn from(error: LogTreeError) -> Self {
        match error {
            LogTreeError::Proof(_) | LogTreeError::Contradiction => Self::LogChanged,
            LogTreeError::Store(error) => error.into(),
        }
    }
}

impl From<CheckpointError> for RetentionError {
    fn from(error: CheckpointError) -> Self {
        match error {
            CheckpointError::Authorization(error) => error.into(),
            CheckpointError::PortError(error) => error.into(),
            CheckpointError::Empty | CheckpointError::Changed | CheckpointError::OtherKey => Self::LogChanged,
        }
    }
}
