//! The limit on calls at once, in all and to acquire target.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The number of targets from which those without calls are removed.
const CLEANUP_THRESHOLD_TARGETS: usize = 256;

/// Limits on calls at once.
pub(crate) struct ConcurrencyLimit {
    all: Arc<Semaphore>,
    per_target: usize,
    targets: Mutex<HashMap<String, Weak<Semaphore>>>,
}

/// The permit of one call. The target's semaphore lives as long as somebody uses it.
pub(crate) struct CallPermit {
    _target: OwnedSemaphorePermit,
    _all: OwnedSemaphorePermit,
}

impl ConcurrencyLimit {
    pub(crate) fn new(all: usize, per_target: usize) -> Self {
        Self { all: Arc::new(Semaphore::new(all)), per_target, targets: Mutex::default() }
    }

    /// Waits until one more call may begin. `None` never comes: nothing closes the semaphores.
    pub(crate) async fn acquire(&self, target: &str) -> Option<CallPermit> {
        let semaphore = self.target_semaphore(target);
        // The target's first: who waits for a slow target takes nothing from the others.
        let target = semaphore.acquire_owned().await.ok()?;
        let all = Arc::clone(&self.all).acquire_owned().await.ok()?;
        Some(CallPermit { _target: target, _all: all })
    }

    fn target_semaphore(&self, target: &str) -> Arc<Semaphore> {
        let mut targets = self.targets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = targets.get(target).and_then(Weak::upgrade) {
            return known;
        }
        if targets.len() >= CLEANUP_THRESHOLD_TARGETS {
            targets.retain(|_, semaphore| semaphore.strong_count() > 0);
        }
        let semaphore = Arc::new(Semaphore::new(self.per_target));
        targets.insert(target.to_owned(), Arc::downgrade(&semaphore));
        semaphore
    }
}
