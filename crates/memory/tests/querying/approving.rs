//! Questions that wait for somebody's approval.

use std::pin::pin;
use std::time::Duration;

use serde_json::{Value, json};
use syft_space_domain::access::Role;
use syft_space_domain::approval::{
    ApprovalError, ApprovalFilter, ApprovalRequest, ApprovalState, Filed, MAX_PENDING_OF_CALLER,
    MAX_PROMPT_BYTES, NewDecision, PENDING_FOR, QueueFull, ShownApproval, Verdict, approval, approvals,
    decide, own_approvals,
};
use syft_space_domain::audit::ObjectKind;
use syft_space_domain::dataset::ContextSize;
use syft_space_domain::endpoint::{Answer, Conversation, EndpointName, NotApproved, Query, QueryError};
use syft_space_domain::identity::{AccountStatus, AuthorizationError, Principal};
use syft_space_domain::ids::ApprovalId;
use syft_space_domain::page::PageRequest;
use syft_space_domain::policy::{
    ChangePolicy, HypotheticalCaller, HypotheticalQuery, PolicyOutcome, Purpose, Reason, change_policy,
    explain, remove_policy,
};
use syft_space_domain::text::Line;

use crate::ports::{Search, Submit};
use crate::world::{World, block_on, email, join, log_in, new_endpoint, poll, question};

pub(crate) fn reviewed(configuration: Value) -> World {
    let world = World::new();
    world.attach_all(&[("manual_review", configuration)]);
    world.forget_events();
    world
}

pub(crate) fn not_approved(answered: Result<Answer, QueryError>) -> Filed {
    match answered {
        Err(QueryError::NotApproved(NotApproved(filed))) => filed,
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("it was answered"),
    }
}

