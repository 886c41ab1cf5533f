//! The task that removes what is older than its term.

use std::sync::Arc;
use std::time::Duration;

use syft_space_domain::retention::{Pause, RetentionError, sweep_everywhere};
use syft_space_domain::tenant::OperatorScope;

use crate::background::{checkpoint_folder, ticks};
use crate::http::state::State;

/// How often to look: terms are days, so nothing stays noticeably longer than its own.
const CHECK_INTERVAL: Duration = Duration::from_secs(3_600);
/// How a sweep pauses.
pub(crate) const PAUSE: Pause<'static> = &|time| Box::pin(tokio::time::sleep(time));

/// Sweeps all tenants, once the clock is not doubted any more and from then on, until it is aborted. Failures are logged, and tried again.
pub(crate) async fn sweep_forever(state: Arc<State>, operator: Arc<OperatorScope>, doubted_for: Duration) {
    tokio::time::sleep(doubted_for).await;
    let mut ticks = ticks(CHECK_INTERVAL);
    loop {
        ticks.tick().await;
        match sweep_everywhere(&state.space, &operator, PAUSE).await {
            Ok(failed) => {
                for (log, error) in failed {
                    let name = checkpoint_folder::name(log);
                    tracing::error!(log = name, %error, "what is older than its term could not be removed");
                    if error == RetentionError::LogChanged {
                        state.changed_logs.tell(&state.space, log).await;
                    }
                }
            }
            Err(error) => tracing::error!(%error, "what is older than its term could not be removed"),
        }
    }
}
