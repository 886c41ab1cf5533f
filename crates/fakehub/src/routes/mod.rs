//! Which route is meant, and what it answers.

mod accounts;
mod endpoints;
mod listing;
mod pats;
mod satellites;
mod sessions;
mod shape;
mod tokens;
mod verify;

pub(crate) use sessions::{session, signed_in};
pub(crate) use tokens::satellite_token;

use serde_json::json;

use crate::state::Hub;
use crate::wire::{Answer, Answered, Request};

macro_rules! routes {
    ($($(#[$doc:meta])* $name:ident: $method:literal $path:literal => $handler:path;)*) => {
        /// A route of the hub.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Route {
            $($(#[$doc])* $name,)*
            /// Asks data sources, by way of the aggregator.
            Chat,
            /// Any other.
            Unknown,
        }

        impl Route {
            /// Every route that the hub has.
            pub const ALL: &'static [Self] = &[$(Self::$name,)* Self::Chat];

            /// Its method and path; a segment in braces is any.
            #[must_use]
            pub fn pattern(self) -> (&'static str, &'static str) {
                match self {
                    $(Self::$name => ($method, $path),)*
                    Self::Chat => ("POST", "/aggregator/api/v1/chat"),
                    Self::Unknown => ("", ""),
                }
            }

            pub(crate) fn answer(self, hub: &mut Hub, request: &Request) -> Answered {
                match self {
                    $(Self::$name => $handler(hub, request),)*
                    // The aggregator is another service, and asks others itself.
                    Self::Chat | Self::Unknown => Err(unknown(request)),
                }
            }
        }
    };
}

routes! {
    /// Makes an account.
    Register: "POST" "/api/v1/auth/register" => accounts::register;
    /// Begins a session.
    Login: "POST" "/api/v1/auth/login" => accounts::login;
    /// Makes a session longer.
    Refresh: "POST" "/api/v1/auth/refresh" => accounts::refresh;
    /// Ends a session.
    Logout: "POST" "/api/v1/auth/logout" => accounts::logout;
    /// Whose credential it is.
    Me: "GET" "/api/v1/auth/me" => accounts::me;
    /// Changes one's profile.
    UpdateMe: "PUT" "/api/v1/users/me" => accounts::update_me;
    /// Makes a personal access token.
    CreatePat: "POST" "/api/v1/auth/tokens" => pats::create;
    /// Lists one's personal access tokens.
    ListPats: "GET" "/api/v1/auth/tokens" => pats::list;
    /// Revokes a personal access token.
    RevokePat: "DELETE" "/api/v1/auth/tokens/{id}" => pats::revoke;
    /// The public keys.
    Jwks: "GET" "/.well-known/jwks.json" => tokens::jwks;
    /// A satellite token.
    Token: "GET" "/api/v1/token" => tokens::mint;
    /// A satellite token for a guest.
    GuestToken: "GET" "/api/v1/token/guest" => tokens::mint_for_guest;
    /// Whether a satellite token is valid, and whose it is.
    Verify: "POST" "/api/v1/verify" => verify::verify;
    /// Registers a satellite.
    CreateSatellite: "POST" "/api/v1/satellites" => satellites::create;
    /// Lists one's satellites.
    ListSatellites: "GET" "/api/v1/satellites" => satellites::list;
    /// One satellite.
    Satellite: "GET" "/api/v1/satellites/{id}" => satellites::one;
    /// Moves a satellite.
    MoveSatellite: "PUT" "/api/v1/satellites/{id}" => satellites::relocate;
    /// Removes a satellite.
    DeleteSatellite: "DELETE" "/api/v1/satellites/{id}" => satellites::delete;
    /// Publishes an endpoint.
    CreateEndpoint: "POST" "/api/v1/endpoints" => endpoints::create;
    /// Lists one's endpoints.
    ListEndpoints: "GET" "/api/v1/endpoints" => listing::own;
    /// Changes an endpoint.
    UpdateEndpoint: "PATCH" "/api/v1/endpoints/slug/{slug}" => endpoints::update;
    /// Takes an endpoint away.
    DeleteEndpoint: "DELETE" "/api/v1/endpoints/slug/{slug}" => endpoints::delete;
    /// Replaces all of one's endpoints.
    Sync: "POST" "/api/v1/endpoints/sync" => endpoints::sync;
    /// Reports how endpoints are.
    Health: "POST" "/api/v1/endpoints/health" => endpoints::health;
    /// Lists everybody's public endpoints.
    PublicEndpoints: "GET" "/api/v1/endpoints/public" => listing::public;
    /// One endpoint.
    PublicEndpoint: "GET" "/api/v1/endpoints/public/{owner}/{slug}" => listing::by_path;
    /// One endpoint, at the path that people see.
    EndpointPage: "GET" "/{owner}/{slug}" => listing::by_path;
    /// Asks an endpoint through the hub, which refuses to call this machine.
    EndpointProxy: "POST" "/{owner}/{slug}" => listing::proxy;
    /// Pays for a query.
    PayFromWallet: "POST" "/api/v1/wallet/pay" => pay;
    /// An error that another service met.
    ServiceReport: "POST" "/api/v1/errors/service-report" => service_report;
}

impl Route {
    pub(crate) fn of(method: &str, path: &str) -> Self {
        let is_meant = |route: &&Self| {
            let (its_method, pattern) = route.pattern();
            its_method == method && fits(pattern, path)
        };
        Self::ALL.iter().find(is_meant).copied().unwrap_or(Self::Unknown)
    }
}

/// No path but the very one: a slash more or less is another.
fn fits(pattern: &str, path: &str) -> bool {
    let (mut asked, mut wanted) = (path.split('/'), pattern.split('/'));
    loop {
        match (asked.next(), wanted.next()) {
            (None, None) => return true,
            (Some(segment), Some(wanted)) if wanted == segment => {}
            (Some(segment), Some(wanted)) if wanted.starts_with('{') && !segment.is_empty() => {}
            _ => return false,
        }
    }
}

fn unknown(request: &Request) -> Answer {
    let is_there = Route::ALL.iter().any(|route| fits(route.pattern().1, &request.path));
    if is_there { Answer::method_not_allowed() } else { Answer::not_found() }
}

/// Nobody here has a wallet.
fn pay(hub: &mut Hub, request: &Request) -> Answered {
    signed_in(hub, request)?;
    Err(Answer::coded(400, "WALLET_NOT_CONFIGURED", "No wallet configured. Set up a wallet first."))
}

fn service_report(_: &mut Hub, request: &Request) -> Answered {
    let body = request.object()?;
    crate::wire::text(&body, "service")?;
    crate::wire::text(&body, "event")?;
    crate::wire::text(&body, "message")?;
    let id = body.get("correlation_id").cloned().unwrap_or_default();
    Ok(Answer::json(202, json!({"received": true, "correlation_id": id})))
}
