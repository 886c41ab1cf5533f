//! Why a group, or who is in one, was not made, changed, read or removed.

use crate::expectation::ExpectationRefusal;
use crate::group::{MAX_GROUPS_PER_TENANT, MAX_MEMBERS, MAX_MEMBERS_AT_ONCE, MAX_MEMBERS_PER_TENANT};
use crate::identity::AuthorizationError;
use crate::ids::PolicyId;
use crate::policy::told_policies;
use crate::port_error::{PortError, port_errors};

/// A group was not made, changed, read or removed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GroupError {
    /// The caller may not do it, or not any more.
    #[error(transparent)]
    Authorization(#[from] AuthorizationError),
    /// There is no such group.
    #[error("there is no such group")]
    NotFound,
    /// Another group has the name.
    #[error("the tenant has a group of this name")]
    NameTaken,
    /// It has been changed since.
    #[error("it has been changed since; read it again")]
    Changed,
    /// Policies name it.
    #[error("policies name the group: {}; take it out of them first", told_policies(.0))]
    InUse(Vec<(PolicyId, String)>),
    /// The tenant has as many groups as it may.
    #[error("the tenant has {MAX_GROUPS_PER_TENANT} groups, which is all it may have")]
    LimitReached,
    /// The group would hold more addresses than it may.
    #[error("the group would hold {0} addresses, and may hold {MAX_MEMBERS}: make another for the rest")]
    MemberLimitReached(u64),
    /// The tenant's groups would hold more addresses than they may.
    #[error("the tenant's groups would hold {0} addresses, and may hold {MAX_MEMBERS_PER_TENANT} together")]
    TenantLimitReached(u64),
    /// No address, or too many at once.
    #[error("name 1 to {} addresses at once", MAX_MEMBERS_AT_ONCE)]
    Count,
    /// An expectation of an endpoint would be broken.
    #[error(transparent)]
    Expectation(#[from] ExpectationRefusal),
    /// A port failed.
    #[error(transparent)]
    PortError(#[from] PortError),
}
port_errors!(GroupError);
