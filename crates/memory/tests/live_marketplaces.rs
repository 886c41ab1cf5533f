//! Does the live state know whose an audience is, and which hubs are trusted, after whatever was written?
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "the units are part of the tests")]

use std::sync::Arc;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::Strategy;
use proptest::test_runner::{Config, TestCaseError, TestRunner, contextualize_config};
use proptest::{prop_assert_eq, prop_oneof};
use syft_space_conformance::sample::{
    event, hub, hub_id, marketplace, marketplace_id, satellite_id, scope, tenant, username,
};
use syft_space_domain::audit::{Action, Log};
use syft_space_domain::snapshot::{SnapshotCache, SnapshotError, Snapshots};
use syft_space_domain::marketplace::ports::TrustedHubs;
use syft_space_domain::marketplace::{Audience, Hub, Marketplace, TrustedBy};
use syft_space_domain::store::{Store, StoreError, Tx};
use syft_space_domain::tenant::OperatorScope;
use syft_space_domain::unit::Recorded;
use syft_space_memory::MemoryStore;

/// Few enough that units meet.
const NUMBERS: u64 = 3;

#[derive(Debug, Clone)]
enum Call {
    Trust { n: u64, url: u64 },
    Distrust { n: u64 },
    Add { tenant: u64, n: u64, hub: u64, name: u64, satellite: Option<u64> },
    Update { tenant: u64, n: u64, name: u64, satellite: Option<u64> },
    Remove { tenant: u64, n: u64 },
}

fn row(n: u64, hub: u64, name: u64, satellite: Option<u64>) -> Marketplace {
    Marketplace { satellite: satellite.map(satellite_id), ..marketplace(n, hub, name) }
}

impl Call {
    fn run(&self, tx: &mut dyn Tx) -> Result<(), StoreError> {
        match *self {
            Self::Trust { n, url } if tx.hub(hub_id(n))?.is_some() => {
                tx.update_hub(&Hub { url: hub(url).url, trusted_by: TrustedBy::Registration, ..hub(n) })
            }
            Self::Trust { n, .. } => tx.add_hub(&hub(n)),
            Self::Distrust { n } => tx.remove_hub(hub_id(n)).map(drop),
            Self::Add { tenant, n, hub, name, satellite } => {
                tx.add_marketplace(&scope(tenant), &row(n, hub, name, satellite))
            }
            Self::Update { tenant, n, name, satellite } => {
                tx.update_marketplace(&scope(tenant), &row(n, 1, name, satellite))
            }
            Self::Remove { tenant, n } => tx.remove_marketplace(&scope(tenant), marketplace_id(n)).map(drop),
        }
    }
}

fn calls() -> impl Strategy<Value = Call> {
    let n = || 1..=NUMBERS;
    prop_oneof![
        2 => (n(), n()).prop_map(|(n, url)| Call::Trust { n, url }),
        1 => n().prop_map(|n| Call::Distrust { n }),
        4 => (n(), n(), n(), n(), option::of(n())).prop_map(|(tenant, n, hub, name, satellite)| {
            Call::Add { tenant, n, hub, name, satellite }
        }),
        3 => (n(), n(), n(), option::of(n())).prop_map(|(tenant, n, name, satellite)| {
            Call::Update { tenant, n, name, satellite }
        }),
        2 => (n(), n()).prop_map(|(tenant, n)| Call::Remove { tenant, n }),
    ]
}

/// Runs calls in one unit; one that contradicts is left out.
fn run(store: &dyn Store, calls: Vec<Call>) {
    let recorded = event(Log::Installation, Action::ConfigChange);
    let done: Result<(), StoreError> = store
        .write(move |tx| {
            for call in &calls {
                match call.run(tx) {
                    Err(StoreError::Conflict(_)) => {}
                    outcome => outcome?,
                }
            }
            Ok(Ok(Recorded::new((), recorded.clone())))
        })
        .wait();
    done.unwrap();
}

/// The live state says of every hub and audience what the store says.
fn agree(store: &dyn Store, live: &SnapshotCache) -> Result<(), TestCaseError> {
    let mut view = store.read().unwrap();
    let trusted: Vec<Hub> = live.all().iter().map(|one| Hub::clone(one)).collect();
    prop_assert_eq!(trusted, view.hubs().unwrap());
    for h in 1..=NUMBERS {
        let stored = view.hub(hub_id(h)).unwrap();
        let (by_id, by_issuer) = (live.by_id(hub_id(h)), live.by_issuer(hub(h).issuer.as_str()));
        prop_assert_eq!(by_id.as_deref(), stored.as_ref());
        prop_assert_eq!(by_issuer.as_deref(), stored.as_ref());
        for n in 1..=NUMBERS {
            for audience in [Audience::from(&username(n)), Audience::from(satellite_id(n))] {
                let holder = view.holder_of_audience(hub_id(h), &audience).unwrap();
                let addressed = live.addressed(hub_id(h), &audience);
                let found = match &addressed {
                    Ok(of) => {
                        let own = of.addressed(hub_id(h), &audience);
                        Some((of.tenant.id, own.expect("the holder's snapshot holds it too").id))
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
    let outcome = TestRunner::new(config).run(&vec(vec(calls(), 1..5), 1..20), |units| {
        let live = Arc::new(SnapshotCache::default());
        let store = MemoryStore::new(live.clone());
        let founded = event(Log::Installation, Action::ConfigChange);
        let store: &dyn Store = &store;
        let done: Result<(), StoreError> = store
            .write(move |tx| {
                (1..=NUMBERS).try_for_each(|n| tx.add_tenant(&tenant(n)))?;
                Ok(Ok(Recorded::new((), founded.clone())))
            })
            .wait();
        done.unwrap();
        for calls in units {
            run(store, calls);
            agree(store, &live)?;
        }
        let loaded = SnapshotCache::default();
        loaded.load(&mut *store.read().unwrap(), &OperatorScope::at_startup()).unwrap();
        agree(store, &loaded)
    });
    outcome.unwrap();
}
