//! Verifying satellite tokens.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::routes::authenticate;
use crate::routes::satellites::find_own;
use crate::state::{HubState, User};
use crate::wire::{HandlerResult, HubResponse, Request, text};

/// The reason why a token is not valid: a code and a message.
struct InvalidToken(&'static str, String);

pub(crate) fn verify(hub: &mut HubState, request: &Request) -> HandlerResult {
    let caller = authenticate(hub, request)?;
    let body = request.object()?;
    let token = text(&body, "token")?;
    let satellite = body.get("satellite_id").filter(|id| hub.supports_satellites && !id.is_null());
    let audiences = match satellite {
        Some(id) => vec![find_own(hub, &caller, id.as_str().unwrap_or_default())?.id.to_string()],
        None => audiences(hub, &caller),
    };
    // Every verdict has status 200.
    let verdict = verify_token(hub, token, &audiences).unwrap_or_else(
        |InvalidToken(error, message)| json!({"valid": false, "error": error, "message": message}),
    );
    Ok(HubResponse::json(200, verdict))
}

/// The audiences whose tokens a caller may verify without naming a satellite.
fn audiences(hub: &HubState, caller: &User) -> Vec<String> {
    let satellites =
        hub.satellites.iter().filter(|satellite| hub.supports_satellites && satellite.user == caller.id);
    satellites.map(|satellite| satellite.id.to_string()).chain([caller.username.clone()]).collect()
}

fn verify_token(hub: &HubState, token: &str, audiences: &[String]) -> Result<Value, InvalidToken> {
    let malformed =
        |reason: &str| InvalidToken("invalid_token_format", format!("Token is malformed: {reason}"));
    let (signed, signature) = token.rsplit_once('.').ok_or_else(|| malformed("Not enough segments"))?;
    let (header, payload) = signed.split_once('.').ok_or_else(|| malformed("Not enough segments"))?;
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).ok();
    let json = |part: &str| decode(part).and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
    let header = json(header).ok_or_else(|| malformed("Invalid header string"))?;
    let signature = decode(signature).ok_or_else(|| malformed("Invalid crypto padding"))?;

    let kid = header.get("kid").and_then(Value::as_str);
    let kid = kid.ok_or_else(|| InvalidToken("missing_kid", "Token is missing 'kid' header.".to_owned()))?;
    let mut keys = std::iter::once(&hub.key).chain(&hub.older_keys).filter(|key| key.kid() == kid).peekable();
    if keys.peek().is_none() {
        let message = format!("Unknown key ID: {kid}. The token may be from a different issuer.");
        return Err(InvalidToken("unknown_key", message));
    }
    if header.get("alg").and_then(Value::as_str) != Some("RS256") {
        return Err(InvalidToken("invalid_token", "The specified alg value is not allowed".to_owned()));
    }
    if !keys.any(|key| key.verifies(signed, &signature)) {
        let message = "Token signature verification failed. The token may have been tampered with.";
        return Err(InvalidToken("invalid_signature", message.to_owned()));
    }
    let claims =
        json(payload).ok_or_else(|| InvalidToken("decode_error", "Invalid payload string".to_owned()))?;
    verify_claims(hub, &claims, audiences)
}

fn verify_claims(hub: &HubState, claims: &Value, audiences: &[String]) -> Result<Value, InvalidToken> {
    let claim = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
    let exp = claims.get("exp").and_then(Value::as_i64);
    let exp = exp.ok_or_else(|| {
        InvalidToken("decode_error", "Expiration Time claim (exp) must be an integer.".to_owned())
    })?;
    if hub.now() >= exp {
        return Err(InvalidToken("token_expired", "The token has expired.".to_owned()));
    }
    if claim("iss") != hub.issuer {
        return Err(InvalidToken("invalid_issuer", "The token's issuer is not this hub.".to_owned()));
    }
    let (audience, subject) = (claim("aud"), claim("sub"));
    if !audiences.iter().any(|allowed| allowed == audience) {
        let authorized = audiences.last().map(String::as_str).unwrap_or_default();
        let message = format!(
            "Token audience '{audience}' does not match authorized audience '{authorized}'. You are not authorized to \
             verify this token."
        );
        return Err(InvalidToken("audience_mismatch", message));
    }
    let (email, username) = match subject {
        "" => return Err(InvalidToken("invalid_token", "Token is missing 'sub' claim.".to_owned())),
        "guest" => ("guest@syfthub.org".to_owned(), "guest".to_owned()),
        id => {
            let id =
                id.parse().map_err(|_| InvalidToken("invalid_user_id", format!("Invalid user ID: {id}")))?;
            let user = hub
                .user(id)
                .ok_or_else(|| InvalidToken("user_not_found", format!("User {id} was not found.")))?;
            if !user.is_active {
                let message = format!("User '{}' is no longer active.", user.username);
                return Err(InvalidToken("user_inactive", message));
            }
            (user.email.clone(), user.username.clone())
        }
    };
    // The role is the token's, not the user's current one.
    Ok(json!({
        "valid": true, "sub": subject, "email": email, "username": username, "role": claim("role"),
        "aud": audience, "exp": exp, "iat": claims.get("iat"),
    }))
}
