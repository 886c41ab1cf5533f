//! Policies in shadow: whom they would have refused is told by the events of answers, and by nothing else.

use std::pin::pin;
use std::time::Duration;

use serde_json::{Value, json};
use syft_space_domain::audit::RecordedReason;
use syft_space_domain::endpoint::QueryError;
use syft_space_domain::ids::PolicyId;
use syft_space_domain::policy::{
    ChangePolicy, Enforcement, NewPolicy, PolicyConfiguration, PolicyError, change_policy, create_policy,
};

use crate::ports::Search;
use crate::world::{World, block_on, policy, poll, question};

const ANSWERED: &str = "endpoint_query success  on it";
const DENIED: &str = "endpoint_query success shadow_denied on it";
const UNDECIDED: &str = "endpoint_query success shadow_undecided on it";
const LIMITED: &str = "policy_violation denied rate_limited on it";

/// Makes a policy in shadow.
fn tried(world: &World, policy_type: &str, json: &Value) -> PolicyId {
    let configuration = world.space.policy_types.parse(policy_type, json).unwrap();
    tried_as(world, configuration).unwrap()
}

fn tried_as(world: &World, configuration: PolicyConfiguration) -> Result<PolicyId, PolicyError> {
    let wanted =
        NewPolicy { name: "tried".parse().unwrap(), configuration, enforcement: Enforcement::Shadow };
    block_on(create_policy(&world.space, &world.context(), &world.owner, wanted)).map(|policy| policy.id)
}

fn enforced(world: &World, policy_type: &str, json: &Value) -> PolicyId {
    world.add_policy(world.space.policy_types.parse(policy_type, json).unwrap())
}

fn enforce_as(world: &World, id: PolicyId, enforcement: Enforcement) -> Result<(), PolicyError> {
    let change = ChangePolicy { enforcement: Some(enforcement), ..ChangePolicy::default() };
    block_on(change_policy(&world.space, &world.context(), &world.owner, id, change)).map(drop)
}

/// The events of this test, without those of changes.
fn queries(world: &World) -> Vec<String> {
    world.events().into_iter().filter(|event| !event.starts_with("config_change")).collect()
}

/// Which policy the last event names.
fn named(world: &World) -> Option<(PolicyId, u64)> {
    world.recorded().pop().unwrap().policy.map(|policy| (policy.id, policy.revision))
}

#[test]
fn u1_the_event_of_an_answer_tells_which_policy_in_shadow_would_have_refused_it() {
    let world = World::new();
    let access = enforced(&world, "access", &policy("allow", &["*"]));
    let strict = tried(&world, "access", &policy("deny", &["mia@harbor.example"]));
    world.attach_ids(vec![access, strict]);
    world.forget_events();
    world.query(&world.member).unwrap();
    assert_eq!((queries(&world), named(&world)), (vec![DENIED.to_owned()], Some((strict, 1))));
    // Whom it would have let in, too, is told of as ever.
    world.query(&world.owner).unwrap();
    assert_eq!((queries(&world).pop().unwrap(), named(&world)), (ANSWERED.to_owned(), Some((access, 1))));
    // What the others refuse is told of as that.
    let nobody = enforced(&world, "access", &policy("deny", &["*"]));
    world.attach_ids(vec![access, strict, nobody]);
    assert!(world.query(&world.member).is_err());
    assert_eq!(queries(&world).pop().unwrap(), "policy_violation denied access_denied on it");
    assert_eq!(named(&world), Some((nobody, 1)));
}

#[test]
fn u1_one_of_mode_allow_that_means_nobody_is_named_and_one_that_cannot_be_read_closes_nothing() {
    let world = World::new();
    let none = tried(&world, "access", &policy("allow", &[]));
    world.attach_ids(vec![none]);
    world.forget_events();
    world.query(&world.member).unwrap();
    assert_eq!((queries(&world), named(&world)), (vec![DENIED.to_owned()], Some((none, 1))));
    // A tenant's policy of a type that went is in shadow still.
    let unreadable = world.add_policy(PolicyConfiguration::from_storage("unknown", "{}", 0));
    let why = enforce_as(&world, unreadable, Enforcement::Shadow).unwrap_err();
    assert!(matches!(why, PolicyError::NoShadow(_)), "nobody opens an endpoint by it: {why}");
    let group = tried(&world, "access", &policy("allow", &["*"]));
    world.attach_ids(vec![group]);
    let configuration = PolicyConfiguration::from_storage("access", "{\"mode\": 7}", 0);
    let change = ChangePolicy { configuration: Some(configuration), ..ChangePolicy::default() };
    block_on(change_policy(&world.space, &world.context(), &world.owner, group, change)).unwrap();
    world.forget_events();
    world.query(&world.member).unwrap();
    assert_eq!((queries(&world), named(&world)), (vec![UNDECIDED.to_owned()], Some((group, 2))));
}

