//! An API key: what programs of a member prove with who they are.

use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::identity::KeyTerms;
use crate::ids::{AccountId, ApiKeyId, TenantId};
use crate::page::PageItem;
use crate::secret::TokenHash;
use crate::text::Name;
use crate::time::Timestamp;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// An API key. Its id stays the same however often its secret is another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// Of which tenant.
    pub tenant: TenantId,
    /// Whose it is.
    pub account: AccountId,
    /// What its holder calls it.
    pub name: Name,
    /// What it may be used for.
    pub terms: KeyTerms,
    /// What is stored of its secret.
    pub secret: TokenHash,
    /// The secrets before it that work still, the oldest first.
    pub previous: Vec<PreviousSecret>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its secret was made.
    pub rotated_at: Timestamp,
    /// When it ends, unless the tenant's maximum ends it before: see [`ApiKey::ends_at`].
    pub expires_at: Timestamp,
    /// When it was last used, to about a minute.
    pub last_used_at: Option<Timestamp>,
    /// The request that made it, if that was marked.
    pub created_by: Option<RequestMark>,
    /// The request that rotated it last, if that was marked.
    pub rotated_by: Option<RequestMark>,
}

/// A secret that was replaced, and works until a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PreviousSecret {
    /// What is stored of it.
    pub secret: TokenHash,
    /// From when on it is refused.
    pub until: Timestamp,
}

impl ApiKey {
    /// How long a key lives for which nobody says it.
    pub const DEFAULT_LIFETIME: Duration = Duration::from_secs(90 * 24 * 60 * 60);
    /// The most living keys of one account.
    pub const MAX_PER_ACCOUNT: usize = 100;
    /// The most secrets of one key that work beside its last one.
    pub const MAX_PREVIOUS: usize = 4;
    /// The longest time for which a secret works on when another takes its place.
    pub const MAX_OVERLAP: Duration = Duration::from_secs(7 * 24 * 60 * 60);
    /// How long before its end a key is due to be rotated.
    pub const DUE_BEFORE: Duration = Duration::from_secs(14 * 24 * 60 * 60);
    /// For how long nobody has used a key that counts as unused.
    pub const UNUSED_FOR: Duration = Duration::from_secs(90 * 24 * 60 * 60);

    /// When it ends, in a tenant whose keys live for `max_days` at most: counted anew from each rotation, so that the maximum
    /// acts on keys that were made before it was lowered.
    #[must_use]
    pub fn ends_at(&self, max_days: u32) -> Timestamp {
        self.expires_at.min(self.rotated_at.plus(DAY.saturating_mul(max_days)))
    }

    /// Until when a secret works; `None` if it is none of this key's. Nothing is learned from the time it takes.
    #[must_use]
    pub fn secret_works_until(&self, presented: &TokenHash, max_days: u32) -> Option<Timestamp> {
        let end = self.ends_at(max_days);
        let previous = self.previous.iter().find(|previous| previous.secret.matches(presented));
        let previous = previous.map(|previous| previous.until.min(end));
        if self.secret.matches(presented) { Some(end) } else { previous }
    }

    /// Whether it is time to rotate it: it ends soon, or has ended.
    #[must_use]
    pub fn is_due(&self, max_days: u32, now: Timestamp) -> bool {
        now.plus(Self::DUE_BEFORE) >= self.ends_at(max_days)
    }

    /// Whether nobody uses it.
    #[must_use]
    pub fn is_unused(&self, now: Timestamp) -> bool {
        self.last_used_at.is_none_or(|used| now.since(used) >= Self::UNUSED_FOR)
    }

    /// Gives it another secret, for as long a life as before. Secrets of before work for the overlap, and none longer than it
    /// would have.
    ///
    /// # Errors
    /// When so many of them work still that there is no room for one more.
    pub(super) fn rotate(
        &mut self,
        secret: TokenHash,
        overlap: Duration,
        max_days: u32,
        now: Timestamp,
    ) -> Result<(), TooManySecrets> {
        let (end, until) = (self.ends_at(max_days), now.plus(overlap));
        let replaced = PreviousSecret { secret: self.secret, until: end };
        self.previous.push(replaced);
        for previous in &mut self.previous {
            previous.until = previous.until.min(until);
        }
        self.previous.retain(|previous| now < previous.until);
        if self.previous.len() > Self::MAX_PREVIOUS {
            return Err(TooManySecrets);
        }
        self.expires_at = now.plus(self.expires_at.since(self.rotated_at));
        self.rotated_at = now;
        self.secret = secret;
        Ok(())
    }
}

/// So many secrets of a key work beside its last one that none is put in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "{} secrets of before work still: wait until the first of them ends, or rotate with overlap_seconds 0, which ends them all",
    ApiKey::MAX_PREVIOUS
)]
pub struct TooManySecrets;

impl PageItem for ApiKey {
    fn bytes(&self) -> usize {
        let count = |list: Option<usize>| list.unwrap_or_default().saturating_mul(36);
        let terms = &self.terms;
        let lists = count(terms.endpoints().map(<[_]>::len)) + count(terms.addresses().map(<[_]>::len));
        self.name.as_str().len() + lists
    }
}

/// The mark of a request that may be sent again because its answer was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestMark {
    /// The hash of the mark that the client gave it.
    pub key: [u8; 32],
    /// The hash of what was asked for.
    pub request: [u8; 32],
}

/// What a client marks a request with (`Idempotency-Key`), so that sending it again does nothing twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey([u8; 32]);

/// A text that marks no request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Idempotency-Key has 1 to 255 printable ASCII characters, such as a UUID")]
pub struct IdempotencyKeyError;

