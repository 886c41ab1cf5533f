//! Promises about views: each is a snapshot, and the store keeps it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::thread;

use syft_space_domain::dataset::Dataset;
use syft_space_domain::endpoint::Endpoint;
use syft_space_domain::store::StoreError;

use crate::dump::StoreDump;
use crate::fixture::{Fixture, StoreFactory};
use crate::run::{commit, installation_log, read, seeded_store, sequence_numbers};
use crate::sample::{dataset, dataset_id, endpoint, endpoint_id, scope, tenant, write_scope};
use crate::store::shared::{UNIT_TIMEOUT, seed_rows};

/// The moment is when the read begins, not its first query.
pub fn a_view_is_of_one_moment(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    let before = read(store, move |view| StoreDump::read(view, 4));
    let (begin, begun) = channel();
    let (go_on, may_go_on) = channel();
    let (seen, again) = thread::scope(|threads| {
        let reader = threads.spawn(move || {
            read(store, move |view| {
                let mut dump_when_told = || {
                    begin.send(()).map_err(StoreError::failed)?;
                    may_go_on.recv_timeout(UNIT_TIMEOUT).map_err(StoreError::failed)?;
                    StoreDump::read(view, 4)
                };
                Ok((dump_when_told()?, dump_when_told()?))
            })
        });
        begun.recv_timeout(UNIT_TIMEOUT).expect("a read that is alone is run");
        commit(store, seed_rows);
        go_on.send(()).expect("the read waits");
        begun.recv_timeout(UNIT_TIMEOUT).expect("the read has used its view");
        commit(store, |tx| tx.add_tenant(&tenant(4)));
        go_on.send(()).expect("the read waits");
        reader.join().expect("the read ends")
    });
    assert_eq!(seen, before, "a view shows nothing that was committed after its read began");
    assert_eq!(again, before, "a view shows the same however often it is used");
    let after = read(store, move |view| StoreDump::read(view, 4));
    assert_ne!(after, before, "a new view shows what was committed before it");
}

/// One thread changes two rows repeatedly; readers always see the same revision of both.
pub fn nobody_sees_half_a_unit(make: &StoreFactory) {
    const UPDATES: u64 = 100;
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    commit(store, |tx| {
        tx.add_dataset(&write_scope(1), &dataset(1))?;
        tx.add_endpoint(&write_scope(1), &endpoint(1, 1))
    });
    let is_over = AtomicBool::new(false);
    let revisions = || {
        read(store, move |view| {
            let dataset = view.dataset(&scope(1), dataset_id(1))?.map(|dataset| dataset.revision);
            let endpoint = view.endpoint(&scope(1), endpoint_id(1))?.map(|endpoint| endpoint.revision);
            Ok((dataset, endpoint))
        })
    };
    thread::scope(|threads| {
        for _ in 0..3 {
            threads.spawn(|| {
                let mut last = None;
                while !is_over.load(Ordering::SeqCst) {
                    let (dataset, endpoint) = revisions();
                    assert_eq!(dataset, endpoint, "nobody sees half a unit");
                    assert!(dataset >= last, "nobody sees an older state after a newer one");
                    last = dataset;
                }
            });
        }
        for revision in 2..=UPDATES {
            commit(store, move |tx| {
                tx.update_dataset(&write_scope(1), &Dataset { revision, ..dataset(1) })?;
                tx.update_endpoint(&write_scope(1), &Endpoint { revision, ..endpoint(1, 1) })
            });
        }
        is_over.store(true, Ordering::SeqCst);
    });
    assert_eq!(revisions(), (Some(UPDATES), Some(UPDATES)), "the last change is the one that stays");
}

/// Checks rows, versions and logs, and that sequence numbers continue. Only persistent stores are checked.
pub fn what_was_answered_is_there_after_a_restart(make: &StoreFactory) {
    let fixture = seeded_store(make);
    commit(&*fixture.adapter, seed_rows);
    let before = read(&*fixture.adapter, move |view| StoreDump::read(view, 9));
    let Fixture { adapter, reopen } = fixture;
    drop(adapter);
    let Some(reopen) = reopen else {
        return;
    };
    let again = reopen();
    let after = read(&*again.adapter, move |view| StoreDump::read(view, 9));
    assert_eq!(after, before, "what was answered is there after a restart");
    let mut expected = sequence_numbers(&installation_log(&*again.adapter));
    commit(&*again.adapter, |tx| tx.add_tenant(&tenant(9)));
    expected.extend(expected.last().map(|last| last + 1));
    assert_eq!(
        sequence_numbers(&installation_log(&*again.adapter)),
        expected,
        "a log counts on after a restart"
    );
}
