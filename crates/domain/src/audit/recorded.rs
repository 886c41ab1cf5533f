//! An event in its log: numbered, and committed to what it knows of a person.

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

impl RecordedEvent {
    /// Forgets what it knows of a person. What it commits to stays.
    pub fn erase_person(&mut self) {
        (self.event.person, self.event.salt) = (Person::default(), [0; 16]);
    }

    /// Whether that was erased.
    #[must_use]
    pub fn is_erased(&self) -> bool {
        self.event.salt == [0; 16] && self.event.person.is_empty()
    }
}

impl PageItem for RecordedEvent {
    fn bytes(&self) -> usize {
        let Event { object, reason_code, person, .. } = &self.event;
        let length = |text: &Option<String>| text.as_deref().map_or(0, str::len);
        let object = object.as_ref().map_or(0, |object| object.id.len());
        let reason = reason_code.as_ref().map_or(0, |reason| RecordedReason::as_str(reason).len());
        object + reason + length(&person.email) + length(&person.user_agent)
    }
}

/// The end of a log, behind which the next event goes. Every store appends by it and by nothing else, so what an event
/// gets on its way into a log is the same in each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LogHead {
    /// The number of the last event; 0 while there is none.
    pub seq: u64,
}

impl LogHead {
    /// Puts an event behind the last one. Answers it as it is to be kept, and its personal data as
    /// [`Person::canonical`] writes it, to be kept aside.
    pub fn append(&mut self, event: Event) -> (RecordedEvent, Vec<u8>) {
        self.seq = self.seq.saturating_add(1);
        let person = event.person.canonical();
        let person_commitment = Person::commitment(&event.salt, &person);
        (RecordedEvent { seq: self.seq, event, person_commitment }, person)
    }
}
