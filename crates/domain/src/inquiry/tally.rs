//! What events come to: by endpoint, by what else was done, by who did it and from where.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::audit::{Action, Actor, Event, Object, ObjectKind, Outcome};
use crate::dataset::DocumentId;
use crate::ids::ActorId;
use crate::time::Timestamp;

/// The most documents that one answer names.
const MAX_SHOWN: usize = 10_000;

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

/// How often a document was shown by the answers of an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownCounts {
    /// The endpoint's id.
    pub endpoint: String,
    /// The document, by its id in the dataset that the endpoint was over then.
    pub document: DocumentId,
    /// How often.
    pub counts: Counts,
}

/// What events come to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// The document that alone is asked about.
    of_document: Option<DocumentId>,
    shown: BTreeMap<(String, DocumentId), Counts>,
    shown_to: BTreeMap<(&'static str, Option<ActorId>), PrincipalCounts>,
    lacks_shown: bool,
    unnamed: u64,
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

fn put_principal(
    principals: &mut BTreeMap<(&'static str, Option<ActorId>), PrincipalCounts>,
    actor: Actor,
    one: Counts,
) {
    let principal = PrincipalCounts { actor, counts: one };
    let known = principals.entry((actor.kind(), actor.id()));
    known.and_modify(|known| known.counts.add(one)).or_insert(principal);
}

impl Tally {
    /// One of what was done to a document; of `None`, of whatever was touched.
    pub(super) fn of_document(document: Option<DocumentId>) -> Self {
        Self { of_document: document, ..Self::default() }
    }

    /// Counts an event in. Events come the newest first.
    pub(super) fn count(&mut self, event: &Event) {
        let one = Counts::of(event);
        if !self.count_shown(event, one) {
            return;
        }
        self.events = self.events.saturating_add(1);
        if let Some(address) = event.person.address {
            put(&mut self.addresses, address, one);
        }
        put_principal(&mut self.principals, event.actor, one);
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

    /// Counts what an answer showed. Answers whether the event is one of what is asked about: an answer that names other documents alone showed
    /// the one that is not.
    fn count_shown(&mut self, event: &Event, one: Counts) -> bool {
        let Some(object) = event.object.as_ref().filter(|_| is_answer(event)) else { return true };
        let Some(shown) = &event.person.shown else {
            self.unnamed = self.unnamed.saturating_add(event.count.into());
            return true;
        };
        let asked = self.of_document.clone();
        let is_asked = |document: &DocumentId| asked.as_ref().is_none_or(|asked| asked == document);
        let mut is_any = false;
        for document in shown.iter().filter(|document| is_asked(document)) {
            is_any = true;
            let key = (object.id.clone(), document.clone());
            if self.shown.len() < MAX_SHOWN || self.shown.contains_key(&key) {
                put(&mut self.shown, key, one);
            } else {
                self.lacks_shown = true;
            }
        }
        if is_any && asked.is_some() {
            put_principal(&mut self.shown_to, event.actor, one);
        }
        is_any || asked.is_none()
    }

    /// The documents that answers showed, as far as their events name them; at most 10,000.
    pub fn shown(&self) -> impl Iterator<Item = ShownCounts> {
        let of = |((endpoint, document), counts): (&(String, DocumentId), &Counts)| ShownCounts {
            endpoint: endpoint.clone(),
            document: document.clone(),
            counts: *counts,
        };
        self.shown.iter().map(of)
    }

    /// Whether there were more documents than are told.
    #[must_use]
    pub fn lacks_shown(&self) -> bool {
        self.lacks_shown
    }

    /// Who was shown the document that is asked about, by events that name it.
    pub fn shown_to(&self) -> impl Iterator<Item = &PrincipalCounts> {
        self.shown_to.values()
    }

    /// How many answers may have shown anything: their events name no document.
    #[must_use]
    pub fn unnamed(&self) -> u64 {
        self.unnamed
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

/// Whether it is an answer of an endpoint.
fn is_answer(event: &Event) -> bool {
    let is_of_endpoint = event.object.as_ref().is_some_and(|object| object.kind == ObjectKind::Endpoint);
    is_of_endpoint && event.action == Action::EndpointQuery && event.outcome == Outcome::Success
}

/// Whether it is a query of an endpoint, whatever came of it.
fn is_query(action: Action) -> bool {
    matches!(action, Action::EndpointQuery | Action::PolicyViolation)
}
