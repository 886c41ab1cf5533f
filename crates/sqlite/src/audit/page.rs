//! A page of a log. The events that are indexed are found by the index, the newer ones in the log itself.

use std::ops::Range;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Nullable};
use diesel::sqlite::Sqlite;
use syft_space_domain::audit::ports::{
    AuditView, EventFilter, LogPage, LogScope, Projection, RecordedQueries, Seq,
};
use syft_space_domain::audit::tree::NodeHash;
use syft_space_domain::audit::{
    Actor, Event, Log, LogHead, Object, Person, QueryFilter, RecordedEvent, RecordedReason, SignedCheckpoint,
};
use syft_space_domain::ids::{ActorId, RequestId};
use syft_space_domain::page::{Cursor, Page, PageRequest};
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::{OperatorScope, TenantScope};
use syft_space_domain::time::Timestamp;

use crate::audit::block::{next_block, seq_before};
use crate::audit::checkpoint::{load_checkpoint, load_grown_logs};
use crate::audit::pruned::{first_kept_block, load_pruned_leaves};
use crate::audit::queries::load_queries;
use crate::audit::search::Search;
use crate::audit::tree::{load_block_roots, load_events, load_head};
use crate::audit::{PolicyBytes, log_key, policy_of_bytes, same_event};
use crate::codec::{Bytes, Key, limit_plus_one, parse, to_u64, unreadable_column};
use crate::error::Failed;
use crate::schema::{audit_events, audit_logs, audit_persons};
use crate::session::Session;

#[derive(Queryable, Selectable)]
#[diesel(table_name = audit_events, check_for_backend(Sqlite))]
pub(super) struct EventRow {
    seq: i64,
    id: Key,
    time: i64,
    action: String,
    outcome: String,
    actor_kind: String,
    actor_id: Option<Key>,
    actor_role: Option<String>,
    object_kind: Option<String>,
    object_id: Option<String>,
    reason_code: Option<String>,
    request_id: Option<Key>,
    count: i64,
    person_commitment: Bytes<32>,
    policy: Option<PolicyBytes>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = audit_persons, check_for_backend(Sqlite))]
pub(super) struct PersonRow {
    salt: Bytes<16>,
    data: Vec<u8>,
}

pub(super) type EventWithPerson = (EventRow, Option<PersonRow>);

pub(super) fn recorded_event(
    log: Log,
    (row, person_row): EventWithPerson,
) -> Result<RecordedEvent, StoreError> {
    let actor =
        Actor::from_parts(&row.actor_kind, row.actor_id.map(ActorId::from), row.actor_role.as_deref());
    let object = match (row.object_kind, row.object_id) {
        (None, None) => None,
        (Some(kind), Some(id)) => Some(Object { kind: parse("audit_events.object_kind", &kind)?, id }),
        _ => return Err(unreadable_column("audit_events.object_id", &"a kind and an id come together")),
    };
    // Where the row of the person was erased, nothing personal is known any more, nor the salt.
    let (salt, person) = match person_row {
        None => ([0; 16], Person::default()),
        Some(PersonRow { salt, data }) => {
            let person = serde_json::from_slice(&data);
            (
                salt.0,
                person.map_err(|_| unreadable_column("audit_persons.data", &"it is not a person's data"))?,
            )
        }
    };
    Ok(RecordedEvent {
        seq: to_u64(row.seq)?,
        event: Event {
            id: row.id.into(),
            salt,
            log,
            time: Timestamp::from_unix_micros(row.time),
            action: parse("audit_events.action", &row.action)?,
            outcome: parse("audit_events.outcome", &row.outcome)?,
            actor: actor.map_err(|error| unreadable_column("audit_events.actor_kind", &error))?,
            object,
            reason_code: row.reason_code.map(RecordedReason::from_stored),
            request: row.request_id.map(RequestId::from),
            count: u32::try_from(row.count)
                .map_err(|error| unreadable_column("audit_events.count", &error))?,
            policy: row.policy.map(policy_of_bytes),
            person,
        },
        person_commitment: row.person_commitment.0,
    })
}

