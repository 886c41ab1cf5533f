//! Publishing, changing and deleting endpoints, and their health reports.

use serde_json::{Map, Value, json};

use crate::routes::endpoint_response::owner_view;
use crate::routes::satellites::{move_or_register_space, move_satellite, resolve_satellite};
use crate::routes::{authenticate, endpoint_body};
use crate::state::{Endpoint, HubState, User};
use crate::wire::{HandlerResult, HubResponse, Request, text};

/// The time from the end of the last health report until the monitor marks an endpoint inactive: three failed cycles.
pub(crate) const MONITOR_GRACE_SECONDS: i64 = 142;
/// The longest time for which the hub applies a health report.
const MAX_EFFECTIVE_TTL_SECONDS: i64 = 1_800;
/// The longest time that a health report may request.
const MAX_REQUESTED_TTL_SECONDS: i64 = 3_600;
const MAX_SYNC_ENDPOINTS: usize = 300;

fn new_endpoint(
    hub: &mut HubState,
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
        alive_until: now + MONITOR_GRACE_SECONDS,
    }
}

pub(crate) fn create(hub: &mut HubState, request: &Request) -> HandlerResult {
    let user = authenticate(hub, request)?;
    let body = request.object()?;
    let (slug, fields) = endpoint_body::parse_endpoint(&body)?;
    let satellite = resolve_satellite(hub, &user, request.parameter("satellite_id"))?;
    if hub.endpoints.iter().any(|endpoint| endpoint.user == user.id && endpoint.slug == slug) {
        return Err(HubResponse::detail(400, "slug already exists - already taken"));
    }
    let endpoint = new_endpoint(hub, &user, satellite, slug, fields);
    hub.endpoints.push(endpoint.clone());
    Ok(HubResponse::json(201, owner_view(hub, &endpoint)))
}

/// The index of the endpoint that the path names.
fn find_index(hub: &HubState, request: &Request) -> Result<usize, HubResponse> {
    let user = authenticate(hub, request)?;
    let slug = request.segments().last().copied().unwrap_or_default().to_owned();
    let found = hub.endpoints.iter().position(|endpoint| endpoint.user == user.id && endpoint.slug == slug);
    found.ok_or_else(|| HubResponse::detail(404, "Endpoint not found"))
}

pub(crate) fn update(hub: &mut HubState, request: &Request) -> HandlerResult {
    let index = find_index(hub, request)?;
    let changes = endpoint_body::parse_changes(&request.object()?)?;
    let now = hub.now();
    let endpoint = hub.endpoints.get_mut(index).ok_or_else(HubResponse::not_found)?;
    endpoint.fields.extend(changes);
    endpoint.updated_at = now;
    let endpoint = endpoint.clone();
    Ok(HubResponse::json(200, owner_view(hub, &endpoint)))
}

pub(crate) fn delete(hub: &mut HubState, request: &Request) -> HandlerResult {
    let index = find_index(hub, request)?;
    hub.endpoints.remove(index);
    Ok(HubResponse::no_content())
}

