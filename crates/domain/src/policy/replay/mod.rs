//! Telling an owner which of the queries that were made a change of a policy would have decided otherwise, before it is made.

mod again;
mod tally;

use std::sync::Arc;

use crate::access::Permission;
use crate::audit::ports::Seq;
use crate::audit::{Actor, Outcome, QueryFilter, RecordedReason};
use crate::endpoint::Slug;
use crate::identity::{AuthorizationError, Principal};
use crate::ids::{EndpointId, PolicyId};
use crate::marketplace::MarketplaceName;
use crate::policy::reference::Reference;
use crate::policy::unknown_reference::unknown_reference;
use crate::policy::{CompiledPolicy, PolicyConfiguration, Purpose, Reason};
use crate::port_error::{PortError, port_errors};
use crate::space::Space;
use crate::time::Timestamp;
use again::ReplayedPolicies;
use tally::Tally;

/// What whoever replays may do: they learn who asked.
pub const REPLAY_PERMISSIONS: [Permission; 2] = [Permission::WritePolicies, Permission::ReadAudit];

/// The most events that are replayed at once.
pub const MAX_REPLAYED: usize = 1_000_000;

/// The most endpoints whose queries are replayed at once.
pub const MAX_REPLAYED_ENDPOINTS: usize = 1_000;

/// The most examples of each direction at an endpoint.
pub const MAX_FLIP_EXAMPLES: usize = 20;

/// The most examples of one replay.
pub const MAX_REPLAY_EXAMPLES: usize = 1_000;

/// So many callers of each direction at an endpoint are told apart.
pub const MAX_FLIP_CALLERS: usize = 1_000;

/// The most events of one read, which holds a reader for some hundredths of a second.
const EVENTS_PER_READ: usize = 4_096;

/// The most steps ([`Rule::cost`](crate::policy::Rule::cost)) of the verdicts of one read: some tenths of a second. One event is always looked at.
const STEPS_PER_READ: usize = 1_000_000;

/// The most steps of all verdicts: some ten seconds.
const MAX_STEPS: usize = 100_000_000;

/// The most reads in which no query is found, one after the other: where the index of the log was lost there may be many.
const MAX_READS: usize = 10_000;

/// A change of a policy that is not made, and the queries that it is held against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayedChange {
    /// The policy.
    pub policy: PolicyId,
    /// What it would demand. It is of the policy's type.
    pub configuration: PolicyConfiguration,
    /// Queries at this time or later.
    pub since: Option<Timestamp>,
    /// Queries before this time.
    pub until: Option<Timestamp>,
}

/// What a change would have done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Replay {
    /// The endpoints that have the policy, in the order of their slugs.
    pub endpoints: Vec<ReplayedEndpoint>,
    /// Whether there are more queries: the newest were replayed; or more endpoints.
    pub truncated: bool,
    /// The time of the earliest query that was replayed, where there was one.
    pub from: Option<Timestamp>,
}

/// What a change would have done at one endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayedEndpoint {
    /// The endpoint.
    pub id: EndpointId,
    /// Its name.
    pub slug: Slug,
    /// How many queries were replayed.
    pub queries: u64,
    /// How many of them hang on what is not known any more: they are counted nowhere else.
    pub untold: u64,
    /// How many of them are decided otherwise, by the policies as they are, than it was recorded.
    pub unlike_recorded: u64,
    /// Those that are let in as the policies are, and would be refused.
    pub would_refuse: Flips,
    /// Those that are refused as the policies are, and would be let in.
    pub would_allow: Flips,
}

/// Queries that would be decided otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Flips {
    /// How many.
    pub queries: u64,
    /// Of how many callers, as far as [`MAX_FLIP_CALLERS`].
    pub callers: usize,
    /// The newest of them.
    pub examples: Vec<Flip>,
}

/// A query that would be decided otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flip {
    /// The number of its event in the log.
    pub seq: u64,
    /// When it was made.
    pub time: Timestamp,
    /// Who made it.
    pub actor: Actor,
    /// The marketplace that they came from, by its name now.
    pub marketplace: Option<MarketplaceName>,
    /// What it was for.
    pub purpose: Option<Purpose>,
    /// How it ended, and why.
    pub recorded: (Outcome, Option<RecordedReason>),
    /// Why it is let in now, or is not.
    pub before: Reason,
    /// Why it would be, or would not.
    pub after: Reason,
}

