//! The task that removes everything of tenants that have ended.

use std::sync::Arc;
use std::time::Duration;

use syft_space_domain::audit::Origin;
use syft_space_domain::dataset::finish_removal;
use syft_space_domain::ids::DatasetId;
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::{OperatorScope, TenantScope, remove_ended_tenants};
use syft_space_domain::{Pending, PortError, Space};
use tokio::time::Instant;

use crate::background::ticks;

/// How often to look. What was cut short by the end of the process goes on with the first look of the next.
const CHECK_INTERVAL: Duration = Duration::from_secs(2);

/// Removes it, at once and from then on, until it is aborted; none begins for as long as the clock is doubted. Failures are logged, and
/// tried again.
pub(crate) async fn remove_forever(space: Space, operator: Arc<OperatorScope>, doubted_for: Duration) {
    let started = Instant::now();
    let mut ticks = ticks(CHECK_INTERVAL);
    let of = space.clone();
    let remove = move |scope, dataset| remove_dataset(of.clone(), scope, dataset);
    loop {
        ticks.tick().await;
        let begins = started.elapsed() >= doubted_for;
        if let Err(error) = remove_ended_tenants(&space, &operator, &remove, begins).await {
            tracing::error!(%error, "what there is of a tenant that has ended could not be removed");
        }
    }
}

fn remove_dataset(
    space: Space,
    scope: TenantScope,
    dataset: DatasetId,
) -> Pending<'static, Result<(), PortError>> {
    let remove = move || {
        let context = space.request_context(Origin::default())?;
        finish_removal(&space, &context, &scope, dataset)
    };
    Box::pin(async move {
        let removed = tokio::task::spawn_blocking(remove).await;
        removed.unwrap_or_else(|error| Err(StoreError::failed(error).into()))
    })
}
