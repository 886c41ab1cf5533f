//! Bodies of responses in small pieces: a connection that nobody reads holds one of them, and not the whole body.

use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::web::Bytes;

/// The bytes of a piece: as many as the framework wants to have ready to be sent.
const PIECE_BYTES: usize = 32 * 1024;

/// A body that is there as a whole, and goes out in pieces. They share its memory.
struct Pieces(Bytes);

/// Makes a body go out in pieces, where it is there as a whole and larger than one.
pub(crate) fn split(body: BoxBody) -> BoxBody {
    let is_large = |bytes: u64| usize::try_from(bytes).map_or(true, |bytes| bytes > PIECE_BYTES);
    match body.size() {
        BodySize::Sized(bytes) if is_large(bytes) => match body.try_into_bytes() {
            Ok(bytes) => BoxBody::new(Pieces(bytes)),
            Err(body) => body,
        },
        _ => body,
    }
}

impl MessageBody for Pieces {
    type Error = std::convert::Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(u64::try_from(self.0.len()).unwrap_or(u64::MAX))
    }

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let length = self.0.len().min(PIECE_BYTES);
        Poll::Ready((length > 0).then(|| Ok(self.0.split_to(length))))
    }
}
