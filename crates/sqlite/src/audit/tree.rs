//! The tree over a log, as it is kept: the head's frontier, and the root of each full block.

use std::ops::Range;

use diesel::prelude::*;
use syft_space_domain::audit::tree::{BLOCK_LEAVES, BlockRoot, Frontier, NodeHash};
use syft_space_domain::audit::{Log, LogHead, RecordedEvent};
use syft_space_domain::store::StoreError;

use crate::audit::page::{EventRow, EventWithPerson, PersonRow, recorded_event};
use crate::audit::{log_key, same_event};
use crate::codec::{Bytes, Key, to_i64, to_u64, unreadable_column};
use crate::error::Failed;
use crate::schema::{audit_events, audit_logs, audit_persons, audit_tree_blocks};

/// The head of a log. It is as it was kept, or an error.
pub(super) fn load_head(connection: &mut SqliteConnection, log: Key) -> Result<LogHead, Failed> {
    let row = audit_logs::table.find(log).select((audit_logs::last_seq, audit_logs::frontier));
    let Some((last, frontier)) = row.first::<(i64, Vec<u8>)>(connection).optional()? else {
        return Ok(LogHead::default());
    };
    let tree = Frontier::from_bytes(to_u64(last)?, &frontier);
    Ok(LogHead::of(tree.map_err(|error| unreadable_column("audit_logs.frontier", &error))?))
}

/// Keeps the roots of blocks that were filled.
pub(super) fn keep_block_roots(
    connection: &mut SqliteConnection,
    filled: &[(Key, BlockRoot)],
) -> Result<(), Failed> {
    for (log, BlockRoot { number, hash }) in filled {
        diesel::insert_into(audit_tree_blocks::table)
            .values((
                audit_tree_blocks::log.eq(log),
                audit_tree_blocks::block.eq(to_i64(*number)?),
                audit_tree_blocks::root.eq(Bytes(*hash)),
            ))
            .execute(connection)?;
    }
    Ok(())
}

/// The roots of full blocks, every one of them.
pub(super) fn load_block_roots(
    connection: &mut SqliteConnection,
    log: Key,
    blocks: Range<u64>,
) -> Result<Vec<NodeHash>, Failed> {
    let rows = audit_tree_blocks::table
        .filter(audit_tree_blocks::log.eq(log))
        .filter(audit_tree_blocks::block.ge(to_i64(blocks.start)?))
        .filter(audit_tree_blocks::block.lt(to_i64(blocks.end)?))
        .order(audit_tree_blocks::block)
        .select(audit_tree_blocks::root);
    let roots: Vec<Bytes<32>> = rows.load(connection)?;
    if u64::try_from(roots.len()) != Ok(blocks.end.saturating_sub(blocks.start)) {
        return Err(StoreError::LogDamaged("its tree lacks the root of a block".to_owned()).into());
    }
    Ok(roots.into_iter().map(|Bytes(root)| root).collect())
}

/// The events with these numbers, without a gap.
pub(super) fn load_events(
    connection: &mut SqliteConnection,
    log: Log,
    numbers: Range<u64>,
) -> Result<Vec<RecordedEvent>, Failed> {
    let rows: Vec<EventWithPerson> = audit_events::table
        .left_join(audit_persons::table.on(same_event()))
        .filter(audit_events::log.eq(log_key(log)))
        .filter(audit_events::seq.ge(to_i64(numbers.start)?))
        .filter(audit_events::seq.lt(i64::try_from(numbers.end).unwrap_or(i64::MAX)))
        .order(audit_events::seq)
        .limit(to_i64(BLOCK_LEAVES)?)
        .select((EventRow::as_select(), Option::<PersonRow>::as_select()))
        .load(connection)?;
    let mut events = Vec::with_capacity(rows.len());
    for (seq, row) in (numbers.start.max(1)..).zip(rows) {
        let event = recorded_event(log, row)?;
        if event.seq != seq {
            return Err(StoreError::LogDamaged(format!("it lacks its event {seq}")).into());
        }
        events.push(event);
    }
    Ok(events)
}
