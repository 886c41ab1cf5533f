//! Tests of which keys of a hub are used.

use serde_json::{Value, json};
use syft_space_domain::marketplace::SatelliteRefused;

use crate::support::{FakeHub, KID, NOW, OTHER, OURS, Pair, claims, tokens, verify};

fn with(mut key: Value, member: &str, value: Value) -> Value {
    key[member] = value;
    key
}

/// How tokens of the key `kid` end when a hub shows these keys, with a good one among them.
async fn ends(shown: Vec<Value>) -> Option<SatelliteRefused> {
    let mut keys = shown;
    keys.push(OTHER.shown("good"));
    let tokens = tokens(&FakeHub::showing(keys));
    assert!(
        verify(&tokens, &OTHER.token("good", &claims()), NOW).await.is_ok(),
        "one bad key spoils no other"
    );
    verify(&tokens, &OURS.token(KID, &claims()), NOW).await.err()
}

#[tokio::test]
async fn a2_a_key_with_no_more_than_it_needs_is_used() {
    let mut plain = OURS.shown(KID);
    for member in ["use", "alg"] {
        plain.as_object_mut().unwrap().remove(member);
    }
    assert_eq!(ends(vec![plain.clone()]).await, None);
    let more = with(with(plain, "key_ops", json!(["verify"])), "x-of-the-future", json!({"a": [1]}));
    assert_eq!(ends(vec![more]).await, None);
}

#[tokio::test]
async fn a2_keys_of_another_use_kind_or_form_are_ignored() {
    let good = OURS.shown(KID);
    let mut refused = vec![
        with(good.clone(), "use", json!("enc")),
        with(good.clone(), "use", json!(7)),
        with(good.clone(), "alg", json!("RS512")),
        with(good.clone(), "alg", json!("PS256")),
        with(good.clone(), "alg", json!("HS256")),
        with(good.clone(), "key_ops", json!(["sign"])),
        with(good.clone(), "key_ops", json!([])),
        with(good.clone(), "key_ops", json!("verify")),
        with(good.clone(), "kty", json!("oct")),
        with(good.clone(), "kty", json!("EC")),
        with(good.clone(), "kty", json!("rsa")),
        with(good.clone(), "kid", json!(7)),
        with(good.clone(), "kid", json!("")),
        with(good.clone(), "e", json!("AQ")),
        with(good.clone(), "e", json!("Aw")),
        with(good.clone(), "e", json!("AQAA")),
        with(good.clone(), "e", json!("AQAAAAE")),
        with(good.clone(), "e", json!("")),
        with(good.clone(), "n", json!("")),
        with(good.clone(), "n", json!("AQAB")),
        with(good.clone(), "n", json!("not base64url!")),
        with(good.clone(), "n", json!(["x"])),
        json!({"kty": "oct", "kid": KID, "k": "c2VjcmV0"}),
    ];
    for member in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
        refused.push(with(good.clone(), member, json!("AQAB")));
    }
    for member in ["kty", "kid", "n", "e"] {
        let mut key = good.clone();
        key.as_object_mut().unwrap().remove(member);
        refused.push(key);
    }
    for key in refused {
        assert_eq!(ends(vec![key.clone()]).await, Some(SatelliteRefused::UnknownKey), "{key}");
    }
}

#[tokio::test]
async fn a2_a_short_key_is_ignored_also_when_zeros_make_it_long() {
    let short = Pair::new(1024).shown(KID);
    assert_eq!(ends(vec![short.clone()]).await, Some(SatelliteRefused::UnknownKey));
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let bytes = URL_SAFE_NO_PAD.decode(short["n"].as_str().unwrap()).unwrap();
    let padded = URL_SAFE_NO_PAD.encode([vec![0; 200], bytes].concat());
    let padded = with(short, "n", json!(padded));
    assert_eq!(ends(vec![padded]).await, Some(SatelliteRefused::UnknownKey));
}

#[tokio::test]
async fn a2_a_kid_that_stands_twice_names_no_key() {
    let (ours, theirs) = (OURS.shown(KID), OTHER.shown(KID));
    for keys in [vec![ours.clone(), theirs.clone()], vec![theirs, ours.clone()], vec![ours.clone(), ours]] {
        assert_eq!(ends(keys).await, Some(SatelliteRefused::UnknownKey));
    }
}

#[tokio::test]
async fn a2_keys_of_4096_bits_are_used() {
    let large = Pair::new(4096);
    let tokens = tokens(&FakeHub::showing(vec![large.shown("large")]));
    assert!(verify(&tokens, &large.token("large", &claims()), NOW).await.is_ok());
}
