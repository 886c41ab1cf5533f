//! A signer in memory: a keyed hash stands for a signature.

use sha2::{Digest, Sha256};
use syft_space_domain::audit::ports::CheckpointSigner;
use syft_space_domain::audit::{AnswerReceipt, Checkpoint, LogName};
use syft_space_domain::privacy::{DeletionCertificate, ErasureCertificate};

/// Signs by a keyed hash, which nobody else can verify.
pub struct MemorySigner {
    key: [u8; 32],
}

impl MemorySigner {
    /// A signer with this key.
    #[must_use]
    pub fn new(key: [u8; 32]) -> Self {
        Self { key }
    }

    fn seal(&self, text: &str) -> String {
        let hash = Sha256::new().chain_update(self.key).chain_update(text).finalize();
        hash.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl CheckpointSigner for MemorySigner {
    fn installation(&self) -> &'static str {
        "syft-space/in-memory"
    }

    fn sign(&self, Checkpoint { log, size, root }: &Checkpoint) -> String {
        let root: String = root.iter().map(|byte| format!("{byte:02x}")).collect();
        let text = format!("{log} {size} {root}");
        format!("{text} {}", self.seal(&text))
    }

    fn open(&self, note: &str) -> Option<Checkpoint> {
        let (text, seal) = note.rsplit_once(' ')?;
        if self.seal(text) != seal {
            return None;
        }
        let mut parts = text.split(' ');
        let (log, size, hex) = (parts.next()?, parts.next()?, parts.next()?);
        let mut root = [0; 32];
        for (n, byte) in root.iter_mut().enumerate() {
            let digits = hex.get(n.checked_mul(2)?..n.checked_mul(2)?.checked_add(2)?)?;
            *byte = u8::from_str_radix(digits, 16).ok()?;
        }
        Some(Checkpoint { log: LogName::from_checkpoint(log.to_owned()), size: size.parse().ok()?, root })
    }

    fn sign_receipt(&self, receipt: &AnswerReceipt) -> String {
        let leaf: String = receipt.leaf.iter().map(|byte| format!("{byte:02x}")).collect();
        let AnswerReceipt { log, seq, .. } = receipt;
        let text = format!("receipt\nlog: {log}\nnumber: {seq}\nleaf: {leaf}\n{receipt:?}\n");
        format!("{text} {}", self.seal(&text))
    }

    fn sign_certificate(&self, certificate: &ErasureCertificate) -> String {
        let ErasureCertificate { log, seq, account, asked_by, asked_at, ended_at, .. } = certificate;
        let leaf: String = certificate.leaf.iter().map(|byte| format!("{byte:02x}")).collect();
        let rows: String =
            certificate.erased.kinds().map(|(kind, rows)| format!("{kind}: {rows}\n")).collect();
        let (policies, expectations) = (certificate.naming_policies, certificate.naming_expectations);
        let text = format!(
            "certificate\nlog: {log}\nnumber: {seq}\nleaf: {leaf}\naccount: {account}\nasked_by: {asked_by}\nasked_at: {asked_at}\n\
             ended_at: {ended_at}\n{rows}naming_policies: {policies}\nnaming_expectations: {expectations}\n"
        );
        format!("{text} {}", self.seal(&text))
    }

    fn sign_deletion(&self, certificate: &DeletionCertificate) -> String {
        let leaf: String = certificate.leaf.iter().map(|byte| format!("{byte:02x}")).collect();
        let DeletionCertificate { log, seq, .. } = certificate;
        let text = format!("deletion\nlog: {log}\nnumber: {seq}\nleaf: {leaf}\n{certificate:?}\n");
        format!("{text} {}", self.seal(&text))
    }

    fn verifier(&self, log: &LogName) -> String {
        format!("{log} in memory")
    }
}
