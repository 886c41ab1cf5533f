//! The suite of `MarketplaceView` and `MarketplaceRows`: hubs, marketplaces and listings.

mod listings;

pub use listings::{
    a_changed_listing_keeps_what_it_is_of, a_listing_is_read_back_as_it_was_added,
    a_listing_needs_a_marketplace_of_its_own_tenant, a_listing_outlives_its_endpoint_and_not_its_marketplace,
    an_endpoint_and_a_slug_are_listed_once_on_a_marketplace,
    the_listings_that_are_due_come_the_longest_due_first,
    z1_a_listing_is_seen_and_changed_in_its_own_tenant_only,
};

use syft_space_domain::marketplace::{Audience, Hub, Marketplace, TrustedBy};
use syft_space_domain::sealing::Sealed;
use syft_space_domain::store::{Store, StoreError, Tx};

use crate::check::{Check, checks, run_all};
use crate::fixture::StoreFactory;
use crate::pagination::PagedList;
use crate::run::{all_items, assert_conflict, commit, read, seeded_store, submit};
use crate::sample::{
    hub, hub_id, marketplace, marketplace_id, satellite_id, scope, time, username, write_scope,
};

/// Every promise of [`MarketplaceView`](syft_space_domain::marketplace::ports::MarketplaceView) and
/// `MarketplaceRows`.
pub const CHECKS: &[Check<StoreFactory>] = checks![
    a_hub_is_found_by_id_and_by_issuer,
    a_hubs_id_and_issuer_are_unique,
    a_changed_hub_keeps_its_issuer_and_its_beginning,
    a_hub_with_a_marketplace_stays,
    a_marketplace_is_read_back_as_it_was_added,
    a_marketplaces_id_and_name_are_unique_in_its_tenant,
    a_marketplace_needs_a_hub,
    a2_an_audience_on_a_hub_is_one_tenants,
    a2_an_audience_is_free_once_its_marketplace_let_go_of_it,
    a_changed_marketplace_keeps_its_hub_and_its_beginning,
    z1_a_marketplace_is_seen_and_changed_in_its_own_tenant_only,
    marketplaces_come_in_pages,
    a_listing_is_read_back_as_it_was_added,
    an_endpoint_and_a_slug_are_listed_once_on_a_marketplace,
    a_listing_needs_a_marketplace_of_its_own_tenant,
    a_changed_listing_keeps_what_it_is_of,
    a_listing_outlives_its_endpoint_and_not_its_marketplace,
    z1_a_listing_is_seen_and_changed_in_its_own_tenant_only,
    the_listings_that_are_due_come_the_longest_due_first,
];

/// Checks every promise.
pub fn suite(make: &StoreFactory) {
    run_all("the store of marketplaces", CHECKS, make);
}

fn find(store: &dyn Store, tenant: u64, n: u64) -> Option<Marketplace> {
    read(store, move |view| view.marketplace(&scope(tenant), marketplace_id(n)))
}

fn list(store: &dyn Store, tenant: u64) -> Vec<Marketplace> {
    all_items(2, |page| read(store, move |view| view.marketplaces(&scope(tenant), page)))
}

fn add_hubs(tx: &mut dyn Tx) -> Result<(), StoreError> {
    [1, 2].into_iter().try_for_each(|n| tx.add_hub(&hub(n)))
}

fn find_holder(store: &dyn Store, hub: u64, audience: &Audience) -> Option<(u64, u64)> {
    let audience = audience.clone();
    let holder = read(store, move |view| view.holder_of_audience(hub_id(hub), &audience));
    holder.map(|(tenant, id)| {
        let number = |bytes: &[u8; 16]| u64::from(bytes[15]);
        (number(tenant.as_bytes()), number(id.as_bytes()))
    })
}

/// Every field is read back, and the list is in the order of the issuers.
pub fn a_hub_is_found_by_id_and_by_issuer(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let expected_hub = || Hub { issuer: hub(3).issuer, trusted_by: TrustedBy::Registration, ..hub(1) };
    commit(&*fixture.adapter, move |tx| {
        tx.add_hub(&expected_hub())?;
        tx.add_hub(&hub(2))
    });
    let store = &*fixture.adapter;
    assert_eq!(
        read(store, move |view| view.hub(hub_id(1))),
        Some(expected_hub()),
        "a hub is found by its id"
    );
    assert_eq!(read(store, move |view| view.hub(hub_id(3))), None, "one that is not there is not");
    let by_issuer = |n| read(store, move |view| view.hub_by_issuer(&hub(n).issuer));
    assert_eq!([by_issuer(3), by_issuer(1)], [Some(expected_hub()), None], "and by its issuer");
    assert_eq!(
        read(store, move |view| view.hubs()),
        [hub(2), expected_hub()],
        "hubs come in the order of their issuers"
    );
}

