//! The routes of one's own sessions.

use std::net::IpAddr;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use syft_space_domain::identity;
use syft_space_domain::ids::SessionId;
use syft_space_domain::time::Timestamp;

use crate::http::problem::Problem;
use crate::http::request::Request;
use crate::routes::reply::{self, List};
use crate::routes::shapes;

#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Session {
    #[schemars(with = "shapes::IdShape")]
    id: SessionId,
    #[schemars(with = "shapes::TimeShape")]
    created_at: Timestamp,
    /// When a token of it was last given out.
    #[schemars(with = "shapes::TimeShape")]
    last_used_at: Timestamp,
    /// When it ends unless it is used before.
    #[schemars(with = "shapes::TimeShape")]
    idle_until: Timestamp,
    /// When it ends at the latest.
    #[schemars(with = "shapes::TimeShape")]
    expires_at: Timestamp,
    /// From which address it was begun.
    address: Option<IpAddr>,
    /// How the client that began it described itself.
    user_agent: Option<String>,
    /// Whether it is the one that asks.
    current: bool,
}

pub(crate) async fn list(request: Request) -> Result<HttpResponse, Problem> {
    let own = identity::sessions(request.space(), request.principal()?).await?;
    let shape = |session: identity::Session| Session {
        id: session.id,
        created_at: session.created_at,
        last_used_at: session.last_used_at,
        idle_until: session.idle_until,
        expires_at: session.expires_at,
        address: session.address,
        user_agent: session.user_agent,
        current: session.id == own.current,
    };
    // There are few enough of them for one page.
    let items = own.sessions.into_iter().map(shape).collect();
    reply::json(StatusCode::OK, &List { items, next_cursor: None })
}

pub(crate) async fn end(request: Request) -> Result<HttpResponse, Problem> {
    let id = request.path("id", "session")?;
    identity::end_session(request.space(), &request.context, request.principal()?, id).await?;
    Ok(reply::no_content())
}

pub(crate) async fn log_out(request: Request) -> Result<HttpResponse, Problem> {
    identity::log_out(request.space(), &request.context, request.principal()?).await?;
    Ok(reply::no_content())
}
