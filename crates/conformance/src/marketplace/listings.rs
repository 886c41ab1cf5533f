//! The promises about listings.

use syft_space_domain::ids::ListingId;
use syft_space_domain::marketplace::{Listing, ListingState};
use syft_space_domain::page::PageLimit;
use syft_space_domain::store::{Store, StoreError, Tx};
use syft_space_domain::tenant::OperatorScope;

use crate::fixture::StoreFactory;
use crate::marketplace::add_hubs;
use crate::run::{assert_conflict, commit, read, seeded_store};
use crate::sample::{
    dataset, endpoint, endpoint_id, listing, listing_id, marketplace, marketplace_id, scope, slug, tenant_id,
    time, write_scope,
};

/// Endpoints 1 to 3 and marketplaces 1 and 2.
fn seed_tenant(tx: &mut dyn Tx, tenant: u64) -> Result<(), StoreError> {
    tx.add_dataset(&write_scope(tenant), &dataset(1))?;
    (1..=3).try_for_each(|n| tx.add_endpoint(&write_scope(tenant), &endpoint(n, 1)))?;
    [1, 2]
        .into_iter()
        .try_for_each(|n| tx.add_marketplace(&write_scope(tenant), &marketplace(n, 1, 10 * tenant + n)))
}

fn seed_rows(tx: &mut dyn Tx) -> Result<(), StoreError> {
    add_hubs(tx)?;
    [1, 2].into_iter().try_for_each(|tenant| seed_tenant(tx, tenant))
}

fn find(store: &dyn Store, tenant: u64, n: u64) -> Option<Listing> {
    read(store, move |view| view.listing(&scope(tenant), listing_id(n)))
}

fn listings_of(store: &dyn Store, tenant: u64, endpoint: u64) -> Vec<ListingId> {
    let listings = read(store, move |view| view.listings_of(&scope(tenant), endpoint_id(endpoint)));
    listings.into_iter().map(|listing| listing.id).collect()
}

fn listings_on(store: &dyn Store, tenant: u64, marketplace: u64) -> Vec<ListingId> {
    let listings = read(store, move |view| view.listings_on(&scope(tenant), marketplace_id(marketplace)));
    listings.into_iter().map(|listing| listing.id).collect()
}

/// The result of the last publication is stored too.
pub fn a_listing_is_read_back_as_it_was_added(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let added = || Listing {
        state: ListingState::Removing,
        last_error: Some("the hub is down".to_owned()),
        told_at: Some(time(20)),
        due_at: time(30),
        failures: u32::MAX,
        revision: 4,
        ..listing(1, 2, 1)
    };
    commit(&*fixture.adapter, move |tx| {
        seed_rows(tx)?;
        tx.add_listing(&write_scope(1), &added())?;
        tx.add_listing(&write_scope(1), &listing(3, 2, 2))?;
        tx.add_listing(&write_scope(1), &listing(2, 1, 1))
    });
    let store = &*fixture.adapter;
    assert_eq!(find(store, 1, 1), Some(added()), "a listing is found by its id");
    assert_eq!(find(store, 1, 4), None, "one that is not there is not");
    assert_eq!(
        listings_of(store, 1, 2),
        [listing_id(1), listing_id(3)],
        "an endpoint's listings come in order"
    );
    assert_eq!(listings_on(store, 1, 1), [listing_id(1), listing_id(2)], "and so do a marketplace's");
}

/// The endpoint may be listed on another marketplace too.
pub fn an_endpoint_and_a_slug_are_listed_once_on_a_marketplace(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    commit(store, |tx| {
        seed_rows(tx)?;
        tx.add_listing(&write_scope(1), &listing(1, 1, 1))?;
        tx.add_listing(&write_scope(1), &listing(2, 1, 2))
    });
    assert_conflict(store, "a second listing with an id", |tx| {
        tx.add_listing(&write_scope(1), &listing(1, 2, 2))
    });
    assert_conflict(store, "a second listing of an endpoint", |tx| {
        tx.add_listing(&write_scope(1), &Listing { slug: slug(9), ..listing(3, 1, 1) })
    });
    assert_conflict(store, "a second listing of a slug", |tx| {
        tx.add_listing(&write_scope(1), &Listing { slug: slug(1), ..listing(3, 2, 1) })
    });
    commit(store, |tx| tx.add_listing(&write_scope(2), &listing(1, 1, 1)));
    assert_eq!(listings_on(store, 1, 1), [listing_id(1)], "what was refused changed nothing");
}

/// A marketplace of another tenant is refused.
pub fn a_listing_needs_a_marketplace_of_its_own_tenant(make: &StoreFactory) {
    let fixture = seeded_store(make);
    commit(&*fixture.adapter, |tx| {
        seed_rows(tx)?;
        tx.add_marketplace(&write_scope(2), &marketplace(3, 1, 33))
    });
    assert_conflict(&*fixture.adapter, "a listing on another tenant's marketplace", |tx| {
        tx.add_listing(&write_scope(1), &listing(1, 1, 3))
    });
}