/// Two issuers may share a URL.
pub fn a_hubs_id_and_issuer_are_unique(make: &StoreFactory) {
    let fixture = seeded_store(make);
    commit(&*fixture.adapter, |tx| {
        tx.add_hub(&hub(1))?;
        tx.add_hub(&Hub { url: hub(1).url, ..hub(2) })
    });
    assert_conflict(&*fixture.adapter, "a second hub with an id", |tx| {
        tx.add_hub(&Hub { issuer: hub(3).issuer, ..hub(1) })
    });
    assert_conflict(&*fixture.adapter, "a second hub with an issuer", |tx| {
        tx.add_hub(&Hub { issuer: hub(1).issuer, ..hub(3) })
    });
}

/// Its URL and `trusted_by` are replaced.
pub fn a_changed_hub_keeps_its_issuer_and_its_beginning(make: &StoreFactory) {
    let fixture = seeded_store(make);
    commit(&*fixture.adapter, |tx| {
        add_hubs(tx)?;
        let moved = Hub { url: hub(3).url, trusted_by: TrustedBy::Registration, ..hub(1) };
        tx.update_hub(&Hub { issuer: hub(4).issuer, created_at: time(99), ..moved })
    });
    let changed = Hub { url: hub(3).url, trusted_by: TrustedBy::Registration, ..hub(1) };
    let hubs = read(&*fixture.adapter, move |view| view.hubs());
    assert_eq!(hubs, [changed, hub(2)], "a hub's URL changes, and nothing else of it, nor another hub");
}

/// The marketplace may belong to any tenant.
pub fn a_hub_with_a_marketplace_stays(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    commit(store, |tx| {
        add_hubs(tx)?;
        tx.add_marketplace(&write_scope(2), &marketplace(1, 1, 1))
    });
    let on = |n| read(store, move |view| view.count_marketplaces_on(hub_id(n)));
    assert_eq!([on(1), on(2)], [1, 0], "the marketplaces on a hub are counted");
    assert_conflict(store, "removing a hub that a marketplace is on", |tx| tx.remove_hub(hub_id(1)));
    assert!(commit(store, |tx| tx.remove_hub(hub_id(2))), "another hub is removed");
    assert!(!commit(store, |tx| tx.remove_hub(hub_id(2))), "and once only");
    commit(store, |tx| tx.remove_marketplace(&write_scope(2), marketplace_id(1)));
    assert!(commit(store, |tx| tx.remove_hub(hub_id(1))), "a hub is removed when nobody is on it");
    assert_eq!(read(store, move |view| view.hubs()), [], "hubs that were removed are not there");
}

/// The satellite and the credential are read back too.
pub fn a_marketplace_is_read_back_as_it_was_added(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let added = || Marketplace {
        satellite: Some(satellite_id(7)),
        credential: Sealed::from_bytes((0..=255).collect()),
        told_url: Some("https://space.example".to_owned()),
        revision: 3,
        updated_at: time(70),
        ..marketplace(1, 2, 1)
    };
    commit(&*fixture.adapter, move |tx| {
        add_hubs(tx)?;
        tx.add_marketplace(&write_scope(1), &added())
    });
    assert_eq!(find(&*fixture.adapter, 1, 1), Some(added()), "a marketplace is found by its id");
    assert_eq!(find(&*fixture.adapter, 1, 2), None, "one that is not there is not");
}

