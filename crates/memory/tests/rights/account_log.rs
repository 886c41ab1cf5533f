//! What a tenant's log says of sessions and passwords, and what is stored of who joins and logs in.

use std::collections::HashSet;
use std::time::Duration;

use futures_executor::block_on;
use syft_space_domain::access::{Permission, Role};
use syft_space_domain::audit::ports::EventFilter;
use syft_space_domain::audit::{Action, Event, Outcome};
use syft_space_domain::identity::{
    self, AcceptError, ChangePassword, LoggedIn, Login, Member, Password, Principal, RefreshError, Session,
    TenantEnding,
};
use syft_space_domain::page::PageRequest;
use syft_space_domain::secret::Secret;
use syft_space_domain::tenant::{TenantName, end_tenant};

use crate::world::{World, account, context, email, secret, try_log_in};

const INSTANT: Duration = Duration::from_micros(1);

fn member(world: &World, who: &Principal) -> Member {
    let (scope, account) = (who.scope(Permission::OwnAccount).unwrap(), account(who));
    world.read(move |view| view.member(&scope, account)).unwrap()
}

fn events(world: &World) -> Vec<Event> {
    let scope = world.owner.scope(Permission::ReadAudit).unwrap();
    let page = world.read(move |view| view.events(&scope, &EventFilter::default(), PageRequest::default()));
    page.events.items.into_iter().map(|stored| stored.event).collect()
}

#[test]
fn a1_who_joins_has_a_password_and_each_login_is_noted_with_its_instant() {
    let world = World::new();
    let ann = world.member("ann", Role::User);
    let joined = member(&world, &ann);
    assert!(joined.has_password && !joined.short_password);
    world.clock.advance(Duration::from_secs(60));
    try_log_in(&world.space, "ann").unwrap();
    assert_eq!(member(&world, &ann).last_login_at, Some(world.space.clock.now()));
}

#[test]
fn a4_a_session_that_gives_way_is_told_of_apart_from_the_login_that_displaced_it() {
    let world = World::new();
    world.member("ann", Role::User);
    for _ in 0..Session::MAX_PER_ACCOUNT {
        world.clock.advance(Duration::from_secs(1));
        try_log_in(&world.space, "ann").unwrap();
    }
    let told = events(&world);
    let last = &told[..2];
    assert_eq!(last[0].action, Action::SessionExpired);
    let ids: HashSet<_> = last.iter().map(|event| event.id).collect();
    let salts: HashSet<_> = last.iter().map(|event| event.salt).collect();
    assert_eq!((ids.len(), salts.len()), (2, 2));
}

#[test]
fn a4_the_log_says_why_a_session_ended_and_how_many_ended_at_once() {
    let world = World::new();
    let ann = world.member("ann", Role::User);
    for _ in 0..2 {
        try_log_in(&world.space, "ann").unwrap();
    }
    let ended = |why: &str| (Action::SessionExpired, Outcome::Success, Some(why.to_owned()));
    block_on(identity::log_out(&world.space, &context(&world.space), &ann)).unwrap();
    assert_eq!(world.events()[0], (ended("logged_out"), 1));
    let (space, id) = (&world.space, account(&ann));
    let count = block_on(identity::end_member_sessions(space, &context(space), &world.owner, id)).unwrap();
    assert!(count > 1);
    assert_eq!(world.events()[0], (ended("sessions_revoked"), count));
    // That somebody asked is told also where there was nothing to end.
    block_on(identity::end_member_sessions(space, &context(space), &world.owner, id)).unwrap();
    assert_eq!(world.events()[0], (ended("sessions_revoked"), 0));
}

#[test]
fn a3_a_change_of_a_password_with_a_wrong_one_is_told_of_as_that() {
    let world = World::new();
    let current = Password::parse(&Secret::new("nine herons wade past quiet mills".to_owned())).unwrap();
    let wanted = ChangePassword { current, new: secret() };
    let context = context(&world.space);
    let changed = block_on(identity::change_password(&world.space, &context, &world.owner, wanted));
    assert!(changed.is_err());
    let told = (Action::AuthnPasswordChangeFail, Outcome::Denied, Some("credentials_wrong".to_owned()));
    assert_eq!(world.last_event(), told);
}

#[test]
fn u1_an_invitation_is_accepted_until_its_end_and_not_at_it() {
    for (before, expected) in [(INSTANT, Ok(())), (Duration::ZERO, Err(AcceptError::NotFound))] {
        let world = World::new();
        let wanted = world.invite(&world.owner, "bob", Role::User);
        let end = world.invitations()[0].expires_at;
        world.clock.advance(end.since(world.space.clock.now()) - before);
        assert_eq!(world.accept(wanted), expected);
    }
    // So it is when its end comes while the password is hashed.
    let world = World::new();
    let wanted = world.invite(&world.owner, "bob", Role::User);
    let left = world.invitations()[0].expires_at.since(world.space.clock.now()) - INSTANT;
    world.clock.advance(left);
    let clock = world.clock.clone();
    world.meanwhile.set(move || clock.advance(INSTANT));
    assert_eq!(world.accept(wanted), Err(AcceptError::NotFound));
}

#[test]
fn u4_a_session_of_a_tenant_that_ends_goes_on_for_its_owners_alone_and_others_are_told_why() {
    let world = World::new();
    world.member("ann", Role::User);
    let log_in = |name: &str| {
        let wanted = Login {
            email: email(name),
            password: Password::parse(&secret()).unwrap(),
            tenant: None,
            code: None,
        };
        block_on(identity::login(&world.space, &context(&world.space), wanted)).unwrap()
    };
    let (owner, ann) = (log_in("owner"), log_in("ann"));
    let (name, grace) = (TenantName::parse("acme").unwrap(), Duration::from_secs(7 * 24 * 60 * 60));
    block_on(end_tenant(&world.space, &context(&world.space), &world.owner, name, grace)).unwrap();
    let refresh = |of: &LoggedIn| {
        block_on(identity::refresh(&world.space, &context(&world.space), &of.refresh_token.expose()))
    };
    assert_eq!(refresh(&ann).err(), Some(RefreshError::from(TenantEnding)));
    let told = (Action::SessionRenewed, Outcome::Denied, Some("tenant_ending".to_owned()));
    assert_eq!(world.last_event(), told);
    refresh(&owner).unwrap();
}
