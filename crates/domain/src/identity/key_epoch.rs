//! Whether all access tokens were revoked since somebody showed one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts how often all access tokens were revoked. Clones count together.
#[derive(Debug, Clone, Default)]
pub struct KeyEpoch(Arc<AtomicU64>);

impl KeyEpoch {
    /// Ends the epoch: whoever showed a token before has shown none that counts.
    pub fn advance(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    /// Notes which epoch it is, before a token is verified: what ends while that takes is not missed.
    #[must_use]
    pub fn mark(&self) -> EpochMark {
        EpochMark { seen: self.0.load(Ordering::SeqCst), epoch: self.clone() }
    }
}

/// An epoch in which somebody showed a token.
#[derive(Debug, Clone)]
pub struct EpochMark {
    epoch: KeyEpoch,
    seen: u64,
}

impl EpochMark {
    /// Whether all tokens of then were revoked since.
    pub(super) fn is_over(&self) -> bool {
        self.epoch.0.load(Ordering::SeqCst) != self.seen
    }
}
