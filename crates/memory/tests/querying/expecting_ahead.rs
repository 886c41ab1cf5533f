//! What a reader has seen of a write ahead of it counts only as long as it is so: also where a tenant expects so much that the writer does
//! not look itself.

use std::pin::pin;
use std::sync::Barrier;
use std::thread;

use serde_json::json;
use syft_space_domain::access::Role;
use syft_space_domain::endpoint::{EndpointName, create_endpoint};
use syft_space_domain::expectation::{
    Expectation, ExpectationRefusal, ExpectedVerdict, expectations, set_expectations,
};
use syft_space_domain::group::{GroupError, GroupName, NewGroup, add_members, create_group, remove_members};
use syft_space_domain::identity::{
    AccountStatus, AuthorizationError, ChangeMember, Email, MemberError, Principal, change_member,
    remove_member,
};
use syft_space_domain::ids::PolicyId;
use syft_space_domain::marketplace::{HubRole, MarketplaceError, RegistrationSettings, remove_marketplace};
use syft_space_domain::page::PageRequest;
use syft_space_domain::policy::{
    ChangePolicy, HypotheticalCaller, PolicyError, attach, change_policy, policies, policy,
};
use syft_space_domain::text::Line;

use crate::approving::the_owner;
use crate::ports::Submit;
use crate::world::{TOKEN_LIFETIME, World, block_on, email, join, log_in, new_endpoint, poll};

const FEW: usize = 2;
/// At each of two endpoints: more than the writer looks at itself.
const MANY: usize = 30;

fn readers() -> GroupName {
    GroupName::parse("readers").unwrap()
}

fn stranger(n: usize) -> Email {
    email(&format!("otto{n}@far.example"))
}

/// Two endpoints that members may ask, at each of which so many strangers are expected not to be let in; and an empty group.
fn world(expected: usize) -> (World, PolicyId) {
    let world = World::new();
    // They may come by it.
    world.register();
    let policy = expecting(&world, &["*@harbor.example"], |n| {
        (n < expected).then(|| (HypotheticalCaller::Address(stranger(n)), ExpectedVerdict::Denied))
    });
    (world, policy)
}

/// Two endpoints that have a policy and expectations, and an empty group.
fn expecting(
    world: &World,
    patterns: &[&str],
    expected: impl Fn(usize) -> Option<(HypotheticalCaller, ExpectedVerdict)>,
) -> PolicyId {
    let (space, owner) = (&world.space, the_owner(world));
    let group = NewGroup { name: readers(), description: Line::default() };
    block_on(create_group(space, &world.context(), &owner, group)).unwrap();
    let configuration = json!({"mode": "allow", "patterns": patterns});
    let policy = world.add_policy(space.policy_types.parse("access", &configuration).unwrap());
    let wanted = new_endpoint(world.dataset, "other-birds");
    let other = block_on(create_endpoint(space, &world.context(), &owner, wanted)).unwrap().id;
    for id in [world.endpoint.id, other] {
        let name = EndpointName::Id(id);
        block_on(attach(space, &world.context(), &owner, name.clone(), vec![policy], None)).unwrap();
        let all = (0..).map_while(&expected).map(|(caller, verdict)| Expectation {
            caller,
            purpose: None,
            verdict,
            note: String::new(),
        });
        block_on(set_expectations(space, &world.context(), &owner, name, all.collect(), None)).unwrap();
    }
    policy
}

/// Members and who is in the group are let in.
fn with_readers(world: &World) -> ChangePolicy {
    let configuration = json!({"mode": "allow", "patterns": ["*@harbor.example", "group:readers"]});
    let configuration = world.space.policy_types.parse("access", &configuration).ok();
    ChangePolicy { configuration, ..ChangePolicy::default() }
}

fn add_to_readers(world: &World, owner: &Principal, who: Email) {
    block_on(add_members(&world.space, &world.context(), owner, readers(), vec![who])).unwrap();
}

fn revision(world: &World, id: PolicyId) -> u64 {
    block_on(policy(&world.space, &the_owner(world), id)).unwrap().revision
}

