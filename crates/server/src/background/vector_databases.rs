//! The task that asks vector databases again which did not confirm that something is gone.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use syft_space_domain::audit::Origin;
use syft_space_domain::dataset::finish_removal;
use syft_space_domain::ids::DatasetId;
use syft_space_domain::tenant::OperatorScope;
use syft_space_domain::{PortError, Space};

use crate::background::ticks;

/// How often to ask.
const ASK_INTERVAL: Duration = Duration::from_secs(10);

/// Why each dataset that is being removed is still there.
type Waiting = BTreeMap<DatasetId, PortError>;

/// Asks at once and from then on, until it is aborted. Failures are logged where they are new, and tried again.
pub(crate) async fn ask_forever(space: Space, operator: Arc<OperatorScope>) {
    let mut ticks = ticks(ASK_INTERVAL);
    let mut waiting = Waiting::new();
    loop {
        ticks.tick().await;
        let (space, operator) = (space.clone(), Arc::clone(&operator));
        let before = std::mem::take(&mut waiting);
        match tokio::task::spawn_blocking(move || ask(&space, &operator, &before)).await {
            Ok(still) => waiting = still,
            Err(error) => tracing::error!(%error, "vector databases could not be asked"),
        }
    }
}

fn ask(space: &Space, operator: &OperatorScope, before: &Waiting) -> Waiting {
    match space.meaning.vectors.settle(operator) {
        Ok(damaged) => {
            for (tenant, dataset) in damaged {
                space.meaning.queue.add(operator.tenant(tenant), dataset);
            }
        }
        Err(error) => tracing::error!(%error, "what must leave vector databases could not be listed"),
    }
    let mut waiting = Waiting::new();
    for (scope, dataset) in space.meaning.removals.all() {
        let context = space.request_context(Origin::default()).map_err(PortError::from);
        let removed = context.and_then(|context| finish_removal(space, &context, &scope, dataset));
        if let Err(error) = removed {
            if before.get(&dataset) != Some(&error) {
                tracing::warn!(
                    tenant = %scope.tenant(), %dataset, %error,
                    "a dataset that was removed waits for its last vectors to go; it is tried again"
                );
            }
            waiting.insert(dataset, error);
        }
    }
    waiting
}
