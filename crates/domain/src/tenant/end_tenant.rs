//! Ending a tenant, and keeping it after all: an Owner's to do, or the operator's.

use std::time::Duration;

use crate::access::Permission;
use crate::audit::{Action, ChangeCode, ObjectKind, ReasonCode, RequestContext};
use crate::identity::{AuthorizationError, Principal};
use crate::marketplace::tell_all_anew;
use crate::port_error::{PortError, port_errors};
use crate::space::Space;
use crate::tenant::{Tenant, TenantEnd, TenantName};
use crate::unit::{Recorded, Refused};

/// A tenant was not ended, or not kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TenantEndError {
    /// The caller may not do it, or not any more.
    #[error(transparent)]
    Authorization(#[from] AuthorizationError),
    /// There is no such tenant.
    #[error("there is no such tenant")]
    NotFound,
    /// Another one was named than the caller's.
    #[error("that is not what this tenant is called: name the one that is to end, as it is called")]
    OtherName,
    /// A legal hold stands.
    #[error("a legal hold stands: while it does the tenant cannot end; an owner releases it")]
    Held,
    /// There is nothing to take back.
    #[error("the tenant does not end")]
    NotEnding,
    /// A port failed.
    #[error(transparent)]
    PortError(#[from] PortError),
}
port_errors!(TenantEndError);

/// Has the caller's tenant end: from now on it lets in its Owners alone, who may look and take out what is theirs, and hubs are told that
/// nothing of it is there any more. When `grace` is over everything of it is removed; until then it can be kept. `named` is what the
/// caller believes that it is called: nobody ends another one by mistake. One that ends already ends when it would have.
///
/// # Errors
/// When the caller's role does not permit it, the tenant is called otherwise, a legal hold stands, or a port failed.
pub async fn end_tenant(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    named: TenantName,
    grace: Duration,
) -> Result<Tenant, TenantEndError> {
    let event = principal.event(context, Action::ConfigChange)?;
    let event = event.on(ObjectKind::Tenant, principal.snapshot().tenant.id);
    // The body may have been held back: the time that is left begins now.
    let now = space.clock.now();
    let authorization = principal.authorize(Permission::EndTenant, now)?;
    let ended = space.store.write(move |tx| {
        let scope = tx.authority::<TenantEndError>(&authorization, &event)?;
        let mut tenant = tx.tenant(&scope)?.ok_or(TenantEndError::NotFound)?;
        if tenant.name != named {
            return Err(TenantEndError::OtherName.into());
        }
        if !tx.legal_holds(&scope)?.is_empty() {
            let denied = event.clone().denied(ReasonCode::LegalHold);
            return Err(Refused::new(TenantEndError::Held, denied).into());
        }
        if tenant.end.is_some() {
            return Ok(Recorded::new(tenant, event.clone().changing(ChangeCode::Repeated)));
        }
        tenant.end = Some(TenantEnd::asked(now, grace));
        tx.set_tenant_end(&scope, tenant.end)?;
        tell_all_anew(tx, &scope, now)?;
        Ok(Recorded::new(tenant, event.clone().changing(ChangeCode::EndRequested)))
    });
    ended.await
}

/// Keeps the caller's tenant, which was to end: everything is as before, from the very next request on.
///
/// # Errors
/// When the caller's role does not permit it, the tenant does not end, or a port failed.
pub async fn keep_tenant(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
) -> Result<Tenant, TenantEndError> {
    let event = principal.event(context, Action::ConfigChange)?;
    let event = event.on(ObjectKind::Tenant, principal.snapshot().tenant.id).changing(ChangeCode::Kept);
    let now = space.clock.now();
    let authorization = principal.authorize(Permission::EndTenant, now)?;
    let kept = space.store.write(move |tx| {
        let scope = tx.authority::<TenantEndError>(&authorization, &event)?;
        let mut tenant = tx.tenant(&scope)?.ok_or(TenantEndError::NotFound)?;
        if tenant.end.take().is_none() {
            return Err(TenantEndError::NotEnding.into());
        }
        tx.set_tenant_end(&scope, None)?;
        tell_all_anew(tx, &scope, now)?;
        Ok(Recorded::new(tenant, event.clone()))
    });
    kept.await
}
