//! The task that removes questions whose time to wait, or whose decision, has ended.

use std::sync::Arc;
use std::time::Duration;

use syft_space_domain::Space;
use syft_space_domain::approval::remove_ended_approvals;
use syft_space_domain::tenant::OperatorScope;

use crate::background::ticks;

/// How often to look: for so much longer the text of a question that has ended may lie in the database.
const CHECK_INTERVAL: Duration = Duration::from_secs(60);

/// Removes them, at once and from then on, until it is aborted. Failures are logged, and tried again.
pub(crate) async fn remove_ended_forever(space: Space, operator: Arc<OperatorScope>) {
    let mut ticks = ticks(CHECK_INTERVAL);
    loop {
        ticks.tick().await;
        if let Err(error) = remove_ended_approvals(&space, &operator).await {
            tracing::error!(%error, "questions that wait for approval no more could not be removed");
        }
    }
}
