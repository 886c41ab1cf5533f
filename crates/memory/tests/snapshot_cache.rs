//! After any units of work, the snapshot cache agrees with the store about audiences and trusted hubs.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "the units are part of the tests")]

use std::sync::Arc;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::Strategy;
use proptest::test_runner::{Config, TestCaseError, TestRunner, contextualize_config};
use proptest::{prop_assert_eq, prop_oneof};
use syft_space_conformance::sample::{
    event, hub, hub_id, marketplace, marketplace_id, satellite_id, tenant, username, write_scope,
};
use syft_space_domain::audit::{Action, Log};
use syft_space_domain::marketplace::ports::TrustedHubs;
use syft_space_domain::marketplace::{Audience, Hub, Marketplace, TrustedBy};
use syft_space_domain::snapshot::{SnapshotCache, SnapshotError, Snapshots};
use syft_space_domain::store::{Store, StoreError, Tx};
use syft_space_domain::tenant::OperatorScope;
use syft_space_domain::unit::Recorded;
use syft_space_memory::MemoryStore;

/// The highest number of a row. It is low, so that units often conflict.
const MAX_NUMBER: u64 = 3;

#[derive(Debug, Clone)]
enum Operation {
    Trust { n: u64, url: u64 },
    Distrust { n: u64 },
    Add { tenant: u64, n: u64, hub: u64, name: u64, satellite: Option<u64> },
    Update { tenant: u64, n: u64, name: u64, satellite: Option<u64> },
    Remove { tenant: u64, n: u64 },
}

fn row(n: u64, hub: u64, name: u64, satellite: Option<u64>) -> Marketplace {
    Marketplace { satellite: satellite.map(satellite_id), ..marketplace(n, hub, name) }
}

impl Operation {
    fn run(&self, tx: &mut dyn Tx) -> Result<(), StoreError> {
        match *self {
            Self::Trust { n, url } if tx.hub(hub_id(n))?.is_some() => {
                tx.update_hub(&Hub { url: hub(url).url, trusted_by: TrustedBy::Registration, ..hub(n) })
            }
            Self::Trust { n, .. } => tx.add_hub(&hub(n)),
            Self::Distrust { n } => tx.remove_hub(hub_id(n)).map(drop),
            Self::Add { tenant, n, hub, name, satellite } => {
                tx.add_marketplace(&write_scope(tenant), &row(n, hub, name, satellite))
            }
            Self::Update { tenant, n, name, satellite } => {
                tx.update_marketplace(&write_scope(tenant), &row(n, 1, name, satellite))
            }
            Self::Remove { tenant, n } => {
                tx.remove_marketplace(&write_scope(tenant), marketplace_id(n)).map(drop)
            }
        }
    }
}

fn operations() -> impl Strategy<Value = Operation> {
    let n = || 1..=MAX_NUMBER;
    prop_oneof![
        2 => (n(), n()).prop_map(|(n, url)| Operation::Trust { n, url }),
        1 => n().prop_map(|n| Operation::Distrust { n }),
        4 => (n(), n(), n(), n(), option::of(n())).prop_map(|(tenant, n, hub, name, satellite)| {
            Operation::Add { tenant, n, hub, name, satellite }
        }),
        3 => (n(), n(), n(), option::of(n())).prop_map(|(tenant, n, name, satellite)| {
            Operation::Update { tenant, n, name, satellite }
        }),
        2 => (n(), n()).prop_map(|(tenant, n)| Operation::Remove { tenant, n }),
    ]
}

/// Runs operations in one unit, without those that conflict.
fn run(store: &dyn Store, operations: Vec<Operation>) {
    let event = event(Log::Installation, Action::ConfigChange);
    let outcome: Result<(), StoreError> = store
        .write(move |tx| {
            for operation in &operations {
                match operation.run(tx) {
                    Err(StoreError::Conflict(_)) => {}
                    outcome => outcome?,
                }
            }
            Ok(Recorded::new((), event.clone()))
        })
        .wait();
    outcome.unwrap();
}

/// Asserts that the cache and the store agree about every hub and audience.
fn assert_agreement(store: &MemoryStore, cache: &SnapshotCache) -> Result<(), TestCaseError> {
    let mut view = store.view();
    let trusted: Vec<Hub> = cache.all().iter().map(|hub| Hub::clone(hub)).collect();
    prop_assert_eq!(trusted, view.hubs().unwrap());
    for h in 1..=MAX_NUMBER {
        let stored = view.hub(hub_id(h)).unwrap();
        let (by_id, by_issuer) = (cache.by_id(hub_id(h)), cache.by_issuer(hub(h).issuer.as_str()));
        prop_assert_eq!(by_id.as_deref(), stored.as_ref());
        prop_assert_eq!(by_issuer.as_deref(), stored.as_ref());
        for n in 1..=MAX_NUMBER {
            for audience in [Audience::from(&username(n)), Audience::from(satellite_id(n))] {
                let holder = view.holder_of_audience(hub_id(h), &audience).unwrap();
                let addressed = cache.addressed(hub_id(h), &audience);
                let found = match &addressed {
                    Ok(snapshot) => {
                        let marketplace = snapshot.addressed(hub_id(h), &audience);
                        Some((
                            snapshot.tenant.id,
                            marketplace.expect("the holder's snapshot holds it too").id,
                        ))
                    }
                    Err(error) => {
                        prop_assert_eq!(error, &SnapshotError::NoTenant);
                        None
                    }
                };
                prop_assert_eq!(found, holder, "hub {}, audience {}", h, audience);
            }
        }
    }
    Ok(())
}

#[test]
fn a2_an_audience_leads_to_the_tenant_that_holds_it_and_to_no_other() {
    let config = contextualize_config(Config { cases: 200, failure_persistence: None, ..Config::default() });
    let outcome = TestRunner::new(config).run(&vec(vec(operations(), 1..5), 1..20), |units| {
        let cache = Arc::new(SnapshotCache::default());
        let store = MemoryStore::new(cache.clone());
        let event = event(Log::Installation, Action::ConfigChange);
        let writer: &dyn Store = &store;
        let outcome: Result<(), StoreError> = writer
            .write(move |tx| {
                (1..=MAX_NUMBER).try_for_each(|n| tx.add_tenant(&tenant(n)))?;
                Ok(Recorded::new((), event.clone()))
            })
            .wait();
        outcome.unwrap();
        for operations in units {
            run(&store, operations);
            assert_agreement(&store, &cache)?;
        }
        let loaded = SnapshotCache::default();
        loaded.load(&mut *store.view(), &OperatorScope::at_startup()).unwrap();
        assert_agreement(&store, &loaded)
    });
    outcome.unwrap();
}
