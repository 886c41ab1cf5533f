//! Deciding on a recorded query again.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::audit::{Action, Actor, Outcome, ReasonCode, RecordedQuery, RecordedReason};
use crate::endpoint::Slug;
use crate::ids::{ActorId, EndpointId, HubId, PolicyId};
use crate::marketplace::{HubRole, MarketplaceName, hub_actor};
use crate::policy::{
    Caller, CompiledPolicy, Effect, MAX_REPLAYED_ENDPOINTS, PolicySet, QueryFacts, Reason, Resource, Subject,
};
use crate::snapshot::TenantSnapshot;
use crate::tenant::TenantScope;

/// The endpoints that have a policy.
pub(super) type Endpoints = BTreeMap<EndpointId, EndpointPolicies>;

/// The policies of the endpoints that have one of which a change is looked at.
pub(super) struct ReplayedPolicies {
    snapshot: Arc<TenantSnapshot>,
    endpoints: Endpoints,
    has_more_endpoints: bool,
    /// The guests of each hub, who are one.
    guests: BTreeMap<ActorId, HubId>,
}

/// The policies of an endpoint as they are, and as they would be.
pub(super) struct EndpointPolicies {
    pub(super) slug: Slug,
    before: PolicySet,
    after: PolicySet,
    /// Those that the log cannot tell again.
    not_replayable: Vec<PolicyId>,
    /// How many steps it takes to decide on a query.
    steps: usize,
}

/// What is decided on a query.
pub(super) struct Verdicts {
    pub(super) before: Reason,
    pub(super) after: Reason,
    /// Whether it was recorded otherwise than it is decided now.
    pub(super) is_unlike_recorded: bool,
}

impl ReplayedPolicies {
    pub(super) fn new(
        scope: TenantScope,
        snapshot: Arc<TenantSnapshot>,
        changed: &Arc<CompiledPolicy>,
    ) -> Self {
        let all = snapshot.endpoints();
        // One in shadow too: what it would do if it decided is what its owner wants to know.
        let has_policy = |policies: &PolicySet| policies.attached().any(|policy| policy.id == changed.id);
        let mut with_policy: Vec<_> = all.filter(|endpoint| has_policy(&endpoint.policies)).collect();
        with_policy.sort_unstable_by(|one, other| one.slug.cmp(&other.slug));
        let has_more_endpoints = with_policy.len() > MAX_REPLAYED_ENDPOINTS;
        let endpoints = with_policy
            .into_iter()
            .take(MAX_REPLAYED_ENDPOINTS)
            .map(|endpoint| (endpoint.id, EndpointPolicies::new(&endpoint.slug, &endpoint.policies, changed)))
            .collect();
        let hubs = snapshot.marketplace_hubs().hubs();
        let guests = hubs.map(|hub| (hub_actor(&scope, hub, None), hub)).collect();
        Self { snapshot, endpoints, has_more_endpoints, guests }
    }

    pub(super) fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// Whether there are more endpoints that have the policy than are looked at.
    pub(super) fn has_more_endpoints(&self) -> bool {
        self.has_more_endpoints
    }

    /// How many steps it takes to decide on one query, wherever it was made.
    pub(super) fn steps_of_one(&self) -> usize {
        self.endpoints.values().map(|endpoint| endpoint.steps).max().unwrap_or(1)
    }

    pub(super) fn steps_of(&self, query: &RecordedQuery) -> usize {
        self.endpoints.get(&query.endpoint).map_or(1, |endpoint| endpoint.steps)
    }

    /// The name that the tenant has now for the marketplace that a query came from.
    pub(super) fn marketplace_of(&self, query: &RecordedQuery) -> Option<&MarketplaceName> {
        self.snapshot.marketplace_hubs().name_of(self.hub_of(query)?)
    }

    fn hub_of(&self, query: &RecordedQuery) -> Option<HubId> {
        match query.actor {
            Actor::HubUser { id, role: HubRole::Guest } => self.guests.get(&id).copied(),
            Actor::HubUser { .. } => query.caller.as_ref()?.hub,
            Actor::Anonymous | Actor::System | Actor::Operator | Actor::Account { .. } => None,
        }
    }

