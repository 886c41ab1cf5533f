//! What is known, besides the caller, of a query that is decided on: the resource and the context, in Cedar's words.

use std::net::IpAddr;

use crate::dataset::{ContextSize, Threshold};
use crate::endpoint::Conversation;
use crate::group::GroupMemberships;
use crate::ids::{ActorId, ApiKeyId, DatasetId, EndpointId, TenantId};
use crate::ledger::RequestDigest;
use crate::marketplace::MarketplaceHubs;
use crate::policy::purpose::Purpose;
use crate::time::Timestamp;

/// The endpoint that a query is made to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resource {
    /// The endpoint.
    pub endpoint: EndpointId,
    /// Whether it is more than a draft.
    pub published: bool,
}

/// When a decision is made, and on which query.
#[derive(Debug, Clone, Copy)]
pub struct DecisionContext<'a> {
    /// When.
    pub now: Timestamp,
    /// The query; `None` where it is asked who could make one, as for a list. What hangs on a query then refuses nobody.
    pub query: Option<QueryFacts<'a>>,
    /// Whose endpoint it is. Where nobody says, it counts as that of a tenant without a name.
    pub tenant: Option<TenantId>,
    /// Who is in each of the tenant's groups. Where nobody says, policies that name a group refuse everybody.
    pub groups: Option<&'a GroupMemberships>,
    /// Which hub each of the tenant's marketplaces is on. Where nobody says, policies that name a marketplace refuse everybody.
    pub marketplaces: Option<&'a MarketplaceHubs>,
}

/// What is known of a query; by default nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct QueryFacts<'a> {
    /// Whom it counts for: the same for each of their sessions, tokens and keys. All guests of a hub are one.
    pub principal: Option<ActorId>,
    /// The API key that it is made with.
    pub key: Option<ApiKeyId>,
    /// The client's address.
    pub address: Option<IpAddr>,
    /// What is asked, and what was said before; `None` where an owner has a query explained that says nothing. What hangs on
    /// it refuses nobody then.
    pub conversation: Option<&'a Conversation>,
    /// What it is for, if the caller says.
    pub purpose: Option<&'a Purpose>,
    /// Which dataset is searched; `None` where nobody says.
    pub dataset: Option<DatasetId>,
    /// How many documents it shows at most; `None` where an owner has a query explained that does not say.
    pub documents: Option<usize>,
    /// How close a chunk must be to be shown; `None` where an owner has a query explained, whose threshold is the default.
    pub threshold: Option<Threshold>,
    /// How much is shown around each hit; `None` where an owner has a query explained, which shows nothing there.
    pub context: Option<ContextSize>,
    /// What tells the same request again, if the caller gave it a correlation id.
    pub request: Option<RequestDigest>,
    /// Whether it is asked who could make it at some hour of the week: then the hours at which queries are answered refuse nobody.
    pub any_hour: bool,
}

impl Resource {
    /// An endpoint that is published.
    #[must_use]
    pub fn published(endpoint: EndpointId) -> Self {
        Self { endpoint, published: true }
    }
}

impl<'a> DecisionContext<'a> {
    /// For a decision on who could query, of which nothing else is known.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self { now, query: None, tenant: None, groups: None, marketplaces: None }
    }

    /// The same for a decision on a query.
    #[must_use]
    pub fn of_query(self, query: QueryFacts<'a>) -> Self {
        Self { query: Some(query), ..self }
    }
}
