//! Fault injection: each test wraps a correct adapter, adds one fault, and names the promise that the suite must find
//! broken.
#![expect(clippy::expect_used, reason = "the faulty adapters are part of the tests")]

mod encoder;
mod extract;
mod faulty_api_keys;
mod faulty_appended;
mod faulty_approvals;
mod faulty_erasures;
mod faulty_expectations;
mod faulty_groups;
mod faulty_ledger;
mod faulty_oidc;
mod faulty_privacy;
mod faulty_queries;
mod faulty_retention;
mod faulty_revisions;
mod faulty_sessions;
mod faulty_sinks;
mod faulty_tenants;
mod faulty_trees;
mod faulty_view;
mod faulty_watched;
mod merge;
mod other_ports;
mod provisioning;
mod scoped_methods;
mod sealing;
mod search;
mod second_factor;
mod spool;
mod store;
mod vectors;
mod went_away;

use std::sync::Arc;

use syft_space_conformance::{Check, Fixture, StoreFactory};
use syft_space_domain::store::CommitHook;
use syft_space_memory::MemoryStore;

use crate::store::{Fault, FaultyStore};

/// A factory of stores in memory with this fault.
pub(crate) fn faulty_store(fault: Fault) -> Box<StoreFactory> {
    Box::new(move |hook: Arc<dyn CommitHook>| {
        let inner = MemoryStore::new(fault.hook(hook));
        Fixture::new(Box::new(FaultyStore::new(inner, fault)))
    })
}

/// The names of the promises that a suite finds broken.
fn broken_promises<M: ?Sized>(checks: &[Check<M>], make: &M) -> Vec<&'static str> {
    checks.iter().filter(|check| check.verify(make).is_err()).map(|check| check.promise).collect()
}

/// Asserts that the suite finds this promise broken, and that the message names it.
#[track_caller]
pub(crate) fn assert_caught<M: ?Sized>(checks: &[Check<M>], make: &M, promise: &str) {
    let check =
        checks.iter().find(|check| check.promise == promise).expect("the promise is one of the suite's");
    let message = check.verify(make).expect_err("the wrong adapter is caught");
    let words = promise.replace('_', " ");
    assert!(message.starts_with(&words), "{message:?} names the promise {words:?}");
}
