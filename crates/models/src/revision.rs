//! What a model's revision is taken of: how this adapter computes, and each file that decides anything.

use sha2::{Digest, Sha256};
use syft_space_domain::encoder::ModelRevision;

/// Counts up whenever the same files give other vectors than before.
const COMPUTATION: u64 = 2;

/// Takes in the files in a fixed order. Names and lengths stand before the bytes, so that no file can pass for two.
pub(crate) struct RevisionHasher(Sha256);

impl RevisionHasher {
    pub(crate) fn new() -> Self {
        Self(Sha256::new().chain_update(b"syft-space-models").chain_update(COMPUTATION.to_be_bytes()))
    }

    /// Begins a file, whose bytes follow.
    pub(crate) fn begin(&mut self, name: &str, bytes: u64) {
        self.0.update(u64::try_from(name.len()).unwrap_or(u64::MAX).to_be_bytes());
        self.0.update(name);
        self.0.update(bytes.to_be_bytes());
    }

    /// Adds bytes of the file that was begun last.
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Adds a whole file.
    pub(crate) fn file(&mut self, name: &str, content: &[u8]) {
        self.begin(name, u64::try_from(content.len()).unwrap_or(u64::MAX));
        self.update(content);
    }

    pub(crate) fn finish(self) -> ModelRevision {
        ModelRevision::from_bytes(self.0.finalize().into())
    }
}
