//! Who may write an index now: few at once, and never two to the same.

use std::collections::HashSet;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::engine::Key;

/// Lets writers in.
pub(crate) struct Gate {
    busy: Mutex<HashSet<Key>>,
    freed: Condvar,
    most: usize,
}

/// The right to write one index, until it is dropped.
pub(crate) struct Permit<'a> {
    gate: &'a Gate,
    key: Key,
}

impl Gate {
    /// A gate for so many at once.
    pub(crate) fn new(most: usize) -> Self {
        Self { busy: Mutex::default(), freed: Condvar::new(), most: most.max(1) }
    }

    /// Waits for its turn.
    pub(crate) fn enter(&self, key: Key) -> Permit<'_> {
        let must_wait = |busy: &mut HashSet<Key>| busy.len() >= self.most || busy.contains(&key);
        let busy = self.freed.wait_while(self.busy(), must_wait);
        busy.unwrap_or_else(PoisonError::into_inner).insert(key);
        Permit { gate: self, key }
    }

    fn busy(&self) -> MutexGuard<'_, HashSet<Key>> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.gate.busy().remove(&self.key);
        self.gate.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use syft_space_domain::ids::{DatasetId, TenantId};

    use super::*;

    #[test]
    fn no_more_than_the_most_and_never_two_on_one_index_are_let_in() {
        let gate = Gate::new(2);
        let key = |byte| (TenantId::from_bytes([0; 16]), DatasetId::from_bytes([byte; 16]));
        let inside: Vec<AtomicUsize> = (0..3).map(|_| AtomicUsize::new(0)).collect();
        let all = AtomicUsize::new(0);
        std::thread::scope(|threads| {
            for at in 0..12_u8 {
                let (gate, inside, all) = (&gate, &inside, &all);
                threads.spawn(move || {
                    let mine = &inside[usize::from(at % 3)];
                    for _ in 0..200 {
                        let _permit = gate.enter(key(at % 3));
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
