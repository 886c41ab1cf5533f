//! The suite of `DisclosureView` and `DisclosureRows`.

use syft_space_domain::ids::ActorId;
use syft_space_domain::policy::ports::{CallerCoverage, Disclosed};
use syft_space_domain::store::Store;

use crate::check::{Check, checks, run_all};
use crate::fixture::StoreFactory;
use crate::run::{all_items, assert_conflict, commit, first_page, read, seeded_store};
use crate::sample::{account_id, policy_id, scope, time, write_scope};

/// Every promise of [`DisclosureView`](syft_space_domain::policy::ports::DisclosureView) and `DisclosureRows`.
pub const CHECKS: &[Check<StoreFactory>] = checks![
    z2_what_was_shown_is_read_back_since_a_time,
    z2_what_is_shown_again_counts_once_and_from_then_on,
    z2_what_counts_no_more_is_forgotten_of_that_caller_alone,
    z2_how_much_each_caller_was_shown_is_told_in_pages,
    z1_what_was_shown_is_known_in_its_own_tenant_only,
];

/// Checks every promise.
pub fn suite(make: &StoreFactory) {
    run_all("what callers were shown", CHECKS, make);
}

fn caller(n: u64) -> ActorId {
    ActorId::from(account_id(n))
}

fn item(n: u8, seconds: u32, amount: u64) -> Disclosed {
    Disclosed { item: [n; 16], shown_at: time(seconds), amount }
}

/// Shows items to a caller, in tenant 1 under policy 1.
fn show(store: &dyn Store, of: u64, shown: &[Disclosed], forget: u32) {
    let shown = shown.to_vec();
    commit(store, move |tx| tx.disclose(&write_scope(1), policy_id(1), caller(of), &shown, time(forget)));
}

fn shown(store: &dyn Store, tenant: u64, policy: u64, of: u64, since: u32) -> Vec<Disclosed> {
    read(store, move |view| view.disclosures(&scope(tenant), policy_id(policy), caller(of), time(since)))
}

/// In the order of the items, and at that very time too.
pub fn z2_what_was_shown_is_read_back_since_a_time(make: &StoreFactory) {
    let fixture = seeded_store(make);
    show(&*fixture.adapter, 1, &[item(3, 10, 7), item(1, 10, 1)], 0);
    show(&*fixture.adapter, 1, &[item(2, 11, 0)], 0);
    let store = &*fixture.adapter;
    assert_eq!(shown(store, 1, 1, 1, 0), [item(1, 10, 1), item(2, 11, 0), item(3, 10, 7)]);
    assert_eq!(shown(store, 1, 1, 1, 10).len(), 3, "that very time counts");
    assert_eq!(shown(store, 1, 1, 1, 11), [item(2, 11, 0)], "what is older does not");
    assert_eq!(shown(store, 1, 2, 1, 0), [], "another policy's is another's");
    assert_eq!(shown(store, 1, 1, 2, 0), [], "so is another caller's");
}

/// With what it counts now.
pub fn z2_what_is_shown_again_counts_once_and_from_then_on(make: &StoreFactory) {
    let fixture = seeded_store(make);
    show(&*fixture.adapter, 1, &[item(1, 10, 7), item(2, 10, 7)], 0);
    show(&*fixture.adapter, 1, &[item(1, 20, 5)], 0);
    assert_eq!(shown(&*fixture.adapter, 1, 1, 1, 0), [item(1, 20, 5), item(2, 10, 7)]);
}

/// Of another caller nothing is.
pub fn z2_what_counts_no_more_is_forgotten_of_that_caller_alone(make: &StoreFactory) {
    let fixture = seeded_store(make);
    for of in [1, 2] {
        show(&*fixture.adapter, of, &[item(1, 10, 1), item(2, 20, 1)], 0);
    }
    show(&*fixture.adapter, 1, &[item(3, 30, 1)], 20);
    assert_eq!(shown(&*fixture.adapter, 1, 1, 1, 0), [item(2, 20, 1), item(3, 30, 1)]);
    assert_eq!(shown(&*fixture.adapter, 1, 1, 2, 0).len(), 2, "another caller's stays");
}

/// Of a policy, in the order of the callers.
pub fn z2_how_much_each_caller_was_shown_is_told_in_pages(make: &StoreFactory) {
    let fixture = seeded_store(make);
    for of in [5, 2, 4, 1, 3] {
        let seconds = u32::try_from(of).unwrap_or_default();
        show(&*fixture.adapter, of, &[item(1, 10 + seconds, of), item(2, 10, 10)], 0);
    }
    let store = &*fixture.adapter;
    let told = |policy, since| {
        all_items(2, |page| {
            read(store, move |view| view.coverage(&scope(1), policy_id(policy), time(since), page))
        })
    };
    let expected = |of: u64, amount| CallerCoverage {
        caller: caller(of),
        amount,
        last_shown_at: time(10 + u32::try_from(of).unwrap_or_default()),
    };
    assert_eq!(told(1, 0), [1, 2, 3, 4, 5].map(|of| expected(of, of + 10)), "all of it is added up");
    assert_eq!(told(1, 13), [3, 4, 5].map(|of| expected(of, of)), "what is older does not count");
    assert_eq!(told(2, 0), [], "another policy has shown nothing");
}

/// Nor is it written into another.
pub fn z1_what_was_shown_is_known_in_its_own_tenant_only(make: &StoreFactory) {
    let fixture = seeded_store(make);
    show(&*fixture.adapter, 1, &[item(1, 10, 1)], 0);
    assert_eq!(shown(&*fixture.adapter, 2, 1, 1, 0), []);
    let told = read(&*fixture.adapter, |view| view.coverage(&scope(2), policy_id(1), time(0), first_page(9)));
    assert_eq!(told.items, []);
    commit(&*fixture.adapter, |tx| {
        tx.disclose(&write_scope(2), policy_id(1), caller(1), &[item(2, 20, 1)], time(20))
    });
    assert_eq!(shown(&*fixture.adapter, 1, 1, 1, 0), [item(1, 10, 1)]);
    assert_conflict(&*fixture.adapter, "what was shown in a tenant that is not there", |tx| {
        tx.disclose(&write_scope(4), policy_id(1), caller(1), &[item(1, 10, 1)], time(0))
    });
}
