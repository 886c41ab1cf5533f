//! The suite of `LedgerView` and `LedgerRows`.

use syft_space_domain::ids::{ActorId, EventId};
use syft_space_domain::ledger::{
    Amount, Balance, BalanceKey, LedgerAccount, MAX_REPEATS, Period, RequestDigest, Span, Transfer,
    TransferFilter, TransferKey,
};
use syft_space_domain::page::{Cursor, PageRequest};
use syft_space_domain::store::Store;

use crate::check::{Check, checks, run_all};
use crate::fixture::StoreFactory;
use crate::run::{all_items, assert_conflict, commit, first_page, read, seeded_store};
use crate::sample::{account_id, endpoint_id, policy_id, request_id, scope, time, write_scope};

/// Every promise of [`LedgerView`](syft_space_domain::ledger::ports::LedgerView) and `LedgerRows`.
pub const CHECKS: &[Check<StoreFactory>] = checks![
    z2_a_transfer_is_read_back_as_it_was_added,
    z2_a_transfer_changes_both_balances_by_what_it_is,
    z2_whoever_adds_a_transfer_is_told_what_both_balances_are_then,
    z2_a_transfer_that_is_there_already_changes_nothing,
    z2_balances_are_told_apart_by_policy_account_period_and_currency,
    z2_the_latest_transfer_of_the_same_request_that_may_be_repeated_is_found,
    z2_repeats_are_counted,
    g4_a_transfer_that_goes_is_brought_forward_in_both_balances,
    g4_a_balance_goes_only_when_all_of_it_was_brought_forward,
    z1_a_ledger_is_seen_and_written_in_its_own_tenant_only,
    z2_transfers_and_balances_come_in_pages,
    z2_those_transfers_are_listed_that_are_asked_for_in_the_order_of_their_times,
];

/// Checks every promise.
pub fn suite(make: &StoreFactory) {
    run_all("the ledger", CHECKS, make);
}

fn key(n: u64) -> TransferKey {
    TransferKey { event: EventId::from_bytes(*request_id(n).as_bytes()), policy: policy_id(1) }
}

fn transfer(n: u64) -> Transfer {
    Transfer {
        key: key(n),
        time: time(9),
        payer: ActorId::from(account_id(1)),
        endpoint: endpoint_id(1),
        span: Span { period: Period::Month, begins: time(1) },
        currency: "EUR".parse().expect("it is a currency"),
        charged: Balance { units: 5, free_units: 2, amount: Amount::from_micros(1_500) },
        request: None,
        repeats: 0,
    }
}

fn add(store: &dyn Store, tenant: u64, transfer: Transfer) {
    commit(store, move |tx| tx.add_transfer(&write_scope(tenant), &transfer).map(drop));
}

fn balance(store: &dyn Store, tenant: u64, key: BalanceKey) -> Balance {
    read(store, move |view| view.balance(&scope(tenant), &key))
}

fn transfers(store: &dyn Store, tenant: u64) -> Vec<Transfer> {
    all_items(2, |page| {
        read(store, move |view| view.transfers(&scope(tenant), &TransferFilter::default(), page))
    })
}

/// With its request, and without.
pub fn z2_a_transfer_is_read_back_as_it_was_added(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let free = Balance { units: 1, free_units: 1, amount: Amount::ZERO };
    let other = Transfer {
        payer: ActorId::from_bytes([9; 16]),
        endpoint: endpoint_id(2),
        span: Span::of(Period::Total, time(9)),
        currency: "POINTSXX".parse().expect("it is a currency"),
        charged: free,
        request: Some(RequestDigest([7; 32])),
        repeats: 1,
        ..transfer(2)
    };
    add(&*fixture.adapter, 1, transfer(1));
    add(&*fixture.adapter, 1, other.clone());
    assert_eq!(
        transfers(&*fixture.adapter, 1),
        [transfer(1), other],
        "transfers are read back as they were added"
    );
}

