//! Telling an owner whose verdicts a change of a policy would change, before it is made.

use std::collections::HashMap;
use std::sync::Arc;

use crate::access::Permission;
use crate::endpoint::Slug;
use crate::identity::{AuthorizationError, Email, Principal};
use crate::ids::{EndpointId, PolicyId};
use crate::marketplace::MarketplaceName;
use crate::policy::reference::Reference;
use crate::policy::unknown_reference::unknown_reference;
use crate::policy::{
    Caller, CompiledPolicy, DecisionContext, Effect, PolicyConfiguration, PolicySet, Reason, Resource,
    Subject,
};
use crate::port_error::{PortError, port_errors};
use crate::snapshot::{EndpointSnapshot, TenantSnapshot};
use crate::space::Space;
use crate::time::Timestamp;

/// The most people who are asked about at once.
pub const MAX_SIMULATED: usize = 1_000;

/// The most steps ([`Rule::cost`](crate::policy::Rule::cost)) of the verdicts that are found for one answer: some tenths of a second.
const MAX_STEPS: usize = 2_000_000;

/// A change of a policy that is not made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HypotheticalChange {
    /// The policy.
    pub policy: PolicyId,
    /// What it would demand. It is of the policy's type.
    pub configuration: PolicyConfiguration,
    /// Whose verdicts are looked at.
    pub people: Vec<SimulatedCaller>,
}

/// Somebody whose verdict is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimulatedCaller {
    /// Their address.
    pub email: Email,
    /// The marketplace that they are a user of; `None` of a member of the tenant, or of somebody who is none.
    pub marketplace: Option<MarketplaceName>,
}

/// What a change would do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Simulation {
    /// The endpoints that have the policy, in the order of their slugs.
    pub endpoints: Vec<SimulatedEndpoint>,
    /// Whether there are more of them: with fewer people more are looked at.
    pub truncated: bool,
}

/// What a change would do at one endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimulatedEndpoint {
    /// The endpoint.
    pub id: EndpointId,
    /// Its name.
    pub slug: Slug,
    /// Whose verdict would be another, in the order in which they were named.
    pub changes: Vec<VerdictChange>,
}

/// Somebody whose verdict would be another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerdictChange {
    /// Who.
    pub caller: SimulatedCaller,
    /// What is decided on them now.
    pub before: (Effect, Reason),
    /// What would be.
    pub after: (Effect, Reason),
}

