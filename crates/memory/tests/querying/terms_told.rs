//! What callers and owners are told of policies that limit, record and review: before a query, and by its event.

use std::time::Duration;

use serde_json::json;
use syft_space_domain::approval::{
    ApprovalState, Filed, MAX_PENDING_OF_CALLER, MAX_PROMPT_BYTES, PENDING_FOR, QueueFull,
};
use syft_space_domain::endpoint::{
    Conversation, ForecastQuery, Message, MessageRole, OwnAccess, Query, QueryError, own_access,
};
use syft_space_domain::identity::Principal;
use syft_space_domain::page::PageRequest;
use syft_space_domain::policy::{Allowance, DisclosureStatus, ReplayError, ReplayedChange, replay};

use crate::approving::{asked, not_approved, request, reviewed, run, the_member};
use crate::ports::Submit;
use crate::world::{World, block_on, policy, question, references};

fn told(world: &World, who: &Principal) -> OwnAccess {
    let (space, page) = (&world.space, PageRequest::default());
    let found = block_on(own_access(space, who, &ForecastQuery::default(), page)).unwrap();
    let [one] = found.items.try_into().unwrap();
    one
}

fn shown(world: &World, limit: u64) -> Result<Vec<String>, QueryError> {
    let query = Query::new(question().conversation().clone(), limit, 0.0).unwrap();
    let answer = block_on(world.open(&world.member)?.run(query))?;
    let found = references(answer).into_iter().flat_map(|references| references.documents);
    Ok(found.map(|hit| hit.document.to_string()).collect())
}

#[test]
fn z4_who_may_ask_reads_in_a_sentence_what_each_policy_does_with_their_questions() {
    let world = World::new();
    let terms = [
        (
            "disclosure_limit",
            json!({"cap": 20, "unit": "chunks", "window": "7d"}),
            "In 7 days each caller is shown at most 20 chunks.",
        ),
        ("disclosure_log", json!({}), "Which documents an answer shows is recorded."),
        (
            "manual_review",
            json!({"valid_for": "12h"}),
            "A person approves each question before it is answered, each time for 12h.",
        ),
        ("pii_filter", json!({}), "Personal data is left out of what is shown."),
    ];
    world.attach_all(&terms.clone().map(|(name, configuration, _)| (name, configuration)));
    let expected = terms.map(|(name, _, sentence)| (name, sentence.to_owned()));
    assert_eq!(told(&world, &world.renewed(&world.member)).terms, expected);
}

#[test]
fn z2_who_may_ask_is_told_how_much_more_they_may_be_shown() {
    let world = World::new();
    world.put("gulls", "Gulls dive for krill, too.");
    world.put("terns", "Terns dive for krill as well.");
    world.attach_all(&[("disclosure_limit", json!({"cap": 3, "window": "2d"}))]);
    let left = |who: &Principal| {
        let [Allowance::Disclosure(status)] = &*told(&world, &world.renewed(who)).allowances else {
            panic!("it is limited")
        };
        let window = Duration::from_secs(2 * 86_400);
        let remaining = status.remaining;
        assert_eq!(*status, DisclosureStatus { unit: "documents", cap: 3, remaining, window });
        remaining
    };
    assert_eq!(left(&world.member), 3);
    for (limit, expected) in [(2, 1), (2, 1), (3, 0)] {
        shown(&world, limit).unwrap();
        assert_eq!(left(&world.member), expected);
    }
    assert_eq!(left(&world.owner), 3, "others have their own");
}

#[test]
fn z2_what_an_answer_that_failed_would_have_shown_leaves_room_for_something_else() {
    let world = World::new();
    world.attach_all(&[("disclosure_limit", json!({"cap": 1, "unit": "chunks"}))]);
    world.store.set(Submit::Refuse);
    assert!(shown(&world, 1).is_err());
    world.store.set(Submit::Run);
    // It is another chunk now.
    world.put("penguins", "Penguins dive for krill and for squid.");
    assert_eq!(shown(&world, 1), Ok(vec!["penguins".to_owned()]));
    world.put("penguins", "Penguins dive for squid alone.");
    assert!(matches!(shown(&world, 1), Err(QueryError::Refused(_))), "one was shown");
}

