//! The responses to errors of access reviews.

use syft_space_domain::policy::SignOffError;

use crate::http::problem::Problem;
use crate::http::reason::Reason;

impl From<SignOffError> for Problem {
    fn from(error: SignOffError) -> Self {
        match error {
            SignOffError::Authorization(error) => error.into(),
            SignOffError::Changed => Self::new(Reason::Conflict, error),
            SignOffError::PortError(error) => error.into(),
        }
    }
}
