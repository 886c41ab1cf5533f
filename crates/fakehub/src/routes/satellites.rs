//! Satellites: the spaces of a user, and their URLs.

use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;

use crate::clock::rfc3339;
use crate::keys::random_uuid;
use crate::routes::authenticate;
use crate::state::{HubState, Satellite, User};
use crate::wire::{HandlerResult, HubResponse, Request, text};

/// The caller, if the hub supports satellites.
fn caller(hub: &HubState, request: &Request) -> Result<User, HubResponse> {
    if hub.supports_satellites { authenticate(hub, request) } else { Err(HubResponse::not_found()) }
}

fn satellite_json(satellite: &Satellite) -> Value {
    json!({
        "id": satellite.id, "kind": satellite.kind, "base_url": satellite.base_url,
        "last_seen_at": satellite.last_seen_at.map(rfc3339), "created_at": rfc3339(satellite.created_at),
    })
}

/// The origin of a URL.
fn origin(text: &str) -> Result<String, HubResponse> {
    let url =
        Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some());
    let url =
        url.ok_or_else(|| HubResponse::bad_value("base_url", "it is no http(s) origin", json!(text)))?;
    Ok(url.origin().ascii_serialization())
}

/// The error for a request that must name one of several satellites.
pub(crate) fn ambiguous_satellite(count: usize) -> HubResponse {
    let message = format!(
        "This account owns {count} satellites; specify which one this request is for via satellite_id"
    );
    HubResponse::detail(422, json!({"code": "VALIDATION_ERROR", "message": message, "count": count}))
}

/// One of the caller's satellites.
pub(crate) fn find_own<'a>(hub: &'a HubState, user: &User, id: &str) -> Result<&'a Satellite, HubResponse> {
    let parsed = Uuid::try_parse(id);
    let id = parsed.map_err(|_| {
        HubResponse::invalid(
            "uuid_parsing",
            &["path", "satellite_id"],
            "Input should be a valid UUID",
            json!(id),
        )
    })?;
    let found = hub.satellites.iter().find(|satellite| satellite.user == user.id && satellite.id == id);
    found.ok_or_else(|| HubResponse::coded(404, "NOT_FOUND", &format!("Satellite not found: {id}")))
}

/// The satellite that a write is for, if the caller has any.
pub(crate) fn resolve_satellite(
    hub: &HubState,
    user: &User,
    id: Option<&str>,
) -> Result<Option<Uuid>, HubResponse> {
    if !hub.supports_satellites {
        return Ok(None);
    }
    if let Some(id) = id {
        return Ok(Some(find_own(hub, user, id)?.id));
    }
    match hub.spaces_of(user.id).as_slice() {
        [] => Ok(None),
        [only] => Ok(Some(only.id)),
        more => Err(ambiguous_satellite(more.len())),
    }
}

fn register(hub: &mut HubState, user: u64, kind: &str, base_url: &str) -> Result<Satellite, HubResponse> {
    let satellite = Satellite {
        id: random_uuid()?,
        user,
        kind: kind.to_owned(),
        base_url: base_url.to_owned(),
        last_seen_at: None,
        created_at: hub.now(),
    };
    hub.satellites.push(satellite.clone());
    Ok(satellite)
}

/// Moves a satellite to another origin, unless another satellite of the user is there.
pub(crate) fn move_satellite(
    hub: &mut HubState,
    user: u64,
    id: Uuid,
    base_url: &str,
) -> Result<(), HubResponse> {
    let base_url = origin(base_url)?;
    if hub
        .satellites
        .iter()
        .any(|satellite| satellite.user == user && satellite.id != id && satellite.base_url == base_url)
    {
        return Err(HubResponse::coded(409, "CONFLICT", "Another of your satellites is at that origin"));
    }
    if let Some(satellite) = hub.satellites.iter_mut().find(|satellite| satellite.id == id) {
        satellite.base_url = base_url;
    }
    Ok(())
}

/// Moves the user's only space to an origin, or registers a space there.
pub(crate) fn move_or_register_space(
    hub: &mut HubState,
    user: u64,
    base_url: &str,
) -> Result<Uuid, HubResponse> {
    let base_url = origin(base_url)?;
    let spaces: Vec<Uuid> = hub.spaces_of(user).iter().map(|space| space.id).collect();
    match spaces.as_slice() {
        [] => Ok(register(hub, user, "space", &base_url)?.id),
        [only] => move_satellite(hub, user, *only, &base_url).map(|()| *only),
        more => Err(ambiguous_satellite(more.len())),
    }
}

pub(crate) fn create(hub: &mut HubState, request: &Request) -> HandlerResult {
    let user = caller(hub, request)?;
    let body = request.object()?;
    let kind = text(&body, "kind")?;
    if !matches!(kind, "space" | "station") {
        return Err(HubResponse::bad_value("kind", "it is space or station", json!(kind)));
    }
    let base_url = origin(text(&body, "base_url")?)?;
    let known = hub
        .satellites
        .iter()
        .find(|satellite| satellite.user == user.id && satellite.base_url == base_url)
        .cloned();
    match known {
        Some(_) if hub.strict_satellites => {
            Err(HubResponse::coded(409, "CONFLICT", "That origin is already registered as a satellite"))
        }
        Some(known) if known.kind == kind => Ok(HubResponse::json(201, satellite_json(&known))),
        Some(known) => {
            let message = format!("That origin is already registered as a {}, not a {kind}", known.kind);
            Err(HubResponse::coded(409, "SATELLITE_KIND_MISMATCH", &message))
        }
        None => Ok(HubResponse::json(201, satellite_json(&register(hub, user.id, kind, &base_url)?))),
    }
}

pub(crate) fn list(hub: &mut HubState, request: &Request) -> HandlerResult {
    let user = caller(hub, request)?;
    let own: Vec<Value> =
        hub.satellites.iter().filter(|satellite| satellite.user == user.id).map(satellite_json).collect();
    Ok(HubResponse::json(200, json!(own)))
}

fn find_by_path(hub: &HubState, request: &Request) -> Result<(User, Satellite), HubResponse> {
    let user = caller(hub, request)?;
    let id = request.segments().last().copied().unwrap_or_default();
    let satellite = find_own(hub, &user, id)?.clone();
    Ok((user, satellite))
}

pub(crate) fn get(hub: &mut HubState, request: &Request) -> HandlerResult {
    Ok(HubResponse::json(200, satellite_json(&find_by_path(hub, request)?.1)))
}

pub(crate) fn relocate(hub: &mut HubState, request: &Request) -> HandlerResult {
    let (user, satellite) = find_by_path(hub, request)?;
    let body = request.object()?;
    move_satellite(hub, user.id, satellite.id, text(&body, "base_url")?)?;
    Ok(HubResponse::json(200, satellite_json(&find_by_path(hub, request)?.1)))
}

pub(crate) fn delete(hub: &mut HubState, request: &Request) -> HandlerResult {
    let (_, satellite) = find_by_path(hub, request)?;
    hub.satellites.retain(|other| other.id != satellite.id);
    if hub.strict_satellites {
        hub.endpoints.retain(|endpoint| endpoint.satellite != Some(satellite.id));
    }
    let now = hub.now();
    for endpoint in hub.endpoints.iter_mut().filter(|endpoint| endpoint.satellite == Some(satellite.id)) {
        endpoint.satellite = None;
        endpoint.alive_until = now;
    }
    Ok(HubResponse::no_content())
}
