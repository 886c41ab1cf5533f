//! What a hub is told of an endpoint: what everybody may read, and of its policies no more than their kind.

use crate::endpoint::Endpoint;
use crate::ids::HubId;
use crate::marketplace::ports::{Publication, PublishedPolicy};
use crate::policy::{Caller, PolicySet, Reason, Subject};
use crate::snapshot::{EndpointSnapshot, TenantSnapshot};
use crate::tenant::TenantName;
use crate::time::Timestamp;

impl Publication {
    /// What a hub is told of an endpoint and the policies attached to it. Addresses, patterns, the names of policies, and
    /// of groups and who is in them stay at home.
    #[must_use]
    pub fn of(endpoint: &Endpoint, policies: &PolicySet, tenant: &TenantName) -> Self {
        let tags = endpoint.tags.split(',').map(str::trim).filter(|tag| !tag.is_empty());
        Self {
            slug: endpoint.slug.to_string(),
            name: endpoint.name.clone(),
            summary: endpoint.summary.clone(),
            readme: endpoint.description.clone(),
            tags: tags.map(str::to_owned).collect(),
            policies: policies.iter().filter_map(|policy| policy.description()).map(published).collect(),
            tenant_name: tenant.to_string(),
        }
    }
}

fn published((policy_type, description): (&'static str, String)) -> PublishedPolicy {
    PublishedPolicy { policy_type: policy_type.to_owned(), description }
}

/// Whether there is something to show to users of a hub: they may know of the endpoint, and it is not closed.
pub(super) fn is_publishable(
    endpoint: &EndpointSnapshot,
    snapshot: &TenantSnapshot,
    hub: HubId,
    now: Timestamp,
) -> bool {
    let caller = Caller::HubUser { hub: Some(hub), subject: Subject::Identified { email: None } };
    let context = snapshot.decision_context(now);
    // What nobody may query any more is nothing to show.
    snapshot.tenant.end.is_none()
        && endpoint.is_visible(&caller)
        && endpoint.decide(&caller, &context).diagnostics.reason != Reason::PolicyUnavailable
}
