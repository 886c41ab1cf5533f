//! A body that is too large to be held: it is read piece by piece, up to a bound and no slower than it may.

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

use crate::http::problem::Problem;
use crate::http::reason::Reason;
use crate::http::unread_body;

/// The fewest bytes of a second, on the whole: a body of 1 MiB may take a minute longer than an empty one.
const LEAST_PACE: u64 = 16 * 1024;

/// The body of a request, in pieces. What is not read is set aside when the last handle is gone.
#[derive(Clone)]
pub(crate) struct Pieces(Rc<RefCell<Rest>>);

struct Rest {
    http: HttpRequest,
    /// `None` once it has ended.
    payload: Option<Payload>,
    max: u64,
    got: u64,
    began: Instant,
    pause: Duration,
    patience: Pin<Box<Sleep>>,
    /// Why it was not read to its end.
    problem: Option<Problem>,
}

impl Pieces {
    /// Begins to read a body of at most `max` bytes. No piece may take longer than `pause`, and the whole no longer
    /// than that and what its length grants.
    ///
    /// # Errors
    /// When the request says by itself that it is too large.
    pub(crate) fn of(http: &HttpRequest, max: u64, pause: Duration) -> Result<Self, Problem> {
        let announced = http.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
        if announced.and_then(|text| text.parse().ok()).is_some_and(|bytes: u64| bytes > max) {
            return Err(too_large(max));
        }
        let began = Instant::now();
        Ok(Self(Rc::new(RefCell::new(Rest {
            http: http.clone(),
            payload: unread_body::take(http),
            max,
            got: 0,
            began,
            pause,
            patience: Box::pin(tokio::time::sleep_until(began + pause)),
            problem: None,
        }))))
    }

    /// Reads what is left, and forgets it.
    pub(crate) async fn drain(mut self) -> Result<(), Problem> {
        while let Some(piece) = self.next().await {
            if piece.is_err() {
                return Err(self.problem().unwrap_or_else(|| cut_off(&"it ended early")));
            }
        }
        Ok(())
    }

    /// Why it was not read to its end.
    pub(crate) fn problem(&self) -> Option<Problem> {
        self.0.borrow().problem.clone()
    }
}

impl Stream for Pieces {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.borrow_mut().poll(context)
    }
}

impl Rest {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, PayloadError>>> {
        if self.problem.is_some() {
            return Poll::Ready(Some(Err(PayloadError::Incomplete(None))));
        }
        let Some(payload) = &mut self.payload else { return Poll::Ready(None) };
        match payload.poll_next_unpin(context) {
            Poll::Ready(Some(Ok(piece))) => {
                self.got = self.got.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
                if self.got > self.max {
                    return self.fail(too_large(self.max));
                }
                let granted = self.pause.saturating_add(Duration::from_secs(self.got / LEAST_PACE));
                let until = (Instant::now() + self.pause).min(self.began + granted);
                self.patience.as_mut().reset(until);
                Poll::Ready(Some(Ok(piece)))
            }
            Poll::Ready(Some(Err(error))) => self.fail(cut_off(&error)),
            Poll::Ready(None) => {
                self.payload = None;
                Poll::Ready(None)
            }
            Poll::Pending => match self.patience.as_mut().poll(context) {
                Poll::Ready(()) => {
                    let detail = format!(
                        "the body came too slowly: no pause of {} s, and at least {LEAST_PACE} bytes a second",
                        self.pause.as_secs()
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

impl Drop for Rest {
    fn drop(&mut self) {
        if let Some(payload) = self.payload.take() {
            unread_body::set_aside(&self.http, payload);
        }
    }
}

fn too_large(max: u64) -> Problem {
    Problem::new(
        Reason::TooLarge,
        format!("the body may have {max} bytes at most: send the files in several requests"),
    )
}

fn cut_off(error: &dyn std::fmt::Display) -> Problem {
    Problem::new(Reason::Malformed, format!("the body was cut off or is malformed: {error}"))
}
