//! The in-memory store. Each unit of work runs on a copy of all tables, which is committed or dropped as a whole.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use syft_space_domain::audit::Event;
use syft_space_domain::store::{CommitHook, StateChange, Store, StoreError, View};
use syft_space_domain::unit::{Unit, UnitOutcome};

use crate::transaction::{Tables, Transaction};

/// A transactional store in memory: copy on write, with unique and foreign keys enforced.
///
/// It has no thread of its own. A thread that submits a unit while none is running runs it, and then every unit in the
/// queue; other threads only add to the queue. So units run one by one, the commit hook and the receipts are called in
/// commit order, and the hook may submit units itself (but must not wait for them).
pub struct MemoryStore {
    hook: Arc<dyn CommitHook>,
    queue: Mutex<Queue>,
    committed: RwLock<Tables>,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Box<dyn Unit>>,
    is_running: bool,
}

impl MemoryStore {
    /// The most units in the queue; one more is refused with [`StoreError::Busy`].
    pub const QUEUE_CAPACITY: usize = 4096;

    /// An empty store that calls `hook` after each commit.
    #[must_use]
    pub fn new(hook: Arc<dyn CommitHook>) -> Self {
        Self { hook, queue: Mutex::default(), committed: RwLock::default() }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tables(&self) -> Tables {
        self.committed.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn next_unit(&self) -> Option<Box<dyn Unit>> {
        let mut queue = self.queue();
        let unit = queue.waiting.pop_front();
        queue.is_running = unit.is_some();
        unit
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
                Ok(self.commit(transaction, events))
            }
            UnitOutcome::Rollback(events) => Ok(self.commit(Transaction::begin(self.tables()), events)),
        }
    }

    fn commit(&self, transaction: Transaction, events: Vec<Event>) -> Vec<StateChange> {
        let Transaction { mut tables, changes } = transaction;
        for event in events {
            tables.logs.append(event);
        }
        *self.committed.write().unwrap_or_else(PoisonError::into_inner) = tables;
        changes.into_iter().collect()
    }
}

impl Store for MemoryStore {
    fn submit(&self, unit: Box<dyn Unit>) {
        {
            let mut queue = self.queue();
            if queue.waiting.len() >= Self::QUEUE_CAPACITY {
                drop(queue);
                unit.done(Err(StoreError::Busy));
                return;
            }
            queue.waiting.push_back(unit);
            if queue.is_running {
                return;
            }
            queue.is_running = true;
        }
        while let Some(unit) = self.next_unit() {
            self.process(unit);
        }
    }

    fn read(&self) -> Result<Box<dyn View + '_>, StoreError> {
        Ok(Box::new(Transaction::begin(self.tables())))
    }
}
