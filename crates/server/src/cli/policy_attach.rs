//! The commands `syft-space policies attach|detach`: which endpoints have a policy.

use clap::Args;
use syft_space_domain::ids::PolicyId;

use crate::cli::account::Account;
use crate::cli::api::ApiClient;
use crate::cli::attached_policies::{attach_beside, replace};
use crate::cli::exit::{CommandError, ExitStatus, is_refused_for};
use crate::cli::known_policies::find_policy;
use crate::cli::output::Output;
use crate::cli::publish::find_endpoint;
use crate::cli::shut_out::warn_if_shut_out;
use crate::cli::who_may_ask::{names_callers, opened};
use crate::http::reason::Reason;
use crate::routes::endpoints::Endpoint;
use crate::routes::policies::Policy;

/// Which policy, and where it is put on.
#[derive(Args)]
pub(super) struct AttachPolicy {
    /// Its name, or its id
    #[arg(value_name = "NAME")]
    name: String,
    /// Attach it to this endpoint, beside what is attached already; may stand several times
    #[arg(long, value_name = "ENDPOINT", required = true)]
    on: Vec<String>,
    #[command(flatten)]
    pub(super) account: Account,
}

/// Which policy, and where it is taken off.
#[derive(Args)]
pub(super) struct DetachPolicy {
    /// Its name, or its id
    #[arg(value_name = "NAME")]
    name: String,
    /// Take it off this endpoint; may stand several times
    #[arg(long, value_name = "ENDPOINT", required = true)]
    from: Vec<String>,
    #[command(flatten)]
    pub(super) account: Account,
}

/// Attaches a policy to endpoints, all of which are looked up before anything is changed.
pub(super) async fn attach(api: &ApiClient, what: &AttachPolicy, out: &mut Output) -> anyhow::Result<()> {
    let policy = find_policy(api, &what.name).await?;
    for endpoint in &what.on {
        find_endpoint(api, endpoint).await?;
    }
    for endpoint in &what.on {
        let (found, revision) = find_endpoint(api, endpoint).await?;
        let is_new = attach_beside(api, &found, revision, &[policy.id]).await?;
        tell_attached(endpoint, is_new, out)?;
    }
    warn_if_shut_out(api, &policy, &what.on, false, out).await;
    if out.json { out.document(&policy) } else { Ok(()) }
}

/// Takes a policy off endpoints, all of which are looked up before anything is changed.
pub(super) async fn detach(api: &ApiClient, what: &DetachPolicy, out: &mut Output) -> anyhow::Result<()> {
    let policy = find_policy(api, &what.name).await?;
    for endpoint in &what.from {
        find_endpoint(api, endpoint).await?;
    }
    for endpoint in &what.from {
        let (found, revision) = find_endpoint(api, endpoint).await?;
        let had = found.policies.len();
        let left: Vec<_> = found.policies.into_iter().filter(|attached| attached.id != policy.id).collect();
        let is_attached = left.len() < had;
        if is_attached {
            let policy_ids = left.iter().map(|attached| attached.id).collect();
            replace(api, &found.endpoint.slug, revision, policy_ids).await?;
        }
        if !out.json {
            out.line(&format!(
                "{endpoint} {}.",
                if is_attached { "has it no more" } else { "does not have it" }
            ))?;
        }
        // Nobody gets in by a price that is taken off; whoever takes the last policy off is told, whatever it was.
        let decided = is_attached && !policy.enforcement.is_shadow();
        let may_open = decided && (names_callers(&policy.policy_type) || left.is_empty());
        if let Some(told) = opened(endpoint, &left).filter(|_| may_open) {
            out.remark(&told);
        }
    }
    if out.json { out.document(&policy) } else { Ok(()) }
}

/// Tells that an endpoint has a policy.
pub(super) fn tell_attached(endpoint: &str, is_new: bool, out: &mut Output) -> anyhow::Result<()> {
    if out.json {
        return Ok(());
    }
    out.line(&format!("{endpoint} {}.", if is_new { "has it now" } else { "has it already" }))
}

/// Says of a policy that is not removed which endpoints have it still, and how it is taken off.
pub(super) async fn in_use(api: &ApiClient, policy: &Policy, error: anyhow::Error) -> anyhow::Error {
    if !is_refused_for(&error, Reason::InUse) {
        return error;
    }
    let endpoints = endpoints_with(api, policy.id).await.unwrap_or_default();
    if endpoints.is_empty() {
        return error;
    }
    let from: Vec<_> = endpoints.iter().map(|slug| format!(" --from {slug}")).collect();
    let message = format!(
        "the policy {:?} is attached to {}; `syft-space policies detach {:?}{}` takes it off",
        policy.name,
        endpoints.join(", "),
        policy.name,
        from.concat()
    );
    CommandError::new(ExitStatus::Refused, message).into()
}

/// Those of the first 100 endpoints that have a policy.
pub(super) async fn endpoints_with(api: &ApiClient, policy: PolicyId) -> anyhow::Result<Vec<String>> {
    let all = api.page::<Endpoint>("/api/v1/endpoints", &[("limit", "100")], None).await?.items;
    let mut having = Vec::new();
    for endpoint in all {
        let (found, _) = find_endpoint(api, endpoint.slug.as_str()).await?;
        if found.policies.iter().any(|attached| attached.id == policy) {
            having.push(endpoint.slug.to_string());
        }
    }
    Ok(having)
}