#[test]
fn z2_a_write_is_refused_for_what_has_changed_since_a_reader_looked() {
    for expected in [FEW, MANY] {
        let (world, policy) = world(expected);
        let (space, context, owner) = (&world.space, world.context(), the_owner(&world));
        world.store.set(Submit::Hold);
        let mut changing = pin!(change_policy(space, &context, &owner, policy, with_readers(&world)));
        assert!(poll(changing.as_mut()).is_pending());
        assert_eq!(world.store.holds(), 1, "a reader has looked, and found nothing against it");
        world.store.ahead(|| add_to_readers(&world, &owner, stranger(1)));
        world.store.set(Submit::Run);
        let refused = block_on(changing);
        assert!(
            matches!(refused, Err(PolicyError::Expectation(ExpectationRefusal::Broken(Some(_))))),
            "{expected}: {refused:?}"
        );
        assert_eq!(revision(&world, policy), 1, "{expected}");
        let name = EndpointName::Id(world.endpoint.id);
        let listed = block_on(expectations(space, &the_owner(&world), &name)).unwrap().expectations;
        assert!(listed.iter().all(|one| one.holds), "{expected}");
    }
}

#[test]
fn z2_a_write_goes_through_where_what_changed_since_has_no_bearing_or_breaks_nothing() {
    for expected in [FEW, MANY] {
        for bears in [false, true] {
            let (world, policy) = world(expected);
            let (space, context, owner) = (&world.space, world.context(), the_owner(&world));
            world.store.set(Submit::Hold);
            let mut changing = pin!(change_policy(space, &context, &owner, policy, with_readers(&world)));
            assert!(poll(changing.as_mut()).is_pending());
            world.store.ahead(|| {
                if bears {
                    add_to_readers(&world, &owner, email("somebody@else.example"));
                } else {
                    drop(log_in(space, &email("mia@harbor.example")));
                }
            });
            world.store.set(Submit::Run);
            assert_eq!(block_on(changing).unwrap().revision, 2, "{expected} {bears}");
        }
    }
}

#[test]
fn z3_who_lost_the_right_between_the_look_and_the_write_writes_nothing() {
    for expected in [FEW, MANY] {
        let (world, policy) = world(expected);
        let (space, context, owner) = (&world.space, world.context(), the_owner(&world));
        let admin = join(space, &owner, "ada@harbor.example", Role::Admin);
        let account = admin.member(syft_space_domain::access::Permission::Query).unwrap().account;
        world.store.set(Submit::Hold);
        let mut changing = pin!(change_policy(space, &context, &admin, policy, with_readers(&world)));
        assert!(poll(changing.as_mut()).is_pending());
        world.store.ahead(|| {
            let viewer = ChangeMember { role: Some(Role::Viewer), ..ChangeMember::default() };
            block_on(change_member(space, &world.context(), &owner, account, viewer)).unwrap();
        });
        world.store.set(Submit::Run);
        let refused = block_on(changing);
        assert!(
            matches!(refused, Err(PolicyError::Authorization(AuthorizationError::Forbidden(_)))),
            "{expected}: {refused:?}"
        );
        assert_eq!(revision(&world, policy), 1, "{expected}");
    }
}

#[test]
fn a4_whose_token_ended_while_a_reader_looked_again_writes_nothing() {
    let (world, policy) = world(MANY);
    let (space, context, owner) = (&world.space, world.context(), the_owner(&world));
    world.store.set(Submit::Hold);
    let mut changing = pin!(change_policy(space, &context, &owner, policy, with_readers(&world)));
    assert!(poll(changing.as_mut()).is_pending());
    world.store.ahead(|| add_to_readers(&world, &owner, email("somebody@else.example")));
    world.clock.advance(TOKEN_LIFETIME);
    world.store.set(Submit::Run);
    let refused = block_on(changing);
    assert!(
        matches!(refused, Err(PolicyError::Authorization(AuthorizationError::Unauthenticated(_)))),
        "{refused:?}"
    );
    assert_eq!(revision(&world, policy), 1);
}

