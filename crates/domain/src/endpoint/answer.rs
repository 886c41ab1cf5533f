//! The answer to a query.

use crate::dataset::Hits;
use crate::policy::PolicyMetadata;

/// What was found for a query.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The chunks found, the closest first.
    pub documents: Hits,
    /// How long the search took, in milliseconds.
    pub search_ms: u64,
    /// How the policies decided.
    pub policy: PolicyMetadata,
}
