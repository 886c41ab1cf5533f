//! Asking an endpoint of another space, in place of a dataset that is here.

use crate::dataset::ports::RemoteSpaceError;
use crate::dataset::{Hits, RemoteEndpoint, SearchQuery};
use crate::marketplace::hub_access;
use crate::port_error::PortError;
use crate::space::Space;
use crate::tenant::TenantScope;

/// What another space answers to a question: as much as was asked for, the closest first.
///
/// # Errors
/// When there is no token for it, or it does not answer.
pub(super) async fn ask_remote(
    space: &Space,
    scope: &TenantScope,
    endpoint: &RemoteEndpoint,
    query: &SearchQuery<'_>,
) -> Result<Hits, PortError> {
    let snapshot = space.snapshots.tenant(scope)?;
    let at = snapshot.marketplace(endpoint.marketplace).ok_or(RemoteSpaceError::NoMarketplace)?;
    let access = hub_access(space, scope, at).map_err(RemoteSpaceError::NoToken)?;
    let token = space.hubs.satellite_token(&access, &endpoint.owner).await;
    let token = token.map_err(RemoteSpaceError::NoToken)?;
    let mut hits = space.remote_spaces.ask(scope, endpoint, &token.token, query).await?;
    // What the other space takes a threshold and a limit for is its own affair.
    hits.retain(|hit| hit.score >= query.threshold.get());
    hits.sort_by(|one, other| other.score.total_cmp(&one.score));
    hits.truncate(query.limit);
    Ok(hits)
}
