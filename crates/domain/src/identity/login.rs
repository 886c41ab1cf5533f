//! Logging in: an e-mail and a password begin a session.

use std::sync::Arc;

use crate::audit::{Action, Actor, Event, Log, ObjectKind, ReasonCode, RequestContext};
use crate::identity::begin_session::{NewSession, issue};
use crate::identity::factor_proof::{FactorProof, Redeemed, recovery_code_used};
use crate::identity::ports::{Compared, HashingClient};
use crate::identity::{
    Account, Email, FactorCode, Guess, LoggedIn, Member, Password, PasswordHash, SecondFactor, TenantEnding,
    TooManyGuesses,
};
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
    /// A code of their second factor, where they have one.
    pub code: Option<FactorCode>,
}

/// Nobody was logged in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    /// Unknown, wrong or disabled: it is not said which, nor whether there are accounts in other tenants.
    #[error(
        "the e-mail address or the password is wrong; whoever has an account in several tenants names the tenant"
    )]
    Wrong,
    /// The password is right, and the account has a second factor, of which no code was given.
    #[error(
        "the account has a second factor: a code of the authenticator app, or a recovery code, is needed too"
    )]
    CodeRequired,
    /// The password is right, and the code is none, or none any more.
    #[error(
        "the code is wrong, or was used before: each works once, so wait for the next one that the app shows, or send a \
         recovery code"
    )]
    WrongCode,
    /// It is right, and the tenant lets in its Owners alone.
    #[error("{0}; whoever has an account in another tenant names that one")]
    TenantEnding(TenantEnding),
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
    let code = wanted.code;
    let (known, guess, client) = look_up(space, wanted.tenant, wanted.email, guess).await?;
    let stored = known.as_ref().and_then(|account| account.password.as_ref());
    let compared = space.passwords.compare(client, &wanted.password, stored).await?;

    let failed = match &known {
        Some(Account { member, .. }) => {
            Event { log: Log::Tenant(member.tenant), ..failed }.on(ObjectKind::Member, member.account)
        }
        None => failed,
    };
    match (compared, known) {
        (Compared::Right { rehash }, Some(Account { member, .. })) if member.is_active() => {
            let Known { tenant_name, factor } = know(space, &member).await?;
            let factor = match (factor, code) {
                (None, _) => None,
                (Some(_), None) => return demand_code(space, guess, failed).await,
                (Some(factor), Some(code)) => {
                    let scope = TenantScope::of(member.tenant);
                    match FactorProof::of(space, &scope, member.account, &factor, &code) {
                        Some(proof) => Some((factor, proof)),
                        None => {
                            let failed = failed.denied(ReasonCode::TotpWrong);
                            // What no app shows is no guess at a code.
                            let is_code = matches!(code, FactorCode::Totp(_));
                            let wrong = if is_code { guess.at_code() } else { guess };
                            return fail(space, guess, wrong, failed, LoginError::WrongCode).await;
                        }
                    }
                }
            };
            grant(space, context, Proved { guess, member, tenant_name, rehash, factor }, failed).await
        }
        _ => fail(space, guess, guess, failed, LoginError::Wrong).await,
    }
}

/// Counts what was wrong of a guess, the password or the code, and refuses it. That rows are kept and the caller refused is meant.
async fn fail(
    space: &Space,
    guess: Guess,
    wrong: Guess,
    failed: Event,
    error: LoginError,
) -> Result<LoggedIn, LoginError> {
    let counted: Result<(), LoginError> = space
        .store
        .write(move |tx| {
            // Of many passwords at once a right one is told no more than a wrong one, once the allowance is used up.
            guess.check::<_, LoginError>(tx)?;
            wrong.count::<_, LoginError>(tx)?;
            Ok(Recorded::new((), failed.clone()))
        })
        .await;
    counted.and(Err(error))
}

/// Refuses a right password without a code. It is no wrong guess; of many at once no more are answered than the allowance has.
async fn demand_code(space: &Space, guess: Guess, failed: Event) -> Result<LoggedIn, LoginError> {
    let failed = failed.denied(ReasonCode::TotpRequired);
    space
        .store
        .write(move |tx| {
            guess.check::<_, LoginError>(tx)?;
            Err(Refused::new(LoginError::CodeRequired, failed.clone()).into())
        })
        .await
}

