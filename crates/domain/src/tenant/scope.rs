//! The capability to touch one tenant's data.

use crate::ids::TenantId;

/// The right to touch one tenant's data. Only authentication and the founding of a tenant make one.
///
/// ```compile_fail
/// use syft_space_domain::{ids::TenantId, tenant::TenantScope};
/// let scope = TenantScope { tenant: TenantId::from_bytes([0; 16]) };
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TenantScope {
    tenant: TenantId,
}

impl TenantScope {
    pub(crate) fn of(tenant: TenantId) -> Self {
        Self { tenant }
    }

    /// Makes a scope on the caller's own word, for embedders that have authenticated by other means, and for
    /// adapters' tests. The reason is for whoever reads the call.
    #[must_use]
    pub fn assume(tenant: TenantId, reason: &'static str) -> Self {
        debug_assert!(!reason.is_empty(), "a vouched scope names its reason");
        Self { tenant }
    }

    /// Whose data it is.
    #[must_use]
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }
}

/// The right of whoever runs the binary on the host: the installation's own log, and work over all tenants at
/// start-up. It gives no way into one tenant's data but [`OperatorScope::tenant`].
#[derive(Debug)]
pub struct OperatorScope(());

impl OperatorScope {
    /// Made once, by the start-up of the binary (or by an embedder in its place).
    #[must_use]
    pub fn at_startup() -> Self {
        Self(())
    }

    /// The scope of one tenant, to repair or remove what was left half done.
    #[must_use]
    pub fn tenant(&self, tenant: TenantId) -> TenantScope {
        TenantScope { tenant }
    }
}
