//! A reset of a password stands on a right, on an account as it was, and on time; and mail has its bounds.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_executor::block_on;
use syft_space_domain::Pending;
use syft_space_domain::access::{Permission, Role};
use syft_space_domain::audit::{Action, Outcome};
use syft_space_domain::identity::{
    self, AccountStatus, ChangeMember, Invite, InviteError, LoginError, Principal, RedeemError, RedeemReset,
    ResetError,
};
use syft_space_domain::mail::ports::{MailError, Mailer};
use syft_space_domain::mail::{Delivered, Mail, Mails};
use syft_space_domain::secret::{Secret, TokenHash};
use syft_space_domain::tenant::{end_tenant, keep_tenant};

use crate::world::{Loss, World, account, context, email, secret, try_log_in};

const ANOTHER: &str = "nine herons wade past quiet mills";
const HOUR: Duration = Duration::from_secs(3_600);

fn reset(world: &World, by: &Principal, of: &Principal) -> Result<Delivered, ResetError> {
    let context = context(&world.space);
    let made = identity::reset_password(&world.space, &context, by, account(of));
    block_on(made).map(|made| made.token)
}

fn made(world: &World, by: &Principal, of: &Principal) -> TokenHash {
    let Ok(Delivered::Shown(token)) = reset(world, by, of) else { panic!("no token is shown") };
    token.hash()
}

fn redeem(world: &World, token: TokenHash) -> Result<(), RedeemError> {
    let wanted = RedeemReset { token, password: Secret::new(ANOTHER.to_owned()) };
    block_on(identity::redeem_reset(&world.space, &context(&world.space), wanted))
}

fn change(world: &World, who: &Principal, role: Option<Role>, status: Option<AccountStatus>) {
    let change = ChangeMember { role, status, if_revision: None };
    let context = context(&world.space);
    let made = identity::change_member(&world.space, &context, &world.owner, account(who), change);
    block_on(made).unwrap();
}

#[test]
fn h2_a_reset_of_somebody_whom_a_tenant_that_ends_keeps_out_sets_no_password_until_it_is_kept() {
    for meanwhile in [false, true] {
        let world = World::new();
        let (boss, ulf) = (world.member("boss", Role::Owner), world.member("ulf", Role::User));
        let tokens = [&boss, &ulf].map(|who| made(&world, &world.owner, who));
        let (space, owner) = (world.space.clone(), world.owner.clone());
        let name = owner.snapshot().tenant.name.clone();
        let ends = move || {
            block_on(end_tenant(&space, &context(&space), &owner, name, HOUR)).unwrap();
        };
        if meanwhile {
            world.meanwhile.set(ends);
        } else {
            ends();
        }
        assert_eq!(redeem(&world, tokens[1]), Err(RedeemError::NotFound), "{meanwhile}");
        assert_eq!(redeem(&world, tokens[0]), Ok(()), "an owner is let in");
        let owner = try_log_in(&world.space, "owner").unwrap();
        block_on(keep_tenant(&world.space, &context(&world.space), &owner)).unwrap();
        try_log_in(&world.space, "ulf").unwrap();
        assert_eq!(redeem(&world, tokens[1]), Ok(()));
    }
}

#[test]
fn h2_a_reset_whose_maker_loses_the_right_before_or_meanwhile_sets_no_password() {
    for loss in [Loss::Removed, Loss::Disabled, Loss::Demoted] {
        for meanwhile in [false, true] {
            let world = World::new();
            let (ada, ulf) = (world.member("ada", Role::Admin), world.member("ulf", Role::User));
            let token = made(&world, &ada, &ulf);
            let happens = world.change(&ada, loss);
            if meanwhile {
                world.meanwhile.set(happens);
            } else {
                happens();
            }
            assert_eq!(redeem(&world, token), Err(RedeemError::NotFound), "{loss:?} {meanwhile}");
            try_log_in(&world.space, "ulf").unwrap();
        }
    }
    // With the right back, what was made by it before is not.
    let world = World::new();
    let (ada, ulf) = (world.member("ada", Role::Admin), world.member("ulf", Role::User));
    let token = made(&world, &ada, &ulf);
    change(&world, &ada, Some(Role::User), None);
    assert_eq!(world.last_event().2.as_deref(), Some("resets_ended"));
    change(&world, &ada, Some(Role::Admin), None);
    assert_eq!(redeem(&world, token), Err(RedeemError::NotFound));
}

