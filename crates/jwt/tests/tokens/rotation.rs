//! Tests that keys change without anybody noticing, and end at once when they must.

use std::time::Duration;

use syft_space_domain::environment::Environment;
use syft_space_domain::identity::TokenRefused;
use syft_space_domain::identity::ports::AccessTokens;
use syft_space_domain::random::{Entropy, RandomError};
use syft_space_jwt::{KeyRing, KeyRingError, SigningAlgorithm};

use crate::support::{NOW, Seeded, at, claims, ring, tokens};

const OVERLAP: Duration = Duration::from_secs(60);

#[test]
fn a_token_of_the_key_before_is_accepted_until_the_overlap_is_over() {
    for before in SigningAlgorithm::ALL {
        for after in SigningAlgorithm::ALL {
            let mut ring = ring(before);
            let old = tokens(KeyRing::parse(&ring.to_json()).unwrap()).sign(&claims()).unwrap();
            ring.rotate(after, OVERLAP, at(NOW), &Seeded::new(7)).unwrap();
            let tokens = tokens(ring);
            let new = tokens.sign(&claims()).unwrap();
            assert_eq!(tokens.verify(old.expose(), at(NOW + 59)), Ok(claims()));
            // The token is remembered by now: its key counts all the same.
            assert_eq!(tokens.verify(old.expose(), at(NOW + 60)), Err(TokenRefused::UnknownKey));
            assert_eq!(tokens.verify(old.expose(), at(NOW + 61)), Err(TokenRefused::UnknownKey));
            assert_eq!(tokens.verify(new.expose(), at(NOW + 61)), Ok(claims()));
        }
    }
}

#[test]
fn a_leaked_key_ends_at_once_with_no_overlap() {
    let mut ring = ring(SigningAlgorithm::Hs256);
    let old = tokens(KeyRing::parse(&ring.to_json()).unwrap()).sign(&claims()).unwrap();
    ring.rotate(SigningAlgorithm::Hs256, Duration::ZERO, at(NOW), &Seeded::new(7)).unwrap();
    assert_eq!(tokens(ring).verify(old.expose(), at(NOW)), Err(TokenRefused::UnknownKey));
}

#[test]
fn the_overlap_outlives_a_restart_and_the_ring_does_not_grow() {
    let mut ring = ring(SigningAlgorithm::Hs256);
    let old = tokens(KeyRing::parse(&ring.to_json()).unwrap()).sign(&claims()).unwrap();
    ring.rotate(SigningAlgorithm::EdDsa, OVERLAP, at(NOW), &Seeded::new(7)).unwrap();
    let again = tokens(KeyRing::parse(&ring.to_json()).unwrap());
    assert_eq!(again.verify(old.expose(), at(NOW + 59)), Ok(claims()));
    assert_eq!(again.verify(old.expose(), at(NOW + 60)), Err(TokenRefused::UnknownKey));

    for round in 0..50 {
        let now = at(NOW + 100 * round);
        ring.rotate(SigningAlgorithm::Es256, OVERLAP, now, &Seeded::new(100 + round)).unwrap();
    }
    let file: serde_json::Value = serde_json::from_str(ring.to_json().expose()).unwrap();
    assert_eq!(file["keys"].as_array().unwrap().len(), 2, "the current key and the one before");
}