/// Somebody has proved who they are.
struct Proved {
    guess: Guess,
    member: Member,
    tenant_name: TenantName,
    rehash: Option<PasswordHash>,
    /// Their second factor, where they have one, and the code that fits it.
    factor: Option<(SecondFactor, FactorProof)>,
}

async fn grant(
    space: &Space,
    context: &RequestContext,
    proved: Proved,
    failed: Event,
) -> Result<LoggedIn, LoginError> {
    let Proved { guess, member, tenant_name, rehash, factor } = proved;
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
    let used = context.event(&scope, Action::AuthnFactorChange, actor)?;
    let used = used.on(ObjectKind::Member, member.account).about(&member.email);
    let code_guess = factor.as_ref().map_or(guess, |(_, proof)| FactorProof::guess(Some(*proof), guess));
    let logged: Result<Result<(), LoginError>, LoginError> = space
        .store
        .write(move |tx| {
            // Of many guesses at once, no more than the allowance has are answered, right or wrong.
            guess.check::<_, LoginError>(tx)?;
            code_guess.check::<_, LoginError>(tx)?;
            // The password was compared for a while: a token is given out only if it is good, and if the second factor is
            // the one that was asked for.
            let now = tx.member(&scope, member.account)?.filter(Member::is_active);
            let is_same = |now: Member| {
                (now.generation, now.second_factor_since) == (member.generation, member.second_factor_since)
            };
            if !now.is_some_and(is_same) {
                return Err(Refused::new(LoginError::Wrong, failed.clone()).into());
            }
            // Without its tenant an account is none any more.
            let tenant = tx.tenant(&scope)?.filter(|tenant| !tenant.is_going()).ok_or(LoginError::Wrong)?;
            let scope = WriteScope::of_system(&scope);
            let redeemed = match &factor {
                Some((factor, proof)) => proof.redeem(tx, &scope, member.account, factor)?,
                None => Redeemed::Code,
            };
            if redeemed == Redeemed::No {
                code_guess.count::<_, LoginError>(tx)?;
                let failed = failed.clone().denied(ReasonCode::TotpWrong);
                return Ok(Recorded::new(Err(LoginError::WrongCode), failed));
            }
            guess.was_right(tx)?;
            if !tenant.admits(member.role) {
                let failed = failed.clone().denied(ReasonCode::TenantEnding);
                return Ok(Recorded::new(Err(LoginError::TenantEnding(TenantEnding)), failed));
            }
            if let Some(rehash) = &rehash {
                tx.set_password(&scope, member.account, rehash)?;
            }
            let recorded = begun.begin(tx, &scope, Ok(()), &event)?;
            Ok(match redeemed {
                Redeemed::RecoveryCode { left } => recorded.and(recovery_code_used(&used, left)),
                Redeemed::Code | Redeemed::No => recorded,
            })
        })
        .await;
    logged??;
    Ok(logged_in)
}

/// What is known of whoever has given the right password.
struct Known {
    tenant_name: TenantName,
    /// Their second factor, where it is asked for.
    factor: Option<SecondFactor>,
}

/// Reads more of a member than their account. Of others nothing is read: the time would tell who has one.
async fn know(space: &Space, member: &Member) -> Result<Known, LoginError> {
    let (scope, account) = (TenantScope::of(member.tenant), member.account);
    let found = space.store.read(Flow::Installation, move |view| {
        let factor = view.second_factor(&scope, account)?.filter(|factor| factor.confirmed_at.is_some());
        // Without its tenant an account is none any more.
        let tenant = view.tenant(&scope)?.filter(|tenant| !tenant.is_going()).ok_or(LoginError::Wrong)?;
        Ok(Known { tenant_name: tenant.name, factor })
    });
    found.await
}

/// Looks up whom a login is for, and who waits for the comparison.
async fn look_up(
    space: &Space,
    tenant: Option<TenantName>,
    email: Email,
    guess: Guess,
) -> Result<(Option<Account>, Guess, HashingClient), LoginError> {
    let found = space.store.read(Flow::Installation, move |view| {
        let account = match &tenant {
            Some(name) => match view.tenant_named(name)? {
                Some(tenant) => view.account_by_email(&TenantScope::of(tenant), &email)?,
                None => None,
            },
            None => view.oldest_account(&email)?,
        };
        let guess = account.as_ref().map_or(guess, |account| guess.at(&account.member));
        guess.check::<_, LoginError>(view)?;
        Ok((account, guess, guess.client(view)?))
    });
    found.await
}
