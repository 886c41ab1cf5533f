//! The queries that a log tells of, with what is needed to decide on them again and nothing else.

use diesel::prelude::*;
use diesel::sqlite::Sqlite;
use serde::Deserialize;
use syft_space_domain::audit::ports::{EventFilter, RecordedQueries, Seq};
use syft_space_domain::audit::{
    Action, Actor, Object, ObjectKind, QueryFilter, RecordedCaller, RecordedQuery, RecordedReason,
};
use syft_space_domain::identity::Email;
use syft_space_domain::ids::{ActorId, HubId};
use syft_space_domain::policy::Purpose;
use syft_space_domain::store::StoreError;
use syft_space_domain::time::Timestamp;

use crate::audit::block::{next_block, seq_before};
use crate::audit::search::Search;
use crate::audit::{PolicyBytes, policy_of_bytes, same_event};
use crate::codec::{Key, parse, to_u64, unreadable_column};
use crate::error::Failed;
use crate::schema::{audit_events, audit_persons};

/// How many events that the index does not hold yet are looked at in one read.
const UNINDEXED_PER_READ: i64 = 16_384;

/// Numbers that are further apart than this, on average, are read one by one.
const READ_AS_A_RANGE: usize = 16;

/// What is read of the event of a query.
#[derive(Queryable, Selectable)]
#[diesel(table_name = audit_events, check_for_backend(Sqlite))]
struct QueryRow {
    seq: i64,
    time: i64,
    action: String,
    outcome: String,
    actor_kind: String,
    actor_id: Option<Key>,
    actor_role: Option<String>,
    object_id: Option<String>,
    reason_code: Option<String>,
    request_id: Option<Key>,
    count: i64,
    policy: Option<PolicyBytes>,
}

/// What a decision hangs on of an event's [`Person`](syft_space_domain::audit::Person). The rest is passed over: a million of
/// them are read one after the other.
#[derive(Deserialize)]
struct PersonRow {
    email: Option<String>,
    hub_user: Option<HubRow>,
    purpose: Option<Purpose>,
}

#[derive(Deserialize)]
struct HubRow {
    hub: HubId,
}

fn recorded_query((row, person): (QueryRow, Option<Vec<u8>>)) -> Result<RecordedQuery, StoreError> {
    let actor =
        Actor::from_parts(&row.actor_kind, row.actor_id.map(ActorId::from), row.actor_role.as_deref());
    let caller = person.map(|data| {
        let PersonRow { email, hub_user, purpose } = serde_json::from_slice(&data)
            .map_err(|_| unreadable_column("audit_persons.data", &"it is not a person's data"))?;
        Ok::<_, StoreError>(RecordedCaller {
            email: email.as_deref().and_then(|email| Email::parse(email).ok()),
            hub: hub_user.map(|user| user.hub),
            purpose,
        })
    });
    Ok(RecordedQuery {
        seq: to_u64(row.seq)?,
        time: Timestamp::from_unix_micros(row.time),
        endpoint: parse("audit_events.object_id", &row.object_id.unwrap_or_default())?,
        actor: actor.map_err(|error| unreadable_column("audit_events.actor_kind", &error))?,
        action: parse("audit_events.action", &row.action)?,
        outcome: parse("audit_events.outcome", &row.outcome)?,
        reason_code: row.reason_code.map(RecordedReason::from_stored),
        policy: row.policy.map(policy_of_bytes),
        count: u32::try_from(row.count).map_err(|error| unreadable_column("audit_events.count", &error))?,
        is_merged: row.request_id.is_none(),
        caller: caller.transpose()?,
    })
}