#[test]
fn the_published_keys_are_those_accepted_and_have_no_private_part() {
    let mut ring = ring(SigningAlgorithm::EdDsa);
    assert_eq!(ring.public_jwks(at(NOW))["keys"].as_array().unwrap().len(), 1);
    ring.rotate(SigningAlgorithm::Es256, OVERLAP, at(NOW), &Seeded::new(7)).unwrap();
    let during = ring.public_jwks(at(NOW + 59));
    let keys = during["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 2, "old and new during the overlap");
    for key in keys {
        let mut members: Vec<&str> = key.as_object().unwrap().keys().map(String::as_str).collect();
        members.sort_unstable();
        let expected: &[&str] = if key["kty"] == "EC" {
            &["alg", "crv", "kid", "kty", "use", "x", "y"]
        } else {
            &["alg", "crv", "kid", "kty", "use", "x"]
        };
        assert_eq!(members, expected);
    }
    assert_eq!(ring.public_jwks(at(NOW + 60))["keys"].as_array().unwrap().len(), 1);
    ring.rotate(SigningAlgorithm::Hs256, Duration::ZERO, at(NOW + 60), &Seeded::new(8)).unwrap();
    assert_eq!(ring.public_jwks(at(NOW + 60)).to_string(), r#"{"keys":[]}"#, "a secret is not published");
}

#[test]
fn a_rotation_that_fails_leaves_the_ring_as_it_was() {
    struct Broken;
    impl Entropy for Broken {
        fn fill(&self, _: &mut [u8]) -> Result<(), RandomError> {
            Err(RandomError("broken".to_owned()))
        }
    }
    let mut ring = ring(SigningAlgorithm::Hs256);
    let before = ring.to_json();
    let error = ring.rotate(SigningAlgorithm::Hs256, OVERLAP, at(NOW), &Broken).unwrap_err();
    assert!(matches!(error, KeyRingError::Random(_)));
    assert!(ring.to_json().expose() == before.expose());
}

#[test]
fn two_rings_never_share_a_key() {
    for algorithm in SigningAlgorithm::ALL {
        let one = KeyRing::generate(algorithm, at(NOW), &Seeded::new(1)).unwrap();
        let two = KeyRing::generate(algorithm, at(NOW), &Seeded::new(2)).unwrap();
        assert!(one.to_json().expose() != two.to_json().expose());
        let token = tokens(one).sign(&claims()).unwrap();
        assert_eq!(tokens(two).verify(token.expose(), at(NOW)), Err(TokenRefused::UnknownKey));
    }
}

#[test]
fn k2_tokens_signed_before_and_after_a_rotation_are_accepted_while_it_runs() {
    let tokens = tokens(ring(SigningAlgorithm::Hs256));
    let old = tokens.sign(&claims()).unwrap();
    assert_eq!(tokens.verify(old.expose(), at(NOW)), Ok(claims()));
    std::thread::scope(|scope| {
        let work = || {
            for _ in 0..500 {
                assert_eq!(tokens.verify(old.expose(), at(NOW)), Ok(claims()));
                let new = tokens.sign(&claims()).unwrap();
                assert_eq!(tokens.verify(new.expose(), at(NOW)), Ok(claims()));
            }
        };
        let workers = [scope.spawn(work), scope.spawn(work)];
        for round in 0..10 {
            let mut ring = KeyRing::parse(&tokens.to_json()).unwrap();
            ring.rotate(SigningAlgorithm::EdDsa, OVERLAP, at(NOW), &Seeded::new(round)).unwrap();
            tokens.replace(ring).unwrap();
        }
        assert!(workers.into_iter().all(|worker| worker.join().is_ok()));
    });
}

#[test]
fn k2_a_token_that_is_remembered_ends_with_the_key_that_signed_it() {
    let tokens = tokens(ring(SigningAlgorithm::Hs256));
    let old = tokens.sign(&claims()).unwrap();
    assert_eq!(tokens.verify(old.expose(), at(NOW)), Ok(claims()));
    let mut ring = KeyRing::parse(&tokens.to_json()).unwrap();
    ring.rotate(SigningAlgorithm::Hs256, Duration::ZERO, at(NOW), &Seeded::new(7)).unwrap();
    tokens.replace(ring).unwrap();
    assert_eq!(tokens.verify(old.expose(), at(NOW)), Err(TokenRefused::UnknownKey));
}

#[test]
fn k2_keys_of_one_environment_are_refused_in_another() {
    let named = |name| Environment::parse(name).unwrap();
    let mut ring = ring(SigningAlgorithm::Hs256);
    ring.claim(&named("staging")).unwrap();
    let mut copied = KeyRing::parse(&ring.to_json()).unwrap();
    let error = copied.claim(&named("production")).unwrap_err();
    assert!(matches!(error, KeyRingError::OtherEnvironment { .. }));
    assert!(error.to_string().contains("staging") && error.to_string().contains("production"), "{error}");
    copied.claim(&named("staging")).unwrap();
}

#[test]
fn k2_so_many_keys_are_accepted_at_once_and_no_more_but_a_leak_is_always_ended() {
    let mut ring = ring(SigningAlgorithm::Hs256);
    let rotate = |ring: &mut KeyRing, overlap, seed| {
        ring.rotate(SigningAlgorithm::Hs256, overlap, at(NOW), &Seeded::new(seed))
    };
    for seed in 10..25 {
        rotate(&mut ring, OVERLAP, seed).unwrap();
    }
    assert_eq!(ring.describe(at(NOW)).len(), 16);
    assert_eq!(rotate(&mut ring, OVERLAP, 25), Err(KeyRingError::TooMany { found: 16 }));
    rotate(&mut ring, Duration::ZERO, 26).unwrap();
    ring.revoke_retired();
    assert_eq!(ring.describe(at(NOW)).len(), 1);
}
