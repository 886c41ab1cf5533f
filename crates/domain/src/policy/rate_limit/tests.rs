//! Tests of the limit and the limiter, against a list of all that was let through.

use std::collections::BTreeSet;
use std::sync::{Arc, Barrier, Mutex};

use proptest::prelude::*;
use sha2::{Digest, Sha256};

use super::kept::KeptLimits;
use super::limiter_time::LimiterTime;
use super::*;

pub(super) const SECOND: i64 = 1_000_000;
const START: i64 = 1_800_000_000 * SECOND;

pub(super) fn at(micros: i64) -> Timestamp {
    Timestamp::from_unix_micros(START + micros)
}

pub(super) fn sliding(number: u32, period: Period, burst: u32) -> Limit {
    Limit { number, period, window: Window::Sliding { burst } }
}

fn strict(number: u32, period: Period) -> Limit {
    Limit { number, period, window: Window::Strict }
}

/// That of a caller of a policy of a tenant that has no other.
pub(super) fn key(policy: u8, caller: u16) -> LimitKey {
    key_of(policy, policy, caller)
}

pub(super) fn key_of(tenant: u8, policy: u8, caller: u16) -> LimitKey {
    let digest: [u8; 32] = Sha256::digest(caller.to_be_bytes()).into();
    LimitKey::new(&[tenant; 16], &[policy; 16], &digest)
}

/// What was let through, and when: the slower meaning of a limit.
#[derive(Default)]
struct Let(Vec<i64>);

impl Let {
    /// Whether one more may be let through now. Sliding: then no span that ends now has more than
    /// `burst + number · t / period`. Strict: then the calendar's period has no more than the number.
    fn may(&self, limit: &Limit, now: i64) -> bool {
        let (number, period) = (i128::from(limit.number), i128::from(limit.period.micros()));
        match limit.window {
            Window::Sliding { burst } => (0..=self.0.len()).all(|first| {
                let begin = self.0.get(first).copied().unwrap_or(now);
                let in_span = i128::try_from(self.0.len() - first + 1).unwrap();
                in_span * period <= i128::from(burst) * period + number * i128::from(now - begin)
            }),
            Window::Strict => {
                let of = |time: i64| i128::from(START + time).div_euclid(period);
                let taken = self.0.iter().filter(|time| of(**time) == of(now)).count();
                i128::try_from(taken).unwrap() < number
            }
        }
    }

    fn first_time(&self, limit: &Limit, now: i64, wait: i64) -> bool {
        self.may(limit, now + wait) && (wait == 0 || !self.may(limit, now + wait - 1))
    }
}

fn limits() -> impl Strategy<Value = Limit> {
    let number = prop_oneof![1..8u32, 990_000..=1_000_000u32, Just(7_919)];
    let period = prop_oneof![Just(Period::Second), Just(Period::Minute), Just(Period::Day)];
    (number, period, prop::option::of(1..6u32)).prop_map(|(number, period, burst)| match burst {
        Some(burst) => sliding(number, period, burst),
        None => strict(number.min(5), period),
    })
}

/// Steps of time that are worth trying for a limit: none, next to one of its emissions, and anywhere in its period.
fn steps(limit: Limit) -> impl Strategy<Value = Vec<i64>> {
    let (period, number) = (limit.period.micros(), i64::from(limit.number));
    let one = period / number;
    let step =
        prop_oneof![Just(0), Just(one), Just(one + 1), 0..=one.max(1) * 2, 0..=period, Just(period - 1)];
    prop::collection::vec(step, 1..40)
}

#[test]
fn l1_two_that_are_given_back_at_other_times_let_nobody_in_beyond_the_burst() {
    let (limiter, limit) = (RateLimiter::new(100), sliding(1, Period::Second, 2));
    let take = |seconds: i64| limiter.take(key(1, 1), &limit, 1, at(seconds * 1_000_000));
    let (first, second) = (take(0).unwrap(), take(0).unwrap());
    limiter.give_back(&first, &limit);
    // The second has filled up when the third comes: to give it back gives nothing.
    take(1).unwrap();
    limiter.give_back(&second, &limit);
    assert!(take(1).is_ok());
    assert!(take(1).is_err());
}

