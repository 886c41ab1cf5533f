//! Logging in: an e-mail and a password begin a session.

use std::sync::Arc;

use crate::audit::{Action, Actor, Event, Log, ObjectKind, ReasonCode, RequestContext};
use crate::identity::begin_session::{NewSession, issue};
use crate::identity::ports::{Compared, HashingClient};
use crate::identity::{Account, Email, Guess, LoggedIn, Member, Password, PasswordHash, TooManyGuesses};
use crate::port_error::{PortError, port_errors};
use crate::space::Space;
use crate::store::Flow;
use crate::tenant::{TenantName, TenantScope, WriteScope};
use crate::unit::{Recorded, Refused};

/// Somebody wants to log in.
pub struct Login {
    /// Their e-mail address.
    pub email: Email,
    /// Their password.
    pub password: Password,
    /// Which tenant they mean: without it the one where the address has had an account for longest.
    pub tenant: Option<TenantName>,
}

/// Nobody was logged in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    /// Unknown, wrong or disabled: it is not said which, nor whether there are accounts in other tenants.
    #[error(
        "the e-mail address or the password is wrong; whoever has an account in several tenants names the tenant"
    )]
    Wrong,
    /// Too many wrong passwords were given for the account, whether there is one or not.
    #[error(transparent)]
    TooManyGuesses(#[from] TooManyGuesses),
    /// A port failed.
    #[error(transparent)]
    PortError(#[from] PortError),
}
port_errors!(LoginError);

/// Logs somebody in. Unknown, wrong and disabled are answered alike, after the same work: one password is compared.
///
/// # Errors
/// When the credentials are wrong, too many wrong ones were given, or a port failed.
pub async fn login(space: &Space, context: &RequestContext, wanted: Login) -> Result<LoggedIn, LoginError> {
    let guess = Guess::new(context, wanted.tenant.as_ref(), &wanted.email);
    let failed = context.event(Log::Installation, Action::AuthnLoginFail, Actor::Anonymous)?;
    let failed = failed.about(&wanted.email).denied(ReasonCode::CredentialsWrong);
    let (known, guess, client) = look_up(space, wanted.tenant, wanted.email, guess).await?;
    let stored = known.as_ref().and_then(|known| known.account.password.as_ref());
    let compared = space.passwords.compare(client, &wanted.password, stored).await?;

    let failed = match &known {
        Some(Known { account: Account { member, .. }, .. }) => {
            Event { log: Log::Tenant(member.tenant), ..failed }.on(ObjectKind::Member, member.account)
        }
        None => failed,
    };
    match (compared, known) {
        (Compared::Right { rehash }, Some(known)) if known.account.member.is_active() => {
            let Known { account: Account { member, .. }, tenant_name } = known;
            grant(space, context, Proved { guess, member, tenant_name, rehash }, failed).await
        }
        _ => fail(space, guess, failed).await,
    }
}

/// Counts a guess that was wrong, and refuses it. That rows are kept and the caller refused is meant.
async fn fail(space: &Space, guess: Guess, failed: Event) -> Result<LoggedIn, LoginError> {
    let counted: Result<(), LoginError> = space
        .store
        .write(move |tx| {
            guess.count::<_, LoginError>(tx)?;
            Ok(Recorded::new((), failed.clone()))
        })
        .await;
    counted.and(Err(LoginError::Wrong))
}

/// Somebody has proved who they are.
struct Proved {
    guess: Guess,
    member: Member,
    tenant_name: TenantName,
    rehash: Option<PasswordHash>,
}

async fn grant(
    space: &Space,
    context: &RequestContext,
    proved: Proved,
    failed: Event,
) -> Result<LoggedIn, LoginError> {
    let Proved { guess, member, tenant_name, rehash } = proved;
    let begun = Arc::new(NewSession::prepare(space, context, (member.tenant, member.account))?);
    let NewSession { session, token, .. } = &*begun;
    // Nothing of it counts before the session has begun.
    let logged_in =
        issue(space, context, session, (&member, tenant_name), token.clone(), session.created_at)?;
    let scope = TenantScope::of(member.tenant);
    let actor = Actor::Account { id: member.account, role: Some(member.role) };
    let event = context
        .event(&scope, Action::AuthnLoginSuccess, actor)?
        .on(ObjectKind::Session, session.id)
        .about(&member.email);
    let logged: Result<(), LoginError> = space
        .store
        .write(move |tx| {
            // Of many guesses at once, no more than the allowance has are answered, right or wrong.
            guess.check::<_, LoginError>(tx)?;
            // The password was compared for a while: a token is given out only if it is good.
            let now = tx.member(&scope, member.account)?.filter(Member::is_active);
            if now.is_none_or(|now| now.generation != member.generation) {
                return Err(Refused::new(LoginError::Wrong, failed.clone()).into());
            }
            guess.was_right(tx)?;
            let scope = WriteScope::of_system(&scope);
            if let Some(rehash) = &rehash {
                tx.set_password(&scope, member.account, rehash)?;
            }
            Ok(begun.begin(tx, &scope, (), &event)?)
        })
        .await;
    logged?;
    Ok(logged_in)
}

/// Whom a login is for.
struct Known {
    account: Account,
    tenant_name: TenantName,
}

/// Looks up whom a login is for, and who waits for the comparison.
async fn look_up(
    space: &Space,
    tenant: Option<TenantName>,
    email: Email,
    guess: Guess,
) -> Result<(Option<Known>, Guess, HashingClient), LoginError> {
    let found = space.store.read(Flow::Installation, move |view| {
        let account = match &tenant {
            Some(name) => match view.tenant_named(name)? {
                Some(tenant) => view.account_by_email(&TenantScope::of(tenant), &email)?,
                None => None,
            },
            None => view.oldest_account(&email)?,
        };
        let known = match account {
            Some(account) => {
                let tenant = view.tenant(&TenantScope::of(account.member.tenant))?;
                tenant.map(|tenant| Known { account, tenant_name: tenant.name })
            }
            None => None,
        };
        let guess = known.as_ref().map_or(guess, |known: &Known| guess.at(&known.account.member));
        guess.check::<_, LoginError>(view)?;
        Ok((known, guess, guess.client(view)?))
    });
    found.await
}
