//! The suite of `PolicyView` and `PolicyRows`.

use syft_space_domain::ids::{EndpointId, PolicyId};
use syft_space_domain::policy::ports::{Attachment, PolicyUsage};
use syft_space_domain::policy::{Enforcement, Policy};
use syft_space_domain::store::{Store, StoreError, Tx};

use crate::check::{Check, checks, run_all};
use crate::fixture::StoreFactory;
use crate::pagination::PagedList;
use crate::run::{all_items, assert_conflict, commit, read, seeded_store, submit};
use crate::sample::{access, dataset, endpoint, endpoint_id, policy, policy_id, scope, time, write_scope};

/// Every promise of [`PolicyView`](syft_space_domain::policy::ports::PolicyView) and `PolicyRows`.
pub const CHECKS: &[Check<StoreFactory>] = checks![
    a_policy_is_read_back_as_it_was_added,
    a_policys_id_is_unique_in_its_tenant,
    a_changed_policy_keeps_its_beginning,
    policies_are_attached_in_order_and_in_place_of_those_before,
    a_policy_that_is_attached_stays,
    attaching_needs_the_endpoint_and_each_policy,
    the_endpoints_of_a_policy_come_in_the_order_of_their_ids,
    attachments_come_by_endpoint_and_in_order,
    k12_what_policies_take_up_is_counted_in_their_tenant,
    z1_a_policy_is_seen_and_changed_in_its_own_tenant_only,
    policies_come_in_pages,
];

/// Checks every promise.
pub fn suite(make: &StoreFactory) {
    run_all("the store of policies", CHECKS, make);
}

fn find(store: &dyn Store, tenant: u64, n: u64) -> Option<Policy> {
    read(store, move |view| view.policy(&scope(tenant), policy_id(n)))
}

fn attached(store: &dyn Store, tenant: u64, endpoint: u64) -> Vec<PolicyId> {
    let policies = read(store, move |view| view.attachments(&scope(tenant), Some(endpoint_id(endpoint))));
    policies.into_iter().map(|attachment| attachment.policy).collect()
}

/// That a policy is attached to an endpoint.
fn attachment(endpoint: u64, policy: &Policy) -> Attachment {
    Attachment {
        endpoint: endpoint_id(endpoint),
        policy: policy.id,
        name: policy.name.clone(),
        policy_type: policy.configuration.type_name().to_owned(),
        enforcement: policy.enforcement,
    }
}

fn endpoints(store: &dyn Store, tenant: u64, policy: u64) -> Vec<EndpointId> {
    read(store, move |view| view.endpoints_of_policy(&scope(tenant), policy_id(policy)))
}

/// Endpoints 1 to 3 and policies 1 to 4.
fn seed_rows(tx: &mut dyn Tx, tenant: u64) -> Result<(), StoreError> {
    tx.add_dataset(&write_scope(tenant), &dataset(1))?;
    (1..=3).try_for_each(|n| tx.add_endpoint(&write_scope(tenant), &endpoint(n, 1)))?;
    (1..=4).try_for_each(|n| tx.add_policy(&write_scope(tenant), &policy(n)))
}

/// The configuration is read back too.
pub fn a_policy_is_read_back_as_it_was_added(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let added = Policy {
        configuration: access("deny", "example.com"),
        enforcement: Enforcement::Shadow,
        revision: 3,
        updated_at: time(70),
        ..policy(1)
    };
    let row = added.clone();
    commit(&*fixture.adapter, move |tx| tx.add_policy(&write_scope(1), &row));
    assert_eq!(find(&*fixture.adapter, 1, 1), Some(added), "a policy is read back as it was added");
    assert_eq!(find(&*fixture.adapter, 1, 2), None, "a policy that is not there is not found");
}

