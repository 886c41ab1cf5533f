//! Promises about the change feed: which changes the commit hook sees, when, and in which order.

use std::collections::BTreeSet;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use syft_space_domain::access::Role;
use syft_space_domain::audit::{Action, Event, Log, ObjectKind};
use syft_space_domain::dataset::Dataset;
use syft_space_domain::endpoint::Endpoint;
use syft_space_domain::identity::{Member, PasswordHash};
use syft_space_domain::policy::Policy;
use syft_space_domain::store::{CommitHook, Flow, NoopHook, StateChange, Store, StoreError, Tx, View};
use syft_space_domain::unit::{Abort, Recorded, Refused};

use crate::fixture::{Fixture, StoreFactory};
use crate::run::{RecordingHook, commit, installation_log, read, seed};
use crate::sample::{
    account, account_id, dataset, dataset_id, endpoint, endpoint_id, event, hub, hub_id, invitation,
    invitation_id, job, listing, listing_id, marketplace, marketplace_id, member, policy, policy_id, scope,
    session, session_id, tenant, tenant_id, time, write_scope,
};
use crate::store::shared::{CallbackUnit, UNIT_TIMEOUT, UnitError};

fn creation_event() -> Event {
    event(Log::Installation, Action::ConfigChange)
}

/// When a unit is done, its event can be read too.
pub fn a_receipt_answers_only_after_its_rows_can_be_read(make: &StoreFactory) {
    let Fixture { adapter, reopen: _keep_alive } = make(Arc::new(NoopHook));
    let store: Arc<dyn Store> = Arc::from(adapter);
    for n in 1..=20 {
        let (sender, receiver) = channel();
        let reader = Arc::downgrade(&store);
        let on_done = move |outcome: Result<(), StoreError>| {
            let seen = reader.upgrade().map(|store| -> Result<_, StoreError> {
                let read = store.read(Flow::Installation, move |view| {
                    let row = view.tenant(&scope(n))?.is_some();
                    Ok((row, crate::run::installation_log_of_view(view)?.len()))
                });
                read.wait()
            });
            // The receiver may have timed out.
            drop(sender.send((outcome, seen)));
        };
        store.submit(Box::new(CallbackUnit { tenant: Some(n), event: creation_event(), on_done }));
        let (outcome, seen) = receiver.recv_timeout(UNIT_TIMEOUT).expect("every unit is told how it ended");
        assert_eq!(outcome, Ok(()), "a unit is told that it is kept");
        let events = usize::try_from(n).expect("a small number");
        let expected = Some(Ok((true, events)));
        assert_eq!(seen, expected, "when a unit is told that it is kept, its rows and events can be read");
    }
}

/// So the answer to a change never comes before the snapshot of it.
pub fn a_follower_is_told_before_a_receipt_answers(make: &StoreFactory) {
    let hook = Arc::new(RecordingHook::default());
    let fixture = make(hook.clone());
    for n in 1..=20 {
        let (sender, receiver) = channel();
        let hook = Arc::clone(&hook);
        let on_done = move |_| drop(sender.send(hook.commits()));
        fixture.adapter.submit(Box::new(CallbackUnit { tenant: Some(n), event: creation_event(), on_done }));
        let commits = receiver.recv_timeout(UNIT_TIMEOUT).expect("every unit is told how it ended");
        let expected: Vec<_> = (1..=n).map(|n| BTreeSet::from([StateChange::Tenant(tenant_id(n))])).collect();
        assert_eq!(commits, expected, "a follower is told of a commit before its unit is");
    }
}

/// A commit may consist of several units.
pub fn a_follower_is_told_once_of_each_commit_in_order(make: &StoreFactory) {
    let hook = Arc::new(RecordingHook::default());
    let fixture = make(hook.clone());
    let store = &*fixture.adapter;
    thread::scope(|threads| {
        for thread in 1..=8 {
            threads.spawn(move || {
                for n in thread * 100..thread * 100 + 25 {
                    let event = creation_event().on(ObjectKind::Tenant, tenant_id(n));
                    let answer: Result<(), StoreError> = store
                        .write(move |tx| {
                            tx.add_tenant(&tenant(n))?;
                            Ok(Recorded::new((), event.clone()))
                        })
                        .wait();
                    assert_eq!(answer, Ok(()), "a unit in a crowd is kept");
                }
            });
        }
    });
    let mut in_order = installation_log(store)
        .into_iter()
        .filter_map(|recorded| recorded.event.object)
        .map(|object| object.id);
    for commit in hook.commits() {
        let ids: BTreeSet<String> =
            commit.iter().filter_map(StateChange::tenant).map(|tenant| tenant.to_string()).collect();
        let next: BTreeSet<String> = in_order.by_ref().take(commit.len()).collect();
        assert_eq!(ids, next, "a follower is told once of each commit, in the order of the log");
    }
    assert_eq!(in_order.next(), None, "a follower is told of every commit");
}

