//! The body of a request until somebody reads it; what nobody reads ends the connection.
//!
//! The framework drains a dropped chunked body for as long as the client sends. A body that is still held while the
//! answer goes out makes it close the connection behind the answer instead.

use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::web::{Bytes, Payload};
use actix_web::{HttpMessage, HttpRequest, HttpResponse};

/// A body, or the rest of one, that is set aside until the answer is on its way.
struct LeftOver(Payload);

/// Takes out what was set aside, to read it.
pub(crate) fn take(http: &HttpRequest) -> Option<Payload> {
    http.extensions_mut().remove::<LeftOver>().map(|left| left.0)
}

/// Sets a body, or the rest of one, aside.
pub(crate) fn set_aside(http: &HttpRequest, rest: Payload) {
    http.extensions_mut().insert(LeftOver(rest));
}

/// Lets the answer hold what was set aside.
pub(crate) fn hold(http: &HttpRequest, answer: HttpResponse) -> HttpResponse {
    match take(http) {
        Some(rest) => answer.map_body(|_, body| BoxBody::new(Holding { body, _rest: rest })),
        None => answer,
    }
}

struct Holding {
    body: BoxBody,
    _rest: Payload,
}

impl MessageBody for Holding {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        self.body.as_pin_mut().poll_next(cx)
    }
}
