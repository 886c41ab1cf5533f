//! The ports of endpoints.

use crate::endpoint::{Endpoint, Slug};
use crate::ids::{DatasetId, EndpointId};
use crate::page::{Page, PageRequest};
use crate::store::StoreError;
use crate::tenant::{TenantScope, WriteScope};

/// Reads endpoints.
pub trait EndpointView {
    /// One endpoint of the tenant.
    fn endpoint(&mut self, scope: &TenantScope, id: EndpointId) -> Result<Option<Endpoint>, StoreError>;
    /// The tenant's endpoint of this slug.
    fn endpoint_by_slug(&mut self, scope: &TenantScope, slug: &Slug) -> Result<Option<Endpoint>, StoreError>;
    /// The tenant's endpoints, in the order of their ids.
    fn endpoints(
        &mut self,
        scope: &TenantScope,
        page: PageRequest<EndpointId>,
    ) -> Result<Page<Endpoint, EndpointId>, StoreError>;
    /// How many endpoints the tenant has.
    fn count_endpoints(&mut self, scope: &TenantScope) -> Result<u64, StoreError>;
    /// The endpoints that search a dataset, in the order of their ids.
    fn endpoints_of_dataset(
        &mut self,
        scope: &TenantScope,
        dataset: DatasetId,
    ) -> Result<Vec<Endpoint>, StoreError>;
}

/// Writes endpoints. Each method changes the endpoint in its tenant's snapshot.
pub trait EndpointRows: EndpointView {
    /// Adds an endpoint. Its id and slug are new in the tenant and its dataset exists, else
    /// [`StoreError::Conflict`].
    fn add_endpoint(&mut self, scope: &WriteScope, endpoint: &Endpoint) -> Result<(), StoreError>;
    /// Replaces all of an endpoint but its id and `created_at`.
    fn update_endpoint(&mut self, scope: &WriteScope, endpoint: &Endpoint) -> Result<(), StoreError>;
    /// Removes an endpoint, and detaches its policies; its listings stay, for the hubs are still to be told. `false`
    /// when there is none.
    fn remove_endpoint(&mut self, scope: &WriteScope, id: EndpointId) -> Result<bool, StoreError>;
}
