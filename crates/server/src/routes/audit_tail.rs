//! The routes that follow an audit log as it is written: Server-Sent Events (WHATWG HTML, section 9.2).

use std::convert::Infallible;
use std::fmt::Write;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::Bytes;
use futures_util::stream::{self, Stream};
use syft_space_domain::Space;
use syft_space_domain::audit::Log;
use syft_space_domain::inquiry::{Tail, TailError, TailPart};
use syft_space_domain::marketplace::MarketplaceHubs;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::http::audit_tails::TailSlot;
use crate::http::problem::Problem;
use crate::http::reason::Reason;
use crate::http::request::Request;
use crate::http::route_docs::{Parameter, Response, schema_of};
use crate::routes::audit::{self, Event};
use crate::routes::audit_proofs::Number;
use crate::routes::reply;
use crate::routes::shapes;

/// How long nothing goes out but a comment: whoever waits knows that somebody is there, and who is gone shows. As often the rights are
/// asked for that end by themselves, as a token's time does.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// How long to let events gather behind a part that reached the end of the log: one read takes all of them.
const GATHERING: Duration = Duration::from_millis(200);
/// The first lines: how many milliseconds a client is to wait before it comes again.
const BEGINNING: Bytes = Bytes::from_static(b"retry: 2000\n\n");
/// A comment, which no client tells anybody of.
const COMMENT: &str = ":\n\n";
/// The header by which a client goes on where it was.
const LAST_EVENT_ID: &str = "Last-Event-ID";

/// Events as they come.
pub(crate) const EVENT_STREAM: Response =
    Response { status: 200, media_type: "text/event-stream", schema: Some(schema_of::<String>) };

const AFTER: Parameter = Parameter::new::<shapes::AfterShape>(
    "after",
    "The number of the event behind which to begin. Left out, it begins with what comes.",
);
/// Which events of a tenant's log.
pub(crate) const FILTERS: &[Parameter] = &[
    AFTER,
    audit::ACTION,
    audit::OUTCOME,
    audit::REASON,
    audit::ACTOR,
    audit::PRINCIPAL,
    audit::ENDPOINT,
    audit::KEY_NAME,
    audit::SINCE,
    audit::UNTIL,
];
/// Which events of the installation's.
pub(crate) const INSTALLATION_FILTERS: &[Parameter] =
    &[AFTER, audit::ACTION, audit::OUTCOME, audit::REASON, audit::ACTOR, audit::SINCE, audit::UNTIL];
/// Where to go on.
pub(crate) const HEADERS: &[Parameter] = &[Parameter::new::<shapes::AfterShape>(
    LAST_EVENT_ID,
    "The `id` of the last event that came, behind which to go on. It counts before `after`: a browser sends it when it comes again.",
)];

pub(crate) async fn follow(request: Request) -> Result<HttpResponse, Problem> {
    let (after, wanted) = (after(&request)?, audit::named_filter(&request)?);
    let principal = request.principal()?.clone();
    let log = Log::Tenant(principal.snapshot().tenant.id);
    let slot = request.state.audit_tails.begin(log, principal.actor().id())?;
    let tail = Tail::begin(request.space(), &request.context, principal, wanted, after).await?;
    Ok(answer(&request, tail, slot))
}

/// The installation's own log, which the host's operator follows.
pub(crate) async fn follow_installation(request: Request) -> Result<HttpResponse, Problem> {
    let (after, filter) = (after(&request)?, audit::filter(&request)?);
    let slot = request.state.audit_tails.begin(Log::Installation, None)?;
    let tail =
        Tail::begin_installation(request.space(), &request.context, request.operator()?, filter, after);
    Ok(answer(&request, tail.await?, slot))
}

