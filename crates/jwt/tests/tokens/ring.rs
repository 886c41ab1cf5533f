//! Tests that the ring's file is read only when it is complete and valid.

use std::time::Duration;

use serde_json::{Value, json};
use syft_space_domain::identity::ports::AccessTokens;
use syft_space_domain::secret::Secret;
use syft_space_jwt::{KeyRing, KeyRingError, SigningAlgorithm};

use crate::support::{NOW, Seeded, at, claims, ring, tokens};

fn file(algorithm: SigningAlgorithm) -> Value {
    serde_json::from_str(ring(algorithm).to_json().expose()).unwrap()
}

fn parse(file: &Value) -> Option<KeyRingError> {
    KeyRing::parse(&Secret::new(file.to_string())).err()
}

/// The error after one member of the only key was set.
fn parse_with(algorithm: SigningAlgorithm, member: &str, value: Value) -> Option<KeyRingError> {
    let mut file = file(algorithm);
    file["keys"][0][member] = value;
    parse(&file)
}

fn parse_without(algorithm: SigningAlgorithm, member: &str) -> Option<KeyRingError> {
    let mut file = file(algorithm);
    file["keys"][0].as_object_mut().unwrap().remove(member).unwrap();
    parse(&file)
}

#[test]
fn a_ring_is_the_same_after_writing_and_reading() {
    let mut ring = ring(SigningAlgorithm::Hs256);
    ring.rotate(SigningAlgorithm::EdDsa, Duration::from_secs(60), at(NOW), &Seeded::new(7)).unwrap();
    ring.rotate(SigningAlgorithm::Es256, Duration::from_secs(60), at(NOW), &Seeded::new(8)).unwrap();
    let json = ring.to_json();
    let again = KeyRing::parse(&json).unwrap();
    assert!(again.to_json().expose() == json.expose());
    assert_eq!(again.algorithm(), SigningAlgorithm::Es256);
    assert_eq!(again.describe(at(NOW))[0].created_at, at(NOW));
    let token = tokens(ring).sign(&claims()).unwrap();
    assert_eq!(tokens(again).verify(token.expose(), at(NOW)), Ok(claims()));
}