/// Nothing was looked at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SimulateError {
    /// The caller may not do it, or not any more.
    #[error(transparent)]
    Authorization(#[from] AuthorizationError),
    /// There is no such policy.
    #[error("there is no such policy")]
    NotFound,
    /// The policy would name a group or marketplace that does not exist.
    #[error("there is no {}: make it first", .0.to)]
    UnknownReference(Reference),
    /// One of the people, by their place, is said to be of a marketplace that does not exist.
    #[error("there is no marketplace {:?}", .1.as_str())]
    UnknownMarketplace(usize, MarketplaceName),
    /// Too many people at once.
    #[error("name at most {MAX_SIMULATED} people at once")]
    TooMany,
    /// A port failed.
    #[error(transparent)]
    PortError(#[from] PortError),
}
port_errors!(SimulateError);

/// Decides on people at each endpoint that has a policy, as it is and as it would be; nothing is changed. Each is the active
/// member of their address, nobody's member, or a user of a marketplace who has the address there. It is told who could query: what hangs on a query, such as a limit or a purpose,
/// refuses nobody. A policy in shadow is looked at as if it decided. It is done where a store reads: that may take some tenths of a second, and ends when nobody waits for it any more.
///
/// # Errors
/// When there is no such policy, it would name a group or marketplace that there is not or there are too many people, the caller's role does not permit it, or not any more, or a port
/// failed.
pub async fn simulate(
    space: &Space,
    principal: &Principal,
    change: HypotheticalChange,
) -> Result<Simulation, SimulateError> {
    principal.scope(Permission::WritePolicies)?;
    if change.people.len() > MAX_SIMULATED {
        return Err(SimulateError::TooMany);
    }
    let (types, now) = (space.policy_types.clone(), space.clock.now());
    let snapshot = Arc::clone(principal.snapshot());
    if let Some(unknown) = unknown_reference(&change.configuration, &snapshot) {
        return Err(SimulateError::UnknownReference(unknown.clone()));
    }
    for (place, person) in change.people.iter().enumerate() {
        let unknown =
            person.marketplace.as_ref().filter(|name| snapshot.marketplace_hubs().hub(name).is_none());
        if let Some(unknown) = unknown {
            return Err(SimulateError::UnknownMarketplace(place, unknown.clone()));
        }
    }
    let waiting = Arc::new(());
    let is_awaited = {
        let waiting = Arc::downgrade(&waiting);
        move || waiting.strong_count() > 0
    };
    let read = space.read(principal, Permission::WritePolicies, move |view, scope| {
        let revision = view.policy_revision(scope, change.policy)?.ok_or(SimulateError::NotFound)?;
        let changed = CompiledPolicy::compile(&types, change.policy, revision, &change.configuration);
        Ok::<_, SimulateError>(compare(&snapshot, &Arc::new(changed), &change.people, now, &is_awaited))
    });
    let found = read.await;
    drop(waiting);
    found
}

/// Decides on each at each endpoint, with a policy as it is and as it would be.
fn compare(
    snapshot: &TenantSnapshot,
    changed: &Arc<CompiledPolicy>,
    people: &[SimulatedCaller],
    now: Timestamp,
    is_awaited: &impl Fn() -> bool,
) -> Simulation {
    let mut endpoints: Vec<_> = snapshot
        .endpoints()
        .filter(|endpoint| endpoint.policies.attached().any(|policy| policy.id == changed.id))
        .collect();
    endpoints.sort_unstable_by(|one, other| one.slug.cmp(&other.slug));
    let members: HashMap<_, _> = snapshot
        .members()
        .filter_map(|account| snapshot.member(account))
        .filter(|member| member.active)
        .map(|member| (&member.email, member.role))
        .collect();
    let callers: Vec<_> = people
        .iter()
        .map(|SimulatedCaller { email, marketplace }| match (marketplace, members.get(email)) {
            (Some(name), _) => Caller::HubUser {
                hub: snapshot.marketplace_hubs().hub(name),
                subject: Subject::Identified { email: Some(email) },
            },
            (None, Some(role)) => Caller::Member { role: *role, email: Some(email) },
            (None, None) => Caller::Stranger { email: Some(email) },
        })
        .zip(people)
        .collect();
    let context = snapshot.decision_context(now);
    let mut simulation = Simulation::default();
    let mut steps = 0_usize;
    for endpoint in endpoints {
        let after = endpoint.policies.with_changed(changed);
        let verdict_steps = endpoint.policies.cost().saturating_add(after.cost());
        steps = steps.saturating_add(verdict_steps.saturating_mul(people.len()));
        // One endpoint is always looked at: how many steps it takes is bounded by how many policies it may have.
        simulation.truncated = steps > MAX_STEPS && !simulation.endpoints.is_empty();
        if simulation.truncated || !is_awaited() {
            break;
        }
        simulation.endpoints.push(at_endpoint(endpoint, &after, &callers, &context));
    }
    simulation
}

fn at_endpoint(
    endpoint: &EndpointSnapshot,
    after: &PolicySet,
    callers: &[(Caller<'_>, &SimulatedCaller)],
    context: &DecisionContext<'_>,
) -> SimulatedEndpoint {
    let resource = Resource { endpoint: endpoint.id, published: endpoint.published };
    let verdict = |policies: &PolicySet, caller: &Caller<'_>| {
        let decision = policies.decide(resource, caller, context);
        (decision.effect, decision.diagnostics.reason)
    };
    let changes = callers.iter().filter_map(|(caller, asked)| {
        let (before, after) = (verdict(&endpoint.policies, caller), verdict(after, caller));
        (before.0 != after.0).then(|| VerdictChange { caller: SimulatedCaller::clone(asked), before, after })
    });
    SimulatedEndpoint { id: endpoint.id, slug: endpoint.slug.clone(), changes: changes.collect() }
}
