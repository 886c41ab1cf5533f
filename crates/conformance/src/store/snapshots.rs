//! Promises about views: each is a snapshot, and the store keeps it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use syft_space_domain::dataset::Dataset;
use syft_space_domain::endpoint::Endpoint;

use crate::dump::StoreDump;
use crate::fixture::{Fixture, StoreFactory};
use crate::run::{commit, installation_log, read, seeded_store, sequence_numbers};
use crate::sample::{dataset, dataset_id, endpoint, endpoint_id, scope, tenant};
use crate::store::shared::seed_rows;

/// The moment is that of the `read` call, not of the first query.
pub fn a_view_is_of_one_moment(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    let before = read(store, |view| StoreDump::read(view, 4));
    let mut view = store.read().expect("a store can be read");
    commit(store, seed_rows);
    let seen = StoreDump::read(&mut *view, 4).expect("a view can be read");
    assert_eq!(seen, before, "a view shows nothing that was committed after it was asked for");
    commit(store, |tx| tx.add_tenant(&tenant(4)));
    let again = StoreDump::read(&mut *view, 4).expect("a view can be read");
    assert_eq!(again, before, "a view shows the same however often it is used");
    drop(view);
    let after = read(store, |view| StoreDump::read(view, 4));
    assert_ne!(after, before, "a new view shows what was committed before it");
}

/// One thread changes two rows repeatedly; readers always see the same revision of both.
pub fn nobody_sees_half_a_unit(make: &StoreFactory) {
    const UPDATES: u64 = 100;
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    commit(store, |tx| {
        tx.add_dataset(&scope(1), &dataset(1))?;
        tx.add_endpoint(&scope(1), &endpoint(1, 1))
    });
    let is_over = AtomicBool::new(false);
    let revisions = || {
        read(store, |view| {
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
                tx.update_dataset(&scope(1), &Dataset { revision, ..dataset(1) })?;
                tx.update_endpoint(&scope(1), &Endpoint { revision, ..endpoint(1, 1) })
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
    let before = read(&*fixture.adapter, |view| StoreDump::read(view, 9));
    let Fixture { adapter, reopen } = fixture;
    drop(adapter);
    let Some(reopen) = reopen else {
        return;
    };
    let again = reopen();
    let after = read(&*again.adapter, |view| StoreDump::read(view, 9));
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
