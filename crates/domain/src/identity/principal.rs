//! The principal: a caller who has proved who they are, and the way from them to their tenant's data.

use std::sync::Arc;

use crate::access::{Permission, PrincipalKind, Role};
use crate::audit::{Action, Actor, Event, Log, RequestContext, UsedKey};
use crate::identity::credential::Credential;
use crate::identity::{AuthorizationError, Email, Forbidden, OutOfScope};
use crate::ids::{AccountId, EndpointId, SessionId};
use crate::marketplace::{HubCaller, HubRole};
use crate::policy::{Caller, Subject};
use crate::random::RandomError;
use crate::snapshot::{ApiKeySnapshot, TenantSnapshot};
use crate::tenant::TenantScope;

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
    pub(super) identity: Identity,
    live: Arc<TenantSnapshot>,
}

#[derive(Clone)]
pub(super) enum Identity {
    /// With what proved who they are, which is compared with what is true whenever it counts.
    Member {
        member: MemberIdentity,
        credential: Credential,
    },
    Operator,
    HubUser(Arc<HubCaller>),
}

impl Principal {
    pub(super) fn new(identity: Identity, live: Arc<TenantSnapshot>) -> Self {
        Self { identity, live }
    }

    pub(super) fn operator(live: Arc<TenantSnapshot>) -> Self {
        Self::new(Identity::Operator, live)
    }

    pub(crate) fn hub_user(caller: HubCaller, live: Arc<TenantSnapshot>) -> Self {
        Self::new(Identity::HubUser(Arc::new(caller)), live)
    }

    /// The scope of the principal's tenant, for something their standing permits.
    ///
    /// # Errors
    /// When it does not.
    pub fn scope(&self, permission: Permission) -> Result<TenantScope, AuthorizationError> {
        self.check(self.kind(), permission)?;
        Ok(TenantScope::of(self.live.tenant.id))
    }

    /// Checks that something is permitted to a standing, and within the scopes of the principal's API key, if it is one.
    pub(super) fn check(
        &self,
        kind: PrincipalKind,
        permission: Permission,
    ) -> Result<(), AuthorizationError> {
        if !kind.may(permission) {
            return Err(Forbidden { kind, permission }.into());
        }
        if self.api_key().is_some_and(|known| !known.key.terms.hold(permission)) {
            return Err(OutOfScope(permission).into());
        }
        Ok(())
    }

    /// Whether something is permitted to the principal.
    #[must_use]
    pub fn may(&self, permission: Permission) -> bool {
        self.check(self.kind(), permission).is_ok()
    }

    /// Whether the principal's API key, if it is one, is for an endpoint.
    #[must_use]
    pub fn reaches(&self, endpoint: EndpointId) -> bool {
        self.api_key().is_none_or(|known| known.key.terms.reach(endpoint))
    }

    /// The API key that proved who it is.
    #[must_use]
    pub fn api_key(&self) -> Option<&ApiKeySnapshot> {
        match &self.identity {
            Identity::Member { credential: Credential::ApiKey { known, .. }, .. } => Some(known),
            Identity::Member { .. } | Identity::Operator | Identity::HubUser(_) => None,
        }
    }

    /// As what the principal acts.
    #[must_use]
    pub fn kind(&self) -> PrincipalKind {
        let kind = match &self.identity {
            Identity::Member { member, .. } => {
                let known = self.live.member(member.account);
                let needs = self.live.tenant.needs_second_factor(member.role)
                    || known.is_some_and(|known| known.short_password);
                let has = known.is_some_and(|known| known.has_second_factor);
                PrincipalKind::of_member(member.role, needs, has)
            }
            Identity::Operator => PrincipalKind::Operator,
            Identity::HubUser(_) => PrincipalKind::HubUser,
        };
        if self.live.tenant.end.is_some() { kind.while_ending() } else { kind }
    }

    /// Which member it is, for what takes a member whatever the standing.
    ///
    /// # Errors
    /// When it is none.
    pub fn member(&self, permission: Permission) -> Result<&MemberIdentity, AuthorizationError> {
        match &self.identity {
            Identity::Member { member, .. } => Ok(member),
            Identity::Operator | Identity::HubUser(_) => {
                Err(Forbidden { kind: self.kind(), permission }.into())
            }
        }
    }

    /// Of which session of a member it is, for what is about sessions whatever the standing.
    ///
    /// # Errors
    /// When it is of none.
    pub fn session(&self, permission: Permission) -> Result<SessionId, AuthorizationError> {
        match &self.identity {
            Identity::Member { credential: Credential::Session { id, .. }, .. } => Ok(*id),
            Identity::Member { .. } | Identity::Operator | Identity::HubUser(_) => {
                Err(Forbidden { kind: self.kind(), permission }.into())
            }
        }
    }

    /// A member's e-mail address. What a hub's user has for one only the hub knows.
    #[must_use]
    pub fn email(&self) -> Option<&Email> {
        match &self.identity {
            Identity::Member { member, .. } => Some(&member.email),
            Identity::Operator | Identity::HubUser(_) => None,
        }
    }

    /// The user of a hub that it is.
    #[must_use]
    pub fn as_hub_user(&self) -> Option<&HubCaller> {
        match &self.identity {
            Identity::HubUser(caller) => Some(caller),
            Identity::Member { .. } | Identity::Operator => None,
        }
    }

    /// The principal as a caller of endpoints. Of a hub's user `learned` is the address that the hub told, if it was asked.
    #[must_use]
    pub fn caller<'a>(&'a self, learned: Option<&'a Email>) -> Caller<'a> {
        match &self.identity {
            Identity::Member { member, .. } => {
                Caller::Member { role: member.role, email: Some(&member.email) }
            }
            Identity::Operator => Caller::Stranger { email: None },
            Identity::HubUser(caller) => {
                let subject = match caller.claims.role {
                    HubRole::Guest => Subject::Guest,
                    HubRole::User | HubRole::Admin => Subject::Identified { email: learned },
                };
                // The tenant has an account there: its token would not have been taken otherwise.
                Caller::HubUser { hub: Some(caller.claims.hub), subject }
            }
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
        match &self.identity {
            Identity::Member { member, .. } => Actor::Account { id: member.account, role: Some(member.role) },
            Identity::Operator => Actor::Operator,
            Identity::HubUser(caller) => caller.claims.actor(&TenantScope::of(self.live.tenant.id)),
        }
    }

    /// Drafts an event of the principal's doing, in the log of their tenant.
    ///
    /// # Errors
    /// When the source of randomness fails.
    pub(crate) fn event(&self, context: &RequestContext, action: Action) -> Result<Event, RandomError> {
        let mut event = context.event(Log::Tenant(self.live.tenant.id), action, self.actor())?;
        event.person.hub_user = self.as_hub_user().and_then(HubCaller::hub_user);
        let used = self.api_key().map(|known| &known.key);
        event.person.api_key = used.map(|key| UsedKey { id: key.id, name: key.name.clone() });
        Ok(event)
    }

    /// Drafts the event, in the log of the principal's tenant, that they were refused.
    ///
    /// # Errors
    /// When the source of randomness fails.
    pub fn refused(
        &self,
        context: &RequestContext,
        error: &AuthorizationError,
    ) -> Result<Event, RandomError> {
        Ok(error.denied(self.event(context, Action::AuthzFail)?))
    }
}
