//! The suite of `ApiKeyView` and `ApiKeyRows`.

use std::sync::Arc;

use syft_space_domain::access::{Permission, Role};
use syft_space_domain::identity::{ApiKey, KeyTerms, PreviousSecret, RequestMark};
use syft_space_domain::secret::TokenHash;
use syft_space_domain::store::{StateChange, Store, StoreError, Tx};

use crate::check::{Check, checks, run_all};
use crate::fixture::StoreFactory;
use crate::pagination::PagedList;
use crate::run::{RecordingHook, all_items, assert_conflict, commit, read, seed, seeded_store};
use crate::sample::{
    account, account_id, api_key, api_key_id, endpoint_id, scope, tenant_id, time, write_scope,
};

/// Every promise of [`ApiKeyView`](syft_space_domain::identity::ports::ApiKeyView) and `ApiKeyRows`.
pub const CHECKS: &[Check<StoreFactory>] = checks![
    k1_an_api_key_is_read_back_as_it_was_kept,
    k1_what_is_kept_anew_of_an_api_key_leaves_whose_it_is_and_its_use,
    k1_an_api_key_is_of_an_account_that_is_there,
    k1_the_last_use_of_an_api_key_is_never_an_earlier_one,
    k1_api_keys_end_with_their_account_and_no_others_do,
    z1_an_api_key_is_seen_changed_and_removed_in_its_own_tenant_only,
    api_keys_come_in_pages,
    api_keys_of_an_account_come_in_pages,
    k1_a_follower_is_told_of_api_keys_and_not_of_their_use,
];

/// Checks every promise.
pub fn suite(make: &StoreFactory) {
    run_all("the store of API keys", CHECKS, make);
}

fn add_accounts(tx: &mut dyn Tx) -> Result<(), StoreError> {
    for tenant in 1..=2 {
        for n in 1..=2 {
            tx.add_account(&write_scope(tenant), &account(tenant, n, Role::User))?;
        }
    }
    Ok(())
}

fn find(store: &dyn Store, tenant: u64, n: u64) -> Option<ApiKey> {
    read(store, move |view| view.api_key(&scope(tenant), api_key_id(n)))
}

fn list(store: &dyn Store, tenant: u64, account: Option<u64>) -> Vec<ApiKey> {
    let account = account.map(account_id);
    all_items(2, |page| read(store, move |view| view.api_keys(&scope(tenant), account, page)))
}

/// A key with something in each field.
fn full(tenant: u64, n: u64, account: u64) -> ApiKey {
    let networks = ["192.0.2.0/24", "2001:db8::/32"].map(|text| text.parse().expect("a network"));
    let terms = KeyTerms::new(
        vec![Permission::Query, Permission::ListQueryable],
        Some(vec![endpoint_id(1), endpoint_id(2)]),
        Some(networks.to_vec()),
    );
    let previous = |n: u8| PreviousSecret { secret: TokenHash([n; 32]), until: time(u32::from(n)) };
    let mark = |n: u8| Some(RequestMark { key: [n; 32], request: [n + 1; 32] });
    ApiKey {
        terms: terms.expect("terms"),
        previous: vec![previous(1), previous(2), previous(255)],
        rotated_at: time(3),
        last_used_at: Some(time(4)),
        created_by: mark(5),
        rotated_by: mark(7),
        ..api_key(tenant, n, account)
    }
}

/// With all there is of it, or with nothing that may be left out.
pub fn k1_an_api_key_is_read_back_as_it_was_kept(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    commit(store, add_accounts);
    for key in [full(1, 1, 1), api_key(1, 2, 2)] {
        let kept = key.clone();
        commit(store, move |tx| tx.put_api_key(&write_scope(1), &kept));
        let n = if key.id == api_key_id(1) { 1 } else { 2 };
        assert_eq!(find(store, 1, n), Some(key), "a key is read back as it was kept");
    }
    assert_eq!(list(store, 1, None), [full(1, 1, 1), api_key(1, 2, 2)], "and listed so");
    assert_eq!(find(store, 1, 3), None, "a key that nobody has made is not there");
}