#[test]
fn z4_what_was_taken_under_former_terms_gives_nothing_back_of_what_was_taken_since() {
    let limiter = RateLimiter::new(100);
    let (former, now) = (sliding(10, Period::Hour, 10), sliding(10, Period::Day, 10));
    let before = limiter.take(key(1, 1), &former, 10, at(0)).unwrap();
    let since = limiter.take(key(1, 1), &now, 9, at(0)).unwrap();
    limiter.give_back(&before, &former);
    assert!(limiter.take(key(1, 1), &now, 1, at(0)).is_err());
    // Nor when the former terms hold again.
    limiter.take(key(1, 1), &former, 1, at(86_400 * SECOND)).unwrap();
    limiter.give_back(&before, &former);
    limiter.give_back(&since, &now);
    assert_eq!(limiter.look(key(1, 1), &former, 1, at(86_400 * SECOND)).unwrap().remaining, 9);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn z4_however_the_terms_change_no_more_is_let_through_at_once_than_those_that_hold_permit(
        terms in prop::collection::vec(limits(), 2..4),
        steps in prop::collection::vec((any::<bool>(), 0..4usize, 1..6u32), 1..80),
        times in prop::collection::vec(0..120i64, 80),
    ) {
        let limiter = RateLimiter::new(100);
        // What is let through is counted from each change of the terms, and from each step of time.
        let (mut held, mut through, mut now, mut open) = (0, 0i64, 0, Vec::<(usize, u32, Took, u32)>::new());
        let mut era = 0u32;
        for ((takes, which, amount), time) in steps.into_iter().zip(times) {
            // Mostly none passes.
            let step = (time - 110).max(0) * SECOND;
            if which % terms.len() != held || step > 0 {
                (held, through, now, era) = (which % terms.len(), 0, now + step, era + 1);
            }
            let limit = &terms[held];
            if takes {
                let amount = amount.min(limit.burst());
                if let Ok(took) = limiter.take(key(1, 1), limit, amount, at(now)) {
                    through += i64::from(amount);
                    open.push((held, amount, took, era));
                }
            } else if !open.is_empty() {
                let (of, amount, took, taken_in) = open.remove(usize::try_from(amount).unwrap() % open.len());
                limiter.give_back(&took, &terms[of]);
                if taken_in == era {
                    through -= i64::from(amount);
                }
            }
            prop_assert!(through <= i64::from(limit.burst()), "{through} of {limit:?}");
        }
    }

    #[test]
    fn l1_at_any_times_just_those_are_let_through_that_the_list_of_all_before_permits(
        (limit, steps) in limits().prop_flat_map(|limit| (Just(limit), steps(limit))),
    ) {
        let limiter = RateLimiter::new(100);
        let (mut all, mut now) = (Let::default(), 0);
        for step in steps {
            now += step;
            let may = all.may(&limit, now);
            let looked = limiter.look(key(1, 1), &limit, 1, at(now));
            prop_assert_eq!(looked.is_ok(), may);
            match limiter.take(key(1, 1), &limit, 1, at(now)) {
                Ok(took) => {
                    prop_assert!(may);
                    all.0.push(now);
                    let Headroom { remaining, more_in } = limit.headroom(took.after, took.at);
                    prop_assert_eq!(looked.unwrap().remaining, remaining + 1);
                    prop_assert!(more_in > 0);
                    // So many more are let through at once, and no more.
                    if remaining < 20 {
                        let mut then = Let(all.0.clone());
                        for _ in 0..remaining {
                            prop_assert!(then.may(&limit, now));
                            then.0.push(now);
                        }
                        prop_assert!(then.first_time(&limit, now, more_in));
                    }
                }
                Err(none) => {
                    prop_assert!(!may);
                    prop_assert_eq!(limit.headroom(none.taken, none.at), Headroom { remaining: 0, more_in: none.wait });
                    prop_assert!(all.first_time(&limit, now, none.wait));
                }
            }
        }
    }

    #[test]
    fn z4_to_take_some_is_to_take_one_as_often_or_nothing(
        (limit, steps) in limits().prop_flat_map(|limit| (Just(limit), steps(limit))),
        amounts in prop::collection::vec(1..5u32, 40),
    ) {
        let (mut level, mut now) = (Level::default(), START);
        for (step, amount) in steps.into_iter().zip(amounts) {
            now += step;
            let moment = Moment { time: now, clock: now };
            let amount = amount.min(limit.burst());
            let ones = (0..amount).try_fold(level, |level, _| limit.take(level, 1, moment));
            match limit.take(level, amount, moment) {
                Ok(after) => {
                    prop_assert_eq!(Ok(after), ones);
                    let returned = limit.give_back(after, amount, moment, after, moment);
                    let left = |level| limit.headroom(level, moment).remaining;
                    prop_assert_eq!(left(returned), left(level), "all of it is given back");
                    level = after;
                }
                Err(wait) => {
                    prop_assert!(ones.is_err() && wait > 0);
                    let at = |wait: i64| Moment { time: now + wait, clock: now + wait };
                    prop_assert!(limit.take(level, amount, at(wait)).is_ok());
                    prop_assert!(limit.take(level, amount, at(wait - 1)).is_err());
                }
            }
        }
    }

    #[test]
    fn l1_giving_back_at_once_undoes_and_later_it_never_lets_more_through_than_permitted(
        (limit, steps) in limits().prop_flat_map(|limit| (Just(limit), steps(limit))),
        returned in prop::collection::vec(prop::option::weighted(0.4, 0..3usize), 40),
    ) {
        let limiter = RateLimiter::new(100);
        let (mut all, mut now) = (Let::default(), 0);
        let mut open: Vec<(i64, Took)> = Vec::new();
        for (step, returned) in steps.into_iter().zip(returned) {
            now += step;
            if let Ok(took) = limiter.take(key(1, 1), &limit, 1, at(now)) {
                prop_assert!(all.may(&limit, now), "what is not given back counts");
                all.0.push(now);
                open.push((now, took));
            }
            if let Some((time, took)) = returned.filter(|_| !open.is_empty()).map(|n| open.remove(n % open.len())) {
                let before = limiter.look(key(1, 1), &limit, 1, at(now)).map_or(0, |headroom| headroom.remaining);
                limiter.give_back(&took, &limit);
                let index = all.0.iter().position(|one| *one == time).unwrap();
                all.0.remove(index);
                if time == now {
                    let after = limiter.look(key(1, 1), &limit, 1, at(now)).unwrap();
                    prop_assert_eq!(after.remaining, before + 1);
                }
            }
        }
    }

    #[test]
    fn l1_a_restart_at_any_time_gives_nothing_back_and_keeps_nobody_out_longer(
        (limit, steps) in limits().prop_flat_map(|limit| (Just(limit), steps(limit))),
        restarts in prop::collection::vec(any::<bool>(), 40),
    ) {
        let (never, mut restarted) = (RateLimiter::new(100), RateLimiter::new(100));
        let mut kept = Vec::new();
        let mut now = 0;
        for (step, restart) in steps.into_iter().zip(restarts) {
            now += step;
            if restart {
                kept.extend(restarted.changed());
                restarted = RateLimiter::new(100);
                restarted.restore(&kept, at(now));
            }
            let took = |limiter: &RateLimiter| limiter.take(key(1, 1), &limit, 1, at(now)).map(|took| limit.headroom(took.after, took.at));
            prop_assert_eq!(took(&never), took(&restarted));
        }
    }
}

