//! What a limit says at its borders, and how keys spread.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hash, Hasher};

use super::limit_key::KeyHasher;
use super::tests::{SECOND, at, key, key_of, sliding};
use super::{Headroom, Level, Limit, LimitKey, Moment, Period, RateLimiter, Window};

const NOW: Moment = Moment { time: 1_000 * SECOND, clock: 1_000 * SECOND };

fn in_micros(until: i64, part: u32) -> Level {
    Level { until: NOW.time + until, part }
}

#[test]
fn l1_a_level_of_former_terms_is_beyond_a_limit_only_where_it_tells_of_more_than_all_of_it() {
    // All of it are 2 seconds' worth of takes, and 2 are filled up in each microsecond.
    let limit = sliding(2, Period::Second, 2);
    let all = in_micros(SECOND, 0);
    for within in [in_micros(-1, 0), in_micros(0, 0), in_micros(SECOND - 1, 1), all] {
        assert!(!limit.is_beyond(within, NOW), "{within:?}");
    }
    for beyond in [in_micros(SECOND, 1), in_micros(SECOND + 1, 0), in_micros(i64::MAX - NOW.time, 0)] {
        assert!(limit.is_beyond(beyond, NOW), "{beyond:?}");
        assert_eq!(limit.counted(beyond, NOW), all, "it counts as all of it");
    }
    assert_eq!(limit.counted(in_micros(SECOND / 2, 1), NOW), in_micros(SECOND / 2, 1));
    let strict = Limit { number: 5, period: Period::Minute, window: Window::Strict };
    assert!(!strict.is_beyond(in_micros(60 * SECOND, 5), NOW));
    assert!(strict.is_beyond(in_micros(60 * SECOND + 1, 5), NOW));
}

#[test]
fn l1_a_strict_period_that_is_under_way_ends_as_it_was_begun_whatever_the_clock_shows_since() {
    let strict = Limit { number: 5, period: Period::Minute, window: Window::Strict };
    // By the clock a period ends in 20 s.
    let left = |level: Level| strict.headroom(level, NOW);
    assert_eq!(left(in_micros(20 * SECOND, 2)), Headroom { remaining: 3, more_in: 20 * SECOND });
    assert_eq!(left(in_micros(30 * SECOND, 2)), Headroom { remaining: 3, more_in: 30 * SECOND });
    assert_eq!(left(in_micros(60 * SECOND, 2)), Headroom { remaining: 3, more_in: 60 * SECOND });
    // What ends later than any period does was begun under other terms, and what is over counts no more.
    assert_eq!(left(in_micros(60 * SECOND + 1, 2)), Headroom { remaining: 3, more_in: 20 * SECOND });
    assert_eq!(left(in_micros(0, 2)), Headroom { remaining: 5, more_in: 0 });
}

#[test]
fn l1_a_key_is_kept_as_its_bytes_and_tells_one_that_is_shared() {
    let one = key_of(1, 2, 3);
    assert_eq!(LimitKey::from_bytes(*one.as_bytes()), one);
    assert_ne!(LimitKey::from_bytes([0; 16]).as_bytes(), LimitKey::from_bytes([1; 16]).as_bytes());
    assert!(!one.is_shared() && one.shared().is_shared());
    assert_eq!((one.shared().tenant(), one.shared().policy()), (one.tenant(), one.policy()));
    assert_ne!(one.shared(), key_of(1, 4, 3).shared(), "each policy has its own");
}

