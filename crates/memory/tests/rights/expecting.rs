//! Expectations hold whatever is written: no accepted write breaks one, and no refused write changes anything.

use std::cell::Cell;

use futures_executor::block_on;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::subsequence;
use proptest::test_runner::{Config, TestCaseError, TestRunner, contextualize_config};
use serde_json::json;
use syft_space_domain::access::Role;
use syft_space_domain::endpoint::{self, ChangeEndpoint, EndpointError, EndpointName};
use syft_space_domain::expectation::{
    Expectation, ExpectationError, ExpectedVerdict, expectations, set_expectations,
};
use syft_space_domain::group::{self, GroupError, GroupName, NewGroup};
use syft_space_domain::identity::{self, AccountStatus, ChangeMember, Email, MemberError};
use syft_space_domain::ids::{AccountId, PolicyId};
use syft_space_domain::marketplace::HubRole;
use syft_space_domain::policy::{
    self, ChangePolicy, Enforcement, HypotheticalCaller, HypotheticalQuery, NewPolicy, PolicyError, explain,
};
use syft_space_domain::text::Line;

use crate::world::{World, account, context, email};

/// Who is named: three members, and somebody who is none.
const PEOPLE: [&str; 4] = ["anna", "bob", "carl", "nobody"];
const PATTERNS: [&str; 6] =
    ["*@acme.example", "anna@acme.example", "bob@*", "group:readers", "*arl@acme.example", "*@else.example"];

/// One write.
#[derive(Debug, Clone)]
enum Write {
    Change {
        policy: usize,
        mode: &'static str,
        patterns: Vec<&'static str>,
    },
    Attach(Vec<usize>),
    Publish(bool),
    Join {
        who: usize,
        is_in: bool,
    },
    Role {
        who: usize,
        role: Role,
    },
    Status {
        who: usize,
        active: bool,
    },
    Remove {
        who: usize,
    },
    /// Of whom what is expected; without a verdict what is decided now.
    Expect(Vec<(usize, Option<ExpectedVerdict>)>),
}

fn writes() -> impl Strategy<Value = Vec<Write>> {
    let patterns = || subsequence(PATTERNS.to_vec(), 0..=4);
    let mode = prop_oneof![2 => Just("allow"), 1 => Just("deny")];
    let verdict = prop_oneof![
        4 => Just(None),
        1 => Just(Some(ExpectedVerdict::Allowed)),
        1 => Just(Some(ExpectedVerdict::Denied)),
    ];
    let role = prop_oneof![Just(Role::Admin), Just(Role::User), Just(Role::Viewer)];
    let one = prop_oneof![
        4 => (0..2_usize, mode, patterns()).prop_map(|(policy, mode, patterns)| Write::Change { policy, mode, patterns }),
        2 => subsequence(vec![0_usize, 1], 0..=2).prop_map(Write::Attach),
        1 => any::<bool>().prop_map(Write::Publish),
        2 => (0..4_usize, any::<bool>()).prop_map(|(who, is_in)| Write::Join { who, is_in }),
        2 => (0..3_usize, role).prop_map(|(who, role)| Write::Role { who, role }),
        2 => (0..3_usize, any::<bool>()).prop_map(|(who, active)| Write::Status { who, active }),
        1 => (0..3_usize).prop_map(|who| Write::Remove { who }),
        3 => vec((0..5_usize, verdict), 0..4).prop_map(Write::Expect),
    ];
    vec(one, 1..40)
}

/// A tenant with an endpoint, two policies and a group.
struct Tenant {
    world: World,
    endpoint: EndpointName,
    policies: Vec<PolicyId>,
    readers: GroupName,
    members: Vec<AccountId>,
}

/// How a write ended.
#[derive(Debug, PartialEq)]
enum Ended {
    Done,
    Broken,
    /// For another reason.
    Refused,
}

fn ended<T, E>(outcome: Result<T, E>, is_broken: impl FnOnce(&E) -> bool) -> Ended {
    match outcome {
        Ok(_) => Ended::Done,
        Err(error) if is_broken(&error) => Ended::Broken,
        Err(_) => Ended::Refused,
    }
}

impl Tenant {
    fn make() -> Self {
        let world = World::new();
        let endpoint = world.endpoint();
        let (space, owner) = (&world.space, &world.owner);
        let readers = GroupName::parse("readers").unwrap();
        let group = NewGroup { name: readers.clone(), description: Line::default() };
        block_on(group::create_group(space, &context(space), owner, group)).unwrap();
        let policies = (0..2).map(|_| {
            let configuration = json!({ "mode": "allow", "patterns": ["*@acme.example"] });
            let configuration = space.policy_types.parse("access", &configuration).unwrap();
            let wanted =
                NewPolicy { name: "p".parse().unwrap(), configuration, enforcement: Enforcement::Enforce };
            block_on(policy::create_policy(space, &context(space), owner, wanted)).unwrap().id
        });
        let policies = policies.collect();
        let members = PEOPLE[..3].iter().map(|name| account(&world.member(name, Role::User)));
        let members = members.collect();
        Self { world, endpoint, policies, readers, members }
    }

    fn caller(who: usize) -> HypotheticalCaller {
        match PEOPLE.get(who) {
            Some(name) => HypotheticalCaller::Address(email(name)),
            None => HypotheticalCaller::HubUser {
                issuer: "https://hub.example".parse().unwrap(),
                subject: "1".to_owned(),
                role: HubRole::User,
                email: Some(Email::parse("visitor@else.example").unwrap()),
            },
        }
    }

