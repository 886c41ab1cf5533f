//! What events come to: by endpoint, by what else was done, by who did it and from where.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::audit::{Action, Actor, Event, Object, ObjectKind, Outcome};
use crate::ids::ActorId;
use crate::time::Timestamp;

/// How many events, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// What was done. Of an endpoint: queries that were answered.
    pub success: u64,
    /// What was refused.
    pub denied: u64,
    /// What failed.
    pub failure: u64,
    /// The time of the first.
    pub first: Timestamp,
    /// The time of the last.
    pub last: Timestamp,
}

/// The queries of one endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointCounts {
    /// Its id; its slug, where there was none of that name.
    pub endpoint: String,
    /// How many.
    pub counts: Counts,
}

/// What else was done to one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherCounts {
    /// What was done.
    pub action: Action,
    /// To what.
    pub object: Option<Object>,
    /// How many times.
    pub counts: Counts,
}

/// What one did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrincipalCounts {
    /// Who, with the role they had last.
    pub actor: Actor,
    /// How much.
    pub counts: Counts,
}

/// What events come to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    events: u64,
    endpoints: BTreeMap<String, Counts>,
    others: BTreeMap<(&'static str, String), OtherCounts>,
    principals: BTreeMap<(&'static str, Option<ActorId>), PrincipalCounts>,
    addresses: BTreeMap<IpAddr, Counts>,
}

impl Counts {
    fn of(event: &Event) -> Self {
        let time = event.time;
        let mut counts = Self { success: 0, denied: 0, failure: 0, first: time, last: time };
        let count = match event.outcome {
            Outcome::Success => &mut counts.success,
            Outcome::Denied => &mut counts.denied,
            Outcome::Failure => &mut counts.failure,
        };
        *count = event.count.into();
        counts
    }

    fn add(&mut self, other: Self) {
        self.success = self.success.saturating_add(other.success);
        self.denied = self.denied.saturating_add(other.denied);
        self.failure = self.failure.saturating_add(other.failure);
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
    }
}

fn put<K: Ord>(counts: &mut BTreeMap<K, Counts>, key: K, one: Counts) {
    counts.entry(key).and_modify(|counts| counts.add(one)).or_insert(one);
}

impl Tally {
    /// Counts an event in. Events come the newest first.
    pub(super) fn count(&mut self, event: &Event) {
        let one = Counts::of(event);
        self.events = self.events.saturating_add(1);
        if let Some(address) = event.person.address {
            put(&mut self.addresses, address, one);
        }
        let who = (event.actor.kind(), event.actor.id());
        let principal = PrincipalCounts { actor: event.actor, counts: one };
        self.principals.entry(who).and_modify(|known| known.counts.add(one)).or_insert(principal);
        match &event.object {
            Some(object) if object.kind == ObjectKind::Endpoint && is_query(event.action) => {
                put(&mut self.endpoints, object.id.clone(), one);
            }
            object => {
                let thing = object.as_ref().map(|object| format!("{} {}", object.kind.as_str(), object.id));
                let other = OtherCounts { action: event.action, object: object.clone(), counts: one };
                let known = self.others.entry((event.action.as_str(), thing.unwrap_or_default()));
                known.and_modify(|known| known.counts.add(one)).or_insert(other);
            }
        }
    }

    /// How many events were counted. One that was merged of many is one of them, and counts for as many below.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.events
    }

    /// The queries, by endpoint.
    pub fn endpoints(&self) -> impl Iterator<Item = EndpointCounts> {
        let of = |(endpoint, counts): (&String, &Counts)| EndpointCounts {
            endpoint: endpoint.clone(),
            counts: *counts,
        };
        self.endpoints.iter().map(of)
    }

    /// What else was done.
    pub fn others(&self) -> impl Iterator<Item = &OtherCounts> {
        self.others.values()
    }

    /// Who did it.
    pub fn principals(&self) -> impl Iterator<Item = &PrincipalCounts> {
        self.principals.values()
    }

    /// From where.
    pub fn addresses(&self) -> impl Iterator<Item = (IpAddr, Counts)> {
        self.addresses.iter().map(|(address, counts)| (*address, *counts))
    }
}

/// Whether it is a query of an endpoint, whatever came of it.
fn is_query(action: Action) -> bool {
    matches!(action, Action::EndpointQuery | Action::PolicyViolation)
}
