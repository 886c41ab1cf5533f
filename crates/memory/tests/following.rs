//! What may a follower of the store in memory do?
#![expect(clippy::panic, clippy::unwrap_used, reason = "the followers are part of the tests")]

use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, OnceLock, Weak};

use syft_space_conformance::sample::{event, scope, tenant};
use syft_space_domain::audit::{Action, Log};
use syft_space_domain::store::{CommitHook, Store, StoreError, StateChange, View};
use syft_space_domain::unit::Recorded;
use syft_space_memory::MemoryStore;

fn found(store: &dyn Store, n: u64) -> Result<(), StoreError> {
    let founded = event(Log::Installation, Action::ConfigChange);
    let receipt = store.write(move |tx| {
        tx.add_tenant(&tenant(n))?;
        Ok(Ok(Recorded::new((), founded.clone())))
    });
    receipt.wait()
}

struct Panicking;

impl CommitHook for Panicking {
    fn on_commit(&self, _: &mut dyn View, _: &[StateChange]) {
        panic!("a follower panics on purpose");
    }
}

#[test]
fn a_follower_that_panics_takes_nothing_with_it() {
    let store = MemoryStore::new(Arc::new(Panicking));
    assert_eq!([found(&store, 1), found(&store, 2)], [Ok(()), Ok(())]);
    assert!(store.read().unwrap().tenant(&scope(2)).unwrap().is_some());
}

/// Writes an event for each commit it is told of.
struct Writing {
    store: OnceLock<Weak<MemoryStore>>,
    wrote: Mutex<Sender<()>>,
}

impl CommitHook for Writing {
    fn on_commit(&self, _: &mut dyn View, _: &[StateChange]) {
        let store = self.store.get().and_then(Weak::upgrade).unwrap();
        let store: &dyn Store = &*store;
        drop(store.record(event(&scope(1), Action::SysStartup)));
        self.wrote.lock().unwrap().send(()).unwrap();
    }
}

#[test]
fn a_follower_may_submit_a_unit_and_is_not_waited_for() {
    let (wrote, written) = channel();
    let follower = Arc::new(Writing { store: OnceLock::new(), wrote: Mutex::new(wrote) });
    let store = Arc::new(MemoryStore::new(follower.clone()));
    follower.store.set(Arc::downgrade(&store)).unwrap();
    assert_eq!(found(&*store, 1), Ok(()));
    assert_eq!(written.try_iter().count(), 1, "an event alone changes no live state, so it is told of once");
    let log = store.read().unwrap().events(&scope(1), &Default::default(), Default::default()).unwrap();
    assert_eq!(log.events.items.len(), 1, "what the follower submitted is done");
}
