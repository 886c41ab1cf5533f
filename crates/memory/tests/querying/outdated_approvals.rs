//! What becomes of many requests for approval when what they go with is changed or removed: nothing where that is refused, and all of it
//! where it is not, also when it is cut short.

use std::time::Duration;

use serde_json::json;
use syft_space_domain::access::Permission;
use syft_space_domain::approval::{
    ApprovalError, ApprovalFilter, ApprovalState, NewDecision, ShownApproval, Verdict, approvals, decide,
    remove_ended_approvals,
};
use syft_space_domain::endpoint::{EndpointName, remove_endpoint};
use syft_space_domain::expectation::{Expectation, ExpectedVerdict, set_expectations};
use syft_space_domain::identity::{MemberError, remove_member};
use syft_space_domain::ids::{AccountId, ApprovalId, PolicyId};
use syft_space_domain::page::{PageLimit, PageRequest};
use syft_space_domain::policy::{
    ChangePolicy, HypotheticalCaller, PolicyError, change_policy, remove_policy,
};
use syft_space_domain::tenant::OperatorScope;
use syft_space_domain::text::Line;

use crate::approving::{asked, request, reviewed, run, the_member, the_owner};
use crate::ports::Submit;
use crate::world::{World, block_on, email};

/// More than a unit of work removes of requests.
const WAITING: u64 = 19;
const APPROVED: u64 = 12;
/// More than a unit of work changes of them.
const MANY_APPROVED: u64 = 260;

/// An endpoint whose questions wait for approval for a week, and so many of the member that are approved and that wait.
fn queue(approved: u64, waiting: u64) -> World {
    let world = reviewed(json!({"valid_for": "7d"}));
    for n in 0..approved + waiting {
        let id = request(run(&world, &world.member, asked(&format!("owl {n}"))), ApprovalState::Pending);
        if n < approved {
            approve(&world, id).unwrap();
        }
    }
    world.forget_events();
    world
}

fn approve(world: &World, id: ApprovalId) -> Result<(), ApprovalError> {
    let wanted = NewDecision { id, verdict: Verdict::Approved, note: Line::default() };
    let decided = block_on(decide(&world.space, &world.context(), &the_owner(world), wanted));
    decided.map(drop)
}

fn listed(world: &World) -> Vec<ShownApproval> {
    let (owner, filter) = (the_owner(world), ApprovalFilter::default());
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = PageRequest { limit: PageLimit::LARGEST, after };
        let found = block_on(approvals(&world.space, &owner, filter, page)).unwrap();
        all.extend(found.items);
        after = found.next;
        if after.is_none() {
            return all;
        }
    }
}

/// How many stand like this.
fn count(world: &World, state: ApprovalState) -> u64 {
    listed(world).iter().filter(|shown| shown.state == state).count().try_into().unwrap()
}

fn policy(world: &World) -> PolicyId {
    listed(world)[0].request.key.policy
}

fn account(world: &World) -> AccountId {
    world.member.member(Permission::Query).unwrap().account
}

fn change(world: &World, valid_for: &str, if_revision: Option<u64>) -> Result<(), PolicyError> {
    let configuration =
        world.space.policy_types.parse("manual_review", &json!({"valid_for": valid_for})).ok();
    let change = ChangePolicy { configuration, if_revision, ..ChangePolicy::default() };
    let policy = policy(world);
    block_on(change_policy(&world.space, &world.context(), &the_owner(world), policy, change)).map(drop)
}

fn remove(world: &World, policy: PolicyId) -> Result<(), PolicyError> {
    block_on(remove_policy(&world.space, &world.context(), &the_owner(world), policy, None))
}

fn sweep(world: &World) {
    block_on(remove_ended_approvals(&world.space, &OperatorScope::at_startup())).unwrap();
}

#[test]
fn z4_a_change_or_removal_that_is_refused_ends_no_approval() {
    let world = queue(APPROVED, WAITING);
    let as_before = |why: &str| {
        let counted = [ApprovalState::Approved, ApprovalState::Pending].map(|state| count(&world, state));
        assert_eq!(counted, [APPROVED, WAITING], "{why}");
    };
    assert_eq!(change(&world, "1m", Some(7)), Err(PolicyError::Changed));
    as_before("it has been changed since");
    assert_eq!(remove(&world, policy(&world)), Err(PolicyError::InUse));
    as_before("it is attached");
    let mia = HypotheticalCaller::Address(email("mia@harbor.example"));
    let expected =
        Expectation { caller: mia, purpose: None, verdict: ExpectedVerdict::Allowed, note: String::new() };
    let (space, name) = (&world.space, EndpointName::Id(world.endpoint.id));
    let (context, owner) = (world.context(), the_owner(&world));
    block_on(set_expectations(space, &context, &owner, name, vec![expected], None)).unwrap();
    let removed = block_on(remove_member(space, &world.context(), &owner, account(&world), None));
    assert!(matches!(removed, Err(MemberError::Expectation(_))), "{removed:?}");
    as_before("an expectation would be broken");
}

