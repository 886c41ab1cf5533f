//! API keys on a clock that is set: a maximum that is lowered acts on keys that live, and a use is noted once a minute.

use std::time::Duration;

use futures_executor::block_on;
use syft_space_domain::access::{Permission, PrincipalKind, Role};
use syft_space_domain::audit::{Action, Outcome};
use syft_space_domain::identity::{
    self, ApiKey, AuthenticateError, NewApiKey, PresentedKey, Principal, RotateApiKey, authenticate_key,
    note_key_uses,
};
use syft_space_domain::identity::{
    ApiKeyError, AuthorizationError, Forbidden, IdempotencyKey, Password, RedeemReset,
};
use syft_space_domain::ids::ApiKeyId;
use syft_space_domain::mail::Delivered;
use syft_space_domain::secret::Secret;
use syft_space_domain::tenant::{
    ChangeSettings, OperatorScope, TenantName, change_settings, found_as_operator,
};
use syft_space_domain::text::Name;

use crate::world::{Loss, World, account, context, email, try_log_in};

const ANOTHER: &str = "nine herons wade past quiet mills";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn made(world: &World, holder: &Principal) -> (ApiKeyId, PresentedKey) {
    let wanted = NewApiKey {
        name: Name::parse("nightly import").unwrap(),
        scopes: vec![Permission::ReadMetadata],
        endpoints: None,
        addresses: None,
        expires_at: None,
        idempotency: None,
    };
    let context = context(&world.space);
    let issued = block_on(identity::create_api_key(&world.space, &context, holder, wanted)).unwrap();
    (issued.state.key.id, PresentedKey::parse(issued.text.unwrap().expose()).unwrap())
}

fn enter(world: &World, key: &PresentedKey) -> Result<Principal, AuthenticateError> {
    let proved = authenticate_key(&*world.space.snapshots, key, None)?;
    proved.renew(&*world.space.snapshots, world.space.clock.now())
}

fn refused(outcome: Result<Principal, AuthenticateError>) -> Option<AuthenticateError> {
    outcome.err()
}

#[test]
fn k2_a_lowered_maximum_ends_a_living_key_at_its_instant() {
    let world = World::new();
    let (_, key) = made(&world, &world.owner);
    let caller = enter(&world, &key).unwrap();
    let change = ChangeSettings { max_key_days: Some(1), ..ChangeSettings::default() };
    block_on(change_settings(&world.space, &context(&world.space), &world.owner, change)).unwrap();
    world.clock.advance(DAY - Duration::from_micros(1));
    enter(&world, &key).unwrap();
    world.clock.advance(Duration::from_micros(1));
    assert_eq!(refused(enter(&world, &key)), Some(AuthenticateError::KeyExpired));
    // Who came before it was lowered, and has waited since, is no better off.
    let renewed = caller.renew(&*world.space.snapshots, world.space.clock.now());
    assert_eq!(refused(renewed), Some(AuthenticateError::KeyExpired));
}

#[test]
fn k2_a_key_lives_for_90_days_and_the_secret_before_for_the_overlap() {
    let world = World::new();
    let (id, first) = made(&world, &world.owner);
    let (_, untouched) = made(&world, &world.owner);
    let rotation = RotateApiKey { overlap: DAY, idempotency: None };
    let issued =
        block_on(identity::rotate_api_key(&world.space, &context(&world.space), &world.owner, id, rotation));
    let second = PresentedKey::parse(issued.unwrap().text.unwrap().expose()).unwrap();
    assert_eq!(first.key, second.key);
    world.clock.advance(DAY - Duration::from_micros(1));
    for works in [&first, &second] {
        enter(&world, works).unwrap();
    }
    world.clock.advance(Duration::from_micros(1));
    assert_eq!(refused(enter(&world, &first)), Some(AuthenticateError::KeyReplaced), "the key lives on");
    world.clock.advance(ApiKey::DEFAULT_LIFETIME - DAY - Duration::from_micros(1));
    for works in [&second, &untouched] {
        enter(&world, works).unwrap();
    }
    world.clock.advance(Duration::from_micros(1));
    for ended in [&second, &untouched] {
        assert_eq!(refused(enter(&world, ended)), Some(AuthenticateError::KeyExpired));
    }
}

#[test]
fn k2_a_use_is_noted_once_a_minute_however_many_there_are_and_costs_no_snapshot() {
    let world = World::new();
    let (id, key) = made(&world, &world.owner);
    let (space, clock) = (&world.space, &world.space.clock);
    let noted = || enter(&world, &key).unwrap().key_use(clock.now());
    let first = noted().unwrap();
    let before = world.owner.renew(&*space.snapshots, clock.now()).unwrap();
    block_on(note_key_uses(&*space.store, vec![first])).unwrap();
    let after = world.owner.renew(&*space.snapshots, clock.now()).unwrap();
    assert!(std::sync::Arc::ptr_eq(before.snapshot(), after.snapshot()), "nobody's snapshot is another");
    let shown = block_on(identity::api_key(space, &world.owner, id)).unwrap().key;
    assert_eq!(shown.last_used_at, Some(first.at));
    world.clock.advance(Duration::from_secs(59));
    assert_eq!(noted(), None);
    // A rotation makes another snapshot of the key, which knows what was noted.
    let rotation = RotateApiKey { overlap: DAY, idempotency: None };
    block_on(identity::rotate_api_key(space, &context(space), &world.owner, id, rotation)).unwrap();
    assert_eq!(noted(), None);
    world.clock.advance(Duration::from_secs(1));
    assert!(noted().is_some());
    assert_eq!(noted(), None);
}

