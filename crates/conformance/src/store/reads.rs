//! Promises about reads: when they see a commit, and how they end.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;

use syft_space_domain::store::{Flow, ReadUnit, Store, StoreError, View};

use crate::fixture::{Fixture, StoreFactory};
use crate::run::{commit, new_store, read, seeded_store};
use crate::sample::{dataset, dataset_id, scope, write_scope};
use crate::store::shared::UNIT_TIMEOUT;

/// A read that calls back with whether it got a view.
struct CallbackRead<F>(F);

impl<F: FnOnce(Result<(), StoreError>) + Send> ReadUnit for CallbackRead<F> {
    fn flow(&self) -> Flow {
        Flow::from(&scope(1))
    }

    fn is_wanted(&self) -> bool {
        true
    }

    fn run(self: Box<Self>, view: Result<&mut dyn View, StoreError>) {
        (self.0)(view.map(|_| ()));
    }
}

/// Submits a read that tells how it ended, after it has waited for the gate.
fn submit(store: &dyn Store, gate: &Arc<Gate>, told: &Sender<Result<(), StoreError>>) {
    let (gate, told) = (Arc::clone(gate), told.clone());
    store.submit_read(Box::new(CallbackRead(move |outcome: Result<(), StoreError>| {
        if outcome.is_ok() {
            gate.wait();
        }
        // The receiver may have timed out.
        drop(told.send(outcome));
    })));
}

/// Holds reads up until it is opened.
#[derive(Default)]
struct Gate {
    is_open: Mutex<bool>,
    opened: Condvar,
    arrived: Mutex<Option<Sender<()>>>,
}

impl Gate {
    fn wait(&self) {
        if let Some(arrived) = self.arrived.lock().unwrap_or_else(PoisonError::into_inner).take() {
            arrived.send(()).expect("whoever made the gate waits for the first");
        }
        let is_open = self.is_open.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.opened.wait_timeout_while(is_open, UNIT_TIMEOUT, |is_open| !*is_open);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    fn open(&self) {
        *self.is_open.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.opened.notify_all();
    }

    /// A gate, and who is told when the first read waits at it.
    fn closed() -> (Arc<Self>, Receiver<()>) {
        let (sender, arrived) = channel();
        (Arc::new(Self { arrived: Mutex::new(Some(sender)), ..Self::default() }), arrived)
    }
}

/// Whichever thread has been told of the commit.
pub fn a_read_sees_what_was_answered_before_it(make: &StoreFactory) {
    const WRITERS: u64 = 4;
    const WRITES: u64 = 25;
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    thread::scope(|threads| {
        for writer in 0..WRITERS {
            threads.spawn(move || {
                for n in (1..=WRITES).map(|n| writer * WRITES + n) {
                    commit(store, move |tx| tx.add_dataset(&write_scope(1), &dataset(n)));
                    let seen = read(store, move |view| view.dataset(&scope(1), dataset_id(n)));
                    assert!(seen.is_some(), "a read sees what was answered before it");
                }
            });
        }
    });
}

/// However many do, the store goes on.
pub fn a_read_that_panics_ends_alone(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    for _ in 0..16 {
        let answer = store.read(&scope(1), |view| -> Result<u64, StoreError> {
            view.count_datasets(&scope(1))?;
            panic!("a read of the conformance suite panics on purpose")
        });
        let answer = answer.wait();
        assert!(
            matches!(answer, Err(StoreError::Closed | StoreError::Failed(_))),
            "a read that panics is told so, not {answer:?}"
        );
    }
    assert_eq!(read(store, |view| view.count_datasets(&scope(1))), 0, "a read that panics ends alone");
    commit(store, |tx| tx.add_dataset(&write_scope(1), &dataset(1)));
    assert_eq!(read(store, |view| view.count_datasets(&scope(1))), 1, "and keeps no snapshot");
}

/// It is told at once, and the reads in the queue come to no harm.
pub fn a_full_queue_of_reads_says_so_and_never_blocks(make: &StoreFactory) {
    const MAX_SUBMITTED_READS: usize = 100_000;
    let fixture = new_store(make);
    let store = &*fixture.adapter;
    let (gate, arrived) = Gate::closed();
    let (told, outcomes) = channel();
    let count = thread::scope(|threads| {
        // A store may run a read on the thread that submits it.
        threads.spawn(|| submit(store, &gate, &told.clone()));
        arrived.recv_timeout(UNIT_TIMEOUT).expect("a read that is alone is run");
        let submitted = (1..=MAX_SUBMITTED_READS).find(|_| {
            submit(store, &gate, &told);
            outcomes.try_recv().is_ok_and(|outcome| outcome == Err(StoreError::Busy))
        });
        gate.open();
        submitted.expect("a full queue says so: the store took 100,000 reads to wait")
    });
    drop(told);
    // The one that was alone, and all but the one that was refused.
    for _ in 0..count {
        let outcome = outcomes.recv_timeout(UNIT_TIMEOUT);
        assert_eq!(outcome, Ok(Ok(())), "every read in the queue is run");
    }
}

/// It has run, or is told that the store is closed.
pub fn every_read_is_told_when_the_store_is_dropped(make: &StoreFactory) {
    const READS: usize = 500;
    let (gate, _arrived) = Gate::closed();
    gate.open();
    let (told, outcomes) = channel();
    let Fixture { adapter, reopen: _keep_alive } = new_store(make);
    for _ in 0..READS {
        submit(&*adapter, &gate, &told);
    }
    drop((adapter, told));
    for _ in 0..READS {
        let outcome = outcomes.recv_timeout(UNIT_TIMEOUT).expect("every read is told how it ended");
        assert!(
            matches!(outcome, Ok(()) | Err(StoreError::Closed)),
            "a read has run or is told that the store is closed, not {outcome:?}"
        );
    }
}
