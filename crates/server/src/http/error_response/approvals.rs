//! The answers where a question waits for approval, or was not decided on.

use syft_space_domain::approval::{ApprovalError, ApprovalState, Filed};
use syft_space_domain::endpoint::{NotApproved, QueryError};

use crate::http::problem::Problem;
use crate::http::reason::Reason;

impl From<ApprovalError> for Problem {
    fn from(error: ApprovalError) -> Self {
        match error {
            ApprovalError::Authorization(error) => error.into(),
            ApprovalError::NotFound | ApprovalError::NoEndpoint => Self::new(Reason::NotFound, error),
            ApprovalError::OwnRequest => Self::new(Reason::OwnRequest, error),
            ApprovalError::Denied | ApprovalError::Ended => Self::new(Reason::Conflict, error),
            ApprovalError::PortError(error) => error.into(),
        }
    }
}

/// The answer to a query whose question nobody has approved.
pub(super) fn not_approved(unapproved: NotApproved) -> Problem {
    let (reason, id) = match unapproved.0 {
        Filed::Request(id, ApprovalState::Denied) => (Reason::ReviewDenied, Some(id)),
        Filed::Request(id, _) => (Reason::ReviewPending, Some(id)),
        Filed::Full(_) => (Reason::ReviewQueueFull, None),
    };
    let problem =
        Problem::new(reason, QueryError::NotApproved(unapproved)).with_policy(unapproved.metadata());
    match id {
        Some(id) => problem.with_approval(id),
        None => problem,
    }
}
