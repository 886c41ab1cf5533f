//! How many keys a limiter holds, and whose.

use sha2::{Digest, Sha256};

use super::tests::{SECOND, at, key, key_of, sliding};
use super::{LimitKey, Period, RateLimiter};

#[test]
fn l1_where_there_is_no_room_new_keys_share_one_and_the_known_keep_theirs() {
    // One part with room for twenty keys: for a tenth of those that are free, so two of a policy.
    let (limiter, limit) = (RateLimiter::of_shards(20, 1), sliding(2, Period::Minute, 2));
    let take = |policy, caller, now| limiter.take(key(policy, caller), &limit, 1, at(now)).is_ok();
    assert!(take(1, 0, 0) && take(1, 1, 0));
    // They share one limit, which never lets more through.
    let passed = (2..1_000).filter(|caller| take(1, *caller, 0)).count();
    assert_eq!((passed, limiter.keys()), (2, 3));
    assert!(take(1, 0, 0) && !take(1, 0, 0), "the known have a limit of their own");
    assert!(limiter.look(key(1, 1), &limit, 1, at(0)).is_ok());
    assert!(limiter.look(key(1, 500), &limit, 1, at(0)).is_err());
    assert!(take(2, 0, 0), "another policy has room");
    // As soon as one is whole, there is room.
    assert!(take(1, 500, 60 * SECOND) && take(1, 500, 60 * SECOND) && !take(1, 500, 60 * SECOND));
    assert!(limiter.keys() <= 3);
}

#[test]
fn l1_twenty_policies_that_are_full_leave_room_for_another() {
    let (limiter, limit) = (RateLimiter::of_shards(1_000, 1), sliding(1, Period::Day, 1));
    for policy in 1..=20 {
        for caller in 0..500 {
            let _full = limiter.take(key(policy, caller), &limit, 1, at(0));
        }
    }
    let of_others = (0..10).filter(|caller| limiter.take(key(200, *caller), &limit, 1, at(0)).is_ok());
    assert_eq!(of_others.count(), 10);
    assert!(limiter.keys() <= 1_000 + 21);
}

#[test]
fn z1_however_many_policies_a_tenant_fills_there_is_room_for_those_of_another() {
    let (limiter, limit) = (RateLimiter::of_shards(1_000, 1), sliding(1, Period::Day, 1));
    let fill = |tenant| {
        for (policy, caller) in (0..50).flat_map(|policy| (0..100).map(move |caller| (policy, caller))) {
            let _full = limiter.take(key_of(tenant, policy, caller), &limit, 1, at(0));
        }
        limiter.keys()
    };
    // A fifth of the keys, and one that is shared of each policy.
    assert!((200..=250).contains(&fill(1)), "{}", limiter.keys());
    for tenant in 2..=5 {
        fill(tenant);
    }
    let of_another = (0..10).filter(|caller| limiter.take(key_of(6, 1, *caller), &limit, 1, at(0)).is_ok());
    assert_eq!(of_another.count(), 10);
    assert!(limiter.keys() <= 1_000 + 5 * 50, "{}", limiter.keys());
}

#[test]
fn z1_what_a_tenant_filled_counts_after_a_restart_and_no_more_when_it_is_whole() {
    let (before, limit) = (RateLimiter::of_shards(1_000, 1), sliding(1, Period::Minute, 1));
    let fill = |limiter: &RateLimiter, now| {
        let each = (0..50).flat_map(|policy| (0..10).map(move |caller| key_of(1, policy, caller)));
        for key in each {
            let _full = limiter.take(key, &limit, 1, at(now));
        }
    };
    fill(&before, 0);
    let after = RateLimiter::of_shards(1_000, 1);
    after.restore(&before.changed(), at(0));
    let restored = after.keys();
    fill(&after, SECOND);
    // A shared one more of each policy at most.
    assert!(after.keys() <= restored + 50, "{restored} and then {}", after.keys());
    let _swept = after.changed();
    let later = after.take(key_of(1, 60, 0), &limit, 1, at(120 * SECOND));
    assert!(
        later.is_ok() && {
            let _swept = after.changed();
            after.keys() == 1
        }
    );
}

#[test]
fn l1_an_undivided_limiter_gives_all_of_its_keys_to_one_policy() {
    let (limiter, limit) = (RateLimiter::undivided(256), sliding(1, Period::Day, 1));
    let mut key_of_part = [0; 16];
    for part in 0..=u8::MAX {
        key_of_part[15] = part;
        assert!(limiter.take(LimitKey::from_bytes(key_of_part), &limit, 1, at(0)).is_ok());
    }
    assert_eq!(limiter.keys(), 256);
}

#[test]
fn l1_ten_million_keys_stay_within_the_bound() {
    let (limiter, limit) = (RateLimiter::new(1_000), sliding(1, Period::Day, 1));
    let many = if std::env::var_os("SYFT_SPACE_PROVE_LIMITER").is_some() { 10_000_000 } else { 100_000 };
    for caller in 0..many {
        let digest: [u8; 32] = Sha256::digest(u32::to_be_bytes(caller)).into();
        let policy: [u8; 16] = [u8::try_from(caller % 50).unwrap(); 16];
        let _ = limiter.take(LimitKey::new(&policy, &policy, &digest), &limit, 1, at(i64::from(caller)));
    }
    // A thousand, and one that is shared of each of the fifty policies; each part rounds up.
    assert!(limiter.keys() <= 1_000 + 256 + 50, "{}", limiter.keys());
}
