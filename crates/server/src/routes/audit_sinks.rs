//! The route that tells a tenant where its audit log goes besides.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use syft_space_domain::sink::{SinkLogs, TenantSinks, sinks_of_tenant};

use crate::http::problem::Problem;
use crate::http::request::Request;
use crate::routes::reply;

/// Where the tenant's log goes, by the operator's choice. Which place that is is the operator's to tell.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct AuditSink {
    /// What the operator calls it.
    pub(crate) name: String,
    /// `file`, `syslog` or `webhook`.
    pub(crate) kind: String,
    /// In which form events go there: `native`, `ocsf`, `ecs` or `cloudevents`.
    pub(crate) format: String,
    /// The number of the last event that it has; events of before it was set up may have been left out.
    pub(crate) delivered: u64,
    /// How many events it lacks.
    pub(crate) lag: u64,
}

/// The sinks that get the tenant's log.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct AuditSinks {
    pub(crate) items: Vec<AuditSink>,
}

pub(crate) async fn list(request: Request) -> Result<HttpResponse, Problem> {
    let sinks: Vec<_> =
        request.state.audit_sinks.iter().filter(|sink| sink.logs == SinkLogs::All).cloned().collect();
    let names = sinks.iter().map(|sink| sink.name.clone()).collect();
    let TenantSinks { delivered, size } =
        sinks_of_tenant(request.space(), request.principal()?, names).await?;
    let items = sinks.iter().zip(delivered).map(|(sink, delivered)| AuditSink {
        name: sink.name.to_string(),
        kind: sink.kind.to_owned(),
        format: sink.format.to_owned(),
        delivered,
        lag: size.saturating_sub(delivered),
    });
    reply::json(StatusCode::OK, &AuditSinks { items: items.collect() })
}
