//! What proves that somebody is a member, for as long as it does.

use std::net::IpAddr;
use std::sync::Arc;

use crate::identity::{AuthenticateError, EpochMark};
use crate::ids::AccountId;
use crate::secret::TokenHash;
use crate::snapshot::{ApiKeySnapshot, TenantSnapshot};
use crate::store::{StoreError, Tx};
use crate::tenant::TenantScope;
use crate::time::Timestamp;

/// What proved who a member is. It is compared with what is true whenever it counts.
#[derive(Clone)]
pub(super) enum Credential {
    /// An access token of a session.
    Session { generation: u64, expires_at: Timestamp, shown: EpochMark },
    /// An API key.
    ApiKey(KeyCredential),
}

/// An API key, and the secret of it that was presented.
#[derive(Clone)]
pub(super) struct KeyCredential {
    pub(super) known: Arc<ApiKeySnapshot>,
    pub(super) secret: TokenHash,
    pub(super) address: Option<IpAddr>,
    /// From when on the secret is refused.
    pub(super) works_until: Timestamp,
}

impl Credential {
    /// Why it counts no more by itself, if so.
    pub(super) fn error(&self, now: Timestamp) -> Option<AuthenticateError> {
        match self {
            Self::Session { shown, .. } if shown.is_over() => Some(AuthenticateError::Revoked),
            Self::Session { expires_at, .. } => (now >= *expires_at).then_some(AuthenticateError::Expired),
            Self::ApiKey(key) if now >= key.works_until => Some(AuthenticateError::KeyExpired),
            Self::ApiKey(key) if !key.known.key.terms.admit(key.address) => {
                Some(AuthenticateError::KeyAddressNotAllowed)
            }
            Self::ApiKey(_) => None,
        }
    }
}

impl KeyCredential {
    /// The key as a tenant has it now, if the secret is one of its still.
    pub(super) fn in_tenant(&self, live: &TenantSnapshot) -> Option<Self> {
        let known = live.api_key(self.known.key.id)?;
        let works_until = known.key.secret_works_until(&self.secret, live.tenant.max_key_days)?;
        Some(Self { known: Arc::clone(known), works_until, ..self.clone() })
    }

    /// Whether the account has the key still, by the rows, and the secret works.
    pub(super) fn is_stored(
        &self,
        tx: &mut dyn Tx,
        scope: &TenantScope,
        account: AccountId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let Some(tenant) = tx.tenant(scope)? else { return Ok(false) };
        let stored = tx.api_key(scope, self.known.key.id)?.filter(|key| key.account == account);
        let until = stored.and_then(|key| key.secret_works_until(&self.secret, tenant.max_key_days));
        Ok(until.is_some_and(|until| now < until))
    }
}
