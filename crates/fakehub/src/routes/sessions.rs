//! Session tokens, and the user of a request.

use serde_json::json;

use crate::keys::hs256;
use crate::state::{HubState, Session, SessionKind, User};
use crate::wire::{HubResponse, Request};

const ACCESS_TOKEN_SECONDS: i64 = 30 * 60;
const REFRESH_TOKEN_SECONDS: i64 = 7 * 86_400;

/// Creates a session token. It has no id: two tokens of the same second and user are equal.
pub(crate) fn create_session(
    hub: &mut HubState,
    user: &User,
    kind: SessionKind,
) -> Result<String, HubResponse> {
    let lifetime = match kind {
        SessionKind::Access => ACCESS_TOKEN_SECONDS,
        SessionKind::Refresh => REFRESH_TOKEN_SECONDS,
    };
    let expires_at = hub.now() + lifetime;
    let claims = json!({
        "sub": user.id.to_string(), "username": user.username, "role": user.role.as_str(),
        "exp": expires_at, "type": kind.as_str(),
    });
    let header = json!({"alg": "HS256", "typ": "JWT"});
    let token = hs256(&hub.session_secret, &header.to_string(), &claims.to_string())?;
    hub.sessions.insert(token.clone(), Session { user: user.id, kind, expires_at });
    Ok(token)
}

/// The active user of the bearer token, which is a session token or a personal access token.
pub(crate) fn authenticate(hub: &HubState, request: &Request) -> Result<User, HubResponse> {
    let token = request.bearer().ok_or_else(HubResponse::unauthorized)?;
    let pat = hub.pats.iter().find(|pat| pat.token == token).map(|pat| pat.user);
    let user = pat.or_else(|| session_user(hub, token, SessionKind::Access)).and_then(|id| hub.user(id));
    user.filter(|user| user.is_active).cloned().ok_or_else(HubResponse::unauthorized)
}

/// The user of a session token, if it is of this kind and has not expired.
pub(crate) fn session_user(hub: &HubState, token: &str, kind: SessionKind) -> Option<u64> {
    let session = hub.sessions.get(token).filter(|session| session.kind == kind)?;
    let has_ended = hub.logged_out.contains(token) || hub.now() >= session.expires_at;
    (!has_ended).then_some(session.user)
}
