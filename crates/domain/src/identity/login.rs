//! Logging in: an e-mail and a password become an access token.

use std::time::Duration;

use crate::audit::{Action, Actor, Event, Log, ObjectKind, ReasonCode, RequestContext};
use crate::identity::ports::{Compared, HashingClient};
use crate::identity::{
    AccessClaims, AccessToken, Account, AccountStatus, Email, Guess, Member, MembershipWithTenant, Password,
    PasswordHash, TooManyGuesses,
};
use crate::ids::TokenId;
use crate::port_error::{PortError, port_errors};
use crate::space::Space;
use crate::store::Flow;
use crate::tenant::{TenantName, TenantScope};
use crate::unit::{Recorded, Refused, UnitError};

/// Somebody wants to log in.
pub struct Login {
    /// Their e-mail address.
    pub email: Email,
    /// Their password.
    pub password: Password,
    /// Which of their tenants they mean; needed only where they have several.
    pub tenant: Option<TenantName>,
}

/// Somebody is logged in.
pub struct LoggedIn {
    /// Their access token.
    pub token: AccessToken,
    /// How long it lives.
    pub lifetime: Duration,
}

/// Nobody was logged in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    /// Unknown, wrong, disabled or without a membership: it is not said which.
    #[error("the e-mail address or the password is wrong")]
    Wrong,
    /// The password is right, and the account has several tenants.
    #[error("the account belongs to several tenants; name one of them")]
    TenantRequired {
        /// The account's tenants.
        tenants: Vec<TenantName>,
    },
    /// Too many wrong passwords were given for the account, whether there is one or not.
    #[error(transparent)]
    TooManyGuesses(#[from] TooManyGuesses),
    /// A port failed.
    #[error(transparent)]
    PortError(#[from] PortError),
}
port_errors!(LoginError);

/// Logs somebody in. Unknown, wrong and disabled are answered alike, after the same work.
///
/// # Errors
/// When the credentials are wrong, too many wrong ones were given, the tenant must be named, or a port failed.
pub async fn login(space: &Space, context: &RequestContext, wanted: Login) -> Result<LoggedIn, LoginError> {
    let guess = Guess::new(context, &wanted.email);
    let known = Known::look_up(space, wanted.email.clone(), guess).await?;
    let stored = known.account.as_ref().map(|account| &account.password);
    let compared = space.passwords.compare(known.client, &wanted.password, stored).await?;

    let failed = known.failure(context, &wanted)?;
    let rehash = match (compared, &known.account) {
        (Compared::Right { rehash }, Some(account)) if account.status == AccountStatus::Active => rehash,
        _ => return fail(space, guess, LoginError::Wrong, failed).await,
    };
    let membership = match known.choose(wanted.tenant.as_ref()) {
        Ok(membership) => membership.clone(),
        // It tells that the password is right: as for a login, it is recorded, and not beyond the allowance.
        Err(error @ LoginError::TenantRequired { .. }) => {
            let event = failed.denied(ReasonCode::TenantRequired);
            let recorded: Result<(), LoginError> = space
                .store
                .write(move |tx| {
                    guess.check::<_, LoginError>(tx)?;
                    Ok(Recorded::new((), event.clone()))
                })
                .await;
            return recorded.and(Err(error));
        }
        Err(error) => return fail(space, guess, error, failed).await,
    };
    let Some(account) = known.account else { return Err(LoginError::Wrong) };
    grant(space, context, Proved { guess, account, rehash }, membership, failed).await
}

/// Counts a guess that was wrong, and refuses it. That rows are kept and the caller refused is meant.
pub(super) async fn fail<T, E>(space: &Space, guess: Guess, error: E, failed: Event) -> Result<T, E>
where
    E: UnitError + From<TooManyGuesses> + Send + 'static,
{
    let counted: Result<(), E> = space
        .store
        .write(move |tx| {
            guess.count::<_, E>(tx)?;
            Ok(Recorded::new((), failed.clone()))
        })
        .await;
    counted.and(Err(error))
}

/// Somebody has proved who they are.
struct Proved {
    guess: Guess,
    account: Account,
    rehash: Option<PasswordHash>,
}

async fn grant(
    space: &Space,
    context: &RequestContext,
    proved: Proved,
    of: MembershipWithTenant,
    failed: Event,
) -> Result<LoggedIn, LoginError> {
    let Proved { guess, account, rehash } = proved;
    let logged_in = issue(space, context, &account.email, &of)?;
    let membership = of.membership;
    let actor = Actor::Account { id: account.id, role: Some(membership.role) };
    let event = context
        .event(Log::Tenant(membership.tenant), Action::AuthnLoginSuccess, actor)?
        .on(ObjectKind::Member, account.id)
        .about(&account.email);
    let scope = TenantScope::of(membership.tenant);
    let logged: Result<(), LoginError> = space
        .store
        .write(move |tx| {
            // Of many guesses at once, no more than the allowance has are answered, right or wrong.
            guess.check::<_, LoginError>(tx)?;
            // The password was compared for a while: a token is given out only if it is good.
            let member = tx.member(&scope, account.id)?.filter(Member::is_active);
            if member.is_none_or(|member| member.membership.generation != membership.generation) {
                return Err(Refused::new(LoginError::Wrong, failed.clone()).into());
            }
            guess.was_right(tx)?;
            if let Some(rehash) = &rehash {
                tx.set_password(account.id, rehash)?;
            }
            Ok(Recorded::new((), event.clone()))
        })
        .await;
    logged?;
    Ok(logged_in)
}

/// Signs a token for a member who has proved who they are, good for this generation of their membership.
///
/// # Errors
/// When there is no randomness, or nothing to sign with.
pub(super) fn issue(
    space: &Space,
    context: &RequestContext,
    email: &Email,
    of: &MembershipWithTenant,
) -> Result<LoggedIn, PortError> {
    let MembershipWithTenant { membership, tenant_name } = of;
    let lifetime = space.tokens.lifetime();
    let issued_at = context.now.start_of_second();
    let claims = AccessClaims {
        account: membership.account,
        email: email.clone(),
        tenant: membership.tenant,
        tenant_name: tenant_name.clone(),
        role: membership.role,
        generation: membership.generation,
        id: TokenId::generate(context.now, &*context.entropy)?,
        issued_at,
        expires_at: issued_at.plus(lifetime),
    };
    Ok(LoggedIn { token: space.tokens.sign(&claims)?, lifetime })
}

/// What is known of whoever claims an address.
struct Known {
    account: Option<Account>,
    memberships: Vec<MembershipWithTenant>,
    /// Who waits for the comparison.
    client: HashingClient,
}

impl Known {
    async fn look_up(space: &Space, email: Email, guess: Guess) -> Result<Self, LoginError> {
        let known = space.store.read(Flow::Installation, move |view| {
            guess.check::<_, LoginError>(view)?;
            let account = view.account_by_email(&email)?;
            let mut memberships = match &account {
                Some(account) => view.memberships(account.id)?,
                None => Vec::new(),
            };
            memberships.retain(|membership| membership.membership.status == AccountStatus::Active);
            Ok(Self { account, memberships, client: guess.client(view)? })
        });
        known.await
    }

    /// The membership to log in to.
    fn choose(&self, tenant: Option<&TenantName>) -> Result<&MembershipWithTenant, LoginError> {
        match (tenant, self.memberships.as_slice()) {
            (Some(name), all) => {
                all.iter().find(|membership| membership.tenant_name == *name).ok_or(LoginError::Wrong)
            }
            (None, [only]) => Ok(only),
            (None, []) => Err(LoginError::Wrong),
            (None, several) => Err(LoginError::TenantRequired {
                tenants: several.iter().map(|membership| membership.tenant_name.clone()).collect(),
            }),
        }
    }

    /// The event of a failed login: in the tenant's log where one is known, else in the installation's.
    fn failure(&self, context: &RequestContext, wanted: &Login) -> Result<Event, LoginError> {
        let log = match self.choose(wanted.tenant.as_ref()) {
            Ok(of) => Log::from(&TenantScope::of(of.membership.tenant)),
            Err(_) => Log::Installation,
        };
        let event = context.event(log, Action::AuthnLoginFail, Actor::Anonymous)?.about(&wanted.email);
        Ok(match &self.account {
            Some(account) => event.on(ObjectKind::Member, account.id),
            None => event,
        }
        .denied(ReasonCode::CredentialsWrong))
    }
}
