//! What begins a session, keeps it up, and ends it, on a clock that a test sets.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_executor::block_on;
use syft_space_domain::Space;
use syft_space_domain::access::{Permission, Role};
use syft_space_domain::audit::{Action, Outcome, RequestContext};
use syft_space_domain::identity::{
    self, AccountStatus, AuthenticateError, AuthorizationError, ChangeMember, ChangePassword, LoggedIn,
    Login, Password, Principal, RefreshError, Session, SessionError, SessionLife,
};
use syft_space_domain::secret::Secret;
use syft_space_domain::tenant::{OperatorScope, TenantName, found_as_operator};

use crate::world::{PASSWORD, World, account, context, email};

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(86_400);

fn password(text: &str) -> Password {
    Password::parse(&Secret::new(text.to_owned())).unwrap()
}

fn log_in(space: &Space, name: &str) -> LoggedIn {
    let wanted = Login { email: email(name), password: password(PASSWORD), tenant: None, code: None };
    block_on(identity::login(space, &context(space), wanted)).unwrap()
}

fn principal(space: &Space, logged_in: &LoggedIn) -> Principal {
    let claims = space.tokens.verify(logged_in.token.expose(), space.clock.now()).unwrap();
    identity::authenticate(&*space.snapshots, &claims, space.signing_keys.epoch().mark()).unwrap()
}

fn refresh_in(
    space: &Space,
    context: &RequestContext,
    logged_in: &LoggedIn,
) -> Result<LoggedIn, RefreshError> {
    block_on(identity::refresh(space, context, &logged_in.refresh_token.expose()))
}

fn refresh(space: &Space, logged_in: &LoggedIn) -> Result<LoggedIn, RefreshError> {
    refresh_in(space, &context(space), logged_in)
}

fn text(logged_in: &LoggedIn) -> String {
    logged_in.refresh_token.expose().expose().clone()
}

fn still(space: &Space, who: &Principal) -> Result<(), AuthenticateError> {
    who.renew(&*space.snapshots, space.clock.now()).map(drop)
}

fn own(space: &Space, who: &Principal) -> Vec<Session> {
    block_on(identity::sessions(space, who)).unwrap().sessions
}

/// How many sessions the store has of somebody, over or not.
fn stored(world: &World, who: &Principal) -> usize {
    let (scope, account) = (who.scope(Permission::OwnAccount).unwrap(), account(who));
    world.read(move |view| view.sessions(&scope, account)).len()
}

fn denied(action: Action, reason: Option<&str>) -> (Action, Outcome, Option<String>) {
    (action, Outcome::Denied, reason.map(str::to_owned))
}

#[test]
fn a4_a_refresh_token_that_comes_again_gets_the_same_and_later_ends_the_session() {
    let world = World::new();
    let space = &world.space;
    let first = log_in(space, "owner");
    let who = principal(space, &first);
    world.clock.advance(SECOND * 60);
    let second = refresh(space, &first).unwrap();
    assert_eq!(still(space, &who), Ok(()), "the access token of before is good to its end");
    assert_ne!(text(&first), text(&second));
    world.clock.advance(SECOND * 10 - Duration::from_micros(1));
    let again = refresh(space, &first).unwrap();
    assert_eq!(text(&again), text(&second));
    assert_ne!(again.token.expose(), second.token.expose(), "each answer has an access token of its own");
    world.clock.advance(Duration::from_micros(1));
    assert_eq!(refresh(space, &first).err(), Some(RefreshError::Ended));
    assert_eq!(world.last_event(), denied(Action::AuthnTokenReuse, None));
    // The whole family has ended, whoever has it.
    assert_eq!(refresh(space, &second).err(), Some(RefreshError::Unknown));
    assert_eq!(still(space, &who), Err(AuthenticateError::Revoked));
}

#[test]
fn a4_a_thief_who_is_quicker_twice_is_found_out_by_whoever_has_the_oldest_token() {
    let world = World::new();
    let space = &world.space;
    let first = log_in(space, "owner");
    let thief = refresh(space, &refresh(space, &first).unwrap()).unwrap();
    assert_eq!(refresh(space, &first).err(), Some(RefreshError::Ended), "it is not even the one before");
    assert_eq!(refresh(space, &thief).err(), Some(RefreshError::Unknown));
}

