//! The suite of `SessionView` and `SessionRows`: the sessions that logins begin.

use syft_space_domain::access::Role;
use syft_space_domain::identity::{RefreshHashes, Rotation, Session};
use syft_space_domain::ids::{AccountId, SessionId};
use syft_space_domain::secret::TokenHash;
use syft_space_domain::store::Store;

use crate::check::{Check, checks, run_all};
use crate::fixture::{Fixture, StoreFactory};
use crate::run::{assert_conflict, commit, read, seeded_store, submit};
use crate::sample::{account, account_id, scope, session, session_id, time, write_scope};

/// Every promise of [`SessionView`](syft_space_domain::identity::ports::SessionView) and `SessionRows`.
pub const CHECKS: &[Check<StoreFactory>] = checks![
    a4_a_session_is_found_by_id_and_by_the_family_of_its_tokens,
    a4_a_session_is_an_accounts_and_its_family_is_its_own,
    a4_a_session_that_is_used_keeps_what_it_is,
    a4_sessions_end_one_by_one_and_all_at_once,
    a4_sessions_end_with_their_account,
    a4_a_bounded_number_of_sessions_that_are_over_is_removed,
    z1_a_session_is_seen_and_changed_in_its_own_tenant_only,
];

/// Checks every promise.
pub fn suite(make: &StoreFactory) {
    run_all("the store of sessions", CHECKS, make);
}

/// A store with the accounts 1 and 2 in each tenant.
fn with_accounts(make: &StoreFactory) -> Fixture<dyn Store> {
    let fixture = seeded_store(make);
    commit(&*fixture.adapter, |tx| {
        for (tenant, n) in [(1, 1), (1, 2), (2, 1), (2, 2), (3, 1), (3, 2)] {
            tx.add_account(&write_scope(tenant), &account(tenant, n, Role::User))?;
        }
        Ok(())
    });
    fixture
}

fn add(store: &dyn Store, tenant: u64, session: Session) {
    commit(store, move |tx| tx.add_session(&write_scope(tenant), &session));
}

fn find(store: &dyn Store, tenant: u64, account: u64, n: u64) -> Option<Session> {
    read(store, move |view| view.session(&scope(tenant), account_id(account), session_id(n)))
}

fn end(store: &dyn Store, tenant: u64, account: u64, n: u64) -> bool {
    commit(store, move |tx| tx.remove_session(&write_scope(tenant), account_id(account), session_id(n)))
}

fn by_family(store: &dyn Store, family: TokenHash) -> Option<Session> {
    read(store, move |view| view.session_by_family(&family))
}

fn of(store: &dyn Store, tenant: u64, account: u64) -> Vec<Session> {
    read(store, move |view| view.sessions(&scope(tenant), account_id(account)))
}

/// In the order of accounts and sessions.
fn ids(store: &dyn Store, tenant: u64, account: Option<u64>) -> Vec<(AccountId, SessionId)> {
    let account = account.map(account_id);
    let mut ids = read(store, move |view| view.session_ids(&scope(tenant), account));
    ids.sort_unstable();
    ids
}

/// The next refresh token has taken the place of the first, which is found by neither.
fn used(session: &Session) -> Session {
    let rotated = Rotation { previous: session.refresh.current, nonce: [9; 32], at: time(30) };
    Session {
        last_used_at: time(30),
        idle_until: time(50),
        refresh: RefreshHashes {
            current: TokenHash([8; 32]),
            rotated: Some(rotated),
            ..session.refresh.clone()
        },
        ..session.clone()
    }
}

