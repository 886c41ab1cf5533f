//! Accepting an invitation: its holder becomes a member.

use std::sync::Arc;

use crate::audit::{Action, Actor, Event, ObjectKind, ReasonCode, RequestContext};
use crate::expectation::{Change, Guard};
use crate::identity::manage_members::with_ended;
use crate::identity::ports::{AccountView, HashingClient};
use crate::identity::{
    Account, Guess, Invitation, Member, Password, PasswordError, PasswordHash, TenantEnding,
};
use crate::ids::AccountId;
use crate::port_error::{PortError, port_errors};
use crate::secret::{Secret, TokenHash};
use crate::space::Space;
use crate::store::{Flow, StoreError, View};
use crate::tenant::{NewMember, Tenant, TenantScope, WriteScope};
use crate::unit::{Recorded, Refused};

/// Somebody accepts an invitation.
pub struct AcceptInvitation {
    /// The hash of the token they present.
    pub token: TokenHash,
    /// Their password for the account that they get.
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
    /// The new password is not good enough.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The address is a member's already.
    #[error("you are a member of this tenant already; log in")]
    AlreadyMember,
    /// As a member of that role they might query an endpoint that expects them not to.
    #[error(
        "what is expected of an endpoint of this tenant stands against your coming in; ask whoever invited you"
    )]
    Unexpected,
    /// The tenant ends, and takes nobody in.
    #[error(transparent)]
    TenantEnding(#[from] TenantEnding),
    /// A port failed.
    #[error(transparent)]
    PortError(#[from] PortError),
}
port_errors!(AcceptError);

/// Accepts an invitation: whoever holds it gets an account in its tenant with the password given. Whether the address has
/// accounts in other tenants is not asked.
///
/// # Errors
/// When the invitation does not stand, the password is too weak, the address is a member's already, or a port failed.
pub async fn accept_invitation(
    space: &Space,
    context: &RequestContext,
    wanted: AcceptInvitation,
) -> Result<NewMember, AcceptError> {
    // Anybody can present anything, at any rate: whoever serves this counts it, and merges it into few events.
    let Some(Found { invitation, tenant, guess, client }) = look_up(space, context, wanted.token).await?
    else {
        return Err(AcceptError::NotFound);
    };
    // What their role needs once they are in, they enrol before they do anything else.
    let password = Password::chosen(&wanted.password, &tenant, invitation.role)?;
    let short_password = password.is_short();
    space.passwords.check(&password, &[invitation.email.as_str(), tenant.name.as_str()])?;
    let password = space.passwords.hash(client, &password).await?;
    join(space, context, guess, invitation, (password, short_password)).await
}

/// An invitation that stands, and whom it is for.
struct Found {
    invitation: Invitation,
    tenant: Tenant,
    /// The address from where the password is given is one to log in from.
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
        let Some(tenant) = view.tenant(&scope)? else { return Ok(None) };
        let guess = Guess::new(&context, Some(&tenant.name), &invitation.email);
        let client = guess.client(view)?;
        Ok(Some(Found { invitation, tenant, guess, client }))
    });
    found.await
}

/// Whether the member who made an invitation may still make it.
pub(super) fn is_backed<V: AccountView + ?Sized>(
    view: &mut V,
    scope: &TenantScope,
    invitation: &Invitation,
) -> Result<bool, StoreError> {
    let inviter = view.member(scope, invitation.invited_by)?.filter(Member::is_active);
    Ok(invitation.is_backed_by(inviter.map(|member| member.role)))
}

async fn join(
    space: &Space,
    context: &RequestContext,
    guess: Guess,
    invitation: Invitation,
    (password, short_password): (PasswordHash, bool),
) -> Result<NewMember, AcceptError> {
    let scope = TenantScope::of(invitation.tenant);
    let id = AccountId::generate(context.now, &*context.entropy)?;
    let actor = Actor::Account { id, role: Some(invitation.role) };
    let event = context
        .event(&scope, Action::UserCreated, actor)?
        .on(ObjectKind::Member, id)
        .about(&invitation.email);
    let ended = context.event(&scope, Action::ConfigChange, actor)?.on(ObjectKind::Member, id);
    let ended = Event { reason_code: Some(ReasonCode::InvitationsEnded.into()), ..ended };
    let orphaned = Event { action: Action::AuthzFail, actor: Actor::Anonymous, ..event.clone() };
    let orphaned = orphaned.on(ObjectKind::Invitation, invitation.id).denied(ReasonCode::InviterMayNotGrant);
    let ending = orphaned.clone().denied(ReasonCode::TenantEnding);
    let unexpected = Event { reason_code: Some(ReasonCode::ExpectationBroken.into()), ..orphaned.clone() };
    let (now, clock) = (space.clock.now(), Arc::clone(&space.clock));
    let joining = |invitation: &Invitation| Change::Role {
        email: invitation.email.clone(),
        role: Some(invitation.role),
    };
    let foreseen = joining(&invitation);
    let foresee = move |_: &mut dyn View, _: &TenantScope| Ok(Some(foreseen.clone()));
    Guard::of_grants(space)
        .write(space, &scope, foresee, move |tx, guard| {
            let scope = WriteScope::of_system(&scope);
            // Used, withdrawn or expired while the password was hashed: a token works once.
            let invitation =
                tx.invitation(&scope, invitation.id)?.filter(|invitation| now < invitation.expires_at);
            let (Some(invitation), Some(tenant)) = (invitation, tx.tenant(&scope)?) else {
                return Err(AcceptError::NotFound.into());
            };
            if tenant.is_going() {
                return Err(AcceptError::NotFound.into());
            }
            if tenant.end.is_some() {
                return Err(Refused::new(AcceptError::from(TenantEnding), ending.clone()).into());
            }
            if !is_backed(tx, &scope, &invitation)? {
                return Err(Refused::new(AcceptError::NotFound, orphaned.clone()).into());
            }
            if tx.account_by_email(&scope, &invitation.email)?.is_some() {
                return Err(AcceptError::AlreadyMember.into());
            }
            let watch = guard.watch(tx, &scope, &joining(&invitation))?;
            // A body that was held back must not make it older than others of its address.
            let email = invitation.email.clone();
            let member = Member::begin(tenant.id, id, email, invitation.role, clock.now());
            let member = Member { has_password: true, short_password, ..member };
            tx.add_account(&scope, &Account { member: member.clone(), password: Some(password.clone()) })?;
            if watch.refusal(tx, &scope)?.is_some() {
                return Err(Refused::new(AcceptError::Unexpected, unexpected.clone()).into());
            }
            tx.remove_invitation(&scope, invitation.id)?;
            // Others of the address end with it: they would bring back whoever is removed later.
            let others = tx.remove_invitations_of(&scope, &member.email)?;
            guess.at(&member).was_right(tx)?;
            let joined = NewMember::of(&member, tenant.name);
            Ok(with_ended(Recorded::new(joined, event.clone()), &ended, others))
        })
        .await
}