#[test]
fn a4_a_request_that_was_held_back_is_judged_by_when_its_token_came() {
    let world = World::new();
    let space = &world.space;
    let first = log_in(space, "owner");
    let early = context(space);
    refresh(space, &first).unwrap();
    world.clock.advance(SECOND * 10);
    assert_eq!(refresh_in(space, &early, &first).err(), Some(RefreshError::Ended));
}

#[test]
fn a4_a_session_ends_when_it_is_idle_and_when_it_is_old_and_no_token_outlives_it() {
    let world = World::new();
    let space = &world.space;
    let life = SessionLife::default();
    let idle = log_in(space, "owner");
    let mut kept = log_in(space, "owner");
    let begun = space.clock.now();
    world.clock.advance(life.idle);
    assert_eq!(refresh(space, &idle).err(), Some(RefreshError::Ended));
    assert_eq!(world.last_event(), denied(Action::SessionExpired, Some("session_idle")));
    assert_eq!(refresh(space, &idle).err(), Some(RefreshError::Unknown), "once");
    world.clock.set(begun);
    for day in 1..30 {
        world.clock.set(begun.plus(DAY * day));
        kept = refresh(space, &kept).unwrap();
    }
    world.clock.set(begun.plus(life.absolute - SECOND * 300));
    kept = refresh(space, &kept).unwrap();
    assert!(kept.lifetime <= SECOND * 300, "{:?}", kept.lifetime);
    let who = principal(space, &kept);
    world.clock.set(begun.plus(life.absolute));
    assert_eq!(still(space, &who), Err(AuthenticateError::Expired));
    assert_eq!(refresh(space, &kept).err(), Some(RefreshError::Ended));
    assert_eq!(world.last_event(), denied(Action::SessionExpired, Some("session_too_old")));
}

#[test]
fn a4_a_session_may_be_refreshed_up_to_its_last_second() {
    let world = World::new();
    let space = &world.space;
    let life = space.session_life;
    let mut session = log_in(space, "owner");
    let begun = space.clock.now();
    for day in 1..30 {
        world.clock.set(begun.plus(DAY * day));
        session = refresh(space, &session).unwrap();
    }
    // Its end is in the middle of a second, of which tokens know nothing.
    let end = begun.plus(life.absolute).start_of_second();
    world.clock.set(begun.plus(life.absolute - SECOND));
    session = refresh(space, &session).unwrap();
    assert!(session.lifetime >= SECOND / 2, "{:?}", session.lifetime);
    world.clock.set(end);
    assert_eq!(refresh(space, &session).err(), Some(RefreshError::Ended));
}

const OF_ALL: &str = "operator, of all";

