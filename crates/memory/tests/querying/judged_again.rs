//! What a change of a policy would do, told before it is made: of the queries that were made, and of people who are named.

use std::time::Duration;

use serde_json::{Value, json};
use syft_space_domain::access::Role;
use syft_space_domain::audit::{Actor, Outcome};
use syft_space_domain::endpoint::{EndpointName, Slug, create_endpoint};
use syft_space_domain::identity::{AccountStatus, Principal};
use syft_space_domain::ids::PolicyId;
use syft_space_domain::marketplace::HubRole;
use syft_space_domain::policy::{
    Effect, HypotheticalChange, MAX_FLIP_EXAMPLES, MAX_SIMULATED, PolicyConfiguration, Purpose, Reason,
    Replay, ReplayError, ReplayedChange, ReplayedEndpoint, SimulateError, SimulatedCaller, Simulation,
    attach, replay, simulate,
};
use syft_space_domain::time::Timestamp;

use crate::hub_users::Hub;
use crate::world::{World, block_on, email, join, new_endpoint, policy, question};

const MIA: &str = "mia@harbor.example";

fn parsed(world: &World, policy_type: &str, configuration: &Value) -> PolicyConfiguration {
    world.space.policy_types.parse(policy_type, configuration).unwrap()
}

/// Attaches these policies to the endpoint, and says which the first is.
fn attached(world: &World, policies: &[(&str, Value)]) -> PolicyId {
    let ids: Vec<_> =
        policies.iter().map(|(name, json)| world.add_policy(parsed(world, name, json))).collect();
    world.attach_ids(ids.clone());
    ids[0]
}

fn try_replay(world: &World, change: ReplayedChange) -> Result<Replay, ReplayError> {
    block_on(replay(&world.space, &world.owner, change))
}

/// What of all queries would be decided otherwise if a policy were of this configuration.
fn replayed(world: &World, policy: PolicyId, policy_type: &str, json: &Value) -> ReplayedEndpoint {
    let configuration = parsed(world, policy_type, json);
    let told = try_replay(world, ReplayedChange { policy, configuration, since: None, until: None }).unwrap();
    let [endpoint] = told.endpoints.try_into().expect("one endpoint has the policy");
    endpoint
}

/// How many queries: all, those that cannot be told of, those decided otherwise now, and those that would be refused or let in.
fn counts(told: &ReplayedEndpoint) -> [u64; 5] {
    [told.queries, told.untold, told.unlike_recorded, told.would_refuse.queries, told.would_allow.queries]
}

#[test]
fn l1_a_replay_tells_who_would_have_been_refused_and_who_let_in() {
    let world = World::new();
    let access = attached(&world, &[("access", policy("deny", &[MIA]))]);
    world.forget_events();
    assert!(world.query(&world.member).is_err());
    world.clock.advance(Duration::from_secs(60));
    world.query(&world.owner).unwrap();
    let [refused, answered] = world.recorded().try_into().unwrap();

    let turned = policy("deny", &["olivia@harbor.example"]);
    let told = replayed(&world, access, "access", &turned);
    assert_eq!(counts(&told), [2, 0, 0, 1, 1]);
    assert_eq!((told.would_refuse.callers, told.would_allow.callers), (1, 1));
    let [flip] = &*told.would_refuse.examples else { panic!("{told:?}") };
    assert_eq!((flip.time, flip.actor, &flip.marketplace), (answered.time, answered.actor, &None));
    assert_eq!(flip.recorded, (Outcome::Success, None));
    assert_eq!((flip.before, flip.after), (Reason::NotDenied, Reason::DeniedByPolicy));
    let [flip] = &*told.would_allow.examples else { panic!("{told:?}") };
    assert_eq!((flip.time, flip.actor), (refused.time, refused.actor));
    assert_eq!(flip.recorded, (Outcome::Denied, refused.reason_code));
    assert_eq!((flip.before, flip.after), (Reason::DeniedByPolicy, Reason::NotDenied));
    // What would change nothing is of nobody.
    let told = replayed(&world, access, "access", &policy("deny", &[MIA]));
    assert_eq!(counts(&told), [2, 0, 0, 0, 0]);
    assert_eq!((told.would_refuse.callers, told.would_refuse.examples.len()), (0, 0));
}

