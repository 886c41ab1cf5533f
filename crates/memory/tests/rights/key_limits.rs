//! When an API key may end, how many an account has, and what its holder reads of how it stands.

use std::time::Duration;

use futures_executor::block_on;
use syft_space_domain::access::{Permission, Role};
use syft_space_domain::identity::{
    self, ApiKey, ApiKeyError, ApiKeyState, IdempotencyKey, IssuedApiKey, KeyStanding, NewApiKey, Principal,
    RotateApiKey,
};
use syft_space_domain::page::PageRequest;
use syft_space_domain::text::Name;
use syft_space_domain::time::Timestamp;

use crate::world::{World, context, try_log_in};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const INSTANT: Duration = Duration::from_micros(1);

fn create(
    world: &World,
    holder: &Principal,
    expires_at: Option<Timestamp>,
) -> Result<IssuedApiKey, ApiKeyError> {
    let wanted = NewApiKey {
        name: Name::parse("nightly import").unwrap(),
        scopes: vec![Permission::Query],
        endpoints: None,
        addresses: None,
        expires_at,
        idempotency: None,
    };
    block_on(identity::create_api_key(&world.space, &context(&world.space), holder, wanted))
}

fn keys(world: &World, holder: &Principal) -> Vec<ApiKeyState> {
    block_on(identity::api_keys(&world.space, holder, PageRequest::default())).unwrap().items
}

fn again(world: &World, name: &str) -> Principal {
    try_log_in(&world.space, name).unwrap()
}

#[test]
fn k2_a_key_ends_after_now_and_no_later_than_the_tenant_allows() {
    let world = World::new();
    let (now, max) = (world.space.clock.now(), world.owner.snapshot().tenant.max_key_days);
    let last = now.plus(DAY * max);
    assert_eq!(create(&world, &world.owner, Some(now)).err(), Some(ApiKeyError::ExpiresInPast));
    for within in [now.plus(INSTANT), now.plus(DAY), last] {
        let made = create(&world, &world.owner, Some(within)).unwrap();
        assert_eq!(made.state.key.expires_at, within);
    }
    let late = create(&world, &world.owner, Some(last.plus(INSTANT))).err();
    assert_eq!(late, Some(ApiKeyError::ExpiresTooLate(max)));
    assert_eq!(keys(&world, &world.owner).len(), 3, "what is refused is not kept");
}

#[test]
fn k2_a_list_of_keys_says_which_work_which_are_due_and_which_have_ended() {
    let world = World::new();
    create(&world, &world.owner, None).unwrap();
    let standing = |owner: &Principal| keys(&world, owner).iter().map(ApiKeyState::standing).next().unwrap();
    assert_eq!(standing(&world.owner), KeyStanding::Works);
    let before_due = ApiKey::DEFAULT_LIFETIME - ApiKey::DUE_BEFORE - INSTANT;
    for (later, expected) in [
        (before_due, KeyStanding::Works),
        (INSTANT, KeyStanding::Due),
        (ApiKey::DUE_BEFORE - INSTANT, KeyStanding::Due),
        (INSTANT, KeyStanding::Ended),
    ] {
        world.clock.advance(later);
        assert_eq!(standing(&again(&world, "owner")), expected);
    }
}

#[test]
fn k2_a_key_is_rotated_until_it_ends_and_by_its_holder_alone() {
    let world = World::new();
    let ada = world.member("ada", Role::Admin);
    let id = create(&world, &ada, None).unwrap().state.key.id;
    let rotate = |who: &Principal| {
        let wanted = RotateApiKey { overlap: Duration::ZERO, idempotency: None };
        block_on(identity::rotate_api_key(&world.space, &context(&world.space), who, id, wanted))
    };
    assert_eq!(rotate(&world.owner).err(), Some(ApiKeyError::NotFound));
    world.clock.advance(ApiKey::DEFAULT_LIFETIME - INSTANT);
    rotate(&again(&world, "ada")).unwrap();
    world.clock.advance(ApiKey::DEFAULT_LIFETIME);
    assert_eq!(rotate(&again(&world, "ada")).err(), Some(ApiKeyError::Expired));
}

#[test]
fn k2_only_living_keys_count_and_those_that_ended_give_room() {
    let world = World::new();
    let end = world.space.clock.now().plus(DAY);
    create(&world, &world.owner, Some(end)).unwrap();
    for _ in 1..ApiKey::MAX_PER_ACCOUNT {
        create(&world, &world.owner, None).unwrap();
    }
    let full = Some(ApiKeyError::LimitReached(ApiKey::MAX_PER_ACCOUNT));
    assert_eq!(create(&world, &world.owner, None).err(), full);
    world.clock.advance(DAY);
    let owner = again(&world, "owner");
    create(&world, &owner, None).unwrap();
    assert_eq!(
        create(&world, &owner, None).err(),
        full,
        "the one that ended is gone, and its place is taken"
    );
}

#[test]
fn k2_a_key_that_ended_is_kept_to_be_looked_for_while_there_is_room() {
    let world = World::new();
    create(&world, &world.owner, Some(world.space.clock.now().plus(DAY))).unwrap();
    world.clock.advance(DAY);
    let owner = again(&world, "owner");
    create(&world, &owner, None).unwrap();
    let standing: Vec<_> = keys(&world, &owner).iter().map(ApiKeyState::standing).collect();
    assert_eq!(standing, [KeyStanding::Ended, KeyStanding::Works]);
}

#[test]
fn k8_a_rotation_that_is_sent_again_makes_no_other_secret_and_its_mark_stands_for_it_alone() {
    let world = World::new();
    let id = create(&world, &world.owner, None).unwrap().state.key.id;
    let rotate = |overlap, mark: &str| {
        let wanted = RotateApiKey { overlap, idempotency: Some(IdempotencyKey::parse(mark).unwrap()) };
        block_on(identity::rotate_api_key(&world.space, &context(&world.space), &world.owner, id, wanted))
    };
    let first = rotate(DAY, "one").unwrap();
    assert!(first.text.is_some());
    let again = rotate(DAY, "one").unwrap();
    assert!(again.text.is_none(), "nobody has kept it");
    assert_eq!(again.state.key.rotated_at, first.state.key.rotated_at);
    assert_eq!(rotate(2 * DAY, "one").err(), Some(ApiKeyError::OtherRequest));
    assert!(rotate(DAY, "two").unwrap().text.is_some());
}
