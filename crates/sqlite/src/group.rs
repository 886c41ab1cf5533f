//! The rows of groups, of who is in them, and of which policies name them.

use diesel::connection::DefaultLoadingMode;
use diesel::dsl::exists;
use diesel::prelude::*;
use syft_space_domain::group::ports::{GroupRows, GroupUsage, GroupView};
use syft_space_domain::group::{Group, GroupMember, GroupName};
use syft_space_domain::identity::Email;
use syft_space_domain::ids::{GroupId, PolicyId};
use syft_space_domain::page::{Page, PageRequest};
use syft_space_domain::store::{StateChange, StoreError};
use syft_space_domain::tenant::{TenantScope, WriteScope};
use syft_space_domain::time::Timestamp;

use crate::codec::{Key, after_key, limit_plus_one, parse, read_page, to_i64, to_u64};
use crate::schema::{address_groups, group_members, policies, policy_groups};
use crate::session::Session;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = address_groups)]
struct GroupRow {
    tenant_id: Key,
    id: Key,
    name: String,
    description: String,
    members: i64,
    revision: i64,
    created_at: i64,
    updated_at: i64,
}

impl GroupRow {
    fn new(scope: &TenantScope, group: &Group) -> Result<Self, StoreError> {
        Ok(Self {
            tenant_id: scope.into(),
            id: group.id.into(),
            name: group.name.as_str().to_owned(),
            description: group.description.clone(),
            members: to_i64(group.members)?,
            revision: to_i64(group.revision)?,
            created_at: group.created_at.as_unix_micros(),
            updated_at: group.updated_at.as_unix_micros(),
        })
    }
}

impl TryFrom<GroupRow> for Group {
    type Error = StoreError;
    fn try_from(row: GroupRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id.into(),
            name: parse("address_groups.name", &row.name)?,
            description: row.description,
            members: to_u64(row.members)?,
            revision: to_u64(row.revision)?,
            created_at: Timestamp::from_unix_micros(row.created_at),
            updated_at: Timestamp::from_unix_micros(row.updated_at),
        })
    }
}

impl GroupView for Session<'_> {
    fn group(&mut self, scope: &TenantScope, id: GroupId) -> Result<Option<Group>, StoreError> {
        let row: Option<GroupRow> = self.read(|connection| {
            let row = address_groups::table.find((Key::from(scope), Key::from(id)));
            row.select(GroupRow::as_select()).first(connection).optional()
        })?;
        row.map(Group::try_from).transpose()
    }

    fn group_named(&mut self, scope: &TenantScope, name: &GroupName) -> Result<Option<Group>, StoreError> {
        let row: Option<GroupRow> = self.read(|connection| {
            address_groups::table
                .filter(address_groups::tenant_id.eq(Key::from(scope)))
                .filter(address_groups::name.eq(name.as_str()))
                .select(GroupRow::as_select())
                .first(connection)
                .optional()
        })?;
        row.map(Group::try_from).transpose()
    }

    fn groups(
        &mut self,
        scope: &TenantScope,
        page: PageRequest<GroupId>,
    ) -> Result<Page<Group, GroupId>, StoreError> {
        self.read(|connection| {
            let rows = address_groups::table
                .filter(address_groups::tenant_id.eq(Key::from(scope)))
                .filter(address_groups::id.gt(after_key(page.after)))
                .order(address_groups::id)
                .limit(limit_plus_one(page.limit))
                .select(GroupRow::as_select())
                .load_iter::<GroupRow, DefaultLoadingMode>(connection)?;
            read_page(rows, page.limit, |row| {
                let group = Group::try_from(row)?;
                Ok((group.id, group))
            })
        })?
    }

    fn group_usage(&mut self, scope: &TenantScope) -> Result<GroupUsage, StoreError> {
        let members: Vec<i64> = self.read(|connection| {
            let own = address_groups::table.filter(address_groups::tenant_id.eq(Key::from(scope)));
            own.select(address_groups::members).load(connection)
        })?;
        members.into_iter().try_fold(GroupUsage::default(), |usage, members| {
            let members = usage.members.saturating_add(to_u64(members)?);
            Ok(GroupUsage { groups: usage.groups.saturating_add(1), members })
        })
    }

    fn group_members(
        &mut self,
        scope: &TenantScope,
        group: GroupId,
        page: PageRequest<Email>,
    ) -> Result<Page<GroupMember, Email>, StoreError> {
        // No address is empty, and so smaller than each.
        let after = page.after.map(|after| after.0.as_str().to_owned()).unwrap_or_default();
        self.read(|connection| {
            let rows = group_members::table
                .filter(group_members::tenant_id.eq(Key::from(scope)))
                .filter(group_members::group_id.eq(Key::from(group)))
                .filter(group_members::email.gt(after))
                .order(group_members::email)
                .limit(limit_plus_one(page.limit))
                .select((group_members::email, group_members::added_at))
                .load_iter::<(String, i64), DefaultLoadingMode>(connection)?;
            read_page(rows, page.limit, |(email, added_at)| {
                let email: Email = parse("group_members.email", &email)?;
                let added_at = Timestamp::from_unix_micros(added_at);
                Ok((email.clone(), GroupMember { email, added_at }))
            })
        })?
    }

    fn has_group_member(
        &mut self,
        scope: &TenantScope,
        group: GroupId,
        email: &Email,
    ) -> Result<bool, StoreError> {
        self.read(|connection| {
            let row = group_members::table.find((Key::from(scope), Key::from(group), email.as_str()));
            diesel::select(exists(row)).get_result(connection)
        })
    }

    fn stored_group_members(
        &mut self,
        scope: &TenantScope,
        group: GroupId,
    ) -> Result<Vec<String>, StoreError> {
        self.read(|connection| {
            group_members::table
                .filter(group_members::tenant_id.eq(Key::from(scope)))
                .filter(group_members::group_id.eq(Key::from(group)))
                .select(group_members::email)
                .load(connection)
        })
    }

    fn policies_of_group(
        &mut self,
        scope: &TenantScope,
        group: GroupId,
    ) -> Result<Vec<(PolicyId, String)>, StoreError> {
        let same_policy =
            policies::tenant_id.eq(policy_groups::tenant_id).and(policies::id.eq(policy_groups::policy_id));
        let rows: Vec<(Key, String)> = self.read(|connection| {
            policy_groups::table
                .inner_join(policies::table.on(same_policy))
                .filter(policy_groups::tenant_id.eq(Key::from(scope)))
                .filter(policy_groups::group_id.eq(Key::from(group)))
                .order(policy_groups::policy_id)
                .select((policies::id, policies::name))
                .load(connection)
        })?;
        Ok(rows.into_iter().map(|(id, name)| (id.into(), name)).collect())
    }
}

