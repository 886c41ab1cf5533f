//! The signing and verification of access tokens.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use syft_space_domain::identity::ports::AccessTokens;
use syft_space_domain::identity::{AccessClaims, AccessToken, SigningKey, TokenRefused, TokenSignError};
use syft_space_domain::random::{Entropy, RandomError};
use syft_space_domain::secret::Secret;
use syft_space_domain::time::Timestamp;
use syft_space_jose::{Compact, MAX_TOKEN_BYTES, TokenCache, TokenHasher, decode, numeric_date, object};

use crate::claims::Claims;
use crate::header::{Header, Kind, TOKEN_TYPE};
use crate::key::Key;
use crate::{KeyRing, SigningAlgorithm};

/// The leeway of `iat` and `nbf`, for the clocks of two nodes. `exp` has none.
const LEEWAY_MICROS: i64 = 5_000_000;

/// The settings of tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenSettings {
    /// Who issues them (`iss`).
    pub issuer: String,
    /// Whom they are for (`aud`).
    pub audience: String,
    /// How long a token lives: whole seconds. A token that would live longer is refused, so that a shorter
    /// lifetime holds for the tokens out there too.
    pub lifetime: Duration,
    /// The most verified tokens that are remembered. With 0 each is verified each time.
    pub cached: usize,
}

impl TokenSettings {
    /// The most verified tokens that are remembered unless something else is asked for: about 2 MB.
    pub const DEFAULT_CACHED: usize = 10_000;
}

/// Tokens cannot be made with these settings or keys.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenSettingsError {
    /// A name is missing.
    #[error("access tokens need an issuer and an audience: set both to a name of this space")]
    NoName,
    /// The lifetime is no whole number of seconds.
    #[error("access tokens live for whole seconds, at least 1: 900 is usual")]
    Lifetime,
    /// A key does not verify what it signed, or verifies what it did not.
    #[error(
        "the {algorithm} key {kid:?} failed its self-test: the OpenSSL in use does not work on this machine"
    )]
    SelfTest {
        /// The key's id.
        kid: String,
        /// Its algorithm.
        algorithm: SigningAlgorithm,
    },
    /// There was no randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
}

/// Signs and verifies access tokens with the keys of a ring.
pub struct JwtTokens {
    keys: ArcSwap<Keys>,
    issuer: String,
    audience: String,
    lifetime: Duration,
    hasher: TokenHasher,
    cached: usize,
}

/// A ring, and the tokens that were verified by it: another ring remembers none of them.
struct Keys {
    ring: KeyRing,
    cache: TokenCache<VerifiedToken>,
}

/// A token that passed every check, and the times between which it passes them again.
struct VerifiedToken {
    claims: AccessClaims,
    not_before: Timestamp,
    expires_at: Timestamp,
}

impl JwtTokens {
    /// Takes a ring, and tries each of its keys once: what cannot sign and verify is found out at the start.
    ///
    /// # Errors
    /// When a name is empty, the lifetime is no whole number of seconds, a key fails its self-test, or there is no
    /// randomness.
    pub fn new(
        ring: KeyRing,
        settings: TokenSettings,
        entropy: &dyn Entropy,
    ) -> Result<Self, TokenSettingsError> {
        let TokenSettings { issuer, audience, lifetime, cached } = settings;
        if issuer.is_empty() || audience.is_empty() {
            return Err(TokenSettingsError::NoName);
        }
        if lifetime.is_zero() || lifetime.subsec_nanos() != 0 {
            return Err(TokenSettingsError::Lifetime);
        }
        let hasher = TokenHasher::new(entropy)?;
        let keys = ArcSwap::from_pointee(Keys::new(ring, cached)?);
        Ok(Self { keys, issuer, audience, lifetime, hasher, cached })
    }

    /// Takes another ring from now on, and remembers no token that the one before verified.
    ///
    /// # Errors
    /// When one of its keys fails its self-test; the ring before stays.
    pub fn replace(&self, ring: KeyRing) -> Result<(), TokenSettingsError> {
        self.keys.store(Arc::new(Keys::new(ring, self.cached)?));
        Ok(())
    }

    /// The ring in use, to be stored.
    #[must_use]
    pub fn to_json(&self) -> Secret<String> {
        self.keys.load().ring.to_json()
    }

    /// Whether the ring holds keys whose time is over.
    #[must_use]
    pub fn has_expired_keys(&self, now: Timestamp) -> bool {
        self.keys.load().ring.keys().any(|key| !key.is_accepted(now))
    }

