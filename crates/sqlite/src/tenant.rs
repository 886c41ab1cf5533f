//! The rows of tenants.

use std::collections::BTreeSet;

use diesel::prelude::*;
use syft_space_domain::ids::TenantId;
use syft_space_domain::store::{StateChange, StoreError};
use syft_space_domain::tenant::ports::{TenantRows, TenantView};
use syft_space_domain::tenant::{
    OperatorScope, Tenant, TenantEnd, TenantLimits, TenantName, TenantPart, TenantRemoval, TenantScope,
    WriteScope,
};
use syft_space_domain::time::Timestamp;

use crate::codec::{Key, parse, to_i64, to_u64, unreadable_column};
use crate::schema::tenants;
use crate::session::Session;
use crate::tenant_end::end_of_columns;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = tenants)]
struct TenantRow {
    id: Key,
    name: String,
    version: i64,
    max_members: i64,
    max_datasets: i64,
    max_endpoints: i64,
    max_policies: i64,
    max_documents: i64,
    max_bytes: i64,
    created_at: i64,
    max_key_days: i64,
    second_factor_roles: String,
    revision: i64,
    end_asked_at: Option<i64>,
    ends_at: Option<i64>,
    is_going: bool,
}

/// The roles in one text, each once and in their order.
fn roles_column(tenant: &Tenant) -> String {
    let roles: Vec<&str> = tenant.second_factor_roles.iter().map(|role| role.as_str()).collect();
    roles.join(",")
}

impl TryFrom<&Tenant> for TenantRow {
    type Error = StoreError;
    fn try_from(tenant: &Tenant) -> Result<Self, StoreError> {
        let TenantLimits { members, datasets, endpoints, policies, documents, bytes } = tenant.limits;
        Ok(Self {
            id: tenant.id.into(),
            name: tenant.name.to_string(),
            version: to_i64(tenant.version)?,
            max_members: to_i64(members)?,
            max_datasets: to_i64(datasets)?,
            max_endpoints: to_i64(endpoints)?,
            max_policies: to_i64(policies)?,
            max_documents: to_i64(documents)?,
            max_bytes: to_i64(bytes)?,
            created_at: tenant.created_at.as_unix_micros(),
            max_key_days: tenant.max_key_days.into(),
            second_factor_roles: roles_column(tenant),
            revision: to_i64(tenant.revision)?,
            end_asked_at: tenant.end.map(|end| end.asked_at.as_unix_micros()),
            ends_at: tenant.end.map(|end| end.ends_at.as_unix_micros()),
            is_going: tenant.is_going(),
        })
    }
}

impl TryFrom<TenantRow> for Tenant {
    type Error = StoreError;
    fn try_from(row: TenantRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id.into(),
            name: parse("tenants.name", &row.name)?,
            second_factor_roles: row
                .second_factor_roles
                .split_terminator(',')
                .map(|role| parse("tenants.second_factor_roles", role))
                .collect::<Result<_, _>>()?,
            limits: TenantLimits {
                members: to_u64(row.max_members)?,
                datasets: to_u64(row.max_datasets)?,
                endpoints: to_u64(row.max_endpoints)?,
                policies: to_u64(row.max_policies)?,
                documents: to_u64(row.max_documents)?,
                bytes: to_u64(row.max_bytes)?,
            },
            max_key_days: u32::try_from(row.max_key_days)
                .map_err(|error| unreadable_column("tenants.max_key_days", &error))?,
            version: to_u64(row.version)?,
            revision: to_u64(row.revision)?,
            created_at: Timestamp::from_unix_micros(row.created_at),
            end: end_of_columns(row.end_asked_at, row.ends_at, row.is_going),
        })
    }
}

