//! What the policies oblige to: it is taken before the work, settled with the answer, and released however else a call ends.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;

use serde_json::{Value, json};
use syft_space_domain::dataset::ports::SearchError;
use syft_space_domain::endpoint::{EndpointName, QueryError};
use syft_space_domain::policy::{
    HypotheticalCaller, HypotheticalQuery, PolicyConfiguration, Reason, Release, explain,
};

use crate::ports::{Search, Submit};
use crate::tickets::Take;
use crate::waiting::CHANGES;
use crate::world::{World, block_on, policy, poll, question};

/// A policy of which each query takes a ticket.
fn ticket(name: &str) -> (&'static str, Value) {
    ("tickets", json!({ "name": name }))
}

/// A world whose endpoint demands these tickets.
fn demanding(names: &[&str]) -> World {
    let world = World::new();
    world.attach_all(&names.iter().map(|name| ticket(name)).collect::<Vec<_>>());
    world.forget_events();
    world
}

#[test]
fn z5_what_an_answer_obliges_to_is_taken_before_the_search_and_settled_once_the_event_is_durable() {
    let world = demanding(&["day", "hour"]);
    world.engine.set(Search::Wait);
    let mut run = pin!(world.open(&world.member).unwrap().run(question()));
    assert!(poll(run.as_mut()).is_pending() && world.engine.is_waiting());
    assert_eq!(world.tickets.log(), ["day taken", "hour taken"]);
    world.store.set(Submit::Hold);
    world.engine.set(Search::Answer);
    assert!(poll(run.as_mut()).is_pending());
    assert_eq!((world.store.holds(), world.tickets.log().len()), (1, 2));
    world.store.set(Submit::Run);
    block_on(run).unwrap();
    assert_eq!(world.tickets.log()[2..], ["day settled", "hour settled"]);
    assert_eq!(world.events(), ["endpoint_query success  on it"]);
}

#[test]
fn z5_whom_a_policy_does_not_admit_takes_nothing_and_neither_does_a_call_that_is_not_run() {
    let world = World::new();
    world.attach_all(&[ticket("day"), ("access", policy("deny", &["mia@harbor.example"]))]);
    assert!(matches!(world.query(&world.member), Err(QueryError::Refused(_))));
    drop(world.open(&world.owner).unwrap());
    assert!(world.tickets.log().is_empty());
    world.query(&world.owner).unwrap();
    assert_eq!(world.tickets.log(), ["day taken", "day settled"]);
}

#[test]
fn z5_where_one_obligation_cannot_be_performed_those_before_it_are_released_and_nothing_is_searched() {
    let world = demanding(&["day", "hour"]);
    let refused = |take, log: &[&str], event: &str, reason| {
        world.tickets.set("hour", take);
        world.engine.set(Search::Panic);
        let before = (world.tickets.log().len(), world.events().len());
        let error = world.query(&world.member).err().unwrap();
        assert_eq!(world.tickets.log()[before.0..], *log);
        assert_eq!(world.events()[before.1..], [event]);
        // Explaining agrees, and takes nothing.
        let somebody = HypotheticalCaller::Address(world.member.email().unwrap().clone());
        let name = EndpointName::Id(world.endpoint.id);
        let (owner, query) = (world.renewed(&world.owner), HypotheticalQuery::default());
        let explained = block_on(explain(&world.space, &owner, &name, &somebody, &query)).unwrap().decision;
        assert_eq!((explained.is_allow(), explained.diagnostics.reason), (false, reason));
        assert_eq!(world.tickets.log()[before.0..], *log);
        error
    };
    let denied = "policy_violation denied policy_violation on it";
    let given_back = ["day taken", "day released"];
    let error = refused(Take::SoldOut, &given_back, denied, Reason::LimitReached);
    let QueryError::Refused(refusal) = error else { panic!("{error}") };
    let told = refusal.policy.entries.first().unwrap();
    assert_eq!((told.policy_type, told.reason_code), ("tickets", Some("POLICY_VIOLATION")));
    let unavailable = "endpoint_query failure policy_unavailable on it";
    let error = refused(Take::Fail, &given_back, unavailable, Reason::PolicyUnavailable);
    assert_eq!(error, QueryError::PolicyUnavailable);
    assert_eq!(world.tickets.released(), [Release::Refused; 2]);
}

#[test]
fn z5_whatever_refuses_behind_the_search_releases_what_was_taken() {
    for change in &CHANGES {
        let world = demanding(&["day"]);
        let member = world.renewed(&world.member);
        world.engine.set(Search::Wait);
        let mut run = pin!(world.open(&member).unwrap().run(question()));
        assert!(poll(run.as_mut()).is_pending());
        assert_eq!(world.tickets.log(), ["day taken"]);
        (change.make)(&world);
        world.engine.set(Search::Answer);
        assert!((change.refused)(&block_on(run).err().unwrap()), "{}", change.name);
        assert_eq!(world.tickets.log(), ["day taken", "day released"], "{}", change.name);
    }
}

