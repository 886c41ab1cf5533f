//! The suite of `EndpointView` and `EndpointRows`.

use syft_space_domain::endpoint::{Endpoint, Slug};
use syft_space_domain::store::{Store, StoreError, Tx};

use crate::check::{Check, checks, run_all};
use crate::fixture::StoreFactory;
use crate::pagination::PagedList;
use crate::run::{all_items, assert_conflict, commit, read, seeded_store, submit};
use crate::sample::{
    dataset, dataset_id, endpoint, endpoint_id, policy, policy_id, scope, slug, time, write_scope,
};

/// Every promise of [`EndpointView`](syft_space_domain::endpoint::ports::EndpointView) and `EndpointRows`.
pub const CHECKS: &[Check<StoreFactory>] = checks![
    an_endpoint_is_found_by_id_and_by_slug,
    an_endpoints_id_and_slug_are_unique_in_its_tenant,
    an_endpoint_needs_a_dataset_of_its_own_tenant,
    a_changed_endpoint_keeps_its_beginning,
    an_endpoint_that_goes_lets_go_of_its_policies,
    the_endpoints_of_a_dataset_come_in_the_order_of_their_ids,
    z1_an_endpoint_is_seen_and_changed_in_its_own_tenant_only,
    endpoints_come_in_pages,
];

/// Checks every promise.
pub fn suite(make: &StoreFactory) {
    run_all("the store of endpoints", CHECKS, make);
}

fn find(store: &dyn Store, tenant: u64, n: u64) -> Option<Endpoint> {
    read(store, move |view| view.endpoint(&scope(tenant), endpoint_id(n)))
}

fn find_by_slug(store: &dyn Store, tenant: u64, slug: &Slug) -> Option<Endpoint> {
    let slug = slug.clone();
    read(store, move |view| view.endpoint_by_slug(&scope(tenant), &slug))
}

fn listed(store: &dyn Store, tenant: u64) -> Vec<Endpoint> {
    all_items(2, |page| read(store, move |view| view.endpoints(&scope(tenant), page)))
}

fn add_datasets(tx: &mut dyn Tx, tenant: u64) -> Result<(), StoreError> {
    [1, 2].into_iter().try_for_each(|n| tx.add_dataset(&write_scope(tenant), &dataset(n)))
}

/// Every field is read back.
pub fn an_endpoint_is_found_by_id_and_by_slug(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let added = Endpoint { published: false, revision: 3, updated_at: time(70), ..endpoint(1, 2) };
    let row = added.clone();
    commit(&*fixture.adapter, move |tx| {
        add_datasets(tx, 1)?;
        tx.add_endpoint(&write_scope(1), &row)
    });
    assert_eq!(find(&*fixture.adapter, 1, 1), Some(added.clone()), "an endpoint is found by its id");
    assert_eq!(find_by_slug(&*fixture.adapter, 1, &slug(1)), Some(added), "an endpoint is found by its slug");
    assert_eq!(find(&*fixture.adapter, 1, 2), None, "an endpoint that is not there is not found");
    assert_eq!(find_by_slug(&*fixture.adapter, 1, &slug(2)), None, "nor is its slug");
}

/// Another tenant may use the same ones.
pub fn an_endpoints_id_and_slug_are_unique_in_its_tenant(make: &StoreFactory) {
    let fixture = seeded_store(make);
    commit(&*fixture.adapter, |tx| {
        add_datasets(tx, 1)?;
        add_datasets(tx, 2)?;
        [1, 2].into_iter().try_for_each(|n| tx.add_endpoint(&write_scope(1), &endpoint(n, 1)))
    });
    assert_conflict(&*fixture.adapter, "a second endpoint with an id", |tx| {
        tx.add_endpoint(&write_scope(1), &Endpoint { slug: slug(3), ..endpoint(1, 1) })
    });
    assert_conflict(&*fixture.adapter, "a second endpoint with a slug", |tx| {
        tx.add_endpoint(&write_scope(1), &Endpoint { slug: slug(1), ..endpoint(3, 1) })
    });
    assert_conflict(&*fixture.adapter, "another endpoint's slug", |tx| {
        tx.update_endpoint(&write_scope(1), &Endpoint { slug: slug(1), ..endpoint(2, 1) })
    });
    commit(&*fixture.adapter, |tx| tx.add_endpoint(&write_scope(2), &endpoint(1, 1)));
    assert_eq!(
        listed(&*fixture.adapter, 1),
        [endpoint(1, 1), endpoint(2, 1)],
        "what was refused changed nothing"
    );
}

