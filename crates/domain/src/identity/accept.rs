//! Accepting an invitation: its holder becomes a member.

use crate::audit::{Action, Actor, Log, ObjectKind, RequestContext};
use crate::identity::ports::Compared;
use crate::identity::{Account, AccountStatus, Invitation, Membership, Password, PasswordError};
use crate::ids::AccountId;
use crate::port_error::{PortError, port_errors};
use crate::secret::{Secret, TokenHash};
use crate::space::Space;
use crate::store::StoreError;
use crate::tenant::{NewMembership, Tenant, TenantScope};
use crate::unit::Recorded;

/// Somebody accepts an invitation.
pub struct AcceptInvitation {
    /// The hash of the token they present.
    pub token: TokenHash,
    /// Their password: a new one, or their account's where they have one.
    pub password: Secret<String>,
}

/// Nobody became a member.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AcceptError {
    /// There is no such invitation, or no longer.
    #[error(
        "there is no such invitation: it may have expired, been used, or been withdrawn; ask for a new one"
    )]
    NotFound,
    /// There is an account with the invited address, and this is not its password.
    #[error("you have an account already: accept with its password")]
    WrongPassword,
    /// The new password is not good enough.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The account is a member of the tenant already.
    #[error("you are a member of this tenant already; log in")]
    AlreadyMember,
    /// A port failed.
    #[error(transparent)]
    PortError(#[from] PortError),
}
port_errors!(AcceptError);

/// Accepts an invitation. Somebody with an account proves that it is theirs by its password, which is never
/// changed here; somebody without one gets an account with the password given.
///
/// # Errors
/// When the invitation does not stand, the password is wrong or too weak, the account is a member already, or a port
/// failed.
pub async fn accept_invitation(
    space: &Space,
    context: &RequestContext,
    wanted: AcceptInvitation,
) -> Result<NewMembership, AcceptError> {
    // Anybody can present anything, at any rate: whoever serves this counts it, and merges it into few events.
    let Some((invitation, tenant, existing)) = look_up(space, context, &wanted.token)? else {
        return Err(AcceptError::NotFound);
    };
    let account = match existing {
        Some(account) => {
            let presented = Password::presented(&wanted.password)?;
            let right = matches!(
                space.passwords.compare(&presented, Some(&account.password)).await?,
                Compared::Right { .. }
            );
            if !right || account.status != AccountStatus::Active {
                let log = Log::Tenant(invitation.tenant);
                let event =
                    context.event(log, Action::AuthnTokenFail, Actor::Anonymous)?.about(&account.email);
                return space
                    .store
                    .refuse(AcceptError::WrongPassword, event.denied("credentials_wrong"))
                    .await;
            }
            account
        }
        None => {
            let password = Password::parse(&wanted.password)?;
            space.passwords.check(&password, &[invitation.email.as_str(), tenant.name.as_str()])?;
            Account {
                id: AccountId::generate(context.now, &*context.entropy)?,
                email: invitation.email.clone(),
                password: space.passwords.hash(&password).await?,
                status: AccountStatus::Active,
                created_at: context.now,
            }
        }
    };
    join(space, context, invitation, account).await
}

fn look_up(
    space: &Space,
    context: &RequestContext,
    token: &TokenHash,
) -> Result<Option<(Invitation, Tenant, Option<Account>)>, StoreError> {
    let mut view = space.store.read()?;
    let Some(invitation) = view.invitation_by_token(token)?.filter(|one| context.now < one.expires_at) else {
        return Ok(None);
    };
    let tenant = view.tenant(&TenantScope::of(invitation.tenant))?;
    let existing = view.account_by_email(&invitation.email)?;
    Ok(tenant.map(|tenant| (invitation, tenant, existing)))
}

async fn join(
    space: &Space,
    context: &RequestContext,
    invitation: Invitation,
    account: Account,
) -> Result<NewMembership, AcceptError> {
    let scope = TenantScope::of(invitation.tenant);
    let actor = Actor::Account { id: account.id, role: Some(invitation.role) };
    let event = context
        .event(&scope, Action::UserCreated, actor)?
        .on(ObjectKind::Member, account.id)
        .about(&account.email);
    let now = context.now;
    space
        .store
        .write(move |tx| {
            // Used or withdrawn while the password was hashed: a token works once.
            let (Some(invitation), Some(tenant)) =
                (tx.invitation(&scope, invitation.id)?, tx.tenant(&scope)?)
            else {
                return Err(AcceptError::NotFound.into());
            };
            match tx.account_by_email(&account.email)? {
                None => tx.add_account(&account)?,
                Some(known) if known.id == account.id => {}
                // Somebody made the account meanwhile; its password is not the one that was just chosen.
                Some(_) => return Err(AcceptError::WrongPassword.into()),
            }
            if tx.member(&scope, account.id)?.is_some() {
                return Err(AcceptError::AlreadyMember.into());
            }
            tx.add_membership(&scope, &Membership::begin(tenant.id, account.id, invitation.role, now))?;
            tx.remove_invitation(&scope, invitation.id)?;
            let value = NewMembership {
                account: account.id,
                email: account.email.clone(),
                tenant: tenant.id,
                tenant_name: tenant.name,
                role: invitation.role,
                created_at: now,
            };
            Ok(Recorded::new(value, event.clone()))
        })
        .await
}
