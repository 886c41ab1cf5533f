//! The ports of tenants.

use crate::ids::TenantId;
use crate::store::StoreError;
use crate::tenant::{OperatorScope, Tenant, TenantName, TenantScope, WriteScope};

/// Reads tenants.
pub trait TenantView {
    /// The tenant of this scope.
    fn tenant(&mut self, scope: &TenantScope) -> Result<Option<Tenant>, StoreError>;

    /// Which tenant has this name. It tells no more than registration itself does: that the name is taken.
    fn tenant_named(&mut self, name: &TenantName) -> Result<Option<TenantId>, StoreError>;

    /// The id of every tenant, in order. That a tenant cannot be read keeps no other from being found.
    fn tenant_ids(&mut self, operator: &OperatorScope) -> Result<Vec<TenantId>, StoreError>;

    /// Every tenant, in the order of their ids.
    fn tenants(&mut self, operator: &OperatorScope) -> Result<Vec<Tenant>, StoreError>;
}

/// Writes tenants.
pub trait TenantRows: TenantView {
    /// Adds a tenant. Its name and id are new, else [`StoreError::Conflict`].
    fn add_tenant(&mut self, tenant: &Tenant) -> Result<(), StoreError>;

    /// Replaces the settings and the revision of the scope's tenant.
    fn update_tenant(&mut self, scope: &WriteScope, tenant: &Tenant) -> Result<(), StoreError>;

    /// Whether the transaction has changed what this tenant's snapshot is made of, by this unit or by one before it that is to be
    /// committed with it: the snapshot does not show that yet. Reads nothing.
    fn has_changed(&self, scope: &TenantScope) -> bool;
}
