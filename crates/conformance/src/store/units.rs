//! Promises about a single unit of work: it commits, rolls back or fails as a whole.

use std::sync::mpsc::{Sender, channel};

use syft_space_domain::access::Role;
use syft_space_domain::audit::{Action, Log, ReasonCode};
use syft_space_domain::dataset::Dataset;
use syft_space_domain::endpoint::Endpoint;
use syft_space_domain::identity::{AccountStatus, Member, PasswordHash};
use syft_space_domain::policy::Policy;
use syft_space_domain::store::{Store, StoreError, Tx};
use syft_space_domain::unit::{Recorded, Refused, Unit, UnitOutcome};

use crate::dump::StoreDump;
use crate::fixture::StoreFactory;
use crate::run::{commit, events, installation_log, log, read, seeded_store, submit};
use crate::sample::{
    account, account_id, dataset, dataset_id, endpoint, endpoint_id, event, invitation, invitation_id, job,
    member, policy, policy_id, scope, tenant, write_scope,
};
use crate::store::shared::{UNIT_TIMEOUT, UnitError, seed_rows};

/// Adds, changes and removes rows of each kind, after [`seed_rows`].
fn change_rows(tx: &mut dyn Tx) -> Result<(), StoreError> {
    tx.add_tenant(&tenant(4))?;
    tx.add_account(&write_scope(1), &account(1, 2, Role::User))?;
    tx.add_account(&write_scope(2), &account(2, 3, Role::User))?;
    let password = PasswordHash::from_phc("$sample$stirred".to_owned());
    tx.set_password(&write_scope(1), account_id(2), &password)?;
    let disabled = Member { status: AccountStatus::Disabled, ..member(2, 3, Role::User) };
    tx.update_member(&write_scope(2), &disabled)?;
    tx.remove_account(&write_scope(1), account_id(1))?;
    tx.add_invitation(&write_scope(1), &invitation(1, 2, 1))?;
    tx.remove_invitation(&write_scope(1), invitation_id(1))?;
    tx.add_dataset(&write_scope(1), &dataset(2))?;
    tx.update_endpoint(&write_scope(1), &Endpoint { revision: 2, ..endpoint(1, 2) })?;
    tx.remove_dataset(&write_scope(1), dataset_id(1))?;
    tx.add_job(&write_scope(1), &job(2, 2))?;
    tx.add_endpoint(&write_scope(1), &endpoint(2, 2))?;
    tx.update_policy(&write_scope(1), &Policy { revision: 2, ..policy(1) })?;
    tx.attach_policies(&write_scope(1), endpoint_id(1), &[])?;
    tx.attach_policies(&write_scope(1), endpoint_id(2), &[policy_id(1)])?;
    tx.add_policy(&write_scope(2), &policy(2))?;
    tx.add_dataset(&write_scope(2), &dataset(1))
}

fn dump(store: &dyn Store) -> StoreDump {
    read(store, move |view| StoreDump::read(view, 10))
}

/// Each event is in the log that it belongs to.
pub fn u1_what_is_recorded_keeps_its_rows_and_its_events(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    let before = installation_log(store).len();
    let recorded = [
        event(&scope(1), Action::ConfigChange),
        event(Log::Installation, Action::UserCreated),
        event(&scope(1), Action::SensitiveCreate),
    ];
    let [one, two, three] = recorded.clone();
    let answer: Result<u64, UnitError> = store
        .write(move |tx| {
            tx.add_dataset(&write_scope(1), &dataset(1))?;
            Ok(Recorded::new(42, one.clone()).and(two.clone()).and(three.clone()))
        })
        .wait();
    assert_eq!(answer, Ok(42), "a receipt answers what the unit decided");
    let found = read(store, move |view| view.dataset(&scope(1), dataset_id(1)));
    assert_eq!(found, Some(dataset(1)), "what is recorded keeps its rows");
    let [one, two, three] = recorded;
    assert_eq!(events(log(store, &scope(1))), [one, three], "and each of its events, in order");
    assert_eq!(events(installation_log(store)).split_off(before), [two], "in the log it belongs to");
}

/// A unit that commits a row without an event.
struct UnitWithoutEvent(Sender<Result<(), StoreError>>);

impl Unit for UnitWithoutEvent {
    fn run(&mut self, tx: &mut dyn Tx) -> Result<UnitOutcome, StoreError> {
        tx.add_dataset(&write_scope(1), &dataset(1))?;
        Ok(UnitOutcome::Commit(Vec::new()))
    }

    fn done(self: Box<Self>, outcome: Result<(), StoreError>) {
        // The receiver may have timed out.
        drop(self.0.send(outcome));
    }
}

/// The typed API cannot express such a unit; a hand-written `Unit` can.
pub fn u1_rows_without_an_event_are_not_kept(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let (answer, answered) = channel();
    fixture.adapter.submit(Box::new(UnitWithoutEvent(answer)));
    let outcome = answered.recv_timeout(UNIT_TIMEOUT).expect("every unit is told how it ended");
    assert!(outcome.is_err(), "a unit that keeps rows without an event is told that it failed");
    let found = read(&*fixture.adapter, move |view| view.dataset(&scope(1), dataset_id(1)));
    assert_eq!(found, None, "rows without an event are not kept");
}

