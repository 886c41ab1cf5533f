//! The suite of `ExpectationView` and `ExpectationRows`.

use syft_space_domain::expectation::{Expectation, ExpectedVerdict};
use syft_space_domain::ids::EndpointId;
use syft_space_domain::marketplace::HubRole;
use syft_space_domain::policy::{HypotheticalCaller, Purpose};
use syft_space_domain::store::{Store, StoreError, Tx};

use crate::check::{Check, checks, run_all};
use crate::fixture::{Fixture, StoreFactory};
use crate::run::{assert_conflict, commit, read, seeded_store};
use crate::sample::{dataset, email, endpoint, endpoint_id, hub, scope, write_scope};

/// Every promise of [`ExpectationView`](syft_space_domain::expectation::ports::ExpectationView) and `ExpectationRows`.
pub const CHECKS: &[Check<StoreFactory>] = checks![
    z2_expectations_are_read_back_as_they_were_set_and_in_order,
    z2_expectations_take_the_place_of_those_before,
    z2_expectations_stand_on_an_endpoint_that_there_is,
    z2_expectations_go_with_their_endpoint_and_stay_with_its_changes,
    k12_expectations_are_counted_in_their_tenant,
    z1_expectations_are_seen_and_set_in_their_own_tenant_only,
];

/// Checks every promise.
pub fn suite(make: &StoreFactory) {
    run_all("the store of expectations", CHECKS, make);
}

/// An expectation, which differs from those of other numbers: of a member for odd ones, else of a user of a hub.
pub(crate) fn expectation(n: u64) -> Expectation {
    let caller = match n % 4 {
        1 | 3 => HypotheticalCaller::Address(email(n)),
        2 => HypotheticalCaller::HubUser {
            issuer: hub(1).issuer,
            subject: n.to_string(),
            role: HubRole::User,
            email: Some(email(n)),
        },
        _ => HypotheticalCaller::HubUser {
            issuer: hub(1).issuer,
            subject: n.to_string(),
            role: HubRole::Guest,
            email: None,
        },
    };
    Expectation {
        caller,
        purpose: n.is_multiple_of(3).then(|| Purpose::parse("teaching").expect("a valid purpose")),
        verdict: if n.is_multiple_of(2) { ExpectedVerdict::Denied } else { ExpectedVerdict::Allowed },
        note: if n > 2 { format!("note {n}") } else { String::new() },
    }
}

fn numbered(numbers: &[u64]) -> Vec<Expectation> {
    numbers.iter().map(|n| expectation(*n)).collect()
}

/// Adds endpoints 1 to 2 on a dataset.
fn add_endpoints(tx: &mut dyn Tx, tenant: u64) -> Result<(), StoreError> {
    tx.add_dataset(&write_scope(tenant), &dataset(1))?;
    (1..=2).try_for_each(|n| tx.add_endpoint(&write_scope(tenant), &endpoint(n, 1)))
}

fn set(store: &dyn Store, tenant: u64, n: u64, numbers: &[u64]) {
    let wanted = numbered(numbers);
    commit(store, move |tx| tx.set_expectations(&write_scope(tenant), endpoint_id(n), &wanted));
}

fn of(store: &dyn Store, tenant: u64, n: Option<u64>) -> Vec<(EndpointId, Expectation)> {
    read(store, move |view| view.expectations(&scope(tenant), n.map(endpoint_id)))
}

#[track_caller]
fn assert_set(store: &dyn Store, tenant: u64, n: u64, expected: &[u64]) {
    let expected: Vec<_> = numbered(expected).into_iter().map(|one| (endpoint_id(n), one)).collect();
    assert_eq!(
        of(store, tenant, Some(n)),
        expected,
        "the expectations of an endpoint are those that were set"
    );
}