/// A rotation that was under way while a use was noted does not take the note away.
pub fn k1_what_is_kept_anew_of_an_api_key_leaves_whose_it_is_and_its_use(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    commit(store, |tx| {
        add_accounts(tx)?;
        tx.put_api_key(&write_scope(1), &full(1, 1, 1))
    });
    let changed = ApiKey {
        secret: TokenHash([99; 32]),
        previous: Vec::new(),
        rotated_at: time(50),
        expires_at: time(60),
        rotated_by: None,
        ..full(1, 1, 1)
    };
    let sent = ApiKey {
        account: account_id(2),
        created_at: time(70),
        last_used_at: None,
        created_by: None,
        ..changed.clone()
    };
    commit(store, move |tx| tx.put_api_key(&write_scope(1), &sent));
    assert_eq!(find(store, 1, 1), Some(changed), "whose it is, its beginning and its use stay");
}

/// Nobody can leave a key behind that is of nobody.
pub fn k1_an_api_key_is_of_an_account_that_is_there(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    commit(store, add_accounts);
    for (tenant, account) in [(1, 3), (3, 1)] {
        assert_conflict(store, "a key of no account", move |tx| {
            tx.put_api_key(&write_scope(tenant), &api_key(tenant, 1, account))
        });
    }
}

/// Notes may come out of order. One of a key that is gone is of no interest.
pub fn k1_the_last_use_of_an_api_key_is_never_an_earlier_one(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    commit(store, |tx| {
        add_accounts(tx)?;
        tx.put_api_key(&write_scope(1), &api_key(1, 1, 1))
    });
    for (at, known) in [(20, 20), (10, 20), (20, 20), (30, 30)] {
        commit(store, move |tx| tx.note_api_key_use(&write_scope(1), api_key_id(1), time(at)));
        let found = find(store, 1, 1).and_then(|key| key.last_used_at);
        assert_eq!(found, Some(time(known)), "the latest use that was noted is known");
    }
    commit(store, |tx| tx.note_api_key_use(&write_scope(1), api_key_id(2), time(1)));
    assert_eq!(find(store, 1, 2), None, "a note makes no key");
}

/// By themselves, or with the account.
pub fn k1_api_keys_end_with_their_account_and_no_others_do(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    commit(store, |tx| {
        add_accounts(tx)?;
        for (n, account) in [(1, 1), (2, 2), (3, 1), (4, 2)] {
            tx.put_api_key(&write_scope(1), &api_key(1, n, account))?;
        }
        tx.put_api_key(&write_scope(2), &api_key(2, 1, 1))
    });
    let ids = |tenant| list(store, tenant, None).into_iter().map(|key| key.id).collect::<Vec<_>>();
    let removed = commit(store, |tx| tx.remove_api_keys(&write_scope(1), account_id(1)));
    assert_eq!((removed, ids(1)), (2, [2, 4].map(api_key_id).to_vec()), "an account's keys are removed");
    let removed = commit(store, |tx| tx.remove_api_keys(&write_scope(1), account_id(1)));
    assert_eq!(removed, 0, "and are gone");
    commit(store, |tx| tx.remove_account(&write_scope(1), account_id(2)));
    assert_eq!(ids(1), [], "keys go with their account");
    assert_eq!(ids(2), [api_key_id(1)], "another tenant's stay");
}

