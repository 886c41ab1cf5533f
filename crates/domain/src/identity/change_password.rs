//! Changing one's own password, which ends every session of the account.

use std::sync::Arc;

use crate::access::Permission;
use crate::audit::{Action, Event, ObjectKind, ReasonCode, RequestContext};
use crate::identity::begin_session::{NewSession, issue};
use crate::identity::ports::Compared;
use crate::identity::{
    AuthorizationError, Guess, LoggedIn, MemberIdentity, Password, PasswordError, Principal, TooManyGuesses,
};
use crate::port_error::{PortError, port_errors};
use crate::secret::Secret;
use crate::space::Space;
use crate::store::View;
use crate::tenant::TenantScope;
use crate::unit::Recorded;

/// Somebody wants another password.
pub struct ChangePassword {
    /// The one they have.
    pub current: Password,
    /// The one they want.
    pub new: Secret<String>,
}

/// A password was not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangePasswordError {
    /// The caller may not do it, or not any more.
    #[error(transparent)]
    Authorization(#[from] AuthorizationError),
    /// The account has none: an identity provider signs its holder in.
    #[error("you sign in by your identity provider, and have no password here to change")]
    NoPassword,
    /// It is not the account's password.
    #[error("the current password is wrong; nothing was changed")]
    WrongPassword,
    /// The new password is not good enough.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// Too many wrong passwords were given for the account.
    #[error(transparent)]
    TooManyGuesses(#[from] TooManyGuesses),
    /// A port failed.
    #[error(transparent)]
    PortError(#[from] PortError),
}
port_errors!(ChangePasswordError);

/// Changes the caller's own password. All sessions of before end with it, also for requests that are on their way; the answer is
/// a new one. A wrong current password is a guess, taken from the allowance of the account's
/// sessions.
///
/// # Errors
/// When the caller has no password here or their token has ended, the current password is wrong or one guess too many, the
/// new one is too easily guessed, or a port failed.
pub async fn change_password(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    wanted: ChangePassword,
) -> Result<LoggedIn, ChangePasswordError> {
    let permission = Permission::OwnAccount;
    let MemberIdentity { account, email, role } = principal.member(permission)?.clone();
    let tenant_name = principal.snapshot().tenant.name.clone();
    let new = Password::chosen(&wanted.new, &principal.snapshot().tenant, role)?;
    let short_password = new.is_short();
    space.passwords.check(&new, &[email.as_str(), tenant_name.as_str()])?;
    let event = principal.event(context, Action::AuthnPasswordChange)?;
    let event = event.on(ObjectKind::Member, account).about(&email);
    let guess = Guess::new(context, Some(&tenant_name), &email);
    let look = move |view: &mut dyn View, scope: &TenantScope| {
        let own = view.account_by_email(scope, &email)?.filter(|own| own.member.account == account);
        let guess = own.as_ref().map_or(guess, |own| guess.in_session(&own.member));
        guess.check::<_, ChangePasswordError>(view)?;
        Ok((own.and_then(|own| own.password), guess, guess.client(view)?))
    };
    let (stored, guess, client) =
        space.read_ahead::<_, ChangePasswordError, _>(principal, permission, &event, look).await?;
    let stored = stored.ok_or(ChangePasswordError::NoPassword)?;
    // Both in any case, and the new one first: neither the time nor a full queue tells whether the current one is right.
    let hash = space.passwords.hash(client, &new).await?;
    let compared = space.passwords.compare(client, &wanted.current, Some(&stored)).await?;
    let is_wrong = matches!(compared, Compared::Wrong);

    let failed = Event { action: Action::AuthnPasswordChangeFail, ..event.clone() };
    let failed = failed.denied(ReasonCode::CredentialsWrong);
    let authorization = principal.authorize(permission, space.clock.now())?;
    let begun = Arc::new(NewSession::prepare(space, context, (principal.snapshot().tenant.id, account))?);
    let new_session = Arc::clone(&begun);
    let changed = space.store.write(move |tx| {
        // Each change of a password ends the session that it was asked for in: of two at once the second is refused here.
        let scope = tx.authority::<ChangePasswordError>(&authorization, &event)?;
        if is_wrong {
            guess.count::<_, ChangePasswordError>(tx)?;
            return Ok(Recorded::new(None, failed.clone()));
        }
        guess.check::<_, ChangePasswordError>(tx)?;
        let Some(mut member) = tx.member(&scope, account)? else {
            return Ok(Recorded::new(None, failed.clone()));
        };
        tx.replace_password(&scope, &mut member, &hash, short_password)?;
        guess.at(&member).was_right(tx)?;
        Ok(new_session.begin(tx, &scope, Some(member), &event)?)
    });
    let member = changed.await?.ok_or(ChangePasswordError::WrongPassword)?;
    let NewSession { session, token, .. } = &*begun;
    Ok(issue(space, context, session, (&member, tenant_name), token.clone(), session.created_at)?)
}