#[test]
fn h2_a_reset_ends_with_what_the_member_was() {
    type Ends = fn(&World, &Principal);
    let disabled: Ends = |world, ulf| {
        change(world, ulf, None, Some(AccountStatus::Disabled));
        change(world, ulf, None, Some(AccountStatus::Active));
    };
    let promoted: Ends = |world, ulf| {
        change(world, ulf, Some(Role::Admin), None);
        change(world, ulf, Some(Role::User), None);
    };
    let removed: Ends = |world, ulf| {
        world.change(ulf, Loss::Removed)();
        world.member("ulf", Role::User);
    };
    let renewed: Ends = |world, ulf| world.change(ulf, Loss::Renewed)();
    let replaced: Ends = |world, ulf| {
        made(world, &world.owner, ulf);
    };
    for ends in [disabled, promoted, removed, renewed, replaced] {
        let world = World::new();
        let ulf = world.member("ulf", Role::User);
        let token = made(&world, &world.owner, &ulf);
        ends(&world, &ulf);
        assert_eq!(redeem(&world, token), Err(RedeemError::NotFound));
    }
}

#[test]
fn h2_a_reset_is_good_for_an_hour_to_the_microsecond_and_once() {
    for (age, is_good) in [(HOUR - Duration::from_micros(1), true), (HOUR, false)] {
        let world = World::new();
        let ulf = world.member("ulf", Role::User);
        let token = made(&world, &world.owner, &ulf);
        world.clock.advance(age);
        assert_eq!(redeem(&world, token).is_ok(), is_good, "{age:?}");
        assert_eq!(redeem(&world, token), Err(RedeemError::NotFound), "{age:?}");
    }
    // Time goes on while a password is hashed, too; and of two at once the second finds nothing.
    let world = World::new();
    let ulf = world.member("ulf", Role::User);
    let token = made(&world, &world.owner, &ulf);
    let clock = Arc::clone(&world.clock);
    world.meanwhile.set(move || clock.advance(HOUR));
    assert_eq!(redeem(&world, token), Err(RedeemError::NotFound));
    try_log_in(&world.space, "ulf").unwrap();
}

#[test]
fn a1_a_reset_that_is_used_ends_the_tokens_and_the_password_of_before() {
    let world = World::new();
    let ulf = world.member("ulf", Role::User);
    let token = made(&world, &world.owner, &ulf);
    try_log_in(&world.space, "ulf").unwrap();
    redeem(&world, token).unwrap();
    let told = (Action::AuthnPasswordChange, Outcome::Success, Some("password_reset".to_owned()));
    assert_eq!(world.last_event(), told);
    assert!(matches!(try_log_in(&world.space, "ulf"), Err(LoginError::Wrong)));
    assert!(world.query(&ulf).is_err(), "the token of before is refused");
    // What is not good enough leaves the token good.
    let token = made(&world, &world.owner, &ulf);
    let wanted = RedeemReset { token, password: Secret::new("short".to_owned()) };
    let refused = block_on(identity::redeem_reset(&world.space, &context(&world.space), wanted));
    assert!(matches!(refused, Err(RedeemError::Password(_))));
    redeem(&world, token).unwrap();
}

#[test]
fn z3_who_manages_a_member_resets_their_password_and_nobody_their_own() {
    let world = World::new();
    let [owner, ada, ben, ulf] =
        [("o", Role::Owner), ("ada", Role::Admin), ("ben", Role::Admin), ("ulf", Role::User)]
            .map(|(name, role)| world.member(name, role));
    for (by, of) in [(&owner, &world.owner), (&owner, &ada), (&owner, &ulf), (&ada, &ulf)] {
        assert!(reset(&world, by, of).is_ok());
        let told = (Action::AuthnTokenCreated, Outcome::Success, Some("password_reset".to_owned()));
        assert_eq!(world.last_event(), told);
    }
    for (by, of) in [(&ada, &owner), (&ada, &ben)] {
        assert!(matches!(reset(&world, by, of), Err(ResetError::RoleNotYours(_))));
    }
    assert!(matches!(reset(&world, &ulf, &ulf), Err(ResetError::Authorization(_))));
    for own in [&owner, &ada] {
        assert!(matches!(reset(&world, own, own), Err(ResetError::OwnAccount)));
        let told = (Action::AuthnTokenCreated, Outcome::Denied, Some("own_account".to_owned()));
        assert_eq!(world.last_event(), told);
    }
    change(&world, &ulf, None, Some(AccountStatus::Disabled));
    assert!(matches!(reset(&world, &owner, &ulf), Err(ResetError::Disabled)));
}

/// A mailer that keeps what it is given, and fails when told to.
#[derive(Default)]
struct Postbox {
    mails: Mutex<Vec<(String, String)>>,
    fails: Mutex<Option<MailError>>,
}

impl Mailer for Postbox {
    fn send<'a>(&'a self, mail: &'a Mail) -> Pending<'a, Result<(), MailError>> {
        Box::pin(async move {
            if let Some(error) = self.fails.lock().unwrap().clone() {
                return Err(error);
            }
            self.mails.lock().unwrap().push((mail.to.to_string(), mail.text.expose().clone()));
            Ok(())
        })
    }
}

