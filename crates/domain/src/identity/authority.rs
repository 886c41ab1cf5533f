//! Rights taken where they are used: a unit of work looks up in its own rows whether its principal still may.

use crate::access::{Permission, PrincipalKind};
use crate::audit::Event;
use crate::identity::principal::Identity;
use crate::identity::{AuthenticateError, AuthorizationError, Principal};
use crate::store::{StoreError, Tx};
use crate::tenant::{TenantScope, WriteScope};
use crate::time::Timestamp;
use crate::unit::{Abort, Refused};

/// A permission that a principal held a moment ago, for a unit of work that asks for it again.
pub struct Authorization {
    principal: Principal,
    permission: Permission,
    now: Timestamp,
}

impl Principal {
    /// Asks for a permission, right before the unit of work that needs it: the unit asks again, by
    /// [`authority`](trait.Tx.html#method.authority).
    ///
    /// # Errors
    /// When the principal does not hold it. Whether their token is good still is asked by the unit.
    pub fn authorize(
        &self,
        permission: Permission,
        now: Timestamp,
    ) -> Result<Authorization, AuthorizationError> {
        self.scope(permission)?;
        Ok(Authorization { principal: self.clone(), permission, now })
    }
}

impl Authorization {
    /// The same, for whoever has waited since.
    pub(crate) fn as_of(&self, now: Timestamp) -> Self {
        Self { principal: self.principal.clone(), permission: self.permission, now }
    }
}

impl dyn Tx + '_ {
    /// The right of a principal to write their tenant's rows, as of this unit's rows: role and status of the account, and
    /// whether their token is good still. It is asked for before anything else, so that who may not write learns nothing of what
    /// is there.
    ///
    /// # Errors
    /// When they may not, or not any more. The refusal is recorded: `event` tells of what was tried.
    pub fn authority<E>(
        &mut self,
        authorization: &Authorization,
        event: &Event,
    ) -> Result<WriteScope, Abort<E>>
    where
        E: From<AuthorizationError>,
    {
        let Authorization { principal, permission, now } = authorization;
        let scope = TenantScope::of(principal.snapshot().tenant.id);
        let kind = kind_now(self, principal, &scope, *now)?;
        let error = match kind {
            _ if let Some(error) = principal.token_error(*now) => error.into(),
            Some(kind) => match principal.check(kind, *permission) {
                Ok(()) => return Ok(WriteScope::of_principal(scope, kind)),
                Err(error) => error,
            },
            None if principal.as_hub_user().is_some() => AuthenticateError::NotForUs.into(),
            None if principal.api_key().is_some() => AuthenticateError::KeyRevoked.into(),
            None => AuthorizationError::from(AuthenticateError::Revoked),
        };
        let event = error.denied(event.clone());
        Err(Refused::new(E::from(error), event).into())
    }
}

/// As what a principal acts by the rows; `None` when they are nobody here any more.
fn kind_now(
    tx: &mut dyn Tx,
    principal: &Principal,
    scope: &TenantScope,
    now: Timestamp,
) -> Result<Option<PrincipalKind>, StoreError> {
    // Of one whose removal has begun nobody is anything any more.
    let Some(tenant) = tx.tenant(scope)?.filter(|tenant| !tenant.is_going()) else { return Ok(None) };
    let kind = match &principal.identity {
        Identity::Member { member: known, credential } => {
            let member = tx.member(scope, known.account)?;
            let member = member.filter(|member| member.is_active() && member.email == known.email);
            let Some(member) = member else { return Ok(None) };
            if !credential.is_stored(tx, scope, known.account, now)? {
                return Ok(None);
            }
            let has = member.second_factor_since.is_some();
            let needs = member.short_password || tenant.needs_second_factor(member.role);
            Some(PrincipalKind::of_member(member.role, needs, has))
        }
        Identity::Operator => Some(PrincipalKind::Operator),
        Identity::HubUser(caller) => {
            let holder = tx.holder_of_audience(caller.claims.hub, &caller.claims.audience)?;
            holder.filter(|(tenant, _)| *tenant == scope.tenant()).map(|_| PrincipalKind::HubUser)
        }
    };
    Ok(kind.map(|kind| if tenant.end.is_some() { kind.while_ending() } else { kind }))
}
