//! Minting satellite tokens, and the JWKS.

use serde::Serialize;
use serde_json::json;

use crate::FakeHubError;
use crate::routes::{authenticate, satellites};
use crate::state::HubState;
use crate::wire::{HandlerResult, HubResponse, Request};

/// The lifetime of a satellite token.
pub(crate) const TOKEN_LIFETIME_SECONDS: i64 = 60;

/// The claims of a satellite token, in the hub's order. There are no others.
#[derive(Serialize)]
struct Claims<'a> {
    sub: &'a str,
    iss: &'a str,
    aud: &'a str,
    exp: i64,
    iat: i64,
    role: &'a str,
}

/// Mints a satellite token. Two tokens of the same second, user and audience are equal.
pub(crate) fn mint_satellite_token(
    hub: &HubState,
    sub: &str,
    aud: &str,
    role: &str,
) -> Result<String, FakeHubError> {
    let iat = hub.now();
    let claims = Claims { sub, iss: &hub.issuer, aud, exp: iat + TOKEN_LIFETIME_SECONDS, iat, role };
    hub.key.sign_text(&hub.key.header().to_string(), &serde_json::to_string(&claims)?)
}

pub(crate) fn jwks(hub: &mut HubState, _: &Request) -> HandlerResult {
    let response = HubResponse::json(200, json!({"keys": hub.published_keys}));
    Ok(response.with("cache-control", "public, max-age=3600"))
}

pub(crate) fn mint(hub: &mut HubState, request: &Request) -> HandlerResult {
    let user = authenticate(hub, request)?;
    let audience = audience(hub, request)?;
    token_response(&mint_satellite_token(hub, &user.id.to_string(), &audience, user.role.as_str())?)
}

pub(crate) fn mint_for_guest(hub: &mut HubState, request: &Request) -> HandlerResult {
    let audience = audience(hub, request)?;
    token_response(&mint_satellite_token(hub, "guest", &audience, "guest")?)
}

fn token_response(token: &str) -> HandlerResult {
    Ok(HubResponse::json(200, json!({"target_token": token, "expires_in": TOKEN_LIFETIME_SECONDS})))
}

/// The audience of the token: a satellite by its id; or the user of this name, for whom their only satellite stands if the
/// hub supports satellites.
fn audience(hub: &HubState, request: &Request) -> Result<String, HubResponse> {
    let requested = request.parameter("aud");
    let requested = requested
        .ok_or_else(|| HubResponse::invalid("missing", &["query", "aud"], "Field required", json!(null)))?;
    let name = requested.trim().to_lowercase();
    if name.is_empty() {
        return Err(HubResponse::coded(400, "MISSING_AUDIENCE", "The 'aud' query parameter is required."));
    }
    let refused = |status, code: &str, reason: &str| {
        let message = format!("Audience '{requested}' {reason}.");
        HubResponse::detail(status, json!({"code": code, "message": message, "audience": requested}))
    };
    let unknown = || refused(404, "AUDIENCE_NOT_FOUND", "is not a registered user");
    if let Some(satellite) = hub.satellites.iter().find(|satellite| satellite.id.to_string() == name) {
        let is_active = hub.user(satellite.user).is_some_and(|owner| owner.is_active);
        return if is_active { Ok(name) } else { Err(unknown()) };
    }
    let user = hub.user_named(&name).ok_or_else(unknown)?;
    if !user.is_active {
        return Err(refused(400, "AUDIENCE_INACTIVE", "is inactive and cannot receive tokens"));
    }
    if !hub.supports_satellites {
        return Ok(name);
    }
    let mut satellites = hub.satellites.iter().filter(|satellite| satellite.user == user.id);
    match (satellites.next(), satellites.count()) {
        (None, _) => Err(unknown()),
        (Some(only), 0) => Ok(only.id.to_string()),
        (Some(_), more) => Err(satellites::ambiguous_satellite(more + 1)),
    }
}
