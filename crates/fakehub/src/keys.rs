//! The RSA keys that sign satellite tokens.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::sign::{Signer, Verifier};
use serde_json::{Value, json};

use crate::FakeHubError;

/// Public test keys. They save the time of generating keys, and are not secret.
const INSECURE_TEST_KEYS: [&str; 3] = [
    include_str!("../keys/insecure-test-key-1.pem"),
    include_str!("../keys/insecure-test-key-2.pem"),
    include_str!("../keys/insecure-test-key-3.pem"),
];
const INSECURE_SHORT_TEST_KEY: &str = include_str!("../keys/insecure-test-key-short.pem");

/// The default key id of a hub. It stays the same when the key is replaced.
pub const DEFAULT_KID: &str = "hub-key-1";

/// An RSA key of a hub.
#[derive(Clone)]
pub struct HubKey {
    kid: String,
    pair: PKey<Private>,
}

impl HubKey {
    fn from_pem(pem: &str) -> Result<Self, FakeHubError> {
        Ok(Self { kid: DEFAULT_KID.to_owned(), pair: PKey::private_key_from_pem(pem.as_bytes())? })
    }

    /// One of the three test keys of 2048 bits, by number modulo 3.
    ///
    /// # Errors
    /// When OpenSSL fails.
    pub fn insecure_test_key(number: usize) -> Result<Self, FakeHubError> {
        let [first, second, third] = INSECURE_TEST_KEYS;
        Self::from_pem(match number % 3 {
            0 => first,
            1 => second,
            _ => third,
        })
    }

    /// The test key of 1024 bits.
    ///
    /// # Errors
    /// When OpenSSL fails.
    pub fn insecure_short_test_key() -> Result<Self, FakeHubError> {
        Self::from_pem(INSECURE_SHORT_TEST_KEY)
    }

    /// Generates a key. It takes a while.
    ///
    /// # Errors
    /// When OpenSSL does not support the length.
    pub fn generate(bits: u32) -> Result<Self, FakeHubError> {
        Ok(Self { kid: DEFAULT_KID.to_owned(), pair: PKey::from_rsa(Rsa::generate(bits)?)? })
    }

    /// This key with another key id.
    #[must_use]
    pub fn named(self, kid: &str) -> Self {
        Self { kid: kid.to_owned(), ..self }
    }

    /// The key id.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The public key as a JWK (RFC 7517), which a test may change.
    ///
    /// # Errors
    /// When OpenSSL fails.
    pub fn jwk(&self) -> Result<Value, FakeHubError> {
        let rsa = self.pair.rsa()?;
        let number = |number: &openssl::bn::BigNumRef| URL_SAFE_NO_PAD.encode(number.to_vec());
        Ok(json!({
            "kty": "RSA", "kid": self.kid, "use": "sig", "alg": "RS256",
            "n": number(rsa.n()), "e": number(rsa.e()),
        }))
    }

    /// The public key in PEM. In an algorithm-confusion attack it is the HMAC secret.
    ///
    /// # Errors
    /// When OpenSSL fails.
    pub fn public_pem(&self) -> Result<Vec<u8>, FakeHubError> {
        Ok(self.pair.public_key_to_pem()?)
    }

    /// Signs a token with any header and any claims (RS256).
    ///
    /// # Errors
    /// When OpenSSL fails.
    pub fn sign(&self, header: &Value, claims: &Value) -> Result<String, FakeHubError> {
        self.sign_text(&header.to_string(), &claims.to_string())
    }

    /// Signs a token of two texts that need not be JSON (RS256).
    ///
    /// # Errors
    /// When OpenSSL fails.
    pub fn sign_text(&self, header: &str, claims: &str) -> Result<String, FakeHubError> {
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let mut signer = Signer::new(MessageDigest::sha256(), &self.pair)?;
        signer.update(signed.as_bytes())?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signer.sign_to_vec()?)))
    }

    /// The usual header of this key's tokens.
    #[must_use]
    pub fn header(&self) -> Value {
        json!({"alg": "RS256", "kid": self.kid, "typ": "JWT"})
    }

    pub(crate) fn verifies(&self, signed: &str, signature: &[u8]) -> bool {
        let verify = || {
            let mut verifier = Verifier::new(MessageDigest::sha256(), &self.pair)?;
            verifier.update(signed.as_bytes())?;
            verifier.verify(signature)
        };
        verify().unwrap_or(false)
    }
}

/// Signs a token with an HMAC (HS256), as for the hub's session tokens or an algorithm-confusion attack.
///
/// # Errors
/// When OpenSSL fails.
pub fn hs256(secret: &[u8], header: &str, claims: &str) -> Result<String, FakeHubError> {
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let key = PKey::hmac(secret)?;
    let mut signer = Signer::new(MessageDigest::sha256(), &key)?;
    signer.update(signed.as_bytes())?;
    Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signer.sign_to_vec()?)))
}

/// Random bytes.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], FakeHubError> {
    let mut bytes = [0; N];
    openssl::rand::rand_bytes(&mut bytes)?;
    Ok(bytes)
}

/// A random UUID (RFC 9562, section 5.4).
pub(crate) fn random_uuid() -> Result<uuid::Uuid, FakeHubError> {
    Ok(uuid::Builder::from_random_bytes(random()?).into_uuid())
}