impl IdempotencyKey {
    /// Reads one.
    ///
    /// # Errors
    /// When it is empty, too long, or holds other characters than printable ones of ASCII.
    pub fn parse(text: &str) -> Result<Self, IdempotencyKeyError> {
        let fits = (1..=255).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        fits.then(|| Self(Sha256::digest(text.as_bytes()).into())).ok_or(IdempotencyKeyError)
    }

    /// The mark of a request with this content.
    pub(super) fn mark(&self, request: &[u8]) -> RequestMark {
        RequestMark { key: self.0, request: Sha256::digest(request).into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Permission;

    const MAX: u32 = 365;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_micros(seconds * 1_000_000)
    }

    fn key(expires_at: i64) -> ApiKey {
        ApiKey {
            id: ApiKeyId::from_bytes([1; 16]),
            tenant: TenantId::from_bytes([2; 16]),
            account: AccountId::from_bytes([3; 16]),
            name: Name::parse("nightly import").unwrap(),
            terms: KeyTerms::new(vec![Permission::Query], None, None).unwrap(),
            secret: hash(0),
            previous: Vec::new(),
            created_at: at(0),
            rotated_at: at(0),
            expires_at: at(expires_at),
            last_used_at: None,
            created_by: None,
            rotated_by: None,
        }
    }

    fn hash(n: u8) -> TokenHash {
        TokenHash([n; 32])
    }

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn k2_a_lower_maximum_ends_keys_that_were_made_before() {
        let days = |n: i64| n * 86_400;
        let key = key(days(90));
        assert_eq!(key.ends_at(365), at(days(90)));
        assert_eq!(key.ends_at(90), at(days(90)));
        assert_eq!(key.ends_at(30), at(days(30)));
        assert_eq!(key.ends_at(u32::MAX), at(days(90)), "no maximum overflows");
        assert_eq!(key.secret_works_until(&hash(0), 30), Some(at(days(30))));
        assert!(key.is_due(30, at(days(16))) && !key.is_due(30, at(days(16) - 1)));
        assert!(key.is_due(90, at(days(76))) && !key.is_due(90, at(days(76) - 1)));
    }

    #[test]
    fn k2_a_secret_that_was_replaced_works_until_its_instant_and_no_longer_than_it_would_have() {
        let mut key = key(100);
        key.rotate(hash(1), seconds(10), MAX, at(50)).unwrap();
        assert_eq!(key.expires_at, at(150), "as long a life as before");
        assert_eq!(key.secret_works_until(&hash(1), MAX), Some(at(150)));
        assert_eq!(key.secret_works_until(&hash(0), MAX), Some(at(60)));
        assert_eq!(key.secret_works_until(&hash(9), MAX), None);
        // A second rotation with as long an overlap leaves the first its instant.
        key.rotate(hash(2), seconds(10), MAX, at(55)).unwrap();
        assert_eq!(key.secret_works_until(&hash(0), MAX), Some(at(60)));
        assert_eq!(key.secret_works_until(&hash(1), MAX), Some(at(65)));
        // No overlap ends them all.
        key.rotate(hash(3), seconds(0), MAX, at(56)).unwrap();
        assert_eq!(key.previous, []);
        // Near its end a secret works no longer than to it.
        key.rotate(hash(4), seconds(1_000), MAX, at(150)).unwrap();
        assert_eq!(key.secret_works_until(&hash(3), MAX), Some(at(156)));
    }

    #[test]
    fn k2_few_secrets_of_a_key_work_at_once() {
        let mut key = key(1_000_000);
        for n in 1..=4 {
            key.rotate(hash(n), seconds(100), MAX, at(i64::from(n))).unwrap();
        }
        let before = key.clone();
        assert_eq!(key.clone().rotate(hash(5), seconds(100), MAX, at(5)), Err(TooManySecrets));
        key.rotate(hash(5), seconds(0), MAX, at(5)).unwrap();
        let mut later = before;
        later.rotate(hash(5), seconds(100), MAX, at(101)).unwrap();
        assert_eq!(later.previous.len(), 4, "the first has ended");
    }

    #[test]
    fn k2_a_key_that_nobody_has_used_for_90_days_is_unused() {
        let mut key = key(1_000_000_000);
        assert!(key.is_unused(at(0)));
        key.last_used_at = Some(at(10));
        assert!(!key.is_unused(at(10 + 90 * 86_400 - 1)) && key.is_unused(at(10 + 90 * 86_400)));
    }

    #[test]
    fn a_mark_is_printable_and_tells_requests_apart() {
        for wrong in ["", " ", "a b", "ü", &"x".repeat(256)] {
            assert_eq!(IdempotencyKey::parse(wrong), Err(IdempotencyKeyError), "{wrong}");
        }
        let mark = |key: &str, request: &[u8]| IdempotencyKey::parse(key).unwrap().mark(request);
        assert_eq!(mark("one", b"a"), mark("one", b"a"));
        assert_ne!(mark("one", b"a").key, mark("two", b"a").key);
        assert_ne!(mark("one", b"a").request, mark("one", b"b").request);
    }

    #[test]
    fn a_page_of_keys_counts_their_names_and_every_endpoint_and_network_of_their_terms() {
        let mut key = key(100);
        assert_eq!(key.bytes(), 14);
        let endpoints = [1, 2].map(|n| crate::ids::EndpointId::from_bytes([n; 16])).to_vec();
        let addresses = ["192.0.2.0/24", "198.51.100.7/32", "203.0.113.0/24"];
        let addresses = addresses.map(|net| net.parse().unwrap()).to_vec();
        key.terms = KeyTerms::new(vec![Permission::Query], Some(endpoints), Some(addresses)).unwrap();
        assert_eq!(key.bytes(), 14 + (2 + 3) * 36);
    }
}
