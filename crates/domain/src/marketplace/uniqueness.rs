//! The values that no two rows of marketplaces share.

use crate::marketplace::Marketplace;
use crate::marketplace::error::MarketplaceError;
use crate::marketplace::ports::MarketplaceView;
use crate::page::{PageLimit, PageRequest};
use crate::store::StoreError;
use crate::tenant::TenantScope;

/// The tenant's marketplaces: no more than fit a page.
pub(super) fn all<V: MarketplaceView + ?Sized>(
    view: &mut V,
    scope: &TenantScope,
) -> Result<Vec<Marketplace>, StoreError> {
    Ok(view.marketplaces(scope, PageRequest { limit: PageLimit::DEFAULT, after: None })?.items)
}

/// Whether a marketplace's audiences are no other's.
pub(super) fn free<V: MarketplaceView + ?Sized>(
    view: &mut V,
    scope: &TenantScope,
    marketplace: &Marketplace,
) -> Result<(), MarketplaceError> {
    for audience in marketplace.audiences() {
        let holder = view.holder_of_audience(marketplace.hub, &audience)?;
        if holder.is_some_and(|holder| holder != (scope.tenant(), marketplace.id)) {
            return Err(MarketplaceError::AudienceTaken);
        }
    }
    Ok(())
}
