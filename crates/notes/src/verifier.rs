//! The public key of a log, as it is handed to whoever verifies: `name+id+key`.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, VerifyingKey};
use sha2::{Digest, Sha256};

/// The mark of Ed25519 before a key's bytes.
pub(crate) const ED25519: u8 = 1;

/// A key by which the checkpoints of one log are verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    key: VerifyingKey,
}

/// A text that is no verifier key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "this is no key of a log: one looks like name+5f0c9a4d+AQ…, as `syft-space audit key` shows it; of a file that has it, the text is \"$(cat FILE)\""
)]
pub struct VerifierKeyError;

impl VerifierKey {
    /// The key of a log with this name.
    pub(crate) fn new(name: &str, key: VerifyingKey) -> Self {
        Self { name: name.to_owned(), key }
    }

    /// The name of the log.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The first bytes of a hash over the name and the key, which tell keys of one name apart.
    pub(crate) fn id(&self) -> [u8; 4] {
        let hash = Sha256::new().chain_update(&self.name).chain_update([b'\n', ED25519]);
        let [a, b, c, d, ..]: [u8; 32] = hash.chain_update(self.key.as_bytes()).finalize().into();
        [a, b, c, d]
    }

    /// Whether the key has signed these bytes.
    pub(crate) fn verifies(&self, bytes: &[u8], signature: &[u8]) -> bool {
        let signature = signature.try_into().map(Signature::from_bytes);
        signature.is_ok_and(|signature| self.key.verify_strict(bytes, &signature).is_ok())
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = STANDARD.encode([&[ED25519][..], self.key.as_bytes()].concat());
        write!(f, "{}+{}+{key}", self.name, hex::encode(self.id()))
    }
}

impl FromStr for VerifierKey {
    type Err = VerifierKeyError;

    fn from_str(text: &str) -> Result<Self, VerifierKeyError> {
        let read = || {
            let (name, rest) = text.split_once('+')?;
            let (id, key) = rest.split_once('+')?;
            let bytes = STANDARD.decode(key).ok()?;
            let (mark, key) = bytes.split_first()?;
            let key = VerifyingKey::from_bytes(key.try_into().ok()?).ok()?;
            let verifier = Self::new(name, key);
            let fits = !name.is_empty() && *mark == ED25519 && hex::encode(verifier.id()) == id;
            fits.then_some(verifier)
        };
        read().ok_or(VerifierKeyError)
    }
}
