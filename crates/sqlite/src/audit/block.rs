//! A block of the audit index: for each value the set of its events in a stretch of a log, and the time of each event.

use std::collections::BTreeMap;

use diesel::dsl::max;
use diesel::prelude::*;
use sha2::{Digest as _, Sha256};
use syft_space_domain::audit::Person;
use syft_space_domain::ids::ApiKeyId;
use syft_space_domain::store::StoreError;
use syft_space_domain::time::Timestamp;

use crate::audit::pruned::first_kept_block;
use crate::audit::{has_ended, same_event};
use crate::codec::{Key, unreadable_column};
use crate::schema::{audit_blocks, audit_events, audit_logs, audit_persons};

/// How many events a block has. It is part of what is stored: a migration that changes it empties the index.
pub(crate) const BLOCK_LEN: u16 = 1_024;
/// The same, to compute sequence numbers with.
pub(crate) const EVENTS_PER_BLOCK: i64 = 1_024;

const BITMAP_WORDS: usize = 16;
/// The bytes of a bitmap. A list of positions is stored only if it is shorter.
pub(super) const BITMAP_BYTES: usize = BITMAP_WORDS * 8;

/// A set of positions in a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct PositionSet([u64; BITMAP_WORDS]);

impl PositionSet {
    pub(super) const ALL: Self = Self([u64::MAX; BITMAP_WORDS]);

    fn word(position: u16) -> (usize, u64) {
        (usize::from(position / 64), 1 << (position % 64))
    }

    pub(super) fn insert(&mut self, position: u16) {
        let (word, bit) = Self::word(position);
        if let Some(word) = self.0.get_mut(word) {
            *word |= bit;
        }
    }

    pub(super) fn contains(&self, position: u16) -> bool {
        let (word, bit) = Self::word(position);
        self.0.get(word).is_some_and(|word| word & bit != 0)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0 == [0; BITMAP_WORDS]
    }

    /// The positions that are in both sets.
    pub(super) fn intersect(mut self, other: &Self) -> Self {
        for (word, other) in self.0.iter_mut().zip(other.0) {
            *word &= other;
        }
        self
    }

    /// The positions that are in either set.
    pub(super) fn unite(mut self, other: &Self) -> Self {
        for (word, other) in self.0.iter_mut().zip(other.0) {
            *word |= other;
        }
        self
    }

    pub(super) fn ascending(self) -> impl DoubleEndedIterator<Item = u16> {
        (0..BLOCK_LEN).filter(move |position| self.contains(*position))
    }

    /// A bit for each position there is, the lowest bit of each 8 bytes first.
    pub(super) fn bitmap(&self) -> impl Iterator<Item = u8> {
        self.0.into_iter().flat_map(u64::to_be_bytes)
    }

    pub(super) fn from_bitmap(bitmap: &[u8; BITMAP_BYTES]) -> Self {
        let mut positions = Self::default();
        for (word, bytes) in positions.0.iter_mut().zip(bitmap.as_chunks().0) {
            *word = u64::from_be_bytes(*bytes);
        }
        positions
    }

    /// 2 bytes big-endian for each position; or, of 64 and more, a bit for each position there is.
    fn encode(&self) -> Vec<u8> {
        let count: u32 = self.0.iter().map(|word| word.count_ones()).sum();
        if usize::try_from(count).is_ok_and(|count| count * 2 < BITMAP_BYTES) {
            self.ascending().flat_map(u16::to_be_bytes).collect()
        } else {
            self.bitmap().collect()
        }
    }

    /// `None` for what [`Self::encode`] does not give.
    fn decode(bytes: &[u8]) -> Option<Self> {
        if let Ok(bitmap) = bytes.try_into() {
            return Some(Self::from_bitmap(bitmap));
        }
        let mut positions = Self::default();
        let (list, rest) = bytes.as_chunks();
        for position in list.iter().map(|bytes| u16::from_be_bytes(*bytes)) {
            if position >= BLOCK_LEN {
                return None;
            }
            positions.insert(position);
        }
        rest.is_empty().then_some(positions)
    }
}

/// A column that events are searched by, beside their time.
#[derive(Debug, Clone, Copy)]
pub(super) enum Column {
    Action,
    Outcome,
    Reason,
    ApiKey,
    Object,
    Account,
}

/// The inverted index of one column in a block: for each value the positions of its events. It is stored value by
/// value: the length of the value and of its positions, a byte each, and then both.
#[derive(Default)]
struct Postings(BTreeMap<Vec<u8>, PositionSet>);

impl Postings {
    fn insert(&mut self, value: &[u8], position: u16) {
        if let Some(positions) = self.0.get_mut(value) {
            return positions.insert(position);
        }
        self.0.entry(value.to_vec()).or_default().insert(position);
    }

    fn encode(&self) -> Vec<u8> {
        let mut all = Vec::new();
        for (value, positions) in &self.0 {
            let positions = positions.encode();
            // Words and ids are short, and so are positions; what is not would be found by its beginning no more.
            let length = |bytes: &[u8]| u8::try_from(bytes.len()).unwrap_or(u8::MAX);
            all.extend([length(value), length(&positions)]);
            all.extend(value.iter().take(usize::from(u8::MAX)).chain(&positions));
        }
        all
    }
}