/// The payer's and the endpoint's come to the same.
pub fn z2_a_transfer_changes_both_balances_by_what_it_is(make: &StoreFactory) {
    let fixture = seeded_store(make);
    for key in transfer(1).balances() {
        assert_eq!(balance(&*fixture.adapter, 1, key), Balance::default(), "nothing was transferred");
    }
    (1..=3).for_each(|n| add(&*fixture.adapter, 1, transfer(n)));
    let sum = Balance { units: 15, free_units: 6, amount: Amount::from_micros(4_500) };
    for key in transfer(1).balances() {
        assert_eq!(balance(&*fixture.adapter, 1, key), sum, "both balances are what the transfers come to");
    }
}

/// Each to its own account, also where several are added in one unit.
pub fn z2_whoever_adds_a_transfer_is_told_what_both_balances_are_then(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let of_others = Transfer { payer: ActorId::from(account_id(2)), ..transfer(2) };
    let units = |balances: [Balance; 2]| balances.map(|balance| balance.units);
    commit(&*fixture.adapter, move |tx| {
        let mut add = |transfer: &Transfer| tx.add_transfer(&write_scope(1), transfer).map(units);
        assert_eq!(add(&transfer(1))?, [5, 5], "they are what was added");
        assert_eq!(add(&of_others)?, [5, 10], "each is told what its account has come to");
        assert_eq!(add(&transfer(3))?, [10, 15], "each is told what its account has come to");
        Ok(())
    });
}

/// Neither row nor balance, also in a unit that goes on.
pub fn z2_a_transfer_that_is_there_already_changes_nothing(make: &StoreFactory) {
    let fixture = seeded_store(make);
    add(&*fixture.adapter, 1, transfer(1));
    let again = || Transfer { time: time(10), ..transfer(1) };
    assert_conflict(&*fixture.adapter, "a second transfer with a key", move |tx| {
        tx.add_transfer(&write_scope(1), &again()).map(drop)
    });
    commit(&*fixture.adapter, move |tx| {
        let refused = tx.add_transfer(&write_scope(1), &again()).is_err();
        tx.add_transfer(&write_scope(1), &transfer(2)).map(|_| assert!(refused, "it is there already"))
    });
    assert_eq!(transfers(&*fixture.adapter, 1), [transfer(1), transfer(2)], "the first stays as it was");
    let [payer, _] = transfer(1).balances();
    assert_eq!(balance(&*fixture.adapter, 1, payer).units, 10, "it is counted once");
    assert_conflict(&*fixture.adapter, "a transfer of a tenant that is not there", |tx| {
        tx.add_transfer(&write_scope(4), &transfer(1)).map(drop)
    });
}

/// Each by itself.
pub fn z2_balances_are_told_apart_by_policy_account_period_and_currency(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let span = |period, begins| Span { period, begins: time(begins) };
    let others = [
        Transfer { key: TransferKey { policy: policy_id(2), ..key(2) }, ..transfer(2) },
        Transfer { payer: ActorId::from(account_id(2)), endpoint: endpoint_id(2), ..transfer(3) },
        Transfer { span: span(Period::Day, 1), ..transfer(4) },
        Transfer { span: span(Period::Month, 2), ..transfer(5) },
        Transfer { currency: "USD".parse().expect("it is a currency"), ..transfer(6) },
        Transfer { payer: ActorId::from(account_id(4)), endpoint: endpoint_id(3), ..transfer(7) },
    ];
    add(&*fixture.adapter, 1, transfer(1));
    others.iter().for_each(|other| add(&*fixture.adapter, 1, other.clone()));
    for transfer in others.iter().chain([&transfer(1)]) {
        for key in transfer.balances() {
            assert_eq!(balance(&*fixture.adapter, 1, key), transfer.charged, "{key} is a balance of its own");
        }
    }
    // An account and an endpoint of the same id are not one.
    let [payer, _] = transfer(1).balances();
    let account = LedgerAccount::Payer(ActorId::from_bytes(*endpoint_id(3).as_bytes()));
    let unknown = BalanceKey { account, ..payer };
    assert_eq!(balance(&*fixture.adapter, 1, unknown), Balance::default(), "an endpoint is no payer");
}

