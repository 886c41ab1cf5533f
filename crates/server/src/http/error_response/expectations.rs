//! The responses to errors of expectations, and to writes that would break one.

use syft_space_domain::expectation::{ExpectationError, ExpectationRefusal};

use crate::http::problem::Problem;
use crate::http::reason::Reason;

impl From<ExpectationRefusal> for Problem {
    fn from(error: ExpectationRefusal) -> Self {
        match error {
            ExpectationRefusal::Broken(_) => Self::new(Reason::ExpectationBroken, error),
            ExpectationRefusal::TooCostly(..) => Self::new(Reason::LimitReached, error),
        }
    }
}

impl From<ExpectationError> for Problem {
    fn from(error: ExpectationError) -> Self {
        match error {
            ExpectationError::Authorization(error) => error.into(),
            ExpectationError::NotFound => Self::new(Reason::NotFound, error),
            ExpectationError::Changed => Self::new(Reason::Changed, error),
            ExpectationError::TooMany => Self::field("/expectations", error),
            ExpectationError::LimitReached(_) => Self::new(Reason::LimitReached, error),
            ExpectationError::Refused(error) => error.into(),
            ExpectationError::PortError(error) => error.into(),
        }
    }
}
