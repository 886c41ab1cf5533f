//! The guard of a route: the request must be unambiguous, its caller known, and permitted.

use std::sync::Arc;

use actix_web::http::header::{AUTHORIZATION, USER_AGENT};
use actix_web::{HttpMessage, HttpRequest};
use syft_space_domain::access::Permission;
use syft_space_domain::audit::ReasonCode;
use syft_space_domain::audit::{Action, Origin, RequestContext};
use syft_space_domain::identity::{
    PresentedKey, Principal, TokenRefused, address_prefix, authenticate, authenticate_key,
};
use syft_space_domain::marketplace::{SatelliteRefused, admit};

use crate::http::body_budget::BodyOwner;
use crate::http::caller::{
    Caller, RouteName, is_for_hub_users, refuse_unless_current, refused, unauthenticated,
};
use crate::http::client_address::client_address;
use crate::http::credential_carriers;
use crate::http::listener::{self, Listener};
use crate::http::problem::Problem;
use crate::http::reason::Reason;
use crate::http::receipts;
use crate::http::request::{Parameters, Request};
use crate::http::route_table::{Guard, Route};
use crate::http::state::State;

/// Headers that mean something here, and nothing if they stand twice.
const SINGLE_HEADERS: [&str; 7] = [
    "authorization",
    "content-type",
    "content-length",
    "host",
    "idempotency-key",
    "if-match",
    "x-tenant-name",
];

/// When a hub whose keys could not be had is asked for them again, at the latest.
const KEYS_RETRY_SECONDS: u64 = 10;

/// Checks a request against the guard of its route.
///
/// # Errors
/// When the request is ambiguous, its caller unknown, or not permitted.
pub async fn guard<E>(
    state: &Arc<State>,
    listener: &Listener,
    route: &'static Route<E>,
    http: HttpRequest,
) -> Result<Request, Problem> {
    let context = begin(state, listener, &http)?;
    receipts::expect(&state.receipts, &route.docs, &http, context.request);
    check_unambiguous(&http)?;
    let operator = match listener {
        Listener::Network => None,
        Listener::Control(operator) => listener::is_operators(&http)?.then(|| Arc::clone(operator)),
    };
    let caller = match route.guard {
        Guard::Open => None,
        Guard::Operator if operator.is_some() => None,
        // To the network, and to an account, there is nothing here.
        Guard::Operator => return Err(Problem::no_route()),
        Guard::Member(permissions) => {
            let name = RouteName { method: route.method.as_str(), path: route.path };
            let principal = match &operator {
                Some(operator) => listener::enter_tenant(state, operator, &http).await?,
                None => {
                    let identified = identify(state, &context, &http, permissions, name).await;
                    identified.map_err(|problem| {
                        if is_for_hub_users(permissions) { problem.for_hub_users() } else { problem }
                    })?
                }
            };
            Some(Caller::check(state, &context, principal, permissions, name).await?)
        }
    };
    // What the operator administers goes on; documents of theirs would wait for room as anybody's do.
    if route.docs.starts_job() || (operator.is_none() && route.docs.makes_something()) {
        state.disk.check()?;
    }
    let parameters = Parameters::read(&http, &route.docs)?;
    let max_json_bytes = route.guard.max_json_bytes(&state.limits);
    let owners = body_owners(caller.as_ref().map(Caller::principal), operator.is_some(), &context);
    let (state, body_bytes) = (Arc::clone(state), state.body_budget.empty_body(owners));
    Ok(Request { state, context, caller, operator, parameters, max_json_bytes, body_bytes, http })
}

/// Gives a request its id, and counts it against the bound of its client's address, which the operator at the socket has not.
///
/// # Errors
/// When the address has made more requests than it may, or the system has no random bytes.
pub fn begin(state: &State, listener: &Listener, http: &HttpRequest) -> Result<RequestContext, Problem> {
    let user_agent =
        http.headers().get(USER_AGENT).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let origin = Origin { address: client_address(http, &state.trusted_proxies), user_agent };
    let context = state.space.request_context(origin)?;
    http.extensions_mut().insert(context.request);
    if let Listener::Network = listener {
        state.client_limit.take(&context, &state.merged_refusals)?;
    }
    Ok(context)
}

