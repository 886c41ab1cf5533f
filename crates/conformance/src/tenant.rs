//! Does a store keep what it promises of tenants?

use syft_space_domain::tenant::{OperatorScope, Tenant, TenantLimits};

use crate::check::{Check, checks, run_all};
use crate::drive::{contradicts, founded, keep, look, store_of};
use crate::made::MakeStore;
use crate::sample::{scope, tenant, tenant_id};

/// Every promise of [`TenantView`](syft_space_domain::tenant::ports::TenantView) and `TenantRows`.
pub const CHECKS: &[Check<MakeStore>] = checks![
    a_tenant_is_read_back_as_it_was_added,
    a_scope_reads_its_own_tenant_and_no_other,
    a_tenants_id_and_name_are_unique,
    all_tenants_come_in_the_order_of_their_ids,
];

/// Checks every promise.
pub fn suite(make: &MakeStore) {
    run_all("the store of tenants", CHECKS, make);
}

/// All fields but the version, which the store counts, come back.
pub fn a_tenant_is_read_back_as_it_was_added(make: &MakeStore) {
    let made = store_of(make);
    let limits = TenantLimits {
        members: 1,
        datasets: 2,
        endpoints: 3,
        policies: 4,
        documents: 5,
        bytes: 6_000_000_000_000,
    };
    let added = Tenant { limits, ..tenant(1) };
    let row = added.clone();
    keep(&*made.port, move |tx| tx.add_tenant(&row));
    let found = look(&*made.port, |view| view.tenant(&scope(1))).expect("a tenant that was added is there");
    assert_eq!(Tenant { version: added.version, ..found }, added, "a tenant is read back as it was added");
}

/// Nobody's scope leads to another tenant, nor one that does not exist to any.
pub fn a_scope_reads_its_own_tenant_and_no_other(make: &MakeStore) {
    let made = founded(make);
    for n in 1..=3 {
        let found = look(&*made.port, |view| view.tenant(&scope(n))).map(|tenant| tenant.id);
        assert_eq!(found, Some(tenant_id(n)), "a scope reads its own tenant");
        let named = look(&*made.port, |view| view.tenant_named(&tenant(n).name));
        assert_eq!(named, Some(tenant_id(n)), "a name leads to its tenant");
    }
    assert_eq!(
        look(&*made.port, |view| view.tenant(&scope(4))),
        None,
        "a tenant that is not there is not found"
    );
    assert_eq!(look(&*made.port, |view| view.tenant_named(&tenant(4).name)), None, "nor is its name");
}

/// Neither is ever given twice.
pub fn a_tenants_id_and_name_are_unique(make: &MakeStore) {
    let made = founded(make);
    contradicts(&*made.port, "a second tenant with an id", |tx| {
        tx.add_tenant(&Tenant { name: tenant(4).name, ..tenant(1) })
    });
    contradicts(&*made.port, "a second tenant with a name", |tx| {
        tx.add_tenant(&Tenant { id: tenant_id(4), ..tenant(1) })
    });
    let count = look(&*made.port, |view| view.tenants(&OperatorScope::at_startup())).len();
    assert_eq!(count, 3, "a tenant that was refused is not there");
}

/// Whatever the order they were added in.
pub fn all_tenants_come_in_the_order_of_their_ids(make: &MakeStore) {
    let made = store_of(make);
    keep(&*made.port, |tx| [7, 3, 9, 1].into_iter().try_for_each(|n| tx.add_tenant(&tenant(n))));
    let found = look(&*made.port, |view| view.tenants(&OperatorScope::at_startup()));
    let ids: Vec<_> = found.into_iter().map(|tenant| tenant.id).collect();
    assert_eq!(ids, [1, 3, 7, 9].map(tenant_id), "tenants come in the order of their ids");
}