/// Checks rows of every kind. The versions of the tenants stay.
pub fn u1_what_is_refused_keeps_its_event_and_none_of_its_rows(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    commit(store, seed_rows);
    let before = dump(store);
    let refusal = event(&scope(1), Action::AuthzFail).denied(ReasonCode::RoleNotYours);
    let kept = refusal.clone();
    let answer: Result<(), UnitError> = store
        .write(move |tx| {
            change_rows(tx)?;
            Err(Refused::new(UnitError::Refused(7), refusal.clone()).into())
        })
        .wait();
    assert_eq!(answer, Err(UnitError::Refused(7)), "a receipt answers the refusal");
    let rows = dump(store).without_logs();
    assert_eq!(rows, before.clone().without_logs(), "what is refused keeps none of its rows");
    assert_eq!(events(log(store, &scope(1))), [kept], "what is refused keeps its event");
    // The rows were valid: the store accepts them in a unit that commits.
    commit(store, change_rows);
    assert_ne!(dump(store).without_logs(), before.without_logs(), "what is recorded is seen");
}

/// It keeps neither rows nor events.
pub fn an_unrecorded_refusal_keeps_nothing(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    commit(store, seed_rows);
    let before = dump(store);
    let answer: Result<(), UnitError> = store
        .write(move |tx| {
            change_rows(tx)?;
            Err(UnitError::Refused(8).into())
        })
        .wait();
    assert_eq!(answer, Err(UnitError::Refused(8)), "a receipt answers the refusal");
    assert_eq!(dump(store), before, "an unrecorded refusal keeps nothing");
}

/// The receipt answers the error.
pub fn a_unit_that_fails_keeps_nothing(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    commit(store, seed_rows);
    let before = dump(store);
    let failure = StoreError::Failed("the unit says so".to_owned());
    let answer = {
        let failure = failure.clone();
        submit(store, move |tx| {
            change_rows(tx)?;
            Err::<(), _>(failure.clone())
        })
        .wait()
    };
    assert_eq!(answer, Err(failure), "a receipt answers the failure");
    assert_eq!(dump(store), before, "a unit that fails keeps nothing");
}

/// The store continues with other units.
pub fn a_unit_that_panics_ends_alone(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    commit(store, seed_rows);
    let before = dump(store);
    let answer = submit(store, |tx| -> Result<(), StoreError> {
        change_rows(tx)?;
        panic!("a unit of the conformance suite panics on purpose")
    })
    .wait();
    assert!(
        matches!(answer, Err(StoreError::Closed | StoreError::Failed(_))),
        "a unit that panics is told so, not {answer:?}"
    );
    assert_eq!(dump(store), before, "a unit that panics keeps nothing");
    commit(store, change_rows);
    assert_ne!(dump(store).without_logs(), before.without_logs(), "a unit that panics ends alone");
}

/// A unit may catch the conflict and continue.
pub fn a_call_that_contradicts_changes_nothing(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    commit(store, |tx| {
        seed_rows(tx)?;
        tx.add_policy(&write_scope(1), &policy(2))
    });
    let before = dump(store);
    let refused = commit(store, |tx| {
        let outcomes = [
            tx.attach_policies(&write_scope(1), endpoint_id(1), &[policy_id(2), policy_id(9)]),
            tx.attach_policies(&write_scope(2), endpoint_id(1), &[]),
            tx.add_tenant(&tenant(1)),
            tx.add_account(&write_scope(1), &account(1, 1, Role::User)),
            tx.add_account(&write_scope(9), &account(9, 2, Role::User)),
            tx.add_dataset(&write_scope(1), &Dataset { name: dataset(1).name, ..dataset(2) }),
            tx.remove_dataset(&write_scope(1), dataset_id(1)).map(drop),
            tx.add_endpoint(&write_scope(1), &endpoint(2, 9)),
            tx.update_endpoint(&write_scope(1), &endpoint(1, 9)),
            tx.remove_policy(&write_scope(1), policy_id(1)).map(drop),
        ];
        Ok(outcomes.iter().filter(|outcome| matches!(outcome, Err(StoreError::Conflict(_)))).count())
    });
    assert_eq!(refused, 10, "each call contradicts what is stored");
    let after = dump(store);
    let [before, after] = [before, after].map(|dump| dump.without_logs().without_versions());
    assert_eq!(after, before, "a call that contradicts changes nothing");
}

/// It does not see the writes of a unit that was rolled back.
pub fn a_unit_sees_its_own_writes(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    let seen: Result<(bool, bool, bool, u64), StoreError> = submit(store, |tx| {
        tx.add_dataset(&write_scope(1), &dataset(1))?;
        let added = tx.dataset(&scope(1), dataset_id(1))?.is_some();
        tx.update_dataset(&write_scope(1), &Dataset { name: "renamed".to_owned(), ..dataset(1) })?;
        let renamed = tx.dataset_named(&scope(1), "renamed")?.is_some();
        tx.remove_dataset(&write_scope(1), dataset_id(1))?;
        let gone = tx.dataset(&scope(1), dataset_id(1))?.is_none();
        tx.add_endpoint(&write_scope(1), &endpoint(1, 1)).expect_err("its dataset is gone");
        tx.add_dataset(&write_scope(1), &dataset(2))?;
        Ok((added, renamed, gone, tx.count_datasets(&scope(1))?))
    })
    .wait();
    assert_eq!(seen, Ok((true, true, true, 1)), "a unit sees its own writes");
    let refusal: Result<(), UnitError> = store
        .write(|tx| {
            tx.add_dataset(&write_scope(1), &dataset(3))?;
            Err(UnitError::Refused(9).into())
        })
        .wait();
    assert_eq!(refusal, Err(UnitError::Refused(9)));
    let left = commit(store, |tx| tx.count_datasets(&scope(1)));
    assert_eq!(left, 1, "a unit sees nothing of what was rolled back before it");
}
