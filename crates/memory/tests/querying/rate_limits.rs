//! How often an endpoint answers: who is counted together, what a refusal tells, and what stays taken.

use std::net::IpAddr;
use std::pin::pin;
use std::time::Duration;

use serde_json::{Value, json};
use syft_space_domain::audit::{Origin, RequestContext};
use syft_space_domain::dataset::ports::SearchError;
use syft_space_domain::endpoint::{
    Answer, EndpointName, QueryCall, QueryError, QueryRefusal, create_endpoint,
};
use syft_space_domain::identity::Principal;
use syft_space_domain::marketplace::HubRole;
use syft_space_domain::policy::{HypotheticalCaller, HypotheticalQuery, Reason, attach, explain};

use crate::hub_users::Hub;
use crate::ports::Search;
use crate::tickets::Take;
use crate::world::{SLUG, World, block_on, new_endpoint, poll, question};

fn limit(configuration: Value) -> (&'static str, Value) {
    ("rate_limit", configuration)
}

fn limited(limits: &[Value]) -> World {
    let world = World::new();
    world.attach_all(&limits.iter().cloned().map(limit).collect::<Vec<_>>());
    world.forget_events();
    world
}

fn from(world: &World, address: Option<&str>) -> RequestContext {
    let address: Option<IpAddr> = address.map(|address| address.parse().unwrap());
    world.space.request_context(Origin { address, user_agent: None }).unwrap()
}

/// A query of somebody at an address.
fn ask(world: &World, principal: &Principal, address: &str) -> Result<Answer, QueryError> {
    let context = from(world, Some(address));
    block_on(
        block_on(QueryCall::open(&world.space, &context, principal.clone(), SLUG, None))?.run(question()),
    )
}

fn refusal(answered: Result<Answer, QueryError>) -> QueryRefusal {
    match answered {
        Err(QueryError::Refused(refusal)) => refusal,
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("it was answered"),
    }
}

#[test]
fn l1_whoever_asks_too_often_is_refused_and_admitted_after_the_wait_that_they_are_told() {
    let world = limited(&[json!({"rate": "2/m"})]);
    let first = world.query(&world.member).ok().unwrap();
    let [status] = &*first.limits else { panic!("{:?}", first.limits) };
    assert_eq!((&*status.name, status.quota, status.remaining), ("user-2-60", 2, 1));
    assert_eq!((status.window, status.reset), (Duration::from_secs(60), Duration::from_secs(30)));
    world.clock.advance(Duration::from_secs(5));
    assert_eq!(world.query(&world.member).ok().unwrap().limits[0].remaining, 0);
    let refused = refusal(world.query(&world.member));
    let wait = refused.retry_after.unwrap();
    assert_eq!((wait, refused.limits[0].reset), (Duration::from_secs(25), wait));
    let told = refused.policy.entries.first().unwrap();
    assert_eq!(
        (told.policy_type, told.kind, told.reason_code),
        ("rate_limit", "rate_limit", Some("RATE_LIMITED"))
    );
    assert_eq!(world.events().last().unwrap(), "policy_violation denied rate_limited on it");
    // Another caller has a limit of their own.
    world.query(&world.owner).unwrap();
    world.clock.advance(wait - Duration::from_micros(1));
    refusal(world.query(&world.member));
    world.clock.advance(Duration::from_micros(1));
    world.query(&world.member).unwrap();
    refusal(world.query(&world.member));
}

