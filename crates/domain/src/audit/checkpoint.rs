//! Checkpoints: what a log has come to, in a form that can be signed, and that others keep.

use std::fmt;

use crate::audit::Log;
use crate::audit::tree::NodeHash;

/// The name of a log, as its checkpoints have it: that of the installation, and behind it whose log it is. It tells nothing of
/// any other log.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogName(String);

impl LogName {
    /// The name of a log of this installation.
    #[must_use]
    pub fn of(installation: &str, log: Log) -> Self {
        Self(match log {
            Log::Installation => format!("{installation}/audit/installation"),
            Log::Tenant(tenant) => format!("{installation}/audit/{tenant}"),
        })
    }

    /// The name that stands in a checkpoint.
    #[must_use]
    pub fn from_checkpoint(name: String) -> Self {
        Self(name)
    }

    /// The name itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LogName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The root of a log at a size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log.
    pub log: LogName,
    /// How many events it had.
    pub size: u64,
    /// The root of the tree over them.
    pub root: NodeHash,
}

/// The newest checkpoint of a log that was signed, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    /// How many events the log had.
    pub size: u64,
    /// The checkpoint with its signature, as others keep it.
    pub note: String,
}