#[test]
fn k1_what_an_owner_makes_for_themselves_is_nothing_to_another_member() {
    let world = World::new();
    let anna = world.member("anna", Role::Admin);
    let (id, _) = made(&world, &world.owner);
    let shown = block_on(identity::api_key(&world.space, &anna, id));
    assert!(matches!(shown, Err(identity::ApiKeyError::NotFound)));
    let revoked = block_on(identity::revoke_api_key(&world.space, &context(&world.space), &anna, id));
    assert!(matches!(revoked, Err(identity::ApiKeyError::NotFound)));
}

#[test]
fn k4_a_reset_and_the_operators_help_end_the_keys_of_the_account_and_no_others() {
    let redeemed: fn(&World, &Principal) = |world, ann| {
        let told = context(&world.space);
        let made = identity::reset_password(&world.space, &told, &world.owner, account(ann));
        let Delivered::Shown(token) = block_on(made).unwrap().token else { panic!("there is no mailer") };
        let wanted = RedeemReset { token: token.hash(), password: Secret::new(ANOTHER.to_owned()) };
        block_on(identity::redeem_reset(&world.space, &told, wanted)).unwrap();
    };
    let restored: fn(&World, &Principal) = |world, _| {
        let (operator, name) = (OperatorScope::at_startup(), TenantName::parse("acme").unwrap());
        let password = Password::parse(&Secret::new(ANOTHER.to_owned())).unwrap();
        let context = context(&world.space);
        let ann = email("ann");
        block_on(found_as_operator(&world.space, &context, &operator, &ann, &password, &name)).unwrap();
    };
    for happens in [redeemed, restored] {
        for count in [0, 2] {
            let world = World::new();
            let ann = world.member("ann", Role::Viewer);
            let keys: Vec<_> = (0..count).map(|_| made(&world, &ann)).collect();
            let (_, bystander) = made(&world, &world.owner);
            let waiting: Vec<_> = keys.iter().map(|(_, key)| enter(&world, key).unwrap()).collect();
            happens(&world, &ann);
            for (id, key) in &keys {
                assert_eq!(refused(enter(&world, key)), Some(AuthenticateError::KeyUnknown));
                assert!(block_on(identity::api_key(&world.space, &world.owner, *id)).is_err());
            }
            for caller in waiting {
                assert!(caller.renew(&*world.space.snapshots, world.space.clock.now()).is_err());
            }
            enter(&world, &bystander).unwrap();
            let told = (Action::AuthnTokenRevoked, Outcome::Success, Some("keys_ended".to_owned()));
            assert_eq!(
                world.events().contains(&(told, count)),
                count > 0,
                "none is told of where none ended"
            );
        }
    }
}

#[test]
fn k8_a_marked_request_is_answered_again_whatever_became_of_its_terms() {
    let mark = |text: &str| Some(IdempotencyKey::parse(text).unwrap());
    let create = |world: &World, who: &Principal, scope, expires_at, idempotency| {
        let wanted = NewApiKey {
            name: Name::parse("nightly import").unwrap(),
            scopes: vec![scope],
            endpoints: None,
            addresses: None,
            expires_at,
            idempotency,
        };
        block_on(identity::create_api_key(&world.space, &context(&world.space), who, wanted))
    };
    let world = World::new();
    let ada = world.member("ada", Role::Admin);
    let end = world.space.clock.now().plus(2 * DAY);
    let first = create(&world, &ada, Permission::ReadAudit, Some(end), mark("one")).unwrap();
    // It may live for a day now, and the holder has lost the right; then its end is over.
    let change = ChangeSettings { max_key_days: Some(1), ..ChangeSettings::default() };
    block_on(change_settings(&world.space, &context(&world.space), &world.owner, change)).unwrap();
    world.change(&ada, Loss::Demoted)();
    for _ in 0..2 {
        let ada = try_log_in(&world.space, "ada").unwrap();
        let again = create(&world, &ada, Permission::ReadAudit, Some(end), mark("one")).unwrap();
        assert_eq!(again.state.key.id, first.state.key.id);
        assert!(again.text.is_none());
        let other = create(&world, &ada, Permission::Query, Some(end), mark("one"));
        assert_eq!(other.err(), Some(ApiKeyError::OtherRequest));
        for unknown in [None, mark("two")] {
            let refused = create(&world, &ada, Permission::ReadAudit, None, unknown);
            assert_eq!(refused.err(), Some(ApiKeyError::ScopeNotYours(Permission::ReadAudit)));
        }
        world.clock.advance(3 * DAY);
    }
}

#[test]
fn z9_whoever_must_enrol_first_is_told_so_when_they_make_a_key() {
    let world = World::new();
    let change =
        ChangeSettings { second_factor_roles: Some([Role::Admin].into()), ..ChangeSettings::default() };
    block_on(change_settings(&world.space, &context(&world.space), &world.owner, change)).unwrap();
    let ada = world.member("ada", Role::Admin);
    let wanted = NewApiKey {
        name: Name::parse("nightly import").unwrap(),
        scopes: vec![Permission::Query],
        endpoints: None,
        addresses: None,
        expires_at: None,
        idempotency: None,
    };
    let refused = block_on(identity::create_api_key(&world.space, &context(&world.space), &ada, wanted));
    let kind = PrincipalKind::WithoutSecondFactor(Role::Admin);
    let forbidden = Forbidden { kind, permission: Permission::OwnAccount };
    assert_eq!(refused.err(), Some(AuthorizationError::from(forbidden).into()));
    let told = (Action::AuthzFail, Outcome::Denied, Some("second_factor_required".to_owned()));
    assert!(world.events().contains(&(told, 1)));
}
