//! Stores with one fault each.

use std::ops::{Deref, DerefMut};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use syft_space_conformance::{
    Fixture, StoreFactory, api_key, audit, check_store, dataset, differential, endpoint, identity,
    login_record, marketplace, oidc, password_reset, policy, privacy, second_factor, session, store, tenant,
    tenant_end,
};
use syft_space_domain::audit::{Event, RecordedEvent};
use syft_space_domain::store::{
    CommitHook, Flow, NoopHook, OverwriteDone, ReadUnit, StateChange, Store, StoreError, Tx, View,
};
use syft_space_domain::unit::{Unit, UnitOutcome};
use syft_space_memory::MemoryStore;

use crate::faulty_approvals::ApprovalFault;
use crate::faulty_queries::QueryFault;
use crate::faulty_retention::RetentionFault;
use crate::faulty_revisions::RevisionFault;
use crate::faulty_tenants::TenantFault;
use crate::faulty_trees::TreeFault;
use crate::faulty_view::FaultyView;
use crate::scoped_methods::SCOPED_METHODS;
use crate::second_factor as of_second_factors;
use crate::{assert_caught, broken_promises, faulty_oidc, faulty_store, faulty_tenants};

/// A fault of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// The method of this name ignores its scope and reads every tenant.
    IgnoresTenantIn(&'static str),
    /// Expectations are added to those of before.
    AddsToExpectations,
    /// Expectations stand in the order of their notes.
    SortsExpectations,
    /// Names are compared without case.
    FoldsCase,
    /// The look-up of an audience ignores satellites.
    IgnoresSatellites,
    /// The cursor of the list of endpoints is an offset.
    UsesOffsetCursor,
    /// Of several accounts of an address, the one of the first tenant is taken for the oldest.
    TakesTheFirstTenantsAccount,
    /// Logins are known by account alone.
    MixesAddresses,
    /// The number of records of logins has no bound.
    KeepsAllLoginRecords,
    /// What is kept anew of an API key takes the place of all that was known of it.
    ForgetsUsesOfRotatedKeys,
    /// Amounts are rounded.
    RoundsAmounts,
    /// What accounts have come to goes with a transfer that goes.
    BringsNothingForward,
    /// Whoever adds a transfer is told what the balances were before.
    TellsBalancesOfBefore,
    /// Something is wrong with questions that wait for approval.
    Approvals(ApprovalFault),
    /// Something is wrong with what policies were.
    Revisions(RevisionFault),
    /// Of what goes by its age.
    Retention(RetentionFault),
    /// Something is wrong with tenants.
    Tenants(TenantFault),
    /// Something is wrong with the tree over a log.
    Trees(TreeFault),
    /// Something is wrong with the queries of a log.
    Queries(QueryFault),
    /// A log is told of as one that was never looked at.
    ForgetsWatchedLogs,
    /// How far a log was looked at moves from anywhere.
    WatchesTwice,
    WatchesAPart,
    /// A sink of the installation's log gets those of tenants too.
    SendsTenantsLogs,
    /// A sink that has nothing of a log yet does not count among those that get it.
    PassesOverNewSinks,
    /// How far a sink has a log moves from anywhere.
    DeliversTwice,
    /// A sink that is settled again begins as a new one.
    BeginsSinksAnew,
    /// How far a sink had the logs stays when it is gone.
    KeepsGoneSinks,
    /// That a sink leads elsewhere is not told.
    TellsNoOtherTarget,
    /// A recovery code that was taken is there again.
    KeepsRecoveryCodes,
    /// A session that is used keeps its refresh token.
    KeepsRefreshTokens,
    /// Of an account's sessions one ends for all.
    EndsOneSessionForAll,
    /// Any number of sessions that are over is removed at once.
    TrimsAllSessions,
    /// An issuer's subject is anybody's of that name.
    IgnoresIssuer,
    /// A session of a provider is all of its subject's.
    IgnoresSid,
    /// With one member's invitations those of all others end.
    EndsInvitationsOfAnyInviter,
    /// With a member's invitations of one role those of the others end.
    EndsInvitationsOfAnyRole,
    /// The reset of a password stays where another is made.
    KeepsTheFirstReset,
    /// With one member's resets those of all others end.
    EndsResetsOfAnyMaker,
    /// A tenant's version never changes.
    NeverRaisesVersion,
    /// The rows of a refused unit are committed.
    CommitsRowsOfRefusal,
    /// The event of a refused unit is lost.
    DropsEventOfRefusal,
    /// Of several events only the first is recorded.
    DropsSecondEvent,
    /// Each event is recorded twice, as if a retried unit kept the events of its first run.
    RecordsEventsTwice,
    /// A unit is acknowledged when it has run, before the commit.
    AcknowledgesBeforeCommit,
    /// One unit in forty is acknowledged and not committed.
    LosesSomeUnits,
    /// A unit that fails is acknowledged.
    HidesFailures,
    /// A view always reads the latest state.
    HasNoSnapshotReads,
    /// A read gets the snapshot that the read before it should have got.
    ServesStaleReads,
    /// One read in forty is forgotten.
    LosesSomeReads,
    /// A page of endpoints has as many items as were asked for, however large they are.
    IgnoresPageBytes,
    /// The commit hook is never called.
    NeverCallsHook,
    /// The commit hook does not see changes of members.
    HidesMemberChanges,
    /// The commit hook is called twice after each commit.
    CallsHookTwice,
    /// Events that are not in the log's index yet are not found.
    SearchesIndexOnly,
    /// The lag of a log's index counts the events of another log.
    CountsForeignEventsInLag,
    /// An event comes back without what it commits to.
    LosesCommitments,
}

