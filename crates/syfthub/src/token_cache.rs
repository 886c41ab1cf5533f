//! The cache of satellite tokens that were verified, and of those that were refused.

use std::sync::Arc;
use std::time::Duration;

use syft_space_domain::marketplace::{Hub, SatelliteClaims, SatelliteRefused};
use syft_space_domain::random::{Entropy, RandomError};
use syft_space_domain::time::Timestamp;
use syft_space_jose::{TokenCache, TokenDigest, TokenHasher};

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
struct RefusedToken {
    why: SatelliteRefused,
    key_version: u64,
    at: Timestamp,
}

/// What is known of tokens that were checked, of a given number at most of each kind.
pub(crate) struct CheckedTokens {
    hasher: TokenHasher,
    verified: TokenCache<VerifiedToken>,
    refused: TokenCache<RefusedToken>,
}

impl CheckedTokens {
    pub(crate) fn new(capacity: usize, entropy: &dyn Entropy) -> Result<Self, RandomError> {
        let hasher = TokenHasher::new(entropy)?;
        Ok(Self { hasher, verified: TokenCache::new(capacity), refused: TokenCache::new(capacity) })
    }

    pub(crate) fn digest(&self, token: &str) -> TokenDigest {
        self.hasher.digest(token)
    }

    /// A token that passed, by a key that its hub still publishes.
    pub(crate) fn verified(&self, digest: &TokenDigest) -> Option<Arc<VerifiedToken>> {
        self.verified.get_if(digest, |known| !known.key.is_retired())
    }

    pub(crate) fn remove(&self, digest: &TokenDigest) {
        self.verified.remove(digest);
    }

    pub(crate) fn insert_verified(&self, digest: TokenDigest, verified: VerifiedToken) {
        self.verified.insert(digest, verified);
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
        let cache = CheckedTokens::new(16, &Zeros).unwrap();
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
                not_before: now,
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
