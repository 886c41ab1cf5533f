//! Queries that hang on who is in a group.

use std::pin::pin;

use syft_space_domain::endpoint::QueryError;
use syft_space_domain::group::{GroupName, NewGroup, add_members, create_group, remove_members};
use syft_space_domain::policy::Reason;

use crate::ports::Search;
use crate::world::{World, block_on, email, policy, poll, question};

const ANSWERED: &str = "endpoint_query success  on it";
const REFUSED: &str = "policy_violation denied access_denied on it";

fn group(world: &World) -> GroupName {
    let name: GroupName = "readers".parse().unwrap();
    let wanted = NewGroup { name: name.clone(), description: "".parse().unwrap() };
    block_on(create_group(&world.space, &world.context(), &world.owner, wanted)).unwrap();
    name
}

fn put(world: &World, name: &GroupName) {
    let emails = vec![world.member.email().unwrap().clone(), email("other@harbor.example")];
    block_on(add_members(&world.space, &world.context(), &world.owner, name.clone(), emails)).unwrap();
}

fn take(world: &World, name: &GroupName) {
    let emails = vec![world.member.email().unwrap().clone()];
    block_on(remove_members(&world.space, &world.context(), &world.owner, name.clone(), emails)).unwrap();
}

#[test]
fn z2_who_is_taken_out_of_a_group_while_the_search_goes_on_is_not_answered() {
    let world = World::new();
    let name = group(&world);
    put(&world, &name);
    world.attach(&[policy("allow", &["group:readers"])]);
    let caller = world.renewed(&world.member);
    assert!(world.query(&caller).is_ok());
    for removed in [false, true] {
        world.forget_events();
        world.engine.set(Search::Wait);
        let mut call = pin!(world.open(&caller).unwrap().run(question()));
        assert!(poll(call.as_mut()).is_pending());
        if removed {
            take(&world, &name);
        }
        world.forget_events();
        world.engine.set(Search::Answer);
        match (block_on(call), removed) {
            (Ok(_), false) => assert_eq!(world.events(), [ANSWERED]),
            (Err(QueryError::Refused(_)), true) => assert_eq!(world.events(), [REFUSED]),
            (outcome, _) => panic!("{removed}: {:?}", outcome.map(drop)),
        }
    }
}

#[test]
fn z2_who_is_put_into_a_group_that_is_denied_while_the_search_goes_on_is_not_answered() {
    let world = World::new();
    let name = group(&world);
    world.attach(&[policy("deny", &["group:readers"])]);
    world.engine.set(Search::Wait);
    let caller = world.renewed(&world.member);
    let mut call = pin!(world.open(&caller).unwrap().run(question()));
    assert!(poll(call.as_mut()).is_pending());
    put(&world, &name);
    world.engine.set(Search::Answer);
    assert!(matches!(block_on(call), Err(QueryError::Refused(_))));
}

#[test]
fn z2_who_is_in_a_group_is_admitted_by_it_whichever_policies_stand_before() {
    let world = World::new();
    let name = group(&world);
    put(&world, &name);
    world.attach(&[policy("allow", &["nobody@harbor.example"]), policy("allow", &["group:readers"])]);
    let caller = world.renewed(&world.member);
    assert!(world.query(&caller).is_ok());
    let endpoint = caller.snapshot().endpoints().next().unwrap();
    let context = syft_space_domain::policy::DecisionContext::at(world.space.clock.now());
    let unknown = endpoint.decide(&caller.caller(None), &context);
    assert_eq!(unknown.diagnostics.reason, Reason::PolicyUnavailable, "without the groups nobody is let in");
}
