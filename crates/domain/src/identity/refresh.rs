//! Keeping a session up: a refresh token becomes an access token and the next refresh token.

use crate::audit::{Action, Actor, Event, ObjectKind, Outcome, ReasonCode, RequestContext};
use crate::identity::begin_session::issue;
use crate::identity::{LoggedIn, Member, RefreshToken, Session, TenantEnding};
use crate::port_error::{PortError, port_errors};
use crate::secret::Secret;
use crate::space::Space;
use crate::store::{Flow, StoreError, View};
use crate::tenant::{TenantName, TenantScope, WriteScope};
use crate::unit::{Recorded, Refused};

/// A refresh token got nothing. What a caller learns is the same.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RefreshError {
    /// It is of no session that lives. Nothing is recorded.
    #[error("the refresh token is not valid; log in again")]
    Unknown,
    /// Its session is over, or ended just now because the token was used before. That is recorded.
    #[error("the refresh token is not valid; log in again")]
    Ended,
    /// The tenant lets in its Owners alone. That is recorded, and the session stays.
    #[error(transparent)]
    TenantEnding(#[from] TenantEnding),
    /// A port failed.
    #[error(transparent)]
    PortError(#[from] PortError),
}
port_errors!(RefreshError);

/// Whose session it is.
struct Known {
    session: Session,
    member: Member,
    tenant_name: TenantName,
}

/// Keeps a session up. The same token makes the same next one for [`Session::GRACE`], also across the end of this process;
/// later it has been stolen, or the next one has: the session ends.
///
/// # Errors
/// When the token is of no session that lives, or was used before, or a port failed.
pub async fn refresh(
    space: &Space,
    context: &RequestContext,
    presented: &Secret<String>,
) -> Result<LoggedIn, RefreshError> {
    let presented = RefreshToken::presented(presented).ok_or(RefreshError::Unknown)?;
    let family = presented.family();
    let find = move |view: &mut dyn View| {
        let Some(session) = view.session_by_family(&family)? else { return Ok(None) };
        let scope = TenantScope::of(session.tenant);
        let (member, tenant) = (view.member(&scope, session.account)?, view.tenant(&scope)?);
        Ok(member.zip(tenant).map(|(member, tenant)| Known { session, member, tenant_name: tenant.name }))
    };
    let found: Result<Option<Known>, StoreError> = space.store.read(Flow::Installation, find).await;
    let Known { session, member, tenant_name } = found?.ok_or(RefreshError::Unknown)?;

    let scope = TenantScope::of(session.tenant);
    let actor = Actor::Account { id: member.account, role: Some(member.role) };
    let event = context.event(&scope, Action::SessionRenewed, actor)?;
    let event = event.on(ObjectKind::Session, session.id).about(&member.email);
    let mut nonce = [0; 32];
    context.entropy.fill(&mut nonce)?;
    // The request may have been held back.
    let (now, life) = (space.clock.now(), space.session_life);
    let renewed = space.store.write(move |tx| {
        let Some(mut session) = tx.session_by_family(&family)? else {
            return Err(RefreshError::Unknown.into());
        };
        let scope = WriteScope::of_system(&TenantScope::of(session.tenant));
        let Some(member) = tx.member(&scope, session.account)?.filter(Member::is_active) else {
            return Err(RefreshError::Unknown.into());
        };
        match tx.tenant(&scope)? {
            Some(tenant) if tenant.admits(member.role) => {}
            Some(tenant) if !tenant.is_going() => {
                let denied = event.clone().denied(ReasonCode::TenantEnding);
                return Err(Refused::new(RefreshError::from(TenantEnding), denied).into());
            }
            _ => return Err(RefreshError::Unknown.into()),
        }
        let end = session.is_over(now, life);
        let next = session.rotate(&presented, nonce, now).filter(|_| end.is_none());
        let Some(next) = next else {
            tx.remove_session(&scope, session.account, session.id)?;
            let action = if end.is_some() { Action::SessionExpired } else { Action::AuthnTokenReuse };
            let ended =
                Event { action, outcome: Outcome::Denied, reason_code: end.map(Into::into), ..event.clone() };
            return Ok(Recorded::new(None, ended));
        };
        session.used(now, life);
        tx.renew_session(&scope, &session)?;
        Ok(Recorded::new(Some((session, member, next)), event.clone()))
    });
    let renewed: Result<_, RefreshError> = renewed.await;
    let (session, member, next) = renewed?.ok_or(RefreshError::Ended)?;
    Ok(issue(space, context, &session, (&member, tenant_name), next, now)?)
}
