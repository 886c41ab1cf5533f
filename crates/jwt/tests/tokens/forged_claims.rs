//! Tests that claims that are not exactly right are refused, under a good signature.

use serde_json::{Value, json};
use syft_space_domain::identity::TokenRefused;
use syft_space_jwt::SigningAlgorithm;

use crate::support::{AUDIENCE, Forger, ISSUER, LIFETIME, NOW, after, before, with, without};

fn refused(payload: impl Fn(&Forger) -> String, expected: TokenRefused) {
    let forger = Forger::new(SigningAlgorithm::Hs256);
    assert!(forger.with_claims(&forger.claims().to_string()).is_ok(), "the forger must know how to forge");
    let payload = payload(&forger);
    assert_eq!(forger.with_claims(&payload).err(), Some(expected), "{payload}");
}

#[test]
fn k1_each_claim_is_needed_and_null_is_none() {
    for claim in ["iss", "aud", "sub", "tid", "tenant", "email", "role", "sid", "jti", "iat", "exp"] {
        refused(|forger| without(forger.claims(), claim), TokenRefused::BadClaims);
        refused(|forger| with(forger.claims(), claim, Value::Null), TokenRefused::BadClaims);
    }
}

#[test]
fn k1_a_time_is_a_whole_number_and_never_taken_for_absent() {
    for claim in ["exp", "iat", "nbf"] {
        for value in [
            r#""1800000000""#,
            r#""""#,
            r#""never""#,
            "1800000000.0",
            "1800000000.5",
            "1.5",
            "18e8",
            "1e400",
            "-1e400",
            "-1",
            "-0",
            "NaN",
            "Infinity",
            "null",
            "true",
            "false",
            "[1800000000]",
            "[]",
            "{}",
            "18446744073709551615",
            "18446744073709551616",
            "9223372036854775807",
            "99999999999999999999999999",
            "01800000000",
            "+1800000000",
            "0x6B49D200",
        ] {
            let payload = |forger: &Forger| {
                let mut claims = forger.claims();
                claims.as_object_mut().unwrap().remove(claim);
                after(&claims, &format!(r#""{claim}":{value}"#))
            };
            refused(payload, TokenRefused::BadClaims);
        }
    }
}

#[test]
fn k3_the_audience_is_one_text_and_exactly_ours() {
    for audience in [
        json!([AUDIENCE]),
        json!([AUDIENCE, "other"]),
        json!([]),
        json!({}),
        json!(""),
        json!("other"),
        json!("Syft-Space"),
        json!("syft-space "),
        json!("syft-space-2"),
        json!("syft"),
        json!(1),
    ] {
        refused(|forger| with(forger.claims(), "aud", audience.clone()), TokenRefused::BadClaims);
    }
}

#[test]
fn k3_the_issuer_is_exactly_ours() {
    for issuer in [
        "",
        "https://space.example/",
        "https://SPACE.example",
        "http://space.example",
        "https://evil.example",
    ] {
        refused(|forger| with(forger.claims(), "iss", json!(issuer)), TokenRefused::BadClaims);
    }
    refused(|forger| with(forger.claims(), "iss", json!([ISSUER])), TokenRefused::BadClaims);
}

#[test]
fn an_id_that_is_no_id_is_refused() {
    for claim in ["sub", "tid", "jti"] {
        for value in
            [json!(""), json!("alice"), json!("' OR '1'='1"), json!(7), json!(["x"]), json!("0".repeat(32))]
        {
            refused(|forger| with(forger.claims(), claim, value.clone()), TokenRefused::BadClaims);
        }
    }
}

#[test]
fn a_role_a_name_or_an_address_that_is_none_is_refused() {
    for (claim, value) in [
        ("role", json!("root")),
        ("role", json!("OWNER")),
        ("role", json!(["owner"])),
        ("tenant", json!("Not A Name")),
        ("tenant", json!(1)),
        ("email", json!(true)),
        ("email", json!("no address")),
    ] {
        refused(|forger| with(forger.claims(), claim, value.clone()), TokenRefused::BadClaims);
    }
}

#[test]
fn a_token_lives_no_longer_than_it_may_and_at_least_a_second() {
    refused(|forger| with(forger.claims(), "exp", json!(NOW + LIFETIME + 1)), TokenRefused::BadClaims);
    refused(|forger| with(forger.claims(), "exp", json!(NOW)), TokenRefused::BadClaims);
    refused(|forger| with(forger.claims(), "exp", json!(NOW - 1)), TokenRefused::BadClaims);
    refused(|forger| with(forger.claims(), "exp", json!(0)), TokenRefused::BadClaims);
    refused(|forger| with(forger.claims(), "iat", json!(0)), TokenRefused::BadClaims);
}

#[test]
fn a_token_of_another_time_is_refused() {
    let spanning = |from: u64, to: u64| {
        move |forger: &Forger| {
            let mut claims = forger.claims();
            claims["iat"] = json!(from);
            claims["exp"] = json!(to);
            claims.to_string()
        }
    };
    refused(spanning(NOW - 10, NOW), TokenRefused::Expired);
    refused(spanning(NOW + 6, NOW + 10), TokenRefused::NotYetValid);
    refused(|forger| with(forger.claims(), "nbf", json!(NOW + 6)), TokenRefused::NotYetValid);
    let forger = Forger::new(SigningAlgorithm::Hs256);
    assert!(forger.with_claims(&spanning(NOW + 5, NOW + 10)(&forger)).is_ok());
    assert!(forger.with_claims(&with(forger.claims(), "nbf", json!(NOW + 5))).is_ok());
    assert!(forger.with_claims(&with(forger.claims(), "nbf", json!(0))).is_ok());
}

#[test]
fn k1_a_claim_that_stands_twice_is_refused_whichever_would_win() {
    for claim in [
        r#""exp":99999999999"#,
        r#""exp":1800000900"#,
        r#""sub":"root""#,
        r#""role":"owner""#,
        r#""\u0065xp":1800000900"#,
    ] {
        refused(|forger| before(&forger.claims(), claim), TokenRefused::BadClaims);
        refused(|forger| after(&forger.claims(), claim), TokenRefused::BadClaims);
    }
}

#[test]
fn an_unknown_claim_is_refused_at_any_depth() {
    for claim in [r#""admin":true"#, r#""x":{"y":1,"y":2}"#, r#""EXP":1"#, r#""cnf":{"jwk":{}}"#] {
        refused(|forger| after(&forger.claims(), claim), TokenRefused::BadClaims);
    }
    let deep = format!(r#""x":{}{}"#, "[".repeat(1000), "]".repeat(1000));
    refused(|forger| after(&forger.claims(), &deep), TokenRefused::BadClaims);
}

#[test]
fn claims_that_are_no_object_are_refused() {
    for payload in ["", " ", "{", "{}", "null", "[]", "\"\"", "5"] {
        refused(|_| payload.to_owned(), TokenRefused::BadClaims);
    }
    refused(|forger| forger.claims().to_string() + "{}", TokenRefused::BadClaims);
    refused(
        |forger| {
            let values: Vec<Value> = forger.claims().as_object().unwrap().values().cloned().collect();
            json!(values).to_string()
        },
        TokenRefused::BadClaims,
    );
}