/// The rows of a log that are loaded.
enum Selection<'a> {
    /// Those with sequence numbers above the first and below the second.
    Range(i64, i64),
    /// Those with these sequence numbers.
    Seqs(&'a [i64]),
}

define_sql_function! {
    /// Where some bytes first stand in others, from 1 on; 0 where they do not.
    fn instr(bytes: Nullable<Binary>, wanted: Binary) -> Nullable<BigInt>;
}

define_sql_function! {
    /// So many bytes from a place on.
    fn substr(bytes: Nullable<Binary>, from: Nullable<BigInt>, count: BigInt) -> Nullable<Binary>;
}

/// What stands in the data of a person before the id of an API key, and nowhere else: a quote within a text is written otherwise.
const BEFORE_KEY: &[u8] = br#""api_key":{"id":""#;
const BEFORE_KEY_BYTES: i64 = 17;
const UUID_BYTES: i64 = 36;

/// The rows that fit a filter, the newest first.
fn load(
    connection: &mut SqliteConnection,
    log: Key,
    filter: &EventFilter,
    selection: &Selection,
    limit: i64,
) -> QueryResult<Vec<EventWithPerson>> {
    let mut rows = audit_events::table
        .left_join(audit_persons::table.on(same_event()))
        .filter(audit_events::log.eq(log))
        .order(audit_events::seq.desc())
        .limit(limit)
        .select((EventRow::as_select(), Option::<PersonRow>::as_select()))
        .into_boxed::<Sqlite>();
    rows = match *selection {
        Selection::Range(above, below) => {
            rows.filter(audit_events::seq.gt(above)).filter(audit_events::seq.lt(below))
        }
        Selection::Seqs(numbers) => rows.filter(audit_events::seq.eq_any(numbers)),
    };
    let EventFilter { action, outcome, reason, actor, any_actor, any_object, any_key, since, until } = filter;
    if let Some(action) = action {
        rows = rows.filter(audit_events::action.eq(action.as_str()));
    }
    if let Some(outcome) = outcome {
        rows = rows.filter(audit_events::outcome.eq(outcome.as_str()));
    }
    if let Some(reason) = reason {
        rows = rows.filter(audit_events::reason_code.eq(reason.as_str()));
    }
    if let Some(actor) = actor {
        rows = rows.filter(audit_events::actor_id.eq(Key::from(*actor)));
    }
    if let Some(actors) = any_actor {
        rows = rows.filter(audit_events::actor_id.eq_any(actors.iter().copied().map(Key::from)));
    }
    if let Some(objects) = any_object {
        // No kind has a space in it.
        let named = audit_events::object_kind.concat(" ").concat(audit_events::object_id);
        let wanted = objects.iter().map(|object| format!("{} {}", object.kind.as_str(), object.id));
        rows = rows.filter(named.eq_any(wanted));
    }
    if let Some(keys) = any_key {
        let data = audit_persons::data.nullable();
        let at = instr(data, BEFORE_KEY);
        let id = substr(data, instr(data, BEFORE_KEY) + BEFORE_KEY_BYTES, UUID_BYTES);
        let wanted = keys.iter().map(|key| key.to_string().into_bytes());
        rows = rows.filter(at.gt(0)).filter(id.eq_any(wanted));
    }
    if let Some(since) = since {
        rows = rows.filter(audit_events::time.ge(since.as_unix_micros()));
    }
    if let Some(until) = until {
        rows = rows.filter(audit_events::time.lt(until.as_unix_micros()));
    }
    rows.load(connection)
}