/// Another tenant may use the same id. Names need not be unique.
pub fn a_policys_id_is_unique_in_its_tenant(make: &StoreFactory) {
    let fixture = seeded_store(make);
    commit(&*fixture.adapter, |tx| {
        tx.add_policy(&write_scope(1), &policy(1))?;
        tx.add_policy(&write_scope(1), &Policy { name: policy(1).name, ..policy(2) })?;
        tx.add_policy(&write_scope(2), &policy(1))
    });
    assert_conflict(&*fixture.adapter, "a second policy with an id", |tx| {
        tx.add_policy(&write_scope(1), &policy(1))
    });
    assert_conflict(&*fixture.adapter, "a policy of a tenant that is not there", |tx| {
        tx.add_policy(&write_scope(4), &policy(1))
    });
}

/// Name, configuration, enforcement, revision and `updated_at` are replaced.
pub fn a_changed_policy_keeps_its_beginning(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let changed = Policy {
        name: "renamed".to_owned(),
        configuration: access("deny", "example.net"),
        enforcement: Enforcement::Shadow,
        revision: 2,
        updated_at: time(80),
        ..policy(1)
    };
    let row = Policy { created_at: time(99), ..changed.clone() };
    commit(&*fixture.adapter, move |tx| {
        seed_rows(tx, 1)?;
        tx.attach_policies(&write_scope(1), endpoint_id(1), &[policy_id(1)])?;
        tx.update_policy(&write_scope(1), &row)
    });
    assert_eq!(
        find(&*fixture.adapter, 1, 1),
        Some(changed.clone()),
        "a policy's change is kept; its beginning stays"
    );
    let shown = read(&*fixture.adapter, |view| view.attachments(&scope(1), Some(endpoint_id(1))));
    assert_eq!(shown, [attachment(1, &changed)], "and shows where it is attached");
}

/// The order is the caller's, not that of the ids.
pub fn policies_are_attached_in_order_and_in_place_of_those_before(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    commit(store, |tx| seed_rows(tx, 1));
    for order in [vec![3, 1, 2], vec![2, 3], vec![3, 2, 4, 1], vec![]] {
        let ids: Vec<PolicyId> = order.into_iter().map(policy_id).collect();
        let row = ids.clone();
        commit(store, move |tx| tx.attach_policies(&write_scope(1), endpoint_id(1), &row));
        assert_eq!(
            attached(store, 1, 1),
            ids,
            "policies are attached in the order given, in place of all before"
        );
        assert_eq!(attached(store, 1, 2), [], "and to that endpoint only");
    }
}

/// It can be removed once it is detached everywhere.
pub fn a_policy_that_is_attached_stays(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    commit(store, |tx| {
        seed_rows(tx, 1)?;
        tx.attach_policies(&write_scope(1), endpoint_id(1), &[policy_id(1)])
    });
    assert_conflict(store, "removing a policy that is attached", |tx| {
        tx.remove_policy(&write_scope(1), policy_id(1))
    });
    assert_eq!(find(store, 1, 1), Some(policy(1)), "a policy that is attached stays");
    commit(store, |tx| tx.attach_policies(&write_scope(1), endpoint_id(1), &[]));
    assert!(
        commit(store, |tx| tx.remove_policy(&write_scope(1), policy_id(1))),
        "a policy that is free is removed"
    );
    assert_eq!(find(store, 1, 1), None, "a policy that was removed is not there");
    assert!(
        !commit(store, |tx| tx.remove_policy(&write_scope(1), policy_id(1))),
        "it cannot be removed twice"
    );
}

/// All must be of the same tenant. Otherwise the attachments stay as they were.
pub fn attaching_needs_the_endpoint_and_each_policy(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    commit(store, |tx| {
        seed_rows(tx, 1)?;
        tx.add_policy(&write_scope(2), &policy(5))?;
        tx.attach_policies(&write_scope(1), endpoint_id(1), &[policy_id(1), policy_id(2)])
    });
    assert_conflict(store, "attaching to an endpoint that is not there", |tx| {
        tx.attach_policies(&write_scope(1), endpoint_id(9), &[policy_id(1)])
    });
    assert_conflict(store, "attaching a policy that is not there", |tx| {
        tx.attach_policies(&write_scope(1), endpoint_id(1), &[policy_id(3), policy_id(9)])
    });
    assert_conflict(store, "attaching another tenant's policy", |tx| {
        tx.attach_policies(&write_scope(1), endpoint_id(1), &[policy_id(5)])
    });
    assert_conflict(store, "attaching to another tenant's endpoint", |tx| {
        tx.attach_policies(&write_scope(2), endpoint_id(1), &[policy_id(5)])
    });
    assert_eq!(attached(store, 1, 1), [1, 2].map(policy_id), "what was refused changed nothing");
}

