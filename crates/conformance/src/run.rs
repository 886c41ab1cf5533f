//! Runs units of work and reads against a store under test, and records its commits.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};

use syft_space_domain::audit::ports::{EventFilter, Seq};
use syft_space_domain::audit::{Action, Event, Log, RecordedEvent};
use syft_space_domain::page::{Page, PageLimit, PageRequest};
use syft_space_domain::store::{CommitHook, Flow, NoopHook, StateChange, Store, StoreError, Tx, View};
use syft_space_domain::tenant::{OperatorScope, TenantScope};
use syft_space_domain::unit::{Receipt, Recorded};

use crate::fixture::{Fixture, StoreFactory};
use crate::sample;

/// An empty store with a hook that does nothing.
pub(crate) fn new_store(make: &StoreFactory) -> Fixture<dyn Store> {
    make(Arc::new(NoopHook))
}

/// A store with the rows of [`seed`].
pub(crate) fn seeded_store(make: &StoreFactory) -> Fixture<dyn Store> {
    let fixture = new_store(make);
    seed(&*fixture.adapter);
    fixture
}

/// Adds tenants 1 to 3.
pub(crate) fn seed(store: &dyn Store) {
    commit(store, |tx| (1..=3).try_for_each(|n| tx.add_tenant(&sample::tenant(n))));
}

/// Submits a unit of work that commits its rows with one event in the installation's log.
pub(crate) fn submit<T: Send + 'static>(
    store: &dyn Store,
    mut work: impl FnMut(&mut dyn Tx) -> Result<T, StoreError> + Send + 'static,
) -> Receipt<T, StoreError> {
    let event = sample::event(Log::Installation, Action::ConfigChange);
    store.write(move |tx| Ok(Recorded::new(work(tx)?, event.clone())))
}

/// Commits rows that the store must accept.
#[track_caller]
pub(crate) fn commit<T: Send + 'static>(
    store: &dyn Store,
    work: impl FnMut(&mut dyn Tx) -> Result<T, StoreError> + Send + 'static,
) -> T {
    submit(store, work).wait().expect("a write that contradicts nothing is accepted")
}

/// Writes rows that violate a constraint, and asserts that the store answers a conflict.
#[track_caller]
pub(crate) fn assert_conflict<T: Send + Debug + 'static>(
    store: &dyn Store,
    description: &str,
    work: impl FnMut(&mut dyn Tx) -> Result<T, StoreError> + Send + 'static,
) {
    let outcome = submit(store, work).wait();
    assert!(matches!(outcome, Err(StoreError::Conflict(_))), "{description} is a Conflict, not {outcome:?}");
}

/// Reads from a new snapshot.
#[track_caller]
pub(crate) fn read<T: Send + 'static>(
    store: &dyn Store,
    query: impl FnOnce(&mut dyn View) -> Result<T, StoreError> + Send + 'static,
) -> T {
    store.read(Flow::Installation, query).wait().expect("what was just written can be read")
}

/// A request for the first page, of this many items.
pub(crate) fn first_page<K>(limit: u64) -> PageRequest<K> {
    PageRequest { limit: PageLimit::parse(limit).expect("a valid limit"), after: None }
}

/// Every item of a list, read in pages of this many.
#[track_caller]
pub(crate) fn all_items<T, K>(limit: u64, mut read_page: impl FnMut(PageRequest<K>) -> Page<T, K>) -> Vec<T> {
    let mut items = Vec::new();
    let mut after = None;
    for _ in 0..1_000 {
        let page = read_page(PageRequest { after, ..first_page(limit) });
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
    let scope = *scope;
    read(store, move |view| log_of_view(view, &scope))
}

/// A tenant's whole log, the oldest event first.
pub(crate) fn log_of_view(
    view: &mut dyn View,
    scope: &TenantScope,
) -> Result<Vec<RecordedEvent>, StoreError> {
    oldest_first(|page| Ok(view.events(scope, &EventFilter::default(), page)?.events))
}

/// The installation's whole log, the oldest event first.
#[track_caller]
pub(crate) fn installation_log(store: &dyn Store) -> Vec<RecordedEvent> {
    read(store, installation_log_of_view)
}

/// The installation's whole log, the oldest event first.
pub(crate) fn installation_log_of_view(view: &mut dyn View) -> Result<Vec<RecordedEvent>, StoreError> {
    let operator = OperatorScope::at_startup();
    oldest_first(|page| Ok(view.installation_events(&operator, &EventFilter::default(), page)?.events))
}

fn oldest_first(
    mut read_page: impl FnMut(PageRequest<Seq>) -> Result<Page<RecordedEvent, Seq>, StoreError>,
) -> Result<Vec<RecordedEvent>, StoreError> {
    let mut failed = None;
    let mut events = all_items(100, |page| {
        read_page(page).unwrap_or_else(|error| {
            failed = Some(error);
            Page { items: Vec::new(), next: None }
        })
    });
    events.reverse();
    failed.map_or(Ok(events), Err)
}

/// The sequence numbers of a log's events.
pub(crate) fn sequence_numbers(log: &[RecordedEvent]) -> Vec<u64> {
    log.iter().map(|recorded| recorded.seq).collect()
}

/// The events of a log, without their sequence numbers.
pub(crate) fn events(log: Vec<RecordedEvent>) -> Vec<Event> {
    log.into_iter().map(|recorded| recorded.event).collect()
}

/// A commit hook that records the changes of each commit.
#[derive(Default)]
pub(crate) struct RecordingHook {
    commits: Mutex<Vec<BTreeSet<StateChange>>>,
}

impl RecordingHook {
    /// The changes of each commit that changed anything, in the order of the calls.
    pub(crate) fn commits(&self) -> Vec<BTreeSet<StateChange>> {
        self.commits.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes all recorded changes out.
    pub(crate) fn take_changes(&self) -> BTreeSet<StateChange> {
        let mut commits = self.commits.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *commits).into_iter().flatten().collect()
    }
}

impl CommitHook for RecordingHook {
    fn on_commit(&self, _view: &mut dyn View, changes: &[StateChange]) {
        if !changes.is_empty() {
            self.commits
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(changes.iter().cloned().collect());
        }
    }
}