/// Only the state of the publication changes.
pub fn a_changed_listing_keeps_what_it_is_of(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let changed = || Listing {
        state: ListingState::Listed,
        last_error: Some("slow".to_owned()),
        told_at: Some(time(50)),
        due_at: time(60),
        failures: 2,
        revision: 2,
        ..listing(1, 1, 1)
    };
    let row = move || Listing {
        endpoint: endpoint_id(2),
        slug: slug(2),
        marketplace: marketplace_id(2),
        created_at: time(99),
        ..changed()
    };
    commit(&*fixture.adapter, move |tx| {
        seed_rows(tx)?;
        tx.add_listing(&write_scope(1), &listing(1, 1, 1))?;
        tx.update_listing(&write_scope(1), &row())
    });
    assert_eq!(find(&*fixture.adapter, 1, 1), Some(changed()), "a change is kept; what it is of stays");
}

/// The hub must still be told to remove the publication.
pub fn a_listing_outlives_its_endpoint_and_not_its_marketplace(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    commit(store, |tx| {
        seed_rows(tx)?;
        tx.add_listing(&write_scope(1), &listing(1, 1, 1))?;
        tx.add_listing(&write_scope(1), &listing(2, 1, 2))?;
        tx.add_listing(&write_scope(2), &listing(1, 1, 1))?;
        tx.remove_endpoint(&write_scope(1), endpoint_id(1))
    });
    assert_eq!(listings_of(store, 1, 1), [listing_id(1), listing_id(2)], "a listing outlives its endpoint");
    commit(store, |tx| tx.remove_marketplace(&write_scope(1), marketplace_id(1)));
    assert_eq!(listings_of(store, 1, 1), [listing_id(2)], "and goes with its marketplace, as no other does");
    assert!(commit(store, |tx| tx.remove_listing(&write_scope(1), listing_id(2))), "a listing is removed");
    assert!(!commit(store, |tx| tx.remove_listing(&write_scope(1), listing_id(2))), "and once only");
    assert_eq!(
        [listings_of(store, 1, 1), listings_of(store, 2, 1)],
        [vec![], vec![listing_id(1)]],
        "another tenant's stays"
    );
}

/// Two tenants have listings with the same id.
pub fn z1_a_listing_is_seen_and_changed_in_its_own_tenant_only(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    commit(store, |tx| {
        seed_rows(tx)?;
        tx.add_listing(&write_scope(1), &listing(1, 1, 1))?;
        tx.add_listing(&write_scope(2), &listing(1, 1, 1))?;
        tx.add_listing(&write_scope(2), &listing(2, 2, 1))
    });
    assert_eq!(find(store, 1, 1), Some(listing(1, 1, 1)), "one's own listing is found");
    assert_eq!(find(store, 1, 2), None, "another tenant's is not");
    assert_eq!(
        [listings_of(store, 1, 1), listings_of(store, 1, 2)],
        [vec![listing_id(1)], vec![]],
        "nor by its endpoint"
    );
    assert_eq!(listings_on(store, 1, 1), [listing_id(1)], "nor by its marketplace");
    commit(store, |tx| {
        tx.update_listing(&write_scope(1), &Listing { failures: 7, ..listing(1, 1, 1) })?;
        tx.update_listing(&write_scope(1), &Listing { failures: 7, ..listing(2, 2, 1) })
    });
    let theirs = || [find(store, 2, 1), find(store, 2, 2)];
    let unchanged = [Some(listing(1, 1, 1)), Some(listing(2, 2, 1))];
    assert_eq!(theirs(), unchanged, "another tenant's listings are not changed");
    assert!(!commit(store, |tx| tx.remove_listing(&write_scope(1), listing_id(2))), "nor removed");
    assert!(commit(store, |tx| tx.remove_listing(&write_scope(1), listing_id(1))), "one's own is removed");
    assert_eq!(theirs(), unchanged, "and another tenant's stay");
}

/// The list covers all tenants, and is not longer than the limit.
pub fn the_listings_that_are_due_come_the_longest_due_first(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    let due = |n: u64, endpoint: u64, at: u32| Listing { due_at: time(at), ..listing(n, endpoint, 1) };
    commit(store, move |tx| {
        seed_rows(tx)?;
        tx.add_listing(&write_scope(2), &due(1, 1, 30))?;
        tx.add_listing(&write_scope(1), &due(2, 2, 30))?;
        tx.add_listing(&write_scope(1), &due(1, 1, 30))?;
        tx.add_listing(&write_scope(2), &due(2, 2, 20))?;
        tx.add_listing(&write_scope(2), &due(3, 3, 41))
    });
    let asked = |at: u32, limit: u64| {
        let operator = OperatorScope::at_startup();
        let limit = PageLimit::parse(limit).expect("a valid limit");
        let found = read(store, move |view| view.listings_due(&operator, time(at), limit));
        found.into_iter().map(|(tenant, listing)| (tenant, listing.id)).collect::<Vec<_>>()
    };
    let in_order = [(2, 2), (1, 1), (1, 2), (2, 1), (2, 3)].map(|(of, n)| (tenant_id(of), listing_id(n)));
    assert_eq!(asked(41, 100), in_order, "the listings that are due come the longest due first");
    assert_eq!(asked(40, 100), in_order[..4], "and no other");
    assert_eq!(asked(41, 3), in_order[..3], "nor more than are asked for");
    assert_eq!(asked(19, 100), [], "nothing is due before its time");
}
