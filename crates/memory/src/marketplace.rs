//! How hubs, marketplaces and listings are kept.

use std::sync::Arc;

use syft_space_domain::ids::{EndpointId, HubId, ListingId, MarketplaceId, TenantId};
use syft_space_domain::marketplace::ports::{MarketplaceRows, MarketplaceView};
use syft_space_domain::marketplace::{Audience, Hub, Issuer, Listing, Marketplace};
use syft_space_domain::page::{Page, PageRequest, PageLimit};
use syft_space_domain::store::{StoreError, StateChange};
use syft_space_domain::tenant::{OperatorScope, TenantScope};
use syft_space_domain::time::Timestamp;

use crate::session::{Session, require};
use crate::table::count;

impl MarketplaceView for Session {
    fn hubs(&mut self) -> Result<Vec<Hub>, StoreError> {
        let mut hubs: Vec<Hub> = self.state.hubs.values().cloned().collect();
        hubs.sort_by(|one, other| one.issuer.cmp(&other.issuer));
        Ok(hubs)
    }

    fn hub(&mut self, id: HubId) -> Result<Option<Hub>, StoreError> {
        Ok(self.state.hubs.get(&id).cloned())
    }

    fn hub_by_issuer(&mut self, issuer: &Issuer) -> Result<Option<Hub>, StoreError> {
        Ok(self.state.hubs.values().find(|hub| hub.issuer == *issuer).cloned())
    }

    fn count_marketplaces_on(&mut self, hub: HubId) -> Result<u64, StoreError> {
        Ok(count(self.state.marketplaces.all().filter(|(_, _, one)| one.hub == hub)))
    }

    fn holder_of_audience(
        &mut self,
        hub: HubId,
        audience: &Audience,
    ) -> Result<Option<(TenantId, MarketplaceId)>, StoreError> {
        let holds = |one: &Marketplace| one.hub == hub && one.audiences().any(|own| own == *audience);
        let holder = self.state.marketplaces.all().find(|(_, _, one)| holds(one));
        Ok(holder.map(|(tenant, id, _)| (tenant, id)))
    }

    fn marketplace(
        &mut self,
        scope: &TenantScope,
        id: MarketplaceId,
    ) -> Result<Option<Marketplace>, StoreError> {
        Ok(self.state.marketplaces.get(scope, id).cloned())
    }

    fn marketplaces(
        &mut self,
        scope: &TenantScope,
        page: PageRequest<MarketplaceId>,
    ) -> Result<Page<Marketplace, MarketplaceId>, StoreError> {
        Ok(self.state.marketplaces.page(scope, page, |_, _| true))
    }

    fn listing(&mut self, scope: &TenantScope, id: ListingId) -> Result<Option<Listing>, StoreError> {
        Ok(self.state.listings.get(scope, id).cloned())
    }

    fn listings_of(&mut self, scope: &TenantScope, endpoint: EndpointId) -> Result<Vec<Listing>, StoreError> {
        let own = self.state.listings.of(scope).map(|(_, one)| one);
        Ok(own.filter(|one| one.endpoint == endpoint).cloned().collect())
    }

    fn listings_on(
        &mut self,
        scope: &TenantScope,
        marketplace: MarketplaceId,
    ) -> Result<Vec<Listing>, StoreError> {
        let own = self.state.listings.of(scope).map(|(_, one)| one);
        Ok(own.filter(|one| one.marketplace == marketplace).cloned().collect())
    }

    fn listings_due(
        &mut self,
        _operator: &OperatorScope,
        at: Timestamp,
        limit: PageLimit,
    ) -> Result<Vec<(TenantId, Listing)>, StoreError> {
        let due = self.state.listings.all().filter(|(_, _, one)| one.due_at <= at);
        let mut due: Vec<_> = due.map(|(tenant, _, one)| (tenant, one.clone())).collect();
        // The sort is stable, so that of those due at one time the order of tenant and id stays.
        due.sort_by_key(|(_, one)| one.due_at);
        due.truncate(limit.get());
        Ok(due)
    }
}

impl Session {
    /// The hub exists, the name is no other marketplace's of the tenant, and the audiences are nobody else's.
    fn marketplace_fits(&mut self, scope: &TenantScope, marketplace: &Marketplace) -> Result<(), StoreError> {
        let Marketplace { id, hub, name, .. } = marketplace;
        require(self.state.hubs.contains_key(hub), || format!("there is no hub {hub}"))?;
        let free = self.state.marketplaces.of(scope).all(|(other, row)| other == *id || row.name != *name);
        require(free, || format!("a marketplace has the name {name} already"))?;
        for audience in marketplace.audiences() {
            let holder = self.holder_of_audience(*hub, &audience)?;
            let free = holder.is_none_or(|holder| holder == (scope.tenant(), *id));
            require(free, || "another marketplace on the hub has this audience already")?;
        }
        Ok(())
    }
}