/// How many bytes of a hash stand for a text of any length. A row that is found by them is held against the text itself.
pub(super) type Digest = [u8; 8];

/// What stands for a value of a kind. No kind has a zero byte in it.
pub(super) fn digest_of(kind: &[u8], value: &[u8]) -> Digest {
    let hash = Sha256::new().chain_update(kind).chain_update([0]).chain_update(value).finalize();
    hash.first_chunk().copied().unwrap_or_default()
}

/// As much of a reason as the index holds: what was changed may be told at any length.
pub(super) fn reason_value(reason: &str) -> &[u8] {
    let reason = reason.as_bytes();
    reason.split_at_checked(usize::from(u8::MAX)).map_or(reason, |(kept, _)| kept)
}

/// What stands for a thing in the index.
pub(super) fn object_digest(kind: &str, id: &str) -> Digest {
    digest_of(kind.as_bytes(), id.as_bytes())
}

/// What stands for an API key in the index.
pub(super) fn key_digest(key: ApiKeyId) -> Digest {
    digest_of(b"api_key", key.as_bytes())
}

/// The positions at which a stored column has any of some values.
pub(super) fn positions_of_any(stored: &[u8], wanted: &[Vec<u8>]) -> Result<PositionSet, StoreError> {
    wanted
        .iter()
        .try_fold(PositionSet::default(), |found, wanted| Ok(found.unite(&positions_of(stored, wanted)?)))
}

/// The positions at which a stored column has a value.
pub(super) fn positions_of(stored: &[u8], wanted: &[u8]) -> Result<PositionSet, StoreError> {
    for entry in Entries(stored) {
        let (value, positions) = entry?;
        if value == wanted {
            return positions.decode();
        }
    }
    Ok(PositionSet::default())
}

/// What a stored column has: each value with its positions.
pub(super) struct Entries<'a>(pub(super) &'a [u8]);

/// Positions as they are stored: most are of values that nobody looks for.
pub(super) struct StoredPositions<'a>(&'a [u8]);

impl StoredPositions<'_> {
    pub(super) fn decode(&self) -> Result<PositionSet, StoreError> {
        PositionSet::decode(self.0).ok_or_else(damaged)
    }
}

fn damaged() -> StoreError {
    unreadable_column("audit_blocks", &"it is cut off, or has a place that is none")
}

impl<'a> Iterator for Entries<'a> {
    type Item = Result<(&'a [u8], StoredPositions<'a>), StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        let entry = match self.0 {
            [] => return None,
            [value, positions, rest @ ..] => {
                rest.split_at_checked((*value).into()).and_then(|(value, rest)| {
                    let (positions, rest) = rest.split_at_checked((*positions).into())?;
                    Some((value, StoredPositions(positions), rest))
                })
            }
            [_] => None,
        };
        let (found, rest) = match entry {
            Some((value, positions, rest)) => (Ok((value, positions)), rest),
            None => (Err(damaged()), [].as_slice()),
        };
        self.0 = rest;
        Some(found)
    }
}

/// The positions of a block whose time is in a range.
pub(super) fn positions_in_time(
    times: &[u8],
    since: Option<Timestamp>,
    until: Option<Timestamp>,
) -> PositionSet {
    let mut positions = PositionSet::default();
    for (position, time) in (0..BLOCK_LEN).zip(times.as_chunks().0) {
        let time = Timestamp::from_unix_micros(i64::from_be_bytes(*time));
        if since.is_none_or(|since| time >= since) && until.is_none_or(|until| time < until) {
            positions.insert(position);
        }
    }
    positions
}

/// The sequence number of the event before a block's first.
pub(super) fn seq_before(block: i64) -> i64 {
    block.saturating_mul(EVENTS_PER_BLOCK)
}

/// The number of the first block of a log that the index does not hold.
pub(super) fn next_block(connection: &mut SqliteConnection, log: Key) -> QueryResult<i64> {
    // No block is behind the end of the log, whatever somebody has written there.
    let end: Option<i64> =
        audit_logs::table.find(log).select(audit_logs::last_seq).first(connection).optional()?;
    let end = end.unwrap_or(0).div_euclid(EVENTS_PER_BLOCK);
    let blocks = audit_blocks::table.filter(audit_blocks::log.eq(log)).filter(audit_blocks::block.lt(end));
    let last: Option<i64> = blocks.select(max(audit_blocks::block)).first(connection)?;
    match last {
        Some(last) => Ok(last.saturating_add(1)),
        None => first_kept_block(connection, log),
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = audit_events, check_for_backend(diesel::sqlite::Sqlite))]
struct IndexedEvent {
    seq: i64,
    time: i64,
    action: String,
    outcome: String,
    actor_id: Option<Key>,
    object_kind: Option<String>,
    object_id: Option<String>,
    reason_code: Option<String>,
}