#[test]
fn l1_the_first_minute_passes_up_to_twice_the_number_and_no_more() {
    let (limiter, limit) = (RateLimiter::new(10), sliding(100, Period::Minute, 100));
    let passed = (0..60_000).filter(|milli| limiter.take(key(1, 1), &limit, 1, at(milli * 1_000)).is_ok());
    assert_eq!(passed.count(), 199);
    assert!(limiter.take(key(1, 1), &limit, 1, at(60 * SECOND)).is_ok());
}

#[test]
fn l1_n_threads_at_once_are_let_through_exactly_as_often_as_the_limit_says() {
    for limit in [sliding(100, Period::Day, 100), strict(100, Period::Day)] {
        let limiter = Arc::new(RateLimiter::new(10));
        let barrier = Arc::new(Barrier::new(64));
        let threads: Vec<_> = (0..64)
            .map(|_| {
                let (limiter, barrier) = (Arc::clone(&limiter), Arc::clone(&barrier));
                std::thread::spawn(move || {
                    barrier.wait();
                    (0..50).filter(|_| limiter.take(key(1, 1), &limit, 1, at(0)).is_ok()).count()
                })
            })
            .collect();
        assert_eq!(threads.into_iter().map(|thread| thread.join().unwrap()).sum::<usize>(), 100);
    }
}

