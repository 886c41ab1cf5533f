//! Who is calling, once that is known.

use std::sync::Arc;

use crate::access::{Permission, Role, may};
use crate::audit::Actor;
use crate::identity::Email;
use crate::ids::AccountId;
use crate::live::{LiveMember, TenantLive};
use crate::tenant::TenantScope;

/// The caller's role does not permit it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("your role, {role}, does not permit this")]
pub struct Forbidden {
    /// The caller's role.
    pub role: Role,
    /// What would have been needed.
    pub permission: Permission,
}

/// A member of a tenant who has proved who they are. Only [`authenticate`](super::authenticate) makes one.
///
/// The way from a principal to the tenant's data leads through [`Principal::scope`], which asks what for.
#[derive(Clone)]
pub struct Principal {
    account: AccountId,
    email: Email,
    role: Role,
    live: Arc<TenantLive>,
}

impl Principal {
    pub(crate) fn new(account: AccountId, member: &LiveMember, live: Arc<TenantLive>) -> Self {
        Self { account, email: member.email.clone(), role: member.role, live }
    }

    /// The scope of the principal's tenant, for something their role permits.
    ///
    /// # Errors
    /// When it does not.
    pub fn scope(&self, permission: Permission) -> Result<TenantScope, Forbidden> {
        if self.may(permission) {
            Ok(TenantScope::of(self.live.tenant.id))
        } else {
            Err(Forbidden { role: self.role, permission })
        }
    }

    /// Whether the principal's role permits something.
    #[must_use]
    pub fn may(&self, permission: Permission) -> bool {
        may(self.role, permission)
    }

    /// The principal's account.
    #[must_use]
    pub fn account(&self) -> AccountId {
        self.account
    }

    /// The principal's e-mail address.
    #[must_use]
    pub fn email(&self) -> &Email {
        &self.email
    }

    /// The principal's role now.
    #[must_use]
    pub fn role(&self) -> Role {
        self.role
    }

    /// The snapshot of the principal's tenant that this call works with.
    #[must_use]
    pub fn live(&self) -> &Arc<TenantLive> {
        &self.live
    }

    /// The principal as the doer of an event.
    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor::Account { id: self.account, role: Some(self.role) }
    }
}
