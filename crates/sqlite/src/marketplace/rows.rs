//! The rows of hubs, marketplaces and listings.

use diesel::prelude::*;
use syft_space_domain::ids::TenantId;
use syft_space_domain::marketplace::{Hub, Listing, Marketplace, SatelliteId};
use syft_space_domain::sealing::Sealed;
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::TenantScope;
use syft_space_domain::time::Timestamp;

use crate::codec::{Key, parse, to_i64, to_u64};
use crate::schema::{hubs, listings, marketplaces};

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = hubs)]
pub(super) struct HubRow {
    pub(super) id: Key,
    pub(super) issuer: String,
    pub(super) url: String,
    pub(super) trusted_by: String,
    created_at: i64,
}

impl From<&Hub> for HubRow {
    fn from(hub: &Hub) -> Self {
        Self {
            id: hub.id.into(),
            issuer: hub.issuer.to_string(),
            url: hub.url.to_string(),
            trusted_by: hub.trusted_by.as_str().to_owned(),
            created_at: hub.created_at.as_unix_micros(),
        }
    }
}

impl TryFrom<HubRow> for Hub {
    type Error = StoreError;
    fn try_from(row: HubRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id.into(),
            issuer: parse("hubs.issuer", &row.issuer)?,
            url: parse("hubs.url", &row.url)?,
            trusted_by: parse("hubs.trusted_by", &row.trusted_by)?,
            created_at: Timestamp::from_unix_micros(row.created_at),
        })
    }
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = marketplaces)]
pub(super) struct MarketplaceRow {
    pub(super) tenant_id: Key,
    pub(super) id: Key,
    pub(super) name: String,
    pub(super) hub_id: Key,
    pub(super) username: String,
    pub(super) satellite: Option<Key>,
    pub(super) credential: Vec<u8>,
    pub(super) revision: i64,
    created_at: i64,
    pub(super) updated_at: i64,
    pub(super) told_url: Option<String>,
}

impl MarketplaceRow {
    pub(super) fn new(scope: &TenantScope, marketplace: &Marketplace) -> Result<Self, StoreError> {
        Ok(Self {
            tenant_id: scope.into(),
            id: marketplace.id.into(),
            name: marketplace.name.to_string(),
            hub_id: marketplace.hub.into(),
            username: marketplace.username.to_string(),
            satellite: marketplace.satellite.map(Key::from),
            credential: marketplace.credential.as_bytes().to_vec(),
            revision: to_i64(marketplace.revision)?,
            created_at: marketplace.created_at.as_unix_micros(),
            updated_at: marketplace.updated_at.as_unix_micros(),
            told_url: marketplace.told_url.clone(),
        })
    }
}

impl TryFrom<MarketplaceRow> for Marketplace {
    type Error = StoreError;
    fn try_from(row: MarketplaceRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id.into(),
            name: parse("marketplaces.name", &row.name)?,
            hub: row.hub_id.into(),
            username: parse("marketplaces.username", &row.username)?,
            satellite: row.satellite.map(SatelliteId::from),
            credential: Sealed::from_bytes(row.credential),
            told_url: row.told_url,
            revision: to_u64(row.revision)?,
            created_at: Timestamp::from_unix_micros(row.created_at),
            updated_at: Timestamp::from_unix_micros(row.updated_at),
        })
    }
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = listings)]
pub(super) struct ListingRow {
    pub(super) tenant_id: Key,
    pub(super) id: Key,
    endpoint_id: Key,
    slug: String,
    marketplace_id: Key,
    pub(super) state: String,
    pub(super) last_error: Option<String>,
    pub(super) told_at: Option<i64>,
    pub(super) due_at: i64,
    pub(super) failures: i64,
    pub(super) revision: i64,
    created_at: i64,
}

impl ListingRow {
    pub(super) fn new(scope: &TenantScope, listing: &Listing) -> Result<Self, StoreError> {
        Ok(Self {
            tenant_id: scope.into(),
            id: listing.id.into(),
            endpoint_id: listing.endpoint.into(),
            slug: listing.slug.to_string(),
            marketplace_id: listing.marketplace.into(),
            state: listing.state.as_str().to_owned(),
            last_error: listing.last_error.clone(),
            told_at: listing.told_at.map(Timestamp::as_unix_micros),
            due_at: listing.due_at.as_unix_micros(),
            failures: listing.failures.into(),
            revision: to_i64(listing.revision)?,
            created_at: listing.created_at.as_unix_micros(),
        })
    }

    pub(super) fn of_tenant(self) -> Result<(TenantId, Listing), StoreError> {
        Ok((self.tenant_id.into(), self.try_into()?))
    }
}

impl TryFrom<ListingRow> for Listing {
    type Error = StoreError;
    fn try_from(row: ListingRow) -> Result<Self, StoreError> {
        let failures = u32::try_from(row.failures);
        Ok(Self {
            id: row.id.into(),
            endpoint: row.endpoint_id.into(),
            slug: parse("listings.slug", &row.slug)?,
            marketplace: row.marketplace_id.into(),
            state: parse("listings.state", &row.state)?,
            last_error: row.last_error,
            told_at: row.told_at.map(Timestamp::from_unix_micros),
            due_at: Timestamp::from_unix_micros(row.due_at),
            failures: failures.map_err(|_| StoreError::failed("a stored number is out of its range"))?,
            revision: to_u64(row.revision)?,
            created_at: Timestamp::from_unix_micros(row.created_at),
        })
    }
}
