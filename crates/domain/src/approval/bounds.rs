//! How many questions may wait, and what is said where no more may.

/// The most questions of one caller that wait at one endpoint under one policy.
pub const MAX_PENDING_OF_CALLER: u64 = 20;
/// The most questions of one caller that wait in a tenant.
pub const MAX_PENDING_OF_CALLER_IN_TENANT: u64 = 100;
/// The most requests of one caller in a tenant, decided ones among them.
pub const MAX_OF_CALLER: u64 = 1_000;
/// The most questions that wait at one endpoint.
pub const MAX_PENDING_AT_ENDPOINT: u64 = 1_000;
/// The most questions that wait in a tenant.
pub const MAX_PENDING_OF_TENANT: u64 = 10_000;
/// The most requests of a tenant, decided ones among them.
pub const MAX_OF_TENANT: u64 = 100_000;

/// Why there is no room for one more question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QueueFull {
    /// The caller has as many that wait as they may have.
    #[error(
        "{MAX_PENDING_OF_CALLER} of your questions to the endpoint wait for approval, and no more may; wait until its owners or \
         admins have decided some, or they have waited for 30 days"
    )]
    OfCaller,
    /// The caller has as many in the tenant as they may have.
    #[error(
        "at most {MAX_PENDING_OF_CALLER_IN_TENANT} of your questions may wait for approval here, and you have as many, or \
         {MAX_OF_CALLER} with those that were decided; wait until some are decided, or have ended"
    )]
    OfCallerInTenant,
    /// The endpoint has as many that wait as it may have.
    #[error(
        "no more questions may wait for approval at this endpoint; ask again when the owners or admins have decided some"
    )]
    AtEndpoint,
    /// The tenant has as many as it may have.
    #[error(
        "no more questions may wait for approval here; ask again when the owners or admins have decided some"
    )]
    OfTenant,
}
