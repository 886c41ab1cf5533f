//! The suite of `RevisionView` and `RevisionRows`.

use syft_space_domain::audit::RecordedReason;
use syft_space_domain::ids::ActorId;
use syft_space_domain::policy::{Enforcement, KeptRevision, RevisionSummary};
use syft_space_domain::store::{Store, StoreError, Tx};

use crate::check::{Check, checks, run_all};
use crate::fixture::{Fixture, StoreFactory};
use crate::pagination::PagedList;
use crate::run::{all_items, assert_conflict, commit, read, seeded_store};
use crate::sample::{access, account_id, policy, policy_id, scope, time, write_scope};

/// Every promise of [`RevisionView`](syft_space_domain::policy::ports::RevisionView) and `RevisionRows`.
pub const CHECKS: &[Check<StoreFactory>] = checks![
    a_revision_is_read_back_as_it_was_kept,
    a_revision_needs_its_policy_and_a_number_of_its_own,
    k12_what_revisions_take_up_is_counted_by_policy_and_in_all,
    k12_the_oldest_revisions_go_and_the_others_stay,
    revisions_go_with_their_policy,
    z1_revisions_are_known_and_removed_in_their_own_tenant_only,
    revisions_come_in_pages_the_newest_first,
];

/// Checks every promise.
pub fn suite(make: &StoreFactory) {
    run_all("the revisions of policies", CHECKS, make);
}

/// Revision `n` of a policy.
fn kept(policy: u64, n: u64) -> KeptRevision {
    let configuration = access("allow", &format!("team{n}.example.com"));
    let summary = RevisionSummary {
        revision: n,
        changed_at: time(30),
        changed_by: Some(ActorId::from(account_id(3))),
        changes: Some(RecordedReason::from_stored("changed_patterns".to_owned())),
        rolled_back_to: None,
        name: format!("policy {policy} as of {n}"),
        policy_type: configuration.type_name().to_owned(),
        enforcement: Enforcement::Enforce,
    };
    KeptRevision { policy: policy_id(policy), summary, configuration }
}

fn keep(tx: &mut dyn Tx, tenant: u64, policy: u64, n: u64) -> Result<(), StoreError> {
    tx.keep_revision(&write_scope(tenant), &kept(policy, n))
}

/// Policies 1 and 2 in tenants 1 and 2.
fn prepared(make: &StoreFactory) -> Fixture<dyn Store> {
    let fixture = seeded_store(make);
    commit(&*fixture.adapter, |tx| {
        for tenant in [1, 2] {
            [1, 2].into_iter().try_for_each(|n| tx.add_policy(&write_scope(tenant), &policy(n)))?;
        }
        Ok(())
    });
    fixture
}

fn find(store: &dyn Store, tenant: u64, policy: u64, n: u64) -> Option<KeptRevision> {
    read(store, move |view| view.revision(&scope(tenant), policy_id(policy), n))
}

fn numbers(store: &dyn Store, tenant: u64, policy: u64) -> Vec<u64> {
    let listed =
        all_items(2, |page| read(store, move |view| view.revisions(&scope(tenant), policy_id(policy), page)));
    listed.into_iter().map(|summary| summary.revision).collect()
}

fn bytes(store: &dyn Store, tenant: u64) -> u64 {
    read(store, move |view| view.revision_bytes(&scope(tenant)))
}

/// So is one of which little is known.
pub fn a_revision_is_read_back_as_it_was_kept(make: &StoreFactory) {
    let fixture = prepared(make);
    let store = &*fixture.adapter;
    let full = kept(1, 7);
    let summary = RevisionSummary { rolled_back_to: Some(3), ..full.summary.clone() };
    let full = KeptRevision { summary, ..full };
    let bare = kept(1, 8);
    let summary = RevisionSummary {
        changed_by: None,
        changes: None,
        enforcement: Enforcement::Shadow,
        ..bare.summary.clone()
    };
    let bare = KeptRevision { summary, configuration: access("deny", "example.net"), ..bare };
    let rows = [full.clone(), bare.clone()];
    commit(store, move |tx| rows.iter().try_for_each(|row| tx.keep_revision(&write_scope(1), row)));
    assert_eq!(find(store, 1, 1, 7), Some(full.clone()), "a revision is read back as it was kept");
    assert_eq!(find(store, 1, 1, 8), Some(bare.clone()), "also where it is not known who made it");
    let listed = all_items(2, |page| read(store, move |view| view.revisions(&scope(1), policy_id(1), page)));
    assert_eq!(listed, [bare.summary, full.summary], "and so it is listed");
    let absent = [find(store, 1, 1, 6), find(store, 1, 1, u64::MAX), find(store, 1, 2, 7)];
    assert_eq!(absent, [None, None, None], "a revision that is not kept is not found");
}

/// Another policy may have the same number.
pub fn a_revision_needs_its_policy_and_a_number_of_its_own(make: &StoreFactory) {
    let fixture = prepared(make);
    let store = &*fixture.adapter;
    commit(store, |tx| [1, 2].into_iter().try_for_each(|policy| keep(tx, 1, policy, 1)));
    assert_conflict(store, "a second revision of a number", |tx| keep(tx, 1, 1, 1));
    assert_conflict(store, "a revision of a policy that is not there", |tx| keep(tx, 1, 9, 1));
    assert_conflict(store, "a revision of another tenant's policy", |tx| keep(tx, 3, 1, 1));
}

