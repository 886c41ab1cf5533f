//! How does a program prove to be a user?

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::clock::written;
use crate::keys::random;
use crate::routes::signed_in;
use crate::state::{Hub, Pat};
use crate::wire::{Answer, Answered, Request, text};

/// How much of a token is shown later, to tell it by.
const PREFIX_CHARACTERS: usize = 16;

fn shown(pat: &Pat) -> Value {
    json!({
        "id": pat.id, "name": pat.name,
        "token_prefix": pat.token.get(..PREFIX_CHARACTERS).unwrap_or_default(),
        "scopes": pat.scopes, "expires_at": null, "last_used_at": null, "last_used_ip": null, "is_active": true,
        "created_at": written(pat.created_at), "updated_at": written(pat.created_at),
    })
}

pub(crate) fn create(hub: &mut Hub, request: &Request) -> Answered {
    let user = signed_in(hub, request)?;
    let body = request.object()?;
    let name = text(&body, "name")?;
    if name.is_empty() || name.chars().count() > 100 {
        return Err(Answer::bad_value("name", "it has 1 to 100 characters", json!(name)));
    }
    let scopes = body.get("scopes").cloned().unwrap_or_else(|| json!(["full"]));
    let known = |scope: &Value| matches!(scope.as_str(), Some("read" | "write" | "full"));
    if !scopes.as_array().is_some_and(|scopes| !scopes.is_empty() && scopes.iter().all(known)) {
        return Err(Answer::bad_value("scopes", "each is read, write or full", scopes));
    }
    let token = format!("syft_pat_{}", URL_SAFE_NO_PAD.encode(random::<32>()?));
    let pat =
        Pat { id: hub.next_id(), user: user.id, token, name: name.to_owned(), scopes, created_at: hub.now() };
    let mut answer = shown(&pat);
    if let Some(members) = answer.as_object_mut() {
        members.insert("token".to_owned(), json!(pat.token));
    }
    hub.pats.push(pat);
    Ok(Answer::json(201, answer))
}

pub(crate) fn list(hub: &mut Hub, request: &Request) -> Answered {
    let user = signed_in(hub, request)?;
    let tokens: Vec<Value> = hub.pats.iter().filter(|pat| pat.user == user.id).map(shown).collect();
    Ok(Answer::json(200, json!({"total": tokens.len(), "tokens": tokens})))
}

pub(crate) fn revoke(hub: &mut Hub, request: &Request) -> Answered {
    let user = signed_in(hub, request)?;
    let id = request.segments().last().and_then(|id| id.parse::<u64>().ok());
    let before = hub.pats.len();
    hub.pats.retain(|pat| pat.user != user.id || Some(pat.id) != id);
    if hub.pats.len() == before {
        Err(Answer::detail(404, "API token not found"))
    } else {
        Ok(Answer::no_content())
    }
}
