//! How are endpoints published, changed, and kept alive?

use serde_json::{Map, Value, json};

use crate::clock::written;
use crate::routes::listing::shown;
use crate::routes::satellites::{meant, move_or_register_space, point};
use crate::routes::{shape, signed_in};
use crate::state::{Endpoint, Hub, User};
use crate::wire::{Answer, Answered, Request, text};

/// How long after the last good news the monitor still takes an endpoint for alive: three of its cycles fail first.
pub(crate) const MONITOR_SECONDS: i64 = 142;
/// The longest time that a report is believed.
const TTL_MAX: i64 = 1_800;
/// The longest time that a report may ask to be believed.
const TTL_ASKED_MAX: i64 = 3_600;
const BATCH_MAX: usize = 300;

fn new_endpoint(
    hub: &mut Hub,
    user: &User,
    satellite: Option<uuid::Uuid>,
    slug: String,
    fields: Map<String, Value>,
) -> Endpoint {
    let now = hub.now();
    Endpoint {
        id: hub.next_id(),
        user: user.id,
        satellite,
        slug,
        fields,
        created_at: now,
        updated_at: now,
        alive_until: now + MONITOR_SECONDS,
    }
}

pub(crate) fn create(hub: &mut Hub, request: &Request) -> Answered {
    let user = signed_in(hub, request)?;
    let body = request.object()?;
    let (slug, fields) = shape::whole(&body)?;
    let satellite = meant(hub, &user, request.parameter("satellite_id"))?;
    if hub.endpoints.iter().any(|one| one.user == user.id && one.slug == slug) {
        return Err(Answer::detail(400, "slug already exists - already taken"));
    }
    let endpoint = new_endpoint(hub, &user, satellite, slug, fields);
    hub.endpoints.push(endpoint.clone());
    Ok(Answer::json(201, shown(hub, &endpoint)))
}

/// Where the endpoint that the path names is.
fn addressed(hub: &Hub, request: &Request) -> Result<usize, Answer> {
    let user = signed_in(hub, request)?;
    let slug = request.segments().last().copied().unwrap_or_default().to_owned();
    let found = hub.endpoints.iter().position(|one| one.user == user.id && one.slug == slug);
    found.ok_or_else(|| Answer::detail(404, "Endpoint not found"))
}

pub(crate) fn update(hub: &mut Hub, request: &Request) -> Answered {
    let at = addressed(hub, request)?;
    let changes = shape::changes(&request.object()?)?;
    let now = hub.now();
    let endpoint = hub.endpoints.get_mut(at).ok_or_else(Answer::not_found)?;
    endpoint.fields.extend(changes);
    endpoint.updated_at = now;
    let endpoint = endpoint.clone();
    Ok(Answer::json(200, shown(hub, &endpoint)))
}

pub(crate) fn delete(hub: &mut Hub, request: &Request) -> Answered {
    let at = addressed(hub, request)?;
    hub.endpoints.remove(at);
    Ok(Answer::no_content())
}

pub(crate) fn sync(hub: &mut Hub, request: &Request) -> Answered {
    let user = signed_in(hub, request)?;
    let body = request.object()?;
    let Some(Value::Array(batch)) = body.get("endpoints") else {
        return Err(Answer::invalid("missing", &["body", "endpoints"], "Field required", body));
    };
    if batch.len() > BATCH_MAX {
        let message = format!("List should have at most {BATCH_MAX} items after validation");
        return Err(Answer::invalid("too_long", &["body", "endpoints"], &message, json!(batch.len())));
    }
    let satellite_id =
        request.parameter("satellite_id").or_else(|| body.get("satellite_id").and_then(Value::as_str));
    let satellite = meant(hub, &user, satellite_id)?;
    let mut read = Vec::new();
    let mut errors = Vec::new();
    for (index, item) in batch.iter().enumerate() {
        let (slug, fields) = shape::whole(item)?;
        if read.iter().any(|(one, _)| *one == slug) {
            let error = format!("Duplicate slug '{slug}' in batch (first occurrence takes precedence)");
            errors.push(json!({"index": index, "field": "slug", "error": error}));
        }
        read.push((slug, fields));
    }
    if !errors.is_empty() {
        let message = format!("Batch validation failed with {} error(s)", errors.len());
        let detail = json!({"code": "VALIDATION_ERROR", "message": message, "errors": errors});
        return Err(Answer::detail(400, detail));
    }
    let before = hub.endpoints.len();
    hub.endpoints.retain(|one| one.user != user.id);
    let deleted = before - hub.endpoints.len();
    let mut published = Vec::new();
    for (slug, fields) in read {
        let endpoint = new_endpoint(hub, &user, satellite, slug, fields);
        published.push(shown(hub, &endpoint));
        hub.endpoints.push(endpoint);
    }
    Ok(Answer::json(200, json!({"synced": published.len(), "deleted": deleted, "endpoints": published})))
}

pub(crate) fn health(hub: &mut Hub, request: &Request) -> Answered {
    let user = signed_in(hub, request)?;
    let body = request.object()?;
    let url = text(&body, "url")?;
    let ttl = body.get("ttl_seconds").and_then(Value::as_i64).unwrap_or(TTL_MAX);
    if !(1..=TTL_ASKED_MAX).contains(&ttl) {
        let message = format!("Input should be less than or equal to {TTL_ASKED_MAX}");
        return Err(Answer::invalid("less_than_equal", &["body", "ttl_seconds"], &message, json!(ttl)));
    }
    let Some(Value::Array(reports)) =
        body.get("endpoints").filter(|list| list.as_array().is_some_and(|list| !list.is_empty()))
    else {
        let message = "List should have at least 1 item after validation";
        return Err(Answer::invalid("too_short", &["body", "endpoints"], message, json!([])));
    };
    let satellite_id =
        request.parameter("satellite_id").or_else(|| body.get("satellite_id").and_then(Value::as_str));
    heard(hub, &user, satellite_id, url)?;

    let now = hub.now();
    let mut updated = 0_usize;
    for report in reports {
        let slug = text(report, "slug")?;
        let is_healthy = text(report, "status")? == "healthy";
        if let Some(endpoint) = hub.endpoints.iter_mut().find(|one| one.user == user.id && one.slug == slug) {
            let believed = if is_healthy { ttl.min(TTL_MAX) } else { 0 };
            endpoint.alive_until = now + believed + MONITOR_SECONDS;
            updated += 1;
        }
    }
    Ok(Answer::json(200, json!({"updated": updated, "ignored": reports.len() - updated})))
}

/// The reported URL is where the owner's endpoints are from now on.
fn heard(hub: &mut Hub, user: &User, satellite_id: Option<&str>, url: &str) -> Result<(), Answer> {
    if hub.satellites_known {
        let id = match meant(hub, user, satellite_id)? {
            Some(id) => point(hub, user.id, id, url).map(|()| id)?,
            None => move_or_register_space(hub, user.id, url)?,
        };
        let now = hub.now();
        if let Some(one) = hub.satellites.iter_mut().find(|one| one.id == id) {
            one.last_seen_at = Some(now);
        }
    }
    if let Some(user) = hub.user_mut(user.id) {
        user.domain = Some(url.trim_end_matches('/').to_owned());
    }
    Ok(())
}

/// The members that the hub, not the owner, writes.
pub(crate) fn managed(endpoint: &Endpoint) -> [(&'static str, Value); 3] {
    [
        ("stars_count", json!(0)),
        ("created_at", json!(written(endpoint.created_at))),
        ("updated_at", json!(written(endpoint.updated_at))),
    ]
}
