//! How many codes can be guessed behind a right password, what is counted in sessions, and that its owner always comes in.

use std::time::Duration;

use futures_executor::block_on;
use syft_space_domain::access::Permission;
use syft_space_domain::audit::{Action, Actor, Log, Origin, RequestContext};
use syft_space_domain::identity::{
    self, ChangePassword, ChangePasswordError, FactorCode, Login, LoginError, Password, SecondFactor,
    SecondFactorError,
};
use syft_space_domain::sealing::AssociatedData;
use syft_space_domain::secret::Secret;
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::{OperatorScope, TenantName, WriteScope};
use syft_space_domain::unit::{Receipt, Recorded};

use crate::guessing::guesses;
use crate::world::{PASSWORD, World, account, email, secret, try_log_in};

/// The secret and a code of RFC 6238, appendix B, and when it is good.
const SECRET: &[u8] = b"12345678901234567890";
const CODE: &str = "279037";
const THEN: &str = "2033-05-18T03:33:20Z";
/// A code of no step near.
const WRONG: &str = "000000";
const RECOVERY: [&str; 2] = ["aaaaaa-bbbbbb-cccccc-dddddd", "eeeeee-ffffff-gggggg-hhhhhh"];
const UNKNOWN_RECOVERY: &str = "zzzzzz-bbbbbb-cccccc-dddddd";
const NEW_PASSWORD: &str = "nine herons wade past quiet mills";
/// In which a guess at a code is paid off.
const CODE_PAID_OFF: Duration = Duration::from_secs(12 * 60);
const HOMES: [&str; 6] =
    ["2001:db8:0:1::1", "2001:db8:0:2::1", "2001:db8:0:3::1", "2001:db8:0:4::1", "192.0.2.1", "192.0.2.2"];

fn from(world: &World, address: &str) -> RequestContext {
    let origin = Origin { address: Some(address.parse().unwrap()), user_agent: None };
    world.space.request_context(origin).unwrap()
}

fn code(text: &str) -> FactorCode {
    FactorCode::read(&Secret::new(text.to_owned()))
}

fn log_in(world: &World, address: &str, tenant: Option<&str>, totp: Option<&str>) -> Result<(), LoginError> {
    let password = Password::presented(&secret()).unwrap();
    let tenant = tenant.map(|name| TenantName::parse(name).unwrap());
    let wanted = Login { email: email("owner"), password, tenant, code: totp.map(code) };
    block_on(identity::login(&world.space, &from(world, address), wanted)).map(drop)
}

/// A world whose owner was logged in to from all homes before there was a second factor, which there is now.
fn world() -> World {
    let mut world = World::new();
    world.clock.set(THEN.parse().unwrap());
    for home in HOMES {
        log_in(&world, home, None, None).unwrap();
    }
    world.owner = try_log_in(&world.space, "owner").unwrap();
    plant_factor(&world);
    world
}

fn plant_factor(world: &World) {
    let (own, scope) = (account(&world.owner), world.owner.scope(Permission::OwnAccount).unwrap());
    let secret = Secret::new(SECRET.to_vec());
    let place = AssociatedData { table: "accounts", column: "totp_secret", row: *own.as_bytes() };
    let sealed = world.space.sealer.seal(&scope, &place, &secret).unwrap();
    let factor = SecondFactor { secret: sealed, confirmed_at: Some(world.space.clock.now()), last_step: 0 };
    let hashes = RECOVERY.map(|text| {
        let FactorCode::Recovery(hash) = code(text) else { panic!("{text} is none") };
        hash
    });
    let event =
        from(world, HOMES[0]).event(Log::Installation, Action::ConfigChange, Actor::Operator).unwrap();
    let planted: Receipt<(), StoreError> = world.space.store.write(move |tx| {
        let scope = WriteScope::assume(&scope, "a test plants it");
        tx.put_second_factor(&scope, own, &factor, &hashes)?;
        Ok(Recorded::new((), event.clone()))
    });
    planted.wait().unwrap();
}

/// Wrong codes in a row until no more is answered, from all homes in turn, and with both ways to name the tenant.
fn wrong_codes(world: &World) -> usize {
    let attempt = |n: &usize| {
        let tenant = n.is_multiple_of(2).then_some("acme");
        log_in(world, HOMES[n / 2 % HOMES.len()], tenant, Some(WRONG)) == Err(LoginError::WrongCode)
    };
    (0..400).take_while(attempt).count()
}

fn is_too_many(outcome: &Result<(), LoginError>) -> bool {
    matches!(outcome, Err(LoginError::TooManyGuesses(_)))
}

fn change_password(world: &World, address: &str, current: &str) -> Result<(), ChangePasswordError> {
    let current = Password::presented(&Secret::new(current.to_owned())).unwrap();
    let wanted = ChangePassword { current, new: Secret::new(NEW_PASSWORD.to_owned()) };
    let context = from(world, address);
    block_on(identity::change_password(&world.space, &context, &world.owner, wanted)).map(drop)
}

#[test]
fn h5_all_addresses_and_both_ways_to_name_the_tenant_share_one_allowance_of_codes() {
    let world = world();
    assert_eq!(wrong_codes(&world), 10);
    let mut more = 0;
    for _ in 0..24 {
        world.clock.advance(Duration::from_secs(60 * 60));
        more += wrong_codes(&world);
    }
    assert_eq!(more, 24 * 5, "five an hour, all together");
}