    /// As whom a query was made. What is not known any more of them is not said; `None` where nothing can be decided on them.
    fn caller_of<'a>(&'a self, query: &'a RecordedQuery) -> Option<Caller<'a>> {
        match query.actor {
            Actor::Account { id, role } => {
                let email = self.snapshot.member(id).map(|member| &member.email);
                Some(Caller::Member { role: role?, email })
            }
            Actor::HubUser { role, .. } => {
                let hub = Some(self.hub_of(query)?);
                let email = query.caller.as_ref().and_then(|caller| caller.email.as_ref());
                let subject = match role {
                    HubRole::Guest => Subject::Guest,
                    HubRole::User | HubRole::Admin => Subject::Identified { email },
                };
                Some(Caller::HubUser { hub, subject })
            }
            Actor::Operator => Some(Caller::Stranger { email: None }),
            Actor::Anonymous | Actor::System => None,
        }
    }

    /// What is decided on a query; `None` where that hangs on what is not known any more.
    pub(super) fn decide(&self, query: &RecordedQuery) -> Option<Verdicts> {
        let endpoint = self.endpoints.get(&query.endpoint)?;
        let caller = self.caller_of(query)?;
        let facts = QueryFacts {
            principal: query.actor.id(),
            purpose: query.caller.as_ref().and_then(|caller| caller.purpose.as_ref()),
            ..QueryFacts::default()
        };
        let context = self.snapshot.decision_context(query.time).of_query(facts);
        let is_purpose_known = is_purpose_known(query);
        let decide = |policies: &PolicySet| {
            // It was there for them when they asked, and whether it is a draft by now is not the policy's doing.
            let reason = policies.reason(Resource::published(query.endpoint), &caller, &context);
            let is_told = match reason {
                Reason::AddressUnknown => false,
                Reason::PurposeMissing => is_purpose_known,
                _ => true,
            };
            is_told.then_some(reason)
        };
        let (before, after) = (decide(&endpoint.before)?, decide(&endpoint.after)?);
        let recorded = endpoint.recorded(query);
        let is_unlike_recorded = recorded.is_some_and(|recorded| recorded != before.effect());
        Some(Verdicts { before, after, is_unlike_recorded })
    }
}

/// Whether what a query was for is known, be it that nothing was said.
fn is_purpose_known(query: &RecordedQuery) -> bool {
    let was_missing = query.reason_code.as_ref().is_some_and(|reason| is(reason, ReasonCode::PurposeMissing));
    was_missing || (query.caller.is_some() && !query.is_merged)
}

fn is(reason: &RecordedReason, code: ReasonCode) -> bool {
    *reason == code.into()
}

impl EndpointPolicies {
    fn new(slug: &Slug, before: &PolicySet, changed: &Arc<CompiledPolicy>) -> Self {
        let after = before.with_changed(changed);
        let not_replayable = before.iter().filter(|policy| !policy.is_replayable()).map(|policy| policy.id);
        Self {
            slug: slug.clone(),
            not_replayable: not_replayable.collect(),
            steps: before.cost().saturating_add(after.cost()),
            before: before.clone(),
            after,
        }
    }

    /// What was decided on a query when it was made; `None` where its event does not tell, or what it hung on is not in the log: a
    /// limit, a price, an approval, the question.
    fn recorded(&self, query: &RecordedQuery) -> Option<Effect> {
        match (query.action, query.outcome) {
            (Action::EndpointQuery, Outcome::Success) => Some(Effect::Allow),
            (Action::PolicyViolation, Outcome::Denied) => {
                let reason = query.reason_code.as_ref()?;
                let is_told = match query.policy {
                    Some(policy) if self.not_replayable.contains(&policy.id) => false,
                    // Of a policy that is not there any more it is not known of which type it was.
                    Some(policy) if is(reason, ReasonCode::PolicyViolation) => {
                        self.before.iter().any(|known| known.id == policy.id)
                    }
                    _ => is(reason, ReasonCode::AccessDenied) || is(reason, ReasonCode::PurposeMissing),
                };
                is_told.then_some(Effect::Deny)
            }
            _ => None,
        }
    }
}
