//! The audit logs: an event as a row that never changes, and beside it a row with its personal data.
//!
//! What a commit writes is in this file, and has no index but its key. What the logs are searched by is made behind
//! them (`projector.rs`), a block of events at a time (`block.rs`), of which 64 are merged (`segment.rs`), and a page is found by it as far as it reaches
//! (`search.rs`, `page.rs`). The tree over a log grows with it, in the same commit (`tree.rs`); logs from before there was one get
//! theirs when the database is opened (`tree_backlog.rs`). Of the oldest events there may be their leaves alone (`pruned.rs`).

pub(crate) mod block;
mod checkpoint;
mod erase;
mod page;
pub(crate) mod projector;
pub(crate) mod pruned;
mod queries;
mod search;
pub(crate) mod segment;
mod sink;
mod tree;
pub(crate) mod tree_backlog;
mod watched;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use diesel::dsl::exists;
use diesel::prelude::*;
use syft_space_domain::audit::tree::BlockRoot;
use syft_space_domain::audit::{Appended, Event, Log, LogHead, RecordedEvent};
use syft_space_domain::ids::PolicyId;
use syft_space_domain::policy::PolicyRevision;

use crate::audit::block::EVENTS_PER_BLOCK;
use crate::audit::tree::{keep_block_roots, load_head};
use crate::codec::{Bytes, Key, in_batches, to_i64};
use crate::error::Failed;
use crate::schema::{audit_events, audit_logs, audit_persons, ended_tenants};

/// The key of a log: a tenant's id, or 16 zero bytes for the installation.
pub(crate) fn log_key(log: Log) -> Key {
    match log {
        Log::Installation => Bytes([0; 16]),
        Log::Tenant(id) => id.into(),
    }
}

/// By what the personal data of an event is found.
#[diesel::dsl::auto_type]
fn same_event() -> _ {
    audit_persons::log.eq(audit_events::log).and(audit_persons::seq.eq(audit_events::seq))
}

/// Whether a log has ended with its tenant, which is being removed or gone: nothing is put into it any more.
fn has_ended(connection: &mut SqliteConnection, log: Key) -> QueryResult<bool> {
    let ends = diesel::select(exists(ended_tenants::table.find(log))).get_result(connection)?;
    Ok(ends && !diesel::select(exists(audit_logs::table.find(log))).get_result::<bool>(connection)?)
}

/// The log with a key.
fn log_of_key(key: Key) -> Log {
    if key.0 == [0; 16] { Log::Installation } else { Log::Tenant(key.into()) }
}

/// A policy as it was: its id, and its revision in 8 bytes, big-endian.
type PolicyBytes = Bytes<24>;

fn policy_bytes(policy: PolicyRevision) -> PolicyBytes {
    let mut bytes = [0; 24];
    let (id, revision) = bytes.split_at_mut(16);
    id.copy_from_slice(policy.id.as_bytes());
    revision.copy_from_slice(&policy.revision.to_be_bytes());
    Bytes(bytes)
}

fn policy_of_bytes(Bytes(bytes): PolicyBytes) -> PolicyRevision {
    let [id @ .., a, b, c, d, e, f, g, h] = bytes;
    PolicyRevision { id: PolicyId::from_bytes(id), revision: u64::from_be_bytes([a, b, c, d, e, f, g, h]) }
}

#[derive(Insertable)]
#[diesel(table_name = audit_events, treat_none_as_default_value = false)]
struct NewEvent {
    log: Key,
    seq: i64,
    id: Key,
    time: i64,
    action: &'static str,
    outcome: &'static str,
    actor_kind: &'static str,
    actor_id: Option<Key>,
    actor_role: Option<&'static str>,
    object_kind: Option<&'static str>,
    object_id: Option<String>,
    reason_code: Option<String>,
    request_id: Option<Key>,
    count: i64,
    person_commitment: Bytes<32>,
    policy: Option<PolicyBytes>,
}

#[derive(Insertable)]
#[diesel(table_name = audit_persons, treat_none_as_default_value = false)]
struct NewPerson {
    log: Key,
    seq: i64,
    salt: Bytes<16>,
    data: Vec<u8>,
}

