//! What an account is told that may not ask an endpoint by its own policies.

use serde_json::{Value, json};
use syft_space_domain::access::{Permission, may};
use syft_space_domain::ids::PolicyId;

use crate::cli::api::ApiClient;
use crate::cli::output::Output;
use crate::cli::publish::find_endpoint;
use crate::cli::who_may_ask::{by_whether_they_say, names_callers};
use crate::routes::endpoints::{Endpoint, EndpointWithPolicies};
use crate::routes::policies::Policy;

/// The type of policy that closes an endpoint to everybody for a time.
const SCHEDULE: &str = "schedule";

/// Tells an account which endpoints it may not ask by its own policy: those that it was attached to, and, where the policy was
/// changed, others that have it. What cannot be learned goes unsaid, for what was wanted is done.
pub(super) async fn warn_if_shut_out(
    api: &ApiClient,
    policy: &Policy,
    on: &[String],
    is_changed: bool,
    out: &Output,
) {
    // A price or a limit shuts nobody out who was let in, and what does was there before.
    if policy.enforcement.is_shadow()
        || (!names_callers(&policy.policy_type) && policy.policy_type != SCHEDULE)
    {
        return;
    }
    let mut endpoints = on.to_vec();
    if is_changed {
        let others = api.page::<Endpoint>("/api/v1/endpoints", &[("limit", "100")], None).await;
        let others = others.map(|page| page.items).unwrap_or_default();
        endpoints.extend(others.into_iter().map(|endpoint| endpoint.slug.to_string()));
    }
    endpoints.sort();
    endpoints.dedup();
    for endpoint in endpoints {
        if let Ok(Some(why)) = why_shut_out(api, &endpoint, Some(policy.id)).await {
            out.remark(&format!("You may not ask {endpoint} yourself now: {why}."));
        }
    }
}

/// Why the account that calls may not ask an endpoint, where it may know; nothing, where it may ask, or where a policy is meant
/// that the endpoint does not have.
pub(super) async fn why_shut_out(
    api: &ApiClient,
    endpoint: &str,
    by: Option<PolicyId>,
) -> anyhow::Result<Option<String>> {
    let me = api.me().await?;
    if !may(me.role, Permission::WritePolicies) {
        return Ok(None);
    }
    let (EndpointWithPolicies { endpoint, policies }, _) = find_endpoint(api, endpoint).await?;
    if by.is_some_and(|by| policies.iter().all(|policy| policy.id != by)) {
        return Ok(None);
    }
    let path = format!("/api/v1/endpoints/{}/policies/explain", endpoint.slug);
    let verdict: Value = api.post(&path, &json!({ "identity": { "email": me.email } })).await?;
    let text = |pointer: &str| verdict.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    if text("/verdict") != "deny" {
        return Ok(None);
    }
    // Such a question lacks something, and whoever asks it is not shut out.
    if matches!(text("/reason_code"), "purpose_missing" | "review_pending") {
        return Ok(None);
    }
    let decided_by = policies.iter().find(|policy| policy.id.to_string() == text("/decided_by/policy_id"));
    Ok(Some(match decided_by {
        Some(policy) if policy.policy_type == SCHEDULE => {
            format!("its policy {:?} has it closed", policy.name)
        }
        Some(policy) if text("/reason_code") == "limit_reached" => {
            format!("you have used up what its policy {:?} gives you", policy.name)
        }
        Some(policy) => format!("its policy {:?} denies you", policy.name),
        None => {
            let (saying, _) = by_whether_they_say(&policies);
            let names: Vec<String> = saying.iter().map(|policy| format!("{:?}", policy.name)).collect();
            let names = if names.is_empty() { String::new() } else { format!(": {}", names.join(", ")) };
            format!("its policies do not admit you ({}){names}", text("/reason_code"))
        }
    }))
}
