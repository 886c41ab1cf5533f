//! Reading the revisions that are kept of a policy.

use crate::access::Permission;
use crate::identity::Principal;
use crate::ids::PolicyId;
use crate::page::{Page, PageRequest};
use crate::policy::{KeptRevision, PolicyError, RevisionSummary};
use crate::space::Space;

/// The revisions that are kept of a policy, the newest first.
///
/// # Errors
/// When there is no such policy, the caller's role does not permit it, or a port failed.
pub async fn revisions(
    space: &Space,
    principal: &Principal,
    id: PolicyId,
    page: PageRequest<u64>,
) -> Result<Page<RevisionSummary, u64>, PolicyError> {
    space
        .read(principal, Permission::ReadMetadata, move |view, scope| {
            view.policy_revision(scope, id)?.ok_or(PolicyError::NotFound)?;
            Ok(view.revisions(scope, id, page)?)
        })
        .await
}

/// One revision of a policy, with what the policy demanded.
///
/// # Errors
/// When there is no such policy, the revision is not kept, the caller's role does not permit it, or a port failed.
pub async fn revision(
    space: &Space,
    principal: &Principal,
    id: PolicyId,
    revision: u64,
) -> Result<KeptRevision, PolicyError> {
    space
        .read(principal, Permission::ReadMetadata, move |view, scope| {
            view.policy_revision(scope, id)?.ok_or(PolicyError::NotFound)?;
            view.revision(scope, id, revision)?.ok_or(PolicyError::RevisionNotKept(revision))
        })
        .await
}
