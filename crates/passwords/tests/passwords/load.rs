//! Tests that the work is bounded, whoever comes and goes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use futures_executor::block_on;
use syft_space_domain::identity::ports::{HashingError, Passwords};
use syft_space_domain::random::{Entropy, RandomError};
use syft_space_passwords::Argon2Passwords;

use crate::support::{
    BlockedEntropy, Counting, EntropyGate, cheap, compare, gate, hash, password, passwords,
};

const OVERLOADED: HashingError = HashingError::Overloaded { retry_after: Duration::from_secs(1) };

/// One thread, a queue of two, and a gate before every new hash.
fn gated() -> (Argon2Passwords, Arc<BlockedEntropy>, EntropyGate) {
    let (gate, keeper) = gate();
    // The start draws twice.
    for _ in 0..2 {
        keeper.open.send(()).unwrap();
    }
    let passwords = Argon2Passwords::new(cheap(), Arc::<BlockedEntropy>::clone(&gate)).unwrap();
    for _ in 0..2 {
        keeper.entered.recv().unwrap();
    }
    (passwords, gate, keeper)
}

#[test]
fn beyond_the_threads_and_the_queue_callers_are_told_to_come_back() {
    let (passwords, _, keeper) = gated();
    let password = password("correct horse battery staple");
    let accepted = [passwords.hash(&password), passwords.hash(&password), passwords.hash(&password)];
    for _ in 0..10 {
        assert_eq!(block_on(passwords.hash(&password)).err(), Some(OVERLOADED));
        assert_eq!(block_on(passwords.compare(&password, None)).err(), Some(OVERLOADED));
    }
    for _ in 0..3 {
        keeper.open.send(()).unwrap();
    }
    for hashed in accepted {
        assert!(block_on(hashed).is_ok(), "who was accepted is served");
    }
    assert_eq!(passwords.hashes_done(), 3, "who was turned away cost nothing");
    keeper.open.send(()).unwrap();
    assert!(block_on(passwords.hash(&password)).is_ok(), "and there is room again");
}

#[test]
fn a_caller_who_hangs_up_does_not_free_the_place_of_work_that_has_begun() {
    let (passwords, _, keeper) = gated();
    let password = password("correct horse battery staple");
    let begun = passwords.hash(&password);
    keeper.entered.recv().unwrap();
    drop(begun);
    let waiting = [passwords.hash(&password), passwords.hash(&password)];
    assert_eq!(block_on(passwords.hash(&password)).err(), Some(OVERLOADED));
    for _ in 0..3 {
        keeper.open.send(()).unwrap();
    }
    for hashed in waiting {
        assert!(block_on(hashed).is_ok());
    }
    assert_eq!(passwords.hashes_done(), 3, "the work begun was finished");
}

#[test]
fn work_not_begun_is_dropped_with_its_caller() {
    let (passwords, _, keeper) = gated();
    let password = password("correct horse battery staple");
    let begun = passwords.hash(&password);
    keeper.entered.recv().unwrap();
    for _ in 0..100 {
        drop([passwords.hash(&password), passwords.hash(&password)]);
    }
    let last = passwords.hash(&password);
    for _ in 0..2 {
        keeper.open.send(()).unwrap();
    }
    assert!(block_on(begun).is_ok());
    assert!(block_on(last).is_ok());
    assert_eq!(passwords.hashes_done(), 2, "nobody waited for the others");
}

#[test]
fn a_storm_is_shed_and_those_let_in_are_served() {
    let passwords = Arc::new(passwords(cheap()));
    let stored = Arc::new(hash(&passwords, "correct horse battery staple"));
    let storm: Vec<_> = (0..16)
        .map(|_| {
            let (passwords, stored) = (Arc::clone(&passwords), Arc::clone(&stored));
            thread::spawn(move || {
                let mut served = 0;
                for _ in 0..50 {
                    match compare(&passwords, "correct horse battery staple", Some(&stored)) {
                        Ok(_) => served += 1,
                        Err(error) => assert_eq!(error, OVERLOADED),
                    }
                }
                served
            })
        })
        .collect();
    let served: u64 = storm.into_iter().map(|thread| thread.join().unwrap()).sum();
    assert!(served > 0);
    assert_eq!(passwords.hashes_done(), served + 1, "one run for each that was served");
}

#[test]
fn a_panic_while_hashing_costs_that_call_only() {
    struct Bomb(AtomicBool, Counting);
    impl Entropy for Bomb {
        fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomError> {
            assert!(!self.0.load(Ordering::SeqCst), "as the test wants it");
            self.1.fill(buffer)
        }
    }
    let bomb = Arc::new(Bomb(AtomicBool::new(false), Counting::default()));
    let passwords = Argon2Passwords::new(cheap(), Arc::<Bomb>::clone(&bomb)).unwrap();
    let password = password("correct horse battery staple");
    bomb.0.store(true, Ordering::SeqCst);
    for _ in 0..10 {
        assert!(matches!(block_on(passwords.hash(&password)), Err(HashingError::Failed(_))));
    }
    bomb.0.store(false, Ordering::SeqCst);
    assert!(block_on(passwords.hash(&password)).is_ok());
}

#[test]
fn the_threads_end_with_the_adapter_and_begin_nothing_more() {
    let (passwords, gate, keeper) = gated();
    let password = password("correct horse battery staple");
    let begun = passwords.hash(&password);
    keeper.entered.recv().unwrap();
    drop([begun, passwords.hash(&password), passwords.hash(&password)]);
    keeper.open.send(()).unwrap();
    drop(passwords);
    assert_eq!(Arc::strong_count(&gate), 1, "no thread holds it any more");
    assert!(keeper.entered.try_recv().is_err(), "what waited was not begun");
}
