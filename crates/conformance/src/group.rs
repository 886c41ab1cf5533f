//! The suite of `GroupView` and `GroupRows`.

use syft_space_domain::group::ports::GroupUsage;
use syft_space_domain::group::{Group, GroupMember};
use syft_space_domain::identity::Email;
use syft_space_domain::ids::GroupId;
use syft_space_domain::store::{StateChange, Store, StoreError, Tx};

use crate::check::{Check, checks, run_all};
use crate::fixture::StoreFactory;
use crate::pagination::PagedList;
use crate::run::{RecordingHook, all_items, assert_conflict, commit, read, seed, seeded_store};
use crate::sample::{
    email, group, group_id, group_name, numbered_email, policy, policy_id, scope, tenant_id, time,
    write_scope,
};

/// Every promise of [`GroupView`](syft_space_domain::group::ports::GroupView) and `GroupRows`.
pub const CHECKS: &[Check<StoreFactory>] = checks![
    z2_a_group_is_read_back_as_it_was_added,
    z2_a_groups_id_and_name_are_unique_in_its_tenant,
    z2_a_changed_group_keeps_its_name_and_its_beginning,
    z2_an_address_is_in_a_group_once_until_it_is_taken_out,
    z2_addresses_are_put_into_a_group_that_there_is,
    z2_a_group_that_a_policy_names_stays,
    z2_a_policy_names_groups_that_there_are,
    z2_a_group_goes_with_all_addresses_in_it,
    k12_what_groups_take_up_is_counted_in_their_tenant,
    z1_a_group_is_seen_and_changed_in_its_own_tenant_only,
    z2_groups_come_in_pages,
    z2_the_addresses_in_a_group_come_in_pages,
    z2_a_follower_is_told_of_each_address,
];

/// Checks every promise.
pub fn suite(make: &StoreFactory) {
    run_all("the store of groups", CHECKS, make);
}

fn emails(numbers: &[u64]) -> Vec<Email> {
    numbers.iter().map(|n| numbered_email(*n)).collect()
}

/// Adds a group with these addresses.
fn add(tx: &mut dyn Tx, tenant: u64, n: u64, members: &[u64]) -> Result<(), StoreError> {
    tx.add_group(&write_scope(tenant), &group(n))?;
    tx.add_group_members(&write_scope(tenant), group_id(n), &emails(members), time(20)).map(drop)
}

fn find(store: &dyn Store, tenant: u64, n: u64) -> [Option<Group>; 2] {
    read(store, move |view| {
        Ok([view.group(&scope(tenant), group_id(n))?, view.group_named(&scope(tenant), &group_name(n))?])
    })
}

fn members(store: &dyn Store, tenant: u64, n: u64) -> Vec<GroupMember> {
    all_items(2, |page| read(store, move |view| view.group_members(&scope(tenant), group_id(n), page)))
}

/// By all ways to read who is in a group.
fn assert_members(store: &dyn Store, tenant: u64, n: u64, expected: &[u64]) {
    let expected = emails(expected);
    let listed: Vec<Email> = members(store, tenant, n).into_iter().map(|member| member.email).collect();
    assert_eq!(listed, expected, "the addresses in a group are those that were put into it");
    let mut stored = read(store, move |view| view.stored_group_members(&scope(tenant), group_id(n)));
    stored.sort_unstable();
    assert_eq!(stored, expected.iter().map(Email::to_string).collect::<Vec<_>>(), "and so they are stored");
    for one in (1..=9).map(numbered_email) {
        let is_expected = expected.contains(&one);
        let is_in = read(store, move |view| view.has_group_member(&scope(tenant), group_id(n), &one));
        assert_eq!(is_in, is_expected, "and each is found");
    }
}

/// By its id and by its name.
pub fn z2_a_group_is_read_back_as_it_was_added(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let added = Group { members: 3, revision: 4, updated_at: time(70), ..group(1) };
    let row = added.clone();
    commit(&*fixture.adapter, move |tx| tx.add_group(&write_scope(1), &row));
    assert_eq!(find(&*fixture.adapter, 1, 1), [Some(added.clone()), Some(added)], "as it was added");
    assert_eq!(find(&*fixture.adapter, 1, 2), [None, None], "a group that is not there is not found");
}

