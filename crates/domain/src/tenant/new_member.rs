//! A member who has just joined.

use crate::access::Role;
use crate::identity::{Email, Member};
use crate::ids::{AccountId, TenantId};
use crate::tenant::TenantName;
use crate::time::Timestamp;

/// Somebody who has just joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMember {
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

impl NewMember {
    /// A member with the name of their tenant.
    pub(crate) fn of(member: &Member, tenant_name: TenantName) -> Self {
        Self {
            account: member.account,
            email: member.email.clone(),
            tenant: member.tenant,
            tenant_name,
            role: member.role,
            created_at: member.created_at,
        }
    }
}