#[test]
fn l1_of_several_limits_the_refusal_names_which_and_the_others_get_back_what_was_taken() {
    let world = limited(&[
        json!({"rate": "3/h", "scope": "endpoint"}),
        json!({"rate": "1/m"}),
        json!({"rate": "1/d", "scope": "address", "window": "strict"}),
    ]);
    world.query(&world.member).unwrap();
    let refused = refusal(world.query(&world.member));
    // Those behind the one that refused are looked at, too: who waits for all of them is let in.
    let names: Vec<&str> = refused.limits.iter().map(|limit| &*limit.name).collect();
    assert_eq!(names, ["user-1-60", "address-1-86400-strict"]);
    // It is half past nine: the day ends in 14 and a half hours.
    assert_eq!(refused.retry_after, Some(Duration::from_secs(14 * 3_600 + 1_800)));
    // Of the endpoint's three two are left, whatever was refused.
    for _ in 0..5 {
        refusal(world.query(&world.member));
    }
    let answered = ask(&world, &world.owner, "198.51.100.1").ok().unwrap();
    assert_eq!((&*answered.limits[0].name, answered.limits[0].remaining), ("endpoint-3-3600", 1));
    let somebody = HypotheticalCaller::Address(world.member.email().unwrap().clone());
    let name = EndpointName::Id(world.endpoint.id);
    // Explaining tells an owner how they stand, and takes nothing.
    for _ in 0..3 {
        let query = HypotheticalQuery { address: world.context().origin.address, ..Default::default() };
        let owner = world.renewed(&world.owner);
        let explained = block_on(explain(&world.space, &owner, &name, &somebody, &query)).unwrap().decision;
        assert_eq!((explained.is_allow(), explained.diagnostics.reason), (false, Reason::LimitReached));
        assert_eq!(&*explained.diagnostics.decided_by.unwrap().rule, "1/m per user");
        assert_eq!(explained.retry_after, refused.retry_after);
    }
}

#[test]
fn l1_what_another_policy_refuses_is_given_back_and_what_fails_or_is_canceled_is_not() {
    let two = || {
        let world = World::new();
        world.attach_all(&[limit(json!({"rate": "2/d"})), ("tickets", json!({ "name": "day" }))]);
        world
    };
    let left = |world: &World| world.query(&world.member).map(|answer| answer.limits[0].remaining);
    // Another policy, before the search and behind it.
    let world = two();
    world.tickets.set("day", Take::SoldOut);
    for _ in 0..5 {
        assert!(refusal(world.query(&world.member)).retry_after.is_none());
    }
    world.tickets.set("day", Take::Give);
    assert_eq!(left(&world).ok(), Some(1));
    // A search that fails.
    let world = two();
    world.engine.set(Search::Fail(SearchError::Full));
    assert!(matches!(world.query(&world.member), Err(QueryError::PortError(_))));
    world.engine.set(Search::Answer);
    assert_eq!(left(&world).ok(), Some(0));
    // A caller who goes.
    let world = two();
    world.engine.set(Search::Wait);
    {
        let mut run = pin!(world.open(&world.member).unwrap().run(question()));
        assert!(poll(run.as_mut()).is_pending());
    }
    world.engine.set(Search::Answer);
    assert_eq!(left(&world).ok(), Some(0));
    refusal(world.query(&world.member));
}

#[test]
fn z4_characters_of_what_is_not_answered_are_given_back_unless_its_caller_goes() {
    let asked = u64::try_from(question().conversation().characters()).unwrap();
    let world = World::new();
    let characters = ("token_limit", json!({ "rate": "1000/d" }));
    world.attach_all(&[characters, ("tickets", json!({ "name": "day" }))]);
    let left = |expected: u64| {
        let answer = world.query(&world.member).ok().unwrap();
        assert_eq!(answer.limits[0].remaining, expected);
    };
    world.tickets.set("day", Take::SoldOut);
    refusal(world.query(&world.member));
    world.tickets.set("day", Take::Give);
    world.engine.set(Search::Fail(SearchError::Full));
    assert!(matches!(world.query(&world.member), Err(QueryError::PortError(_))));
    world.engine.set(Search::Answer);
    left(1_000 - asked);
    world.engine.set(Search::Wait);
    {
        let mut run = pin!(world.open(&world.member).unwrap().run(question()));
        assert!(poll(run.as_mut()).is_pending());
    }
    world.engine.set(Search::Answer);
    left(1_000 - 3 * asked);
}

