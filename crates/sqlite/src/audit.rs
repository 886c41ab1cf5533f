//! How are the logs kept? An event as a row that never changes, and aside of it what it knows of a person.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use diesel::prelude::*;
use diesel::sqlite::Sqlite;
use syft_space_domain::access::Role;
use syft_space_domain::audit::ports::{AuditView, EventFilter, Seq};
use syft_space_domain::audit::{Actor, Event, Log, Object, ObjectKind, Person, RecordedEvent};
use syft_space_domain::ids::{AccountId, RequestId};
use syft_space_domain::page::{Cursor, Page, PageAsk};
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::{OperatorScope, TenantScope};
use syft_space_domain::time::Timestamp;

use crate::codec::{Bytes, Key, number, one_more, read, unreadable};
use crate::error::Failed;
use crate::schema::{audit_events, audit_logs, audit_persons};
use crate::session::Session;

/// Whose log it is: a tenant's id, or 16 zero bytes for the installation.
fn log_key(log: Log) -> Key {
    match log {
        Log::Installation => Bytes([0; 16]),
        Log::Tenant(id) => id.into(),
    }
}

#[derive(Insertable)]
#[diesel(table_name = audit_events, treat_none_as_default_value = false)]
struct NewEvent<'a> {
    log: Key,
    seq: i64,
    id: Key,
    time: i64,
    action: &'a str,
    outcome: &'a str,
    actor_kind: &'a str,
    actor_id: Option<Key>,
    actor_role: Option<&'a str>,
    object_kind: Option<&'a str>,
    object_id: Option<&'a str>,
    reason_code: Option<&'a str>,
    request_id: Option<Key>,
    count: i64,
    person_commitment: Bytes<32>,
}

#[derive(Insertable)]
#[diesel(table_name = audit_persons)]
struct NewPerson<'a> {
    log: Key,
    seq: i64,
    salt: Bytes<16>,
    data: &'a [u8],
}

/// Appends events in one transaction, and counts within each log.
#[derive(Default)]
pub(crate) struct Appender {
    last: BTreeMap<Key, i64>,
}

impl Appender {
    pub(crate) fn append(&mut self, connection: &mut SqliteConnection, event: &Event) -> Result<(), Failed> {
        let log = log_key(event.log);
        let seq = self.next(connection, log)?;
        let data = event.person.canonical();
        let (actor_kind, actor_id, role) = match event.actor {
            Actor::Anonymous => (ANONYMOUS, None, None),
            Actor::System => (SYSTEM, None, None),
            Actor::Operator => (OPERATOR, None, None),
            Actor::Account { id, role } => (ACCOUNT, Some(Key::from(id)), role),
        };
        let row = NewEvent {
            log,
            seq,
            id: event.id.into(),
            time: event.time.as_unix_micros(),
            action: event.action.as_str(),
            outcome: event.outcome.as_str(),
            actor_kind,
            actor_id,
            actor_role: role.map(Role::as_str),
            object_kind: event.object.as_ref().map(|object| object.kind.as_str()),
            object_id: event.object.as_ref().map(|object| object.id.as_str()),
            reason_code: event.reason_code.as_deref(),
            request_id: event.request.map(Key::from),
            count: event.count.into(),
            person_commitment: Bytes(Person::commitment(&event.salt, &data)),
        };
        let person = NewPerson { log, seq, salt: Bytes(event.salt), data: &data };
        diesel::insert_into(audit_events::table).values(row).execute(connection)?;
        diesel::insert_into(audit_persons::table).values(person).execute(connection)?;
        Ok(())
    }

    /// Keeps the numbers that were given out.
    pub(crate) fn finish(self, connection: &mut SqliteConnection) -> Result<(), Failed> {
        for (log, last) in self.last {
            diesel::insert_into(audit_logs::table)
                .values((audit_logs::log.eq(log), audit_logs::last_seq.eq(last)))
                .on_conflict(audit_logs::log)
                .do_update()
                .set(audit_logs::last_seq.eq(last))
                .execute(connection)?;
        }
        Ok(())
    }

    fn next(&mut self, connection: &mut SqliteConnection, log: Key) -> Result<i64, Failed> {
        let last = match self.last.entry(log) {
            Entry::Occupied(last) => last.into_mut(),
            Entry::Vacant(unknown) => {
                let of = audit_logs::table.find(log).select(audit_logs::last_seq);
                let last: Option<i64> = of.first(connection).optional()?;
                unknown.insert(last.unwrap_or(0))
            }
        };
        *last = last.saturating_add(1);
        Ok(*last)
    }
}

const ANONYMOUS: &str = "anonymous";
const SYSTEM: &str = "system";
const OPERATOR: &str = "operator";
const ACCOUNT: &str = "account";

