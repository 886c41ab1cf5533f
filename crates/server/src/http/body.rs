//! A request body as a stream, for bodies too large to be held in memory: limited in size, and in how slow it may be.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::error::PayloadError;
use actix_web::http::header::CONTENT_LENGTH;
use actix_web::web::{Bytes, Payload};
use futures_util::{Stream, StreamExt};
use tokio::time::{Instant, Sleep};

use crate::http::drain;
use crate::http::problem::Problem;
use crate::http::reason::Reason;

/// The lowest average rate: a body of 1 MiB may take a minute longer than an empty one.
const MIN_BYTES_PER_SECOND: u64 = 16 * 1024;

/// The body of a request, in chunks. What is not read is set aside when the last handle is gone.
#[derive(Clone)]
pub(crate) struct BodyStream(Rc<RefCell<Reader>>);

struct Reader {
    http: HttpRequest,
    /// `None` once it has ended.
    payload: Option<Payload>,
    max_bytes: u64,
    received_bytes: u64,
    started: Instant,
    read_timeout: Duration,
    deadline: Pin<Box<Sleep>>,
    /// The error that ended the stream early.
    problem: Option<Problem>,
}

impl BodyStream {
    /// Begins to read a body of at most `max_bytes`. No chunk may take longer than `read_timeout`, and the whole no
    /// longer than that and what its length grants.
    ///
    /// # Errors
    /// When the `Content-Length` of the request is too large.
    pub(crate) fn new(http: &HttpRequest, max_bytes: u64, read_timeout: Duration) -> Result<Self, Problem> {
        let announced = http.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
        if announced.and_then(|text| text.parse().ok()).is_some_and(|bytes: u64| bytes > max_bytes) {
            return Err(too_large(max_bytes));
        }
        let started = Instant::now();
        Ok(Self(Rc::new(RefCell::new(Reader {
            http: http.clone(),
            payload: drain::take(http),
            max_bytes,
            received_bytes: 0,
            started,
            read_timeout,
            deadline: Box::pin(tokio::time::sleep_until(started + read_timeout)),
            problem: None,
        }))))
    }

    /// Reads the rest, and discards it.
    ///
    /// # Errors
    /// When the body is too large, too slow, or cut off.
    pub(crate) async fn discard(mut self) -> Result<(), Problem> {
        while let Some(chunk) = self.next().await {
            if chunk.is_err() {
                return Err(self.problem().unwrap_or_else(|| cut_off(&"it ended early")));
            }
        }
        Ok(())
    }

    /// The error that ended the stream early.
    pub(crate) fn problem(&self) -> Option<Problem> {
        self.0.borrow().problem.clone()
    }
}

impl Stream for BodyStream {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.borrow_mut().poll(context)
    }
}

impl Reader {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, PayloadError>>> {
        if self.problem.is_some() {
            return Poll::Ready(Some(Err(PayloadError::Incomplete(None))));
        }
        let Some(payload) = &mut self.payload else { return Poll::Ready(None) };
        match payload.poll_next_unpin(context) {
            Poll::Ready(Some(Ok(chunk))) => {
                let bytes = u64::try_from(chunk.len()).unwrap_or(u64::MAX);
                self.received_bytes = self.received_bytes.saturating_add(bytes);
                if self.received_bytes > self.max_bytes {
                    return self.fail(too_large(self.max_bytes));
                }
                let earned = Duration::from_secs(self.received_bytes / MIN_BYTES_PER_SECOND);
                let granted = self.read_timeout.saturating_add(earned);
                let deadline = (Instant::now() + self.read_timeout).min(self.started + granted);
                self.deadline.as_mut().reset(deadline);
                Poll::Ready(Some(Ok(chunk)))
            }
            Poll::Ready(Some(Err(error))) => self.fail(cut_off(&error)),
            Poll::Ready(None) => {
                self.payload = None;
                Poll::Ready(None)
            }
            Poll::Pending => match self.deadline.as_mut().poll(context) {
                Poll::Ready(()) => {
                    let detail = format!(
                        "the body came too slowly: no pause of {} s, and at least {MIN_BYTES_PER_SECOND} bytes a second",
                        self.read_timeout.as_secs()
                    );
                    self.fail(Problem::new(Reason::BodyTimeout, detail))
                }
                Poll::Pending => Poll::Pending,
            },
        }
    }

    fn fail(&mut self, problem: Problem) -> Poll<Option<Result<Bytes, PayloadError>>> {
        self.problem = Some(problem);
        Poll::Ready(Some(Err(PayloadError::Incomplete(None))))
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        if let Some(payload) = self.payload.take() {
            drain::set_aside(&self.http, payload);
        }
    }
}

fn too_large(max_bytes: u64) -> Problem {
    Problem::new(
        Reason::TooLarge,
        format!("the body may have {max_bytes} bytes at most: send the files in several requests"),
    )
}

fn cut_off(error: &dyn std::fmt::Display) -> Problem {
    Problem::new(Reason::Malformed, format!("the body was cut off or is malformed: {error}"))
}
