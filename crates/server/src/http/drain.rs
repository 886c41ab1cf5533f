//! The part of a request body that no handler has read: it is kept until the response is sent, and never drained.
//!
//! The framework drains a dropped chunked body for as long as the client sends. A body that is still held while the
//! response goes out makes it close the connection behind the response instead.

use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::http::ConnectionType;
use actix_web::http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use actix_web::web::{Bytes, Payload};
use actix_web::{HttpMessage, HttpRequest, HttpResponse};

/// A body, or the rest of one, that is kept with its request.
struct Remainder(Payload);

/// Takes the unread body out of the request, to read it.
pub(crate) fn take(http: &HttpRequest) -> Option<Payload> {
    http.extensions_mut().remove::<Remainder>().map(|remainder| remainder.0)
}

/// Keeps a body, or the rest of one, with its request.
pub(crate) fn set_aside(http: &HttpRequest, payload: Payload) {
    http.extensions_mut().insert(Remainder(payload));
}

/// Makes the response hold the unread body until it is sent.
///
/// The framework keeps the connection where the whole body is there already. That would hang on how fast the response
/// comes, so an unread body always closes it.
pub(crate) fn hold(http: &HttpRequest, mut response: HttpResponse) -> HttpResponse {
    let Some(payload) = take(http) else { return response };
    if has_body(http) {
        response.head_mut().set_connection_type(ConnectionType::Close);
    }
    response.map_body(|_, body| BoxBody::new(WithRemainder { body, _remainder: payload }))
}

/// Whether the request announced a body.
fn has_body(http: &HttpRequest) -> bool {
    let headers = http.headers();
    let length = headers.get(CONTENT_LENGTH);
    headers.contains_key(TRANSFER_ENCODING) || length.is_some_and(|length| length.as_bytes() != b"0")
}

/// The body of a response, and the unread body of its request.
struct WithRemainder {
    body: BoxBody,
    _remainder: Payload,
}

impl MessageBody for WithRemainder {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        self.body.as_pin_mut().poll_next(cx)
    }
}
