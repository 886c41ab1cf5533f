//! The suite of `AuditView`.

pub mod mixed;
pub mod pruning;
pub mod queries;
pub mod sinks;
pub mod trees;
pub mod watched;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use syft_space_domain::access::Role;
use syft_space_domain::audit::ports::{EventFilter, Seq};
use syft_space_domain::audit::{
    Action, Actor, Event, HubUser, Log, LogHead, Object, ObjectKind, Outcome, Person, ReasonCode,
    RecordedEvent, RecordedReason, UsedKey,
};
use syft_space_domain::dataset::DocumentId;
use syft_space_domain::ids::{ActorId, HubId};
use syft_space_domain::marketplace::HubRole;
use syft_space_domain::page::{Page, PageRequest};
use syft_space_domain::policy::{Purpose, Redactions};
use syft_space_domain::store::Store;
use syft_space_domain::tenant::OperatorScope;
use syft_space_domain::text::Name;

use crate::audit::mixed::{check_pages, mixed_events, record_all};
use crate::check::{Check, checks, run_all};
use crate::fixture::StoreFactory;
use crate::run::{
    all_items, events, first_page, installation_log, log, read, seeded_store, sequence_numbers,
};
use crate::sample::{account_id, api_key_id, event, request_id, scope, tenant_id, time};

/// Every promise of [`AuditView`](syft_space_domain::audit::ports::AuditView).
pub const CHECKS: &[Check<StoreFactory>] = checks![
    u1_an_event_is_read_back_as_it_was_recorded,
    u1_each_log_counts_by_itself_without_gaps,
    z1_a_tenants_log_is_read_by_its_scope_only,
    events_come_in_pages_the_newest_first,
    a_filter_shows_the_events_that_fit_and_no_other,
    u1_filtered_pages_are_those_of_the_whole_log,
    u1_a_page_tells_how_far_its_index_lags,
];

/// Checks every promise.
pub fn suite(make: &StoreFactory) {
    run_all("the audit log", CHECKS, make);
    run_all("the queries of the audit logs", queries::CHECKS, make);
    run_all("the trees over the audit logs", trees::CHECKS, make);
    run_all("what is pruned of the audit logs", pruning::CHECKS, make);
    run_all("how far the audit logs were looked at", watched::CHECKS, make);
    run_all("how far sinks have the audit logs", sinks::CHECKS, make);
}

fn record(store: &dyn Store, event: Event) {
    store.record(event).wait().expect("an event is recorded");
}

fn own_event(action: Action) -> Event {
    event(&scope(1), action)
}

fn page(store: &dyn Store, filter: &EventFilter, page: PageRequest<Seq>) -> Page<RecordedEvent, Seq> {
    let filter = filter.clone();
    read(store, move |view| view.events(&scope(1), &filter, page)).events
}

