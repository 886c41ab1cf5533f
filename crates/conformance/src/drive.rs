//! How do the suites write, read and follow?

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};

use syft_space_domain::audit::ports::{EventFilter, Seq};
use syft_space_domain::audit::{Action, Event, Log, RecordedEvent};
use syft_space_domain::page::{Page, PageRequest, PageLimit};
use syft_space_domain::store::{CommitHook, NoopHook, Store, StoreError, StateChange, Tx, View};
use syft_space_domain::tenant::{OperatorScope, TenantScope};
use syft_space_domain::unit::{Receipt, Recorded};

use crate::made::{Made, MakeStore};
use crate::sample;

/// A store that nobody follows.
pub(crate) fn store_of(make: &MakeStore) -> Made<dyn Store> {
    make(Arc::new(NoopHook))
}

/// A store with tenants 1, 2 and 3, and accounts 1 to 9.
pub(crate) fn founded(make: &MakeStore) -> Made<dyn Store> {
    let made = store_of(make);
    found(&*made.port);
    made
}

/// Founds tenants 1, 2 and 3, and accounts 1 to 9.
pub(crate) fn found(store: &dyn Store) {
    keep(store, |tx| {
        (1..=3).try_for_each(|n| tx.add_tenant(&sample::tenant(n)))?;
        (1..=9).try_for_each(|n| tx.add_account(&sample::account(n)))
    });
}

/// Submits a unit whose rows are kept, with one event in the installation's log.
pub(crate) fn submit<T: Send + 'static>(
    store: &dyn Store,
    mut work: impl FnMut(&mut dyn Tx) -> Result<T, StoreError> + Send + 'static,
) -> Receipt<T, StoreError> {
    let event = sample::event(Log::Installation, Action::ConfigChange);
    store.write(move |tx| Ok(Ok(Recorded::new(work(tx)?, event.clone()))))
}

/// Writes rows that must be accepted.
#[track_caller]
pub(crate) fn keep<T: Send + 'static>(
    store: &dyn Store,
    work: impl FnMut(&mut dyn Tx) -> Result<T, StoreError> + Send + 'static,
) -> T {
    submit(store, work).wait().expect("a write that contradicts nothing is accepted")
}

/// Writes rows that contradict what is stored.
#[track_caller]
pub(crate) fn contradicts<T: Send + Debug + 'static>(
    store: &dyn Store,
    what: &str,
    work: impl FnMut(&mut dyn Tx) -> Result<T, StoreError> + Send + 'static,
) {
    let outcome = submit(store, work).wait();
    assert!(matches!(outcome, Err(StoreError::Conflict(_))), "{what} is a Conflict, not {outcome:?}");
}

/// Reads from a fresh view.
#[track_caller]
pub(crate) fn look<T>(store: &dyn Store, at: impl FnOnce(&mut dyn View) -> Result<T, StoreError>) -> T {
    let mut view = store.read().expect("a store that was just written to can be read");
    at(&mut *view).expect("what was just written can be read")
}

/// A page of this many items, from the start.
pub(crate) fn first<K>(limit: u64) -> PageRequest<K> {
    PageRequest { limit: PageLimit::parse(limit).expect("a valid limit"), after: None }
}

/// Every item of a list, from pages of this many.
#[track_caller]
pub(crate) fn all<T, K>(limit: u64, mut ask: impl FnMut(PageRequest<K>) -> Page<T, K>) -> Vec<T> {
    let mut items = Vec::new();
    let mut after = None;
    for _ in 0..1_000 {
        let page = ask(PageRequest { after, ..first(limit) });
        items.extend(page.items);
        after = page.next;
        if after.is_none() {
            return items;
        }
    }
    panic!("a list comes to an end: after 1,000 pages there is still another");
}

/// A tenant's whole log, the oldest event first.
#[track_caller]
pub(crate) fn log(store: &dyn Store, scope: &TenantScope) -> Vec<RecordedEvent> {
    look(store, |view| log_in(view, scope))
}

/// A tenant's whole log, the oldest event first.
pub(crate) fn log_in(view: &mut dyn View, scope: &TenantScope) -> Result<Vec<RecordedEvent>, StoreError> {
    oldest_first(|page| Ok(view.events(scope, &EventFilter::default(), page)?.events))
}

/// The installation's whole log, the oldest event first.
#[track_caller]
pub(crate) fn installation_log(store: &dyn Store) -> Vec<RecordedEvent> {
    look(store, installation_log_in)
}

/// The installation's whole log, the oldest event first.
pub(crate) fn installation_log_in(view: &mut dyn View) -> Result<Vec<RecordedEvent>, StoreError> {
    let operator = OperatorScope::at_startup();
    oldest_first(|page| Ok(view.installation_events(&operator, &EventFilter::default(), page)?.events))
}

fn oldest_first(
    mut ask: impl FnMut(PageRequest<Seq>) -> Result<Page<RecordedEvent, Seq>, StoreError>,
) -> Result<Vec<RecordedEvent>, StoreError> {
    let mut failed = None;
    let mut events = all(100, |page| {
        ask(page).unwrap_or_else(|error| {
            failed = Some(error);
            Page { items: Vec::new(), next: None }
        })
    });
    events.reverse();
    failed.map_or(Ok(events), Err)
}

/// The numbers of a log's events.
pub(crate) fn numbers(log: &[RecordedEvent]) -> Vec<u64> {
    log.iter().map(|one| one.seq).collect()
}

/// The events of a log, without their numbers.
pub(crate) fn events(log: Vec<RecordedEvent>) -> Vec<Event> {
    log.into_iter().map(|one| one.event).collect()
}

/// A follower that remembers what it was told of.
#[derive(Default)]
pub(crate) struct Follower {
    told: Mutex<Vec<BTreeSet<StateChange>>>,
}

impl Follower {
    /// What each commit that changed something touched, in the order they were told in.
    pub(crate) fn told(&self) -> Vec<BTreeSet<StateChange>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Forgets all, and answers what was touched until now.
    pub(crate) fn take(&self) -> BTreeSet<StateChange> {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *told).into_iter().flatten().collect()
    }
}

impl CommitHook for Follower {
    fn on_commit(&self, _view: &mut dyn View, changes: &[StateChange]) {
        if !changes.is_empty() {
            self.told.lock().unwrap_or_else(PoisonError::into_inner).push(changes.iter().copied().collect());
        }
    }
}
