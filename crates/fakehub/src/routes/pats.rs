//! Personal access tokens.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::clock::rfc3339;
use crate::keys::random;
use crate::routes::authenticate;
use crate::state::{HubState, Pat};
use crate::wire::{HandlerResult, HubResponse, Request, text};

/// The length of the prefix by which a token is listed.
const TOKEN_PREFIX_CHARACTERS: usize = 16;

fn pat_json(pat: &Pat) -> Value {
    json!({
        "id": pat.id, "name": pat.name,
        "token_prefix": pat.token.get(..TOKEN_PREFIX_CHARACTERS).unwrap_or_default(),
        "scopes": pat.scopes, "expires_at": null, "last_used_at": null, "last_used_ip": null, "is_active": true,
        "created_at": rfc3339(pat.created_at), "updated_at": rfc3339(pat.created_at),
    })
}

pub(crate) fn create(hub: &mut HubState, request: &Request) -> HandlerResult {
    let user = authenticate(hub, request)?;
    let body = request.object()?;
    let name = text(&body, "name")?;
    if name.is_empty() || name.chars().count() > 100 {
        return Err(HubResponse::bad_value("name", "it has 1 to 100 characters", json!(name)));
    }
    let scopes = body.get("scopes").cloned().unwrap_or_else(|| json!(["full"]));
    let known = |scope: &Value| matches!(scope.as_str(), Some("read" | "write" | "full"));
    if !scopes.as_array().is_some_and(|scopes| !scopes.is_empty() && scopes.iter().all(known)) {
        return Err(HubResponse::bad_value("scopes", "each is read, write or full", scopes));
    }
    let token = format!("syft_pat_{}", URL_SAFE_NO_PAD.encode(random::<32>()?));
    let pat =
        Pat { id: hub.next_id(), user: user.id, token, name: name.to_owned(), scopes, created_at: hub.now() };
    let mut response = pat_json(&pat);
    if let Some(members) = response.as_object_mut() {
        members.insert("token".to_owned(), json!(pat.token));
    }
    hub.pats.push(pat);
    Ok(HubResponse::json(201, response))
}

pub(crate) fn list(hub: &mut HubState, request: &Request) -> HandlerResult {
    let user = authenticate(hub, request)?;
    let tokens: Vec<Value> = hub.pats.iter().filter(|pat| pat.user == user.id).map(pat_json).collect();
    Ok(HubResponse::json(200, json!({"total": tokens.len(), "tokens": tokens})))
}

pub(crate) fn revoke(hub: &mut HubState, request: &Request) -> HandlerResult {
    let user = authenticate(hub, request)?;
    let id = request.segments().last().and_then(|id| id.parse::<u64>().ok());
    let before = hub.pats.len();
    hub.pats.retain(|pat| pat.user != user.id || Some(pat.id) != id);
    if hub.pats.len() == before {
        Err(HubResponse::detail(404, "API token not found"))
    } else {
        Ok(HubResponse::no_content())
    }
}
