//! The in-memory store. Each unit of work runs on a copy of all tables, which is committed or dropped as a whole.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use syft_space_domain::audit::Event;
use syft_space_domain::store::{CommitHook, OverwriteDone, ReadUnit, StateChange, Store, StoreError, View};
use syft_space_domain::unit::{Unit, UnitOutcome};

use crate::transaction::{Tables, Transaction};

/// A transactional store in memory: copy on write, with unique and foreign keys enforced.
///
/// It has no thread of its own. A thread that submits a unit while none is running runs it, and then every unit in the
/// queue; other threads only add to the queue. So units run one by one, the commit hook and the receipts are called in
/// commit order, and the hook may submit units itself (but must not wait for them). Reads go the same way, in a queue of
/// their own.
pub struct MemoryStore {
    hook: Arc<dyn CommitHook>,
    units: Queue<Box<dyn Unit>>,
    reads: Queue<Box<dyn ReadUnit>>,
    committed: RwLock<Tables>,
}

/// Jobs that one thread at a time runs.
struct Queue<T>(Mutex<QueueState<T>>);

struct QueueState<T> {
    waiting: VecDeque<T>,
    is_running: bool,
}

impl<T> Queue<T> {
    fn new() -> Self {
        Self(Mutex::new(QueueState { waiting: VecDeque::new(), is_running: false }))
    }

    fn state(&self) -> MutexGuard<'_, QueueState<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a job, and runs the queue unless another thread does. A full queue gives the job back.
    fn submit(&self, job: T, run: impl Fn(T)) -> Result<(), T> {
        {
            let mut state = self.state();
            if state.waiting.len() >= MemoryStore::QUEUE_CAPACITY {
                return Err(job);
            }
            state.waiting.push_back(job);
            if state.is_running {
                return Ok(());
            }
            state.is_running = true;
        }
        while let Some(job) = self.next() {
            run(job);
        }
        Ok(())
    }

    fn next(&self) -> Option<T> {
        let mut state = self.state();
        let job = state.waiting.pop_front();
        state.is_running = job.is_some();
        job
    }
}

impl MemoryStore {
    /// The most units in the queue, and the most reads in theirs; one more is refused with [`StoreError::Busy`].
    pub const QUEUE_CAPACITY: usize = 4096;

    /// An empty store that calls `hook` after each commit.
    #[must_use]
    pub fn new(hook: Arc<dyn CommitHook>) -> Self {
        Self { hook, units: Queue::new(), reads: Queue::new(), committed: RwLock::default() }
    }

    /// What is committed now, for whoever has the store itself: without a queue, and to be kept as long as one likes.
    #[must_use]
    pub fn view(&self) -> Box<dyn View + Send> {
        Box::new(Transaction::begin(self.tables()))
    }

    fn tables(&self) -> Tables {
        self.committed.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn process(&self, mut unit: Box<dyn Unit>) {
        // A panic of a unit or of the hook must not affect the store or other units.
        let outcome =
            catch_unwind(AssertUnwindSafe(|| self.run(&mut *unit))).unwrap_or(Err(StoreError::Closed));
        if let Ok(changes) = &outcome
            && !changes.is_empty()
        {
            let call_hook = || self.hook.on_commit(&mut Transaction::begin(self.tables()), changes);
            drop(catch_unwind(AssertUnwindSafe(call_hook)));
        }
        drop(catch_unwind(AssertUnwindSafe(|| unit.done(outcome.map(drop)))));
    }

    /// Runs a unit and commits its outcome. Returns the changes.
    fn run(&self, unit: &mut dyn Unit) -> Result<Vec<StateChange>, StoreError> {
        let mut transaction = Transaction::begin(self.tables());
        match unit.run(&mut transaction)? {
            UnitOutcome::Commit(events) if events.is_empty() => {
                Err(StoreError::failed("a unit that keeps rows must record an event"))
            }
            UnitOutcome::Commit(events) => {
                transaction.raise_versions();
                Ok(self.commit(transaction, events, unit))
            }
            UnitOutcome::Counted => {
                transaction.raise_versions();
                Ok(self.commit(transaction, Vec::new(), unit))
            }
            UnitOutcome::Rollback(events) => Ok(self.commit(Transaction::begin(self.tables()), events, unit)),
        }
    }

    fn commit(&self, transaction: Transaction, events: Vec<Event>, unit: &mut dyn Unit) -> Vec<StateChange> {
        let Transaction { mut tables, changes } = transaction;
        for event in events {
            if tables.has_ended(event.log) {
                continue;
            }
            let recorded = tables.logs.append(event);
            unit.appended(&recorded);
        }
        *self.committed.write().unwrap_or_else(PoisonError::into_inner) = tables;
        changes.into_iter().collect()
    }
}

impl Store for MemoryStore {
    fn submit(&self, unit: Box<dyn Unit>) {
        if let Err(unit) = self.units.submit(unit, |unit| self.process(unit)) {
            unit.done(Err(StoreError::Busy));
        }
    }

    fn submit_read(&self, read: Box<dyn ReadUnit>) {
        let run = |read: Box<dyn ReadUnit>| {
            let run = || read.run(Ok(&mut *self.view()));
            drop(catch_unwind(AssertUnwindSafe(run)));
        };
        if let Err(read) = self.reads.submit(read, run) {
            read.run(Err(StoreError::Busy));
        }
    }

    fn submit_overwrite(&self, done: OverwriteDone) {
        // It has no files.
        done(Ok(()));
    }
}
