//! The search for the events of a log that fit a filter, the newest first, in the blocks of the index.

use std::collections::BTreeMap;

use diesel::prelude::*;
use syft_space_domain::audit::ports::EventFilter;
use syft_space_domain::store::StoreError;
use syft_space_domain::time::Timestamp;

use crate::audit::block::{
    Column, EVENTS_PER_BLOCK, PositionSet, key_digest, object_digest, positions_in_time, positions_of_any,
    reason_value, seq_before,
};
use crate::audit::segment::{Merged, find_merged};
use crate::codec::Key;
use crate::error::Failed;
use crate::schema::audit_blocks;

/// The blocks of the first window, and the most that a window has. Each is twice as large as the one before: what is
/// frequent is found in the first, and what is rare or not there takes few steps.
const FIRST_WINDOW_BLOCKS: i64 = 8;
const MAX_WINDOW_BLOCKS: i64 = 4_096;

/// A search that proceeds from the newest event to the oldest.
pub(super) struct Search<'a> {
    log: Key,
    filter: &'a EventFilter,
    /// Every event from this sequence number on has been searched.
    searched_from: i64,
    window_blocks: i64,
}

/// The blocks of a window in which there may be hits.
struct Candidates {
    blocks: BTreeMap<i64, PositionSet>,
    /// Whether the times in a block must be looked at one by one.
    check_times: bool,
}

impl<'a> Search<'a> {
    /// A search of the events before the one of this sequence number.
    pub(super) fn before(log: Key, filter: &'a EventFilter, seq: i64) -> Self {
        Self { log, filter, searched_from: seq, window_blocks: FIRST_WINDOW_BLOCKS }
    }

    /// Whether every event has been searched.
    pub(super) fn is_done(&self) -> bool {
        self.searched_from <= 1
    }

    /// Searches the next blocks, and answers the sequence numbers of at most `limit` events.
    pub(super) fn next_matches(
        &mut self,
        connection: &mut SqliteConnection,
        limit: usize,
    ) -> Result<Vec<i64>, Failed> {
        // The block of the newest event that is not searched yet.
        let last = self.searched_from.saturating_sub(2).div_euclid(EVENTS_PER_BLOCK);
        let first = last.saturating_sub(self.window_blocks).saturating_add(1).max(0);
        self.window_blocks = self.window_blocks.saturating_mul(2).min(MAX_WINDOW_BLOCKS);
        let Candidates { blocks, check_times } = self.candidates(connection, first, last)?;
        let mut found = Vec::new();
        for (block, mut positions) in blocks.into_iter().rev() {
            if check_times {
                positions = positions.intersect(&self.positions_in_filter_time(connection, block)?);
            }
            for position in positions.ascending().rev() {
                let seq = seq_before(block).saturating_add(i64::from(position)).saturating_add(1);
                if seq < self.searched_from {
                    found.push(seq);
                }
                if found.len() == limit {
                    self.searched_from = seq;
                    return Ok(found);
                }
            }
        }
        self.searched_from = seq_before(first).saturating_add(1);
        Ok(found)
    }

    fn candidates(
        &self,
        connection: &mut SqliteConnection,
        first: i64,
        last: i64,
    ) -> Result<Candidates, Failed> {
        let check_times = self.filter.since.is_some() || self.filter.until.is_some();
        let mut blocks = if check_times { Some(self.blocks_in_time(connection, first, last)?) } else { None };
        for (column, values) in self.terms() {
            if blocks.as_ref().is_some_and(BTreeMap::is_empty) {
                break;
            }
            let found = self.positions(connection, column, &values, (first, last))?;
            let Some(narrowed) = blocks.as_mut() else {
                blocks = Some(found);
                continue;
            };
            narrowed.retain(|block, positions| {
                *positions =
                    found.get(block).map_or_else(PositionSet::default, |found| positions.intersect(found));
                !positions.is_empty()
            });
        }
        let blocks = match blocks {
            Some(blocks) => blocks,
            // Nothing is asked for, so everything fits.
            None => (first..=last).map(|block| (block, PositionSet::ALL)).collect(),
        };
        Ok(Candidates { blocks, check_times })
    }