#[test]
fn u1_the_event_of_an_answer_names_what_it_showed_where_a_policy_says_so_and_nowhere_else() {
    let world = World::new();
    world.put("gulls", "Gulls dive for krill, too.");
    for is_named in [false, true] {
        let named: &[_] = if is_named { &[("disclosure_log", json!({}))] } else { &[] };
        world.attach_all(named);
        world.forget_events();
        let mut answered = shown(&world, 5).unwrap();
        answered.sort_unstable();
        assert_eq!(answered, ["gulls", "penguins"]);
        let [event] = world.recorded().try_into().unwrap();
        let named = event.person.shown.map(|shown| {
            let mut shown: Vec<_> = shown.iter().map(ToString::to_string).collect();
            shown.sort_unstable();
            shown
        });
        assert_eq!(named, is_named.then_some(answered));
    }
}

#[test]
fn l1_a_policy_that_records_is_replayed_and_changes_nothing_and_one_that_takes_away_is_not() {
    let world = World::new();
    let parsed = |name: &str, json| world.space.policy_types.parse(name, &json).unwrap();
    let access = world.add_policy(parsed("access", policy("allow", &["*"])));
    let log = world.add_policy(parsed("disclosure_log", json!({})));
    let filter = world.add_policy(parsed("pii_filter", json!({})));
    world.attach_ids(vec![log, filter, access]);
    for _ in 0..3 {
        world.query(&world.member).unwrap();
        world.clock.advance(Duration::from_secs(1));
    }
    let replayed = |policy, configuration| {
        let change = ReplayedChange { policy, configuration, since: None, until: None };
        let [endpoint] = block_on(replay(&world.space, &world.owner, change))?.endpoints.try_into().unwrap();
        assert_eq!((endpoint.queries, endpoint.untold, endpoint.unlike_recorded), (3, 0, 0));
        Ok((endpoint.would_refuse.queries, endpoint.would_allow.queries))
    };
    assert_eq!(replayed(access, parsed("access", policy("deny", &["mia@harbor.example"]))), Ok((3, 0)));
    assert_eq!(replayed(log, parsed("disclosure_log", json!({}))), Ok((0, 0)));
    let not_replayable = Err(ReplayError::NotReplayable("pii_filter".to_owned()));
    assert_eq!(replayed(filter, parsed("pii_filter", json!({}))), not_replayable);
}

#[test]
fn z4_a_question_as_long_as_what_is_kept_waits_and_one_byte_more_is_refused() {
    let world = reviewed(json!({"keep_prompt": true}));
    let of = |bytes: usize| {
        let messages = [(MessageRole::System, "a".repeat(bytes - 4)), (MessageRole::User, "owls".to_owned())];
        let messages = messages.map(|(role, content)| Message { role, content });
        Query::new(Conversation::of_messages(messages.into()).unwrap(), 5, 0.0).unwrap()
    };
    request(run(&world, &world.member, of(MAX_PROMPT_BYTES)), ApprovalState::Pending);
    let Err(QueryError::Refused(refusal)) = run(&world, &world.member, of(MAX_PROMPT_BYTES + 1)) else {
        panic!("it is too long")
    };
    let entry = refusal.policy.entries.first().unwrap();
    assert_eq!(entry.reason_code, Some("QUESTION_TOO_LONG"));
    let told = "somebody must approve each question, and this one is longer than what is kept for them";
    assert_eq!(entry.reason, Some(told));
}

#[test]
fn z4_whose_queue_is_full_is_told_so_until_the_very_instant_in_which_a_question_has_waited_too_long() {
    let world = reviewed(json!({"keep_prompt": true}));
    for n in 0..MAX_PENDING_OF_CALLER {
        request(run(&world, &world.member, asked(&format!("owl {n}"))), ApprovalState::Pending);
    }
    // Where the space has hardly room for texts they are told of their own queue, which comes first.
    world.space.ingestion.set_paused(true);
    world.clock.advance(PENDING_FOR - Duration::from_micros(1));
    let full = run(&world, &the_member(&world), asked("one more"));
    assert_eq!(not_approved(full), Filed::Full(QueueFull::OfCaller));
    world.space.ingestion.set_paused(false);
    world.clock.advance(Duration::from_micros(1));
    request(run(&world, &the_member(&world), asked("one more")), ApprovalState::Pending);
}
