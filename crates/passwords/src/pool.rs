//! The pool of threads that hash, with a bounded queue.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};

use crate::hasher::{HashMemory, Hasher};
use crate::job::{HashJob, HashReply};
use crate::queue::HashQueue;

/// Threads that hash, and a bounded queue before them. They end when it is dropped.
pub(crate) struct Pool {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

/// The queue has no room for another job.
pub(crate) struct QueueFull;

struct Shared {
    hasher: Hasher,
    threads: usize,
    /// The most jobs that wait in one lane.
    max_waiting: usize,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    waiting: HashQueue,
    running: usize,
    closed: bool,
}

impl Pool {
    pub(crate) fn start(hasher: Hasher, threads: usize, queue: usize) -> std::io::Result<Self> {
        let (state, changed) = (Mutex::default(), Condvar::new());
        let shared = Arc::new(Shared { hasher, threads, max_waiting: queue, state, changed });
        let mut pool = Self { shared, threads: Vec::new() };
        for number in 0..threads {
            let shared = Arc::clone(&pool.shared);
            let thread = Builder::new().name(format!("password-{number}")).spawn(move || shared.work())?;
            pool.threads.push(thread);
        }
        Ok(pool)
    }

    pub(crate) fn hasher(&self) -> &Hasher {
        &self.shared.hasher
    }

    /// Queues a job, which keeps its place until it is done.
    pub(crate) fn submit(&self, job: HashJob) -> Result<(), QueueFull> {
        let mut state = self.shared.lock();
        let idle = self.shared.threads.saturating_sub(state.running);
        if !state.waiting.push(job.client(), job, self.shared.max_waiting, idle) {
            return Err(QueueFull);
        }
        drop(state);
        self.shared.changed.notify_one();
        Ok(())
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.closed = true;
        state.waiting.clear();
        drop(state);
        self.shared.changed.notify_all();
        for thread in self.threads.drain(..) {
            // A thread catches the panics of its jobs, so there is no other end to report.
            drop(thread.join());
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that can panic runs under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        let mut memory = HashMemory::default();
        while let Some(job) = self.next() {
            let client = job.client();
            let reply = catch_unwind(AssertUnwindSafe(|| job.run(&self.hasher, &mut memory)));
            // The place is free before the reply is sent: who then comes back at once finds it.
            let mut state = self.lock();
            state.running -= 1;
            state.waiting.ended(client, reply.as_ref().is_ok_and(HashReply::is_right));
            drop(state);
            if let Ok(reply) = reply {
                reply.send();
            }
        }
    }

    /// The next job that somebody waits for; `None` at the end.
    fn next(&self) -> Option<HashJob> {
        let mut state = self.lock();
        loop {
            if state.closed {
                return None;
            }
            match state.waiting.pop() {
                Some(job) => {
                    state.running += 1;
                    return Some(job);
                }
                None => state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }
}
