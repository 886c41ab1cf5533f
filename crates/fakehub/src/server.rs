//! The HTTP server of the hub, on its own thread.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread::JoinHandle;

use actix_web::body::SizedStream;
use actix_web::dev::ServerHandle;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::web::{Bytes, Data, PayloadConfig};
use actix_web::{App, HttpRequest, HttpResponse, HttpResponseBuilder, HttpServer};
use futures_util::{StreamExt, stream};

use crate::FakeHubError;
use crate::aggregator;
use crate::keys::random_uuid;
use crate::mode::Mode;
use crate::routes::Route;
use crate::shared::Shared;
use crate::wire::{HubResponse, Request};

const MAX_BODY_BYTES: usize = 4 << 20;
const CORRELATION_ID: &str = "x-correlation-id";

/// A server on its own thread.
pub(crate) struct ServerThread {
    handle: ServerHandle,
    thread: JoinHandle<io::Result<()>>,
}

impl ServerThread {
    /// Starts to serve on a listener. Returns when the server runs.
    pub(crate) fn start(shared: Arc<Shared>, listener: TcpListener) -> Result<Self, FakeHubError> {
        let (sender, receiver) = sync_channel(1);
        let thread = std::thread::Builder::new().name("fakehub".to_owned()).spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let app = move || {
                    App::new()
                        .app_data(PayloadConfig::new(MAX_BODY_BYTES))
                        .app_data(Data::from(Arc::clone(&shared)))
                        .default_service(actix_web::web::to(serve))
                };
                let server = HttpServer::new(app).workers(1).disable_signals().listen(listener)?.run();
                // The starting thread is gone: stop at once.
                if sender.send(server.handle()).is_err() {
                    return Ok(());
                }
                server.await
            })
        })?;
        let handle = receiver.recv().map_err(|_| io::Error::other("its server did not start"))?;
        Ok(Self { handle, thread })
    }

    /// Closes all connections and stops the server. Returns when its thread has ended.
    pub(crate) fn stop(self) {
        // The call alone stops the server. Its future needs an executor, and the caller may be inside one already.
        drop(self.handle.stop(false));
        // The result of the thread does not matter after a stop.
        drop(self.thread.join());
    }
}

fn to_request(request: &HttpRequest, body: &Bytes) -> Request {
    let parameters = url::form_urlencoded::parse(request.query_string().as_bytes()).into_owned();
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    Request {
        method: request.method().to_string(),
        path: request.path().to_owned(),
        query: parameters.collect(),
        headers: request.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
        body: body.to_vec(),
        peer: request.peer_addr().map(|peer| peer.ip().to_string()).unwrap_or_default(),
    }
}

async fn serve(shared: Data<Shared>, http: HttpRequest, body: Bytes) -> HttpResponse {
    if shared.is_down() {
        let error: [Result<Bytes, _>; 1] = [Err(io::Error::other("the hub is down"))];
        return HttpResponse::Ok().body(SizedStream::new(1, stream::iter(error)));
    }
    let request = to_request(&http, &body);
    let route = Route::find(&request.method, &request.path);
    let correlation_id = request.header(CORRELATION_ID).map(str::to_owned);
    shared.control().record(route, request.clone());
    let mode = shared.mode(route).await;
    if let Mode::Slow(delay) = mode {
        actix_web::rt::time::sleep(delay).await;
    }
    let hub_response = match mode {
        Mode::Failing => HubResponse::detail(500, "Internal server error"),
        Mode::Redirect(ref to) => HubResponse::detail(302, "Found").with("location", to),
        _ if route == Route::Chat => {
            let backoff = shared.hub().aggregator_backoff;
            aggregator::chat(&shared, &request, backoff).await.unwrap_or_else(|error| error)
        }
        _ => {
            let mut hub = shared.hub();
            route.handle(&mut hub, &request).unwrap_or_else(|error| error)
        }
    };
    let new_id = random_uuid().map(|id| id.to_string()).unwrap_or_default();
    let mut response = to_http_response(hub_response, &mode);
    if let Ok(value) = HeaderValue::from_str(&correlation_id.unwrap_or(new_id)) {
        response.headers_mut().insert(HeaderName::from_static(CORRELATION_ID), value);
    }
    response
}

/// The HTTP response, with the failure of its mode.
fn to_http_response(hub_response: HubResponse, mode: &Mode) -> HttpResponse {
    let HubResponse { status, headers, body } = hub_response;
    let mut response =
        HttpResponseBuilder::new(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
    for header in headers {
        response.append_header(header);
    }
    let Some(body) = body else { return response.finish() };
    response.content_type("application/json");
    let mut bytes = body.to_string().into_bytes();
    match mode {
        Mode::Truncated => {
            let full_length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            bytes.truncate(bytes.len() / 2);
            // The half must be sent before the connection ends.
            let end = stream::once(async {
                tokio::task::yield_now().await;
                Err(io::Error::other("cut on purpose"))
            });
            let parts = stream::iter([Ok(Bytes::from(bytes))]).chain(end);
            return response.body(SizedStream::new(full_length, Box::pin(parts)));
        }
        Mode::Garbage => bytes = b"<html><body>It works!</body></html>".to_vec(),
        Mode::Oversized(length) => bytes.resize(bytes.len().max(*length), b' '),
        _ => {}
    }
    response.body(bytes)
}
