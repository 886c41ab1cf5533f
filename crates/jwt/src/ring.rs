//! The key ring: the key that signs, and the keys that are still accepted.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use syft_space_domain::random::Entropy;
use syft_space_domain::secret::Secret;
use syft_space_domain::time::Timestamp;

use crate::key::{Key, generate_secret};
use crate::{KeyRingError, SigningAlgorithm, ring_format};

/// The keys of access tokens: the current one signs, retired ones are accepted until their time is over.
///
/// It has no `Debug`: it holds private keys.
pub struct KeyRing {
    current: Key,
    retired: Vec<Key>,
}

impl KeyRing {
    /// A ring of one new key.
    ///
    /// # Errors
    /// When the source of randomness or the cryptographic library fails.
    pub fn generate(
        algorithm: SigningAlgorithm,
        now: Timestamp,
        entropy: &dyn Entropy,
    ) -> Result<Self, KeyRingError> {
        Ok(Self { current: new_key(algorithm, now, entropy)?, retired: Vec::new() })
    }

    /// Reads what [`to_json`](Self::to_json) wrote.
    ///
    /// # Errors
    /// When the text is no key set of this form, a key is malformed, too short or mixed, two have one id, or not exactly
    /// one is current.
    pub fn parse(json: &Secret<String>) -> Result<Self, KeyRingError> {
        let keys = ring_format::read(json)?;
        if let Some(kid) = first_duplicate_id(&keys) {
            return Err(KeyRingError::DuplicateId { kid });
        }
        let (mut current, retired): (Vec<Key>, Vec<Key>) =
            keys.into_iter().partition(|key| key.accepted_until.is_none());
        let found = current.len();
        match (current.pop(), found) {
            (Some(current), 1) => Ok(Self { current, retired }),
            _ => Err(KeyRingError::NotOneCurrent { found }),
        }
    }

    /// The ring as a JSON Web Key Set with its private parts: what is stored, where nobody else can read it.
    #[must_use]
    pub fn to_json(&self) -> Secret<String> {
        ring_format::write(self.keys())
    }

    /// Makes a new key that signs from now on. Tokens of the one before are accepted for `overlap` longer: the
    /// lifetime of a token, so that nobody notices, or nothing at all when the key has leaked. Keys whose time is
    /// over leave the ring.
    ///
    /// # Errors
    /// When the source of randomness or the cryptographic library fails; the ring is then as before.
    pub fn rotate(
        &mut self,
        algorithm: SigningAlgorithm,
        overlap: Duration,
        now: Timestamp,
        entropy: &dyn Entropy,
    ) -> Result<(), KeyRingError> {
        let next = new_key(algorithm, now, entropy)?;
        let mut previous = std::mem::replace(&mut self.current, next);
        previous.accepted_until = Some(now.plus(overlap));
        self.retired.push(previous);
        self.retired.retain(|key| key.is_accepted(now));
        Ok(())
    }

    /// The public halves of the keys accepted now, as a JSON Web Key Set to publish. HMAC keys have none.
    #[must_use]
    pub fn public_jwks(&self, now: Timestamp) -> Value {
        let keys: Vec<Value> = self
            .keys()
            .filter(|key| key.is_accepted(now))
            .filter_map(|key| {
                let public = key.public.as_ref()?;
                let (kty, crv) = key.algorithm.key_type();
                let mut jwk = json!({
                    "kty": kty, "crv": crv, "x": public.x,
                    "alg": key.algorithm.as_str(), "use": "sig", "kid": key.id,
                });
                if let (Some(y), Some(members)) = (&public.y, jwk.as_object_mut()) {
                    members.insert("y".to_owned(), Value::from(y.as_str()));
                }
                Some(jwk)
            })
            .collect();
        json!({ "keys": keys })
    }

    /// The current key's algorithm.
    #[must_use]
    pub fn algorithm(&self) -> SigningAlgorithm {
        self.current.algorithm
    }

    /// When the current key was made, to tell when to rotate.
    #[must_use]
    pub fn created_at(&self) -> Timestamp {
        self.current.created_at
    }

    #[cfg(test)]
    pub(crate) fn of(current: Key) -> Self {
        Self { current, retired: Vec::new() }
    }

    pub(crate) fn current(&self) -> &Key {
        &self.current
    }

    /// Every key, the current one first.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.current).chain(&self.retired)
    }
}

fn new_key(algorithm: SigningAlgorithm, now: Timestamp, entropy: &dyn Entropy) -> Result<Key, KeyRingError> {
    let secret = generate_secret(algorithm, entropy)?;
    // An HMAC key has no public half to name it by, and a hash of a secret is not for everybody's eyes.
    let mut mac_id = [0u8; 16];
    entropy.fill(&mut mac_id)?;
    Key::new(algorithm, secret, URL_SAFE_NO_PAD.encode(mac_id), now)
        .map_err(|_| KeyRingError::NotMade { algorithm })
}

fn first_duplicate_id(keys: &[Key]) -> Option<String> {
    let mut ids: Vec<&str> = keys.iter().map(|key| key.id.as_str()).collect();
    ids.sort_unstable();
    ids.array_windows().find(|[left, right]| left == right).map(|[kid, _]| (*kid).to_owned())
}
