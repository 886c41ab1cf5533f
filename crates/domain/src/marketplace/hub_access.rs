//! The credential with which a hub is called on behalf of a tenant.

use crate::marketplace::ports::{HubAccess, HubError};
use crate::marketplace::{HubCredential, Marketplace};
use crate::space::Space;
use crate::tenant::TenantScope;

/// Opens a marketplace's credential, for a call to its hub.
///
/// # Errors
/// When the hub is not trusted any more, or the credential needs a new value.
pub(crate) fn hub_access(
    space: &Space,
    scope: &TenantScope,
    at: &Marketplace,
) -> Result<HubAccess, HubError> {
    let hub = space.trusted.by_id(at.hub).ok_or(HubError::NotFound)?;
    let plain = space.sealer.open(scope, &at.credential_place(), &at.credential)?;
    let credential = HubCredential::from_plain(&plain).map_err(|_| HubError::Unsealable)?;
    Ok(HubAccess { url: hub.url.clone(), credential })
}
