//! Which spaces does a user run, and where are they?

use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;

use crate::clock::written;
use crate::keys::random_uuid;
use crate::routes::signed_in;
use crate::state::{Hub, Satellite, User};
use crate::wire::{Answer, Answered, Request, text};

/// The caller, where the hub knows satellites.
fn caller(hub: &Hub, request: &Request) -> Result<User, Answer> {
    if hub.satellites_known { signed_in(hub, request) } else { Err(Answer::not_found()) }
}

fn shown(one: &Satellite) -> Value {
    json!({
        "id": one.id, "kind": one.kind, "base_url": one.base_url,
        "last_seen_at": one.last_seen_at.map(written), "created_at": written(one.created_at),
    })
}

/// A URL without what follows its origin.
fn origin(text: &str) -> Result<String, Answer> {
    let url =
        Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some());
    let url = url.ok_or_else(|| Answer::bad_value("base_url", "it is no http(s) origin", json!(text)))?;
    Ok(url.origin().ascii_serialization())
}

/// Which of a caller's spaces is meant cannot be told.
pub(crate) fn ambiguous(count: usize) -> Answer {
    let message = format!(
        "This account owns {count} satellites; specify which one this request is for via satellite_id"
    );
    Answer::detail(422, json!({"code": "VALIDATION_ERROR", "message": message, "count": count}))
}

/// One of the caller's satellites.
pub(crate) fn own<'a>(hub: &'a Hub, user: &User, id: &str) -> Result<&'a Satellite, Answer> {
    let parsed = Uuid::try_parse(id);
    let id = parsed.map_err(|_| {
        Answer::invalid("uuid_parsing", &["path", "satellite_id"], "Input should be a valid UUID", json!(id))
    })?;
    let found = hub.satellites.iter().find(|one| one.user == user.id && one.id == id);
    found.ok_or_else(|| Answer::coded(404, "NOT_FOUND", &format!("Satellite not found: {id}")))
}

/// The satellite that a write is for, if the caller has any.
pub(crate) fn meant(hub: &Hub, user: &User, id: Option<&str>) -> Result<Option<Uuid>, Answer> {
    if !hub.satellites_known {
        return Ok(None);
    }
    if let Some(id) = id {
        return Ok(Some(own(hub, user, id)?.id));
    }
    match hub.spaces_of(user.id).as_slice() {
        [] => Ok(None),
        [only] => Ok(Some(only.id)),
        more => Err(ambiguous(more.len())),
    }
}

fn register(hub: &mut Hub, user: u64, kind: &str, base_url: &str) -> Result<Satellite, Answer> {
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

/// Points a satellite elsewhere, unless another of the user's is there.
pub(crate) fn point(hub: &mut Hub, user: u64, id: Uuid, base_url: &str) -> Result<(), Answer> {
    let base_url = origin(base_url)?;
    if hub.satellites.iter().any(|one| one.user == user && one.id != id && one.base_url == base_url) {
        return Err(Answer::coded(409, "CONFLICT", "Another of your satellites is at that origin"));
    }
    if let Some(one) = hub.satellites.iter_mut().find(|one| one.id == id) {
        one.base_url = base_url;
    }
    Ok(())
}

/// Points the user's only space at an origin, or registers one there.
pub(crate) fn move_or_register_space(hub: &mut Hub, user: u64, base_url: &str) -> Result<Uuid, Answer> {
    let base_url = origin(base_url)?;
    let spaces: Vec<Uuid> = hub.spaces_of(user).iter().map(|one| one.id).collect();
    match spaces.as_slice() {
        [] => Ok(register(hub, user, "space", &base_url)?.id),
        [only] => point(hub, user, *only, &base_url).map(|()| *only),
        more => Err(ambiguous(more.len())),
    }
}

pub(crate) fn create(hub: &mut Hub, request: &Request) -> Answered {
    let user = caller(hub, request)?;
    let body = request.object()?;
    let kind = text(&body, "kind")?;
    if !matches!(kind, "space" | "station") {
        return Err(Answer::bad_value("kind", "it is space or station", json!(kind)));
    }
    let base_url = origin(text(&body, "base_url")?)?;
    let known = hub.satellites.iter().find(|one| one.user == user.id && one.base_url == base_url).cloned();
    match known {
        Some(known) if known.kind == kind => Ok(Answer::json(201, shown(&known))),
        Some(known) => {
            let message = format!("That origin is already registered as a {}, not a {kind}", known.kind);
            Err(Answer::coded(409, "SATELLITE_KIND_MISMATCH", &message))
        }
        None => Ok(Answer::json(201, shown(&register(hub, user.id, kind, &base_url)?))),
    }
}

pub(crate) fn list(hub: &mut Hub, request: &Request) -> Answered {
    let user = caller(hub, request)?;
    let own: Vec<Value> = hub.satellites.iter().filter(|one| one.user == user.id).map(shown).collect();
    Ok(Answer::json(200, json!(own)))
}

fn addressed(hub: &Hub, request: &Request) -> Result<(User, Satellite), Answer> {
    let user = caller(hub, request)?;
    let id = request.segments().last().copied().unwrap_or_default();
    let satellite = own(hub, &user, id)?.clone();
    Ok((user, satellite))
}

pub(crate) fn one(hub: &mut Hub, request: &Request) -> Answered {
    Ok(Answer::json(200, shown(&addressed(hub, request)?.1)))
}

pub(crate) fn relocate(hub: &mut Hub, request: &Request) -> Answered {
    let (user, satellite) = addressed(hub, request)?;
    let body = request.object()?;
    point(hub, user.id, satellite.id, text(&body, "base_url")?)?;
    Ok(Answer::json(200, shown(&addressed(hub, request)?.1)))
}

pub(crate) fn delete(hub: &mut Hub, request: &Request) -> Answered {
    let (_, satellite) = addressed(hub, request)?;
    hub.satellites.retain(|one| one.id != satellite.id);
    let now = hub.now();
    for endpoint in hub.endpoints.iter_mut().filter(|one| one.satellite == Some(satellite.id)) {
        endpoint.satellite = None;
        endpoint.alive_until = now;
    }
    Ok(Answer::no_content())
}
