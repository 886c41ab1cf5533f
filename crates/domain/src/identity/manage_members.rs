//! Changing and ending memberships.

use crate::access::{Permission, Role, may_grant};
use crate::audit::{Action, Event, ObjectKind, RequestContext};
use crate::identity::{AccountStatus, Forbidden, Member, Principal};
use crate::ids::AccountId;
use crate::page::{Page, PageRequest};
use crate::port_error::{PortError, port_errors};
use crate::space::Space;
use crate::store::Tx;
use crate::tenant::TenantScope;
use crate::unit::{Abort, Recorded, Refused, check_revision};

/// What is to become of a membership; `None` leaves it as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ChangeMember {
    /// Its role.
    pub role: Option<Role>,
    /// Its status.
    pub status: Option<AccountStatus>,
    /// Only if this is still its revision.
    pub if_revision: Option<u64>,
}

/// A membership was not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MemberError {
    /// The caller's role does not permit it.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// Only an Owner touches an Owner or Admin.
    #[error("only an owner may do this to, or with, the role {0}")]
    RoleNotYours(Role),
    /// There is no such member.
    #[error("there is no such member")]
    NotFound,
    /// The tenant would be left without an active Owner.
    #[error("this is the tenant's last owner; make another member owner first")]
    LastOwner,
    /// It has been changed since.
    #[error("the member has been changed since; read it again")]
    Changed,
    /// A port failed.
    #[error(transparent)]
    PortError(#[from] PortError),
}
port_errors!(MemberError);

/// The tenant's members.
///
/// # Errors
/// When the caller's role does not permit it, or a port failed.
pub fn members(
    space: &Space,
    principal: &Principal,
    page: PageRequest<AccountId>,
) -> Result<Page<Member, AccountId>, MemberError> {
    let scope = principal.scope(Permission::ReadMembers)?;
    Ok(space.store.read()?.members(&scope, page)?)
}

/// One member of the tenant.
///
/// # Errors
/// When there is none, the caller's role does not permit it, or a port failed.
pub fn member(space: &Space, principal: &Principal, account: AccountId) -> Result<Member, MemberError> {
    let scope = principal.scope(Permission::ReadMembers)?;
    space.store.read()?.member(&scope, account)?.ok_or(MemberError::NotFound)
}

/// Changes a membership. The account itself is never touched.
///
/// # Errors
/// When there is no such member or it has been changed since, the caller may not touch or give that role, the last Owner
/// would go, or a port failed.
pub async fn change_member(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    account: AccountId,
    change: ChangeMember,
) -> Result<Member, MemberError> {
    let scope = principal.scope(Permission::ManageMembers)?;
    let event = context
        .event(&scope, Action::PrivilegePermissionsChanged, principal.actor())?
        .on(ObjectKind::Member, account);
    let (giver, now) = (principal.member(Permission::ManageMembers)?.role, context.now);
    space
        .store
        .write(move |tx| {
            let mut member = find(tx, &scope, account, giver, change.if_revision, &event)?;
            let was_owner = is_active_owner(&member);
            let role = change.role.unwrap_or(member.membership.role);
            check_grant(giver, role, &event, MemberError::RoleNotYours)?;
            let status = change.status.unwrap_or(member.membership.status);
            member.membership.role = role;
            member.membership = member.membership.with_status(status, now);
            member.membership.revision += 1;
            if was_owner && !is_active_owner(&member) {
                check_not_last_owner(tx, &scope, &event)?;
            }
            tx.update_membership(&scope, &member.membership)?;
            Ok(Recorded::new(member, event.clone()))
        })
        .await
}

/// Ends a membership. The account stays: it belongs to the person.
///
/// # Errors
/// When there is no such member or it has been changed since, the caller may not touch that role, the last Owner would
/// go, or a port failed.
pub async fn remove_member(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    account: AccountId,
    if_revision: Option<u64>,
) -> Result<(), MemberError> {
    let scope = principal.scope(Permission::ManageMembers)?;
    let event =
        context.event(&scope, Action::UserDeleted, principal.actor())?.on(ObjectKind::Member, account);
    let giver = principal.member(Permission::ManageMembers)?.role;
    space
        .store
        .write(move |tx| {
            let member = find(tx, &scope, account, giver, if_revision, &event)?;
            if is_active_owner(&member) {
                check_not_last_owner(tx, &scope, &event)?;
            }
            tx.remove_membership(&scope, account)?;
            Ok(Recorded::new((), event.clone()))
        })
        .await
}

fn find(
    tx: &mut dyn Tx,
    scope: &TenantScope,
    account: AccountId,
    giver: Role,
    if_revision: Option<u64>,
    event: &Event,
) -> Result<Member, Abort<MemberError>> {
    let member = tx.member(scope, account)?.ok_or(MemberError::NotFound)?;
    check_grant(giver, member.membership.role, event, MemberError::RoleNotYours)?;
    check_revision(if_revision, member.membership.revision, MemberError::Changed)?;
    Ok(member)
}

/// Refuses, with an event, a role that is not the giver's to grant.
pub(super) fn check_grant<E>(
    giver: Role,
    role: Role,
    event: &Event,
    error: impl FnOnce(Role) -> E,
) -> Result<(), Refused<E>> {
    if may_grant(giver, role) {
        return Ok(());
    }
    Err(Refused::new(error(role), event.clone().denied("role_not_yours")))
}

fn check_not_last_owner(
    tx: &mut dyn Tx,
    scope: &TenantScope,
    event: &Event,
) -> Result<(), Abort<MemberError>> {
    if tx.count_active(scope, Role::Owner)? > 1 {
        return Ok(());
    }
    Err(Refused::new(MemberError::LastOwner, event.clone().denied("last_owner")).into())
}

fn is_active_owner(member: &Member) -> bool {
    let active = [member.membership.status, member.account_status] == [AccountStatus::Active; 2];
    active && member.membership.role == Role::Owner
}