#[test]
fn l1_a_replay_takes_queries_from_its_first_moment_to_before_its_last() {
    let world = World::new();
    let access = attached(&world, &[("access", policy("allow", &["*"]))]);
    world.forget_events();
    for _ in 0..3 {
        world.query(&world.member).unwrap();
        world.clock.advance(Duration::from_secs(60));
    }
    let times: Vec<Timestamp> = world.recorded().iter().map(|event| event.time).collect();
    let between = |since: Option<Timestamp>, until: Option<Timestamp>| {
        let configuration = parsed(&world, "access", &policy("allow", &[]));
        let told =
            try_replay(&world, ReplayedChange { policy: access, configuration, since, until }).unwrap();
        let flips = &told.endpoints[0].would_refuse;
        assert_eq!(told.endpoints[0].queries, flips.queries);
        // The newest first; one caller asked them all.
        let found: Vec<_> = flips.examples.iter().map(|flip| flip.time).collect();
        assert!(flips.callers == usize::from(!found.is_empty()) && !told.truncated, "{flips:?}");
        assert_eq!(told.from.as_ref(), found.last());
        found
    };
    assert_eq!(between(None, None), [times[2], times[1], times[0]]);
    assert_eq!(between(Some(times[1]), None), [times[2], times[1]]);
    assert_eq!(between(None, Some(times[1])), [times[0]]);
    assert_eq!(between(Some(times[1]), Some(times[2])), [times[1]]);
    assert_eq!(between(Some(times[2]), Some(times[2])), []);
}

#[test]
fn z2_a_replay_shows_the_newest_of_many_and_counts_them_all() {
    let world = World::new();
    let access = attached(&world, &[("access", policy("allow", &["*"]))]);
    let asked = MAX_FLIP_EXAMPLES + 2;
    for place in 0..asked {
        world.query(if place % 2 == 0 { &world.owner } else { &world.member }).unwrap();
        world.clock.advance(Duration::from_secs(10));
    }
    let told = replayed(&world, access, "access", &policy("allow", &[]));
    assert_eq!(told.would_refuse.queries, u64::try_from(asked).unwrap());
    assert_eq!((told.would_refuse.callers, told.would_refuse.examples.len()), (2, MAX_FLIP_EXAMPLES));
    let times: Vec<_> = told.would_refuse.examples.iter().map(|flip| flip.time).collect();
    assert!(times.is_sorted_by(|newer, older| newer > older), "{times:?}");
    assert_eq!(times.first(), world.recorded().last().map(|event| &event.time));
}

#[test]
fn l1_a_query_that_was_decided_otherwise_than_it_would_be_now_is_counted() {
    let world = World::new();
    let access = attached(&world, &[("access", policy("deny", &[MIA]))]);
    assert!(world.query(&world.member).is_err());
    world.query(&world.owner).unwrap();
    let everybody = policy("allow", &["*"]);
    assert_eq!(counts(&replayed(&world, access, "access", &everybody)), [2, 0, 0, 0, 1]);
    // Another took its place by now: both are decided otherwise.
    let other = attached(&world, &[("access", policy("deny", &["olivia@harbor.example"]))]);
    assert_eq!(counts(&replayed(&world, other, "access", &everybody)), [2, 0, 2, 0, 1]);
    // Beside it the first decides as it did, and lets in nobody whom it denies.
    world.attach_ids(vec![other, access]);
    assert_eq!(counts(&replayed(&world, other, "access", &everybody)), [2, 0, 1, 0, 1]);
}

