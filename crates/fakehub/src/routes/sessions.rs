//! Who is it that calls?

use serde_json::json;

use crate::keys::hs256;
use crate::state::{Hub, Session, SessionKind, User};
use crate::wire::{Answer, Request};

const ACCESS_SECONDS: i64 = 30 * 60;
const REFRESH_SECONDS: i64 = 7 * 86_400;

/// A session token. It has no id of its own: two that are made in one second are the same.
pub(crate) fn session(hub: &mut Hub, user: &User, kind: SessionKind) -> Result<String, Answer> {
    let lifetime = match kind {
        SessionKind::Access => ACCESS_SECONDS,
        SessionKind::Refresh => REFRESH_SECONDS,
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

/// The active user whose bearer token it is, a session's or a personal one.
pub(crate) fn signed_in(hub: &Hub, request: &Request) -> Result<User, Answer> {
    let token = request.bearer().ok_or_else(Answer::unauthorized)?;
    let pat = hub.pats.iter().find(|pat| pat.token == token).map(|pat| pat.user);
    let user = pat.or_else(|| valid(hub, token, SessionKind::Access)).and_then(|id| hub.user(id));
    user.filter(|user| user.is_active).cloned().ok_or_else(Answer::unauthorized)
}

/// Whose session a token is, if it is one of this kind that has not ended.
pub(crate) fn valid(hub: &Hub, token: &str, kind: SessionKind) -> Option<u64> {
    let session = hub.sessions.get(token).filter(|session| session.kind == kind)?;
    let ended = hub.logged_out.contains(token) || hub.now() >= session.expires_at;
    (!ended).then_some(session.user)
}
