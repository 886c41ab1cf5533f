//! The responses to errors of sessions that the operator ends.

use syft_space_domain::identity::RevokeSessionsError;

use crate::http::problem::Problem;
use crate::http::reason::Reason;

impl From<RevokeSessionsError> for Problem {
    fn from(error: RevokeSessionsError) -> Self {
        match error {
            RevokeSessionsError::Operate(error) => error.into(),
            RevokeSessionsError::NotFound | RevokeSessionsError::NoSession => {
                Self::new(Reason::NotFound, error)
            }
            RevokeSessionsError::PortError(error) => error.into(),
        }
    }
}
