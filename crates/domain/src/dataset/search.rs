//! Asking a dataset: what an endpoint would retrieve.

use crate::access::Permission;
use crate::audit::{Action, ObjectKind, ReasonCode, RequestContext};
use crate::dataset::find::{SearchResults, find};
use crate::dataset::manage::active;
use crate::dataset::ports::RemoteSpaceError;
use crate::dataset::search_query::SearchQuery;
use crate::identity::{AuthorizationError, Principal};
use crate::ids::DatasetId;
use crate::port_error::{PortError, port_errors};
use crate::space::Space;
use crate::store::View;
use crate::tenant::TenantScope;

/// A dataset was not searched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SearchDatasetError {
    /// The caller may not do it, or not any more.
    #[error(transparent)]
    Authorization(#[from] AuthorizationError),
    /// There is no such dataset.
    #[error("there is no such dataset")]
    NotFound,
    /// A port failed.
    #[error(transparent)]
    PortError(#[from] PortError),
}
port_errors!(SearchDatasetError);

/// Searches a dataset directly, as an endpoint would. That it was done is recorded.
///
/// # Errors
/// When there is no such dataset, the caller's role does not permit it, or a port failed.
pub async fn search_dataset(
    space: &Space,
    context: &RequestContext,
    principal: &Principal,
    id: DatasetId,
    query: &SearchQuery<'_>,
) -> Result<SearchResults, SearchDatasetError> {
    let scope = principal.scope(Permission::ReadContent)?;
    let event = principal.event(context, Action::SensitiveRead)?.on(ObjectKind::Dataset, id);
    let known = move |view: &mut dyn View, scope: &TenantScope| {
        active(view, scope, id)?.ok_or(SearchDatasetError::NotFound)
    };
    let read = Permission::ReadContent;
    let searched = space.read_ahead(principal, read, &event, known).await?.searched();
    let found = match find(space, &scope, &searched, query).await {
        Ok(found) => found,
        Err(error) => {
            // A question that was asked of another space has left this one, whatever came of it.
            let reason = match error {
                PortError::RemoteSpace(_) => ReasonCode::RemoteSpaceUnavailable,
                _ => ReasonCode::SearchFailed,
            };
            space.record::<SearchDatasetError>(principal, read, event.failed(reason))?.await?;
            return Err(error.into());
        }
    };
    if searched.remote.is_some() {
        // Another space takes its time, and what it answers is of the endpoint that was asked.
        let now = space.read_ahead(principal, read, &event, known).await?.searched();
        if now != searched {
            return Err(PortError::from(RemoteSpaceError::changed()).into());
        }
    }
    // The engine was waited for.
    space.record::<SearchDatasetError>(principal, Permission::ReadContent, event)?.await?;
    Ok(found)
}
