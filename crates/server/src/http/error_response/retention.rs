//! The responses to errors of retention terms and legal holds.

use syft_space_domain::retention::RetentionError;

use crate::http::error_response::audit::changed;
use crate::http::problem::Problem;
use crate::http::reason::Reason;

impl From<RetentionError> for Problem {
    fn from(error: RetentionError) -> Self {
        match error {
            RetentionError::Authorization(error) => error.into(),
            RetentionError::Term(error) => Self::new(Reason::Invalid, error),
            RetentionError::HoldNotFound => Self::new(Reason::NotFound, error),
            RetentionError::TooManyHolds => Self::new(Reason::LimitReached, error),
            RetentionError::Held | RetentionError::Changed => Self::new(Reason::Conflict, error),
            RetentionError::LogChanged => changed(&error),
            RetentionError::PortError(error) => error.into(),
        }
    }
}
