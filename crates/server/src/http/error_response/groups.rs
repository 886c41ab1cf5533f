//! The responses to errors of groups.

use syft_space_domain::group::GroupError;
use syft_space_domain::policy::Reference;

use crate::http::problem::Problem;
use crate::http::reason::Reason;

impl From<GroupError> for Problem {
    fn from(error: GroupError) -> Self {
        match error {
            GroupError::Authorization(error) => error.into(),
            GroupError::NotFound => Self::new(Reason::NotFound, error),
            GroupError::NameTaken => Self::new(Reason::NameTaken, error),
            GroupError::Changed => Self::new(Reason::Changed, error),
            GroupError::InUse(_) => Self::new(Reason::GroupInUse, error),
            GroupError::LimitReached
            | GroupError::MemberLimitReached(_)
            | GroupError::TenantLimitReached(_) => Self::new(Reason::LimitReached, error),
            GroupError::Count => Self::field("/emails", error),
            GroupError::Expectation(error) => error.into(),
            GroupError::PortError(error) => error.into(),
        }
    }
}

/// The answer where a configuration, which stands at a place of the body, names a group or marketplace that there is not.
pub(super) fn unknown_reference(at: &str, named: &Reference, error: impl std::fmt::Display) -> Problem {
    Problem::field(format!("{at}{}", named.pointer), error)
}
