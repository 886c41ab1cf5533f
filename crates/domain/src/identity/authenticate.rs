//! From a verified token to a principal: what the token says is checked against what is true now.

use crate::identity::{AccessClaims, Principal};
use crate::snapshot::{SnapshotError, Snapshots};
use crate::tenant::TenantScope;

/// A genuine token whose bearer may not come in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthenticateError {
    /// The tenant, the membership or the account is gone or disabled, or the token is from before that.
    #[error("the token is no longer valid")]
    Revoked,
    /// Nothing can be said at the moment.
    #[error(transparent)]
    Live(SnapshotError),
}

/// Makes a principal of verified claims. Role, status and tenant are read from the live state, so that a change
/// acts on the very next request.
///
/// # Errors
/// When the bearer may not come in, or the live state is not to be had.
pub fn authenticate(live: &dyn Snapshots, claims: &AccessClaims) -> Result<Principal, AuthenticateError> {
    let live = match live.tenant(&TenantScope::of(claims.tenant)) {
        Ok(live) => live,
        Err(SnapshotError::NoTenant) => return Err(AuthenticateError::Revoked),
        Err(error) => return Err(AuthenticateError::Live(error)),
    };
    match live.member(claims.account) {
        Some(member)
            if member.active && claims.issued_at >= member.tokens_from && member.email == claims.email =>
        {
            Ok(Principal::new(claims.account, member, std::sync::Arc::clone(&live)))
        }
        _ => Err(AuthenticateError::Revoked),
    }
}
