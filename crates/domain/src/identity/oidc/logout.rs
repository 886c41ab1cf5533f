//! Logging out by a provider's word: whom it names has no session here any more that it began.

use std::sync::Arc;

use crate::audit::{Action, Actor, Event, ObjectKind, ReasonCode, RequestContext};
use crate::identity::oidc::ProviderName;
use crate::identity::oidc::error::SignInError;
use crate::identity::oidc::ports::OidcError;
use crate::identity::oidc::start::find_provider;
use crate::port_error::{PortError, port_errors};
use crate::space::Space;
use crate::tenant::{TenantName, TenantScope, WriteScope};
use crate::unit::Recorded;

/// Nobody was logged out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LogoutError {
    /// There is no such provider.
    #[error("there is no such identity provider")]
    NotFound,
    /// The provider does not say so, or its keys are not to be had.
    #[error(transparent)]
    Provider(#[from] OidcError),
    /// There is no session of whom it means.
    #[error("there is no such session")]
    NoSession,
    /// A port failed.
    #[error(transparent)]
    PortError(#[from] PortError),
}
port_errors!(LogoutError);

/// Ends the sessions of whom a provider says that they logged out there (OpenID Connect Back-Channel Logout 1.0). They are refused
/// from the very next request on.
///
/// # Errors
/// When there is no such provider, it does not say so, there is no such session, or a port failed.
pub async fn log_out_by_provider(
    space: &Space,
    context: &RequestContext,
    tenant: &TenantName,
    provider: &ProviderName,
    logout_token: &str,
) -> Result<(), LogoutError> {
    let (tenant, provider) = find_provider(space, tenant, provider).await.map_err(|error| match error {
        SignInError::PortError(error) => LogoutError::PortError(error),
        _ => LogoutError::NotFound,
    })?;
    let logout = space.oidc.verify_logout(&provider, logout_token, space.clock.now()).await?;
    if space.provider_logouts.is_done(provider.id, &logout) {
        return Err(OidcError::Replayed.into());
    }
    let scope = TenantScope::of(tenant.id);
    let event = context.event(&scope, Action::SessionExpired, Actor::System)?;
    let event = Event { reason_code: Some(ReasonCode::ProviderLoggedOut.into()), ..event };
    let (logouts, clock, said, id) =
        (space.provider_logouts.clone(), Arc::clone(&space.clock), logout.clone(), provider.id);
    let ended = space
        .store
        .write(move |tx| {
            // A sign-in of theirs that is on its way is no session yet.
            logouts.note(id, &said, clock.now());
            let scope = WriteScope::of_system(&scope);
            let sessions = tx.oidc_sessions(&scope, id, said.subject.as_ref(), said.sid.as_ref())?;
            // One subject is one account, and a session of the provider is one subject's.
            let Some((account, _)) = sessions.first().copied() else {
                return Err(LogoutError::NoSession.into());
            };
            let mut event = event.clone().on(ObjectKind::Member, account);
            if let Some(member) = tx.member(&scope, account)? {
                event = event.about(&member.email);
            }
            event.count = u32::try_from(sessions.len()).unwrap_or(u32::MAX);
            for (account, session) in sessions {
                tx.remove_session(&scope, account, session)?;
            }
            Ok(Recorded::new((), event))
        })
        .await;
    // A provider may say it again where it was not done.
    if matches!(ended, Ok(()) | Err(LogoutError::NoSession)) {
        space.provider_logouts.done(provider.id, &logout, space.clock.now());
    }
    ended
}
