//! Are the pages of a long log those that looking at each event gives? Random filters over a log of everything.

use proptest::option::weighted;
use proptest::prelude::Strategy;
use proptest::prop_oneof;
use proptest::sample::select;
use proptest::test_runner::{Config, TestCaseError, TestRunner, contextualize_config};
use syft_space_domain::access::Role;
use syft_space_domain::audit::ports::{EventFilter, Seq};
use syft_space_domain::audit::{Action, Actor, Event, Outcome, RecordedEvent};
use syft_space_domain::page::{Cursor, PageRequest};
use syft_space_domain::store::{Store, StoreError};
use syft_space_domain::tenant::TenantScope;
use syft_space_domain::time::Timestamp;
use syft_space_domain::unit::Recorded;

use crate::drive::{first, look};
use crate::sample::{account_id, event, time};

/// A second between two events.
const STEP: i64 = 1_000_000;

/// Events of which some values are in nearly all, some in few, some in one stretch alone, and some in a single one.
/// Their times go forward in the large, and back and forth in the small; a few are an hour off.
#[must_use]
pub fn mixed_events(scope: &TenantScope, count: u64) -> Vec<Event> {
    let made = |n: u64| {
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
        let forward = i64::try_from(n).unwrap_or(i64::MAX).saturating_mul(STEP);
        let off = match n % 1_024 {
            100 => -3_600 * STEP,
            900 => 3_600 * STEP,
            n if n % 5 == 0 => -7 * STEP,
            _ => 0,
        };
        let time = Timestamp::from_unix_micros(start().saturating_add(forward).saturating_add(off));
        Event { action, outcome, actor, time, ..event(scope, Action::EndpointQuery) }
    };
    (0..count).map(made).collect()
}

fn start() -> i64 {
    time(0).as_unix_micros()
}

/// Records events, in one unit of work.
#[track_caller]
pub fn record_all(store: &dyn Store, events: &[Event]) {
    let events = events.to_vec();
    let recorded: Result<(), StoreError> = store
        .write(move |_| {
            let (first, others) = events.split_first().ok_or(StoreError::Closed)?;
            Ok(Ok(others.iter().cloned().fold(Recorded::new((), first.clone()), Recorded::and)))
        })
        .wait();
    recorded.expect("events are recorded");
}

/// What is asked for: a filter, a number before which the page begins, and how many events it may hold.
fn asks(count: u64) -> impl Strategy<Value = (EventFilter, Option<u64>, u64)> {
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
    let moment = || {
        (-100..end).prop_map(|n| Timestamp::from_unix_micros(start().saturating_add(n.saturating_mul(STEP))))
    };
    let filter = (
        weighted(0.5, select(actions.to_vec())),
        weighted(0.3, select(Outcome::ALL.to_vec())),
        weighted(0.3, accounts.prop_map(account_id)),
        weighted(0.3, moment()),
        weighted(0.3, moment()),
    );
    let filter = filter.prop_map(|(action, outcome, actor, since, until)| EventFilter {
        action,
        outcome,
        actor: actor.map(Into::into),
        since,
        until,
    });
    (filter, weighted(0.6, 0..count.saturating_add(2)), 1..=100_u64)
}

/// Asks for `cases` random pages, and panics when one is another than looking at each event of the log gives. The log
/// is that of this tenant, and holds these events alone.
pub fn check_pages(store: &dyn Store, scope: &TenantScope, recorded: &[Event], cases: u32) {
    let log: Vec<(u64, &Event)> = (1..).zip(recorded).collect();
    let count = u64::try_from(log.len()).unwrap_or(u64::MAX);
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let outcome =
        TestRunner::new(contextualize_config(config)).run(&asks(count), |(filter, below, limit)| {
            let fits = log
                .iter()
                .rev()
                .filter(|(seq, event)| below.is_none_or(|below| *seq < below) && filter.fits(event));
            let mut expected: Vec<(u64, &Event)> =
                fits.take(usize::try_from(limit).unwrap_or(100) + 1).copied().collect();
            let more = expected.len() > usize::try_from(limit).unwrap_or(100);
            if more {
                expected.pop();
            }
            let next = if more { expected.last().map(|(seq, _)| Cursor(Seq(*seq))) } else { None };
            let after = below.map(|below| Cursor(Seq(below)));
            let page = look(store, |view| view.events(scope, &filter, PageRequest { after, ..first(limit) }));
            let (reached, lag) = (page.projection.seq, page.projection.lag);
            let found: Vec<(u64, &Event)> =
                page.events.items.iter().map(|RecordedEvent { seq, event }| (*seq, event)).collect();
            if (found.as_slice(), page.events.next) == (expected.as_slice(), next) && reached + lag == count {
                return Ok(());
            }
            let numbers = |events: &[(u64, &Event)]| events.iter().map(|(seq, _)| *seq).collect::<Vec<_>>();
            Err(TestCaseError::fail(format!(
                "with the index at {reached} of {count}, {:?} was found and {:?} fits",
                numbers(&found),
                numbers(&expected)
            )))
        });
    if let Err(difference) = outcome {
        panic!("a page holds the events of the log that fit, and no other: {difference}");
    }
}
