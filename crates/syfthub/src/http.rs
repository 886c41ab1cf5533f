//! How is a hub reached? Through the guarded client, or in tests through one that plays a hub.

use syft_space_domain::Pending;
use syft_space_outbound::{Answer, Client, OutboundError, Request};

/// Makes calls to hubs.
pub trait HubHttp: Send + Sync {
    /// Makes one.
    ///
    /// # Errors
    /// When no whole answer came, or the target may not be called.
    fn call<'a>(&'a self, request: &'a Request) -> Pending<'a, Result<Answer, OutboundError>>;
}

impl HubHttp for Client {
    fn call<'a>(&'a self, request: &'a Request) -> Pending<'a, Result<Answer, OutboundError>> {
        Box::pin(Self::call(self, request))
    }
}
