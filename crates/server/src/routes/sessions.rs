//! The routes of sessions: one's own, and those that somebody else ends.

use std::net::IpAddr;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use syft_space_domain::identity::{self, Email};
use syft_space_domain::ids::{AccountId, SessionId};
use syft_space_domain::time::Timestamp;

use crate::http::listener;
use crate::http::problem::Problem;
use crate::http::request::Request;
use crate::routes::reply::{self, List};
use crate::routes::shapes;
use crate::routes::totp::MemberAddress;

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

/// How many sessions a request has ended.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct EndedSessions {
    pub(crate) ended: u32,
}

impl EndedSessions {
    fn reply(ended: u32) -> Result<HttpResponse, Problem> {
        reply::json(StatusCode::OK, &Self { ended })
    }
}

pub(crate) async fn end_others(request: Request) -> Result<HttpResponse, Problem> {
    let principal = request.principal()?;
    EndedSessions::reply(identity::end_other_sessions(request.space(), &request.context, principal).await?)
}

pub(crate) async fn end_of_member(request: Request) -> Result<HttpResponse, Problem> {
    let account: AccountId = request.path("id", "member")?;
    let principal = request.principal()?;
    let ended = identity::end_member_sessions(request.space(), &request.context, principal, account).await?;
    EndedSessions::reply(ended)
}

pub(crate) async fn end_of_tenant(request: Request) -> Result<HttpResponse, Problem> {
    end_as_operator(&request, None).await
}

pub(crate) async fn end_by_address(mut request: Request) -> Result<HttpResponse, Problem> {
    let MemberAddress { email } = request.json().await?;
    end_as_operator(&request, Some(email)).await
}

async fn end_as_operator(request: &Request, whose: Option<Email>) -> Result<HttpResponse, Problem> {
    let (operator, tenant) = (request.operator()?, listener::named_tenant(&request.http)?);
    let (space, context) = (request.space(), &request.context);
    let ended = identity::end_sessions_as_operator(space, context, operator, tenant.as_ref(), whose).await?;
    EndedSessions::reply(ended)
}

pub(crate) async fn log_out(request: Request) -> Result<HttpResponse, Problem> {
    identity::log_out(request.space(), &request.context, request.principal()?).await?;
    Ok(reply::no_content())
}
