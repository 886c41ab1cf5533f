//! A membership: an account's place in a tenant.

use std::time::Duration;

use crate::access::Role;
use crate::identity::{AccountStatus, Email};
use crate::ids::{AccountId, TenantId};
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
    /// Access tokens issued before this are refused. It moves whenever the membership is disabled, so that a token
    /// from before does not come back to life with it.
    pub tokens_from: Timestamp,
    /// Counts its changes, from 1.
    pub revision: u64,
    /// When it began.
    pub created_at: Timestamp,
}

impl Membership {
    /// A membership that begins now.
    #[must_use]
    pub fn begin(tenant: TenantId, account: AccountId, role: Role, now: Timestamp) -> Self {
        let tokens_from = now.start_of_second();
        Self {
            tenant,
            account,
            role,
            status: AccountStatus::Active,
            tokens_from,
            revision: 1,
            created_at: now,
        }
    }

    /// The membership with another status. When it is disabled, no token issued up to now is ever good again;
    /// tokens tell their time in whole seconds, so that is up to the end of this one.
    #[must_use]
    pub fn with_status(mut self, status: AccountStatus, now: Timestamp) -> Self {
        if status == AccountStatus::Disabled && self.status == AccountStatus::Active {
            self.tokens_from = now.start_of_second().plus(Duration::from_secs(1));
        }
        self.status = status;
        self
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

/// A membership as its account sees it, at login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MembershipWithTenant {
    /// The membership.
    pub membership: Membership,
    /// The tenant's name.
    pub tenant_name: TenantName,
}
