//! Is a view of one moment, and is the moment kept?

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use syft_space_domain::dataset::Dataset;
use syft_space_domain::endpoint::Endpoint;

use crate::drive::{founded, installation_log, keep, look, numbers};
use crate::made::{Made, MakeStore};
use crate::sample::{dataset, dataset_id, endpoint, endpoint_id, scope, tenant};
use crate::state::Everything;
use crate::store::units::furnish;

/// Of the moment it was asked for, not of the first time it is used.
pub fn a_view_is_of_one_moment(make: &MakeStore) {
    let made = founded(make);
    let store = &*made.port;
    let before = look(store, |view| Everything::seen(view, 4));
    let mut view = store.read().expect("a store can be read");
    keep(store, furnish);
    let seen = Everything::seen(&mut *view, 4).expect("a view can be read");
    assert_eq!(seen, before, "a view shows nothing that was committed after it was asked for");
    keep(store, |tx| tx.add_tenant(&tenant(4)));
    let again = Everything::seen(&mut *view, 4).expect("a view can be read");
    assert_eq!(again, before, "a view shows the same however often it is used");
    drop(view);
    let after = look(store, |view| Everything::seen(view, 4));
    assert_ne!(after, before, "a new view shows what was committed before it");
}

/// While one thread changes two rows again and again, others never see them apart.
pub fn nobody_sees_half_a_unit(make: &MakeStore) {
    const CHANGES: u64 = 100;
    let made = founded(make);
    let store = &*made.port;
    keep(store, |tx| {
        tx.add_dataset(&scope(1), &dataset(1))?;
        tx.add_endpoint(&scope(1), &endpoint(1, 1))
    });
    let over = AtomicBool::new(false);
    let see = || {
        look(store, |view| {
            let dataset = view.dataset(&scope(1), dataset_id(1))?.map(|one| one.revision);
            let endpoint = view.endpoint(&scope(1), endpoint_id(1))?.map(|one| one.revision);
            Ok((dataset, endpoint))
        })
    };
    thread::scope(|threads| {
        for _ in 0..3 {
            threads.spawn(|| {
                let mut last = None;
                while !over.load(Ordering::SeqCst) {
                    let (dataset, endpoint) = see();
                    assert_eq!(dataset, endpoint, "nobody sees half a unit");
                    assert!(dataset >= last, "nobody sees an older state after a newer one");
                    last = dataset;
                }
            });
        }
        for revision in 2..=CHANGES {
            keep(store, move |tx| {
                tx.update_dataset(&scope(1), &Dataset { revision, ..dataset(1) })?;
                tx.update_endpoint(&scope(1), &Endpoint { revision, ..endpoint(1, 1) })
            });
        }
        over.store(true, Ordering::SeqCst);
    });
    assert_eq!(see(), (Some(CHANGES), Some(CHANGES)), "the last change is the one that stays");
}

/// Rows, versions and logs; and the logs count on. A store that leaves nothing behind has nothing to show.
pub fn what_was_answered_is_there_after_a_restart(make: &MakeStore) {
    let made = founded(make);
    keep(&*made.port, furnish);
    let before = look(&*made.port, |view| Everything::seen(view, 9));
    let Made { port, reopen } = made;
    drop(port);
    let Some(reopen) = reopen else {
        return;
    };
    let again = reopen();
    let after = look(&*again.port, |view| Everything::seen(view, 9));
    assert_eq!(after, before, "what was answered is there after a restart");
    let mut expected = numbers(&installation_log(&*again.port));
    keep(&*again.port, |tx| tx.add_tenant(&tenant(9)));
    expected.extend(expected.last().map(|last| last + 1));
    assert_eq!(numbers(&installation_log(&*again.port)), expected, "a log counts on after a restart");
}
