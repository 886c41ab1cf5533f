//! Tests that a token has exactly one text.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use serde_json::json;
use syft_space_domain::identity::TokenRefused;
use syft_space_domain::identity::ports::AccessTokens;
use syft_space_jwt::SigningAlgorithm;

use crate::support::{Forger, claims, with};

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The other texts that lax decoders take for the same bytes: bits set that stand for nothing.
fn loose(part: &str) -> Vec<String> {
    let (last, rest) = part.as_bytes().split_last().unwrap();
    let unused = match part.len() % 4 {
        2 => 4,
        3 => 2,
        _ => return Vec::new(),
    };
    let value = ALPHABET.iter().position(|c| c == last).unwrap();
    (1..1usize << unused)
        .map(|bits| format!("{}{}", std::str::from_utf8(rest).unwrap(), char::from(ALPHABET[value | bits])))
        .collect()
}

#[test]
fn base64url_is_strict_in_every_part() {
    for algorithm in SigningAlgorithm::ALL {
        let forger = Forger::new(algorithm);
        let header = forger.header().to_string();
        let payload = forger.claims().to_string();
        let good = forger.sign(&header, &payload);
        let parts: Vec<&str> = good.split('.').collect();
        let (signed, signature) = good.rsplit_once('.').unwrap();

        let variants = loose(signature);
        assert!(!variants.is_empty(), "32 and 64 bytes leave bits over");
        for variant in variants {
            assert_eq!(forger.verify(&format!("{signed}.{variant}")), Err(TokenRefused::Malformed));
        }
        for pad in ["=", "==", "\n", " ", "\0", "%3D", "é"] {
            assert_eq!(forger.verify(&format!("{good}{pad}")), Err(TokenRefused::Malformed), "{pad:?}");
        }
        // Under a good signature too, the header and the payload have one encoding.
        let padded = forger.sign_parts(&URL_SAFE.encode(header.clone() + " "), parts[1]);
        let padded_with_one = forger.sign_parts(&format!("{}=", parts[0]), parts[1]);
        let payload_padded = forger.sign_parts(parts[0], &format!("{}=", parts[1]));
        let payload_spaced = forger.sign_parts(parts[0], &format!("{} ", parts[1]));
        for token in [padded_with_one, payload_padded, payload_spaced] {
            assert_eq!(forger.verify(&token), Err(TokenRefused::Malformed));
        }
        // Whether this one is padded depends on its length: it is malformed exactly then.
        let is_padded = padded.contains('=');
        assert_eq!(forger.verify(&padded).err(), is_padded.then_some(TokenRefused::Malformed));
    }
}

#[test]
fn loose_bits_are_refused_under_a_good_signature() {
    let forger = Forger::new(SigningAlgorithm::Hs256);
    let mut tried = 0;
    for spaces in 0..3 {
        let header = URL_SAFE_NO_PAD.encode(format!("{}{}", forger.header(), " ".repeat(spaces)));
        let payload = URL_SAFE_NO_PAD.encode(format!("{}{}", forger.claims(), " ".repeat(spaces)));
        assert!(forger.verify(&forger.sign_parts(&header, &payload)).is_ok());
        for header in loose(&header) {
            assert_eq!(forger.verify(&forger.sign_parts(&header, &payload)), Err(TokenRefused::Malformed));
            tried += 1;
        }
        for payload in loose(&payload) {
            assert_eq!(forger.verify(&forger.sign_parts(&header, &payload)), Err(TokenRefused::Malformed));
            tried += 1;
        }
    }
    assert_eq!(tried, 2 * (15 + 3), "one length leaves 4 bits, one 2, one none");
}

#[test]
fn the_standard_alphabet_is_refused() {
    let forger = Forger::new(SigningAlgorithm::Hs256);
    // A claim whose base64 has characters that differ between the alphabets.
    let payload = with(forger.claims(), "nbf", json!(1)).replace("alice", "~~~???>>>");
    let standard = STANDARD.encode(&payload);
    assert!(standard.contains(['+', '/']), "the vector must show the difference");
    let token = forger
        .sign_parts(&URL_SAFE_NO_PAD.encode(forger.header().to_string()), standard.trim_end_matches('='));
    assert_eq!(forger.verify(&token), Err(TokenRefused::Malformed));
}

#[test]
fn a_token_has_three_parts() {
    let forger = Forger::new(SigningAlgorithm::Hs256);
    let good = forger.tokens.sign(&claims()).unwrap();
    let good = good.expose();
    let parts: Vec<&str> = good.split('.').collect();
    for text in [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        "...".to_owned(),
        parts[0].to_owned(),
        parts[..2].join("."),
        format!("{good}."),
        format!(".{good}"),
        format!("{good}.{}", parts[2]),
        format!("{}..{}.{}.{}", parts[0], parts[1], parts[1], parts[2]),
        good.replace('.', ","),
        format!("Bearer {good}"),
        format!(" {good}"),
        format!(r#"{{"protected":"{}","payload":"{}","signature":"{}"}}"#, parts[0], parts[1], parts[2]),
        "\u{1f511}".repeat(10),
    ] {
        assert_eq!(forger.verify(&text), Err(TokenRefused::Malformed), "{text}");
    }
}

#[test]
fn a_token_has_at_most_4_kib() {
    let forger = Forger::new(SigningAlgorithm::Hs256);
    let header = URL_SAFE_NO_PAD.encode(forger.header().to_string());
    let longest = (0..3000)
        .rev()
        .map(|spaces| forger.claims().to_string() + &" ".repeat(spaces))
        .map(|payload| forger.sign_parts(&header, &URL_SAFE_NO_PAD.encode(payload)))
        .find(|token| token.len() <= 4096)
        .unwrap();
    assert!(longest.len() > 4090);
    assert!(forger.verify(&longest).is_ok());
    let payload = format!("{}{}", forger.claims(), " ".repeat(3000));
    let longer = forger.sign_parts(&header, &URL_SAFE_NO_PAD.encode(payload));
    assert_eq!(forger.verify(&longer), Err(TokenRefused::Malformed));
    assert_eq!(forger.verify(&"a".repeat(1 << 20)), Err(TokenRefused::Malformed));
}
