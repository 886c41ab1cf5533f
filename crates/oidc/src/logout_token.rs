//! Who logged out, by a logout token (OpenID Connect Back-Channel Logout 1.0, section 2.6).

use openidconnect::JsonWebKey;
use openidconnect::core::CoreJwsSigningAlgorithm;
use serde::Deserialize;
use serde_json::{Map, Value};
use syft_space_domain::identity::oidc::ports::VerifiedLogout;
use syft_space_domain::identity::oidc::{OidcProvider, Subject};
use syft_space_domain::time::Timestamp;
use syft_space_jose::numeric_date;

use crate::id_token::{CLOCK_SKEW, IdTokenError, MAX_AGE};
use crate::keys::ALGORITHMS;
use crate::metadata::Metadata;
use crate::token::{self, Unverified};

/// What a logout token says that it is about.
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// Verifies a logout token, and reads who it is about.
pub(crate) fn verify(
    text: &str,
    provider: &OidcProvider,
    metadata: &Metadata,
    now: Timestamp,
) -> Result<VerifiedLogout, IdTokenError> {
    let token = token::read(text).ok_or(IdTokenError::Invalid)?;
    check_header(&token)?;
    check_signature(&token, metadata)?;
    claims(&token.claims, provider, now).ok_or(IdTokenError::Invalid)
}

fn check_header(token: &Unverified<'_>) -> Result<(), IdTokenError> {
    let typ = token.header.typ.as_deref().unwrap_or_default().to_ascii_lowercase();
    let is_logout = matches!(typ.as_str(), "logout+jwt" | "application/logout+jwt");
    if is_logout && token.header.crit.is_none() { Ok(()) } else { Err(IdTokenError::Invalid) }
}

fn check_signature(token: &Unverified<'_>, metadata: &Metadata) -> Result<(), IdTokenError> {
    let named = serde_json::from_value::<CoreJwsSigningAlgorithm>(Value::String(token.header.alg.clone()));
    let algorithm = named.ok().filter(|named| ALGORITHMS.contains(named)).ok_or(IdTokenError::Invalid)?;
    let is_named = |kid: Option<&str>| token.header.kid.is_none() || token.header.kid.as_deref() == kid;
    let mut keys = metadata.jwks().keys().iter().filter(|key| is_named(key.key_id().map(|id| id.as_str())));
    let message = token.signing_input.as_bytes();
    // It compares the kind of the key with the algorithm.
    let is_signed = keys.any(|key| key.verify_signature(&algorithm, message, &token.signature).is_ok());
    if is_signed { Ok(()) } else { Err(IdTokenError::OtherKey) }
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: Audiences,
    iat: u64,
    exp: u64,
    jti: String,
    events: Map<String, Value>,
    sub: Option<Subject>,
    sid: Option<Subject>,
    nonce: Option<Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audiences {
    One(String),
    Several(Vec<String>),
}

fn claims(claims: &Map<String, Value>, provider: &OidcProvider, now: Timestamp) -> Option<VerifiedLogout> {
    // `nonce: null` is a nonce, too.
    if claims.contains_key("nonce") {
        return None;
    }
    let claims: Claims = serde_json::from_value(Value::Object(claims.clone())).ok()?;
    let client_id = provider.client_id.as_str();
    let is_for_us = match &claims.aud {
        Audiences::One(audience) => audience == client_id,
        Audiences::Several(audiences) => {
            !audiences.is_empty() && audiences.iter().all(|audience| audience == client_id)
        }
    };
    let (issued, expires) = (numeric_date(claims.iat)?, numeric_date(claims.exp)?);
    let is_of_now = issued <= now.plus(CLOCK_SKEW) && now.since(issued) <= MAX_AGE && now < expires;
    let is_logout = claims.events.get(EVENT).is_some_and(Value::is_object) && claims.nonce.is_none();
    let names_somebody = claims.sub.is_some() || claims.sid.is_some();
    let fits = claims.iss == provider.issuer.as_str() && is_for_us && is_of_now && is_logout;
    let has_id = (1..=255).contains(&claims.jti.len());
    let logout = VerifiedLogout { id: claims.jti, subject: claims.sub, sid: claims.sid };
    (fits && names_somebody && has_id).then_some(logout)
}
