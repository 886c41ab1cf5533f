//! The client: a call within bounds, with retries.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::HeaderValue;
use http::header::{ACCEPT, CONTENT_LENGTH, USER_AGENT};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::ext::on_informational;
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Client as Pool;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use syft_space_domain::random::Entropy;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::allow_list::AllowList;
use crate::backoff;
use crate::concurrency::ConcurrencyLimit;
use crate::connect::{GuardedConnector, TimeoutConnector};
use crate::error::OutboundError;
use crate::request::{Request, Response};
use crate::resolver::Resolver;
use crate::tls::{self, SetupError};

/// The most interim responses (RFC 9110, section 15.2) before the one that counts. None is of use here, and a server may send them without end.
const MAX_INTERIM_RESPONSES: usize = 16;
/// The most bytes of a response's head.
const MAX_HEAD_BYTES: usize = 64 * 1024;
/// The time after which an idle connection is closed.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);
/// The most idle connections per target.
const MAX_IDLE_PER_TARGET: usize = 8;

/// The settings of a client. Proxies of the environment are not used: they would resolve names themselves.
#[derive(Debug, Clone)]
pub struct ClientSettings {
    /// The private targets that may be called.
    pub allow: AllowList,
    /// A PEM file with the certificates of a private certificate authority.
    pub ca_file: Option<PathBuf>,
    /// The time for a connection, TLS included.
    pub connect_timeout: Duration,
    /// The time for looking up a name. That one cannot be resolved, or leads to where nobody may call, is told when it is
    /// over, so that the time does not say which. Less than the time for a connection.
    pub name_time: Duration,
    /// The time for a call, retries included, unless the call has its own.
    pub timeout: Duration,
    /// The most bytes of a response's body, unless the call has its own limit.
    pub max_response_bytes: usize,
    /// The most calls at once.
    pub max_concurrent_calls: usize,
    /// The most of them to one target.
    pub max_concurrent_calls_per_target: usize,
    /// The most attempts of a call that may be retried.
    pub max_attempts: u32,
}

impl Default for ClientSettings {
    fn default() -> Self {
        Self {
            allow: AllowList::default(),
            ca_file: None,
            connect_timeout: Duration::from_secs(5),
            name_time: Duration::from_secs(2),
            timeout: Duration::from_secs(30),
            max_response_bytes: 1024 * 1024,
            max_concurrent_calls: 128,
            max_concurrent_calls_per_target: 32,
            max_attempts: 3,
        }
    }
}

/// Calls others. Make one, and share it.
pub struct Client {
    pool: Pool<TimeoutConnector, Full<Bytes>>,
    concurrency: ConcurrencyLimit,
    settings: ClientSettings,
    entropy: Arc<dyn Entropy>,
}

impl Client {
    /// A client. It must be used within a runtime of tokio.
    ///
    /// # Errors
    /// When the CA file cannot be read or has no certificate, or TLS cannot be set up.
    pub fn new(
        settings: ClientSettings,
        resolver: Arc<dyn Resolver>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, SetupError> {
        let tls = tls::config(settings.ca_file.as_deref())?;
        let (timeout, name_time) = (settings.connect_timeout, settings.name_time);
        let allow = Arc::new(settings.allow.clone());
        let guarded = GuardedConnector { resolver, allow, timeout, name_time };
        let inner = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(guarded);
        let pool = Pool::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(MAX_IDLE_PER_TARGET)
            .http1_max_buf_size(MAX_HEAD_BYTES)
            .build(TimeoutConnector { inner, timeout });
        let concurrency =
            ConcurrencyLimit::new(settings.max_concurrent_calls, settings.max_concurrent_calls_per_target);
        Ok(Self { pool, concurrency, settings, entropy })
    }

    /// Makes a call. A response of any status is `Ok`. A call that may be retried is tried again when the connection
    /// fails, though not where the name does, or the response is 502, 503 or 504.
    ///
    /// # Errors
    /// When the target may not be called, cannot be resolved, reached or trusted, too many calls are under way, or the
    /// response is too large, broken or not complete in time.
    pub async fn call(&self, request: &Request) -> Result<Response, OutboundError> {
        let deadline = Instant::now() + request.timeout.unwrap_or(self.settings.timeout);
        let target = request.authority();
        let mut attempt = 0;
        loop {
            let outcome = self.attempt(request, &target, deadline).await;
            match &outcome {
                Ok(response) => {
                    tracing::debug!(%target, method = %request.method, answer.status = response.status, "called");
                }
                Err(error) => tracing::debug!(%target, method = %request.method, %error, "called in vain"),
            }
            let is_transient = match &outcome {
                Ok(response) => matches!(response.status, 502..=504),
                Err(error) => error.is_transient(),
            };
            if !is_transient || !request.may_retry || attempt + 1 >= self.settings.max_attempts {
                return outcome;
            }
            let retry_at = Instant::now() + backoff::delay(attempt, self.entropy.as_ref());
            if retry_at >= deadline {
                return outcome;
            }
            sleep_until(retry_at).await;
            attempt += 1;
        }
    }

    async fn attempt(
        &self,
        request: &Request,
        target: &str,
        deadline: Instant,
    ) -> Result<Response, OutboundError> {
        let waited = timeout_at(deadline, self.concurrency.acquire(target)).await;
        let _permit = waited.ok().flatten().ok_or(OutboundError::Busy)?;
        timeout_at(deadline, self.send(request)).await.map_err(|_| OutboundError::Timeout)?
    }

    async fn send(&self, request: &Request) -> Result<Response, OutboundError> {
        let mut sent = http::Request::builder().method(&request.method).uri(request.url.as_str());
        if let Some(headers) = sent.headers_mut() {
            headers.clone_from(&request.headers);
            headers.entry(ACCEPT).or_insert(HeaderValue::from_static("*/*"));
            let agent = concat!("syft-space/", env!("CARGO_PKG_VERSION"));
            headers.entry(USER_AGENT).or_insert(HeaderValue::from_static(agent));
        }
        let mut sent = sent
            .body(Full::new(request.body.clone()))
            .map_err(|_| OutboundError::Url(request.authority()))?;
        let (interim, too_many) = (AtomicUsize::new(0), Arc::new(Notify::new()));
        let flooded = Arc::clone(&too_many);
        on_informational(&mut sent, move |_| {
            if interim.fetch_add(1, Ordering::Relaxed) >= MAX_INTERIM_RESPONSES {
                flooded.notify_one();
            }
        });
        let response = tokio::select! {
            response = self.pool.request(sent) => response.map_err(|error| OutboundError::from_source(&error))?,
            () = too_many.notified() => return Err(OutboundError::Broken),
        };
        let max_response_bytes = request.max_response_bytes.unwrap_or(self.settings.max_response_bytes);
        let (head, body) = response.into_parts();
        let length =
            head.headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        if length.is_some_and(|length| u64::try_from(max_response_bytes).is_ok_and(|most| length > most)) {
            return Err(OutboundError::TooLarge(max_response_bytes));
        }
        let body = read(body, max_response_bytes).await?;
        Ok(Response { status: head.status.as_u16(), headers: head.headers, body })
    }
}

/// A body of at most so many bytes. A longer one is not read to its end, and its connection is closed.
async fn read(mut body: Incoming, max_response_bytes: usize) -> Result<Bytes, OutboundError> {
    let mut read = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| OutboundError::Broken)?;
        if let Some(data) = frame.data_ref() {
            if data.len() > max_response_bytes.saturating_sub(read.len()) {
                return Err(OutboundError::TooLarge(max_response_bytes));
            }
            read.extend_from_slice(data);
        }
    }
    Ok(read.freeze())
}
