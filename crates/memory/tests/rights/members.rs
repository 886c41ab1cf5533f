//! What becomes of members and invitations: at their borders, and in what the log says of them.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_executor::block_on;
use syft_space_domain::access::{Permission, PrincipalKind, Role};
use syft_space_domain::audit::ports::EventFilter;
use syft_space_domain::audit::{Action, Actor, Event, Outcome};
use syft_space_domain::dataset::DatasetError;
use syft_space_domain::identity::{
    self, AcceptError, AcceptInvitation, AccountStatus, AuthorizationError, ChangeMember, ChangePassword,
    Forbidden, LoginError, Member, MemberError, Password, Principal, Session,
};
use syft_space_domain::page::PageRequest;
use syft_space_domain::secret::Secret;
use syft_space_domain::tenant::{ChangeSettings, change_settings};

use crate::world::{Loss, World, account, context, secret, try_log_in};

const MICRO: Duration = Duration::from_micros(1);

impl World {
    fn recorded(&self) -> Vec<Event> {
        let scope = self.owner.scope(Permission::ReadAudit).unwrap();
        let page =
            self.read(move |view| view.events(&scope, &EventFilter::default(), PageRequest::default()));
        page.events.items.into_iter().map(|stored| stored.event).collect()
    }

    fn shown(&self, who: &Principal) -> Member {
        let (scope, account) = (self.owner.scope(Permission::ReadMembers).unwrap(), account(who));
        self.read(move |view| view.member(&scope, account)).unwrap()
    }

    fn change_member_to(&self, who: &Principal, change: ChangeMember) -> Result<Member, MemberError> {
        block_on(identity::change_member(
            &self.space,
            &context(&self.space),
            &self.owner,
            account(who),
            change,
        ))
    }
}

/// The same token once more.
fn again(accepted: &AcceptInvitation) -> AcceptInvitation {
    AcceptInvitation { token: accepted.token, password: secret() }
}

fn told(events: &[Event], action: Action, reason: &str) -> Vec<Event> {
    let is = |event: &&Event| {
        event.action == action && event.reason_code.as_ref().is_some_and(|code| code.to_string() == reason)
    };
    events.iter().filter(is).cloned().collect()
}

#[test]
fn h2_an_invitation_works_up_to_its_end_and_not_at_it_nor_where_it_ends_while_a_password_is_hashed() {
    let world = World::new();
    let accepted = world.invite(&world.owner, "ann", Role::User);
    let of_bob = world.invite(&world.owner, "bob", Role::User);
    let ends = world.invitations()[0].expires_at;
    world.clock.set(ends);
    assert!(matches!(world.accept(again(&accepted)), Err(AcceptError::NotFound)));
    world.clock.set(ends.minus(MICRO));
    let clock = world.clock.clone();
    world.meanwhile.set(move || clock.advance(MICRO));
    assert!(matches!(world.accept(again(&accepted)), Err(AcceptError::NotFound)), "it ended meanwhile");
    world.clock.set(ends.minus(MICRO));
    world.accept(of_bob).unwrap();
}

#[test]
fn h2_who_joins_has_a_password_and_other_invitations_of_the_address_end_with_a_word() {
    let world = World::new();
    let first = world.invite(&world.owner, "ann", Role::User);
    let second = world.invite(&world.owner, "ann", Role::Viewer);
    world.accept(first).unwrap();
    assert!(matches!(world.accept(second), Err(AcceptError::NotFound)));
    let events = world.recorded();
    let ended = told(&events, Action::ConfigChange, "invitations_ended");
    assert_eq!((ended.len(), ended[0].count), (1, 1), "{events:?}");
    let ann = try_log_in(&world.space, "ann").unwrap();
    let member = world.shown(&ann);
    assert!(member.has_password && !member.short_password);
    assert_eq!(member.last_login_at, Some(world.space.clock.now()));
}

#[test]
fn h2_an_invitation_that_is_withdrawn_lets_nobody_in() {
    let world = World::new();
    let accepted = world.invite(&world.owner, "ann", Role::User);
    let id = world.invitations()[0].id;
    let withdraw =
        || block_on(identity::withdraw_invitation(&world.space, &context(&world.space), &world.owner, id));
    withdraw().unwrap();
    assert!(world.invitations().is_empty());
    assert!(matches!(world.accept(again(&accepted)), Err(AcceptError::NotFound)));
    assert!(withdraw().is_err(), "there is none any more");
}

#[test]
fn z3_a_change_makes_another_revision_and_a_role_that_is_given_ends_no_session() {
    let world = World::new();
    let ann = world.member("ann", Role::User);
    assert_eq!(world.shown(&ann).revision, 1);
    let promote = |if_revision| ChangeMember { role: Some(Role::Admin), status: None, if_revision };
    assert!(matches!(world.change_member_to(&ann, promote(Some(2))), Err(MemberError::Changed)));
    assert_eq!(world.change_member_to(&ann, promote(Some(1))).unwrap().revision, 2);
    assert!(ann.renew(&*world.space.snapshots, world.space.clock.now()).is_ok(), "they are logged in still");
    assert_eq!(world.change_member_to(&ann, promote(None)).unwrap().revision, 3);
}

