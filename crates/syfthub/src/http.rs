//! The HTTP port to hubs: the guarded client, or in tests one that plays a hub.

use syft_space_domain::Pending;
use syft_space_outbound::{Client, OutboundError, Request, Response};

/// Sends requests to hubs.
pub trait HubHttp: Send + Sync {
    /// Sends one.
    ///
    /// # Errors
    /// When the target may not be called, cannot be reached, or sends no complete response in time.
    fn call<'a>(&'a self, request: &'a Request) -> Pending<'a, Result<Response, OutboundError>>;
}

impl HubHttp for Client {
    fn call<'a>(&'a self, request: &'a Request) -> Pending<'a, Result<Response, OutboundError>> {
        Box::pin(Self::call(self, request))
    }
}
