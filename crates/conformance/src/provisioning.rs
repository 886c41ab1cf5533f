//! The suite of [`Provisioner`].

use std::collections::BTreeSet;
use std::task::{Context, Waker};
use std::thread;

use futures_executor::block_on;
use syft_space_domain::dataset::VectorDatabaseKind;
use syft_space_domain::ids::{DatasetId, TenantId};
use syft_space_domain::provisioning::ports::{DatabaseStatus, Provisioned, Provisioner};
use syft_space_domain::provisioning::{DatabaseAddress, DatabaseCredential};
use syft_space_domain::tenant::{OperatorScope, TenantScope};

use crate::check::{Check, checks, run_all};
use crate::fixture::ProvisionerFactory;
use crate::sample::{dataset_id, scope};

const CHROMA: VectorDatabaseKind = VectorDatabaseKind::Chroma;
const QDRANT: VectorDatabaseKind = VectorDatabaseKind::Qdrant;

/// Every promise of [`Provisioner`].
pub const CHECKS: &[Check<ProvisionerFactory>] = checks![
    r4_a_database_is_ready_once_it_is_made_and_missing_before_and_after,
    r4_making_again_gives_the_same_database,
    r4_a_database_of_another_kind_takes_the_place_of_the_first,
    r4_removing_what_is_not_there_is_no_error,
    r4_removing_a_database_leaves_the_tenants_others,
    r4_the_last_database_takes_with_it_what_the_tenant_has,
    r4_removing_all_of_a_tenant_leaves_nothing_of_it,
    r4_each_database_has_an_address_of_its_own,
    r4_all_that_is_there_is_listed,
    r4_who_stops_waiting_leaves_what_the_same_call_ends,
    r4_those_who_make_the_same_at_once_get_the_same,
    z1_no_tenant_touches_anothers_database,
];

/// Checks every promise.
pub fn suite(make: &ProvisionerFactory) {
    run_all("the provisioner", CHECKS, make);
}

fn credential() -> DatabaseCredential {
    DatabaseCredential::read(&"0a".repeat(32)).expect("64 digits")
}

#[track_caller]
fn provision(engine: &dyn Provisioner, scope: &TenantScope, dataset: DatasetId) -> DatabaseAddress {
    block_on(engine.provision(scope, dataset, CHROMA, &credential())).expect("a database is made")
}

#[track_caller]
fn status(engine: &dyn Provisioner, scope: &TenantScope, dataset: DatasetId) -> DatabaseStatus {
    block_on(engine.status(scope, dataset)).expect("a database is looked at")
}

#[track_caller]
fn deprovision(engine: &dyn Provisioner, scope: &TenantScope, dataset: DatasetId) {
    block_on(engine.deprovision(scope, dataset)).expect("a database is removed");
}

#[track_caller]
fn provisioned(engine: &dyn Provisioner) -> Provisioned {
    block_on(engine.provisioned(&OperatorScope::at_startup())).expect("databases are listed")
}

/// What is there where these databases are, and whole.
fn exactly(databases: &[(TenantId, DatasetId)]) -> Provisioned {
    Provisioned {
        databases: databases.iter().copied().collect(),
        tenants: databases.iter().map(|(tenant, _)| *tenant).collect(),
    }
}

/// Made, looked at, removed.
pub fn r4_a_database_is_ready_once_it_is_made_and_missing_before_and_after(make: &ProvisionerFactory) {
    let (engine, tenant, dataset) = (make(), scope(1), dataset_id(1));
    assert_eq!(status(&*engine, &tenant, dataset), DatabaseStatus::Missing, "before it is made");
    let address = provision(&*engine, &tenant, dataset);
    assert_eq!(status(&*engine, &tenant, dataset), DatabaseStatus::Ready(address), "once it is made");
    deprovision(&*engine, &tenant, dataset);
    assert_eq!(status(&*engine, &tenant, dataset), DatabaseStatus::Missing, "once it is removed");
}

