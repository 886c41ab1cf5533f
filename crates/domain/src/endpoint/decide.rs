//! The decision on a caller: whether they may know of an endpoint, and whether its policies let them query it.

use std::sync::Arc;

use crate::access::Permission;
use crate::identity::{Email, Principal};
use crate::policy::{PolicyEntry, PolicyMetadata, PolicyOutcome, Reason, Subject};
use crate::snapshot::EndpointSnapshot;

/// What the policies of an endpoint decide on a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    /// They may query.
    Permit,
    /// They may not.
    Deny,
    /// It hangs on their address, which is not known.
    AddressUnknown,
}

impl Decision {
    /// What the caller learns of it.
    pub(super) fn metadata(self) -> PolicyMetadata {
        if self == Self::Permit {
            return PolicyMetadata { outcome: PolicyOutcome::Success, entries: Vec::new() };
        }
        let entry = PolicyEntry {
            policy_type: "access",
            kind: "access",
            status: "rejected",
            reason_code: "ACCESS_DENIED",
            reason: "the endpoint's access policy does not admit you",
        };
        PolicyMetadata { outcome: PolicyOutcome::AccessDenied, entries: vec![entry] }
    }

    /// What the answer costs the caller. No policy charges yet.
    pub(super) fn cost(self) -> f64 {
        0.0
    }
}

/// The endpoint of this slug, if this caller may know of it: a draft is for those alone who may change it, and what
/// no access policy opens is for members.
pub(super) fn visible<'a>(principal: &'a Principal, slug: &str) -> Option<&'a Arc<EndpointSnapshot>> {
    let endpoint = principal.snapshot().endpoint(slug)?;
    let published = endpoint.endpoint.published || principal.may(Permission::WriteEndpoints);
    let open = principal.as_hub_user().is_none() || !endpoint.access.is_empty();
    (published && open).then_some(endpoint)
}

/// Decides on a caller. Where no access policy is attached, any member may query. `email` is the address that a hub told
/// of its user; a member has their own.
pub(super) fn decide(principal: &Principal, endpoint: &EndpointSnapshot, email: Option<&Email>) -> Decision {
    let subject = match principal.as_hub_user() {
        None if endpoint.access.is_empty() => return Decision::Permit,
        None => Subject::Identified { email: principal.email() },
        Some(caller) if caller.claims.is_guest() => Subject::Guest,
        Some(_) => Subject::Identified { email },
    };
    match endpoint.access.verdict(subject) {
        verdict if verdict.is_allow() => Decision::Permit,
        verdict if verdict.reason == Reason::AddressUnknown => Decision::AddressUnknown,
        _ => Decision::Deny,
    }
}