impl GroupRows for Session<'_> {
    fn add_group(&mut self, scope: &WriteScope, group: &Group) -> Result<(), StoreError> {
        let row = GroupRow::new(scope, group)?;
        self.write(|connection| diesel::insert_into(address_groups::table).values(row).execute(connection))?;
        self.record_change(StateChange::Group(scope.tenant(), group.id));
        Ok(())
    }

    fn update_group(&mut self, scope: &WriteScope, group: &Group) -> Result<(), StoreError> {
        let row = GroupRow::new(scope, group)?;
        let changed = self.write(|connection| {
            diesel::update(address_groups::table.find((row.tenant_id, row.id)))
                .set((
                    address_groups::description.eq(row.description),
                    address_groups::members.eq(row.members),
                    address_groups::revision.eq(row.revision),
                    address_groups::updated_at.eq(row.updated_at),
                ))
                .execute(connection)
        })?;
        if changed > 0 {
            self.record_change(StateChange::Group(scope.tenant(), group.id));
        }
        Ok(())
    }

    fn remove_group(&mut self, scope: &WriteScope, id: GroupId) -> Result<bool, StoreError> {
        let removed = self.write(|connection| {
            let row = address_groups::table.find((Key::from(scope), Key::from(id)));
            diesel::delete(row).execute(connection)
        })?;
        if removed > 0 {
            self.record_change(StateChange::Group(scope.tenant(), id));
        }
        Ok(removed > 0)
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
        let rows: Vec<_> = emails
            .iter()
            .map(|email| {
                (
                    group_members::tenant_id.eq(Key::from(scope)),
                    group_members::group_id.eq(Key::from(group)),
                    group_members::email.eq(email.as_str()),
                    group_members::added_at.eq(added_at.as_unix_micros()),
                )
            })
            .collect();
        let added = self.write(|connection| {
            diesel::insert_into(group_members::table)
                .values(&rows)
                .on_conflict((group_members::tenant_id, group_members::group_id, group_members::email))
                .do_nothing()
                .execute(connection)
        })?;
        self.record_members(scope, group, emails);
        Ok(u64::try_from(added).unwrap_or(u64::MAX))
    }

    fn remove_group_members(
        &mut self,
        scope: &WriteScope,
        group: GroupId,
        emails: &[Email],
    ) -> Result<u64, StoreError> {
        let removed = self.write(|connection| {
            diesel::delete(group_members::table)
                .filter(group_members::tenant_id.eq(Key::from(scope)))
                .filter(group_members::group_id.eq(Key::from(group)))
                .filter(group_members::email.eq_any(emails.iter().map(Email::as_str)))
                .execute(connection)
        })?;
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
        let (tenant_id, policy_id) = (Key::from(scope), Key::from(policy));
        let rows: Vec<_> = groups
            .iter()
            .map(|group| {
                (
                    policy_groups::tenant_id.eq(tenant_id),
                    policy_groups::policy_id.eq(policy_id),
                    policy_groups::group_id.eq(Key::from(*group)),
                )
            })
            .collect();
        self.atomically(|session| {
            session.write(|connection| {
                diesel::delete(policy_groups::table)
                    .filter(policy_groups::tenant_id.eq(tenant_id))
                    .filter(policy_groups::policy_id.eq(policy_id))
                    .execute(connection)
            })?;
            if !rows.is_empty() {
                session.write(|connection| {
                    diesel::insert_into(policy_groups::table).values(&rows).execute(connection)
                })?;
            }
            Ok(())
        })
    }
}

impl Session<'_> {
    fn record_members(&mut self, scope: &WriteScope, group: GroupId, emails: &[Email]) {
        for email in emails {
            self.record_change(StateChange::GroupMember(scope.tenant(), group, email.clone()));
        }
    }
}