/// And there is one, not two.
pub fn r4_making_again_gives_the_same_database(make: &ProvisionerFactory) {
    let (engine, tenant, dataset) = (make(), scope(1), dataset_id(1));
    let first = provision(&*engine, &tenant, dataset);
    assert_eq!(provision(&*engine, &tenant, dataset), first, "it is where it was");
    assert_eq!(provisioned(&*engine), exactly(&[(tenant.tenant(), dataset)]), "there is one");
}

/// A dataset has one database, whatever kinds it has had.
pub fn r4_a_database_of_another_kind_takes_the_place_of_the_first(make: &ProvisionerFactory) {
    let (engine, tenant, dataset) = (make(), scope(1), dataset_id(1));
    provision(&*engine, &tenant, dataset);
    let made = block_on(engine.provision(&tenant, dataset, QDRANT, &credential()));
    let address = made.expect("a database of another kind is made");
    assert_eq!(status(&*engine, &tenant, dataset), DatabaseStatus::Ready(address), "it is there");
    assert_eq!(provisioned(&*engine), exactly(&[(tenant.tenant(), dataset)]), "there is one");
}

/// Neither one database nor all of a tenant's; nor twice.
pub fn r4_removing_what_is_not_there_is_no_error(make: &ProvisionerFactory) {
    let (engine, tenant) = (make(), scope(1));
    deprovision(&*engine, &tenant, dataset_id(1));
    block_on(engine.deprovision_all(&tenant)).expect("nothing is removed");
    provision(&*engine, &tenant, dataset_id(1));
    for _ in 0..2 {
        deprovision(&*engine, &tenant, dataset_id(1));
    }
    block_on(engine.deprovision_all(&tenant)).expect("nothing is removed");
    assert_eq!(provisioned(&*engine), Provisioned::default(), "nothing is there");
}

/// They run on, where they were.
pub fn r4_removing_a_database_leaves_the_tenants_others(make: &ProvisionerFactory) {
    let (engine, tenant) = (make(), scope(1));
    provision(&*engine, &tenant, dataset_id(1));
    let kept = provision(&*engine, &tenant, dataset_id(2));
    deprovision(&*engine, &tenant, dataset_id(1));
    assert_eq!(status(&*engine, &tenant, dataset_id(2)), DatabaseStatus::Ready(kept), "it runs on");
    assert_eq!(provisioned(&*engine), exactly(&[(tenant.tenant(), dataset_id(2))]), "it alone is there");
}

/// Not only the database: what the tenant's databases had in common too.
pub fn r4_the_last_database_takes_with_it_what_the_tenant_has(make: &ProvisionerFactory) {
    let (engine, tenant) = (make(), scope(1));
    for n in 1..=2 {
        provision(&*engine, &tenant, dataset_id(n));
    }
    deprovision(&*engine, &tenant, dataset_id(1));
    assert!(provisioned(&*engine).tenants.contains(&tenant.tenant()), "the tenant has a database yet");
    deprovision(&*engine, &tenant, dataset_id(2));
    assert_eq!(provisioned(&*engine), Provisioned::default(), "nothing of the tenant is left");
}

/// And everything of others.
pub fn r4_removing_all_of_a_tenant_leaves_nothing_of_it(make: &ProvisionerFactory) {
    let (engine, tenant, other) = (make(), scope(1), scope(2));
    for n in 1..=2 {
        provision(&*engine, &tenant, dataset_id(n));
    }
    let kept = provision(&*engine, &other, dataset_id(3));
    block_on(engine.deprovision_all(&tenant)).expect("all of a tenant's databases are removed");
    assert_eq!(
        provisioned(&*engine),
        exactly(&[(other.tenant(), dataset_id(3))]),
        "the other tenant's is left"
    );
    assert_eq!(status(&*engine, &other, dataset_id(3)), DatabaseStatus::Ready(kept), "it runs on");
}

