//! What is kept of one change of a policy.

use crate::audit::RecordedReason;
use crate::ids::{ActorId, PolicyId};
use crate::page::PageItem;
use crate::policy::PolicyConfiguration;
use crate::time::Timestamp;

/// A policy as one change left it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptRevision {
    /// Whose it is.
    pub policy: PolicyId,
    /// What is told of it in a list.
    pub summary: RevisionSummary,
    /// What the policy demanded.
    pub configuration: PolicyConfiguration,
}

/// What is told of a revision in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevisionSummary {
    /// The policy's number from this change on.
    pub revision: u64,
    /// When.
    pub changed_at: Timestamp,
    /// Who, as the audit log knows them; `None` where that is not known.
    pub changed_by: Option<ActorId>,
    /// What was changed, in the words of the audit log; `None` where nothing was, or it is not known.
    pub changes: Option<RecordedReason>,
    /// The revision that was taken, where this was a rollback.
    pub rolled_back_to: Option<u64>,
    /// The policy's name for people.
    pub name: String,
    /// The name of its type.
    pub policy_type: String,
}

impl PageItem for KeptRevision {
    fn bytes(&self) -> usize {
        self.summary.bytes() + self.configuration.json().get().len()
    }
}

impl PageItem for RevisionSummary {
    fn bytes(&self) -> usize {
        let changes = self.changes.as_ref().map_or(0, |changes| RecordedReason::as_str(changes).len());
        200 + self.name.len() + self.policy_type.len() + changes
    }
}
