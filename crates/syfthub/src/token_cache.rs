//! The cache of satellite tokens that were verified, and of those that were refused.

use std::sync::Arc;
use std::time::Duration;

use quick_cache::sync::Cache;
use syft_space_domain::marketplace::{Hub, SatelliteClaims, SatelliteRefused};
use syft_space_domain::random::{Entropy, RandomError};
use syft_space_domain::time::Timestamp;

use crate::keys::HubKey;

/// The time for which a token that no key verifies is refused without another check, unless other keys come before.
const REFUSAL_TTL: Duration = Duration::from_secs(10);

/// A token that passed every check, and the key that verified it.
pub(crate) struct VerifiedToken {
    pub(crate) claims: SatelliteClaims,
    pub(crate) hub: Arc<Hub>,
    pub(crate) key: Arc<HubKey>,
}

/// A token that no key of a set verified.
#[derive(Clone, Copy)]
struct RefusedToken {
    why: SatelliteRefused,
    key_version: u64,
    at: Timestamp,
}

/// A keyed hash of a whole token. Without the key nobody can aim for two tokens of one hash, and memory holds no
/// text that would pass as a token.
pub(crate) type TokenDigest = [u8; 32];

/// A cache of tokens, at most a given number of each kind, the ones used least dropped first.
pub(crate) struct TokenCache {
    key: [u8; 32],
    verified: Cache<TokenDigest, Arc<VerifiedToken>>,
    refused: Cache<TokenDigest, RefusedToken>,
}

impl TokenCache {
    pub(crate) fn new(capacity: usize, entropy: &dyn Entropy) -> Result<Self, RandomError> {
        let mut key = [0; 32];
        entropy.fill(&mut key)?;
        Ok(Self { key, verified: Cache::new(capacity), refused: Cache::new(capacity) })
    }

    pub(crate) fn digest(&self, token: &str) -> TokenDigest {
        *blake3::keyed_hash(&self.key, token.as_bytes()).as_bytes()
    }

    /// A token that passed, by a key that its hub still publishes.
    pub(crate) fn verified(&self, digest: &TokenDigest) -> Option<Arc<VerifiedToken>> {
        let known = self.verified.get(digest)?;
        if known.key.is_retired() {
            self.verified.remove(digest);
            return None;
        }
        Some(known)
    }

    pub(crate) fn remove(&self, digest: &TokenDigest) {
        self.verified.remove(digest);
    }

    pub(crate) fn insert_verified(&self, digest: TokenDigest, verified: VerifiedToken) {
        self.verified.insert(digest, Arc::new(verified));
    }

    /// The reason for which a token was refused a moment ago by the same set of keys.
    pub(crate) fn refused(
        &self,
        digest: &TokenDigest,
        key_version: u64,
        now: Timestamp,
    ) -> Option<SatelliteRefused> {
        let known = self.refused.get(digest)?;
        let recent = known.at <= now && now.since(known.at) < REFUSAL_TTL;
        (recent && known.key_version == key_version).then_some(known.why)
    }

    pub(crate) fn insert_refused(
        &self,
        digest: TokenDigest,
        why: SatelliteRefused,
        key_version: u64,
        at: Timestamp,
    ) {
        self.refused.insert(digest, RefusedToken { why, key_version, at });
    }
}

#[cfg(test)]
mod tests {
    use syft_space_domain::ids::HubId;
    use syft_space_domain::marketplace::{Audience, HubRole, HubUrl, Issuer, TrustedBy};

    use super::*;

    struct Zeros;

    impl Entropy for Zeros {
        fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomError> {
            buffer.fill(0);
            Ok(())
        }
    }

    #[test]
    fn the_memory_of_tokens_is_bounded() {
        let cache = TokenCache::new(16, &Zeros).unwrap();
        let now = Timestamp::from_unix_micros(0);
        let id = HubId::from_bytes([1; 16]);
        let hub = Arc::new(Hub {
            id,
            issuer: Issuer::parse("i").unwrap(),
            url: HubUrl::parse("https://hub.example.org").unwrap(),
            trusted_by: TrustedBy::Operator,
            created_at: now,
        });
        let key = Arc::new(crate::self_test::key());
        for number in 0..1_000 {
            let claims = SatelliteClaims {
                hub: id,
                subject: number.to_string(),
                audience: Audience::parse("spaceowner").unwrap(),
                role: HubRole::User,
                issued_at: now,
                expires_at: now,
            };
            let digest = cache.digest(&claims.subject);
            let (hub, key) = (Arc::clone(&hub), Arc::clone(&key));
            cache.insert_verified(digest, VerifiedToken { claims, hub, key });
            assert!(cache.verified(&digest).is_some());
            cache.insert_refused(digest, SatelliteRefused::UnknownKey, 1, now);
            assert!(cache.verified.len() <= 16 && cache.refused.len() <= 16, "after {number}");
        }
        key.retire();
        assert!(cache.verified(&cache.digest("999")).is_none());
    }
}
