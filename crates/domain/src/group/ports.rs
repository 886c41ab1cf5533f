//! The ports of groups.

use crate::group::{Group, GroupMember, GroupName};
use crate::identity::Email;
use crate::ids::{GroupId, PolicyId};
use crate::page::{Page, PageRequest};
use crate::store::StoreError;
use crate::tenant::{TenantScope, WriteScope};
use crate::time::Timestamp;

/// What the groups of a tenant take up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GroupUsage {
    /// How many groups there are.
    pub groups: u64,
    /// How many addresses their rows say that they have together.
    pub members: u64,
}

/// Reads groups.
pub trait GroupView {
    /// One group of the tenant.
    fn group(&mut self, scope: &TenantScope, id: GroupId) -> Result<Option<Group>, StoreError>;
    /// The tenant's group of this name.
    fn group_named(&mut self, scope: &TenantScope, name: &GroupName) -> Result<Option<Group>, StoreError>;
    /// The tenant's groups, in the order of their ids.
    fn groups(
        &mut self,
        scope: &TenantScope,
        page: PageRequest<GroupId>,
    ) -> Result<Page<Group, GroupId>, StoreError>;
    /// What all groups of the tenant take up.
    fn group_usage(&mut self, scope: &TenantScope) -> Result<GroupUsage, StoreError>;
    /// The addresses in a group, in the order of their bytes.
    fn group_members(
        &mut self,
        scope: &TenantScope,
        group: GroupId,
        page: PageRequest<Email>,
    ) -> Result<Page<GroupMember, Email>, StoreError>;
    /// Whether an address is in a group.
    fn has_group_member(
        &mut self,
        scope: &TenantScope,
        group: GroupId,
        email: &Email,
    ) -> Result<bool, StoreError>;
    /// All addresses in a group as they are stored, in any order: whether each is one is for the caller to see.
    fn stored_group_members(
        &mut self,
        scope: &TenantScope,
        group: GroupId,
    ) -> Result<Vec<String>, StoreError>;
    /// The policies that name a group, by their ids, each with its name for people.
    fn policies_of_group(
        &mut self,
        scope: &TenantScope,
        group: GroupId,
    ) -> Result<Vec<(PolicyId, String)>, StoreError>;
}

/// Writes groups. Each method changes them in the tenant's snapshot.
pub trait GroupRows: GroupView {
    /// Adds a group, which nobody is in yet. Its id and name are new in the tenant, else [`StoreError::Conflict`].
    fn add_group(&mut self, scope: &WriteScope, group: &Group) -> Result<(), StoreError>;
    /// Replaces a group's description, number of members, revision and `updated_at`.
    fn update_group(&mut self, scope: &WriteScope, group: &Group) -> Result<(), StoreError>;
    /// Removes a group, with all addresses in it. `false` when there is none; [`StoreError::Conflict`] while a policy names it.
    fn remove_group(&mut self, scope: &WriteScope, id: GroupId) -> Result<bool, StoreError>;
    /// Puts addresses, each of them once, into a group that there is, else [`StoreError::Conflict`]. What is in it already stays as it
    /// is. Answers how many were not.
    fn add_group_members(
        &mut self,
        scope: &WriteScope,
        group: GroupId,
        emails: &[Email],
        added_at: Timestamp,
    ) -> Result<u64, StoreError>;
    /// Takes addresses out of a group. Answers how many were in it.
    fn remove_group_members(
        &mut self,
        scope: &WriteScope,
        group: GroupId,
        emails: &[Email],
    ) -> Result<u64, StoreError>;
    /// Makes these the groups that a policy names, each of them once. Both the policy and each group exist, else
    /// [`StoreError::Conflict`]. A policy that is removed names none any more.
    fn set_groups_of_policy(
        &mut self,
        scope: &WriteScope,
        policy: PolicyId,
        groups: &[GroupId],
    ) -> Result<(), StoreError>;
}
