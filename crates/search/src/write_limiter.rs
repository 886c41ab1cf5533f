//! The limit on writers: few at once, and never two of the same index.

use std::collections::HashSet;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::types::DatasetKey;

/// Limits the writers.
pub(crate) struct WriteLimiter {
    active: Mutex<HashSet<DatasetKey>>,
    freed: Condvar,
    max_writers: usize,
}

/// The right to write one index, until it is dropped.
pub(crate) struct WritePermit<'a> {
    limiter: &'a WriteLimiter,
    key: DatasetKey,
}

impl WriteLimiter {
    /// A limiter for this many writers at once.
    pub(crate) fn new(max_writers: usize) -> Self {
        Self { active: Mutex::default(), freed: Condvar::new(), max_writers: max_writers.max(1) }
    }

    /// Waits until the index may be written.
    pub(crate) fn acquire(&self, key: DatasetKey) -> WritePermit<'_> {
        let must_wait =
            |active: &mut HashSet<DatasetKey>| active.len() >= self.max_writers || active.contains(&key);
        let active = self.freed.wait_while(self.active(), must_wait);
        active.unwrap_or_else(PoisonError::into_inner).insert(key);
        WritePermit { limiter: self, key }
    }

    fn active(&self) -> MutexGuard<'_, HashSet<DatasetKey>> {
        self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for WritePermit<'_> {
    fn drop(&mut self) {
        self.limiter.active().remove(&self.key);
        self.limiter.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use syft_space_domain::ids::{DatasetId, TenantId};

    use super::*;

    #[test]
    fn no_more_than_the_most_and_never_two_on_one_index_are_let_in() {
        let limiter = WriteLimiter::new(2);
        let key = |byte| (TenantId::from_bytes([0; 16]), DatasetId::from_bytes([byte; 16]));
        let inside: Vec<AtomicUsize> = (0..3).map(|_| AtomicUsize::new(0)).collect();
        let all = AtomicUsize::new(0);
        std::thread::scope(|threads| {
            for at in 0..12_u8 {
                let (limiter, inside, all) = (&limiter, &inside, &all);
                threads.spawn(move || {
                    let mine = &inside[usize::from(at % 3)];
                    for _ in 0..200 {
                        let _permit = limiter.acquire(key(at % 3));
                        assert_eq!(mine.fetch_add(1, Ordering::SeqCst), 0);
                        assert!(all.fetch_add(1, Ordering::SeqCst) < 2);
                        std::thread::yield_now();
                        all.fetch_sub(1, Ordering::SeqCst);
                        mine.fetch_sub(1, Ordering::SeqCst);
                    }
                });
            }
        });
    }
}