/// Of the policy, since that time, including it.
pub fn z2_the_latest_transfer_of_the_same_request_that_may_be_repeated_is_found(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let request = Some(RequestDigest([7; 32]));
    let at = |n, seconds| Transfer { time: time(seconds), request, ..transfer(n) };
    let of_other = TransferKey { policy: policy_id(2), ..key(4) };
    for transfer in [
        at(3, 10),
        at(1, 20),
        at(2, 15),
        Transfer { request: Some(RequestDigest([8; 32])), ..at(5, 30) },
        Transfer { request: None, ..at(6, 30) },
        Transfer { key: of_other, ..at(4, 30) },
    ] {
        add(&*fixture.adapter, 1, transfer);
    }
    let found = |policy, since| {
        let find = read(&*fixture.adapter, move |view| {
            view.repeatable_transfer(&scope(1), &RequestDigest([7; 32]), policy_id(policy), time(since))
        });
        find.map(|transfer| transfer.key)
    };
    assert_eq!(found(1, 0), Some(key(1)), "the latest in time is found");
    assert_eq!(found(1, 20), Some(key(1)), "one of that very time is");
    assert_eq!(found(1, 21), None, "one before it is not");
    assert_eq!(found(2, 0), Some(of_other), "another policy's is another's");
    assert_eq!(found(3, 0), None, "and a policy without one has none");
    // What is charged at once is written in another order than it was let in.
    for (used_up, next) in [(1, Some(key(2))), (2, Some(key(3))), (3, None)] {
        for _ in 0..MAX_REPEATS {
            assert_eq!(found(1, 0), Some(key(used_up)), "it may be repeated still");
            commit(&*fixture.adapter, move |tx| tx.count_repeat(&write_scope(1), key(used_up)));
        }
        assert_eq!(found(1, 0), next, "what is used up hides none before it");
    }
}

/// And nothing else is changed.
pub fn z2_repeats_are_counted(make: &StoreFactory) {
    let fixture = seeded_store(make);
    (1..=2).for_each(|n| add(&*fixture.adapter, 1, transfer(n)));
    for _ in 0..2 {
        commit(&*fixture.adapter, |tx| tx.count_repeat(&write_scope(1), key(1)));
    }
    let repeated = Transfer { repeats: 2, ..transfer(1) };
    assert_eq!(
        transfers(&*fixture.adapter, 1),
        [repeated, transfer(2)],
        "one transfer's repeats are counted"
    );
    let [payer, _] = transfer(1).balances();
    assert_eq!(balance(&*fixture.adapter, 1, payer).units, 10, "and cost nothing");
    assert_conflict(&*fixture.adapter, "a repeat of what is not there", |tx| {
        tx.count_repeat(&write_scope(1), key(3))
    });
}

/// The same keys may be used by each.
pub fn z1_a_ledger_is_seen_and_written_in_its_own_tenant_only(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let mine = Transfer { request: Some(RequestDigest([7; 32])), ..transfer(1) };
    add(&*fixture.adapter, 1, mine.clone());
    assert_eq!(transfers(&*fixture.adapter, 2), [], "another tenant's transfers are not listed");
    let balances = read(&*fixture.adapter, |view| view.balances(&scope(2), first_page(9)));
    assert_eq!(balances.items, [], "nor are their balances");
    let [payer, endpoint] = mine.balances();
    for key in [payer, endpoint] {
        assert_eq!(balance(&*fixture.adapter, 2, key), Balance::default(), "nor are they in a balance");
    }
    let found = read(&*fixture.adapter, move |view| {
        view.repeatable_transfer(&scope(2), &RequestDigest([7; 32]), policy_id(1), time(0))
    });
    assert_eq!(found, None, "nor is another tenant's request a repeat");
    assert_conflict(&*fixture.adapter, "a repeat of another tenant's transfer", |tx| {
        tx.count_repeat(&write_scope(2), key(1))
    });
    add(&*fixture.adapter, 2, Transfer { time: time(3), ..transfer(1) });
    assert_eq!(transfers(&*fixture.adapter, 1), [mine], "each has their own");
    remove(&*fixture.adapter, 2, 1);
    remove_balances(&*fixture.adapter, 2, &transfer(1));
    let left = accounts(&*fixture.adapter, 1);
    assert_eq!(left, [(transfer(1).charged, Balance::default()); 2], "another tenant removes its own alone");
    remove(&*fixture.adapter, 1, 1);
    add(&*fixture.adapter, 2, transfer(1));
    remove(&*fixture.adapter, 2, 1);
    remove_balances(&*fixture.adapter, 2, &transfer(1));
    assert_eq!(accounts(&*fixture.adapter, 1).len(), 2, "nor do balances of others go with its own");
}