#[test]
fn l1_what_a_limit_refused_is_neither_like_nor_unlike_what_is_decided_now() {
    let world = World::new();
    let limit = json!({ "rate": "1/d" });
    let access = attached(&world, &[("access", policy("allow", &["*"])), ("rate_limit", limit)]);
    world.query(&world.member).unwrap();
    assert!(world.query(&world.member).is_err());
    let told = replayed(&world, access, "access", &policy("allow", &[]));
    assert_eq!(counts(&told), [2, 0, 0, 2, 0]);
}

#[test]
fn l1_a_replay_knows_of_a_member_the_role_that_they_had_and_of_one_who_went_no_address() {
    let world = World::new();
    let access = attached(&world, &[("access", policy("allow", &["*"]))]);
    let nora = join(&world.space, &world.owner, "nora@harbor.example", Role::User);
    world.query(&nora).unwrap();
    world.query(&world.member).unwrap();
    let of_nora = policy("deny", &["nora@harbor.example"]);
    assert_eq!(counts(&replayed(&world, access, "access", &of_nora)), [2, 0, 0, 1, 0]);
    // A role that may not query any more could then.
    world.change_member(None, Some(AccountStatus::Disabled));
    let told = replayed(&world, access, "access", &policy("allow", &[MIA]));
    assert_eq!(counts(&told), [2, 0, 0, 1, 0]);
}

#[test]
fn l1_a_replay_decides_for_the_purpose_that_was_said() {
    let world = World::new();
    let teaching = || json!({ "allowed": ["teaching"] });
    let purpose = attached(&world, &[("purpose", teaching()), ("access", policy("allow", &["*"]))]);
    let ask = |purpose: Option<&str>| {
        let query = question().for_purpose(purpose.map(|name| Purpose::parse(name).unwrap()));
        block_on(world.open(&world.member).unwrap().run(query)).is_ok()
    };
    assert!(ask(Some("teaching")) && !ask(Some("selling")) && !ask(None));
    let told = replayed(&world, purpose, "purpose", &json!({ "allowed": ["selling"] }));
    assert_eq!(counts(&told), [3, 0, 0, 1, 1]);
    assert_eq!(told.would_refuse.examples[0].purpose, Purpose::parse("teaching").ok());
    assert_eq!(told.would_allow.examples[0].purpose, Purpose::parse("selling").ok());
    assert_eq!(counts(&replayed(&world, purpose, "purpose", &teaching())), [3, 0, 0, 0, 0]);
}

#[test]
fn l1_what_hangs_on_an_address_that_no_hub_was_asked_for_is_not_told() {
    let hub = Hub::new(&[]);
    let access = attached(&hub.world, &[("access", policy("allow", &["*"]))]);
    let (alice, guest) = (hub.caller("alice", HubRole::User), hub.caller("guest", HubRole::Guest));
    hub.world.query(&alice).unwrap();
    assert!(hub.world.query(&guest).is_err());
    let told = |json: &Value| replayed(&hub.world, access, "access", json);
    assert_eq!(counts(&told(&policy("allow", &["alice@example.com"]))), [2, 1, 0, 0, 0]);
    let nobody = told(&policy("allow", &[]));
    assert_eq!(counts(&nobody), [2, 0, 0, 1, 0]);
    let [flip] = &*nobody.would_refuse.examples else { panic!("{nobody:?}") };
    assert_eq!(flip.marketplace.as_ref().unwrap().as_str(), "market");
    assert!(matches!(flip.actor, Actor::HubUser { role: HubRole::User, .. }));
    let guests = told(&json!({ "mode": "allow", "patterns": ["*"], "guests": true }));
    assert_eq!(counts(&guests), [2, 0, 0, 0, 1]);
    let [flip] = &*guests.would_allow.examples else { panic!("{guests:?}") };
    assert_eq!(flip.before, Reason::GuestsNotAdmitted);
    assert_eq!(flip.marketplace.as_ref().unwrap().as_str(), "market", "whose guest they were is known");
}