    /// In which blocks of a window a column has any of the values, and where.
    fn positions(
        &self,
        connection: &mut SqliteConnection,
        column: Column,
        values: &[Vec<u8>],
        window: (i64, i64),
    ) -> Result<BTreeMap<i64, PositionSet>, Failed> {
        let Merged { mut blocks, rest } = find_merged(connection, self.log, column, values, window)?;
        for (first, last) in rest {
            for (block, stored) in self.postings(connection, column, first, last)? {
                let positions = positions_of_any(&stored, values)?;
                if !positions.is_empty() {
                    blocks.insert(block, positions);
                }
            }
        }
        Ok(blocks)
    }

    /// The stored postings of one column in some blocks.
    fn postings(
        &self,
        connection: &mut SqliteConnection,
        column: Column,
        first: i64,
        last: i64,
    ) -> QueryResult<Vec<(i64, Vec<u8>)>> {
        let blocks = audit_blocks::table
            .filter(audit_blocks::log.eq(self.log))
            .filter(audit_blocks::block.between(first, last));
        let block = audit_blocks::block;
        match column {
            Column::Action => blocks.select((block, audit_blocks::actions)).load(connection),
            Column::Outcome => blocks.select((block, audit_blocks::outcomes)).load(connection),
            Column::Reason => blocks.select((block, audit_blocks::reasons)).load(connection),
            Column::ApiKey => blocks.select((block, audit_blocks::keys)).load(connection),
            Column::Object => blocks.select((block, audit_blocks::objects)).load(connection),
            Column::Account => blocks.select((block, audit_blocks::accounts)).load(connection),
        }
    }

    /// What is asked of each column: any of the values will do.
    fn terms(&self) -> Vec<(Column, Vec<Vec<u8>>)> {
        let EventFilter {
            action,
            outcome,
            reason,
            actor,
            any_actor,
            any_object,
            any_key,
            since: _,
            until: _,
        } = self.filter;
        let action = action.map(|action| vec![action.as_str().as_bytes().to_vec()]);
        let outcome = outcome.map(|outcome| vec![outcome.as_str().as_bytes().to_vec()]);
        let reason = reason.as_ref().map(|reason| vec![reason_value(reason.as_str()).to_vec()]);
        let keys =
            any_key.as_ref().map(|keys| keys.iter().copied().map(|key| key_digest(key).to_vec()).collect());
        let objects = any_object.as_ref().map(|objects| {
            objects.iter().map(|object| object_digest(object.kind.as_str(), &object.id).to_vec()).collect()
        });
        let actor = actor.map(|id| vec![id.as_bytes().to_vec()]);
        let actors =
            any_actor.as_ref().map(|actors| actors.iter().map(|id| id.as_bytes().to_vec()).collect());
        // What is stored of accounts is the longest, and read last.
        let terms = [
            (Column::Action, action),
            (Column::Outcome, outcome),
            (Column::Reason, reason),
            (Column::ApiKey, keys),
            (Column::Object, objects),
            (Column::Account, actor),
            (Column::Account, actors),
        ];
        terms.into_iter().filter_map(|(column, values)| Some((column, values?))).collect()
    }

    fn blocks_in_time(
        &self,
        connection: &mut SqliteConnection,
        first: i64,
        last: i64,
    ) -> Result<BTreeMap<i64, PositionSet>, Failed> {
        let since = self.filter.since.map_or(i64::MIN, Timestamp::as_unix_micros);
        let until = self.filter.until.map_or(i64::MAX, Timestamp::as_unix_micros);
        let blocks: Vec<i64> = audit_blocks::table
            .filter(audit_blocks::log.eq(self.log))
            .filter(audit_blocks::block.between(first, last))
            .filter(audit_blocks::last_time.ge(since))
            .filter(audit_blocks::first_time.lt(until))
            .select(audit_blocks::block)
            .load(connection)?;
        Ok(blocks.into_iter().map(|block| (block, PositionSet::ALL)).collect())
    }

    fn positions_in_filter_time(
        &self,
        connection: &mut SqliteConnection,
        block: i64,
    ) -> Result<PositionSet, Failed> {
        let row = audit_blocks::table.find((self.log, block)).select(audit_blocks::times);
        let times: Option<Vec<u8>> = row.first(connection).optional()?;
        let times = times.ok_or_else(|| StoreError::failed("the index of the audit log lacks a block"))?;
        Ok(positions_in_time(&times, self.filter.since, self.filter.until))
    }
}