/// Checks every field, every enum value and all personal data.
pub fn u1_an_event_is_read_back_as_it_was_recorded(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let mut recorded: Vec<Event> = Action::ALL.iter().copied().map(own_event).collect();
    recorded.extend(Outcome::ALL.map(|outcome| Event { outcome, ..own_event(Action::EndpointQuery) }));
    let roles = Role::ALL.map(Some).into_iter().chain([None]);
    let actors = roles.map(|role| Actor::Account { id: account_id(1), role });
    let actors = actors.chain([Actor::Anonymous, Actor::System, Actor::Operator]);
    let hub_user = |role| Actor::HubUser { id: ActorId::from_bytes([6; 16]), role };
    let actors = actors.chain(HubRole::ALL.map(hub_user));
    recorded.extend(actors.map(|actor| Event { actor, ..own_event(Action::AuthzFail) }));
    recorded.extend(ReasonCode::ALL.iter().map(|code| own_event(Action::EndpointQuery).denied(*code)));
    let of_a_later_version = RecordedReason::from_stored("a_reason_of_tomorrow".to_owned());
    recorded.push(Event { reason_code: Some(of_a_later_version), ..own_event(Action::EndpointQuery) });
    let kinds = ObjectKind::ALL.iter();
    recorded.extend(kinds.map(|kind| own_event(Action::ConfigChange).on(*kind, "GET /some/{thing}")));
    let mut redactions = Redactions::default();
    ["email", "ticket", "email"].into_iter().for_each(|name| redactions.count(name));
    let addresses = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    recorded.extend(addresses.map(|address| Event {
        object: Some(Object::new(ObjectKind::Endpoint, "\u{1f980}")),
        reason_code: Some(ReasonCode::AccessDenied.into()),
        request: Some(request_id(5)),
        count: 4_000_000_000,
        time: time(12),
        person: Person {
            address: Some(address),
            email: Some("person-1@example.org".to_owned()),
            user_agent: Some("a \"client\" 1.0".to_owned()),
            hub_user: Some(HubUser { hub: HubId::from_bytes([7; 16]), subject: "2".to_owned() }),
            purpose: Purpose::parse("DUO:0000006").ok(),
            api_key: Some(UsedKey { id: api_key_id(3), name: Name::parse("nightly").expect("a name") }),
            redactions: redactions.clone(),
            shown: Some(["a", "b.txt"].iter().filter_map(|id| DocumentId::parse(id).ok()).collect()),
        },
        ..own_event(Action::PolicyViolation)
    }));
    for event in recorded.clone() {
        record(&*fixture.adapter, event);
    }
    assert_eq!(
        events(log(&*fixture.adapter, &scope(1))),
        recorded,
        "an event is read back as it was recorded"
    );
    let mut head = LogHead::default();
    let canonical: Vec<_> =
        recorded.into_iter().map(|event| head.append(event).recorded.canonical()).collect();
    let kept = log(&*fixture.adapter, &scope(1));
    assert_eq!(
        kept.iter().map(RecordedEvent::canonical).collect::<Vec<_>>(),
        canonical,
        "the bytes of which a hash is taken are those of the event that was recorded"
    );
}

/// Each log starts at 1, the installation's too, so that no tenant can infer another's traffic.
pub fn u1_each_log_counts_by_itself_without_gaps(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    let before = u64::try_from(installation_log(store).len()).expect("a small number");
    for n in 0..12 {
        let log = if n % 4 == 0 { Log::Installation } else { Log::Tenant(tenant_id(n % 4)) };
        record(store, event(log, Action::EndpointQuery));
    }
    for n in 1..=3 {
        assert_eq!(
            sequence_numbers(&log(store, &scope(n))),
            [1, 2, 3],
            "a tenant's log counts by itself, without gaps"
        );
    }
    let expected: Vec<u64> = (1..=before + 3).collect();
    assert_eq!(sequence_numbers(&installation_log(store)), expected, "and so does the installation's");
}

/// No scope reads the installation's log.
pub fn z1_a_tenants_log_is_read_by_its_scope_only(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    let before = installation_log(store).len();
    let (one, two, house) = (
        own_event(Action::EndpointQuery),
        event(&scope(2), Action::PolicyViolation),
        event(Log::Installation, Action::SysStartup),
    );
    for event in [&one, &two, &house] {
        record(store, event.clone());
    }
    assert_eq!(events(log(store, &scope(1))), [one], "a scope reads its own tenant's log");
    assert_eq!(events(log(store, &scope(2))), [two], "and no other");
    assert_eq!(events(log(store, &scope(3))), [], "a tenant to which nothing happened has an empty log");
    let installation = events(installation_log(store)).split_off(before);
    assert_eq!(installation, [house], "the installation's log holds no tenant's events");
}

/// Events that are recorded in between do not shift the pages.
pub fn events_come_in_pages_the_newest_first(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    for _ in 0..7 {
        record(store, own_event(Action::EndpointQuery));
    }
    let any = EventFilter::default();
    let numbers = |page: &Page<RecordedEvent, Seq>| -> Vec<u64> { sequence_numbers(&page.items) };
    let one = page(store, &any, first_page(3));
    assert_eq!(numbers(&one), [7, 6, 5], "the newest event comes first");
    record(store, own_event(Action::EndpointQuery));
    let two = page(store, &any, PageRequest { after: one.next, ..first_page(3) });
    assert_eq!(
        numbers(&two),
        [4, 3, 2],
        "a page goes on where the one before ended, whatever happened meanwhile"
    );
    let three = page(store, &any, PageRequest { after: two.next, ..first_page(3) });
    assert_eq!((numbers(&three), three.next), (vec![1], None), "the last page is the last");
    let exact = page(store, &any, first_page(8));
    assert_eq!((numbers(&exact).len(), exact.next), (8, None), "a page that holds all has no cursor");
    let house = all_items(1, |page| {
        let (operator, any) = (OperatorScope::at_startup(), any.clone());
        read(store, move |view| view.installation_events(&operator, &any, page)).events
    });
    let expected: Vec<u64> = installation_log(store).iter().rev().map(|recorded| recorded.seq).collect();
    assert_eq!(
        house.iter().map(|recorded| recorded.seq).collect::<Vec<_>>(),
        expected,
        "the installation's log likewise"
    );
}

