//! The trees over logs from before there was one. They are filled when the database is opened, a part of a log in a commit, so that
//! it takes little memory, and goes on where it was cut short.

use diesel::prelude::*;
use syft_space_domain::audit::tree::{BLOCK_LEAVES, Frontier};
use syft_space_domain::store::StoreError;

use crate::audit::log_of_key;
use crate::audit::tree::{keep_block_roots, load_events};
use crate::codec::{Key, to_i64, to_u64, unreadable_column};
use crate::database;
use crate::error::Failed;
use crate::schema::{audit_logs, audit_tree_backlog};

/// How many blocks are hashed in one commit: a commit waits for the disk, and each block is some megabytes at most.
const BLOCKS_PER_COMMIT: u64 = 16;

/// Fills the trees over all logs that have none yet. Where there are such logs, this reads each of their events once.
pub(crate) fn fill(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    loop {
        let next = audit_tree_backlog::table.select(audit_tree_backlog::log).first::<Key>(connection);
        let Some(log) = next.optional().map_err(Failed::from)? else { return Ok(()) };
        tracing::info!("an audit log from before gets its tree");
        while !database::transaction(connection, |connection| fill_part(connection, log))? {}
    }
}

/// Fills the next part of a log's tree. Answers whether that was the last one.
fn fill_part(connection: &mut SqliteConnection, key: Key) -> Result<bool, Failed> {
    let backlog = audit_tree_backlog::table.find(key);
    let (seq, frontier) =
        backlog
            .select((audit_tree_backlog::seq, audit_tree_backlog::frontier))
            .first::<(i64, Vec<u8>)>(connection)?;
    let last = audit_logs::table.find(key).select(audit_logs::last_seq).first::<i64>(connection)?;
    let last = to_u64(last)?;
    let mut tree = Frontier::from_bytes(to_u64(seq)?, &frontier)
        .map_err(|error| unreadable_column("audit_tree_backlog.frontier", &error))?;
    let log = log_of_key(key);
    let mut filled = Vec::new();
    for _ in 0..BLOCKS_PER_COMMIT {
        let first = tree.size().saturating_add(1);
        let events = load_events(connection, log, first..first.saturating_add(BLOCK_LEAVES))?;
        if events.is_empty() {
            break;
        }
        for event in events {
            filled.extend(tree.push(event.leaf()).map(|root| (key, root)));
        }
    }
    keep_block_roots(connection, &filled)?;
    let frontier = tree.to_bytes();
    if tree.size() < last && !filled.is_empty() {
        diesel::update(backlog)
            .set((
                audit_tree_backlog::seq.eq(to_i64(tree.size())?),
                audit_tree_backlog::frontier.eq(frontier),
            ))
            .execute(connection)?;
        return Ok(false);
    }
    if tree.size() != last {
        let found = tree.size();
        return Err(StoreError::failed(format!("an audit log of {last} events has {found}")).into());
    }
    diesel::update(audit_logs::table.find(key)).set(audit_logs::frontier.eq(frontier)).execute(connection)?;
    diesel::delete(backlog).execute(connection)?;
    Ok(true)
}
