//! Ending sessions many at a time: one's own others, those of a member whom one may manage, and by the host's operator those of a
//! member or of a whole tenant.

use std::collections::BTreeSet;

use crate::access::Permission;
use crate::audit::{Action, Actor, Event, ObjectKind, ReasonCode, RequestContext};
use crate::identity::manage_members::check_grant;
use crate::identity::{Email, MemberError, OperateError, Principal, SessionError, SessionLife, operate};
use crate::ids::{AccountId, SessionId};
use crate::port_error::{PortError, port_errors};
use crate::space::Space;
use crate::store::{StoreError, Tx};
use crate::tenant::{OperatorScope, TenantName, TenantScope, WriteScope};
use crate::time::Timestamp;
use crate::unit::Recorded;

/// The operator ended no sessions.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndSessionsError {
    /// It is not said in which tenant.
    #[error(transparent)]
    Operate(#[from] OperateError),
    /// The tenant has no such member.
    #[error("the tenant has no member with this address")]
    NotFound,
    /// A port failed.
    #[error(transparent)]
    PortError(#[from] PortError),
}
port_errors!(EndSessionsError);

/// Ends all of the caller's sessions but the one that asks, and answers how many those were.
///
/// # Errors
/// When the caller has no session, or not any more, or a port failed.
pub async fn end_other_sessions(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
) -> Result<u32, SessionError> {
    let permission = Permission::OwnAccount;
    let (account, current) = (principal.member(permission)?.account, principal.session(permission)?);
    let event = principal.event(context, Action::SessionExpired)?.on(ObjectKind::Member, account);
    let event = Event { reason_code: Some(ReasonCode::SessionEnded.into()), ..event };
    let (now, life) = (space.clock.now(), space.session_life);
    let authorization = principal.authorize(permission, now)?;
    let ended = space.store.write(move |tx| {
        let scope = tx.authority(&authorization, &event)?;
        let count = end_sessions_of(tx, &scope, account, Some(current), (now, life))?;
        Ok::<_, crate::unit::Abort<SessionError>>(record(count, &event))
    });
    ended.await
}

/// Ends all sessions of a member whom the caller may manage, and answers how many those were. Their password, second factor and
/// API keys stay as they are.
///
/// # Errors
/// When there is no such member, the caller may not touch that role, or a port failed.
pub async fn end_member_sessions(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    account: AccountId,
) -> Result<u32, MemberError> {
    let permission = Permission::ManageMembers;
    principal.scope(permission)?;
    let event = revoked(principal.event(context, Action::SessionExpired)?).on(ObjectKind::Member, account);
    let (now, life) = (space.clock.now(), space.session_life);
    let authorization = principal.authorize(permission, now)?;
    let ended = space.store.write(move |tx| {
        let scope = tx.authority(&authorization, &event)?;
        let member = tx.member(&scope, account)?.ok_or(MemberError::NotFound)?;
        let event = event.clone().about(&member.email);
        check_grant(&scope, member.role, &event, MemberError::RoleNotYours)?;
        let count = end_sessions_of(tx, &scope, account, None, (now, life))?;
        Ok(record(count, &event))
    });
    ended.await
}

/// Ends all sessions of one member of a tenant, or of all of them where no address is given, for the host's operator. Answers how
/// many those were.
///
/// # Errors
/// When it is not said in which tenant, there is no such member, or a port failed.
pub async fn end_sessions_as_operator(
    space: &Space,
    context: &RequestContext,
    operator: &OperatorScope,
    tenant: Option<&TenantName>,
    email: Option<Email>,
) -> Result<u32, EndSessionsError> {
    let tenant = operate(space, operator, tenant).await?.snapshot().tenant.id;
    let scope = TenantScope::of(tenant);
    let event = revoked(context.event(&scope, Action::SessionExpired, Actor::Operator)?);
    let (now, life) = (space.clock.now(), space.session_life);
    let ended = space.store.write(move |tx| {
        let scope = WriteScope::of_system(&scope);
        let Some(email) = &email else {
            let ids = tx.session_ids(&scope, None)?;
            let accounts: BTreeSet<AccountId> = ids.into_iter().map(|(account, _)| account).collect();
            let mut count = 0;
            for account in accounts {
                count += end_sessions_of(tx, &scope, account, None, (now, life))?;
            }
            return Ok(record(count, &event.clone().on(ObjectKind::Tenant, tenant)));
        };
        let known = tx.account_by_email(&scope, email)?;
        let member = known.ok_or(EndSessionsError::NotFound)?.member;
        let count = end_sessions_of(tx, &scope, member.account, None, (now, life))?;
        Ok(record(count, &event.clone().on(ObjectKind::Member, member.account).about(email)))
    });
    ended.await
}

/// Ends the sessions of an account but for one that is kept, if one is. Answers how many lived: of those that were over already
/// nobody wants to know.
fn end_sessions_of(
    tx: &mut dyn Tx,
    scope: &WriteScope,
    account: AccountId,
    kept: Option<SessionId>,
    (now, life): (Timestamp, SessionLife),
) -> Result<usize, StoreError> {
    let mut sessions = tx.sessions(scope, account)?;
    sessions.retain(|session| Some(session.id) != kept);
    if kept.is_none() {
        tx.remove_sessions(scope, account)?;
    } else {
        for session in &sessions {
            tx.remove_session(scope, account, session.id)?;
        }
    }
    Ok(sessions.iter().filter(|session| session.is_over(now, life).is_none()).count())
}

fn revoked(event: Event) -> Event {
    Event { reason_code: Some(ReasonCode::SessionsRevoked.into()), ..event }
}

/// Records how many ended. That somebody asked is worth an event also where there were none.
fn record(count: usize, event: &Event) -> Recorded<u32> {
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    Recorded::new(count, Event { count, ..event.clone() })
}