#[test]
fn l1_each_scope_counts_those_together_whom_it_says() {
    let left = |world: &World, principal: &Principal, address: &str| {
        ask(world, principal, address).map_or(None, |answer| Some(answer.limits[0].remaining))
    };
    let of = |scope| limited(&[json!({"rate": "9/d", "scope": scope})]);
    for (scope, expected) in [
        // The member, the same from elsewhere, the owner, and the owner from elsewhere.
        ("user", [8, 7, 8, 7]),
        ("key", [8, 7, 8, 7]),
        ("address", [8, 8, 7, 7]),
        ("endpoint", [8, 7, 6, 5]),
        ("tenant", [8, 7, 6, 5]),
    ] {
        let world = of(scope);
        let (here, there) = ("192.0.2.7", "192.0.2.8");
        let asked =
            [(&world.member, here), (&world.member, there), (&world.owner, here), (&world.owner, there)];
        let found = asked.map(|(principal, address)| left(&world, principal, address).unwrap());
        assert_eq!(found, expected, "{scope}");
    }
}

#[test]
fn k9_addresses_of_one_ipv6_network_are_one_and_those_of_ipv4_are_not() {
    let world = limited(&[json!({"rate": "9/d", "scope": "address"})]);
    let left = |address| ask(&world, &world.member, address).ok().unwrap().limits[0].remaining;
    assert_eq!([left("2001:db8:1:2::1"), left("2001:db8:1:2:ffff:ffff:ffff:ffff")], [8, 7]);
    assert_eq!([left("2001:db8:1:3::1"), left("2001:db8:1:2:3::")], [8, 6]);
    // However an IPv4 address is written, and none like its neighbour.
    assert_eq!([left("192.0.2.7"), left("::ffff:192.0.2.7"), left("::ffff:192.0.2.8")], [8, 7, 8]);
}

#[test]
fn l1_two_endpoints_share_the_limit_of_a_caller_and_not_that_of_an_endpoint() {
    let world = World::new();
    let owls = new_endpoint(world.dataset, "owls");
    let owls = block_on(create_endpoint(&world.space, &world.context(), &world.owner, owls)).unwrap().id;
    let both = |configuration| {
        let configuration = world.space.policy_types.parse("rate_limit", &configuration).unwrap();
        let policy = world.add_policy(configuration);
        for endpoint in [world.endpoint.id, owls] {
            let name = EndpointName::Id(endpoint);
            block_on(attach(&world.space, &world.context(), &world.owner, name, vec![policy], None)).unwrap();
        }
        [SLUG, "owls"].map(|slug| {
            let call = world.open_at(&world.member, slug, None).unwrap();
            block_on(call.run(question())).ok().unwrap().limits[0].remaining
        })
    };
    assert_eq!(both(json!({"rate": "9/d"})), [8, 7]);
    assert_eq!(both(json!({"rate": "9/d", "scope": "endpoint"})), [8, 8]);
    // A policy of its own is a limit of its own.
    assert_eq!(both(json!({"rate": "9/d"})), [8, 7]);
}

#[test]
fn f4_guests_are_counted_by_their_addresses_and_nobody_else_with_them() {
    let hub = Hub::new(&[json!({"mode": "allow", "patterns": ["*"], "guests": true})]);
    hub.world.attach_all(&[
        ("access", json!({"mode": "allow", "patterns": ["*"], "guests": true})),
        limit(json!({"rate": "9/d"})),
    ]);
    let [guest, alice] =
        [("guest", HubRole::Guest), ("alice", HubRole::User)].map(|(name, role)| hub.caller(name, role));
    let left = |principal: &Principal, address| {
        ask(&hub.world, principal, address).ok().unwrap().limits[0].remaining
    };
    assert_eq!([left(&guest, "192.0.2.7"), left(&guest, "192.0.2.8"), left(&guest, "192.0.2.7")], [8, 8, 7]);
    assert_eq!([left(&alice, "192.0.2.7"), left(&alice, "192.0.2.8")], [8, 7]);
    // Of a guest whose address is unknown, all are one.
    let context = from(&hub.world, None);
    let mut unknown = [9, 9];
    for left in &mut unknown {
        let call = block_on(QueryCall::open(&hub.world.space, &context, guest.clone(), SLUG, None)).unwrap();
        *left = block_on(call.run(question())).ok().unwrap().limits[0].remaining;
    }
    assert_eq!(unknown, [8, 7]);
}
