//! The requests that are under way, for the shutdown, which waits until none is.

use std::sync::Arc;
use std::time::Duration;

/// How often a shutdown looks whether requests are under way.
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// The number of requests under way. They pay for it with one atomic count and take no lock; the shutdown looks again and
/// again.
#[derive(Default)]
pub struct InFlight(Arc<()>);

/// A request that is under way until this is dropped.
pub(crate) struct InFlightRequest(#[expect(dead_code, reason = "it counts while it is there")] Arc<()>);

impl InFlight {
    /// Counts a request.
    pub(crate) fn enter(&self) -> InFlightRequest {
        InFlightRequest(Arc::clone(&self.0))
    }

    /// Waits until no request is under way.
    pub async fn ended(&self) {
        while Arc::strong_count(&self.0) > 1 {
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }
}
