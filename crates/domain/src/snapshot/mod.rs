//! The snapshots that the query path reads instead of a database: one per tenant, immutable, replaced by each commit.

mod cache;
mod tenant;

pub use cache::{ClosedTenant, SnapshotCache};
pub use tenant::{ApiKeySnapshot, EndpointSnapshot, MemberSnapshot, TenantSnapshot};

use std::sync::Arc;

use crate::ids::HubId;
use crate::marketplace::Audience;
use crate::tenant::TenantScope;

/// There is no snapshot to answer from.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// There is no such tenant.
    #[error("there is no such tenant")]
    NoTenant,
    /// It could not be read after the last change, and nothing older may be used.
    #[error("the tenant's state could not be read after its last change")]
    Unavailable,
}

/// Answers from memory what requests need to know.
pub trait Snapshots: Send + Sync {
    /// The snapshot of a tenant, as of the last commit.
    ///
    /// # Errors
    /// When there is no such tenant, or its state is not to be had.
    fn tenant(&self, scope: &TenantScope) -> Result<Arc<TenantSnapshot>, SnapshotError>;

    /// The snapshot of the tenant to which satellite tokens of this hub and audience are made out.
    ///
    /// # Errors
    /// When there is no such tenant, or its state is not to be had.
    fn addressed(&self, hub: HubId, audience: &Audience) -> Result<Arc<TenantSnapshot>, SnapshotError>;

    /// How many tenants are closed because their state could not be read.
    fn unavailable(&self) -> usize;
}
