//! Tests that headers and claims that are not exactly right are refused, under a good signature.

use serde_json::{Value, json};
use syft_space_domain::ids::HubId;
use syft_space_domain::marketplace::{Audience, HubRole, SatelliteClaims, SatelliteRefused};

use crate::support::{FakeHub, ISSUER, KID, NOW, OURS, at, claims, header, tokens, verify};

async fn ends(header: &str, payload: &str) -> Option<SatelliteRefused> {
    let tokens = tokens(&FakeHub::showing(vec![OURS.shown(KID)]));
    verify(&tokens, &OURS.sign(header, payload), NOW).await.err()
}

async fn with_claims(payload: &str) -> Option<SatelliteRefused> {
    ends(&header(KID).to_string(), payload).await
}

async fn with_header(header: &str) -> Option<SatelliteRefused> {
    ends(header, &claims().to_string()).await
}

/// The object with a member set to what is written here, or without it.
fn set(mut object: Value, member: &str, raw: Option<&str>) -> String {
    object.as_object_mut().unwrap().remove(member);
    let text = object.to_string();
    match raw {
        None => text,
        Some(raw) => format!(r#"{},"{member}":{raw}}}"#, text.strip_suffix('}').unwrap()),
    }
}

#[tokio::test]
async fn a2_a_token_as_hubs_write_it_passes_and_says_who_comes() {
    let tokens = tokens(&FakeHub::showing(vec![OURS.shown(KID)]));
    let expected = |subject: &str, role| SatelliteClaims {
        hub: HubId::from_bytes([1; 16]),
        subject: subject.to_owned(),
        audience: Audience::parse("spaceowner").unwrap(),
        role,
        issued_at: at(NOW),
        not_before: at(NOW),
        expires_at: at(NOW + 60),
    };
    for (subject, role) in [("2", HubRole::User), ("2", HubRole::Admin), ("guest", HubRole::Guest)] {
        let mut claims = claims();
        (claims["sub"], claims["role"]) = (json!(subject), json!(role.as_str()));
        let token = OURS.token(KID, &claims);
        // Again and again: nothing in it is for one use.
        for _ in 0..3 {
            assert_eq!(verify(&tokens, &token, NOW).await, Ok(expected(subject, role)));
        }
    }
}

#[tokio::test]
async fn k1_each_claim_is_needed_and_stands_once() {
    assert_eq!(with_claims(&claims().to_string()).await, None);
    for claim in ["sub", "iss", "aud", "exp", "iat", "role"] {
        for raw in [None, Some("null")] {
            let payload = set(claims(), claim, raw);
            assert_eq!(with_claims(&payload).await, Some(SatelliteRefused::BadClaims), "{payload}");
        }
        let twice = claims().to_string().replacen('{', &format!(r#"{{"{claim}":{},"#, claims()[claim]), 1);
        assert_eq!(with_claims(&twice).await, Some(SatelliteRefused::BadClaims), "{twice}");
        let escaped = format!(r#"{{"\u00{:02x}{}":{},"#, claim.as_bytes()[0], &claim[1..], claims()[claim]);
        let twice = claims().to_string().replacen('{', &escaped, 1);
        assert_eq!(with_claims(&twice).await, Some(SatelliteRefused::BadClaims), "{twice}");
    }
}

#[tokio::test]
async fn k1_what_is_not_known_is_ignored_but_may_not_stand_twice() {
    for (more, raw) in [
        ("jti", r#""0b6d""#),
        ("email", r#""a@b.c""#),
        ("username", r#""alice""#),
        ("sid", "7"),
        ("ver", "[1.5,null]"),
        ("tenant", r#"{"role":"owner","sub":"1"}"#),
        ("", "true"),
        ("Role", r#""owner""#),
        ("AUD", r#""another""#),
    ] {
        let payload = set(claims(), more, Some(raw));
        assert_eq!(with_claims(&payload).await, None, "{payload}");
        let twice = payload.replacen('{', &format!(r#"{{"{more}":{raw},"#), 1);
        assert_eq!(with_claims(&twice).await, Some(SatelliteRefused::BadClaims), "{twice}");
    }
    let within = set(claims(), "act", Some(r#"{"sub":"1","sub":"2"}"#));
    assert_eq!(with_claims(&within).await, Some(SatelliteRefused::BadClaims), "{within}");
    for (more, raw) in [
        ("x5t", r#""x""#),
        ("cty", r#""JWT""#),
        ("zip", r#""DEF""#),
        ("jku", r#""https://evil.example/jwks""#),
        ("x5u", r#""https://evil.example/x""#),
        ("x5c", "[]"),
        ("jwk", r#"{"kty":"oct","k":"AA"}"#),
        ("v", "2"),
    ] {
        let header = set(header(KID), more, Some(raw));
        assert_eq!(with_header(&header).await, None, "{header}");
        let twice = header.replacen('{', &format!(r#"{{"{more}":{raw},"#), 1);
        assert_eq!(with_header(&twice).await, Some(SatelliteRefused::Malformed), "{twice}");
    }
}

#[tokio::test]
async fn k3_a_token_with_a_mark_of_another_kind_is_refused() {
    for mark in ["scope", "client_id", "token_use", "azp", "nonce"] {
        for raw in [r#""x""#, "null", "[]", r#""""#] {
            let payload = set(claims(), mark, Some(raw));
            assert_eq!(with_claims(&payload).await, Some(SatelliteRefused::WrongKind), "{payload}");
        }
    }
    let of_type = async |raw: &str| with_claims(&set(claims(), "type", Some(raw))).await;
    assert_eq!(of_type(r#""satellite""#).await, None);
    for raw in [r#""access""#, r#""refresh""#, r#""peer""#, r#""""#] {
        assert_eq!(of_type(raw).await, Some(SatelliteRefused::WrongKind), "{raw}");
    }
    assert_eq!(of_type("null").await, Some(SatelliteRefused::BadClaims));
}

#[tokio::test]
async fn a2_a_token_is_not_good_before_its_time() {
    let tokens = tokens(&FakeHub::showing(vec![OURS.shown(KID)]));
    let at = async |nbf: &str, now: i64| {
        let payload = set(claims(), "nbf", Some(nbf));
        verify(&tokens, &OURS.sign(&header(KID).to_string(), &payload), now).await.err()
    };
    let later = (NOW + 20).to_string();
    assert_eq!(at(&NOW.to_string(), NOW).await, None);
    assert_eq!(at("0", NOW).await, None);
    assert_eq!(at(&later, NOW + 14).await, Some(SatelliteRefused::NotYetValid));
    assert_eq!(at(&later, NOW + 15).await, None, "within the leeway");
    assert_eq!(at(&later, NOW + 14).await, Some(SatelliteRefused::NotYetValid), "a clock was set back");
    for raw in [r#""0""#, "1.5", "-1", "null", "true", "[0]", "18446744073709551615"] {
        assert_eq!(at(raw, NOW).await, Some(SatelliteRefused::BadClaims), "{raw}");
    }
}

#[tokio::test]
async fn k1_a_time_is_a_whole_number_and_never_taken_for_absent() {
    for claim in ["exp", "iat"] {
        for raw in [
            r#""1800000000""#,
            r#""""#,
            "1800000000.0",
            "1800000000.5",
            "18e8",
            "1e400",
            "-1",
            "-0",
            "NaN",
            "Infinity",
            "true",
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
            let payload = set(claims(), claim, Some(raw));
            assert_eq!(with_claims(&payload).await, Some(SatelliteRefused::BadClaims), "{payload}");
        }
    }
}

#[tokio::test]
async fn k3_every_claim_is_of_its_type_and_kind() {
    for (claim, raws) in [
        ("sub", &["2", "\"\"", "\"a b\"", "\"a\\u0000\"", "[\"2\"]", "\"guest\"", "\"ü\""][..]),
        ("aud", &["[\"spaceowner\"]", "\"SpaceOwner\"", "\" spaceowner\"", "\"a,b,c\"", "\"\"", "7", "{}"]),
        ("role", &["\"owner\"", "\"User\"", "\"\"", "[\"user\"]", "1", "\"guest\"", "\"user \""]),
    ] {
        for raw in raws {
            let payload = set(claims(), claim, Some(raw));
            assert_eq!(with_claims(&payload).await, Some(SatelliteRefused::BadClaims), "{payload}");
        }
    }
    let long = format!("\"{}\"", "2".repeat(256));
    let payload = set(claims(), "sub", Some(&long));
    assert_eq!(with_claims(&payload).await, Some(SatelliteRefused::BadClaims));
}

#[tokio::test]
async fn k3_the_issuer_is_a_trusted_hubs_byte_for_byte() {
    for issuer in ["https://hub.syft.com/", "https://HUB.syft.com", "http://hub.syft.com", "", "*", "x"] {
        let payload = set(claims(), "iss", Some(&json!(issuer).to_string()));
        assert_eq!(with_claims(&payload).await, Some(SatelliteRefused::UnknownIssuer), "{payload}");
    }
    let payload = set(claims(), "iss", Some(&json!([ISSUER]).to_string()));
    assert_eq!(with_claims(&payload).await, Some(SatelliteRefused::BadClaims));
}

#[tokio::test]
async fn a2_times_hold_to_within_five_seconds_and_a_life_to_five_minutes() {
    let tokens = tokens(&FakeHub::showing(vec![OURS.shown(KID)]));
    let token = |iat: i64, exp: i64| {
        let mut claims = claims();
        (claims["iat"], claims["exp"]) = (json!(iat), json!(exp));
        OURS.token(KID, &claims)
    };
    for (iat, exp, outcome) in [
        (NOW, NOW + 60, None),
        (NOW + 5, NOW + 60, None),
        (NOW + 6, NOW + 60, Some(SatelliteRefused::NotYetValid)),
        (NOW - 60, NOW - 4, None),
        (NOW - 60, NOW - 5, Some(SatelliteRefused::Expired)),
        (NOW, NOW + 300, None),
        (NOW, NOW + 301, Some(SatelliteRefused::TooLongLived)),
        (0, i64::MAX / 1_000_000, Some(SatelliteRefused::TooLongLived)),
        (NOW, NOW, Some(SatelliteRefused::BadClaims)),
        (NOW + 1, NOW, Some(SatelliteRefused::BadClaims)),
    ] {
        assert_eq!(verify(&tokens, &token(iat, exp), NOW).await.err(), outcome, "{iat} {exp}");
    }
}

#[tokio::test]
async fn k3_the_header_names_rs256_and_a_key_and_no_type_but_jwt() {
    assert_eq!(with_header(&header(KID).to_string()).await, None);
    let kind = Some(SatelliteRefused::WrongKind);
    for alg in ["none", "None", "", "rs256", "RS384", "RS512", "PS256", "HS256", "ES256", "EdDSA", "RS256 "] {
        let header = set(header(KID), "alg", Some(&json!(alg).to_string()));
        assert_eq!(with_header(&header).await, kind, "{header}");
    }
    for typ in ["at+jwt", "jwt", "JWE", "", "application/jwt"] {
        let header = set(header(KID), "typ", Some(&json!(typ).to_string()));
        assert_eq!(with_header(&header).await, kind, "{header}");
    }
    let malformed = Some(SatelliteRefused::Malformed);
    for member in ["alg", "kid", "typ"] {
        for raw in [None, Some("null"), Some("[\"RS256\"]"), Some("1")] {
            let header = set(header(KID), member, raw);
            let outcome = if (member, raw) == ("typ", None) { None } else { malformed };
            assert_eq!(with_header(&header).await, outcome, "{header}");
        }
        let twice = header(KID).to_string().replacen('{', &format!(r#"{{"{member}":"x","#), 1);
        assert_eq!(with_header(&twice).await, malformed, "{twice}");
    }
    for (member, raw) in
        [("crit", r#"["exp"]"#), ("crit", "[]"), ("crit", "null"), ("b64", "false"), ("b64", "true")]
    {
        let header = set(header(KID), member, Some(raw));
        assert_eq!(with_header(&header).await, malformed, "{header}");
    }
}

#[tokio::test]
async fn k3_a_key_is_named_and_never_fetched_or_guessed() {
    for kid in [
        "hub-key-2",
        "",
        "../../etc/passwd",
        "' OR '1'='1",
        "hub-key-1 ",
        "HUB-KEY-1",
        "hub-key-1\0",
        "https://evil.example/key",
        &"k".repeat(2_000),
    ] {
        let header = set(header(KID), "kid", Some(&json!(kid).to_string()));
        assert_eq!(with_header(&header).await, Some(SatelliteRefused::UnknownKey), "{header}");
    }
}
