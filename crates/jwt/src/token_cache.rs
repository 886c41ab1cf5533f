//! The cache of tokens that were verified.

use quick_cache::sync::Cache;
use std::sync::Arc;
use syft_space_domain::identity::AccessClaims;
use syft_space_domain::random::{Entropy, RandomError};
use syft_space_domain::time::Timestamp;

/// A token that passed every check, and the times between which it passes them again.
pub(crate) struct VerifiedToken {
    pub(crate) claims: AccessClaims,
    pub(crate) not_before: Timestamp,
    pub(crate) expires_at: Timestamp,
}

/// A keyed hash of a whole token. Without the key nobody can aim for two tokens of one hash, and memory holds no
/// text that would pass as a token.
pub(crate) type TokenDigest = [u8; 32];

/// Verified tokens, at most a given number, the ones used least dropped first.
pub(crate) struct TokenCache {
    key: [u8; 32],
    tokens: Cache<TokenDigest, Arc<VerifiedToken>>,
}

impl TokenCache {
    pub(crate) fn new(capacity: usize, entropy: &dyn Entropy) -> Result<Self, RandomError> {
        let mut key = [0; 32];
        entropy.fill(&mut key)?;
        Ok(Self { key, tokens: Cache::new(capacity) })
    }

    pub(crate) fn digest(&self, token: &str) -> TokenDigest {
        *blake3::keyed_hash(&self.key, token.as_bytes()).as_bytes()
    }

    /// The claims of a token that passed and would pass now.
    pub(crate) fn get(&self, digest: &TokenDigest, now: Timestamp) -> Option<AccessClaims> {
        let known = self.tokens.get(digest)?;
        if now >= known.expires_at {
            self.tokens.remove(digest);
            return None;
        }
        (now >= known.not_before).then(|| known.claims.clone())
    }

    pub(crate) fn insert(&self, digest: TokenDigest, verified: VerifiedToken) {
        self.tokens.insert(digest, Arc::new(verified));
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.tokens.len()
    }
}
