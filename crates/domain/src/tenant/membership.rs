//! A membership that has just begun.

use crate::access::Role;
use crate::identity::Email;
use crate::ids::{AccountId, TenantId};
use crate::tenant::TenantName;
use crate::time::Timestamp;

/// What was founded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMembership {
    /// The new account.
    pub account: AccountId,
    /// Its e-mail address.
    pub email: Email,
    /// The tenant it belongs to.
    pub tenant: TenantId,
    /// That tenant's name.
    pub tenant_name: TenantName,
    /// What the account is there.
    pub role: Role,
    /// When.
    pub created_at: Timestamp,
}
