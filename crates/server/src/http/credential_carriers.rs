//! Where a credential may stand in a request: in `Authorization`, and nowhere else.
//!
//! A credential in a URL ends up in logs and histories (RFC 6750, section 2.3; RFC 9700, section 4.3.2). One in another header
//! would be a second way in, past whatever restricts the first. Whoever sends one so is told, and the request does nothing.

use actix_web::HttpRequest;
use actix_web::http::header::{AUTHORIZATION, COOKIE};
use syft_space_domain::identity::PresentedKey;

use crate::http::problem::Problem;
use crate::http::reason::Reason;
use crate::http::request::query_pairs;

/// The headers that others take credentials in.
pub const HEADERS: [&str; 11] = [
    "access-token",
    "api-key",
    "apikey",
    "auth-token",
    "private-token",
    "x-access-token",
    "x-api-key",
    "x-api-token",
    "x-apikey",
    "x-auth-token",
    "x-authorization",
];

/// The parameters and cookies that others take credentials in, as they are written without `-` and `_`.
pub const NAMES: [&str; 9] = [
    "accesstoken",
    "apikey",
    "apitoken",
    "authorization",
    "authtoken",
    "refreshtoken",
    "xaccesstoken",
    "xapikey",
    "xauthtoken",
];

/// Parameters that could be meant so, and are meant otherwise nowhere. A cookie of such a name may be another program's, from
/// another port of the same host.
pub const PARAMETERS: [&str; 5] = ["auth", "bearer", "idtoken", "key", "token"];

/// Refuses a request that has a credential elsewhere than in `Authorization`, or two there.
///
/// # Errors
/// When it has. What it was is not told, and stands in no log.
pub(crate) fn check(http: &HttpRequest) -> Result<(), Problem> {
    if is_key_in(http.path()) || has_in_query(http)? {
        return Err(misplaced("the URL"));
    }
    for (name, value) in http.headers() {
        if HEADERS.contains(&name.as_str()) {
            return Err(misplaced(&format!("the header {name}")));
        }
        let text = || value.to_str().unwrap_or_default();
        if name == COOKIE && text().split(';').any(is_credential_cookie) {
            return Err(misplaced("a cookie"));
        }
        if name == AUTHORIZATION && has_several(text()) {
            let detail = "Authorization holds more than one credential: send one";
            return Err(Problem::new(Reason::Ambiguous, detail));
        }
    }
    Ok(())
}

fn misplaced(carrier: &str) -> Problem {
    let detail = format!(
        "send an access token or API key as `Authorization: Bearer …`, and nowhere else; consider the one in {carrier} leaked"
    );
    Problem::new(Reason::Ambiguous, detail)
}

fn has_in_query(http: &HttpRequest) -> Result<bool, Problem> {
    if http.query_string().is_empty() {
        return Ok(false);
    }
    let is_meant = |(name, value): (String, String)| {
        let plain = plain(&name);
        let is_named = NAMES.iter().chain(&PARAMETERS).any(|known| *known == plain);
        is_named || is_key_in(&name) || is_key_in(&value) || is_token(&value)
    };
    Ok(query_pairs(http)?.into_iter().any(is_meant))
}

fn is_credential_cookie(cookie: &str) -> bool {
    let (name, value) = cookie.split_once('=').unwrap_or((cookie, ""));
    NAMES.contains(&plain(name.trim()).as_str()) || is_key_in(value)
}

/// A name without what different writers join its words with.
fn plain(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '-' | '_')).map(|c| c.to_ascii_lowercase()).collect()
}

/// Whether a text holds an API key.
fn is_key_in(text: &str) -> bool {
    text.match_indices(PresentedKey::PREFIX).any(|(start, _)| {
        let key = text.get(start..start.saturating_add(PresentedKey::LENGTH));
        key.is_some_and(|key| PresentedKey::parse(key).is_some())
    })
}

/// Whether a text is a JSON Web Token: three parts, of which the first is an object in base64.
fn is_token(text: &str) -> bool {
    text.starts_with("eyJ") && text.split('.').count() == 3
}

/// Whether the value of `Authorization` holds more than one credential, or its scheme again. Other text behind a credential makes
/// none of it.
fn has_several(value: &str) -> bool {
    let parts = || value.split([' ', ',', '\t']).filter(|part| !part.is_empty());
    let schemes = parts().filter(|part| part.eq_ignore_ascii_case("bearer")).count();
    schemes > 1 || parts().filter(|part| is_key_in(part) || is_token(part)).nth(1).is_some()
}