/// Another tenant may use the same id and name.
pub fn z2_a_groups_id_and_name_are_unique_in_its_tenant(make: &StoreFactory) {
    let fixture = seeded_store(make);
    commit(&*fixture.adapter, |tx| {
        tx.add_group(&write_scope(1), &group(1))?;
        tx.add_group(&write_scope(2), &group(1))
    });
    assert_conflict(&*fixture.adapter, "a second group with an id", |tx| {
        tx.add_group(&write_scope(1), &Group { name: group_name(2), ..group(1) })
    });
    assert_conflict(&*fixture.adapter, "a second group with a name", |tx| {
        tx.add_group(&write_scope(1), &Group { name: group_name(1), ..group(2) })
    });
    assert_conflict(&*fixture.adapter, "a group of a tenant that is not there", |tx| {
        tx.add_group(&write_scope(4), &group(1))
    });
}

/// Description, number of members, revision and `updated_at` are replaced.
pub fn z2_a_changed_group_keeps_its_name_and_its_beginning(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let changed = Group {
        description: "another".to_owned(),
        members: 7,
        revision: 2,
        updated_at: time(80),
        ..group(1)
    };
    let row = Group { name: group_name(9), created_at: time(99), ..changed.clone() };
    commit(&*fixture.adapter, move |tx| {
        tx.add_group(&write_scope(1), &group(1))?;
        tx.update_group(&write_scope(1), &row)
    });
    assert_eq!(find(&*fixture.adapter, 1, 1)[0], Some(changed), "a group's change is kept; its name stays");
}

/// What is in it already stays as it is, and how many were not is answered.
pub fn z2_an_address_is_in_a_group_once_until_it_is_taken_out(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    commit(store, |tx| add(tx, 1, 1, &[3, 1]));
    let put = |numbers: &'static [u64]| {
        commit(store, move |tx| {
            tx.add_group_members(&write_scope(1), group_id(1), &emails(numbers), time(50))
        })
    };
    let take = |numbers: &'static [u64]| {
        commit(store, move |tx| tx.remove_group_members(&write_scope(1), group_id(1), &emails(numbers)))
    };
    assert_eq!(put(&[1, 2, 3]), 1, "one was not in it");
    assert_members(store, 1, 1, &[1, 2, 3]);
    let since: Vec<_> = members(store, 1, 1).into_iter().map(|member| member.added_at).collect();
    assert_eq!(since, [time(20), time(50), time(20)], "who is in it keeps the time");
    assert_eq!(take(&[2, 3, 4]), 2, "two were in it");
    assert_members(store, 1, 1, &[1]);
    assert_eq!((take(&[2, 3, 4]), put(&[])), (0, 0), "nothing is done twice");
    assert_members(store, 1, 1, &[1]);
}

/// Not into one of another tenant.
pub fn z2_addresses_are_put_into_a_group_that_there_is(make: &StoreFactory) {
    let fixture = seeded_store(make);
    commit(&*fixture.adapter, |tx| add(tx, 1, 1, &[]));
    for (tenant, n) in [(1, 2), (2, 1)] {
        assert_conflict(&*fixture.adapter, "an address in a group that is not there", move |tx| {
            tx.add_group_members(&write_scope(tenant), group_id(n), &[email(1)], time(20))
        });
    }
}

/// It goes once no policy names it: because that names others, or was removed.
pub fn z2_a_group_that_a_policy_names_stays(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    commit(store, |tx| {
        (1..=2).try_for_each(|n| add(tx, 1, n, &[n]))?;
        (1..=3).try_for_each(|n| tx.add_policy(&write_scope(1), &policy(n)))?;
        tx.set_groups_of_policy(&write_scope(1), policy_id(3), &[group_id(1), group_id(2)])?;
        tx.set_groups_of_policy(&write_scope(1), policy_id(1), &[group_id(1)])
    });
    let naming = |n| read(store, move |view| view.policies_of_group(&scope(1), group_id(n)));
    let named = |n: u64| (policy_id(n), policy(n).name);
    assert_eq!(naming(1), [named(1), named(3)], "the policies that name a group come by their ids");
    assert_eq!(naming(2), [named(3)]);
    assert_eq!(naming(3), [], "nobody names a group that is not there");
    for n in [1, 2] {
        assert_conflict(store, "removing a group that a policy names", move |tx| {
            tx.remove_group(&write_scope(1), group_id(n))
        });
        assert_members(store, 1, n, &[n]);
    }
    commit(store, |tx| {
        tx.set_groups_of_policy(&write_scope(1), policy_id(1), &[])?;
        tx.remove_policy(&write_scope(1), policy_id(3))
    });
    assert!(commit(store, |tx| tx.remove_group(&write_scope(1), group_id(1))), "a group of no policy goes");
    assert!(commit(store, |tx| tx.remove_group(&write_scope(1), group_id(2))));
}

