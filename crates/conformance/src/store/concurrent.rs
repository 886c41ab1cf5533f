//! Promises about concurrent units of work, and about a full queue.

use std::collections::BTreeSet;
use std::iter;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;

use syft_space_domain::audit::{Action, Log};
use syft_space_domain::ids::EventId;
use syft_space_domain::store::{Store, StoreError};
use syft_space_domain::unit::{Receipt, Recorded, Refused};

use crate::fixture::StoreFactory;
use crate::run::{all_items, commit, installation_log, log, new_store, read, seeded_store, sequence_numbers};
use crate::sample::{dataset, event, scope, tenant_id, write_scope};
use crate::store::shared::{CallbackUnit, UNIT_TIMEOUT, UnitError};

/// Submits a unit that adds a dataset, and then commits, is refused, fails or panics.
fn submit_unit(store: &dyn Store, n: u64) -> (EventId, Receipt<u64, UnitError>) {
    let tenant = 1 + n % 3;
    let event = event(Log::Tenant(tenant_id(tenant)), Action::ConfigChange);
    let id = event.id;
    let receipt = store.write(move |tx| {
        tx.add_dataset(&write_scope(tenant), &dataset(n))?;
        match n % 7 {
            3 => Err(Refused::new(UnitError::Refused(n), event.clone()).into()),
            4 => Err(UnitError::Refused(n).into()),
            5 => Err(StoreError::Failed("the unit says so".to_owned()).into()),
            6 if n.is_multiple_of(5) => panic!("a unit of the conformance suite panics on purpose"),
            _ => Ok(Recorded::new(n, event.clone())),
        }
    });
    (id, receipt)
}

/// Asserts the answer of a unit. Returns whether the store must have its row, and its event.
#[track_caller]
fn assert_answer(n: u64, answer: &Result<u64, UnitError>) -> (bool, bool) {
    let expected = match n % 7 {
        3 => (false, true),
        4 | 5 => (false, false),
        6 if n.is_multiple_of(5) => (false, false),
        _ => (true, true),
    };
    let fits = match answer {
        Ok(answered) => expected.0 && *answered == n,
        Err(UnitError::Refused(answered)) => matches!(n % 7, 3 | 4) && *answered == n,
        Err(UnitError::Store(StoreError::Failed(_))) => matches!(n % 7, 5 | 6),
        Err(UnitError::Store(error)) => *error == StoreError::Closed && n % 7 == 6,
    };
    assert!(fits, "unit {n} of a crowd ends as it decided, and alone: {answer:?}");
    expected
}

/// Compares the datasets and logs of tenants 1 to 3 with the answers of the units.
#[track_caller]
fn assert_rows_and_events(store: &dyn Store, answers: Vec<(u64, EventId, Result<u64, UnitError>)>) {
    let (mut rows, mut events) = (BTreeSet::new(), BTreeSet::new());
    for (n, event, answer) in answers {
        let (row, recorded) = assert_answer(n, &answer);
        rows.extend(row.then(|| (tenant_id(1 + n % 3), dataset(n).id)));
        events.extend(recorded.then_some(event));
    }
    let mut found_rows = BTreeSet::new();
    let mut found_events = Vec::new();
    for n in 1..=3 {
        let listed = all_items(100, |page| read(store, move |view| view.datasets(&scope(n), page)));
        found_rows.extend(listed.into_iter().map(|dataset| (tenant_id(n), dataset.id)));
        let log = log(store, &scope(n));
        assert!(
            sequence_numbers(&log).into_iter().eq((1..).take(log.len())),
            "a log has no gap: {:?}",
            sequence_numbers(&log)
        );
        found_events.extend(log.into_iter().map(|recorded| recorded.event.id));
    }
    assert_eq!(found_rows, rows, "the rows that were answered for are there, and no other");
    assert_eq!(found_events.len(), events.len(), "no event is lost, and none stands twice");
    assert_eq!(
        found_events.into_iter().collect::<BTreeSet<_>>(),
        events,
        "each event that was answered for is there"
    );
}

/// 32 threads write concurrently.
pub fn u1_nothing_is_lost_in_a_crowd(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    let answers = thread::scope(|threads| {
        let writers: Vec<_> = (0..32_u64)
            .map(|thread| {
                threads.spawn(move || {
                    let units = (thread * 100..thread * 100 + 25).map(|n| {
                        let (event, receipt) = submit_unit(store, n);
                        (n, event, receipt.wait())
                    });
                    units.collect::<Vec<_>>()
                })
            })
            .collect();
        writers.into_iter().flat_map(|thread| thread.join().expect("a thread of the crowd ends")).collect()
    });
    assert_rows_and_events(store, answers);
}

/// Runs a unit that blocks until it is released, so that all others wait in the queue behind it.
fn run_blocking_unit(store: &dyn Store, running: Sender<()>, released: Receiver<()>) {
    commit(store, move |_| {
        running.send(()).map_err(StoreError::failed)?;
        match released.recv_timeout(UNIT_TIMEOUT) {
            // A store may run a unit again; then the sender is gone.
            Ok(()) | Err(RecvTimeoutError::Disconnected) => Ok(()),
            Err(error @ RecvTimeoutError::Timeout) => Err(StoreError::failed(error)),
        }
    });
}

fn release_unit(release: Sender<()>) {
    release.send(()).expect("the unit in front still waits: submitting did not wait for it");
    drop(release);
}

/// This also holds for a store that runs many units in one transaction.
pub fn a_unit_that_fails_in_a_crowd_ends_alone(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    let (running, runs) = channel();
    let (release, released) = channel();
    let answers = thread::scope(|threads| {
        threads.spawn(move || run_blocking_unit(store, running, released));
        runs.recv_timeout(UNIT_TIMEOUT).expect("a unit that is alone is run");
        let waiting: Vec<_> = (0..70).map(|n| (n, submit_unit(store, n))).collect();
        release_unit(release);
        waiting.into_iter().map(|(n, (event, receipt))| (n, event, receipt.wait())).collect()
    });
    assert_rows_and_events(store, answers);
}

/// The refusal is immediate, and the units in the queue still commit.
pub fn a_full_queue_says_so_and_never_blocks(make: &StoreFactory) {
    const MAX_SUBMITTED_UNITS: u64 = 100_000;
    let fixture = new_store(make);
    let store = &*fixture.adapter;
    let (running, runs) = channel();
    let (release, released) = channel();
    let (answer, answered) = channel();
    let count = thread::scope(|threads| {
        threads.spawn(move || run_blocking_unit(store, running, released));
        runs.recv_timeout(UNIT_TIMEOUT).expect("a unit that is alone is run");
        let submitted = (1..=MAX_SUBMITTED_UNITS).find(|_| {
            let answer = answer.clone();
            let on_done = move |outcome| drop(answer.send(outcome));
            let event = event(Log::Installation, Action::ConfigChange);
            store.submit(Box::new(CallbackUnit { tenant: None, event, on_done }));
            answered.try_recv().is_ok_and(|outcome| outcome == Err(StoreError::Busy))
        });
        release_unit(release);
        submitted.expect("a full queue says so: the store took 100,000 units to wait")
    });
    let queued = usize::try_from(count - 1).expect("a small number");
    let mut others = iter::repeat_with(|| answered.recv_timeout(UNIT_TIMEOUT)).take(queued);
    assert!(others.all(|outcome| outcome.is_ok_and(|kept| kept.is_ok())), "every unit in the queue is kept");
    let kept = installation_log(store).len();
    // The log also has the event of the blocking unit.
    assert_eq!(kept, queued + 1, "and the one that was refused is not");
}