    /// The keys accepted now, the one that signs first, without anything secret.
    #[must_use]
    pub fn describe(&self, now: Timestamp) -> Vec<SigningKey> {
        self.keys.load().ring.describe(now)
    }

    /// The ids of the keys that rotations have made and nobody has said are recorded.
    #[must_use]
    pub fn unrecorded(&self) -> Vec<String> {
        self.keys.load().ring.unrecorded()
    }

    /// The public halves of the keys accepted now, as a JSON Web Key Set to publish.
    #[must_use]
    pub fn public_jwks(&self, now: Timestamp) -> Value {
        self.keys.load().ring.public_jwks(now)
    }

    /// Checks a token without the cache.
    fn check(&self, ring: &KeyRing, token: &str, now: Timestamp) -> Result<VerifiedToken, TokenRefused> {
        let token = Compact::split(token).ok_or(TokenRefused::Malformed)?;
        let header = decode(token.header).ok_or(TokenRefused::Malformed)?;
        let signature = decode(token.signature).ok_or(TokenRefused::Malformed)?;
        let kind: Kind<'_> = object(&header).ok_or(TokenRefused::Malformed)?;
        let algorithm: SigningAlgorithm = kind.alg.parse().map_err(|_| TokenRefused::WrongKind)?;
        if kind.typ != TOKEN_TYPE {
            return Err(TokenRefused::WrongKind);
        }
        let header: Header<'_> = object(&header).ok_or(TokenRefused::Malformed)?;
        let key = ring
            .keys()
            .find(|key| key.id == header.kid && key.is_accepted(now))
            .ok_or(TokenRefused::UnknownKey)?;
        if key.algorithm != algorithm {
            return Err(TokenRefused::WrongKind);
        }
        if !key.verifies(token.signing_input.as_bytes(), &signature) {
            return Err(TokenRefused::BadSignature);
        }

        let payload = decode(token.payload).ok_or(TokenRefused::Malformed)?;
        let verified = self.validate(&payload, key).ok_or(TokenRefused::BadClaims)?;
        if now >= verified.expires_at {
            return Err(TokenRefused::Expired);
        }
        if now < verified.not_before {
            return Err(TokenRefused::NotYetValid);
        }
        Ok(verified)
    }

    /// Validates the claims under a good signature; `None` when one is missing, of the wrong type or not for us.
    fn validate(&self, payload: &[u8], key: &Key) -> Option<VerifiedToken> {
        let claims: Claims<'_> = object(payload)?;
        if claims.iss != self.issuer || claims.aud != self.audience {
            return None;
        }
        if !claims.has_lifetime_up_to(self.lifetime.as_secs()) {
            return None;
        }
        let starts = numeric_date(claims.iat.max(claims.nbf.unwrap_or(0)))?;
        let not_before = Timestamp::from_unix_micros(starts.as_unix_micros() - LEEWAY_MICROS);
        let claims = claims.to_domain()?;
        let expires_at = key.accepted_until.map_or(claims.expires_at, |end| end.min(claims.expires_at));
        Some(VerifiedToken { claims, not_before, expires_at })
    }
}

impl AccessTokens for JwtTokens {
    fn lifetime(&self) -> Duration {
        self.lifetime
    }

    fn sign(&self, claims: &AccessClaims) -> Result<AccessToken, TokenSignError> {
        let refuse = |why: &str| TokenSignError(why.to_owned());
        let written = Claims::from_domain(claims, &self.issuer, &self.audience)
            .ok_or_else(|| refuse("its times are before 1970"))?;
        if !written.has_lifetime_up_to(self.lifetime.as_secs()) {
            return Err(refuse("it would not live for a second, or for longer than tokens may"));
        }
        let payload = serde_json::to_vec(&written).map_err(|_| refuse("its claims cannot be written"))?;
        let keys = self.keys.load();
        let key = keys.ring.current();
        let mut text = format!("{}.{}", key.header, URL_SAFE_NO_PAD.encode(payload));
        let signature = key.sign(text.as_bytes()).ok_or_else(|| refuse("the key does not sign"))?;
        text.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut text);
        if text.len() > MAX_TOKEN_BYTES {
            return Err(refuse("it would be longer than 4 KiB; use a shorter issuer and audience"));
        }
        Ok(AccessToken::new(text))
    }

    fn verify(&self, token: &str, now: Timestamp) -> Result<AccessClaims, TokenRefused> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(TokenRefused::Malformed);
        }
        let digest = self.hasher.digest(token);
        let keys = self.keys.load();
        let known = keys.cache.get_if(&digest, |known| now < known.expires_at);
        if let Some(known) = known.filter(|known| now >= known.not_before) {
            return Ok(known.claims.clone());
        }
        let verified = self.check(&keys.ring, token, now)?;
        let claims = verified.claims.clone();
        keys.cache.insert(digest, verified);
        Ok(claims)
    }
}

