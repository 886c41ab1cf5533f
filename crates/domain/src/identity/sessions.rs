//! The caller's own sessions: listing them, and ending them.

use crate::access::Permission;
use crate::audit::{Action, Event, ObjectKind, ReasonCode, RequestContext};
use crate::identity::{AuthorizationError, Principal, Session};
use crate::ids::SessionId;
use crate::port_error::{PortError, port_errors};
use crate::space::Space;
use crate::store::View;
use crate::tenant::TenantScope;
use crate::unit::Recorded;

/// Nothing was told or done of a session.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// The caller has none, or not any more.
    #[error(transparent)]
    Authorization(#[from] AuthorizationError),
    /// The caller has no such session.
    #[error("you have no such session; it may have ended")]
    NotFound,
    /// A port failed.
    #[error(transparent)]
    PortError(#[from] PortError),
}
port_errors!(SessionError);

/// The sessions of whoever asks.
pub struct OwnSessions {
    /// In the order in which they began.
    pub sessions: Vec<Session>,
    /// The one that asks.
    pub current: SessionId,
}

/// The caller's own sessions that live.
///
/// # Errors
/// When the caller has none, or not any more, or a port failed.
pub async fn sessions(space: &Space, principal: &Principal) -> Result<OwnSessions, SessionError> {
    let permission = Permission::OwnAccount;
    let (account, current) = (principal.member(permission)?.account, principal.session(permission)?);
    let (now, life) = (space.clock.now(), space.session_life);
    let find = move |view: &mut dyn View, scope: &TenantScope| Ok(view.sessions(scope, account)?);
    let mut sessions: Vec<Session> = space.read::<_, SessionError, _>(principal, permission, find).await?;
    sessions.retain(|session| session.is_over(now, life).is_none());
    Ok(OwnSessions { sessions, current })
}

/// Ends one of the caller's own sessions.
///
/// # Errors
/// When there is no such session of theirs, they have none any more themself, or a port failed.
pub async fn end_session(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    id: SessionId,
) -> Result<(), SessionError> {
    end(space, context, principal, id, ReasonCode::SessionEnded).await
}

/// Ends the session that asks.
///
/// # Errors
/// When it has ended, or a port failed.
pub async fn log_out(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
) -> Result<(), SessionError> {
    let own = principal.session(Permission::OwnAccount)?;
    end(space, context, principal, own, ReasonCode::LoggedOut).await
}

async fn end(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    id: SessionId,
    reason_code: ReasonCode,
) -> Result<(), SessionError> {
    let permission = Permission::OwnAccount;
    let account = principal.member(permission)?.account;
    let event = principal.event(context, Action::SessionExpired)?.on(ObjectKind::Session, id);
    let event = Event { reason_code: Some(reason_code.into()), ..event };
    let authorization = principal.authorize(permission, space.clock.now())?;
    space
        .store
        .write(move |tx| {
            let scope = tx.authority(&authorization, &event)?;
            if !tx.remove_session(&scope, account, id)? {
                return Err(SessionError::NotFound.into());
            }
            Ok(Recorded::new((), event.clone()))
        })
        .await
}
