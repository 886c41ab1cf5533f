//! The suite of `TenantView` and `TenantRows`.

use syft_space_domain::access::Role;
use syft_space_domain::tenant::{OperatorScope, Tenant, TenantLimits};

use crate::check::{Check, checks, run_all};
use crate::fixture::StoreFactory;
use crate::run::{assert_conflict, commit, new_store, read, seeded_store};
use crate::sample::{scope, tenant, tenant_id, time, write_scope};

/// Every promise of [`TenantView`](syft_space_domain::tenant::ports::TenantView) and `TenantRows`.
pub const CHECKS: &[Check<StoreFactory>] = checks![
    a_tenant_is_read_back_as_it_was_added,
    a_scope_reads_its_own_tenant_and_no_other,
    a_tenants_id_and_name_are_unique,
    all_tenants_come_in_the_order_of_their_ids,
    z1_the_settings_of_a_tenant_are_changed_alone,
];

/// Checks every promise.
pub fn suite(make: &StoreFactory) {
    run_all("the store of tenants", CHECKS, make);
}

/// Every field is read back, except the version, which the store sets.
pub fn a_tenant_is_read_back_as_it_was_added(make: &StoreFactory) {
    let fixture = new_store(make);
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
    commit(&*fixture.adapter, move |tx| tx.add_tenant(&row));
    let found = read(&*fixture.adapter, move |view| view.tenant(&scope(1)))
        .expect("a tenant that was added is there");
    assert_eq!(Tenant { version: added.version, ..found }, added, "a tenant is read back as it was added");
}

/// The scope of a tenant that does not exist finds none.
pub fn a_scope_reads_its_own_tenant_and_no_other(make: &StoreFactory) {
    let fixture = seeded_store(make);
    for n in 1..=3 {
        let found = read(&*fixture.adapter, move |view| view.tenant(&scope(n))).map(|tenant| tenant.id);
        assert_eq!(found, Some(tenant_id(n)), "a scope reads its own tenant");
        let named = read(&*fixture.adapter, move |view| view.tenant_named(&tenant(n).name));
        assert_eq!(named, Some(tenant_id(n)), "a name leads to its tenant");
    }
    assert_eq!(
        read(&*fixture.adapter, move |view| view.tenant(&scope(4))),
        None,
        "a tenant that is not there is not found"
    );
    assert_eq!(
        read(&*fixture.adapter, move |view| view.tenant_named(&tenant(4).name)),
        None,
        "nor is its name"
    );
}

/// A second tenant with either is a conflict.
pub fn a_tenants_id_and_name_are_unique(make: &StoreFactory) {
    let fixture = seeded_store(make);
    assert_conflict(&*fixture.adapter, "a second tenant with an id", |tx| {
        tx.add_tenant(&Tenant { name: tenant(4).name, ..tenant(1) })
    });
    assert_conflict(&*fixture.adapter, "a second tenant with a name", |tx| {
        tx.add_tenant(&Tenant { id: tenant_id(4), ..tenant(1) })
    });
    let count = read(&*fixture.adapter, move |view| view.tenants(&OperatorScope::at_startup())).len();
    assert_eq!(count, 3, "a tenant that was refused is not there");
}

/// The order of insertion does not matter.
pub fn all_tenants_come_in_the_order_of_their_ids(make: &StoreFactory) {
    let fixture = new_store(make);
    commit(&*fixture.adapter, |tx| [7, 3, 9, 1].into_iter().try_for_each(|n| tx.add_tenant(&tenant(n))));
    let found = read(&*fixture.adapter, move |view| view.tenants(&OperatorScope::at_startup()));
    let ids: Vec<_> = found.into_iter().map(|tenant| tenant.id).collect();
    assert_eq!(ids, [1, 3, 7, 9].map(tenant_id), "tenants come in the order of their ids");
}

/// Its name, its limits and its beginning stay, and so do other tenants.
pub fn z1_the_settings_of_a_tenant_are_changed_alone(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    let settings = |tenant: Tenant| Tenant {
        second_factor_roles: [Role::Owner, Role::Viewer].into(),
        max_key_days: 30,
        revision: 7,
        ..tenant
    };
    commit(store, move |tx| {
        let other = Tenant { created_at: time(99), ..tenant(2) };
        tx.update_tenant(&write_scope(1), &Tenant { id: tenant_id(1), ..settings(other) })
    });
    let found = |n| {
        let found = read(store, move |view| view.tenant(&scope(n))).expect("the tenant is there");
        Tenant { version: 0, ..found }
    };
    assert_eq!(found(1), settings(tenant(1)), "the settings are changed, and nothing else");
    for n in [2, 3] {
        assert_eq!(found(n), tenant(n), "another tenant's stay as they were");
    }
    commit(store, |tx| tx.update_tenant(&write_scope(1), &tenant(1)));
    assert_eq!(found(1), tenant(1), "and changed back");
    commit(store, |tx| tx.update_tenant(&write_scope(4), &tenant(4)));
    assert_eq!(read(store, move |view| view.tenant(&scope(4))), None, "no tenant is made by it");
}