/// So a unit that compares a snapshot with what it rests on misses nothing that stands before it in the log.
pub fn a_unit_knows_what_changed_before_it(make: &StoreFactory) {
    let hook = Arc::new(RecordingHook::default());
    let fixture = make(hook.clone());
    let store = &*fixture.adapter;
    thread::scope(|threads| {
        // While the first unit runs, the others queue up behind it, as those of many callers do.
        let ((begun, begins), (go, wait)) = (channel(), channel::<()>());
        threads.spawn(move || {
            let first = store.write(move |_tx| {
                // Nobody listens any more when the unit runs again.
                let _ = begun.send(());
                let _ = wait.recv();
                Ok::<_, Abort<StoreError>>(Recorded::new((), creation_event()))
            });
            assert_eq!(first.wait(), Ok(()), "the first unit is kept");
        });
        begins.recv_timeout(UNIT_TIMEOUT).expect("every unit is run");
        let pairs: Vec<_> = (1..=8)
            .map(|n| {
                let change = store.write::<_, StoreError, _>(move |tx| {
                    tx.add_tenant(&tenant(100 + n))?;
                    Ok(Recorded::new((), creation_event()))
                });
                let hook = Arc::clone(&hook);
                let behind = store.write::<_, StoreError, _>(move |tx| {
                    let change = StateChange::Tenant(tenant_id(100 + n));
                    let is_told = hook.commits().iter().any(|commit| commit.contains(&change));
                    let has_changed = |n| tx.has_changed(&scope(n));
                    Ok(Recorded::new((is_told, has_changed(100 + n), has_changed(99)), creation_event()))
                });
                (change, behind)
            })
            .collect();
        drop(go);
        for (change, behind) in pairs {
            assert_eq!(change.wait(), Ok(()), "a unit is kept");
            let (is_told, has_changed, other) = behind.wait().expect("a unit is kept");
            assert!(is_told != has_changed, "either the follower is told of a change, or the next unit is");
            assert!(!other, "a change of one tenant is none of another");
        }
    });
}

/// A hook that reads the revision of one account after each change of it.
struct ReadingHook(Mutex<Sender<Result<Option<u64>, StoreError>>>);

impl CommitHook for ReadingHook {
    fn on_commit(&self, view: &mut dyn View, changes: &[StateChange]) {
        if changes.contains(&StateChange::Member(tenant_id(1), account_id(1))) {
            let seen =
                view.member(&scope(1), account_id(1)).map(|member| member.map(|member| member.revision));
            drop(self.0.lock().unwrap_or_else(PoisonError::into_inner).send(seen));
        }
    }
}

/// The view of the hook does not show an older state.
pub fn a_follower_reads_the_commit_it_is_told_of(make: &StoreFactory) {
    let (sender, revisions) = channel();
    let fixture = make(Arc::new(ReadingHook(Mutex::new(sender))));
    let store = &*fixture.adapter;
    seed(store);
    commit(store, |tx| tx.add_account(&write_scope(1), &account(1, 1, Role::User)));
    for revision in 2..=10 {
        let row = Member { revision, ..member(1, 1, Role::User) };
        commit(store, move |tx| tx.update_member(&write_scope(1), &row));
    }
    commit(store, |tx| tx.remove_account(&write_scope(1), account_id(1)));
    let expected: Vec<_> = (1..=10).map(|n| Ok(Some(n))).chain([Ok(None)]).collect();
    assert_eq!(
        revisions.try_iter().collect::<Vec<_>>(),
        expected,
        "a follower reads the commit it is told of"
    );
}

