//! Policies in shadow: an endpoint decides as if they were not there, and what they would do is what it would decide if they decided too.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests and their helpers may panic")]

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use proptest::prelude::*;
use serde_json::{Value, json};
use syft_space_domain::access::Role;
use syft_space_domain::audit::ReasonCode;
use syft_space_domain::endpoint::Conversation;
use syft_space_domain::identity::Email;
use syft_space_domain::ids::{AccountId, ActorId, EndpointId, HubId, PolicyId};
use syft_space_domain::policy::{
    Caller, CompiledPolicy, Decision, DecisionContext, Enforcement, ObligationContext, Obligations,
    PolicyConfiguration, PolicySet, PolicyTypes, PolicyVerdict, Purpose, QueryFacts, Reason, Resource,
    Subject,
};
use syft_space_domain::time::Timestamp;

fn endpoint() -> EndpointId {
    EndpointId::from_bytes([9; 16])
}

/// A Tuesday, shortly before noon in Berlin.
fn now() -> Timestamp {
    Timestamp::parse("2026-11-24T10:30:00Z").unwrap()
}

/// Policies of each type that can be in shadow, and one that cannot be read.
fn configurations() -> Vec<(&'static str, Value)> {
    let access = |mode: &str, patterns: &[&str], guests: bool| {
        ("access", json!({ "mode": mode, "patterns": patterns, "guests": guests }))
    };
    let open = |from: &str| json!({ "zone": "Europe/Berlin", "open": [{ "days": ["tue"], "from": from, "until": "18:00" }] });
    vec![
        access("allow", &["ada@a.example"], false),
        access("allow", &["*@b.example"], true),
        access("allow", &["*"], false),
        access("allow", &[], false),
        access("deny", &["*@a.example"], false),
        access("deny", &["eve@b.example"], true),
        access("allow", &["group:readers"], false),
        ("purpose", json!({ "allowed": ["teaching", "research"] })),
        ("purpose", json!({ "allowed": ["research"] })),
        ("schedule", open("08:00")),
        ("schedule", open("12:00")),
        ("content", json!({ "block": ["password"] })),
        ("token_limit", json!({ "max_characters": 20 })),
        ("rate_limit", json!({ "rate": "1/h" })),
        ("rate_limit", json!({ "rate": "5/h", "scope": "endpoint" })),
        ("horoscope", json!({})),
    ]
}

type Attached = (usize, Enforcement);

fn attached() -> impl Strategy<Value = Vec<Attached>> {
    let enforcement = prop_oneof![Just(Enforcement::Enforce), Just(Enforcement::Shadow)];
    prop::collection::vec((0..configurations().len(), enforcement), 0..7)
}

fn id(place: usize) -> PolicyId {
    PolicyId::from_bytes([u8::try_from(place).unwrap(); 16])
}

/// Those of the policies that are to be there, each enforced as is said.
fn set(
    types: &PolicyTypes,
    attached: &[Attached],
    enforced_as: impl Fn(Enforcement) -> Option<Enforcement>,
) -> PolicySet {
    let all = configurations();
    let compiled = attached.iter().enumerate().filter_map(|(place, (which, enforcement))| {
        let (name, json) = all.get(*which).unwrap();
        let stored = match types.parse(name, json) {
            Ok(parsed) => parsed,
            Err(_) => PolicyConfiguration::from_storage(name, &json.to_string(), 0),
        };
        let compiled = CompiledPolicy::compile(types, id(place), 3, &stored);
        Some(Arc::new(compiled.enforced_as(enforced_as(*enforcement)?)))
    });
    PolicySet::new(compiled)
}

/// All that is decided, but for which policies are in shadow.
fn told(decision: &Decision) -> impl PartialEq + std::fmt::Debug + use<> {
    let steps = decision.diagnostics.policies.iter();
    let obliged = decision.obligations.iter().map(|demand| demand.policy);
    (
        decision.effect,
        decision.diagnostics.reason,
        decision.diagnostics.decided_by.clone(),
        steps.map(|step| (step.policy, step.revision, step.effect, step.outcome.clone())).collect::<Vec<_>>(),
        obliged.collect::<Vec<_>>(),
        decision.purposes.clone(),
        decision.metadata(Vec::new()).outcome,
        decision.has_filters(),
    )
}

fn callers(email: &Email) -> Vec<Caller<'_>> {
    let (known, unknown) = (Subject::Identified { email: Some(email) }, Subject::Identified { email: None });
    let hub = Some(HubId::from_bytes([7; 16]));
    vec![
        Caller::Member { role: Role::User, email: Some(email) },
        Caller::Member { role: Role::Viewer, email: Some(email) },
        Caller::Member { role: Role::Owner, email: Some(email) },
        Caller::Stranger { email: Some(email) },
        Caller::HubUser { hub, subject: known },
        Caller::HubUser { hub, subject: unknown },
        Caller::HubUser { hub, subject: Subject::Guest },
        Caller::HubUser { hub: None, subject: known },
    ]
}

