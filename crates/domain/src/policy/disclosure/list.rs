//! What owners see of what callers were shown.

use crate::access::Permission;
use crate::identity::Principal;
use crate::ids::{ActorId, PolicyId};
use crate::page::{Page, PageRequest};
use crate::policy::disclosure::shown_counts_for;
use crate::policy::manage::PolicyError;
use crate::policy::ports::CallerCoverage;
use crate::space::Space;

/// How much each caller was shown under a policy of type `disclosure_limit`, as far as it counts now, in the order of the callers.
/// Under a policy of another type nothing is counted as shown to anybody.
///
/// # Errors
/// When there is no such policy, the caller's role does not permit it, or a port failed.
pub async fn coverage(
    space: &Space,
    principal: &Principal,
    id: PolicyId,
    page: PageRequest<ActorId>,
) -> Result<Page<CallerCoverage, ActorId>, PolicyError> {
    let now = space.clock.now();
    space
        .read(principal, Permission::ReadAudit, move |view, scope| {
            let policy = view.policy(scope, id)?.ok_or(PolicyError::NotFound)?;
            let Some(counts_for) = shown_counts_for(&policy.configuration) else {
                return Ok(Page { items: Vec::new(), next: None });
            };
            Ok(view.coverage(scope, id, now.minus(counts_for), page)?)
        })
        .await
}
