//! The keys and tokens that the tests share.

use std::sync::Mutex;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use josekit::jwk::Jwk;
use josekit::jws::{ES256, EdDSA, HS256, JwsSigner};
use serde_json::{Value, json};
use syft_space_domain::access::Role;
use syft_space_domain::identity::ports::AccessTokens;
use syft_space_domain::identity::{AccessClaims, Email, TokenRefused};
use syft_space_domain::ids::{AccountId, SessionId, TenantId, TokenId};
use syft_space_domain::random::{Entropy, RandomError};
use syft_space_domain::tenant::TenantName;
use syft_space_domain::time::Timestamp;
use syft_space_jwt::{JwtTokens, KeyRing, SigningAlgorithm, TokenSettings};

pub(crate) const ISSUER: &str = "https://space.example";
pub(crate) const AUDIENCE: &str = "syft-space";
pub(crate) const LIFETIME: u64 = 900;
pub(crate) const NOW: u64 = 1_800_000_000;

/// Bytes that follow from a seed.
pub(crate) struct Seeded(Mutex<blake3::OutputReader>);

impl Seeded {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Mutex::new(blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof()))
    }
}

impl Entropy for Seeded {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomError> {
        self.0.lock().unwrap().fill(buffer);
        Ok(())
    }
}

/// The time this many seconds after 1970.
pub(crate) fn at(seconds: u64) -> Timestamp {
    Timestamp::from_unix_micros(i64::try_from(seconds).unwrap() * 1_000_000)
}

pub(crate) fn settings() -> TokenSettings {
    TokenSettings {
        issuer: ISSUER.to_owned(),
        audience: AUDIENCE.to_owned(),
        lifetime: Duration::from_secs(LIFETIME),
        cached: 100,
    }
}

pub(crate) fn ring(algorithm: SigningAlgorithm) -> KeyRing {
    KeyRing::generate(algorithm, at(NOW), &Seeded::new(1)).unwrap()
}

pub(crate) fn tokens(ring: KeyRing) -> JwtTokens {
    JwtTokens::new(ring, settings(), &Seeded::new(2)).unwrap()
}

pub(crate) fn claims() -> AccessClaims {
    let entropy = Seeded::new(3);
    AccessClaims {
        account: AccountId::generate(at(NOW), &entropy).unwrap(),
        email: Email::parse("alice@example.com").unwrap(),
        tenant: TenantId::generate(at(NOW), &entropy).unwrap(),
        tenant_name: TenantName::parse("acme").unwrap(),
        role: Role::Admin,
        session: SessionId::from_bytes([7; 16]),
        id: TokenId::generate(at(NOW), &entropy).unwrap(),
        issued_at: at(NOW),
        expires_at: at(NOW + LIFETIME),
    }
}

/// One ring, what verifies with it, and a forger who has its keys.
pub(crate) struct Forger {
    pub(crate) tokens: JwtTokens,
    /// The current key as it is stored.
    pub(crate) jwk: Value,
    pub(crate) kid: String,
    algorithm: SigningAlgorithm,
}

impl Forger {
    pub(crate) fn new(algorithm: SigningAlgorithm) -> Self {
        let ring = ring(algorithm);
        let file: Value = serde_json::from_str(ring.to_json().expose()).unwrap();
        let jwk = file["keys"][0].clone();
        let kid = jwk["kid"].as_str().unwrap().to_owned();
        Self { tokens: tokens(ring), jwk, kid, algorithm }
    }

    fn signer(&self) -> Box<dyn JwsSigner> {
        let jwk = Jwk::from_bytes(self.jwk.to_string()).unwrap();
        match self.algorithm {
            SigningAlgorithm::Hs256 => Box::new(HS256.signer_from_jwk(&jwk).unwrap()),
            SigningAlgorithm::EdDsa => Box::new(EdDSA.signer_from_jwk(&jwk).unwrap()),
            SigningAlgorithm::Es256 => Box::new(ES256.signer_from_jwk(&jwk).unwrap()),
        }
    }

    /// The header that a token of this ring has.
    pub(crate) fn header(&self) -> Value {
        json!({"alg": self.algorithm.as_str(), "typ": "at+jwt", "kid": self.kid})
    }

    /// The claims that a token of this ring has.
    pub(crate) fn claims(&self) -> Value {
        let token = self.tokens.sign(&claims()).unwrap();
        let payload = token.expose().split('.').nth(1).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
    }

    /// A token of any two texts, with a good signature.
    pub(crate) fn sign(&self, header: &str, payload: &str) -> String {
        self.sign_parts(&URL_SAFE_NO_PAD.encode(header), &URL_SAFE_NO_PAD.encode(payload))
    }

    /// A token of two parts that are encoded already, with a good signature.
    pub(crate) fn sign_parts(&self, header: &str, payload: &str) -> String {
        let signed = format!("{header}.{payload}");
        let signature = self.signer().sign(signed.as_bytes()).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// How a token ends now.
    pub(crate) fn verify(&self, token: &str) -> Result<AccessClaims, TokenRefused> {
        self.tokens.verify(token, at(NOW))
    }

    /// How a token of a forged header ends.
    pub(crate) fn with_header(&self, header: &str) -> Result<AccessClaims, TokenRefused> {
        self.verify(&self.sign(header, &self.claims().to_string()))
    }

    /// How a token of forged claims ends.
    pub(crate) fn with_claims(&self, payload: &str) -> Result<AccessClaims, TokenRefused> {
        self.verify(&self.sign(&self.header().to_string(), payload))
    }
}

/// The object with a member set.
pub(crate) fn with(mut object: Value, member: &str, value: Value) -> String {
    object[member] = value;
    object.to_string()
}

/// The object without a member.
pub(crate) fn without(mut object: Value, member: &str) -> String {
    object.as_object_mut().unwrap().remove(member).unwrap();
    object.to_string()
}

/// The object's text with one more member, written as given, before the others.
pub(crate) fn before(object: &Value, member: &str) -> String {
    object.to_string().replacen('{', &format!("{{{member},"), 1)
}

/// The object's text with one more member, written as given, after the others.
pub(crate) fn after(object: &Value, member: &str) -> String {
    let text = object.to_string();
    format!("{},{member}}}", text.strip_suffix('}').unwrap())
}