    /// What an owner is told who asks now.
    fn explained(&self, caller: &HypotheticalCaller) -> ExpectedVerdict {
        let space = &self.world.space;
        let owner = self.world.owner.renew(&*space.snapshots, space.clock.now()).unwrap();
        let query = HypotheticalQuery::default();
        let decision =
            block_on(explain(&self.world.space, &owner, &self.endpoint, caller, &query)).unwrap().decision;
        if decision.is_allow() { ExpectedVerdict::Allowed } else { ExpectedVerdict::Denied }
    }

    /// What is expected, and what an owner is told of each whom it names.
    fn seen(&self) -> Vec<(Expectation, bool, ExpectedVerdict)> {
        let listed = block_on(expectations(&self.world.space, &self.world.owner, &self.endpoint)).unwrap();
        let seen = listed.expectations.into_iter().map(|one| {
            let told = self.explained(&one.expectation.caller);
            (one.expectation, one.holds, told)
        });
        seen.collect()
    }

    /// All verdicts, whether anything is expected of them or not.
    fn verdicts(&self) -> Vec<ExpectedVerdict> {
        (0..5).map(|who| self.explained(&Self::caller(who))).collect()
    }

    fn run(&self, write: &Write) -> Ended {
        let (space, owner) = (&self.world.space, &self.world.owner);
        let context = context(space);
        let EndpointName::Id(id) = self.endpoint else { unreachable!("it is named by its id") };
        match write {
            Write::Change { policy, mode, patterns } => {
                let configuration = json!({ "mode": mode, "patterns": patterns });
                let configuration = Some(space.policy_types.parse("access", &configuration).unwrap());
                let change = ChangePolicy { configuration, ..ChangePolicy::default() };
                let changed = policy::change_policy(space, &context, owner, self.policies[*policy], change);
                ended(block_on(changed), |error| matches!(error, PolicyError::Expectation(_)))
            }
            Write::Attach(policies) => {
                let ids = policies.iter().map(|n| self.policies[*n]).collect();
                let attached = policy::attach(space, &context, owner, self.endpoint.clone(), ids, None);
                ended(block_on(attached), |error| matches!(error, PolicyError::Expectation(_)))
            }
            Write::Publish(published) => {
                let change = ChangeEndpoint { published: Some(*published), ..ChangeEndpoint::default() };
                let changed = endpoint::change_endpoint(space, &context, owner, id, change);
                ended(block_on(changed), |error| matches!(error, EndpointError::Expectation(_)))
            }
            Write::Join { who, is_in } => {
                let (name, emails) = (self.readers.clone(), vec![email(PEOPLE[*who])]);
                let changed = if *is_in {
                    block_on(group::add_members(space, &context, owner, name, emails))
                } else {
                    block_on(group::remove_members(space, &context, owner, name, emails))
                };
                ended(changed, |error| matches!(error, GroupError::Expectation(_)))
            }
            Write::Role { who, role } => {
                self.change(*who, ChangeMember { role: Some(*role), ..ChangeMember::default() })
            }
            Write::Status { who, active } => {
                let status = if *active { AccountStatus::Active } else { AccountStatus::Disabled };
                self.change(*who, ChangeMember { status: Some(status), ..ChangeMember::default() })
            }
            Write::Remove { who } => {
                let removed = identity::remove_member(space, &context, owner, self.members[*who], None);
                ended(block_on(removed), |error| matches!(error, MemberError::Expectation(_)))
            }
            Write::Expect(sentences) => {
                let wanted = sentences.iter().map(|(who, verdict)| {
                    let caller = Self::caller(*who);
                    let verdict = verdict.unwrap_or_else(|| self.explained(&caller));
                    Expectation { caller, purpose: None, verdict, note: String::new() }
                });
                let wanted = wanted.collect();
                let set = set_expectations(space, &context, owner, self.endpoint.clone(), wanted, None);
                ended(block_on(set), |error| matches!(error, ExpectationError::Refused(_)))
            }
        }
    }

    fn change(&self, who: usize, change: ChangeMember) -> Ended {
        let (space, owner) = (&self.world.space, &self.world.owner);
        let context = context(space);
        let changed = identity::change_member(space, &context, owner, self.members[who], change);
        ended(block_on(changed), |error| matches!(error, MemberError::Expectation(_)))
    }
}

#[test]
fn z2_no_sequence_of_accepted_writes_breaks_an_expectation() {
    let config = contextualize_config(Config { cases: 100, failure_persistence: None, ..Config::default() });
    let (done, broken) = (Cell::new(0), Cell::new(0));
    let outcome = TestRunner::new(config).run(&writes(), |writes| {
        let tenant = Tenant::make();
        for write in writes {
            let (before, verdicts) = (tenant.seen(), tenant.verdicts());
            let ended = tenant.run(&write);
            let after = tenant.seen();
            match ended {
                Ended::Done => done.set(done.get() + 1),
                Ended::Broken => broken.set(broken.get() + 1),
                Ended::Refused => {}
            }
            if ended != Ended::Done {
                prop_assert_eq!(&after, &before, "{:?} was refused", write);
                prop_assert_eq!(tenant.verdicts(), verdicts, "{:?} was refused", write);
            }
            for (expectation, holds, told) in after {
                prop_assert!(holds, "{:?} breaks {:?}", write, expectation);
                prop_assert_eq!(told, expectation.verdict, "{:?} breaks {:?}", write, expectation);
            }
        }
        Ok::<(), TestCaseError>(())
    });
    outcome.unwrap();
    let (done, broken) = (done.get(), broken.get());
    assert!(done > 100 && broken > 100, "{done} were done, and {broken} would have broken something");
}
