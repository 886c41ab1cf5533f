//! `TenantView` and `TenantRows` of a transaction.

use std::sync::Arc;

use syft_space_domain::ids::TenantId;
use syft_space_domain::store::{StateChange, StoreError};
use syft_space_domain::tenant::ports::{TenantRows, TenantView};
use syft_space_domain::tenant::{
    OperatorScope, Tenant, TenantEnd, TenantName, TenantPart, TenantRemoval, TenantScope, WriteScope,
};

use crate::transaction::{Transaction, check_key};

impl TenantView for Transaction {
    fn tenant(&mut self, scope: &TenantScope) -> Result<Option<Tenant>, StoreError> {
        Ok(self.tables.tenants.get(&scope.tenant()).cloned())
    }

    fn tenant_named(&mut self, name: &TenantName) -> Result<Option<TenantId>, StoreError> {
        Ok(self.tables.tenants.values().find(|tenant| tenant.name == *name).map(|tenant| tenant.id))
    }

    fn tenant_ids(&mut self, _operator: &OperatorScope) -> Result<Vec<TenantId>, StoreError> {
        Ok(self.tables.tenants.keys().copied().collect())
    }

    fn tenants(&mut self, _operator: &OperatorScope) -> Result<Vec<Tenant>, StoreError> {
        Ok(self.tables.tenants.values().cloned().collect())
    }

    fn ending_tenants(&mut self, _operator: &OperatorScope) -> Result<Vec<TenantId>, StoreError> {
        let ending = self.tables.tenants.values().filter(|tenant| tenant.end.is_some());
        Ok(ending.map(|tenant| tenant.id).collect())
    }

    fn tenant_removal(&mut self, scope: &TenantScope) -> Result<Option<TenantRemoval>, StoreError> {
        Ok(self.tables.tenant_removals.get(&scope.tenant()).cloned())
    }

    fn removed_tenants(&mut self, _: &OperatorScope) -> Result<Vec<TenantId>, StoreError> {
        Ok(self.tables.tenant_removals.keys().copied().collect())
    }
}

impl TenantRows for Transaction {
    fn add_tenant(&mut self, tenant: &Tenant) -> Result<(), StoreError> {
        let id_is_free = !self.tables.tenants.contains_key(&tenant.id);
        check_key(id_is_free, || format!("there is a tenant {} already", tenant.id))?;
        check_key(self.tenant_named(&tenant.name)?.is_none(), || {
            format!("a tenant is called {} already", tenant.name)
        })?;
        Arc::make_mut(&mut self.tables.tenants).insert(tenant.id, tenant.clone());
        self.changes.insert(StateChange::Tenant(tenant.id));
        Ok(())
    }

    fn update_tenant(&mut self, scope: &WriteScope, tenant: &Tenant) -> Result<(), StoreError> {
        if let Some(row) = Arc::make_mut(&mut self.tables.tenants).get_mut(&scope.tenant()) {
            row.second_factor_roles.clone_from(&tenant.second_factor_roles);
            row.max_key_days = tenant.max_key_days;
            row.revision = tenant.revision;
            self.changes.insert(StateChange::Tenant(scope.tenant()));
        }
        Ok(())
    }

    fn set_tenant_end(&mut self, scope: &WriteScope, end: Option<TenantEnd>) -> Result<(), StoreError> {
        self.write_tenant_end(scope, end);
        Ok(())
    }

    fn put_tenant_removal(&mut self, scope: &WriteScope, removal: &TenantRemoval) -> Result<(), StoreError> {
        self.tables.tenant_removals.insert(scope.tenant(), removal.clone());
        Ok(())
    }

    fn remove_tenant_part(
        &mut self,
        scope: &WriteScope,
        part: TenantPart,
        most: usize,
    ) -> Result<u64, StoreError> {
        let removed = self.remove_rows_of_tenant(scope, part, most);
        Ok(u64::try_from(removed).unwrap_or(u64::MAX))
    }

    fn remove_tenant(&mut self, scope: &WriteScope) -> Result<(), StoreError> {
        self.remove_tenant_row(scope)
    }

    fn has_changed(&self, scope: &TenantScope) -> bool {
        self.changes.iter().any(|change| change.concerns(scope.tenant()))
    }
}
