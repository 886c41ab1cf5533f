//! The suite of [`RateLimitStore`].

use syft_space_domain::policy::ports::RateLimitStore;
use syft_space_domain::policy::{LimitKey, TakenLimit};
use syft_space_domain::time::Timestamp;

use crate::check::{Check, checks, run_all};
use crate::fixture::RateLimitsFactory;

/// Every promise of [`RateLimitStore`].
pub const CHECKS: &[Check<RateLimitsFactory>] = checks![
    l1_what_is_saved_is_loaded,
    l1_what_is_saved_again_takes_the_place_of_what_was_saved_before,
    l1_what_is_whole_is_forgotten_and_nothing_else,
    l1_many_are_saved_at_once,
    l1_what_was_saved_is_there_after_a_restart,
];

/// Checks every promise.
pub fn suite(make: &RateLimitsFactory) {
    run_all("the store of rate limits", CHECKS, make);
}

/// What the key of this number has taken, until so many microseconds after 1970.
fn taken(key: u64, until: i64, part: u32) -> TakenLimit {
    let mut bytes = [0xa5; 16];
    for (to, from) in bytes.iter_mut().zip(key.to_be_bytes()) {
        *to = from;
    }
    TakenLimit { key: LimitKey::from_bytes(bytes), until: at(until), part }
}

fn at(micros: i64) -> Timestamp {
    Timestamp::from_unix_micros(micros)
}

fn save(store: &dyn RateLimitStore, changed: &[TakenLimit], now: i64) {
    store.save(changed, at(now)).expect("limits are saved");
}

/// What is kept, in the order of the keys.
fn loaded(store: &dyn RateLimitStore) -> Vec<TakenLimit> {
    let mut loaded = store.load().expect("limits are loaded");
    loaded.sort_by_key(|taken| taken.key);
    loaded
}

/// Each number comes back, however large.
pub fn l1_what_is_saved_is_loaded(make: &RateLimitsFactory) {
    let fixture = make();
    let store = &*fixture.adapter;
    assert_eq!(loaded(store), [], "a new store holds nothing");
    let saved = [taken(0, 1, 0), taken(1, i64::MAX, u32::MAX), taken(u64::MAX, 1_800_000_000_000_000, 7)];
    save(store, &saved, 0);
    assert_eq!(loaded(store), saved, "what was saved is loaded");
    assert_eq!(loaded(store), saved, "and again");
}

/// A key has one state: the last.
pub fn l1_what_is_saved_again_takes_the_place_of_what_was_saved_before(make: &RateLimitsFactory) {
    let fixture = make();
    let store = &*fixture.adapter;
    save(store, &[taken(1, 10, 1), taken(2, 20, 2)], 0);
    save(store, &[taken(1, 9, 3)], 0);
    assert_eq!(loaded(store), [taken(1, 9, 3), taken(2, 20, 2)], "also where it is less than before");
    save(store, &[], 0);
    assert_eq!(loaded(store).len(), 2, "saving nothing changes nothing");
}

/// What is over is not kept, and what may still count is.
pub fn l1_what_is_whole_is_forgotten_and_nothing_else(make: &RateLimitsFactory) {
    let fixture = make();
    let store = &*fixture.adapter;
    save(store, &[taken(1, 10, 0), taken(2, 20, 5), taken(3, 30, 0)], 0);
    save(store, &[taken(4, 15, 0), taken(1, 40, 0)], 20);
    assert_eq!(loaded(store), [taken(1, 40, 0), taken(2, 20, 5), taken(3, 30, 0)], "at 20");
    save(store, &[], 21);
    assert_eq!(loaded(store), [taken(1, 40, 0), taken(3, 30, 0)], "at 21");
    save(store, &[], 41);
    assert_eq!(loaded(store), [], "at 41");
}

/// As many as a busy second has.
pub fn l1_many_are_saved_at_once(make: &RateLimitsFactory) {
    let fixture = make();
    let store = &*fixture.adapter;
    let many: Vec<TakenLimit> = (0..20_000).map(|key| taken(key, 100, 1)).collect();
    save(store, &many, 0);
    assert_eq!(loaded(store), many, "all of them are there");
}

/// A restart gives nothing back.
pub fn l1_what_was_saved_is_there_after_a_restart(make: &RateLimitsFactory) {
    let fixture = make();
    save(&*fixture.adapter, &[taken(1, 10, 1), taken(2, 20, 2)], 0);
    save(&*fixture.adapter, &[taken(3, 30, 3)], 11);
    let Some(reopen) = fixture.reopen else { return };
    drop(fixture.adapter);
    let again = reopen();
    assert_eq!(loaded(&*again.adapter), [taken(2, 20, 2), taken(3, 30, 3)], "after a restart");
}
