//! Many questions that wait for approval: who may have how many, and what becomes of all of them at once.

use serde_json::json;
use syft_space_domain::approval::{
    ApprovalError, ApprovalFilter, ApprovalState, DenyAll, Filed, MAX_PENDING_OF_CALLER,
    MAX_PENDING_OF_CALLER_IN_TENANT, QueueFull, deny_all,
};
use syft_space_domain::endpoint::{EndpointName, Slug};
use syft_space_domain::identity::Principal;
use syft_space_domain::policy::remove_policy;
use syft_space_domain::text::Line;

use crate::approving::{asked, listed, not_approved, pending, request, reviewed, run, the_member, the_owner};
use crate::world::{World, block_on, new_endpoint};

/// A tenant whose owner asks too, and `n` questions of the member at the endpoint.
fn queue(n: u64) -> World {
    let world = reviewed(json!({}));
    pending(&world, &the_owner(&world));
    for n in 0..n {
        request(run(&world, &world.member, asked(&format!("owl {n}"))), ApprovalState::Pending);
    }
    world.forget_events();
    world
}

#[test]
fn z4_all_that_wait_of_a_caller_or_at_an_endpoint_are_denied_but_for_ones_own() {
    let pending_ones = ApprovalFilter { state: Some(ApprovalState::Pending), ..ApprovalFilter::default() };
    let slug = |slug: &str| DenyAll::AtEndpoint(Slug::parse(slug).unwrap());
    let of = |principal: &Principal| DenyAll::OfCaller(principal.actor().id().unwrap());
    for at_endpoint in [true, false] {
        let world = queue(15);
        let (space, owner) = (&world.space, the_owner(&world));
        let which = if at_endpoint { slug(world.endpoint.slug.as_str()) } else { of(&world.member) };
        let deny =
            |which: DenyAll| block_on(deny_all(space, &world.context(), &owner, which, Line::default()));
        assert_eq!(deny(which.clone()), Ok(15));
        assert_eq!(listed(&world, pending_ones).len(), 1, "one's own stays");
        assert_eq!(deny(which), Ok(0));
        let on_it = if at_endpoint { " on it" } else { "" };
        let expected = [
            format!("config_change success approvals_denied_15{on_it}"),
            format!("config_change success {on_it}"),
        ];
        let mut events = world.events();
        events.retain(|event| event.starts_with("config_change"));
        assert_eq!(events, expected);
        assert_eq!(deny(of(&owner)), Err(ApprovalError::OwnRequest));
        assert_eq!(deny(slug("no-such-endpoint")), Err(ApprovalError::NoEndpoint));
        let member = the_member(&world);
        let refused = block_on(deny_all(space, &world.context(), &member, of(&owner), Line::default()));
        assert!(matches!(refused, Err(ApprovalError::Authorization(_))), "{refused:?}");
    }
}

#[test]
fn z4_one_caller_fills_nothing_that_all_need() {
    let world = reviewed(json!({}));
    let policy = {
        pending(&world, &world.member);
        listed(&world, ApprovalFilter::default())[0].request.key.policy
    };
    let (space, owner) = (&world.space, the_owner(&world));
    let ask_at = |who: &Principal, slug: &str, n: u64| {
        block_on(world.open_at(who, slug, None).unwrap().run(asked(&format!("owl {n}"))))
    };
    let mut waiting = 1;
    for n in 0..6 {
        let slug = format!("birds-{n}");
        let wanted = new_endpoint(world.dataset, &slug);
        let made =
            block_on(syft_space_domain::endpoint::create_endpoint(space, &world.context(), &owner, wanted));
        let name = EndpointName::Id(made.unwrap().id);
        block_on(syft_space_domain::policy::attach(
            space,
            &world.context(),
            &owner,
            name,
            vec![policy],
            None,
        ))
        .unwrap();
        for n in 0..MAX_PENDING_OF_CALLER {
            let filed = not_approved(ask_at(&world.member, &slug, n));
            if waiting < MAX_PENDING_OF_CALLER_IN_TENANT {
                assert!(matches!(filed, Filed::Request(_, ApprovalState::Pending)), "{waiting}: {filed:?}");
                waiting += 1;
            } else {
                assert_eq!(filed, Filed::Full(QueueFull::OfCallerInTenant));
            }
        }
    }
    assert_eq!(waiting, MAX_PENDING_OF_CALLER_IN_TENANT);
    assert!(matches!(not_approved(ask_at(&owner, "birds-5", 0)), Filed::Request(..)), "others ask on");
}

#[test]
fn z4_what_was_asked_goes_with_the_account_that_asked_and_with_the_policy_however_much_it_is() {
    for removes_policy in [false, true] {
        let world = queue(20);
        let (space, owner) = (&world.space, the_owner(&world));
        let policy = listed(&world, ApprovalFilter::default())[0].request.key.policy;
        if removes_policy {
            world.attach_ids(Vec::new());
            block_on(remove_policy(space, &world.context(), &the_owner(&world), policy, None)).unwrap();
            assert!(listed(&world, ApprovalFilter::default()).is_empty());
        } else {
            let account = world.member.member(syft_space_domain::access::Permission::Query).unwrap().account;
            block_on(syft_space_domain::identity::remove_member(
                space,
                &world.context(),
                &owner,
                account,
                None,
            ))
            .unwrap();
            assert_eq!(listed(&world, ApprovalFilter::default()).len(), 1, "the owner's own is left");
        }
    }
}
