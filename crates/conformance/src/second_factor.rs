//! The suite of `SecondFactorView` and `SecondFactorRows`.

use syft_space_domain::access::Role;
use syft_space_domain::identity::{Account, SecondFactor};
use syft_space_domain::sealing::Sealed;
use syft_space_domain::secret::TokenHash;
use syft_space_domain::store::Store;
use syft_space_domain::time::Timestamp;

use crate::check::{Check, checks, run_all};
use crate::fixture::StoreFactory;
use crate::run::{commit, read, seeded_store};
use crate::sample::{account, account_id, scope, second_factor, time, token, write_scope};

/// Every promise of [`SecondFactorView`](syft_space_domain::identity::ports::SecondFactorView) and `SecondFactorRows`.
pub const CHECKS: &[Check<StoreFactory>] = checks![
    a5_a_second_factor_is_read_back_as_it_was_put,
    a5_a_member_is_shown_with_the_second_factor_that_is_confirmed,
    a5_only_the_step_is_replaced_where_there_is_a_second_factor,
    a5_a_recovery_code_is_taken_once,
    a5_a_second_factor_ends_with_its_codes,
    a5_a_second_factor_ends_with_its_account,
    z1_a_second_factor_is_one_accounts_of_one_tenant,
];

/// Checks every promise.
pub fn suite(make: &StoreFactory) {
    run_all("the store of second factors", CHECKS, make);
}

fn factor(store: &dyn Store, tenant: u64, n: u64) -> Option<SecondFactor> {
    read(store, move |view| view.second_factor(&scope(tenant), account_id(n)))
}

fn since(store: &dyn Store, tenant: u64, n: u64) -> Option<Timestamp> {
    let member = read(store, move |view| view.member(&scope(tenant), account_id(n)));
    member.expect("the account is there").second_factor_since
}

fn codes(store: &dyn Store, tenant: u64, n: u64) -> u64 {
    read(store, move |view| view.count_recovery_codes(&scope(tenant), account_id(n)))
}

fn take(store: &dyn Store, tenant: u64, n: u64, code: TokenHash) -> bool {
    commit(store, move |tx| tx.take_recovery_code(&write_scope(tenant), account_id(n), &code))
}

fn put(store: &dyn Store, tenant: u64, n: u64, factor: &SecondFactor, codes: &[TokenHash]) {
    let (factor, codes) = (factor.clone(), codes.to_vec());
    commit(store, move |tx| tx.put_second_factor(&write_scope(tenant), account_id(n), &factor, &codes));
}

/// Accounts 1 and 2 of tenant 1, and account 1 of tenant 2.
fn add_accounts(store: &dyn Store) {
    commit(store, |tx| {
        [(1, 1), (1, 2), (2, 1)].into_iter().try_for_each(|(tenant, n)| {
            tx.add_account(&write_scope(tenant), &account(tenant, n, Role::Owner))
        })
    });
}

/// A new one replaces the old one and its codes. Where there is no account, there is none.
pub fn a5_a_second_factor_is_read_back_as_it_was_put(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    add_accounts(store);
    assert_eq!((factor(store, 1, 1), codes(store, 1, 1)), (None, 0), "an account begins without one");
    let first = second_factor(1);
    put(store, 1, 1, &first, &[token(1, 1), token(1, 2), token(1, 3)]);
    assert_eq!((factor(store, 1, 1), codes(store, 1, 1)), (Some(first), 3), "it is read back as it was put");
    let other = SecondFactor { confirmed_at: None, last_step: 0, ..second_factor(2) };
    put(store, 1, 1, &other, &[token(1, 4)]);
    assert_eq!((factor(store, 1, 1), codes(store, 1, 1)), (Some(other), 1), "another takes its place");
    assert!(!take(store, 1, 1, token(1, 1)), "the codes of the one before are gone");
    put(store, 1, 3, &second_factor(1), &[token(1, 1)]);
    assert_eq!((factor(store, 1, 3), codes(store, 1, 3)), (None, 0), "nobody has none");
}

/// In every way in which a member is read.
pub fn a5_a_member_is_shown_with_the_second_factor_that_is_confirmed(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    add_accounts(store);
    put(store, 1, 1, &SecondFactor { confirmed_at: None, ..second_factor(1) }, &[]);
    assert_eq!(since(store, 1, 1), None, "one that is not confirmed is none yet");
    put(store, 1, 1, &second_factor(1), &[]);
    let at = second_factor(1).confirmed_at;
    assert_eq!(since(store, 1, 1), at, "a member is shown with it");
    let Account { member, .. } = account(1, 1, Role::Owner);
    let email = member.email.clone();
    let found = read(store, move |view| view.account_by_email(&scope(1), &email));
    assert_eq!(found.map(|found| found.member.second_factor_since), Some(at), "and so by their address");
    commit(store, move |tx| tx.update_member(&write_scope(1), &member));
    assert_eq!(since(store, 1, 1), at, "a change of the member is none of their second factor");
    assert_eq!(factor(store, 1, 1), Some(second_factor(1)), "nor of what is stored of it");
}