impl Keys {
    fn new(ring: KeyRing, cached: usize) -> Result<Self, TokenSettingsError> {
        if let Some(broken) = ring.keys().find(|key| !key.passes_self_test()) {
            return Err(TokenSettingsError::SelfTest { kid: broken.id.clone(), algorithm: broken.algorithm });
        }
        Ok(Self { ring, cache: TokenCache::new(cached) })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU8, Ordering};

    use syft_space_domain::access::Role;
    use syft_space_domain::identity::Email;
    use syft_space_domain::ids::{AccountId, SessionId, TenantId, TokenId};
    use syft_space_domain::tenant::TenantName;

    use super::*;

    struct Counting(AtomicU8);

    impl Entropy for Counting {
        fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomError> {
            buffer.fill(self.0.fetch_add(1, Ordering::Relaxed));
            Ok(())
        }
    }

    fn claims(number: u64) -> AccessClaims {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&number.to_be_bytes());
        AccessClaims {
            account: AccountId::from_bytes([1; 16]),
            email: Email::parse("alice@example.com").unwrap(),
            tenant: TenantId::from_bytes([2; 16]),
            tenant_name: TenantName::parse("acme").unwrap(),
            role: Role::User,
            session: SessionId::from_bytes([3; 16]),
            id: TokenId::from_bytes(id),
            issued_at: Timestamp::from_unix_micros(0),
            expires_at: Timestamp::from_unix_micros(900_000_000),
        }
    }

    fn tokens(cached: usize) -> JwtTokens {
        let entropy = Counting(AtomicU8::new(1));
        let now = Timestamp::from_unix_micros(0);
        let ring = KeyRing::generate(SigningAlgorithm::Hs256, now, &entropy).unwrap();
        let lifetime = Duration::from_secs(900);
        let settings = TokenSettings { issuer: "i".to_owned(), audience: "a".to_owned(), lifetime, cached };
        JwtTokens::new(ring, settings, &entropy).unwrap()
    }

    #[test]
    fn the_memory_of_tokens_is_bounded_and_forgets_at_exp() {
        let tokens = tokens(16);
        let now = Timestamp::from_unix_micros(0);
        for number in 0..1_000 {
            let token = tokens.sign(&claims(number)).unwrap();
            assert_eq!(tokens.verify(token.expose(), now), Ok(claims(number)));
            assert!(
                tokens.keys.load().cache.len() <= 16,
                "{} after {number}",
                tokens.keys.load().cache.len()
            );
        }
        assert!(!tokens.keys.load().cache.is_empty());

        let last = tokens.sign(&claims(1_000)).unwrap();
        assert!(tokens.verify(last.expose(), now).is_ok());
        let known = tokens.keys.load().cache.len();
        let end = Timestamp::from_unix_micros(900_000_000);
        assert_eq!(tokens.verify(last.expose(), end), Err(TokenRefused::Expired));
        assert_eq!(tokens.keys.load().cache.len(), known - 1);
    }

    #[test]
    fn a_refused_token_takes_no_memory() {
        let tokens = tokens(16);
        for number in 0..100 {
            let token = tokens.sign(&claims(number)).unwrap();
            let broken = format!("{}A", token.expose());
            assert!(tokens.verify(&broken, Timestamp::from_unix_micros(0)).is_err());
        }
        assert_eq!(tokens.keys.load().cache.len(), 0);
    }

    #[test]
    fn k2_a_key_that_does_not_work_is_found_out_at_the_start() {
        for algorithm in [SigningAlgorithm::EdDsa, SigningAlgorithm::Es256] {
            let ring = KeyRing::of(Key::broken(algorithm));
            let lifetime = Duration::from_secs(900);
            let settings =
                TokenSettings { issuer: "i".to_owned(), audience: "a".to_owned(), lifetime, cached: 0 };
            let error = JwtTokens::new(ring, settings, &Counting(AtomicU8::new(1))).err().unwrap();
            assert!(
                matches!(error, TokenSettingsError::SelfTest { algorithm: found, .. } if found == algorithm)
            );
        }
    }
}
