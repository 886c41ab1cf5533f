//! Lists and look-ups of endpoints, with their visibility.

use serde_json::Value;

use crate::routes::authenticate;
use crate::routes::endpoint_response::{is_active, owner_view, public_view};
use crate::state::{Endpoint, HubState, User};
use crate::wire::{HandlerResult, HubResponse, Request};

const DEFAULT_PAGE_SIZE: usize = 10;
const MAX_PAGE_SIZE: usize = 100;

fn visibility(endpoint: &Endpoint) -> &str {
    endpoint.fields.get("visibility").and_then(Value::as_str).unwrap_or("public")
}

fn page_bounds(request: &Request) -> Result<(usize, usize), HubResponse> {
    let skip = request.number("skip", 0, (0, usize::MAX))?;
    Ok((skip, request.number("limit", DEFAULT_PAGE_SIZE, (1, MAX_PAGE_SIZE))?))
}

pub(crate) fn own(hub: &mut HubState, request: &Request) -> HandlerResult {
    let user = authenticate(hub, request)?;
    let (skip, limit) = page_bounds(request)?;
    let own = hub.endpoints.iter().filter(|endpoint| endpoint.user == user.id).skip(skip).take(limit);
    Ok(HubResponse::json(200, own.map(|endpoint| owner_view(hub, endpoint)).collect()))
}

pub(crate) fn public(hub: &mut HubState, request: &Request) -> HandlerResult {
    let (skip, limit) = page_bounds(request)?;
    let public =
        hub.endpoints.iter().filter(|endpoint| visibility(endpoint) == "public" && is_active(hub, endpoint));
    let page = public.skip(skip).take(limit);
    Ok(HubResponse::json(200, page.map(|endpoint| public_view(hub, endpoint)).collect()))
}

pub(crate) fn by_path(hub: &mut HubState, request: &Request) -> HandlerResult {
    Ok(HubResponse::json(200, public_view(hub, find_visible(hub, request)?)))
}

/// The hub refuses to call loopback addresses.
pub(crate) fn proxy(hub: &mut HubState, request: &Request) -> HandlerResult {
    find_visible(hub, request)?;
    Err(HubResponse::detail(403, "Access to internal or private IP addresses is not allowed"))
}

/// The endpoint at a path, if it is visible to the caller.
fn find_visible<'a>(hub: &'a HubState, request: &Request) -> Result<&'a Endpoint, HubResponse> {
    let segments = request.segments();
    let mut last = segments.iter().rev();
    let (slug, owner) = (last.next().copied().unwrap_or_default(), last.next().copied().unwrap_or_default());
    let not_found = || HubResponse::detail(404, "Endpoint not found");
    let owner = hub.user_named(owner).ok_or_else(not_found)?;
    let matches_path =
        |endpoint: &&Endpoint| endpoint.user == owner.id && endpoint.slug == slug && is_active(hub, endpoint);
    let endpoint = hub.endpoints.iter().find(matches_path).ok_or_else(not_found)?;
    if visibility(endpoint) != "public" {
        let caller: User = authenticate(hub, request)?;
        if visibility(endpoint) == "private" && caller.id != owner.id {
            return Err(not_found());
        }
    }
    Ok(endpoint)
}
