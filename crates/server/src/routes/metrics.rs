//! The route that gives the server's numbers to whoever watches it, as OpenMetrics 1.0 has them. No tenant stands in them.

use std::sync::atomic::Ordering;

use actix_web::HttpResponse;
use prometheus_client::encoding::text;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use crate::http::problem::Problem;
use crate::http::reason::Reason;
use crate::http::request::Request;
use crate::http::route_docs::{Response, schema_of};
use crate::http::state::State;

/// The media type of OpenMetrics 1.0.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The numbers.
pub(crate) const METRICS: Response =
    Response { status: 200, media_type: OPEN_METRICS, schema: Some(schema_of::<String>) };

pub(crate) async fn metrics(request: Request) -> Result<HttpResponse, Problem> {
    let mut written = String::new();
    text::encode(&mut written, &registry(&request.state))
        .map_err(|error| Problem::new(Reason::Internal, error))?;
    Ok(HttpResponse::Ok().content_type(OPEN_METRICS).body(written))
}

/// All numbers as they are now.
fn registry(state: &State) -> Registry {
    let mut registry = Registry::with_prefix("syft_space");
    let version = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
    registry.register("build", "The program that runs", version);
    registry.register(
        "detections",
        "What was detected in audit logs since the server started, by kind",
        state.metrics.detections.clone(),
    );
    let late = state.audit_sinks.iter().filter(|sink| sink.is_late.load(Ordering::Relaxed)).count();
    let is = |flag: bool| usize::from(flag);
    let gauges = [
        (
            "closed_tenants",
            "Tenants that are closed because their state could not be read",
            state.space.snapshots.unavailable(),
        ),
        ("audit_sinks_late", "Sinks of the audit logs that have not got what they were sent last", late),
        (
            "audit_log_changed",
            "1 where an audit log is not the one whose checkpoint was signed before",
            is(state.changed_logs.any()),
        ),
        (
            "disk_low",
            "1 where not much room is left on the disk, or only what is kept for the operator",
            is(state.disk.is_low()),
        ),
        (
            "sandbox_partial",
            "1 where files are read behind fewer walls than there should be",
            is(state.lacks_walls.load(Ordering::Relaxed)),
        ),
    ];
    for (name, help, value) in gauges {
        registry.register(name, help, ConstGauge::new(u64::try_from(value).unwrap_or(u64::MAX)));
    }
    registry
}
