//! The ports of tenants.

use crate::ids::TenantId;
use crate::store::StoreError;
use crate::tenant::{
    OperatorScope, Tenant, TenantEnd, TenantName, TenantPart, TenantRemoval, TenantScope, WriteScope,
};

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

    /// The id of every tenant that ends, in order. That one cannot be read keeps no other from being found.
    fn ending_tenants(&mut self, operator: &OperatorScope) -> Result<Vec<TenantId>, StoreError>;

    /// What is known of the removal of the tenant of this scope; it outlives the tenant.
    fn tenant_removal(&mut self, scope: &TenantScope) -> Result<Option<TenantRemoval>, StoreError>;

    /// The id of every tenant whose removal is known, in order, whether it has ended or goes on.
    fn removed_tenants(&mut self, operator: &OperatorScope) -> Result<Vec<TenantId>, StoreError>;
}

/// Writes tenants.
pub trait TenantRows: TenantView {
    /// Adds a tenant. Its name and id are new, else [`StoreError::Conflict`].
    fn add_tenant(&mut self, tenant: &Tenant) -> Result<(), StoreError>;

    /// Replaces the settings and the revision of the scope's tenant.
    fn update_tenant(&mut self, scope: &WriteScope, tenant: &Tenant) -> Result<(), StoreError>;

    /// Says that the scope's tenant ends, or that it is kept. Nothing else of it changes.
    fn set_tenant_end(&mut self, scope: &WriteScope, end: Option<TenantEnd>) -> Result<(), StoreError>;

    /// Keeps what is known of the removal of the scope's tenant, in place of what was kept.
    fn put_tenant_removal(&mut self, scope: &WriteScope, removal: &TenantRemoval) -> Result<(), StoreError>;

    /// Removes some of the rows of a part of the scope's tenant, whose removal is known: as many as that at most, and some where there is
    /// any. Answers how many. Parts go in their order; nobody has a snapshot of the tenant by then, and no change is told.
    ///
    /// With the first of the log its head goes, and from then on the log takes no event any more: what a unit records in it is dropped.
    fn remove_tenant_part(
        &mut self,
        scope: &WriteScope,
        part: TenantPart,
        most: usize,
    ) -> Result<u64, StoreError>;

    /// Removes the scope's tenant itself, of which no part is left; its name is free then. [`StoreError::Conflict`] where something
    /// refers to it still.
    fn remove_tenant(&mut self, scope: &WriteScope) -> Result<(), StoreError>;

    /// Whether the transaction has changed what this tenant's snapshot is made of, by this unit or by one before it that is to be
    /// committed with it: the snapshot does not show that yet. Reads nothing.
    fn has_changed(&self, scope: &TenantScope) -> bool;
}
