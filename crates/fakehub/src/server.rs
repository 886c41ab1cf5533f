//! How does the hub answer over HTTP?

use std::io;
use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use actix_web::body::SizedStream;
use actix_web::dev::ServerHandle;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::web::{Bytes, Data, PayloadConfig};
use actix_web::{App, HttpRequest, HttpResponse, HttpResponseBuilder, HttpServer};
use futures_util::{StreamExt, stream};
use serde_json::Value;
use tokio::sync::watch;

use crate::FakeHubError;
use crate::aggregator;
use crate::keys::random_uuid;
use crate::mode::{Control, Mode};
use crate::routes::Route;
use crate::state::Hub;
use crate::wire::{Answer, Request};

const BODY_BYTES_MAX: usize = 4 << 20;
const CORRELATION_ID: &str = "x-correlation-id";

/// What the handle and the server share.
pub(crate) struct Shared {
    hub: Mutex<Hub>,
    control: Mutex<Control>,
    /// Wakes requests that are held, so that they look at their route's mode again.
    changed: watch::Sender<()>,
    /// Whether connections that are still open get no answer: a worker that was told to stop may take a moment.
    silent: AtomicBool,
}

impl Shared {
    pub(crate) fn new(hub: Hub) -> Self {
        Self {
            hub: Mutex::new(hub),
            control: Mutex::default(),
            changed: watch::Sender::new(()),
            silent: AtomicBool::new(false),
        }
    }

    pub(crate) fn hub(&self) -> MutexGuard<'_, Hub> {
        self.hub.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn control(&self) -> MutexGuard<'_, Control> {
        self.control.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes every connection end instead of being answered, or be answered again.
    pub(crate) fn set_silent(&self, silent: bool) {
        self.silent.store(silent, Ordering::SeqCst);
    }

    pub(crate) fn wake(&self) {
        self.changed.send_replace(());
    }

    /// What the hub answers to a service of its own, by its status. It is counted, and does not go over HTTP.
    pub(crate) fn answer_to_ourselves(&self, route: Route, bearer: Option<&str>, body: &Value) -> StatusCode {
        let (method, path) = route.pattern();
        let authorization = bearer.map(|token| ("authorization".to_owned(), format!("Bearer {token}")));
        let request = Request {
            method: method.to_owned(),
            path: path.to_owned(),
            query: Vec::new(),
            headers: authorization.into_iter().collect(),
            body: body.to_string().into_bytes(),
            peer: "the hub itself".to_owned(),
        };
        self.control().record(route, request.clone());
        let answer = route.answer(&mut self.hub(), &request).unwrap_or_else(|refused| refused);
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The mode of a route, once it is not held.
    async fn mode(&self, route: Route) -> Mode {
        let mut changes = self.changed.subscribe();
        loop {
            let mode = self.control().mode(route);
            if mode != Mode::Held || changes.changed().await.is_err() {
                return mode;
            }
        }
    }
}

/// A server on its own thread.
pub(crate) struct Serving {
    handle: ServerHandle,
    thread: JoinHandle<io::Result<()>>,
}

impl Serving {
    /// Serves on a listener, and returns once it does.
    pub(crate) fn begin(shared: Arc<Shared>, listener: TcpListener) -> Result<Self, FakeHubError> {
        let (tell, told) = sync_channel(1);
        let thread = std::thread::Builder::new().name("fakehub".to_owned()).spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let app = move || {
                    App::new()
                        .app_data(PayloadConfig::new(BODY_BYTES_MAX))
                        .app_data(Data::from(Arc::clone(&shared)))
                        .default_service(actix_web::web::to(serve))
                };
                let server = HttpServer::new(app).workers(1).disable_signals().listen(listener)?.run();
                // Nobody waits for it any more: then it is stopped at once.
                if tell.send(server.handle()).is_err() {
                    return Ok(());
                }
                server.await
            })
        })?;
        let handle = told.recv().map_err(|_| io::Error::other("its server did not start"))?;
        Ok(Self { handle, thread })
    }

    /// Stops it, with all its connections, and returns when it has stopped.
    pub(crate) fn end(self) {
        // The word is given at once; whoever waits for its future needs an executor, and a caller may be within one.
        drop(self.handle.stop(false));
        // What the thread returned is of no interest once it was told to stop.
        drop(self.thread.join());
    }
}

fn read(request: &HttpRequest, body: &Bytes) -> Request {
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
    if shared.silent.load(Ordering::SeqCst) {
        let nothing: [Result<Bytes, _>; 1] = [Err(io::Error::other("the hub is down"))];
        return HttpResponse::Ok().body(SizedStream::new(1, stream::iter(nothing)));
    }
    let request = read(&http, &body);
    let route = Route::of(&request.method, &request.path);
    let correlation_id = request.header(CORRELATION_ID).map(str::to_owned);
    shared.control().record(route, request.clone());
    let mode = shared.mode(route).await;
    if let Mode::Slow(delay) = mode {
        actix_web::rt::time::sleep(delay).await;
    }
    let answer = match mode {
        Mode::Failing => Answer::detail(500, "Internal server error"),
        Mode::Redirecting(ref to) => Answer::detail(302, "Found").with("location", to),
        _ if route == Route::Chat => {
            let backoff = shared.hub().aggregator_backoff;
            aggregator::chat(&shared, &request, backoff).await.unwrap_or_else(|refused| refused)
        }
        _ => {
            let mut hub = shared.hub();
            route.answer(&mut hub, &request).unwrap_or_else(|refused| refused)
        }
    };
    let made = random_uuid().map(|id| id.to_string()).unwrap_or_default();
    let mut response = written(answer, &mode);
    if let Ok(value) = HeaderValue::from_str(&correlation_id.unwrap_or(made)) {
        response.headers_mut().insert(HeaderName::from_static(CORRELATION_ID), value);
    }
    response
}

/// The answer as it goes out.
fn written(answer: Answer, mode: &Mode) -> HttpResponse {
    let Answer { status, headers, body } = answer;
    let mut response =
        HttpResponseBuilder::new(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
    for header in headers {
        response.append_header(header);
    }
    let Some(body) = body else { return response.finish() };
    response.content_type("application/json");
    let mut bytes = body.to_string().into_bytes();
    match mode {
        Mode::Cut => {
            let whole = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            bytes.truncate(bytes.len() / 2);
            // The half must be on its way before the connection ends.
            let end = stream::once(async {
                tokio::task::yield_now().await;
                Err(io::Error::other("cut on purpose"))
            });
            let parts = stream::iter([Ok(Bytes::from(bytes))]).chain(end);
            return response.body(SizedStream::new(whole, Box::pin(parts)));
        }
        Mode::Garbage => bytes = b"<html><body>It works!</body></html>".to_vec(),
        Mode::Huge(length) => bytes.resize(bytes.len().max(*length), b' '),
        _ => {}
    }
    response.body(bytes)
}
