//! The cache of tokens that were checked.

use std::sync::Arc;

use quick_cache::sync::Cache;
use syft_space_domain::random::{Entropy, RandomError};

/// A keyed hash of a whole token.
pub type TokenDigest = [u8; 32];

/// Makes digests of tokens. Without its key nobody can aim for two tokens of one digest, and memory holds no text
/// that would pass as a token.
pub struct TokenHasher {
    key: [u8; 32],
}

impl TokenHasher {
    /// A hasher with a key of its own.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn new(entropy: &dyn Entropy) -> Result<Self, RandomError> {
        let mut key = [0; 32];
        entropy.fill(&mut key)?;
        Ok(Self { key })
    }

    /// The digest of a token.
    #[must_use]
    pub fn digest(&self, token: &str) -> TokenDigest {
        *blake3::keyed_hash(&self.key, token.as_bytes()).as_bytes()
    }
}

/// What is known of tokens that were checked: of a given number at most, the ones used least dropped first.
pub struct TokenCache<V> {
    tokens: Cache<TokenDigest, Arc<V>>,
}

impl<V> TokenCache<V> {
    /// An empty cache. With a capacity of 0 nothing is ever in it.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self { tokens: Cache::new(capacity) }
    }

    /// What is known of a token.
    #[must_use]
    pub fn get(&self, digest: &TokenDigest) -> Option<Arc<V>> {
        self.tokens.get(digest)
    }

    /// What is known of a token, if it still holds. What holds no more is dropped.
    pub fn get_if(&self, digest: &TokenDigest, holds: impl FnOnce(&V) -> bool) -> Option<Arc<V>> {
        let known = self.get(digest)?;
        if holds(&known) {
            return Some(known);
        }
        self.tokens.remove(digest);
        None
    }

    /// Keeps what is known of a token.
    pub fn insert(&self, digest: TokenDigest, known: V) {
        self.tokens.insert(digest, Arc::new(known));
    }

    /// Drops what is known of a token.
    pub fn remove(&self, digest: &TokenDigest) {
        self.tokens.remove(digest);
    }

    /// Of how many tokens something is known.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use syft_space_memory::SeededEntropy;

    use super::*;

    #[test]
    fn the_cache_is_bounded_and_drops_what_holds_no_more() {
        let hasher = TokenHasher::new(&SeededEntropy::new(1)).unwrap();
        let cache = TokenCache::new(16);
        assert!(cache.is_empty());
        for number in 0..1_000 {
            let digest = hasher.digest(&number.to_string());
            cache.insert(digest, number);
            assert_eq!(cache.get(&digest).as_deref(), Some(&number));
            assert!(cache.len() <= 16, "{} after {number}", cache.len());
        }
        let last = hasher.digest("999");
        assert_eq!(cache.get_if(&last, |_| false), None);
        assert_eq!(cache.get(&last), None, "it was dropped");
        let none = TokenCache::new(0);
        none.insert(last, 1);
        assert_eq!(none.get(&last), None);
    }

    #[test]
    fn two_hashers_make_two_digests_of_one_token() {
        let [one, other] = [1, 2].map(|seed| TokenHasher::new(&SeededEntropy::new(seed)).unwrap());
        assert_eq!(one.digest("token"), one.digest("token"));
        assert_ne!(one.digest("token"), one.digest("tokem"));
        assert_ne!(one.digest("token"), other.digest("token"));
    }
}
