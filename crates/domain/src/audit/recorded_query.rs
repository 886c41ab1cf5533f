//! What a log tells of queries, as far as they can be decided on again by it.

use crate::audit::{Action, Actor, Event, ObjectKind, Outcome, RecordedEvent, RecordedReason};
use crate::identity::Email;
use crate::ids::{EndpointId, HubId};
use crate::policy::{PolicyRevision, Purpose};
use crate::time::Timestamp;

/// A query to an endpoint, answered or not, as its event tells it; or several that were refused alike and merged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedQuery {
    /// The number of the event in its log.
    pub seq: u64,
    /// When.
    pub time: Timestamp,
    /// To which endpoint.
    pub endpoint: EndpointId,
    /// Who asked.
    pub actor: Actor,
    /// One of [`RecordedQuery::ACTIONS`].
    pub action: Action,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it ended so.
    pub reason_code: Option<RecordedReason>,
    /// The policy that decided, as it was, where one did.
    pub policy: Option<PolicyRevision>,
    /// How many there were.
    pub count: u32,
    /// Whether it tells of those that were merged: neither their address nor their purpose was kept.
    pub is_merged: bool,
    /// What it knows of the caller; `None` where that was erased.
    pub caller: Option<RecordedCaller>,
}

/// What the event of a query knows of its caller.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecordedCaller {
    /// The address that a hub told of its user, where it was asked.
    pub email: Option<Email>,
    /// The hub that they came from; of its guests nothing is kept.
    pub hub: Option<HubId>,
    /// What they said that the query is for.
    pub purpose: Option<Purpose>,
}

/// Which queries of a tenant's log are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueryFilter {
    /// To any of these endpoints.
    pub endpoints: Vec<EndpointId>,
    /// At this time or later.
    pub since: Option<Timestamp>,
    /// Before this time.
    pub until: Option<Timestamp>,
}

impl RecordedQuery {
    /// The actions of the events that tell of queries.
    pub const ACTIONS: [Action; 2] = [Action::EndpointQuery, Action::PolicyViolation];

    /// The query that an event tells of: of one that no endpoint was found for, or that an approval request was made of, it tells
    /// to which endpoint it was no more.
    #[must_use]
    pub fn of(recorded: &RecordedEvent) -> Option<Self> {
        let Event { time, action, outcome, actor, object, reason_code, policy, count, person, .. } =
            &recorded.event;
        let object = object.as_ref().filter(|object| object.kind == ObjectKind::Endpoint)?;
        let is_query = Self::ACTIONS.contains(action);
        let endpoint = object.id.parse().ok().filter(|_| is_query)?;
        let caller = || RecordedCaller {
            email: person.email.as_deref().and_then(|email| Email::parse(email).ok()),
            hub: person.hub_user.as_ref().map(|user| user.hub),
            purpose: person.purpose.clone(),
        };
        Some(Self {
            seq: recorded.seq,
            time: *time,
            endpoint,
            actor: *actor,
            action: *action,
            outcome: *outcome,
            reason_code: reason_code.clone(),
            policy: *policy,
            count: *count,
            is_merged: recorded.event.request.is_none(),
            caller: (!recorded.is_erased()).then(caller),
        })
    }
}

impl QueryFilter {
    /// Whether a query is asked for.
    #[must_use]
    pub fn fits(&self, query: &RecordedQuery) -> bool {
        let Self { endpoints, since, until } = self;
        endpoints.contains(&query.endpoint)
            && since.is_none_or(|since| query.time >= since)
            && until.is_none_or(|until| query.time < until)
    }
}
