//! The promises of the queries that a log tells of.

use syft_space_domain::access::Role;
use syft_space_domain::audit::ports::{RecordedQueries, Seq};
use syft_space_domain::audit::{
    Action, Actor, Event, HubUser, ObjectKind, Person, QueryFilter, ReasonCode, RecordedEvent, RecordedQuery,
};
use syft_space_domain::ids::{ActorId, EndpointId};
use syft_space_domain::marketplace::HubRole;
use syft_space_domain::policy::Purpose;
use syft_space_domain::store::Store;
use syft_space_domain::time::Timestamp;

use crate::audit::mixed::record_all;
use crate::check::{Check, checks};
use crate::fixture::StoreFactory;
use crate::run::{commit, log, read, seeded_store};
use crate::sample::{account_id, endpoint_id, event, hub_id, log_write_scope, policy_id, scope, time};

/// Every promise of [`recorded_queries`](syft_space_domain::audit::ports::AuditView::recorded_queries).
pub const CHECKS: &[Check<StoreFactory>] = checks![
    u1_the_queries_of_a_log_are_told_as_they_were_recorded,
    z1_a_tenants_queries_are_told_by_its_scope_only,
    u1_the_parts_of_a_log_hold_all_queries_that_are_asked_for_and_no_other,
];

fn query(n: u64) -> Event {
    let hub_user = |role| Actor::HubUser { id: ActorId::from_bytes([7; 16]), role };
    let drafted = event(&scope(1), if n % 7 == 3 { Action::PolicyViolation } else { Action::EndpointQuery });
    let of_hub = Some(HubUser { hub: hub_id(1), subject: "u-4711".to_owned() });
    let (actor, hub_user) = match n % 4 {
        0 => (hub_user(HubRole::User), of_hub),
        1 => (hub_user(HubRole::Guest), None),
        _ => (Actor::Account { id: account_id(n % 5), role: Some(Role::User) }, None),
    };
    let email = hub_user.is_some().then(|| "u-4711@example.org".to_owned());
    let purpose = n.is_multiple_of(3).then(|| Purpose::parse("teaching").ok()).flatten();
    let person = Person { email, hub_user, purpose, ..drafted.person.clone() };
    let minute = u32::try_from(n).unwrap_or(0) * 60;
    // Neighbours may stand the other way round.
    let time =
        if n % 11 == 5 { time(minute).minus(std::time::Duration::from_secs(90)) } else { time(minute) };
    let asked = Event { actor, person, time, count: 1 + u32::from(n % 9 == 2), ..drafted };
    let asked = asked.on(ObjectKind::Endpoint, endpoint_id(n % 3));
    match n % 7 {
        3 => Event { request: None, ..asked.denied(ReasonCode::AccessDenied).of_policy(policy_id(1), 4) },
        5 => asked.failed(ReasonCode::Canceled),
        _ => asked,
    }
}

/// What is in the log beside.
fn other(n: u64) -> Event {
    let action = if n.is_multiple_of(2) { Action::ConfigChange } else { Action::EndpointQuery };
    let other = event(&scope(1), action);
    match n % 3 {
        0 => other.on(ObjectKind::Endpoint, "a-name-that-nothing-has"),
        1 => other.on(ObjectKind::Policy, endpoint_id(1)),
        _ if action == Action::ConfigChange => other.on(ObjectKind::Endpoint, endpoint_id(1)),
        _ => other,
    }
}

fn told(
    store: &dyn Store,
    tenant: u64,
    filter: &QueryFilter,
    before: Option<u64>,
    most: usize,
) -> RecordedQueries {
    let filter = filter.clone();
    read(store, move |view| view.recorded_queries(&scope(tenant), &filter, before.map(Seq), most))
}

/// All parts, each of so many queries at most.
fn all(store: &dyn Store, filter: &QueryFilter, most: usize) -> Vec<RecordedQuery> {
    let (mut queries, mut before) = (Vec::new(), None);
    loop {
        let part = told(store, 1, filter, before, most);
        assert!(part.queries.len() <= most, "a part has no more than were asked for");
        queries.extend(part.queries);
        let Some(Seq(rest)) = part.rest else { return queries };
        assert!(before.is_none_or(|before| rest < before), "each part goes on from the one before");
        before = Some(rest);
    }
}

fn to(endpoints: &[EndpointId]) -> QueryFilter {
    QueryFilter { endpoints: endpoints.to_vec(), ..QueryFilter::default() }
}

/// With who asked, for what and how it ended; what was erased is told as such.
pub fn u1_the_queries_of_a_log_are_told_as_they_were_recorded(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    let filter = to(&[endpoint_id(0), endpoint_id(1), endpoint_id(2)]);
    assert_eq!(
        told(store, 1, &filter, None, 9),
        RecordedQueries::default(),
        "of an empty log there are none"
    );
    record_all(store, &(1..=40).map(query).collect::<Vec<_>>());
    commit(store, |tx| tx.erase_persons(&log_write_scope(1), &[4, 9]));
    let recorded: Vec<RecordedEvent> = log(store, &scope(1));
    let expected: Vec<_> = recorded.iter().filter_map(RecordedQuery::of).collect();
    assert!(expected.iter().any(|query| query.caller.is_none()), "some are erased");
    let mut found = all(store, &filter, 100);
    assert_eq!(found.len(), 40, "every query is told");
    found.sort_by_key(|query| query.seq);
    let mut expected = expected;
    expected.sort_by_key(|query| query.seq);
    assert_eq!(found, expected, "as it was recorded");
}

/// What others were asked is nothing to it.
pub fn z1_a_tenants_queries_are_told_by_its_scope_only(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    record_all(store, &[query(1)]);
    let filter = to(&[endpoint_id(1)]);
    assert_eq!(told(store, 1, &filter, None, 9).queries.len(), 1);
    assert_eq!(
        told(store, 2, &filter, None, 9),
        RecordedQueries::default(),
        "of another tenant's log none are"
    );
}

/// However large the parts are, and however far an index lags.
pub fn u1_the_parts_of_a_log_hold_all_queries_that_are_asked_for_and_no_other(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    let events: Vec<_> = (1..=2_500).map(|n| if n % 5 == 4 { other(n) } else { query(n) }).collect();
    events.chunks(100).for_each(|part| record_all(store, part));
    let at = |n: u32| Some(time(n * 60));
    let within = |since: Option<Timestamp>, until| QueryFilter { since, until, ..to(&[endpoint_id(1)]) };
    for (filter, parts) in [
        (to(&[endpoint_id(0), endpoint_id(2)]), [7, 300, 5_000].as_slice()),
        (to(&[endpoint_id(1)]), &[33, 1_000]),
        (to(&[endpoint_id(9)]), &[10]),
        (within(at(700), at(1_900)), &[50]),
        (within(at(2_490), None), &[4]),
        (within(None, at(3)), &[100]),
    ] {
        let fits = |event: &Event| {
            RecordedQuery::of(&RecordedEvent { seq: 0, event: event.clone(), person_commitment: [0; 32] })
                .is_some_and(|query| filter.fits(&query))
        };
        let mut expected: Vec<u64> =
            (1..).zip(&events).filter(|(_, event)| fits(event)).map(|(seq, _)| seq).collect();
        expected.reverse();
        for most in parts {
            let found: Vec<u64> = all(store, &filter, *most).iter().map(|query| query.seq).collect();
            assert_eq!(found, expected, "the newest first, in parts of {most}: {filter:?}");
        }
    }
}
