//! Stores that are wrong in one thing.

use std::ops::{Deref, DerefMut};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use syft_space_conformance::{
    Made, MakeStore, audit, check_store, dataset, differential, endpoint, identity, marketplace, policy,
    store, tenant,
};
use syft_space_domain::audit::Event;
use syft_space_domain::store::{CommitHook, NoopHook, Store, StoreError, StateChange, Tx, View};
use syft_space_domain::unit::{UnitOutcome, Unit};
use syft_space_memory::MemoryStore;

use crate::faulty::{Faulty, SCOPED};
use crate::{assert_caught, broken, make};

/// What is wrong with a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// The method of this name looks at every tenant.
    ForgetsTheTenantIn(&'static str),
    /// Names are compared without their case.
    FoldsCase,
    /// A satellite is nobody's audience.
    SeesNoSatellites,
    /// A cursor of the list of endpoints counts items.
    CountsInItsCursor,
    /// A tenant's version is always the same.
    CountsNoVersion,
    /// What a refused unit wrote stays.
    KeepsTheRowsOfARefusal,
    /// A refused unit's event is forgotten.
    DropsTheEventOfARefusal,
    /// Of several events only the first is recorded.
    DropsTheSecondEvent,
    /// Each event is recorded twice, as if a unit that is run again left something of its first run.
    RecordsEventsTwice,
    /// A unit is told that it is kept when it has run.
    AcknowledgesBeforeTheCommit,
    /// One unit in forty is told that it is kept, and is not.
    LosesAUnitNowAndThen,
    /// A unit that fails is told that it is kept.
    HidesFailures,
    /// A view always shows the present state.
    HasNoSnapshots,
    /// Its follower is told nothing.
    TellsNoFollower,
    /// Its follower is not told of members.
    ForgetsToTellOfMembers,
    /// Its follower is told of each commit twice.
    TellsFollowersTwice,
    /// The events that its index of a log lacks are not found.
    SearchesByTheIndexAlone,
    /// The lag of a log's index counts the events of another log.
    LagsByEverybodysEvents,
}

impl Fault {
    /// What the store inside is to be followed by.
    pub(crate) fn follower(self, follower: Arc<dyn CommitHook>) -> Arc<dyn CommitHook> {
        match self {
            Self::TellsNoFollower => Arc::new(NoopHook),
            Self::ForgetsToTellOfMembers | Self::TellsFollowersTwice => {
                Arc::new(FaultyFollower(follower, self))
            }
            _ => follower,
        }
    }
}

struct FaultyFollower(Arc<dyn CommitHook>, Fault);

impl CommitHook for FaultyFollower {
    fn on_commit(&self, view: &mut dyn View, changes: &[StateChange]) {
        if self.1 == Fault::TellsFollowersTwice {
            self.0.on_commit(view, changes);
            return self.0.on_commit(view, changes);
        }
        let told: Vec<StateChange> =
            changes.iter().copied().filter(|one| !matches!(one, StateChange::Member(..))).collect();
        self.0.on_commit(view, &told);
    }
}

pub(crate) struct FaultyStore {
    inner: Box<dyn Store>,
    fault: Fault,
    units: AtomicU64,
}

impl FaultyStore {
    pub(crate) fn new(inner: Box<dyn Store>, fault: Fault) -> Self {
        Self { inner, fault, units: AtomicU64::new(0) }
    }
}

impl Store for FaultyStore {
    fn submit(&self, unit: Box<dyn Unit>) {
        let number = self.units.fetch_add(1, Ordering::SeqCst);
        let is_lost = self.fault == Fault::LosesAUnitNowAndThen && number % 40 == 39;
        self.inner.submit(Box::new(FaultyUnit { inner: Some(unit), fault: self.fault, is_lost }));
    }

    fn read(&self) -> Result<Box<dyn View + '_>, StoreError> {
        if self.fault == Fault::HasNoSnapshots {
            // Not one view, but a new one for each call.
            return Ok(Box::new(Faulty {
                inner: Present { store: &*self.inner, view: self.inner.read()? },
                fault: self.fault,
            }));
        }
        Ok(Box::new(Faulty { inner: self.inner.read()?, fault: self.fault }))
    }
}

/// A view of the present: it is renewed each time it is used.
struct Present<'a> {
    store: &'a dyn Store,
    view: Box<dyn View + 'a>,
}

impl<'a> Deref for Present<'a> {
    type Target = dyn View + 'a;
    fn deref(&self) -> &Self::Target {
        &*self.view
    }
}