impl Fault {
    /// The commit hook of the wrapped store.
    pub(crate) fn hook(self, hook: Arc<dyn CommitHook>) -> Arc<dyn CommitHook> {
        match self {
            Self::NeverCallsHook => Arc::new(NoopHook),
            Self::HidesMemberChanges | Self::CallsHookTwice => Arc::new(FaultyHook(hook, self)),
            _ => hook,
        }
    }
}

struct FaultyHook(Arc<dyn CommitHook>, Fault);

impl CommitHook for FaultyHook {
    fn on_commit(&self, view: &mut dyn View, changes: &[StateChange]) {
        if self.1 == Fault::CallsHookTwice {
            self.0.on_commit(view, changes);
            return self.0.on_commit(view, changes);
        }
        let visible: Vec<StateChange> =
            changes.iter().filter(|change| !matches!(change, StateChange::Member(..))).cloned().collect();
        self.0.on_commit(view, &visible);
    }
}

pub(crate) struct FaultyStore {
    inner: Arc<MemoryStore>,
    fault: Fault,
    units: AtomicU64,
    reads: AtomicU64,
    next_view: Mutex<Box<dyn View + Send>>,
}

impl FaultyStore {
    pub(crate) fn new(inner: MemoryStore, fault: Fault) -> Self {
        let (units, reads, next_view) = (AtomicU64::new(0), AtomicU64::new(0), Mutex::new(inner.view()));
        Self { inner: Arc::new(inner), fault, units, reads, next_view }
    }
}

impl Store for FaultyStore {
    fn submit(&self, unit: Box<dyn Unit>) {
        let number = self.units.fetch_add(1, Ordering::SeqCst);
        let is_lost = self.fault == Fault::LosesSomeUnits && number % 40 == 39;
        self.inner.submit(Box::new(FaultyUnit { inner: Some(unit), fault: self.fault, is_lost }));
    }

    fn submit_read(&self, read: Box<dyn ReadUnit>) {
        let number = self.reads.fetch_add(1, Ordering::SeqCst);
        match self.fault {
            // It opens a new view for each call.
            Fault::HasNoSnapshotReads => {
                read.run(Ok(&mut FaultyView { inner: LatestView::new(&self.inner), fault: self.fault }));
            }
            Fault::ServesStaleReads => {
                let mut next = self.next_view.lock().expect("no read panics here");
                let mut stale = std::mem::replace(&mut *next, self.inner.view());
                drop(next);
                read.run(Ok(&mut *stale));
            }
            Fault::LosesSomeReads if number % 40 == 39 => {}
            fault => self.inner.submit_read(Box::new(FaultyRead { inner: read, fault })),
        }
    }

    fn submit_overwrite(&self, done: OverwriteDone) {
        self.inner.submit_overwrite(done);
    }
}

struct FaultyRead {
    inner: Box<dyn ReadUnit>,
    fault: Fault,
}

