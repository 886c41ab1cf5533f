//! From a verified token to a principal, and again whenever time has gone by: what the token says is checked against what
//! is true now.

use std::net::IpAddr;
use std::sync::Arc;

use crate::identity::credential::Credential;
use crate::identity::principal::Identity;
use crate::identity::{
    AccessClaims, AuthenticateError, Email, EpochMark, MemberIdentity, PresentedKey, Principal,
};
use crate::ids::AccountId;
use crate::snapshot::{SnapshotError, Snapshots, TenantSnapshot};
use crate::tenant::TenantScope;
use crate::time::Timestamp;

/// Makes a principal of verified claims. Role, status and tenant are read from the tenant's snapshot, so that a
/// change acts on the very next request. `shown` was marked before they were verified.
///
/// # Errors
/// When the bearer may not come in, or the snapshot is not to be had.
pub fn authenticate(
    live: &dyn Snapshots,
    claims: &AccessClaims,
    shown: EpochMark,
) -> Result<Principal, AuthenticateError> {
    let live = tenant(live, &TenantScope::of(claims.tenant))?;
    let credential = Credential::Session { id: claims.session, expires_at: claims.expires_at, shown };
    enter(live, claims.account, &claims.email, credential)
}

/// Makes a principal of an API key whose secret is right. Whether it works now, and from where it is used, is for
/// [`Principal::renew`] to say: who sent it has been proved, and is told and recorded so.
///
/// # Errors
/// When there is no such key, its secret is another, its holder may not come in, or the snapshot is not to be had.
pub fn authenticate_key(
    live: &dyn Snapshots,
    presented: &PresentedKey,
    address: Option<IpAddr>,
) -> Result<Principal, AuthenticateError> {
    let live = match live.tenant(&TenantScope::of(presented.tenant)) {
        Ok(live) => live,
        Err(SnapshotError::NoTenant) => return Err(AuthenticateError::KeyUnknown),
        Err(error @ SnapshotError::Unavailable) => return Err(AuthenticateError::Live(error)),
    };
    let (secret, max_days) = (presented.secret, live.tenant.max_key_days);
    let found = live.api_key(presented.key).and_then(|known| {
        let works_until = known.key.secret_works_until(&secret, max_days)?;
        let email = live.member(known.key.account)?.email.clone();
        Some((
            known.key.account,
            email,
            Credential::ApiKey { known: Arc::clone(known), secret, address, works_until },
        ))
    });
    let (account, email, credential) = found.ok_or(AuthenticateError::KeyUnknown)?;
    enter(live, account, &email, credential)
}

impl Principal {
    /// The same caller as of now, for whoever has waited: behind a body, a hub, a search. It is what a new request with the
    /// same token would make.
    ///
    /// # Errors
    /// When such a request would not be let in.
    pub fn renew(&self, live: &dyn Snapshots, now: Timestamp) -> Result<Self, AuthenticateError> {
        if let Some(error) = self.token_error(now) {
            return Err(error);
        }
        let id = self.snapshot().tenant.id;
        match &self.identity {
            Identity::Member { member, credential } => {
                let live = tenant(live, &TenantScope::of(id))?;
                enter(live, member.account, &member.email, credential.clone())?.within_its_time(now)
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

    /// Whether it is what [`renew`](Self::renew) would make: the token counts, and nothing of the tenant was changed.
    pub(crate) fn is_current(&self, live: &dyn Snapshots, now: Timestamp) -> bool {
        if self.token_error(now).is_some() {
            return false;
        }
        let now = match &self.identity {
            Identity::Member { .. } | Identity::Operator => {
                live.tenant(&TenantScope::of(self.snapshot().tenant.id))
            }
            Identity::HubUser(caller) => live.addressed(caller.claims.hub, &caller.claims.audience),
        };
        now.is_ok_and(|now| Arc::ptr_eq(&now, self.snapshot()))
    }

    /// Why the token that proved who it is counts no more, if so.
    pub(super) fn token_error(&self, now: Timestamp) -> Option<AuthenticateError> {
        match &self.identity {
            Identity::Member { credential, .. } => credential.error(now),
            Identity::HubUser(caller) => caller.claims.is_expired(now).then_some(AuthenticateError::Expired),
            Identity::Operator => None,
        }
    }

    /// The caller, unless what proved who it is counts no more: of an API key the snapshot may say another end than before.
    fn within_its_time(self, now: Timestamp) -> Result<Self, AuthenticateError> {
        self.token_error(now).map_or(Ok(self), Err)
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
    credential: Credential,
) -> Result<Principal, AuthenticateError> {
    let member = live.member(account).filter(|member| member.active && member.email == *email);
    let revoked = credential.revoked();
    let renewed = member.and_then(|member| Some((member.role, credential.renewed(&live, member)?)));
    let (role, credential) = renewed.ok_or(revoked)?;
    let member = MemberIdentity { account, email: email.clone(), role };
    Ok(Principal::new(Identity::Member { member, credential }, live))
}