/// What becomes of queries that come at these seconds under a limit and a policy that is enforced.
fn counted(shadow: bool, seconds: &[u64], configuration: &Value, refused: &[usize]) -> Vec<bool> {
    let world = World::new();
    let id = if shadow {
        tried(&world, "rate_limit", configuration)
    } else {
        enforced(&world, "rate_limit", configuration)
    };
    let nobody = enforced(&world, "access", &policy("deny", &["mia@harbor.example"]));
    let mut last = 0;
    let mut let_in = Vec::new();
    for (place, second) in seconds.iter().enumerate() {
        let is_refused = refused.contains(&place);
        world.attach_ids(if is_refused { vec![id, nobody] } else { vec![id] });
        world.clock.advance(Duration::from_secs(second - last));
        last = *second;
        world.forget_events();
        let answered = world.query(&world.member);
        let_in.push(match (&answered, &*queries(&world).pop().unwrap()) {
            (Ok(_), ANSWERED) => true,
            (Ok(_), DENIED) if shadow => false,
            (Err(QueryError::Refused(_)), LIMITED) if !shadow => false,
            (Err(_), _) if is_refused => continue,
            (_, other) => panic!("{other}"),
        });
    }
    let_in
}

#[test]
fn l1_a_limit_in_shadow_counts_as_if_it_decided() {
    let seconds = [0, 1, 2, 3, 20, 21, 40, 41, 42, 59, 60, 61, 130, 131, 132];
    for configuration in [
        json!({ "rate": "3/m" }),
        json!({ "rate": "2/m", "burst": 1 }),
        json!({ "rate": "3/m", "window": "strict", "scope": "endpoint" }),
    ] {
        for refused in [&[][..], &[1, 2], &[0, 4, 9]] {
            let expected = counted(false, &seconds, &configuration, refused);
            assert!(expected.contains(&true) && expected.contains(&false), "{expected:?}");
            assert_eq!(
                counted(true, &seconds, &configuration, refused),
                expected,
                "{configuration} {refused:?}"
            );
        }
    }
}

#[test]
fn l1_what_a_limit_in_shadow_took_counts_when_it_is_enforced_and_is_given_back_as_if_it_decided() {
    let world = World::new();
    let limit = tried(&world, "rate_limit", &json!({ "rate": "2/d" }));
    let review = enforced(&world, "manual_review", &json!({}));
    world.attach_ids(vec![limit, review]);
    world.forget_events();
    // A question that waits for approval takes of a limit on how often is asked.
    assert!(world.query(&world.member).is_err());
    assert_eq!(queries(&world), ["policy_violation denied review_pending"]);
    world.attach_ids(vec![limit]);
    world.query(&world.member).unwrap();
    world.forget_events();
    world.query(&world.member).unwrap();
    assert_eq!((queries(&world), named(&world)), (vec![DENIED.to_owned()], Some((limit, 1))));
    enforce_as(&world, limit, Enforcement::Enforce).unwrap();
    assert!(world.query(&world.member).is_err());
    assert_eq!(queries(&world).pop().unwrap(), LIMITED);
}

#[test]
fn l1_where_one_in_shadow_refuses_no_other_in_shadow_is_taken_from() {
    let world = World::new();
    let limit = tried(&world, "rate_limit", &json!({ "rate": "1/d" }));
    let strict = tried(&world, "access", &policy("deny", &["*"]));
    let short = tried(&world, "token_limit", &json!({ "rate": "30/d" }));
    world.attach_ids(vec![limit, strict]);
    for _ in 0..3 {
        world.query(&world.member).unwrap();
    }
    // The question has 26 characters: there is room for one of them.
    world.attach_ids(vec![short, limit]);
    world.forget_events();
    world.query(&world.member).unwrap();
    world.query(&world.member).unwrap();
    assert_eq!(queries(&world), [ANSWERED, DENIED]);
}

