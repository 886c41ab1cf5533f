//! The queries and changes of hubs, marketplaces and listings.

mod rows;

use diesel::connection::DefaultLoadingMode;
use diesel::prelude::*;
use syft_space_domain::ids::{EndpointId, HubId, ListingId, MarketplaceId, TenantId};
use syft_space_domain::marketplace::ports::{MarketplaceRows, MarketplaceView};
use syft_space_domain::marketplace::{Audience, Hub, Issuer, Listing, Marketplace, SatelliteId};
use syft_space_domain::page::{Page, PageLimit, PageRequest};
use syft_space_domain::store::{StateChange, StoreError};
use syft_space_domain::tenant::{OperatorScope, TenantScope, WriteScope};
use syft_space_domain::time::Timestamp;

use crate::codec::{Key, after_key, limit_plus_one, read_page, to_u64};
use crate::marketplace::rows::{HubRow, ListingRow, MarketplaceRow};
use crate::schema::{hubs, listings, marketplaces};
use crate::session::Session;

impl MarketplaceView for Session<'_> {
    fn hubs(&mut self) -> Result<Vec<Hub>, StoreError> {
        let rows: Vec<HubRow> = self.read(|connection| {
            hubs::table.order(hubs::issuer).select(HubRow::as_select()).load(connection)
        })?;
        rows.into_iter().map(Hub::try_from).collect()
    }

    fn hub(&mut self, id: HubId) -> Result<Option<Hub>, StoreError> {
        let row: Option<HubRow> = self.read(|connection| {
            hubs::table.find(Key::from(id)).select(HubRow::as_select()).first(connection).optional()
        })?;
        row.map(Hub::try_from).transpose()
    }

    fn hub_by_issuer(&mut self, issuer: &Issuer) -> Result<Option<Hub>, StoreError> {
        let row: Option<HubRow> = self.read(|connection| {
            let row = hubs::table.filter(hubs::issuer.eq(issuer.as_str()));
            row.select(HubRow::as_select()).first(connection).optional()
        })?;
        row.map(Hub::try_from).transpose()
    }

    fn count_marketplaces_on(&mut self, hub: HubId) -> Result<u64, StoreError> {
        let count: i64 = self.read(|connection| {
            let on = marketplaces::table.filter(marketplaces::hub_id.eq(Key::from(hub)));
            on.count().get_result(connection)
        })?;
        to_u64(count)
    }

    fn holder_of_audience(
        &mut self,
        hub: HubId,
        audience: &Audience,
    ) -> Result<Option<(TenantId, MarketplaceId)>, StoreError> {
        // A user name may look like the id of a satellite.
        let satellite = audience.as_str().parse::<SatelliteId>().ok().map(Key::from);
        let holder: Option<(Key, Key)> = self.read(|connection| {
            let on = marketplaces::table.filter(marketplaces::hub_id.eq(Key::from(hub)));
            let columns = (marketplaces::tenant_id, marketplaces::id);
            let by_name = on.filter(marketplaces::username.eq(audience.as_str()));
            match by_name.select(columns).first(connection).optional()? {
                Some(holder) => Ok(Some(holder)),
                None => on
                    .filter(marketplaces::satellite.eq(satellite))
                    .select(columns)
                    .first(connection)
                    .optional(),
            }
        })?;
        Ok(holder.map(|(tenant, id)| (tenant.into(), id.into())))
    }

    fn marketplace(
        &mut self,
        scope: &TenantScope,
        id: MarketplaceId,
    ) -> Result<Option<Marketplace>, StoreError> {
        let row: Option<MarketplaceRow> = self.read(|connection| {
            let row = marketplaces::table.find((Key::from(scope), Key::from(id)));
            row.select(MarketplaceRow::as_select()).first(connection).optional()
        })?;
        row.map(Marketplace::try_from).transpose()
    }

    fn marketplaces(
        &mut self,
        scope: &TenantScope,
        page: PageRequest<MarketplaceId>,
    ) -> Result<Page<Marketplace, MarketplaceId>, StoreError> {
        self.read(|connection| {
            let rows = marketplaces::table
                .filter(marketplaces::tenant_id.eq(Key::from(scope)))
                .filter(marketplaces::id.gt(after_key(page.after)))
                .order(marketplaces::id)
                .limit(limit_plus_one(page.limit))
                .select(MarketplaceRow::as_select())
                .load_iter::<MarketplaceRow, DefaultLoadingMode>(connection)?;
            read_page(rows, page.limit, |row| {
                let marketplace = Marketplace::try_from(row)?;
                Ok((marketplace.id, marketplace))
            })
        })?
    }

    fn listing(&mut self, scope: &TenantScope, id: ListingId) -> Result<Option<Listing>, StoreError> {
        let row: Option<ListingRow> = self.read(|connection| {
            let row = listings::table.find((Key::from(scope), Key::from(id)));
            row.select(ListingRow::as_select()).first(connection).optional()
        })?;
        row.map(Listing::try_from).transpose()
    }

    fn listings_of(&mut self, scope: &TenantScope, endpoint: EndpointId) -> Result<Vec<Listing>, StoreError> {
        let rows: Vec<ListingRow> = self.read(|connection| {
            listings::table
                .filter(listings::tenant_id.eq(Key::from(scope)))
                .filter(listings::endpoint_id.eq(Key::from(endpoint)))
                .order(listings::id)
                .select(ListingRow::as_select())
                .load(connection)
        })?;
        rows.into_iter().map(Listing::try_from).collect()
    }

    fn listings_on(
        &mut self,
        scope: &TenantScope,
        marketplace: MarketplaceId,
    ) -> Result<Vec<Listing>, StoreError> {
        let rows: Vec<ListingRow> = self.read(|connection| {
            listings::table
                .filter(listings::tenant_id.eq(Key::from(scope)))
                .filter(listings::marketplace_id.eq(Key::from(marketplace)))
                .order(listings::id)
                .select(ListingRow::as_select())
                .load(connection)
        })?;
        rows.into_iter().map(Listing::try_from).collect()
    }

    fn listings_due(
        &mut self,
        _operator: &OperatorScope,
        at: Timestamp,
        limit: PageLimit,
    ) -> Result<Vec<(TenantId, Listing)>, StoreError> {
        let rows: Vec<ListingRow> = self.read(|connection| {
            listings::table
                .filter(listings::due_at.le(at.as_unix_micros()))
                .order((listings::due_at, listings::tenant_id, listings::id))
                .limit(i64::try_from(limit.get()).unwrap_or(i64::MAX))
                .select(ListingRow::as_select())
                .load(connection)
        })?;
        rows.into_iter().map(ListingRow::of_tenant).collect()
    }
}

