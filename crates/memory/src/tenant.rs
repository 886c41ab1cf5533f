//! How tenants are kept.

use std::sync::Arc;

use syft_space_domain::ids::TenantId;
use syft_space_domain::store::{StoreError, StateChange};
use syft_space_domain::tenant::ports::{TenantRows, TenantView};
use syft_space_domain::tenant::{OperatorScope, Tenant, TenantName, TenantScope};

use crate::session::{Session, require};

impl TenantView for Session {
    fn tenant(&mut self, scope: &TenantScope) -> Result<Option<Tenant>, StoreError> {
        Ok(self.state.tenants.get(&scope.tenant()).cloned())
    }

    fn tenant_named(&mut self, name: &TenantName) -> Result<Option<TenantId>, StoreError> {
        Ok(self.state.tenants.values().find(|tenant| tenant.name == *name).map(|tenant| tenant.id))
    }

    fn tenants(&mut self, _operator: &OperatorScope) -> Result<Vec<Tenant>, StoreError> {
        Ok(self.state.tenants.values().cloned().collect())
    }
}

impl TenantRows for Session {
    fn add_tenant(&mut self, tenant: &Tenant) -> Result<(), StoreError> {
        let id_is_new = !self.state.tenants.contains_key(&tenant.id);
        require(id_is_new, || format!("there is a tenant {} already", tenant.id))?;
        require(self.tenant_named(&tenant.name)?.is_none(), || {
            format!("a tenant is called {} already", tenant.name)
        })?;
        Arc::make_mut(&mut self.state.tenants).insert(tenant.id, tenant.clone());
        self.changes.insert(StateChange::Tenant(tenant.id));
        Ok(())
    }
}
