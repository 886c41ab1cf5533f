//! Changing and removing members.

use crate::access::{Permission, Role, may_grant};
use crate::approval::ports::ApprovalsOf;
use crate::approval::{Leftover, finish, remove_with};
use crate::audit::{Action, Event, EventSeed, ObjectKind, ReasonCode, RecordedReason, RequestContext};
use crate::expectation::{Change, ExpectationRefusal, Guard};
use crate::identity::{AccountStatus, AuthorizationError, Member, Principal};
use crate::ids::AccountId;
use crate::page::{Page, PageRequest};
use crate::port_error::{PortError, port_errors};
use crate::random::RandomError;
use crate::space::Space;
use crate::store::{StoreError, Tx, View};
use crate::tenant::{TenantScope, WriteScope};
use crate::unit::{Abort, Recorded, Refused, check_revision};

/// What is to become of a member; `None` leaves it as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ChangeMember {
    /// Its role.
    pub role: Option<Role>,
    /// Its status.
    pub status: Option<AccountStatus>,
    /// Only if this is still its revision.
    pub if_revision: Option<u64>,
}

impl ChangeMember {
    /// What of it may change who may query.
    fn decisive(&self, member: &Member) -> Change {
        let role = self.role.unwrap_or(member.role);
        let is_active = self.status.unwrap_or(member.status) == AccountStatus::Active;
        Change::Role { email: member.email.clone(), role: is_active.then_some(role) }
    }
}

/// A member was not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MemberError {
    /// The caller may not do it, or not any more.
    #[error(transparent)]
    Authorization(#[from] AuthorizationError),
    /// Only an Owner touches an Owner or Admin.
    #[error("only an owner may do this to, or with, the role {0}")]
    RoleNotYours(Role),
    /// There is no such member.
    #[error("there is no such member")]
    NotFound,
    /// Nobody has the address here, and the log knows of nobody who had.
    #[error("nobody of this address is a member here, or was one, as far as the log still knows")]
    NobodyKnown,
    /// The tenant would be left without an active Owner who can act: where a second factor is demanded of Owners, one who signs in by an
    /// identity provider alone can enrol none.
    #[error(
        "this is the tenant's last owner, or the last who can have the second factor that it demands; make another member owner \
         first"
    )]
    LastOwner,
    /// Nothing that may be evidence is erased while the tenant is held.
    #[error(
        "a legal hold stands here, and nothing is erased until an owner releases it; to leave without an erasure is possible"
    )]
    Held,
    /// It has been changed since.
    #[error("the member has been changed since; read it again")]
    Changed,
    /// An expectation of an endpoint would be broken.
    #[error(transparent)]
    Expectation(#[from] ExpectationRefusal),
    /// A port failed.
    #[error(transparent)]
    PortError(#[from] PortError),
}
port_errors!(MemberError);

/// The tenant's members.
///
/// # Errors
/// When the caller's role does not permit it, or a port failed.
pub async fn members(
    space: &Space,
    principal: &Principal,
    page: PageRequest<AccountId>,
) -> Result<Page<Member, AccountId>, MemberError> {
    space.read(principal, Permission::ReadMembers, move |view, scope| Ok(view.members(scope, page)?)).await
}

/// One member of the tenant.
///
/// # Errors
/// When there is none, the caller's role does not permit it, or a port failed.
pub async fn member(space: &Space, principal: &Principal, account: AccountId) -> Result<Member, MemberError> {
    let find = move |view: &mut dyn View, scope: &TenantScope| {
        view.member(scope, account)?.ok_or(MemberError::NotFound)
    };
    space.read(principal, Permission::ReadMembers, find).await
}

/// Changes a member's role or status.
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
    let event =
        principal.event(context, Action::PrivilegePermissionsChanged)?.on(ObjectKind::Member, account);
    let ended = Ended::draft(context, principal, account)?;
    // Where role and status are changed at once, each is told of.
    let EventSeed { id, salt } = EventSeed::generate(context.now, &*context.entropy)?;
    let of_status = Event { id, salt, ..event.clone() };
    let authorization = principal.authorize(Permission::ManageMembers, space.clock.now())?;
    let foresee = move |view: &mut dyn View, scope: &TenantScope| {
        Ok(view.member(scope, account)?.map(|member| change.decisive(&member)))
    };
    Guard::of(space, principal)
        .write(space, &scope, foresee, move |tx, guard| {
            let scope = tx.authority(&guard.renewed(&authorization), &event)?;
            let mut member = find(tx, &scope, account, change.if_revision, &event)?;
            let watch = guard.watch(tx, &scope, &change.decisive(&member))?;
            let before = member.clone();
            let role = change.role.unwrap_or(member.role);
            check_grant(&scope, role, &event, MemberError::RoleNotYours)?;
            let status = change.status.unwrap_or(member.status);
            member.role = role;
            let mut keys = 0;
            if status == AccountStatus::Disabled && member.is_active() {
                // No session and no API key of before ever comes back.
                tx.end_sessions(&scope, &mut member)?;
                keys = tx.remove_api_keys(&scope, account)?;
            }
            member.status = status;
            member.revision += 1;
            if is_active_owner(&before) && !is_active_owner(&member) {
                check_not_last_owner(tx, &scope, account, &event)?;
            }
            tx.update_member(&scope, &member)?;
            watch.check::<MemberError>(tx, &scope, &event)?;
            let RightsEnded { invitations, resets } = end_lost_rights(tx, &scope, &before, &member)?;
            let recorded = record_change(member, (before.role, before.status), &event, &of_status);
            Ok(ended.record(recorded, invitations, resets, keys))
        })
        .await
}

