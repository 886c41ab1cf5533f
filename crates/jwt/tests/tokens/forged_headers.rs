//! Tests that a header other than ours is refused, under a good signature.

use serde_json::{Value, json};
use syft_space_domain::identity::TokenRefused;
use syft_space_jwt::SigningAlgorithm;

use crate::support::{Forger, after, before, with, without};

fn refused(header: impl Fn(&Forger) -> String, expected: TokenRefused) {
    for algorithm in SigningAlgorithm::ALL {
        let forger = Forger::new(algorithm);
        assert!(
            forger.with_header(&forger.header().to_string()).is_ok(),
            "the forger must know how to forge"
        );
        let header = header(&forger);
        assert_eq!(forger.with_header(&header).err(), Some(expected), "{algorithm}: {header}");
    }
}

#[test]
fn k3_no_algorithm_but_the_keys_own_is_accepted() {
    for alg in
        ["none", "None", "NONE", "nOnE", "", "HS384", "HS512", "RS256", "PS256", "ES384", "ES256K", "Ed25519"]
    {
        refused(|forger| with(forger.header(), "alg", json!(alg)), TokenRefused::WrongKind);
    }
    for alg in ["hs256", "Hs256", "eddsa", "EDDSA", "es256", " HS256", "HS256\0"] {
        refused(|forger| with(forger.header(), "alg", json!(alg)), TokenRefused::WrongKind);
    }
    refused(|forger| without(forger.header(), "alg"), TokenRefused::WrongKind);
}

#[test]
fn k3_no_type_but_ours_is_accepted() {
    for typ in ["JWT", "jwt", "AT+JWT", "application/at+jwt", "at+jwt ", "at+jwt\0", "id+jwt", "dpop+jwt", ""]
    {
        refused(|forger| with(forger.header(), "typ", json!(typ)), TokenRefused::WrongKind);
    }
    refused(|forger| without(forger.header(), "typ"), TokenRefused::WrongKind);
}

#[test]
fn k3_a_key_id_names_a_key_of_the_ring_and_nothing_else() {
    let long = "a".repeat(1000);
    for kid in [
        "",
        "../../../../dev/null",
        "/dev/null",
        "file:///dev/null",
        "https://evil.example/key",
        "' OR '1'='1",
        "x' UNION SELECT 'AAAA'; --",
        "| cat /etc/passwd",
        "\0",
        "null",
        long.as_str(),
    ] {
        refused(|forger| with(forger.header(), "kid", json!(kid)), TokenRefused::UnknownKey);
    }
    refused(
        |forger| with(forger.header(), "kid", json!(format!("{} ", forger.kid))),
        TokenRefused::UnknownKey,
    );
    refused(
        |forger| with(forger.header(), "kid", json!(format!("{}\0", forger.kid))),
        TokenRefused::UnknownKey,
    );
    refused(|forger| with(forger.header(), "kid", json!(forger.kid[1..])), TokenRefused::UnknownKey);
    refused(|forger| without(forger.header(), "kid"), TokenRefused::UnknownKey);
}

#[test]
fn k3_a_header_with_any_other_member_is_refused() {
    for (member, value) in [
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("crit", json!(["b64"])),
        ("b64", json!(false)),
        ("b64", json!(true)),
        ("zip", json!("DEF")),
        ("jwk", json!({"kty": "oct", "k": "AAAA"})),
        ("jku", json!("https://evil.example/jwks.json")),
        ("x5u", json!("https://evil.example/chain.pem")),
        ("x5c", json!(["MIIB"])),
        ("x5t", json!("AAAA")),
        ("x5t#S256", json!("AAAA")),
        ("cty", json!("JWT")),
        ("enc", json!("A256GCM")),
        ("epk", json!({})),
        ("iss", json!("https://space.example")),
        ("ALG", json!("none")),
    ] {
        refused(|forger| with(forger.header(), member, value.clone()), TokenRefused::Malformed);
    }
}

/// It may be a hub's, for which others verify it: those have members of their own.
#[test]
fn k1_a_token_of_another_kind_is_one_whatever_else_stands_in_its_header() {
    for (member, value) in [("x5t", json!("AAAA")), ("cty", json!("JWT")), ("foo", json!({ "bar": [1] }))] {
        for kind in ["alg", "typ"] {
            let other = json!(if kind == "alg" { "PS512" } else { "JWT" });
            let forged = |forger: &Forger| {
                let mut header = forger.header();
                header[member] = value.clone();
                header[kind] = other.clone();
                header.to_string()
            };
            refused(forged, TokenRefused::WrongKind);
        }
    }
}

#[test]
fn k3_a_header_member_that_is_no_text_is_refused() {
    for member in ["alg", "typ", "kid"] {
        for value in [Value::Null, json!(1), json!(true), json!([]), json!(["HS256"]), json!({})] {
            refused(|forger| with(forger.header(), member, value.clone()), TokenRefused::Malformed);
        }
    }
}

#[test]
fn k3_a_header_member_that_stands_twice_is_refused_whichever_would_win() {
    for member in
        [r#""alg":"none""#, r#""alg":"HS256""#, r#""typ":"JWT""#, r#""kid":"other""#, r#""\u0061lg":"none""#]
    {
        refused(|forger| before(&forger.header(), member), TokenRefused::Malformed);
        refused(|forger| after(&forger.header(), member), TokenRefused::Malformed);
    }
}

#[test]
fn k3_a_header_that_is_no_object_is_refused() {
    for header in ["", " ", "{", "{}x", "null", "[]", "\"HS256\"", "5", "\u{feff}{}"] {
        refused(|_| header.to_owned(), TokenRefused::Malformed);
    }
    refused(|forger| forger.header().to_string() + "{}", TokenRefused::Malformed);
    refused(|forger| format!(" {}", forger.header()), TokenRefused::Malformed);
    refused(|forger| format!(r#"["HS256","at+jwt","{}"]"#, forger.kid), TokenRefused::Malformed);
}