/// Nothing was replayed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// The caller may not do it, or not any more.
    #[error(transparent)]
    Authorization(#[from] AuthorizationError),
    /// There is no such policy.
    #[error("there is no such policy")]
    NotFound,
    /// What a policy of this type decides hangs on what the log does not keep.
    #[error(
        "what a policy of the type {0} decides hangs on what the audit log does not keep of a query, so nothing can be replayed"
    )]
    NotReplayable(String),
    /// The policy would name a group or marketplace that does not exist.
    #[error("there is no {}: make it first", .0.to)]
    UnknownReference(Reference),
    /// A port failed.
    #[error(transparent)]
    PortError(#[from] PortError),
}
port_errors!(ReplayError);

/// Decides again on the queries that the log tells of, at each endpoint that has a policy, with the policy as it is and as it would
/// be; nothing is changed. Each is decided on as it was made: by the role that the caller had, for its purpose and at its time, with
/// the address that a member has now, or a hub told of its user then. What hangs on the question, or on what was taken before, refuses
/// nobody. The newest are decided on first.
///
/// It reads part by part, and each part waits for its turn: other tenants do not wait for it, the right to do it is asked for at each, and
/// it ends with whoever waits for it.
///
/// # Errors
/// When there is no such policy, it is of a type that cannot be replayed or would name a group or marketplace that there is not, the
/// caller's role does not permit it, or not any more, or a port failed.
pub async fn replay(
    space: &Space,
    principal: &Principal,
    change: ReplayedChange,
) -> Result<Replay, ReplayError> {
    for permission in REPLAY_PERMISSIONS {
        principal.scope(permission)?;
    }
    // Whoever waited for their turn acts by what is so now.
    let principal = &check(space, principal)?;
    let scope = principal.scope(Permission::WritePolicies)?;
    let ReplayedChange { policy, configuration, since, until } = change;
    let snapshot = Arc::clone(principal.snapshot());
    if let Some(unknown) = unknown_reference(&configuration, &snapshot) {
        return Err(ReplayError::UnknownReference(unknown.clone()));
    }
    let type_name = configuration.type_name();
    if !space.policy_types.get(type_name).is_some_and(|policy_type| policy_type.is_replayable()) {
        return Err(ReplayError::NotReplayable(type_name.to_owned()));
    }
    let types = space.policy_types.clone();
    let policies = space.read(principal, Permission::WritePolicies, move |view, _| {
        let revision = view.policy_revision(&scope, policy)?.ok_or(ReplayError::NotFound)?;
        let changed = CompiledPolicy::compile(&types, policy, revision, &configuration);
        Ok::<_, ReplayError>(ReplayedPolicies::new(scope, snapshot, &Arc::new(changed)))
    });
    let policies = Arc::new(policies.await?);
    let filter = QueryFilter { endpoints: policies.endpoints().keys().copied().collect(), since, until };
    if filter.endpoints.is_empty() {
        return Ok(Replay::default());
    }
    let filter = Arc::new(filter);
    let (mut tally, mut before) = (Tally::default(), None);
    for _ in 0..MAX_READS {
        let (policies, filter) = (Arc::clone(&policies), Arc::clone(&filter));
        let room = MAX_REPLAYED.saturating_sub(tally.events());
        let affordable = STEPS_PER_READ.checked_div(policies.steps_of_one()).unwrap_or(1);
        let most = EVENTS_PER_READ.min(affordable).clamp(1, room.max(1));
        let read = space.read(principal, Permission::WritePolicies, move |view, scope| {
            let found = view.recorded_queries(scope, &filter, before, most)?;
            found.queries.iter().for_each(|query| tally.add(query, &policies));
            Ok::<_, ReplayError>((tally, found.rest))
        });
        let (counted, rest): (_, Option<Seq>) = read.await?;
        check(space, principal)?;
        (tally, before) = (counted, rest);
        if rest.is_none() || tally.events() >= MAX_REPLAYED || tally.steps() >= MAX_STEPS {
            break;
        }
    }
    Ok(tally.into_replay(policies.endpoints(), before.is_some() || policies.has_more_endpoints()))
}

/// The caller as of now, who may still do it.
fn check(space: &Space, principal: &Principal) -> Result<Principal, AuthorizationError> {
    let mut current = principal.clone();
    for permission in REPLAY_PERMISSIONS {
        current = current.recheck_reader(space, permission)?;
    }
    Ok(current)
}
