//! Taking a member's second factor off by the host's operator, for whoever lost their app and their recovery codes.

use crate::audit::{Action, Actor, ChangeCode, ObjectKind, RequestContext};
use crate::identity::{Account, Email, OperateError, operate};
use crate::port_error::{PortError, port_errors};
use crate::space::Space;
use crate::tenant::{OperatorScope, TenantName, TenantScope, WriteScope};
use crate::unit::Recorded;

/// A second factor was not taken off.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DisableSecondFactorError {
    /// It is not said in which tenant.
    #[error(transparent)]
    Operate(#[from] OperateError),
    /// The tenant has no such member.
    #[error("the tenant has no member with this address")]
    NotFound,
    /// They have none.
    #[error("the member has no second factor; nothing was changed")]
    NotEnrolled,
    /// A port failed.
    #[error(transparent)]
    PortError(#[from] PortError),
}
port_errors!(DisableSecondFactorError);

/// Takes a member's second factor off, with its recovery codes, and ends all their sessions. Their password stays as it is, and
/// is all that a login asks for then; where their role needs a second factor, they do nothing before they have enrolled a new
/// one.
///
/// # Errors
/// When it is not said in which tenant, there is no such member, they have no second factor, or a port failed.
pub async fn disable_second_factor(
    space: &Space,
    context: &RequestContext,
    operator: &OperatorScope,
    tenant: Option<&TenantName>,
    email: Email,
) -> Result<(), DisableSecondFactorError> {
    let tenant = operate(space, operator, tenant).await?.snapshot().tenant.id;
    let scope = TenantScope::of(tenant);
    let event = context.event(&scope, Action::AuthnFactorChange, Actor::Operator)?;
    let event = event.about(&email).changing(ChangeCode::Removed);
    let disabled = space.store.write(move |tx| {
        let scope = WriteScope::of_system(&scope);
        let known = tx.account_by_email(&scope, &email)?;
        let Account { mut member, .. } = known.ok_or(DisableSecondFactorError::NotFound)?;
        if member.second_factor_since.is_none() {
            return Err(DisableSecondFactorError::NotEnrolled.into());
        }
        tx.remove_second_factor(&scope, member.account)?;
        let event = event.clone().on(ObjectKind::Member, member.account);
        // The password stays, and so do the addresses that the account is known from: it must not be shut out now. A reset ends,
        // which was no way in while there was a second factor.
        tx.remove_sessions(&scope, member.account)?;
        tx.remove_password_reset(&scope, member.account)?;
        member.revision += 1;
        tx.update_member(&scope, &member)?;
        Ok(Recorded::new((), event))
    });
    disabled.await
}
