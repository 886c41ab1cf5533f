//! Who loses a right while something is on its way, and what becomes of it.

use std::sync::Arc;
use std::time::Duration;

use futures_executor::block_on;
use serde_json::json;
use syft_space_domain::Space;
use syft_space_domain::access::{Permission, Role};
use syft_space_domain::audit::{Action, Outcome};
use syft_space_domain::endpoint::{self, ChangeEndpoint, EndpointName, QueryError};
use syft_space_domain::identity::{
    self, AcceptError, AccountStatus, AuthenticateError, AuthorizationError, ChangeMember, ChangePassword,
    ChangePasswordError, Invitation, Invite, InviteError, Login, LoginError, MemberError, Password,
    Principal,
};
use syft_space_domain::ids::InvitationId;
use syft_space_domain::policy::{self, Enforcement, NewPolicy};
use syft_space_domain::secret::{Secret, TokenHash};

use crate::world::{Loss, PASSWORD, TOKEN_LIFETIME, World, account, context, email, try_log_in};

const ANOTHER: &str = "nine herons wade past quiet mills";
const DAY: Duration = Duration::from_secs(86_400);

#[test]
fn h1_a_unit_of_work_asks_its_own_rows_whether_its_principal_still_may() {
    for change in Loss::ALL {
        let world = World::new();
        let admin = world.member("ann", Role::Admin);
        // The principal is of before, as that of a request on its way.
        world.change(&admin, change)();
        let (error, event) = change.refusal(Permission::WriteDatasets);
        assert_eq!(world.dataset(&admin, "planted").unwrap_err(), error.into(), "{change:?}");
        assert_eq!(world.last_event(), event, "{change:?}");
        let (error, event) = change.refusal(Permission::WritePolicies);
        let configuration = json!({ "mode": "allow", "patterns": ["*"] });
        let configuration = world.space.policy_types.parse("access", &configuration).unwrap();
        let wanted =
            NewPolicy { name: "planted".parse().unwrap(), configuration, enforcement: Enforcement::Enforce };
        let context = context(&world.space);
        let refused = block_on(policy::create_policy(&world.space, &context, &admin, wanted));
        assert_eq!(refused.unwrap_err(), error.into(), "{change:?}");
        assert_eq!(world.last_event(), event, "{change:?}");
        let (error, event) = change.refusal(Permission::ManageMembers);
        let wanted = Invite { email: email("second.self"), role: Role::User };
        let refused = block_on(identity::invite(&world.space, &context, &admin, wanted));
        assert_eq!(refused.err(), Some(InviteError::from(error.clone())), "{change:?}");
        assert_eq!(world.last_event(), event, "{change:?}");
        // Not even to put themself back.
        let back =
            ChangeMember { role: Some(Role::User), status: Some(AccountStatus::Active), if_revision: None };
        let refused =
            block_on(identity::change_member(&world.space, &context, &admin, account(&admin), back));
        assert_eq!(refused.unwrap_err(), MemberError::from(error), "{change:?}");
        assert_eq!(world.last_event(), event, "{change:?}");
        let scope = world.owner.scope(Permission::ReadMetadata).unwrap();
        let kept = world.read(move |view| Ok((view.count_datasets(&scope)?, view.count_policies(&scope)?)));
        assert_eq!((kept, world.invitations()), ((0, 0), Vec::new()), "{change:?}");
    }
}

#[test]
fn h1_a_password_is_changed_by_whoever_is_still_somebody_when_it_is_hashed() {
    let change = |space: &Space, who: &Principal, current: &str| {
        let password = |text: &str| Password::parse(&Secret::new(text.to_owned())).unwrap();
        let wanted = ChangePassword { current: password(current), new: Secret::new(ANOTHER.to_owned()) };
        block_on(identity::change_password(space, &context(space), who, wanted)).map(drop)
    };
    let knows = |world: &World, text: &str| {
        let password = Password::parse(&Secret::new(text.to_owned())).unwrap();
        let wanted = Login { email: email("ann"), password, tenant: None, code: None };
        block_on(identity::login(&world.space, &context(&world.space), wanted)).is_ok()
    };
    for loss in Loss::ALL {
        for current in [PASSWORD, "another set of words entirely"] {
            let world = World::new();
            let ann = world.member("ann", Role::Admin);
            world.meanwhile.set(world.change(&ann, loss));
            let ended = change(&world.space, &ann, current);
            if matches!(loss, Loss::Demoted) {
                // A viewer has a password too.
                let wrong = Err(ChangePasswordError::WrongPassword);
                assert_eq!(ended, if current == PASSWORD { Ok(()) } else { wrong });
                continue;
            }
            let (error, event) = loss.refusal(Permission::OwnAccount);
            assert_eq!(ended, Err(error.into()), "{loss:?}");
            assert_eq!(world.last_event(), event, "{loss:?}");
            assert!(!knows(&world, ANOTHER), "{loss:?}");
        }
    }
    // Another of their tokens is quicker.
    let world = World::new();
    let ann = world.member("ann", Role::User);
    let (space, other) = (world.space.clone(), ann.clone());
    world.meanwhile.set(move || change(&space, &other, PASSWORD).unwrap());
    let ended = change(&world.space, &ann, PASSWORD);
    assert_eq!(ended, Err(AuthorizationError::from(AuthenticateError::Revoked).into()));
    // Whoever logs in with the password of before while it is compared does not come in.
    let world = World::new();
    let ann = world.member("ann", Role::User);
    let space = world.space.clone();
    world.meanwhile.set(move || change(&space, &ann, PASSWORD).unwrap());
    assert!(!knows(&world, PASSWORD));
    assert!(knows(&world, ANOTHER));
}

