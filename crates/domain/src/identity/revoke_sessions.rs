//! Ending sessions of others by the host's operator: of one member, or of everybody in a tenant.

use crate::audit::{Action, Actor, Event, ObjectKind, ReasonCode, RequestContext};
use crate::identity::{Email, OperateError, operate};
use crate::port_error::{PortError, port_errors};
use crate::space::Space;
use crate::tenant::{OperatorScope, TenantName, TenantScope, WriteScope};
use crate::unit::Recorded;

/// No session was ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RevokeSessionsError {
    /// It is not said in which tenant.
    #[error(transparent)]
    Operate(#[from] OperateError),
    /// The tenant has no such member.
    #[error("the tenant has no member with this address")]
    NotFound,
    /// Nobody meant has one.
    #[error("nobody is logged in there; nothing was changed")]
    NoSession,
    /// A port failed.
    #[error(transparent)]
    PortError(#[from] PortError),
}
port_errors!(RevokeSessionsError);

/// Ends all sessions of a member, or of all members of a tenant, from the very next request on: passwords, second factors and API
/// keys stay. Answers how many they were.
///
/// # Errors
/// When it is not said in which tenant, there is no such member, none of them has a session, or a port failed.
pub async fn revoke_sessions(
    space: &Space,
    context: &RequestContext,
    operator: &OperatorScope,
    tenant: Option<&TenantName>,
    email: Option<Email>,
) -> Result<usize, RevokeSessionsError> {
    let tenant = operate(space, operator, tenant).await?.snapshot().tenant.id;
    let scope = TenantScope::of(tenant);
    let event = context.event(&scope, Action::SessionExpired, Actor::Operator)?;
    let event = Event { reason_code: Some(ReasonCode::SessionsRevoked.into()), ..event };
    let revoked = space.store.write(move |tx| {
        let scope = WriteScope::of_system(&scope);
        let (of, event) = match &email {
            None => (None, event.clone().on(ObjectKind::Tenant, tenant)),
            Some(email) => {
                let known = tx.account_by_email(&scope, email)?.ok_or(RevokeSessionsError::NotFound)?;
                let account = known.member.account;
                (Some(account), event.clone().about(email).on(ObjectKind::Member, account))
            }
        };
        let sessions = tx.session_ids(&scope, of)?;
        if sessions.is_empty() {
            return Err(RevokeSessionsError::NoSession.into());
        }
        let mut accounts: Vec<_> = sessions.iter().map(|(account, _)| *account).collect();
        accounts.sort_unstable();
        accounts.dedup();
        for account in accounts {
            tx.remove_sessions(&scope, account)?;
        }
        let count = u32::try_from(sessions.len()).unwrap_or(u32::MAX);
        Ok(Recorded::new(sessions.len(), Event { count, ..event }))
    });
    revoked.await
}