fn with_mail() -> (World, Arc<Postbox>) {
    let mut world = World::new();
    let postbox = Arc::new(Postbox::default());
    let public_url = Some("https://space.example".to_owned());
    world.space.mails = Some(Mails::new(Arc::<Postbox>::clone(&postbox), public_url));
    (world, postbox)
}

fn invite(world: &World, name: &str) -> Result<Delivered, InviteError> {
    let wanted = Invite { email: email(name), role: Role::User };
    let context = context(&world.space);
    let invited = identity::invite(&world.space, &context, &world.owner, wanted);
    block_on(invited).map(|invited| invited.token)
}

fn join(world: &World, postbox: &Postbox, name: &str) -> Principal {
    assert!(matches!(invite(world, name), Ok(Delivered::Mailed)));
    let token = token_of(postbox);
    world.accept(identity::AcceptInvitation { token, password: secret() }).unwrap();
    try_log_in(&world.space, name).unwrap()
}

/// The token in the last mail.
fn token_of(postbox: &Postbox) -> TokenHash {
    let mails = postbox.mails.lock().unwrap();
    let (_, text) = mails.last().unwrap();
    let token = text.split_once('=').unwrap().1.split_whitespace().next().unwrap();
    assert_eq!(token.len(), 64, "{text}");
    TokenHash::of(token)
}

#[test]
fn h2_where_there_is_a_mailer_the_person_alone_gets_the_token() {
    let (world, postbox) = with_mail();
    let ulf = join(&world, &postbox, "ulf");
    world.clock.advance(Duration::from_secs(61));
    assert!(matches!(reset(&world, &world.owner, &ulf), Ok(Delivered::Mailed)));
    let (to, text) = postbox.mails.lock().unwrap().last().unwrap().clone();
    assert_eq!(to, "ulf@acme.example");
    assert!(text.contains("https://space.example/choose-password#reset="), "{text}");
    redeem(&world, token_of(&postbox)).unwrap();
}

#[test]
fn r1_nobody_is_sent_more_than_a_mail_a_minute_and_few_an_hour() {
    let (world, postbox) = with_mail();
    let ulf = join(&world, &postbox, "ulf");
    let (mut sent, mut waited) = (1, Duration::ZERO);
    while waited < HOUR {
        world.clock.advance(Duration::from_secs(30));
        waited += Duration::from_secs(30);
        // A token does not live that long.
        let owner = try_log_in(&world.space, "owner").unwrap();
        match reset(&world, &owner, &ulf) {
            Ok(_) => sent += 1,
            Err(ResetError::TooManyMails(too_many)) => assert!(too_many.retry_after <= HOUR),
            Err(other) => panic!("{other}"),
        }
    }
    assert!((5..=6).contains(&sent), "{sent}");
    // A tenant's mail is bounded, too, whomever it goes to.
    let (world, postbox) = with_mail();
    let invited = (0..120).filter(|n| invite(&world, &format!("guest-{n}")).is_ok()).count();
    assert_eq!((invited, postbox.mails.lock().unwrap().len()), (100, 100));
    let scope = world.owner.scope(Permission::ReadMembers).unwrap();
    let kept = world.read(move |view| view.count_members_and_invitations(&scope));
    assert_eq!(kept, 101, "what is not sent is not made");
}

#[test]
fn u1_a_mail_that_fails_is_told_and_one_asks_again_at_once_where_it_was_surely_not_sent() {
    let (world, postbox) = with_mail();
    let ulf = join(&world, &postbox, "ulf");
    world.clock.advance(Duration::from_secs(61));
    let fail = |error: Option<MailError>| *postbox.fails.lock().unwrap() = error;
    for error in [MailError::Unavailable("down".to_owned()), MailError::Refused("550".to_owned())] {
        fail(Some(error.clone()));
        for _ in 0..20 {
            assert_eq!(reset(&world, &world.owner, &ulf).err(), Some(error.clone().into()));
            assert_eq!(invite(&world, "guest").err(), Some(error.clone().into()));
        }
    }
    assert!(world.invitations().is_empty(), "nobody knows their tokens");
    fail(None);
    assert!(matches!(invite(&world, "guest"), Ok(Delivered::Mailed)));
    assert!(matches!(reset(&world, &world.owner, &ulf), Ok(Delivered::Mailed)));
    redeem(&world, token_of(&postbox)).unwrap();
    // It may have been sent: a minute is waited for.
    world.clock.advance(Duration::from_secs(61));
    fail(Some(MailError::Unanswered));
    assert_eq!(reset(&world, &world.owner, &ulf).err(), Some(MailError::Unanswered.into()));
    fail(None);
    assert!(matches!(reset(&world, &world.owner, &ulf), Err(ResetError::TooManyMails(_))));
    world.clock.advance(Duration::from_secs(60));
    assert!(matches!(reset(&world, &world.owner, &ulf), Ok(Delivered::Mailed)));
}