impl DerefMut for Present<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        self.view = self.store.read().expect("a store in memory can be read");
        &mut *self.view
    }
}

struct FaultyUnit {
    inner: Option<Box<dyn Unit>>,
    fault: Fault,
    is_lost: bool,
}

fn twice(events: &[Event]) -> Vec<Event> {
    events.iter().chain(events).cloned().collect()
}

impl Unit for FaultyUnit {
    fn run(&mut self, tx: &mut dyn Tx) -> Result<UnitOutcome, StoreError> {
        let mut tx = Faulty { inner: tx, fault: self.fault };
        let Some(unit) = &mut self.inner else {
            return Err(StoreError::Closed);
        };
        let kept = unit.run(&mut tx);
        if self.is_lost {
            return kept.map(|_| UnitOutcome::Rollback(Vec::new()));
        }
        if self.fault == Fault::AcknowledgesBeforeTheCommit
            && let (Ok(_), Some(unit)) = (&kept, self.inner.take())
        {
            unit.done(Ok(()));
        }
        match (self.fault, kept) {
            (Fault::KeepsTheRowsOfARefusal, Ok(UnitOutcome::Rollback(events))) if !events.is_empty() => {
                Ok(UnitOutcome::Commit(events))
            }
            (Fault::DropsTheEventOfARefusal, Ok(UnitOutcome::Rollback(_))) => Ok(UnitOutcome::Rollback(Vec::new())),
            (Fault::DropsTheSecondEvent, Ok(UnitOutcome::Commit(mut events))) => {
                events.truncate(1);
                Ok(UnitOutcome::Commit(events))
            }
            (Fault::RecordsEventsTwice, Ok(UnitOutcome::Commit(events))) => Ok(UnitOutcome::Commit(twice(&events))),
            (_, kept) => kept,
        }
    }

    fn done(self: Box<Self>, outcome: Result<(), StoreError>) {
        let outcome = if self.fault == Fault::HidesFailures { Ok(()) } else { outcome };
        if let Some(unit) = self.inner {
            unit.done(outcome);
        }
    }
}

#[test]
fn a_store_that_is_only_wrapped_keeps_every_promise() {
    check_store(&*make(Fault::None));
}

#[test]
fn z1_a_store_that_forgets_the_tenant_is_caught_whichever_method_does_it() {
    let rooms = [
        tenant::CHECKS,
        identity::CHECKS,
        dataset::CHECKS,
        endpoint::CHECKS,
        policy::CHECKS,
        marketplace::CHECKS,
        audit::CHECKS,
    ];
    let isolation: Vec<_> =
        rooms.into_iter().flatten().filter(|check| check.promise.starts_with("z1_")).collect();
    let counted = ["count_active", "count_members_and_invitations", "count_datasets"];
    let is_caught = |method: &str, make: &MakeStore| {
        if counted.contains(&method) {
            rooms.into_iter().any(|room| !broken(room, make).is_empty())
        } else {
            isolation.iter().any(|check| check.broken(make).is_err())
        }
    };
    let missed: Vec<_> = SCOPED
        .iter()
        .filter(|method| !is_caught(method, &*make(Fault::ForgetsTheTenantIn(method))))
        .collect();
    assert!(missed.is_empty(), "a store that forgets the tenant in one of these is caught: {missed:?}");
}

#[test]
fn a_store_that_keeps_the_rows_of_a_refusal_is_caught() {
    let make = make(Fault::KeepsTheRowsOfARefusal);
    assert_caught(store::CHECKS, &*make, "u1_what_is_refused_keeps_its_event_and_none_of_its_rows");
    assert_caught(store::CHECKS, &*make, "each_write_touches_what_live_state_is_made_of");
    assert_caught(store::CHECKS, &*make, "u1_nothing_is_lost_in_a_crowd");
}

#[test]
fn u1_a_store_that_drops_an_event_is_caught() {
    let refusals = make(Fault::DropsTheEventOfARefusal);
    assert_caught(store::CHECKS, &*refusals, "u1_what_is_refused_keeps_its_event_and_none_of_its_rows");
    let several = make(Fault::DropsTheSecondEvent);
    assert_caught(store::CHECKS, &*several, "u1_what_is_recorded_keeps_its_rows_and_its_events");
    let twice = make(Fault::RecordsEventsTwice);
    assert_caught(store::CHECKS, &*twice, "u1_what_is_recorded_keeps_its_rows_and_its_events");
    assert_caught(store::CHECKS, &*twice, "u1_nothing_is_lost_in_a_crowd");
}

