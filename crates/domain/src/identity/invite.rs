//! Inviting somebody into a tenant, and taking an invitation back.

use std::time::Duration;

use crate::access::{Permission, Role};
use crate::audit::{Action, ChangeCode, Changes, ObjectKind, RequestContext};
use crate::identity::manage_members::check_grant;
use crate::identity::{AuthorizationError, Email, Invitation, Principal};
use crate::ids::InvitationId;
use crate::mail::{Delivered, MailError, Message, TooManyMails, deliver};
use crate::page::{Page, PageRequest};
use crate::port_error::{PortError, port_errors};
use crate::secret::BearerSecret;
use crate::space::Space;
use crate::tenant::{TenantScope, WriteScope};
use crate::unit::Recorded;

/// Somebody is to be invited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invite {
    /// Who.
    pub email: Email,
    /// As what.
    pub role: Role,
}

/// Somebody was invited.
pub struct Invited {
    /// The invitation.
    pub invitation: Invitation,
    /// Where the token went that the invited person presents.
    pub token: Delivered,
}

/// Nobody was invited, or nothing was taken back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InviteError {
    /// The caller may not do it, or not any more.
    #[error(transparent)]
    Authorization(#[from] AuthorizationError),
    /// The caller may not hand out that role.
    #[error("only an owner may invite somebody as {0}")]
    RoleNotYours(Role),
    /// They are a member already. Whoever may invite may list the members, so that it tells them nothing.
    #[error("{0} is a member of this tenant already")]
    AlreadyMember(Email),
    /// There is no such invitation.
    #[error("there is no such invitation")]
    NotFound,
    /// The tenant has as many members and invitations as it may.
    #[error("the tenant has {0} members and open invitations, which is all it may have")]
    LimitReached(u64),
    /// Enough was sent to them, or by the tenant.
    #[error(transparent)]
    TooManyMails(#[from] TooManyMails),
    /// The token could not be sent, so that nobody is invited.
    #[error(transparent)]
    Mail(#[from] MailError),
    /// A port failed.
    #[error(transparent)]
    PortError(#[from] PortError),
}
port_errors!(InviteError);

impl Invitation {
    /// How long an invitation can be accepted.
    pub const LIFETIME: Duration = Duration::from_secs(7 * 24 * 60 * 60);
}

/// Invites somebody who is no member. Whether they have an account makes no difference to the answer. Where there is a mailer the
/// token is sent to them alone.
///
/// # Errors
/// When the caller may not manage members or hand out that role, they are a member already, the tenant is full, or a port
/// failed.
pub async fn invite(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    wanted: Invite,
) -> Result<Invited, InviteError> {
    let scope = principal.scope(Permission::ManageMembers)?;
    let giver = principal.member(Permission::ManageMembers)?;
    let token = BearerSecret::generate(&*context.entropy)?;
    let invitation = Invitation {
        id: InvitationId::generate(context.now, &*context.entropy)?,
        tenant: scope.tenant(),
        email: wanted.email,
        role: wanted.role,
        token: token.hash(),
        invited_by: giver.account,
        created_at: context.now,
        expires_at: context.now.plus(Invitation::LIFETIME),
    };
    let event = principal
        .event(context, Action::ConfigChange)?
        .on(ObjectKind::Invitation, invitation.id)
        .about(&invitation.email)
        .changing(Changes::from(ChangeCode::Created).with_role(invitation.role));
    let limit = principal.snapshot().tenant.limits.members;
    // The tenant's own members are looked through: to look for the account would take longer where there is one elsewhere.
    let is_member = principal.snapshot().has_member(&invitation.email);
    let now = space.clock.now();
    let mails = space.mails.as_ref().filter(|_| !is_member);
    let slot = mails.map(|mails| mails.reserve(scope.tenant(), &invitation.email, now)).transpose();
    let limited = slot.as_ref().err().copied();
    let authorization = principal.authorize(Permission::ManageMembers, now)?;
    let made: Result<Invitation, InviteError> = space
        .store
        .write(move |tx| {
            let scope = tx.authority(&authorization, &event)?;
            check_grant(&scope, invitation.role, &event, InviteError::RoleNotYours)?;
            if is_member {
                return Err(InviteError::AlreadyMember(invitation.email.clone()).into());
            }
            if tx.count_members_and_invitations(&scope)? >= limit {
                return Err(InviteError::LimitReached(limit).into());
            }
            if let Some(limited) = limited {
                return Err(InviteError::from(limited).into());
            }
            tx.add_invitation(&scope, &invitation)?;
            Ok(Recorded::new(invitation.clone(), event.clone()))
        })
        .await;
    let invitation = made?;
    let Invitation { role, expires_at, .. } = invitation;
    let message = Message::Invitation { tenant: principal.snapshot().tenant.name.clone(), role, expires_at };
    match deliver(slot?, message, token).await {
        Ok(token) => Ok(Invited { invitation, token }),
        Err(error) => {
            unsend(space, context, principal, invitation).await?;
            Err(error.into())
        }
    }
}

/// Takes an invitation back whose token nobody knows: it would only take the room of another.
async fn unsend(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    Invitation { id, tenant, role, .. }: Invitation,
) -> Result<(), InviteError> {
    let scope = TenantScope::of(tenant);
    let event = context.event(&scope, Action::ConfigChange, principal.actor())?;
    let removed = Changes::from(ChangeCode::Removed).with_role(role);
    let event = event.on(ObjectKind::Invitation, id).changing(removed);
    let removed = space.store.write(move |tx| {
        tx.remove_invitation(&WriteScope::of_system(&scope), id)?;
        Ok(Recorded::new((), event.clone()))
    });
    removed.await
}

/// The tenant's invitations. Their tokens are not among what is known.
///
/// # Errors
/// When the caller's role does not permit it, or a port failed.
pub async fn invitations(
    space: &Space,
    principal: &Principal,
    page: PageRequest<InvitationId>,
) -> Result<Page<Invitation, InvitationId>, InviteError> {
    space
        .read(principal, Permission::ManageMembers, move |view, scope| Ok(view.invitations(scope, page)?))
        .await
}

/// Takes an invitation back.
///
/// # Errors
/// When there is no such invitation, the caller may not end one of that role, or a port failed.
pub async fn withdraw_invitation(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    id: InvitationId,
) -> Result<(), InviteError> {
    principal.scope(Permission::ManageMembers)?;
    let event = principal.event(context, Action::ConfigChange)?.on(ObjectKind::Invitation, id);
    let authorization = principal.authorize(Permission::ManageMembers, space.clock.now())?;
    space
        .store
        .write(move |tx| {
            let scope = tx.authority(&authorization, &event)?;
            let invitation = tx.invitation(&scope, id)?.ok_or(InviteError::NotFound)?;
            check_grant(&scope, invitation.role, &event, InviteError::RoleNotYours)?;
            tx.remove_invitation(&scope, id)?;
            let removed = Changes::from(ChangeCode::Removed).with_role(invitation.role);
            Ok(Recorded::new((), event.clone().changing(removed)))
        })
        .await
}
