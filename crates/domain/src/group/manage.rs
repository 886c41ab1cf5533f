//! Making, changing, reading and removing groups.

use crate::access::Permission;
use crate::audit::{Action, ChangeCode, Changes, ObjectKind, RequestContext};
use crate::group::{Group, GroupError, GroupName, MAX_GROUPS_PER_TENANT};
use crate::identity::Principal;
use crate::ids::GroupId;
use crate::page::{Page, PageRequest};
use crate::space::Space;
use crate::store::{Tx, View};
use crate::tenant::{TenantScope, WriteScope};
use crate::text::Line;
use crate::unit::{Recorded, check_revision};

/// A group is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewGroup {
    /// Its name.
    pub name: GroupName,
    /// What it is for.
    pub description: Line,
}

/// A group is to be changed; `None` leaves a part as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChangeGroup {
    /// What it is for.
    pub description: Option<Line>,
    /// Only if this is still its revision.
    pub if_revision: Option<u64>,
}

/// Makes a group, which nobody is in yet.
///
/// # Errors
/// When the name is taken or the tenant is full, the caller's role does not permit it, or a port failed.
pub async fn create_group(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    wanted: NewGroup,
) -> Result<Group, GroupError> {
    principal.scope(Permission::WritePolicies)?;
    let group = Group {
        id: GroupId::generate(context.now, &*context.entropy)?,
        name: wanted.name,
        description: wanted.description.into(),
        members: 0,
        revision: 1,
        created_at: context.now,
        updated_at: context.now,
    };
    let event = principal.event(context, Action::ConfigChange)?.on(ObjectKind::Group, group.id);
    let event = event.changing(ChangeCode::Created);
    let authorization = principal.authorize(Permission::WritePolicies, space.clock.now())?;
    space
        .store
        .write(move |tx| {
            let scope = tx.authority(&authorization, &event)?;
            if tx.group_named(&scope, &group.name)?.is_some() {
                return Err(GroupError::NameTaken.into());
            }
            if tx.group_usage(&scope)?.groups >= MAX_GROUPS_PER_TENANT {
                return Err(GroupError::LimitReached.into());
            }
            tx.add_group(&scope, &group)?;
            Ok(Recorded::new(group.clone(), event.clone()))
        })
        .await
}

/// Changes what is said of a group. Its name stays: policies have it.
///
/// # Errors
/// When there is no such group or it has been changed since, the caller's role does not permit it, or a port failed.
pub async fn change_group(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    name: GroupName,
    change: ChangeGroup,
) -> Result<Group, GroupError> {
    principal.scope(Permission::WritePolicies)?;
    let event = principal.event(context, Action::ConfigChange)?;
    let authorization = principal.authorize(Permission::WritePolicies, space.clock.now())?;
    let now = context.now;
    space
        .store
        .write(move |tx| {
            let scope = tx.authority(&authorization, &event)?;
            let mut group = named(tx, &scope, &name)?;
            check_revision(change.if_revision, group.revision, GroupError::Changed)?;
            let mut changes = Changes::default();
            if let Some(description) = &change.description {
                let new = description.clone().into();
                changes.replace(ChangeCode::ChangedDescription, &mut group.description, new);
            }
            group.revision += 1;
            group.updated_at = now;
            tx.update_group(&scope, &group)?;
            let event = event.clone().on(ObjectKind::Group, group.id).changing(changes);
            Ok(Recorded::new(group, event))
        })
        .await
}

/// Removes a group that no policy names, with all addresses in it.
///
/// # Errors
/// When there is no such group, it has been changed since or policies name it, the caller's role does not permit it, or a port
/// failed.
pub async fn remove_group(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    name: GroupName,
    if_revision: Option<u64>,
) -> Result<(), GroupError> {
    principal.scope(Permission::WritePolicies)?;
    let event = principal.event(context, Action::ConfigChange)?;
    let authorization = principal.authorize(Permission::WritePolicies, space.clock.now())?;
    space
        .store
        .write(move |tx| {
            let scope = tx.authority(&authorization, &event)?;
            let group = named(tx, &scope, &name)?;
            check_revision(if_revision, group.revision, GroupError::Changed)?;
            let policies = tx.policies_of_group(&scope, group.id)?;
            if !policies.is_empty() {
                return Err(GroupError::InUse(policies).into());
            }
            tx.remove_group(&scope, group.id)?;
            let event = event.clone().on(ObjectKind::Group, group.id).changing(ChangeCode::Removed);
            Ok(Recorded::new((), event))
        })
        .await
}

/// The group of a name, in a unit of work.
pub(super) fn named(tx: &mut dyn Tx, scope: &WriteScope, name: &GroupName) -> Result<Group, GroupError> {
    tx.group_named(scope, name)?.ok_or(GroupError::NotFound)
}

/// One group.
///
/// # Errors
/// When there is none, the caller's role does not permit it, or a port failed.
pub async fn group(space: &Space, principal: &Principal, name: GroupName) -> Result<Group, GroupError> {
    let find = move |view: &mut dyn View, scope: &TenantScope| {
        view.group_named(scope, &name)?.ok_or(GroupError::NotFound)
    };
    space.read(principal, Permission::ReadMetadata, find).await
}

/// The tenant's groups.
///
/// # Errors
/// When the caller's role does not permit it, or a port failed.
pub async fn groups(
    space: &Space,
    principal: &Principal,
    page: PageRequest<GroupId>,
) -> Result<Page<Group, GroupId>, GroupError> {
    space.read(principal, Permission::ReadMetadata, move |view, scope| Ok(view.groups(scope, page)?)).await
}
