//! Commit hooks of the in-memory store that panic or submit units.
#![expect(clippy::panic, clippy::unwrap_used, reason = "the hooks are part of the tests")]

use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, OnceLock, Weak};

use syft_space_conformance::sample::{event, scope, tenant};
use syft_space_domain::audit::{Action, Log};
use syft_space_domain::store::{CommitHook, StateChange, Store, StoreError, View};
use syft_space_domain::unit::Recorded;
use syft_space_memory::MemoryStore;

fn add_tenant(store: &dyn Store, n: u64) -> Result<(), StoreError> {
    let event = event(Log::Installation, Action::ConfigChange);
    let receipt = store.write(move |tx| {
        tx.add_tenant(&tenant(n))?;
        Ok(Recorded::new((), event.clone()))
    });
    receipt.wait()
}

struct PanickingHook;

impl CommitHook for PanickingHook {
    fn on_commit(&self, _: &mut dyn View, _: &[StateChange]) {
        panic!("a follower panics on purpose");
    }
}

#[test]
fn a_follower_that_panics_takes_nothing_with_it() {
    let store = MemoryStore::new(Arc::new(PanickingHook));
    assert_eq!([add_tenant(&store, 1), add_tenant(&store, 2)], [Ok(()), Ok(())]);
    assert!(store.view().tenant(&scope(2)).unwrap().is_some());
}

/// A hook that records an event after each commit.
struct RecordingHook {
    store: OnceLock<Weak<MemoryStore>>,
    calls: Mutex<Sender<()>>,
}

impl CommitHook for RecordingHook {
    fn on_commit(&self, _: &mut dyn View, _: &[StateChange]) {
        let store = self.store.get().and_then(Weak::upgrade).unwrap();
        let store: &dyn Store = &*store;
        drop(store.record(event(&scope(1), Action::SysStartup)));
        self.calls.lock().unwrap().send(()).unwrap();
    }
}

#[test]
fn a_follower_may_submit_a_unit_and_is_not_waited_for() {
    let (sender, calls) = channel();
    let hook = Arc::new(RecordingHook { store: OnceLock::new(), calls: Mutex::new(sender) });
    let store = Arc::new(MemoryStore::new(hook.clone()));
    hook.store.set(Arc::downgrade(&store)).unwrap();
    assert_eq!(add_tenant(&*store, 1), Ok(()));
    assert_eq!(calls.try_iter().count(), 1, "an event alone changes no snapshot, so it is told of once");
    let log = store.view().events(&scope(1), &Default::default(), Default::default()).unwrap();
    assert_eq!(log.events.items.len(), 1, "what the follower submitted is done");
}