#[test]
fn z2_of_many_writes_at_once_that_concern_much_each_is_made_and_what_is_expected_holds() {
    let (world, policy) = world(MANY);
    let (space, owner) = (&world.space, the_owner(&world));
    let all_at_once = Barrier::new(16);
    thread::scope(|scope| {
        for n in 0..16 {
            let (owner, all_at_once, context) = (&owner, &all_at_once, world.context());
            scope.spawn(move || {
                let patterns = [format!("m{n}@harbor.example")];
                let configuration = json!({"mode": "allow", "patterns": patterns});
                let configuration = space.policy_types.parse("access", &configuration).ok();
                let change = ChangePolicy { configuration, ..ChangePolicy::default() };
                all_at_once.wait();
                block_on(change_policy(space, &context, owner, policy, change)).unwrap();
            });
        }
    });
    assert_eq!(revision(&world, policy), 17);
}

#[test]
fn z2_whatever_the_write_a_reader_sees_ahead_what_it_would_break() {
    for expected in [FEW, MANY] {
        let mia = email("mia@harbor.example");
        let allowed =
            |n| (n < expected).then(|| (HypotheticalCaller::Address(mia.clone()), ExpectedVerdict::Allowed));
        let world = World::new();
        expecting(&world, &["*@harbor.example"], allowed);
        let (space, owner) = (&world.space, the_owner(&world));
        let account = world.member.member(syft_space_domain::access::Permission::Query).unwrap().account;
        let change = |status, role| {
            let change = ChangeMember { status, role, ..ChangeMember::default() };
            block_on(change_member(space, &world.context(), &owner, account, change))
        };
        let disabled = change(Some(AccountStatus::Disabled), None);
        assert!(matches!(disabled, Err(MemberError::Expectation(_))), "{expected}: {disabled:?}");
        let removed = block_on(remove_member(space, &world.context(), &owner, account, None));
        assert!(matches!(removed, Err(MemberError::Expectation(_))), "{expected}: {removed:?}");
        change(None, Some(Role::Admin)).unwrap();

        let world = World::new();
        let readers_are = |who: &[&str]| {
            let (context, owner) = (world.context(), the_owner(&world));
            let who = who.iter().map(|who| email(who)).collect();
            let changed = remove_members(&world.space, &context, &owner, readers(), who);
            block_on(changed).map(|changed| changed.changed)
        };
        expecting(&world, &["group:readers", "mia@*"], allowed);
        add_to_readers(&world, &the_owner(&world), mia.clone());
        assert_eq!(readers_are(&["mia@harbor.example"]), Ok(1), "she is let in by her address");
        add_to_readers(&world, &the_owner(&world), mia.clone());
        let (owner, listed) = (the_owner(&world), PageRequest::default());
        let policy = block_on(policies(&world.space, &owner, listed)).unwrap().items[0].id;
        let configuration = json!({"mode": "allow", "patterns": ["group:readers"]});
        let configuration = world.space.policy_types.parse("access", &configuration).ok();
        let change = ChangePolicy { configuration, ..ChangePolicy::default() };
        block_on(change_policy(&world.space, &world.context(), &owner, policy, change)).unwrap();
        let left = readers_are(&["mia@harbor.example", "zoe@harbor.example"]);
        assert!(matches!(left, Err(GroupError::Expectation(_))), "{expected}: {left:?}");

        let world = World::new();
        expecting(&world, &["*@harbor.example", "otto1@far.example"], |n| {
            (n < expected).then(|| (HypotheticalCaller::Address(stranger(n)), ExpectedVerdict::Denied))
        });
        let registered = world.try_register();
        assert!(
            matches!(registered, Err(MarketplaceError::Expectation(_))),
            "{expected}: they could come by it"
        );

        let world = World::new();
        let marketplace = world.register();
        let guest = || HypotheticalCaller::HubUser {
            issuer: "https://hub.syft.com".parse().unwrap(),
            subject: "otto".to_owned(),
            role: HubRole::User,
            email: Some(stranger(1)),
        };
        expecting(&world, &["otto1@far.example"], |n| {
            (n < expected).then(|| (guest(), ExpectedVerdict::Allowed))
        });
        let settings = RegistrationSettings { registration_open: false, public_url: None };
        let (context, owner) = (world.context(), the_owner(&world));
        let removed =
            block_on(remove_marketplace(&world.space, &context, &owner, settings, marketplace.id, None));
        assert!(matches!(removed, Err(MarketplaceError::Expectation(_))), "{expected}: {removed:?}");
    }
}