#[test]
fn z5_what_was_taken_is_released_before_the_refusal_can_be_known() {
    let world = demanding(&["day"]);
    world.engine.set(Search::Fail(SearchError::Full));
    let call = world.open(&world.member).unwrap();
    world.store.set(Submit::Hold);
    let mut run = pin!(call.run(question()));
    assert!(poll(run.as_mut()).is_pending());
    assert_eq!(
        (world.store.holds(), world.tickets.log()),
        (1, vec!["day taken".into(), "day released".into()])
    );
    world.store.set(Submit::Run);
    assert_eq!(block_on(run).err(), Some(QueryError::PortError(SearchError::Full.into())));
    assert_eq!(world.events(), ["endpoint_query failure search_failed on it"]);
    assert_eq!(world.tickets.released(), [Release::Failed]);
}

#[test]
fn z5_a_policy_that_comes_while_the_search_runs_takes_what_it_demands_and_one_that_goes_gives_it_back() {
    let world = demanding(&["day"]);
    let held = |policies: &[(&str, Value)]| {
        world.engine.set(Search::Wait);
        let before = world.tickets.log().len();
        let mut run = pin!(world.open(&world.member).unwrap().run(question()));
        assert!(poll(run.as_mut()).is_pending());
        world.attach_all(policies);
        world.engine.set(Search::Answer);
        (block_on(run).err(), world.tickets.log()[before..].to_vec())
    };
    // The ticket of the first day is of another policy than that of the second.
    let told = ["day taken", "day released", "day taken", "hour taken", "day settled", "hour settled"];
    assert_eq!(held(&[ticket("day"), ticket("hour")]), (None, told.map(str::to_owned).into()));
    assert_eq!(held(&[]).1, ["day taken", "hour taken", "day released", "hour released"]);
    world.attach_all(&[ticket("day")]);
    let before = world.tickets.log().len();
    let configuration = PolicyConfiguration::from_storage("unknown", "{}", 0);
    let unreadable = world.add_policy(configuration);
    world.engine.set(Search::Wait);
    let mut run = pin!(world.open(&world.member).unwrap().run(question()));
    assert!(poll(run.as_mut()).is_pending());
    world.attach_ids(vec![unreadable]);
    world.forget_events();
    world.engine.set(Search::Answer);
    assert_eq!(block_on(run).err(), Some(QueryError::PolicyUnavailable));
    assert_eq!(world.query(&world.member).err(), Some(QueryError::PolicyUnavailable));
    assert_eq!(world.events(), ["endpoint_query failure policy_unavailable on it"; 2]);
    assert_eq!(world.tickets.log()[before..], ["day taken", "day released"]);
}

#[test]
fn z5_a_caller_who_is_gone_gets_back_what_was_taken_unless_the_log_says_that_they_were_answered() {
    let world = demanding(&["day", "hour"]);
    // While a policy's port is waited for.
    world.tickets.set("hour", Take::Wait);
    {
        let mut run = pin!(world.open(&world.member).unwrap().run(question()));
        assert!(poll(run.as_mut()).is_pending());
    }
    world.tickets.set("hour", Take::Give);
    assert_eq!(world.tickets.log(), ["day taken", "day released"]);
    // While the search runs.
    world.engine.set(Search::Wait);
    {
        let mut run = pin!(world.open(&world.member).unwrap().run(question()));
        assert!(poll(run.as_mut()).is_pending());
    }
    world.engine.set(Search::Answer);
    let released = ["day taken", "hour taken", "day released", "hour released"];
    assert_eq!(world.tickets.log()[2..], released);
    assert_eq!(world.events(), ["endpoint_query failure canceled on it"; 2]);
    // While the event of the answer waits to be written.
    let call = world.open(&world.member).unwrap();
    world.store.set(Submit::Hold);
    {
        let mut run = pin!(call.run(question()));
        assert!(poll(run.as_mut()).is_pending());
    }
    world.store.set(Submit::Run);
    assert_eq!(world.tickets.log()[6..], released);
    assert_eq!(world.events(), ["endpoint_query failure canceled on it"; 3]);
    // When it has been written.
    let call = world.open(&world.member).unwrap();
    world.store.set(Submit::Hold);
    {
        let mut run = pin!(call.run(question()));
        assert!(poll(run.as_mut()).is_pending());
        world.store.set(Submit::Run);
    }
    assert_eq!(world.tickets.log()[10..], ["day taken", "hour taken", "day settled", "hour settled"]);
    assert_eq!(world.events()[3..], ["endpoint_query success  on it"]);
    assert_eq!(world.tickets.released(), [Release::Canceled; 5]);
}

#[test]
fn z5_a_panic_releases_what_was_taken() {
    let world = demanding(&["day", "hour"]);
    let panics = || {
        let call = world.open(&world.member).unwrap();
        catch_unwind(AssertUnwindSafe(|| block_on(call.run(question())))).is_err()
    };
    world.tickets.set("hour", Take::Panic);
    assert!(panics());
    assert_eq!(world.tickets.log(), ["day taken", "day released"]);
    world.tickets.set("hour", Take::Give);
    world.engine.set(Search::Panic);
    assert!(panics());
    assert_eq!(world.tickets.log()[2..], ["day taken", "hour taken", "day released", "hour released"]);
    assert_eq!(world.events(), ["endpoint_query failure internal on it"; 2]);
}

#[test]
fn z5_what_cannot_be_recorded_is_not_answered_and_releases_what_was_taken() {
    let world = demanding(&["day"]);
    let call = world.open(&world.member).unwrap();
    world.store.set(Submit::Refuse);
    assert!(matches!(block_on(call.run(question())), Err(QueryError::PortError(_))));
    assert_eq!(world.tickets.log(), ["day taken", "day released"]);
}