/// Every field is read back, also where no address and no description is known.
pub fn a4_a_session_is_found_by_id_and_by_the_family_of_its_tokens(make: &StoreFactory) {
    let fixture = with_accounts(make);
    let store = &*fixture.adapter;
    let plain = Session { address: None, user_agent: None, ..session(1, 2, 1) };
    let known = used(&session(1, 3, 2));
    for (added, of, n) in [(session(1, 1, 1), 1, 1), (plain, 1, 2), (known, 2, 3)] {
        add(store, 1, added.clone());
        assert_eq!(find(store, 1, of, n).as_ref(), Some(&added), "a session is found by its id");
        assert_eq!(find(store, 1, 3 - of, n), None, "and as nobody else's");
        let found = by_family(store, added.refresh.family);
        assert_eq!(found, Some(added), "and by the family of its tokens");
    }
    assert_eq!(find(store, 1, 1, 4), None, "one that is not there is not found");
    assert_eq!(by_family(store, session(1, 4, 1).refresh.family), None, "nor by its family");
    assert_eq!(by_family(store, session(1, 1, 1).refresh.current), None, "nor by another hash");
    let own = |n: u64, session: u64| (account_id(n), session_id(session));
    assert_eq!(ids(store, 1, None), [own(1, 1), own(1, 2), own(2, 3)], "all of a tenant's are told");
    assert_eq!(ids(store, 1, Some(1)), [own(1, 1), own(1, 2)], "and one account's");
    let listed: Vec<SessionId> = of(store, 1, 1).iter().map(|session| session.id).collect();
    assert_eq!(listed, [session_id(1), session_id(2)], "and listed in their order");
}

/// A second one with the id of one of the account's, or a family from anywhere, is a conflict; so is one of nobody.
pub fn a4_a_session_is_an_accounts_and_its_family_is_its_own(make: &StoreFactory) {
    let fixture = with_accounts(make);
    let store = &*fixture.adapter;
    add(store, 1, session(1, 1, 1));
    assert_conflict(store, "a second session with an id", |tx| {
        tx.add_session(&write_scope(1), &Session { id: session_id(1), ..session(1, 2, 1) })
    });
    assert_conflict(store, "a second session with a family, in another tenant", |tx| {
        tx.add_session(&write_scope(2), &Session { refresh: session(1, 1, 1).refresh, ..session(2, 2, 1) })
    });
    assert_conflict(store, "a session of nobody", |tx| tx.add_session(&write_scope(1), &session(1, 3, 9)));
    add(store, 2, session(2, 1, 1));
    assert_eq!(find(store, 1, 1, 1), Some(session(1, 1, 1)), "another tenant may have the id");
}

/// When it began and ends, and where it was begun from.
pub fn a4_a_session_that_is_used_keeps_what_it_is(make: &StoreFactory) {
    let fixture = with_accounts(make);
    let store = &*fixture.adapter;
    for n in [1, 2] {
        add(store, 1, session(1, n, 1));
    }
    let renewed = used(&session(1, 1, 1));
    let changed = Session {
        created_at: time(99),
        expires_at: time(99),
        address: None,
        user_agent: None,
        ..renewed.clone()
    };
    commit(store, move |tx| tx.renew_session(&write_scope(1), &changed));
    assert_eq!(find(store, 1, 1, 1).as_ref(), Some(&renewed), "a session's use is kept, and the rest stays");
    assert_eq!(
        by_family(store, renewed.refresh.family),
        Some(renewed),
        "also where it is found by its family"
    );
    assert_eq!(find(store, 1, 1, 2), Some(session(1, 2, 1)), "another session stays as it was");
}

/// Another account's stay.
pub fn a4_sessions_end_one_by_one_and_all_at_once(make: &StoreFactory) {
    let fixture = with_accounts(make);
    let store = &*fixture.adapter;
    for (n, account) in [(1, 1), (2, 1), (3, 1), (4, 2)] {
        add(store, 1, session(1, n, account));
    }
    assert!(!end(store, 1, 2, 1), "nobody ends another's session");
    assert!(end(store, 1, 1, 1), "a session ends");
    assert!(!end(store, 1, 1, 1), "and once");
    assert_eq!(by_family(store, session(1, 1, 1).refresh.family), None, "its tokens find nothing any more");
    assert_eq!(ids(store, 1, Some(1)).len(), 2, "one that ends leaves the others");
    commit(store, |tx| tx.remove_sessions(&write_scope(1), account_id(1)));
    assert_eq!(ids(store, 1, None), [(account_id(2), session_id(4))], "all of an account end, and no other");
    commit(store, |tx| tx.remove_sessions(&write_scope(1), account_id(1)));
}

