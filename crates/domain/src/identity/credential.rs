//! What proves that somebody is a member, for as long as it does.

use std::net::IpAddr;
use std::sync::Arc;

use crate::identity::{AuthenticateError, EpochMark};
use crate::ids::{AccountId, SessionId};
use crate::secret::TokenHash;
use crate::snapshot::{ApiKeySnapshot, MemberSnapshot, TenantSnapshot};
use crate::store::{StoreError, Tx};
use crate::tenant::TenantScope;
use crate::time::Timestamp;

/// What proved who a member is. It is compared with what is true whenever it counts.
#[derive(Clone)]
pub(super) enum Credential {
    /// An access token of a session.
    Session {
        id: SessionId,
        /// Of the token: the session may live on.
        expires_at: Timestamp,
        shown: EpochMark,
    },
    /// An API key, and the secret of it that was presented.
    ApiKey {
        known: Arc<ApiKeySnapshot>,
        secret: TokenHash,
        /// From where.
        address: Option<IpAddr>,
        /// From when on the secret is refused, as far as is known.
        works_until: Timestamp,
    },
}

impl Credential {
    /// Why it counts no more by itself, if so.
    pub(super) fn error(&self, now: Timestamp) -> Option<AuthenticateError> {
        match self {
            Self::Session { shown, .. } if shown.is_over() => Some(AuthenticateError::Revoked),
            Self::Session { expires_at, .. } => (now >= *expires_at).then_some(AuthenticateError::Expired),
            Self::ApiKey { known, secret, works_until, .. } if now >= *works_until => {
                let is_last = known.key.secret.matches(secret);
                Some(if is_last { AuthenticateError::KeyExpired } else { AuthenticateError::KeyReplaced })
            }
            Self::ApiKey { known, address, .. } => {
                (!known.key.terms.admit(*address)).then_some(AuthenticateError::KeyAddressNotAllowed)
            }
        }
    }

    /// Why it counts no more where the member has it no more.
    pub(super) fn revoked(&self) -> AuthenticateError {
        match self {
            Self::Session { .. } => AuthenticateError::Revoked,
            Self::ApiKey { .. } => AuthenticateError::KeyRevoked,
        }
    }

    /// The same as of now; `None` where the member has it no more.
    pub(super) fn renewed(self, live: &TenantSnapshot, member: &MemberSnapshot) -> Option<Self> {
        match self {
            Self::Session { id, .. } => member.has_session(id).then_some(self),
            Self::ApiKey { known, secret, address, .. } => {
                let known = Arc::clone(live.api_key(known.key.id)?);
                let works_until = known.key.secret_works_until(&secret, live.tenant.max_key_days)?;
                Some(Self::ApiKey { known, secret, address, works_until })
            }
        }
    }

    /// Whether the account has it still, by the rows.
    pub(super) fn is_stored(
        &self,
        tx: &mut dyn Tx,
        scope: &TenantScope,
        account: AccountId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        match self {
            Self::Session { id, .. } => Ok(tx.session(scope, account, *id)?.is_some()),
            Self::ApiKey { known, secret, .. } => {
                let Some(tenant) = tx.tenant(scope)? else { return Ok(false) };
                let stored = tx.api_key(scope, known.key.id)?.filter(|key| key.account == account);
                let until = stored.and_then(|key| key.secret_works_until(secret, tenant.max_key_days));
                Ok(until.is_some_and(|until| now < until))
            }
        }
    }
}