fn remove(store: &dyn Store, tenant: u64, n: u64) -> Option<Transfer> {
    commit(store, move |tx| tx.remove_transfer(&write_scope(tenant), key(n)))
}

fn remove_balances(store: &dyn Store, tenant: u64, of: &Transfer) -> [bool; 2] {
    let keys = of.balances();
    commit(store, move |tx| {
        let [payer, endpoint] = keys.each_ref().map(|key| tx.remove_balance(&write_scope(tenant), key));
        Ok([payer?, endpoint?])
    })
}

/// What each account has come to, and what of it was brought forward.
fn accounts(store: &dyn Store, tenant: u64) -> Vec<(Balance, Balance)> {
    let page = read(store, move |view| view.balances(&scope(tenant), first_page(9)));
    page.items.into_iter().map(|account| (account.balance, account.brought_forward)).collect()
}

/// What accounts have come to stays as it is, and more is added to it.
pub fn g4_a_transfer_that_goes_is_brought_forward_in_both_balances(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    (1..=3).for_each(|n| add(store, 1, transfer(n)));
    assert_eq!(remove(store, 1, 2), Some(transfer(2)), "it is told what it was");
    assert_eq!(remove(store, 1, 2), None, "what is gone does not go again");
    assert_eq!(transfers(store, 1), [transfer(1), transfer(3)], "the others stay");
    let times = |n: u64| Balance { units: 5 * n, free_units: 2 * n, amount: Amount::from_micros(1_500 * n) };
    assert_eq!(accounts(store, 1), [(times(3), times(1)); 2], "both balances know of it");
    for key in transfer(1).balances() {
        assert_eq!(balance(store, 1, key), times(3), "no budget is larger for it");
    }
    add(store, 1, transfer(4));
    assert_eq!(remove(store, 1, 1), Some(transfer(1)));
    assert_eq!(accounts(store, 1), [(times(4), times(2)); 2], "it adds up");
}

/// One with a transfer stays, also where nothing was charged by it.
pub fn g4_a_balance_goes_only_when_all_of_it_was_brought_forward(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let store = &*fixture.adapter;
    (1..=2).for_each(|n| add(store, 1, transfer(n)));
    let of_others = Transfer { payer: ActorId::from(account_id(2)), ..transfer(3) };
    add(store, 1, of_others.clone());
    assert_eq!(remove_balances(store, 1, &transfer(1)), [false; 2], "each has a transfer");
    remove(store, 1, 1);
    assert_eq!(remove_balances(store, 1, &transfer(1)), [false; 2], "each has one still");
    remove(store, 1, 2);
    assert_eq!(remove_balances(store, 1, &transfer(1)), [true, false], "the endpoint earned from another");
    assert_eq!(remove_balances(store, 1, &transfer(1)), [false; 2], "what is gone does not go again");
    remove(store, 1, 3);
    assert_eq!(remove_balances(store, 1, &of_others), [true; 2]);
    assert_eq!(accounts(store, 1), [], "nothing is left");
    add(store, 1, transfer(4));
    assert_eq!(accounts(store, 1), [(transfer(4).charged, Balance::default()); 2], "it begins anew");
}

