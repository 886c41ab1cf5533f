//! Who is told of a commit, when, and of what?

use std::collections::BTreeSet;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use syft_space_domain::access::Role;
use syft_space_domain::audit::{Action, Event, Log, ObjectKind};
use syft_space_domain::dataset::Dataset;
use syft_space_domain::endpoint::Endpoint;
use syft_space_domain::identity::{AccountStatus, Membership, PasswordHash};
use syft_space_domain::policy::Policy;
use syft_space_domain::store::{CommitHook, NoopHook, Store, StoreError, StateChange, Tx, View};
use syft_space_domain::unit::{UnitOutcome, Recorded, Refused, Unit};

use crate::drive::{Follower, found, installation_log, keep, look};
use crate::made::{Made, MakeStore};
use crate::sample::{
    account, account_id, dataset, dataset_id, endpoint, endpoint_id, event, hub, hub_id, invitation,
    invitation_id, job, listing, listing_id, marketplace, marketplace_id, membership, policy, policy_id,
    scope, tenant, tenant_id,
};
use crate::store::units::No;

/// How long anything may take before the suite gives up on it.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// A unit that calls back when it is told how it ended.
pub(super) struct Answering<F> {
    /// The tenant that it founds, if any.
    pub(super) founds: Option<u64>,
    pub(super) event: Event,
    pub(super) told: F,
}

impl<F: FnOnce(Result<(), StoreError>) + Send> Unit for Answering<F> {
    fn run(&mut self, tx: &mut dyn Tx) -> Result<UnitOutcome, StoreError> {
        self.founds.map_or(Ok(()), |n| tx.add_tenant(&tenant(n)))?;
        Ok(UnitOutcome::Commit(vec![self.event.clone()]))
    }

    fn done(self: Box<Self>, outcome: Result<(), StoreError>) {
        (self.told)(outcome);
    }
}

fn founding_event() -> Event {
    event(Log::Installation, Action::ConfigChange)
}

/// And its event too, in the very moment that its unit is told.
pub fn a_receipt_answers_only_after_its_rows_can_be_read(make: &MakeStore) {
    let Made { port, reopen: _kept_until_the_end } = make(Arc::new(NoopHook));
    let store: Arc<dyn Store> = Arc::from(port);
    for n in 1..=20 {
        let (answer, answered) = channel();
        let reader = Arc::downgrade(&store);
        let told = move |outcome: Result<(), StoreError>| {
            let seen = reader.upgrade().map(|store| -> Result<_, StoreError> {
                let mut view = store.read()?;
                let row = view.tenant(&scope(n))?.is_some();
                Ok((row, crate::drive::installation_log_in(&mut *view)?.len()))
            });
            // Whoever asked may have given up by now.
            drop(answer.send((outcome, seen)));
        };
        store.submit(Box::new(Answering { founds: Some(n), event: founding_event(), told }));
        let (outcome, seen) = answered.recv_timeout(PATIENCE).expect("every unit is told how it ended");
        assert_eq!(outcome, Ok(()), "a unit is told that it is kept");
        let events = usize::try_from(n).expect("a small number");
        let expected = Some(Ok((true, events)));
        assert_eq!(seen, expected, "when a unit is told that it is kept, its rows and events can be read");
    }
}

/// So the answer to a change never overtakes the live state.
pub fn a_follower_is_told_before_a_receipt_answers(make: &MakeStore) {
    let follower = Arc::new(Follower::default());
    let made = make(follower.clone());
    for n in 1..=20 {
        let (answer, answered) = channel();
        let follower = Arc::clone(&follower);
        let told = move |_| drop(answer.send(follower.told()));
        made.port.submit(Box::new(Answering { founds: Some(n), event: founding_event(), told }));
        let told = answered.recv_timeout(PATIENCE).expect("every unit is told how it ended");
        let expected: Vec<_> = (1..=n).map(|n| BTreeSet::from([StateChange::Tenant(tenant_id(n))])).collect();
        assert_eq!(told, expected, "a follower is told of a commit before its unit is");
    }
}

/// However many units a commit is made of.
pub fn a_follower_is_told_once_of_each_commit_in_order(make: &MakeStore) {
    let follower = Arc::new(Follower::default());
    let made = make(follower.clone());
    let store = &*made.port;
    thread::scope(|threads| {
        for thread in 1..=8 {
            threads.spawn(move || {
                for n in thread * 100..thread * 100 + 25 {
                    let founding = founding_event().on(ObjectKind::Tenant, tenant_id(n));
                    let answer: Result<(), StoreError> = store
                        .write(move |tx| {
                            tx.add_tenant(&tenant(n))?;
                            Ok(Ok(Recorded::new((), founding.clone())))
                        })
                        .wait();
                    assert_eq!(answer, Ok(()), "a unit in a crowd is kept");
                }
            });
        }
    });
    let mut in_order =
        installation_log(store).into_iter().filter_map(|one| one.event.object).map(|one| one.id);
    for commit in follower.told() {
        let told: BTreeSet<String> =
            commit.iter().filter_map(StateChange::tenant).map(|one| one.to_string()).collect();
        let next: BTreeSet<String> = in_order.by_ref().take(commit.len()).collect();
        assert_eq!(told, next, "a follower is told once of each commit, in the order of the log");
    }
    assert_eq!(in_order.next(), None, "a follower is told of every commit");
}