impl MarketplaceRows for Session {
    fn add_hub(&mut self, hub: &Hub) -> Result<(), StoreError> {
        let id_is_new = !self.state.hubs.contains_key(&hub.id);
        require(id_is_new, || format!("there is a hub {} already", hub.id))?;
        let issuer_is_new = self.hub_by_issuer(&hub.issuer)?.is_none();
        require(issuer_is_new, || format!("there is a hub with the issuer {} already", hub.issuer))?;
        Arc::make_mut(&mut self.state.hubs).insert(hub.id, hub.clone());
        self.changes.insert(StateChange::Hub(hub.id));
        Ok(())
    }

    fn update_hub(&mut self, hub: &Hub) -> Result<(), StoreError> {
        if let Some(row) = Arc::make_mut(&mut self.state.hubs).get_mut(&hub.id) {
            row.url = hub.url.clone();
            row.trusted_by = hub.trusted_by;
            self.changes.insert(StateChange::Hub(hub.id));
        }
        Ok(())
    }

    fn remove_hub(&mut self, id: HubId) -> Result<bool, StoreError> {
        let free = self.count_marketplaces_on(id)? == 0;
        require(free, || format!("a marketplace is on the hub {id}"))?;
        let removed = Arc::make_mut(&mut self.state.hubs).remove(&id).is_some();
        if removed {
            self.changes.insert(StateChange::Hub(id));
        }
        Ok(removed)
    }

    fn add_marketplace(&mut self, scope: &TenantScope, marketplace: &Marketplace) -> Result<(), StoreError> {
        self.tenant_exists(scope)?;
        let id_is_new = !self.state.marketplaces.has(scope, marketplace.id);
        require(id_is_new, || format!("there is a marketplace {} already", marketplace.id))?;
        self.marketplace_fits(scope, marketplace)?;
        self.state.marketplaces.put(scope, marketplace.id, marketplace.clone());
        self.changes.insert(StateChange::Marketplace(scope.tenant(), marketplace.id));
        Ok(())
    }

    fn update_marketplace(
        &mut self,
        scope: &TenantScope,
        marketplace: &Marketplace,
    ) -> Result<(), StoreError> {
        let Some(row) = self.marketplace(scope, marketplace.id)? else {
            return Ok(());
        };
        let changed = Marketplace { hub: row.hub, created_at: row.created_at, ..marketplace.clone() };
        self.marketplace_fits(scope, &changed)?;
        self.state.marketplaces.put(scope, marketplace.id, changed);
        self.changes.insert(StateChange::Marketplace(scope.tenant(), marketplace.id));
        Ok(())
    }

    fn remove_marketplace(&mut self, scope: &TenantScope, id: MarketplaceId) -> Result<bool, StoreError> {
        let removed = self.state.marketplaces.remove(scope, id);
        if removed {
            for listing in self.listings_on(scope, id)? {
                self.state.listings.remove(scope, listing.id);
            }
            self.changes.insert(StateChange::Marketplace(scope.tenant(), id));
        }
        Ok(removed)
    }

    fn add_listing(&mut self, scope: &TenantScope, listing: &Listing) -> Result<(), StoreError> {
        let Listing { id, endpoint, slug, marketplace, .. } = listing;
        require(!self.state.listings.has(scope, *id), || format!("there is a listing {id} already"))?;
        let marketplace_exists = self.state.marketplaces.has(scope, *marketplace);
        require(marketplace_exists, || format!("there is no marketplace {marketplace}"))?;
        let there = self.listings_on(scope, *marketplace)?;
        let free = there.iter().all(|one| one.endpoint != *endpoint && one.slug != *slug);
        require(free, || format!("{slug} is listed on the marketplace {marketplace} already"))?;
        self.state.listings.put(scope, *id, listing.clone());
        Ok(())
    }

    fn update_listing(&mut self, scope: &TenantScope, listing: &Listing) -> Result<(), StoreError> {
        if let Some(row) = self.state.listings.edit(scope, listing.id) {
            let Listing { state, last_error, told_at, due_at, failures, revision, .. } = listing.clone();
            *row = Listing { state, last_error, told_at, due_at, failures, revision, ..row.clone() };
        }
        Ok(())
    }

    fn remove_listing(&mut self, scope: &TenantScope, id: ListingId) -> Result<bool, StoreError> {
        Ok(self.state.listings.remove(scope, id))
    }
}
