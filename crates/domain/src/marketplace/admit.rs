//! From a verified satellite token to a principal: the audience says in which tenant.

use crate::identity::{AuthenticateError, Principal};
use crate::marketplace::{HubCaller, SatelliteClaims};
use crate::secret::Secret;
use crate::snapshot::{SnapshotError, Snapshots};

/// Makes a principal, in the tenant that owns the token's audience, of verified claims. It may query, where a policy
/// admits it, and nothing else.
///
/// # Errors
/// When nobody here owns the audience, or the snapshot is not to be had.
pub fn admit(
    live: &dyn Snapshots,
    claims: SatelliteClaims,
    token: &str,
) -> Result<Principal, AuthenticateError> {
    let tenant = match live.addressed(claims.hub, &claims.audience) {
        Ok(tenant) => tenant,
        Err(SnapshotError::NoTenant) => return Err(AuthenticateError::NotForUs),
        Err(error) => return Err(AuthenticateError::Live(error)),
    };
    Ok(Principal::hub_user(HubCaller { claims, token: Secret::new(token.to_owned()) }, tenant))
}
