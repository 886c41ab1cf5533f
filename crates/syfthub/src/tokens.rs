//! Who is a caller that presents a satellite token?

use std::sync::Arc;

use syft_space_domain::Pending;
use syft_space_domain::marketplace::ports::{SatelliteTokens, TrustedHubs};
use syft_space_domain::marketplace::{Hub, SatelliteClaims, SatelliteRefused};
use syft_space_domain::random::{Entropy, RandomError};
use syft_space_domain::time::Timestamp;

use crate::claims::{self, Claims};
use crate::compact::{Compact, Header, MAX_BYTES, decode, object};
use crate::http::HubHttp;
use crate::keys::{Asked, HubKey, HubKeys, Hubs};
use crate::self_test;
use crate::verified::{SeenTokens, TokenDigest, Verified};

/// Satellite tokens cannot be verified on this machine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SatelliteTokensError {
    /// RS256 does not give what it must.
    #[error("RS256 failed its self-test: the OpenSSL in use does not work on this machine")]
    SelfTest,
    /// There was no randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
}

/// Verifies satellite tokens by the keys that hubs publish.
///
/// A token passes when its header names RS256, `JWT` and a key of the hub, and nothing else; when it has the six claims
/// and no other, each of its type; when its issuer is a trusted hub's, its signature the key's, its life at most 300 s,
/// and `iat` and `exp` hold to within 5 s. The same token may come again and again.
pub struct SyftHubTokens {
    trusted: Arc<dyn TrustedHubs>,
    hubs: Hubs,
    seen: SeenTokens,
}

/// The parts of a token that a signature is looked up and checked with.
struct Presented<'a> {
    digest: TokenDigest,
    kid: &'a str,
    signed: &'a [u8],
    signature: &'a [u8],
}

impl SyftHubTokens {
    /// How many tokens that passed are remembered, and as many that did not, unless something else is asked for: about
    /// 5 MB.
    pub const DEFAULT_REMEMBERED: usize = 10_000;

    /// Makes a verifier that remembers at most so many tokens. It must be used within a runtime of tokio.
    ///
    /// # Errors
    /// When RS256 does not work here, or there is no randomness.
    pub fn new(
        trusted: Arc<dyn TrustedHubs>,
        http: Arc<dyn HubHttp>,
        remembered: usize,
        entropy: &dyn Entropy,
    ) -> Result<Self, SatelliteTokensError> {
        if !self_test::rs256_works() {
            return Err(SatelliteTokensError::SelfTest);
        }
        Ok(Self { trusted, hubs: Hubs::new(http), seen: SeenTokens::new(remembered, entropy)? })
    }

    fn keys_of(&self, hub: &Hub) -> Arc<HubKeys> {
        self.hubs.of(hub, || self.trusted.all())
    }

    /// The claims of a token that passed before, and passes now.
    fn remembered(
        &self,
        digest: &TokenDigest,
        now: Timestamp,
    ) -> Option<Result<SatelliteClaims, SatelliteRefused>> {
        let known = self.seen.verified(digest)?;
        // Trust may have been withdrawn, or moved to another URL, whose keys are others.
        let hub = self.trusted.by_issuer(known.hub.issuer.as_str()).filter(|hub| hub.id == known.hub.id);
        if hub.is_none_or(|hub| hub.url != known.hub.url) {
            self.seen.forget(digest);
            return None;
        }
        let held = claims::hold(&known.claims, now);
        if held == Err(SatelliteRefused::Expired) {
            self.seen.forget(digest);
        }
        Some(held.map(|()| known.claims.clone()))
    }

    /// Checks a token that is not remembered.
    async fn check(
        &self,
        token: &str,
        digest: TokenDigest,
        now: Timestamp,
    ) -> Result<SatelliteClaims, SatelliteRefused> {
        let malformed = SatelliteRefused::Malformed;
        let token = Compact::split(token).ok_or(malformed)?;
        let header = decode(token.header).ok_or(malformed)?;
        let header: Header<'_> = object(&header).ok_or(malformed)?;
        let signature = decode(token.signature).ok_or(malformed)?;
        let payload = decode(token.payload).ok_or(malformed)?;
        if header.alg != "RS256" || header.typ != "JWT" {
            return Err(SatelliteRefused::WrongKind);
        }
        let claims: Claims<'_> = object(&payload).ok_or(SatelliteRefused::BadClaims)?;
        let hub = self.trusted.by_issuer(&claims.iss).ok_or(SatelliteRefused::UnknownIssuer)?;

        let signed = token.signed.as_bytes();
        let presented = Presented { digest, kid: &header.kid, signed, signature: &signature };
        let key = self.key_of(&hub, &presented, now).await?;

        let claims = claims.read(hub.id)?;
        claims::hold(&claims, now)?;
        self.seen.passed(digest, Verified { claims: claims.clone(), hub, key });
        Ok(claims)
    }

    /// The key that a token is signed with. When none fits, the hub may have new ones: it is asked, within bounds.
    async fn key_of(
        &self,
        hub: &Hub,
        token: &Presented<'_>,
        now: Timestamp,
    ) -> Result<Arc<HubKey>, SatelliteRefused> {
        let keys = self.keys_of(hub);
        keys.keep_fresh(now).await;
        let begun = keys.begun();
        if let Some(why) = self.seen.refused(&token.digest, keys.number(), now) {
            return Err(why);
        }
        let check = || keys.check(token.kid, token.signed, token.signature);
        if let Ok(key) = check() {
            return Ok(key);
        }
        let asked = keys.doubt(begun, now).await;
        let outcome = check();
        if let Err(why) = outcome {
            keys.alarm();
            if asked == Asked::Yes && why != SatelliteRefused::KeysUnavailable {
                self.seen.failed(token.digest, why, keys.number(), now);
            }
        }
        outcome
    }
}

impl SatelliteTokens for SyftHubTokens {
    fn verify<'a>(
        &'a self,
        token: &'a str,
        now: Timestamp,
    ) -> Pending<'a, Result<SatelliteClaims, SatelliteRefused>> {
        Box::pin(async move {
            if token.len() > MAX_BYTES {
                return Err(SatelliteRefused::Malformed);
            }
            let digest = self.seen.digest(token);
            match self.remembered(&digest, now) {
                Some(outcome) => outcome,
                None => self.check(token, digest, now).await,
            }
        })
    }
}
