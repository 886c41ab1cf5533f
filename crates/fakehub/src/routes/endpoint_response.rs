//! Endpoints in responses: the view of the owner, and the view of the public.

use serde_json::{Map, Value, json};

use crate::clock::rfc3339;
use crate::state::{Endpoint, HubState};

pub(super) fn is_active(hub: &HubState, endpoint: &Endpoint) -> bool {
    hub.now() < endpoint.alive_until
}

/// The base URL of the satellite that serves an endpoint, or of its owner.
fn base_url<'a>(hub: &'a HubState, endpoint: &Endpoint) -> Option<&'a str> {
    let satellite = hub.satellites.iter().find(|satellite| Some(satellite.id) == endpoint.satellite);
    let satellite = satellite.map(|satellite| satellite.base_url.as_str());
    satellite.or_else(|| hub.user(endpoint.user)?.domain.as_deref())
}

/// The members that every caller may see. The paths of its connections are joined to the base URL.
fn common_members(hub: &HubState, endpoint: &Endpoint) -> Map<String, Value> {
    let mut members = endpoint.fields.clone();
    members.insert("slug".to_owned(), json!(endpoint.slug));
    for (name, value) in managed_members(endpoint) {
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
pub(super) fn owner_view(hub: &HubState, endpoint: &Endpoint) -> Value {
    let mut members = common_members(hub, endpoint);
    members.insert("id".to_owned(), json!(endpoint.id));
    members.insert("user_id".to_owned(), json!(endpoint.user));
    members.insert("organization_id".to_owned(), Value::Null);
    members.insert("is_active".to_owned(), json!(is_active(hub, endpoint)));
    if hub.supports_satellites {
        members.insert("satellite_id".to_owned(), json!(endpoint.satellite));
    }
    Value::Object(members)
}

/// An endpoint as the public sees it.
pub(super) fn public_view(hub: &HubState, endpoint: &Endpoint) -> Value {
    let mut members = common_members(hub, endpoint);
    let contributors = members.remove("contributors");
    members.remove("visibility");
    let count = contributors.as_ref().and_then(Value::as_array).map_or(0, Vec::len);
    members.insert("contributors_count".to_owned(), json!(count));
    members.insert("owner_username".to_owned(), json!(hub.user(endpoint.user).map(|owner| &owner.username)));
    Value::Object(members)
}

/// The members that the hub sets, not the owner.
fn managed_members(endpoint: &Endpoint) -> [(&'static str, Value); 3] {
    [
        ("stars_count", json!(0)),
        ("created_at", json!(rfc3339(endpoint.created_at))),
        ("updated_at", json!(rfc3339(endpoint.updated_at))),
    ]
}
