//! A membership: an account's place in a tenant.

use crate::access::Role;
use crate::identity::{AccountStatus, Email};
use crate::ids::{AccountId, TenantId};
use crate::page::PageItem;
use crate::tenant::TenantName;
use crate::time::Timestamp;

/// An account's place in a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The tenant.
    pub tenant: TenantId,
    /// The account.
    pub account: AccountId,
    /// What it may do there.
    pub role: Role,
    /// Whether it may do it now.
    pub status: AccountStatus,
    /// Which of its account's memberships it is, by [`next_generation`](super::ports::AccountRows::next_generation). An
    /// access token names it, and is good for no other. Disabling a membership, or changing its account's password,
    /// gives it another, so that a token from before does not come back to life; whatever a clock says has no part in that.
    pub generation: u64,
    /// Counts its changes, from 1.
    pub revision: u64,
    /// When it began.
    pub created_at: Timestamp,
}

impl Membership {
    /// A membership that begins now.
    #[must_use]
    pub fn begin(tenant: TenantId, account: AccountId, role: Role, generation: u64, now: Timestamp) -> Self {
        Self {
            tenant,
            account,
            role,
            status: AccountStatus::Active,
            generation,
            revision: 1,
            created_at: now,
        }
    }
}

/// A membership with what its tenant may know of the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The membership.
    pub membership: Membership,
    /// The account's e-mail address.
    pub email: Email,
    /// Whether the account itself may be used at all.
    pub account_status: AccountStatus,
}

impl PageItem for Member {
    fn bytes(&self) -> usize {
        self.email.as_str().len()
    }
}

impl Member {
    /// Whether both the membership and the account may be used.
    #[must_use]
    pub fn is_active(&self) -> bool {
        [self.membership.status, self.account_status] == [AccountStatus::Active; 2]
    }
}

/// A membership as its account sees it, at login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MembershipWithTenant {
    /// The membership.
    pub membership: Membership,
    /// The tenant's name.
    pub tenant_name: TenantName,
}