/// In the order of their keys.
pub fn z2_transfers_and_balances_come_in_pages(make: &StoreFactory) {
    let fixture = seeded_store(make);
    for n in [5, 2, 9, 1, 7] {
        let payer = ActorId::from(account_id(n));
        for policy in [2, 1] {
            let key = TransferKey { policy: policy_id(policy), ..key(n) };
            add(&*fixture.adapter, 1, Transfer { key, payer, ..transfer(n) });
        }
    }
    let transfers = transfers(&*fixture.adapter, 1);
    let keys: Vec<TransferKey> = transfers.iter().map(|transfer| transfer.key).collect();
    assert!(keys.len() == 10 && keys.is_sorted(), "each transfer is listed once, in order");
    let balances =
        |limit| all_items(limit, |page| read(&*fixture.adapter, move |view| view.balances(&scope(1), page)));
    let by_three: Vec<BalanceKey> = balances(3).into_iter().map(|account| account.key).collect();
    // Five payers and one endpoint, under either policy.
    assert!(by_three.len() == 12 && by_three.is_sorted(), "each balance is listed once, in order");
    let page = read(&*fixture.adapter, |view| view.balances(&scope(1), first_page(12)));
    assert_eq!(page.next, None, "a last page says so");
    let key = by_three.first().copied().expect("there are balances");
    let text = Cursor(key).encode();
    assert_eq!(Cursor::decode(&text), Ok(Cursor(key)), "a key is read back from a cursor");
}

/// By whom was charged, where, and when: each filter alone and with the others, in pages of any size.
pub fn z2_those_transfers_are_listed_that_are_asked_for_in_the_order_of_their_times(make: &StoreFactory) {
    let fixture = seeded_store(make);
    let mut all = Vec::new();
    // The order of the keys is another than that of the times, and some are of the same time.
    for (n, at) in [(1, 9), (2, 5), (3, 5), (4, 7), (5, 1), (6, 9), (7, 3), (8, 5)] {
        let payer = ActorId::from(account_id(n % 2 + 1));
        let transfer = Transfer { time: time(at), payer, endpoint: endpoint_id(n % 3 + 1), ..transfer(n) };
        add(&*fixture.adapter, 1, transfer.clone());
        all.push(transfer);
    }
    add(&*fixture.adapter, 2, transfer(9));
    all.sort_by_key(|transfer| (transfer.time, transfer.key));
    let payers = [None, Some(ActorId::from(account_id(1))), Some(ActorId::from(account_id(9)))];
    let endpoints = [None, Some(endpoint_id(2)), Some(endpoint_id(9))];
    let times = [None, Some(time(5)), Some(time(9))];
    for (payer, endpoint) in payers.into_iter().flat_map(|payer| endpoints.map(|endpoint| (payer, endpoint)))
    {
        for (since, until) in times.into_iter().flat_map(|since| times.map(|until| (since, until))) {
            let filter = TransferFilter { payer, endpoint, since, until };
            let asked_for = all.iter().filter(|transfer| filter.fits(transfer));
            let expected: Vec<TransferKey> = asked_for.map(|transfer| transfer.key).collect();
            for limit in [1, 3, 100] {
                let listed = all_items(limit, |page| {
                    read(&*fixture.adapter, move |view| view.transfers(&scope(1), &filter, page))
                });
                let listed: Vec<TransferKey> = listed.iter().map(|transfer| transfer.key).collect();
                assert_eq!(listed, expected, "{filter:?} in pages of {limit}");
            }
        }
    }
    // A page goes on behind its place, also where the transfer that stood there is gone, and those before it.
    let first =
        read(&*fixture.adapter, |view| view.transfers(&scope(1), &TransferFilter::default(), first_page(3)));
    for transfer in first.items {
        let key = transfer.key;
        commit(&*fixture.adapter, move |tx| tx.remove_transfer(&write_scope(1), key));
    }
    let behind = PageRequest { after: first.next, ..first_page(100) };
    let page =
        read(&*fixture.adapter, move |view| view.transfers(&scope(1), &TransferFilter::default(), behind));
    let (listed, left): (Vec<TransferKey>, Vec<TransferKey>) = (
        page.items.iter().map(|transfer| transfer.key).collect(),
        all.iter().skip(3).map(|transfer| transfer.key).collect(),
    );
    assert_eq!(listed, left, "nothing is left out for what is gone");
}
