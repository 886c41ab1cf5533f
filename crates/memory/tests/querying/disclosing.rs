//! How much of what is found one caller may be shown.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use syft_space_domain::access::Role;
use syft_space_domain::dataset::Hits;
use syft_space_domain::dataset::ports::SearchError;
use syft_space_domain::endpoint::{Answer, Query, QueryError, QueryRefusal};
use syft_space_domain::identity::Principal;
use syft_space_domain::page::{PageLimit, PageRequest};
use syft_space_domain::policy::ports::CallerCoverage;
use syft_space_domain::policy::{
    Caller, ChangePolicy, CompiledPolicy, DecisionContext, ObligationContext, PolicyOutcome, PolicySet,
    PolicyTypes, QueryFacts, Resource, change_policy,
};

use syft_space_domain::store::StoreError;

use crate::ports::{Search, Submit};
use crate::world::{World, block_on, log_in, poll, question, references};

/// A world of three documents that are all found.
fn limited(configuration: Value) -> World {
    let world = World::new();
    world.put("gulls", "Gulls dive for krill, too.");
    world.put("terns", "Terns dive for krill as well.");
    world.attach_all(&[("disclosure_limit", configuration)]);
    world.forget_events();
    world
}

fn hits(answer: Answer) -> Hits {
    references(answer).into_iter().flat_map(|references| references.documents).collect()
}

fn shown(answer: Answer) -> Vec<String> {
    hits(answer).iter().map(|hit| hit.document.to_string()).collect()
}

fn ask(world: &World, principal: &Principal, limit: u64) -> Result<Answer, QueryError> {
    let query = Query::new(question().conversation().clone(), limit, 0.0).unwrap();
    block_on(world.open(principal)?.run(query))
}

fn refusal(answered: Result<Answer, QueryError>) -> QueryRefusal {
    match answered {
        Err(QueryError::Refused(refusal)) => refusal,
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("it was answered"),
    }
}

fn coverage(world: &World) -> Vec<CallerCoverage> {
    let scope = world.scope;
    let page = PageRequest { limit: PageLimit::LARGEST, after: None };
    let since = world.space.clock.now().minus(Duration::from_secs(86_400));
    let read = world.space.store.read(&scope, move |view| {
        let policies = view.policies(&scope, PageRequest { limit: PageLimit::LARGEST, after: None })?;
        let id = policies.items.last().map(|policy| policy.id);
        id.map_or_else(|| Ok(Vec::new()), |id| Ok(view.coverage(&scope, id, since, page)?.items))
    });
    let read: Result<_, StoreError> = read.wait();
    read.unwrap()
}

#[test]
fn z2_beyond_the_cap_only_what_was_shown_is_shown_and_the_answer_says_so() {
    let world = limited(json!({"cap": 2}));
    let first = world.query(&world.member).ok().unwrap();
    let [entry] = &*first.policy.entries else { panic!("{:?}", first.policy.entries) };
    assert_eq!((entry.policy_type, entry.kind, entry.status), ("disclosure_limit", "access", "applied"));
    assert_eq!((first.policy.outcome, entry.reason_code), (PolicyOutcome::Success, Some("DISCLOSURE_LIMIT")));
    let first = shown(first);
    assert_eq!(first.len(), 2);
    assert_eq!(shown(world.query(&world.member).ok().unwrap()), first);
    // The caller who asks for what they were shown learns of no limit, and others have their own.
    let again = ask(&world, &world.member, 2).ok().unwrap();
    assert!(again.policy.entries.is_empty());
    assert_eq!(shown(ask(&world, &world.owner, 1).ok().unwrap()).len(), 1);
    let mut told: Vec<u64> = coverage(&world).iter().map(|caller| caller.amount).collect();
    told.sort_unstable();
    assert_eq!(told, [1, 2]);
}

#[test]
fn z2_where_nothing_is_left_to_show_the_query_is_refused_and_nothing_counts() {
    let world = limited(json!({"cap": 8, "unit": "characters"}));
    let refused = refusal(world.query(&world.member));
    assert_eq!(refused.policy.outcome, PolicyOutcome::PolicyViolation);
    let entry = refused.policy.entries.first().unwrap();
    assert_eq!((entry.status, entry.reason_code), ("rejected", Some("DISCLOSURE_LIMIT")));
    assert_eq!(world.events(), ["policy_violation denied policy_violation on it"]);
    assert!(coverage(&world).is_empty());
}

