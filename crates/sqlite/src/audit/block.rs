//! What does the index hold of a stretch of a log? For each value the set of its events, and the time of each event.

use std::collections::BTreeMap;

use diesel::dsl::max;
use diesel::prelude::*;
use syft_space_domain::store::StoreError;
use syft_space_domain::time::Timestamp;

use crate::codec::{Key, unreadable};
use crate::schema::{audit_blocks, audit_events};

/// How many events a block has. It is part of what is stored: a migration that changes it empties the index.
pub(crate) const BLOCK: u16 = 1_024;
/// The same, to count with.
pub(crate) const EVENTS: i64 = 1_024;

const WORDS: usize = 16;
/// As many bytes as a bit for each place takes. A list of places that would not be shorter is not stored as one.
const BITMAP: usize = WORDS * 8;

/// A set of places in a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Places([u64; WORDS]);

impl Places {
    pub(super) const ALL: Self = Self([u64::MAX; WORDS]);

    fn word(place: u16) -> (usize, u64) {
        (usize::from(place / 64), 1 << (place % 64))
    }

    pub(super) fn insert(&mut self, place: u16) {
        let (word, bit) = Self::word(place);
        if let Some(word) = self.0.get_mut(word) {
            *word |= bit;
        }
    }

    pub(super) fn contains(&self, place: u16) -> bool {
        let (word, bit) = Self::word(place);
        self.0.get(word).is_some_and(|word| word & bit != 0)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0 == [0; WORDS]
    }

    /// The places that are in both.
    pub(super) fn and(mut self, other: &Self) -> Self {
        for (word, other) in self.0.iter_mut().zip(other.0) {
            *word &= other;
        }
        self
    }

    /// The places, the last first.
    pub(super) fn backwards(self) -> impl Iterator<Item = u16> {
        (0..BLOCK).rev().filter(move |place| self.contains(*place))
    }

    /// 2 bytes big-endian for each place; or, of 64 and more, a bit for each place there is.
    fn encode(&self) -> Vec<u8> {
        let count: u32 = self.0.iter().map(|word| word.count_ones()).sum();
        if usize::try_from(count).is_ok_and(|count| count * 2 < BITMAP) {
            (0..BLOCK).filter(|place| self.contains(*place)).flat_map(u16::to_be_bytes).collect()
        } else {
            self.0.iter().flat_map(|word| word.to_be_bytes()).collect()
        }
    }

    /// `None` for what [`Self::encode`] does not give.
    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut places = Self::default();
        if bytes.len() == BITMAP {
            for (word, bytes) in places.0.iter_mut().zip(bytes.as_chunks().0) {
                *word = u64::from_be_bytes(*bytes);
            }
            return Some(places);
        }
        let (list, rest) = bytes.as_chunks();
        for place in list.iter().map(|bytes| u16::from_be_bytes(*bytes)) {
            if place >= BLOCK {
                return None;
            }
            places.insert(place);
        }
        rest.is_empty().then_some(places)
    }
}

/// Which events of a block have which value of one kind. It is stored value by value: the length of the value and of
/// its places, a byte each, and then both.
#[derive(Default)]
struct Values(BTreeMap<Vec<u8>, Places>);

impl Values {
    fn insert(&mut self, value: &[u8], place: u16) {
        if let Some(places) = self.0.get_mut(value) {
            return places.insert(place);
        }
        self.0.entry(value.to_vec()).or_default().insert(place);
    }

    fn encode(&self) -> Vec<u8> {
        let mut all = Vec::new();
        for (value, places) in &self.0 {
            let places = places.encode();
            // Words and ids are short, and so are places; what is not would be found by its beginning no more.
            let length = |bytes: &[u8]| u8::try_from(bytes.len()).unwrap_or(u8::MAX);
            all.extend([length(value), length(&places)]);
            all.extend(value.iter().take(usize::from(u8::MAX)).chain(&places));
        }
        all
    }
}

/// The places at which a stored column has a value.
pub(super) fn places_of(mut stored: &[u8], wanted: &[u8]) -> Result<Places, StoreError> {
    let damaged = || unreadable("audit_blocks", &"it is cut off, or has a place that is none");
    while let [value, places, rest @ ..] = stored {
        let (value, rest) = rest.split_at_checked((*value).into()).ok_or_else(damaged)?;
        let (places, rest) = rest.split_at_checked((*places).into()).ok_or_else(damaged)?;
        if value == wanted {
            return Places::decode(places).ok_or_else(damaged);
        }
        stored = rest;
    }
    if stored.is_empty() { Ok(Places::default()) } else { Err(damaged()) }
}

/// The places of a block whose time is in a range.
pub(super) fn between(times: &[u8], since: Option<Timestamp>, until: Option<Timestamp>) -> Places {
    let mut places = Places::default();
    for (place, time) in (0..BLOCK).zip(times.as_chunks().0) {
        let time = Timestamp::from_unix_micros(i64::from_be_bytes(*time));
        if since.is_none_or(|since| time >= since) && until.is_none_or(|until| time < until) {
            places.insert(place);
        }
    }
    places
}