/// Reads the revision of one membership each time it is told.
struct Reader(Mutex<Sender<Result<Option<u64>, StoreError>>>);

impl CommitHook for Reader {
    fn on_commit(&self, view: &mut dyn View, changes: &[StateChange]) {
        if changes.contains(&StateChange::Member(tenant_id(1), account_id(1))) {
            let seen =
                view.member(&scope(1), account_id(1)).map(|one| one.map(|one| one.membership.revision));
            drop(self.0.lock().unwrap_or_else(PoisonError::into_inner).send(seen));
        }
    }
}

/// Not the state before it.
pub fn a_follower_reads_the_commit_it_is_told_of(make: &MakeStore) {
    let (send, seen) = channel();
    let made = make(Arc::new(Reader(Mutex::new(send))));
    let store = &*made.port;
    found(store);
    keep(store, |tx| tx.add_membership(&scope(1), &membership(1, 1, Role::User)));
    for revision in 2..=10 {
        let row = Membership { revision, ..membership(1, 1, Role::User) };
        keep(store, move |tx| tx.update_membership(&scope(1), &row));
    }
    keep(store, |tx| tx.remove_membership(&scope(1), account_id(1)));
    let expected: Vec<_> = (1..=10).map(|n| Ok(Some(n))).chain([Ok(None)]).collect();
    assert_eq!(seen.try_iter().collect::<Vec<_>>(), expected, "a follower reads the commit it is told of");
}