#[test]
fn l1_a_replay_takes_the_endpoints_that_have_the_policy_in_the_order_of_their_names() {
    let world = World::new();
    let access = world.add_policy(parsed(&world, "access", &policy("allow", &["*"])));
    let nobody = || parsed(&world, "access", &policy("allow", &[]));
    let change = || ReplayedChange { policy: access, configuration: nobody(), since: None, until: None };
    world.query(&world.owner).unwrap();
    assert_eq!(try_replay(&world, change()), Ok(Replay::default()), "no endpoint has it");
    for slug in ["zander", "auk"] {
        create_with(&world, slug, access);
    }
    world.attach_ids(vec![access]);
    let told = try_replay(&world, change()).unwrap();
    let found: Vec<_> = told.endpoints.iter().map(|at| (at.slug.as_str(), at.queries)).collect();
    assert_eq!(found, [("auk", 0), ("birds", 1), ("zander", 0)]);
    assert!(!told.truncated);
}

/// An endpoint of this name that has one policy.
fn create_with(world: &World, slug: &str, policy: PolicyId) {
    let owner = world.renewed(&world.owner);
    let wanted = new_endpoint(world.dataset, slug);
    let made = block_on(create_endpoint(&world.space, &world.context(), &owner, wanted)).unwrap();
    assert_eq!(made.slug, Slug::parse(slug).unwrap());
    let name = EndpointName::Id(made.id);
    block_on(attach(&world.space, &world.context(), &owner, name, vec![policy], None)).unwrap();
}

#[test]
fn l1_a_replay_is_refused_of_what_is_not_there_or_not_replayable_and_to_whom_it_is_not_for() {
    let world = World::new();
    let access = attached(&world, &[("access", policy("allow", &["*"]))]);
    let change = |policy: PolicyId, configuration: PolicyConfiguration| ReplayedChange {
        policy,
        configuration,
        since: None,
        until: None,
    };
    let everybody = || parsed(&world, "access", &policy("allow", &["*"]));
    let missing = "0198f000-0000-7000-8000-000000000001".parse().unwrap();
    assert_eq!(try_replay(&world, change(missing, everybody())), Err(ReplayError::NotFound));
    let limit = parsed(&world, "content", &json!({ "block": ["krill"] }));
    let refused = try_replay(&world, change(access, limit)).unwrap_err();
    assert_eq!(refused, ReplayError::NotReplayable("content".to_owned()));
    let group = parsed(&world, "access", &json!({ "mode": "allow", "patterns": ["group:board"] }));
    let refused = try_replay(&world, change(access, group)).unwrap_err();
    let ReplayError::UnknownReference(unknown) = refused else { panic!("{refused}") };
    assert_eq!(unknown.to.to_string(), "group \"board\"");
    let refused = block_on(replay(&world.space, &world.member, change(access, everybody())));
    assert!(matches!(refused, Err(ReplayError::Authorization(_))), "{refused:?}");
}

fn simulated(
    world: &World,
    who: &Principal,
    policy: PolicyId,
    json: &Value,
    people: Vec<SimulatedCaller>,
) -> Result<Simulation, SimulateError> {
    let configuration = parsed(world, "access", json);
    block_on(simulate(&world.space, who, HypotheticalChange { policy, configuration, people }))
}

fn person(address: &str, marketplace: Option<&str>) -> SimulatedCaller {
    let marketplace = marketplace.map(|name| name.parse().unwrap());
    SimulatedCaller { email: email(address), marketplace }
}

