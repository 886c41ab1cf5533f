//! A member: what a tenant knows of an account.

use crate::access::Role;
use crate::identity::{AccountStatus, Email};
use crate::ids::{AccountId, TenantId};
use crate::page::PageItem;
use crate::time::Timestamp;

/// Somebody who can log in to a tenant, without what only they know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The tenant.
    pub tenant: TenantId,
    /// The id of the account.
    pub account: AccountId,
    /// Its e-mail address, unique in the tenant.
    pub email: Email,
    /// What it may do.
    pub role: Role,
    /// Whether it may do it now.
    pub status: AccountStatus,
    /// Counts, from 1, how often its password or its status has ended all its sessions at once. A login whose password was
    /// compared before that comes to nothing, and an address that was logged in from before is none that is known now: see
    /// [`LoginKey::of_account`](crate::identity::LoginKey::of_account).
    pub generation: u64,
    /// Since when it has a second factor, if it has one.
    pub second_factor_since: Option<Timestamp>,
    /// Whether it has a password, which its account has. Who has none signs in at an identity provider alone.
    pub has_password: bool,
    /// Whether its password is too short to be all that a login asks for: then it needs a second factor, whatever its tenant
    /// demands.
    pub short_password: bool,
    /// When a session of it last began, if one ever did.
    pub last_login_at: Option<Timestamp>,
    /// Counts its changes, from 1.
    pub revision: u64,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Member {
    /// A member who joins now, without a password.
    #[must_use]
    pub fn begin(tenant: TenantId, account: AccountId, email: Email, role: Role, now: Timestamp) -> Self {
        Self {
            tenant,
            account,
            email,
            role,
            status: AccountStatus::Active,
            generation: 1,
            second_factor_since: None,
            has_password: false,
            short_password: false,
            last_login_at: None,
            revision: 1,
            created_at: now,
        }
    }

    /// Whether the account may be used.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.status == AccountStatus::Active
    }
}

impl PageItem for Member {
    fn bytes(&self) -> usize {
        self.email.as_str().len()
    }
}
