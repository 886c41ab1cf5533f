//! What was taken of a limiter, as it outlives the process.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::limiter::RateLimiter;
use crate::policy::ports::RateLimitStore;
use crate::store::StoreError;
use crate::time::Timestamp;

/// A limiter, and where what was taken of it is kept for the next start. What was taken since it was last kept is lost when
/// the process is killed; what was kept is never given back.
pub(super) struct KeptLimits {
    limiter: Arc<RateLimiter>,
    store: Arc<dyn RateLimitStore>,
    /// Whether the store may hold something that is whole by now.
    holds_some: AtomicBool,
}

impl KeptLimits {
    /// Has a limiter go on with what is kept.
    pub(super) fn load(
        limiter: Arc<RateLimiter>,
        store: Arc<dyn RateLimitStore>,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        limiter.restore(&store.load()?, now);
        Ok(Self { limiter, store, holds_some: AtomicBool::new(true) })
    }

    /// Keeps what has changed since this was last called, and forgets what is whole.
    pub(super) fn keep(&self, now: Timestamp) -> Result<(), StoreError> {
        let changed = self.limiter.changed();
        if changed.is_empty() && !self.holds_some.load(Ordering::Acquire) {
            return Ok(());
        }
        self.store.save(&changed, now).inspect_err(|_| self.limiter.not_kept(&changed))?;
        // Whatever the store holds that is not whole, the limiter holds as well.
        self.holds_some.store(self.limiter.keys() > 0, Ordering::Release);
        Ok(())
    }
}

impl fmt::Debug for KeptLimits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeptLimits").finish_non_exhaustive()
    }
}