#[test]
fn z3_who_is_disabled_does_not_log_in_with_the_right_password() {
    let world = World::new();
    let ann = world.member("ann", Role::User);
    world.change(&ann, Loss::Disabled)();
    assert!(matches!(try_log_in(&world.space, "ann"), Err(LoginError::Wrong)));
    let enable = ChangeMember { role: None, status: Some(AccountStatus::Active), if_revision: None };
    world.change_member_to(&ann, enable).unwrap();
    try_log_in(&world.space, "ann").unwrap();
}

#[test]
fn a9_what_a_role_needs_from_now_on_is_asked_for_at_the_next_write_and_told_with_the_role_of_then() {
    let world = World::new();
    let ada = world.member("ada", Role::Admin);
    let change =
        ChangeSettings { second_factor_roles: Some([Role::Admin].into()), ..ChangeSettings::default() };
    block_on(change_settings(&world.space, &context(&world.space), &world.owner, change)).unwrap();
    let refused = |outcome: Result<_, DatasetError>| match outcome.err() {
        Some(DatasetError::Authorization(AuthorizationError::Forbidden(error))) => error,
        other => panic!("{other:?}"),
    };
    let permission = Permission::WriteDatasets;
    let error = refused(world.dataset(&ada, "one"));
    assert_eq!(error, Forbidden { kind: PrincipalKind::WithoutSecondFactor(Role::Admin), permission });
    assert!(error.to_string().contains("enrol one, and try again"), "{error}");
    world.change(&ada, Loss::Demoted)();
    let error = refused(world.dataset(&ada, "two"));
    assert_eq!(error, Forbidden { kind: PrincipalKind::Member(Role::Viewer), permission });
    assert_eq!(error.to_string(), "your role, viewer, does not permit this; who may: owner, admin");
    let id = account(&ada);
    let of = |reason| told(&world.recorded(), Action::AuthzFail, reason).pop().unwrap().actor;
    assert_eq!(of("second_factor_required"), Actor::Account { id, role: Some(Role::Admin) });
    assert_eq!(
        of("forbidden"),
        Actor::Account { id, role: Some(Role::Viewer) },
        "and not that of their token"
    );
}

#[test]
fn g2_while_a_tenant_ends_its_members_are_told_so_and_with_which_role_they_tried() {
    let world = World::new();
    let ada = world.member("ada", Role::Admin);
    world.end().unwrap();
    let Some(DatasetError::Authorization(AuthorizationError::Forbidden(error))) =
        world.dataset(&ada, "one").err()
    else {
        panic!("it was made")
    };
    assert_eq!(error.kind, PrincipalKind::Ending(Some(Role::Admin)));
    let event = told(&world.recorded(), Action::AuthzFail, "tenant_ending").pop().unwrap();
    assert_eq!(event.actor, Actor::Account { id: account(&ada), role: Some(Role::Admin) });
}

#[test]
fn a3_a_wrong_current_password_is_told_as_a_change_that_failed() {
    let world = World::new();
    let ann = world.member("ann", Role::User);
    let secret = |text: &str| Secret::new(text.to_owned());
    let wanted = ChangePassword {
        current: Password::presented(&secret("another set of words entirely")).unwrap(),
        new: secret("nine herons wade past quiet mills"),
    };
    assert!(block_on(identity::change_password(&world.space, &context(&world.space), &ann, wanted)).is_err());
    let event = world.recorded().into_iter().next().unwrap();
    assert_eq!((event.action, event.outcome), (Action::AuthnPasswordChangeFail, Outcome::Denied));
    try_log_in(&world.space, "ann").unwrap();
}

#[test]
fn a4_sessions_that_are_ended_are_counted_and_each_event_has_an_id_of_its_own() {
    let world = World::new();
    let ann = world.member("ann", Role::User);
    for _ in 0..Session::MAX_PER_ACCOUNT {
        try_log_in(&world.space, "ann").unwrap();
    }
    let ending = context(&world.space);
    let end = identity::end_member_sessions(&world.space, &ending, &world.owner, account(&ann));
    let ended = block_on(end).unwrap();
    assert!(ended > 1);
    let events = world.recorded();
    let of_all = told(&events, Action::SessionExpired, "sessions_revoked");
    assert_eq!((of_all.len(), of_all[0].count), (1, ended));
    // The oldest made room for the newest.
    assert!(!told(&events, Action::SessionExpired, "session_limit").is_empty());
    let ids: BTreeSet<_> = events.iter().map(|event| event.id).collect();
    let salts: BTreeSet<_> = events.iter().map(|event| event.salt).collect();
    assert_eq!((ids.len(), salts.len()), (events.len(), events.len()));
    // One's own end is told with its reason.
    let ann = try_log_in(&world.space, "ann").unwrap();
    block_on(identity::log_out(&world.space, &context(&world.space), &ann)).unwrap();
    assert_eq!(told(&world.recorded(), Action::SessionExpired, "logged_out").len(), 1);
}
