//! Does a store keep what it promises of hubs, marketplaces and listings?

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
use crate::drive::{all, contradicts, founded, keep, look, submit};
use crate::lists::List;
use crate::made::MakeStore;
use crate::sample::{hub, hub_id, marketplace, marketplace_id, satellite_id, scope, time, username};

/// Every promise of [`MarketplaceView`](syft_space_domain::marketplace::ports::MarketplaceView) and
/// `MarketplaceRows`.
pub const CHECKS: &[Check<MakeStore>] = checks![
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
pub fn suite(make: &MakeStore) {
    run_all("the store of marketplaces", CHECKS, make);
}

fn found(store: &dyn Store, tenant: u64, n: u64) -> Option<Marketplace> {
    look(store, |view| view.marketplace(&scope(tenant), marketplace_id(n)))
}

fn of_tenant(store: &dyn Store, tenant: u64) -> Vec<Marketplace> {
    all(2, |page| look(store, |view| view.marketplaces(&scope(tenant), page)))
}

fn hubs(tx: &mut dyn Tx) -> Result<(), StoreError> {
    [1, 2].into_iter().try_for_each(|n| tx.add_hub(&hub(n)))
}

fn holder(store: &dyn Store, hub: u64, audience: &Audience) -> Option<(u64, u64)> {
    let holder = look(store, |view| view.holder_of_audience(hub_id(hub), audience));
    holder.map(|(tenant, id)| {
        let number = |bytes: &[u8; 16]| u64::from(bytes[15]);
        (number(tenant.as_bytes()), number(id.as_bytes()))
    })
}

/// All of it comes back, and the hubs in the order of their issuers.
pub fn a_hub_is_found_by_id_and_by_issuer(make: &MakeStore) {
    let made = founded(make);
    let first = || Hub { issuer: hub(3).issuer, trusted_by: TrustedBy::Registration, ..hub(1) };
    keep(&*made.port, move |tx| {
        tx.add_hub(&first())?;
        tx.add_hub(&hub(2))
    });
    let store = &*made.port;
    assert_eq!(look(store, |view| view.hub(hub_id(1))), Some(first()), "a hub is found by its id");
    assert_eq!(look(store, |view| view.hub(hub_id(3))), None, "one that is not there is not");
    let by_issuer = |n| look(store, |view| view.hub_by_issuer(&hub(n).issuer));
    assert_eq!([by_issuer(3), by_issuer(1)], [Some(first()), None], "and by its issuer");
    assert_eq!(look(store, |view| view.hubs()), [hub(2), first()], "hubs come in the order of their issuers");
}

/// Another issuer may be at the same URL.
pub fn a_hubs_id_and_issuer_are_unique(make: &MakeStore) {
    let made = founded(make);
    keep(&*made.port, |tx| {
        tx.add_hub(&hub(1))?;
        tx.add_hub(&Hub { url: hub(1).url, ..hub(2) })
    });
    contradicts(&*made.port, "a second hub with an id", |tx| {
        tx.add_hub(&Hub { issuer: hub(3).issuer, ..hub(1) })
    });
    contradicts(&*made.port, "a second hub with an issuer", |tx| {
        tx.add_hub(&Hub { issuer: hub(1).issuer, ..hub(3) })
    });
}

/// Its URL and who trusted it are replaced.
pub fn a_changed_hub_keeps_its_issuer_and_its_beginning(make: &MakeStore) {
    let made = founded(make);
    keep(&*made.port, |tx| {
        hubs(tx)?;
        let moved = Hub { url: hub(3).url, trusted_by: TrustedBy::Registration, ..hub(1) };
        tx.update_hub(&Hub { issuer: hub(4).issuer, created_at: time(99), ..moved })
    });
    let changed = Hub { url: hub(3).url, trusted_by: TrustedBy::Registration, ..hub(1) };
    let hubs = look(&*made.port, |view| view.hubs());
    assert_eq!(hubs, [changed, hub(2)], "a hub's URL changes, and nothing else of it, nor another hub");
}

/// Of whatever tenant it is.
pub fn a_hub_with_a_marketplace_stays(make: &MakeStore) {
    let made = founded(make);
    let store = &*made.port;
    keep(store, |tx| {
        hubs(tx)?;
        tx.add_marketplace(&scope(2), &marketplace(1, 1, 1))
    });
    let on = |n| look(store, |view| view.count_marketplaces_on(hub_id(n)));
    assert_eq!([on(1), on(2)], [1, 0], "the marketplaces on a hub are counted");
    contradicts(store, "removing a hub that a marketplace is on", |tx| tx.remove_hub(hub_id(1)));
    assert!(keep(store, |tx| tx.remove_hub(hub_id(2))), "another hub is removed");
    assert!(!keep(store, |tx| tx.remove_hub(hub_id(2))), "and once only");
    keep(store, |tx| tx.remove_marketplace(&scope(2), marketplace_id(1)));
    assert!(keep(store, |tx| tx.remove_hub(hub_id(1))), "a hub is removed when nobody is on it");
    assert_eq!(look(store, |view| view.hubs()), [], "hubs that were removed are not there");
}

/// Its satellite and its credential too.
pub fn a_marketplace_is_read_back_as_it_was_added(make: &MakeStore) {
    let made = founded(make);
    let added = || Marketplace {
        satellite: Some(satellite_id(7)),
        credential: Sealed::from_bytes((0..=255).collect()),
        revision: 3,
        updated_at: time(70),
        ..marketplace(1, 2, 1)
    };
    keep(&*made.port, move |tx| {
        hubs(tx)?;
        tx.add_marketplace(&scope(1), &added())
    });
    assert_eq!(found(&*made.port, 1, 1), Some(added()), "a marketplace is found by its id");
    assert_eq!(found(&*made.port, 1, 2), None, "one that is not there is not");
}

/// In another tenant they are free.
pub fn a_marketplaces_id_and_name_are_unique_in_its_tenant(make: &MakeStore) {
    let made = founded(make);
    keep(&*made.port, |tx| {
        hubs(tx)?;
        tx.add_marketplace(&scope(1), &marketplace(1, 1, 1))?;
        tx.add_marketplace(&scope(1), &marketplace(2, 1, 2))?;
        tx.add_marketplace(&scope(2), &marketplace(1, 1, 3))
    });
    contradicts(&*made.port, "a second marketplace with an id", |tx| {
        tx.add_marketplace(
            &scope(1),
            &Marketplace { name: marketplace(9, 1, 1).name, ..marketplace(1, 1, 4) },
        )
    });
    contradicts(&*made.port, "a second marketplace with a name", |tx| {
        tx.add_marketplace(
            &scope(1),
            &Marketplace { name: marketplace(1, 1, 1).name, ..marketplace(4, 1, 4) },
        )
    });
    contradicts(&*made.port, "another marketplace's name", |tx| {
        tx.update_marketplace(
            &scope(1),
            &Marketplace { name: marketplace(1, 1, 1).name, ..marketplace(2, 1, 2) },
        )
    });
    let kept = [marketplace(1, 1, 1), marketplace(2, 1, 2)];
    assert_eq!(of_tenant(&*made.port, 1), kept, "what was refused changed nothing");
}

/// One that is there.
pub fn a_marketplace_needs_a_hub(make: &MakeStore) {
    let made = founded(make);
    keep(&*made.port, hubs);
    contradicts(&*made.port, "a marketplace on a hub that is not there", |tx| {
        tx.add_marketplace(&scope(1), &marketplace(1, 3, 1))
    });
    contradicts(&*made.port, "a marketplace of a tenant that is not there", |tx| {
        tx.add_marketplace(&scope(4), &marketplace(1, 1, 1))
    });
}

/// Be it a name or a satellite, and also where a name looks like a satellite. On another hub it is free.
pub fn a2_an_audience_on_a_hub_is_one_tenants(make: &MakeStore) {
    let made = founded(make);
    let store = &*made.port;
    let with =
        |satellite: u64, row: Marketplace| Marketplace { satellite: Some(satellite_id(satellite)), ..row };
    let named_like = |satellite: u64, row: Marketplace| {
        let username = satellite_id(satellite).to_string().parse().expect("an id may be a name");
        Marketplace { username, ..row }
    };
    keep(store, move |tx| {
        hubs(tx)?;
        tx.add_marketplace(&scope(1), &with(1, marketplace(1, 1, 1)))?;
        tx.add_marketplace(&scope(1), &named_like(2, marketplace(2, 1, 2)))?;
        tx.add_marketplace(&scope(2), &with(1, marketplace(1, 2, 1)))?;
        tx.add_marketplace(&scope(2), &with(5, marketplace(2, 1, 5)))
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
            contradicts(store, &format!("{what} of another marketplace"), move |tx| {
                tx.add_marketplace(&scope(tenant), &add)
            });
            // The second marketplace of tenant 1 may keep what is its own.
            if tenant == 2 {
                contradicts(store, &format!("changing to {what} of another marketplace"), move |tx| {
                    tx.update_marketplace(&scope(tenant), &update)
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
        assert_eq!(holder(store, hub, &audience), expected, "whose {audience} is on hub {hub}");
    }
    keep(store, move |tx| tx.update_marketplace(&scope(1), &with(1, marketplace(1, 1, 1))));
}

/// By another name, by another satellite, or by going.
pub fn a2_an_audience_is_free_once_its_marketplace_let_go_of_it(make: &MakeStore) {
    let made = founded(make);
    let store = &*made.port;
    let with =
        |satellite: u64, row: Marketplace| Marketplace { satellite: Some(satellite_id(satellite)), ..row };
    keep(store, move |tx| {
        hubs(tx)?;
        tx.add_marketplace(&scope(1), &with(1, marketplace(1, 1, 1)))?;
        tx.update_marketplace(&scope(1), &with(2, marketplace(1, 1, 2)))?;
        tx.add_marketplace(&scope(2), &with(1, marketplace(1, 1, 1)))
    });
    assert_eq!(
        holder(store, 1, &Audience::from(&username(1))),
        Some((2, 1)),
        "a name that was let go is free"
    );
    assert_eq!(holder(store, 1, &Audience::from(satellite_id(1))), Some((2, 1)), "so is a satellite");
    keep(store, |tx| tx.remove_marketplace(&scope(2), marketplace_id(1)));
    assert_eq!(holder(store, 1, &Audience::from(satellite_id(1))), None, "what was removed holds nothing");
    assert_eq!(holder(store, 1, &Audience::from(&username(1))), None, "neither by name");
}

/// Everything else is replaced.
pub fn a_changed_marketplace_keeps_its_hub_and_its_beginning(make: &MakeStore) {
    let made = founded(make);
    let changed = || Marketplace {
        name: marketplace(9, 1, 1).name,
        satellite: Some(satellite_id(4)),
        credential: Sealed::from_bytes(vec![9]),
        revision: 2,
        updated_at: time(80),
        ..marketplace(1, 1, 8)
    };
    keep(&*made.port, move |tx| {
        hubs(tx)?;
        tx.add_marketplace(&scope(1), &marketplace(1, 1, 1))?;
        tx.update_marketplace(&scope(1), &Marketplace { hub: hub_id(2), created_at: time(99), ..changed() })
    });
    assert_eq!(found(&*made.port, 1, 1), Some(changed()), "a change is kept; hub and beginning stay");
}

/// With marketplaces of the same id and name in each of two tenants.
pub fn z1_a_marketplace_is_seen_and_changed_in_its_own_tenant_only(make: &MakeStore) {
    let made = founded(make);
    let store = &*made.port;
    keep(store, |tx| {
        hubs(tx)?;
        tx.add_marketplace(&scope(1), &marketplace(1, 1, 1))?;
        tx.add_marketplace(&scope(2), &marketplace(1, 1, 2))?;
        tx.add_marketplace(&scope(2), &marketplace(2, 1, 3))
    });
    let theirs = || [marketplace(1, 1, 2), marketplace(2, 1, 3)];
    assert_eq!(found(store, 1, 1), Some(marketplace(1, 1, 1)), "one's own marketplace is found");
    assert_eq!(found(store, 1, 2), None, "another tenant's is not");
    assert_eq!(of_tenant(store, 1), [marketplace(1, 1, 1)], "nor is it listed");
    drop(submit(store, |tx| tx.update_marketplace(&scope(1), &marketplace(2, 1, 9))).wait());
    keep(store, |tx| tx.update_marketplace(&scope(1), &marketplace(1, 1, 8)));
    assert_eq!(of_tenant(store, 2), theirs(), "another tenant's marketplaces are not changed");
    assert!(!keep(store, |tx| tx.remove_marketplace(&scope(1), marketplace_id(2))), "nor removed");
    assert!(keep(store, |tx| tx.remove_marketplace(&scope(1), marketplace_id(1))), "one's own is removed");
    assert_eq!(of_tenant(store, 2), theirs(), "and another tenant's stay");
}

/// In the order of their ids.
pub fn marketplaces_come_in_pages(make: &MakeStore) {
    let made = founded(make);
    keep(&*made.port, |tx| {
        hubs(tx)?;
        (1..=9).try_for_each(|n| tx.add_marketplace(&scope(2), &marketplace(n, 2, n)))
    });
    List {
        add: |tx, n| tx.add_marketplace(&scope(1), &marketplace(n, 1, n)),
        remove: |tx, n| tx.remove_marketplace(&scope(1), marketplace_id(n)).map(drop),
        page: |view, page| view.marketplaces(&scope(1), page),
        key: marketplace_id,
        key_of: |one| one.id,
    }
    .check(&*made.port);
}