/// Removes a member: their account in the tenant.
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
    let event = principal.event(context, Action::UserDeleted)?.on(ObjectKind::Member, account);
    let ended = Ended::draft(context, principal, account)?;
    let authorization = principal.authorize(Permission::ManageMembers, space.clock.now())?;
    let removal = |member: &Member| Change::Role { email: member.email.clone(), role: None };
    let foresee = move |view: &mut dyn View, scope: &TenantScope| {
        Ok(view.member(scope, account)?.as_ref().map(removal))
    };
    let removed = Guard::of(space, principal).write(space, &scope, foresee, move |tx, guard| {
        let scope = tx.authority(&guard.renewed(&authorization), &event)?;
        let member = find(tx, &scope, account, if_revision, &event)?;
        let watch = guard.watch(tx, &scope, &removal(&member))?;
        let removed = end_account(tx, &scope, &member, &event, &ended)?;
        watch.check::<MemberError>(tx, &scope, &event)?;
        Ok(removed)
    });
    finish(space, &scope, removed.await?).await;
    Ok(())
}

/// Removes the caller's own account from its tenant. Nobody else's leave is asked, and no expectation keeps anybody here.
///
/// # Errors
/// When the caller has no account, or not any more, it is the last Owner's, or a port failed.
pub async fn leave(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
) -> Result<(), MemberError> {
    let scope = principal.scope(Permission::OwnAccount)?;
    let account = principal.member(Permission::OwnAccount)?.account;
    let event = principal.event(context, Action::UserDeleted)?.on(ObjectKind::Member, account);
    let ended = Ended::draft(context, principal, account)?;
    let authorization = principal.authorize(Permission::OwnAccount, space.clock.now())?;
    let removed = space.store.write(move |tx| {
        let scope = tx.authority(&authorization, &event)?;
        let member = tx.member(&scope, account)?.ok_or(MemberError::NotFound)?;
        end_account(tx, &scope, &member, &event, &ended)
    });
    finish(space, &scope, removed.await?).await;
    Ok(())
}

/// What ended with an account.
pub(crate) struct AccountEnded {
    pub(crate) keys: u64,
    pub(crate) invitations: u64,
    pub(crate) resets: u64,
    /// Of what it asked for approval.
    pub(crate) leftover: Option<Leftover>,
}

/// Removes an account as [`end_account_of`] does, and records it.
fn end_account(
    tx: &mut dyn Tx,
    scope: &WriteScope,
    member: &Member,
    event: &Event,
    ended: &Ended,
) -> Result<Recorded<Option<Leftover>>, Abort<MemberError>> {
    let AccountEnded { keys, invitations, resets, leftover } = end_account_of(tx, scope, member, event)?;
    Ok(ended.record(Recorded::new(leftover, event.clone()), invitations, resets, keys))
}