/// The queries of a filter with numbers above the first and below the second, or with these numbers; the newest first.
fn load(
    connection: &mut SqliteConnection,
    log: Key,
    filter: &QueryFilter,
    (above, below): (i64, i64),
    numbers: Option<&[i64]>,
    most: usize,
) -> Result<Vec<RecordedQuery>, Failed> {
    let mut rows = audit_events::table
        .left_join(audit_persons::table.on(same_event()))
        .filter(audit_events::log.eq(log))
        .filter(audit_events::seq.gt(above))
        .filter(audit_events::seq.lt(below))
        .filter(audit_events::action.eq_any(RecordedQuery::ACTIONS.map(Action::as_str)))
        .filter(audit_events::object_kind.eq(ObjectKind::Endpoint.as_str()))
        .order(audit_events::seq.desc())
        .limit(i64::try_from(most).unwrap_or(i64::MAX))
        .select((QueryRow::as_select(), audit_persons::data.nullable()))
        .into_boxed::<Sqlite>();
    if let Some(numbers) = numbers {
        rows = rows.filter(audit_events::seq.eq_any(numbers));
    }
    let QueryFilter { endpoints, since, until } = filter;
    rows = rows.filter(audit_events::object_id.eq_any(endpoints.iter().map(ToString::to_string)));
    if let Some(since) = since {
        rows = rows.filter(audit_events::time.ge(since.as_unix_micros()));
    }
    if let Some(until) = until {
        rows = rows.filter(audit_events::time.lt(until.as_unix_micros()));
    }
    let rows: Vec<(QueryRow, Option<Vec<u8>>)> = rows.load(connection)?;
    Ok(rows.into_iter().map(recorded_query).collect::<Result<_, _>>()?)
}

/// What a part of a log tells of queries: a part that the index holds is found by it, the newer one is looked at as it is.
pub(super) fn load_queries(
    connection: &mut SqliteConnection,
    log: Key,
    filter: &QueryFilter,
    before: Option<Seq>,
    most: usize,
) -> Result<RecordedQueries, Failed> {
    let below = match before {
        Some(Seq(seq)) => i64::try_from(seq).unwrap_or(i64::MAX),
        None => last_seq(connection, log)?.saturating_add(1),
    };
    let indexed = seq_before(next_block(connection, log)?);
    let rest = |seq: i64| -> Result<Option<Seq>, StoreError> {
        if seq > 1 { Ok(Some(Seq(to_u64(seq)?))) } else { Ok(None) }
    };
    if below > indexed.saturating_add(1) {
        let above = below.saturating_sub(UNINDEXED_PER_READ).saturating_sub(1).max(indexed);
        let queries = load(connection, log, filter, (above, below), None, most)?;
        let last = queries.last().filter(|_| queries.len() == most).map(|query| Seq(query.seq));
        let rest = if last.is_some() { last } else { rest(above.saturating_add(1))? };
        return Ok(RecordedQueries { queries, rest });
    }
    let objects = filter.endpoints.iter().map(|id| Object::new(ObjectKind::Endpoint, id)).collect();
    let wanted = EventFilter {
        any_object: Some(objects),
        since: filter.since,
        until: filter.until,
        ..EventFilter::default()
    };
    let mut search = Search::before(log, &wanted, below);
    let mut numbers = Vec::new();
    while numbers.len() < most && !search.is_done() {
        numbers.extend(search.next_matches(connection, most.saturating_sub(numbers.len()))?);
    }
    let (Some(newest), Some(oldest)) = (numbers.first(), numbers.last()) else {
        return Ok(RecordedQueries::default());
    };
    let range = (oldest.saturating_sub(1), newest.saturating_add(1));
    let span = usize::try_from(newest.saturating_sub(*oldest)).unwrap_or(usize::MAX);
    let is_dense = span <= numbers.len().saturating_mul(READ_AS_A_RANGE);
    let listed = if is_dense { None } else { Some(numbers.as_slice()) };
    let queries = load(connection, log, filter, range, listed, most)?;
    Ok(RecordedQueries { queries, rest: if search.is_done() { None } else { rest(*oldest)? } })
}

/// The number of the last event of a log; 0 while there is none.
fn last_seq(connection: &mut SqliteConnection, log: Key) -> QueryResult<i64> {
    use crate::schema::audit_logs;
    let last = audit_logs::table.find(log).select(audit_logs::last_seq);
    Ok(last.first(connection).optional()?.unwrap_or(0))
}
