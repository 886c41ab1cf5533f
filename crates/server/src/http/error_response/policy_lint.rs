//! The responses to errors of looking at patterns.

use syft_space_domain::policy::LintError;

use crate::http::problem::Problem;
use crate::http::reason::Reason;

impl From<LintError> for Problem {
    fn from(error: LintError) -> Self {
        match error {
            LintError::Authorization(error) => error.into(),
            LintError::NotFound => Self::new(Reason::NotFound, error),
            LintError::TooMany => Self::field("/policies", error),
            LintError::PortError(error) => error.into(),
        }
    }
}
