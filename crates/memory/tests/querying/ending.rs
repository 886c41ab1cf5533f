//! Each way in which a call can end.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;

use syft_space_domain::PortError;
use syft_space_domain::access::Role;
use syft_space_domain::dataset::ports::SearchError;
use syft_space_domain::endpoint::{
    Conversation, Message, MessageRole, Query, QueryError, check_visible, create_endpoint,
};
use syft_space_domain::identity::AuthorizationError;
use syft_space_domain::policy::PolicyOutcome;
use syft_space_domain::store::StoreError;

use crate::ports::{Search, Submit};
use crate::world::{SLUG, World, block_on, join, new_endpoint, policy, poll, question, references};

#[test]
fn u1_an_answer_is_one_part_with_what_was_found_and_leaves_one_event() {
    let world = World::new();
    let answer = world.query(&world.member).unwrap();
    assert_eq!((answer.policy.outcome, answer.policy.entries.len()), (PolicyOutcome::Success, 0));
    assert!(answer.cost().is_empty());
    let parts = references(answer);
    let [part] = parts.as_slice() else { panic!("a search gives one part: {parts:?}") };
    assert_eq!(part.engine, "embedded");
    assert_eq!(part.documents.iter().map(|hit| hit.document.as_str()).collect::<Vec<_>>(), ["penguins"]);
    assert_eq!(world.events(), ["endpoint_query success  on it"]);
    let [event] = world.recorded().try_into().unwrap();
    assert_eq!(event.actor, world.member.actor());
    assert_eq!(event.person.address, Some("192.0.2.7".parse().unwrap()));
}

#[test]
fn u1_the_engine_is_asked_the_last_question_with_the_limits_of_the_query() {
    let world = World::new();
    let of = |content: &str, limit, threshold| {
        let message = |role, content: &str| Message { role, content: content.to_owned() };
        let messages = vec![
            message(MessageRole::User, "What do penguins dive for?"),
            message(MessageRole::Tool, "krill"),
            message(MessageRole::User, content),
            message(MessageRole::Assistant, "penguins"),
        ];
        let query = Query::new(Conversation::of_messages(messages).unwrap(), limit, threshold).unwrap();
        assert_eq!(query.conversation().messages().count(), 4);
        let answer = block_on(world.open(&world.member).unwrap().run(query)).unwrap();
        references(answer).iter().map(|part| part.documents.len()).sum::<usize>()
    };
    assert_eq!(of("zebras", 5, 0.0), 0);
    assert_eq!(of("krill", 5, 0.0), 1);
    assert_eq!(of("krill", 5, 1.0), 0);
    let conversation = || Conversation::of_question("krill".to_owned()).unwrap();
    for (limit, threshold) in [(0, 0.5), (101, 0.5), (5, -0.1), (5, 1.1)] {
        assert!(Query::new(conversation(), limit, threshold).is_err(), "{limit} {threshold}");
    }
}

#[test]
fn u1_the_search_time_is_what_the_clock_says() {
    let world = World::new();
    world.engine.set(Search::Wait);
    let mut run = pin!(world.open(&world.member).unwrap().run(question()));
    assert!(poll(run.as_mut()).is_pending());
    world.clock.advance(std::time::Duration::from_millis(1_250));
    world.engine.set(Search::Answer);
    let parts = references(block_on(run).unwrap());
    assert_eq!(parts.iter().map(|part| part.search_ms).collect::<Vec<_>>(), [1_250]);
}

#[test]
fn u1_the_event_is_durable_before_the_answer_leaves() {
    let world = World::new();
    let call = world.open(&world.member).unwrap();
    world.store.set(Submit::Hold);
    let mut run = pin!(call.run(question()));
    assert!(poll(run.as_mut()).is_pending());
    assert_eq!((world.store.holds(), world.events().len()), (1, 0));
    world.store.set(Submit::Run);
    block_on(run).unwrap();
    assert_eq!(world.events(), ["endpoint_query success  on it"]);
}

#[test]
fn u1_what_cannot_be_recorded_is_not_answered() {
    let world = World::new();
    let busy = Some(QueryError::PortError(PortError::Store(StoreError::Busy)));
    let (answered, refused) = (world.open(&world.member).unwrap(), world.open(&world.member).unwrap());
    world.store.set(Submit::Refuse);
    assert_eq!(block_on(answered.run(question())).err(), busy);
    world.engine.set(Search::Fail(SearchError::Full));
    assert_eq!(block_on(refused.run(question())).err(), busy);
    assert_eq!(world.open_at(&world.member, "nothing", None).err(), busy);
    world.store.set(Submit::Run);
    assert!(world.events().is_empty());
}

#[test]
fn u1_a_refusal_by_a_policy_leaves_one_event() {
    let world = World::new();
    world.attach(&[policy("deny", &["mia@harbor.example"])]);
    let before = world.events();
    let Err(QueryError::Refused(refusal)) = world.query(&world.member) else { panic!("a policy refuses") };
    assert_eq!(refusal.policy.outcome, PolicyOutcome::AccessDenied);
    let entry = refusal.policy.entries.first().unwrap();
    assert_eq!(
        (entry.policy_type, entry.status, entry.reason_code),
        ("access", "rejected", Some("ACCESS_DENIED"))
    );
    assert_eq!(world.events()[before.len()..], ["policy_violation denied access_denied on it"]);
    world.query(&world.owner).unwrap();
}