#[test]
fn z4_approvals_that_a_change_has_ended_are_good_for_nothing_before_their_rows_say_so_and_ever_after() {
    for is_swept in [true, false] {
        let world = queue(MANY_APPROVED, 0);
        let (space, policy, owner) = (&world.space, policy(&world), the_owner(&world));
        world.store.set(Submit::RunThenRefuse(1));
        let configuration = space.policy_types.parse("manual_review", &json!({"valid_for": "1m"})).ok();
        let shorter = ChangePolicy { configuration, ..ChangePolicy::default() };
        // The process dies behind the change: nothing of what follows is written.
        block_on(change_policy(space, &world.context(), &owner, policy, shorter)).unwrap();
        world.store.set(Submit::Run);
        let member = the_member(&world);
        assert!(run(&world, &member, asked("owl 259")).is_ok(), "a minute is not over");
        world.clock.advance(Duration::from_secs(60));
        assert_eq!(count(&world, ApprovalState::Ended), MANY_APPROVED);
        let last = listed(&world).into_iter().next_back().unwrap().request;
        assert!(last.ends_at <= world.space.clock.now(), "as its policy has it");
        assert_eq!(approve(&world, last.id), Err(ApprovalError::Ended));
        let member = the_member(&world);
        let again = request(run(&world, &member, asked("owl 259")), ApprovalState::Pending);
        assert_ne!(again, last.id, "it is asked for anew");
        if is_swept {
            sweep(&world);
            assert_eq!(listed(&world).len(), 1, "only what is asked for anew is left");
        } else {
            change(&world, "7d", None).unwrap();
            // What is asked made room for itself.
            assert_eq!(count(&world, ApprovalState::Ended), MANY_APPROVED - 11);
            assert_eq!(count(&world, ApprovalState::Approved), 0, "none comes back");
        }
        assert!(!world.is_outdated() || !is_swept, "nothing is left to do");
    }
}

#[test]
fn z4_requests_of_what_is_removed_are_good_for_nothing_and_follow_behind_it() {
    for gone in ["policy", "endpoint", "member"] {
        let world = queue(APPROVED, WAITING);
        let (space, context, owner) = (&world.space, world.context(), the_owner(&world));
        let (policy, waiting) = (policy(&world), listed(&world)[30].request.id);
        if gone == "policy" {
            world.attach_ids(Vec::new());
        }
        world.store.set(Submit::RunThenRefuse(1));
        let endpoint = world.endpoint.id;
        match gone {
            "policy" => block_on(remove_policy(space, &context, &owner, policy, None)).unwrap(),
            "endpoint" => block_on(remove_endpoint(space, &context, &owner, endpoint, None)).unwrap(),
            _ => block_on(remove_member(space, &context, &owner, account(&world), None)).unwrap(),
        }
        world.store.set(Submit::Run);
        let left = listed(&world);
        assert_eq!(left.len(), 6, "{gone}: the first portion went with it");
        assert!(left.iter().all(|shown| shown.state == ApprovalState::Ended), "{gone}");
        assert_eq!(approve(&world, waiting), Err(ApprovalError::Ended), "{gone}");
        sweep(&world);
        assert_eq!(listed(&world).len(), 0, "{gone}");
        assert!(!world.is_outdated(), "{gone}: nothing is left to do");
        let told = world.events();
        assert!(
            told.iter().any(|event| event.starts_with("config_change success approvals_removed_6")),
            "{told:?}"
        );
    }
}

#[test]
fn z4_where_nothing_cuts_it_short_all_requests_are_gone_when_a_removal_is_answered() {
    let world = queue(APPROVED, WAITING);
    let policy = policy(&world);
    world.attach_ids(Vec::new());
    remove(&world, policy).unwrap();
    assert_eq!(listed(&world).len(), 0);
    assert!(!world.is_outdated(), "nothing is left to do");
}