/// In its own tenant.
pub fn z2_a_policy_names_groups_that_there_are(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    commit(store, |tx| {
        add(tx, 1, 1, &[])?;
        add(tx, 2, 2, &[])?;
        tx.add_policy(&write_scope(1), &policy(1))?;
        tx.set_groups_of_policy(&write_scope(1), policy_id(1), &[group_id(1)])
    });
    for (policy, group) in [(1, 2), (2, 1)] {
        assert_conflict(store, "a policy or a group that is not there", move |tx| {
            tx.set_groups_of_policy(&write_scope(1), policy_id(policy), &[group_id(group)])
        });
    }
    assert_eq!(
        read(store, |view| view.policies_of_group(&scope(1), group_id(1))),
        [(policy_id(1), policy(1).name)]
    );
}

/// One of the same name begins anew.
pub fn z2_a_group_goes_with_all_addresses_in_it(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    commit(store, |tx| add(tx, 1, 1, &[1, 2]));
    let remove = || commit(store, |tx| tx.remove_group(&write_scope(1), group_id(1)));
    assert_eq!([remove(), remove()], [true, false], "a group is removed once");
    assert_eq!(find(store, 1, 1), [None, None], "it is not found any more");
    commit(store, |tx| tx.add_group(&write_scope(1), &group(1)));
    assert_members(store, 1, 1, &[]);
}

/// By what their rows say.
pub fn k12_what_groups_take_up_is_counted_in_their_tenant(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    let usage = |tenant| read(store, move |view| view.group_usage(&scope(tenant)));
    assert_eq!(usage(1), GroupUsage::default(), "no group takes up nothing");
    commit(store, |tx| {
        tx.add_group(&write_scope(1), &Group { members: 5, ..group(1) })?;
        tx.add_group(&write_scope(1), &Group { members: 7, ..group(2) })?;
        tx.add_group(&write_scope(2), &Group { members: 100, ..group(3) })
    });
    assert_eq!(usage(1), GroupUsage { groups: 2, members: 12 }, "groups are counted in their tenant");
    commit(store, |tx| {
        tx.update_group(&write_scope(1), &Group { members: 4, ..group(1) })?;
        tx.remove_group(&write_scope(1), group_id(2))
    });
    assert_eq!(usage(1), GroupUsage { groups: 1, members: 4 }, "as they are now");
}

