//! The forms of a response.

use std::borrow::Cow;

use actix_web::http::header::{CONTENT_TYPE, ETAG, UPGRADE};
use actix_web::http::{ConnectionType, StatusCode};
use actix_web::web::Bytes;
use actix_web::{HttpResponse, HttpResponseBuilder};
use futures_util::stream::Stream;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use syft_space_domain::mail::{Delivered, Purpose};
use syft_space_domain::page::{Page, PageItem};
use tokio::sync::OwnedSemaphorePermit;

use crate::http::problem::Problem;
use crate::http::reason::Reason;
use crate::http::request::Request;

/// A part of a list.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "{T}List")]
pub(crate) struct List<T> {
    pub(crate) items: Vec<T>,
    pub(crate) next_cursor: Option<String>,
}

impl<U> List<U> {
    /// A page, each item in its own form.
    pub(super) fn of<T, K: std::fmt::Display>(page: Page<T, K>, shape: impl FnMut(T) -> U) -> Self {
        let next_cursor = page.next.map(|cursor| cursor.encode());
        Self { items: page.items.into_iter().map(shape).collect(), next_cursor }
    }
}

/// Writes a page, each item in its own form.
pub(super) async fn list<T, K, U>(
    page: Page<T, K>,
    shape: impl FnMut(T) -> U + Send + 'static,
) -> Result<HttpResponse, Problem>
where
    T: PageItem + Send + 'static,
    K: std::fmt::Display + Send + 'static,
    U: Serialize,
{
    large_json(page.bytes(), move || List::of(page, shape)).await
}

/// Makes and writes JSON of about so many bytes.
pub(super) async fn large_json<T: Serialize>(
    bytes: usize,
    body: impl FnOnce() -> T + Send + 'static,
) -> Result<HttpResponse, Problem> {
    Ok(json_response(StatusCode::OK, serialize_large(bytes, body).await?))
}

/// What of a token is shown to whoever asked for it: the token and its link, or nothing where it was mailed.
pub(super) fn shown<'a>(
    request: &Request,
    token: &'a Delivered,
    purpose: Purpose,
) -> (Option<Cow<'a, str>>, Option<String>) {
    let Delivered::Shown(token) = token else { return (None, None) };
    let link = request.state.public_url.as_deref().map(|url| purpose.link(url, token));
    (Some(token.expose().into()), link)
}

/// Writes JSON.
pub(super) fn json<T: Serialize>(status: StatusCode, body: &T) -> Result<HttpResponse, Problem> {
    Ok(json_response(status, serialize(body)?))
}

fn json_response(status: StatusCode, body: Vec<u8>) -> HttpResponse {
    HttpResponse::build(status).insert_header((CONTENT_TYPE, "application/json")).body(body)
}

/// Writes a resource with the revision that `If-Match` may name.
pub(super) fn resource<T: Serialize>(
    status: StatusCode,
    revision: u64,
    body: &T,
) -> Result<HttpResponse, Problem> {
    Ok(resource_response(status, revision, serialize(body)?))
}

/// Writes a resource that may be large, with the revision that `If-Match` may name.
pub(super) async fn large_resource<T, U>(
    status: StatusCode,
    revision: u64,
    item: T,
) -> Result<HttpResponse, Problem>
where
    T: PageItem + Send + 'static,
    U: From<T> + Serialize,
{
    let body = serialize_large(item.bytes(), move || U::from(item)).await?;
    Ok(resource_response(status, revision, body))
}

fn resource_response(status: StatusCode, revision: u64, body: Vec<u8>) -> HttpResponse {
    let mut response = HttpResponse::build(status);
    response
        .insert_header((CONTENT_TYPE, "application/json"))
        .insert_header((ETAG, format!("\"{revision}\"")));
    response.body(body)
}

/// Writes what is made while it goes out, piece by piece.
pub(super) fn streaming<E: std::error::Error + 'static>(
    request: &Request,
    mut response: HttpResponseBuilder,
    pieces: impl Stream<Item = Result<Bytes, E>> + 'static,
) -> HttpResponse {
    let mut response = response.streaming(Box::pin(pieces));
    if request.http.headers().contains_key(UPGRADE) {
        // The framework would say that it writes chunks, and write none: then the end of the connection is that of the body.
        response.head_mut().no_chunking(true);
        response.head_mut().set_connection_type(ConnectionType::Close);
    }
    response
}

/// The response 204.
pub(super) fn no_content() -> HttpResponse {
    HttpResponse::NoContent().finish()
}

/// Most bodies have fewer bytes, so that their buffer need not grow.
const TYPICAL_BODY_BYTES: usize = 16 << 10;

/// What has more bytes than these takes longer to write than it takes to hand it to another thread.
const MAX_BYTES_ON_WORKER: usize = 64 << 10;

/// Makes and writes what has about so many bytes: where it holds up no other request if it is large.
async fn serialize_large<T: Serialize>(
    bytes: usize,
    body: impl FnOnce() -> T + Send + 'static,
) -> Result<Vec<u8>, Problem> {
    let write = move || serialize(&body());
    if bytes > MAX_BYTES_ON_WORKER { off_workers(write).await? } else { write() }
}

fn serialize<T: Serialize>(body: &T) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::with_capacity(TYPICAL_BODY_BYTES);
    serde_json::to_writer(&mut bytes, body).map_err(|error| {
        tracing::error!(%error, "an answer could not be written");
        Problem::new(Reason::Internal, "the server failed; its operator finds the cause in the log")
    })?;
    Ok(bytes)
}

/// Runs what blocks on a disk or a lock where that does not hold up other requests. Tenants have a bounded number of threads each:
/// whoever has them all waits, and holds none meanwhile.
pub(super) async fn blocking<T: Send + 'static>(
    request: &Request,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    let tenant = request.principal()?.snapshot().tenant.id;
    let turn = request.state.tenant_bounds.blocking_turn(tenant).await;
    in_turn(turn, work).await
}

/// Runs what takes the processor for long where that does not hold up other requests: of a tenant one thing after the other.
pub(super) async fn computing<T: Send + 'static>(
    request: &Request,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    let tenant = request.principal()?.snapshot().tenant.id;
    let turn = request.state.tenant_bounds.computing_turn(tenant).await?;
    in_turn(Some(turn), work).await
}

async fn in_turn<T: Send + 'static>(
    turn: Option<OwnedSemaphorePermit>,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    off_workers(move || {
        // It goes on when nobody waits for it any more.
        let _turn = turn;
        work()
    })
    .await
}

pub(super) async fn off_workers<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        tracing::error!(%error, "work off the workers did not end");
        Problem::new(Reason::Internal, "the server failed; its operator finds the cause in the log")
    })
}
