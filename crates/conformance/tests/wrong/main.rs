//! Do the suites catch adapters that are wrong? Each test wraps a right one, spoils one thing, and names the promise
//! that must be found broken.
#![expect(clippy::expect_used, reason = "what a test's own wrong adapters expect is a test's expectation")]

mod extract;
mod faulty;
mod others;
mod sealing;
mod store;

use std::sync::Arc;

use syft_space_conformance::{Check, Made, MakeStore};
use syft_space_domain::store::CommitHook;
use syft_space_memory::MemoryStore;

use crate::store::{Fault, FaultyStore};

/// A store in memory with this fault.
fn make(fault: Fault) -> Box<MakeStore> {
    Box::new(move |follower: Arc<dyn CommitHook>| {
        let inner = MemoryStore::new(fault.follower(follower));
        Made::new(Box::new(FaultyStore::new(Box::new(inner), fault)))
    })
}

/// The names of the promises that a suite finds broken.
fn broken<M: ?Sized>(checks: &[Check<M>], make: &M) -> Vec<&'static str> {
    checks.iter().filter(|check| check.broken(make).is_err()).map(|check| check.promise).collect()
}

/// The suite that finds this promise broken, and the promise in the message.
#[track_caller]
fn assert_caught<M: ?Sized>(checks: &[Check<M>], make: &M, promise: &str) {
    let check =
        checks.iter().find(|check| check.promise == promise).expect("the promise is one of the suite's");
    let message = check.broken(make).expect_err("the wrong adapter is caught");
    let words = promise.replace('_', " ");
    assert!(message.starts_with(&words), "{message:?} names the promise {words:?}");
}
