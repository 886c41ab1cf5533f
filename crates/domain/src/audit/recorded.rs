//! An event in its log: numbered, committed to what it knows of a person, and a leaf of the tree over the log.

use crate::audit::tree::{BlockRoot, Frontier, NodeHash, leaf_hash};
use crate::audit::{Event, Person, RecordedReason};
use crate::page::PageItem;

/// An event as it stands in a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedEvent {
    /// Its number in its log: 1, 2, 3 …, without gaps.
    pub seq: u64,
    /// The event. Its personal data and its salt are empty where they were erased.
    pub event: Event,
    /// What it commits to: [`Person::commitment`] of the personal data that it was recorded with.
    pub person_commitment: [u8; 32],
}

impl PageItem for RecordedEvent {
    fn bytes(&self) -> usize {
        let Event { object, reason_code, person, .. } = &self.event;
        let length = |text: &Option<String>| text.as_deref().map_or(0, str::len);
        let object = object.as_ref().map_or(0, |object| object.id.len());
        let reason = reason_code.as_ref().map_or(0, |reason| RecordedReason::as_str(reason).len());
        let purpose = person.purpose.as_ref().map_or(0, |purpose| purpose.as_str().len());
        let subject = person.hub_user.as_ref().map_or(0, |user| user.subject.len());
        let key = person.api_key.as_ref().map_or(0, |key| key.name.as_str().len());
        let shown: usize = person.shown.iter().flatten().map(|document| document.as_str().len()).sum();
        object + reason + length(&person.email) + length(&person.user_agent) + purpose + subject + key + shown
    }
}

impl RecordedEvent {
    /// The event's leaf in the tree over its log.
    #[must_use]
    pub fn leaf(&self) -> NodeHash {
        leaf_hash(&self.canonical())
    }
}

/// The end of a log, behind which the next event goes. Every store appends by it and by nothing else, so what an event
/// gets on its way into a log is the same in each: its number, its commitment, and its place in the tree.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogHead {
    tree: Frontier,
}

/// An event that was put into a log, as it is to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// The event.
    pub recorded: RecordedEvent,
    /// Its personal data as [`Person::canonical`] writes it, to be kept aside.
    pub person: Vec<u8>,
    /// The root of the block that the event has filled, to be kept with it.
    pub filled: Option<BlockRoot>,
}

impl LogHead {
    /// The end of a log over whose events there is this tree.
    #[must_use]
    pub fn of(tree: Frontier) -> Self {
        Self { tree }
    }

    /// The number of the last event; 0 while there is none.
    #[must_use]
    pub fn seq(&self) -> u64 {
        self.tree.size()
    }

    /// The tree over the log's events.
    #[must_use]
    pub fn tree(&self) -> &Frontier {
        &self.tree
    }

    /// Puts an event behind the last one.
    pub fn append(&mut self, event: Event) -> Appended {
        let person = event.person.canonical();
        let person_commitment = Person::commitment(&event.salt, &person);
        let recorded = RecordedEvent { seq: self.seq().saturating_add(1), event, person_commitment };
        let filled = self.tree.push(recorded.leaf());
        Appended { recorded, person, filled }
    }
}
