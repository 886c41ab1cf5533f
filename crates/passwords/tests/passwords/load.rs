//! Tests that the work is bounded, whoever comes and goes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use futures_executor::block_on;
use syft_space_domain::identity::ports::{HashingClient, HashingError, Passwords};
use syft_space_domain::random::{Entropy, RandomError};
use syft_space_passwords::{Argon2Passwords, HashingSettings};

use crate::support::{
    BlockedEntropy, CLIENT, Counting, EntropyGate, cheap, compare, gate, hash, password, passwords,
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
    let accepted = [
        passwords.hash(CLIENT, &password),
        passwords.hash(CLIENT, &password),
        passwords.hash(CLIENT, &password),
    ];
    for _ in 0..10 {
        assert_eq!(block_on(passwords.hash(CLIENT, &password)).err(), Some(OVERLOADED));
        assert_eq!(block_on(passwords.compare(CLIENT, &password, None)).err(), Some(OVERLOADED));
    }
    for _ in 0..3 {
        keeper.open.send(()).unwrap();
    }
    for hashed in accepted {
        assert!(block_on(hashed).is_ok(), "who was accepted is served");
    }
    assert_eq!(passwords.hashes_done(), 3, "who was turned away cost nothing");
    keeper.open.send(()).unwrap();
    assert!(block_on(passwords.hash(CLIENT, &password)).is_ok(), "and there is room again");
}

#[test]
fn a_caller_who_hangs_up_does_not_free_the_place_of_work_that_has_begun() {
    let (passwords, _, keeper) = gated();
    let password = password("correct horse battery staple");
    let begun = passwords.hash(CLIENT, &password);
    keeper.entered.recv().unwrap();
    drop(begun);
    let waiting = [passwords.hash(CLIENT, &password), passwords.hash(CLIENT, &password)];
    assert_eq!(block_on(passwords.hash(CLIENT, &password)).err(), Some(OVERLOADED));
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
    let begun = passwords.hash(CLIENT, &password);
    keeper.entered.recv().unwrap();
    for _ in 0..100 {
        drop([passwords.hash(CLIENT, &password), passwords.hash(CLIENT, &password)]);
    }
    let last = passwords.hash(CLIENT, &password);
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
        assert!(matches!(block_on(passwords.hash(CLIENT, &password)), Err(HashingError::Failed(_))));
    }
    bomb.0.store(false, Ordering::SeqCst);
    assert!(block_on(passwords.hash(CLIENT, &password)).is_ok());
}

#[test]
fn the_threads_end_with_the_adapter_and_begin_nothing_more() {
    let (passwords, gate, keeper) = gated();
    let password = password("correct horse battery staple");
    let begun = passwords.hash(CLIENT, &password);
    keeper.entered.recv().unwrap();
    drop([begun, passwords.hash(CLIENT, &password), passwords.hash(CLIENT, &password)]);
    keeper.open.send(()).unwrap();
    drop(passwords);
    assert_eq!(Arc::strong_count(&gate), 1, "no thread holds it any more");
    assert!(keeper.entered.try_recv().is_err(), "what waited was not begun");
}

/// An address, and whether somebody has logged in from there.
fn client(last: u8, has_logged_in: bool) -> HashingClient {
    HashingClient { address: Some([192, 0, 2, last].into()), has_logged_in }
}

/// Has the gated thread busy, lets these wait, and answers in which order they are served.
fn order(passwords: &Argon2Passwords, keeper: &EntropyGate, clients: &[HashingClient]) -> Vec<usize> {
    let password = password("correct horse battery staple");
    let begun = passwords.hash(CLIENT, &password);
    keeper.entered.recv().unwrap();
    let mut waiting: Vec<_> = clients.iter().map(|client| Some(passwords.hash(*client, &password))).collect();
    keeper.open.send(()).unwrap();
    block_on(begun).unwrap();
    let mut order = Vec::new();
    for _ in 0..clients.len() {
        keeper.entered.recv().unwrap();
        keeper.open.send(()).unwrap();
        let served = std::future::poll_fn(|context| {
            for (number, hash) in waiting.iter_mut().enumerate() {
                if let Some(running) = hash
                    && running.as_mut().poll(context).is_ready()
                {
                    *hash = None;
                    return Poll::Ready(number);
                }
            }
            Poll::Pending
        });
        order.push(block_on(served));
    }
    order
}

/// A gate with room for many.
fn gated_with_room() -> (Argon2Passwords, EntropyGate) {
    let (gate, keeper) = gate();
    for _ in 0..2 {
        keeper.open.send(()).unwrap();
    }
    let settings = HashingSettings { queue: 64, ..cheap() };
    let passwords = Argon2Passwords::new(settings, gate).unwrap();
    for _ in 0..2 {
        keeper.entered.recv().unwrap();
    }
    (passwords, keeper)
}

#[test]
fn h5_addresses_take_turns_and_one_has_few_waiting() {
    let (passwords, keeper) = gated_with_room();
    let clients = [client(1, false), client(1, false), client(2, false), client(3, false), client(2, false)];
    assert_eq!(order(&passwords, &keeper, &clients), [0, 2, 3, 1, 4]);

    let password = password("correct horse battery staple");
    let begun = passwords.hash(CLIENT, &password);
    keeper.entered.recv().unwrap();
    let mut waiting = Vec::new();
    for (address, known, may_wait) in [(9, false, 2), (8, true, 8)] {
        for _ in 0..may_wait {
            waiting.push(passwords.hash(client(address, known), &password));
        }
        let beyond = passwords.hash(client(address, known), &password);
        assert_eq!(block_on(beyond).err(), Some(OVERLOADED), "{address} has enough waiting");
    }
    for _ in 0..=waiting.len() {
        keeper.open.send(()).unwrap();
    }
    assert!(block_on(begun).is_ok());
    assert!(waiting.into_iter().all(|hash| block_on(hash).is_ok()));
}

#[test]
fn h5_who_logged_in_before_and_who_did_not_fail_wait_for_few_of_those_who_did() {
    let (passwords, keeper) = gated_with_room();
    // Each has had a hash made that led to no login.
    let strangers: Vec<_> = (1..=20).map(|last| client(last, false)).collect();
    order(&passwords, &keeper, &strangers);
    let clients: Vec<_> = strangers.into_iter().chain([client(100, true), client(101, false)]).collect();
    let served = order(&passwords, &keeper, &clients);
    for honest in [20, 21] {
        let place = served.iter().position(|number| *number == honest).unwrap();
        assert!(place < 4, "{honest} is served as number {place}: {served:?}");
    }
}