#[test]
fn h1_a_token_that_expires_on_the_way_is_refused() {
    let world = World::new();
    world.clock.advance(TOKEN_LIFETIME);
    let expired = AuthorizationError::from(AuthenticateError::Expired);
    assert_eq!(world.dataset(&world.owner, "late").unwrap_err(), expired.into());
    let renewed = world.owner.renew(&*world.space.snapshots, world.space.clock.now());
    assert_eq!(renewed.err(), Some(AuthenticateError::Expired));
}

#[test]
fn h1_whoever_loses_the_right_during_a_search_gets_no_answer() {
    for change in Loss::ALL {
        let world = World::new();
        world.endpoint();
        let user = world.member("ulf", Role::User);
        world.query(&user).unwrap();
        world.meanwhile.set(world.change(&user, change));
        let (error, event) = change.refusal(Permission::Query);
        assert_eq!(world.query(&user).unwrap_err(), QueryError::from(error), "{change:?}");
        assert_eq!(world.last_event(), event, "{change:?}");
    }
}

#[test]
fn h1_what_is_unpublished_or_denied_during_a_search_gives_no_answer() {
    let world = World::new();
    let name = world.endpoint();
    let user = world.member("ulf", Role::User);
    let (space, owner) = (world.space.clone(), world.owner.clone());
    let EndpointName::Id(id) = name.clone() else { panic!("it is an id") };
    let publish = move |published| {
        let change = ChangeEndpoint { published: Some(published), ..ChangeEndpoint::default() };
        block_on(endpoint::change_endpoint(&space, &context(&space), &owner, id, change)).unwrap();
    };
    world.meanwhile.set({
        let publish = publish.clone();
        move || publish(false)
    });
    assert_eq!(world.query(&user), Err(QueryError::NotFound));
    let denied = |action, reason: &str| (action, Outcome::Denied, Some(reason.to_owned()));
    assert_eq!(world.last_event(), denied(Action::EndpointQuery, "endpoint_not_found"));
    publish(true);
    let (space, owner) = (world.space.clone(), world.owner.clone());
    world.meanwhile.set(move || {
        let configuration = json!({ "mode": "deny", "patterns": ["*"] });
        let configuration = space.policy_types.parse("access", &configuration).unwrap();
        let wanted =
            NewPolicy { name: "nobody".parse().unwrap(), configuration, enforcement: Enforcement::Enforce };
        let policy = block_on(policy::create_policy(&space, &context(&space), &owner, wanted)).unwrap();
        block_on(policy::attach(&space, &context(&space), &owner, name, vec![policy.id], None)).unwrap();
    });
    assert!(matches!(world.query(&user), Err(QueryError::Refused(_))));
    assert_eq!(world.last_event(), denied(Action::PolicyViolation, "access_denied"));
    // Something else that changes meanwhile changes nothing for the answer.
    let other = World::new();
    other.endpoint();
    let (user, bystander) = (other.member("ulf", Role::User), other.member("ben", Role::User));
    other.meanwhile.set(other.change(&bystander, Loss::Removed));
    other.query(&user).unwrap();
}

#[test]
fn h2_an_invitation_whose_maker_loses_the_right_while_a_password_is_hashed_lets_nobody_in() {
    for change in [Loss::Removed, Loss::Disabled, Loss::Demoted] {
        let world = World::new();
        let mallory = world.member("mallory", Role::Owner);
        let invitation = world.invite(&mallory, "second.self", Role::Owner);
        world.meanwhile.set(world.change(&mallory, change));
        assert_eq!(world.accept(invitation), Err(AcceptError::NotFound), "{change:?}");
        assert!(matches!(try_log_in(&world.space, "second.self"), Err(LoginError::Wrong)), "{change:?}");
    }
    // Whatever has become of the maker otherwise: an invitation that did not end with the right to make it lets nobody in.
    for before in [true, false] {
        let world = World::new();
        let mallory = world.member("mallory", Role::Owner);
        let invitation = world.invite(&mallory, "second.self", Role::Owner);
        let row = world.invitations().pop().unwrap();
        let (disable, plant) = (world.change(&mallory, Loss::Disabled), world.plant(row));
        let happens = move || {
            disable();
            plant();
        };
        if before {
            happens();
        } else {
            world.meanwhile.set(happens);
        }
        assert_eq!(world.accept(invitation), Err(AcceptError::NotFound));
        if !before {
            let refused = (Action::AuthzFail, Outcome::Denied, Some("inviter_may_not_grant".to_owned()));
            assert_eq!(world.last_event(), refused);
        }
    }
    // It is good for seven days, to the microsecond.
    for (age, is_good) in [(7 * DAY - Duration::from_micros(1), true), (7 * DAY, false)] {
        let world = World::new();
        let invitation = world.invite(&world.owner, "guest", Role::User);
        world.clock.advance(age);
        assert_eq!(world.accept(invitation).is_ok(), is_good, "{age:?}");
    }
    // Time goes on while a password is hashed, too.
    let world = World::new();
    let invitation = world.invite(&world.owner, "late", Role::User);
    let clock = Arc::clone(&world.clock);
    world.meanwhile.set(move || clock.advance(8 * DAY));
    assert_eq!(world.accept(invitation), Err(AcceptError::NotFound));
}