#[test]
fn a_store_that_acknowledges_before_the_commit_is_caught() {
    let make = make(Fault::AcknowledgesBeforeTheCommit);
    assert_caught(store::CHECKS, &*make, "a_receipt_answers_only_after_its_rows_can_be_read");
    assert_caught(store::CHECKS, &*make, "a_follower_is_told_before_a_receipt_answers");
}

#[test]
fn a_store_with_an_unstable_cursor_is_caught() {
    assert_caught(endpoint::CHECKS, &*make(Fault::CountsInItsCursor), "endpoints_come_in_pages");
}

#[test]
fn a_store_that_loses_a_unit_now_and_then_is_caught() {
    assert_caught(store::CHECKS, &*make(Fault::LosesAUnitNowAndThen), "u1_nothing_is_lost_in_a_crowd");
}

#[test]
fn a_store_that_hides_failures_is_caught() {
    let make = make(Fault::HidesFailures);
    assert_caught(store::CHECKS, &*make, "a_unit_that_fails_keeps_nothing");
    assert_caught(tenant::CHECKS, &*make, "a_tenants_id_and_name_are_unique");
}

#[test]
fn a_store_without_snapshots_is_caught() {
    assert_caught(store::CHECKS, &*make(Fault::HasNoSnapshots), "a_view_is_of_one_moment");
}

#[test]
fn a_store_that_tells_its_followers_wrongly_is_caught() {
    let nothing = make(Fault::TellsNoFollower);
    assert_caught(store::CHECKS, &*nothing, "a_follower_is_told_before_a_receipt_answers");
    assert_caught(store::CHECKS, &*nothing, "a_follower_is_told_once_of_each_commit_in_order");
    assert_caught(store::CHECKS, &*nothing, "a_follower_reads_the_commit_it_is_told_of");
    let members = make(Fault::ForgetsToTellOfMembers);
    assert_caught(store::CHECKS, &*members, "each_write_touches_what_live_state_is_made_of");
    let twice = make(Fault::TellsFollowersTwice);
    assert_caught(store::CHECKS, &*twice, "a_follower_is_told_once_of_each_commit_in_order");
}

#[test]
fn a_store_that_does_not_count_versions_is_caught() {
    let make = make(Fault::CountsNoVersion);
    assert_caught(store::CHECKS, &*make, "each_write_touches_what_live_state_is_made_of");
}

#[test]
fn u1_a_store_that_does_not_find_what_its_index_lacks_is_caught() {
    let make = make(Fault::SearchesByTheIndexAlone);
    assert_caught(audit::CHECKS, &*make, "u1_filtered_pages_are_those_of_the_whole_log");
}

#[test]
fn z1_a_store_whose_lag_tells_of_other_logs_is_caught() {
    let make = make(Fault::LagsByEverybodysEvents);
    assert_caught(audit::CHECKS, &*make, "u1_a_page_tells_how_far_its_index_lags");
}

#[test]
fn a2_a_store_that_overlooks_whose_a_satellite_is_is_caught() {
    let make = make(Fault::SeesNoSatellites);
    assert_caught(marketplace::CHECKS, &*make, "a2_an_audience_on_a_hub_is_one_tenants");
}

#[test]
fn a_store_that_folds_the_case_of_names_is_caught() {
    let make = make(Fault::FoldsCase);
    assert_caught(dataset::CHECKS, &*make, "names_of_datasets_are_compared_byte_by_byte");
}

#[test]
fn a_store_that_does_something_else_than_another_is_told_apart() {
    let right: &MakeStore = &|follower| Made::new(Box::new(MemoryStore::new(follower)));
    let faults = [
        Fault::KeepsTheRowsOfARefusal,
        Fault::DropsTheEventOfARefusal,
        Fault::DropsTheSecondEvent,
        Fault::HidesFailures,
        Fault::CountsNoVersion,
        Fault::ForgetsToTellOfMembers,
        Fault::ForgetsTheTenantIn("remove_endpoint"),
        Fault::ForgetsTheTenantIn("update_policy"),
        Fault::ForgetsTheTenantIn("members"),
        Fault::ForgetsTheTenantIn("listings_on"),
        Fault::SeesNoSatellites,
    ];
    for fault in faults {
        let compared = catch_unwind(AssertUnwindSafe(|| differential::same_units(256, right, &*make(fault))));
        assert!(compared.is_err(), "a store with {fault:?} is told apart from a right one");
    }
}