#[test]
fn z2_what_is_not_answered_was_not_shown_and_counts_until_then() {
    let world = limited(json!({"cap": 1}));
    world.engine.set(Search::Fail(SearchError::Full));
    assert!(world.query(&world.member).is_err());
    world.engine.set(Search::Answer);
    // While an answer is written it counts. Then its caller goes: so it was answered, as the log says.
    world.store.set(Submit::Hold);
    let mut first = Box::pin(world.open(&world.member).unwrap().run(question()));
    assert!(poll(first.as_mut()).is_pending());
    world.store.set(Submit::Run);
    let first = shown(block_on(first).ok().unwrap());
    assert_eq!(first.len(), 1);
    // What fails to be written was not shown to anybody.
    world.store.set(Submit::Refuse);
    assert!(ask(&world, &world.owner, 3).is_err());
    world.store.set(Submit::Run);
    assert_eq!(shown(ask(&world, &world.owner, 3).ok().unwrap()).len(), 1);
    assert_eq!(shown(world.query(&world.member).ok().unwrap()), first);
    assert_eq!(coverage(&world).len(), 2);
}

#[test]
fn z2_after_the_window_something_else_may_be_shown() {
    let mut world = limited(json!({"cap": 1, "window": "1d"}));
    let [first] = &*shown(world.query(&world.member).ok().unwrap()) else { panic!("one is shown") };
    world.clock.advance(Duration::from_secs(86_400));
    let member = log_in(&world.space, world.member.email().unwrap());
    let [again] = &*shown(world.query(&member).ok().unwrap()) else { panic!("one is shown") };
    assert_eq!(again, first, "a little longer than the window");
    world.owner = log_in(&world.space, &world.owner.email().unwrap().clone());
    world.put(first, "The krill has gone.");
    refusal(world.query(&member));
    world.clock.advance(Duration::from_secs(2 * 86_400));
    let member = log_in(&world.space, world.member.email().unwrap());
    let [other] = &*shown(world.query(&member).ok().unwrap()) else { panic!("one is shown") };
    assert_eq!(coverage(&world).iter().map(|caller| caller.amount).collect::<Vec<_>>(), [1], "{other}");
    assert_ne!(other, first);
}

#[test]
fn z2_another_unit_begins_anew() {
    let world = limited(json!({"cap": 90, "unit": "characters"}));
    assert!(shown(world.query(&world.member).ok().unwrap()).len() > 1);
    let scope = world.scope;
    let read = world.space.store.read(&scope, move |view| {
        view.policies(&scope, PageRequest { limit: PageLimit::LARGEST, after: None })
    });
    let id = read.wait().unwrap().items.last().unwrap().id;
    let documents = world.space.policy_types.parse("disclosure_limit", &json!({"cap": 2})).unwrap();
    let change = ChangePolicy { configuration: Some(documents), ..ChangePolicy::default() };
    block_on(change_policy(&world.space, &world.context(), &world.owner, id, change)).unwrap();
    assert_eq!(shown(world.query(&world.member).ok().unwrap()).len(), 2);
}

#[test]
fn z2_another_process_knows_what_was_shown() {
    let world = limited(json!({"cap": 2}));
    let first = shown(world.query(&world.member).ok().unwrap());
    // A policy that is changed and changed back is compiled anew, by types that know nothing: here they are others.
    let policies = PolicyTypes::default();
    let configuration = policies.parse("disclosure_limit", &json!({"cap": 2})).unwrap();
    let scope = world.scope;
    let read = world.space.store.read(&scope, move |view| {
        view.policies(&scope, PageRequest { limit: PageLimit::LARGEST, after: None })
    });
    let id = read.wait().unwrap().items.last().unwrap().id;
    let compiled = CompiledPolicy::compile(&policies, id, 1, &configuration);
    let set = PolicySet::new([Arc::new(compiled)]);
    let facts = QueryFacts {
        principal: world.member.actor().id(),
        dataset: Some(world.dataset),
        documents: Some(5),
        ..QueryFacts::default()
    };
    let now = world.space.clock.now();
    let caller = Caller::Member { role: Role::User, email: world.member.email() };
    let resource = Resource::published(world.endpoint.id);
    let context = DecisionContext::at(now).of_query(facts);
    let decision = set.decide(resource, &caller, &context);
    let store = &world.space.store;
    let context = ObligationContext::in_store(now, store, world.scope);
    let (_, mut obligations) = block_on(decision.perform(&context));
    // All that there is, as if a search had found it.
    world.attach_all(&[]);
    let all = hits(world.query(&world.owner).ok().unwrap());
    assert_eq!(all.len(), 3);
    let mut left: Vec<String> = obligations.show(all).iter().map(|hit| hit.document.to_string()).collect();
    left.sort_unstable();
    let mut first = first;
    first.sort_unstable();
    assert_eq!(left, first);
}
