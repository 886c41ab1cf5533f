//! The routes that tell whether the server is there, and whether it serves.

use std::sync::atomic::Ordering;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;
use syft_space_domain::store::{Flow, StoreError};

use crate::http::audit_sinks::is_any_late;
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

/// Whether requests are served.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Readiness {
    status: &'static str,
    /// How many tenants are closed because their state could not be read. It is left out where none is.
    #[serde(skip_serializing_if = "is_zero")]
    closed_tenants: usize,
    /// `partial` where files are read behind fewer walls than there should be. It is left out where all stand. Which
    /// one is missing is for the operator alone, in the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    sandbox: Option<&'static str>,
    /// `low` where not much room is left on the disk, or only what is kept for the operator. It is left out where there is
    /// enough.
    #[serde(skip_serializing_if = "Option::is_none")]
    disk: Option<&'static str>,
    /// `changed` where an audit log is not the one whose checkpoint was signed before. It is left out where all are. Which
    /// one is for the operator alone, in the installation's log.
    #[serde(skip_serializing_if = "Option::is_none")]
    audit: Option<&'static str>,
    /// `late` where a sink of the audit logs has not got what it was sent last. It is left out where none is late. Which one is for the
    /// operator alone, in the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    audit_sinks: Option<&'static str>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes the field by reference")]
fn is_zero(count: &usize) -> bool {
    *count == 0
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
    request.space().store.read(Flow::Installation, |_| Ok::<_, StoreError>(())).await?;
    let closed_tenants = request.space().snapshots.unavailable();
    let sandbox = request.state.lacks_walls.load(Ordering::Relaxed).then_some("partial");
    let disk = request.state.disk.is_low().then_some("low");
    let audit = request.state.changed_logs.any().then_some("changed");
    let audit_sinks = is_any_late(&request.state.audit_sinks).then_some("late");
    let ready = Readiness { status: "ready", closed_tenants, sandbox, disk, audit, audit_sinks };
    reply::json(StatusCode::OK, &ready)
}
