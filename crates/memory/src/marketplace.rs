//! `MarketplaceView` and `MarketplaceRows` of a transaction: hubs, marketplaces and listings.

use std::sync::Arc;

use syft_space_domain::ids::{EndpointId, HubId, ListingId, MarketplaceId, TenantId};
use syft_space_domain::marketplace::ports::{MarketplaceRows, MarketplaceView};
use syft_space_domain::marketplace::{Audience, Hub, Issuer, Listing, Marketplace};
use syft_space_domain::page::{Page, PageLimit, PageRequest};
use syft_space_domain::store::{StateChange, StoreError};
use syft_space_domain::tenant::{OperatorScope, TenantScope, WriteScope};
use syft_space_domain::time::Timestamp;

use crate::table::count;
use crate::transaction::{Transaction, check_key};

impl MarketplaceView for Transaction {
    fn hubs(&mut self) -> Result<Vec<Hub>, StoreError> {
        let mut hubs: Vec<Hub> = self.tables.hubs.values().cloned().collect();
        hubs.sort_by(|hub, other| hub.issuer.cmp(&other.issuer));
        Ok(hubs)
    }

    fn hub(&mut self, id: HubId) -> Result<Option<Hub>, StoreError> {
        Ok(self.tables.hubs.get(&id).cloned())
    }

    fn hub_by_issuer(&mut self, issuer: &Issuer) -> Result<Option<Hub>, StoreError> {
        Ok(self.tables.hubs.values().find(|hub| hub.issuer == *issuer).cloned())
    }

    fn count_marketplaces_on(&mut self, hub: HubId) -> Result<u64, StoreError> {
        Ok(count(self.tables.marketplaces.all().filter(|(_, _, marketplace)| marketplace.hub == hub)))
    }

    fn holder_of_audience(
        &mut self,
        hub: HubId,
        audience: &Audience,
    ) -> Result<Option<(TenantId, MarketplaceId)>, StoreError> {
        let holds = |marketplace: &Marketplace| {
            marketplace.hub == hub && marketplace.audiences().any(|own| own == *audience)
        };
        let holder = self.tables.marketplaces.all().find(|(_, _, marketplace)| holds(marketplace));
        Ok(holder.map(|(tenant, id, _)| (tenant, id)))
    }

    fn marketplace(
        &mut self,
        scope: &TenantScope,
        id: MarketplaceId,
    ) -> Result<Option<Marketplace>, StoreError> {
        Ok(self.tables.marketplaces.get(scope, id).cloned())
    }

    fn marketplaces(
        &mut self,
        scope: &TenantScope,
        page: PageRequest<MarketplaceId>,
    ) -> Result<Page<Marketplace, MarketplaceId>, StoreError> {
        Ok(self.tables.marketplaces.page(scope, page, |_, _| true))
    }

    fn listing(&mut self, scope: &TenantScope, id: ListingId) -> Result<Option<Listing>, StoreError> {
        Ok(self.tables.listings.get(scope, id).cloned())
    }

    fn listings_of(&mut self, scope: &TenantScope, endpoint: EndpointId) -> Result<Vec<Listing>, StoreError> {
        let own = self.tables.listings.rows(scope).map(|(_, listing)| listing);
        Ok(own.filter(|listing| listing.endpoint == endpoint).cloned().collect())
    }

    fn listings_on(
        &mut self,
        scope: &TenantScope,
        marketplace: MarketplaceId,
    ) -> Result<Vec<Listing>, StoreError> {
        let own = self.tables.listings.rows(scope).map(|(_, listing)| listing);
        Ok(own.filter(|listing| listing.marketplace == marketplace).cloned().collect())
    }

    fn listings_due(
        &mut self,
        _operator: &OperatorScope,
        at: Timestamp,
        limit: PageLimit,
    ) -> Result<Vec<(TenantId, Listing)>, StoreError> {
        let due = self.tables.listings.all().filter(|(_, _, listing)| listing.due_at <= at);
        let mut due: Vec<_> = due.map(|(tenant, _, listing)| (tenant, listing.clone())).collect();
        // The sort is stable: listings due at the same time stay in the order of tenant and id.
        due.sort_by_key(|(_, listing)| listing.due_at);
        due.truncate(limit.get());
        Ok(due)
    }
}

impl Transaction {
    /// Checks that the hub exists, the name is free in the tenant, and the audiences are free on the hub.
    fn check_marketplace_keys(
        &mut self,
        scope: &TenantScope,
        marketplace: &Marketplace,
    ) -> Result<(), StoreError> {
        let Marketplace { id, hub, name, .. } = marketplace;
        check_key(self.tables.hubs.contains_key(hub), || format!("there is no hub {hub}"))?;
        let free = self.tables.marketplaces.rows(scope).all(|(other, row)| other == *id || row.name != *name);
        check_key(free, || format!("a marketplace has the name {name} already"))?;
        for audience in marketplace.audiences() {
            let holder = self.holder_of_audience(*hub, &audience)?;
            let free = holder.is_none_or(|holder| holder == (scope.tenant(), *id));
            check_key(free, || "another marketplace on the hub has this audience already")?;
        }
        Ok(())
    }
}

