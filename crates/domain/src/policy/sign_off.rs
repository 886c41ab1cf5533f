//! Signing off an access review: an owner puts on record that they have seen who can query what.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::access::Permission;
use crate::audit::{Action, ObjectKind, RequestContext};
use crate::identity::{AuthorizationError, Principal};
use crate::policy::review::{Review, check_reviewer};
use crate::policy::{ReviewDigest, SubjectKey};
use crate::port_error::{PortError, port_errors};
use crate::snapshot::TenantSnapshot;
use crate::space::Space;
use crate::time::Timestamp;
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

/// A sign-off that was asked for, and is compared with the review of the moment in which it was.
///
/// A large tenant has a large review. So it is made a part at a time, of no more decisions than a page of it has, and whoever does not
/// wait for the end makes no further part.
pub struct SignOff {
    principal: Principal,
    digest: ReviewDigest,
    live: Arc<TenantSnapshot>,
    now: Timestamp,
    left: VecDeque<SubjectKey>,
    made: ReviewDigest,
}

impl SignOff {
    /// Begins to compare a digest with the review of the caller's tenant as it is now.
    ///
    /// # Errors
    /// When the caller's role does not permit it, or not any more.
    pub fn begin(space: &Space, principal: &Principal, digest: ReviewDigest) -> Result<Self, SignOffError> {
        principal.scope(Permission::ManageTenant)?;
        let principal = check_reviewer(space, principal)?;
        let (live, now) = (Arc::clone(principal.snapshot()), space.clock.now());
        let left = Review::of(&live, now).keys().into();
        Ok(Self { principal, digest, live, now, left, made: ReviewDigest::default() })
    }

    /// Makes a further part of the review. `false` once all of it is made. It takes some milliseconds of the processor.
    pub fn advance(&mut self) -> bool {
        let review = Review::of(&self.live, self.now);
        let count = review.subjects_on_page().min(self.left.len());
        for key in self.left.drain(..count) {
            if let Some(subject) = review.subject(key) {
                self.made = self.made.and(&subject);
            }
        }
        !self.left.is_empty()
    }

    /// Puts on record that the caller has seen this review.
    ///
    /// # Errors
    /// When it is another one, or was not made to its end, the caller's role does not permit it, or not any more, or a port failed.
    pub async fn record(self, space: &Space, context: &RequestContext) -> Result<(), SignOffError> {
        if !self.left.is_empty() || self.made != self.digest {
            return Err(SignOffError::Changed);
        }
        let event = self.principal.event(context, Action::AccessReviewed)?;
        let event = event.on(ObjectKind::AccessReview, self.digest);
        let authorization = self.principal.authorize(Permission::ManageTenant, space.clock.now())?;
        let signed = space.store.write(move |tx| {
            tx.authority::<SignOffError>(&authorization, &event)?;
            Ok(Recorded::new((), event.clone()))
        });
        signed.await
    }
}
