//! Which events of a log fit a filter? The newest first, by the index, as far as it reaches.

use std::collections::BTreeMap;

use diesel::prelude::*;
use syft_space_domain::audit::ports::EventFilter;
use syft_space_domain::store::StoreError;
use syft_space_domain::time::Timestamp;

use crate::audit::block::{EVENTS, Places, before, between, places_of};
use crate::codec::Key;
use crate::error::Failed;
use crate::schema::audit_blocks;

/// How many blocks are looked at first, and how many at once at most. Each step looks at twice as many as the one
/// before: what is frequent is found in the first, and what is rare or not there takes few steps.
const WINDOW: i64 = 8;
const WINDOW_MAX: i64 = 4_096;

/// What events are searched by, beside their time.
#[derive(Debug, Clone, Copy)]
enum Field {
    Action,
    Outcome,
    Account,
}

/// A search on its way from the newest event to the oldest.
pub(super) struct Search<'a> {
    log: Key,
    filter: &'a EventFilter,
    /// Every event from this number on has been looked at.
    from: i64,
    window: i64,
}

/// The blocks of a window in which there may be hits.
struct Candidates {
    blocks: BTreeMap<i64, Places>,
    /// Whether the times in a block must be looked at one by one.
    by_time: bool,
}

impl<'a> Search<'a> {
    /// A search among the events before the one of this number.
    pub(super) fn before(log: Key, filter: &'a EventFilter, from: i64) -> Self {
        Self { log, filter, from, window: WINDOW }
    }

    /// Whether there is nothing left to look at.
    pub(super) fn is_over(&self) -> bool {
        self.from <= 1
    }

    /// Looks at the next blocks, and answers the numbers of at most this many events.
    pub(super) fn step(
        &mut self,
        connection: &mut SqliteConnection,
        wanted: usize,
    ) -> Result<Vec<i64>, Failed> {
        // The block of the event before `from`.
        let last = self.from.saturating_sub(2).div_euclid(EVENTS);
        let first = last.saturating_sub(self.window).saturating_add(1).max(0);
        self.window = self.window.saturating_mul(2).min(WINDOW_MAX);
        let Candidates { blocks, by_time } = self.candidates(connection, first, last)?;
        let mut found = Vec::new();
        for (block, mut places) in blocks.into_iter().rev() {
            if by_time {
                places = places.and(&self.in_time(connection, block)?);
            }
            for place in places.backwards() {
                let seq = before(block).saturating_add(i64::from(place)).saturating_add(1);
                if seq < self.from {
                    found.push(seq);
                }
                if found.len() == wanted {
                    self.from = seq;
                    return Ok(found);
                }
            }
        }
        self.from = before(first).saturating_add(1);
        Ok(found)
    }

    fn candidates(
        &self,
        connection: &mut SqliteConnection,
        first: i64,
        last: i64,
    ) -> Result<Candidates, Failed> {
        let by_time = self.filter.since.is_some() || self.filter.until.is_some();
        let mut blocks = if by_time { Some(self.blocks_in_time(connection, first, last)?) } else { None };
        for (field, value) in self.values() {
            if blocks.as_ref().is_some_and(BTreeMap::is_empty) {
                break;
            }
            let mut narrowed = BTreeMap::new();
            for (block, stored) in self.stored(connection, field, first, last)? {
                let known = match &blocks {
                    None => Some(Places::ALL),
                    Some(blocks) => blocks.get(&block).copied(),
                };
                if let Some(known) = known {
                    let both = known.and(&places_of(&stored, &value)?);
                    if !both.is_empty() {
                        narrowed.insert(block, both);
                    }
                }
            }
            blocks = Some(narrowed);
        }
        let blocks = match blocks {
            Some(blocks) => blocks,
            // Nothing is asked for, so everything fits.
            None => (first..=last).map(|block| (block, Places::ALL)).collect(),
        };
        Ok(Candidates { blocks, by_time })
    }

    /// What the blocks of a window hold of one kind of value.
    fn stored(
        &self,
        connection: &mut SqliteConnection,
        field: Field,
        first: i64,
        last: i64,
    ) -> QueryResult<Vec<(i64, Vec<u8>)>> {
        let blocks = audit_blocks::table
            .filter(audit_blocks::log.eq(self.log))
            .filter(audit_blocks::block.between(first, last));
        let block = audit_blocks::block;
        match field {
            Field::Action => blocks.select((block, audit_blocks::actions)).load(connection),
            Field::Outcome => blocks.select((block, audit_blocks::outcomes)).load(connection),
            Field::Account => blocks.select((block, audit_blocks::accounts)).load(connection),
        }
    }

    fn values(&self) -> Vec<(Field, Vec<u8>)> {
        let EventFilter { action, outcome, actor, since: _, until: _ } = self.filter;
        let account = actor.map(|id| (Field::Account, id.as_bytes().to_vec()));
        let action = action.map(|action| (Field::Action, action.as_str().as_bytes().to_vec()));
        let outcome = outcome.map(|outcome| (Field::Outcome, outcome.as_str().as_bytes().to_vec()));
        // What is stored of accounts is the longest, and read last.
        [action, outcome, account].into_iter().flatten().collect()
    }

    fn blocks_in_time(
        &self,
        connection: &mut SqliteConnection,
        first: i64,
        last: i64,
    ) -> Result<BTreeMap<i64, Places>, Failed> {
        let since = self.filter.since.map_or(i64::MIN, Timestamp::as_unix_micros);
        let until = self.filter.until.map_or(i64::MAX, Timestamp::as_unix_micros);
        let blocks: Vec<i64> = audit_blocks::table
            .filter(audit_blocks::log.eq(self.log))
            .filter(audit_blocks::block.between(first, last))
            .filter(audit_blocks::last_time.ge(since))
            .filter(audit_blocks::first_time.lt(until))
            .select(audit_blocks::block)
            .load(connection)?;
        Ok(blocks.into_iter().map(|block| (block, Places::ALL)).collect())
    }

    fn in_time(&self, connection: &mut SqliteConnection, block: i64) -> Result<Places, Failed> {
        let of = audit_blocks::table.find((self.log, block)).select(audit_blocks::times);
        let times: Option<Vec<u8>> = of.first(connection).optional()?;
        let times = times.ok_or_else(|| StoreError::failed("the index of the audit log lacks a block"))?;
        Ok(between(&times, self.filter.since, self.filter.until))
    }
}