impl Session<'_> {
    /// What the schema cannot say: a user name may look like the id of a satellite, and be no other marketplace's
    /// audience even so.
    fn audiences_are_free(
        &mut self,
        scope: &TenantScope,
        hub: HubId,
        marketplace: &Marketplace,
    ) -> Result<(), StoreError> {
        for audience in marketplace.audiences() {
            let holder = self.holder_of_audience(hub, &audience)?;
            if holder.is_some_and(|holder| holder != (scope.tenant(), marketplace.id)) {
                let taken = "another marketplace on the hub has this audience already";
                return Err(StoreError::Conflict(taken.to_owned()));
            }
        }
        Ok(())
    }
}

impl MarketplaceRows for Session<'_> {
    fn add_hub(&mut self, hub: &Hub) -> Result<(), StoreError> {
        let row = HubRow::from(hub);
        self.write(|connection| diesel::insert_into(hubs::table).values(row).execute(connection))?;
        self.record_change(StateChange::Hub(hub.id));
        Ok(())
    }

    fn update_hub(&mut self, hub: &Hub) -> Result<(), StoreError> {
        let row = HubRow::from(hub);
        let changed = self.write(|connection| {
            diesel::update(hubs::table.find(row.id))
                .set((hubs::url.eq(row.url), hubs::trusted_by.eq(row.trusted_by)))
                .execute(connection)
        })?;
        if changed > 0 {
            self.record_change(StateChange::Hub(hub.id));
        }
        Ok(())
    }

    fn remove_hub(&mut self, id: HubId) -> Result<bool, StoreError> {
        let removed =
            self.write(|connection| diesel::delete(hubs::table.find(Key::from(id))).execute(connection))?;
        if removed > 0 {
            self.record_change(StateChange::Hub(id));
        }
        Ok(removed > 0)
    }

    fn add_marketplace(&mut self, scope: &WriteScope, marketplace: &Marketplace) -> Result<(), StoreError> {
        let row = MarketplaceRow::new(scope, marketplace)?;
        self.audiences_are_free(scope, marketplace.hub, marketplace)?;
        self.write(|connection| diesel::insert_into(marketplaces::table).values(row).execute(connection))?;
        self.record_change(StateChange::Marketplace(scope.tenant(), marketplace.id));
        Ok(())
    }

    fn update_marketplace(
        &mut self,
        scope: &WriteScope,
        marketplace: &Marketplace,
    ) -> Result<(), StoreError> {
        let Some(old) = self.marketplace(scope, marketplace.id)? else {
            return Ok(());
        };
        let row = MarketplaceRow::new(scope, marketplace)?;
        self.audiences_are_free(scope, old.hub, marketplace)?;
        self.write(|connection| {
            diesel::update(marketplaces::table.find((row.tenant_id, row.id)))
                .set((
                    marketplaces::name.eq(row.name),
                    marketplaces::username.eq(row.username),
                    marketplaces::satellite.eq(row.satellite),
                    marketplaces::credential.eq(row.credential),
                    marketplaces::told_url.eq(row.told_url),
                    marketplaces::revision.eq(row.revision),
                    marketplaces::updated_at.eq(row.updated_at),
                ))
                .execute(connection)
        })?;
        self.record_change(StateChange::Marketplace(scope.tenant(), marketplace.id));
        Ok(())
    }

    fn remove_marketplace(&mut self, scope: &WriteScope, id: MarketplaceId) -> Result<bool, StoreError> {
        let removed = self.write(|connection| {
            diesel::delete(marketplaces::table.find((Key::from(scope), Key::from(id)))).execute(connection)
        })?;
        if removed > 0 {
            self.record_change(StateChange::Marketplace(scope.tenant(), id));
        }
        Ok(removed > 0)
    }

    fn add_listing(&mut self, scope: &WriteScope, listing: &Listing) -> Result<(), StoreError> {
        let row = ListingRow::new(scope, listing)?;
        self.write(|connection| diesel::insert_into(listings::table).values(row).execute(connection))?;
        Ok(())
    }

    fn update_listing(&mut self, scope: &WriteScope, listing: &Listing) -> Result<(), StoreError> {
        let row = ListingRow::new(scope, listing)?;
        self.write(|connection| {
            diesel::update(listings::table.find((row.tenant_id, row.id)))
                .set((
                    listings::state.eq(row.state),
                    listings::last_error.eq(row.last_error),
                    listings::told_at.eq(row.told_at),
                    listings::due_at.eq(row.due_at),
                    listings::failures.eq(row.failures),
                    listings::revision.eq(row.revision),
                ))
                .execute(connection)
        })?;
        Ok(())
    }

    fn remove_listing(&mut self, scope: &WriteScope, id: ListingId) -> Result<bool, StoreError> {
        let removed = self.write(|connection| {
            diesel::delete(listings::table.find((Key::from(scope), Key::from(id)))).execute(connection)
        })?;
        Ok(removed > 0)
    }
}
