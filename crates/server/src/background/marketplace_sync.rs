//! The task that keeps marketplaces up to date with what is listed on them and how it is.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use syft_space_domain::Space;
use syft_space_domain::ids::{MarketplaceId, TenantId};
use syft_space_domain::marketplace::{
    HEALTH_REPORT_INTERVAL, PublicationStatus, ReportError, report, tell_due,
};
use syft_space_domain::store::{Flow, StoreError};
use syft_space_domain::tenant::OperatorScope;
use tokio::time::Instant;

use crate::background::ticks;

/// How often the listings are checked for changes that a hub does not know of.
const SYNC_INTERVAL: Duration = Duration::from_secs(1);

/// Reports changes of listings and the health of endpoints to hubs, until it is aborted. Failures are logged, and tried
/// again.
pub(crate) async fn sync_forever(space: Space, operator: Arc<OperatorScope>, public_url: String) {
    let publication_status = PublicationStatus::default();
    let mut ticks = ticks(SYNC_INTERVAL);
    let mut report_at = Instant::now();
    loop {
        ticks.tick().await;
        let mut due = match tell_due(&space, &operator, &public_url, &publication_status).await {
            Ok(due) => due,
            Err(error) => {
                tracing::error!(%error, "what hubs are to be told could not be looked up or written down");
                continue;
            }
        };
        if Instant::now() >= report_at {
            report_at = Instant::now() + HEALTH_REPORT_INTERVAL;
            match marketplaces(&space, &operator).await {
                Ok(all) => due.extend(all),
                Err(error) => tracing::error!(%error, "the marketplaces could not be read"),
            }
        }
        for (tenant, marketplace) in due {
            match report(&space, &operator.tenant(tenant), marketplace, &public_url, &publication_status)
                .await
            {
                Ok(()) => {}
                Err(ReportError::Hub(error)) => {
                    tracing::warn!(%marketplace, %error, "a hub could not be told how endpoints are");
                }
                Err(ReportError::PortError(error)) => {
                    tracing::error!(%marketplace, %error, "a hub could not be told how endpoints are");
                }
            }
        }
    }
}

async fn marketplaces(
    space: &Space,
    operator: &OperatorScope,
) -> Result<BTreeSet<(TenantId, MarketplaceId)>, StoreError> {
    let mut all = BTreeSet::new();
    let everywhere = operator.clone();
    let tenants = space.store.read(Flow::Installation, move |view| view.tenant_ids(&everywhere));
    for tenant in tenants.await? {
        let snapshot = space.snapshots.tenant(&operator.tenant(tenant));
        all.extend(
            snapshot
                .iter()
                .flat_map(|snapshot| snapshot.marketplaces())
                .map(|marketplace| (tenant, marketplace.id)),
        );
    }
    Ok(all)
}
