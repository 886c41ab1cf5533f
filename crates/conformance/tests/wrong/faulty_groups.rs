//! The groups of a wrapper of a view or a transaction, in which one method is faulty.

use std::ops::DerefMut;

use syft_space_conformance::sample;
use syft_space_domain::group::ports::{GroupRows, GroupUsage, GroupView};
use syft_space_domain::group::{Group, GroupMember, GroupName};
use syft_space_domain::identity::Email;
use syft_space_domain::ids::{GroupId, PolicyId};
use syft_space_domain::page::{Page, PageRequest};
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::{TenantScope, WriteScope};
use syft_space_domain::time::Timestamp;

use crate::faulty_view::{FaultyView, delegated, scoped};
use crate::merge::Merge;
use crate::store::Fault;

impl Merge for GroupUsage {
    fn is_complete(&self) -> bool {
        false
    }
    fn merge(&mut self, other: Self) {
        self.groups += other.groups;
        self.members += other.members;
    }
}

impl<P: DerefMut> GroupView for FaultyView<P>
where
    P::Target: GroupView,
{
    fn group_members(
        &mut self,
        scope: &TenantScope,
        group: GroupId,
        page: PageRequest<Email>,
    ) -> Result<Page<GroupMember, Email>, StoreError> {
        let mut found = self.inner.group_members(scope, group, page.clone())?;
        if self.fault == Fault::IgnoresTenantIn("group_members") {
            for other in [1, 2, 3].map(sample::scope).iter().filter(|other| *other != scope) {
                found.merge(self.inner.group_members(other, group, page.clone())?);
            }
        }
        Ok(found)
    }
    scoped! { TenantScope, sample::scope;
        group(id: GroupId) -> Option<Group>;
        group_named(name: &GroupName) -> Option<Group>;
        groups(page: PageRequest<GroupId>) -> Page<Group, GroupId>;
        group_usage() -> GroupUsage;
        has_group_member(group: GroupId, email: &Email) -> bool;
        stored_group_members(group: GroupId) -> Vec<String>;
        policies_of_group(group: GroupId) -> Vec<(PolicyId, String)>;
    }
}

impl<P: DerefMut> GroupRows for FaultyView<P>
where
    P::Target: GroupRows,
{
    delegated! {
        add_group(scope: &WriteScope, group: &Group) -> ();
        add_group_members(scope: &WriteScope, group: GroupId, emails: &[Email], added_at: Timestamp) -> u64;
    }
    scoped! { WriteScope, sample::write_scope;
        update_group(group: &Group) -> ();
        remove_group(id: GroupId) -> bool;
        remove_group_members(group: GroupId, emails: &[Email]) -> u64;
        set_groups_of_policy(policy: PolicyId, groups: &[GroupId]) -> ();
    }
}
