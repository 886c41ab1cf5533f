//! The task that asks vector databases again which did not confirm that something is gone.

use std::time::Duration;

use syft_space_domain::Space;
use syft_space_domain::audit::Origin;
use syft_space_domain::dataset::finish_removal;

/// How often to ask.
const ASK_INTERVAL: Duration = Duration::from_secs(10);

/// Asks again, until it is aborted. Failures are logged, and tried again.
pub(crate) async fn ask_forever(space: Space) {
    let mut ticks = tokio::time::interval(ASK_INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let space = space.clone();
        let asked = tokio::task::spawn_blocking(move || ask(&space)).await;
        if let Err(error) = asked {
            tracing::error!(%error, "vector databases could not be asked");
        }
    }
}

fn ask(space: &Space) {
    for (scope, dataset) in space.meaning.removals.all() {
        let removed = space
            .request_context(Origin::default())
            .map_err(Into::into)
            .and_then(|context| finish_removal(space, &context, &scope, dataset));
        if let Err(error) = removed {
            tracing::warn!(%dataset, %error, "the vectors of a dataset that was removed are still in its vector database");
        }
    }
}