#[test]
fn l1_a_simulation_tells_whose_verdict_a_change_would_turn_and_at_which_endpoints() {
    let hub = Hub::new(&[]);
    let world = &hub.world;
    let access = attached(world, &[("access", policy("deny", &[MIA]))]);
    create_with(world, "auk", access);
    let owner = world.renewed(&world.owner);
    let people = vec![
        person("alice@example.com", Some("market")),
        person("olivia@harbor.example", None),
        person("stranger@example.com", None),
        person(MIA, None),
    ];
    let only_mia = policy("allow", &[MIA]);
    let told = simulated(world, &owner, access, &only_mia, people.clone()).unwrap();
    assert!(!told.truncated);
    assert_eq!(told.endpoints.iter().map(|at| at.slug.as_str()).collect::<Vec<_>>(), ["auk", "birds"]);
    let (was_in, was_out) = ((Effect::Allow, Reason::NotDenied), (Effect::Deny, Reason::DeniedByPolicy));
    let (is_in, is_out) = ((Effect::Allow, Reason::AllowedByPolicy), (Effect::Deny, Reason::NoPolicyAllows));
    for endpoint in &told.endpoints {
        let changes: Vec<_> =
            endpoint.changes.iter().map(|change| (&change.caller, change.before, change.after)).collect();
        let expected =
            [(&people[0], was_in, is_out), (&people[1], was_in, is_out), (&people[3], was_out, is_in)];
        assert_eq!(changes, expected, "a stranger is out, and stays so");
    }
    // Who is no active member any more is a stranger.
    world.change_member(None, Some(AccountStatus::Disabled));
    let owner = world.renewed(&world.owner);
    let told = simulated(world, &owner, access, &only_mia, people).unwrap();
    assert_eq!(told.endpoints[0].changes.len(), 2, "{told:?}");
}

#[test]
fn l1_a_simulation_is_refused_of_too_many_people_and_of_what_is_not_there() {
    let world = World::new();
    let access = attached(&world, &[("access", policy("deny", &[MIA]))]);
    let owner = world.renewed(&world.owner);
    let people = |count: usize| vec![person(MIA, None); count];
    let everybody = policy("allow", &["*"]);
    let told = simulated(&world, &owner, access, &everybody, people(MAX_SIMULATED)).unwrap();
    assert_eq!(told.endpoints[0].changes.len(), MAX_SIMULATED);
    let refused = simulated(&world, &owner, access, &everybody, people(MAX_SIMULATED + 1));
    assert_eq!(refused, Err(SimulateError::TooMany));
    let unknown = vec![person(MIA, None), person(MIA, Some("bazaar"))];
    let refused = simulated(&world, &owner, access, &everybody, unknown);
    assert_eq!(refused, Err(SimulateError::UnknownMarketplace(1, "bazaar".parse().unwrap())));
    let group = json!({ "mode": "allow", "patterns": ["group:board"] });
    let refused = simulated(&world, &owner, access, &group, Vec::new());
    assert!(matches!(refused, Err(SimulateError::UnknownReference(_))), "{refused:?}");
    let missing = "0198f000-0000-7000-8000-000000000001".parse().unwrap();
    assert_eq!(simulated(&world, &owner, missing, &everybody, people(1)), Err(SimulateError::NotFound));
    let refused = simulated(&world, &world.member, access, &everybody, people(1));
    assert!(matches!(refused, Err(SimulateError::Authorization(_))), "{refused:?}");
}

#[test]
fn z2_a_simulation_that_would_cost_too_much_ends_between_endpoints_and_says_so() {
    let world = World::new();
    let closing = |steps: u64| json!({ "at": "2000-01-01T00:00:00Z", "steps": steps });
    let simulate_with = |steps: u64, people: usize| {
        let costly = world.add_policy(parsed(&world, "closing", &closing(steps)));
        world.attach_ids(vec![costly]);
        let slug = format!("auk-{steps}");
        create_with(&world, &slug, costly);
        let configuration = parsed(&world, "closing", &closing(steps));
        let people = vec![person(MIA, None); people];
        let owner = world.renewed(&world.owner);
        let change = HypotheticalChange { policy: costly, configuration, people };
        let told = block_on(simulate(&world.space, &owner, change)).unwrap();
        (told.endpoints.len(), told.truncated)
    };
    // As it is and as it would be, at two endpoints, of two people: eight times its steps and nineteen more, of two million.
    assert_eq!(simulate_with(249_981, 2), (2, false));
    assert_eq!(simulate_with(249_982, 2), (1, true));
    assert_eq!(simulate_with(3_000_000, 1), (1, true), "one endpoint is always looked at");
}
