//! The conformance suite of the port.

use std::sync::Arc;

use syft_space_conformance::passwords::suite;
use syft_space_memory::SeededEntropy;
use syft_space_passwords::{Argon2Passwords, HashingSettings};

#[test]
fn a3_the_hasher_keeps_every_promise() {
    // What is promised does not hang on the cost.
    let settings = HashingSettings { memory_kib: 64, iterations: 1, ..HashingSettings::default() };
    suite(&move || Box::new(Argon2Passwords::new(settings, Arc::new(SeededEntropy::new(7))).unwrap()));
}
