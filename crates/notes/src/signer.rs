//! The key of the installation's audit logs, and what it signs.

use std::path::Path;

use ed25519_dalek::{Signer, SigningKey};
use hkdf::Hkdf;
use sha2::Sha256;
use syft_space_domain::audit::ports::CheckpointSigner;
use syft_space_domain::audit::{AnswerReceipt, Checkpoint, Digest, LogName};
use syft_space_domain::environment::Environment;
use syft_space_domain::identity::Email;
use syft_space_domain::ids::TenantId;
use syft_space_domain::privacy::{DeletionCertificate, ErasureCertificate, LedgerEntry};
use syft_space_domain::random::Entropy;
use syft_space_domain::time::Timestamp;
use zeroize::Zeroizing;

use crate::erased::{LedgerNote, RemovalNote};
use crate::key_file::{KeyFileError, StoredKey};
use crate::note::{SignedNote, checkpoint_text, with_signature};
use crate::statement::{Signed, Statement, statement_text};
use crate::verifier::VerifierKey;

/// What marks of addresses are derived with.
const ADDRESS_SALT: &[u8] = b"syft-space erased address v1";

/// Signs checkpoints, receipts and certificates by Ed25519, with a key that is for nothing else. It has no `Debug`: it holds a private key.
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

    /// A note of the erasure ledger, with its signature.
    #[must_use]
    pub fn sign_entry(&self, entry: LedgerEntry) -> String {
        match entry {
            LedgerEntry::Account(erased) => self.sign_statement(&LedgerNote::new(&self.installation, erased)),
            LedgerEntry::Tenant(tenant) => self.sign_statement(&RemovalNote::new(&self.installation, tenant)),
        }
    }

    /// What a note says that this has signed; `None` for whatever else there is.
    #[must_use]
    pub fn open_entry(&self, note: &str) -> Option<LedgerEntry> {
        // The key would sign for whatever log is named: this installation's are meant.
        if let Some(LedgerNote { erased, .. }) = self.open_statement(note, |note: &LedgerNote| {
            LedgerNote::new(&self.installation, note.erased.clone())
        }) {
            return Some(LedgerEntry::Account(erased));
        }
        let removal = self
            .open_statement(note, |note: &RemovalNote| RemovalNote::new(&self.installation, note.tenant))?;
        Some(LedgerEntry::Tenant(removal.tenant))
    }

    /// A statement that this has signed, and that is what it is for this installation.
    fn open_statement<S: Statement + PartialEq + Clone>(
        &self,
        note: &str,
        ours: impl FnOnce(&S) -> S,
    ) -> Option<S> {
        let signed = Signed::<S>::parse(note).ok()?;
        let statement = signed.verify(&self.verifier_of(signed.claimed().log().as_str())).ok()?;
        (ours(statement) == *statement).then(|| statement.clone())
    }

    /// What stands for an address of a tenant in the erasure ledger. Who does not have the private key cannot tell whether an address
    /// that they guess is the one: HKDF-SHA-256 (RFC 5869).
    #[must_use]
    pub fn mark_address(&self, tenant: TenantId, email: &Email) -> Digest {
        let key = Zeroizing::new(self.key.to_bytes());
        let mut mark = [0; 32];
        let derived = Hkdf::<Sha256>::new(Some(ADDRESS_SALT), &*key);
        let infos = [tenant.as_bytes().as_slice(), email.as_str().as_bytes()];
        let derived = derived.expand_multi_info(&infos, &mut mark);
        debug_assert!(derived.is_ok(), "it fails for thousands of bytes alone");
        mark
    }

    fn sign_statement<S: Statement>(&self, statement: &S) -> String {
        let key = self.verifier_of(statement.log().as_str());
        let text = statement_text(statement, &key);
        let signature = self.key.sign(text.as_bytes());
        with_signature(&text, key.name(), key.id(), &signature.to_bytes())
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
        self.sign_statement(receipt)
    }

    fn sign_certificate(&self, certificate: &ErasureCertificate) -> String {
        self.sign_statement(certificate)
    }

    fn sign_deletion(&self, certificate: &DeletionCertificate) -> String {
        self.sign_statement(certificate)
    }

    fn verifier(&self, log: &LogName) -> String {
        self.verifier_of(log.as_str()).to_string()
    }
}
