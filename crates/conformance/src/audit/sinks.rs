//! The promises of how far sinks have the logs.

use syft_space_domain::audit::ports::{LogPosition, LogScope, LogWriteScope};
use syft_space_domain::audit::{Action, Log};
use syft_space_domain::sink::{SinkChange, SinkLogs, SinkName, SinkStart, SinkTerms};
use syft_space_domain::store::Store;
use syft_space_domain::tenant::OperatorScope;

use crate::audit::mixed::record_all;
use crate::check::{Check, checks};
use crate::fixture::StoreFactory;
use crate::run::{commit, installation_log, read, seeded_store};
use crate::sample::{event, scope, tenant_id};

/// Every promise of [`SinkView`](syft_space_domain::sink::ports::SinkView) and what writes it.
pub const CHECKS: &[Check<StoreFactory>] = checks![
    u1_the_logs_that_a_sink_lacks_events_of_are_told,
    u1_a_sink_moves_on_in_a_log_from_where_it_is_alone,
    u1_the_least_that_any_sink_has_of_a_log_is_told,
    u1_a_sink_begins_where_its_terms_say_and_goes_on_where_it_was,
    u1_what_a_sink_gets_no_more_is_forgotten,
    u1_what_was_changed_of_the_sinks_is_told,
];

fn tenant(n: u64) -> Log {
    Log::Tenant(tenant_id(n))
}

fn name(text: &str) -> SinkName {
    SinkName::parse(text).expect("a name of a sink")
}

fn terms(text: &str, logs: SinkLogs, start: SinkStart) -> SinkTerms {
    SinkTerms { name: name(text), logs, start, target: [7; 32] }
}

/// Settles these sinks, and answers how far the installation's log reaches then. The event of the unit that settles them comes behind it, so that
/// is what a sink that begins now lacks of that log.
fn settle(store: &dyn Store, sinks: &[SinkTerms]) -> LogPosition {
    let sinks = sinks.to_vec();
    let seq = u64::try_from(installation_log(store).len()).expect("a small number");
    commit(store, move |tx| tx.settle_sinks(&OperatorScope::at_startup(), &sinks));
    LogPosition { log: Log::Installation, seq }
}

fn advance(store: &dyn Store, sink: &str, log: Log, from: u64, to: u64) -> bool {
    let sink = name(sink);
    commit(store, move |tx| {
        tx.advance_delivered(&LogWriteScope::assume(log, "a suite plays the space"), &sink, from, to)
    })
}

fn lacking(store: &dyn Store, sink: &str, logs: SinkLogs, after: Option<Log>) -> Vec<LogPosition> {
    let sink = name(sink);
    read(store, move |view| view.undelivered_logs(&OperatorScope::at_startup(), &sink, logs, after))
}

fn delivered(store: &dyn Store, sink: &str, n: u64) -> u64 {
    let sink = name(sink);
    read(store, move |view| view.delivered(&sink, LogScope::Tenant(&scope(n))))
}

/// In the order of the logs, a hundred at most, on from any of them; those of tenants where it gets them alone.
pub fn u1_the_logs_that_a_sink_lacks_events_of_are_told(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    for n in 10..140 {
        record_all(store, &[event(tenant(n), Action::EndpointQuery)]);
    }
    settle(store, &[terms("all", SinkLogs::All, SinkStart::Beginning)]);
    let logs = |after| {
        let lacking = lacking(store, "all", SinkLogs::All, after);
        lacking.into_iter().map(|position| position.log).collect::<Vec<_>>()
    };
    let first: Vec<Log> = [Log::Installation].into_iter().chain((10..109).map(tenant)).collect();
    assert_eq!(logs(None), first, "they are told of in their order, a hundred at once");
    let rest: Vec<Log> = (109..140).map(tenant).collect();
    assert_eq!(logs(first.last().copied()), rest, "and on from the last of them");
    let own = LogPosition { log: Log::Installation, seq: 0 };
    assert_eq!(
        lacking(store, "all", SinkLogs::Installation, None),
        [own],
        "the installation's alone where no other is asked for"
    );
    assert!(advance(store, "all", tenant(10), 0, 1));
    let second = || lacking(store, "all", SinkLogs::All, None).get(1).copied();
    assert_eq!(second(), Some(LogPosition { log: tenant(11), seq: 0 }), "what it has is not told of again");
    record_all(store, &[event(tenant(10), Action::EndpointQuery)]);
    assert_eq!(second(), Some(LogPosition { log: tenant(10), seq: 1 }), "until there is more");
}

/// By itself in each log, and each sink by itself.
pub fn u1_a_sink_moves_on_in_a_log_from_where_it_is_alone(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    let both = ["one", "two"].map(|name| terms(name, SinkLogs::All, SinkStart::Beginning));
    settle(store, &both);
    assert_eq!(delivered(store, "one", 1), 0, "it has no event in the beginning");
    assert!(advance(store, "one", tenant(1), 0, 7));
    let now = (delivered(store, "one", 1), delivered(store, "one", 2), delivered(store, "two", 1));
    assert_eq!(now, (7, 0, 0), "one sink moves on by itself, in one log");
    assert!(!advance(store, "one", tenant(1), 0, 9), "from where it is no more it does not move");
    assert_eq!(delivered(store, "one", 1), 7, "and nothing is written");
    assert!(advance(store, "one", tenant(1), 7, 9));
    assert_eq!(delivered(store, "one", 1), 9);
}

