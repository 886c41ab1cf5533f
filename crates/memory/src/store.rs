//! How do units of work run without a database? Each on a copy of everything, which is kept or dropped as a whole.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use syft_space_domain::audit::Event;
use syft_space_domain::store::{CommitHook, Store, StoreError, StateChange, View};
use syft_space_domain::unit::{UnitOutcome, Unit};

use crate::session::{Session, State};

/// A transactional store in memory: copy on write, with unique and foreign keys enforced.
///
/// It has no thread of its own. Whoever submits a unit while none is being run runs it, and every unit that is
/// queued meanwhile; the others only queue theirs. So units run one by one, followers and receipts are told in the
/// order of the commits, and a follower may submit units itself (but must not wait for them).
pub struct MemoryStore {
    hook: Arc<dyn CommitHook>,
    queue: Mutex<Queue>,
    committed: RwLock<State>,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Box<dyn Unit>>,
    somebody_works: bool,
}

impl MemoryStore {
    /// The most units that wait; one more is refused as [`StoreError::Busy`].
    pub const QUEUE: usize = 4096;

    /// An empty store that tells `hook` of each commit.
    #[must_use]
    pub fn new(hook: Arc<dyn CommitHook>) -> Self {
        Self { hook, queue: Mutex::default(), committed: RwLock::default() }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn state(&self) -> State {
        self.committed.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn next(&self) -> Option<Box<dyn Unit>> {
        let mut queue = self.queue();
        let unit = queue.waiting.pop_front();
        queue.somebody_works = unit.is_some();
        unit
    }

    fn process(&self, mut unit: Box<dyn Unit>) {
        // Whatever a unit or a follower panics with is its own: the store and the other units go on.
        let outcome =
            catch_unwind(AssertUnwindSafe(|| self.run(&mut *unit))).unwrap_or(Err(StoreError::Closed));
        if let Ok(changes) = &outcome
            && !changes.is_empty()
        {
            let told = || self.hook.on_commit(&mut Session::over(self.state()), changes);
            drop(catch_unwind(AssertUnwindSafe(told)));
        }
        drop(catch_unwind(AssertUnwindSafe(|| unit.done(outcome.map(drop)))));
    }

    /// Runs a unit and commits what it keeps. Answers what that touched.
    fn run(&self, unit: &mut dyn Unit) -> Result<Vec<StateChange>, StoreError> {
        let mut session = Session::over(self.state());
        match unit.run(&mut session)? {
            UnitOutcome::Commit(events) if events.is_empty() => {
                Err(StoreError::failed("a unit that keeps rows must record an event"))
            }
            UnitOutcome::Commit(events) => {
                session.bump_versions();
                Ok(self.commit(session, events))
            }
            UnitOutcome::Rollback(events) => Ok(self.commit(Session::over(self.state()), events)),
        }
    }

    fn commit(&self, session: Session, events: Vec<Event>) -> Vec<StateChange> {
        let Session { mut state, changes } = session;
        for event in events {
            state.logs.append(event);
        }
        *self.committed.write().unwrap_or_else(PoisonError::into_inner) = state;
        changes.into_iter().collect()
    }
}

impl Store for MemoryStore {
    fn submit(&self, unit: Box<dyn Unit>) {
        {
            let mut queue = self.queue();
            if queue.waiting.len() >= Self::QUEUE {
                drop(queue);
                unit.done(Err(StoreError::Busy));
                return;
            }
            queue.waiting.push_back(unit);
            if queue.somebody_works {
                return;
            }
            queue.somebody_works = true;
        }
        while let Some(unit) = self.next() {
            self.process(unit);
        }
    }

    fn read(&self) -> Result<Box<dyn View + '_>, StoreError> {
        Ok(Box::new(Session::over(self.state())))
    }
}
