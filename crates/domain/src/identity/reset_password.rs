//! Resetting somebody else's password: they get a token, and choose the new one themselves.

use std::sync::Arc;

use crate::access::{Permission, Role};
use crate::audit::{Action, Event, ObjectKind, ReasonCode, RequestContext};
use crate::identity::{AuthorizationError, PasswordReset, Principal};
use crate::ids::AccountId;
use crate::mail::{Delivered, MailError, Message, TooManyMails, deliver};
use crate::port_error::{PortError, port_errors};
use crate::secret::BearerSecret;
use crate::space::Space;
use crate::store::View;
use crate::tenant::TenantScope;
use crate::time::Timestamp;
use crate::unit::{Recorded, Refused};

/// A reset was made.
pub struct ResetMade {
    /// For which account.
    pub account: AccountId,
    /// From when on it cannot be used.
    pub expires_at: Timestamp,
    /// Where its token went.
    pub token: Delivered,
}

/// No reset was made, or it did not reach whom it is for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResetError {
    /// The caller may not do it, or not any more.
    #[error(transparent)]
    Authorization(#[from] AuthorizationError),
    /// The caller may not manage a member of that role.
    #[error("only an owner may do this to, or with, the role {0}")]
    RoleNotYours(Role),
    /// There is no such member.
    #[error("there is no such member")]
    NotFound,
    /// Whoever holds a session of an account does not get around its password with that.
    #[error(
        "one changes one's own password with the current one; who forgot it asks another owner, or the operator"
    )]
    OwnAccount,
    /// A member who is disabled could not log in.
    #[error("the member is disabled; enable them first")]
    Disabled,
    /// The member has no password: an identity provider signs them in, and can shut them out.
    #[error("the member signs in at an identity provider, and has no password to forget")]
    NoPassword,
    /// Enough was sent to them, or by the tenant.
    #[error(transparent)]
    TooManyMails(#[from] TooManyMails),
    /// The token could not be sent, and nobody knows it.
    #[error(transparent)]
    Mail(#[from] MailError),
    /// A port failed.
    #[error(transparent)]
    PortError(#[from] PortError),
}
port_errors!(ResetError);

/// Makes a reset of a member's password, in place of an open one. The password and all sessions stay until it is used. Where
/// there is a mailer the token is sent to the member alone; the host's operator sees it in any case.
///
/// # Errors
/// When the caller may not manage that member or is the member, there is none, they are disabled or have no password, too much was sent lately,
/// or a port failed.
pub async fn reset_password(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    account: AccountId,
) -> Result<ResetMade, ResetError> {
    let permission = Permission::ResetPasswords;
    let scope = principal.scope(permission)?;
    let made_by = principal.member(permission).ok().map(|member| member.account);
    let token = BearerSecret::generate(&*context.entropy)?;
    let token_hash = token.hash();
    let event = context.event(&scope, Action::AuthnTokenCreated, principal.actor())?;
    let event = event.on(ObjectKind::Member, account);
    let mails = space.mails.as_ref().filter(|_| made_by.is_some());
    let slot = match mails {
        Some(mails) => {
            let look = move |view: &mut dyn View, scope: &TenantScope| {
                let member = view.member(scope, account)?;
                Ok(member.ok_or(ResetError::NotFound)?.email)
            };
            let to = space.read_ahead::<_, ResetError, _>(principal, permission, &event, look).await?;
            mails.reserve(scope.tenant(), &to, space.clock.now()).map(Some)
        }
        None => Ok(None),
    };
    let limited = slot.as_ref().err().copied();
    let authorization = principal.authorize(permission, space.clock.now())?;
    let clock = Arc::clone(&space.clock);
    let made: Result<PasswordReset, ResetError> = space
        .store
        .write(move |tx| {
            let scope = tx.authority(&authorization, &event)?;
            let member = tx.member(&scope, account)?.ok_or(ResetError::NotFound)?;
            let event = event.clone().about(&member.email);
            if made_by == Some(account) {
                return Err(Refused::new(ResetError::OwnAccount, event.denied(ReasonCode::OwnAccount)).into());
            }
            if !scope.may_reset(member.role) {
                let denied = event.denied(ReasonCode::RoleNotYours);
                return Err(Refused::new(ResetError::RoleNotYours(member.role), denied).into());
            }
            if !member.is_active() {
                return Err(ResetError::Disabled.into());
            }
            if tx.account_by_email(&scope, &member.email)?.is_none_or(|account| account.password.is_none()) {
                return Err(ResetError::NoPassword.into());
            }
            if let Some(limited) = limited {
                return Err(ResetError::from(limited).into());
            }
            let now = clock.now();
            let reset = PasswordReset {
                tenant: member.tenant,
                account,
                generation: member.generation,
                token: token_hash,
                made_by,
                created_at: now,
                expires_at: now.plus(PasswordReset::LIFETIME),
            };
            tx.put_password_reset(&scope, &reset)?;
            Ok(Recorded::new(reset, Event { reason_code: Some(ReasonCode::PasswordReset.into()), ..event }))
        })
        .await;
    let PasswordReset { expires_at, .. } = made?;
    let tenant = principal.snapshot().tenant.name.clone();
    let message = Message::PasswordReset { tenant, expires_at };
    let token = deliver(slot?, message, token).await?;
    Ok(ResetMade { account, expires_at, token })
}
