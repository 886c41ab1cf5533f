//! Telling an owner why somebody may, or may not, query an endpoint: the decision on a hypothetical caller.

use std::net::IpAddr;

use crate::access::Permission;
use crate::endpoint::{Conversation, EndpointName};
use crate::identity::{AuthorizationError, Email, Principal};
use crate::marketplace::{HubRole, Issuer, hub_actor};
use crate::policy::{Caller, Decision, DecisionContext, ObligationContext, Purpose, QueryFacts, Subject};
use crate::port_error::{PortError, port_errors};
use crate::space::Space;
use crate::time::Timestamp;

/// Whose query is explained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HypotheticalCaller {
    /// The member of this address.
    Address(Email),
    /// A user of a hub. Where a policy hangs on their address, it must be said: nobody is asked for it.
    HubUser {
        /// The hub.
        issuer: Issuer,
        /// Who they are there: the `sub` of their tokens.
        subject: String,
        /// What they are there.
        role: HubRole,
        /// Their address there.
        email: Option<Email>,
    },
}

/// A query that somebody might make; what is not said of it refuses nobody but for the purpose that a policy demands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HypotheticalQuery {
    /// What is asked.
    pub conversation: Option<Conversation>,
    /// What it is for.
    pub purpose: Option<Purpose>,
    /// From where.
    pub address: Option<IpAddr>,
    /// When; now, unless it is said.
    pub at: Option<Timestamp>,
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

/// Decides on somebody's query to an endpoint as if they made it, without any effect. How limits stand is told as of now,
/// whenever it is.
///
/// # Errors
/// When there is no such endpoint, the caller's role does not permit it, or a port failed.
pub async fn explain(
    space: &Space,
    principal: &Principal,
    name: &EndpointName,
    somebody: &HypotheticalCaller,
    query: &HypotheticalQuery,
) -> Result<Decision, ExplainError> {
    let scope = principal.scope(Permission::WritePolicies)?;
    let snapshot = principal.snapshot();
    let endpoint = snapshot.endpoint_named(name).ok_or(ExplainError::NotFound)?;
    let mut counted = None;
    let caller = match somebody {
        HypotheticalCaller::Address(email) => match snapshot.active_member(email) {
            Some((account, member)) => {
                counted = Some(account.into());
                Caller::Member { role: member.role, email: Some(&member.email) }
            }
            None => Caller::Stranger { email: Some(email) },
        },
        HypotheticalCaller::HubUser { issuer, subject, role, email } => {
            let hub = space.trusted.by_issuer(issuer.as_str());
            let registered = hub
                .as_ref()
                .is_some_and(|hub| snapshot.marketplaces().any(|marketplace| marketplace.hub == hub.id));
            let known = (*role != HubRole::Guest).then_some(subject.as_str());
            counted = hub.map(|hub| hub_actor(&scope, hub.id, known));
            let subject = match role {
                HubRole::Guest => Subject::Guest,
                HubRole::User | HubRole::Admin => Subject::Identified { email: email.as_ref() },
            };
            Caller::HubUser { registered, subject }
        }
    };
    let facts = QueryFacts {
        principal: counted,
        key: None,
        address: query.address,
        conversation: query.conversation.as_ref(),
        purpose: query.purpose.as_ref(),
        dataset: Some(endpoint.searched.index.dataset),
        documents: None,
        threshold: None,
        context: None,
        request: None,
    };
    let now = query.at.unwrap_or_else(|| space.clock.now());
    let decision =
        endpoint.decide(&caller, &DecisionContext::of_query(now, facts).with_groups(snapshot.groups()));
    let obliged = ObligationContext::in_store(now, &space.store, scope).sealing_with(&space.sealer);
    Ok(decision.look(&obliged).await)
}
