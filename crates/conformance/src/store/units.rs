//! Does a unit end as it decided, and alone?

use std::sync::mpsc::{Sender, channel};

use syft_space_domain::access::Role;
use syft_space_domain::audit::{Action, Log};
use syft_space_domain::dataset::Dataset;
use syft_space_domain::endpoint::Endpoint;
use syft_space_domain::identity::{AccountStatus, PasswordHash};
use syft_space_domain::policy::Policy;
use syft_space_domain::store::{Store, StoreError, Tx};
use syft_space_domain::unit::{UnitOutcome, Recorded, Refused, Unit};

use crate::drive::{events, founded, installation_log, keep, log, look, submit};
use crate::made::MakeStore;
use crate::sample::{
    account, account_id, dataset, dataset_id, endpoint, endpoint_id, event, invitation, invitation_id, job,
    membership, policy, policy_id, scope, tenant,
};
use crate::state::Everything;
use crate::store::following::PATIENCE;

/// How a unit that refuses tells why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum No {
    Refused(u64),
    Store(StoreError),
}

impl From<StoreError> for No {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// One row of each kind for tenant 1.
pub(super) fn furnish(tx: &mut dyn Tx) -> Result<(), StoreError> {
    tx.add_membership(&scope(1), &membership(1, 1, Role::Owner))?;
    tx.add_invitation(&scope(1), &invitation(1, 1, 1))?;
    tx.add_dataset(&scope(1), &dataset(1))?;
    tx.add_job(&scope(1), &job(1, 1))?;
    tx.add_endpoint(&scope(1), &endpoint(1, 1))?;
    tx.add_policy(&scope(1), &policy(1))?;
    tx.attach_policies(&scope(1), endpoint_id(1), &[policy_id(1)])
}

/// Adds, changes and removes rows of each kind, after [`furnish`].
fn stir(tx: &mut dyn Tx) -> Result<(), StoreError> {
    tx.add_tenant(&tenant(4))?;
    tx.add_account(&account(10))?;
    tx.set_password(account_id(1), &PasswordHash::from_phc("$sample$stirred".to_owned()))?;
    tx.set_account_status(account_id(2), AccountStatus::Disabled)?;
    tx.add_membership(&scope(1), &membership(1, 2, Role::User))?;
    tx.remove_membership(&scope(1), account_id(1))?;
    tx.add_invitation(&scope(1), &invitation(1, 2, 1))?;
    tx.remove_invitation(&scope(1), invitation_id(1))?;
    tx.add_dataset(&scope(1), &dataset(2))?;
    tx.update_endpoint(&scope(1), &Endpoint { revision: 2, ..endpoint(1, 2) })?;
    tx.remove_dataset(&scope(1), dataset_id(1))?;
    tx.add_job(&scope(1), &job(2, 2))?;
    tx.add_endpoint(&scope(1), &endpoint(2, 2))?;
    tx.update_policy(&scope(1), &Policy { revision: 2, ..policy(1) })?;
    tx.attach_policies(&scope(1), endpoint_id(1), &[])?;
    tx.attach_policies(&scope(1), endpoint_id(2), &[policy_id(1)])?;
    tx.add_policy(&scope(2), &policy(2))?;
    tx.add_dataset(&scope(2), &dataset(1))
}

fn everything(store: &dyn Store) -> Everything {
    look(store, |view| Everything::seen(view, 10))
}

/// In each log that they belong to.
pub fn u1_what_is_recorded_keeps_its_rows_and_its_events(make: &MakeStore) {
    let made = founded(make);
    let store = &*made.port;
    let before = installation_log(store).len();
    let recorded = [
        event(&scope(1), Action::ConfigChange),
        event(Log::Installation, Action::UserCreated),
        event(&scope(1), Action::SensitiveCreate),
    ];
    let [one, two, three] = recorded.clone();
    let answer: Result<u64, No> = store
        .write(move |tx| {
            tx.add_dataset(&scope(1), &dataset(1))?;
            Ok(Ok(Recorded::new(42, one.clone()).and(two.clone()).and(three.clone())))
        })
        .wait();
    assert_eq!(answer, Ok(42), "a receipt answers what the unit decided");
    let found = look(store, |view| view.dataset(&scope(1), dataset_id(1)));
    assert_eq!(found, Some(dataset(1)), "what is recorded keeps its rows");
    let [one, two, three] = recorded;
    assert_eq!(events(log(store, &scope(1))), [one, three], "and each of its events, in order");
    assert_eq!(events(installation_log(store)).split_off(before), [two], "in the log it belongs to");
}

/// Says that it keeps a row, and records nothing.
struct Silent(Sender<Result<(), StoreError>>);

impl Unit for Silent {
    fn run(&mut self, tx: &mut dyn Tx) -> Result<UnitOutcome, StoreError> {
        tx.add_dataset(&scope(1), &dataset(1))?;
        Ok(UnitOutcome::Commit(Vec::new()))
    }

