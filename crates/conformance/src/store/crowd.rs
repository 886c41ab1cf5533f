//! What happens when many write at once?

use std::collections::BTreeSet;
use std::iter;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;

use syft_space_domain::audit::{Action, Log};
use syft_space_domain::ids::EventId;
use syft_space_domain::store::{Store, StoreError};
use syft_space_domain::unit::{Receipt, Recorded, Refused};

use crate::drive::{all, founded, installation_log, keep, log, look, numbers, store_of};
use crate::made::MakeStore;
use crate::sample::{dataset, event, scope, tenant_id};
use crate::store::following::{Answering, PATIENCE};
use crate::store::units::No;

/// How the units of a crowd end: what they add, they add as recorded, refused, failed or panicking.
fn unit_of_a_crowd(store: &dyn Store, n: u64) -> (EventId, Receipt<u64, No>) {
    let of = 1 + n % 3;
    let event = event(Log::Tenant(tenant_id(of)), Action::ConfigChange);
    let id = event.id;
    let receipt = store.write(move |tx| {
        tx.add_dataset(&scope(of), &dataset(n))?;
        match n % 7 {
            3 => Ok(Err(Refused::new(No::Refused(n), event.clone()))),
            4 => Ok(Err(Refused::unrecorded(No::Refused(n)))),
            5 => Err(StoreError::Failed("the unit says so".to_owned())),
            6 if n.is_multiple_of(5) => panic!("a unit of the conformance suite panics on purpose"),
            _ => Ok(Ok(Recorded::new(n, event.clone()))),
        }
    });
    (id, receipt)
}

/// Whether a unit of a crowd keeps its row, and its event, when it ends as it should.
#[track_caller]
fn ends(n: u64, answer: &Result<u64, No>) -> (bool, bool) {
    let expected = match n % 7 {
        3 => (false, true),
        4 | 5 => (false, false),
        6 if n.is_multiple_of(5) => (false, false),
        _ => (true, true),
    };
    let fits = match answer {
        Ok(answered) => expected.0 && *answered == n,
        Err(No::Refused(answered)) => matches!(n % 7, 3 | 4) && *answered == n,
        Err(No::Store(StoreError::Failed(_))) => matches!(n % 7, 5 | 6),
        Err(No::Store(error)) => *error == StoreError::Closed && n % 7 == 6,
    };
    assert!(fits, "unit {n} of a crowd ends as it decided, and alone: {answer:?}");
    expected
}

/// Compares datasets and logs of tenants 1 to 3 with what the units of a crowd were told.
#[track_caller]
fn settle(store: &dyn Store, ended: Vec<(u64, EventId, Result<u64, No>)>) {
    let (mut rows, mut events) = (BTreeSet::new(), BTreeSet::new());
    for (n, event, answer) in ended {
        let (row, recorded) = ends(n, &answer);
        rows.extend(row.then(|| (tenant_id(1 + n % 3), dataset(n).id)));
        events.extend(recorded.then_some(event));
    }
    let mut found_rows = BTreeSet::new();
    let mut found_events = Vec::new();
    for n in 1..=3 {
        let listed = all(100, |page| look(store, |view| view.datasets(&scope(n), page)));
        found_rows.extend(listed.into_iter().map(|one| (tenant_id(n), one.id)));
        let log = log(store, &scope(n));
        assert!(numbers(&log).into_iter().eq((1..).take(log.len())), "a log has no gap: {:?}", numbers(&log));
        found_events.extend(log.into_iter().map(|one| one.event.id));
    }
    assert_eq!(found_rows, rows, "the rows that were answered for are there, and no other");
    assert_eq!(found_events.len(), events.len(), "no event is lost, and none stands twice");
    assert_eq!(
        found_events.into_iter().collect::<BTreeSet<_>>(),
        events,
        "each event that was answered for is there"
    );
}

/// By 32 threads that write at once.
pub fn u1_nothing_is_lost_in_a_crowd(make: &MakeStore) {
    let made = founded(make);
    let store = &*made.port;
    let ended = thread::scope(|threads| {
        let crowd: Vec<_> = (0..32_u64)
            .map(|thread| {
                threads.spawn(move || {
                    let units = (thread * 100..thread * 100 + 25).map(|n| {
                        let (event, receipt) = unit_of_a_crowd(store, n);
                        (n, event, receipt.wait())
                    });
                    units.collect::<Vec<_>>()
                })
            })
            .collect();
        crowd.into_iter().flat_map(|one| one.join().expect("a thread of the crowd ends")).collect()
    });
    settle(store, ended);
}

/// A unit that does not end before it is released, so that all others wait in the queue behind it.
fn blocker(store: &dyn Store, running: Sender<()>, released: Receiver<()>) {
    keep(store, move |_| {
        running.send(()).map_err(StoreError::failed)?;
        match released.recv_timeout(PATIENCE) {
            // A store may run a unit again; then nobody is there any more to let it go.
            Ok(()) | Err(RecvTimeoutError::Disconnected) => Ok(()),
            Err(error @ RecvTimeoutError::Timeout) => Err(StoreError::failed(error)),
        }
    });
}

fn let_go(release: Sender<()>) {
    release.send(()).expect("the unit in front still waits: submitting did not wait for it");
    drop(release);
}

/// Even where a store runs many units in one transaction.
pub fn a_unit_that_fails_in_a_crowd_ends_alone(make: &MakeStore) {
    let made = founded(make);
    let store = &*made.port;
    let (running, runs) = channel();
    let (release, released) = channel();
    let ended = thread::scope(|threads| {
        threads.spawn(move || blocker(store, running, released));
        runs.recv_timeout(PATIENCE).expect("a unit that is alone is run");
        let waiting: Vec<_> = (0..70).map(|n| (n, unit_of_a_crowd(store, n))).collect();
        let_go(release);
        waiting.into_iter().map(|(n, (event, receipt))| (n, event, receipt.wait())).collect()
    });
    settle(store, ended);
}

/// It is told at once, and the units in the queue come to no harm.
pub fn a_full_queue_says_so_and_never_blocks(make: &MakeStore) {
    const MORE_THAN_ANY_QUEUE: u64 = 100_000;
    let made = store_of(make);
    let store = &*made.port;
    let (running, runs) = channel();
    let (release, released) = channel();
    let (answer, answered) = channel();
    let count = thread::scope(|threads| {
        threads.spawn(move || blocker(store, running, released));
        runs.recv_timeout(PATIENCE).expect("a unit that is alone is run");
        let submitted = (1..=MORE_THAN_ANY_QUEUE).find(|_| {
            let answer = answer.clone();
            let told = move |outcome| drop(answer.send(outcome));
            let event = event(Log::Installation, Action::ConfigChange);
            store.submit(Box::new(Answering { founds: None, event, told }));
            answered.try_recv().is_ok_and(|outcome| outcome == Err(StoreError::Busy))
        });
        let_go(release);
        submitted.expect("a full queue says so: the store took 100,000 units to wait")
    });
    let queued = usize::try_from(count - 1).expect("a small number");
    let others = iter::repeat_with(|| answered.recv_timeout(PATIENCE)).take(queued);
    assert!(others.into_iter().all(|outcome| outcome == Ok(Ok(()))), "every unit in the queue is kept");
    let kept = installation_log(store).len();
    // One more is that of the unit in front.
    assert_eq!(kept, queued + 1, "and the one that was refused is not");
}
