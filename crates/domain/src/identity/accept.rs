//! Accepting an invitation: its holder becomes a member.

use crate::access::may_grant;
use crate::audit::{Action, Actor, Event, Log, ObjectKind, ReasonCode, RequestContext};
use crate::identity::login::fail;
use crate::identity::manage_members::with_ended;
use crate::identity::ports::{AccountView, Compared, HashingClient};
use crate::identity::{
    Account, AccountStatus, Guess, Invitation, Member, Membership, Password, PasswordError, TooManyGuesses,
};
use crate::ids::AccountId;
use crate::port_error::{PortError, port_errors};
use crate::secret::{Secret, TokenHash};
use crate::space::Space;
use crate::store::{Flow, StoreError};
use crate::tenant::{NewMembership, Tenant, TenantScope, WriteScope};
use crate::unit::{Recorded, Refused};

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
    /// Too many wrong passwords were given for the account.
    #[error(transparent)]
    TooManyGuesses(#[from] TooManyGuesses),
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
/// When the invitation does not stand, the password is wrong, too weak or one guess too many, the account is a member already, or a port
/// failed.
pub async fn accept_invitation(
    space: &Space,
    context: &RequestContext,
    wanted: AcceptInvitation,
) -> Result<NewMembership, AcceptError> {
    // Anybody can present anything, at any rate: whoever serves this counts it, and merges it into few events.
    let Some(Found { invitation, tenant, existing, guess, client }) =
        look_up(space, context, wanted.token).await?
    else {
        return Err(AcceptError::NotFound);
    };
    let account = match existing {
        Some(account) => {
            let presented = Password::presented(&wanted.password)?;
            let right = matches!(
                space.passwords.compare(client, &presented, Some(&account.password)).await?,
                Compared::Right { .. }
            );
            if !right || account.status != AccountStatus::Active {
                let log = Log::Tenant(invitation.tenant);
                let event =
                    context.event(log, Action::AuthnTokenFail, Actor::Anonymous)?.about(&account.email);
                let event = event.denied(ReasonCode::CredentialsWrong);
                return fail(space, guess, AcceptError::WrongPassword, event).await;
            }
            account
        }
        None => {
            let password = Password::parse(&wanted.password)?;
            space.passwords.check(&password, &[invitation.email.as_str(), tenant.name.as_str()])?;
            Account {
                id: AccountId::generate(context.now, &*context.entropy)?,
                email: invitation.email.clone(),
                password: space.passwords.hash(client, &password).await?,
                status: AccountStatus::Active,
                created_at: context.now,
            }
        }
    };
    join(space, context, guess, invitation, account).await
}

/// An invitation that stands, and whom it is for.
struct Found {
    invitation: Invitation,
    tenant: Tenant,
    existing: Option<Account>,
    guess: Guess,
    client: HashingClient,
}

async fn look_up(
    space: &Space,
    context: &RequestContext,
    token: TokenHash,
) -> Result<Option<Found>, AcceptError> {
    let context = context.clone();
    let now = space.clock.now();
    let found = space.store.read(Flow::Installation, move |view| {
        let Some(invitation) =
            view.invitation_by_token(&token)?.filter(|invitation| now < invitation.expires_at)
        else {
            return Ok(None);
        };
        let scope = TenantScope::of(invitation.tenant);
        if !is_backed(view, &scope, &invitation)? {
            return Ok(None);
        }
        let tenant = view.tenant(&scope)?;
        let existing = view.account_by_email(&invitation.email)?;
        let guess = Guess::new(&context, &invitation.email);
        guess.check::<_, AcceptError>(view)?;
        let client = guess.client(view)?;
        Ok(tenant.map(|tenant| Found { invitation, tenant, existing, guess, client }))
    });
    found.await
}

/// Whether the member who made an invitation may still make it.
fn is_backed<V: AccountView + ?Sized>(
    view: &mut V,
    scope: &TenantScope,
    invitation: &Invitation,
) -> Result<bool, StoreError> {
    let inviter = view.member(scope, invitation.invited_by)?.filter(Member::is_active);
    Ok(inviter.is_some_and(|member| may_grant(member.membership.role, invitation.role)))
}

async fn join(
    space: &Space,
    context: &RequestContext,
    guess: Guess,
    invitation: Invitation,
    account: Account,
) -> Result<NewMembership, AcceptError> {
    let scope = TenantScope::of(invitation.tenant);
    let actor = Actor::Account { id: account.id, role: Some(invitation.role) };
    let event = context
        .event(&scope, Action::UserCreated, actor)?
        .on(ObjectKind::Member, account.id)
        .about(&account.email);
    let ended = context.event(&scope, Action::ConfigChange, actor)?.on(ObjectKind::Member, account.id);
    let ended = Event { reason_code: Some(ReasonCode::InvitationsEnded.into()), ..ended };
    let orphaned = Event { action: Action::AuthzFail, actor: Actor::Anonymous, ..event.clone() };
    let orphaned = orphaned.on(ObjectKind::Invitation, invitation.id).denied(ReasonCode::InviterMayNotGrant);
    let (created_at, now) = (context.now, space.clock.now());
    space
        .store
        .write(move |tx| {
            let scope = WriteScope::of_system(&scope);
            // Used, withdrawn or expired while the password was hashed: a token works once.
            let invitation =
                tx.invitation(&scope, invitation.id)?.filter(|invitation| now < invitation.expires_at);
            let (Some(invitation), Some(tenant)) = (invitation, tx.tenant(&scope)?) else {
                return Err(AcceptError::NotFound.into());
            };
            if !is_backed(tx, &scope, &invitation)? {
                return Err(Refused::new(AcceptError::NotFound, orphaned.clone()).into());
            }
            guess.check::<_, AcceptError>(tx)?;
            match tx.account_by_email(&account.email)? {
                None => tx.add_account(&account)?,
                Some(known) if known.id == account.id && known.status == AccountStatus::Active => {}
                // Somebody made the account meanwhile, and its password is not the one that was just chosen; or it was
                // disabled.
                Some(_) => return Err(AcceptError::WrongPassword.into()),
            }
            if tx.member(&scope, account.id)?.is_some() {
                return Err(AcceptError::AlreadyMember.into());
            }
            let generation = tx.next_generation(account.id)?;
            let membership =
                Membership::begin(tenant.id, account.id, invitation.role, generation, created_at);
            tx.add_membership(&scope, &membership)?;
            tx.remove_invitation(&scope, invitation.id)?;
            // Others of the address end with it: they would bring back whoever is removed later.
            let others = tx.remove_invitations_of(&scope, &account.email)?;
            guess.was_right(tx)?;
            let value = NewMembership {
                account: account.id,
                email: account.email.clone(),
                tenant: tenant.id,
                tenant_name: tenant.name,
                role: invitation.role,
                created_at,
            };
            Ok(with_ended(Recorded::new(value, event.clone()), &ended, others))
        })
        .await
}