pub(crate) fn sync(hub: &mut HubState, request: &Request) -> HandlerResult {
    let user = authenticate(hub, request)?;
    let body = request.object()?;
    let Some(Value::Array(batch)) = body.get("endpoints") else {
        return Err(HubResponse::invalid("missing", &["body", "endpoints"], "Field required", body));
    };
    if batch.len() > MAX_SYNC_ENDPOINTS {
        let message = format!("List should have at most {MAX_SYNC_ENDPOINTS} items after validation");
        return Err(HubResponse::invalid("too_long", &["body", "endpoints"], &message, json!(batch.len())));
    }
    let satellite_id =
        request.parameter("satellite_id").or_else(|| body.get("satellite_id").and_then(Value::as_str));
    let satellite = resolve_satellite(hub, &user, satellite_id)?;
    let mut parsed = Vec::new();
    let mut errors = Vec::new();
    for (index, item) in batch.iter().enumerate() {
        let (slug, fields) = endpoint_body::parse_endpoint(item)?;
        if parsed.iter().any(|(known, _)| *known == slug) {
            let error = format!("Duplicate slug '{slug}' in batch (first occurrence takes precedence)");
            errors.push(json!({"index": index, "field": "slug", "error": error}));
        }
        parsed.push((slug, fields));
    }
    if !errors.is_empty() {
        let message = format!("Batch validation failed with {} error(s)", errors.len());
        let detail = json!({"code": "VALIDATION_ERROR", "message": message, "errors": errors});
        return Err(HubResponse::detail(400, detail));
    }
    let previous = hub.endpoints.len();
    hub.endpoints.retain(|endpoint| endpoint.user != user.id);
    let deleted = previous - hub.endpoints.len();
    let mut published = Vec::new();
    for (slug, fields) in parsed {
        let endpoint = new_endpoint(hub, &user, satellite, slug, fields);
        published.push(owner_view(hub, &endpoint));
        hub.endpoints.push(endpoint);
    }
    Ok(HubResponse::json(200, json!({"synced": published.len(), "deleted": deleted, "endpoints": published})))
}

pub(crate) fn health(hub: &mut HubState, request: &Request) -> HandlerResult {
    let user = authenticate(hub, request)?;
    let body = request.object()?;
    let url = text(&body, "url")?;
    let ttl = body.get("ttl_seconds").and_then(Value::as_i64).unwrap_or(MAX_EFFECTIVE_TTL_SECONDS);
    if !(1..=MAX_REQUESTED_TTL_SECONDS).contains(&ttl) {
        let message = format!("Input should be less than or equal to {MAX_REQUESTED_TTL_SECONDS}");
        return Err(HubResponse::invalid("less_than_equal", &["body", "ttl_seconds"], &message, json!(ttl)));
    }
    let Some(Value::Array(reports)) =
        body.get("endpoints").filter(|list| list.as_array().is_some_and(|list| !list.is_empty()))
    else {
        let message = "List should have at least 1 item after validation";
        return Err(HubResponse::invalid("too_short", &["body", "endpoints"], message, json!([])));
    };
    let satellite_id =
        request.parameter("satellite_id").or_else(|| body.get("satellite_id").and_then(Value::as_str));
    update_location(hub, &user, satellite_id, url)?;

    let now = hub.now();
    let mut updated = 0_usize;
    for report in reports {
        let slug = text(report, "slug")?;
        let is_healthy = text(report, "status")? == "healthy";
        if let Some(endpoint) =
            hub.endpoints.iter_mut().find(|endpoint| endpoint.user == user.id && endpoint.slug == slug)
        {
            let ttl = if is_healthy { ttl.min(MAX_EFFECTIVE_TTL_SECONDS) } else { 0 };
            endpoint.alive_until = now + ttl + MONITOR_GRACE_SECONDS;
            updated += 1;
        }
    }
    Ok(HubResponse::json(200, json!({"updated": updated, "ignored": reports.len() - updated})))
}

/// Sets the reported URL as the location of the owner's endpoints.
fn update_location(
    hub: &mut HubState,
    user: &User,
    satellite_id: Option<&str>,
    url: &str,
) -> Result<(), HubResponse> {
    if hub.supports_satellites {
        let id = match resolve_satellite(hub, user, satellite_id)? {
            Some(id) => move_satellite(hub, user.id, id, url).map(|()| id)?,
            None => move_or_register_space(hub, user.id, url)?,
        };
        let now = hub.now();
        if let Some(satellite) = hub.satellites.iter_mut().find(|satellite| satellite.id == id) {
            satellite.last_seen_at = Some(now);
        }
    }
    if let Some(user) = hub.user_mut(user.id) {
        user.domain = Some(url.trim_end_matches('/').to_owned());
    }
    Ok(())
}