type Step = (&'static str, Box<dyn FnMut(&mut dyn Tx) -> Result<(), StoreError> + Send>, Vec<StateChange>);

fn member(tenant: u64, account: u64) -> StateChange {
    StateChange::Member(tenant_id(tenant), account_id(account))
}

fn changes(tenant: u64, n: u64) -> StateChange {
    StateChange::Endpoint(tenant_id(tenant), endpoint_id(n))
}

/// What is done to hubs, marketplaces and listings.
fn marketplace_steps() -> Vec<Step> {
    let hub_1 = StateChange::Hub(hub_id(1));
    let market = |tenant, n| StateChange::Marketplace(tenant_id(tenant), marketplace_id(n));
    vec![
        ("add_hub", Box::new(|tx| tx.add_hub(&hub(1))), vec![hub_1]),
        ("update_hub", Box::new(|tx| tx.update_hub(&hub(1))), vec![hub_1]),
        ("update_hub of a hub that is not there", Box::new(|tx| tx.update_hub(&hub(2))), vec![]),
        (
            "add_marketplace",
            Box::new(|tx| {
                tx.add_marketplace(&scope(1), &marketplace(1, 1, 1))?;
                tx.add_marketplace(&scope(2), &marketplace(1, 1, 2))
            }),
            vec![market(1, 1), market(2, 1)],
        ),
        (
            "update_marketplace",
            Box::new(|tx| tx.update_marketplace(&scope(1), &marketplace(1, 1, 3))),
            vec![market(1, 1)],
        ),
        ("add_listing", Box::new(|tx| tx.add_listing(&scope(1), &listing(1, 1, 1))), vec![]),
        ("update_listing", Box::new(|tx| tx.update_listing(&scope(1), &listing(1, 1, 1))), vec![]),
        ("remove_listing", Box::new(|tx| tx.remove_listing(&scope(1), listing_id(1)).map(drop)), vec![]),
        (
            "remove_marketplace",
            Box::new(|tx| {
                tx.remove_marketplace(&scope(1), marketplace_id(1))?;
                tx.remove_marketplace(&scope(2), marketplace_id(1)).map(drop)
            }),
            vec![market(1, 1), market(2, 1)],
        ),
        ("remove_hub", Box::new(|tx| tx.remove_hub(hub_id(1)).map(drop)), vec![hub_1]),
        ("remove_hub of a hub that is not there", Box::new(|tx| tx.remove_hub(hub_id(1)).map(drop)), vec![]),
    ]
}

fn steps() -> Vec<Step> {
    let tenant_4 = StateChange::Tenant(tenant_id(4));
    vec![
        ("add_tenant", Box::new(|tx| tx.add_tenant(&tenant(4))), vec![tenant_4]),
        ("add_account", Box::new(|tx| tx.add_account(&account(10))), vec![]),
        (
            "add_membership",
            Box::new(|tx| {
                tx.add_membership(&scope(1), &membership(1, 1, Role::Owner))?;
                tx.add_membership(&scope(2), &membership(2, 1, Role::User))?;
                tx.add_membership(&scope(3), &membership(3, 2, Role::User))
            }),
            vec![member(1, 1), member(2, 1), member(3, 2)],
        ),
        (
            "update_membership",
            Box::new(|tx| tx.update_membership(&scope(1), &membership(1, 1, Role::Admin))),
            vec![member(1, 1)],
        ),
        (
            "set_password",
            Box::new(|tx| tx.set_password(account_id(1), &PasswordHash::from_phc("$sample$".to_owned()))),
            vec![],
        ),
        (
            "set_account_status",
            Box::new(|tx| tx.set_account_status(account_id(1), AccountStatus::Disabled)),
            vec![member(1, 1), member(2, 1)],
        ),
        ("add_invitation", Box::new(|tx| tx.add_invitation(&scope(1), &invitation(1, 1, 1))), vec![]),
        (
            "remove_invitation",
            Box::new(|tx| tx.remove_invitation(&scope(1), invitation_id(1)).map(drop)),
            vec![],
        ),
        ("add_dataset", Box::new(|tx| tx.add_dataset(&scope(1), &dataset(1))), vec![]),
        (
            "update_dataset",
            Box::new(|tx| tx.update_dataset(&scope(1), &Dataset { revision: 2, ..dataset(1) })),
            vec![],
        ),
        ("add_job", Box::new(|tx| tx.add_job(&scope(1), &job(1, 1))), vec![]),
        ("update_job", Box::new(|tx| tx.update_job(&scope(1), &job(1, 1))), vec![]),
        (
            "add_endpoint",
            Box::new(|tx| (1..=3).try_for_each(|n| tx.add_endpoint(&scope(1), &endpoint(n, 1)))),
            vec![changes(1, 1), changes(1, 2), changes(1, 3)],
        ),
        (
            "update_endpoint",
            Box::new(|tx| tx.update_endpoint(&scope(1), &Endpoint { revision: 2, ..endpoint(1, 1) })),
            vec![changes(1, 1)],
        ),
        ("add_policy", Box::new(|tx| (1..=2).try_for_each(|n| tx.add_policy(&scope(1), &policy(n)))), vec![]),
        (
            "attach_policies",
            Box::new(|tx| {
                tx.attach_policies(&scope(1), endpoint_id(1), &[policy_id(1)])?;
                tx.attach_policies(&scope(1), endpoint_id(2), &[policy_id(1)])
            }),
            vec![changes(1, 1), changes(1, 2)],
        ),
        (
            "update_policy",
            Box::new(|tx| tx.update_policy(&scope(1), &Policy { revision: 2, ..policy(1) })),
            vec![changes(1, 1), changes(1, 2)],
        ),
        (
            "update_policy of a policy that is attached nowhere",
            Box::new(|tx| tx.update_policy(&scope(1), &Policy { revision: 2, ..policy(2) })),
            vec![],
        ),
        (
            "detaching with attach_policies",
            Box::new(|tx| tx.attach_policies(&scope(1), endpoint_id(2), &[])),
            vec![changes(1, 2)],
        ),
        ("remove_policy", Box::new(|tx| tx.remove_policy(&scope(1), policy_id(2)).map(drop)), vec![]),
        (
            "remove_endpoint",
            Box::new(|tx| (1..=3).try_for_each(|n| tx.remove_endpoint(&scope(1), endpoint_id(n)).map(drop))),
            vec![changes(1, 1), changes(1, 2), changes(1, 3)],
        ),
        ("remove_dataset", Box::new(|tx| tx.remove_dataset(&scope(1), dataset_id(1)).map(drop)), vec![]),
        (
            "remove_membership",
            Box::new(|tx| tx.remove_membership(&scope(2), account_id(1)).map(drop)),
            vec![member(2, 1)],
        ),
    ]
}

fn versions(store: &dyn Store) -> Vec<u64> {
    let version = |n| look(store, |view| view.tenant(&scope(n))).map_or(0, |tenant| tenant.version);
    (1..=3).map(version).collect()
}

/// No more and no less; and the version of each tenant concerned goes up with it.
pub fn each_write_touches_what_live_state_is_made_of(make: &MakeStore) {
    let follower = Arc::new(Follower::default());
    let made = make(follower.clone());
    let store = &*made.port;
    found(store);
    follower.take();
    let mut before = versions(store);
    for (name, mut work, expected) in steps().into_iter().chain(marketplace_steps()) {
        let concerned: BTreeSet<_> = expected.iter().filter_map(StateChange::tenant).collect();
        keep(store, move |tx| work(tx));
        let expected: BTreeSet<StateChange> = expected.into_iter().collect();
        assert_eq!(follower.take(), expected, "{name} touches what live state is made of, and nothing else");
        let after = versions(store);
        for (n, (before, after)) in (1..=3).zip(before.iter().zip(&after)) {
            let rises = concerned.contains(&tenant_id(n));
            let holds = if rises { after > before } else { after == before };
            assert!(holds, "{name} takes tenant {n} from version {before} to {after}; touched: {rises}");
        }
        before = after;
    }
    let refusal: Result<(), No> = store
        .write(move |tx| {
            tx.add_dataset(&scope(1), &dataset(1))?;
            tx.add_endpoint(&scope(1), &endpoint(1, 1))?;
            Ok(Err(Refused::new(No::Refused(1), event(&scope(1), Action::AuthzFail))))
        })
        .wait();
    assert_eq!(refusal, Err(No::Refused(1)));
    assert_eq!(follower.take(), BTreeSet::new(), "what is refused touches nothing");
    assert_eq!(versions(store), before, "nor does it count");
}
