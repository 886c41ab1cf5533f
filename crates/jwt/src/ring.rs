//! The key ring: the key that signs, and the keys that are still accepted.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use syft_space_domain::environment::Environment;
use syft_space_domain::identity::SigningKey;
use syft_space_domain::random::Entropy;
use syft_space_domain::secret::Secret;
use syft_space_domain::time::Timestamp;

use crate::key::{Key, generate_secret};
use crate::{KeyRingError, SigningAlgorithm, ring_format};

/// The most keys of a ring. Each token names its key, which is looked for among them.
const MAX_KEYS: usize = 16;

/// The keys of access tokens: the current one signs, retired ones are accepted until their time is over.
///
/// It has no `Debug`: it holds private keys.
pub struct KeyRing {
    environment: Option<Environment>,
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
        let current = new_key(algorithm, now, entropy)?;
        Ok(Self { environment: None, current, retired: Vec::new() })
    }

    /// Reads what [`to_json`](Self::to_json) wrote.
    ///
    /// # Errors
    /// When the text is no key set of this form, a key is malformed, too short or mixed, two have one id, or not exactly
    /// one is current.
    pub fn parse(json: &Secret<String>) -> Result<Self, KeyRingError> {
        let (environment, keys) = ring_format::read(json)?;
        if let Some(kid) = first_duplicate_id(&keys) {
            return Err(KeyRingError::DuplicateId { kid });
        }
        let (mut current, retired): (Vec<Key>, Vec<Key>) =
            keys.into_iter().partition(|key| key.accepted_until.is_none());
        let found = current.len();
        match (current.pop(), found) {
            (Some(current), 1) => Ok(Self { environment, current, retired }),
            _ => Err(KeyRingError::NotOneCurrent { found }),
        }
    }

    /// The ring as a JSON Web Key Set with its private parts: what is stored, where nobody else can read it.
    #[must_use]
    pub fn to_json(&self) -> Secret<String> {
        ring_format::write(self.environment.as_ref(), self.keys())
    }

    /// Marks the ring as one of this environment, where it has no mark yet.
    ///
    /// # Errors
    /// When it is marked as one of another: keys that were copied from there would let everybody in who may enter there.
    pub fn claim(&mut self, environment: &Environment) -> Result<(), KeyRingError> {
        match &self.environment {
            Some(found) if found != environment => {
                Err(KeyRingError::OtherEnvironment { found: found.clone(), asked: environment.clone() })
            }
            _ => {
                self.environment = Some(environment.clone());
                Ok(())
            }
        }
    }

    /// Makes a new key that signs from now on. Tokens of the one before are accepted for `overlap` longer: the
    /// lifetime of a token, so that nobody notices, or nothing at all when the key has leaked. Keys whose time is
    /// over leave the ring. The new one counts as unrecorded until [`set_recorded`](Self::set_recorded).
    ///
    /// # Errors
    /// When the source of randomness or the cryptographic library fails, or too many keys are accepted already; the
    /// ring is then as before.
    pub fn rotate(
        &mut self,
        algorithm: SigningAlgorithm,
        overlap: Duration,
        now: Timestamp,
        entropy: &dyn Entropy,
    ) -> Result<(), KeyRingError> {
        self.forget_expired(now);
        if self.retired.len() + 2 > MAX_KEYS && !overlap.is_zero() {
            return Err(KeyRingError::TooMany { found: MAX_KEYS });
        }
        let mut next = new_key(algorithm, now, entropy)?;
        next.unrecorded = true;
        let mut previous = std::mem::replace(&mut self.current, next);
        previous.accepted_until = Some(now.plus(overlap));
        self.retired.push(previous);
        self.forget_expired(now);
        Ok(())
    }

    /// Accepts no token of any key but the current one from now on.
    pub fn revoke_retired(&mut self) {
        self.retired.clear();
    }

    /// Removes the keys whose time is over. Whether there were any.
    pub fn forget_expired(&mut self, now: Timestamp) -> bool {
        let before = self.retired.len();
        self.retired.retain(|key| key.is_accepted(now));
        self.retired.len() < before
    }

    /// The ids of the keys that rotations have made and nobody has said are recorded, the current one first.
    #[must_use]
    pub fn unrecorded(&self) -> Vec<String> {
        self.keys().filter(|key| key.unrecorded).map(|key| key.id.clone()).collect()
    }

    /// Notes that it is recorded how a key was made. Whether that was not noted before.
    pub fn set_recorded(&mut self, id: &str) -> bool {
        let mut keys = std::iter::once(&mut self.current).chain(&mut self.retired);
        keys.find(|key| key.id == id).is_some_and(|key| std::mem::take(&mut key.unrecorded))
    }

    /// The keys accepted now, the current one first, without anything secret.
    #[must_use]
    pub fn describe(&self, now: Timestamp) -> Vec<SigningKey> {
        let describe = |key: &Key| SigningKey {
            id: key.id.clone(),
            algorithm: key.algorithm.as_str().to_owned(),
            created_at: key.created_at,
            accepted_until: key.accepted_until,
            rotates_at: None,
        };
        self.keys().filter(|key| key.is_accepted(now)).map(describe).collect()
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

    #[cfg(test)]
    pub(crate) fn of(current: Key) -> Self {
        Self { environment: None, current, retired: Vec::new() }
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
