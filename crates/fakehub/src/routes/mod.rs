//! The routes of the hub and their handlers.

mod accounts;
mod endpoint_body;
mod endpoint_response;
mod endpoints;
mod listing;
mod pats;
mod satellites;
mod sessions;
mod tokens;
mod verify;

pub(crate) use sessions::{authenticate, create_session};
pub(crate) use tokens::mint_satellite_token;

use serde_json::{Value, json};

use crate::state::HubState;
use crate::wire::{HandlerResult, HubResponse, Request};

macro_rules! routes {
    ($($(#[$doc:meta])* $name:ident: $method:literal $path:literal => $handler:path;)*) => {
        /// A route of the hub.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Route {
            $($(#[$doc])* $name,)*
            /// Queries data sources through the aggregator.
            Chat,
            /// Any other path or method.
            Unknown,
        }

        impl Route {
            /// Every route of the hub.
            pub const ALL: &'static [Self] = &[$(Self::$name,)* Self::Chat];

            /// Its method and path pattern; a segment in braces matches any text.
            #[must_use]
            pub fn pattern(self) -> (&'static str, &'static str) {
                match self {
                    $(Self::$name => ($method, $path),)*
                    Self::Chat => ("POST", "/aggregator/api/v1/chat"),
                    Self::Unknown => ("", ""),
                }
            }

            pub(crate) fn handle(self, hub: &mut HubState, request: &Request) -> HandlerResult {
                match self {
                    $(Self::$name => $handler(hub, request),)*
                    // The aggregator is another service; the server calls it.
                    Self::Chat | Self::Unknown => Err(unknown_route(request)),
                }
            }
        }
    };
}

routes! {
    /// Registers an account.
    Register: "POST" "/api/v1/auth/register" => accounts::register;
    /// Starts a session.
    Login: "POST" "/api/v1/auth/login" => accounts::login;
    /// Renews a session.
    Refresh: "POST" "/api/v1/auth/refresh" => accounts::refresh;
    /// Ends a session.
    Logout: "POST" "/api/v1/auth/logout" => accounts::logout;
    /// The user of the credential.
    Me: "GET" "/api/v1/auth/me" => accounts::me;
    /// Changes the caller's profile.
    UpdateMe: "PUT" "/api/v1/users/me" => accounts::update_me;
    /// Creates a personal access token.
    CreatePat: "POST" "/api/v1/auth/tokens" => pats::create;
    /// Lists the caller's personal access tokens.
    ListPats: "GET" "/api/v1/auth/tokens" => pats::list;
    /// Revokes a personal access token.
    RevokePat: "DELETE" "/api/v1/auth/tokens/{id}" => pats::revoke;
    /// The JWKS.
    Jwks: "GET" "/.well-known/jwks.json" => tokens::jwks;
    /// Mints a satellite token.
    Token: "GET" "/api/v1/token" => tokens::mint;
    /// Mints a satellite token for a guest.
    GuestToken: "GET" "/api/v1/token/guest" => tokens::mint_for_guest;
    /// Verifies a satellite token.
    Verify: "POST" "/api/v1/verify" => verify::verify;
    /// Registers a satellite.
    CreateSatellite: "POST" "/api/v1/satellites" => satellites::create;
    /// Lists the caller's satellites.
    ListSatellites: "GET" "/api/v1/satellites" => satellites::list;
    /// One satellite.
    Satellite: "GET" "/api/v1/satellites/{id}" => satellites::get;
    /// Moves a satellite.
    MoveSatellite: "PUT" "/api/v1/satellites/{id}" => satellites::relocate;
    /// Removes a satellite.
    DeleteSatellite: "DELETE" "/api/v1/satellites/{id}" => satellites::delete;
    /// Publishes an endpoint.
    CreateEndpoint: "POST" "/api/v1/endpoints" => endpoints::create;
    /// Lists the caller's endpoints.
    ListEndpoints: "GET" "/api/v1/endpoints" => listing::own;
    /// Changes an endpoint.
    UpdateEndpoint: "PATCH" "/api/v1/endpoints/slug/{slug}" => endpoints::update;
    /// Deletes an endpoint.
    DeleteEndpoint: "DELETE" "/api/v1/endpoints/slug/{slug}" => endpoints::delete;
    /// Replaces all endpoints of the caller.
    Sync: "POST" "/api/v1/endpoints/sync" => endpoints::sync;
    /// Reports the health of endpoints.
    Health: "POST" "/api/v1/endpoints/health" => endpoints::health;
    /// Lists all public endpoints.
    PublicEndpoints: "GET" "/api/v1/endpoints/public" => listing::public;
    /// One endpoint.
    PublicEndpoint: "GET" "/api/v1/endpoints/public/{owner}/{slug}" => listing::by_path;
    /// One endpoint, at the path of its page.
    EndpointPage: "GET" "/{owner}/{slug}" => listing::by_path;
    /// Queries an endpoint through the hub, which refuses to call loopback addresses.
    EndpointProxy: "POST" "/{owner}/{slug}" => listing::proxy;
    /// Pays for a query.
    PayFromWallet: "POST" "/api/v1/wallet/pay" => pay;
    /// Receives an error report of another service.
    ServiceReport: "POST" "/api/v1/errors/service-report" => service_report;
}

impl Route {
    /// A request of its own kind that is made without HTTP. The peer is no IP address, so that no rate limit counts it.
    pub(crate) fn request(self, bearer: Option<&str>, body: &Value, peer: &str) -> Request {
        let (method, path) = self.pattern();
        let authorization = bearer.map(|token| ("authorization".to_owned(), format!("Bearer {token}")));
        Request {
            method: method.to_owned(),
            path: path.to_owned(),
            query: Vec::new(),
            headers: authorization.into_iter().collect(),
            body: body.to_string().into_bytes(),
            peer: peer.to_owned(),
        }
    }
}

impl Route {
    pub(crate) fn find(method: &str, path: &str) -> Self {
        let matches_request = |route: &&Self| {
            let (route_method, pattern) = route.pattern();
            route_method == method && matches_pattern(pattern, path)
        };
        Self::ALL.iter().find(matches_request).copied().unwrap_or(Self::Unknown)
    }
}

/// Whether a path matches a pattern exactly: one slash more or less is another path.
fn matches_pattern(pattern: &str, path: &str) -> bool {
    let (mut segments, mut pattern_segments) = (path.split('/'), pattern.split('/'));
    loop {
        match (segments.next(), pattern_segments.next()) {
            (None, None) => return true,
            (Some(segment), Some(wanted)) if wanted == segment => {}
            (Some(segment), Some(wanted)) if wanted.starts_with('{') && !segment.is_empty() => {}
            _ => return false,
        }
    }
}

fn unknown_route(request: &Request) -> HubResponse {
    let path_exists = Route::ALL.iter().any(|route| matches_pattern(route.pattern().1, &request.path));
    if path_exists { HubResponse::method_not_allowed() } else { HubResponse::not_found() }
}

/// No user has a wallet.
fn pay(hub: &mut HubState, request: &Request) -> HandlerResult {
    authenticate(hub, request)?;
    Err(HubResponse::coded(400, "WALLET_NOT_CONFIGURED", "No wallet configured. Set up a wallet first."))
}

fn service_report(_: &mut HubState, request: &Request) -> HandlerResult {
    let body = request.object()?;
    crate::wire::text(&body, "service")?;
    crate::wire::text(&body, "event")?;
    crate::wire::text(&body, "message")?;
    let id = body.get("correlation_id").cloned().unwrap_or_default();
    Ok(HubResponse::json(202, json!({"received": true, "correlation_id": id})))
}
