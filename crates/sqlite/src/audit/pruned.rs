//! The blocks whose events are gone, and what stays of them.

use diesel::dsl::max;
use diesel::prelude::*;
use syft_space_domain::audit::tree::{BLOCK_LEAVES, NodeHash};
use syft_space_domain::audit::{Log, PrunedBlock};
use syft_space_domain::store::StoreError;
use syft_space_domain::time::Timestamp;

use crate::audit::block::{EVENTS_PER_BLOCK, seq_before};
use crate::audit::log_key;
use crate::audit::segment::remove_segment_from;
use crate::codec::{Key, to_i64, to_u64, unreadable_column};
use crate::error::Failed;
use crate::schema::{audit_blocks, audit_events, audit_persons, audit_pruned_blocks};
use crate::session::Session;

/// The number of the first block of a log that is not pruned.
pub(super) fn first_kept_block(connection: &mut SqliteConnection, log: Key) -> QueryResult<i64> {
    let pruned = audit_pruned_blocks::table.filter(audit_pruned_blocks::log.eq(log));
    let last: Option<i64> = pruned.select(max(audit_pruned_blocks::block)).first(connection)?;
    Ok(last.map_or(0, |last| last.saturating_add(1)))
}

/// The leaves of a pruned block.
pub(super) fn load_pruned_leaves(
    connection: &mut SqliteConnection,
    log: Key,
    block: u64,
) -> Result<Option<Vec<NodeHash>>, Failed> {
    let row = audit_pruned_blocks::table.find((log, to_i64(block)?)).select(audit_pruned_blocks::leaves);
    let Some(bytes) = row.first::<Vec<u8>>(connection).optional()? else { return Ok(None) };
    let (leaves, rest) = bytes.as_chunks();
    if !rest.is_empty() || u64::try_from(leaves.len()) != Ok(BLOCK_LEAVES) {
        return Err(unreadable_column("audit_pruned_blocks.leaves", &"a block has 1,024 hashes").into());
    }
    Ok(Some(leaves.to_vec()))
}

/// The blocks that could be pruned.
pub(crate) fn load_blocks_before(
    connection: &mut SqliteConnection,
    log: Key,
    before: Timestamp,
    up_to: u64,
    at_most: usize,
) -> Result<Vec<u64>, Failed> {
    let first = first_kept_block(connection, log)?;
    let end = i64::try_from(up_to).unwrap_or(i64::MAX).div_euclid(EVENTS_PER_BLOCK);
    let rows: Vec<(i64, i64)> = audit_blocks::table
        .filter(audit_blocks::log.eq(log))
        .filter(audit_blocks::block.ge(first))
        .filter(audit_blocks::block.lt(end))
        .order(audit_blocks::block)
        .limit(i64::try_from(at_most).unwrap_or(i64::MAX))
        .select((audit_blocks::block, audit_blocks::last_time))
        .load(connection)?;
    let due = (first..=i64::MAX).zip(rows).take_while(|(expected, (block, last_time))| {
        block == expected && *last_time < before.as_unix_micros()
    });
    Ok(due.map(|(_, (block, _))| to_u64(block)).collect::<Result<_, _>>()?)
}

impl Session<'_> {
    /// Removes the events of a block, and what the index holds of them, and keeps their leaves.
    pub(crate) fn prune_block(&mut self, log: Log, block: &PrunedBlock) -> Result<u64, StoreError> {
        let (key, number) = (log_key(log), to_i64(block.number)?);
        // Nobody else writes, so what is read here stays until it is written.
        if self.read(|connection| first_kept_block(connection, key))? != number {
            return Ok(0);
        }
        let (before, last) = (seq_before(number), seq_before(number.saturating_add(1)));
        let removed = self.write(|connection| {
            diesel::insert_into(audit_pruned_blocks::table)
                .values((
                    audit_pruned_blocks::log.eq(key),
                    audit_pruned_blocks::block.eq(number),
                    audit_pruned_blocks::leaves.eq(block.leaves.concat()),
                ))
                .execute(connection)?;
            let persons = audit_persons::table.filter(audit_persons::log.eq(key));
            diesel::delete(persons.filter(audit_persons::seq.gt(before)).filter(audit_persons::seq.le(last)))
                .execute(connection)?;
            diesel::delete(audit_blocks::table.find((key, number))).execute(connection)?;
            remove_segment_from(connection, key, number)?;
            let events = audit_events::table.filter(audit_events::log.eq(key));
            diesel::delete(events.filter(audit_events::seq.gt(before)).filter(audit_events::seq.le(last)))
                .execute(connection)
        })?;
        Ok(u64::try_from(removed).unwrap_or(u64::MAX))
    }
}
