//! The values that no two rows of marketplaces share.

use crate::marketplace::Marketplace;
use crate::marketplace::error::MarketplaceError;
use crate::marketplace::ports::MarketplaceView;
use crate::page::{PageLimit, PageRequest};
use crate::port_error::PortError;
use crate::store::StoreError;
use crate::tenant::TenantScope;
use crate::unit::{Decision, Refused};

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

/// Ends a unit of work by an error: one of the store's is the store's own business.
pub(super) fn settle<T>(error: MarketplaceError) -> Result<Decision<T, MarketplaceError>, StoreError> {
    match error {
        MarketplaceError::PortError(PortError::Store(error)) => Err(error),
        error => Ok(Err(Refused::unrecorded(error))),
    }
}
