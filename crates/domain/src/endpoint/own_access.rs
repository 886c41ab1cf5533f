//! What a caller may ask: the endpoints that they may query, on which terms, and what is left to them.

use std::net::IpAddr;
use std::sync::Arc;

use crate::access::Permission;
use crate::endpoint::list::queryable;
use crate::endpoint::{EndpointError, QueryError, Slug};
use crate::identity::Principal;
use crate::ids::EndpointId;
use crate::page::{Page, PageItem, PageRequest};
use crate::policy::{Allowance, ObligationContext, Purpose, QueryFacts};
use crate::space::Space;

/// What a caller may ask of one endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnAccess {
    /// The endpoint's name in its URL.
    pub slug: Slug,
    /// Its name for people.
    pub name: String,
    /// One sentence about it.
    pub summary: String,
    /// The type of each policy that can be read, and a sentence on what it asks, in the order in which they are attached.
    pub terms: Vec<(&'static str, String)>,
    /// Why a query would be refused now, if it would. What hangs on the text of the question refuses nobody here.
    pub refusal: Option<QueryError>,
    /// What is left to the caller.
    pub allowances: Vec<Allowance>,
}

impl PageItem for OwnAccess {
    fn bytes(&self) -> usize {
        let terms: usize = self.terms.iter().map(|(_, sentence)| sentence.len()).sum();
        self.name.len().saturating_add(self.summary.len()).saturating_add(terms)
    }
}

/// A query that a caller might make.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ForecastQuery {
    /// From where.
    pub address: Option<IpAddr>,
    /// What it is for.
    pub purpose: Option<Purpose>,
}

/// What the caller may ask, in the order of the endpoints' ids: those that their credential reaches and whose policies let them in.
/// It is decided as a query is, and nothing is taken.
///
/// # Errors
/// When the caller may not list what they may query, as a user of a hub may not, or a port failed.
pub async fn own_access(
    space: &Space,
    principal: &Principal,
    query: &ForecastQuery,
    page: PageRequest<EndpointId>,
) -> Result<Page<OwnAccess, EndpointId>, EndpointError> {
    let query = query.clone();
    let found = queryable(space, principal, page, move |principal, endpoint, listed, now| {
        let facts = QueryFacts {
            principal: principal.actor().id(),
            key: principal.api_key().map(|known| known.key.id),
            address: query.address,
            purpose: query.purpose.as_ref(),
            dataset: Some(endpoint.searched.index.dataset),
            ..QueryFacts::default()
        };
        let decided = principal.snapshot().decision_context(now).of_query(facts);
        (endpoint.decide(&principal.caller(None), &decided), Arc::clone(endpoint), listed)
    });
    let Page { items, next } = found.await?;
    let scope = principal.scope(Permission::ListQueryable)?;
    let context =
        ObligationContext::in_store(space.clock.now(), &space.store, scope).sealing_with(&space.sealer);
    let mut found = Vec::with_capacity(items.len());
    for (decision, endpoint, listed) in items {
        let (decision, allowances) = decision.look(&context).await;
        let refusal = (!decision.is_allow()).then(|| QueryError::of_decision(decision));
        let terms = endpoint.policies.iter().filter_map(|policy| policy.description()).collect();
        let (slug, name, summary) = (endpoint.slug.clone(), listed.name, listed.summary);
        found.push(OwnAccess { slug, name, summary, terms, refusal, allowances });
    }
    // The store was waited for.
    principal.recheck_reader(space, Permission::ListQueryable)?;
    Ok(Page { items: found, next })
}
