//! What a browser keeps between the start of a sign-in and its end: sealed, so that it can be read here alone.

use std::borrow::Cow;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::identity::oidc::ports::AuthorizationRequest;
use crate::ids::OidcProviderId;
use crate::random::RandomError;
use crate::sealing::{AssociatedData, SealError, Sealed};
use crate::secret::{BearerSecret, Secret};
use crate::space::Space;
use crate::tenant::TenantScope;
use crate::time::Timestamp;

/// A sign-in that has begun.
pub(super) struct Remembered {
    provider: OidcProviderId,
    begun_at: Timestamp,
    pub(super) request: AuthorizationRequest,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Plain<'a> {
    provider: OidcProviderId,
    begun_at: i64,
    redirect_uri: Cow<'a, str>,
    state: Cow<'a, str>,
    nonce: Cow<'a, str>,
    verifier: Cow<'a, str>,
}

impl Remembered {
    /// How long somebody has to sign in at their provider.
    pub(super) const LIFETIME: Duration = Duration::from_secs(10 * 60);

    /// The most characters of a sealed one.
    const MAX_CHARS: usize = 4_000;

    /// Makes what nobody can guess: 256 bits each.
    pub(super) fn generate(
        space: &Space,
        provider: OidcProviderId,
        redirect_uri: String,
    ) -> Result<Self, RandomError> {
        let secret = || {
            let secret = BearerSecret::generate(&*space.entropy)?;
            Ok::<_, RandomError>(Secret::new(secret.expose().to_owned()))
        };
        let request =
            AuthorizationRequest { redirect_uri, state: secret()?, nonce: secret()?, verifier: secret()? };
        Ok(Self { provider, begun_at: space.clock.now(), request })
    }

    /// When it began.
    pub(super) fn begun_at(&self) -> Timestamp {
        self.begun_at
    }

    /// Seals it for its tenant, for its `state`, and for this process: what another would have to know of a sign-in that it ends,
    /// such as who has logged out meanwhile, is known to none after this one.
    pub(super) fn seal(&self, space: &Space, scope: &TenantScope) -> Result<String, SealError> {
        let AuthorizationRequest { redirect_uri, state, nonce, verifier } = &self.request;
        let plain = Plain {
            provider: self.provider,
            begun_at: self.begun_at.as_unix_micros(),
            redirect_uri: redirect_uri.into(),
            state: state.expose().into(),
            nonce: nonce.expose().into(),
            verifier: verifier.expose().into(),
        };
        // Texts and numbers always serialise.
        let plain = Secret::new(serde_json::to_vec(&plain).unwrap_or_default());
        let sealed = space.sealer.seal(scope, &place(space, state.expose()), &plain)?;
        Ok(hex::encode(sealed.as_bytes()))
    }

    /// Opens what a browser brings with a `state`; `None` where it is not of that, of another tenant, provider or process, or too
    /// old.
    pub(super) fn open(
        text: &str,
        space: &Space,
        scope: &TenantScope,
        provider: OidcProviderId,
        state: &str,
        now: Timestamp,
    ) -> Option<Self> {
        let sealed = Sealed::from_bytes(hex::decode(text.get(..text.len().min(Self::MAX_CHARS))?).ok()?);
        let plain = space.sealer.open(scope, &place(space, state), &sealed).ok()?;
        let plain: Plain<'_> = serde_json::from_slice(plain.expose()).ok()?;
        let begun_at = Timestamp::from_unix_micros(plain.begun_at);
        let is_meant = bool::from(plain.state.as_bytes().ct_eq(state.as_bytes()));
        if !is_meant || plain.provider != provider || now.since(begun_at) >= Self::LIFETIME {
            return None;
        }
        let secret = |text: Cow<'_, str>| Secret::new(text.into_owned());
        let request = AuthorizationRequest {
            redirect_uri: plain.redirect_uri.into_owned(),
            state: secret(plain.state),
            nonce: secret(plain.nonce),
            verifier: secret(plain.verifier),
        };
        Some(Self { provider, begun_at, request })
    }
}

/// Where a sealed one lies: in a browser, beside its `state`, until this process ends.
fn place(space: &Space, state: &str) -> AssociatedData {
    let digest = Sha256::new().chain_update(space.provider_logouts.process()).chain_update(state).finalize();
    let mut row = [0; 16];
    row.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    AssociatedData { table: "oidc_sign_ins", column: "request", row }
}