#[derive(Queryable, Selectable)]
#[diesel(table_name = audit_events, check_for_backend(Sqlite))]
struct EventRow {
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
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = audit_persons, check_for_backend(Sqlite))]
struct PersonRow {
    salt: Bytes<16>,
    data: Vec<u8>,
}

fn recorded(log: Log, (row, aside): (EventRow, Option<PersonRow>)) -> Result<RecordedEvent, StoreError> {
    let role = row.actor_role.as_deref().map(|role| read("audit_events.actor_role", role)).transpose()?;
    let actor = match (row.actor_kind.as_str(), row.actor_id) {
        (ANONYMOUS, None) => Actor::Anonymous,
        (SYSTEM, None) => Actor::System,
        (OPERATOR, None) => Actor::Operator,
        (ACCOUNT, Some(id)) => Actor::Account { id: AccountId::from(id), role },
        _ => return Err(unreadable("audit_events.actor_kind", &"there is no such actor")),
    };
    let object = match (row.object_kind, row.object_id) {
        (None, None) => None,
        (Some(kind), Some(id)) => {
            let kind: Result<ObjectKind, ()> = kind.parse();
            let unknown = |()| unreadable("audit_events.object_kind", &"there is no such kind");
            Some(Object { kind: kind.map_err(unknown)?, id })
        }
        _ => return Err(unreadable("audit_events.object_id", &"a kind and an id come together")),
    };
    // Where the row aside was erased, nothing personal is known any more, nor the salt.
    let (salt, person) = match aside {
        None => ([0; 16], Person::default()),
        Some(PersonRow { salt, data }) => {
            let person = serde_json::from_slice(&data);
            (salt.0, person.map_err(|_| unreadable("audit_persons.data", &"it is not a person's data"))?)
        }
    };
    Ok(RecordedEvent {
        seq: number(row.seq)?,
        event: Event {
            id: row.id.into(),
            salt,
            log,
            time: Timestamp::from_unix_micros(row.time),
            action: read("audit_events.action", &row.action)?,
            outcome: read("audit_events.outcome", &row.outcome)?,
            actor,
            object,
            reason_code: row.reason_code,
            request: row.request_id.map(RequestId::from),
            count: u32::try_from(row.count).map_err(|error| unreadable("audit_events.count", &error))?,
            person,
        },
    })
}

impl Session<'_> {
    fn log_page(
        &mut self,
        log: Log,
        filter: &EventFilter,
        page: PageAsk<Seq>,
    ) -> Result<Page<RecordedEvent, Seq>, StoreError> {
        let same = audit_persons::log.eq(audit_events::log).and(audit_persons::seq.eq(audit_events::seq));
        let mut events = audit_events::table
            .left_join(audit_persons::table.on(same))
            .filter(audit_events::log.eq(log_key(log)))
            .order(audit_events::seq.desc())
            .limit(one_more(page.limit))
            .select((EventRow::as_select(), Option::<PersonRow>::as_select()))
            .into_boxed::<Sqlite>();
        if let Some(Cursor(Seq(seq))) = page.after {
            events = events.filter(audit_events::seq.lt(i64::try_from(seq).unwrap_or(i64::MAX)));
        }
        if let Some(action) = filter.action {
            events = events.filter(audit_events::action.eq(action.as_str()));
        }
        if let Some(outcome) = filter.outcome {
            events = events.filter(audit_events::outcome.eq(outcome.as_str()));
        }
        if let Some(actor) = filter.actor {
            events = events.filter(audit_events::actor_id.eq(Key::from(actor)));
        }
        if let Some(since) = filter.since {
            events = events.filter(audit_events::time.ge(since.as_unix_micros()));
        }
        if let Some(until) = filter.until {
            events = events.filter(audit_events::time.lt(until.as_unix_micros()));
        }
        let rows: Vec<(EventRow, Option<PersonRow>)> = self.read(|connection| events.load(connection))?;
        let found = rows.into_iter().map(|row| recorded(log, row)).collect::<Result<_, _>>()?;
        Ok(Page::cut(found, page.limit, |one: &RecordedEvent| Seq(one.seq)))
    }
}

impl AuditView for Session<'_> {
    fn events(
        &mut self,
        scope: &TenantScope,
        filter: &EventFilter,
        page: PageAsk<Seq>,
    ) -> Result<Page<RecordedEvent, Seq>, StoreError> {
        self.log_page(Log::from(scope), filter, page)
    }

    fn installation_events(
        &mut self,
        _operator: &OperatorScope,
        filter: &EventFilter,
        page: PageAsk<Seq>,
    ) -> Result<Page<RecordedEvent, Seq>, StoreError> {
        self.log_page(Log::Installation, filter, page)
    }
}
