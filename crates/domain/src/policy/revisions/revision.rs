//! Which change of which policy is meant.

use serde::{Deserialize, Serialize};

use crate::ids::PolicyId;

/// A policy as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PolicyRevision {
    /// Which.
    pub id: PolicyId,
    /// Which change of it.
    pub revision: u64,
}