impl MarketplaceRows for Transaction {
    fn add_hub(&mut self, hub: &Hub) -> Result<(), StoreError> {
        let id_is_free = !self.tables.hubs.contains_key(&hub.id);
        check_key(id_is_free, || format!("there is a hub {} already", hub.id))?;
        let issuer_is_free = self.hub_by_issuer(&hub.issuer)?.is_none();
        check_key(issuer_is_free, || format!("there is a hub with the issuer {} already", hub.issuer))?;
        Arc::make_mut(&mut self.tables.hubs).insert(hub.id, hub.clone());
        self.changes.insert(StateChange::Hub(hub.id));
        Ok(())
    }

    fn update_hub(&mut self, hub: &Hub) -> Result<(), StoreError> {
        if let Some(row) = Arc::make_mut(&mut self.tables.hubs).get_mut(&hub.id) {
            row.url = hub.url.clone();
            row.trusted_by = hub.trusted_by;
            self.changes.insert(StateChange::Hub(hub.id));
        }
        Ok(())
    }

    fn remove_hub(&mut self, id: HubId) -> Result<bool, StoreError> {
        let free = self.count_marketplaces_on(id)? == 0;
        check_key(free, || format!("a marketplace is on the hub {id}"))?;
        let removed = Arc::make_mut(&mut self.tables.hubs).remove(&id).is_some();
        if removed {
            self.changes.insert(StateChange::Hub(id));
        }
        Ok(removed)
    }

    fn add_marketplace(&mut self, scope: &WriteScope, marketplace: &Marketplace) -> Result<(), StoreError> {
        self.check_tenant_exists(scope)?;
        let id_is_free = !self.tables.marketplaces.contains(scope, marketplace.id);
        check_key(id_is_free, || format!("there is a marketplace {} already", marketplace.id))?;
        self.check_marketplace_keys(scope, marketplace)?;
        self.tables.marketplaces.insert(scope, marketplace.id, marketplace.clone());
        self.changes.insert(StateChange::Marketplace(scope.tenant(), marketplace.id));
        Ok(())
    }

    fn update_marketplace(
        &mut self,
        scope: &WriteScope,
        marketplace: &Marketplace,
    ) -> Result<(), StoreError> {
        let Some(row) = self.marketplace(scope, marketplace.id)? else {
            return Ok(());
        };
        let changed = Marketplace { hub: row.hub, created_at: row.created_at, ..marketplace.clone() };
        self.check_marketplace_keys(scope, &changed)?;
        self.tables.marketplaces.insert(scope, marketplace.id, changed);
        self.changes.insert(StateChange::Marketplace(scope.tenant(), marketplace.id));
        Ok(())
    }

    fn remove_marketplace(&mut self, scope: &WriteScope, id: MarketplaceId) -> Result<bool, StoreError> {
        let removed = self.tables.marketplaces.remove(scope, id);
        if removed {
            for listing in self.listings_on(scope, id)? {
                self.tables.listings.remove(scope, listing.id);
            }
            self.changes.insert(StateChange::Marketplace(scope.tenant(), id));
        }
        Ok(removed)
    }

    fn add_listing(&mut self, scope: &WriteScope, listing: &Listing) -> Result<(), StoreError> {
        let Listing { id, endpoint, slug, marketplace, .. } = listing;
        check_key(!self.tables.listings.contains(scope, *id), || format!("there is a listing {id} already"))?;
        let marketplace_exists = self.tables.marketplaces.contains(scope, *marketplace);
        check_key(marketplace_exists, || format!("there is no marketplace {marketplace}"))?;
        let listed = self.listings_on(scope, *marketplace)?;
        let free = listed.iter().all(|listing| listing.endpoint != *endpoint && listing.slug != *slug);
        check_key(free, || format!("{slug} is listed on the marketplace {marketplace} already"))?;
        self.tables.listings.insert(scope, *id, listing.clone());
        Ok(())
    }

    fn update_listing(&mut self, scope: &WriteScope, listing: &Listing) -> Result<(), StoreError> {
        if let Some(row) = self.tables.listings.get_mut(scope, listing.id) {
            let Listing { state, last_error, told_at, due_at, failures, revision, .. } = listing.clone();
            *row = Listing { state, last_error, told_at, due_at, failures, revision, ..row.clone() };
        }
        Ok(())
    }

    fn remove_listing(&mut self, scope: &WriteScope, id: ListingId) -> Result<bool, StoreError> {
        Ok(self.tables.listings.remove(scope, id))
    }
}