/// Whose share of the memory for bodies a request takes from: that of its caller, and of all with whom they are looked at together.
fn body_owners(
    principal: Option<&Principal>,
    is_operators: bool,
    context: &RequestContext,
) -> [BodyOwner; 2] {
    match principal {
        _ if is_operators => [BodyOwner::Operator; 2],
        None => {
            let address = context.origin.address.map(address_prefix);
            [BodyOwner::Strangers, BodyOwner::Stranger(address)]
        }
        Some(principal) => {
            let tenant = principal.snapshot().tenant.id;
            [BodyOwner::Tenant(tenant), BodyOwner::Caller(tenant, principal.actor().id())]
        }
    }
}

fn check_unambiguous(http: &HttpRequest) -> Result<(), Problem> {
    for name in http.headers().keys().filter(|name| SINGLE_HEADERS.contains(&name.as_str())) {
        if http.headers().get_all(name).nth(1).is_some() {
            return Err(Problem::new(Reason::Ambiguous, format!("the header {name} stands twice")));
        }
    }
    credential_carriers::check(http)
}

async fn identify(
    state: &State,
    context: &RequestContext,
    http: &HttpRequest,
    permissions: &[Permission],
    route: RouteName,
) -> Result<Principal, Problem> {
    let Some(header) = http.headers().get(AUTHORIZATION) else {
        let detail = "send an access token as `Authorization: Bearer …`; POST /api/v1/auth/login gives one";
        return Err(Problem::new(Reason::Unauthenticated, detail));
    };
    let refused = |reason_code| refused(state, context, reason_code);
    let Some(token) = header.to_str().ok().and_then(bearer) else {
        return Err(refused(TokenRefused::Malformed.reason_code()));
    };
    // What it is shows in its form: nothing is tried as one thing after the other.
    if PresentedKey::is_meant(token) {
        return identify_key(state, context, token, route).await;
    }
    let shown = state.space.signing_keys.epoch().mark();
    let claims = match state.space.tokens.verify(token, context.now) {
        Ok(claims) => claims,
        // What is no token of ours may be a hub's, where its users may do something.
        Err(TokenRefused::WrongKind) if is_for_hub_users(permissions) => {
            return identify_hub_user(state, context, token).await;
        }
        Err(error) => return Err(refused(error.reason_code())),
    };
    authenticate(&*state.space.snapshots, &claims, shown)
        .map_err(|error| unauthenticated(state, context, error))
}

async fn identify_key(
    state: &State,
    context: &RequestContext,
    text: &str,
    route: RouteName,
) -> Result<Principal, Problem> {
    let malformed = || refused(state, context, ReasonCode::KeyMalformed);
    let presented = PresentedKey::parse(text).ok_or_else(malformed)?;
    let proved = authenticate_key(&*state.space.snapshots, &presented, context.origin.address)
        .map_err(|error| unauthenticated(state, context, error))?;
    let principal = refuse_unless_current(state, context, proved, route).await?;
    state.key_uses.note(&principal, context.now);
    Ok(principal)
}

async fn identify_hub_user(
    state: &State,
    context: &RequestContext,
    token: &str,
) -> Result<Principal, Problem> {
    let claims = match state.space.satellites.verify(token, context.now).await {
        Ok(claims) => claims,
        Err(SatelliteRefused::WrongKind) => {
            return Err(refused(state, context, TokenRefused::WrongKind.reason_code()));
        }
        Err(error @ SatelliteRefused::KeysUnavailable) => {
            state.merged_refusals.count(context.origin.address, Action::AuthnTokenFail, error.reason_code());
            return Err(Problem::new(Reason::HubUnavailable, error).retry_after(KEYS_RETRY_SECONDS));
        }
        Err(error) => return Err(refused(state, context, error.reason_code())),
    };
    admit(&*state.space.snapshots, claims, token).map_err(|error| unauthenticated(state, context, error))
}

fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    let token = token.trim_matches(' ');
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}