/// The name of a write, the write, and the changes that the hook must see.
type Write = (&'static str, Box<dyn FnMut(&mut dyn Tx) -> Result<(), StoreError> + Send>, Vec<StateChange>);

fn member_change(tenant: u64, account: u64) -> StateChange {
    StateChange::Member(tenant_id(tenant), account_id(account))
}

fn endpoint_change(tenant: u64, n: u64) -> StateChange {
    StateChange::Endpoint(tenant_id(tenant), endpoint_id(n))
}

/// The writes to hubs, marketplaces and listings.
fn marketplace_writes() -> Vec<Write> {
    let hub_change = || StateChange::Hub(hub_id(1));
    let marketplace_change = |tenant, n| StateChange::Marketplace(tenant_id(tenant), marketplace_id(n));
    vec![
        ("add_hub", Box::new(|tx| tx.add_hub(&hub(1))), vec![hub_change()]),
        ("update_hub", Box::new(|tx| tx.update_hub(&hub(1))), vec![hub_change()]),
        ("update_hub of a hub that is not there", Box::new(|tx| tx.update_hub(&hub(2))), vec![]),
        (
            "add_marketplace",
            Box::new(|tx| {
                tx.add_marketplace(&write_scope(1), &marketplace(1, 1, 1))?;
                tx.add_marketplace(&write_scope(2), &marketplace(1, 1, 2))
            }),
            vec![marketplace_change(1, 1), marketplace_change(2, 1)],
        ),
        (
            "update_marketplace",
            Box::new(|tx| tx.update_marketplace(&write_scope(1), &marketplace(1, 1, 3))),
            vec![marketplace_change(1, 1)],
        ),
        ("add_listing", Box::new(|tx| tx.add_listing(&write_scope(1), &listing(1, 1, 1))), vec![]),
        ("update_listing", Box::new(|tx| tx.update_listing(&write_scope(1), &listing(1, 1, 1))), vec![]),
        (
            "remove_listing",
            Box::new(|tx| tx.remove_listing(&write_scope(1), listing_id(1)).map(drop)),
            vec![],
        ),
        (
            "remove_marketplace",
            Box::new(|tx| {
                tx.remove_marketplace(&write_scope(1), marketplace_id(1))?;
                tx.remove_marketplace(&write_scope(2), marketplace_id(1)).map(drop)
            }),
            vec![marketplace_change(1, 1), marketplace_change(2, 1)],
        ),
        ("remove_hub", Box::new(|tx| tx.remove_hub(hub_id(1)).map(drop)), vec![hub_change()]),
        ("remove_hub of a hub that is not there", Box::new(|tx| tx.remove_hub(hub_id(1)).map(drop)), vec![]),
    ]
}

fn room_writes() -> Vec<Write> {
    let tenant_change = StateChange::Tenant(tenant_id(4));
    vec![
        ("add_tenant", Box::new(|tx| tx.add_tenant(&tenant(4))), vec![tenant_change]),
        (
            "add_account",
            Box::new(|tx| {
                tx.add_account(&write_scope(1), &account(1, 1, Role::Owner))?;
                tx.add_account(&write_scope(2), &account(2, 1, Role::User))?;
                tx.add_account(&write_scope(3), &account(3, 2, Role::User))
            }),
            vec![member_change(1, 1), member_change(2, 1), member_change(3, 2)],
        ),
        (
            "update_member",
            Box::new(|tx| tx.update_member(&write_scope(1), &member(1, 1, Role::Admin))),
            vec![member_change(1, 1)],
        ),
        (
            "set_password",
            Box::new(|tx| {
                let password = PasswordHash::from_phc("$sample$".to_owned());
                tx.set_password(&write_scope(1), account_id(1), &password)
            }),
            vec![member_change(1, 1)],
        ),
        (
            "add_session",
            Box::new(|tx| {
                tx.add_session(&write_scope(1), &session(1, 1, 1))?;
                tx.add_session(&write_scope(2), &session(2, 2, 1))?;
                tx.add_session(&write_scope(3), &session(3, 3, 2))
            }),
            vec![member_change(1, 1), member_change(2, 1), member_change(3, 2)],
        ),
        ("renew_session", Box::new(|tx| tx.renew_session(&write_scope(1), &session(1, 1, 1))), vec![]),
        (
            "remove_session",
            Box::new(|tx| tx.remove_session(&write_scope(1), account_id(1), session_id(1)).map(drop)),
            vec![member_change(1, 1)],
        ),
        (
            "remove_sessions",
            Box::new(|tx| tx.remove_sessions(&write_scope(2), account_id(1))),
            vec![member_change(2, 1)],
        ),
        ("trim_sessions", Box::new(|tx| tx.trim_sessions(time(99), 9)), vec![member_change(3, 2)]),
        ("add_invitation", Box::new(|tx| tx.add_invitation(&write_scope(1), &invitation(1, 1, 1))), vec![]),
        (
            "remove_invitation",
            Box::new(|tx| tx.remove_invitation(&write_scope(1), invitation_id(1)).map(drop)),
            vec![],
        ),
        ("add_dataset", Box::new(|tx| tx.add_dataset(&write_scope(1), &dataset(1))), vec![]),
        (
            "update_dataset",
            Box::new(|tx| tx.update_dataset(&write_scope(1), &Dataset { revision: 2, ..dataset(1) })),
            vec![],
        ),
        ("add_job", Box::new(|tx| tx.add_job(&write_scope(1), &job(1, 1))), vec![]),
        ("update_job", Box::new(|tx| tx.update_job(&write_scope(1), &job(1, 1))), vec![]),
        (
            "add_endpoint",
            Box::new(|tx| (1..=3).try_for_each(|n| tx.add_endpoint(&write_scope(1), &endpoint(n, 1)))),
            vec![endpoint_change(1, 1), endpoint_change(1, 2), endpoint_change(1, 3)],
        ),
        (
            "update_dataset of a dataset with endpoints",
            Box::new(|tx| tx.update_dataset(&write_scope(1), &Dataset { revision: 3, ..dataset(1) })),
            vec![endpoint_change(1, 1), endpoint_change(1, 2), endpoint_change(1, 3)],
        ),
        (
            "update_endpoint",
            Box::new(|tx| tx.update_endpoint(&write_scope(1), &Endpoint { revision: 2, ..endpoint(1, 1) })),
            vec![endpoint_change(1, 1)],
        ),
        (
            "add_policy",
            Box::new(|tx| (1..=2).try_for_each(|n| tx.add_policy(&write_scope(1), &policy(n)))),
            vec![],
        ),
        (
            "attach_policies",
            Box::new(|tx| {
                tx.attach_policies(&write_scope(1), endpoint_id(1), &[policy_id(1)])?;
                tx.attach_policies(&write_scope(1), endpoint_id(2), &[policy_id(1)])
            }),
            vec![endpoint_change(1, 1), endpoint_change(1, 2)],
        ),
        (
            "update_policy",
            Box::new(|tx| tx.update_policy(&write_scope(1), &Policy { revision: 2, ..policy(1) })),
            vec![endpoint_change(1, 1), endpoint_change(1, 2)],
        ),
        (
            "update_policy of a policy that is attached nowhere",
            Box::new(|tx| tx.update_policy(&write_scope(1), &Policy { revision: 2, ..policy(2) })),
            vec![],
        ),
        (
            "detaching with attach_policies",
            Box::new(|tx| tx.attach_policies(&write_scope(1), endpoint_id(2), &[])),
            vec![endpoint_change(1, 2)],
        ),
        ("remove_policy", Box::new(|tx| tx.remove_policy(&write_scope(1), policy_id(2)).map(drop)), vec![]),
        (
            "remove_endpoint",
            Box::new(|tx| {
                (1..=3).try_for_each(|n| tx.remove_endpoint(&write_scope(1), endpoint_id(n)).map(drop))
            }),
            vec![endpoint_change(1, 1), endpoint_change(1, 2), endpoint_change(1, 3)],
        ),
        (
            "remove_dataset",
            Box::new(|tx| tx.remove_dataset(&write_scope(1), dataset_id(1)).map(drop)),
            vec![],
        ),
        (
            "remove_account",
            Box::new(|tx| tx.remove_account(&write_scope(2), account_id(1)).map(drop)),
            vec![member_change(2, 1)],
        ),
    ]
}

fn versions(store: &dyn Store) -> Vec<u64> {
    let version = |n| read(store, move |view| view.tenant(&scope(n))).map_or(0, |tenant| tenant.version);
    (1..=3).map(version).collect()
}

/// The hook sees exactly these changes, and the version of each affected tenant rises.
pub fn each_write_touches_what_live_state_is_made_of(make: &StoreFactory) {
    let hook = Arc::new(RecordingHook::default());
    let fixture = make(hook.clone());
    let store = &*fixture.adapter;
    seed(store);
    hook.take_changes();
    let mut before = versions(store);
    for (name, mut write, expected) in room_writes().into_iter().chain(marketplace_writes()) {
        let changed_tenants: BTreeSet<_> = expected.iter().filter_map(StateChange::tenant).collect();
        commit(store, move |tx| write(tx));
        let expected: BTreeSet<StateChange> = expected.into_iter().collect();
        assert_eq!(
            hook.take_changes(),
            expected,
            "{name} touches what snapshots are made of, and nothing else"
        );
        let after = versions(store);
        for (n, (before, after)) in (1..=3).zip(before.iter().zip(&after)) {
            let must_rise = changed_tenants.contains(&tenant_id(n));
            let holds = if must_rise { after > before } else { after == before };
            assert!(holds, "{name} takes tenant {n} from version {before} to {after}; touched: {must_rise}");
        }
        before = after;
    }
    let refusal: Result<(), UnitError> = store
        .write(move |tx| {
            tx.add_dataset(&write_scope(1), &dataset(1))?;
            tx.add_endpoint(&write_scope(1), &endpoint(1, 1))?;
            Err(Refused::new(UnitError::Refused(1), event(&scope(1), Action::AuthzFail)).into())
        })
        .wait();
    assert_eq!(refusal, Err(UnitError::Refused(1)));
    assert_eq!(hook.take_changes(), BTreeSet::new(), "what is refused touches nothing");
    assert_eq!(versions(store), before, "nor does it count");
}
