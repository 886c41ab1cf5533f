//! A segment of the audit index: 64 blocks merged, so that a log of any length is searched in few reads.
//!
//! It is stored in 256 parts by the first byte of the digest of a value. So whoever looks for a value reads one short row
//! for 65,536 events. A segment goes with the first of its blocks that is pruned: its other blocks are searched on their own.

use std::collections::{BTreeMap, BTreeSet};

use diesel::dsl::max;
use diesel::prelude::*;
use syft_space_domain::store::StoreError;

use crate::audit::block::{BITMAP_BYTES, BLOCK_LEN, Column, Digest, Entries, PositionSet, digest_of};
use crate::audit::has_ended;
use crate::audit::pruned::first_kept_block;
use crate::codec::{Key, unreadable_column};
use crate::error::Failed;
use crate::schema::{audit_blocks, audit_segments};

/// How many blocks a segment has: with 1,024 events each, so many that a place in it has two bytes. It is part of what is
/// stored.
const BLOCKS_PER_SEGMENT: i64 = 64;
/// The bytes of a bitmap of a whole segment. A list of places is stored only if it is shorter.
const SEGMENT_BITMAP_BYTES: usize = 64 * BITMAP_BYTES;

/// The last part that is stored of a segment.
const LAST_PART: i64 = 255;
/// How many parts the writer stores in one go, some hundred kilobytes of a log with many values: others wait meanwhile.
const PARTS_PER_JOB: usize = 32;

/// The places of a value's events in a segment.
type Places = Vec<u16>;

/// Some parts of a segment, as they are stored.
pub(crate) struct SegmentParts {
    log: Key,
    segment: i64,
    parts: Vec<(u8, Vec<u8>)>,
}

/// The number of the first segment of a log that the index does not hold, if each of its blocks is: those before the next one are.
pub(super) fn next_full_segment(
    connection: &mut SqliteConnection,
    log: Key,
    next_block: i64,
) -> QueryResult<Option<i64>> {
    let whole =
        audit_segments::table.filter(audit_segments::log.eq(log)).filter(audit_segments::part.eq(LAST_PART));
    let last: Option<i64> = whole.select(max(audit_segments::segment)).first(connection)?;
    let kept = first_kept_block(connection, log)?;
    let first_whole = kept.saturating_add(BLOCKS_PER_SEGMENT - 1).div_euclid(BLOCKS_PER_SEGMENT);
    let next = last.map_or(0, |last| last.saturating_add(1)).max(first_whole);
    Ok((next_block >= blocks_of(next).end).then_some(next))
}

/// What stands for a value of a column.
fn term(column: Column, value: &[u8]) -> Digest {
    let name: &[u8] = match column {
        Column::Action => b"action",
        Column::Outcome => b"outcome",
        Column::Reason => b"reason",
        Column::ApiKey => b"api_key",
        Column::Object => b"object",
        Column::Account => b"account",
    };
    digest_of(name, value)
}

/// The numbers of the blocks of a segment.
fn blocks_of(segment: i64) -> std::ops::Range<i64> {
    let first = segment.saturating_mul(BLOCKS_PER_SEGMENT);
    first..first.saturating_add(BLOCKS_PER_SEGMENT)
}

fn segment_of(block: i64) -> i64 {
    block.div_euclid(BLOCKS_PER_SEGMENT)
}

impl SegmentParts {
    /// Merges the blocks of a segment. They are there, if nobody has pruned them meanwhile, and will never change.
    ///
    /// # Errors
    ///
    /// What the database says, or that a block is not there.
    pub(super) fn build(
        connection: &mut SqliteConnection,
        log: Key,
        segment: i64,
    ) -> Result<Vec<Self>, Failed> {
        let mut values: BTreeMap<Digest, Places> = BTreeMap::new();
        for (block, first_place) in blocks_of(segment).zip((0..=u16::MAX).step_by(BLOCK_LEN.into())) {
            let row = audit_blocks::table.find((log, block)).select((
                audit_blocks::actions,
                audit_blocks::outcomes,
                audit_blocks::reasons,
                audit_blocks::keys,
                audit_blocks::objects,
                audit_blocks::accounts,
            ));
            let (actions, outcomes, reasons, keys, objects, accounts) = row.first(connection)?;
            let columns: [(Column, Vec<u8>); 6] = [
                (Column::Action, actions),
                (Column::Outcome, outcomes),
                (Column::Reason, reasons),
                (Column::ApiKey, keys),
                (Column::Object, objects),
                (Column::Account, accounts),
            ];
            for (column, stored) in &columns {
                for entry in Entries(stored) {
                    let (value, positions) = entry?;
                    let places = values.entry(term(*column, value)).or_default();
                    places.extend(
                        positions.decode()?.ascending().map(|position| first_place.saturating_add(position)),
                    );
                }
            }
        }
        let mut parts: Vec<(u8, Vec<u8>)> = (0..=u8::MAX).map(|part| (part, Vec::new())).collect();
        for (digest, places) in &values {
            let [first, ..] = *digest;
            if let Some((_, part)) = parts.get_mut(usize::from(first)) {
                encode(part, digest, places);
            }
        }
        Ok(parts.chunks(PARTS_PER_JOB).map(|parts| Self { log, segment, parts: parts.to_vec() }).collect())
    }

