//! The key of the installation's audit logs, and what it signs.

use std::path::Path;

use ed25519_dalek::{Signer, SigningKey};
use syft_space_domain::audit::ports::CheckpointSigner;
use syft_space_domain::audit::{AnswerReceipt, Checkpoint, LogName};
use syft_space_domain::environment::Environment;
use syft_space_domain::random::Entropy;
use syft_space_domain::time::Timestamp;

use crate::key_file::{KeyFileError, StoredKey};
use crate::note::{SignedNote, checkpoint_text, with_signature};
use crate::receipt::receipt_text;
use crate::verifier::VerifierKey;

/// Signs checkpoints and receipts by Ed25519, with a key that is for nothing else. It has no `Debug`: it holds a private key.
pub struct NoteSigner {
    installation: String,
    key: SigningKey,
}

impl NoteSigner {
    /// The key in a file; where there is none, one is made there first, durable before this returns.
    ///
    /// # Errors
    /// When the file cannot be read or made, others may read it, it is malformed, or of another environment.
    pub fn load_or_make(
        path: &Path,
        environment: &Environment,
        now: Timestamp,
        entropy: &dyn Entropy,
    ) -> Result<Self, KeyFileError> {
        let StoredKey { installation, key } = StoredKey::load_or_make(path, environment, now, entropy)?;
        let key = SigningKey::from_bytes(key.expose());
        Ok(Self { installation: format!("syft-space/{installation}"), key })
    }

    fn verifier_of(&self, name: &str) -> VerifierKey {
        VerifierKey::new(name, self.key.verifying_key())
    }
}

impl CheckpointSigner for NoteSigner {
    fn installation(&self) -> &str {
        &self.installation
    }

    fn sign(&self, checkpoint: &Checkpoint) -> String {
        let text = checkpoint_text(checkpoint);
        let name = checkpoint.log.as_str();
        let signature = self.key.sign(text.as_bytes());
        with_signature(&text, name, self.verifier_of(name).id(), &signature.to_bytes())
    }

    fn open(&self, note: &str) -> Option<Checkpoint> {
        let note = SignedNote::parse(note).ok()?;
        let key = self.verifier_of(note.claimed_log().as_str());
        note.verify(&key).ok()
    }

    fn sign_receipt(&self, receipt: &AnswerReceipt) -> String {
        let key = self.verifier_of(receipt.log.as_str());
        let text = receipt_text(receipt, &key);
        let signature = self.key.sign(text.as_bytes());
        with_signature(&text, key.name(), key.id(), &signature.to_bytes())
    }

    fn verifier(&self, log: &LogName) -> String {
        self.verifier_of(log.as_str()).to_string()
    }
}
