//! Benchmarks: what is looked up of sessions and API keys takes as long among a million of them as among a thousand.
#![expect(clippy::unwrap_used, reason = "a benchmark fails as a test does")]

use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use syft_space_conformance::sample::{
    account, account_id, api_key, api_key_id, event, scope, session, tenant, write_scope,
};
use syft_space_domain::access::Role;
use syft_space_domain::audit::{Action, Log};
use syft_space_domain::identity::{ApiKey, Session};
use syft_space_domain::store::{Flow, NoopHook, Store, StoreError};
use syft_space_domain::unit::{Receipt, Recorded};
use syft_space_sqlite::{SqliteOptions, SqliteStore};

/// How many each account has of both: as many as it may.
const PER_ACCOUNT: u64 = 100;
/// How many rows of each a unit of work writes.
const PER_UNIT: u64 = 10_000;

/// Whose the session and the key of this number are.
fn holder(n: u64) -> u64 {
    1 + n / PER_ACCOUNT
}

fn write_rows(store: &dyn Store, from: u64, to: u64) {
    let event = event(Log::Installation, Action::ConfigChange);
    let written: Receipt<(), StoreError> = store.write(move |tx| {
        if from == 0 {
            tx.add_tenant(&tenant(1))?;
        }
        for n in from..to {
            if n % PER_ACCOUNT == 0 {
                tx.add_account(&write_scope(1), &account(1, holder(n), Role::User))?;
            }
            tx.add_session(&write_scope(1), &session(1, n, holder(n)))?;
            tx.put_api_key(&write_scope(1), &api_key(1, n, holder(n)))?;
        }
        Ok(Recorded::new((), event.clone()))
    });
    written.wait().unwrap();
}

fn read<T: Send + 'static>(
    store: &dyn Store,
    find: impl FnOnce(&mut dyn syft_space_domain::store::View) -> Result<T, StoreError> + Send + 'static,
) -> T {
    store.read(Flow::Installation, find).wait().unwrap()
}

fn lookups(criterion: &mut Criterion) {
    for rows in [1_000, 1_000_000] {
        let home = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(home.path(), SqliteOptions::default(), Arc::new(NoopHook)).unwrap();
        let store: &dyn Store = &store;
        let mut from = 0;
        while from < rows {
            let to = rows.min(from + PER_UNIT);
            write_rows(store, from, to);
            from = to;
        }
        // One of them after another, far from the one before.
        let mut at = 0;
        let mut next = move || {
            at = (at + 7_919) % rows;
            at
        };
        let id = |what: &str| format!("{what}/{rows}");
        criterion.bench_function(&id("session/by_refresh_token"), |bencher| {
            bencher.iter(|| {
                let family = session(1, next(), 1).refresh.family;
                let found: Option<Session> = read(store, move |view| view.session_by_family(&family));
                assert!(found.is_some());
            });
        });
        criterion.bench_function(&id("session/of_account"), |bencher| {
            bencher.iter(|| {
                let n = next();
                let id = session(1, n, 1).id;
                let found: Option<Session> =
                    read(store, move |view| view.session(&scope(1), account_id(holder(n)), id));
                assert!(found.is_some());
            });
        });
        criterion.bench_function(&id("api_key/by_id"), |bencher| {
            bencher.iter(|| {
                let n = next();
                let found: Option<ApiKey> = read(store, move |view| view.api_key(&scope(1), api_key_id(n)));
                assert!(found.is_some());
            });
        });
    }
}

criterion_group!(benches, lookups);
criterion_main!(benches);
