//! The promises of how far the logs were looked at.

use syft_space_domain::audit::ports::{LogPosition, LogScope, LogWriteScope};
use syft_space_domain::audit::{Action, Log};
use syft_space_domain::store::Store;
use syft_space_domain::tenant::OperatorScope;

use crate::audit::mixed::record_all;
use crate::check::{Check, checks};
use crate::fixture::StoreFactory;
use crate::run::{commit, read, seeded_store};
use crate::sample::{event, scope, tenant_id};

/// Every promise of [`DetectionView`](syft_space_domain::detection::ports::DetectionView) and what writes it.
pub const CHECKS: &[Check<StoreFactory>] = checks![
    u1_the_logs_that_were_not_looked_at_are_told,
    u1_how_far_a_log_was_looked_at_moves_on_from_where_it_is_alone,
    u1_what_is_looked_at_next_are_all_events_of_the_actions,
];

fn tenant(n: u64) -> Log {
    Log::Tenant(tenant_id(n))
}

fn advance(store: &dyn Store, log: Log, from: u64, to: u64) -> bool {
    commit(store, move |tx| {
        tx.advance_watched(&LogWriteScope::assume(log, "a suite plays the space"), from, to)
    })
}

/// In the order of the logs, a hundred at most, on from any of them.
pub fn u1_the_logs_that_were_not_looked_at_are_told(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    let unwatched = |after: Option<Log>| -> Vec<LogPosition> {
        let operator = OperatorScope::at_startup();
        read(store, move |view| view.unwatched_logs(&operator, after))
    };
    for n in 10..140 {
        record_all(store, &[event(tenant(n), Action::EndpointQuery)]);
    }
    let told = |logs: Vec<LogPosition>| logs.into_iter().map(|position| position.log).collect::<Vec<_>>();
    let first: Vec<Log> = [Log::Installation].into_iter().chain((10..109).map(tenant)).collect();
    assert_eq!(told(unwatched(None)), first, "they are told of in their order, a hundred at once");
    let rest: Vec<Log> = (109..140).map(tenant).collect();
    assert_eq!(told(unwatched(first.last().copied())), rest, "and on from the last of them");
    assert!(advance(store, tenant(10), 0, 1));
    let second = || unwatched(None).get(1).copied();
    assert_eq!(
        second(),
        Some(LogPosition { log: tenant(11), seq: 0 }),
        "what was looked at is not told of again"
    );
    record_all(store, &[event(tenant(10), Action::EndpointQuery)]);
    assert_eq!(second(), Some(LogPosition { log: tenant(10), seq: 1 }), "until there is more");
}

/// So that nobody tells twice of the same events.
pub fn u1_how_far_a_log_was_looked_at_moves_on_from_where_it_is_alone(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    let watched = |n: u64| read(store, move |view| view.watched(LogScope::Tenant(&scope(n))));
    assert_eq!(watched(1), 0, "no log was looked at in the beginning");
    assert!(advance(store, tenant(1), 0, 7));
    assert_eq!((watched(1), watched(2)), (7, 0), "one log moves on by itself");
    assert!(!advance(store, tenant(1), 0, 9), "from where it is no more it does not move");
    assert_eq!(watched(1), 7, "and nothing is written");
    assert!(advance(store, tenant(1), 7, 9));
    assert_eq!(watched(1), 9);
}

/// A thousand and 24 at once, on from any event; other actions are passed over, and other logs.
pub fn u1_what_is_looked_at_next_are_all_events_of_the_actions(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    let next = |behind: u64| -> (u64, Vec<(u64, Action)>) {
        let actions = [Action::SensitiveRead, Action::AuthnLoginFail];
        let (to, events) =
            read(store, move |view| view.next_watched(LogScope::Tenant(&scope(1)), behind, &actions));
        (to, events.into_iter().map(|recorded| (recorded.seq, recorded.event.action)).collect())
    };
    assert_eq!(next(0), (0, Vec::new()), "of an empty log there is nothing");
    let action = |n: u64| match n {
        2 => Action::AuthnLoginFail,
        3 | 1_023 | 1_025 => Action::SensitiveRead,
        _ => Action::EndpointQuery,
    };
    for first in (1..1_031).step_by(103) {
        let events: Vec<_> = (first..first + 103).map(|n| event(tenant(1), action(n))).collect();
        record_all(store, &events);
    }
    record_all(store, &[event(tenant(2), Action::SensitiveRead)]);
    let of = |n: u64| (n, action(n));
    assert_eq!(next(0), (1_024, vec![of(2), of(3), of(1_023)]), "the oldest first");
    assert_eq!(next(2), (1_026, vec![of(3), of(1_023), of(1_025)]), "from any of them on");
    assert_eq!(next(1_024), (1_030, vec![of(1_025)]), "to the end");
    assert_eq!(next(1_030), (1_030, Vec::new()), "behind which there is nothing");
}
