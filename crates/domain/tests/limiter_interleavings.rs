//! The limiter under every interleaving of a few threads: it is compiled here once more, with the locks and atomics of
//! `loom`, which runs each test in every order that its threads can come in.

use syft_space_domain::time;

/// The limiter's files, as they are, and what must hold of them.
#[expect(dead_code, unreachable_pub, reason = "what the limiter has besides is not needed here")]
#[path = "../src/policy/rate_limit"]
mod rate_limit {
    mod limit {
        pub(super) use syft_space_domain::policy::{Headroom, Level, Limit, Moment, Window};
    }
    mod limit_key;
    mod limiter;
    mod limiter_time;
    mod sync {
        pub(super) use std::sync::PoisonError;

        pub(super) use loom::sync::atomic::{AtomicI64, Ordering};
        pub(super) use loom::sync::{Mutex, MutexGuard};
    }

    use std::sync::Arc;

    use loom::thread;
    use syft_space_domain::policy::{Limit, Period, Window};

    use crate::time::Timestamp;
    use limit_key::LimitKey;
    use limiter::RateLimiter;
    use limiter_time::LimiterTime;

    const SECOND: i64 = 1_000_000;

    fn key(policy: u8, caller: u8) -> LimitKey {
        LimitKey::new(&[1; 16], &[policy; 16], &[caller; 32])
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_micros(seconds * SECOND)
    }

    /// The limits of both kinds that let one or two through.
    fn limits() -> [Limit; 2] {
        let limit = |window| Limit { number: 2, period: Period::Minute, window };
        [limit(Window::Sliding { burst: 2 }), limit(Window::Strict)]
    }

    #[test]
    fn l1_in_every_order_of_three_threads_just_as_many_are_let_through_as_the_limit_says() {
        for limit in limits() {
            loom::model(move || {
                let limiter = Arc::new(RateLimiter::of_shards(10, 1));
                let take = |seconds| {
                    let limiter = Arc::clone(&limiter);
                    thread::spawn(move || {
                        usize::from(limiter.take(key(1, 1), &limit, 1, at(seconds)).is_ok())
                    })
                };
                // Their readings of the clock differ, and so does the order in which they come.
                let (one, two) = (take(100), take(101));
                let mine = usize::from(limiter.take(key(1, 1), &limit, 1, at(100)).is_ok());
                assert_eq!(mine + one.join().unwrap() + two.join().unwrap(), 2);
            });
        }
    }

    #[test]
    fn z4_in_every_order_of_three_threads_no_more_is_taken_than_there_is() {
        for window in [Window::Sliding { burst: 5 }, Window::Strict] {
            let limit = Limit { number: 5, period: Period::Minute, window };
            loom::model(move || {
                let limiter = Arc::new(RateLimiter::of_shards(10, 1));
                let take = |amount: u32| {
                    let limiter = Arc::clone(&limiter);
                    thread::spawn(move || match limiter.take(key(1, 1), &limit, amount, at(100)) {
                        Ok(_) => amount,
                        Err(_) => 0,
                    })
                };
                let (three, two) = (take(3), take(2));
                let four = limiter.take(key(1, 1), &limit, 4, at(100)).map_or(0, |took| took.amount);
                let all = three.join().unwrap() + two.join().unwrap() + four;
                assert!(all == 5 || all == 4, "{all}");
            });
        }
    }

    #[test]
    fn l1_in_every_order_those_without_room_share_one_limit() {
        let [limit, _] = limits();
        loom::model(move || {
            // There is room for one key of the policy.
            let limiter = Arc::new(RateLimiter::of_shards(1, 1));
            limiter.take(key(1, 1), &limit, 1, at(100)).unwrap();
            let other = Arc::clone(&limiter);
            let threads = thread::spawn(move || {
                (2..4).filter(|caller| other.take(key(1, *caller), &limit, 1, at(100)).is_ok()).count()
            });
            let mine =
                (4..6).filter(|caller| limiter.take(key(1, *caller), &limit, 1, at(100)).is_ok()).count();
            assert_eq!(mine + threads.join().unwrap(), 2);
            assert!(limiter.take(key(1, 1), &limit, 1, at(100)).is_ok(), "who is known keeps what is theirs");
        });
    }

    #[test]
    fn l1_in_every_order_what_is_given_back_can_be_taken_once() {
        for limit in limits() {
            loom::model(move || {
                let limiter = Arc::new(RateLimiter::of_shards(10, 1));
                let took = limiter.take(key(1, 1), &limit, 1, at(100)).unwrap();
                limiter.take(key(1, 1), &limit, 1, at(100)).unwrap();
                let other = Arc::clone(&limiter);
                let returning = thread::spawn(move || other.give_back(&took, &limit));
                let mine = usize::from(limiter.take(key(1, 1), &limit, 1, at(100)).is_ok());
                returning.join().unwrap();
                let then = usize::from(limiter.take(key(1, 1), &limit, 1, at(100)).is_ok());
                assert_eq!(mine + then, 1);
            });
        }
    }

    #[test]
    fn l1_in_every_order_what_was_taken_is_told_once_to_be_kept() {
        let [limit, _] = limits();
        loom::model(move || {
            let limiter = Arc::new(RateLimiter::of_shards(10, 1));
            limiter.take(key(1, 1), &limit, 1, at(100)).unwrap();
            let other = Arc::clone(&limiter);
            let taking =
                thread::spawn(move || other.take(key(1, 1), &limit, 1, at(100)).unwrap().after.until);
            let first = limiter.changed();
            let until = taking.join().unwrap();
            let kept = first.into_iter().chain(limiter.changed()).last().unwrap();
            assert_eq!(kept.until.as_unix_micros(), until, "the last that is told is what was taken");
        });
    }

    #[test]
    fn l1_in_every_order_a_clock_that_was_set_back_keeps_the_time_running_forwards() {
        loom::model(|| {
            let time = Arc::new(LimiterTime::new());
            time.at(1_000 * SECOND);
            let other = Arc::clone(&time);
            let reading = thread::spawn(move || {
                let first = other.at(500 * SECOND).time;
                let then = other.at(502 * SECOND).time;
                assert!(first <= then);
            });
            let first = time.at(501 * SECOND).time;
            let then = time.at(503 * SECOND).time;
            reading.join().unwrap();
            assert!(1_000 * SECOND <= first && first <= then);
            // The clock went on by three seconds since it was set back, and so did the time, or nearly so.
            let now = time.at(504 * SECOND).time;
            assert!((1_003 * SECOND..=1_004 * SECOND).contains(&now), "{now}");
        });
    }
}
