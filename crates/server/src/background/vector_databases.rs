//! The task that asks vector databases again which did not confirm that something is gone.

use std::sync::Arc;
use std::time::Duration;

use syft_space_domain::audit::Origin;
use syft_space_domain::dataset::finish_removal;
use syft_space_domain::tenant::OperatorScope;
use syft_space_domain::{PortError, Space};

/// How often to ask.
const ASK_INTERVAL: Duration = Duration::from_secs(10);

/// Asks at once and from then on, until it is aborted. Failures are logged, and tried again.
pub(crate) async fn ask_forever(space: Space, operator: Arc<OperatorScope>) {
    let mut ticks = tokio::time::interval(ASK_INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let (space, operator) = (space.clone(), Arc::clone(&operator));
        let asked = tokio::task::spawn_blocking(move || ask(&space, &operator)).await;
        if let Err(error) = asked {
            tracing::error!(%error, "vector databases could not be asked");
        }
    }
}

fn ask(space: &Space, operator: &OperatorScope) {
    match space.meaning.vectors.settle(operator) {
        Ok(damaged) => {
            for (tenant, dataset) in damaged {
                space.meaning.queue.add(operator.tenant(tenant), dataset);
            }
        }
        Err(error) => tracing::error!(%error, "what must leave vector databases could not be listed"),
    }
    for (scope, dataset) in space.meaning.removals.all() {
        let context = space.request_context(Origin::default()).map_err(PortError::from);
        let removed = context.and_then(|context| finish_removal(space, &context, &scope, dataset));
        if let Err(error) = removed {
            tracing::warn!(%dataset, %error, "the vectors of a dataset that was removed are still in its vector database");
        }
    }
}
