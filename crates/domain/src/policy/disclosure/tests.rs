//! What may be shown to callers, of whom many ask at once.

use std::collections::BTreeSet;
use std::time::Duration;

use super::open_coverage::{Admitted, Item, Key, OpenCoverage, Terms};
use crate::ids::{ActorId, PolicyId, TenantId};
use crate::policy::ports::Disclosed;
use crate::time::Timestamp;

fn caller(n: u8) -> Key {
    (TenantId::from_bytes([1; 16]), PolicyId::from_bytes([1; 16]), ActorId::from_bytes([n; 16]), 0)
}

fn terms(cap: u64, seconds: i64) -> Terms {
    Terms {
        cap,
        counts_for: Duration::from_secs(100),
        written_every: Duration::from_secs(10),
        now: Timestamp::from_unix_micros(seconds * 1_000_000),
    }
}

fn item(n: u16) -> Item {
    let mut item = [0; 16];
    item[..2].copy_from_slice(&n.to_be_bytes());
    item
}

fn begin(coverage: &OpenCoverage, key: &Key) {
    if let Err(forgotten) = coverage.begin(key) {
        coverage.open(*key, Vec::new(), forgotten);
        coverage.begin(key).unwrap();
    }
}

/// A query that finds these, and shows what it may.
fn show(coverage: &OpenCoverage, key: &Key, terms: &Terms, found: &[u16]) -> (Vec<u16>, Admitted) {
    begin(coverage, key);
    let wanted: Vec<_> = found.iter().map(|n| (item(*n), 1)).collect();
    let (may, admitted) = coverage.admit(key, terms, &wanted);
    (found.iter().copied().zip(may).filter(|(_, may)| *may).map(|(n, _)| n).collect(), admitted)
}

fn shown(coverage: &OpenCoverage, terms: &Terms, found: &[u16]) -> Vec<u16> {
    let (shown, admitted) = show(coverage, &caller(1), terms, found);
    coverage.end(&caller(1), &admitted, Some(terms.now));
    shown
}

