//! The long proof of policies: verdict, reason and decider of random cases, against a naive evaluator that is written from
//! docs/policies.md alone. 10,000 cases; `SYFT_SPACE_PROVE_CASES` says another number.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests and their helpers may panic"
)]

mod export;
mod naive;
mod written;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use syft_space_domain::endpoint::{Conversation, Message};
use syft_space_domain::group::{GroupMemberships, GroupName, GroupSnapshot};
use syft_space_domain::identity::Email;
use syft_space_domain::ids::{EndpointId, GroupId, HubId, PolicyId};
use syft_space_domain::policy::{
    Caller, CompiledPolicy, Decision, DecisionContext, Effect, PolicyConfiguration, PolicySet, PolicyTypes,
    PolicyVerdict, Purpose, QueryFacts, Reason, Resource, Subject,
};
use syft_space_domain::time::Timestamp;

use crate::export::Export;
use crate::naive::{Expected, Word, expected};
use crate::written::{BEGUN, Case, Query, Who, Written, case};

/// How many cases there are unless somebody says otherwise.
const CASES: u32 = 10_000;

/// The reasons that a verdict can have: all but those that show only when something is taken of a limit, or approval is looked for.
fn reasons() -> impl Iterator<Item = Reason> {
    let later = [Reason::LimitReached, Reason::ReviewPending, Reason::ReviewDenied];
    Reason::ALL.into_iter().filter(move |reason| !later.contains(reason))
}

fn id(place: usize) -> PolicyId {
    PolicyId::from_bytes([u8::try_from(place).unwrap(); 16])
}

fn compile(types: &PolicyTypes, policies: &[Written]) -> PolicySet {
    let compiled = policies.iter().enumerate().map(|(place, policy)| {
        let configuration = match policy {
            Written::Unreadable { policy_type, text } => {
                PolicyConfiguration::from_storage(policy_type, text, 0)
            }
            Written::Access { .. } | Written::Demands(_) => {
                types.parse(policy.policy_type(), &policy.to_json()).unwrap()
            }
        };
        Arc::new(CompiledPolicy::compile(types, id(place), 1, &configuration))
    });
    PolicySet::new(compiled)
}

fn conversation(query: &Query) -> Option<Conversation> {
    let messages = query.conversation.as_ref()?.iter();
    let messages = messages.map(|said| Message { role: said.role, content: said.text.clone() });
    Some(Conversation::of_messages(messages.collect()).unwrap())
}

/// Who is in each group.
fn memberships(case: &Case) -> GroupMemberships {
    let mut groups = GroupMemberships::default();
    for (place, (name, members)) in case.groups.iter().enumerate() {
        let id = GroupId::from_bytes([u8::try_from(place).unwrap(); 16]);
        let group = match members {
            Some(members) => GroupSnapshot::of(id, 1, members.iter().map(|one| Email::parse(one).unwrap())),
            None => GroupSnapshot::of_stored(id, 1, &["a@a.b".to_owned(), "nobody".to_owned()]),
        };
        groups.put(GroupName::parse(name).unwrap(), group);
    }
    groups
}

/// What the domain decides.
fn decide(types: &PolicyTypes, case: &Case) -> Decision {
    let email = case.asker.address.as_deref().map(|address| Email::parse(address).unwrap());
    let email = email.as_ref();
    let caller = match case.asker.who {
        Who::Member(role) => Caller::Member { role, email },
        Who::Stranger => Caller::Stranger { email },
        Who::HubUser { registered } => Caller::HubUser {
            hub: registered.then_some(HubId::from_bytes([7; 16])),
            subject: Subject::Identified { email },
        },
        Who::Guest { registered } => {
            Caller::HubUser { hub: registered.then_some(HubId::from_bytes([7; 16])), subject: Subject::Guest }
        }
    };
    let conversation = case.query.as_ref().and_then(conversation);
    let purpose = case.query.as_ref().and_then(|query| query.purpose.as_deref());
    let purpose = purpose.map(|purpose| Purpose::parse(purpose).unwrap());
    let facts = case.query.as_ref().map(|_| QueryFacts {
        conversation: conversation.as_ref(),
        purpose: purpose.as_ref(),
        ..QueryFacts::default()
    });
    let groups = memberships(case);
    let now = Timestamp::from_unix_micros(BEGUN + i64::from(case.now));
    let context = DecisionContext { query: facts, groups: Some(&groups), ..DecisionContext::at(now) };
    let resource = Resource { endpoint: EndpointId::from_bytes([9; 16]), published: case.published };
    compile(types, &case.policies).decide(resource, &caller, &context)
}