#[test]
fn l1_keys_spread_evenly_over_parts_and_have_hashes_of_their_own() {
    let mut of_part = HashMap::<usize, usize>::new();
    for policy in 0..=u8::MAX {
        for caller in 0..=u8::MAX {
            let mut bytes = [0; 16];
            (bytes[7], bytes[15]) = (policy, caller);
            *of_part.entry(LimitKey::from_bytes(bytes).part(256)).or_default() += 1;
        }
    }
    assert!(of_part.len() == 256 && of_part.values().all(|keys| *keys == 256), "{of_part:?}");
    assert_eq!(key(1, 1).part(0), 0, "of no parts it is in the first");
    let hash = |key: LimitKey| BuildHasherDefault::<KeyHasher>::default().hash_one(key);
    // Whatever the one half of two keys is, the other tells them apart.
    for half in [0, u8::MAX] {
        let (mut first, mut second) = ([half; 16], [half; 16]);
        (first[0], second[15]) = (0b1010, 0b1010);
        let hashes = [[half; 16], first, second].map(|bytes| hash(LimitKey::from_bytes(bytes)));
        assert!(hashes[0] != hashes[1] && hashes[0] != hashes[2] && hashes[1] != hashes[2], "{hashes:?}");
    }
    // What is no key is hashed, too.
    let bytes = |bytes: &[u8]| {
        let mut hasher = KeyHasher::default();
        bytes.hash(&mut hasher);
        hasher.write(bytes);
        hasher.finish()
    };
    assert_ne!(bytes(b"a"), bytes(b"b"));
    assert_ne!(bytes(&[u8::MAX; 8]), bytes(&[u8::MAX; 9]));
}

#[test]
fn l1_a_key_that_is_whole_makes_room_for_one_and_not_for_more() {
    // One part with room for twenty keys: for two of a policy.
    let (limiter, limit) = (RateLimiter::of_shards(20, 1), sliding(2, Period::Minute, 2));
    let take = |caller, seconds: i64| limiter.take(key(1, caller), &limit, 1, at(seconds * SECOND)).is_ok();
    assert!(take(0, 0) && take(1, 20) && take(1, 20));
    // The first is whole at 40 s, the second is not: one is known, one gets its place, and two share.
    assert!(take(2, 40) && take(3, 40) && take(4, 40));
    assert!(!take(5, 40), "whoever comes later shares what those have taken");
    assert_eq!(limiter.keys(), 3);
}

#[test]
fn l1_what_many_took_and_is_whole_again_leaves_as_much_room_as_before() {
    let (limiter, limit) = (RateLimiter::of_shards(1_000, 1), sliding(1, Period::Second, 1));
    let fill = |round: u16| {
        let now = at(i64::from(round) * 10 * SECOND);
        for caller in 0..500 {
            let _full = limiter.take(key(1, round * 1_000 + caller), &limit, 1, now);
        }
        limiter.keys()
    };
    let first = fill(0);
    assert!(first > 50, "{first}");
    for round in 1..5 {
        assert_eq!(fill(round), first, "in round {round}");
    }
}

#[test]
fn l1_an_undivided_limiter_is_full_of_one_policy_and_no_fuller() {
    let (limiter, limit) = (RateLimiter::undivided(512), sliding(1, Period::Day, 1));
    let take = |place: u8, part: u8| {
        let mut bytes = [0; 16];
        (bytes[14], bytes[15]) = (place, part);
        limiter.take(LimitKey::from_bytes(bytes), &limit, 1, at(0)).is_ok()
    };
    for part in 0..=u8::MAX {
        assert!(take(0, part) && take(1, part), "two in each part");
    }
    assert_eq!(limiter.keys(), 512);
    assert!(take(2, 0) && !take(3, 0) && !take(2, 1), "those for whom there is no room share one");
    assert_eq!(limiter.keys(), 513);
}

#[test]
fn z4_where_the_terms_have_changed_as_often_as_is_counted_nothing_is_given_back() {
    let limiter = RateLimiter::new(100);
    let terms = [sliding(10, Period::Hour, 10), sliding(20, Period::Hour, 20)];
    let take = |round: usize| limiter.take(key(1, 1), &terms[round % 2], 1, at(0));
    for round in 0..254 {
        let took = take(round);
        if let Ok(took) = took {
            limiter.give_back(&took, &terms[round % 2]);
        }
    }
    let left = |round: usize| limiter.look(key(1, 1), &terms[round % 2], 1, at(0)).unwrap().remaining;
    // The last terms that are told from others by their number.
    let before = left(253);
    let took = take(253).unwrap();
    limiter.give_back(&took, &terms[1]);
    assert_eq!(left(253), before);
    let took = take(254).unwrap();
    let taken = left(254);
    limiter.give_back(&took, &terms[0]);
    assert_eq!(left(254), taken, "it might be of terms that held long before");
}
