//! A signing key: what it signs, and what it verifies.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use josekit::jwk::KeyPair;
use josekit::jwk::alg::ec::{EcCurve, EcKeyPair};
use josekit::jwk::alg::ed::EdKeyPair;
use josekit::jws::{ES256, EdDSA, HS256, JwsSigner, JwsVerifier};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use syft_space_domain::random::{Entropy, RandomError};
use syft_space_domain::secret::Secret;
use syft_space_domain::time::Timestamp;

use crate::SigningAlgorithm;
use crate::header;

/// The length of each private key made here, and the least of any.
pub(crate) const KEY_BYTES: usize = 32;

/// A PKCS#8 key for Ed25519 (RFC 8410, section 7) up to its 32 bytes.
const ED25519_PKCS8: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// A PKCS#8 key for P-256 (RFC 5958 around RFC 5915, without the public part) up to its 32 bytes.
const P256_PKCS8: [u8; 35] = [
    0x30, 0x41, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
    0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x04, 0x27, 0x30, 0x25, 0x02, 0x01, 0x01, 0x04,
    0x20,
];

/// The order of P-256 (FIPS 186-5): a private key is a number from 1 to below it.
const P256_ORDER: [u8; KEY_BYTES] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc,
    0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

/// The public key of an asymmetric pair, as a key set writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PublicKey {
    pub(crate) x: String,
    pub(crate) y: Option<String>,
}

/// The check of a signature.
enum SignatureCheck {
    /// An HMAC with the same secret. josekit's own HMAC verifier compares with `==`, which tells by its time where two
    /// values differ; so the code is computed by its signer and compared here.
    Mac,
    Public(Box<dyn JwsVerifier>),
}

/// A key, with everything that is derived from it.
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) algorithm: SigningAlgorithm,
    pub(crate) created_at: Timestamp,
    /// The time from which its tokens are refused. The current key has none.
    pub(crate) accepted_until: Option<Timestamp>,
    /// Whether a rotation made it, and nobody has said yet that this is recorded.
    pub(crate) unrecorded: bool,
    pub(crate) secret: Secret<Vec<u8>>,
    pub(crate) public: Option<PublicKey>,
    /// The encoded header of each token it signs.
    pub(crate) header: String,
    signer: Box<dyn JwsSigner>,
    check: SignatureCheck,
}

/// The error for bytes that are no key of the algorithm.
pub(crate) struct InvalidKey;

impl Key {
    /// A key from its bytes. `mac_id` names an HMAC key; every other key has its thumbprint as its id.
    pub(crate) fn new(
        algorithm: SigningAlgorithm,
        secret: Secret<Vec<u8>>,
        mac_id: String,
        created_at: Timestamp,
    ) -> Result<Self, InvalidKey> {
        let (id, public, signer, check): (_, _, Box<dyn JwsSigner>, _) = match algorithm {
            SigningAlgorithm::Hs256 => {
                if secret.expose().len() < KEY_BYTES {
                    return Err(InvalidKey);
                }
                let signer = HS256.signer_from_bytes(secret.expose()).map_err(|_| InvalidKey)?;
                (mac_id, None, Box::new(signer), SignatureCheck::Mac)
            }
            SigningAlgorithm::EdDsa => {
                let der = pkcs8(&ED25519_PKCS8, &secret)?;
                let pair = EdKeyPair::from_der(der.expose()).map_err(|_| InvalidKey)?;
                let signer = EdDSA.signer_from_der(der.expose()).map_err(|_| InvalidKey)?;
                let verifier = EdDSA.verifier_from_der(pair.to_der_public_key()).map_err(|_| InvalidKey)?;
                let public = public_key(&pair)?;
                (
                    thumbprint(algorithm, &public),
                    Some(public),
                    Box::new(signer),
                    SignatureCheck::Public(Box::new(verifier)),
                )
            }
            SigningAlgorithm::Es256 => {
                if !is_p256_key(secret.expose()) {
                    return Err(InvalidKey);
                }
                let der = pkcs8(&P256_PKCS8, &secret)?;
                let pair = EcKeyPair::from_der(der.expose(), Some(EcCurve::P256)).map_err(|_| InvalidKey)?;
                let signer = ES256.signer_from_der(der.expose()).map_err(|_| InvalidKey)?;
                let verifier = ES256.verifier_from_der(pair.to_der_public_key()).map_err(|_| InvalidKey)?;
                let public = public_key(&pair)?;
                (
                    thumbprint(algorithm, &public),
                    Some(public),
                    Box::new(signer),
                    SignatureCheck::Public(Box::new(verifier)),
                )
            }
        };
        let header = header::encode_header(algorithm, &id).ok_or(InvalidKey)?;
        Ok(Self {
            id,
            algorithm,
            created_at,
            accepted_until: None,
            unrecorded: false,
            secret,
            public,
            header,
            signer,
            check,
        })
    }

    /// Whether its tokens are accepted at this time.
    pub(crate) fn is_accepted(&self, now: Timestamp) -> bool {
        self.accepted_until.is_none_or(|until| now < until)
    }

    /// Signs a message.
    pub(crate) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        self.signer.sign(message).ok()
    }

    /// Whether the signature is this key's, over this message.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.check {
            SignatureCheck::Mac => self.sign(message).is_some_and(|right| right.ct_eq(signature).into()),
            SignatureCheck::Public(verifier) => verifier.verify(message, signature).is_ok(),
        }
    }

    /// Whether the key verifies what it signs, and nothing else.
    pub(crate) fn passes_self_test(&self) -> bool {
        let message = b"a syft space starts";
        self.sign(message).is_some_and(|signature| {
            self.verifies(message, &signature) && !self.verifies(b"a syft space stops", &signature)
        })
    }

    /// A key that verifies the signatures of another only.
    #[cfg(test)]
    pub(crate) fn broken(algorithm: SigningAlgorithm) -> Self {
        let key = |byte| {
            let secret = Secret::new(vec![byte; KEY_BYTES]);
            Self::new(algorithm, secret, String::new(), Timestamp::from_unix_micros(0)).ok().unwrap()
        };
        Self { check: key(2).check, ..key(1) }
    }
}