/// Two tenants have keys with the same id.
pub fn z1_an_api_key_is_seen_changed_and_removed_in_its_own_tenant_only(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    commit(store, |tx| {
        add_accounts(tx)?;
        tx.put_api_key(&write_scope(1), &api_key(1, 1, 1))?;
        tx.put_api_key(&write_scope(2), &api_key(2, 1, 1))?;
        tx.put_api_key(&write_scope(2), &api_key(2, 2, 1))
    });
    assert_eq!(find(store, 1, 2), None, "another tenant's key is not seen");
    assert_eq!(list(store, 1, None), [api_key(1, 1, 1)], "nor listed");
    assert_eq!(list(store, 1, Some(1)), [api_key(1, 1, 1)], "nor with those of an account of the same id");
    commit(store, |tx| tx.note_api_key_use(&write_scope(1), api_key_id(1), time(9)));
    assert_eq!(find(store, 2, 1), Some(api_key(2, 1, 1)), "nor noted as used");
    assert!(!commit(store, |tx| tx.remove_api_key(&write_scope(1), api_key_id(2))), "nor removed");
    assert!(commit(store, |tx| tx.remove_api_key(&write_scope(1), api_key_id(1))), "one's own is");
    assert_eq!(find(store, 1, 1), None, "and is gone");
    let removed = commit(store, |tx| tx.remove_api_keys(&write_scope(1), account_id(1)));
    assert_eq!(removed, 0, "nor removed with an account of the same id");
    assert_eq!(list(store, 2, None), [api_key(2, 1, 1), api_key(2, 2, 1)], "the other tenant's stay");
}

/// The order is that of the ids.
pub fn api_keys_come_in_pages(make: &StoreFactory) {
    let fixture = seeded_store(make);
    commit(&*fixture.adapter, add_accounts);
    PagedList {
        add: |tx, n| tx.put_api_key(&write_scope(1), &api_key(1, n, 1 + n % 2)),
        remove: |tx, n| tx.remove_api_key(&write_scope(1), api_key_id(n)).map(drop),
        page: |view, page| view.api_keys(&scope(1), None, page),
        key: api_key_id,
        key_of: |key| key.id,
    }
    .check(&*fixture.adapter);
}

/// Those of others are not among them.
pub fn api_keys_of_an_account_come_in_pages(make: &StoreFactory) {
    let fixture = seeded_store(make);
    commit(&*fixture.adapter, |tx| {
        add_accounts(tx)?;
        (1..=9).try_for_each(|n| tx.put_api_key(&write_scope(1), &api_key(1, 10 * n + 1, 2)))
    });
    PagedList {
        add: |tx, n| tx.put_api_key(&write_scope(1), &api_key(1, n, 1)),
        remove: |tx, n| tx.remove_api_key(&write_scope(1), api_key_id(n)).map(drop),
        page: |view, page| view.api_keys(&scope(1), Some(account_id(1)), page),
        key: api_key_id,
        key_of: |key| key.id,
    }
    .check(&*fixture.adapter);
}

/// A use changes no snapshot: it may come with each request.
pub fn k1_a_follower_is_told_of_api_keys_and_not_of_their_use(make: &StoreFactory) {
    let hook = Arc::new(RecordingHook::default());
    let fixture = make(hook.clone());
    let store = &*fixture.adapter;
    seed(store);
    commit(store, add_accounts);
    drop(hook.take_changes());
    let change = |n| StateChange::ApiKey(tenant_id(1), api_key_id(n));
    let told = |what: &str, expected: &[StateChange]| {
        let changes: Vec<_> = hook.take_changes().into_iter().collect();
        assert_eq!(changes, expected, "a follower is told of {what}");
    };
    commit(store, |tx| (1..=3).try_for_each(|n| tx.put_api_key(&write_scope(1), &api_key(1, n, 1))));
    told("keys that are made", &[change(1), change(2), change(3)]);
    commit(store, |tx| tx.put_api_key(&write_scope(1), &full(1, 1, 1)));
    told("one that is changed", &[change(1)]);
    commit(store, |tx| tx.note_api_key_use(&write_scope(1), api_key_id(1), time(99)));
    told("no use", &[]);
    commit(store, |tx| tx.remove_api_key(&write_scope(1), api_key_id(9)).map(drop));
    told("nothing where there was none", &[]);
    commit(store, |tx| tx.remove_api_key(&write_scope(1), api_key_id(2)).map(drop));
    told("one that is removed", &[change(2)]);
    commit(store, |tx| tx.remove_account(&write_scope(1), account_id(1)).map(drop));
    let member = StateChange::Member(tenant_id(1), account_id(1));
    told("those that end with their account", &[member, change(1), change(3)]);
}