/// A row of the index: what it holds of a block.
#[derive(Insertable)]
#[diesel(table_name = audit_blocks)]
pub(crate) struct Block {
    log: Key,
    block: i64,
    first_time: i64,
    last_time: i64,
    actions: Vec<u8>,
    outcomes: Vec<u8>,
    reasons: Vec<u8>,
    keys: Vec<u8>,
    objects: Vec<u8>,
    accounts: Vec<u8>,
    times: Vec<u8>,
}

impl Block {
    /// Builds a block from the log. Its events are there, and will never change.
    pub(super) fn build(connection: &mut SqliteConnection, log: Key, block: i64) -> QueryResult<Self> {
        let before = seq_before(block);
        let events = audit_events::table
            .left_join(audit_persons::table.on(same_event()))
            .filter(audit_events::log.eq(log))
            .filter(audit_events::seq.gt(before))
            .filter(audit_events::seq.le(before.saturating_add(EVENTS_PER_BLOCK)))
            .order(audit_events::seq)
            .select((IndexedEvent::as_select(), audit_persons::data.nullable()));
        let mut times = vec![0_u8; usize::from(BLOCK_LEN) * 8];
        let (mut first_time, mut last_time) = (i64::MAX, i64::MIN);
        let (mut actions, mut outcomes, mut accounts) =
            (Postings::default(), Postings::default(), Postings::default());
        let (mut reasons, mut keys, mut objects) =
            (Postings::default(), Postings::default(), Postings::default());
        for (event, person) in events.load::<(IndexedEvent, Option<Vec<u8>>)>(connection)? {
            let IndexedEvent { seq, time, action, outcome, actor_id, object_kind, object_id, reason_code } =
                event;
            let Ok(position) = u16::try_from(seq.saturating_sub(before).saturating_sub(1)) else { continue };
            if let Some(at) = times.as_chunks_mut().0.get_mut(usize::from(position)) {
                *at = time.to_be_bytes();
            }
            (first_time, last_time) = (first_time.min(time), last_time.max(time));
            actions.insert(action.as_bytes(), position);
            outcomes.insert(outcome.as_bytes(), position);
            if let Some(id) = actor_id {
                accounts.insert(&id.0, position);
            }
            if let Some(reason) = reason_code {
                reasons.insert(reason_value(&reason), position);
            }
            if let (Some(kind), Some(id)) = (object_kind, object_id) {
                objects.insert(&object_digest(&kind, &id), position);
            }
            // What cannot be read is told of where the event itself is read.
            let person = person.and_then(|person| serde_json::from_slice::<Person>(&person).ok());
            if let Some(key) = person.and_then(|person| person.api_key) {
                keys.insert(&key_digest(key.id), position);
            }
        }
        Ok(Self {
            log,
            block,
            first_time,
            last_time,
            actions: actions.encode(),
            outcomes: outcomes.encode(),
            reasons: reasons.encode(),
            keys: keys.encode(),
            objects: objects.encode(),
            accounts: accounts.encode(),
            times,
        })
    }

    /// Writes the block into the index.
    pub(crate) fn save(&self, connection: &mut SqliteConnection) -> QueryResult<()> {
        // The log may have ended since it was read.
        if !has_ended(connection, self.log)? {
            diesel::replace_into(audit_blocks::table).values(self).execute(connection)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_back_as_they_were_stored_few_or_many() {
        let mut values = Postings::default();
        let steps = [1, 2, 15, 16, 17, 500, 2_000_u16];
        for step in steps {
            (0..BLOCK_LEN)
                .step_by(step.into())
                .for_each(|position| values.insert(&step.to_be_bytes(), position));
        }
        let stored = values.encode();
        for step in steps {
            let positions = positions_of(&stored, &step.to_be_bytes()).unwrap();
            assert!(positions.ascending().eq((0..BLOCK_LEN).step_by(step.into())), "one in {step}");
        }
        assert!(positions_of(&stored, b"what is not there").unwrap().is_empty());
        assert!(positions_of(&[], b"x").unwrap().is_empty());
    }

    #[test]
    fn what_is_stored_of_a_block_is_not_read_beyond_its_end() {
        let mut values = Postings::default();
        values.insert(b"value", 7);
        let stored = values.encode();
        for length in 1..stored.len() {
            assert!(positions_of(&stored[..length], b"value").is_err(), "{length} bytes of it");
        }
        assert!(positions_of(&[1, 2, b'x', 4, 0], b"x").is_err(), "place 1,024 is behind the block");
    }

    #[test]
    fn times_are_compared_from_since_on_and_before_until() {
        let times: Vec<u8> = [5_i64, 3, 4, 9].iter().flat_map(|time| time.to_be_bytes()).collect();
        let at = |micros| Some(Timestamp::from_unix_micros(micros));
        let found = |since, until| positions_in_time(&times, since, until).ascending().collect::<Vec<_>>();
        assert_eq!(found(at(4), at(9)), [0, 2]);
        assert_eq!(found(None, at(4)), [1]);
        assert_eq!(found(at(5), None), [0, 3]);
        assert_eq!(found(at(6), at(6)), Vec::<u16>::new());
    }
}
