//! What proves that somebody is a member, for as long as it does.

use crate::identity::{AuthenticateError, EpochMark};
use crate::ids::{AccountId, SessionId};
use crate::snapshot::MemberSnapshot;
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
}

impl Credential {
    /// Why it counts no more by itself, if so.
    pub(super) fn error(&self, now: Timestamp) -> Option<AuthenticateError> {
        match self {
            Self::Session { shown, .. } if shown.is_over() => Some(AuthenticateError::Revoked),
            Self::Session { expires_at, .. } => (now >= *expires_at).then_some(AuthenticateError::Expired),
        }
    }

    /// Whether the member has it still.
    pub(super) fn is_of(&self, member: &MemberSnapshot) -> bool {
        match self {
            Self::Session { id, .. } => member.has_session(*id),
        }
    }

    /// Whether the account has it still, by the rows.
    pub(super) fn is_stored(
        &self,
        tx: &mut dyn Tx,
        scope: &TenantScope,
        account: AccountId,
    ) -> Result<bool, StoreError> {
        match self {
            Self::Session { id, .. } => Ok(tx.session(scope, account, *id)?.is_some()),
        }
    }
}
