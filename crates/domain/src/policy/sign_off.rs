//! Signing off an access review: an owner puts on record that they have seen who can query what.

use std::sync::Arc;

use crate::access::Permission;
use crate::audit::{Action, ObjectKind, RequestContext};
use crate::identity::{AuthorizationError, Principal};
use crate::policy::ReviewDigest;
use crate::policy::review::{check_reviewer, whole_digest};
use crate::port_error::{PortError, port_errors};
use crate::snapshot::TenantSnapshot;
use crate::space::Space;
use crate::unit::Recorded;

/// A review was not signed off.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignOffError {
    /// The caller may not do it, or not any more.
    #[error(transparent)]
    Authorization(#[from] AuthorizationError),
    /// Who can query what has changed since, or the digest is of no whole review.
    #[error("the review is another one by now: read it again to its end, and sign off what you see then")]
    Changed,
    /// A port failed.
    #[error(transparent)]
    PortError(#[from] PortError),
}
port_errors!(SignOffError);

/// How often it is tried where the tenant changes meanwhile. Each login changes it, and makes no other review of it.
const ATTEMPTS: usize = 64;

/// Puts on record that the caller has seen this review of their tenant. It blocks: a large tenant has a large review.
///
/// # Errors
/// When it is another one by now, the caller's role does not permit it, or not any more, or a port failed.
pub fn sign_off(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    digest: ReviewDigest,
) -> Result<(), SignOffError> {
    let permission = Permission::ManageTenant;
    principal.scope(permission)?;
    let event = principal.event(context, Action::AccessReviewed)?.on(ObjectKind::AccessReview, digest);
    let mut compared = None;
    for _ in 0..ATTEMPTS {
        let current = check_reviewer(space, principal)?;
        let live = current.snapshot();
        if !compared.as_ref().is_some_and(|compared: &Arc<TenantSnapshot>| live.is_reviewed_as(compared)) {
            if whole_digest(live, space.clock.now()) != digest {
                return Err(SignOffError::Changed);
            }
            compared = Some(Arc::clone(live));
            // It may have taken long.
            continue;
        }
        let (version, authorization) =
            (live.tenant.version, principal.authorize(permission, space.clock.now())?);
        let event = event.clone();
        let signed = space.store.write(move |tx| {
            let scope = tx.authority::<SignOffError>(&authorization, &event)?;
            // It may have changed while it was compared.
            if tx.tenant(&scope)?.is_none_or(|tenant| tenant.version != version) {
                return Err(SignOffError::Changed.into());
            }
            Ok(Recorded::new((), event.clone()))
        });
        match signed.wait() {
            Err(SignOffError::Changed) => {}
            ended => return ended,
        }
    }
    Err(SignOffError::Changed)
}
