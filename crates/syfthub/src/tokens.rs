//! The verification of satellite tokens.

use std::sync::Arc;

use syft_space_domain::Pending;
use syft_space_domain::ids::HubId;
use syft_space_domain::marketplace::ports::{SatelliteTokens, TrustedHubs};
use syft_space_domain::marketplace::{Hub, HubUrl, Issuer, SatelliteClaims, SatelliteRefused};
use syft_space_domain::random::{Entropy, RandomError};
use syft_space_domain::time::Timestamp;
use syft_space_jose::{Compact, MAX_TOKEN_BYTES, TokenDigest, decode};

use crate::claims::{self, Claims};
use crate::header::Header;
use crate::http::HubHttp;
use crate::keys::{HubKey, HubKeys, KeysByHub, RefetchOutcome};
use crate::self_test;
use crate::token_cache::{CheckedTokens, VerifiedToken};

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
/// A token passes when its header names RS256 and a key of the hub, and no type but `JWT`, no `crit` and no `b64`; when it
/// has the six claims, each of its type, and no mark of another kind of token; when its issuer is a trusted hub's, its
/// signature the key's, its life at most 300 s, and `iat`, `exp` and `nbf`, if it is there, hold to within 5 s. What else it
/// says is ignored (RFC 7519, section 4; RFC 7515, section 4), and logged once per hub. The same token may come again and
/// again.
pub struct SyftHubTokens {
    trusted: Arc<dyn TrustedHubs>,
    keys: KeysByHub,
    cache: CheckedTokens,
}

/// The parts of a token that its signature is looked up and checked with.
struct SignedToken<'a> {
    digest: TokenDigest,
    kid: &'a str,
    signing_input: &'a [u8],
    signature: &'a [u8],
}

/// The parts of a token, decoded.
struct Parts<'a> {
    header: Vec<u8>,
    payload: Vec<u8>,
    signature: Vec<u8>,
    signing_input: &'a [u8],
}

impl<'a> Parts<'a> {
    fn decode(token: &'a str) -> Result<Self, SatelliteRefused> {
        let malformed = SatelliteRefused::Malformed;
        let token = Compact::split(token).ok_or(malformed)?;
        Ok(Self {
            header: decode(token.header).ok_or(malformed)?,
            signature: decode(token.signature).ok_or(malformed)?,
            payload: decode(token.payload).ok_or(malformed)?,
            signing_input: token.signing_input.as_bytes(),
        })
    }

    /// The header, the claims, and the names of what else they say. Nothing is verified yet.
    fn read(&self) -> Result<(Header<'_>, Claims<'_>, Vec<String>), SatelliteRefused> {
        let (header, mut ignored) = Header::read(&self.header).ok_or(SatelliteRefused::Malformed)?;
        if header.alg != "RS256" || header.typ.as_ref().is_some_and(|typ| typ != "JWT") {
            return Err(SatelliteRefused::WrongKind);
        }
        let (claims, more) = Claims::read(&self.payload)?;
        ignored.extend(more);
        Ok((header, claims, ignored))
    }
}

impl SyftHubTokens {
    /// The tokens that passed that are remembered, and as many that did not, unless something else is asked for: about
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
        Ok(Self { trusted, keys: KeysByHub::new(http), cache: CheckedTokens::new(remembered, entropy)? })
    }

    fn keys_of(&self, hub: &Hub) -> Arc<HubKeys> {
        self.keys.of(hub, || self.trusted.all())
    }

    /// The claims of a token that passed before, and passes now.
    fn remembered(
        &self,
        digest: &TokenDigest,
        now: Timestamp,
    ) -> Option<Result<SatelliteClaims, SatelliteRefused>> {
        let known = self.cache.verified(digest)?;
        // Trust may have been withdrawn, or moved to another URL, whose keys are others.
        let hub = self.trusted.by_issuer(known.hub.issuer.as_str()).filter(|hub| hub.id == known.hub.id);
        if hub.is_none_or(|hub| hub.url != known.hub.url) {
            self.cache.remove(digest);
            return None;
        }
        let validity = claims::check_times(&known.claims, now);
        if validity == Err(SatelliteRefused::Expired) {
            self.cache.remove(digest);
        }
        Some(validity.map(|()| known.claims.clone()))
    }

    /// Checks a token that is not remembered.
    async fn check(
        &self,
        token: &str,
        digest: TokenDigest,
        now: Timestamp,
    ) -> Result<SatelliteClaims, SatelliteRefused> {
        let parts = Parts::decode(token)?;
        let (header, claims, ignored) = parts.read()?;
        let hub = self.trusted.by_issuer(&claims.iss).ok_or(SatelliteRefused::UnknownIssuer)?;

        let (signing_input, signature) = (parts.signing_input, &parts.signature);
        let signed_token = SignedToken { digest, kid: &header.kid, signing_input, signature };
        let key = self.key_of(&hub, &signed_token, now).await?;

        let claims = claims.validate(hub.id)?;
        claims::check_times(&claims, now)?;
        self.keys_of(&hub).report_ignored(ignored);
        self.cache.insert_verified(digest, VerifiedToken { claims: claims.clone(), hub, key });
        Ok(claims)
    }

    /// The key that verifies a token. When none does, the hub may have new ones: it is asked, within bounds.
    async fn key_of(
        &self,
        hub: &Hub,
        token: &SignedToken<'_>,
        now: Timestamp,
    ) -> Result<Arc<HubKey>, SatelliteRefused> {
        let keys = self.keys_of(hub);
        keys.refresh_if_due(now).await;
        let fetches_begun = keys.fetches_begun();
        if let Some(why) = self.cache.refused(&token.digest, keys.version(), now) {
            return Err(why);
        }
        let check = || keys.verify(token.kid, token.signing_input, token.signature);
        if let Ok(key) = check() {
            return Ok(key);
        }
        let refetched = keys.refetch(fetches_begun, now).await;
        let outcome = check();
        if let Err(why) = outcome {
            keys.report_failure();
            if refetched == RefetchOutcome::Fetched && why != SatelliteRefused::KeysUnavailable {
                self.cache.insert_refused(token.digest, why, keys.version(), now);
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
            if token.len() > MAX_TOKEN_BYTES {
                return Err(SatelliteRefused::Malformed);
            }
            let digest = self.cache.digest(token);
            match self.remembered(&digest, now) {
                Some(outcome) => outcome,
                None => self.check(token, digest, now).await,
            }
        })
    }

    fn issuer<'a>(
        &'a self,
        url: &'a HubUrl,
        token: &'a str,
        now: Timestamp,
    ) -> Pending<'a, Result<Issuer, SatelliteRefused>> {
        Box::pin(async move {
            let parts = Parts::decode(token)?;
            let (header, claims, _) = parts.read()?;
            let keys = self.keys.at(url, now).await;
            keys.verify(&header.kid, parts.signing_input, &parts.signature)?;
            // There is no hub yet whose claims they would be.
            claims::check_times(&claims.validate(HubId::from_bytes([0; 16]))?, now)?;
            Issuer::parse(&claims.iss).map_err(|_| SatelliteRefused::BadClaims)
        })
    }
}
