//! Tests that a token of ours says what it must, to us and to others.

use std::time::Duration;

use josekit::jwk::Jwk;
use josekit::jws::{ES256, EdDSA, HS256, JwsVerifier};
use josekit::jwt;
use serde_json::json;
use syft_space_domain::identity::TokenRefused;
use syft_space_domain::identity::ports::AccessTokens;
use syft_space_domain::time::Timestamp;
use syft_space_jwt::{JwtTokens, SigningAlgorithm, TokenSettings, TokenSettingsError};

use crate::support::{AUDIENCE, Forger, ISSUER, LIFETIME, NOW, Seeded, at, claims, ring, settings, tokens};

#[test]
fn a_token_gives_back_the_claims_it_was_signed_with() {
    for algorithm in SigningAlgorithm::ALL {
        let tokens = tokens(ring(algorithm));
        let token = tokens.sign(&claims()).unwrap();
        assert_eq!(tokens.verify(token.expose(), at(NOW)), Ok(claims()), "{algorithm}");
    }
}

#[test]
fn a_token_has_the_published_header_and_claims_and_no_others() {
    let forger = Forger::new(SigningAlgorithm::Hs256);
    let claims = claims();
    assert_eq!(
        forger.claims(),
        json!({
            "iss": ISSUER, "aud": AUDIENCE, "sub": claims.account.to_string(), "email": "alice@example.com",
            "tenant": "acme", "tid": claims.tenant.to_string(), "role": "admin", "sid": claims.session.to_string(),
            "jti": claims.id.to_string(),
            "iat": NOW, "exp": NOW + LIFETIME,
        })
    );
    let token = forger.tokens.sign(&claims).unwrap();
    let header = jwt::decode_header(token.expose()).unwrap();
    assert_eq!(header.claim("alg"), Some(&json!("HS256")));
    assert_eq!(header.claim("typ"), Some(&json!("at+jwt")));
    assert_eq!(header.claim("kid"), Some(&json!(forger.kid)));
}

#[test]
fn josekits_own_reader_accepts_our_tokens_with_the_key_from_the_file() {
    for algorithm in SigningAlgorithm::ALL {
        let forger = Forger::new(algorithm);
        let jwk = Jwk::from_bytes(forger.jwk.to_string()).unwrap();
        let verifier: Box<dyn JwsVerifier> = match algorithm {
            SigningAlgorithm::Hs256 => Box::new(HS256.verifier_from_jwk(&jwk).unwrap()),
            SigningAlgorithm::EdDsa => Box::new(EdDSA.verifier_from_jwk(&jwk).unwrap()),
            SigningAlgorithm::Es256 => Box::new(ES256.verifier_from_jwk(&jwk).unwrap()),
        };
        let token = forger.tokens.sign(&claims()).unwrap();
        let (payload, _) = jwt::decode_with_verifier(token.expose(), &*verifier).unwrap();
        assert_eq!(payload.subject(), Some(claims().account.to_string().as_str()), "{algorithm}");
    }
}

#[test]
fn exp_has_no_leeway_and_iat_has_five_seconds() {
    let tokens = tokens(ring(SigningAlgorithm::Hs256));
    let token = tokens.sign(&claims()).unwrap();
    let verify = |micros: i64| {
        let moment = Timestamp::from_unix_micros(at(NOW).as_unix_micros() + micros);
        tokens.verify(token.expose(), moment).map(|_| ())
    };
    let second = 1_000_000;
    assert_eq!(verify(-5 * second - 1), Err(TokenRefused::NotYetValid));
    assert_eq!(verify(-5 * second), Ok(()));
    assert_eq!(verify(900 * second - 1), Ok(()));
    assert_eq!(verify(900 * second), Err(TokenRefused::Expired));
}

#[test]
fn what_would_be_refused_is_not_signed() {
    let tokens = tokens(ring(SigningAlgorithm::Hs256));
    let mut too_long = claims();
    too_long.expires_at = at(NOW + LIFETIME + 1);
    assert!(tokens.sign(&too_long).is_err());
    let mut backwards = claims();
    backwards.expires_at = at(NOW - 1);
    assert!(tokens.sign(&backwards).is_err());
    let mut ancient = claims();
    ancient.issued_at = Timestamp::from_unix_micros(-1);
    ancient.expires_at = at(5);
    assert!(tokens.sign(&ancient).is_err());
}

#[test]
fn a_token_of_another_space_is_refused() {
    let settings = TokenSettings { issuer: "https://other.example".to_owned(), ..settings() };
    let other = JwtTokens::new(ring(SigningAlgorithm::Hs256), settings, &Seeded::new(2)).unwrap();
    let token = other.sign(&claims()).unwrap();
    let here = tokens(ring(SigningAlgorithm::Hs256));
    assert_eq!(here.verify(token.expose(), at(NOW)), Err(TokenRefused::BadClaims));
}

#[test]
fn a_shorter_lifetime_holds_for_the_tokens_already_out() {
    let token = tokens(ring(SigningAlgorithm::Hs256)).sign(&claims()).unwrap();
    let settings = TokenSettings { lifetime: Duration::from_secs(LIFETIME - 1), ..settings() };
    let stricter = JwtTokens::new(ring(SigningAlgorithm::Hs256), settings, &Seeded::new(2)).unwrap();
    assert_eq!(stricter.verify(token.expose(), at(NOW)), Err(TokenRefused::BadClaims));
}

#[test]
fn settings_of_no_use_are_refused_with_a_reason() {
    let try_with = |settings| JwtTokens::new(ring(SigningAlgorithm::Hs256), settings, &Seeded::new(2)).err();
    let nameless = TokenSettings { issuer: String::new(), ..settings() };
    assert_eq!(try_with(nameless), Some(TokenSettingsError::NoName));
    let nameless = TokenSettings { audience: String::new(), ..settings() };
    assert_eq!(try_with(nameless), Some(TokenSettingsError::NoName));
    let fraction = TokenSettings { lifetime: Duration::from_millis(1500), ..settings() };
    assert_eq!(try_with(fraction), Some(TokenSettingsError::Lifetime));
    let none = TokenSettings { lifetime: Duration::ZERO, ..settings() };
    assert_eq!(try_with(none), Some(TokenSettingsError::Lifetime));
}

#[test]
fn a_token_that_would_be_too_long_is_not_signed() {
    let settings = TokenSettings { issuer: "x".repeat(4096), ..settings() };
    let tokens = JwtTokens::new(ring(SigningAlgorithm::Hs256), settings, &Seeded::new(2)).unwrap();
    assert!(tokens.sign(&claims()).is_err());
}