/// Appends events in one transaction, and numbers them within each log.
#[derive(Default)]
pub(crate) struct Appender {
    logs: BTreeMap<Key, OpenLog>,
    /// The rows to write, many by one statement: that costs less than a statement each.
    events: Vec<NewEvent>,
    persons: Vec<NewPerson>,
    block_roots: Vec<(Key, BlockRoot)>,
}

/// A log: the number of its last event before the transaction, and its head now.
struct OpenLog {
    before: u64,
    now: LogHead,
    /// It takes no event any more.
    has_ended: bool,
}

impl Appender {
    /// Puts an event behind its log's last, and tells of it as it stands there. It is written when all have their place. Where the log
    /// has ended with its tenant it is dropped.
    pub(crate) fn append(
        &mut self,
        connection: &mut SqliteConnection,
        event: Event,
        tell: impl FnOnce(&RecordedEvent),
    ) -> Result<(), Failed> {
        let log = log_key(event.log);
        let open = self.log(connection, log)?;
        if open.has_ended {
            return Ok(());
        }
        let Appended { recorded, person: data, filled } = open.now.append(event);
        tell(&recorded);
        self.block_roots.extend(filled.map(|root| (log, root)));
        let RecordedEvent { seq, event, person_commitment } = recorded;
        let seq = to_i64(seq)?;
        let (object_kind, object_id) = event.object.map(|object| (object.kind.as_str(), object.id)).unzip();
        self.events.push(NewEvent {
            log,
            seq,
            id: event.id.into(),
            time: event.time.as_unix_micros(),
            action: event.action.as_str(),
            outcome: event.outcome.as_str(),
            actor_kind: event.actor.kind(),
            actor_id: event.actor.id().map(Key::from),
            actor_role: event.actor.role(),
            object_kind,
            object_id,
            reason_code: event.reason_code.map(|reason| reason.to_string()),
            request_id: event.request.map(Key::from),
            count: event.count.into(),
            person_commitment: Bytes(person_commitment),
            policy: event.policy.map(policy_bytes),
        });
        self.persons.push(NewPerson { log, seq, salt: Bytes(event.salt), data });
        Ok(())
    }

    /// Writes the events, and keeps the numbers that were given out and the trees. Answers the logs that have filled a block.
    pub(crate) fn finish(self, connection: &mut SqliteConnection) -> Result<Vec<Key>, Failed> {
        write_events(connection, &self.events, &self.persons)?;
        keep_block_roots(connection, &self.block_roots)?;
        let mut filled = Vec::new();
        for (log, OpenLog { before, now, has_ended }) in self.logs {
            if has_ended {
                continue;
            }
            let (before, last) = (to_i64(before)?, to_i64(now.seq())?);
            let head = (audit_logs::last_seq.eq(last), audit_logs::frontier.eq(now.tree().to_bytes()));
            // The whole row: a statement with a SET would be prepared anew for each commit.
            diesel::replace_into(audit_logs::table)
                .values((audit_logs::log.eq(log), head))
                .execute(connection)?;
            if last.div_euclid(EVENTS_PER_BLOCK) > before.div_euclid(EVENTS_PER_BLOCK) {
                filled.push(log);
            }
        }
        Ok(filled)
    }

    fn log(&mut self, connection: &mut SqliteConnection, log: Key) -> Result<&mut OpenLog, Failed> {
        match self.logs.entry(log) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(unknown) => {
                let head = load_head(connection, log)?;
                // Only of a log that begins it is asked whether there was one.
                let has_ended = head.seq() == 0 && has_ended(connection, log)?;
                Ok(unknown.insert(OpenLog { before: head.seq(), now: head, has_ended }))
            }
        }
    }
}

fn write_events(
    connection: &mut SqliteConnection,
    events: &[NewEvent],
    persons: &[NewPerson],
) -> QueryResult<()> {
    in_batches!(events, |rows| diesel::insert_into(audit_events::table).values(rows).execute(connection)?);
    in_batches!(persons, |rows| diesel::insert_into(audit_persons::table)
        .values(rows)
        .execute(connection)?);
    Ok(())
}
