//! The routes that tell whether the server is there, and whether it serves.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;

use crate::http::problem::Problem;
use crate::http::reason::Reason;
use crate::http::request::Request;
use crate::routes::reply;

#[derive(Serialize, JsonSchema)]
pub(crate) struct Health {
    status: &'static str,
    version: &'static str,
}

const HEALTHY: Health = Health { status: "healthy", version: env!("CARGO_PKG_VERSION") };

/// One word.
#[derive(Serialize, JsonSchema)]
pub(crate) struct State {
    status: &'static str,
}

pub(crate) async fn health(_: Request) -> Result<HttpResponse, Problem> {
    reply::json(StatusCode::OK, &HEALTHY)
}

pub(crate) async fn live(_: Request) -> Result<HttpResponse, Problem> {
    reply::json(StatusCode::OK, &State { status: "live" })
}

pub(crate) async fn ready(request: Request) -> Result<HttpResponse, Problem> {
    if !request.state.is_ready() {
        return Err(Problem::new(Reason::Unavailable, "the server is shutting down"));
    }
    // A store that cannot be read answers nothing else either.
    drop(request.space().store.read()?);
    reply::json(StatusCode::OK, &State { status: "ready" })
}