#[test]
fn what_is_no_key_set_is_refused_with_its_place_and_without_its_content() {
    for text in ["", "{", "null", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":[5]}"#, r#"{"keys":["hunter2"]}"#]
    {
        let error = KeyRing::parse(&Secret::new(text.to_owned())).err().unwrap();
        assert!(matches!(error, KeyRingError::Unreadable { .. }), "{text}");
        assert!(!error.to_string().contains("hunter2"));
    }
    for member in ["kty", "alg", "use", "kid", "created_at"] {
        assert!(matches!(
            parse_without(SigningAlgorithm::Hs256, member),
            Some(KeyRingError::Unreadable { .. })
        ));
    }
    let error = parse_with(SigningAlgorithm::Hs256, "hunter2", json!("hunter2")).unwrap();
    assert!(matches!(error, KeyRingError::Unreadable { .. }) && !error.to_string().contains("hunter2"));
}

#[test]
fn exactly_one_key_is_current() {
    assert_eq!(parse(&json!({"keys": []})), Some(KeyRingError::NotOneCurrent { found: 0 }));
    let retired = parse_with(SigningAlgorithm::Hs256, "accepted_until", json!("2030-01-01T00:00:00Z"));
    assert_eq!(retired, Some(KeyRingError::NotOneCurrent { found: 0 }));
    let two =
        json!({"keys": [file(SigningAlgorithm::Hs256)["keys"][0], file(SigningAlgorithm::EdDsa)["keys"][0]]});
    assert_eq!(parse(&two), Some(KeyRingError::NotOneCurrent { found: 2 }));
}

#[test]
fn a_key_id_stands_once() {
    let key = file(SigningAlgorithm::EdDsa)["keys"][0].clone();
    let mut retired = key.clone();
    retired["accepted_until"] = json!("2030-01-01T00:00:00Z");
    let kid = key["kid"].as_str().unwrap().to_owned();
    assert_eq!(parse(&json!({"keys": [key, retired]})), Some(KeyRingError::DuplicateId { kid }));
}

#[test]
fn an_hmac_key_has_256_bits_at_least() {
    for (k, bits) in [("", 0), ("AAAA", 24), ("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 248)] {
        let error = parse_with(SigningAlgorithm::Hs256, "k", json!(k)).unwrap();
        assert!(matches!(error, KeyRingError::TooShort { bits: found, .. } if found == bits), "{error}");
    }
    assert_eq!(parse_with(SigningAlgorithm::Hs256, "k", json!("A".repeat(86))), None, "more is fine");
}

#[test]
fn the_parts_of_a_key_belong_together() {
    use SigningAlgorithm::{EdDsa, Es256, Hs256};
    for (algorithm, member, value) in [
        (Hs256, "alg", json!("EdDSA")),
        (Hs256, "alg", json!("HS384")),
        (Hs256, "alg", json!("none")),
        (Hs256, "kty", json!("OKP")),
        (Hs256, "use", json!("enc")),
        (Hs256, "crv", json!("P-256")),
        (Hs256, "d", json!("AAAA")),
        (Hs256, "x", json!("AAAA")),
        (EdDsa, "alg", json!("HS256")),
        (EdDsa, "alg", json!("ES256")),
        (EdDsa, "kty", json!("oct")),
        (EdDsa, "crv", json!("Ed448")),
        (EdDsa, "crv", json!("X25519")),
        (EdDsa, "k", json!("AAAA")),
        (EdDsa, "y", json!("AAAA")),
        (Es256, "alg", json!("ES384")),
        (Es256, "crv", json!("secp256k1")),
        (Es256, "crv", json!("P-384")),
        (Es256, "kty", json!("RSA")),
        (Es256, "k", json!("AAAA")),
    ] {
        let error = parse_with(algorithm, member, value.clone());
        assert!(matches!(error, Some(KeyRingError::MixedKinds { .. })), "{algorithm}: {member} {value}");
    }
    for (algorithm, member) in
        [(Hs256, "k"), (EdDsa, "d"), (EdDsa, "x"), (EdDsa, "crv"), (Es256, "d"), (Es256, "y")]
    {
        let error = parse_without(algorithm, member);
        assert!(matches!(error, Some(KeyRingError::MixedKinds { .. })), "{algorithm}: no {member}");
    }
}

#[test]
fn the_halves_of_a_key_match_and_its_id_is_its_thumbprint() {
    let other = KeyRing::generate(SigningAlgorithm::Es256, at(NOW), &Seeded::new(99)).unwrap();
    let other: Value = serde_json::from_str(other.to_json().expose()).unwrap();
    for member in ["d", "x", "y"] {
        let error = parse_with(SigningAlgorithm::Es256, member, other["keys"][0][member].clone());
        assert!(matches!(error, Some(KeyRingError::WrongMaterial { .. })), "{member}");
    }
    for d in [
        "",
        "AAAA",
        "not base64!",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "_____________________________________w",
    ] {
        for algorithm in [SigningAlgorithm::Es256, SigningAlgorithm::EdDsa] {
            let error = parse_with(algorithm, "d", json!(d));
            assert!(matches!(error, Some(KeyRingError::WrongMaterial { .. })), "{algorithm}: {d}");
        }
    }
    for algorithm in [SigningAlgorithm::Es256, SigningAlgorithm::EdDsa] {
        let error = parse_with(algorithm, "kid", json!("mine"));
        assert!(matches!(error, Some(KeyRingError::WrongId { .. })));
    }
    for kid in [json!(""), json!("../../etc"), json!("a".repeat(65)), json!("a b")] {
        let error = parse_with(SigningAlgorithm::Hs256, "kid", kid);
        assert!(matches!(error, Some(KeyRingError::WrongId { .. })));
    }
    assert_eq!(parse_with(SigningAlgorithm::Hs256, "kid", json!("mine")), None);
}

#[test]
fn an_error_says_what_to_do_and_never_what_the_key_is() {
    let mut file = file(SigningAlgorithm::Es256);
    let d = file["keys"][0]["d"].as_str().unwrap().to_owned();
    file["keys"][0]["kid"] = json!("mine");
    let error = parse(&file).unwrap();
    assert!(!format!("{error} {error:?}").contains(&d));
    let error = parse_with(SigningAlgorithm::Hs256, "k", json!("AAAA")).unwrap();
    assert!(error.to_string().contains("at least 256"));
}