/// Generates the secret of a new key.
pub(crate) fn generate_secret(
    algorithm: SigningAlgorithm,
    entropy: &dyn Entropy,
) -> Result<Secret<Vec<u8>>, RandomError> {
    // One draw in 2^32 is no P-256 key: a second one then is.
    for _ in 0..4 {
        let mut bytes = vec![0; KEY_BYTES];
        let filled = entropy.fill(&mut bytes);
        let secret = Secret::new(bytes);
        filled?;
        if algorithm != SigningAlgorithm::Es256 || is_p256_key(secret.expose()) {
            return Ok(secret);
        }
    }
    Err(RandomError("what it gives is not random".to_owned()))
}

fn is_p256_key(bytes: &[u8]) -> bool {
    bytes.len() == KEY_BYTES && bytes.iter().any(|byte| *byte != 0) && bytes < P256_ORDER.as_slice()
}

fn pkcs8(prefix: &[u8], secret: &Secret<Vec<u8>>) -> Result<Secret<Vec<u8>>, InvalidKey> {
    if secret.expose().len() != KEY_BYTES {
        return Err(InvalidKey);
    }
    // Made in one piece: a buffer that grows would leave parts of the key behind.
    Ok(Secret::new([prefix, secret.expose()].concat()))
}

fn public_key(pair: &dyn KeyPair) -> Result<PublicKey, InvalidKey> {
    let jwk = pair.to_jwk_public_key();
    let member = |name| jwk.parameter(name).and_then(serde_json::Value::as_str).map(str::to_owned);
    Ok(PublicKey { x: member("x").ok_or(InvalidKey)?, y: member("y") })
}

/// The SHA-256 of the required members in the order of their names (RFC 7638).
fn thumbprint(algorithm: SigningAlgorithm, public: &PublicKey) -> String {
    let (kty, crv) = algorithm.key_type();
    let (crv, x) = (crv.unwrap_or_default(), &public.x);
    let members = match &public.y {
        Some(y) => format!(r#"{{"crv":"{crv}","kty":"{kty}","x":"{x}","y":"{y}"}}"#),
        None => format!(r#"{{"crv":"{crv}","kty":"{kty}","x":"{x}"}}"#),
    };
    URL_SAFE_NO_PAD.encode(Sha256::digest(members))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(algorithm: SigningAlgorithm, bytes: Vec<u8>) -> Option<Key> {
        Key::new(algorithm, Secret::new(bytes), "mac".to_owned(), Timestamp::from_unix_micros(0)).ok()
    }

    #[test]
    fn a_key_id_is_the_thumbprint_that_rfc_8037_prints() {
        // RFC 8037, appendix A.1 to A.3.
        let d = URL_SAFE_NO_PAD.decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
        let key = key(SigningAlgorithm::EdDsa, d).unwrap();
        assert_eq!(key.public.unwrap().x, "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
        assert_eq!(key.id, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn a_p256_public_half_follows_from_the_private_one_as_in_rfc_7515() {
        // RFC 7515, appendix A.3.1.
        let d = URL_SAFE_NO_PAD.decode("jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI").unwrap();
        let public = key(SigningAlgorithm::Es256, d).unwrap().public.unwrap();
        assert_eq!(public.x, "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU");
        assert_eq!(public.y.as_deref(), Some("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"));
    }

    #[test]
    fn a_number_that_is_no_p256_key_is_refused() {
        let mut below = P256_ORDER.to_vec();
        below[31] -= 1;
        assert!(key(SigningAlgorithm::Es256, below).is_some());
        assert!(key(SigningAlgorithm::Es256, P256_ORDER.to_vec()).is_none());
        assert!(key(SigningAlgorithm::Es256, vec![0xff; 32]).is_none());
        assert!(key(SigningAlgorithm::Es256, vec![0; 32]).is_none());
        assert!(key(SigningAlgorithm::Es256, vec![1; 31]).is_none());
    }

    #[test]
    fn bytes_of_a_wrong_length_are_no_key() {
        assert!(key(SigningAlgorithm::Hs256, vec![1; 31]).is_none());
        assert!(key(SigningAlgorithm::EdDsa, vec![1; 31]).is_none());
        assert!(key(SigningAlgorithm::EdDsa, vec![1; 33]).is_none());
    }

    #[test]
    fn a_source_that_gives_no_randomness_ends_in_an_error() {
        struct Ones;
        impl Entropy for Ones {
            fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomError> {
                buffer.fill(0xff);
                Ok(())
            }
        }
        assert!(generate_secret(SigningAlgorithm::Es256, &Ones).is_err());
    }

    #[test]
    fn a_signature_of_a_wrong_length_or_of_zeros_is_refused_by_each_algorithm() {
        for algorithm in SigningAlgorithm::ALL {
            let key = key(algorithm, vec![7; 32]).unwrap();
            let right = key.sign(b"message").unwrap();
            assert!(key.verifies(b"message", &right));
            assert!(!key.verifies(b"massage", &right));
            for wrong in
                [&[][..], &right[1..], &[0; 32], &[0; 64], &[0xff; 64], &[right.as_slice(), &[0]].concat()]
            {
                assert!(!key.verifies(b"message", wrong), "{algorithm}, {} bytes", wrong.len());
            }
        }
    }
}