#[test]
fn h5_where_codes_are_used_up_a_recovery_code_gets_its_owner_in() {
    let world = world();
    wrong_codes(&world);
    for home in [HOMES[0], "203.0.113.9"] {
        assert!(is_too_many(&log_in(&world, home, None, Some(CODE))), "a right code is told no more");
        assert_eq!(log_in(&world, home, None, None), Err(LoginError::CodeRequired));
    }
    assert_eq!(log_in(&world, HOMES[0], None, Some(UNKNOWN_RECOVERY)), Err(LoginError::WrongCode));
    log_in(&world, HOMES[0], None, Some(RECOVERY[0])).unwrap();
    assert_eq!(log_in(&world, HOMES[0], None, Some(RECOVERY[0])), Err(LoginError::WrongCode), "it is used");
    log_in(&world, "203.0.113.9", Some("acme"), Some(RECOVERY[1])).unwrap();
}

#[test]
fn h5_another_password_pays_for_no_more_codes() {
    let world = world();
    assert_eq!(wrong_codes(&world), 10);
    change_password(&world, HOMES[0], PASSWORD).unwrap();
    let log_in = |text: &str| {
        let password = Password::presented(&Secret::new(NEW_PASSWORD.to_owned())).unwrap();
        let wanted = Login { email: email("owner"), password, tenant: None, code: Some(code(text)) };
        block_on(identity::login(&world.space, &from(&world, HOMES[0]), wanted)).map(drop)
    };
    assert!(is_too_many(&log_in(CODE)) && is_too_many(&log_in(WRONG)));
    // Its owner is let in by a recovery code at once, and by the app after a while.
    log_in(RECOVERY[0]).unwrap();
    world.clock.advance(CODE_PAID_OFF);
    assert_eq!(log_in(WRONG), Err(LoginError::WrongCode));
}

#[test]
fn h5_wrong_recovery_codes_are_bounded_as_wrong_passwords() {
    let world = world();
    let attempt =
        |_: &i32| log_in(&world, "203.0.113.9", None, Some(UNKNOWN_RECOVERY)) == Err(LoginError::WrongCode);
    assert_eq!((0..400).take_while(attempt).count(), 50);
    log_in(&world, HOMES[0], None, Some(CODE)).unwrap();
}

#[test]
fn h5_a_right_code_pays_for_no_more_wrong_ones() {
    let world = world();
    for _ in 0..9 {
        assert_eq!(log_in(&world, "203.0.113.9", None, Some(WRONG)), Err(LoginError::WrongCode));
    }
    log_in(&world, HOMES[0], None, Some(CODE)).unwrap();
    assert_eq!(wrong_codes(&world), 1);
}

#[test]
fn h5_no_stranger_uses_up_what_is_counted_in_sessions() {
    let world = World::new();
    assert_eq!(guesses(&world, &email("owner")), 50);
    let laptop = from(&world, "10.77.1.1");
    let password = Password::presented(&secret()).unwrap();
    block_on(identity::enrol(&world.space, &laptop, &world.owner, &password)).unwrap();
    // It has an end, too, from however many addresses, and is the account's.
    let wrong = |n: &u8| {
        change_password(&world, &format!("10.77.2.{n}"), "another set of words entirely")
            == Err(ChangePasswordError::WrongPassword)
    };
    assert_eq!((0..200).take_while(wrong).count(), 50);
    let refused = change_password(&world, "10.77.1.1", PASSWORD);
    assert!(matches!(refused, Err(ChangePasswordError::TooManyGuesses(_))), "{refused:?}");
    let refused = block_on(identity::enrol(&world.space, &laptop, &world.owner, &password)).map(drop);
    assert!(matches!(refused, Err(SecondFactorError::TooManyGuesses(_))), "{refused:?}");
    world.clock.advance(Duration::from_secs(73));
    change_password(&world, "10.77.1.1", PASSWORD).unwrap();
}

#[test]
fn h5_codes_in_sessions_are_as_few_and_apart_from_those_of_logins() {
    let world = world();
    wrong_codes(&world);
    let renew = |text: &str| {
        let context = from(&world, "10.77.1.1");
        block_on(identity::renew_recovery_codes(&world.space, &context, &world.owner, &code(text))).map(drop)
    };
    let wrong = |_: &i32| renew(WRONG) == Err(SecondFactorError::WrongCode);
    assert_eq!((0..200).take_while(wrong).count(), 10);
    assert!(matches!(renew(CODE), Err(SecondFactorError::TooManyGuesses(_))));
    renew(RECOVERY[0]).unwrap();
}

#[test]
fn h5_an_address_stays_known_where_the_operator_takes_the_second_factor_off() {
    let world = world();
    guesses(&world, &email("owner"));
    let context = from(&world, HOMES[0]);
    let operator = OperatorScope::at_startup();
    block_on(identity::disable_second_factor(&world.space, &context, &operator, None, email("owner")))
        .unwrap();
    log_in(&world, HOMES[5], Some("acme"), None).unwrap();
    assert!(is_too_many(&log_in(&world, "203.0.113.9", None, None)));
}
