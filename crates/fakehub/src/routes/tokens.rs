//! How are satellite tokens minted, and by which keys are they verified?

use serde::Serialize;
use serde_json::json;

use crate::FakeHubError;
use crate::routes::{satellites, signed_in};
use crate::state::Hub;
use crate::wire::{Answer, Answered, Request};

/// How long a satellite token lives.
pub(crate) const LIFETIME_SECONDS: i64 = 60;

/// The claims of a satellite token, in the order in which the hub writes them. There are no others.
#[derive(Serialize)]
struct Claims<'a> {
    sub: &'a str,
    iss: &'a str,
    aud: &'a str,
    exp: i64,
    iat: i64,
    role: &'a str,
}

/// A token as the hub mints it. Two of one second, user and audience are the same.
pub(crate) fn satellite_token(hub: &Hub, sub: &str, aud: &str, role: &str) -> Result<String, FakeHubError> {
    let iat = hub.now();
    let claims = Claims { sub, iss: &hub.issuer, aud, exp: iat + LIFETIME_SECONDS, iat, role };
    hub.key.sign_text(&hub.key.header().to_string(), &serde_json::to_string(&claims)?)
}

pub(crate) fn jwks(hub: &mut Hub, _: &Request) -> Answered {
    let answer = Answer::json(200, json!({"keys": hub.shown}));
    Ok(answer.with("cache-control", "public, max-age=3600"))
}

pub(crate) fn mint(hub: &mut Hub, request: &Request) -> Answered {
    let user = signed_in(hub, request)?;
    let audience = audience(hub, request)?;
    minted(&satellite_token(hub, &user.id.to_string(), &audience, user.role.as_str())?)
}

pub(crate) fn mint_for_guest(hub: &mut Hub, request: &Request) -> Answered {
    let audience = audience(hub, request)?;
    minted(&satellite_token(hub, "guest", &audience, "guest")?)
}

fn minted(token: &str) -> Answered {
    Ok(Answer::json(200, json!({"target_token": token, "expires_in": LIFETIME_SECONDS})))
}

/// For whom the token is to be: the user of this name, or, where satellites are known, their only one.
fn audience(hub: &Hub, request: &Request) -> Result<String, Answer> {
    let asked = request.parameter("aud");
    let asked =
        asked.ok_or_else(|| Answer::invalid("missing", &["query", "aud"], "Field required", json!(null)))?;
    let name = asked.trim().to_lowercase();
    if name.is_empty() {
        return Err(Answer::coded(400, "MISSING_AUDIENCE", "The 'aud' query parameter is required."));
    }
    let refused = |status, code: &str, why: &str| {
        let message = format!("Audience '{asked}' {why}.");
        Answer::detail(status, json!({"code": code, "message": message, "audience": asked}))
    };
    let unknown = || refused(404, "AUDIENCE_NOT_FOUND", "is not a registered user");
    let user = hub.user_named(&name).ok_or_else(unknown)?;
    if !user.is_active {
        return Err(refused(400, "AUDIENCE_INACTIVE", "is inactive and cannot receive tokens"));
    }
    if !hub.satellites_known {
        return Ok(name);
    }
    let mut owned = hub.satellites.iter().filter(|one| one.user == user.id);
    match (owned.next(), owned.count()) {
        (None, _) => Err(unknown()),
        (Some(only), 0) => Ok(only.id.to_string()),
        (Some(_), more) => Err(satellites::ambiguous(more + 1)),
    }
}