/// Another tenant may use the same ones.
pub fn a_marketplaces_id_and_name_are_unique_in_its_tenant(make: &StoreFactory) {
    let fixture = seeded_store(make);
    commit(&*fixture.adapter, |tx| {
        add_hubs(tx)?;
        tx.add_marketplace(&write_scope(1), &marketplace(1, 1, 1))?;
        tx.add_marketplace(&write_scope(1), &marketplace(2, 1, 2))?;
        tx.add_marketplace(&write_scope(2), &marketplace(1, 1, 3))
    });
    assert_conflict(&*fixture.adapter, "a second marketplace with an id", |tx| {
        tx.add_marketplace(
            &write_scope(1),
            &Marketplace { name: marketplace(9, 1, 1).name, ..marketplace(1, 1, 4) },
        )
    });
    assert_conflict(&*fixture.adapter, "a second marketplace with a name", |tx| {
        tx.add_marketplace(
            &write_scope(1),
            &Marketplace { name: marketplace(1, 1, 1).name, ..marketplace(4, 1, 4) },
        )
    });
    assert_conflict(&*fixture.adapter, "another marketplace's name", |tx| {
        tx.update_marketplace(
            &write_scope(1),
            &Marketplace { name: marketplace(1, 1, 1).name, ..marketplace(2, 1, 2) },
        )
    });
    let kept = [marketplace(1, 1, 1), marketplace(2, 1, 2)];
    assert_eq!(list(&*fixture.adapter, 1), kept, "what was refused changed nothing");
}

/// The hub and the tenant must exist.
pub fn a_marketplace_needs_a_hub(make: &StoreFactory) {
    let fixture = seeded_store(make);
    commit(&*fixture.adapter, add_hubs);
    assert_conflict(&*fixture.adapter, "a marketplace on a hub that is not there", |tx| {
        tx.add_marketplace(&write_scope(1), &marketplace(1, 3, 1))
    });
    assert_conflict(&*fixture.adapter, "a marketplace of a tenant that is not there", |tx| {
        tx.add_marketplace(&write_scope(4), &marketplace(1, 1, 1))
    });
}

/// An audience is a username or a satellite id, and a username may look like a satellite id. On another hub it is
/// free.
pub fn a2_an_audience_on_a_hub_is_one_tenants(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    let with =
        |satellite: u64, row: Marketplace| Marketplace { satellite: Some(satellite_id(satellite)), ..row };
    let named_like = |satellite: u64, row: Marketplace| {
        let username = satellite_id(satellite).to_string().parse().expect("an id may be a name");
        Marketplace { username, ..row }
    };
    commit(store, move |tx| {
        add_hubs(tx)?;
        tx.add_marketplace(&write_scope(1), &with(1, marketplace(1, 1, 1)))?;
        tx.add_marketplace(&write_scope(1), &named_like(2, marketplace(2, 1, 2)))?;
        tx.add_marketplace(&write_scope(2), &with(1, marketplace(1, 2, 1)))?;
        tx.add_marketplace(&write_scope(2), &with(5, marketplace(2, 1, 5)))
    });
    let taken = [
        ("a name", marketplace(3, 1, 1)),
        ("a satellite", with(1, marketplace(3, 1, 3))),
        ("a name that is a satellite's id", named_like(1, marketplace(3, 1, 3))),
        ("a satellite whose id is a name", with(2, marketplace(3, 1, 3))),
    ];
    for (what, row) in taken {
        for tenant in [1, 2] {
            let (add, update) = (row.clone(), Marketplace { id: marketplace_id(2), ..row.clone() });
            assert_conflict(store, &format!("{what} of another marketplace"), move |tx| {
                tx.add_marketplace(&write_scope(tenant), &add)
            });
            // The second marketplace of tenant 1 may keep its own audiences.
            if tenant == 2 {
                assert_conflict(store, &format!("changing to {what} of another marketplace"), move |tx| {
                    tx.update_marketplace(&write_scope(tenant), &update)
                });
            }
        }
    }
    let holders = [
        (1, Audience::from(&username(1)), Some((1, 1))),
        (1, Audience::from(satellite_id(1)), Some((1, 1))),
        (1, Audience::from(satellite_id(2)), Some((1, 2))),
        (2, Audience::from(satellite_id(1)), Some((2, 1))),
        (1, Audience::from(satellite_id(5)), Some((2, 2))),
        (1, Audience::from(&username(3)), None),
        (2, Audience::from(satellite_id(2)), None),
    ];
    for (hub, audience, expected) in holders {
        assert_eq!(find_holder(store, hub, &audience), expected, "whose {audience} is on hub {hub}");
    }
    commit(store, move |tx| tx.update_marketplace(&write_scope(1), &with(1, marketplace(1, 1, 1))));
}

