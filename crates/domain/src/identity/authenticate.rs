//! From a verified token to a principal, and once more after a wait: what the token says is checked against what is true
//! now.

use std::sync::Arc;

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
            Ok(Principal::new(claims.account, member, Arc::clone(&live)))
        }
        _ => Err(AuthenticateError::Revoked),
    }
}

impl Principal {
    /// The same caller as of now, for whoever has waited since they were authenticated; `None` when nothing of their
    /// tenant has changed meanwhile.
    ///
    /// # Errors
    /// When a new request with the same token would not be let in.
    pub fn renew(&self, snapshots: &dyn Snapshots) -> Result<Option<Self>, AuthenticateError> {
        let before = self.snapshot();
        let found = match self.as_hub_user() {
            Some(caller) => snapshots.addressed(caller.claims.hub, &caller.claims.audience),
            None => snapshots.tenant(&TenantScope::of(before.tenant.id)),
        };
        let now = match found {
            Ok(now) if now.tenant.id == before.tenant.id => now,
            Ok(_) | Err(SnapshotError::NoTenant) => return Err(AuthenticateError::Revoked),
            Err(error) => return Err(AuthenticateError::Live(error)),
        };
        if Arc::ptr_eq(&now, before) {
            return Ok(None);
        }
        let Some(known) = self.as_member() else { return Ok(Some(self.with_snapshot(now))) };
        let tokens_from = before.member(known.account).map(|member| member.tokens_from);
        match now.member(known.account) {
            // A later date is that of a disabling: the token is from before it.
            Some(member)
                if member.active
                    && Some(member.tokens_from) == tokens_from
                    && member.email == known.email =>
            {
                Ok(Some(Self::new(known.account, member, Arc::clone(&now))))
            }
            _ => Err(AuthenticateError::Revoked),
        }
    }
}