    fn done(self: Box<Self>, outcome: Result<(), StoreError>) {
        // Whoever asked may have given up by now.
        drop(self.0.send(outcome));
    }
}

/// The typed front cannot say so; a unit that is written by hand can.
pub fn u1_rows_without_an_event_are_not_kept(make: &MakeStore) {
    let made = founded(make);
    let (answer, answered) = channel();
    made.port.submit(Box::new(Silent(answer)));
    let outcome = answered.recv_timeout(PATIENCE).expect("every unit is told how it ended");
    assert!(outcome.is_err(), "a unit that keeps rows without an event is told that it failed");
    let found = look(&*made.port, |view| view.dataset(&scope(1), dataset_id(1)));
    assert_eq!(found, None, "rows without an event are not kept");
}

/// Of no kind; and the version of its tenants stays.
pub fn u1_what_is_refused_keeps_its_event_and_none_of_its_rows(make: &MakeStore) {
    let made = founded(make);
    let store = &*made.port;
    keep(store, furnish);
    let before = everything(store);
    let refusal = event(&scope(1), Action::AuthzFail).denied("role");
    let kept = refusal.clone();
    let answer: Result<(), No> = store
        .write(move |tx| {
            stir(tx)?;
            Ok(Err(Refused::new(No::Refused(7), refusal.clone())))
        })
        .wait();
    assert_eq!(answer, Err(No::Refused(7)), "a receipt answers the refusal");
    let rows = everything(store).without_logs();
    assert_eq!(rows, before.clone().without_logs(), "what is refused keeps none of its rows");
    assert_eq!(events(log(store, &scope(1))), [kept], "what is refused keeps its event");
    // The rows were good ones: the same are kept when they are recorded.
    keep(store, stir);
    assert_ne!(everything(store).without_logs(), before.without_logs(), "what is recorded is seen");
}

/// Neither a row nor an event.
pub fn an_unrecorded_refusal_keeps_nothing(make: &MakeStore) {
    let made = founded(make);
    let store = &*made.port;
    keep(store, furnish);
    let before = everything(store);
    let answer: Result<(), No> = store
        .write(move |tx| {
            stir(tx)?;
            Ok(Err(Refused::unrecorded(No::Refused(8))))
        })
        .wait();
    assert_eq!(answer, Err(No::Refused(8)), "a receipt answers the refusal");
    assert_eq!(everything(store), before, "an unrecorded refusal keeps nothing");
}

/// And its receipt says why.
pub fn a_unit_that_fails_keeps_nothing(make: &MakeStore) {
    let made = founded(make);
    let store = &*made.port;
    keep(store, furnish);
    let before = everything(store);
    let failure = StoreError::Failed("the unit says so".to_owned());
    let answer = {
        let failure = failure.clone();
        submit(store, move |tx| {
            stir(tx)?;
            Err::<(), _>(failure.clone())
        })
        .wait()
    };
    assert_eq!(answer, Err(failure), "a receipt answers the failure");
    assert_eq!(everything(store), before, "a unit that fails keeps nothing");
}

/// The store goes on.
pub fn a_unit_that_panics_ends_alone(make: &MakeStore) {
    let made = founded(make);
    let store = &*made.port;
    keep(store, furnish);
    let before = everything(store);
    let answer = submit(store, |tx| -> Result<(), StoreError> {
        stir(tx)?;
        panic!("a unit of the conformance suite panics on purpose")
    })
    .wait();
    assert!(
        matches!(answer, Err(StoreError::Closed | StoreError::Failed(_))),
        "a unit that panics is told so, not {answer:?}"
    );
    assert_eq!(everything(store), before, "a unit that panics keeps nothing");
    keep(store, stir);
    assert_ne!(everything(store).without_logs(), before.without_logs(), "a unit that panics ends alone");
}

/// A unit may catch the error and go on.
pub fn a_call_that_contradicts_changes_nothing(make: &MakeStore) {
    let made = founded(make);
    let store = &*made.port;
    keep(store, |tx| {
        furnish(tx)?;
        tx.add_policy(&scope(1), &policy(2))
    });
    let before = everything(store);
    let refused = keep(store, |tx| {
        let outcomes = [
            tx.attach_policies(&scope(1), endpoint_id(1), &[policy_id(2), policy_id(9)]),
            tx.attach_policies(&scope(2), endpoint_id(1), &[]),
            tx.add_tenant(&tenant(1)),
            tx.add_account(&account(1)),
            tx.add_membership(&scope(1), &membership(1, 1, Role::User)),
            tx.add_dataset(&scope(1), &Dataset { name: dataset(1).name, ..dataset(2) }),
            tx.remove_dataset(&scope(1), dataset_id(1)).map(drop),
            tx.add_endpoint(&scope(1), &endpoint(2, 9)),
            tx.update_endpoint(&scope(1), &endpoint(1, 9)),
            tx.remove_policy(&scope(1), policy_id(1)).map(drop),
        ];
        Ok(outcomes.iter().filter(|one| matches!(one, Err(StoreError::Conflict(_)))).count())
    });
    assert_eq!(refused, 10, "each call contradicts what is stored");
    let after = everything(store);
    let [before, after] = [before, after].map(|one| one.without_logs().without_versions());
    assert_eq!(after, before, "a call that contradicts changes nothing");
}

/// And nothing of what was rolled back before it.
pub fn a_unit_sees_its_own_writes(make: &MakeStore) {
    let made = founded(make);
    let store = &*made.port;
    let seen: Result<(bool, bool, bool, u64), StoreError> = submit(store, |tx| {
        tx.add_dataset(&scope(1), &dataset(1))?;
        let added = tx.dataset(&scope(1), dataset_id(1))?.is_some();
        tx.update_dataset(&scope(1), &Dataset { name: "renamed".to_owned(), ..dataset(1) })?;
        let renamed = tx.dataset_named(&scope(1), "renamed")?.is_some();
        tx.remove_dataset(&scope(1), dataset_id(1))?;
        let gone = tx.dataset(&scope(1), dataset_id(1))?.is_none();
        tx.add_endpoint(&scope(1), &endpoint(1, 1)).expect_err("its dataset is gone");
        tx.add_dataset(&scope(1), &dataset(2))?;
        Ok((added, renamed, gone, tx.count_datasets(&scope(1))?))
    })
    .wait();
    assert_eq!(seen, Ok((true, true, true, 1)), "a unit sees its own writes");
    let refusal: Result<(), No> = store
        .write(|tx| {
            tx.add_dataset(&scope(1), &dataset(3))?;
            Ok(Err(Refused::unrecorded(No::Refused(9))))
        })
        .wait();
    assert_eq!(refusal, Err(No::Refused(9)));
    let left = keep(store, |tx| tx.count_datasets(&scope(1)));
    assert_eq!(left, 1, "a unit sees nothing of what was rolled back before it");
}
