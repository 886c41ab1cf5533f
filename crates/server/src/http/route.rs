//! What a route is: its method, its path, who may call it, its documentation and its handler.

use std::fmt;

use syft_space_domain::access::Permission;

use crate::http::problem::Problem;
use crate::http::request::{HandlerFuture, Request};
use crate::http::route_docs::RouteDocs;
use crate::http::state::RequestLimits;

/// A method of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Method {
    /// Reads. HEAD is answered alike, without the body, but where the [docs](RouteDocs::refuses_head) say otherwise.
    Get,
    /// Makes, or does.
    Post,
    /// Replaces.
    Put,
    /// Changes a part.
    Patch,
    /// Removes.
    Delete,
}

impl Method {
    /// The method as it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Who may call a route.
#[derive(Debug, Clone, Copy)]
pub enum Guard {
    /// Anybody.
    Open,
    /// A member whose role holds one of these permissions; through the control socket, the host's operator if they
    /// hold one of them.
    Member(&'static [Permission]),
    /// The host's operator, through the control socket.
    Operator,
}

/// The most bytes of a JSON body on a route that is open to anybody: what is read there is small.
const MAX_OPEN_BODY_BYTES: usize = 8 * 1024;

impl Guard {
    /// The most bytes of an ordinary JSON body on a route with this guard.
    #[must_use]
    pub fn max_json_bytes(self, limits: &RequestLimits) -> usize {
        match self {
            Self::Open => limits.body_bytes.min(MAX_OPEN_BODY_BYTES),
            Self::Member(_) | Self::Operator => limits.body_bytes,
        }
    }
}

/// One route of a front door, whose handlers refuse in the form `E`.
pub struct Route<E: 'static = Problem> {
    /// The method.
    pub method: Method,
    /// The path, with parameters between braces.
    pub path: &'static str,
    /// Who may call it.
    pub guard: Guard,
    /// The path of the handler's function; it names the operation in OpenAPI.
    pub name: &'static str,
    /// What the route takes, answers, and refuses for.
    pub docs: RouteDocs,
    /// The function that answers.
    pub handler: fn(Request) -> HandlerFuture<E>,
}