#[test]
fn l1_what_is_whole_is_forgotten_and_is_not_kept() {
    let (limiter, limit) = (RateLimiter::of_shards(1_000, 1), sliding(1, Period::Second, 1));
    for caller in 0..50 {
        limiter.take(key(1, caller), &limit, 1, at(0)).unwrap();
    }
    let changed = limiter.changed();
    assert_eq!(changed.len(), 50);
    assert!(changed.iter().all(|taken| taken.until == at(SECOND)));
    assert_eq!(limiter.changed(), []);
    limiter.not_kept(&changed[..10]);
    let again: BTreeSet<_> = limiter.changed().iter().map(|taken| taken.key).collect();
    assert_eq!(again, changed[..10].iter().map(|taken| taken.key).collect());
    limiter.take(key(2, 0), &limit, 1, at(SECOND)).unwrap();
    assert_eq!((limiter.changed().len(), limiter.keys()), (1, 1));
    let later = RateLimiter::of_shards(1_000, 1);
    later.restore(&changed, at(SECOND));
    assert_eq!(later.keys(), 0);
    let later = RateLimiter::of_shards(1_000, 1);
    later.restore(&changed, at(SECOND - 1));
    later.restore(&changed, at(SECOND - 1));
    assert_eq!(later.keys(), 50);
}

#[test]
fn l1_a_changed_limit_acts_at_once_and_keeps_nobody_out_longer_than_it_says() {
    let limiter = RateLimiter::new(10);
    let remaining =
        |limit: &Limit| limiter.look(key(1, 1), limit, 1, at(0)).map(|headroom| headroom.remaining);
    let slow = sliding(10, Period::Day, 10);
    for _ in 0..10 {
        limiter.take(key(1, 1), &slow, 1, at(0)).unwrap();
    }
    // All of it is taken under a faster limit, too, but it fills up at its own pace.
    let fast = sliding(60, Period::Minute, 60);
    assert_eq!(limiter.take(key(1, 1), &fast, 1, at(0)).unwrap_err().wait, SECOND);
    assert!(limiter.take(key(1, 1), &fast, 1, at(SECOND)).is_ok());
    // And the other way round the time of waiting counts.
    assert_eq!(limiter.look(key(1, 2), &slow, 1, at(SECOND)).map(|headroom| headroom.remaining), Ok(10));
    for _ in 0..60 {
        limiter.take(key(1, 2), &fast, 1, at(SECOND)).unwrap();
    }
    assert_eq!(limiter.look(key(1, 2), &slow, 1, at(SECOND)).map(|headroom| headroom.remaining), Ok(9));
    assert!(remaining(&sliding(1, Period::Second, 1)).is_err());
    // Of a strict window what was taken in it counts, whatever the number is now.
    for _ in 0..5 {
        limiter.take(key(1, 3), &strict(5, Period::Day), 1, at(0)).unwrap();
    }
    assert!(limiter.look(key(1, 3), &strict(3, Period::Day), 1, at(0)).is_err());
    assert_eq!(
        limiter.look(key(1, 3), &strict(7, Period::Day), 1, at(0)).map(|headroom| headroom.remaining),
        Ok(2)
    );
    let minute = limiter.look(key(1, 3), &strict(5, Period::Minute), 1, at(1)).unwrap_err();
    assert!(minute.wait <= 60 * SECOND);
}

/// A store that may fail, and counts.
#[derive(Default)]
struct BrittleStore(Mutex<(bool, usize, Vec<TakenLimit>)>);

impl RateLimitStore for BrittleStore {
    fn load(&self) -> Result<Vec<TakenLimit>, StoreError> {
        Ok(self.0.lock().unwrap().2.clone())
    }

    fn save(&self, changed: &[TakenLimit], now: Timestamp) -> Result<(), StoreError> {
        let (fails, saves, kept) = &mut *self.0.lock().unwrap();
        if *fails {
            return Err(StoreError::Full);
        }
        *saves += 1;
        kept.retain(|one| changed.iter().all(|other| other.key != one.key));
        kept.extend(changed);
        kept.retain(|one| one.until >= now);
        Ok(())
    }
}

