//! The task that removes what is older than its term.

use std::sync::Arc;
use std::time::Duration;

use syft_space_domain::Space;
use syft_space_domain::retention::sweep_everywhere;
use syft_space_domain::tenant::OperatorScope;

use crate::background::ticks;

/// How often to look: terms are days, so nothing stays noticeably longer than its own.
const CHECK_INTERVAL: Duration = Duration::from_secs(3_600);

/// Sweeps all tenants, at once and from then on, until it is aborted. Failures are logged, and tried again.
pub(crate) async fn sweep_forever(space: Space, operator: Arc<OperatorScope>) {
    let mut ticks = ticks(CHECK_INTERVAL);
    loop {
        ticks.tick().await;
        if let Err(error) = sweep_everywhere(&space, &operator).await {
            tracing::error!(%error, "what is older than its term could not be removed");
        }
    }
}
