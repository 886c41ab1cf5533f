//! The ports of expectations.

use crate::expectation::Expectation;
use crate::ids::EndpointId;
use crate::store::StoreError;
use crate::tenant::{TenantScope, WriteScope};

/// Reads expectations.
pub trait ExpectationView {
    /// How many expectations the tenant's endpoints have together.
    fn count_expectations(&mut self, scope: &TenantScope) -> Result<u64, StoreError>;
    /// The expectations of the tenant, or of one endpoint of it: by the ids of the endpoints, and for each in the order in which
    /// they were set.
    fn expectations(
        &mut self,
        scope: &TenantScope,
        endpoint: Option<EndpointId>,
    ) -> Result<Vec<(EndpointId, Expectation)>, StoreError>;
}

/// Writes expectations.
pub trait ExpectationRows: ExpectationView {
    /// Makes these the expectations of an endpoint, in this order. There is such an endpoint, else [`StoreError::Conflict`]. They go
    /// with it.
    fn set_expectations(
        &mut self,
        scope: &WriteScope,
        endpoint: EndpointId,
        expectations: &[Expectation],
    ) -> Result<(), StoreError>;
}
