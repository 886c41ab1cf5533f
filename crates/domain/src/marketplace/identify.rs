//! The identity of a satellite token's bearer: remembered, or asked of the hub with the tenant's own credential.

use std::time::Duration;

use crate::identity::Principal;
use crate::marketplace::HubCaller;
use crate::marketplace::hub_access;
use crate::marketplace::ports::{HubError, HubIdentity, IdentifyError};
use crate::space::Space;
use crate::tenant::TenantScope;

/// Who a hub's user is.
pub(crate) async fn identify(
    space: &Space,
    principal: &Principal,
    caller: &HubCaller,
) -> Result<HubIdentity, IdentifyError> {
    let HubCaller { claims, token } = caller;
    let live = principal.snapshot();
    let Some(at) = live.addressed(claims.hub, &claims.audience) else {
        return Err(IdentifyError::Unavailable(HubError::NotFound, Duration::ZERO));
    };
    let scope = TenantScope::of(live.tenant.id);
    let access = || hub_access(space, &scope, at);
    space.identities.identify(claims, token.expose(), at, &access, space.clock.now()).await
}