/// A new username, a new satellite or a removal frees the audience.
pub fn a2_an_audience_is_free_once_its_marketplace_let_go_of_it(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    let with =
        |satellite: u64, row: Marketplace| Marketplace { satellite: Some(satellite_id(satellite)), ..row };
    commit(store, move |tx| {
        add_hubs(tx)?;
        tx.add_marketplace(&write_scope(1), &with(1, marketplace(1, 1, 1)))?;
        tx.update_marketplace(&write_scope(1), &with(2, marketplace(1, 1, 2)))?;
        tx.add_marketplace(&write_scope(2), &with(1, marketplace(1, 1, 1)))
    });
    assert_eq!(
        find_holder(store, 1, &Audience::from(&username(1))),
        Some((2, 1)),
        "a name that was let go is free"
    );
    assert_eq!(find_holder(store, 1, &Audience::from(satellite_id(1))), Some((2, 1)), "so is a satellite");
    commit(store, |tx| tx.remove_marketplace(&write_scope(2), marketplace_id(1)));
    assert_eq!(
        find_holder(store, 1, &Audience::from(satellite_id(1))),
        None,
        "what was removed holds nothing"
    );
    assert_eq!(find_holder(store, 1, &Audience::from(&username(1))), None, "neither by name");
}

/// All other fields are replaced.
pub fn a_changed_marketplace_keeps_its_hub_and_its_beginning(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let changed = || Marketplace {
        name: marketplace(9, 1, 1).name,
        satellite: Some(satellite_id(4)),
        credential: Sealed::from_bytes(vec![9]),
        revision: 2,
        updated_at: time(80),
        ..marketplace(1, 1, 8)
    };
    commit(&*fixture.adapter, move |tx| {
        add_hubs(tx)?;
        tx.add_marketplace(&write_scope(1), &marketplace(1, 1, 1))?;
        tx.update_marketplace(
            &write_scope(1),
            &Marketplace { hub: hub_id(2), created_at: time(99), ..changed() },
        )
    });
    assert_eq!(find(&*fixture.adapter, 1, 1), Some(changed()), "a change is kept; hub and beginning stay");
}

/// Two tenants have marketplaces with the same id and name.
pub fn z1_a_marketplace_is_seen_and_changed_in_its_own_tenant_only(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    commit(store, |tx| {
        add_hubs(tx)?;
        tx.add_marketplace(&write_scope(1), &marketplace(1, 1, 1))?;
        tx.add_marketplace(&write_scope(2), &marketplace(1, 1, 2))?;
        tx.add_marketplace(&write_scope(2), &marketplace(2, 1, 3))
    });
    let theirs = || [marketplace(1, 1, 2), marketplace(2, 1, 3)];
    assert_eq!(find(store, 1, 1), Some(marketplace(1, 1, 1)), "one's own marketplace is found");
    assert_eq!(find(store, 1, 2), None, "another tenant's is not");
    assert_eq!(list(store, 1), [marketplace(1, 1, 1)], "nor is it listed");
    drop(submit(store, |tx| tx.update_marketplace(&write_scope(1), &marketplace(2, 1, 9))).wait());
    commit(store, |tx| tx.update_marketplace(&write_scope(1), &marketplace(1, 1, 8)));
    assert_eq!(list(store, 2), theirs(), "another tenant's marketplaces are not changed");
    assert!(!commit(store, |tx| tx.remove_marketplace(&write_scope(1), marketplace_id(2))), "nor removed");
    assert!(
        commit(store, |tx| tx.remove_marketplace(&write_scope(1), marketplace_id(1))),
        "one's own is removed"
    );
    assert_eq!(list(store, 2), theirs(), "and another tenant's stay");
}

/// The order is that of the ids.
pub fn marketplaces_come_in_pages(make: &StoreFactory) {
    let fixture = seeded_store(make);
    commit(&*fixture.adapter, |tx| {
        add_hubs(tx)?;
        (1..=9).try_for_each(|n| tx.add_marketplace(&write_scope(2), &marketplace(n, 2, n)))
    });
    PagedList {
        add: |tx, n| tx.add_marketplace(&write_scope(1), &marketplace(n, 1, n)),
        remove: |tx, n| tx.remove_marketplace(&write_scope(1), marketplace_id(n)).map(drop),
        page: |view, page| view.marketplaces(&scope(1), page),
        key: marketplace_id,
        key_of: |marketplace| marketplace.id,
    }
    .check(&*fixture.adapter);
}