/// With all that they may say, after a restart too.
pub fn z2_expectations_are_read_back_as_they_were_set_and_in_order(make: &StoreFactory) {
    let fixture = seeded_store(make);
    commit(&*fixture.adapter, |tx| add_endpoints(tx, 1));
    set(&*fixture.adapter, 1, 2, &[3, 1]);
    set(&*fixture.adapter, 1, 1, &[4, 2, 1, 3, 4]);
    let check = |store: &dyn Store| {
        assert_set(store, 1, 1, &[4, 2, 1, 3, 4]);
        assert_set(store, 1, 2, &[3, 1]);
        let all = of(store, 1, None);
        let by_endpoint = [of(store, 1, Some(1)), of(store, 1, Some(2))].concat();
        assert_eq!(all, by_endpoint, "those of a tenant come by the ids of their endpoints");
    };
    check(&*fixture.adapter);
    let Fixture { adapter, reopen } = fixture;
    drop(adapter);
    if let Some(reopen) = reopen {
        check(&*reopen().adapter);
    }
}

/// All of them, or none.
pub fn z2_expectations_take_the_place_of_those_before(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    commit(store, |tx| add_endpoints(tx, 1));
    assert_set(store, 1, 1, &[]);
    set(store, 1, 2, &[1]);
    for numbers in [&[1, 2, 3][..], &[2], &[], &[4, 1]] {
        set(store, 1, 1, numbers);
        assert_set(store, 1, 1, numbers);
    }
    assert_set(store, 1, 2, &[1]);
}

/// Even none of them.
pub fn z2_expectations_stand_on_an_endpoint_that_there_is(make: &StoreFactory) {
    let fixture = seeded_store(make);
    commit(&*fixture.adapter, |tx| add_endpoints(tx, 1));
    for (tenant, n) in [(1, 3), (2, 1)] {
        for wanted in [numbered(&[1]), Vec::new()] {
            assert_conflict(
                &*fixture.adapter,
                "an expectation of an endpoint that is not there",
                move |tx| tx.set_expectations(&write_scope(tenant), endpoint_id(n), &wanted),
            );
        }
    }
}

/// One of the same id begins without any.
pub fn z2_expectations_go_with_their_endpoint_and_stay_with_its_changes(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    commit(store, |tx| add_endpoints(tx, 1));
    set(store, 1, 1, &[1, 2]);
    set(store, 1, 2, &[3]);
    commit(store, |tx| {
        let mut changed = endpoint(1, 1);
        changed.published = false;
        tx.update_endpoint(&write_scope(1), &changed)?;
        tx.attach_policies(&write_scope(1), endpoint_id(1), &[])
    });
    assert_set(store, 1, 1, &[1, 2]);
    commit(store, |tx| tx.remove_endpoint(&write_scope(1), endpoint_id(1)).map(drop));
    assert_set(store, 1, 1, &[]);
    assert_set(store, 1, 2, &[3]);
    commit(store, |tx| tx.add_endpoint(&write_scope(1), &endpoint(1, 1)));
    assert_set(store, 1, 1, &[]);
}

/// Those of all endpoints together.
pub fn k12_expectations_are_counted_in_their_tenant(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    let counted = |tenant| read(store, move |view| view.count_expectations(&scope(tenant)));
    commit(store, |tx| {
        add_endpoints(tx, 1)?;
        add_endpoints(tx, 2)
    });
    assert_eq!(counted(1), 0, "no expectations are none");
    set(store, 1, 1, &[1, 2]);
    set(store, 1, 2, &[1]);
    set(store, 2, 1, &[3]);
    assert_eq!((counted(1), counted(2), counted(3)), (3, 1, 0), "expectations are counted in their tenant");
    commit(store, |tx| tx.remove_endpoint(&write_scope(1), endpoint_id(1)).map(drop));
    assert_eq!(counted(1), 1, "those of an endpoint that is gone are none any more");
}

/// By every method.
pub fn z1_expectations_are_seen_and_set_in_their_own_tenant_only(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    commit(store, |tx| {
        add_endpoints(tx, 1)?;
        add_endpoints(tx, 2)
    });
    set(store, 2, 1, &[1, 2]);
    assert_eq!(of(store, 1, None), [], "another tenant's expectations are not there");
    assert_eq!(read(store, |view| view.count_expectations(&scope(1))), 0, "nor are they counted");
    assert_set(store, 1, 1, &[]);
    set(store, 1, 1, &[3]);
    assert_set(store, 2, 1, &[1, 2]);
    set(store, 1, 1, &[]);
    assert_set(store, 2, 1, &[1, 2]);
    commit(store, |tx| tx.remove_endpoint(&write_scope(1), endpoint_id(1)).map(drop));
    assert_set(store, 2, 1, &[1, 2]);
}
