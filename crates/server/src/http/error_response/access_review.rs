//! The responses to errors of access reviews.

use syft_space_domain::policy::ReviewError;

use crate::http::problem::Problem;
use crate::http::reason::Reason;

impl From<ReviewError> for Problem {
    fn from(error: ReviewError) -> Self {
        match error {
            ReviewError::Authorization(error) => error.into(),
            ReviewError::Cursor(error) => error.into(),
            ReviewError::Unknown => Self::new(Reason::Conflict, error),
            ReviewError::PortError(error) => error.into(),
        }
    }
}