    /// Writes the parts into the index.
    pub(crate) fn save(&self, connection: &mut SqliteConnection) -> QueryResult<()> {
        // The log may have ended, and blocks may have been pruned, since they were read.
        let is_whole = first_kept_block(connection, self.log)? <= blocks_of(self.segment).start;
        if !is_whole || has_ended(connection, self.log)? {
            return Ok(());
        }
        for (part, postings) in &self.parts {
            diesel::replace_into(audit_segments::table)
                .values((
                    audit_segments::log.eq(self.log),
                    audit_segments::part.eq(i64::from(*part)),
                    audit_segments::segment.eq(self.segment),
                    audit_segments::postings.eq(postings),
                ))
                .execute(connection)?;
        }
        Ok(())
    }
}

/// Removes the segment that begins with a block. Blocks are pruned in their order, so it goes with the first of them.
pub(super) fn remove_segment_from(
    connection: &mut SqliteConnection,
    log: Key,
    block: i64,
) -> QueryResult<()> {
    let segment = segment_of(block);
    if block != blocks_of(segment).start {
        return Ok(());
    }
    // Each part is found by the whole key: a range would look through all segments of the log.
    let parts = audit_segments::table
        .filter(audit_segments::log.eq(log))
        .filter(audit_segments::part.eq_any(0..=LAST_PART))
        .filter(audit_segments::segment.eq(segment));
    diesel::delete(parts).execute(connection).map(drop)
}

/// What the segments tell of some blocks.
pub(super) struct Merged {
    /// In which blocks a column has any of the values, and where.
    pub(super) blocks: BTreeMap<i64, PositionSet>,
    /// The stretches of blocks that no segment tells of, each from a first to a last.
    pub(super) rest: Vec<(i64, i64)>,
}

/// Looks for the values of a column in the blocks from the first to the last.
pub(super) fn find_merged(
    connection: &mut SqliteConnection,
    log: Key,
    column: Column,
    wanted: &[Vec<u8>],
    (first, last): (i64, i64),
) -> Result<Merged, Failed> {
    let wanted: BTreeSet<Digest> = wanted.iter().map(|value| term(column, value)).collect();
    let parts: BTreeSet<i64> = wanted.iter().map(|[first, ..]| i64::from(*first)).collect();
    let mut told: BTreeMap<i64, usize> = BTreeMap::new();
    let mut blocks: BTreeMap<i64, PositionSet> = BTreeMap::new();
    for part in &parts {
        let rows: Vec<(i64, Vec<u8>)> = audit_segments::table
            .filter(audit_segments::log.eq(log))
            .filter(audit_segments::part.eq(part))
            .filter(audit_segments::segment.between(segment_of(first), segment_of(last)))
            .select((audit_segments::segment, audit_segments::postings))
            .load(connection)?;
        for (segment, postings) in rows {
            let count = told.entry(segment).or_default();
            *count = count.saturating_add(1);
            for (block, positions) in decode(&postings, &wanted, segment)? {
                if (first..=last).contains(&block) {
                    let found = blocks.entry(block).or_default();
                    *found = found.unite(&positions);
                }
            }
        }
    }
    // While a segment is stored some of its parts may be there and others not.
    told.retain(|_, count| *count == parts.len());
    blocks.retain(|block, _| told.contains_key(&segment_of(*block)));
    let mut rest = Vec::new();
    let mut next = first;
    for segment in told.into_keys() {
        let blocks = blocks_of(segment);
        if next < blocks.start {
            rest.push((next, blocks.start.saturating_sub(1)));
        }
        next = blocks.end;
    }
    if next <= last {
        rest.push((next, last));
    }
    Ok(Merged { blocks, rest })
}