/// By every method.
pub fn z1_a_group_is_seen_and_changed_in_its_own_tenant_only(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    commit(store, |tx| {
        add(tx, 1, 1, &[1])?;
        add(tx, 2, 1, &[2])?;
        add(tx, 2, 2, &[1])?;
        for tenant in [1, 2] {
            tx.add_policy(&write_scope(tenant), &policy(1))?;
            tx.set_groups_of_policy(&write_scope(tenant), policy_id(1), &[group_id(tenant)])?;
        }
        Ok(())
    });
    assert_eq!(find(store, 1, 2), [None, None], "another tenant's group is not there");
    assert_members(store, 1, 1, &[1]);
    assert_members(store, 1, 2, &[]);
    assert_members(store, 2, 1, &[2]);
    let listed = all_items(9, |page| read(store, move |view| view.groups(&scope(1), page)));
    assert_eq!(listed, [group(1)], "nor in the list");
    assert_eq!(read(store, |view| view.group_usage(&scope(1))).groups, 1);
    assert_eq!(read(store, |view| view.policies_of_group(&scope(1), group_id(2))), []);
    commit(store, |tx| {
        tx.update_group(&write_scope(1), &Group { description: "mine".to_owned(), ..group(2) })?;
        tx.update_group(&write_scope(1), &Group { description: "mine".to_owned(), ..group(1) })?;
        tx.remove_group_members(&write_scope(1), group_id(1), &emails(&[2]))?;
        tx.remove_group_members(&write_scope(1), group_id(2), &emails(&[1]))?;
        tx.add_group_members(&write_scope(1), group_id(1), &emails(&[3]), time(9))
    });
    assert_eq!(find(store, 2, 1)[0], Some(group(1)), "another tenant's group is not changed");
    assert_eq!(find(store, 2, 2)[0], Some(group(2)));
    assert_members(store, 2, 1, &[2]);
    assert_members(store, 2, 2, &[1]);
    let removed = commit(store, |tx| {
        tx.set_groups_of_policy(&write_scope(1), policy_id(1), &[])?;
        Ok([tx.remove_group(&write_scope(1), group_id(1))?, tx.remove_group(&write_scope(1), group_id(2))?])
    });
    assert_eq!(removed, [true, false], "nor removed");
    assert_eq!(find(store, 2, 1)[0], Some(group(1)));
    assert_members(store, 2, 1, &[2]);
    assert_eq!(
        read(store, |view| view.policies_of_group(&scope(2), group_id(2))),
        [(policy_id(1), policy(1).name)],
        "and another tenant's policies name what they named"
    );
}

/// In the order of their ids.
pub fn z2_groups_come_in_pages(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let list: PagedList<Group, GroupId> = PagedList {
        add: |tx, n| tx.add_group(&write_scope(1), &group(n)),
        remove: |tx, n| tx.remove_group(&write_scope(1), group_id(n)).map(drop),
        page: |view, page| view.groups(&scope(1), page),
        key: group_id,
        key_of: |group| group.id,
    };
    list.check(&*fixture.adapter);
}

/// In the order of their bytes.
pub fn z2_the_addresses_in_a_group_come_in_pages(make: &StoreFactory) {
    let fixture = seeded_store(make);
    commit(&*fixture.adapter, |tx| add(tx, 1, 1, &[]));
    let list: PagedList<GroupMember, Email> = PagedList {
        add: |tx, n| {
            tx.add_group_members(&write_scope(1), group_id(1), &[numbered_email(n)], time(20)).map(drop)
        },
        remove: |tx, n| tx.remove_group_members(&write_scope(1), group_id(1), &[numbered_email(n)]).map(drop),
        page: |view, page| view.group_members(&scope(1), group_id(1), page),
        key: numbered_email,
        key_of: |member| member.email.clone(),
    };
    list.check(&*fixture.adapter);
}

/// So that a snapshot is changed by them, and need not be made anew.
pub fn z2_a_follower_is_told_of_each_address(make: &StoreFactory) {
    let hook = std::sync::Arc::new(RecordingHook::default());
    let fixture = make(hook.clone());
    seed(&*fixture.adapter);
    hook.take_changes();
    let group_change = || StateChange::Group(tenant_id(1), group_id(1));
    let member = |n| StateChange::GroupMember(tenant_id(1), group_id(1), numbered_email(n));
    let told = |what: &str, expected: Vec<StateChange>| {
        assert_eq!(hook.take_changes(), expected.into_iter().collect(), "a follower is told of {what}");
    };
    let store = &*fixture.adapter;
    commit(store, |tx| tx.add_group(&write_scope(1), &group(1)));
    told("a group that is made", vec![group_change()]);
    commit(store, |tx| tx.add_group_members(&write_scope(1), group_id(1), &emails(&[1, 2]), time(20)));
    told("each address that is put in", vec![member(1), member(2)]);
    commit(store, |tx| tx.remove_group_members(&write_scope(1), group_id(1), &emails(&[2])));
    told("each that is taken out", vec![member(2)]);
    commit(store, |tx| tx.remove_group_members(&write_scope(1), group_id(1), &emails(&[2, 3])));
    told("nothing where nothing was", vec![]);
    commit(store, |tx| tx.update_group(&write_scope(1), &group(1)));
    told("a group that is changed", vec![group_change()]);
    commit(store, |tx| tx.remove_group(&write_scope(1), group_id(1)));
    told("a group that is removed", vec![group_change()]);
}
