//! The form in which a front door refuses.

use actix_web::HttpResponse;
use syft_space_domain::ids::RequestId;

use crate::http::problem::Problem;

/// A refusal in the form of a front door. Whatever stands before a handler refuses with a [`Problem`], from which this is
/// made; the handlers of the front door may refuse with more of their own.
pub trait Refusal: From<Problem> + 'static {
    /// The response, to the request of this id where it has one.
    fn respond(&self, request: Option<RequestId>) -> HttpResponse;

    /// Whether the caller lost the right while something was read for them, which no log has an event of.
    fn is_unrecorded(&self) -> bool {
        false
    }
}

/// The native front door.
impl Refusal for Problem {
    fn respond(&self, request: Option<RequestId>) -> HttpResponse {
        Self::respond(self, request)
    }

    fn is_unrecorded(&self) -> bool {
        Self::is_unrecorded(self)
    }
}
