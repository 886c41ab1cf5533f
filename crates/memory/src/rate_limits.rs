//! What was taken of rate limits, in memory.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use syft_space_domain::policy::ports::RateLimitStore;
use syft_space_domain::policy::{LimitKey, TakenLimit};
use syft_space_domain::store::StoreError;
use syft_space_domain::time::Timestamp;

/// A [`RateLimitStore`] in memory.
#[derive(Debug, Default)]
pub struct MemoryRateLimits(Mutex<BTreeMap<LimitKey, TakenLimit>>);

impl MemoryRateLimits {
    /// A store that holds nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl RateLimitStore for MemoryRateLimits {
    fn load(&self) -> Result<Vec<TakenLimit>, StoreError> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).values().copied().collect())
    }

    fn save(&self, changed: &[TakenLimit], now: Timestamp) -> Result<(), StoreError> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend(changed.iter().map(|taken| (taken.key, *taken)));
        kept.retain(|_, taken| taken.until >= now);
        Ok(())
    }
}
