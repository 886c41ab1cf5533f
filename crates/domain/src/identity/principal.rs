//! The principal: a caller who has proved who they are, and the way from them to their tenant's data.

use std::sync::Arc;

use crate::access::{Permission, PrincipalKind, Role};
use crate::audit::{Action, Actor, Event, Log, RequestContext};
use crate::identity::Email;
use crate::ids::AccountId;
use crate::marketplace::HubCaller;
use crate::random::RandomError;
use crate::snapshot::{MemberSnapshot, TenantSnapshot};
use crate::tenant::TenantScope;

/// The caller's standing does not permit it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}", refusal(*kind))]
pub struct Forbidden {
    /// As what the caller acts.
    pub kind: PrincipalKind,
    /// What would have been needed.
    pub permission: Permission,
}

fn refusal(kind: PrincipalKind) -> String {
    match kind {
        PrincipalKind::Member(role) => format!("your role, {role}, does not permit this"),
        PrincipalKind::HubUser => {
            "a satellite token is for querying endpoints, and for nothing else".to_owned()
        }
        PrincipalKind::Operator => {
            "the host's operator may not do this: a member of the tenant with the right role may, through \
                               the API"
                .to_owned()
        }
    }
}

/// Who of a tenant's members somebody is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberIdentity {
    /// Their account.
    pub account: AccountId,
    /// Their e-mail address.
    pub email: Email,
    /// Their role now.
    pub role: Role,
}

/// Somebody who may act in a tenant: a member who has proved who they are, the host's operator, or a user of a hub.
/// Only [`authenticate`](super::authenticate) makes the first, only [`operate`](super::operate) the second, and only
/// [`admit`](crate::marketplace::admit) the third.
///
/// The way from a principal to the tenant's data leads through [`Principal::scope`], which asks what for.
#[derive(Clone)]
pub struct Principal {
    principal: Identity,
    live: Arc<TenantSnapshot>,
}

#[derive(Clone)]
enum Identity {
    Member(MemberIdentity),
    Operator,
    HubUser(Arc<HubCaller>),
}

impl Principal {
    pub(crate) fn new(account: AccountId, member: &MemberSnapshot, live: Arc<TenantSnapshot>) -> Self {
        let member = MemberIdentity { account, email: member.email.clone(), role: member.role };
        Self { principal: Identity::Member(member), live }
    }

    pub(super) fn operator(live: Arc<TenantSnapshot>) -> Self {
        Self { principal: Identity::Operator, live }
    }

    pub(crate) fn hub_user(caller: HubCaller, live: Arc<TenantSnapshot>) -> Self {
        Self { principal: Identity::HubUser(Arc::new(caller)), live }
    }

    /// The scope of the principal's tenant, for something their standing permits.
    ///
    /// # Errors
    /// When it does not.
    pub fn scope(&self, permission: Permission) -> Result<TenantScope, Forbidden> {
        if self.may(permission) {
            Ok(TenantScope::of(self.live.tenant.id))
        } else {
            Err(Forbidden { kind: self.kind(), permission })
        }
    }

    /// Whether the principal's standing permits something.
    #[must_use]
    pub fn may(&self, permission: Permission) -> bool {
        self.kind().may(permission)
    }

    /// As what the principal acts.
    #[must_use]
    pub fn kind(&self) -> PrincipalKind {
        match &self.principal {
            Identity::Member(member) => PrincipalKind::Member(member.role),
            Identity::Operator => PrincipalKind::Operator,
            Identity::HubUser(_) => PrincipalKind::HubUser,
        }
    }

    /// Which member it is, for what takes a member whatever the standing.
    ///
    /// # Errors
    /// When it is none.
    pub fn member(&self, permission: Permission) -> Result<&MemberIdentity, Forbidden> {
        match &self.principal {
            Identity::Member(member) => Ok(member),
            Identity::Operator | Identity::HubUser(_) => Err(Forbidden { kind: self.kind(), permission }),
        }
    }

    pub(super) fn as_member(&self) -> Option<&MemberIdentity> {
        match &self.principal {
            Identity::Member(member) => Some(member),
            Identity::Operator | Identity::HubUser(_) => None,
        }
    }

    pub(super) fn with_snapshot(&self, live: Arc<TenantSnapshot>) -> Self {
        Self { principal: self.principal.clone(), live }
    }

    /// A member's e-mail address. What a hub's user has for one only the hub knows.
    #[must_use]
    pub fn email(&self) -> Option<&Email> {
        match &self.principal {
            Identity::Member(member) => Some(&member.email),
            Identity::Operator | Identity::HubUser(_) => None,
        }
    }

    /// The user of a hub that it is.
    #[must_use]
    pub fn as_hub_user(&self) -> Option<&HubCaller> {
        match &self.principal {
            Identity::HubUser(caller) => Some(caller),
            Identity::Member(_) | Identity::Operator => None,
        }
    }

    /// The snapshot of the principal's tenant that this call works with.
    #[must_use]
    pub fn snapshot(&self) -> &Arc<TenantSnapshot> {
        &self.live
    }

    /// The principal as the doer of an event.
    #[must_use]
    pub fn actor(&self) -> Actor {
        match &self.principal {
            Identity::Member(member) => Actor::Account { id: member.account, role: Some(member.role) },
            Identity::Operator => Actor::Operator,
            Identity::HubUser(caller) => caller.claims.actor(&TenantScope::of(self.live.tenant.id)),
        }
    }

    /// Drafts the event, in the log of the principal's tenant, that they were refused for want of a permission.
    ///
    /// # Errors
    /// When the source of randomness fails.
    pub fn refused(&self, context: &RequestContext) -> Result<Event, RandomError> {
        let event = context.event(Log::Tenant(self.live.tenant.id), Action::AuthzFail, self.actor())?;
        Ok(event.denied("forbidden"))
    }
}