#[test]
fn a4_whatever_ends_a_session_acts_at_once_on_its_tokens_and_on_what_is_under_way() {
    type Cause = fn(&World, &Principal, &Principal);
    let causes: [(&str, Cause); 12] = [
        ("logout", |world, who, _| {
            block_on(identity::log_out(&world.space, &context(&world.space), who)).unwrap();
        }),
        ("another session", |world, who, other| {
            let id = who.session(Permission::OwnAccount).unwrap();
            block_on(identity::end_session(&world.space, &context(&world.space), other, id)).unwrap();
        }),
        ("disable", |world, who, _| set_status(world, who, AccountStatus::Disabled)),
        ("disable and enable", |world, who, _| {
            set_status(world, who, AccountStatus::Disabled);
            set_status(world, who, AccountStatus::Active);
        }),
        ("removal", |world, who, _| {
            let context = context(&world.space);
            block_on(identity::remove_member(&world.space, &context, &world.owner, account(who), None))
                .unwrap();
        }),
        ("leaving", |world, _, other| {
            block_on(identity::leave(&world.space, &context(&world.space), other)).unwrap();
        }),
        ("password", |world, _, other| {
            let wanted = ChangePassword {
                current: password(PASSWORD),
                new: Secret::new("nine herons wade past quiet mills".to_owned()),
            };
            let changed =
                block_on(identity::change_password(&world.space, &context(&world.space), other, wanted))
                    .unwrap();
            // Its answer is of the only session there is.
            let who = principal(&world.space, &changed);
            assert_eq!(own(&world.space, &who).len(), 1);
            refresh(&world.space, &changed).unwrap();
        }),
        ("operator", |world, _, _| {
            let (operator, name) = (OperatorScope::at_startup(), TenantName::parse("acme").unwrap());
            let password = password("nine herons wade past quiet mills");
            let context = context(&world.space);
            let email = email("ann");
            let restored = found_as_operator(&world.space, &context, &operator, &email, &password, &name);
            block_on(restored).unwrap();
        }),
        ("all others", |world, _, other| {
            let context = context(&world.space);
            let end = || block_on(identity::end_other_sessions(&world.space, &context, other));
            assert_eq!(end(), Ok(2), "the one that they joined with, and this");
            assert_eq!(end(), Ok(0));
            assert_eq!(world.last_event().2.as_deref(), Some("session_ended"));
        }),
        ("who manages them", |world, who, _| {
            let context = context(&world.space);
            let ended = identity::end_member_sessions(&world.space, &context, &world.owner, account(who));
            assert_eq!(block_on(ended), Ok(3));
            assert_eq!(world.last_event().2.as_deref(), Some("sessions_revoked"));
        }),
        ("operator, of one", |world, _, _| {
            let operator = OperatorScope::at_startup();
            let (context, ann) = (context(&world.space), Some(email("ann")));
            let ended = identity::end_sessions_as_operator(&world.space, &context, &operator, None, ann);
            assert_eq!(block_on(ended), Ok(3));
        }),
        (OF_ALL, |world, _, _| {
            let operator = OperatorScope::at_startup();
            let context = context(&world.space);
            let ended = identity::end_sessions_as_operator(&world.space, &context, &operator, None, None);
            assert_eq!(block_on(ended), Ok(5), "those of ann, and the owner's");
        }),
    ];
    for (cause, happen) in causes {
        let world = World::new();
        let space = &world.space;
        world.member("ann", Role::Admin);
        let (session, other) = (log_in(space, "ann"), log_in(space, "ann"));
        let (who, other) = (principal(space, &session), principal(space, &other));
        let bystander = log_in(space, "owner");
        happen(&world, &who, &other);
        assert_eq!(still(space, &who), Err(AuthenticateError::Revoked), "{cause}");
        assert_eq!(refresh(space, &session).err(), Some(RefreshError::Unknown), "{cause}");
        let refused = world.dataset(&who, "planted").unwrap_err();
        assert_eq!(refused, AuthorizationError::from(AuthenticateError::Revoked).into(), "{cause}");
        assert_eq!(world.last_event(), denied(Action::AuthnTokenFail, Some("token_revoked")), "{cause}");
        assert_eq!(refresh(space, &bystander).is_ok(), cause != OF_ALL, "{cause}");
        if matches!(cause, "logout" | "another session" | "all others") {
            assert_eq!(still(space, &other), Ok(()), "{cause} ends one session alone");
        }
    }
}

fn set_status(world: &World, who: &Principal, status: AccountStatus) {
    let change = ChangeMember { status: Some(status), ..ChangeMember::default() };
    let context = context(&world.space);
    block_on(identity::change_member(&world.space, &context, &world.owner, account(who), change)).unwrap();
}

#[test]
fn a4_a_session_outlives_a_change_of_role_which_acts_all_the_same() {
    let world = World::new();
    let space = &world.space;
    world.member("ann", Role::Admin);
    let session = log_in(space, "ann");
    let who = principal(space, &session);
    let change = ChangeMember { role: Some(Role::Viewer), ..ChangeMember::default() };
    block_on(identity::change_member(space, &context(space), &world.owner, account(&who), change)).unwrap();
    let now = who.renew(&*space.snapshots, space.clock.now()).unwrap();
    assert_eq!(now.member(Permission::OwnAccount).unwrap().role, Role::Viewer);
    let next = refresh(space, &session).unwrap();
    let claims = space.tokens.verify(next.token.expose(), space.clock.now()).unwrap();
    assert_eq!(claims.role, Role::Viewer, "the next token tells it");
}

#[test]
fn a4_nobody_sees_or_ends_anothers_session() {
    let world = World::new();
    let space = &world.space;
    let ann = world.member("ann", Role::Admin);
    let theirs = ann.session(Permission::OwnAccount).unwrap();
    let end = |who: &Principal, id| block_on(identity::end_session(space, &context(space), who, id));
    assert_eq!(end(&world.owner, theirs), Err(SessionError::NotFound));
    assert_eq!(still(space, &ann), Ok(()));
    let told = block_on(identity::sessions(space, &ann)).unwrap();
    assert_eq!(told.current, theirs);
    assert_eq!(told.sessions.iter().map(|session| session.id).collect::<Vec<_>>(), [theirs]);
    assert_eq!(end(&ann, theirs), Ok(()));
    assert_eq!(end(&ann, theirs), Err(AuthorizationError::from(AuthenticateError::Revoked).into()));
}

