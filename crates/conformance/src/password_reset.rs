//! The suite of resets of passwords, as `AccountView` and `AccountRows` keep them.

use syft_space_domain::access::Role;
use syft_space_domain::identity::PasswordReset;
use syft_space_domain::secret::TokenHash;
use syft_space_domain::store::Store;

use crate::check::{Check, checks, run_all};
use crate::fixture::StoreFactory;
use crate::run::{assert_conflict, commit, read, seeded_store};
use crate::sample::{account, account_id, password_reset, tenant_id, token, write_scope};

/// Every promise of `AccountView` and `AccountRows` about resets.
pub const CHECKS: &[Check<StoreFactory>] = checks![
    a_reset_is_found_by_its_token_as_it_is,
    h2_an_account_has_one_reset_and_the_last_counts,
    h2_a_reset_goes_with_its_account,
    h2_the_resets_that_one_account_made_end,
    z1_a_reset_is_changed_in_its_own_tenant_only,
];

/// Checks every promise.
pub fn suite(make: &StoreFactory) {
    run_all("the store of resets", CHECKS, make);
}

fn find(store: &dyn Store, token: TokenHash) -> Option<PasswordReset> {
    read(store, move |view| view.password_reset(&token))
}

/// Puts a reset of each account, which is there, made by another.
fn put(store: &dyn Store, resets: &'static [(u64, u64, Option<u64>)]) {
    commit(store, move |tx| {
        resets.iter().try_for_each(|(tenant, n, by)| {
            tx.add_account(&write_scope(*tenant), &account(*tenant, *n, Role::User))?;
            tx.put_password_reset(&write_scope(*tenant), &password_reset(*tenant, *n, *by))
        })
    });
}

/// Every field is read back, whoever made it, and an unknown token finds nothing. Its account must be there.
pub fn a_reset_is_found_by_its_token_as_it_is(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    put(store, &[(1, 1, Some(2)), (1, 2, None)]);
    for (n, by) in [(1, Some(2)), (2, None)] {
        let expected = password_reset(1, n, by);
        assert_eq!(find(store, expected.token), Some(expected), "a reset is found by its token");
    }
    assert_eq!(find(store, token(1, 109)), None, "no other token finds one");
    assert_conflict(store, "a reset of an account that is not there", |tx| {
        tx.put_password_reset(&write_scope(1), &password_reset(1, 7, None))
    });
    assert_conflict(store, "a second reset with a token", |tx| {
        let other = PasswordReset { token: token(1, 101), ..password_reset(1, 2, None) };
        tx.put_password_reset(&write_scope(1), &other)
    });
}

/// The token before finds nothing any more. One that was removed is gone.
pub fn h2_an_account_has_one_reset_and_the_last_counts(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    put(store, &[(1, 1, Some(2))]);
    let later = PasswordReset { token: token(1, 150), generation: 9, ..password_reset(1, 1, None) };
    let row = later.clone();
    commit(store, move |tx| tx.put_password_reset(&write_scope(1), &row));
    assert_eq!(find(store, token(1, 101)), None, "another reset takes the place of the first");
    assert_eq!(find(store, later.token), Some(later.clone()), "and is kept as it is");
    let row = later.clone();
    commit(store, move |tx| tx.put_password_reset(&write_scope(1), &row));
    let remove = || commit(store, |tx| tx.remove_password_reset(&write_scope(1), account_id(1)));
    assert!(remove(), "a reset is removed");
    assert!(!remove(), "and once");
    assert_eq!(find(store, later.token), None, "it is gone");
}

/// An account that is made anew with the same id has none.
pub fn h2_a_reset_goes_with_its_account(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    put(store, &[(1, 1, Some(2)), (1, 3, Some(2))]);
    commit(store, |tx| tx.remove_account(&write_scope(1), account_id(1)));
    assert_eq!(find(store, token(1, 101)), None, "a reset goes with its account");
    commit(store, |tx| tx.add_account(&write_scope(1), &account(1, 1, Role::User)));
    assert_eq!(find(store, token(1, 101)), None, "and does not come back with another");
    assert!(find(store, token(1, 103)).is_some(), "those of others stay");
}

/// Of the others none ends, nor those of the operator.
pub fn h2_the_resets_that_one_account_made_end(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    put(store, &[(1, 1, Some(4)), (1, 2, Some(5)), (1, 3, None), (1, 6, Some(4))]);
    let end = |by| commit(store, move |tx| tx.remove_password_resets_by(&write_scope(1), account_id(by)));
    assert_eq!(end(9), 0, "whoever has made none has none to end");
    assert_eq!(end(4), 2, "an account's resets end, and are counted");
    let left: Vec<u64> = (1..=6).filter(|n| find(store, token(1, 100 + n)).is_some()).collect();
    assert_eq!(left, [2, 3], "those of others stay");
}

/// Accounts of two tenants have the same ids.
pub fn z1_a_reset_is_changed_in_its_own_tenant_only(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    put(store, &[(1, 1, Some(2)), (2, 1, Some(2)), (2, 3, Some(2))]);
    assert_eq!(find(store, token(2, 101)).map(|reset| reset.tenant), Some(tenant_id(2)));
    assert!(!commit(store, |tx| tx.remove_password_reset(&write_scope(1), account_id(3))));
    assert!(commit(store, |tx| tx.remove_password_reset(&write_scope(1), account_id(1))));
    assert!(find(store, token(2, 101)).is_some(), "removing one's own leaves another tenant's");
    let ended = commit(store, |tx| tx.remove_password_resets_by(&write_scope(1), account_id(2)));
    assert_eq!(ended, 0, "nor do they end with a maker of the same id");
    commit(store, |tx| {
        // The scope decides the tenant, not the row.
        let row = PasswordReset { token: token(1, 190), ..password_reset(2, 1, None) };
        tx.put_password_reset(&write_scope(1), &row)
    });
    assert_eq!(find(store, token(1, 190)).map(|reset| reset.tenant), Some(tenant_id(1)));
    let left = [101, 103].map(|n| find(store, token(2, n)).is_some());
    assert_eq!(left, [true, true], "another tenant's resets stay");
}