impl TenantView for Session<'_> {
    fn tenant(&mut self, scope: &TenantScope) -> Result<Option<Tenant>, StoreError> {
        let id = Key::from(scope);
        let row: Option<TenantRow> = self.read(|connection| {
            tenants::table.find(id).select(TenantRow::as_select()).first(connection).optional()
        })?;
        row.map(Tenant::try_from).transpose()
    }

    fn tenant_named(&mut self, name: &TenantName) -> Result<Option<TenantId>, StoreError> {
        let id: Option<Key> = self.read(|connection| {
            let named = tenants::table.filter(tenants::name.eq(name.as_str()));
            named.select(tenants::id).first(connection).optional()
        })?;
        Ok(id.map(TenantId::from))
    }

    fn tenant_ids(&mut self, _operator: &OperatorScope) -> Result<Vec<TenantId>, StoreError> {
        let ids: Vec<Key> =
            self.read(|connection| tenants::table.order(tenants::id).select(tenants::id).load(connection))?;
        Ok(ids.into_iter().map(TenantId::from).collect())
    }

    fn tenants(&mut self, _operator: &OperatorScope) -> Result<Vec<Tenant>, StoreError> {
        let rows: Vec<TenantRow> = self.read(|connection| {
            tenants::table.order(tenants::id).select(TenantRow::as_select()).load(connection)
        })?;
        rows.into_iter().map(Tenant::try_from).collect()
    }

    fn ending_tenants(&mut self, _operator: &OperatorScope) -> Result<Vec<TenantId>, StoreError> {
        let ids: Vec<Key> = self.read(|connection| {
            let ending = tenants::table.filter(tenants::ends_at.is_not_null());
            ending.order(tenants::id).select(tenants::id).load(connection)
        })?;
        Ok(ids.into_iter().map(TenantId::from).collect())
    }

    fn tenant_removal(&mut self, scope: &TenantScope) -> Result<Option<TenantRemoval>, StoreError> {
        self.read_tenant_removal(scope)
    }

    fn removed_tenants(&mut self, _operator: &OperatorScope) -> Result<Vec<TenantId>, StoreError> {
        self.read_removed_tenants()
    }
}

impl TenantRows for Session<'_> {
    fn add_tenant(&mut self, tenant: &Tenant) -> Result<(), StoreError> {
        let row = TenantRow::try_from(tenant)?;
        self.write(|connection| diesel::insert_into(tenants::table).values(row).execute(connection))?;
        self.record_change(StateChange::Tenant(tenant.id));
        Ok(())
    }

    fn update_tenant(&mut self, scope: &WriteScope, tenant: &Tenant) -> Result<(), StoreError> {
        let (roles, revision) = (roles_column(tenant), to_i64(tenant.revision)?);
        let changed = self.write(|connection| {
            diesel::update(tenants::table.find(Key::from(scope)))
                .set((
                    tenants::second_factor_roles.eq(roles),
                    tenants::max_key_days.eq(i64::from(tenant.max_key_days)),
                    tenants::revision.eq(revision),
                ))
                .execute(connection)
        })?;
        if changed > 0 {
            self.record_change(StateChange::Tenant(scope.tenant()));
        }
        Ok(())
    }

    fn set_tenant_end(&mut self, scope: &WriteScope, end: Option<TenantEnd>) -> Result<(), StoreError> {
        self.write_tenant_end(scope, end)
    }

    fn put_tenant_removal(&mut self, scope: &WriteScope, removal: &TenantRemoval) -> Result<(), StoreError> {
        self.write_tenant_removal(scope, removal)
    }

    fn remove_tenant_part(
        &mut self,
        scope: &WriteScope,
        part: TenantPart,
        most: usize,
    ) -> Result<u64, StoreError> {
        self.remove_rows_of_tenant(scope, part, most)
    }

    fn remove_tenant(&mut self, scope: &WriteScope) -> Result<(), StoreError> {
        self.remove_tenant_row(scope)
    }

    fn has_changed(&self, scope: &TenantScope) -> bool {
        self.changes_so_far().any(|change| change.concerns(scope.tenant()))
    }
}

impl Session<'_> {
    /// Counts this unit for each tenant whose snapshot it changed.
    pub(crate) fn bump_versions(&mut self) -> Result<(), StoreError> {
        let changes: BTreeSet<TenantId> = self.changes().iter().filter_map(StateChange::tenant).collect();
        for id in changes {
            self.write(|connection| {
                let tenant = diesel::update(tenants::table.find(Key::from(id)));
                tenant.set(tenants::version.eq(tenants::version + 1)).execute(connection)
            })?;
        }
        Ok(())
    }
}