#[test]
fn a4_an_account_has_so_many_sessions_and_the_one_used_longest_ago_gives_way() {
    let world = World::new();
    let space = &world.space;
    world.member("ann", Role::User);
    world.clock.advance(SECOND);
    let [first, second] = [(); 2].map(|()| {
        world.clock.advance(SECOND);
        log_in(space, "ann")
    });
    let who = principal(space, &second);
    while stored(&world, &who) < Session::MAX_PER_ACCOUNT {
        world.clock.advance(SECOND);
        log_in(space, "ann");
    }
    // The one with which they joined is the oldest, then these; the first was used since.
    let first = refresh(space, &first).unwrap();
    for _ in 0..2 {
        world.clock.advance(SECOND);
        log_in(space, "ann");
        assert_eq!(stored(&world, &who), Session::MAX_PER_ACCOUNT);
        let limit = (Action::SessionExpired, Outcome::Success, Some("session_limit".to_owned()));
        assert_eq!(world.last_event(), limit);
    }
    assert_eq!(still(space, &who), Err(AuthenticateError::Revoked));
    assert_eq!(refresh(space, &second).err(), Some(RefreshError::Unknown));
    refresh(space, &first).unwrap();
}

#[test]
fn a4_sessions_that_are_over_are_shown_to_nobody_and_removed_by_logins() {
    let world = World::new();
    let space = &world.space;
    for _ in 0..20 {
        log_in(space, "owner");
    }
    world.clock.advance(space.session_life.idle);
    let mut who = principal(space, &log_in(space, "owner"));
    assert_eq!(own(space, &who).len(), 1, "what is over is not shown");
    assert_eq!(stored(&world, &who), 21 - 16 + 1, "more are removed than begin");
    who = principal(space, &log_in(space, "owner"));
    assert_eq!(stored(&world, &who), 2);
}

#[test]
fn a4_a_refresh_changes_no_snapshot() {
    let world = World::new();
    let space = &world.space;
    let session = log_in(space, "owner");
    let scope = world.owner.scope(Permission::OwnAccount).unwrap();
    let before = space.snapshots.tenant(&scope).unwrap();
    refresh(space, &session).unwrap();
    assert!(Arc::ptr_eq(&before, &space.snapshots.tenant(&scope).unwrap()));
    log_in(space, "owner");
    assert!(!Arc::ptr_eq(&before, &space.snapshots.tenant(&scope).unwrap()));
}

#[test]
fn a4_no_token_is_taken_for_another_kind() {
    let world = World::new();
    let space = &world.space;
    let session = log_in(space, "owner");
    let refreshed =
        |text: &str| block_on(identity::refresh(space, &context(space), &Secret::new(text.to_owned()))).err();
    let shown = text(&session);
    let (family, own) = shown.split_at(64);
    let unknown = ["", session.token.expose(), family, own, &format!("{own}{family}"), &shown.to_uppercase()];
    for text in unknown {
        assert_eq!(refreshed(text), Some(RefreshError::Unknown), "{text}");
    }
    assert!(space.tokens.verify(&shown, space.clock.now()).is_err());
    // Whoever knows the family has had a token of it.
    assert_eq!(refreshed(&format!("{family}{}", "0".repeat(64))), Some(RefreshError::Ended));
    let tokens: BTreeSet<String> = (0..50).map(|_| text(&log_in(space, "owner"))).collect();
    assert_eq!(tokens.len(), 50);
}

#[test]
fn a4_sessions_that_are_over_go_with_the_others_and_are_not_counted() {
    let world = World::new();
    let space = &world.space;
    world.member("ann", Role::User);
    world.clock.advance(space.session_life.idle);
    let [who, _] = [(); 2].map(|()| principal(space, &log_in(space, "ann")));
    let ended = block_on(identity::end_other_sessions(space, &context(space), &who));
    assert_eq!((ended, stored(&world, &who)), (Ok(1), 1));
}