/// Whether a decision is what is expected.
fn check(decision: &Decision, expected: &Expected) -> Result<(), TestCaseError> {
    prop_assert_eq!(decision.diagnostics.reason, expected.reason);
    prop_assert_eq!(decision.effect, expected.reason.effect());
    match (&decision.diagnostics.decided_by, &expected.decided_by) {
        (None, None) => {}
        (Some(decider), Some((place, rules))) => {
            prop_assert_eq!(decider.policy, id(*place));
            prop_assert!(
                rules.is_empty() || rules.iter().any(|rule| *rule == *decider.rule),
                "{:?}",
                decider
            );
        }
        (found, wanted) => prop_assert!(false, "decided by {:?}, and not {:?}", found, wanted),
    }
    let purposes: BTreeSet<_> = decision.purposes.iter().map(ToString::to_string).collect();
    prop_assert_eq!(&purposes, &expected.purposes);
    prop_assert_eq!(decision.diagnostics.policies.len(), expected.words.len());
    for step in &decision.diagnostics.policies {
        let place = (0..expected.words.len()).find(|place| id(*place) == step.policy).unwrap();
        let is_said = match (&step.outcome, &expected.words[place]) {
            (PolicyVerdict::Skipped, _) => true,
            (PolicyVerdict::Matched(rule), Word::Matched(rules)) => {
                rules.is_empty() || rules.iter().any(|one| *one == **rule)
            }
            (PolicyVerdict::NotMatched, word) => *word == Word::NotMatched,
            (PolicyVerdict::AddressUnknown, word) => *word == Word::AddressUnknown,
            (PolicyVerdict::PurposeMissing, word) => *word == Word::PurposeMissing,
            (PolicyVerdict::Unavailable, word) => *word == Word::Unavailable,
            // Deciding takes nothing, and looks at no limit and no approval.
            (PolicyVerdict::Matched(_) | PolicyVerdict::LimitReached | PolicyVerdict::NotApproved, _) => {
                false
            }
        };
        prop_assert!(is_said, "{:?}, and not {:?}", step, expected.words[place]);
    }
    Ok(())
}

/// How often each thing happened that the cases are to reach.
#[derive(Default)]
struct Reached(BTreeMap<String, u32>);

impl Reached {
    fn count(&mut self, case: &Case, expected: &Expected) {
        let mut count = |what: String| *self.0.entry(what).or_default() += 1;
        count(format!("reason {}", expected.reason));
        if let Some((place, rules)) = &expected.decided_by {
            count(format!("decided by {}", case.policies[*place].policy_type()));
            if matches!(rules.as_slice(), [rule] if rule.starts_with("group:")) {
                count("decided by a group".to_owned());
            }
            if matches!(rules.as_slice(), [rule] if rule.matches('*').count() > 1) {
                count("decided by a glob of several stars".to_owned());
            }
        }
        let ends = case.policies.iter().filter_map(|policy| match policy {
            Written::Access { from, until, .. } => Some([("begins", from), ("ends", until)]),
            Written::Demands(_) | Written::Unreadable { .. } => None,
        });
        let ends = ends.flatten().filter(|(_, time)| **time == Some(case.now)).map(|(name, _)| name);
        for name in ends.collect::<BTreeSet<_>>() {
            count(format!("a policy {name} at this very instant"));
        }
    }

    /// Each of these came up in at least one of a thousand cases.
    fn demand(&self, cases: u32) {
        let types = ["access", "purpose", "token_limit", "content"].map(|name| format!("decided by {name}"));
        let times = ["begins", "ends"].map(|name| format!("a policy {name} at this very instant"));
        let others = ["decided by a glob of several stars".to_owned(), "decided by a group".to_owned()];
        let wanted =
            reasons().map(|reason| format!("reason {reason}")).chain(types).chain(times).chain(others);
        for (what, times) in &self.0 {
            println!("{times:>9} of {cases}: {what}");
        }
        let rare: Vec<_> =
            wanted.filter(|what| self.0.get(what).is_none_or(|times| *times < cases / 1_000)).collect();
        assert!(rare.is_empty(), "the cases hardly reach {rare:?}");
    }
}

#[test]
fn z2_verdict_reason_and_decider_are_those_of_a_naive_evaluator() {
    let cases = std::env::var("SYFT_SPACE_PROVE_CASES").map_or(CASES, |cases| cases.parse().unwrap());
    let types = PolicyTypes::default();
    let reached = RefCell::new((Reached::default(), Export::new()));
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let run = TestRunner::new(config).run(&case(), |case| {
        let expected = expected(&case);
        let decision = decide(&types, &case);
        check(&decision, &expected)?;
        let (reached, export) = &mut *reached.borrow_mut();
        reached.count(&case, &expected);
        export.write(&case, decision.effect);
        Ok(())
    });
    run.unwrap_or_else(|error| panic!("{error}"));
    reached.into_inner().0.demand(cases);
}

#[test]
fn z2_the_naive_evaluator_says_what_the_page_says_in_its_table() {
    let access = |mode, patterns: &[&str]| Written::Access {
        mode,
        patterns: patterns.iter().map(|one| (*one).to_owned()).collect(),
        guests: false,
        from: None,
        until: None,
        foreign: false,
    };
    let (allow, deny) =
        (|patterns| access(Effect::Allow, patterns), |patterns| access(Effect::Deny, patterns));
    for (policies, who_may) in [
        (vec![], [true, true, true]),
        (vec![allow(&["*@example.org"])], [true, true, false]),
        (vec![allow(&["*@example.org"]), deny(&["bob@example.org"])], [true, false, false]),
        (vec![deny(&["bob@example.org"])], [true, false, true]),
        (vec![allow(&["ada@example.org"]), allow(&["*@elsewhere.example"])], [true, false, true]),
        (vec![allow(&[])], [false, false, false]),
    ] {
        let addresses = ["ada@example.org", "bob@example.org", "eve@elsewhere.example"];
        for (address, may) in addresses.into_iter().zip(who_may) {
            let who = Who::Member(syft_space_domain::access::Role::User);
            let asker = written::Asker { who, address: Some(address.to_owned()) };
            let policies = policies.clone();
            let groups = BTreeMap::new();
            let case = Case { policies, asker, published: true, now: 0, groups, query: None };
            assert_eq!(expected(&case).reason.effect() == Effect::Allow, may, "{case:?}");
        }
    }
}
