//! How many calls are under way at once, in all and to one target?

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many targets are remembered before those that nobody calls are forgotten.
const REMEMBERED: usize = 256;

/// Bounds on calls at once.
pub(crate) struct Permits {
    all: Arc<Semaphore>,
    per_target: usize,
    targets: Mutex<HashMap<String, Weak<Semaphore>>>,
}

/// One call under way. The target's semaphore lives as long as somebody uses it.
pub(crate) struct Permit {
    _target: OwnedSemaphorePermit,
    _all: OwnedSemaphorePermit,
}

impl Permits {
    pub(crate) fn new(all: usize, per_target: usize) -> Self {
        Self { all: Arc::new(Semaphore::new(all)), per_target, targets: Mutex::default() }
    }

    /// Waits until one more call may begin. `None` never comes: nothing closes the semaphores.
    pub(crate) async fn one(&self, target: &str) -> Option<Permit> {
        let semaphore = self.of(target);
        // The target's first: who waits for a slow target takes nothing from the others.
        let target = semaphore.acquire_owned().await.ok()?;
        let all = Arc::clone(&self.all).acquire_owned().await.ok()?;
        Some(Permit { _target: target, _all: all })
    }

    fn of(&self, target: &str) -> Arc<Semaphore> {
        let mut targets = self.targets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = targets.get(target).and_then(Weak::upgrade) {
            return known;
        }
        if targets.len() >= REMEMBERED {
            targets.retain(|_, semaphore| semaphore.strong_count() > 0);
        }
        let semaphore = Arc::new(Semaphore::new(self.per_target));
        targets.insert(target.to_owned(), Arc::downgrade(&semaphore));
        semaphore
    }
}
