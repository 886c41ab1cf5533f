//! The tenant's audit log.

use std::net::IpAddr;

use actix_web::HttpResponse;
use serde::Serialize;
use syft_space_domain::audit::ports::EventFilter;
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
    reply::list(events(request.space(), request.who()?, &filter, asked.page()?)?, Shown::from)
}
