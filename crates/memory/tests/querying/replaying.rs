//! A replay is bounded by what it costs, and says where it ended.

use std::time::Duration;

use serde_json::{Value, json};
use syft_space_domain::policy::{PolicyConfiguration, Replay, ReplayedChange, replay};

use crate::world::{World, block_on, policy};

/// A world whose owner has asked so many questions, a minute apart, behind a policy of so many steps; and what its replay tells.
fn replayed(questions: u32, steps: u64) -> (World, Replay) {
    let world = World::new();
    let closing = |at: &str| parsed(&world, "closing", &json!({ "at": at, "steps": steps }));
    let costly = world.add_policy(closing("2999-01-01T00:00:00Z"));
    let access = world.add_policy(parsed(&world, "access", &policy("allow", &["*"])));
    world.attach_ids(vec![costly, access]);
    for _ in 0..questions {
        world.query(&world.owner).unwrap();
        world.clock.advance(Duration::from_secs(60));
    }
    let configuration = closing("2000-01-01T00:00:00Z");
    let change = ReplayedChange { policy: costly, configuration, since: None, until: None };
    let told = block_on(replay(&world.space, &world.owner, change)).unwrap();
    (world, told)
}

fn parsed(world: &World, policy_type: &str, configuration: &Value) -> PolicyConfiguration {
    world.space.policy_types.parse(policy_type, configuration).unwrap()
}

#[test]
fn l1_z2_a_replay_that_would_cost_too_much_tells_of_the_newest_queries_and_that_there_are_more() {
    let (world, told) = replayed(5, 30_000_000);
    assert!(told.truncated);
    // As the policy is, and as it would be: two queries are as much as may be looked at.
    let [endpoint] = &*told.endpoints else { panic!("one endpoint has the policy: {told:?}") };
    assert_eq!((endpoint.queries, endpoint.would_refuse.queries), (2, 2), "{told:?}");
    let newest: Vec<_> = world.recorded().iter().rev().take(2).map(|event| event.time).collect();
    assert_eq!(told.from.as_ref(), newest.last());
}

#[test]
fn z2_a_replay_of_all_there_is_says_so() {
    let (_, told) = replayed(5, 1);
    assert!(!told.truncated);
    let [endpoint] = &*told.endpoints else { panic!("one endpoint has the policy: {told:?}") };
    assert_eq!((endpoint.queries, endpoint.would_refuse.queries), (5, 5), "{told:?}");
}