/// The rows of a page, and one more if another page follows.
fn load_page(
    connection: &mut SqliteConnection,
    log: Key,
    filter: &EventFilter,
    page: PageRequest<Seq>,
    indexed: i64,
) -> Result<Vec<EventWithPerson>, Failed> {
    let below = page.after.map_or(i64::MAX, |Cursor(Seq(seq))| i64::try_from(seq).unwrap_or(i64::MAX));
    let (limit, wanted) = (limit_plus_one(page.limit), page.limit.get().saturating_add(1));
    if *filter == EventFilter::default() {
        return Ok(load(connection, log, filter, &Selection::Range(0, below), limit)?);
    }
    let mut rows = load(connection, log, filter, &Selection::Range(indexed, below), limit)?;
    let mut search = Search::before(log, filter, below.min(indexed.saturating_add(1)));
    while rows.len() < wanted && !search.is_done() {
        let numbers = search.next_matches(connection, wanted.saturating_sub(rows.len()))?;
        if !numbers.is_empty() {
            rows.extend(load(connection, log, filter, &Selection::Seqs(&numbers), limit)?);
        }
    }
    Ok(rows)
}

impl Session<'_> {
    fn log_page(
        &mut self,
        log: Log,
        filter: &EventFilter,
        page: PageRequest<Seq>,
    ) -> Result<LogPage, StoreError> {
        let key = log_key(log);
        let (rows, indexed, last) = self.read(|connection| {
            let indexed = seq_before(next_block(connection, key)?);
            let last: Option<i64> =
                audit_logs::table.find(key).select(audit_logs::last_seq).first(connection).optional()?;
            let rows = load_page(connection, key, filter, page, indexed)?;
            Ok::<_, Failed>((rows, indexed, last.unwrap_or(0)))
        })?;
        // An event has a few hundred bytes, so the rows of the largest page are few enough to be held.
        let events = Page::read(rows, page.limit, |row| {
            let recorded = recorded_event(log, row)?;
            Ok::<_, StoreError>((Seq(recorded.seq), recorded))
        });
        Ok(LogPage {
            events: events?,
            projection: Projection { seq: to_u64(indexed)?, lag: to_u64(last.saturating_sub(indexed))? },
        })
    }
}

impl AuditView for Session<'_> {
    fn events(
        &mut self,
        scope: &TenantScope,
        filter: &EventFilter,
        page: PageRequest<Seq>,
    ) -> Result<LogPage, StoreError> {
        self.log_page(Log::from(scope), filter, page)
    }

    fn recorded_queries(
        &mut self,
        scope: &TenantScope,
        filter: &QueryFilter,
        before: Option<Seq>,
        most: usize,
    ) -> Result<RecordedQueries, StoreError> {
        let log = log_key(Log::from(scope));
        self.read(|connection| load_queries(connection, log, filter, before, most))
    }

    fn installation_events(
        &mut self,
        _operator: &OperatorScope,
        filter: &EventFilter,
        page: PageRequest<Seq>,
    ) -> Result<LogPage, StoreError> {
        self.log_page(Log::Installation, filter, page)
    }

    fn log_head(&mut self, log: LogScope<'_>) -> Result<LogHead, StoreError> {
        self.read(|connection| load_head(connection, log_key(log.into())))
    }

    fn block_roots(&mut self, log: LogScope<'_>, blocks: Range<u64>) -> Result<Vec<NodeHash>, StoreError> {
        self.read(|connection| load_block_roots(connection, log_key(log.into()), blocks))
    }

    fn pruned_blocks(&mut self, log: LogScope<'_>) -> Result<u64, StoreError> {
        to_u64(self.read(|connection| first_kept_block(connection, log_key(log.into())))?)
    }

    fn pruned_leaves(&mut self, log: LogScope<'_>, block: u64) -> Result<Option<Vec<NodeHash>>, StoreError> {
        self.read(|connection| load_pruned_leaves(connection, log_key(log.into()), block))
    }

    fn events_in(
        &mut self,
        log: LogScope<'_>,
        numbers: Range<u64>,
    ) -> Result<Vec<RecordedEvent>, StoreError> {
        self.read(|connection| load_events(connection, log.into(), numbers))
    }

    fn checkpoint(&mut self, log: LogScope<'_>) -> Result<Option<SignedCheckpoint>, StoreError> {
        self.read(|connection| load_checkpoint(connection, log.into()))
    }

    fn grown_logs(&mut self, _operator: &OperatorScope, after: Option<Log>) -> Result<Vec<Log>, StoreError> {
        self.read(|connection| load_grown_logs(connection, after))
    }
}
