//! Tests that no key serves another algorithm, and that no foreign key is slipped in.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use josekit::jwk::Jwk;
use josekit::jwk::KeyPair;
use josekit::jwk::alg::ec::EcKeyPair;
use josekit::jwk::alg::ed::EdKeyPair;
use josekit::jws::{ES256, EdDSA, HS256, JwsSigner};
use serde_json::{Value, json};
use std::time::Duration;
use syft_space_domain::identity::TokenRefused;
use syft_space_domain::identity::ports::AccessTokens;
use syft_space_jwt::SigningAlgorithm;

use crate::support::{Forger, NOW, Seeded, at, claims, ring, tokens};

fn signed_by(signer: &dyn JwsSigner, header: &Value, claims: &Value) -> String {
    let signed = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header.to_string()),
        URL_SAFE_NO_PAD.encode(claims.to_string())
    );
    let signature = signer.sign(signed.as_bytes()).unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

#[test]
fn k3_a_public_key_is_no_hmac_secret_in_any_of_its_forms() {
    for algorithm in [SigningAlgorithm::EdDsa, SigningAlgorithm::Es256] {
        let forger = Forger::new(algorithm);
        let jwk = Jwk::from_bytes(forger.jwk.to_string()).unwrap();
        let pair: Box<dyn KeyPair> = match algorithm {
            SigningAlgorithm::EdDsa => Box::new(EdKeyPair::from_jwk(&jwk).unwrap()),
            _ => Box::new(EcKeyPair::from_jwk(&jwk).unwrap()),
        };
        let x = URL_SAFE_NO_PAD.decode(forger.jwk["x"].as_str().unwrap()).unwrap();
        let published = forger.tokens.public_jwks(at(NOW))["keys"][0].to_string().into_bytes();
        let der = pair.to_der_public_key();
        let base64 = STANDARD.encode(&der).into_bytes();
        let text = forger.jwk["x"].as_str().unwrap().as_bytes().to_vec();
        for secret in [x, der, base64, pair.to_pem_public_key(), published, text, vec![0; 32]] {
            let signer = HS256.signer_from_bytes(secret).unwrap();
            let confused = json!({"alg": "HS256", "typ": "at+jwt", "kid": forger.kid});
            let token = signed_by(&signer, &confused, &forger.claims());
            assert_eq!(forger.verify(&token), Err(TokenRefused::WrongKind), "{algorithm} as HS256");
            let token = signed_by(&signer, &forger.header(), &forger.claims());
            assert_eq!(forger.verify(&token), Err(TokenRefused::BadSignature), "{algorithm} by an HMAC");
        }
    }
}

#[test]
fn k3_a_secret_is_no_private_key() {
    let forger = Forger::new(SigningAlgorithm::Hs256);
    for alg in ["ES256", "EdDSA"] {
        let header = json!({"alg": alg, "typ": "at+jwt", "kid": forger.kid});
        assert_eq!(forger.with_header(&header.to_string()).err(), Some(TokenRefused::WrongKind));
    }
}

#[test]
fn k3_another_key_does_not_sign_for_ours_even_if_it_comes_along() {
    let theirs = EdKeyPair::generate(josekit::jwk::alg::ed::EdCurve::Ed25519).unwrap();
    let signer = EdDSA.signer_from_der(theirs.to_der_private_key()).unwrap();
    let forger = Forger::new(SigningAlgorithm::EdDsa);
    let token = signed_by(&signer, &forger.header(), &forger.claims());
    assert_eq!(forger.verify(&token), Err(TokenRefused::BadSignature));
    let mut header = forger.header();
    header["jwk"] = serde_json::to_value(theirs.to_jwk_public_key()).unwrap();
    assert_eq!(forger.verify(&signed_by(&signer, &header, &forger.claims())), Err(TokenRefused::Malformed));
    let their_kid = json!({"alg": "EdDSA", "typ": "at+jwt", "kid": "theirs"});
    assert_eq!(
        forger.verify(&signed_by(&signer, &their_kid, &forger.claims())),
        Err(TokenRefused::UnknownKey)
    );
}

#[test]
fn k3_in_a_ring_of_several_kinds_no_key_signs_under_anothers_id() {
    let mut ring = ring(SigningAlgorithm::Hs256);
    let minute = Duration::from_secs(60);
    ring.rotate(SigningAlgorithm::EdDsa, minute, at(NOW), &Seeded::new(7)).unwrap();
    ring.rotate(SigningAlgorithm::Es256, minute, at(NOW), &Seeded::new(8)).unwrap();
    let file: Value = serde_json::from_str(ring.to_json().expose()).unwrap();
    let tokens = tokens(ring);
    let template = Forger::new(SigningAlgorithm::Hs256).claims();
    let keys = file["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 3);
    let signer = |key: &Value| -> Box<dyn JwsSigner> {
        let jwk = Jwk::from_bytes(key.to_string()).unwrap();
        match key["alg"].as_str().unwrap() {
            "HS256" => Box::new(HS256.signer_from_jwk(&jwk).unwrap()),
            "EdDSA" => Box::new(EdDSA.signer_from_jwk(&jwk).unwrap()),
            _ => Box::new(ES256.signer_from_jwk(&jwk).unwrap()),
        }
    };
    for named in keys {
        for said in keys {
            for signing in keys {
                let header = json!({"alg": said["alg"], "typ": "at+jwt", "kid": named["kid"]});
                let verdict = tokens.verify(&signed_by(&*signer(signing), &header, &template), at(NOW));
                let expected = if said != named {
                    Err(TokenRefused::WrongKind)
                } else if signing != named {
                    Err(TokenRefused::BadSignature)
                } else {
                    Ok(claims())
                };
                assert_eq!(
                    verdict, expected,
                    "{} named, {} said, {} signing",
                    named["alg"], said["alg"], signing["alg"]
                );
            }
        }
    }
}

#[test]
fn k3_a_token_without_a_signature_is_refused() {
    for algorithm in SigningAlgorithm::ALL {
        let forger = Forger::new(algorithm);
        for alg in ["none", "None", "NONE", "nOnE"] {
            let header = json!({"alg": alg, "typ": "at+jwt", "kid": forger.kid});
            let header = URL_SAFE_NO_PAD.encode(header.to_string());
            let token = format!("{header}.{}.", URL_SAFE_NO_PAD.encode(forger.claims().to_string()));
            assert_eq!(forger.verify(&token), Err(TokenRefused::WrongKind), "{alg}");
        }
        let token = forger.tokens.sign(&claims()).unwrap();
        let (signed, _) = token.expose().rsplit_once('.').unwrap();
        assert_eq!(forger.verify(&format!("{signed}.")), Err(TokenRefused::BadSignature));
        assert_eq!(forger.verify(&format!("{signed}.AA")), Err(TokenRefused::BadSignature));
    }
}
