//! Benchmarks: finding sessions and API keys among a thousand of them, and among a million.
#![expect(clippy::unwrap_used, reason = "a benchmark fails as a test does")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use syft_space_conformance::sample::{
    account, account_id, api_key, api_key_id, event, scope, session, tenant, token, write_scope,
};
use syft_space_domain::access::Role;
use syft_space_domain::audit::Action;
use syft_space_domain::identity::Session;
use syft_space_domain::store::{NoopHook, Store, StoreError, Tx, View};
use syft_space_domain::time::Timestamp;
use syft_space_domain::unit::{Receipt, Recorded};
use syft_space_sqlite::{SqliteOptions, SqliteStore};
use tempfile::TempDir;

/// How many sessions, and how many keys, an account has: as many as it may.
const OF_ACCOUNT: u64 = 100;
/// How many look-ups are done in one read, so that the way to the reader's thread does not count.
const AT_ONCE: u64 = 100;
/// How many rows are written in one unit.
const WRITTEN_AT_ONCE: u64 = 10_000;

/// The session with this number; its refresh tokens are of a random family, as all are.
fn nth_session(n: u64) -> Session {
    let mut session = session(1, n, n / OF_ACCOUNT);
    session.refresh.family = token(1, n);
    session.idle_until = Timestamp::from_unix_micros(i64::try_from(n).unwrap().saturating_add(1_000_000));
    session
}

fn write(store: &dyn Store, mut work: impl FnMut(&mut dyn Tx) -> Result<(), StoreError> + Send + 'static) {
    let receipt: Receipt<(), StoreError> = store.write(move |tx| {
        work(tx)?;
        Ok(Recorded::new((), event(&scope(1), Action::SessionRenewed)))
    });
    receipt.wait().unwrap();
}

fn furnish(store: &dyn Store, rows: u64) {
    write(store, move |tx| {
        tx.add_tenant(&tenant(1))?;
        (0..rows / OF_ACCOUNT).try_for_each(|n| tx.add_account(&write_scope(1), &account(1, n, Role::User)))
    });
    for first in (0..rows).step_by(usize::try_from(WRITTEN_AT_ONCE).unwrap()) {
        write(store, move |tx| {
            (first..rows.min(first + WRITTEN_AT_ONCE)).try_for_each(|n| {
                tx.add_session(&write_scope(1), &nth_session(n))?;
                tx.put_api_key(&write_scope(1), &api_key(1, n, n / OF_ACCOUNT))
            })
        });
    }
}

fn measure(criterion: &mut Criterion, rows: u64) {
    let home = TempDir::new().unwrap();
    let store = SqliteStore::open(home.path(), SqliteOptions::default(), Arc::new(NoopHook)).unwrap();
    let store: &dyn Store = &store;
    furnish(store, rows);
    let next = AtomicU64::new(0);
    // Far apart, each after the other: what was looked up last is of no help.
    let any = move |n: u64| n.wrapping_mul(7_368_787).wrapping_add(13) % rows;
    let mut group = criterion.benchmark_group(format!("of {rows}"));
    group.throughput(Throughput::Elements(AT_ONCE));
    type LookUp = fn(&mut dyn View, u64) -> bool;
    let look_ups: [(&str, LookUp); 4] = [
        ("a session by its refresh token", |view, n| {
            view.session_by_family(&token(1, n)).unwrap().is_some_and(|found| found == nth_session(n))
        }),
        ("the sessions of an account", |view, n| {
            view.sessions(&scope(1), account_id(n / OF_ACCOUNT)).unwrap().len() == 100
        }),
        ("an API key by its id", |view, n| view.api_key(&scope(1), api_key_id(n)).unwrap().is_some()),
        ("the API keys of an account", |view, n| {
            let page = syft_space_domain::page::PageRequest::default();
            !view.api_keys(&scope(1), Some(account_id(n / OF_ACCOUNT)), page).unwrap().items.is_empty()
        }),
    ];
    for (name, look_up) in look_ups {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let from = next.fetch_add(AT_ONCE, Ordering::Relaxed);
                let found = store.read(&scope(1), move |view| {
                    Ok::<_, StoreError>((from..from + AT_ONCE).all(|n| look_up(view, any(n))))
                });
                assert!(found.wait().unwrap(), "each is there");
            });
        });
    }
    // One a unit, and durable, as a refresh is.
    group.throughput(Throughput::Elements(1));
    group.bench_function("a refresh: found, and renewed durably", |bencher| {
        bencher.iter(|| {
            let n = any(next.fetch_add(1, Ordering::Relaxed));
            write(store, move |tx| {
                let found = tx.session_by_family(&token(1, n))?.unwrap();
                tx.renew_session(&write_scope(1), &found)
            });
        });
    });
    group.bench_function("a session that begins, and one that ends, durably", |bencher| {
        bencher.iter(|| {
            let n = any(next.fetch_add(1, Ordering::Relaxed));
            write(store, move |tx| {
                let (scope, session) = (write_scope(1), nth_session(n));
                tx.trim_sessions(Timestamp::from_unix_micros(1), 16)?;
                tx.remove_session(&scope, session.account, session.id)?;
                tx.add_session(&scope, &session)
            });
        });
    });
    group.finish();
}

fn look_ups(criterion: &mut Criterion) {
    for rows in [1_000, 1_000_000] {
        measure(criterion, rows);
    }
}

criterion_group!(benches, look_ups);
criterion_main!(benches);
