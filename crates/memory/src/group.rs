//! `GroupView` and `GroupRows` of a transaction.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::ops::Bound;

use syft_space_domain::group::ports::{GroupRows, GroupUsage, GroupView};
use syft_space_domain::group::{Group, GroupMember, GroupName};
use syft_space_domain::identity::Email;
use syft_space_domain::ids::{GroupId, PolicyId};
use syft_space_domain::page::{Page, PageRequest};
use syft_space_domain::store::{StateChange, StoreError};
use syft_space_domain::tenant::{TenantScope, WriteScope};
use syft_space_domain::time::Timestamp;

use crate::transaction::{Transaction, check_key};

impl GroupView for Transaction {
    fn group(&mut self, scope: &TenantScope, id: GroupId) -> Result<Option<Group>, StoreError> {
        Ok(self.tables.groups.get(scope, id).cloned())
    }

    fn group_named(&mut self, scope: &TenantScope, name: &GroupName) -> Result<Option<Group>, StoreError> {
        let mut groups = self.tables.groups.rows(scope);
        Ok(groups.find(|(_, group)| group.name == *name).map(|(_, group)| group.clone()))
    }

    fn groups(
        &mut self,
        scope: &TenantScope,
        page: PageRequest<GroupId>,
    ) -> Result<Page<Group, GroupId>, StoreError> {
        Ok(self.tables.groups.page(scope, page, |_, _| true))
    }

    fn group_usage(&mut self, scope: &TenantScope) -> Result<GroupUsage, StoreError> {
        let groups = self.tables.groups.count(scope);
        let members = self.tables.groups.rows(scope).map(|(_, group)| group.members).sum();
        Ok(GroupUsage { groups, members })
    }

    fn group_members(
        &mut self,
        scope: &TenantScope,
        group: GroupId,
        page: PageRequest<Email>,
    ) -> Result<Page<GroupMember, Email>, StoreError> {
        let start = page.after.map_or(Bound::Unbounded, |after| Bound::Excluded(after.0));
        let members = self.tables.group_members.get(scope, group).into_iter();
        let members = members.flat_map(|members| members.range((start.clone(), Bound::Unbounded)));
        let Ok(page) = Page::read(members, page.limit, |(email, added_at)| {
            let member = GroupMember { email: email.clone(), added_at: *added_at };
            Ok::<_, Infallible>((email.clone(), member))
        });
        Ok(page)
    }

    fn has_group_member(
        &mut self,
        scope: &TenantScope,
        group: GroupId,
        email: &Email,
    ) -> Result<bool, StoreError> {
        let members = self.tables.group_members.get(scope, group);
        Ok(members.is_some_and(|members| members.contains_key(email)))
    }

    fn stored_group_members(
        &mut self,
        scope: &TenantScope,
        group: GroupId,
    ) -> Result<Vec<String>, StoreError> {
        let members = self.tables.group_members.get(scope, group).into_iter().flatten();
        Ok(members.map(|(email, _)| email.as_str().to_owned()).collect())
    }

    fn policies_of_group(
        &mut self,
        scope: &TenantScope,
        group: GroupId,
    ) -> Result<Vec<(PolicyId, String)>, StoreError> {
        let named = self.tables.groups_of_policies.rows(scope).filter(|(_, groups)| groups.contains(&group));
        let policy =
            |(id, _)| self.tables.policies.get(scope, id).map(|policy: &_| (id, policy.name.clone()));
        Ok(named.filter_map(policy).collect())
    }
}

impl GroupRows for Transaction {
    fn add_group(&mut self, scope: &WriteScope, group: &Group) -> Result<(), StoreError> {
        self.check_tenant_exists(scope)?;
        let id_is_free = !self.tables.groups.contains(scope, group.id);
        check_key(id_is_free, || format!("there is a group {} already", group.id))?;
        let name_is_free = self.group_named(scope, &group.name)?.is_none();
        check_key(name_is_free, || format!("there is a group {:?} already", group.name.as_str()))?;
        self.tables.groups.insert(scope, group.id, group.clone());
        self.changes.insert(StateChange::Group(scope.tenant(), group.id));
        Ok(())
    }

    fn update_group(&mut self, scope: &WriteScope, group: &Group) -> Result<(), StoreError> {
        if let Some(row) = self.tables.groups.get_mut(scope, group.id) {
            *row = Group { name: row.name.clone(), created_at: row.created_at, ..group.clone() };
            self.changes.insert(StateChange::Group(scope.tenant(), group.id));
        }
        Ok(())
    }

    fn remove_group(&mut self, scope: &WriteScope, id: GroupId) -> Result<bool, StoreError> {
        let free = !self.tables.groups_of_policies.rows(scope).any(|(_, groups)| groups.contains(&id));
        check_key(free, || format!("a policy names group {id}"))?;
        let removed = self.tables.groups.remove(scope, id);
        if removed {
            self.tables.group_members.remove(scope, id);
            self.changes.insert(StateChange::Group(scope.tenant(), id));
        }
        Ok(removed)
    }

    fn add_group_members(
        &mut self,
        scope: &WriteScope,
        group: GroupId,
        emails: &[Email],
        added_at: Timestamp,
    ) -> Result<u64, StoreError> {
        if emails.is_empty() {
            return Ok(0);
        }
        check_key(self.tables.groups.contains(scope, group), || format!("there is no group {group}"))?;
        let mut members = self.tables.group_members.get(scope, group).cloned().unwrap_or_default();
        let before = members.len();
        for email in emails {
            members.entry(email.clone()).or_insert(added_at);
        }
        let added = members.len().saturating_sub(before);
        self.tables.group_members.insert(scope, group, members);
        self.record_members(scope, group, emails);
        Ok(u64::try_from(added).unwrap_or(u64::MAX))
    }

    fn remove_group_members(
        &mut self,
        scope: &WriteScope,
        group: GroupId,
        emails: &[Email],
    ) -> Result<u64, StoreError> {
        let Some(members) = self.tables.group_members.get_mut(scope, group) else { return Ok(0) };
        let removed = emails.iter().filter(|email| members.remove(email).is_some()).count();
        if removed > 0 {
            self.record_members(scope, group, emails);
        }
        Ok(u64::try_from(removed).unwrap_or(u64::MAX))
    }

    fn set_groups_of_policy(
        &mut self,
        scope: &WriteScope,
        policy: PolicyId,
        groups: &[GroupId],
    ) -> Result<(), StoreError> {
        if groups.is_empty() {
            self.tables.groups_of_policies.remove(scope, policy);
            return Ok(());
        }
        check_key(self.tables.policies.contains(scope, policy), || format!("there is no policy {policy}"))?;
        for id in groups {
            check_key(self.tables.groups.contains(scope, *id), || format!("there is no group {id}"))?;
        }
        let once = groups.iter().collect::<BTreeSet<_>>().len() == groups.len();
        check_key(once, || "a policy names a group once only")?;
        self.tables.groups_of_policies.insert(scope, policy, groups.to_vec());
        Ok(())
    }
}

impl Transaction {
    fn record_members(&mut self, scope: &WriteScope, group: GroupId, emails: &[Email]) {
        let change = |email: &Email| StateChange::GroupMember(scope.tenant(), group, email.clone());
        self.changes.extend(emails.iter().map(change));
    }
}