#[test]
fn r1_a_change_that_takes_no_right_to_invite_looks_for_no_invitations() {
    let world = World::new();
    let ulf = world.member("ulf", Role::User);
    let ada = world.member("ada", Role::Admin);
    // Neither may make this one. Only a change that looks for invitations finds it.
    let planted = |by: &Principal, n: u8| Invitation {
        id: InvitationId::from_bytes([n; 16]),
        tenant: world.owner.snapshot().tenant.id,
        email: email("planted"),
        role: Role::Owner,
        token: TokenHash([n; 32]),
        invited_by: account(by),
        created_at: world.space.clock.now(),
        expires_at: world.space.clock.now().plus(Invitation::LIFETIME),
    };
    for (n, by) in [(1, &ulf), (2, &ada)] {
        world.plant(planted(by, n))();
    }
    let change = |who: &Principal, role, status| {
        let change = ChangeMember { role, status, if_revision: None };
        let context = context(&world.space);
        block_on(identity::change_member(&world.space, &context, &world.owner, account(who), change))
            .unwrap();
    };
    change(&ulf, Some(Role::User), None);
    change(&ulf, Some(Role::Viewer), None);
    change(&ulf, None, Some(AccountStatus::Disabled));
    change(&ulf, None, None);
    change(&ada, Some(Role::Admin), Some(AccountStatus::Active));
    world.change(&ulf, Loss::Removed)();
    assert_eq!(world.invitations().len(), 2);
    // One who loses the right loses what they made by it, and no more is looked at.
    world.invite(&ada, "friend", Role::User);
    world.change(&ada, Loss::Demoted)();
    assert_eq!(world.last_event().2.as_deref(), Some("invitations_ended"));
    assert_eq!(world.invitations().len(), 2);
}

#[test]
fn a3_whoever_is_disabled_while_a_password_is_compared_gets_no_token() {
    for change in [Loss::Removed, Loss::Disabled, Loss::Renewed] {
        let world = World::new();
        let ulf = world.member("ulf", Role::User);
        world.meanwhile.set(world.change(&ulf, change));
        assert!(matches!(try_log_in(&world.space, "ulf"), Err(LoginError::Wrong)), "{change:?}");
        let failed = (Action::AuthnLoginFail, Outcome::Denied, Some("credentials_wrong".to_owned()));
        assert_eq!(world.last_event(), failed, "{change:?}");
    }
}

#[test]
fn a3_generations_and_no_clock_tell_good_tokens_from_ended_ones() {
    let world = World::new();
    let now = world.space.clock.now();
    // An account that was made while the clock was ahead takes tokens when it is set back, and one that was removed and made anew
    // within a second takes none from before.
    world.clock.set(now.plus(Duration::from_secs(86_400)));
    let world = World { owner: try_log_in(&world.space, "owner").unwrap(), ..world };
    let ahead = world.member("anna", Role::User);
    world.change(&ahead, Loss::Renewed)();
    world.clock.set(now);
    let back = try_log_in(&world.space, "anna").unwrap();
    let renewed = |who: &Principal| who.renew(&*world.space.snapshots, now).map(drop);
    assert_eq!(renewed(&back), Ok(()));
    assert_eq!(renewed(&ahead), Err(AuthenticateError::Revoked));
    world.change(&back, Loss::Removed)();
    let again = world.member("anna", Role::User);
    assert_eq!(renewed(&again), Ok(()));
    assert_eq!(renewed(&back), Err(AuthenticateError::Revoked));
    assert_eq!(renewed(&ahead), Err(AuthenticateError::Revoked));
}

#[test]
fn h2_an_invitation_of_a_member_ends_with_the_account_and_brings_nobody_back() {
    let world = World::new();
    let ulf = world.member("ulf", Role::User);
    // It was made while they joined.
    world.plant(Invitation {
        id: InvitationId::from_bytes([1; 16]),
        tenant: world.owner.snapshot().tenant.id,
        email: email("ulf"),
        role: Role::Admin,
        token: TokenHash([1; 32]),
        invited_by: account(&world.owner),
        created_at: world.space.clock.now(),
        expires_at: world.space.clock.now().plus(Invitation::LIFETIME),
    })();
    world.change(&ulf, Loss::Removed)();
    assert_eq!(world.invitations(), Vec::new());
    assert_eq!(world.last_event().2.as_deref(), Some("invitations_ended"));
}
