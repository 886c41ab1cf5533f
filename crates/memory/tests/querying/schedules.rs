//! Endpoints that answer at certain hours.

use std::pin::pin;
use std::time::Duration;

use serde_json::{Value, json};
use syft_space_domain::endpoint::{EndpointName, QueryError};
use syft_space_domain::policy::{
    HypotheticalCaller, HypotheticalQuery, PolicyEntry, PolicyVerdict, Reason, explain,
};
use syft_space_domain::time::Timestamp;

use crate::ports::Search;
use crate::world::{World, block_on, email, policy, poll, question};

const ANSWERED: &str = "endpoint_query success  on it";
const REFUSED: &str = "policy_violation denied policy_violation on it";

/// Whether a query of the member's is answered, and what its event says.
fn asked(world: &World) -> String {
    world.forget_events();
    match world.query(&world.renewed(&world.member)) {
        Ok(_) | Err(QueryError::Refused(_)) => world.events().join("; "),
        Err(other) => panic!("{other}"),
    }
}

/// Of a world in which it is Tuesday, 24 November 2026, 10:30 in Berlin.
fn tuesdays(from: &str, until: &str) -> Value {
    json!({ "zone": "Europe/Berlin", "open": [{ "days": ["tue"], "from": from, "until": until }] })
}

#[test]
fn z4_an_endpoint_answers_from_the_minute_that_opens_it_until_the_one_that_closes_it() {
    for (from, until, now, in_a_minute) in [
        ("10:30", "10:31", ANSWERED, REFUSED),
        ("10:31", "18:00", REFUSED, ANSWERED),
        ("22:00", "06:00", REFUSED, REFUSED),
        ("10:31", "10:30", REFUSED, ANSWERED),
    ] {
        let world = World::new();
        world.attach_all(&[("access", policy("allow", &["*"])), ("schedule", tuesdays(from, until))]);
        assert_eq!(asked(&world), now, "{from} {until}");
        world.clock.advance(Duration::from_secs(60));
        assert_eq!(asked(&world), in_a_minute, "{from} {until}");
    }
}

#[test]
fn z4_of_several_schedules_each_must_be_open() {
    let world = World::new();
    world.attach_all(&[("schedule", tuesdays("08:00", "18:00")), ("schedule", tuesdays("09:00", "11:00"))]);
    assert_eq!(asked(&world), ANSWERED);
    let mut closed = tuesdays("08:00", "18:00");
    closed["closed"] = json!(["2026-11-24"]);
    world.attach_all(&[("schedule", tuesdays("08:00", "18:00")), ("schedule", closed)]);
    assert_eq!(asked(&world), REFUSED);
}

#[test]
fn z4_who_is_refused_learns_that_it_is_closed_and_nothing_of_the_hours() {
    let world = World::new();
    world.attach_all(&[("schedule", tuesdays("11:00", "12:00"))]);
    let Err(QueryError::Refused(refusal)) = world.query(&world.member) else { panic!("it is closed") };
    let entry = PolicyEntry::rejected(
        "schedule",
        "policy",
        "POLICY_VIOLATION",
        "the endpoint is closed at this time",
    );
    assert_eq!(refusal.policy.entries, [entry]);
}

#[test]
fn z3_an_answer_that_is_not_ready_when_it_closes_is_not_given() {
    for (seconds, refused) in [(29, false), (30, true)] {
        let world = World::new();
        world.attach_all(&[("access", policy("allow", &["*"])), ("schedule", tuesdays("10:30", "10:31"))]);
        world.clock.advance(Duration::from_secs(30));
        world.engine.set(Search::Wait);
        let mut run = pin!(world.open(&world.renewed(&world.member)).unwrap().run(question()));
        assert!(poll(run.as_mut()).is_pending());
        world.clock.advance(Duration::from_secs(seconds));
        world.forget_events();
        world.engine.set(Search::Answer);
        assert_eq!(matches!(block_on(run), Err(QueryError::Refused(_))), refused);
        assert_eq!(world.events(), [if refused { REFUSED } else { ANSWERED }]);
    }
}

#[test]
fn z4_an_explanation_is_for_the_time_that_is_said_and_tells_the_owner_why() {
    let world = World::new();
    let mut schedule = tuesdays("08:00", "18:00");
    schedule["closed"] = json!(["2026-12-29"]);
    world.attach_all(&[("schedule", schedule)]);
    let owner = world.renewed(&world.owner);
    let explained = |at: Option<&str>| {
        let query = HypotheticalQuery {
            at: at.map(|at| Timestamp::parse(at).unwrap()),
            ..HypotheticalQuery::default()
        };
        let member = HypotheticalCaller::Address(email("mia@harbor.example"));
        block_on(explain(&world.space, &owner, &EndpointName::Id(world.endpoint.id), &member, &query))
            .unwrap()
            .decision
            .diagnostics
    };
    for (at, rule) in [
        (None, None),
        (Some("2026-11-24T16:59:59.999999Z"), None),
        (Some("2026-11-24T17:00:00Z"), Some("outside of the hours")),
        (Some("2026-11-25T10:00:00Z"), Some("outside of the hours")),
        // Summer begins on 28 March 2027: eight o'clock comes an hour earlier.
        (Some("2027-03-23T06:30:00Z"), Some("outside of the hours")),
        (Some("2027-03-30T06:30:00Z"), None),
        (Some("2026-12-29T10:00:00Z"), Some("closed on 2026-12-29")),
    ] {
        let told = explained(at);
        let decided = told.decided_by.map(|decider| decider.rule);
        assert_eq!(decided.as_deref(), rule, "{at:?}");
        let reason = if rule.is_some() { Reason::DeniedByPolicy } else { Reason::MemberOfTenant };
        assert_eq!(told.reason, reason, "{at:?}");
        let verdicts: Vec<_> = told.policies.into_iter().map(|policy| policy.outcome).collect();
        assert_eq!(
            verdicts,
            [rule.map_or(PolicyVerdict::NotMatched, |rule| PolicyVerdict::Matched(rule.into()))]
        );
    }
}
