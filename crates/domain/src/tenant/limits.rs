//! The limits of a tenant.

/// The most a tenant may have of each thing. The operator changes them; a tenant cannot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TenantLimits {
    /// Members, open invitations included.
    pub members: u64,
    /// Datasets.
    pub datasets: u64,
    /// Endpoints.
    pub endpoints: u64,
    /// Policies.
    pub policies: u64,
    /// Documents in one dataset.
    pub documents: u64,
    /// Bytes of content in one dataset.
    pub bytes: u64,
}

impl Default for TenantLimits {
    fn default() -> Self {
        Self {
            members: 1_000,
            datasets: 1_000,
            endpoints: 1_000,
            policies: 1_000,
            documents: 1_000_000,
            bytes: 10 * 1024 * 1024 * 1024,
        }
    }
}
