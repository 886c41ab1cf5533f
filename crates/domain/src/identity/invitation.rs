//! An invitation into a tenant.

use crate::access::{Role, may_grant};
use crate::identity::Email;
use crate::ids::{AccountId, InvitationId, TenantId};
use crate::page::PageItem;
use crate::secret::TokenHash;
use crate::time::Timestamp;

/// Somebody may join a tenant, once, until a given time. Accepted and withdrawn invitations are removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// Its id.
    pub id: InvitationId,
    /// Into which tenant.
    pub tenant: TenantId,
    /// Who is invited.
    pub email: Email,
    /// What they will be.
    pub role: Role,
    /// What is stored of its token.
    pub token: TokenHash,
    /// Who invited them.
    pub invited_by: AccountId,
    /// When.
    pub created_at: Timestamp,
    /// From when on it cannot be accepted.
    pub expires_at: Timestamp,
}

impl Invitation {
    /// Whether whoever made it may make it still, given the role that they have now; `None` where they may not act any more.
    #[must_use]
    pub(crate) fn is_backed_by(&self, inviter: Option<Role>) -> bool {
        inviter.is_some_and(|role| may_grant(role, self.role))
    }
}

impl PageItem for Invitation {
    fn bytes(&self) -> usize {
        self.email.as_str().len()
    }
}
