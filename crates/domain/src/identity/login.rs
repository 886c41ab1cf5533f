//! Logging in: an e-mail and a password become an access token.

use std::time::Duration;

use crate::audit::{Action, Actor, Event, Log, ObjectKind, ReasonCode, RequestContext};
use crate::identity::ports::Compared;
use crate::identity::{
    AccessClaims, AccessToken, Account, AccountStatus, Email, Member, MembershipWithTenant, Password,
    PasswordHash,
};
use crate::ids::TokenId;
use crate::port_error::{PortError, port_errors};
use crate::space::Space;
use crate::store::{Flow, StoreError};
use crate::tenant::{TenantName, TenantScope};
use crate::unit::{Recorded, Refused};

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
    /// A port failed.
    #[error(transparent)]
    PortError(#[from] PortError),
}
port_errors!(LoginError);

/// Logs somebody in. Unknown, wrong and disabled are answered alike, after the same work.
///
/// # Errors
/// When the credentials are wrong, the tenant must be named, or a port failed.
pub async fn login(space: &Space, context: &RequestContext, wanted: Login) -> Result<LoggedIn, LoginError> {
    let known = Known::look_up(space, wanted.email.clone()).await?;
    let stored = known.account.as_ref().map(|account| &account.password);
    let compared = space.passwords.compare(&wanted.password, stored).await?;

    let failed = known.failure(context, &wanted)?;
    let rehash = match (compared, &known.account) {
        (Compared::Right { rehash }, Some(account)) if account.status == AccountStatus::Active => rehash,
        _ => return space.store.refuse(LoginError::Wrong, failed).await,
    };
    let membership = match known.choose(wanted.tenant.as_ref()) {
        Ok(membership) => membership.clone(),
        // Whoever tries passwords learns by this that one is right.
        Err(error @ LoginError::TenantRequired { .. }) => {
            let event = failed.denied(ReasonCode::TenantRequired);
            return space.store.refuse(error, event).await;
        }
        Err(error) => return space.store.refuse(error, failed).await,
    };
    let Some(account) = known.account else { return Err(LoginError::Wrong) };
    grant(space, context, account, membership, rehash, failed).await
}

async fn grant(
    space: &Space,
    context: &RequestContext,
    account: Account,
    of: MembershipWithTenant,
    rehash: Option<PasswordHash>,
    failed: Event,
) -> Result<LoggedIn, LoginError> {
    let MembershipWithTenant { membership, tenant_name } = of;
    let lifetime = space.tokens.lifetime();
    let issued_at = context.now.start_of_second();
    let claims = AccessClaims {
        account: account.id,
        email: account.email.clone(),
        tenant: membership.tenant,
        tenant_name,
        role: membership.role,
        generation: membership.generation,
        id: TokenId::generate(context.now, &*context.entropy)?,
        issued_at,
        expires_at: issued_at.plus(lifetime),
    };
    let token = space.tokens.sign(&claims)?;
    let actor = Actor::Account { id: account.id, role: Some(membership.role) };
    let event = context
        .event(Log::Tenant(membership.tenant), Action::AuthnLoginSuccess, actor)?
        .on(ObjectKind::Member, account.id)
        .about(&account.email);
    let scope = TenantScope::of(membership.tenant);
    let logged: Result<(), LoginError> = space
        .store
        .write(move |tx| {
            // The password was compared for a while: a token is given out only if it is good.
            let member = tx.member(&scope, account.id)?.filter(Member::is_active);
            if member.is_none_or(|member| member.membership.generation != membership.generation) {
                return Err(Refused::new(LoginError::Wrong, failed.clone()).into());
            }
            if let Some(rehash) = &rehash {
                tx.set_password(account.id, rehash)?;
            }
            Ok(Recorded::new((), event.clone()))
        })
        .await;
    logged?;
    Ok(LoggedIn { token, lifetime })
}

/// What is known of whoever claims an address.
struct Known {
    account: Option<Account>,
    memberships: Vec<MembershipWithTenant>,
}

impl Known {
    async fn look_up(space: &Space, email: Email) -> Result<Self, StoreError> {
        let known = space.store.read(Flow::Installation, move |view| {
            let account = view.account_by_email(&email)?;
            let mut memberships = match &account {
                Some(account) => view.memberships(account.id)?,
                None => Vec::new(),
            };
            memberships.retain(|membership| membership.membership.status == AccountStatus::Active);
            Ok(Self { account, memberships })
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
