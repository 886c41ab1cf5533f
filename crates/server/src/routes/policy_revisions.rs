//! The routes of what policies were, and of rolling one back.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use syft_space_domain::ids::{ActorId, PolicyId};
use syft_space_domain::page::PageItem;
use syft_space_domain::policy::{self, Enforcement};
use syft_space_domain::time::Timestamp;

use crate::http::problem::Problem;
use crate::http::request::Request;
use crate::routes::reply;
use crate::routes::shapes;
use crate::routes::{policies, rules};

/// One change of a policy.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct RevisionSummary {
    /// The number of the change; the first makes the policy.
    pub(crate) revision: u64,
    #[schemars(with = "shapes::TimeShape")]
    pub(crate) changed_at: Timestamp,
    /// Who made it, by the id that the audit log has; null where that is not known.
    #[schemars(with = "Option<shapes::IdShape>")]
    pub(crate) changed_by: Option<ActorId>,
    /// What was changed, in the words of the audit log; null where nothing was, or it is not known.
    pub(crate) changes: Option<String>,
    /// The revision that was taken, where this was a rollback.
    pub(crate) rolled_back_to: Option<u64>,
    /// The policy's name from then on.
    pub(crate) name: String,
    #[schemars(with = "shapes::StoredPolicyTypeShape")]
    pub(crate) policy_type: String,
    /// Whether it decided on queries from then on.
    #[schemars(with = "shapes::EnforcementShape")]
    pub(crate) enforcement: Enforcement,
}

impl From<policy::RevisionSummary> for RevisionSummary {
    fn from(summary: policy::RevisionSummary) -> Self {
        Self {
            revision: summary.revision,
            changed_at: summary.changed_at,
            changed_by: summary.changed_by,
            changes: summary.changes.map(|changes| changes.to_string()),
            rolled_back_to: summary.rolled_back_to,
            name: summary.name,
            policy_type: summary.policy_type,
            enforcement: summary.enforcement,
        }
    }
}

/// A policy as one change left it.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct KeptRevision {
    #[serde(flatten)]
    pub(crate) summary: RevisionSummary,
    #[schemars(with = "shapes::StoredConfigurationShape")]
    pub(crate) configuration: Arc<RawValue>,
}

impl From<policy::KeptRevision> for KeptRevision {
    fn from(kept: policy::KeptRevision) -> Self {
        Self { summary: kept.summary.into(), configuration: Arc::clone(kept.configuration.json()) }
    }
}

pub(crate) async fn list(request: Request) -> Result<HttpResponse, Problem> {
    let (id, page) = (id(&request)?, request.query().page()?);
    let found = policy::revisions(request.space(), request.principal()?, id, page).await?;
    reply::list(found, RevisionSummary::from).await
}

pub(crate) async fn get(request: Request) -> Result<HttpResponse, Problem> {
    let (id, revision) = (id(&request)?, request.path("revision", "revision of the policy")?);
    let found = policy::revision(request.space(), request.principal()?, id, revision).await?;
    reply::large_json(found.bytes(), move || KeptRevision::from(found)).await
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RollBack {
    /// Which revision the policy is to be again.
    #[serde(deserialize_with = "rules::revision")]
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub(crate) revision: u64,
}

pub(crate) async fn roll_back(mut request: Request) -> Result<HttpResponse, Problem> {
    let id = id(&request)?;
    // What is not there is answered before the body is judged.
    policy::policy(request.space(), request.principal()?, id).await?;
    let body: RollBack = request.json().await?;
    let (revision, if_revision) = (body.revision, request.if_match());
    let changed = policy::rollback_policy(
        request.space(),
        &request.context,
        request.principal()?,
        id,
        revision,
        if_revision,
    )
    .await?;
    policies::respond(StatusCode::OK, changed).await
}

fn id(request: &Request) -> Result<PolicyId, Problem> {
    request.path("id", "policy")
}