#[test]
fn z2_of_queries_at_once_together_no_more_is_shown_than_the_cap() {
    let coverage = OpenCoverage::default();
    let seen: BTreeSet<u16> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8_u16)
            .map(|thread| {
                let coverage = &coverage;
                scope.spawn(move || {
                    let mut seen = Vec::new();
                    for n in 0..500_u16 {
                        let found: Vec<u16> =
                            (0..5).map(|k| (thread * 37 + n * 11 + k * 101) % 400).collect();
                        let (shown, admitted) = show(coverage, &caller(1), &terms(50, 0), &found);
                        // One in three is given up.
                        let is_answered = n % 3 != 0;
                        coverage.end(&caller(1), &admitted, is_answered.then_some(terms(50, 0).now));
                        seen.extend(shown.into_iter().filter(|_| is_answered));
                    }
                    seen
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(seen.len(), 50);
    assert_eq!(
        shown(&coverage, &terms(50, 1), &(0..400).collect::<Vec<_>>()),
        seen.into_iter().collect::<Vec<_>>()
    );
}

#[test]
fn z2_what_was_shown_is_shown_again_and_counts_until_its_time_is_over() {
    let coverage = OpenCoverage::default();
    assert_eq!(shown(&coverage, &terms(2, 0), &[1]), [1]);
    assert_eq!(shown(&coverage, &terms(2, 5), &[1, 2, 3]), [1, 2]);
    assert_eq!(shown(&coverage, &terms(2, 99), &[3, 2, 1, 2]), [2, 1, 2]);
    // It is shown again at 99, and so written again: it counts until 199.
    assert_eq!(shown(&coverage, &terms(2, 198), &[3]), [0; 0]);
    assert_eq!(shown(&coverage, &terms(2, 199), &[3, 4, 5]), [3, 4]);
}

#[test]
fn z2_what_is_shown_again_soon_is_not_written_again() {
    let coverage = OpenCoverage::default();
    for (seconds, written) in [(0, 1), (9, 0), (10, 1), (19, 0), (20, 1)] {
        let (_, admitted) = show(&coverage, &caller(1), &terms(2, seconds), &[1, 1]);
        assert_eq!(admitted.written.len(), written, "{seconds}");
        coverage.end(&caller(1), &admitted, Some(terms(2, seconds).now));
    }
}

#[test]
fn z2_what_a_query_gives_up_is_free_again_and_what_another_may_show_is_not() {
    let coverage = OpenCoverage::default();
    let (first, of_first) = show(&coverage, &caller(1), &terms(2, 0), &[1, 2]);
    let (second, of_second) = show(&coverage, &caller(1), &terms(2, 0), &[2, 3]);
    assert_eq!((first, second), (vec![1, 2], vec![2]));
    coverage.end(&caller(1), &of_first, None);
    assert_eq!(shown(&coverage, &terms(2, 0), &[3, 4]), [3], "the second may show 2 still");
    coverage.end(&caller(1), &of_second, None);
    assert_eq!(shown(&coverage, &terms(2, 0), &[4, 5]), [4]);
    // Callers share nothing.
    assert_eq!(show(&coverage, &caller(2), &terms(2, 0), &[7, 8]).0, [7, 8]);
}

#[test]
fn z2_what_was_read_before_others_were_forgotten_is_not_believed() {
    let coverage = OpenCoverage::remembering(2);
    let read = |n: u16| vec![Disclosed { item: item(n), shown_at: terms(9, 0).now, amount: 1 }; 1];
    let before = coverage.begin(&caller(1)).unwrap_err();
    coverage.open(caller(1), read(1), before);
    coverage.begin(&caller(1)).unwrap();
    for n in [2, 3] {
        let forgotten = coverage.begin(&caller(n)).unwrap_err();
        coverage.open(caller(n), read(u16::from(n)), forgotten);
    }
    assert!(coverage.begin(&caller(1)).is_ok(), "who has a query under way is not forgotten");
    let now = coverage.begin(&caller(2)).unwrap_err();
    assert_ne!(before, now);
    coverage.open(caller(2), Vec::new(), before);
    assert!(coverage.begin(&caller(2)).is_err(), "it may be older than what was forgotten");
    coverage.open(caller(2), read(2), now);
    assert!(coverage.begin(&caller(2)).is_ok());
}

#[test]
fn z2_what_is_left_to_a_caller_is_the_cap_without_what_counts_and_what_others_may_show_now() {
    let coverage = OpenCoverage::default();
    let left = |cap, seconds| coverage.remaining(&caller(1), &terms(cap, seconds));
    assert_eq!(left(5, 0), Err(0), "it must be read first");
    assert_eq!(shown(&coverage, &terms(5, 0), &[1, 2]), [1, 2]);
    assert_eq!(left(5, 0), Ok(3));
    let (_, under_way) = show(&coverage, &caller(1), &terms(5, 0), &[2, 3]);
    assert_eq!(left(5, 0), Ok(2));
    coverage.end(&caller(1), &under_way, None);
    assert_eq!([left(5, 0), left(5, 99), left(5, 100)], [Ok(3), Ok(3), Ok(5)]);
    assert_eq!([left(3, 0), left(2, 0), left(1, 0)], [Ok(1), Ok(0), Ok(0)], "a cap may have been lowered");
    // To ask about a time to come changes nothing.
    assert_eq!(left(5, 0), Ok(3));
    assert_eq!(coverage.remaining(&caller(2), &terms(5, 0)), Err(0), "callers share nothing");
}

#[test]
fn z2_where_an_answer_becomes_another_before_it_is_given_only_the_last_counts() {
    let coverage = OpenCoverage::default();
    let (first, admitted) = show(&coverage, &caller(1), &terms(2, 0), &[1, 2]);
    assert_eq!(first, [1, 2]);
    coverage.take_back(&caller(1), &admitted.items);
    let wanted = [3, 4].map(|n| (item(n), 1));
    let (may, admitted) = coverage.admit(&caller(1), &terms(2, 0), &wanted);
    assert_eq!(may, [true, true]);
    coverage.end(&caller(1), &admitted, Some(terms(2, 0).now));
    assert_eq!(shown(&coverage, &terms(2, 0), &[1, 3, 4]), [3, 4]);
}

#[test]
fn z2_as_much_as_is_remembered_fits_and_one_more_forgets_who_asks_nothing_now() {
    let coverage = OpenCoverage::remembering(2);
    let open = |n: u8| {
        let read = vec![Disclosed { item: item(n.into()), shown_at: terms(9, 0).now, amount: 1 }];
        coverage.open(caller(n), read, coverage.begin(&caller(n)).unwrap_err());
    };
    let knows = |n| coverage.remaining(&caller(n), &terms(9, 0)).is_ok();
    open(1);
    open(2);
    assert!(knows(1) && knows(2), "both fit");
    open(3);
    assert!(!knows(1) && !knows(2) && knows(3));
}
