//! How long the limiter takes for a query, beside `governor`, and how much it holds for a key.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot start has nothing to measure")]
#![expect(clippy::disallowed_methods, reason = "it measures a duration")]

use std::hint::black_box;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use governor::{DefaultKeyedRateLimiter, Quota};
use sha2::{Digest, Sha256};
use syft_space_domain::policy::{Limit, LimitKey, Period, RateLimiter, Window};
use syft_space_domain::time::Timestamp;

const LIMIT: Limit =
    Limit { number: 1_000, period: Period::Second, window: Window::Sliding { burst: 1_000 } };

fn keys(count: u32) -> Vec<LimitKey> {
    // As many tenants and policies as keys need.
    let of = |n: u32| {
        let policy = Sha256::digest((n % 64).to_be_bytes());
        let policy = policy.first_chunk().unwrap();
        LimitKey::new(policy, policy, &Sha256::digest(n.to_be_bytes()).into())
    };
    (0..count).map(of).collect()
}

/// How long `threads` threads take together for so many calls, each of `take` with another number.
fn at_once(threads: u64, calls: u64, take: impl Fn(u64) -> bool + Sync) -> Duration {
    let started = Instant::now();
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let take = &take;
            scope.spawn(move || {
                for call in 0..calls.div_ceil(threads) {
                    black_box(take(thread.wrapping_mul(7_919).wrapping_add(call)));
                }
            });
        }
    });
    started.elapsed()
}

fn takes(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("limiter");
    group.throughput(Throughput::Elements(1));
    for count in [1, 1_000, 100_000] {
        let keys = keys(count);
        let key = |call: u64| *keys.get(usize::try_from(call).unwrap() % keys.len()).unwrap();
        let begun = Instant::now();
        for threads in [1, 2] {
            let name = format!("{count} keys, {threads} threads");
            let ours = RateLimiter::new(RateLimiter::DEFAULT_KEYS);
            group.bench_function(BenchmarkId::new("ours", &name), |bencher| {
                bencher.iter_custom(|calls| {
                    at_once(threads, calls, |call| {
                        // With a reading of a clock for each, as governor takes one.
                        let micros = i64::try_from(begun.elapsed().as_micros()).unwrap();
                        ours.take(key(call), &LIMIT, 1, Timestamp::from_unix_micros(micros)).is_ok()
                    })
                });
            });
            let quota = Quota::per_second(NonZeroU32::new(LIMIT.number).unwrap());
            let theirs = DefaultKeyedRateLimiter::<LimitKey>::keyed(quota);
            group.bench_function(BenchmarkId::new("governor", &name), |bencher| {
                bencher.iter_custom(|calls| {
                    at_once(threads, calls, |call| theirs.check_key(&key(call)).is_ok())
                });
            });
        }
    }
    group.finish();
}

/// A store's worth of one-time callers: each new one finds no room.
fn flood(criterion: &mut Criterion) {
    let full = RateLimiter::new(1_000);
    let next = AtomicU32::new(0);
    let mut group = criterion.benchmark_group("limiter without room");
    group.throughput(Throughput::Elements(1));
    group.bench_function("new keys", |bencher| {
        bencher.iter(|| {
            let caller = next.fetch_add(1, Ordering::Relaxed);
            let key = LimitKey::new(&[1; 16], &[1; 16], &Sha256::digest(caller.to_be_bytes()).into());
            full.take(key, &LIMIT, 1, Timestamp::from_unix_micros(i64::from(caller))).is_ok()
        });
    });
    group.finish();
}

criterion_group!(benches, takes, flood);
criterion_main!(benches);