#[test]
fn u1_a_search_that_fails_leaves_one_event() {
    let world = World::new();
    let error = SearchError::Failed("the disk".to_owned());
    world.engine.set(Search::Fail(error.clone()));
    assert_eq!(world.query(&world.member).err(), Some(QueryError::PortError(error.into())));
    assert_eq!(world.events(), ["endpoint_query failure search_failed on it"]);
}

#[test]
fn u1_an_endpoint_that_the_caller_may_not_know_of_is_not_there_and_its_name_stays_out_of_the_log() {
    let world = World::new();
    world.publish(false);
    let before = world.events().len();
    let member = world.member.renew(&*world.space.snapshots, world.space.clock.now()).unwrap();
    for (slug, hint) in [("nothing", None), (SLUG, None), (SLUG, Some("harbor"))] {
        assert_eq!(world.open_at(&member, slug, hint).err(), Some(QueryError::NotFound), "{slug}");
        let checked = block_on(check_visible(&world.space, &world.context(), &member, slug, hint));
        assert_eq!(checked, Err(QueryError::NotFound));
    }
    assert_eq!(world.open_at(&world.owner, SLUG, Some("another")).err(), Some(QueryError::NotFound));
    assert_eq!(world.events()[before..], ["endpoint_query denied endpoint_not_found"; 7]);
    assert!(world.recorded()[before..].iter().all(|event| event.object.is_none()));
}

#[test]
fn u1_a_draft_is_queried_by_who_may_change_it_and_a_hint_at_the_own_tenant_agrees() {
    let world = World::new();
    world.publish(false);
    let before = world.events().len();
    block_on(check_visible(&world.space, &world.context(), &world.owner, SLUG, Some("harbor"))).unwrap();
    assert_eq!(world.events().len(), before, "what is visible leaves its event with the call");
    block_on(world.open_at(&world.owner, SLUG, Some("harbor")).unwrap().run(question())).unwrap();
    assert_eq!(world.events()[before..], ["endpoint_query success  on it"]);
}

#[test]
fn u1_a_role_that_may_not_query_is_refused_and_leaves_one_event() {
    let world = World::new();
    let viewer = join(&world.space, &world.owner, "vic@harbor.example", Role::Viewer);
    let before = world.events().len();
    assert!(matches!(world.open(&viewer), Err(QueryError::Authorization(AuthorizationError::Forbidden(_)))));
    assert_eq!(world.events()[before..], ["authz_fail denied forbidden"]);
}

#[test]
fn u1_a_caller_who_is_gone_while_the_search_runs_leaves_one_event() {
    let world = World::new();
    world.engine.set(Search::Wait);
    {
        let mut run = pin!(world.open(&world.member).unwrap().run(question()));
        assert!(poll(run.as_mut()).is_pending() && world.engine.is_waiting());
        assert!(world.events().is_empty());
    }
    assert_eq!(world.events(), ["endpoint_query failure canceled on it"]);
}

#[test]
fn u1_a_caller_who_is_gone_before_or_behind_the_writing_of_the_event_leaves_one() {
    for (is_written, event) in
        [(false, "endpoint_query failure canceled on it"), (true, "endpoint_query success  on it")]
    {
        let world = World::new();
        let call = world.open(&world.member).unwrap();
        world.store.set(Submit::Hold);
        {
            let mut run = pin!(call.run(question()));
            assert!(poll(run.as_mut()).is_pending());
            if is_written {
                world.store.set(Submit::Run);
            }
        }
        world.store.set(Submit::Run);
        assert_eq!(world.events(), [event]);
    }
}

#[test]
fn u1_a_call_that_is_not_run_leaves_one_event() {
    let world = World::new();
    drop(world.open(&world.member).unwrap());
    drop(world.open(&world.member).unwrap().run(question()));
    assert_eq!(world.events(), ["endpoint_query failure canceled on it"; 2]);
}

#[test]
fn u1_a_panic_in_the_engine_leaves_one_event() {
    let world = World::new();
    world.engine.set(Search::Panic);
    let call = world.open(&world.member).unwrap();
    assert!(catch_unwind(AssertUnwindSafe(|| block_on(call.run(question())))).is_err());
    assert_eq!(world.events(), ["endpoint_query failure internal on it"]);
    world.engine.set(Search::Answer);
    world.query(&world.member).unwrap();
}

#[test]
fn u1_two_calls_at_once_leave_an_event_each() {
    let world = World::new();
    let wanted = new_endpoint(world.dataset, "more-birds");
    let other = block_on(create_endpoint(&world.space, &world.context(), &world.owner, wanted)).unwrap();
    let before = world.events().len();
    world.engine.set(Search::Wait);
    let open = |slug| world.open_at(&world.owner, slug, None).unwrap();
    let (first, second) = (open(SLUG), open("more-birds"));
    let (mut first, mut second) = (pin!(first.run(question())), pin!(second.run(question())));
    assert!(poll(first.as_mut()).is_pending() && poll(second.as_mut()).is_pending());
    world.engine.set(Search::Answer);
    block_on(second).unwrap();
    block_on(first).unwrap();
    let objects: Vec<_> = world.recorded()[before..]
        .iter()
        .filter_map(|event| event.object.clone())
        .map(|object| object.id)
        .collect();
    assert_eq!(objects, [other.id.to_string(), world.endpoint.id.to_string()]);
}
