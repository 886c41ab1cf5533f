//! Random operations on hubs, marketplaces and listings.

use proptest::option;
use proptest::prelude::{Strategy, any};
use proptest::prop_oneof;
use syft_space_domain::marketplace::{Hub, Listing, ListingState, Marketplace, TrustedBy};
use syft_space_domain::store::{StoreError, Tx};

use crate::sample::{
    hub, hub_id, listing, listing_id, marketplace, marketplace_id, satellite_id, slug, time, write_scope,
};

/// One operation, on rows with small numbers. A username on a hub may be a satellite's id.
#[derive(Debug, Clone)]
pub(super) enum MarketplaceOperation {
    AddHub { n: u64, issuer: u64 },
    UpdateHub { n: u64, url: u64, by_operator: bool },
    RemoveHub { n: u64 },
    Add { tenant: u64, row: MarketplaceRow },
    Update { tenant: u64, row: MarketplaceRow },
    Remove { tenant: u64, n: u64 },
    AddListing { tenant: u64, n: u64, endpoint: u64, slug: u64, marketplace: u64 },
    UpdateListing { tenant: u64, n: u64, at: u32, state: ListingState },
    RemoveListing { tenant: u64, n: u64 },
}

/// The fields of a marketplace.
#[derive(Debug, Clone)]
pub(super) struct MarketplaceRow {
    n: u64,
    name: u64,
    hub: u64,
    username: u64,
    username_is_satellite_id: bool,
    satellite: Option<u64>,
    at: u32,
}

impl MarketplaceRow {
    fn to_marketplace(&self) -> Marketplace {
        let sample = marketplace(self.n, self.hub, self.username);
        let id_as_name = satellite_id(self.username).to_string().parse().expect("an id may be a name");
        Marketplace {
            name: marketplace(self.name, 1, 1).name,
            username: if self.username_is_satellite_id { id_as_name } else { sample.username.clone() },
            satellite: self.satellite.map(satellite_id),
            told_url: self.at.is_multiple_of(2).then(|| self.at.to_string()),
            revision: self.at.into(),
            updated_at: time(self.at),
            ..sample
        }
    }
}

/// Random operations on rows 1 to `max_number`.
pub(super) fn marketplace_operations(max_number: u64) -> impl Strategy<Value = MarketplaceOperation> {
    let n = move || 1..=max_number;
    let at = || 10..99_u32;
    let row = move || {
        (n(), n(), n(), n(), proptest::bool::weighted(0.2), option::of(n()), at()).prop_map(
            |(n, name, hub, username, username_is_satellite_id, satellite, at)| MarketplaceRow {
                n,
                name,
                hub,
                username,
                username_is_satellite_id,
                satellite,
                at,
            },
        )
    };
    let state = || proptest::sample::select(&ListingState::ALL);
    prop_oneof![
        2 => (n(), n()).prop_map(|(n, issuer)| MarketplaceOperation::AddHub { n, issuer }),
        1 => (n(), n(), any::<bool>()).prop_map(|(n, url, by_operator)| {
            MarketplaceOperation::UpdateHub { n, url, by_operator }
        }),
        1 => n().prop_map(|n| MarketplaceOperation::RemoveHub { n }),
        4 => (n(), row()).prop_map(|(tenant, row)| MarketplaceOperation::Add { tenant, row }),
        2 => (n(), row()).prop_map(|(tenant, row)| MarketplaceOperation::Update { tenant, row }),
        1 => (n(), n()).prop_map(|(tenant, n)| MarketplaceOperation::Remove { tenant, n }),
        3 => (n(), n(), n(), n(), n()).prop_map(|(tenant, n, endpoint, slug, marketplace)| {
            MarketplaceOperation::AddListing { tenant, n, endpoint, slug, marketplace }
        }),
        2 => (n(), n(), at(), state()).prop_map(|(tenant, n, at, state)| {
            MarketplaceOperation::UpdateListing { tenant, n, at, state }
        }),
        1 => (n(), n()).prop_map(|(tenant, n)| MarketplaceOperation::RemoveListing { tenant, n }),
    ]
}

impl MarketplaceOperation {
    /// Runs the operation.
    pub(super) fn run(&self, tx: &mut dyn Tx) -> Result<Option<bool>, StoreError> {
        match self {
            Self::AddHub { n, issuer } => tx.add_hub(&Hub { issuer: hub(*issuer).issuer, ..hub(*n) })?,
            Self::UpdateHub { n, url, by_operator } => {
                let trusted_by = if *by_operator { TrustedBy::Operator } else { TrustedBy::Registration };
                tx.update_hub(&Hub { url: hub(*url).url, trusted_by, created_at: time(99), ..hub(*n) })?;
            }
            Self::RemoveHub { n } => return tx.remove_hub(hub_id(*n)).map(Some),
            Self::Add { tenant, row } => tx.add_marketplace(&write_scope(*tenant), &row.to_marketplace())?,
            Self::Update { tenant, row } => {
                tx.update_marketplace(&write_scope(*tenant), &row.to_marketplace())?;
            }
            Self::Remove { tenant, n } => {
                return tx.remove_marketplace(&write_scope(*tenant), marketplace_id(*n)).map(Some);
            }
            Self::AddListing { tenant, n, endpoint, slug: of, marketplace } => {
                let row = Listing { slug: slug(*of), ..listing(*n, *endpoint, *marketplace) };
                tx.add_listing(&write_scope(*tenant), &row)?;
            }
            Self::UpdateListing { tenant, n, at, state } => {
                let told_at = (*state == ListingState::Listed).then(|| time(*at));
                let (failures, revision, due_at) = (*at, (*at).into(), time(*at));
                let last_error = told_at.is_none().then(|| "the hub is down".to_owned());
                let old = listing(*n, 1, 1);
                let new = Listing { state: *state, last_error, told_at, due_at, failures, revision, ..old };
                tx.update_listing(&write_scope(*tenant), &new)?;
            }
            Self::RemoveListing { tenant, n } => {
                return tx.remove_listing(&write_scope(*tenant), listing_id(*n)).map(Some);
            }
        }
        Ok(None)
    }
}