/// Removes an account, and what would bring it back or was made by its rights, and what it asked for approval. Answers of what it asked
/// more is left.
pub(crate) fn end_account_of(
    tx: &mut dyn Tx,
    scope: &WriteScope,
    member: &Member,
    event: &Event,
) -> Result<AccountEnded, Abort<MemberError>> {
    if is_active_owner(member) {
        check_not_last_owner(tx, scope, member.account, event)?;
    }
    Ok(end_account_whoever(tx, scope, member)?)
}

/// The same for whoever it is: the tenant may be left without an Owner.
pub(crate) fn end_account_whoever(
    tx: &mut dyn Tx,
    scope: &WriteScope,
    member: &Member,
) -> Result<AccountEnded, StoreError> {
    let keys = tx.remove_api_keys(scope, member.account)?;
    tx.remove_account(scope, member.account)?;
    let leftover = remove_with(tx, scope, ApprovalsOf::Caller(member.account.into()))?;
    let lost: Vec<Role> = grantable(member).collect();
    // One to their own address, which may have been made while they joined, would bring them back.
    let own = tx.remove_invitations_of(scope, &member.email)?;
    let invitations = end_invitations(tx, scope, member.account, &lost)?.saturating_add(own);
    let resets = end_resets(tx, scope, member.account, &lost)?;
    Ok(AccountEnded { keys, invitations, resets, leftover })
}

fn find(
    tx: &mut dyn Tx,
    scope: &WriteScope,
    account: AccountId,
    if_revision: Option<u64>,
    event: &Event,
) -> Result<Member, Abort<MemberError>> {
    let member = tx.member(scope, account)?.ok_or(MemberError::NotFound)?;
    check_grant(scope, member.role, event, MemberError::RoleNotYours)?;
    check_revision(if_revision, member.revision, MemberError::Changed)?;
    Ok(member)
}

/// Refuses, with an event, a role that is not the giver's to grant.
pub(super) fn check_grant<E>(
    giver: &WriteScope,
    role: Role,
    event: &Event,
    error: impl FnOnce(Role) -> E,
) -> Result<(), Refused<E>> {
    if giver.may_grant(role) {
        return Ok(());
    }
    Err(Refused::new(error(role), event.clone().denied(ReasonCode::RoleNotYours)))
}

/// Whether the tenant has an Owner who can act, once this account is none any more.
pub(super) fn stays_with_an_owner(
    tx: &mut dyn Tx,
    scope: &WriteScope,
    account: AccountId,
) -> Result<bool, StoreError> {
    let tenant = tx.tenant(scope)?;
    let is_demanded = tenant.is_some_and(|tenant| tenant.second_factor_roles.contains(&Role::Owner));
    Ok(tx.count_other_owners(scope, account, is_demanded)? > 0)
}

fn check_not_last_owner(
    tx: &mut dyn Tx,
    scope: &WriteScope,
    account: AccountId,
    event: &Event,
) -> Result<(), Abort<MemberError>> {
    if stays_with_an_owner(tx, scope, account)? {
        return Ok(());
    }
    Err(Refused::new(MemberError::LastOwner, event.clone().denied(ReasonCode::LastOwner)).into())
}

fn is_active_owner(member: &Member) -> bool {
    member.is_active() && member.role == Role::Owner
}

/// The roles that a member may invite somebody as.
fn grantable(member: &Member) -> impl Iterator<Item = Role> + use<> {
    let (active, giver) = (member.is_active(), member.role);
    Role::ALL.into_iter().filter(move |given| active && may_grant(giver, *given))
}

/// Ends the invitations that a member has made, and could not make any more for want of the right to grant these roles.
/// Answers how many. Whoever loses no right has none to end, and nothing is asked of the store.
fn end_invitations(
    tx: &mut dyn Tx,
    scope: &WriteScope,
    inviter: AccountId,
    lost: &[Role],
) -> Result<u64, StoreError> {
    if lost.is_empty() { Ok(0) } else { tx.remove_invitations_by(scope, inviter, lost) }
}

