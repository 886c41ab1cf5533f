//! What was taken of a limiter, as it outlives the process.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use super::limiter::{RateLimiter, TakenLimit};
use crate::policy::ports::RateLimitStore;
use crate::store::StoreError;
use crate::time::Timestamp;

/// A limiter, and where what was taken of it is kept for the next start. What was taken since it was last kept is lost when
/// the process is killed; what was kept is never given back.
pub(super) struct KeptLimits {
    limiter: Arc<RateLimiter>,
    store: Arc<dyn RateLimitStore>,
    /// Until when the store holds something, in microseconds; the least number where it holds nothing.
    holds_until: AtomicI64,
}

impl KeptLimits {
    /// Has a limiter go on with what is kept.
    pub(super) fn load(
        limiter: Arc<RateLimiter>,
        store: Arc<dyn RateLimitStore>,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let kept = store.load()?;
        limiter.restore(&kept, now);
        Ok(Self { limiter, store, holds_until: AtomicI64::new(latest(&kept)) })
    }

    /// Keeps what has changed since this was last called, and forgets what is whole.
    pub(super) fn keep(&self, now: Timestamp) -> Result<(), StoreError> {
        let changed = self.limiter.changed();
        let holds_until = self.holds_until.load(Ordering::Acquire).max(latest(&changed));
        if holds_until == i64::MIN {
            return Ok(());
        }
        self.store.save(&changed, now).inspect_err(|_| self.limiter.not_kept(&changed))?;
        let left = if holds_until < now.as_unix_micros() { i64::MIN } else { holds_until };
        self.holds_until.store(left, Ordering::Release);
        Ok(())
    }
}

fn latest(taken: &[TakenLimit]) -> i64 {
    taken.iter().map(|taken| taken.until.as_unix_micros()).max().unwrap_or(i64::MIN)
}

impl fmt::Debug for KeptLimits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeptLimits").finish_non_exhaustive()
    }
}