/// The number of the event before a block's first.
pub(super) fn before(block: i64) -> i64 {
    block.saturating_mul(EVENTS)
}

/// The first block of a log that the index does not hold.
pub(super) fn next_block(connection: &mut SqliteConnection, log: Key) -> QueryResult<i64> {
    let of = audit_blocks::table.filter(audit_blocks::log.eq(log));
    let last: Option<i64> = of.select(max(audit_blocks::block)).first(connection)?;
    Ok(last.map_or(0, |last| last.saturating_add(1)))
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = audit_events, check_for_backend(diesel::sqlite::Sqlite))]
struct Seen {
    seq: i64,
    time: i64,
    action: String,
    outcome: String,
    actor_id: Option<Key>,
}

/// What the index will hold of a block.
#[derive(Insertable)]
#[diesel(table_name = audit_blocks)]
pub(crate) struct Block {
    log: Key,
    block: i64,
    first_time: i64,
    last_time: i64,
    actions: Vec<u8>,
    outcomes: Vec<u8>,
    accounts: Vec<u8>,
    times: Vec<u8>,
}

impl Block {
    /// Makes a block from the log. Its events are there, and will never change.
    pub(super) fn make(connection: &mut SqliteConnection, log: Key, block: i64) -> QueryResult<Self> {
        let before = before(block);
        let events = audit_events::table
            .filter(audit_events::log.eq(log))
            .filter(audit_events::seq.gt(before))
            .filter(audit_events::seq.le(before.saturating_add(EVENTS)))
            .order(audit_events::seq)
            .select(Seen::as_select());
        let mut times = vec![0_u8; usize::from(BLOCK) * 8];
        let (mut first_time, mut last_time) = (i64::MAX, i64::MIN);
        let (mut actions, mut outcomes, mut accounts) =
            (Values::default(), Values::default(), Values::default());
        for Seen { seq, time, action, outcome, actor_id } in events.load(connection)? {
            let Ok(place) = u16::try_from(seq.saturating_sub(before).saturating_sub(1)) else { continue };
            if let Some(at) = times.as_chunks_mut().0.get_mut(usize::from(place)) {
                *at = time.to_be_bytes();
            }
            (first_time, last_time) = (first_time.min(time), last_time.max(time));
            actions.insert(action.as_bytes(), place);
            outcomes.insert(outcome.as_bytes(), place);
            if let Some(id) = actor_id {
                accounts.insert(&id.0, place);
            }
        }
        Ok(Self {
            log,
            block,
            first_time,
            last_time,
            actions: actions.encode(),
            outcomes: outcomes.encode(),
            accounts: accounts.encode(),
            times,
        })
    }

    /// Puts the block into the index.
    pub(crate) fn keep(&self, connection: &mut SqliteConnection) -> QueryResult<()> {
        diesel::replace_into(audit_blocks::table).values(self).execute(connection)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_back_as_they_were_stored_few_or_many() {
        let mut values = Values::default();
        let steps = [1, 2, 15, 16, 17, 500, 2_000_u16];
        for step in steps {
            (0..BLOCK).step_by(step.into()).for_each(|place| values.insert(&step.to_be_bytes(), place));
        }
        let stored = values.encode();
        for step in steps {
            let places = places_of(&stored, &step.to_be_bytes()).unwrap();
            let mut backwards: Vec<u16> = places.backwards().collect();
            backwards.reverse();
            assert_eq!(backwards, (0..BLOCK).step_by(step.into()).collect::<Vec<_>>(), "one in {step}");
        }
        assert!(places_of(&stored, b"what is not there").unwrap().is_empty());
        assert!(places_of(&[], b"x").unwrap().is_empty());
    }

    #[test]
    fn what_is_stored_of_a_block_is_not_read_beyond_its_end() {
        let mut values = Values::default();
        values.insert(b"value", 7);
        let stored = values.encode();
        for length in 1..stored.len() {
            assert!(places_of(&stored[..length], b"value").is_err(), "{length} bytes of it");
        }
        assert!(places_of(&[1, 2, b'x', 4, 0], b"x").is_err(), "place 1,024 is behind the block");
    }

    #[test]
    fn times_are_compared_from_since_on_and_before_until() {
        let times: Vec<u8> = [5_i64, 3, 4, 9].iter().flat_map(|time| time.to_be_bytes()).collect();
        let at = |micros| Some(Timestamp::from_unix_micros(micros));
        let found = |since, until| between(&times, since, until).backwards().collect::<Vec<_>>();
        assert_eq!(found(at(4), at(9)), [2, 0]);
        assert_eq!(found(None, at(4)), [1]);
        assert_eq!(found(at(5), None), [3, 0]);
        assert_eq!(found(at(6), at(6)), Vec::<u16>::new());
    }
}
