//! Keeping a revision, in the unit of work of the change itself, and how many are kept.

use crate::audit::Event;
use crate::policy::{KeptRevision, Policy, RevisionSummary};
use crate::store::{StoreError, Tx};
use crate::tenant::WriteScope;

/// The most revisions that are kept of one policy: beyond them its oldest go.
pub const MAX_REVISIONS_PER_POLICY: usize = 100;
/// The most bytes that the configurations of a tenant's kept revisions have together. The policy that is changed beyond them
/// gives up its own oldest; the newest of each policy stays in any case.
pub const MAX_REVISION_BYTES_PER_TENANT: u64 = 16 * 1024 * 1024;

/// Keeps what a policy is from a change on, with the event of the change, and lets go of the oldest where there are too many.
pub(in crate::policy) fn keep_revision(
    tx: &mut dyn Tx,
    scope: &WriteScope,
    policy: &Policy,
    event: &Event,
    rolled_back_to: Option<u64>,
) -> Result<(), StoreError> {
    let summary = RevisionSummary {
        revision: policy.revision,
        changed_at: policy.updated_at,
        changed_by: event.actor.id(),
        changes: event.reason_code.clone(),
        rolled_back_to,
        name: policy.name.clone(),
        policy_type: policy.configuration.type_name().to_owned(),
        enforcement: policy.enforcement,
    };
    let configuration = policy.configuration.clone();
    tx.keep_revision(scope, &KeptRevision { policy: policy.id, summary, configuration })?;
    let (sizes, all) = (tx.revision_sizes(scope, policy.id)?, tx.revision_bytes(scope)?);
    match oldest_to_keep(&sizes, all) {
        Some(oldest) => tx.remove_revisions_before(scope, policy.id, oldest),
        None => Ok(()),
    }
}

/// Of a policy's revisions and their bytes, the newest first, the one before which none is kept; `None` where all are. `all` is what
/// the revisions of its tenant come to.
fn oldest_to_keep(sizes: &[(u64, u64)], all: u64) -> Option<u64> {
    let own: u64 = sizes.iter().map(|(_, bytes)| bytes).sum();
    let mut room = MAX_REVISION_BYTES_PER_TENANT.saturating_sub(all.saturating_sub(own));
    let mut kept = None;
    for (count, (revision, bytes)) in sizes.iter().enumerate() {
        let fits = count < MAX_REVISIONS_PER_POLICY && *bytes <= room;
        // The newest is the policy itself: it takes up what that does, which is bounded.
        if count > 0 && !fits {
            return kept;
        }
        (kept, room) = (Some(*revision), room.saturating_sub(*bytes));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: u64 = MAX_REVISION_BYTES_PER_TENANT;

    /// So many revisions of so many bytes each, the newest first.
    fn sizes(count: u64, bytes: u64) -> Vec<(u64, u64)> {
        (1..=count).rev().map(|revision| (revision, bytes)).collect()
    }

    #[test]
    fn k12_beyond_a_hundred_revisions_the_oldest_go() {
        assert_eq!(oldest_to_keep(&[], 0), None);
        assert_eq!(oldest_to_keep(&sizes(100, 10), 1_000), None);
        assert_eq!(oldest_to_keep(&sizes(101, 10), 1_010), Some(2));
        assert_eq!(oldest_to_keep(&sizes(250, 10), 2_500), Some(151), "however many there are");
    }

    #[test]
    fn k12_beyond_a_tenants_bytes_the_oldest_of_the_changed_policy_go() {
        assert_eq!(oldest_to_keep(&sizes(4, MAX / 4), MAX), None, "what fits is kept");
        assert_eq!(oldest_to_keep(&sizes(5, MAX / 4), MAX / 4 * 5), Some(2));
        assert_eq!(oldest_to_keep(&sizes(4, MAX / 4), MAX + 1), Some(2), "beside what others take up");
        assert_eq!(oldest_to_keep(&sizes(2, 1), 2 * MAX), Some(2), "the newest stays in any case");
        assert_eq!(oldest_to_keep(&sizes(1, 1), 2 * MAX), None);
        assert_eq!(oldest_to_keep(&[(2, 2 * MAX), (1, 1)], 2 * MAX + 1), Some(2), "however large it is");
    }
}
