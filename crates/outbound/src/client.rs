//! How is a call made, within bounds, and made again when that may help?

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::HeaderValue;
use http::header::{ACCEPT, CONTENT_LENGTH, USER_AGENT};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Client as Pool;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use syft_space_domain::random::Entropy;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::allow::AllowList;
use crate::backoff;
use crate::connect::{Guarded, InTime};
use crate::error::OutboundError;
use crate::permits::Permits;
use crate::request::{Answer, Request};
use crate::resolve::Resolve;
use crate::tls::{self, SetupError};

/// The most bytes of an answer's head.
const HEAD_BYTES: usize = 64 * 1024;
/// How long a connection that nobody uses is kept.
const IDLE: Duration = Duration::from_secs(30);
/// How many of those are kept per target.
const IDLE_PER_TARGET: usize = 8;

/// What a client may do. Proxies of the environment are not used: they would resolve names themselves.
#[derive(Debug, Clone)]
pub struct ClientSettings {
    /// The private targets that may be called.
    pub allow: AllowList,
    /// A PEM file with the certificates of an authority of one's own.
    pub authority: Option<PathBuf>,
    /// The time for a connection, TLS included.
    pub connect_within: Duration,
    /// The time for a call, repetitions included, unless it says another.
    pub within: Duration,
    /// The most bytes of an answer's body, unless the call says another number.
    pub at_most: usize,
    /// How many calls may be under way at once.
    pub at_once: usize,
    /// How many of them to one target.
    pub at_once_per_target: usize,
    /// How often a repeatable call is tried.
    pub tries: u32,
}

impl Default for ClientSettings {
    fn default() -> Self {
        Self {
            allow: AllowList::default(),
            authority: None,
            connect_within: Duration::from_secs(5),
            within: Duration::from_secs(30),
            at_most: 1024 * 1024,
            at_once: 128,
            at_once_per_target: 32,
            tries: 3,
        }
    }
}

/// Calls others. Make one, and share it.
pub struct Client {
    pool: Pool<InTime, Full<Bytes>>,
    permits: Permits,
    settings: ClientSettings,
    entropy: Arc<dyn Entropy>,
}

impl Client {
    /// Makes a client. It must be used within a runtime of tokio.
    ///
    /// # Errors
    /// When the authority's file is of no use.
    pub fn new(
        settings: ClientSettings,
        resolver: Arc<dyn Resolve>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, SetupError> {
        let tls = tls::config(settings.authority.as_deref())?;
        let within = settings.connect_within;
        let guarded = Guarded { resolver, allow: Arc::new(settings.allow.clone()), within };
        let inner = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(guarded);
        let pool = Pool::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(IDLE_PER_TARGET)
            .http1_max_buf_size(HEAD_BYTES)
            .build(InTime { inner, within });
        let permits = Permits::new(settings.at_once, settings.at_once_per_target);
        Ok(Self { pool, permits, settings, entropy })
    }

    /// Makes a call. Whatever status comes is an answer. A repeatable call is tried again when the connection fails
    /// or the answer is 502, 503 or 504.
    ///
    /// # Errors
    /// When no whole answer came, or the target may not be called.
    pub async fn call(&self, request: &Request) -> Result<Answer, OutboundError> {
        let deadline = Instant::now() + request.within.unwrap_or(self.settings.within);
        let target = request.authority();
        let mut attempt = 0;
        loop {
            let outcome = self.attempt(request, &target, deadline).await;
            match &outcome {
                Ok(answer) => tracing::debug!(%target, method = %request.method, answer.status, "called"),
                Err(error) => tracing::debug!(%target, method = %request.method, %error, "called in vain"),
            }
            let may_pass = match &outcome {
                Ok(answer) => matches!(answer.status, 502..=504),
                Err(error) => error.may_pass(),
            };
            if !may_pass || !request.repeatable || attempt + 1 >= self.settings.tries {
                return outcome;
            }
            let again = Instant::now() + backoff::wait(attempt, self.entropy.as_ref());
            if again >= deadline {
                return outcome;
            }
            sleep_until(again).await;
            attempt += 1;
        }
    }

    async fn attempt(
        &self,
        request: &Request,
        target: &str,
        deadline: Instant,
    ) -> Result<Answer, OutboundError> {
        let waited = timeout_at(deadline, self.permits.one(target)).await;
        let _permit = waited.ok().flatten().ok_or(OutboundError::Busy)?;
        timeout_at(deadline, self.once(request)).await.map_err(|_| OutboundError::Timeout)?
    }

    async fn once(&self, request: &Request) -> Result<Answer, OutboundError> {
        let mut sent = http::Request::builder().method(&request.method).uri(request.url.as_str());
        if let Some(headers) = sent.headers_mut() {
            headers.clone_from(&request.headers);
            headers.entry(ACCEPT).or_insert(HeaderValue::from_static("*/*"));
            let agent = concat!("syft-space/", env!("CARGO_PKG_VERSION"));
            headers.entry(USER_AGENT).or_insert(HeaderValue::from_static(agent));
        }
        let sent = sent
            .body(Full::new(request.body.clone()))
            .map_err(|_| OutboundError::Url(request.authority()))?;
        let response = self.pool.request(sent).await.map_err(|error| OutboundError::within(&error))?;
        let at_most = request.at_most.unwrap_or(self.settings.at_most);
        let (head, body) = response.into_parts();
        let told = head.headers.get(CONTENT_LENGTH).and_then(|told| told.to_str().ok()?.parse::<u64>().ok());
        if told.is_some_and(|told| u64::try_from(at_most).is_ok_and(|most| told > most)) {
            return Err(OutboundError::TooLarge(at_most));
        }
        let body = read(body, at_most).await?;
        Ok(Answer { status: head.status.as_u16(), headers: head.headers, body })
    }
}

/// A body of at most so many bytes. A longer one is not read to its end, and its connection is closed.
async fn read(mut body: Incoming, at_most: usize) -> Result<Bytes, OutboundError> {
    let mut read = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| OutboundError::Broken)?;
        if let Some(data) = frame.data_ref() {
            if data.len() > at_most.saturating_sub(read.len()) {
                return Err(OutboundError::TooLarge(at_most));
            }
            read.extend_from_slice(data);
        }
    }
    Ok(read.freeze())
}