/// Checks both insertion and update.
pub fn an_endpoint_needs_a_dataset_of_its_own_tenant(make: &StoreFactory) {
    let fixture = seeded_store(make);
    commit(&*fixture.adapter, |tx| {
        tx.add_dataset(&write_scope(1), &dataset(1))?;
        tx.add_dataset(&write_scope(2), &dataset(2))?;
        tx.add_endpoint(&write_scope(1), &endpoint(1, 1))
    });
    assert_conflict(&*fixture.adapter, "an endpoint over a dataset that is not there", |tx| {
        tx.add_endpoint(&write_scope(1), &endpoint(2, 3))
    });
    assert_conflict(&*fixture.adapter, "an endpoint over another tenant's dataset", |tx| {
        tx.add_endpoint(&write_scope(1), &endpoint(2, 2))
    });
    assert_conflict(&*fixture.adapter, "turning an endpoint to another tenant's dataset", |tx| {
        tx.update_endpoint(&write_scope(1), &endpoint(1, 2))
    });
    assert_eq!(listed(&*fixture.adapter, 1), [endpoint(1, 1)], "what was refused changed nothing");
}

/// All other fields are replaced.
pub fn a_changed_endpoint_keeps_its_beginning(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let changed = Endpoint {
        name: "Renamed".to_owned(),
        slug: slug(9),
        summary: String::new(),
        description: "\u{1f980}".to_owned(),
        tags: "other".to_owned(),
        published: false,
        revision: 2,
        updated_at: time(80),
        ..endpoint(1, 2)
    };
    let row = Endpoint { created_at: time(99), ..changed.clone() };
    commit(&*fixture.adapter, move |tx| {
        add_datasets(tx, 1)?;
        tx.add_endpoint(&write_scope(1), &endpoint(1, 1))?;
        tx.update_endpoint(&write_scope(1), &row)
    });
    assert_eq!(
        find(&*fixture.adapter, 1, 1),
        Some(changed),
        "an endpoint's change is kept; its beginning stays"
    );
    assert_eq!(find_by_slug(&*fixture.adapter, 1, &slug(1)), None, "its old slug is free");
}

/// The policies stay, and may be removed afterwards.
pub fn an_endpoint_that_goes_lets_go_of_its_policies(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    commit(store, |tx| {
        add_datasets(tx, 1)?;
        tx.add_policy(&write_scope(1), &policy(1))?;
        for n in [1, 2] {
            tx.add_endpoint(&write_scope(1), &endpoint(n, 1))?;
            tx.attach_policies(&write_scope(1), endpoint_id(n), &[policy_id(1)])?;
        }
        Ok(())
    });
    assert!(
        commit(store, |tx| tx.remove_endpoint(&write_scope(1), endpoint_id(1))),
        "an endpoint is removed"
    );
    assert_eq!(listed(store, 1), [endpoint(2, 1)], "an endpoint that was removed is not there");
    let attached = read(store, move |view| view.endpoints_of_policy(&scope(1), policy_id(1)));
    assert_eq!(attached, [endpoint_id(2)], "its policies are attached to the others only");
    commit(store, |tx| tx.add_endpoint(&write_scope(1), &endpoint(1, 1)));
    let none = read(store, |view| view.attachments(&scope(1), Some(endpoint_id(1))));
    assert_eq!(none, [], "a new endpoint of that id has no old policies");
    assert!(
        !commit(store, |tx| tx.remove_endpoint(&write_scope(1), endpoint_id(3))),
        "none is removed where none is"
    );
}

