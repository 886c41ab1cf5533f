//! From a verified satellite token to a principal: the audience says in which tenant.

use crate::identity::Principal;
use crate::marketplace::{HubCaller, SatelliteClaims};
use crate::secret::Secret;
use crate::snapshot::{SnapshotError, Snapshots};

/// A genuine satellite token whose bearer may not come in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AdmitError {
    /// No tenant of this space owns the token's audience.
    #[error("the satellite token is not made out to anybody here")]
    NotForUs,
    /// Nothing can be said at the moment.
    #[error(transparent)]
    Live(SnapshotError),
}

/// Makes a principal, in the tenant that owns the token's audience, of verified claims. It may query, where a policy
/// admits it, and nothing else.
///
/// # Errors
/// When nobody here owns the audience, or the live state is not to be had.
pub fn admit(live: &dyn Snapshots, claims: SatelliteClaims, token: &str) -> Result<Principal, AdmitError> {
    let tenant = match live.addressed(claims.hub, &claims.audience) {
        Ok(tenant) => tenant,
        Err(SnapshotError::NoTenant) => return Err(AdmitError::NotForUs),
        Err(error) => return Err(AdmitError::Live(error)),
    };
    Ok(Principal::hub_user(HubCaller { claims, token: Secret::new(token.to_owned()) }, tenant))
}