#[test]
fn z2_a_policy_that_goes_into_shadow_or_out_of_it_acts_on_a_query_that_waits() {
    let world = World::new();
    let strict = tried(&world, "access", &policy("deny", &["mia@harbor.example"]));
    world.attach_ids(vec![strict]);
    for (enforcement, is_answered) in
        [(Enforcement::Enforce, false), (Enforcement::Shadow, true), (Enforcement::Enforce, false)]
    {
        // Whoever waits was let in, so it is in shadow as the query comes.
        enforce_as(&world, strict, Enforcement::Shadow).unwrap();
        world.engine.set(Search::Wait);
        let caller = world.renewed(&world.member);
        let mut call = pin!(world.open(&caller).unwrap().run(question()));
        assert!(poll(call.as_mut()).is_pending());
        enforce_as(&world, strict, enforcement).unwrap();
        world.forget_events();
        world.engine.set(Search::Answer);
        assert_eq!(block_on(call).is_ok(), is_answered);
        let expected = if is_answered { DENIED } else { "policy_violation denied access_denied on it" };
        assert_eq!(queries(&world), [expected]);
    }
}

#[test]
fn l1_a_limit_that_goes_into_shadow_or_out_of_it_while_a_query_waits_takes_once() {
    for (from, to) in
        [(Enforcement::Shadow, Enforcement::Enforce), (Enforcement::Enforce, Enforcement::Shadow)]
    {
        let world = World::new();
        let limit = tried(&world, "rate_limit", &json!({ "rate": "2/d" }));
        enforce_as(&world, limit, from).unwrap();
        world.attach_ids(vec![limit]);
        world.engine.set(Search::Wait);
        let caller = world.renewed(&world.member);
        let mut call = pin!(world.open(&caller).unwrap().run(question()));
        assert!(poll(call.as_mut()).is_pending());
        enforce_as(&world, limit, to).unwrap();
        world.forget_events();
        world.engine.set(Search::Answer);
        block_on(call).unwrap();
        // Of two there is one left, and then none.
        world.query(&world.member).unwrap();
        let last = world.query(&world.member);
        assert_eq!(last.is_ok(), to.is_shadow());
        let expected = if to.is_shadow() { DENIED } else { LIMITED };
        assert_eq!(queries(&world), [ANSWERED, ANSWERED, expected]);
    }
}

#[test]
fn u1_what_failed_or_was_refused_in_the_end_says_nothing_of_shadow() {
    let world = World::new();
    let strict = tried(&world, "access", &policy("deny", &["*"]));
    world.attach_ids(vec![strict]);
    world.engine.set(Search::Wait);
    world.forget_events();
    let caller = world.renewed(&world.member);
    {
        let mut call = pin!(world.open(&caller).unwrap().run(question()));
        assert!(poll(call.as_mut()).is_pending());
    }
    assert_eq!(
        (queries(&world), named(&world)),
        (vec!["endpoint_query failure canceled on it".to_owned()], None)
    );
}

#[test]
fn u1_a_type_that_would_write_or_changes_what_is_shown_is_never_in_shadow() {
    let world = World::new();
    for (policy_type, json) in [
        ("accounting", json!({ "price": "1", "currency": "EUR" })),
        ("disclosure_limit", json!({ "cap": 5, "window": "30d" })),
        ("manual_review", json!({})),
        ("pii_filter", json!({ "kinds": ["email"] })),
        // One of a program's own that does not say that it can.
        ("tickets", json!({ "name": "day" })),
    ] {
        let configuration = world.space.policy_types.parse(policy_type, &json).unwrap();
        assert!(matches!(tried_as(&world, configuration), Err(PolicyError::NoShadow(_))), "{policy_type}");
        let id = enforced(&world, policy_type, &json);
        let refused = enforce_as(&world, id, Enforcement::Shadow);
        assert!(matches!(refused, Err(PolicyError::NoShadow(_))), "{policy_type}");
    }
}

#[test]
fn u1_the_event_of_a_change_says_that_a_policy_is_in_shadow_or_decides() {
    let world = World::new();
    world.forget_events();
    let id = tried(&world, "access", &policy("allow", &["*"]));
    for enforcement in [Enforcement::Enforce, Enforcement::Enforce, Enforcement::Shadow] {
        enforce_as(&world, id, enforcement).unwrap();
    }
    let reasons = world.recorded().into_iter().map(|event| event.reason_code);
    let reasons: Vec<_> =
        reasons.rev().take(4).map(|one| one.map(|one| RecordedReason::as_str(&one).to_owned())).collect();
    assert_eq!(reasons[..3], [Some("put_in_shadow".to_owned()), None, Some("enforced".to_owned())]);
    assert!(reasons[3].as_ref().unwrap().starts_with("created,put_in_shadow,"), "{reasons:?}");
}
