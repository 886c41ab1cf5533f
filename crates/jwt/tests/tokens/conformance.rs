//! The conformance suite of the port, for every algorithm.

use std::sync::atomic::{AtomicU64, Ordering};

use syft_space_conformance::tokens::suite;
use syft_space_domain::identity::ports::AccessTokens;
use syft_space_jwt::{JwtTokens, KeyRing, SigningAlgorithm};

use crate::support::{NOW, Seeded, at, settings};

#[test]
fn a1_tokens_of_every_algorithm_keep_every_promise() {
    static SEED: AtomicU64 = AtomicU64::new(100);
    for algorithm in SigningAlgorithm::ALL {
        suite(&move || -> Box<dyn AccessTokens> {
            // Keys of its own each time.
            let entropy = Seeded::new(SEED.fetch_add(1, Ordering::Relaxed));
            let ring = KeyRing::generate(algorithm, at(NOW), &entropy).unwrap();
            Box::new(JwtTokens::new(ring, settings(), &entropy).unwrap())
        });
    }
}
