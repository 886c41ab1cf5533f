//! Which policies an endpoint has, as commands change it.

use reqwest::Method;
use reqwest::header::HeaderValue;
use syft_space_domain::endpoint::Slug;
use syft_space_domain::ids::PolicyId;

use crate::cli::api::ApiClient;
use crate::routes::endpoints::{AttachPolicies, AttachedPolicies, EndpointWithPolicies};

/// Attaches policies to an endpoint beside those that it has; whether one of them was not there yet.
pub(super) async fn attach_beside(
    api: &ApiClient,
    found: &EndpointWithPolicies,
    revision: HeaderValue,
    policies: &[PolicyId],
) -> anyhow::Result<bool> {
    let mut policy_ids: Vec<_> = found.policies.iter().map(|attached| attached.id).collect();
    let had = policy_ids.len();
    for policy in policies {
        if !policy_ids.contains(policy) {
            policy_ids.push(*policy);
        }
    }
    let is_new = policy_ids.len() > had;
    if is_new {
        replace(api, &found.endpoint.slug, revision, policy_ids).await?;
    }
    Ok(is_new)
}

/// Gives an endpoint these policies and no others, if it is still of this revision.
pub(super) async fn replace(
    api: &ApiClient,
    slug: &Slug,
    revision: HeaderValue,
    policy_ids: Vec<PolicyId>,
) -> anyhow::Result<()> {
    let path = format!("/api/v1/endpoints/{slug}/policies");
    let _attached: AttachedPolicies =
        api.change(Method::PUT, &path, revision, &AttachPolicies { policy_ids }).await?;
    Ok(())
}
