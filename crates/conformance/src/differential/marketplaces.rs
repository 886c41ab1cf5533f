//! Which calls on hubs, marketplaces and listings does a random unit make?

use proptest::option;
use proptest::prelude::{Strategy, any};
use proptest::prop_oneof;
use syft_space_domain::marketplace::{Hub, Listing, ListingState, Marketplace, TrustedBy};
use syft_space_domain::store::{StoreError, Tx};

use crate::sample::{
    hub, hub_id, listing, listing_id, marketplace, marketplace_id, satellite_id, scope, slug, time,
};

/// One call, on things with small numbers. A name on a hub may be a satellite's id.
#[derive(Debug, Clone)]
pub(super) enum MarketplaceCall {
    AddHub { n: u64, issuer: u64 },
    UpdateHub { n: u64, url: u64, by_operator: bool },
    RemoveHub { n: u64 },
    Add { tenant: u64, row: Row },
    Update { tenant: u64, row: Row },
    Remove { tenant: u64, n: u64 },
    AddListing { tenant: u64, n: u64, endpoint: u64, slug: u64, marketplace: u64 },
    UpdateListing { tenant: u64, n: u64, at: u32, state: ListingState },
    RemoveListing { tenant: u64, n: u64 },
}

/// A marketplace.
#[derive(Debug, Clone)]
pub(super) struct Row {
    n: u64,
    named: u64,
    hub: u64,
    username: u64,
    looks_like_a_satellite: bool,
    satellite: Option<u64>,
    at: u32,
}

impl Row {
    fn built(&self) -> Marketplace {
        let plain = marketplace(self.n, self.hub, self.username);
        let id_as_name = satellite_id(self.username).to_string().parse().expect("an id may be a name");
        Marketplace {
            name: marketplace(self.named, 1, 1).name,
            username: if self.looks_like_a_satellite { id_as_name } else { plain.username.clone() },
            satellite: self.satellite.map(satellite_id),
            revision: self.at.into(),
            updated_at: time(self.at),
            ..plain
        }
    }
}

/// Random calls on the things numbered 1 to this.
pub(super) fn marketplace_calls(numbers: u64) -> impl Strategy<Value = MarketplaceCall> {
    let n = move || 1..=numbers;
    let at = || 10..99_u32;
    let row = move || {
        (n(), n(), n(), n(), proptest::bool::weighted(0.2), option::of(n()), at()).prop_map(
            |(n, named, hub, username, looks_like_a_satellite, satellite, at)| Row {
                n,
                named,
                hub,
                username,
                looks_like_a_satellite,
                satellite,
                at,
            },
        )
    };
    let state = || proptest::sample::select(&ListingState::ALL);
    prop_oneof![
        2 => (n(), n()).prop_map(|(n, issuer)| MarketplaceCall::AddHub { n, issuer }),
        1 => (n(), n(), any::<bool>()).prop_map(|(n, url, by_operator)| {
            MarketplaceCall::UpdateHub { n, url, by_operator }
        }),
        1 => n().prop_map(|n| MarketplaceCall::RemoveHub { n }),
        4 => (n(), row()).prop_map(|(tenant, row)| MarketplaceCall::Add { tenant, row }),
        2 => (n(), row()).prop_map(|(tenant, row)| MarketplaceCall::Update { tenant, row }),
        1 => (n(), n()).prop_map(|(tenant, n)| MarketplaceCall::Remove { tenant, n }),
        3 => (n(), n(), n(), n(), n()).prop_map(|(tenant, n, endpoint, slug, marketplace)| {
            MarketplaceCall::AddListing { tenant, n, endpoint, slug, marketplace }
        }),
        2 => (n(), n(), at(), state()).prop_map(|(tenant, n, at, state)| {
            MarketplaceCall::UpdateListing { tenant, n, at, state }
        }),
        1 => (n(), n()).prop_map(|(tenant, n)| MarketplaceCall::RemoveListing { tenant, n }),
    ]
}

impl MarketplaceCall {
    /// Runs the call.
    pub(super) fn run(&self, tx: &mut dyn Tx) -> Result<Option<bool>, StoreError> {
        match self {
            Self::AddHub { n, issuer } => tx.add_hub(&Hub { issuer: hub(*issuer).issuer, ..hub(*n) })?,
            Self::UpdateHub { n, url, by_operator } => {
                let trusted_by = if *by_operator { TrustedBy::Operator } else { TrustedBy::Registration };
                tx.update_hub(&Hub { url: hub(*url).url, trusted_by, created_at: time(99), ..hub(*n) })?;
            }
            Self::RemoveHub { n } => return tx.remove_hub(hub_id(*n)).map(Some),
            Self::Add { tenant, row } => tx.add_marketplace(&scope(*tenant), &row.built())?,
            Self::Update { tenant, row } => tx.update_marketplace(&scope(*tenant), &row.built())?,
            Self::Remove { tenant, n } => {
                return tx.remove_marketplace(&scope(*tenant), marketplace_id(*n)).map(Some);
            }
            Self::AddListing { tenant, n, endpoint, slug: of, marketplace } => {
                let row = Listing { slug: slug(*of), ..listing(*n, *endpoint, *marketplace) };
                tx.add_listing(&scope(*tenant), &row)?;
            }
            Self::UpdateListing { tenant, n, at, state } => {
                let told_at = (*state == ListingState::Listed).then(|| time(*at));
                let (failures, revision, due_at) = (*at, (*at).into(), time(*at));
                let last_error = told_at.is_none().then(|| "the hub is down".to_owned());
                let old = listing(*n, 1, 1);
                let new = Listing { state: *state, last_error, told_at, due_at, failures, revision, ..old };
                tx.update_listing(&scope(*tenant), &new)?;
            }
            Self::RemoveListing { tenant, n } => {
                return tx.remove_listing(&scope(*tenant), listing_id(*n)).map(Some);
            }
        }
        Ok(None)
    }
}
