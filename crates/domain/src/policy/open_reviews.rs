//! The access reviews that are being read, each as of the moment in which it was begun.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::ids::{RequestId, TenantId};
use crate::policy::review_newcomers::Newcomers;
use crate::snapshot::TenantSnapshot;
use crate::time::Timestamp;

/// The reviews of which a page has been read, and not the last one. They are lost with the process: whoever reads one begins anew.
#[derive(Clone, Default)]
pub struct OpenReviews(Arc<Mutex<VecDeque<OpenReview>>>);

/// A review that is being read. What is in it shares nearly all of its memory with what is known of the tenant now.
#[derive(Clone)]
pub(super) struct OpenReview {
    /// The request for its first page.
    pub(super) id: RequestId,
    pub(super) tenant: Arc<TenantSnapshot>,
    pub(super) newcomers: Arc<Newcomers>,
    read_at: Timestamp,
}

impl OpenReview {
    pub(super) fn new(
        id: RequestId,
        tenant: Arc<TenantSnapshot>,
        newcomers: Newcomers,
        now: Timestamp,
    ) -> Self {
        Self { id, tenant, newcomers: Arc::new(newcomers), read_at: now }
    }
}

impl OpenReviews {
    /// For how long a review waits for its next page.
    pub const KEPT: Duration = Duration::from_secs(10 * 60);
    /// The most of one tenant: beyond, the one that was read longest ago is forgotten.
    pub const MAX_PER_TENANT: usize = 4;
    /// The most of all.
    pub const MAX: usize = 256;

    /// Keeps a review for its next page.
    pub(super) fn keep(&self, review: OpenReview, now: Timestamp) {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let tenant = review.tenant.tenant.id;
        forget(&mut open, now);
        open.retain(|known| known.id != review.id);
        let of_tenant = |known: &OpenReview| known.tenant.tenant.id == tenant;
        if open.iter().filter(|known| of_tenant(known)).count() >= Self::MAX_PER_TENANT
            && let Some(oldest) = open.iter().position(of_tenant)
        {
            open.remove(oldest);
        }
        if open.len() >= Self::MAX {
            open.pop_front();
        }
        open.push_back(OpenReview { read_at: now, ..review });
    }

    /// A review of a tenant that waits for its next page.
    pub(super) fn find(&self, tenant: TenantId, id: RequestId, now: Timestamp) -> Option<OpenReview> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        forget(&mut open, now);
        open.iter().find(|known| known.id == id && known.tenant.tenant.id == tenant).cloned()
    }

    /// Forgets those that nobody reads on.
    pub fn forget_old(&self, now: Timestamp) {
        forget(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner), now);
    }
}

/// They stand in the order in which they were read last.
fn forget(open: &mut VecDeque<OpenReview>, now: Timestamp) {
    open.retain(|known| now.since(known.read_at) < OpenReviews::KEPT);
}
