//! Tests of the snapshots when a row can no longer be read.

use std::path::Path;
use std::sync::Arc;

use syft_space_conformance::sample::{
    hub, hub_id, marketplace, marketplace_id, scope, tenant, username, write_scope,
};
use syft_space_domain::marketplace::Audience;
use syft_space_domain::marketplace::ports::TrustedHubs;
use syft_space_domain::snapshot::{SnapshotCache, SnapshotError, Snapshots};
use syft_space_sqlite::{SqliteOptions, SqliteStore};
use tempfile::TempDir;

use crate::support::{execute, keep};

/// Two tenants with a marketplace each on one hub.
fn followed(home: &Path) -> (SqliteStore, Arc<SnapshotCache>) {
    let live = Arc::new(SnapshotCache::default());
    let store = SqliteStore::open(home, SqliteOptions::default(), live.clone()).unwrap();
    keep(&store, |tx| {
        tx.add_hub(&hub(1))?;
        for n in [1, 2] {
            tx.add_tenant(&tenant(n))?;
            tx.add_marketplace(&write_scope(n), &marketplace(1, 1, n))?;
        }
        Ok(())
    });
    (store, live)
}

fn addressed(live: &SnapshotCache, name: u64) -> Result<u64, SnapshotError> {
    let found = live.addressed(hub_id(1), &Audience::from(&username(name)));
    found.map(|tenant| u64::from(tenant.tenant.id.as_bytes()[15]))
}

#[test]
fn a2_a_tenant_whose_marketplace_cannot_be_read_is_refused_and_no_other() {
    let home = TempDir::new().unwrap();
    let (store, live) = followed(home.path());
    assert_eq!([addressed(&live, 1), addressed(&live, 2)], [Ok(1), Ok(2)]);

    let app = home.path().join("app.db");
    let spoil = "CREATE TRIGGER spoil AFTER INSERT ON marketplaces BEGIN \
                 UPDATE marketplaces SET name = 'No Name' WHERE tenant_id = NEW.tenant_id AND id = NEW.id; END";
    execute(&app, spoil);
    keep(&store, |tx| tx.add_marketplace(&write_scope(1), &marketplace(2, 1, 3)));
    assert_eq!(addressed(&live, 1), Err(SnapshotError::Unavailable), "what cannot be read is not guessed");
    assert_eq!(live.tenant(&scope(1)).err(), Some(SnapshotError::Unavailable));
    assert_eq!(addressed(&live, 2), Ok(2), "another tenant is served as before");

    execute(&app, "DROP TRIGGER spoil");
    keep(&store, |tx| {
        tx.remove_marketplace(&write_scope(1), marketplace_id(1))?;
        tx.remove_marketplace(&write_scope(1), marketplace_id(2)).map(drop)
    });
    assert_eq!(
        addressed(&live, 1),
        Err(SnapshotError::NoTenant),
        "nothing is left of what was removed meanwhile"
    );
    assert!(live.tenant(&scope(1)).is_ok(), "the tenant is back");
}

#[test]
fn a2_while_the_hubs_cannot_be_read_none_is_trusted() {
    let home = TempDir::new().unwrap();
    let (store, live) = followed(home.path());
    assert_eq!(live.all().len(), 1);
    let app = home.path().join("app.db");
    execute(&app, "UPDATE hubs SET url = 'gopher://hub' WHERE issuer LIKE '%hub-1%'");
    keep(&store, |tx| tx.add_hub(&hub(2)));
    assert!(live.all().is_empty() && live.by_id(hub_id(2)).is_none(), "what cannot be read is not guessed");
    execute(&app, "UPDATE hubs SET url = 'https://hub.example.org' WHERE issuer LIKE '%hub-1%'");
    keep(&store, |tx| tx.add_tenant(&tenant(3)));
    assert_eq!(live.all().len(), 2, "the next commit makes them readable again");
}