/// Checks each filter alone and combined, over several pages.
pub fn a_filter_shows_the_events_that_fit_and_no_other(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    let mut recorded = Vec::new();
    for (n, action) in
        (0..).zip([Action::EndpointQuery, Action::PolicyViolation, Action::AuthzFail].repeat(6))
    {
        let outcome = if n % 2 == 0 { Outcome::Success } else { Outcome::Denied };
        let account = Actor::Account { id: account_id(1 + u64::from(n % 4 == 0)), role: Some(Role::User) };
        let actor = if n % 5 == 0 { Actor::System } else { account };
        let event = Event { outcome, actor, time: time(100 + n), ..own_event(action) };
        record(store, event.clone());
        record(store, Event { log: Log::Tenant(tenant_id(2)), ..event.clone() });
        recorded.push(event);
    }
    let by = EventFilter::default;
    let (action, outcome) = (Some(Action::AuthzFail), Some(Outcome::Denied));
    let (since, until) = (Some(time(105)), Some(time(111)));
    let filters = [
        by(),
        EventFilter { action, ..by() },
        EventFilter { outcome, ..by() },
        EventFilter { actor: Some(account_id(1).into()), ..by() },
        EventFilter { actor: Some(account_id(3).into()), ..by() },
        EventFilter { since, ..by() },
        EventFilter { until, ..by() },
        EventFilter { since, until, ..by() },
        EventFilter { action, outcome, actor: Some(account_id(1).into()), since, until, ..by() },
        EventFilter { reason: Some(ReasonCode::AccessDenied.into()), ..by() },
        EventFilter { any_actor: Some(vec![account_id(2).into(), account_id(3).into()]), ..by() },
        EventFilter { any_actor: Some(Vec::new()), ..by() },
        EventFilter { any_object: Some(Vec::new()), ..by() },
        EventFilter { any_key: Some(Vec::new()), ..by() },
        EventFilter { since: until, until: since, ..by() },
    ];
    for filter in filters {
        let expected: Vec<&Event> = recorded.iter().filter(|event| filter.fits(event)).rev().collect();
        let found = all_items(2, |request| page(store, &filter, request));
        let found: Vec<&Event> = found.iter().map(|recorded| &recorded.event).collect();
        assert_eq!(found, expected, "a filter shows the events that fit: {filter:?}");
    }
}

/// Checks random filters on a log that is longer than any block of an adapter.
pub fn u1_filtered_pages_are_those_of_the_whole_log(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let recorded = mixed_events(&scope(1), 2_500);
    // The events of another tenant lie in between.
    for (ours, theirs) in recorded.chunks(500).zip(mixed_events(&scope(2), 2_500).chunks(500)) {
        record_all(&*fixture.adapter, ours);
        record_all(&*fixture.adapter, theirs);
    }
    check_pages(&*fixture.adapter, &scope(1), &recorded, 100);
}

/// The lag counts only events of the reader's own log.
pub fn u1_a_page_tells_how_far_its_index_lags(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    let projection =
        || read(store, move |view| view.events(&scope(1), &EventFilter::default(), first_page(1))).projection;
    assert_eq!((projection().seq, projection().lag), (0, 0), "the index of an empty log does not lag");
    for n in 1..=3 {
        record(store, event(&scope(2), Action::EndpointQuery));
        record(store, own_event(Action::EndpointQuery));
        let now = projection();
        assert_eq!(now.seq + now.lag, n, "an index and its lag together are the reader's own log: {now:?}");
    }
}
