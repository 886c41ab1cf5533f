//! Putting addresses into groups, taking them out, and reading who is in one.

use crate::access::Permission;
use crate::audit::{Action, ChangeCode, Changes, Event, ObjectKind, RequestContext};
use crate::expectation::{Change, Guard};
use crate::group::manage::named;
use crate::group::{
    Group, GroupError, GroupMember, GroupName, MAX_MEMBERS, MAX_MEMBERS_AT_ONCE, MAX_MEMBERS_PER_TENANT,
};
use crate::identity::{Email, Principal};
use crate::page::{Page, PageRequest};
use crate::space::Space;
use crate::store::{StoreError, Tx, View};
use crate::tenant::{TenantScope, WriteScope};
use crate::time::Timestamp;
use crate::unit::Recorded;

/// What became of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MembersChanged {
    /// The group as it is now.
    pub group: Group,
    /// How many addresses were put into it, or taken out: those that were not, or were, in it before.
    pub changed: u64,
}

/// Puts addresses into a group. It acts on the very next query. Those that are in it already stay as they are.
///
/// # Errors
/// When there is no such group, there are no addresses or too many at once, the group or the tenant's groups would hold too many, the
/// caller's role does not permit it, or a port failed.
pub async fn add_members(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    name: GroupName,
    emails: Vec<Email>,
) -> Result<MembersChanged, GroupError> {
    let added_at = context.now;
    let add = move |tx: &mut dyn Tx, scope: &WriteScope, group: &mut Group, emails: &[Email]| {
        let added = tx.add_group_members(scope, group.id, emails, added_at)?;
        group.members += added;
        if added > 0 && group.members > MAX_MEMBERS {
            return Err(GroupError::MemberLimitReached(group.members));
        }
        let usage = tx.group_usage(scope)?.members.saturating_add(added);
        if added > 0 && usage > MAX_MEMBERS_PER_TENANT {
            return Err(GroupError::TenantLimitReached(usage));
        }
        Ok(added)
    };
    change_members(space, context, principal, name, emails, ChangeCode::MembersAdded, add).await
}

/// Takes addresses out of a group. It acts on the very next query, also on one that waits.
///
/// # Errors
/// When there is no such group, there are no addresses or too many at once, the caller's role does not permit it, or a port failed.
pub async fn remove_members(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    name: GroupName,
    emails: Vec<Email>,
) -> Result<MembersChanged, GroupError> {
    let remove = |tx: &mut dyn Tx, scope: &WriteScope, group: &mut Group, emails: &[Email]| {
        let removed = tx.remove_group_members(scope, group.id, emails)?;
        group.members = group.members.saturating_sub(removed);
        Ok(removed)
    };
    change_members(space, context, principal, name, emails, ChangeCode::MembersRemoved, remove).await
}

async fn change_members<F>(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    name: GroupName,
    mut emails: Vec<Email>,
    code: ChangeCode,
    change: F,
) -> Result<MembersChanged, GroupError>
where
    F: Fn(&mut dyn Tx, &WriteScope, &mut Group, &[Email]) -> Result<u64, GroupError> + Send + 'static,
{
    let scope = principal.scope(Permission::WritePolicies)?;
    emails.sort_unstable();
    emails.dedup();
    if emails.is_empty() || emails.len() > MAX_MEMBERS_AT_ONCE {
        return Err(GroupError::Count);
    }
    let event = principal.event(context, Action::ConfigChange)?;
    let authorization = principal.authorize(Permission::WritePolicies, space.clock.now())?;
    let now = context.now;
    let foresee = {
        let (name, emails) = (name.clone(), emails.clone());
        move |view: &mut dyn View, scope: &TenantScope| {
            Ok(view.group_named(scope, &name)?.map(|group| membership(&group, &emails, code)))
        }
    };
    Guard::of(space, principal)
        .write(space, &scope, foresee, move |tx, guard| {
            let scope = tx.authority(&guard.renewed(&authorization), &event)?;
            let mut group = named(tx, &scope, &name)?;
            let watch = guard.watch(tx, &scope, &membership(&group, &emails, code))?;
            let changed = change(tx, &scope, &mut group, &emails)?;
            note(tx, &scope, &mut group, changed, now)?;
            let refused = event.clone().on(ObjectKind::Group, group.id);
            watch.check::<GroupError>(tx, &scope, &refused)?;
            let event = of_change(event.clone(), &group, code, changed);
            Ok(Recorded::new(MembersChanged { group, changed }, event))
        })
        .await
}

/// What becomes of who is in a group.
fn membership(group: &Group, emails: &[Email], code: ChangeCode) -> Change {
    let are_in = code == ChangeCode::MembersAdded;
    Change::Members { group: group.id, emails: emails.to_vec(), are_in }
}

/// Counts the change, where there is one: what is as it was keeps its revision.
fn note(
    tx: &mut dyn Tx,
    scope: &WriteScope,
    group: &mut Group,
    changed: u64,
    now: Timestamp,
) -> Result<(), StoreError> {
    if changed == 0 {
        return Ok(());
    }
    group.revision += 1;
    group.updated_at = now;
    tx.update_group(scope, group)
}

/// The event of a change: how many addresses, and none of them.
fn of_change(event: Event, group: &Group, code: ChangeCode, changed: u64) -> Event {
    let event = event.on(ObjectKind::Group, group.id);
    if changed == 0 { event } else { event.changing(Changes::default().with_count(code, changed)) }
}

/// The addresses in a group.
///
/// # Errors
/// When there is no such group, the caller's role does not permit it, or a port failed.
pub async fn members(
    space: &Space,
    principal: &Principal,
    name: GroupName,
    page: PageRequest<Email>,
) -> Result<Page<GroupMember, Email>, GroupError> {
    space
        .read(principal, Permission::ReadMetadata, move |view, scope| {
            let group = view.group_named(scope, &name)?.ok_or(GroupError::NotFound)?;
            Ok(view.group_members(scope, group.id, page)?)
        })
        .await
}