/// The request of a question that is not answered, which stands like this.
pub(crate) fn request(answered: Result<Answer, QueryError>, state: ApprovalState) -> ApprovalId {
    match not_approved(answered) {
        Filed::Request(id, found) if found == state => id,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn pending(world: &World, principal: &Principal) -> ApprovalId {
    request(world.query(principal), ApprovalState::Pending)
}

/// The owner, who has logged in by now.
pub(crate) fn the_owner(world: &World) -> Principal {
    log_in(&world.space, &email("olivia@harbor.example"))
}

pub(crate) fn the_member(world: &World) -> Principal {
    log_in(&world.space, &email("mia@harbor.example"))
}

pub(crate) fn listed(world: &World, filter: ApprovalFilter) -> Vec<ShownApproval> {
    let owner = the_owner(world);
    block_on(approvals(&world.space, &owner, filter, PageRequest::default())).unwrap().items
}

fn decide_as(
    world: &World,
    who: &Principal,
    id: ApprovalId,
    verdict: Verdict,
    note: Line,
) -> Result<ApprovalRequest, ApprovalError> {
    block_on(decide(&world.space, &world.context(), who, NewDecision { id, verdict, note }))
}

fn let_in(world: &World, id: ApprovalId) {
    let owner = the_owner(world);
    decide_as(world, &owner, id, Verdict::Approved, Line::default()).unwrap();
}

pub(crate) fn asked(text: &str) -> Query {
    Query::new(Conversation::of_question(text.to_owned()).unwrap(), 5, 0.0).unwrap()
}

pub(crate) fn run(world: &World, principal: &Principal, query: Query) -> Result<Answer, QueryError> {
    block_on(world.open(principal)?.run(query))
}

#[test]
fn z4_a_question_waits_is_approved_and_is_answered_until_that_very_instant() {
    let world = reviewed(json!({"valid_for": "12h"}));
    let id = pending(&world, &world.member);
    assert_eq!(pending(&world, &world.member), id, "the same question has one request");
    let [made, again] = &*world.recorded() else { panic!("there are two events") };
    let object = made.object.as_ref().map(|object| (object.kind, object.id.clone()));
    assert_eq!(object, Some((ObjectKind::Approval, id.to_string())), "what makes a request names it");
    assert_eq!(again.object.as_ref().map(|object| object.kind), Some(ObjectKind::Endpoint));
    let events = ["policy_violation denied review_pending", "policy_violation denied review_pending on it"];
    assert_eq!(world.events(), events);
    assert_eq!(listed(&world, ApprovalFilter::default()).len(), 1);
    let_in(&world, id);
    for _ in 0..3 {
        assert!(world.query(&world.member).is_ok());
    }
    world.clock.advance(Duration::from_secs(12 * 3_600) - Duration::from_micros(1));
    let member = the_member(&world);
    assert!(world.query(&member).is_ok());
    world.clock.advance(Duration::from_micros(1));
    assert_ne!(pending(&world, &member), id, "it is asked for anew");
    assert_eq!(listed(&world, ApprovalFilter::default()).len(), 1, "what has ended makes room");
}

#[test]
fn z4_an_approval_lets_in_its_caller_at_its_endpoint_with_its_question_alone() {
    let world = reviewed(json!({}));
    let id = pending(&world, &world.member);
    let_in(&world, id);
    let other = join(&world.space, &world.owner, "otto@harbor.example", Role::User);
    assert_ne!(pending(&world, &other), id);
    for query in [
        asked("What do penguins dive for"),
        asked("what do penguins dive for?"),
        question().for_purpose(Purpose::parse("teaching").ok()),
        question().with_context(ContextSize::parse(1).unwrap()),
        Query::new(question().conversation().clone(), 6, 0.0).unwrap(),
        Query::new(question().conversation().clone(), 5, 0.5).unwrap(),
    ] {
        assert_ne!(request(run(&world, &world.member, query), ApprovalState::Pending), id);
    }
    // Another endpoint has the same policy.
    let wanted = new_endpoint(world.dataset, "other-birds");
    let context = world.context();
    let owner = world.renewed(&world.owner);
    let elsewhere =
        block_on(syft_space_domain::endpoint::create_endpoint(&world.space, &context, &owner, wanted))
            .unwrap();
    let policy = listed(&world, ApprovalFilter::default())[0].request.key.policy;
    let name = EndpointName::Id(elsewhere.id);
    block_on(syft_space_domain::policy::attach(&world.space, &context, &owner, name, vec![policy], None))
        .unwrap();
    let call = world.open_at(&world.member, "other-birds", None).unwrap();
    assert_ne!(request(block_on(call.run(question())), ApprovalState::Pending), id);
    let here = ApprovalFilter { endpoint: Some(elsewhere.id), ..ApprovalFilter::default() };
    assert_eq!(listed(&world, here).len(), 1);
    assert!(world.query(&world.member).is_ok(), "what was approved stays so");
    let approved = ApprovalFilter { state: Some(ApprovalState::Approved), ..ApprovalFilter::default() };
    assert_eq!(listed(&world, approved).len(), 1);
}

#[test]
fn z4_what_was_denied_is_refused_until_that_ends_and_is_not_decided_otherwise() {
    let world = reviewed(json!({"valid_for": "1h"}));
    let id = pending(&world, &world.member);
    let (space, owner) = (&world.space, world.renewed(&world.owner));
    let note = Line::parse("ask the library").unwrap();
    world.forget_events();
    let denied = decide_as(&world, &owner, id, Verdict::Denied, note.clone()).unwrap();
    assert_eq!(request(world.query(&world.member), ApprovalState::Denied), id);
    assert_eq!(
        world.events(),
        ["config_change success denied", "policy_violation denied review_denied on it"]
    );
    // The same again changes nothing, and tells of what is so.
    world.clock.advance(Duration::from_secs(60));
    assert_eq!(decide_as(&world, &owner, id, Verdict::Denied, Line::default()), Ok(denied));
    let otherwise = decide_as(&world, &owner, id, Verdict::Approved, Line::default());
    assert_eq!(otherwise, Err(ApprovalError::Denied));
    let own = block_on(own_approvals(space, &world.member, PageRequest::default())).unwrap().items;
    let told: Vec<_> = own.iter().filter_map(|shown| shown.request.decided.as_ref()).collect();
    assert_eq!(told.iter().map(|decided| &decided.note).collect::<Vec<_>>(), [&note]);
    world.clock.advance(Duration::from_secs(3_540));
    let owner = the_owner(&world);
    let late = decide_as(&world, &owner, id, Verdict::Denied, Line::default());
    assert_eq!(late, Err(ApprovalError::Ended));
    let member = the_member(&world);
    let again = pending(&world, &member);
    assert_ne!(again, id);
    assert_eq!(decide_as(&world, &owner, id, Verdict::Denied, Line::default()), Err(ApprovalError::NotFound));
    world.clock.advance(PENDING_FOR);
    let owner = the_owner(&world);
    let lapsed = decide_as(&world, &owner, again, Verdict::Approved, Line::default());
    assert_eq!(lapsed, Err(ApprovalError::Ended), "it has waited too long");
}

#[test]
fn z4_nobody_decides_on_a_question_of_their_own_and_who_may_not_decides_on_none() {
    let world = reviewed(json!({}));
    let owner = world.renewed(&world.owner);
    let own = pending(&world, &owner);
    world.forget_events();
    let decided = decide_as(&world, &owner, own, Verdict::Approved, Line::default());
    assert_eq!(decided, Err(ApprovalError::OwnRequest));
    let member = world.renewed(&world.member);
    let refused = decide_as(&world, &member, own, Verdict::Approved, Line::default());
    assert!(matches!(refused, Err(ApprovalError::Authorization(_))), "{refused:?}");
    assert_eq!(world.events(), ["config_change denied own_request"]);
    // Who was an admin a moment ago is none when it is decided.
    let admin = join(&world.space, &world.owner, "ada@harbor.example", Role::Admin);
    let account = admin.member(syft_space_domain::access::Permission::Query).unwrap().account;
    let change =
        syft_space_domain::identity::ChangeMember { role: Some(Role::User), status: None, if_revision: None };
    block_on(syft_space_domain::identity::change_member(
        &world.space,
        &world.context(),
        &world.owner,
        account,
        change,
    ))
    .unwrap();
    let demoted = decide_as(&world, &admin, own, Verdict::Approved, Line::default());
    assert!(matches!(demoted, Err(ApprovalError::Authorization(_))), "{demoted:?}");
    assert_eq!(request(world.query(&owner), ApprovalState::Pending), own, "nothing was decided");
}

#[test]
fn z4_whom_access_refuses_makes_no_request_and_what_was_approved_helps_nobody_who_is_refused() {
    let world = World::new();
    let nobody = json!({"mode": "deny", "patterns": ["mia@harbor.example"]});
    let review = ("manual_review", json!({}));
    world.attach_all(&[review.clone(), ("access", nobody.clone())]);
    assert!(matches!(world.query(&world.member), Err(QueryError::Refused(_))));
    assert!(listed(&world, ApprovalFilter::default()).is_empty());
    world.attach_all(std::slice::from_ref(&review));
    let id = pending(&world, &world.member);
    let_in(&world, id);
    assert!(world.query(&world.member).is_ok());
    let policy = listed(&world, ApprovalFilter::default())[0].request.key.policy;
    let denies = world.space.policy_types.parse("access", &nobody).unwrap();
    let denies = world.add_policy(denies);
    world.attach_ids(vec![policy, denies]);
    assert!(matches!(world.query(&world.member), Err(QueryError::Refused(_))));
    // Who is refused while the question is filed makes no request either.
    let world = reviewed(json!({}));
    world.store.set(Submit::Hold);
    let mut call = Box::pin(world.open(&world.member).unwrap().run(question()));
    assert!(poll(call.as_mut()).is_pending());
    world.store.ahead(|| world.change_member(None, Some(AccountStatus::Disabled)));
    world.store.set(Submit::Run);
    assert!(matches!(block_on(call), Err(QueryError::Authorization(AuthorizationError::Unauthenticated(_)))));
    assert!(listed(&world, ApprovalFilter::default()).is_empty());
}

#[test]
fn z4_a_policy_that_is_changed_or_goes_takes_what_it_approved_along() {
    let world = reviewed(json!({"valid_for": "7d"}));
    let id = pending(&world, &world.member);
    let_in(&world, id);
    world.clock.advance(Duration::from_secs(600));
    assert!(world.query(&world.member).is_ok());
    let policy = listed(&world, ApprovalFilter::default())[0].request.key.policy;
    let (space, owner) = (&world.space, world.renewed(&world.owner));
    let configuration = space.policy_types.parse("manual_review", &json!({"valid_for": "10m"})).ok();
    let change = ChangePolicy { configuration, ..ChangePolicy::default() };
    block_on(change_policy(space, &world.context(), &owner, policy, change)).unwrap();
    let [shown] = &*listed(&world, ApprovalFilter::default()) else { panic!("there is one") };
    assert_eq!(shown.state, ApprovalState::Ended, "ten minutes are over");
    assert_ne!(pending(&world, &world.member), id);
    world.attach_ids(Vec::new());
    assert!(world.query(&world.member).is_ok(), "nobody asks for approval any more");
    block_on(remove_policy(space, &world.context(), &world.renewed(&owner), policy, None)).unwrap();
    assert!(listed(&world, ApprovalFilter::default()).is_empty());
}

#[test]
fn z4_who_waits_for_approval_is_counted_by_limits_and_charged_nothing() {
    let world = World::new();
    let limit = json!({"rate": "3/d"});
    let price = json!({"price": "1", "currency": "EUR", "budget": "1"});
    // In the order of attachment it is the first; it is asked behind the limit all the same.
    world.attach_all(&[("manual_review", json!({})), ("accounting", price), ("rate_limit", limit)]);
    let id = pending(&world, &world.member);
    assert_eq!(pending(&world, &world.member), id);
    let_in(&world, id);
    assert!(world.query(&world.member).is_ok(), "nothing was charged before");
    let refused = world.query(&world.member);
    let Err(QueryError::Refused(refusal)) = refused else { panic!("it was let in") };
    assert_eq!(refusal.policy.outcome, PolicyOutcome::RateLimited, "it has asked three times");
}

#[test]
fn z4_so_many_questions_of_a_caller_wait_and_no_more() {
    let world = reviewed(json!({}));
    let first = pending(&world, &world.member);
    for n in 1..MAX_PENDING_OF_CALLER {
        request(run(&world, &world.member, asked(&format!("owl {n}"))), ApprovalState::Pending);
    }
    world.forget_events();
    let full = run(&world, &world.member, asked("one more"));
    assert_eq!(not_approved(full), Filed::Full(QueueFull::OfCaller));
    assert_eq!(world.events(), ["policy_violation denied review_queue_full on it"]);
    assert_eq!(pending(&world, &world.member), first, "what waits waits on");
    assert_ne!(pending(&world, &world.renewed(&world.owner)), first, "others have their own room");
    let_in(&world, first);
    request(run(&world, &world.member, asked("one more")), ApprovalState::Pending);
}

#[test]
fn z4_the_text_is_kept_sealed_where_the_policy_says_so_and_reading_it_is_an_event() {
    for keep in [false, true] {
        let world = reviewed(json!({"keep_prompt": keep}));
        let id = pending(&world, &world.member);
        let owner = world.renewed(&world.owner);
        world.forget_events();
        let shown = block_on(approval(&world.space, &world.context(), &owner, id)).unwrap();
        let spoken = shown.prompt.map(|prompt| prompt.into_iter().map(|message| message.content).collect());
        let expected: Option<Vec<String>> = keep.then(|| vec!["What do penguins dive for?".to_owned()]);
        assert_eq!((spoken, shown.request.characters), (expected, 26));
        assert_eq!(shown.email, Some(email("mia@harbor.example")));
        let events: &[&str] = if keep { &["sensitive_read success "] } else { &[] };
        assert_eq!(world.events(), events);
        assert!(listed(&world, ApprovalFilter::default()).iter().all(|shown| shown.prompt.is_none()));
        // What cannot be kept whole is not asked for at all.
        let (long, most) = ("owls ".repeat(MAX_PROMPT_BYTES / 5 + 1), MAX_PROMPT_BYTES);
        let before = syft_space_domain::endpoint::Message {
            role: syft_space_domain::endpoint::MessageRole::System,
            content: long,
        };
        let last = syft_space_domain::endpoint::Message {
            role: syft_space_domain::endpoint::MessageRole::User,
            content: "owls".to_owned(),
        };
        let conversation = Conversation::of_messages(vec![before, last]).unwrap();
        let answered = run(&world, &world.member, Query::new(conversation, 5, 0.0).unwrap());
        match answered {
            Err(QueryError::Refused(refusal)) if keep => {
                let code = refusal.policy.entries.first().and_then(|entry| entry.reason_code);
                assert_eq!(code, Some("QUESTION_TOO_LONG"), "it has more than {most} bytes");
            }
            answered => assert!(!keep && matches!(not_approved(answered), Filed::Request(..))),
        }
    }
}

#[test]
fn z4_an_explanation_says_that_a_question_needs_approval_and_asks_nobody() {
    let world = reviewed(json!({}));
    let owner = world.renewed(&world.owner);
    let name = EndpointName::Id(world.endpoint.id);
    let mia = HypotheticalCaller::Address(email("mia@harbor.example"));
    let told = |conversation: Option<Conversation>| {
        let query = HypotheticalQuery { conversation, ..HypotheticalQuery::default() };
        let decision = block_on(explain(&world.space, &owner, &name, &mia, &query)).unwrap().decision;
        decision.diagnostics.reason
    };
    let conversation = || Some(Conversation::of_question("owls".to_owned()).unwrap());
    assert_eq!(told(None), Reason::MemberOfTenant, "what is not said refuses nobody");
    assert_eq!(told(conversation()), Reason::ReviewPending);
    assert!(listed(&world, ApprovalFilter::default()).is_empty(), "nothing is written");
    // As a query that says nothing else would be.
    let query = Query::new(conversation().unwrap(), 5, 0.5).unwrap();
    let id = request(run(&world, &world.member, query), ApprovalState::Pending);
    assert_eq!(told(conversation()), Reason::ReviewPending);
    let_in(&world, id);
    assert_eq!(told(conversation()), Reason::MemberOfTenant);
    world.clock.advance(Duration::from_secs(7 * 86_400));
    assert_eq!(told(conversation()), Reason::ReviewPending);
}

#[test]
fn z4_what_ends_while_the_answer_is_looked_for_is_not_answered() {
    let world = reviewed(json!({"valid_for": "1m"}));
    let id = pending(&world, &world.member);
    let_in(&world, id);
    world.store.set(Submit::Hold);
    let mut call = Box::pin(world.open(&world.member).unwrap().run(question()));
    assert!(poll(call.as_mut()).is_pending(), "its answer waits to be written");
    world.clock.advance(Duration::from_secs(60));
    world.store.set(Submit::Run);
    assert_ne!(request(block_on(call), ApprovalState::Pending), id);
}

#[test]
fn z4_an_approval_that_its_policy_ended_while_a_query_waits_lets_it_in_no_more() {
    let shorten = |world: &World, policy| {
        let configuration =
            world.space.policy_types.parse("manual_review", &json!({"valid_for": "10m"})).ok();
        let change = ChangePolicy { configuration, ..ChangePolicy::default() };
        let owner = world.renewed(&world.owner);
        block_on(change_policy(&world.space, &world.context(), &owner, policy, change)).unwrap();
    };
    for is_shortened in [true, false] {
        let world = reviewed(json!({"valid_for": "1h"}));
        let id = pending(&world, &world.member);
        let_in(&world, id);
        world.clock.advance(Duration::from_secs(600));
        let policy = listed(&world, ApprovalFilter::default())[0].request.key.policy;
        world.engine.set(Search::Wait);
        let mut waiting = pin!(world.open(&world.member).unwrap().run(question()));
        assert!(poll(waiting.as_mut()).is_pending());
        if is_shortened {
            shorten(&world, policy);
        } else {
            world.attach_all(&[("manual_review", json!({}))]);
        }
        world.forget_events();
        world.engine.set(Search::Answer);
        assert_ne!(request(block_on(waiting), ApprovalState::Pending), id, "it is asked for anew");
        assert_eq!(world.events(), ["policy_violation denied review_pending"], "it is on the new request");
    }
}

fn review_for(world: &World, valid_for: &str) -> ChangePolicy {
    let configuration =
        world.space.policy_types.parse("manual_review", &json!({"valid_for": valid_for})).ok();
    ChangePolicy { configuration, ..ChangePolicy::default() }
}

#[test]
fn z4_what_has_ended_under_a_policy_stays_ended_when_that_is_lengthened_again() {
    let world = reviewed(json!({"valid_for": "7d", "keep_prompt": true}));
    let id = pending(&world, &world.member);
    let_in(&world, id);
    world.clock.advance(Duration::from_secs(600));
    assert!(world.query(&world.member).is_ok());
    let policy = listed(&world, ApprovalFilter::default())[0].request.key.policy;
    for valid_for in ["10m", "7d"] {
        let owner = the_owner(&world);
        let change = review_for(&world, valid_for);
        block_on(change_policy(&world.space, &world.context(), &owner, policy, change)).unwrap();
        let state = |state| ApprovalFilter { state: Some(state), ..ApprovalFilter::default() };
        assert_eq!(listed(&world, state(ApprovalState::Approved)).len(), 0, "{valid_for}");
        let [ended] = &*listed(&world, state(ApprovalState::Ended)) else { panic!("there is one") };
        assert_eq!((ended.state, ended.request.id), (ApprovalState::Ended, id), "{valid_for}");
        let shown = block_on(approval(&world.space, &world.context(), &owner, id)).unwrap();
        assert_eq!(shown.prompt, None, "nobody reads what nobody decides on");
        let refused = decide_as(&world, &owner, id, Verdict::Approved, Line::default());
        assert_eq!(refused, Err(ApprovalError::Ended));
    }
    let refused = world.query(&world.member);
    assert_ne!(request(refused, ApprovalState::Pending), id);
}

#[test]
fn z4_what_was_approved_is_taken_back_at_once() {
    let world = reviewed(json!({"valid_for": "1h"}));
    let id = pending(&world, &world.member);
    let_in(&world, id);
    assert!(world.query(&world.member).is_ok());
    let owner = the_owner(&world);
    world.forget_events();
    let denied = decide_as(&world, &owner, id, Verdict::Denied, Line::default()).unwrap();
    assert_eq!(denied.decided.map(|decided| decided.verdict), Some(Verdict::Denied));
    assert_eq!(request(world.query(&world.member), ApprovalState::Denied), id);
    assert_eq!(world.events()[0], "config_change success denied");
    let again = decide_as(&world, &owner, id, Verdict::Approved, Line::default());
    assert_eq!(again, Err(ApprovalError::Denied), "what was denied stays so");
}

#[test]
fn z4_what_is_taken_back_while_its_query_waits_is_not_answered() {
    let deny = |world: &World, owner: &Principal, id| {
        decide_as(world, owner, id, Verdict::Denied, Line::default()).unwrap();
    };
    let told = ["config_change success denied", "policy_violation denied review_denied on it"];
    // While the search runs.
    let world = reviewed(json!({"valid_for": "1h"}));
    let id = pending(&world, &world.member);
    let_in(&world, id);
    let owner = the_owner(&world);
    world.engine.set(Search::Wait);
    let mut waiting = pin!(world.open(&world.member).unwrap().run(question()));
    assert!(poll(waiting.as_mut()).is_pending());
    world.forget_events();
    deny(&world, &owner, id);
    world.engine.set(Search::Answer);
    assert_eq!(request(block_on(waiting), ApprovalState::Denied), id);
    assert_eq!(world.events(), told);

    // While its answer waits to be recorded.
    let world = reviewed(json!({"valid_for": "1h"}));
    let id = pending(&world, &world.member);
    let_in(&world, id);
    let owner = the_owner(&world);
    let call = world.open(&world.member).unwrap();
    world.store.set(Submit::Hold);
    let mut waiting = pin!(call.run(question()));
    assert!(poll(waiting.as_mut()).is_pending());
    world.forget_events();
    world.store.ahead(|| deny(&world, &owner, id));
    world.store.set(Submit::Run);
    assert_eq!(request(block_on(waiting), ApprovalState::Denied), id);
    assert_eq!(world.events(), told);
}
