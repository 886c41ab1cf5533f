//! The responses to errors of looking at patterns, and of trying a change of a policy on people and on queries.

use syft_space_domain::policy::{LintError, ReplayError, SimulateError};

use crate::http::error_response::groups::unknown_reference;
use crate::http::problem::Problem;

impl From<LintError> for Problem {
    fn from(error: LintError) -> Self {
        match error {
            LintError::Authorization(error) => error.into(),
            LintError::NotFound => Self::field("/endpoint", error),
            LintError::UnknownReference(place, ref named) => {
                unknown_reference(&format!("/policies/{place}/configuration"), named, &error)
            }
            LintError::TooMany => Self::field("/policies", error),
            LintError::PortError(error) => error.into(),
        }
    }
}

impl From<SimulateError> for Problem {
    fn from(error: SimulateError) -> Self {
        match error {
            SimulateError::Authorization(error) => error.into(),
            SimulateError::NotFound => Self::field("/policy_id", error),
            SimulateError::UnknownReference(ref named) => unknown_reference("/configuration", named, &error),
            SimulateError::UnknownMarketplace(place, _) => {
                Self::field(format!("/identities/{place}/marketplace"), error)
            }
            SimulateError::TooMany => Self::field("/identities", error),
            SimulateError::PortError(error) => error.into(),
        }
    }
}

impl From<ReplayError> for Problem {
    fn from(error: ReplayError) -> Self {
        match error {
            ReplayError::Authorization(error) => error.into(),
            ReplayError::NotFound | ReplayError::NotReplayable(_) => Self::field("/policy_id", error),
            ReplayError::UnknownReference(ref named) => unknown_reference("/configuration", named, &error),
            ReplayError::PortError(error) => error.into(),
        }
    }
}