/// Value by value: its digest; the length of its places, in 2 bytes; its places, 2 bytes each, or a bit for each that there
/// is. All numbers are big-endian.
fn encode(part: &mut Vec<u8>, digest: &Digest, places: &[u16]) {
    let places: Vec<u8> = if places.len().saturating_mul(2) < SEGMENT_BITMAP_BYTES {
        places.iter().copied().flat_map(u16::to_be_bytes).collect()
    } else {
        let mut blocks = [PositionSet::default(); 64];
        for place in places {
            if let Some(block) = blocks.get_mut(usize::from(place / BLOCK_LEN)) {
                block.insert(place % BLOCK_LEN);
            }
        }
        blocks.iter().flat_map(PositionSet::bitmap).collect()
    };
    part.extend(digest);
    part.extend(u16::try_from(places.len()).unwrap_or(u16::MAX).to_be_bytes());
    part.extend(places);
}

/// In which blocks of a segment any of the values is, and where.
fn decode(
    mut postings: &[u8],
    wanted: &BTreeSet<Digest>,
    segment: i64,
) -> Result<BTreeMap<i64, PositionSet>, StoreError> {
    let damaged = || unreadable_column("audit_segments.postings", &"it is cut off");
    let mut found: BTreeMap<i64, PositionSet> = BTreeMap::new();
    while let Some((digest, rest)) = postings.split_first_chunk() {
        let (length, rest) = rest.split_first_chunk().ok_or_else(damaged)?;
        let (places, rest) = rest.split_at_checked(u16::from_be_bytes(*length).into()).ok_or_else(damaged)?;
        postings = rest;
        if !wanted.contains(digest) {
            continue;
        }
        if places.len() == SEGMENT_BITMAP_BYTES {
            let bitmaps = places.as_chunks::<BITMAP_BYTES>().0.iter().map(PositionSet::from_bitmap);
            for (block, positions) in blocks_of(segment).zip(bitmaps).filter(|(_, found)| !found.is_empty()) {
                let of_block = found.entry(block).or_default();
                *of_block = of_block.unite(&positions);
            }
        } else {
            let (places, rest) = places.as_chunks();
            for place in places.iter().map(|bytes| u16::from_be_bytes(*bytes)) {
                let block = blocks_of(segment).start.saturating_add(i64::from(place / BLOCK_LEN));
                found.entry(block).or_default().insert(place % BLOCK_LEN);
            }
            if !rest.is_empty() {
                return Err(damaged());
            }
        }
    }
    if postings.is_empty() { Ok(found) } else { Err(damaged()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(places: &[u16]) -> Vec<u8> {
        let mut part = Vec::new();
        encode(&mut part, &[1; 8], &[9, 1_024]);
        encode(&mut part, &[2; 8], places);
        part
    }

    #[test]
    fn places_are_read_back_as_they_were_stored_few_or_many() {
        for step in [1, 7, 15, 16, 17, 60_000] {
            let places: Vec<u16> = (0..=u16::MAX).step_by(step).collect();
            let found = decode(&stored(&places), &BTreeSet::from([[2; 8]]), 3).unwrap();
            let read: Vec<i64> = found
                .into_iter()
                .flat_map(|(block, found)| found.ascending().map(move |at| block * 1_024 + i64::from(at)))
                .collect();
            let expected: Vec<i64> = places.iter().map(|place| 3 * 65_536 + i64::from(*place)).collect();
            assert_eq!(read, expected, "one in {step}");
        }
        assert!(decode(&stored(&[1]), &BTreeSet::from([[3; 8]]), 0).unwrap().is_empty());
    }

    #[test]
    fn what_is_stored_of_a_segment_is_not_read_beyond_its_end() {
        let stored = stored(&[7]);
        let whole = [10 + 4, stored.len()];
        for length in (1..stored.len()).filter(|length| !whole.contains(length)) {
            assert!(decode(&stored[..length], &BTreeSet::from([[2; 8]]), 0).is_err(), "{length} bytes of it");
        }
    }
}