/// Of those that get the log: what one has not must stay.
pub fn u1_the_least_that_any_sink_has_of_a_log_is_told(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    let least = || read(store, |view| view.least_delivered(LogScope::Tenant(&scope(1))));
    assert_eq!(least(), None, "where there is no sink nothing waits for one");
    let mut sinks = vec![terms("own", SinkLogs::Installation, SinkStart::Beginning)];
    settle(store, &sinks);
    assert_eq!(least(), None, "one that gets another log does not count");
    let own = read(store, |view| view.least_delivered(LogScope::Installation(&OperatorScope::at_startup())));
    assert_eq!(own, Some(0), "of its own it does");
    sinks.extend(["one", "two"].map(|name| terms(name, SinkLogs::All, SinkStart::Beginning)));
    settle(store, &sinks);
    assert!(advance(store, "one", tenant(1), 0, 7));
    assert_eq!(least(), Some(0), "one that has nothing yet has the least");
    assert!(advance(store, "two", tenant(1), 0, 5));
    assert_eq!(least(), Some(5));
}

/// A start of the server settles the same sinks again: nothing is passed over then.
pub fn u1_a_sink_begins_where_its_terms_say_and_goes_on_where_it_was(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    record_all(store, &[1, 1, 2].map(|n| event(tenant(n), Action::EndpointQuery)));
    let now = terms("now", SinkLogs::All, SinkStart::Now);
    let all = terms("all", SinkLogs::All, SinkStart::Beginning);
    let own = settle(store, &[now.clone(), all.clone()]);
    assert_eq!(
        lacking(store, "now", SinkLogs::All, None),
        [own],
        "one that begins now lacks nothing of before"
    );
    let first = LogPosition { log: Log::Installation, seq: 0 };
    let at = |n, seq| LogPosition { log: tenant(n), seq };
    assert_eq!(
        lacking(store, "all", SinkLogs::All, None),
        [first, at(1, 0), at(2, 0)],
        "one that begins with the beginning lacks all"
    );
    record_all(store, &[2, 3].map(|n| event(tenant(n), Action::EndpointQuery)));
    let behind = [own, at(2, 1), at(3, 0)];
    assert_eq!(lacking(store, "now", SinkLogs::All, None), behind, "what comes is lacking, of new logs too");
    settle(store, &[now, SinkTerms { start: SinkStart::Now, ..all }]);
    assert_eq!(lacking(store, "now", SinkLogs::All, None), behind, "settled again it lacks what it lacked");
    assert_eq!(
        lacking(store, "all", SinkLogs::All, None),
        [first, at(1, 0), at(2, 0), at(3, 0)],
        "however its beginning is said then"
    );
}

/// So that a sink that comes again begins as a new one does, and gets nothing of what was between.
pub fn u1_what_a_sink_gets_no_more_is_forgotten(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    record_all(store, &[event(tenant(1), Action::EndpointQuery), event(tenant(2), Action::EndpointQuery)]);
    let (all, own) =
        (terms("one", SinkLogs::All, SinkStart::Now), terms("one", SinkLogs::Installation, SinkStart::Now));
    let begun = settle(store, &[all.clone(), terms("two", SinkLogs::All, SinkStart::Now)]);
    assert_eq!((delivered(store, "one", 1), delivered(store, "two", 1)), (1, 1));
    settle(store, std::slice::from_ref(&own));
    assert_eq!(delivered(store, "one", 1), 0, "of logs that it gets no more nothing is kept");
    assert_eq!(delivered(store, "two", 1), 0, "nor of a sink that is gone");
    record_all(
        store,
        &[event(tenant(1), Action::EndpointQuery), event(Log::Installation, Action::SysStartup)],
    );
    settle(store, &[all]);
    assert_eq!((delivered(store, "one", 1), delivered(store, "one", 2)), (2, 1), "it begins with them anew");
    assert_eq!(lacking(store, "one", SinkLogs::All, None), [begun], "and goes on with what it had all along");
    settle(store, &[]);
    let anew = settle(store, &[own]);
    assert_eq!(
        lacking(store, "one", SinkLogs::Installation, None),
        [anew],
        "a new one of the same name is new"
    );
}

/// Since they were settled before, in the order of their names; of the same ones nothing.
pub fn u1_what_was_changed_of_the_sinks_is_told(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    let told = |sinks: &[SinkTerms]| {
        let sinks = sinks.to_vec();
        let changes = commit(store, move |tx| tx.settle_sinks(&OperatorScope::at_startup(), &sinks));
        changes.into_iter().map(|(name, change)| (name.to_string(), change)).collect::<Vec<_>>()
    };
    let [a, b, c] = ["a", "b", "c"].map(|name| terms(name, SinkLogs::Installation, SinkStart::Now));
    let change = |name: &str, change| (name.to_owned(), change);
    assert_eq!(told(&[]), [], "of none there is nothing to tell");
    let added = ["a", "b"].map(|name| change(name, SinkChange::Added));
    assert_eq!(told(&[b.clone(), a.clone()]), added, "of new ones that they are");
    assert_eq!(told(&[a.clone(), b.clone()]), [], "of the same ones, in whatever order, nothing");
    let elsewhere = SinkTerms { target: [8; 32], start: SinkStart::Beginning, ..a };
    let changed = |logs, target| SinkChange::Changed { logs, target };
    let expected =
        [change("a", changed(false, true)), change("b", SinkChange::Removed), change("c", SinkChange::Added)];
    assert_eq!(told(&[c.clone(), elsewhere.clone()]), expected, "of each what was changed");
    let all = SinkTerms { logs: SinkLogs::All, target: [9; 32], ..elsewhere };
    let widened = SinkTerms { logs: SinkLogs::All, ..c };
    let expected = [change("a", changed(true, true)), change("c", changed(true, false))];
    assert_eq!(told(&[all, widened]), expected, "which of the two it was");
    let removed = ["a", "c"].map(|name| change(name, SinkChange::Removed));
    assert_eq!(told(&[]), removed, "and that they are gone");
}