/// Behind which event to begin.
fn after(request: &Request) -> Result<Option<u64>, Problem> {
    let after = request.query().parse::<Number>("after")?.map(|Number(after)| after);
    let mut sent = request.http.headers().get_all(LAST_EVENT_ID);
    let Some(value) = sent.next() else { return Ok(after) };
    let last = value.to_str().ok().and_then(|text| text.parse().ok()).map(|Number(last)| last);
    match last {
        Some(last) if sent.next().is_none() => Ok(Some(last)),
        _ => Err(Problem::new(Reason::Malformed, format!("{LAST_EVENT_ID} is a number in digits, once"))),
    }
}

fn answer(request: &Request, tail: Tail, slot: TailSlot) -> HttpResponse {
    let now = Instant::now();
    let following =
        Following { space: request.space().clone(), tail, slot, due: now + HEARTBEAT, read_at: now };
    let mut response = HttpResponse::Ok();
    response
        .insert_header((CONTENT_TYPE, EVENT_STREAM.media_type))
        // Proxies of some kinds would keep events until they have many.
        .insert_header(("X-Accel-Buffering", "no"));
    reply::streaming(request, response, pieces(following))
}

/// A tail on its way out.
struct Following {
    space: Space,
    tail: Tail,
    slot: TailSlot,
    /// When something goes out at the latest.
    due: Instant,
    /// When the log is read next, at the earliest.
    read_at: Instant,
}

/// What goes out. Nothing is read before what was read last is on its way, so a slow reader has one part waiting at most.
fn pieces(following: Following) -> impl Stream<Item = Result<Bytes, Infallible>> {
    let rest = stream::unfold(following, |mut following| async move {
        let piece = following.next().await?;
        Some((Ok(piece), following))
    });
    stream::StreamExt::chain(stream::iter([Ok(BEGINNING)]), rest)
}

impl Following {
    /// What goes out next; `None` where the tail ends. Whoever comes again with the number of the last event misses none.
    async fn next(&mut self) -> Option<Bytes> {
        let before = self.tail.seq();
        loop {
            let last = self.slot.last().ok()?;
            if self.tail.seq() < last {
                sleep_until(self.read_at).await;
                let part = self.tail.next(&self.space, last).await.map_err(|error| tell(&error)).ok()?;
                if part.seq == last {
                    self.read_at = Instant::now() + GATHERING;
                }
                if !part.events.is_empty() {
                    self.due = Instant::now() + HEARTBEAT;
                    return told(part, &self.tail);
                }
                if Instant::now() < self.due {
                    continue;
                }
            } else {
                match timeout_at(self.due, self.slot.changed()).await {
                    Ok(Ok(())) => continue,
                    Ok(Err(_)) => return None,
                    Err(_) => self.tail.check(&self.space).ok()?,
                }
            }
            self.due = Instant::now() + HEARTBEAT;
            // Where events went by that are not asked for, an id without an event has the client come again behind them.
            let seq = self.tail.seq();
            let comment = if seq > before { format!("id: {seq}\n{COMMENT}") } else { COMMENT.to_owned() };
            return Some(comment.into());
        }
    }
}

/// Has the operator know of a log that cannot be read. That somebody may not read it any more ends their tail as it should.
fn tell(error: &TailError) {
    if !matches!(error, TailError::Authorization(_)) {
        tracing::warn!(%error, "the tail of an audit log broke off");
    }
}

/// Events as they are written into the stream. JSON has no line ends.
fn told(part: TailPart, tail: &Tail) -> Option<Bytes> {
    let nobodys = MarketplaceHubs::default();
    let marketplaces = tail.principal().map_or(&nobodys, |principal| principal.snapshot().marketplace_hubs());
    let mut text = String::new();
    for event in part.events {
        let seq = event.seq;
        let event = serde_json::to_string(&Event::of(event, marketplaces));
        let event =
            event.inspect_err(|error| tracing::error!(%error, "an event could not be written")).ok()?;
        write!(text, "id: {seq}\ndata: {event}\n\n").ok()?;
    }
    Some(text.into())
}