/// Ends the resets of passwords that a member has made, whoever they are for: who lost any right makes them anew, within the hour
/// that they live. Answers how many.
fn end_resets(
    tx: &mut dyn Tx,
    scope: &WriteScope,
    maker: AccountId,
    lost: &[Role],
) -> Result<u64, StoreError> {
    if lost.is_empty() { Ok(0) } else { tx.remove_password_resets_by(scope, maker) }
}

/// How much ended with rights that a member has lost.
pub(super) struct RightsEnded {
    pub(super) invitations: u64,
    pub(super) resets: u64,
}

/// Ends what a member who has another role or status has made, and could not make any more; and a reset of their own password.
pub(super) fn end_lost_rights(
    tx: &mut dyn Tx,
    scope: &WriteScope,
    before: &Member,
    after: &Member,
) -> Result<RightsEnded, StoreError> {
    let kept: Vec<Role> = grantable(after).collect();
    let lost: Vec<Role> = grantable(before).filter(|given| !kept.contains(given)).collect();
    let invitations = end_invitations(tx, scope, after.account, &lost)?;
    // What it was made for is another member now, and was never looked at as such by whoever made it.
    let is_same = (before.role, before.status) == (after.role, after.status);
    let own = !is_same && tx.remove_password_reset(scope, after.account)?;
    let resets = end_resets(tx, scope, after.account, &lost)?.saturating_add(own.into());
    Ok(RightsEnded { invitations, resets })
}

/// The events of what ended with an account, or with a right of it.
pub(crate) struct Ended {
    invitations: Event,
    resets: Event,
    keys: Event,
}

impl Ended {
    pub(crate) fn draft(
        context: &RequestContext,
        principal: &Principal,
        account: AccountId,
    ) -> Result<Self, RandomError> {
        let draft = |action, reason_code: ReasonCode| {
            let event = principal.event(context, action)?.on(ObjectKind::Member, account);
            Ok::<_, RandomError>(Event { reason_code: Some(reason_code.into()), ..event })
        };
        Ok(Self {
            invitations: draft(Action::ConfigChange, ReasonCode::InvitationsEnded)?,
            resets: draft(Action::ConfigChange, ReasonCode::ResetsEnded)?,
            keys: keys_ended(principal.event(context, Action::AuthnTokenRevoked)?, account),
        })
    }

    /// Records that so many invitations, resets and API keys ended too, if any did.
    pub(crate) fn record<T>(
        &self,
        recorded: Recorded<T>,
        invitations: u64,
        resets: u64,
        keys: u64,
    ) -> Recorded<T> {
        let recorded = with_ended(recorded, &self.invitations, invitations);
        with_ended(with_ended(recorded, &self.resets, resets), &self.keys, keys)
    }
}

/// Records of a member what was changed: its role, its status, both in an event each; or nothing.
fn record_change(
    member: Member,
    (role_before, status_before): (Role, AccountStatus),
    event: &Event,
    of_status: &Event,
) -> Recorded<Member> {
    let (role, status) = (member.role, member.status);
    let of_role = (role != role_before).then(|| RecordedReason::role_changed(role_before, role));
    let status_changed = (status != status_before).then_some(match status {
        AccountStatus::Active => ReasonCode::MemberEnabled.into(),
        AccountStatus::Disabled => ReasonCode::MemberDisabled.into(),
    });
    let with = |event: &Event, reason_code| Event { reason_code, ..event.clone() };
    match (of_role, status_changed) {
        (of_role @ Some(_), status @ Some(_)) => {
            Recorded::new(member, with(event, of_role)).and(with(of_status, status))
        }
        (of_role, status) => Recorded::new(member, with(event, of_role.or(status))),
    }
}

/// The event, of a drafted one, that API keys ended with what was done to their holder's account.
pub(crate) fn keys_ended(event: Event, account: AccountId) -> Event {
    let event = event.on(ObjectKind::Member, account);
    Event { reason_code: Some(ReasonCode::KeysEnded.into()), ..event }
}

/// Records that so many of something ended too, if any did.
pub(crate) fn with_ended<T>(recorded: Recorded<T>, ended: &Event, count: u64) -> Recorded<T> {
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    if count == 0 { recorded } else { recorded.and(Event { count, ..ended.clone() }) }
}
