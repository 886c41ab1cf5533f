//! Telling an owner why somebody may, or may not, query an endpoint: the decision on a hypothetical caller.

use std::net::IpAddr;

use crate::access::{Permission, Role};
use crate::endpoint::{Conversation, EndpointName};
use crate::identity::{AuthorizationError, Principal};
use crate::ids::HubId;
use crate::marketplace::{HubRole, MarketplaceName, hub_actor};
use crate::policy::{Caller, Decision, HypotheticalCaller, ObligationContext, Purpose, QueryFacts, Subject};
use crate::port_error::{PortError, port_errors};
use crate::space::Space;
use crate::time::Timestamp;

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

/// The most marketplaces of whose users it is told.
const MAX_MARKETPLACES: usize = 16;

/// What is decided on somebody.
pub struct Explained {
    /// On them.
    pub decision: Decision,
    /// What would be if the policies in shadow decided too, where there are any.
    pub with_shadow: Option<Decision>,
    /// Where they are named by an address: who has it on a marketplace is another, of whom a policy may say something else.
    /// It is told who could query: how limits stand for them is not looked at. In the order of the names, and of the first
    /// few.
    pub of_marketplaces: Vec<ExplainedUser>,
}

/// What is decided on a user of a marketplace.
pub struct ExplainedUser {
    /// The marketplace.
    pub marketplace: MarketplaceName,
    /// On them.
    pub decision: Decision,
    /// What would be if the policies in shadow decided too, where there are any.
    pub with_shadow: Option<Decision>,
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

impl HypotheticalCaller {
    /// As whom they would call: as a member of this role, if they are one who may act, or from a hub, which is this one if the tenant
    /// has an account on it.
    pub(crate) fn as_caller(&self, role: Option<Role>, hub: Option<HubId>) -> Caller<'_> {
        match (self, role) {
            (Self::Address(email), Some(role)) => Caller::Member { role, email: Some(email) },
            (Self::Address(email), None) => Caller::Stranger { email: Some(email) },
            (Self::HubUser { role, email, .. }, _) => Caller::HubUser {
                hub,
                subject: match role {
                    HubRole::Guest => Subject::Guest,
                    HubRole::User | HubRole::Admin => Subject::Identified { email: email.as_ref() },
                },
            },
        }
    }
}

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
) -> Result<Explained, ExplainError> {
    let scope = principal.scope(Permission::WritePolicies)?;
    let snapshot = principal.snapshot();
    let endpoint = snapshot.endpoint_named(name).ok_or(ExplainError::NotFound)?;
    let (role, registered, counted) = match somebody {
        HypotheticalCaller::Address(email) => match snapshot.active_member(email) {
            Some((account, member)) => (Some(member.role), None, Some(account.into())),
            None => (None, None, None),
        },
        HypotheticalCaller::HubUser { issuer, subject, role, .. } => {
            let hub = space.trusted.by_issuer(issuer.as_str());
            let registered = hub.as_ref().map(|hub| hub.id);
            let registered =
                registered.filter(|hub| snapshot.marketplace_hubs().hubs().any(|other| other == *hub));
            let known = (*role != HubRole::Guest).then_some(subject.as_str());
            (None, registered, hub.map(|hub| hub_actor(&scope, hub.id, known)))
        }
    };
    let caller = somebody.as_caller(role, registered);
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
        any_hour: false,
    };
    let now = query.at.unwrap_or_else(|| space.clock.now());
    let decided = snapshot.decision_context(now).of_query(facts);
    let decision = endpoint.decide(&caller, &decided);
    let with_shadow = endpoint.decide_with_shadow(&caller, &decided);
    let of_marketplaces = match somebody {
        HypotheticalCaller::Address(email) => {
            let marketplaces = snapshot.marketplace_hubs().iter().take(MAX_MARKETPLACES);
            let explained = |(name, hub): (&MarketplaceName, HubId)| {
                let subject = Subject::Identified { email: Some(email) };
                let caller = Caller::HubUser { hub: Some(hub), subject };
                let decision = endpoint.decide(&caller, &decided);
                let with_shadow = endpoint.decide_with_shadow(&caller, &decided);
                ExplainedUser { marketplace: name.clone(), decision, with_shadow }
            };
            marketplaces.map(explained).collect()
        }
        HypotheticalCaller::HubUser { .. } => Vec::new(),
    };
    let obliged = ObligationContext::in_store(now, &space.store, scope).sealing_with(&space.sealer);
    let with_shadow = match with_shadow {
        Some(decision) => Some(decision.look(&obliged).await.0),
        None => None,
    };
    Ok(Explained { decision: decision.look(&obliged).await.0, with_shadow, of_marketplaces })
}