/// An account that is made anew with the same id has none.
pub fn a4_sessions_end_with_their_account(make: &StoreFactory) {
    let fixture = with_accounts(make);
    let store = &*fixture.adapter;
    for (n, account) in [(1, 1), (2, 2)] {
        add(store, 1, session(1, n, account));
    }
    commit(store, |tx| {
        tx.remove_account(&write_scope(1), account_id(1))?;
        tx.add_account(&write_scope(1), &account(1, 1, Role::User))
    });
    assert_eq!(find(store, 1, 1, 1), None, "a session ends with its account");
    assert_eq!(by_family(store, session(1, 1, 1).refresh.family), None, "its tokens find nothing any more");
    assert_eq!(ids(store, 1, None), [(account_id(2), session_id(2))], "another account's stays");
}

/// Of whatever tenant, those that ended first.
pub fn a4_a_bounded_number_of_sessions_that_are_over_is_removed(make: &StoreFactory) {
    let fixture = with_accounts(make);
    let store = &*fixture.adapter;
    for (tenant, n, seconds) in [(1, 1, 43), (2, 2, 41), (1, 3, 42), (2, 4, 44), (1, 5, 45)] {
        add(store, tenant, Session { idle_until: time(seconds), ..session(tenant, n, 1) });
    }
    let left = || {
        let ids = [1, 2].into_iter().flat_map(|tenant| ids(store, tenant, None));
        ids.map(|(_, id)| id).collect::<Vec<_>>()
    };
    let trim = |seconds, max| commit(store, move |tx| tx.trim_sessions(time(seconds), max));
    trim(40, 16);
    assert_eq!(left().len(), 5, "what is not over is kept");
    trim(44, 2);
    assert_eq!(left(), [1, 5, 4].map(session_id), "those that ended first are removed, so many at once");
    trim(44, 16);
    assert_eq!(left(), [session_id(5)], "and the others later");
}

/// Two tenants have sessions and accounts of the same ids.
pub fn z1_a_session_is_seen_and_changed_in_its_own_tenant_only(make: &StoreFactory) {
    let fixture = with_accounts(make);
    let store = &*fixture.adapter;
    add(store, 1, session(1, 1, 1));
    add(store, 2, session(2, 1, 1));
    add(store, 2, session(2, 2, 2));
    let theirs = || [1, 2].map(|n| find(store, 2, n, n));
    let before = theirs();
    assert_eq!(find(store, 1, 2, 2), None, "another tenant's session is not seen");
    assert_eq!(find(store, 1, 1, 1), Some(session(1, 1, 1)), "but one's own is");
    assert_eq!(of(store, 1, 2), [], "another tenant's sessions are not listed");
    assert_eq!(ids(store, 1, Some(2)), [], "nor their ids");
    assert_eq!(ids(store, 1, None).len(), 1, "nor among all");
    // Changing a missing row may be an error or do nothing. It must not change another tenant's row.
    drop(submit(store, |tx| tx.renew_session(&write_scope(1), &used(&session(2, 2, 2)))).wait());
    commit(store, |tx| tx.renew_session(&write_scope(1), &used(&session(1, 1, 1))));
    assert!(!end(store, 1, 2, 2), "it is not ended");
    commit(store, |tx| tx.remove_sessions(&write_scope(1), account_id(2)));
    assert!(end(store, 1, 1, 1), "one's own is");
    commit(store, |tx| tx.remove_sessions(&write_scope(1), account_id(1)));
    assert_eq!(theirs(), before, "another tenant's sessions are not changed");
    // The scope decides the tenant, not the row.
    drop(submit(store, |tx| tx.add_session(&write_scope(1), &session(3, 5, 1))).wait());
    assert_eq!(ids(store, 3, None), [], "a scope does not write into another tenant");
}