/// Without one, nothing is done.
pub fn a5_only_the_step_is_replaced_where_there_is_a_second_factor(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    add_accounts(store);
    let step = |step| {
        commit(store, move |tx| tx.set_totp_step(&write_scope(1), account_id(1), step));
    };
    step(5);
    assert_eq!(factor(store, 1, 1), None, "a step makes no second factor");
    put(store, 1, 1, &SecondFactor { last_step: 0, ..second_factor(1) }, &[token(1, 1)]);
    step(60_000_000);
    let expected = SecondFactor { last_step: 60_000_000, ..second_factor(1) };
    assert_eq!((factor(store, 1, 1), codes(store, 1, 1)), (Some(expected), 1), "the step is replaced alone");
}

/// The others stay.
pub fn a5_a_recovery_code_is_taken_once(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    add_accounts(store);
    put(store, 1, 1, &second_factor(1), &[token(1, 1), token(1, 2)]);
    assert!(!take(store, 1, 1, token(1, 3)), "what is no code is not taken");
    assert!(take(store, 1, 1, token(1, 1)), "a code is taken");
    assert!(!take(store, 1, 1, token(1, 1)), "once");
    assert_eq!(codes(store, 1, 1), 1, "and the others stay");
    let both = commit(store, |tx| {
        let mut take = || tx.take_recovery_code(&write_scope(1), account_id(1), &token(1, 2));
        Ok((take()?, take()?))
    });
    assert_eq!(both, (true, false), "in one unit, too");
}

/// A second removal finds nothing.
pub fn a5_a_second_factor_ends_with_its_codes(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    add_accounts(store);
    let remove = || commit(store, |tx| tx.remove_second_factor(&write_scope(1), account_id(1)));
    assert!(!remove(), "there is none to remove");
    put(store, 1, 1, &second_factor(1), &[token(1, 1)]);
    assert!(remove(), "it is removed");
    assert_eq!((factor(store, 1, 1), codes(store, 1, 1), since(store, 1, 1)), (None, 0, None), "all of it");
    assert!(!remove(), "once");
}

/// Whoever gets the account's id anew has none of it.
pub fn a5_a_second_factor_ends_with_its_account(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    add_accounts(store);
    put(store, 1, 1, &second_factor(1), &[token(1, 1)]);
    commit(store, |tx| {
        tx.remove_account(&write_scope(1), account_id(1))?;
        tx.add_account(&write_scope(1), &account(1, 1, Role::User))
    });
    assert_eq!(
        (factor(store, 1, 1), codes(store, 1, 1), since(store, 1, 1)),
        (None, 0, None),
        "nothing is left"
    );
}

/// Of the same id in another tenant, too.
pub fn z1_a_second_factor_is_one_accounts_of_one_tenant(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    add_accounts(store);
    let sealed = |n: u8| SecondFactor { secret: Sealed::from_bytes(vec![n]), ..second_factor(1) };
    put(store, 2, 1, &sealed(9), &[token(1, 7), token(1, 8), token(1, 9)]);
    assert_eq!((factor(store, 1, 1), codes(store, 1, 1)), (None, 0), "another tenant's is not seen");
    assert!(!take(store, 1, 1, token(1, 7)), "nor its codes");
    put(store, 1, 1, &sealed(1), &[token(1, 1)]);
    put(store, 1, 2, &sealed(2), &[token(1, 2)]);
    let is_whole = |after: &str| {
        let theirs = SecondFactor { last_step: second_factor(1).last_step, ..sealed(9) };
        assert_eq!(
            (factor(store, 2, 1), codes(store, 2, 1)),
            (Some(theirs), 3),
            "another tenant's is whole after {after}"
        );
        assert_eq!(
            (factor(store, 1, 2), codes(store, 1, 2)),
            (Some(sealed(2)), 1),
            "another account's is whole after {after}"
        );
    };
    is_whole("putting one");
    commit(store, |tx| tx.set_totp_step(&write_scope(1), account_id(1), 99_000_000));
    is_whole("a step");
    assert!(!take(store, 1, 1, token(1, 8)) && !take(store, 1, 1, token(1, 2)), "no other's code is taken");
    is_whole("taking a code");
    let remove = || commit(store, |tx| tx.remove_second_factor(&write_scope(1), account_id(1)));
    assert!(remove() && !remove(), "none is left to remove");
    is_whole("removing one");
    assert_eq!(since(store, 2, 1), Some(time(13)), "and it is shown still");
}
