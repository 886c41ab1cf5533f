//! What is held of balances, by many at once.

use std::sync::{Arc, Mutex};

use super::open_accounts::{Demanded, Key, Leaving, OpenAccounts, Outcome};
use crate::ids::{ActorId, EndpointId, PolicyId, TenantId};
use crate::ledger::{Amount, Balance, BalanceKey, LedgerAccount, Period, Span};
use crate::time::Timestamp;

fn key(account: LedgerAccount) -> Key {
    let span = Span::of(Period::Month, Timestamp::from_unix_micros(0));
    let currency = "EUR".parse().unwrap();
    let policy = PolicyId::from_bytes([1; 16]);
    (TenantId::from_bytes([1; 16]), BalanceKey { policy, account, span, currency })
}

fn payer(n: u8) -> Key {
    key(LedgerAccount::Payer(ActorId::from_bytes([n; 16])))
}

fn demanded(payer: Key, budget: u64, endpoint: Option<u64>) -> Demanded {
    let all = key(LedgerAccount::Endpoint(EndpointId::from_bytes([9; 16])));
    Demanded {
        payer,
        budget: Some(Amount::from_micros(budget)),
        endpoint: endpoint.map(|most| (all, Amount::from_micros(most))),
        units: 3,
        free_quota: 4,
        price: Amount::from_micros(1),
    }
}

/// Opens what is demanded, with nothing in it.
fn open(accounts: &OpenAccounts, demanded: &Demanded) {
    if let Outcome::NotOpen(forgotten) = accounts.look(demanded) {
        accounts.open(demanded.keys().map(|key| (key, Balance::default())), forgotten);
    }
}

fn held(units: u64, free_units: u64) -> Balance {
    Balance { units, free_units, amount: Amount::from_micros(units - free_units) }
}

#[test]
fn z2_of_several_at_once_no_more_is_held_than_the_budget_and_all_of_it_comes_back() {
    let accounts = OpenAccounts::default();
    let demanded = demanded(payer(1), 1_000, None);
    open(&accounts, &demanded);
    let taken = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let outcomes = (0..1_000).map(|_| accounts.hold(&demanded));
                    outcomes
                        .filter_map(|outcome| match outcome {
                            Outcome::Held(held) => Some(held),
                            Outcome::Spent | Outcome::NotOpen(_) => None,
                        })
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    let sum = taken.iter().copied().fold(Balance::default(), Balance::plus);
    // Four units are free, and of the others as many as fit in threes.
    assert_eq!((sum.free_units, sum.amount), (4, Amount::from_micros(998)));
    assert_eq!(accounts.held(&payer(1)), Some(sum));
    taken.into_iter().for_each(|held| accounts.end(&payer(1), held, Balance::default()));
    assert_eq!(accounts.held(&payer(1)), Some(Balance::default()));
    assert_eq!(accounts.look(&demanded), Outcome::Held(held(3, 3)));
}

#[test]
fn z2_a_hold_is_of_all_balances_or_of_none() {
    let accounts = OpenAccounts::default();
    let (first, second) = (demanded(payer(1), 100, Some(3)), demanded(payer(2), 100, Some(3)));
    [&first, &second].into_iter().for_each(|demanded| open(&accounts, demanded));
    assert_eq!(accounts.hold(&first), Outcome::Held(held(3, 3)));
    assert_eq!(accounts.hold(&first), Outcome::Held(held(3, 1)));
    // The endpoint has one unit left, and of the other payer's three one is charged.
    assert_eq!(accounts.hold(&second), Outcome::Held(held(3, 3)));
    assert_eq!(accounts.hold(&second), Outcome::Spent);
    assert_eq!(accounts.held(&payer(2)), Some(held(3, 3)));
}

#[test]
fn z2_what_is_held_is_never_forgotten_and_what_was_read_before_others_were_is_not_believed() {
    let accounts = OpenAccounts::remembering(2);
    let [first, second, third] = [1, 2, 3].map(|n| demanded(payer(n), 10, None));
    let Outcome::NotOpen(before) = accounts.look(&first) else { panic!("nothing is open") };
    open(&accounts, &first);
    assert_eq!(accounts.hold(&first), Outcome::Held(held(3, 3)));
    [&second, &third].into_iter().for_each(|demanded| open(&accounts, demanded));
    assert_eq!(accounts.held(&payer(1)), Some(held(3, 3)));
    assert!(matches!(accounts.look(&second), Outcome::NotOpen(_)), "idle balances are forgotten");
    accounts.open([(payer(2), Balance::default())], before);
    assert!(matches!(accounts.look(&second), Outcome::NotOpen(_)), "it may be older than what was forgotten");
    open(&accounts, &second);
    assert_eq!(accounts.look(&second), Outcome::Held(held(3, 3)));
}

#[test]
fn z2_what_a_caller_who_goes_holds_is_held_until_it_is_known_what_was_posted() {
    let accounts = OpenAccounts::default();
    let demanded = demanded(payer(1), 2, None);
    open(&accounts, &demanded);
    assert_eq!(accounts.hold(&demanded), Outcome::Held(held(3, 3)));
    let posted = Arc::new(Mutex::new(None));
    let known = Arc::clone(&posted);
    let posted_later = Box::new(move || *known.lock().unwrap());
    accounts.end_later(Leaving { keys: vec![payer(1)], held: held(3, 3), posted: posted_later });
    assert_eq!(accounts.hold(&demanded), Outcome::Held(held(3, 1)));
    assert_eq!(accounts.hold(&demanded), Outcome::Spent);
    // It was a repeat, so nothing was posted: three units are free again, of which the next takes all.
    *posted.lock().unwrap() = Some(Balance::default());
    assert_eq!(accounts.hold(&demanded), Outcome::Held(held(3, 3)));
    assert_eq!(accounts.hold(&demanded), Outcome::Spent);
}
