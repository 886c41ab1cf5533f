//! A long log of mixed events, and the check that random filters find the same pages as a scan of the log.

use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::Strategy;
use proptest::prop_oneof;
use proptest::sample::select;
use proptest::test_runner::{Config, TestCaseError, TestRunner, contextualize_config};
use syft_space_domain::access::Role;
use syft_space_domain::audit::ports::{EventFilter, Seq};
use syft_space_domain::audit::{
    Action, Actor, Event, Object, ObjectKind, Outcome, Person, ReasonCode, RecordedEvent, UsedKey,
};
use syft_space_domain::ids::{ActorId, ApiKeyId};
use syft_space_domain::page::{Cursor, PageRequest};
use syft_space_domain::store::{Store, StoreError};
use syft_space_domain::tenant::TenantScope;
use syft_space_domain::text::Name;
use syft_space_domain::time::Timestamp;
use syft_space_domain::unit::Recorded;

use crate::run::{first_page, read};
use crate::sample::{account_id, event, time};

/// The microseconds between two events.
const STEP_MICROS: i64 = 1_000_000;

/// Events whose values are common, rare, limited to one range, or unique. Their times rise on the whole, but not from
/// event to event; a few are an hour off.
#[must_use]
pub fn mixed_events(scope: &TenantScope, count: u64) -> Vec<Event> {
    let nth_event = |n: u64| {
        let action = match n % 1_000 {
            7 => Action::UserDeleted,
            13 | 500 => Action::SensitiveRead,
            n if n % 10 == 3 => Action::PolicyViolation,
            _ if n == count / 2 => Action::SysStartup,
            _ if (count / 3..count / 3 + 50).contains(&n) => Action::UserCreated,
            _ => Action::EndpointQuery,
        };
        let outcome = match n % 700 {
            650 => Outcome::Failure,
            n if n % 9 == 0 => Outcome::Denied,
            _ => Outcome::Success,
        };
        let account = |n| Actor::Account { id: account_id(n), role: Some(Role::User) };
        let actor = match n {
            _ if n == count / 5 => account(1_000),
            n if n % 11 == 0 => Actor::System,
            n if n % 2 == 0 => account(1),
            n => account(2 + n % 300),
        };
        let offset = i64::try_from(n).unwrap_or(i64::MAX).saturating_mul(STEP_MICROS);
        let jitter = match n % 1_024 {
            100 => -3_600 * STEP_MICROS,
            900 => 3_600 * STEP_MICROS,
            n if n % 5 == 0 => -7 * STEP_MICROS,
            _ => 0,
        };
        let time = Timestamp::from_unix_micros(start().saturating_add(offset).saturating_add(jitter));
        // Things, reasons and keys are common, rare or unique too; each key is of an event that has one.
        let object = (!n.is_multiple_of(13)).then(|| Object::new(ObjectKind::Endpoint, object_of(n, count)));
        let reason_code = match n % 400 {
            399 => Some(ReasonCode::SearchFailed.into()),
            n if n % 9 == 0 => Some(ReasonCode::AccessDenied.into()),
            _ => None,
        };
        let key = |id, name: &str| Name::parse(name).ok().map(|name| UsedKey { id: api_key_id(id), name });
        let api_key = match n {
            _ if n == count / 7 => key(9, r#"a "quoted" name"#),
            n if n % 6 == 0 => key(1, "nightly"),
            _ => None,
        };
        let drafted = event(scope, Action::EndpointQuery);
        let person = Person { api_key, ..drafted.person.clone() };
        Event { action, outcome, actor, time, object, reason_code, person, ..drafted }
    };
    (0..count).map(nth_event).collect()
}

fn start() -> i64 {
    time(0).as_unix_micros()
}

/// What the event of this number was done to.
fn object_of(n: u64, count: u64) -> String {
    match n {
        _ if n == count / 4 => "seldom".to_owned(),
        n if n % 3 == 0 => "often".to_owned(),
        n => format!("thing {}", n % 200),
    }
}

fn api_key_id(n: u8) -> ApiKeyId {
    ApiKeyId::from_bytes([n; 16])
}

/// Records events, in one unit of work.
#[track_caller]
pub fn record_all(store: &dyn Store, events: &[Event]) {
    let events = events.to_vec();
    let recorded: Result<(), StoreError> = store
        .write(move |_| {
            let (first, others) = events.split_first().ok_or(StoreError::Closed)?;
            Ok(others.iter().cloned().fold(Recorded::new((), first.clone()), Recorded::and))
        })
        .wait();
    recorded.expect("events are recorded");
}

/// A filter, the sequence number before which the page begins, and the page size.
fn page_requests(count: u64) -> impl Strategy<Value = (EventFilter, Option<u64>, u64)> {
    let actions = [
        Action::EndpointQuery,
        Action::PolicyViolation,
        Action::SensitiveRead,
        Action::UserDeleted,
        Action::UserCreated,
        Action::SysStartup,
        Action::SysShutdown,
    ];
    let accounts = prop_oneof![
        3 => select(vec![1, 2, 7, 150, 301]),
        1 => select(vec![1_000, 1_001]),
    ];
    let end = i64::try_from(count).unwrap_or(i64::MAX).saturating_add(100);
    let timestamp = || {
        (-100..end)
            .prop_map(|n| Timestamp::from_unix_micros(start().saturating_add(n.saturating_mul(STEP_MICROS))))
    };
    let objects = prop_oneof![
        2 => select(vec!["often", "seldom", "thing 7", "thing 100"]),
        1 => select(vec!["nothing", ""]),
    ];
    let objects = objects.prop_map(|id| Object::new(ObjectKind::Endpoint, id));
    let reasons = select(vec![ReasonCode::AccessDenied, ReasonCode::SearchFailed, ReasonCode::Forbidden]);
    let named = (
        weighted(0.2, reasons),
        weighted(
            0.2,
            vec(select(vec![1, 2, 7, 150, 1_001]).prop_map(|n| ActorId::from(account_id(n))), 0..3),
        ),
        weighted(0.3, vec(objects, 0..3)),
        weighted(0.3, vec(select(vec![1, 9, 10]).prop_map(api_key_id), 0..3)),
    );
    let filter = (
        weighted(0.5, select(actions.to_vec())),
        weighted(0.3, select(Outcome::ALL.to_vec())),
        weighted(0.3, accounts.prop_map(account_id)),
        weighted(0.3, timestamp()),
        weighted(0.3, timestamp()),
        named,
    );
    let filter = filter.prop_map(|(action, outcome, actor, since, until, named)| {
        let (reason, any_actor, any_object, any_key) = named;
        let (actor, reason) = (actor.map(Into::into), reason.map(Into::into));
        EventFilter { action, outcome, reason, actor, any_actor, any_object, any_key, since, until }
    });
    (filter, weighted(0.6, 0..count.saturating_add(2)), 1..=100_u64)
}

/// Reads `cases` random pages, and panics when one differs from a scan of the log. The tenant's log holds exactly the
/// `recorded` events.
pub fn check_pages(store: &dyn Store, scope: &TenantScope, recorded: &[Event], cases: u32) {
    check_pages_from(store, scope, 1, recorded, cases);
}

/// The same of a log of which the events before the `first` sequence number were pruned.
pub fn check_pages_from(store: &dyn Store, scope: &TenantScope, first: u64, recorded: &[Event], cases: u32) {
    let log: Vec<(u64, &Event)> = (first..).zip(recorded).collect();
    let count = log.last().map_or(0, |(seq, _)| *seq);
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let outcome =
        TestRunner::new(contextualize_config(config)).run(&page_requests(count), |(filter, below, limit)| {
            let fits = log
                .iter()
                .rev()
                .filter(|(seq, event)| below.is_none_or(|below| *seq < below) && filter.fits(event));
            let mut expected: Vec<(u64, &Event)> =
                fits.take(usize::try_from(limit).unwrap_or(100) + 1).copied().collect();
            let has_next = expected.len() > usize::try_from(limit).unwrap_or(100);
            if has_next {
                expected.pop();
            }
            let next = if has_next { expected.last().map(|(seq, _)| Cursor(Seq(*seq))) } else { None };
            let after = below.map(|below| Cursor(Seq(below)));
            let (of, asked, request) = (*scope, filter.clone(), PageRequest { after, ..first_page(limit) });
            let page = read(store, move |view| view.events(&of, &asked, request));
            let (indexed_seq, lag) = (page.projection.seq, page.projection.lag);
            let found: Vec<(u64, &Event)> =
                page.events.items.iter().map(|RecordedEvent { seq, event, .. }| (*seq, event)).collect();
            if (found.as_slice(), page.events.next) == (expected.as_slice(), next)
                && indexed_seq + lag == count
            {
                return Ok(());
            }
            let numbers = |events: &[(u64, &Event)]| events.iter().map(|(seq, _)| *seq).collect::<Vec<_>>();
            Err(TestCaseError::fail(format!(
                "with the index at {indexed_seq} of {count}, {:?} was found and {:?} fits",
                numbers(&found),
                numbers(&expected)
            )))
        });
    if let Err(difference) = outcome {
        panic!("a page holds the events of the log that fit, and no other: {difference}");
    }
}