#[test]
fn l1_what_cannot_be_kept_is_kept_later_and_where_there_is_nothing_nothing_is_written() {
    let (store, limiter) = (Arc::new(BrittleStore::default()), Arc::new(RateLimiter::new(10)));
    let limit = sliding(2, Period::Minute, 2);
    let kept = KeptLimits::load(Arc::clone(&limiter), store.clone(), at(0)).unwrap();
    kept.keep(at(0)).unwrap();
    limiter.take(key(1, 1), &limit, 1, at(0)).unwrap();
    store.0.lock().unwrap().0 = true;
    assert_eq!(kept.keep(at(0)), Err(StoreError::Full));
    store.0.lock().unwrap().0 = false;
    kept.keep(at(SECOND)).unwrap();
    assert_eq!(store.load().unwrap().len(), 1);
    // Forgotten once it is whole, and then there is nothing to do.
    for seconds in [30, 31, 32] {
        kept.keep(at(seconds * SECOND)).unwrap();
    }
    assert_eq!((store.load().unwrap().len(), store.0.lock().unwrap().1), (0, 3));
    // What an earlier process left goes as well.
    store.save(&[TakenLimit { key: key(1, 1), until: at(40 * SECOND), part: 0 }], at(33 * SECOND)).unwrap();
    let kept = KeptLimits::load(Arc::new(RateLimiter::new(10)), store.clone(), at(50 * SECOND)).unwrap();
    kept.keep(at(50 * SECOND)).unwrap();
    kept.keep(at(51 * SECOND)).unwrap();
    assert_eq!((store.load().unwrap().len(), store.0.lock().unwrap().1), (0, 5));
}

#[test]
fn l1_a_look_takes_nothing_and_moves_no_time() {
    let (limiter, limit) = (RateLimiter::new(10), sliding(1, Period::Hour, 1));
    limiter.take(key(1, 1), &limit, 1, at(0)).unwrap();
    assert!(limiter.look(key(1, 1), &limit, 1, at(86_400 * SECOND)).is_ok());
    assert!(limiter.look(key(1, 1), &limit, 1, at(400 * 86_400 * SECOND)).is_ok());
    assert_eq!(limiter.take(key(1, 1), &limit, 1, at(SECOND)).unwrap_err().wait, 3_599 * SECOND);
}

#[test]
fn l1_a_clock_that_is_set_opens_and_closes_nothing() {
    for limit in [sliding(2, Period::Minute, 2), strict(2, Period::Minute)] {
        let limiter = RateLimiter::new(10);
        let take =
            |seconds: i64| limiter.take(key(1, 1), &limit, 1, at(seconds * SECOND)).map_err(|none| none.wait);
        assert!(take(0).is_ok() && take(0).is_ok());
        let wait = take(10).unwrap_err();
        // Set back by a day: the wait is as long as before, and not a day longer, nor is the limit whole.
        let day = 86_400;
        assert_eq!(take(10 - day), Err(wait));
        assert_eq!(take(12 - day), Err(wait - 2 * SECOND));
        let then = 12 - day + (wait - 2 * SECOND) / SECOND;
        assert!(take(then - 1).is_err() && take(then).is_ok());
    }
}

/// The limiter's times at these readings of the clock, in seconds.
fn told(readings: &[i64]) -> Vec<i64> {
    let time = LimiterTime::new();
    readings.iter().map(|seconds| time.at(seconds * SECOND).time / SECOND).collect()
}

#[test]
fn l1_a_clock_that_is_set_back_neither_stops_the_time_nor_drives_it_on() {
    // It stands until it is sure, and has lost nothing then.
    assert_eq!(told(&[1_000, 400, 401, 402, 403, 999]), [1_000, 1_000, 1_000, 1_002, 1_003, 1_599]);
    assert_eq!(told(&[1_000, 400, 300, 302, 310]), [1_000, 1_000, 1_000, 1_002, 1_010]);
    // Set right again, it goes on as it would when it is set forward.
    assert_eq!(told(&[1_000, 400, 402, 1_500]), [1_000, 1_000, 1_002, 2_100]);
}

#[test]
fn l1_a_thread_that_was_stopped_with_its_reading_moves_no_time() {
    assert_eq!(
        told(&[1_000, 400, 1_001, 405, 1_002, 410, 1_003]),
        [1_000, 1_000, 1_001, 1_001, 1_002, 1_002, 1_003]
    );
    let time = LimiterTime::new();
    assert_eq!(time.at(5).time, 5);
    assert_eq!(time.at(3), Moment { time: 5, clock: 3 });
    assert_eq!((time.latest(), time.clock_at(9)), (5, 9));
}