impl ReadUnit for FaultyRead {
    fn flow(&self) -> Flow {
        self.inner.flow()
    }

    fn is_wanted(&self) -> bool {
        self.inner.is_wanted()
    }

    fn run(self: Box<Self>, view: Result<&mut dyn View, StoreError>) {
        match view {
            Ok(view) => self.inner.run(Ok(&mut FaultyView { inner: view, fault: self.fault })),
            Err(error) => self.inner.run(Err(error)),
        }
    }
}

/// A view that is opened again for each call.
struct LatestView<'a> {
    store: &'a MemoryStore,
    view: Box<dyn View + Send>,
}

impl<'a> LatestView<'a> {
    fn new(store: &'a MemoryStore) -> Self {
        Self { store, view: store.view() }
    }
}

impl Deref for LatestView<'_> {
    type Target = dyn View + Send;
    fn deref(&self) -> &Self::Target {
        &*self.view
    }
}

impl DerefMut for LatestView<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        self.view = self.store.view();
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
        let mut tx = FaultyView { inner: tx, fault: self.fault };
        let Some(unit) = &mut self.inner else {
            return Err(StoreError::Closed);
        };
        let outcome = unit.run(&mut tx);
        if self.is_lost {
            return outcome.map(|_| UnitOutcome::Rollback(Vec::new()));
        }
        if self.fault == Fault::AcknowledgesBeforeCommit
            && let (Ok(_), Some(unit)) = (&outcome, self.inner.take())
        {
            unit.done(Ok(()));
        }
        match (self.fault, outcome) {
            (Fault::CommitsRowsOfRefusal, Ok(UnitOutcome::Rollback(events))) if !events.is_empty() => {
                Ok(UnitOutcome::Commit(events))
            }
            (Fault::DropsEventOfRefusal, Ok(UnitOutcome::Rollback(_))) => {
                Ok(UnitOutcome::Rollback(Vec::new()))
            }
            (Fault::DropsSecondEvent, Ok(UnitOutcome::Commit(mut events))) => {
                events.truncate(1);
                Ok(UnitOutcome::Commit(events))
            }
            (Fault::RecordsEventsTwice, Ok(UnitOutcome::Commit(events))) => {
                Ok(UnitOutcome::Commit(twice(&events)))
            }
            (_, outcome) => outcome,
        }
    }

    fn appended(&mut self, recorded: &RecordedEvent) {
        if let Some(unit) = &mut self.inner {
            unit.appended(recorded);
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
    check_store(&*faulty_store(Fault::None));
}

#[test]
fn z1_a_store_that_forgets_the_tenant_is_caught_whichever_method_does_it() {
    let rooms = [
        tenant::CHECKS,
        tenant_end::CHECKS,
        identity::CHECKS,
        login_record::CHECKS,
        api_key::CHECKS,
        second_factor::CHECKS,
        session::CHECKS,
        password_reset::CHECKS,
        oidc::CHECKS,
        dataset::CHECKS,
        endpoint::CHECKS,
        policy::CHECKS,
        marketplace::CHECKS,
        privacy::CHECKS,
        audit::CHECKS,
        audit::queries::CHECKS,
        audit::pruning::CHECKS,
    ];
    let all = rooms.into_iter().chain(crate::faulty_ledger::COUNTED).flatten();
    let isolation: Vec<_> = all.filter(|check| check.promise.starts_with("z1_")).collect();
    let counting_methods =
        ["count_other_owners", "count_members_and_invitations", "count_datasets", "count_recovery_codes"];
    let is_caught = |method: &str, make: &StoreFactory| {
        if counting_methods.contains(&method) {
            rooms.into_iter().any(|room| !broken_promises(room, make).is_empty())
        } else {
            isolation.iter().any(|check| check.verify(make).is_err())
        }
    };
    let missed: Vec<_> = SCOPED_METHODS
        .iter()
        .chain(of_second_factors::SCOPED_METHODS)
        .chain(faulty_oidc::SCOPED_METHODS)
        .chain(faulty_tenants::SCOPED_METHODS)
        .filter(|method| !is_caught(method, &*faulty_store(Fault::IgnoresTenantIn(method))))
        .collect();
    assert!(missed.is_empty(), "a store that forgets the tenant in one of these is caught: {missed:?}");
}

#[test]
fn a_store_that_keeps_the_rows_of_a_refusal_is_caught() {
    let make = faulty_store(Fault::CommitsRowsOfRefusal);
    assert_caught(store::CHECKS, &*make, "u1_what_is_refused_keeps_its_event_and_none_of_its_rows");
    assert_caught(store::CHECKS, &*make, "each_write_touches_what_live_state_is_made_of");
    assert_caught(store::CHECKS, &*make, "u1_nothing_is_lost_in_a_crowd");
}

#[test]
fn u1_a_store_that_drops_an_event_is_caught() {
    let refusals = faulty_store(Fault::DropsEventOfRefusal);
    assert_caught(store::CHECKS, &*refusals, "u1_what_is_refused_keeps_its_event_and_none_of_its_rows");
    let several = faulty_store(Fault::DropsSecondEvent);
    assert_caught(store::CHECKS, &*several, "u1_what_is_recorded_keeps_its_rows_and_its_events");
    let twice = faulty_store(Fault::RecordsEventsTwice);
    assert_caught(store::CHECKS, &*twice, "u1_what_is_recorded_keeps_its_rows_and_its_events");
    assert_caught(store::CHECKS, &*twice, "u1_nothing_is_lost_in_a_crowd");
}

#[test]
fn a_store_that_acknowledges_before_the_commit_is_caught() {
    let make = faulty_store(Fault::AcknowledgesBeforeCommit);
    assert_caught(store::CHECKS, &*make, "a_receipt_answers_only_after_its_rows_can_be_read");
    assert_caught(store::CHECKS, &*make, "a_follower_is_told_before_a_receipt_answers");
}

#[test]
fn a_store_that_takes_the_first_tenants_account_for_the_oldest_is_caught() {
    let make = faulty_store(Fault::TakesTheFirstTenantsAccount);
    assert_caught(identity::CHECKS, &*make, "the_oldest_account_of_an_address_is_found_without_its_tenant");
}

#[test]
fn h5_a_store_that_mixes_addresses_or_keeps_all_records_of_logins_is_caught() {
    let make = faulty_store(Fault::MixesAddresses);
    assert_caught(login_record::CHECKS, &*make, "h5_logins_are_known_by_account_and_address");
    let make = faulty_store(Fault::KeepsAllLoginRecords);
    assert_caught(login_record::CHECKS, &*make, "h5_records_of_logins_end_and_are_bounded");
}

#[test]
fn k1_a_store_that_forgets_whose_a_rotated_key_is_is_caught() {
    let make = faulty_store(Fault::ForgetsUsesOfRotatedKeys);
    let promise = "k1_what_is_kept_anew_of_an_api_key_leaves_whose_it_is_and_its_use";
    assert_caught(api_key::CHECKS, &*make, promise);
}

#[test]
fn h2_a_store_that_ends_too_many_invitations_is_caught() {
    for fault in [Fault::EndsInvitationsOfAnyInviter, Fault::EndsInvitationsOfAnyRole] {
        let make = faulty_store(fault);
        assert_caught(identity::CHECKS, &*make, "h2_the_invitations_of_one_account_end_by_role");
    }
}

#[test]
fn h2_a_store_that_keeps_an_old_reset_or_ends_too_many_is_caught() {
    let make = faulty_store(Fault::KeepsTheFirstReset);
    assert_caught(password_reset::CHECKS, &*make, "h2_an_account_has_one_reset_and_the_last_counts");
    let make = faulty_store(Fault::EndsResetsOfAnyMaker);
    assert_caught(password_reset::CHECKS, &*make, "h2_the_resets_that_one_account_made_end");
}

#[test]
fn a_store_with_an_unstable_cursor_is_caught() {
    assert_caught(endpoint::CHECKS, &*faulty_store(Fault::UsesOffsetCursor), "endpoints_come_in_pages");
}

#[test]
fn a_store_that_loses_a_unit_now_and_then_is_caught() {
    assert_caught(store::CHECKS, &*faulty_store(Fault::LosesSomeUnits), "u1_nothing_is_lost_in_a_crowd");
}

#[test]
fn a_store_that_hides_failures_is_caught() {
    let make = faulty_store(Fault::HidesFailures);
    assert_caught(store::CHECKS, &*make, "a_unit_that_fails_keeps_nothing");
    assert_caught(tenant::CHECKS, &*make, "a_tenants_id_and_name_are_unique");
}

#[test]
fn a_store_without_snapshots_is_caught() {
    assert_caught(store::CHECKS, &*faulty_store(Fault::HasNoSnapshotReads), "a_view_is_of_one_moment");
}

#[test]
fn a_store_that_reads_what_was_or_not_at_all_is_caught() {
    let stale = faulty_store(Fault::ServesStaleReads);
    assert_caught(store::CHECKS, &*stale, "a_read_sees_what_was_answered_before_it");
    let lost = faulty_store(Fault::LosesSomeReads);
    assert_caught(store::CHECKS, &*lost, "every_read_is_told_when_the_store_is_dropped");
    assert_caught(store::CHECKS, &*lost, "a_full_queue_of_reads_says_so_and_never_blocks");
}

#[test]
fn a_store_whose_pages_have_any_size_is_caught() {
    let make = faulty_store(Fault::IgnoresPageBytes);
    assert_caught(store::CHECKS, &*make, "a_page_of_large_items_ends_early");
}

#[test]
fn a_store_that_tells_its_followers_wrongly_is_caught() {
    let nothing = faulty_store(Fault::NeverCallsHook);
    assert_caught(store::CHECKS, &*nothing, "a_follower_is_told_before_a_receipt_answers");
    assert_caught(store::CHECKS, &*nothing, "a_follower_is_told_once_of_each_commit_in_order");
    assert_caught(store::CHECKS, &*nothing, "a_follower_reads_the_commit_it_is_told_of");
    let members = faulty_store(Fault::HidesMemberChanges);
    assert_caught(store::CHECKS, &*members, "each_write_touches_what_live_state_is_made_of");
    let twice = faulty_store(Fault::CallsHookTwice);
    assert_caught(store::CHECKS, &*twice, "a_follower_is_told_once_of_each_commit_in_order");
}

#[test]
fn a_store_that_does_not_count_versions_is_caught() {
    let make = faulty_store(Fault::NeverRaisesVersion);
    assert_caught(store::CHECKS, &*make, "each_write_touches_what_live_state_is_made_of");
}

#[test]
fn u1_a_store_that_does_not_find_what_its_index_lacks_is_caught() {
    let make = faulty_store(Fault::SearchesIndexOnly);
    assert_caught(audit::CHECKS, &*make, "u1_filtered_pages_are_those_of_the_whole_log");
}

#[test]
fn u1_a_store_that_loses_what_an_event_commits_to_is_caught() {
    let make = faulty_store(Fault::LosesCommitments);
    assert_caught(audit::CHECKS, &*make, "u1_an_event_is_read_back_as_it_was_recorded");
}

#[test]
fn z1_a_store_whose_lag_tells_of_other_logs_is_caught() {
    let make = faulty_store(Fault::CountsForeignEventsInLag);
    assert_caught(audit::CHECKS, &*make, "u1_a_page_tells_how_far_its_index_lags");
}

#[test]
fn a2_a_store_that_overlooks_whose_a_satellite_is_is_caught() {
    let make = faulty_store(Fault::IgnoresSatellites);
    assert_caught(marketplace::CHECKS, &*make, "a2_an_audience_on_a_hub_is_one_tenants");
}

#[test]
fn a_store_that_does_something_else_than_another_is_told_apart() {
    let correct: &StoreFactory = &|hook| Fixture::new(Box::new(MemoryStore::new(hook)));
    let faults = [
        Fault::CommitsRowsOfRefusal,
        Fault::DropsEventOfRefusal,
        Fault::DropsSecondEvent,
        Fault::HidesFailures,
        Fault::NeverRaisesVersion,
        Fault::HidesMemberChanges,
        Fault::IgnoresTenantIn("remove_endpoint"),
        Fault::IgnoresTenantIn("update_policy"),
        Fault::IgnoresTenantIn("members"),
        Fault::IgnoresTenantIn("listings_on"),
        Fault::IgnoresSatellites,
    ];
    for fault in faults {
        let compared = catch_unwind(AssertUnwindSafe(|| {
            differential::same_units(2_048, correct, &*faulty_store(fault));
        }));
        assert!(compared.is_err(), "a store with {fault:?} is told apart from a right one");
    }
}
