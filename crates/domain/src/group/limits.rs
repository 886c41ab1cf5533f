//! How much a tenant may have of groups.

/// The most groups of a tenant.
pub const MAX_GROUPS_PER_TENANT: u64 = 1_000;
/// The most addresses in one group.
pub const MAX_MEMBERS: u64 = 10_000;
/// The most addresses in all groups of a tenant together.
pub const MAX_MEMBERS_PER_TENANT: u64 = 100_000;

/// The most addresses that are put into a group, or taken out, at once.
pub const MAX_MEMBERS_AT_ONCE: usize = 1_000;
