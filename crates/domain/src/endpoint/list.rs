//! Listing endpoints: all of them, or those that somebody may query.

use std::sync::Arc;

use crate::access::Permission;
use crate::endpoint::{Endpoint, EndpointError};
use crate::identity::Principal;
use crate::ids::EndpointId;
use crate::page::{Cursor, MAX_PAGE_BYTES, Page, PageItem, PageLimit, PageRequest};
use crate::snapshot::EndpointSnapshot;
use crate::space::Space;
use crate::store::View;
use crate::tenant::TenantScope;
use crate::time::Timestamp;

/// The most steps ([`Rule::cost`](crate::policy::Rule::cost)) of the verdicts that are found for one page: some tenths of a second.
const MAX_STEPS: usize = 2_000_000;

/// A page of endpoints, and how much of each its reader may see.
pub struct ListedEndpoints {
    /// The endpoints.
    pub page: Page<Endpoint, EndpointId>,
    /// Whether all of each may be shown, or its name, slug and summary alone.
    pub in_full: bool,
}

/// The tenant's endpoints: all of them for those who may read metadata, and for others those they may query.
///
/// # Errors
/// When the caller's role permits neither, or a port failed.
pub async fn endpoints(
    space: &Space,
    principal: &Principal,
    page: PageRequest<EndpointId>,
) -> Result<ListedEndpoints, EndpointError> {
    let in_full = principal.may(Permission::ReadMetadata);
    let page = if in_full {
        let read = move |view: &mut dyn View, scope: &TenantScope| {
            Ok::<_, EndpointError>(view.endpoints(scope, page)?)
        };
        space.read(principal, Permission::ReadMetadata, read).await?
    } else {
        queryable(space, principal, page, |_, _, listed, _| listed).await?
    };
    Ok(ListedEndpoints { page, in_full })
}

/// A page of the endpoints that the caller's credential reaches and whose policies let them in, as they are when it is read, each as
/// `shown` has it. What hangs on a query refuses nobody. It is decided where the store reads, for there tenants take turns.
///
/// A page begins behind one that the caller may query, so that it tells of no other; but where so much was decided that it ends before
/// it is full.
///
/// # Errors
/// When the caller may not list what they may query, or not any more, or a port failed.
pub(super) async fn queryable<T: Send + 'static>(
    space: &Space,
    principal: &Principal,
    page: PageRequest<EndpointId>,
    shown: impl Fn(&Principal, &Arc<EndpointSnapshot>, Endpoint, Timestamp) -> T + Send + 'static,
) -> Result<Page<T, EndpointId>, EndpointError> {
    let (of, reader) = (space.clone(), principal.clone());
    let read = space.read(principal, Permission::ListQueryable, move |view, scope| {
        let principal = reader.recheck_reader(&of, Permission::ListQueryable)?;
        let (snapshot, now) = (principal.snapshot(), of.clock.now());
        let context = snapshot.decision_context(now);
        let (mut items, mut last) = (Vec::new(), None);
        let (mut steps, mut bytes, mut after) = (0_usize, 0_usize, page.after);
        loop {
            let rows = view.endpoints(scope, PageRequest { limit: PageLimit::LARGEST, after })?;
            for listed in rows.items {
                if steps > MAX_STEPS {
                    return Ok(Page { items, next: after });
                }
                after = Some(Cursor(listed.id));
                let endpoint = snapshot.endpoint(listed.slug.as_str());
                let Some(endpoint) = endpoint.filter(|endpoint| principal.reaches(endpoint.id)) else {
                    continue;
                };
                steps = steps.saturating_add(endpoint.policies.cost());
                if !endpoint.decide(&principal.caller(None), &context).is_allow() {
                    continue;
                }
                // One more than fits tells that another page follows.
                if items.len() >= page.limit.get() || bytes >= MAX_PAGE_BYTES {
                    return Ok(Page { items, next: last });
                }
                bytes = bytes.saturating_add(listed.bytes());
                last = after;
                items.push(shown(&principal, endpoint, listed, now));
            }
            if rows.next.is_none() {
                return Ok::<_, EndpointError>(Page { items, next: None });
            }
        }
    });
    read.await
}
