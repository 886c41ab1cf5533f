//! The threads that scan. They are started with the first question that needs them.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use futures_channel::oneshot;
use syft_space_domain::dataset::ports::VectorIndexError;
use syft_space_domain::ids::{DatasetId, TenantId};

use super::error::guarded;
use super::nearest::Wanted;
use super::scan::{Answer, Opener, Scan};
use super::turns::{Turns, Work};

/// The threads, until this is dropped.
pub(crate) struct Workers {
    shared: Arc<Shared>,
    threads: usize,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    work_came: Condvar,
}

#[derive(Default)]
struct State {
    turns: Turns,
    started: usize,
    is_closed: bool,
}

impl Workers {
    /// Up to this many threads; at least one.
    pub(crate) fn new(threads: usize) -> Self {
        Self { shared: Arc::default(), threads: threads.max(1) }
    }

    /// Lets a question wait for its turn.
    pub(crate) fn submit(
        &self,
        tenant: TenantId,
        dataset: DatasetId,
        wanted: Wanted,
        opener: Opener,
    ) -> Result<oneshot::Receiver<Answer>, VectorIndexError> {
        let (sender, receiver) = oneshot::channel();
        let mut state = self.shared.state();
        while state.started < self.threads {
            let shared = Arc::clone(&self.shared);
            let thread = thread::Builder::new().name(format!("vectors-{}", state.started));
            match thread.spawn(move || shared.work()) {
                Ok(_) => state.started = state.started.saturating_add(1),
                // With one thread it works, and with the next question it is tried again.
                Err(_) if state.started > 0 => break,
                Err(error) => return Err(VectorIndexError::Failed(format!("no thread can be had: {error}"))),
            }
        }
        state.turns.push(tenant, Arc::new(Scan::new(dataset, wanted, opener, sender)))?;
        drop(state);
        self.shared.work_came.notify_one();
        Ok(receiver)
    }
}

/// The threads end once they have done what they are at. Whoever still waits is told so by the dropped sender.
impl Drop for Workers {
    fn drop(&mut self) {
        let mut state = self.shared.state();
        state.is_closed = true;
        state.turns.clear();
        drop(state);
        self.shared.work_came.notify_all();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        while let Some(work) = self.next() {
            match work {
                Work::Open(tenant, scan, opener) => {
                    scan.opened(opener());
                    let mut state = self.state();
                    state.turns.opened(tenant);
                    drop(state);
                    self.work_came.notify_one();
                }
                Work::Scan(scan, segment, more) => {
                    if more {
                        self.work_came.notify_one();
                    }
                    scan.scanned(guarded(scan.dataset(), || scan.find_in(&segment)));
                }
            }
        }
    }

    /// Waits for the next work; `None` once this is closed.
    fn next(&self) -> Option<Work> {
        let mut state = self.state();
        loop {
            if state.is_closed {
                return None;
            }
            if let Some(work) = state.turns.pop() {
                return Some(work);
            }
            state = self.work_came.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}
