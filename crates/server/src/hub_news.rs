//! Telling hubs, in the background, what is listed and how it is.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use syft_space_domain::Space;
use syft_space_domain::ids::{MarketplaceId, TenantId};
use syft_space_domain::marketplace::{
    HEALTH_REPORT_INTERVAL, PublicationStatus, ReportError, report, tell_due,
};
use syft_space_domain::store::StoreError;
use syft_space_domain::tenant::OperatorScope;
use tokio::time::Instant;

/// How often it is looked for what hubs are to be told.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Tells hubs what they are to know, until it is aborted. What fails is told to the log, and tried again.
pub(crate) async fn tell_forever(space: Space, operator: Arc<OperatorScope>, public_url: String) {
    let told = PublicationStatus::default();
    let mut looks = tokio::time::interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut report_at = Instant::now();
    loop {
        looks.tick().await;
        let mut news = match tell_due(&space, &operator, &told).await {
            Ok(news) => news,
            Err(error) => {
                tracing::error!(%error, "what hubs are to be told could not be looked up or written down");
                continue;
            }
        };
        if Instant::now() >= report_at {
            report_at = Instant::now() + HEALTH_REPORT_INTERVAL;
            match marketplaces(&space, &operator) {
                Ok(all) => news.extend(all),
                Err(error) => tracing::error!(%error, "the marketplaces could not be read"),
            }
        }
        for (tenant, marketplace) in news {
            match report(&space, &operator.tenant(tenant), marketplace, &public_url, &told).await {
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

fn marketplaces(
    space: &Space,
    operator: &OperatorScope,
) -> Result<BTreeSet<(TenantId, MarketplaceId)>, StoreError> {
    let mut view = space.store.read()?;
    let mut all = BTreeSet::new();
    for tenant in view.tenants(operator)? {
        let live = space.snapshots.tenant(&operator.tenant(tenant.id));
        all.extend(live.iter().flat_map(|live| live.marketplaces()).map(|one| (tenant.id, one.id)));
    }
    Ok(all)
}
