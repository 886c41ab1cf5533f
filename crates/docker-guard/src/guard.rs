//! One request, from its head to the answer.

use std::convert::Infallible;
use std::sync::PoisonError;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Response, StatusCode, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::engine::Engine;
use crate::json::MAX_BODY_BYTES;
use crate::log_budget::{Entry, LogBudget};
use crate::operation::Request;
use crate::policy::Policy;
use crate::refusal::Refusal;
use crate::routes::{Answer, Route};

/// The time in which the body of a request comes.
const BODY_TIME: Duration = Duration::from_secs(10);
/// The most bytes of an answer that is handed on as it comes.
const MAX_ANSWER_BYTES: usize = 32 * 1024 * 1024;

/// The body of an answer.
pub(crate) type Body = UnsyncBoxBody<Bytes, Box<dyn std::error::Error + Send + Sync>>;

/// The guard: what it holds requests against, and whom it asks.
pub(crate) struct Guard {
    policy: Policy,
    engine: Engine,
    making: Mutex<()>,
    budget: std::sync::Mutex<LogBudget>,
}

impl Guard {
    pub(crate) fn new(policy: Policy, engine: Engine) -> Self {
        Self { policy, engine, making: Mutex::new(()), budget: LogBudget::new().into() }
    }

    /// Answers a request.
    pub(crate) async fn answer(
        &self,
        request: http::Request<Incoming>,
    ) -> Result<Response<Body>, Infallible> {
        let (head, body) = request.into_parts();
        let answer = match self.try_answer(&head, body).await {
            Ok(Answer::Streamed(answer)) => hand_on(*answer),
            Ok(Answer::Read(body)) => json(StatusCode::OK, body),
            Err(refusal) => {
                // Whoever looks whether something is gone wants to be told so.
                if head.method != Method::GET || refusal.status() != StatusCode::NOT_FOUND {
                    self.log(&head, &refusal);
                }
                json(refusal.status(), refusal.body().into())
            }
        };
        Ok(answer)
    }

    /// Logs a refusal, unless there were very many of late.
    fn log(&self, head: &http::request::Parts, refusal: &Refusal) {
        let (entry, unsaid) = self.budget.lock().unwrap_or_else(PoisonError::into_inner).count();
        if let Some(unsaid) = unsaid {
            tracing::warn!("{unsaid} more requests were refused");
        }
        if entry == Entry::None {
            return;
        }
        // Its printable form: nothing of it reaches the log that a terminal could obey.
        let target: String = head.uri.to_string().chars().take(MAX_LOGGED_CHARS).collect();
        tracing::warn!(method = %head.method, ?target, status = refusal.status().as_u16(), "refused: {refusal}");
        if entry == Entry::LastLine {
            tracing::warn!("further refusals of this minute are counted, and not logged");
        }
    }

    async fn try_answer(&self, head: &http::request::Parts, body: Incoming) -> Result<Answer, Refusal> {
        // What would take the connection away from HTTP, and with it from this guard.
        if head.headers.contains_key(header::UPGRADE) {
            return Err(Refusal::forbidden("an upgrade of the connection is not let through"));
        }
        if head.uri.authority().is_some() {
            return Err(Refusal::malformed("the target is no path"));
        }
        let target = head.uri.path_and_query().map_or("", |target| target.as_str());
        let request = Request::parse(&head.method, target, &self.policy)?;
        let body = timeout(BODY_TIME, Limited::new(body, MAX_BODY_BYTES).collect()).await;
        let body =
            body.map_err(|_| Refusal::malformed(format!("the body does not come in {BODY_TIME:?}")))?;
        let body = body.map_err(|_| {
            Refusal::malformed(format!("the body breaks off, or has more than {MAX_BODY_BYTES} bytes"))
        })?;
        let route = Route {
            policy: &self.policy,
            engine: &self.engine,
            making: &self.making,
            version: request.version,
        };
        route.run(request, &body.to_bytes()).await
    }
}

/// The most characters of a target in the log.
const MAX_LOGGED_CHARS: usize = 300;

/// The headers of the engine's answers that clients read.
const HANDED_ON: &[&str] = &["api-version", "content-type", "ostype"];

/// An answer of the engine: its status, its body up to a bound, and the headers that clients read.
fn hand_on(answer: Response<Incoming>) -> Response<Body> {
    let (head, body) = answer.into_parts();
    let mut handed = Response::new(Limited::new(body, MAX_ANSWER_BYTES).boxed_unsync());
    *handed.status_mut() = head.status;
    for name in HANDED_ON {
        if let Some(value) = head.headers.get(*name) {
            handed.headers_mut().insert(*name, value.clone());
        }
    }
    handed
}

fn json(status: StatusCode, body: Bytes) -> Response<Body> {
    let mut answer = Response::new(Full::new(body).map_err(|never| match never {}).boxed_unsync());
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}
