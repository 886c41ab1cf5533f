//! Telling an owner why somebody may, or may not, query an endpoint: the decision on a hypothetical caller.

use crate::access::Permission;
use crate::endpoint::EndpointName;
use crate::identity::{AuthorizationError, Email, Principal};
use crate::marketplace::{HubRole, Issuer};
use crate::policy::{Caller, Decision, DecisionContext, Subject};
use crate::port_error::{PortError, port_errors};
use crate::space::Space;

/// Whose query is explained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HypotheticalCaller {
    /// The member of this address.
    Address(Email),
    /// A user of a hub. Where a policy hangs on their address, it must be said: nobody is asked for it.
    HubUser {
        /// The hub.
        issuer: Issuer,
        /// What they are there.
        role: HubRole,
        /// Their address there.
        email: Option<Email>,
    },
}

/// There is nothing to explain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExplainError {
    /// The caller may not do it, or not any more.
    #[error(transparent)]
    Authorization(#[from] AuthorizationError),
    /// There is no such endpoint.
    #[error("there is no such endpoint")]
    NotFound,
    /// A port failed.
    #[error(transparent)]
    PortError(#[from] PortError),
}
port_errors!(ExplainError);

/// Decides on somebody's query to an endpoint as if they made it now, without any effect.
///
/// # Errors
/// When there is no such endpoint, the caller's role does not permit it, or a port failed.
pub fn explain(
    space: &Space,
    principal: &Principal,
    name: &EndpointName,
    somebody: &HypotheticalCaller,
) -> Result<Decision, ExplainError> {
    principal.scope(Permission::WritePolicies)?;
    let snapshot = principal.snapshot();
    let endpoint = snapshot.endpoint_named(name).ok_or(ExplainError::NotFound)?;
    let caller = match somebody {
        HypotheticalCaller::Address(email) => match snapshot.active_member(email) {
            Some(member) => Caller::Member { role: member.role, email: Some(&member.email) },
            None => Caller::Stranger { email: Some(email) },
        },
        HypotheticalCaller::HubUser { issuer, role, email } => {
            let hub = space.trusted.by_issuer(issuer.as_str());
            let registered =
                hub.is_some_and(|hub| snapshot.marketplaces().any(|marketplace| marketplace.hub == hub.id));
            let subject = match role {
                HubRole::Guest => Subject::Guest,
                HubRole::User | HubRole::Admin => Subject::Identified { email: email.as_ref() },
            };
            Caller::HubUser { registered, subject }
        }
    };
    Ok(endpoint.look(&caller, &DecisionContext::at(space.clock.now())))
}
