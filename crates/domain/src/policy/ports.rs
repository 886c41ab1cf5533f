//! The ports of policies.

use crate::ids::{EndpointId, PolicyId};
use crate::page::{Page, PageRequest};
use crate::policy::Policy;
use crate::store::StoreError;
use crate::tenant::{TenantScope, WriteScope};

/// Reads policies.
pub trait PolicyView {
    /// One policy of the tenant.
    fn policy(&mut self, scope: &TenantScope, id: PolicyId) -> Result<Option<Policy>, StoreError>;
    /// The tenant's policies, in the order of their ids.
    fn policies(
        &mut self,
        scope: &TenantScope,
        page: PageRequest<PolicyId>,
    ) -> Result<Page<Policy, PolicyId>, StoreError>;
    /// How many policies the tenant has.
    fn count_policies(&mut self, scope: &TenantScope) -> Result<u64, StoreError>;
    /// The policies attached to an endpoint, in the order they were attached in.
    fn attached_policies(
        &mut self,
        scope: &TenantScope,
        endpoint: EndpointId,
    ) -> Result<Vec<Policy>, StoreError>;
    /// The endpoints a policy is attached to, in the order of their ids.
    fn endpoints_of_policy(
        &mut self,
        scope: &TenantScope,
        policy: PolicyId,
    ) -> Result<Vec<EndpointId>, StoreError>;
}

/// Writes policies. Each method touches the live state of the endpoints concerned.
pub trait PolicyRows: PolicyView {
    /// Adds a policy. Its id is new in the tenant, else [`StoreError::Conflict`].
    fn add_policy(&mut self, scope: &WriteScope, policy: &Policy) -> Result<(), StoreError>;
    /// Replaces a policy's name, configuration, revision and `updated_at`.
    fn update_policy(&mut self, scope: &WriteScope, policy: &Policy) -> Result<(), StoreError>;
    /// Removes a policy. `false` when there is none; [`StoreError::Conflict`] while it is attached.
    fn remove_policy(&mut self, scope: &WriteScope, id: PolicyId) -> Result<bool, StoreError>;
    /// Makes these the policies of an endpoint, in this order. Both the endpoint and each policy exist, else
    /// [`StoreError::Conflict`].
    fn attach_policies(
        &mut self,
        scope: &WriteScope,
        endpoint: EndpointId,
        policies: &[PolicyId],
    ) -> Result<(), StoreError>;
}
