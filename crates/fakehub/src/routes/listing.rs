//! Which endpoints does the hub show, and to whom?

use serde_json::{Map, Value, json};

use crate::routes::endpoints::managed;
use crate::routes::signed_in;
use crate::state::{Endpoint, Hub, User};
use crate::wire::{Answer, Answered, Request};

const PAGE_DEFAULT: usize = 10;
const PAGE_MAX: usize = 100;

fn is_active(hub: &Hub, endpoint: &Endpoint) -> bool {
    hub.now() < endpoint.alive_until
}

/// Where an endpoint's owner, or the satellite that serves it, is reached.
fn base_url<'a>(hub: &'a Hub, endpoint: &Endpoint) -> Option<&'a str> {
    let satellite = hub.satellites.iter().find(|one| Some(one.id) == endpoint.satellite);
    let satellite = satellite.map(|one| one.base_url.as_str());
    satellite.or_else(|| hub.user(endpoint.user)?.domain.as_deref())
}

/// What everybody may know of an endpoint. Its paths are joined to where its owner is.
fn common(hub: &Hub, endpoint: &Endpoint) -> Map<String, Value> {
    let mut members = endpoint.fields.clone();
    members.insert("slug".to_owned(), json!(endpoint.slug));
    for (name, value) in managed(endpoint) {
        members.insert(name.to_owned(), value);
    }
    let base = base_url(hub, endpoint).unwrap_or_default();
    for connection in members.get_mut("connect").and_then(Value::as_array_mut).into_iter().flatten() {
        let url = connection.get_mut("config").and_then(|config| config.get_mut("url"));
        if let Some(Value::String(path)) = url {
            let slash = if path.is_empty() || path.starts_with('/') { "" } else { "/" };
            *path = format!("{base}{slash}{path}");
        }
    }
    members
}

/// An endpoint as its owner sees it.
pub(crate) fn shown(hub: &Hub, endpoint: &Endpoint) -> Value {
    let mut members = common(hub, endpoint);
    members.insert("id".to_owned(), json!(endpoint.id));
    members.insert("user_id".to_owned(), json!(endpoint.user));
    members.insert("organization_id".to_owned(), Value::Null);
    members.insert("is_active".to_owned(), json!(is_active(hub, endpoint)));
    if hub.satellites_known {
        members.insert("satellite_id".to_owned(), json!(endpoint.satellite));
    }
    Value::Object(members)
}

/// An endpoint as everybody sees it.
fn shown_publicly(hub: &Hub, endpoint: &Endpoint) -> Value {
    let mut members = common(hub, endpoint);
    let contributors = members.remove("contributors");
    members.remove("visibility");
    let count = contributors.as_ref().and_then(Value::as_array).map_or(0, Vec::len);
    members.insert("contributors_count".to_owned(), json!(count));
    members.insert("owner_username".to_owned(), json!(hub.user(endpoint.user).map(|owner| &owner.username)));
    Value::Object(members)
}

fn visibility(endpoint: &Endpoint) -> &str {
    endpoint.fields.get("visibility").and_then(Value::as_str).unwrap_or("public")
}

fn page(request: &Request) -> Result<(usize, usize), Answer> {
    let skip = request.number("skip", 0, (0, usize::MAX))?;
    Ok((skip, request.number("limit", PAGE_DEFAULT, (1, PAGE_MAX))?))
}

pub(crate) fn own(hub: &mut Hub, request: &Request) -> Answered {
    let user = signed_in(hub, request)?;
    let (skip, limit) = page(request)?;
    let own = hub.endpoints.iter().filter(|one| one.user == user.id).skip(skip).take(limit);
    Ok(Answer::json(200, own.map(|one| shown(hub, one)).collect()))
}

pub(crate) fn public(hub: &mut Hub, request: &Request) -> Answered {
    let (skip, limit) = page(request)?;
    let shown = hub.endpoints.iter().filter(|one| visibility(one) == "public" && is_active(hub, one));
    let page = shown.skip(skip).take(limit);
    Ok(Answer::json(200, page.map(|one| shown_publicly(hub, one)).collect()))
}

pub(crate) fn by_path(hub: &mut Hub, request: &Request) -> Answered {
    Ok(Answer::json(200, shown_publicly(hub, visible(hub, request)?)))
}

/// The hub never calls a machine such as this one.
pub(crate) fn proxy(hub: &mut Hub, request: &Request) -> Answered {
    visible(hub, request)?;
    Err(Answer::detail(403, "Access to internal or private IP addresses is not allowed"))
}

/// The endpoint at a path, if it is there for the caller.
fn visible<'a>(hub: &'a Hub, request: &Request) -> Result<&'a Endpoint, Answer> {
    let segments = request.segments();
    let mut last = segments.iter().rev();
    let (slug, owner) = (last.next().copied().unwrap_or_default(), last.next().copied().unwrap_or_default());
    let missing = || Answer::detail(404, "Endpoint not found");
    let owner = hub.user_named(owner).ok_or_else(missing)?;
    let is_meant = |one: &&Endpoint| one.user == owner.id && one.slug == slug && is_active(hub, one);
    let endpoint = hub.endpoints.iter().find(is_meant).ok_or_else(missing)?;
    if visibility(endpoint) != "public" {
        let caller: User = signed_in(hub, request)?;
        if visibility(endpoint) == "private" && caller.id != owner.id {
            return Err(missing());
        }
    }
    Ok(endpoint)
}
