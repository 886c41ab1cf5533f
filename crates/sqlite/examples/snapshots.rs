//! A measurement: what the snapshots cost. `just prove snapshots`.
//!
//! With `fill HOME TENANTS ENDPOINTS` it makes a home of many tenants, for a server to start on. Without arguments it measures one tenant
//! with forty endpoints that share as many patterns as it may have: what they take of memory, and how long the store's writer is busy
//! when one policy's name, or its configuration, changes.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::as_conversions,
    reason = "a measuring tool: it stops at whatever is wrong, prints, and reads the clock"
)]

use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use syft_space_conformance::sample::{
    account, dataset, endpoint, endpoint_id, event, policy, policy_id, tenant, write_scope,
};
use syft_space_domain::access::Role;
use syft_space_domain::audit::{Action, Log};
use syft_space_domain::policy::{MAX_ATTACHED, Policy, PolicyConfiguration, PolicyTypes, Rule};
use syft_space_domain::snapshot::{SnapshotCache, Snapshots};
use syft_space_domain::store::{Store, StoreError, Tx};
use syft_space_domain::unit::Recorded;
use syft_space_sqlite::{SqliteOptions, SqliteStore};

const ENDPOINTS: u64 = 40;
const PATTERNS: u64 = 4_990;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, make, home, tenants, endpoints] = arguments.as_slice() else { return shared_policies() };
    assert_eq!(make, "fill");
    fill(Path::new(home), tenants.parse().unwrap(), endpoints.parse().unwrap());
}

fn open(home: &Path) -> (SqliteStore, Arc<SnapshotCache>, PolicyTypes) {
    let types = PolicyTypes::default();
    let cache = Arc::new(SnapshotCache::new(types.clone()));
    let store = SqliteStore::open(home, SqliteOptions::default(), cache.clone()).unwrap();
    (store, cache, types)
}

/// Runs one unit, and answers how much of the processor it took until it was committed and seen, in ms.
fn write(
    store: &dyn Store,
    mut work: impl FnMut(&mut dyn Tx) -> Result<(), StoreError> + Send + 'static,
) -> f64 {
    let event = event(Log::Installation, Action::ConfigChange);
    let begun = processor();
    let written: Result<(), StoreError> = store
        .write(move |tx| {
            work(tx)?;
            Ok(Recorded::new((), event.clone()))
        })
        .wait();
    written.unwrap();
    processor() - begun
}

fn allow(types: &PolicyTypes, patterns: &[String]) -> PolicyConfiguration {
    types.parse("access", &json!({ "mode": "allow", "patterns": patterns })).unwrap()
}

/// Makes tenants with a member, a dataset, a policy and endpoints that it is attached to.
fn fill(home: &Path, tenants: u64, endpoints: u64) {
    let (store, _, types) = open(home);
    for first in (1..=tenants).step_by(100) {
        let types = types.clone();
        write(&store, move |tx| {
            for n in first..=(first + 99).min(tenants) {
                tx.add_tenant(&tenant(n))?;
                tx.add_account(&write_scope(n), &account(n, n, Role::Owner))?;
                tx.add_dataset(&write_scope(n), &dataset(1))?;
                let own = allow(&types, &[format!("*@company-{}.example.com", n % 100)]);
                tx.add_policy(&write_scope(n), &Policy { configuration: own, ..policy(1) })?;
                for one in 1..=endpoints {
                    tx.add_endpoint(&write_scope(n), &endpoint(one, 1))?;
                    tx.attach_policies(&write_scope(n), endpoint_id(one), &[policy_id(1)])?;
                }
            }
            Ok(())
        });
    }
}

/// Forty endpoints with twenty policies each, which hold as many patterns as a tenant may have.
fn shared_policies() {
    let home = tempfile::tempdir().unwrap();
    let (store, cache, types) = open(home.path());
    let policies = u64::try_from(MAX_ATTACHED).unwrap();
    let configuration = |policy: u64| {
        let patterns: Vec<_> =
            (0..PATTERNS).map(|n| format!("team{n}-*@*.department{n}.company{policy}.example.com")).collect();
        allow(&types, &patterns)
    };
    let configurations: Vec<_> = (1..=policies).map(configuration).collect();
    let rows = configurations.clone();
    write(&store, move |tx| {
        tx.add_tenant(&tenant(1))?;
        tx.add_dataset(&write_scope(1), &dataset(1))?;
        for (n, configuration) in (1..).zip(&rows) {
            tx.add_policy(&write_scope(1), &Policy { configuration: configuration.clone(), ..policy(n) })?;
        }
        (1..=ENDPOINTS).try_for_each(|n| tx.add_endpoint(&write_scope(1), &endpoint(n, 1)))
    });
    let begun = processor();
    let rules: Vec<Arc<dyn Rule>> = configurations.iter().map(|one| types.compile(one).unwrap()).collect();
    println!("{policies} policies of {PATTERNS} globs on {ENDPOINTS} endpoints:");
    println!("    compiled, before the writer has anything to do with it, in {:.0} ms", processor() - begun);
    let ids: Vec<_> = (1..=policies).map(policy_id).collect();
    let attach = |n: u64| {
        let ids = ids.clone();
        write(&store, move |tx| tx.attach_policies(&write_scope(1), endpoint_id(n), &ids))
    };
    let compiled = resident();
    let times: Vec<f64> = (1..=ENDPOINTS).map(attach).collect();
    println!("    attached in {:.1} ms each", times.iter().sum::<f64>() / times.len() as f64);
    println!("    {:.2} MiB more for each endpoint", (resident() - compiled) / times.len() as f64);
    drop(rules);
    let snapshot = cache.tenant(&write_scope(1)).unwrap();
    assert_eq!(snapshot.endpoint(endpoint(1, 1).slug.as_str()).unwrap().policies.iter().count(), ids.len());
    drop(snapshot);
    let row =
        Policy { configuration: configuration(1), name: "renamed".to_owned(), revision: 2, ..policy(1) };
    println!("    renamed in {:.1} ms", write(&store, move |tx| tx.update_policy(&write_scope(1), &row)));
    let changed = configuration(99);
    let begun = processor();
    let rule = types.compile(&changed).unwrap();
    let compiled = processor() - begun;
    let row = Policy { configuration: changed, revision: 3, ..policy(1) };
    let written = write(&store, move |tx| {
        let _held = &rule;
        tx.update_policy(&write_scope(1), &row)
    });
    println!("    another configuration: compiled in {compiled:.1} ms, written in {written:.1} ms");
}

/// The processor time of all threads of this process, in ms: other work on the machine hardly changes it.
fn processor() -> f64 {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let of = |task: std::io::Result<std::fs::DirEntry>| {
        let statistics = std::fs::read_to_string(task.unwrap().path().join("schedstat")).unwrap_or_default();
        statistics.split(' ').next().and_then(|nanoseconds| nanoseconds.parse::<f64>().ok()).unwrap_or(0.0)
    };
    tasks.map(of).sum::<f64>() / 1_000_000.0
}

/// The resident MiB of this process.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: f64 = status.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4_096.0 / 1_048_576.0
}