/// Its position among the policies of an endpoint does not matter.
pub fn the_endpoints_of_a_policy_come_in_the_order_of_their_ids(make: &StoreFactory) {
    let fixture = seeded_store(make);
    commit(&*fixture.adapter, |tx| {
        seed_rows(tx, 1)?;
        tx.attach_policies(&write_scope(1), endpoint_id(3), &[policy_id(2), policy_id(1)])?;
        tx.attach_policies(&write_scope(1), endpoint_id(2), &[policy_id(2)])?;
        tx.attach_policies(&write_scope(1), endpoint_id(1), &[policy_id(1), policy_id(3)])
    });
    let of = [1, 2, 3, 4].map(|n| endpoints(&*fixture.adapter, 1, n));
    let expected = [vec![1, 3], vec![2, 3], vec![1], vec![]];
    let expected = expected.map(|ids| ids.into_iter().map(endpoint_id).collect::<Vec<_>>());
    assert_eq!(of, expected, "a policy's endpoints come in the order of their ids");
}

/// They are listed for all endpoints, or for one.
pub fn attachments_come_by_endpoint_and_in_order(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    commit(store, |tx| {
        seed_rows(tx, 1)?;
        seed_rows(tx, 2)?;
        tx.attach_policies(&write_scope(2), endpoint_id(1), &[policy_id(1)])?;
        tx.attach_policies(&write_scope(1), endpoint_id(3), &[policy_id(2), policy_id(1)])?;
        tx.attach_policies(&write_scope(1), endpoint_id(1), &[policy_id(4), policy_id(2)])
    });
    let of = |endpoint| read(store, move |view| view.attachments(&scope(1), endpoint));
    let expected =
        |pairs: &[(u64, u64)]| pairs.iter().map(|(e, p)| attachment(*e, &policy(*p))).collect::<Vec<_>>();
    assert_eq!(
        of(None),
        expected(&[(1, 4), (1, 2), (3, 2), (3, 1)]),
        "attachments come by endpoint and in order"
    );
    assert_eq!(of(Some(endpoint_id(3))), expected(&[(3, 2), (3, 1)]), "or those of one endpoint");
    assert_eq!(of(Some(endpoint_id(2))), [], "of which it may have none");
}

/// It is counted after each change.
pub fn k12_what_policies_take_up_is_counted_in_their_tenant(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    let usage = |tenant| read(store, move |view| view.policy_usage(&scope(tenant)));
    let sum = |policies: &[Policy]| PolicyUsage {
        patterns: policies.iter().map(|one| one.configuration.patterns()).sum(),
        bytes: policies.iter().map(|one| one.configuration.bytes()).sum(),
    };
    assert_eq!(usage(1), PolicyUsage::default(), "no policies take up nothing");
    commit(store, |tx| {
        (1..=3).try_for_each(|n| tx.add_policy(&write_scope(1), &policy(n)))?;
        tx.add_policy(&write_scope(2), &policy(1))
    });
    assert_eq!(usage(1), sum(&[1, 2, 3].map(policy)), "what policies take up is counted");
    let changed = Policy { configuration: access("deny", "a-much-longer-name.example.com"), ..policy(2) };
    let row = changed.clone();
    commit(store, move |tx| {
        tx.update_policy(&write_scope(1), &row)?;
        tx.remove_policy(&write_scope(1), policy_id(3)).map(drop)
    });
    assert_eq!(usage(1), sum(&[policy(1), changed]), "after each change");
    assert_eq!(usage(2), sum(&[policy(1)]), "in each tenant");
}

