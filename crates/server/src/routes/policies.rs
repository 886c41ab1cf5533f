//! The routes of policies.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use syft_space_domain::ids::{ActorId, PolicyId};
use syft_space_domain::policy::{self, Enforcement, PolicyConfiguration, PolicyConfigurationError};
use syft_space_domain::text::Name;
use syft_space_domain::time::Timestamp;

use crate::http::json::present;
use crate::http::problem::Problem;
use crate::http::request::Request;
use crate::routes::reply;
use crate::routes::shapes;

#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Policy {
    #[schemars(with = "shapes::IdShape")]
    pub(crate) id: PolicyId,
    pub(crate) name: String,
    #[schemars(with = "shapes::StoredPolicyTypeShape")]
    pub(crate) policy_type: String,
    #[schemars(with = "shapes::StoredConfigurationShape")]
    pub(crate) configuration: Arc<RawValue>,
    #[schemars(with = "shapes::EnforcementShape")]
    pub(crate) enforcement: Enforcement,
    #[schemars(with = "shapes::TimeShape")]
    pub(crate) created_at: Timestamp,
    #[schemars(with = "shapes::TimeShape")]
    pub(crate) updated_at: Timestamp,
}

impl From<policy::Policy> for Policy {
    fn from(policy: policy::Policy) -> Self {
        Self {
            id: policy.id,
            name: policy.name,
            policy_type: policy.configuration.type_name().to_owned(),
            configuration: Arc::clone(policy.configuration.json()),
            enforcement: policy.enforcement,
            created_at: policy.created_at,
            updated_at: policy.updated_at,
        }
    }
}

/// Writes a policy, which may have thousands of patterns.
pub(super) async fn respond(status: StatusCode, policy: policy::Policy) -> Result<HttpResponse, Problem> {
    reply::large_resource::<_, Policy>(status, policy.revision, policy).await
}

pub(crate) async fn list(request: Request) -> Result<HttpResponse, Problem> {
    let page = request.query().page()?;
    let found = policy::policies(request.space(), request.principal()?, page).await?;
    reply::list(found, Policy::from).await
}

pub(crate) async fn get(request: Request) -> Result<HttpResponse, Problem> {
    let found = policy::policy(request.space(), request.principal()?, id(&request)?).await?;
    respond(StatusCode::OK, found).await
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("oneOf" = shapes::typed_configurations()))]
pub(crate) struct NewPolicy {
    #[schemars(with = "shapes::NameShape")]
    pub(crate) name: Name,
    #[schemars(with = "shapes::PolicyTypeShape")]
    pub(crate) policy_type: String,
    #[schemars(with = "shapes::PolicyConfigurationShape")]
    pub(crate) configuration: serde_json::Value,
    /// Whether it decides on queries; enforce, if nothing is said.
    #[serde(default)]
    #[schemars(with = "shapes::EnforcementShape")]
    pub(crate) enforcement: Enforcement,
}

pub(crate) async fn create(mut request: Request) -> Result<HttpResponse, Problem> {
    let body: NewPolicy = request.json().await?;
    let wanted = policy::NewPolicy {
        name: body.name,
        configuration: configuration(&request, "", &body.policy_type, &body.configuration)?,
        enforcement: body.enforcement,
    };
    let created =
        policy::create_policy(request.space(), &request.context, request.principal()?, wanted).await?;
    respond(StatusCode::CREATED, created).await
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangePolicy {
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "shapes::NameShape")]
    pub(crate) name: Option<Name>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "shapes::PolicyConfigurationPatchShape")]
    pub(crate) configuration: Option<serde_json::Value>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "shapes::EnforcementShape")]
    pub(crate) enforcement: Option<Enforcement>,
}

pub(crate) async fn change(mut request: Request) -> Result<HttpResponse, Problem> {
    let id = id(&request)?;
    let known = policy::policy(request.space(), request.principal()?, id).await?;
    let body: ChangePolicy = request.merge_patch().await?;
    let patched = body.configuration.map(|patch| {
        // What cannot be read any more is replaced as a whole.
        let mut merged = known.configuration.to_value().unwrap_or_default();
        merge(&mut merged, patch);
        configuration(&request, "", known.configuration.type_name(), &merged)
    });
    // The patch was merged into what was just read: it may not land on anything newer.
    let if_revision = request.if_match().or(patched.is_some().then_some(known.revision));
    let (name, configuration, enforcement) = (body.name, patched.transpose()?, body.enforcement);
    let change = policy::ChangePolicy { name, configuration, enforcement, if_revision };
    let changed =
        policy::change_policy(request.space(), &request.context, request.principal()?, id, change).await?;
    respond(StatusCode::OK, changed).await
}

/// JSON Merge Patch (RFC 7396, section 2).
fn merge(target: &mut serde_json::Value, patch: serde_json::Value) {
    let serde_json::Value::Object(patch) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = serde_json::Value::Object(serde_json::Map::new());
    }
    if let Some(object) = target.as_object_mut() {
        for (key, value) in patch {
            if value.is_null() {
                object.remove(&key);
            } else {
                merge(object.entry(key).or_insert(serde_json::Value::Null), value);
            }
        }
    }
}

pub(crate) async fn remove(request: Request) -> Result<HttpResponse, Problem> {
    let id = id(&request)?;
    policy::remove_policy(request.space(), &request.context, request.principal()?, id, request.if_match())
        .await?;
    Ok(reply::no_content())
}

/// Reads what a policy demands, which stands at a place of the body.
pub(super) fn configuration(
    request: &Request,
    at: &str,
    policy_type: &str,
    json: &serde_json::Value,
) -> Result<PolicyConfiguration, Problem> {
    request.space().policy_types.parse(policy_type, json).map_err(|error| match &error {
        PolicyConfigurationError::UnknownType { known, .. } => Problem::field(
            format!("{at}/policy_type"),
            format!("policy_type is {}; {error}", known.join(" or ")),
        ),
        PolicyConfigurationError::Invalid(invalid) => {
            Problem::field(format!("{at}/configuration{}", invalid.pointer), invalid.message.clone())
        }
    })
}

/// How much one caller was shown under a policy of type `disclosure_limit`.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct CallerCoverage {
    /// Who, by the id that the audit log has.
    #[schemars(with = "shapes::IdShape")]
    pub(crate) caller_id: ActorId,
    /// How much of what the policy counts.
    pub(crate) shown: u64,
    /// When something was last noted as shown to them.
    #[schemars(with = "shapes::TimeShape")]
    pub(crate) last_shown_at: Timestamp,
}

pub(crate) async fn coverage(request: Request) -> Result<HttpResponse, Problem> {
    let id = id(&request)?;
    let page = request.query().page()?;
    let found = policy::coverage(request.space(), request.principal()?, id, page).await?;
    reply::list(found, |caller| CallerCoverage {
        caller_id: caller.caller,
        shown: caller.amount,
        last_shown_at: caller.last_shown_at,
    })
    .await
}

fn id(request: &Request) -> Result<PolicyId, Problem> {
    request.path("id", "policy")
}