fn ready<T>(work: impl Future<Output = T>) -> T {
    match pin!(work).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => panic!("what is in shadow is waited for"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn z2_who_is_let_in_does_not_hang_on_policies_in_shadow_and_what_they_would_do_is_what_they_do_enforced(
        attached in attached(),
        email in prop_oneof!["(ada|bob|eve)@(a|b|c)\\.example"].prop_map(|text| Email::parse(&text).unwrap()),
        question in prop_oneof![Just("a word"), Just("the password"), Just("a question that is a long one")],
        purpose in prop::option::of(prop_oneof![Just("teaching"), Just("research"), Just("sport")]),
        published in any::<bool>(),
        asks in any::<bool>(),
    ) {
        let types = PolicyTypes::default();
        let mixed = set(&types, &attached, Some);
        let enforced = set(&types, &attached, |one| (!one.is_shadow()).then_some(one));
        let all = set(&types, &attached, |_| Some(Enforcement::Enforce));
        let conversation = Conversation::of_question(question.to_owned()).unwrap();
        let purpose = purpose.map(|purpose| Purpose::parse(purpose).unwrap());
        let facts = QueryFacts {
            principal: Some(ActorId::from(AccountId::from_bytes([5; 16]))),
            conversation: Some(&conversation),
            purpose: purpose.as_ref(),
            ..QueryFacts::default()
        };
        let context = DecisionContext { query: asks.then_some(facts), ..DecisionContext::at(now()) };
        let resource = Resource { endpoint: endpoint(), published };
        let ids = |set: &PolicySet| set.iter().map(|policy| policy.id).collect::<Vec<_>>();
        prop_assert_eq!(ids(&mixed), ids(&enforced));
        prop_assert_eq!(mixed.attached().count(), attached.len());
        prop_assert_eq!(mixed.has_shadow(), attached.iter().any(|(_, one)| one.is_shadow()));
        for caller in callers(&email) {
            let decided = mixed.decide(resource, &caller, &context);
            prop_assert_eq!(told(&decided), told(&enforced.decide(resource, &caller, &context)));
            prop_assert_eq!(mixed.is_visible(published, &caller), enforced.is_visible(published, &caller));
            let Some(tried) = mixed.decide_with_shadow(resource, &caller, &context) else {
                prop_assert!(!mixed.has_shadow());
                continue;
            };
            prop_assert_eq!(told(&tried), told(&all.decide(resource, &caller, &context)));
            for step in &tried.diagnostics.policies {
                let place = (0..attached.len()).find(|place| id(*place) == step.policy).unwrap();
                prop_assert_eq!(step.enforcement, attached.get(place).unwrap().1);
            }
            if !decided.is_allow() {
                continue;
            }
            let (is_let_in, reason) = (tried.is_allow(), tried.diagnostics.reason);
            let decider = tried.diagnostics.decided_by.clone();
            let unreadable = tried.diagnostics.policies.iter().any(|step| step.outcome == PolicyVerdict::Unavailable);
            let obliged = ObligationContext::at(now());
            let (found, held) = ready(mixed.shadow(Some(tried), &obliged, Obligations::default()));
            // Each limit has room for one, unless another query of this test has taken it: by then it is denied.
            match found {
                None => prop_assert!(is_let_in),
                Some(found) => {
                    let place = (0..attached.len()).find(|place| id(*place) == found.policy.id).unwrap();
                    prop_assert!(attached.get(place).unwrap().1.is_shadow(), "{:?}", found);
                    prop_assert_eq!(found.policy.revision, 3);
                    let undecided = unreadable || reason == Reason::AddressUnknown;
                    let expected = if undecided { ReasonCode::ShadowUndecided } else { ReasonCode::ShadowDenied };
                    prop_assert_eq!(found.reason_code, expected);
                    if let Some(decider) = decider.filter(|_| reason == Reason::DeniedByPolicy) {
                        prop_assert_eq!(decider.policy, found.policy.id);
                    }
                }
            }
            held.settle();
        }
    }
}

#[test]
fn each_type_says_whether_it_can_be_in_shadow_and_one_that_cannot_says_what_else_can_be_done() {
    let types = PolicyTypes::default();
    let (can, cannot): (Vec<_>, Vec<_>) =
        types.iter().map(|one| (one.name(), one.check_shadow())).partition(|(_, can)| can.is_ok());
    let names: Vec<_> = can.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["access", "content", "purpose", "rate_limit", "schedule", "token_limit"]);
    for (name, why) in cannot {
        let why = why.unwrap_err();
        assert!(why.contains("in shadow: ") && why.contains(name), "{name}: {why}");
        assert_eq!(types.check_shadow(name), Err(why.to_owned()));
    }
    assert!(types.check_shadow("horoscope").unwrap_err().contains("horoscope"));
}

#[test]
fn z2_one_in_shadow_that_cannot_be_read_or_cannot_be_in_shadow_closes_nothing_and_takes_nothing() {
    let types = PolicyTypes::default();
    let price = types.parse("accounting", &json!({ "price": "1", "currency": "EUR" })).unwrap();
    let unknown = PolicyConfiguration::from_storage("horoscope", "{}", 0);
    for configuration in [price, unknown] {
        let compiled = CompiledPolicy::compile(&types, id(1), 1, &configuration);
        let policies = PolicySet::new([Arc::new(compiled.enforced_as(Enforcement::Shadow))]);
        let caller = Caller::Member { role: Role::User, email: None };
        let context = DecisionContext::at(now()).of_query(QueryFacts::default());
        let resource = Resource::published(endpoint());
        let decided = policies.decide(resource, &caller, &context);
        assert_eq!((decided.is_allow(), decided.obligations.len()), (true, 0));
        let tried = policies.decide_with_shadow(resource, &caller, &context);
        let obliged = ObligationContext::at(now());
        let (found, held) = ready(policies.shadow(tried, &obliged, Obligations::default()));
        assert_eq!(found.unwrap().reason_code, ReasonCode::ShadowUndecided);
        assert!(held.is_empty());
        held.settle();
    }
}