/// Two tenants have policies and endpoints with the same ids.
pub fn z1_a_policy_is_seen_and_changed_in_its_own_tenant_only(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    let theirs = || Policy { name: "theirs".to_owned(), ..policy(1) };
    commit(store, move |tx| {
        for tenant in [1, 2] {
            seed_rows(tx, tenant)?;
            tx.attach_policies(&write_scope(tenant), endpoint_id(tenant), &[policy_id(1)])?;
        }
        tx.attach_policies(&write_scope(2), endpoint_id(1), &[policy_id(1)])?;
        tx.add_policy(&write_scope(2), &policy(5))?;
        tx.update_policy(&write_scope(2), &theirs())
    });
    let list = |tenant| all_items(2, |page| read(store, move |view| view.policies(&scope(tenant), page)));
    let ours: Vec<Policy> = (1..=4).map(policy).collect();
    let before = list(2);
    let revision = |tenant, n| read(store, move |view| view.policy_revision(&scope(tenant), policy_id(n)));
    assert_eq!(
        [revision(1, 1), revision(1, 5)],
        [Some(policy(1).revision), None],
        "its revision is its tenant's"
    );
    assert_eq!(find(store, 1, 1), Some(policy(1)), "one's own policy is found");
    assert_eq!(find(store, 1, 5), None, "another tenant's is not");
    assert_eq!(list(1), ours, "another tenant's are not listed");
    let counts = [1, 2, 3].map(|n| read(store, move |view| view.count_policies(&scope(n))));
    assert_eq!(counts, [4, 5, 0], "nor counted");
    let usage = [1, 3].map(|n| read(store, move |view| view.policy_usage(&scope(n))).patterns);
    let own: u64 = ours.iter().map(|one| one.configuration.patterns()).sum();
    assert_eq!(usage, [own, 0], "nor is what they take up");
    assert_eq!(endpoints(store, 1, 1), [endpoint_id(1)], "another tenant's attachments are not seen");
    assert_eq!(attached(store, 1, 2), [], "from either side");
    let shown = read(store, move |view| view.attachments(&scope(2), Some(endpoint_id(2))));
    assert_eq!(shown, [attachment(2, &theirs())], "an endpoint shows its own tenant's policy");
    drop(submit(store, |tx| tx.update_policy(&write_scope(1), &Policy { revision: 9, ..policy(5) })).wait());
    commit(store, |tx| tx.update_policy(&write_scope(1), &Policy { revision: 9, ..policy(1) }));
    commit(store, |tx| tx.attach_policies(&write_scope(1), endpoint_id(1), &[]));
    assert!(
        !commit(store, |tx| tx.remove_policy(&write_scope(1), policy_id(5))),
        "another tenant's policy is not removed"
    );
    assert!(
        commit(store, |tx| tx.remove_policy(&write_scope(1), policy_id(1))),
        "another's attachment does not hold one's own"
    );
    assert_eq!(list(2), before, "another tenant's policies are not changed");
    assert_eq!(
        [attached(store, 2, 1), attached(store, 2, 2)],
        [[policy_id(1)], [policy_id(1)]],
        "nor detached"
    );
}

/// The order is that of the ids.
pub fn policies_come_in_pages(make: &StoreFactory) {
    let fixture = seeded_store(make);
    commit(&*fixture.adapter, |tx| (1..=9).try_for_each(|n| tx.add_policy(&write_scope(2), &policy(n))));
    PagedList {
        add: |tx, n| tx.add_policy(&write_scope(1), &policy(n)),
        remove: |tx, n| tx.remove_policy(&write_scope(1), policy_id(n)).map(drop),
        page: |view, page| view.policies(&scope(1), page),
        key: policy_id,
        key_of: |policy| policy.id,
    }
    .check(&*fixture.adapter);
}
