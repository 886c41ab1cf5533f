//! The errors of sessions as responses.

use syft_space_domain::identity::{EndSessionsError, SessionError};

use crate::http::problem::Problem;
use crate::http::reason::Reason;

impl From<SessionError> for Problem {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Authorization(error) => error.into(),
            SessionError::NotFound => Self::new(Reason::NotFound, error),
            SessionError::PortError(error) => error.into(),
        }
    }
}

impl From<EndSessionsError> for Problem {
    fn from(error: EndSessionsError) -> Self {
        match error {
            EndSessionsError::Operate(error) => error.into(),
            EndSessionsError::NotFound => Self::new(Reason::NotFound, error),
            EndSessionsError::PortError(error) => error.into(),
        }
    }
}
