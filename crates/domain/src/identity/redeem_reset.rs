//! Using a reset: its holder chooses another password, and every session and API key of before ends.

use std::sync::Arc;

use crate::access::may_grant;
use crate::audit::{Action, Actor, Event, ObjectKind, ReasonCode, RequestContext};
use crate::identity::ports::{AccountView, HashingClient};
use crate::identity::{Guess, Member, Password, PasswordError, PasswordReset, keys_ended, with_ended};
use crate::port_error::{PortError, port_errors};
use crate::secret::{Secret, TokenHash};
use crate::space::Space;
use crate::store::{Flow, StoreError};
use crate::tenant::ports::TenantView;
use crate::tenant::{Tenant, TenantScope, WriteScope};
use crate::time::Timestamp;
use crate::unit::Recorded;

/// Somebody uses a reset.
pub struct RedeemReset {
    /// The hash of the token they present.
    pub token: TokenHash,
    /// The password that they choose.
    pub password: Secret<String>,
}

/// No password was set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RedeemError {
    /// There is no such reset, or no longer.
    #[error("there is no such reset: it may have expired, been used, or been replaced; ask for a new one")]
    NotFound,
    /// The new password is not good enough. The token is good still.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// A port failed.
    #[error(transparent)]
    PortError(#[from] PortError),
}
port_errors!(RedeemError);

/// Sets the password of the account that a reset is for. All sessions and API keys of before end with it: a reset is for whoever
/// may have lost the account to somebody else, who may have made a key. It logs nobody in, and leaves a second factor as it is:
/// whoever holds the token has shown neither.
///
/// # Errors
/// When the reset does not stand, the password is not good enough, or a port failed.
pub async fn redeem_reset(
    space: &Space,
    context: &RequestContext,
    wanted: RedeemReset,
) -> Result<(), RedeemError> {
    let token = wanted.token;
    // Anybody can present anything, at any rate: it costs one look-up and no hash, and whoever serves this merges it into few
    // events. The password is judged behind a token that stands, so that it tells nobody whether one does.
    let Some(Found { member, tenant, guess, client }) = look_up(space, context, token).await? else {
        return Err(RedeemError::NotFound);
    };
    let password = Password::chosen(&wanted.password, &tenant, member.role)?;
    let short_password = password.is_short();
    space.passwords.check(&password, &[member.email.as_str(), tenant.name.as_str()])?;
    let hash = space.passwords.hash(client, &password).await?;

    let scope = TenantScope::of(tenant.id);
    let actor = Actor::Account { id: member.account, role: Some(member.role) };
    let ended = keys_ended(context.event(&scope, Action::AuthnTokenRevoked, actor)?, member.account);
    let event = context.event(&scope, Action::AuthnPasswordChange, actor)?;
    let event = event.on(ObjectKind::Member, member.account).about(&member.email);
    let event = Event { reason_code: Some(ReasonCode::PasswordReset.into()), ..event };
    let clock = Arc::clone(&space.clock);
    space
        .store
        .write(move |tx| {
            // Used, replaced or ended while the password was hashed: of two at once the second finds nothing.
            let reset = tx.password_reset(&token)?;
            let holder = reset.map(|reset| holder(tx, &reset, clock.now())).transpose()?.flatten();
            let mut member = holder.ok_or(RedeemError::NotFound)?;
            let scope = WriteScope::of_system(&scope);
            tx.replace_password(&scope, &mut member, &hash, short_password)?;
            let keys = tx.remove_api_keys(&scope, member.account)?;
            tx.remove_password_reset(&scope, member.account)?;
            guess.at(&member).was_right(tx)?;
            Ok(with_ended(Recorded::new((), event.clone()), &ended, keys))
        })
        .await
}

/// Whom a reset that stands is for.
struct Found {
    member: Member,
    tenant: Tenant,
    /// The address from where the password is given is one to log in from.
    guess: Guess,
    client: HashingClient,
}

/// The member whom a reset is for, as long as it stands: its time is not over, the account is as it was, whoever made it may still do so,
/// and the tenant does not keep the member out, for it ends.
fn holder<V: AccountView + TenantView + ?Sized>(
    view: &mut V,
    reset: &PasswordReset,
    now: Timestamp,
) -> Result<Option<Member>, StoreError> {
    let scope = TenantScope::of(reset.tenant);
    if now >= reset.expires_at {
        return Ok(None);
    }
    let member = view.member(&scope, reset.account)?;
    let Some(member) = member.filter(|it| it.is_active() && it.generation == reset.generation) else {
        return Ok(None);
    };
    if !view.tenant(&scope)?.is_some_and(|tenant| tenant.admits(member.role)) {
        return Ok(None);
    }
    let Some(maker) = reset.made_by else { return Ok(Some(member)) };
    let maker = view.member(&scope, maker)?.filter(Member::is_active);
    Ok(maker.is_some_and(|maker| may_grant(maker.role, member.role)).then_some(member))
}

async fn look_up(
    space: &Space,
    context: &RequestContext,
    token: TokenHash,
) -> Result<Option<Found>, StoreError> {
    let (context, now) = (context.clone(), space.clock.now());
    let found = space.store.read(Flow::Installation, move |view| {
        let Some(reset) = view.password_reset(&token)? else { return Ok(None) };
        let Some(member) = holder(view, &reset, now)? else { return Ok(None) };
        let Some(tenant) = view.tenant(&TenantScope::of(member.tenant))? else { return Ok(None) };
        let guess = Guess::new(&context, Some(&tenant.name), &member.email);
        let client = guess.client(view)?;
        Ok(Some(Found { member, tenant, guess, client }))
    });
    found.await
}
