//! From a verified token to a principal, and again whenever time has gone by: what the token says is checked against what
//! is true now.

use std::sync::Arc;

use crate::identity::principal::Identity;
use crate::identity::{AccessClaims, AuthenticateError, Email, MemberIdentity, Principal};
use crate::ids::AccountId;
use crate::snapshot::{SnapshotError, Snapshots, TenantSnapshot};
use crate::tenant::TenantScope;
use crate::time::Timestamp;

/// Makes a principal of verified claims. Role, status and tenant are read from the tenant's snapshot, so that a
/// change acts on the very next request.
///
/// # Errors
/// When the bearer may not come in, or the snapshot is not to be had.
pub fn authenticate(live: &dyn Snapshots, claims: &AccessClaims) -> Result<Principal, AuthenticateError> {
    let live = tenant(live, &TenantScope::of(claims.tenant))?;
    enter(live, claims.account, &claims.email, claims.generation, claims.expires_at)
}

impl Principal {
    /// The same caller as of now, for whoever has waited: behind a body, a hub, a search. It is what a new request with the
    /// same token would make.
    ///
    /// # Errors
    /// When such a request would not be let in.
    pub fn renew(&self, live: &dyn Snapshots, now: Timestamp) -> Result<Self, AuthenticateError> {
        if self.is_expired(now) {
            return Err(AuthenticateError::Expired);
        }
        let id = self.snapshot().tenant.id;
        match &self.identity {
            Identity::Member { member, generation, expires_at } => {
                let live = tenant(live, &TenantScope::of(id))?;
                enter(live, member.account, &member.email, *generation, *expires_at)
            }
            Identity::Operator => Ok(Self::operator(tenant(live, &TenantScope::of(id))?)),
            Identity::HubUser(caller) => {
                let live = match live.addressed(caller.claims.hub, &caller.claims.audience) {
                    Ok(live) if live.tenant.id == id => live,
                    Ok(_) | Err(SnapshotError::NoTenant) => return Err(AuthenticateError::NotForUs),
                    Err(error) => return Err(AuthenticateError::Live(error)),
                };
                Ok(Self::new(Identity::HubUser(Arc::clone(caller)), live))
            }
        }
    }

    /// Whether the token that proved who it is has come to its end.
    pub(super) fn is_expired(&self, now: Timestamp) -> bool {
        match &self.identity {
            Identity::Member { expires_at, .. } => now >= *expires_at,
            Identity::HubUser(caller) => caller.claims.is_expired(now),
            Identity::Operator => false,
        }
    }
}

fn tenant(live: &dyn Snapshots, scope: &TenantScope) -> Result<Arc<TenantSnapshot>, AuthenticateError> {
    live.tenant(scope).map_err(|error| match error {
        SnapshotError::NoTenant => AuthenticateError::Revoked,
        error @ SnapshotError::Unavailable => AuthenticateError::Live(error),
    })
}

fn enter(
    live: Arc<TenantSnapshot>,
    account: AccountId,
    email: &Email,
    generation: u64,
    expires_at: Timestamp,
) -> Result<Principal, AuthenticateError> {
    match live.member(account) {
        Some(member) if member.active && member.generation == generation && member.email == *email => {
            let member = MemberIdentity { account, email: email.clone(), role: member.role };
            Ok(Principal::new(Identity::Member { member, generation, expires_at }, live))
        }
        _ => Err(AuthenticateError::Revoked),
    }
}
