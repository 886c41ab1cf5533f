//! Signing off an access review: an owner puts on record that they have seen who could query what.

use crate::access::Permission;
use crate::audit::{Action, ObjectKind, RequestContext};
use crate::identity::Principal;
use crate::policy::{ReviewDigest, ReviewError, ReviewToken};
use crate::space::Space;
use crate::time::Timestamp;

/// Which review was signed off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignedOff {
    /// When its first page was asked for.
    pub as_of: Timestamp,
    /// What it comes to.
    pub digest: ReviewDigest,
}

/// Puts on record that the caller has seen the whole review of their tenant that comes to this digest, as of when it was begun: who can query what may be another
/// thing by now. The event's object is that moment and the digest, with a slash between.
///
/// # Errors
/// When the token is of no whole review with this digest that was begun in the last 30 days, the caller's role does not permit it, or not any more, or a port failed.
pub async fn sign_off(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    digest: ReviewDigest,
    token: &ReviewToken,
) -> Result<SignedOff, ReviewError> {
    let scope = principal.scope(Permission::ManageTenant)?;
    let read = token.open(space, &scope).filter(|read| read.after.is_none() && read.digest == digest);
    let read = read.ok_or(ReviewError::Unknown)?;
    let signed = SignedOff { as_of: read.as_of, digest: read.digest };
    let event = principal.event(context, Action::AccessReviewed)?;
    let event = event.on(ObjectKind::AccessReview, format_args!("{}/{}", signed.as_of, signed.digest));
    space.record::<ReviewError>(principal, Permission::ManageTenant, event)?.await?;
    Ok(signed)
}
