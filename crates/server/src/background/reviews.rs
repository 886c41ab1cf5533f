//! The task that forgets access reviews which nobody reads on.

use std::time::Duration;

use syft_space_domain::Space;

use crate::background::ticks;

/// How often to look: a review that nobody reads on lies in memory for so much longer.
const CHECK_INTERVAL: Duration = Duration::from_secs(60);

/// Forgets them, until it is aborted.
pub(crate) async fn forget_forever(space: Space) {
    let mut ticks = ticks(CHECK_INTERVAL);
    loop {
        ticks.tick().await;
        space.reviews.forget_old(space.clock.now());
    }
}
