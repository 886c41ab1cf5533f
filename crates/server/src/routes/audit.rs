//! The tenant's audit log.

use std::net::IpAddr;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde::Serialize;
use syft_space_domain::audit::ports::{EventFilter, LogPage, Projection};
use syft_space_domain::audit::{Action, Actor, Object, Outcome, RecordedEvent, events};
use syft_space_domain::time::Timestamp;

use crate::http::problem::Problem;
use crate::http::request::Request;
use crate::routes::reply;

#[derive(Serialize)]
struct Shown {
    id: String,
    seq: u64,
    time: Timestamp,
    action: Action,
    outcome: Outcome,
    actor: Actor,
    object: Option<Object>,
    reason_code: Option<String>,
    request_id: Option<String>,
    address: Option<IpAddr>,
    count: u32,
}

/// A part of the log, with how far the index reached by which it was searched.
#[derive(Serialize)]
struct Part {
    #[serde(flatten)]
    list: reply::List<Shown>,
    projection: Projection,
}

impl From<RecordedEvent> for Shown {
    fn from(RecordedEvent { seq, event }: RecordedEvent) -> Self {
        Self {
            id: event.id.to_string(),
            seq,
            time: event.time,
            action: event.action,
            outcome: event.outcome,
            actor: event.actor,
            object: event.object,
            reason_code: event.reason_code,
            request_id: event.request.map(|id| id.to_string()),
            address: event.person.address,
            count: event.count,
        }
    }
}

pub(crate) async fn list(request: Request) -> Result<HttpResponse, Problem> {
    let asked = request.query(&["limit", "cursor", "action", "outcome", "actor", "since", "until"])?;
    let filter = EventFilter {
        action: asked.parse("action")?,
        outcome: asked.parse("outcome")?,
        actor: asked.parse("actor")?,
        since: asked.parse("since")?,
        until: asked.parse("until")?,
    };
    let LogPage { events, projection } = events(request.space(), request.who()?, &filter, asked.page()?)?;
    let body = Part { list: reply::List::of(events, Shown::from), projection };
    reply::json(StatusCode::OK, &body)
}