/// The newest come first.
pub fn k12_what_revisions_take_up_is_counted_by_policy_and_in_all(make: &StoreFactory) {
    let fixture = prepared(make);
    let store = &*fixture.adapter;
    let sizes = |policy| read(store, move |view| view.revision_sizes(&scope(1), policy_id(policy)));
    assert_eq!((sizes(1), bytes(store, 1)), (vec![], 0), "no revisions take up nothing");
    commit(store, |tx| {
        [9, 10, 8].into_iter().try_for_each(|n| keep(tx, 1, 1, n))?;
        keep(tx, 1, 2, 1)
    });
    let size = |policy, n| (n, kept(policy, n).configuration.bytes());
    assert_eq!(sizes(1), [size(1, 10), size(1, 9), size(1, 8)], "what a revision takes up is counted");
    assert_eq!(sizes(2), [size(2, 1)], "of each policy");
    let all: u64 = [size(1, 8), size(1, 9), size(1, 10), size(2, 1)].iter().map(|(_, bytes)| bytes).sum();
    assert_eq!(bytes(store, 1), all, "and in all");
}

/// Whether there are any or not.
pub fn k12_the_oldest_revisions_go_and_the_others_stay(make: &StoreFactory) {
    let fixture = prepared(make);
    let store = &*fixture.adapter;
    commit(store, |tx| {
        for policy in [1, 2] {
            (1..=4).try_for_each(|n| keep(tx, 1, policy, n))?;
        }
        tx.remove_revisions_before(&write_scope(1), policy_id(1), 3)
    });
    assert_eq!(numbers(store, 1, 1), [4, 3], "the oldest revisions of a policy go");
    assert_eq!(numbers(store, 1, 2), [4, 3, 2, 1], "those of another stay");
    let left: u64 = [3, 4].map(|n| kept(1, n).configuration.bytes()).iter().sum();
    let other: u64 = (1..=4).map(|n| kept(2, n).configuration.bytes()).sum();
    assert_eq!(bytes(store, 1), left + other, "and take up nothing any more");
    commit(store, |tx| tx.remove_revisions_before(&write_scope(1), policy_id(1), 3));
    assert_eq!(numbers(store, 1, 1), [4, 3], "where none is older, all stay");
}

/// A policy that is made anew under the same id has none.
pub fn revisions_go_with_their_policy(make: &StoreFactory) {
    let fixture = prepared(make);
    let store = &*fixture.adapter;
    commit(store, |tx| {
        for policy in [1, 2] {
            (1..=3).try_for_each(|n| keep(tx, 1, policy, n))?;
        }
        tx.remove_policy(&write_scope(1), policy_id(1)).map(drop)
    });
    commit(store, |tx| tx.add_policy(&write_scope(1), &policy(1)));
    assert_eq!(numbers(store, 1, 1), [0; 0], "a policy's revisions go with it");
    assert_eq!(find(store, 1, 1, 2), None, "whichever is asked for");
    assert_eq!(numbers(store, 1, 2), [3, 2, 1], "and those of others stay");
}

/// Two tenants have policies with the same ids.
pub fn z1_revisions_are_known_and_removed_in_their_own_tenant_only(make: &StoreFactory) {
    let fixture = prepared(make);
    let store = &*fixture.adapter;
    commit(store, |tx| {
        keep(tx, 1, 1, 1)?;
        (1..=3).try_for_each(|n| keep(tx, 2, 1, n))
    });
    assert_eq!(numbers(store, 1, 1), [1], "another tenant's revisions are not listed");
    assert_eq!(find(store, 1, 1, 2), None, "nor found");
    let sizes = read(store, |view| view.revision_sizes(&scope(1), policy_id(1)));
    assert_eq!(sizes, [(1, kept(1, 1).configuration.bytes())], "nor counted by policy");
    assert_eq!([bytes(store, 1), bytes(store, 3)], [kept(1, 1).configuration.bytes(), 0], "nor in all");
    commit(store, |tx| tx.remove_revisions_before(&write_scope(1), policy_id(1), 9));
    assert_eq!(numbers(store, 1, 1), [0; 0], "one's own are removed");
    assert_eq!(numbers(store, 2, 1), [3, 2, 1], "and another tenant's are not");
}

/// What is added or removed between two pages does not matter.
pub fn revisions_come_in_pages_the_newest_first(make: &StoreFactory) {
    let fixture = prepared(make);
    commit(&*fixture.adapter, |tx| (1..=9).try_for_each(|n| keep(tx, 1, 2, n)));
    // The list is in descending order, so the items are numbered from behind.
    PagedList {
        add: |tx, n| keep(tx, 1, 1, 100 - n),
        remove: |tx, n| {
            // One alone cannot be removed: the others are kept again.
            let (scope, of) = (write_scope(1), policy_id(1));
            let others: Vec<u64> =
                tx.revision_sizes(&scope, of)?.into_iter().map(|(number, _)| number).collect();
            tx.remove_revisions_before(&scope, of, u64::from(u32::MAX))?;
            others
                .into_iter()
                .filter(|number| *number != 100 - n)
                .try_for_each(|number| keep(tx, 1, 1, number))
        },
        page: |view, page| view.revisions(&scope(1), policy_id(1), page),
        key: |n| 100 - n,
        key_of: |summary| summary.revision,
    }
    .check(&*fixture.adapter);
}
