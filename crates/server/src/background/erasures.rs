//! The task that erases what is left of people whose accounts are gone.

use std::sync::Arc;
use std::time::Duration;

use syft_space_domain::Space;
use syft_space_domain::privacy::finish_erasures;
use syft_space_domain::tenant::OperatorScope;

use crate::background::ticks;

/// How often to look. What was cut short by the end of the process goes on with the first look of the next.
const CHECK_INTERVAL: Duration = Duration::from_secs(2);

/// Erases it, at once and from then on, until it is aborted. Failures are logged, and tried again.
pub(crate) async fn finish_forever(space: Space, operator: Arc<OperatorScope>) {
    let mut ticks = ticks(CHECK_INTERVAL);
    loop {
        ticks.tick().await;
        if let Err(error) = finish_erasures(&space, &operator).await {
            tracing::error!(%error, "what is held about somebody who is to be erased could not be erased");
        }
    }
}