/// No endpoint of another dataset is among them.
pub fn the_endpoints_of_a_dataset_come_in_the_order_of_their_ids(make: &StoreFactory) {
    let fixture = seeded_store(make);
    commit(&*fixture.adapter, |tx| {
        add_datasets(tx, 1)?;
        add_datasets(tx, 2)?;
        tx.add_endpoint(&write_scope(2), &endpoint(4, 1))?;
        [(5, 1), (2, 2), (3, 1), (1, 1)]
            .into_iter()
            .try_for_each(|(n, of)| tx.add_endpoint(&write_scope(1), &endpoint(n, of)))
    });
    let of = |n| read(&*fixture.adapter, move |view| view.endpoints_of_dataset(&scope(1), dataset_id(n)));
    let expected = [endpoint(1, 1), endpoint(3, 1), endpoint(5, 1)];
    assert_eq!(of(1), expected, "a dataset's endpoints come in the order of their ids");
    assert_eq!([of(2), of(3)], [vec![endpoint(2, 2)], vec![]], "and are that dataset's only");
}

/// Two tenants have endpoints with the same id and slug.
pub fn z1_an_endpoint_is_seen_and_changed_in_its_own_tenant_only(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    let theirs = || Endpoint { summary: "theirs".to_owned(), ..endpoint(1, 1) };
    commit(store, move |tx| {
        add_datasets(tx, 1)?;
        add_datasets(tx, 2)?;
        tx.add_endpoint(&write_scope(1), &endpoint(1, 1))?;
        tx.add_endpoint(&write_scope(2), &theirs())?;
        tx.add_endpoint(&write_scope(2), &endpoint(2, 1))
    });
    assert_eq!(find(store, 1, 1), Some(endpoint(1, 1)), "one's own endpoint is found");
    assert_eq!(find_by_slug(store, 1, &slug(1)), Some(endpoint(1, 1)), "by its slug too");
    assert_eq!(find(store, 1, 2), None, "another tenant's is not");
    assert_eq!(find_by_slug(store, 1, &slug(2)), None, "nor is its slug");
    assert_eq!(listed(store, 1), [endpoint(1, 1)], "another tenant's are not listed");
    let counts = [1, 2, 3].map(|n| read(store, move |view| view.count_endpoints(&scope(n))));
    assert_eq!(counts, [1, 2, 0], "nor counted");
    let of_dataset = read(store, move |view| view.endpoints_of_dataset(&scope(1), dataset_id(1)));
    assert_eq!(of_dataset, [endpoint(1, 1)], "nor found by their dataset");
    commit(store, |tx| tx.update_endpoint(&write_scope(1), &Endpoint { slug: slug(8), ..endpoint(1, 1) }));
    drop(
        submit(store, |tx| {
            tx.update_endpoint(&write_scope(1), &Endpoint { slug: slug(9), ..endpoint(2, 1) })
        })
        .wait(),
    );
    assert_eq!(listed(store, 2), [theirs(), endpoint(2, 1)], "another tenant's endpoints are not changed");
    assert!(!commit(store, |tx| tx.remove_endpoint(&write_scope(1), endpoint_id(2))), "nor removed");
    assert!(commit(store, |tx| tx.remove_endpoint(&write_scope(1), endpoint_id(1))), "one's own is removed");
    assert_eq!(listed(store, 2), [theirs(), endpoint(2, 1)], "and another tenant's stay");
}

/// The order is that of the ids.
pub fn endpoints_come_in_pages(make: &StoreFactory) {
    let fixture = seeded_store(make);
    commit(&*fixture.adapter, |tx| {
        add_datasets(tx, 1)?;
        add_datasets(tx, 2)?;
        (1..=9).try_for_each(|n| tx.add_endpoint(&write_scope(2), &endpoint(n, 1)))
    });
    PagedList {
        add: |tx, n| tx.add_endpoint(&write_scope(1), &endpoint(n, 1)),
        remove: |tx, n| tx.remove_endpoint(&write_scope(1), endpoint_id(n)).map(drop),
        page: |view, page| view.endpoints(&scope(1), page),
        key: endpoint_id,
        key_of: |endpoint| endpoint.id,
    }
    .check(&*fixture.adapter);
}