/// Of one tenant or of two.
pub fn r4_each_database_has_an_address_of_its_own(make: &ProvisionerFactory) {
    let (engine, tenant, other) = (make(), scope(1), scope(2));
    let addresses = [
        provision(&*engine, &tenant, dataset_id(1)),
        provision(&*engine, &tenant, dataset_id(2)),
        provision(&*engine, &other, dataset_id(3)),
    ];
    let different: BTreeSet<_> = addresses.iter().map(|address| address.socket()).collect();
    assert_eq!(different.len(), addresses.len(), "no two are reached at the same address");
}

/// With its tenant and its dataset.
pub fn r4_all_that_is_there_is_listed(make: &ProvisionerFactory) {
    let engine = make();
    assert_eq!(provisioned(&*engine), Provisioned::default(), "nothing is there at first");
    let all = [(scope(1), dataset_id(1)), (scope(1), dataset_id(2)), (scope(2), dataset_id(3))];
    for (tenant, dataset) in &all {
        provision(&*engine, tenant, *dataset);
    }
    let all = all.map(|(tenant, dataset)| (tenant.tenant(), dataset));
    assert_eq!(provisioned(&*engine), exactly(&all), "all are listed, and no others");
}

/// Whether they have waited a little or not at all.
pub fn r4_who_stops_waiting_leaves_what_the_same_call_ends(make: &ProvisionerFactory) {
    let (engine, tenant, dataset, secret) = (make(), scope(1), dataset_id(1), credential());
    let mut context = Context::from_waker(Waker::noop());
    let mut making = engine.provision(&tenant, dataset, CHROMA, &secret);
    let _ = making.as_mut().poll(&mut context);
    drop(making);
    provision(&*engine, &tenant, dataset);
    assert_eq!(provisioned(&*engine), exactly(&[(tenant.tenant(), dataset)]), "there is one");
    let mut removing = engine.deprovision(&tenant, dataset);
    let _ = removing.as_mut().poll(&mut context);
    drop(removing);
    deprovision(&*engine, &tenant, dataset);
    assert_eq!(provisioned(&*engine), Provisioned::default(), "there is none");
}

/// One database, and all know where.
pub fn r4_those_who_make_the_same_at_once_get_the_same(make: &ProvisionerFactory) {
    let (engine, tenant, dataset) = (make(), scope(1), dataset_id(1));
    let addresses: BTreeSet<_> = thread::scope(|threads| {
        let makers: Vec<_> =
            (0..4).map(|_| threads.spawn(|| provision(&*engine, &tenant, dataset).socket())).collect();
        makers.into_iter().map(|maker| maker.join().expect("no maker panics")).collect()
    });
    assert_eq!(addresses.len(), 1, "all are told the same address");
    assert_eq!(provisioned(&*engine), exactly(&[(tenant.tenant(), dataset)]), "there is one");
}

/// By no method, and were it for a dataset with the same id.
pub fn z1_no_tenant_touches_anothers_database(make: &ProvisionerFactory) {
    let (engine, tenant, other, dataset) = (make(), scope(1), scope(2), dataset_id(1));
    let address = provision(&*engine, &tenant, dataset);
    assert_eq!(status(&*engine, &other, dataset), DatabaseStatus::Missing, "another tenant does not see it");
    deprovision(&*engine, &other, dataset);
    block_on(engine.deprovision_all(&other)).expect("another tenant has nothing to remove");
    assert_eq!(status(&*engine, &tenant, dataset), DatabaseStatus::Ready(address), "it is still there");
    let others = provision(&*engine, &other, dataset);
    assert_ne!(others.socket(), address.socket(), "another tenant gets another one");
    deprovision(&*engine, &other, dataset);
    assert_eq!(status(&*engine, &tenant, dataset), DatabaseStatus::Ready(address), "it is still there");
}
