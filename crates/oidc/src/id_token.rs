//! Who somebody is, by an ID token (OpenID Connect Core 1.0, section 3.1.3.7).

use std::time::Duration;

use chrono::{DateTime, Utc};
use openidconnect::{
    ClaimsVerificationError, ClientId, EndUserEmail, IdTokenVerifier, Nonce, SignatureVerificationError,
};
use serde_json::{Map, Value};
use syft_space_domain::identity::oidc::ports::{AuthorizationRequest, VerifiedIdentity};
use syft_space_domain::identity::oidc::{OidcProvider, Subject};
use syft_space_domain::time::Timestamp;

use crate::keys::ALGORITHMS;
use crate::metadata::{Claims, Metadata, Token};
use crate::token;

/// How long ago a token may have been issued: it is fetched as soon as the person is back.
pub(crate) const MAX_AGE: Duration = Duration::from_secs(10 * 60);
/// How much later than ours a provider's clock may be.
pub(crate) const CLOCK_SKEW: Duration = Duration::from_secs(60);
/// The most groups that are looked at.
const MAX_GROUPS: usize = 1_000;

/// Why a token says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IdTokenError {
    /// None of the keys that are known has signed it. The provider may have another by now, be it under the same name.
    OtherKey,
    /// Anything else.
    Invalid,
}

/// Verifies an ID token, and reads who it is about.
pub(crate) fn verify(
    token: &Token,
    provider: &OidcProvider,
    metadata: &Metadata,
    request: &AuthorizationRequest,
    now: Timestamp,
) -> Result<IdentityInToken, IdTokenError> {
    token::read(&token.to_string()).ok_or(IdTokenError::Invalid)?;
    let client_id = ClientId::new(provider.client_id.as_str().to_owned());
    // As for a client without a secret: whoever shares a secret with us could sign by it.
    let verifier = IdTokenVerifier::new_public_client(
        client_id.clone(),
        metadata.issuer().clone(),
        metadata.jwks().clone(),
    );
    let (now, earliest, latest) = (time(now), time(now) - MAX_AGE, time(now) + CLOCK_SKEW);
    let verifier = verifier
        .set_allowed_algs(ALGORITHMS)
        .set_other_audience_verifier_fn(|_| false)
        .set_time_fn(move || now)
        .set_issue_time_verifier_fn(move |issued| {
            let fits = (earliest..=latest).contains(&issued);
            if fits { Ok(()) } else { Err("it was issued at another time".to_owned()) }
        });
    let nonce = Nonce::new(request.nonce.expose().clone());
    let claims = token.claims(&verifier, &nonce).map_err(|error| match error {
        ClaimsVerificationError::SignatureVerification(
            SignatureVerificationError::NoMatchingKey | SignatureVerificationError::CryptoError(_),
        ) => IdTokenError::OtherKey,
        _ => IdTokenError::Invalid,
    })?;
    if claims.authorized_party().is_some_and(|party| *party != client_id) {
        return Err(IdTokenError::Invalid);
    }
    identity(claims, provider).ok_or(IdTokenError::Invalid)
}

/// Who somebody is by an ID token, and whether it says all that is asked.
pub(crate) struct IdentityInToken {
    pub(crate) identity: VerifiedIdentity,
    /// A provider may keep addresses and groups for whoever asks it (OpenID Connect Core 1.0, section 5.4).
    pub(crate) lacks_email: bool,
    pub(crate) lacks_groups: bool,
}

fn identity(claims: &Claims, provider: &OidcProvider) -> Option<IdentityInToken> {
    let extra = &claims.additional_claims().claims;
    let sid = match extra.get("sid") {
        None => None,
        Some(sid) => Some(Subject::parse(sid.as_str()?).ok()?),
    };
    let named = groups(extra, provider);
    Some(IdentityInToken {
        lacks_email: claims.email().is_none(),
        lacks_groups: provider.groups.is_some() && named.is_none(),
        identity: VerifiedIdentity {
            subject: Subject::parse(claims.subject().as_str()).ok()?,
            verified_email: verified_email(claims.email(), claims.email_verified()),
            groups: named.unwrap_or_default(),
            sid,
        },
    })
}

/// An address, only where the provider says that it has verified it: `true`, and nothing that could be read as it.
pub(crate) fn verified_email(email: Option<&EndUserEmail>, is_verified: Option<bool>) -> Option<String> {
    email.filter(|_| is_verified == Some(true)).map(|email| email.as_str().to_owned())
}

/// The groups that somebody is in; `None` where nothing is said of them, or the tenant does not ask.
pub(crate) fn groups(claims: &Map<String, Value>, provider: &OidcProvider) -> Option<Vec<String>> {
    claims.get(provider.groups.as_ref()?.claim.as_str()).map(names)
}

/// The names of a list, or one name alone.
fn names(claim: &Value) -> Vec<String> {
    match claim {
        Value::String(name) => vec![name.clone()],
        Value::Array(names) => {
            names.iter().take(MAX_GROUPS).filter_map(|name| name.as_str().map(str::to_owned)).collect()
        }
        _ => Vec::new(),
    }
}

fn time(time: Timestamp) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(time.as_unix_micros()).unwrap_or_default()
}
