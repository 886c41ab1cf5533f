//! The route that looks at access policies for patterns that do nothing, or more than anybody meant.

use actix_web::HttpResponse;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use syft_space_domain::endpoint::{EndpointName, Slug};
use syft_space_domain::ids::PolicyId;
use syft_space_domain::policy::{self, LintExample, LintFinding, LintTarget, PatternPlace};
use syft_space_domain::time::Timestamp;

use crate::http::json::present;
use crate::http::problem::Problem;
use crate::http::request::Request;
use crate::routes::{policies, reply, shapes};

/// About how many bytes a finding is written in: two patterns, an address, and what is said of them.
const FINDING_BYTES: usize = 700;

/// Whose patterns are looked at: those of an endpoint, or of policies that are not stored yet.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("oneOf" = json!([{ "required": ["endpoint"] }, { "required": ["policies"] }])))]
pub(crate) struct LintPolicies {
    /// An endpoint, by its slug.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "shapes::SlugShape")]
    endpoint: Option<Slug>,
    /// Policies, as if they were attached to one endpoint.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "shapes::LintedPoliciesShape")]
    policies: Option<Vec<UnstoredPolicy>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct UnstoredPolicy {
    policy_type: String,
    configuration: serde_json::Value,
}

/// What was found.
#[derive(Serialize, JsonSchema)]
pub(crate) struct PolicyLint {
    findings: Vec<Finding>,
    /// Whether there may be more.
    truncated: bool,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "LintFinding")]
struct Finding {
    #[schemars(with = "shapes::LintKindShape")]
    kind: &'static str,
    #[serde(flatten)]
    at: PlacedPattern,
    /// By which rule it is empty or too wide; of the others null.
    rule: Option<&'static str>,
    /// The pattern that shadows it, or contradicts it.
    other: Option<PlacedPattern>,
    /// An address that shows it; null where there is none.
    example: Option<Example>,
    /// For a person.
    message: &'static str,
}

/// A pattern of a policy.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PatternPlace")]
struct PlacedPattern {
    /// The place of the policy in the endpoint's, or in the request's, from 0.
    policy: usize,
    /// Null where it is not stored yet.
    #[schemars(with = "Option<shapes::IdShape>")]
    policy_id: Option<PolicyId>,
    pattern: String,
}

/// An address that a pattern matches, and what the access policies decide on whoever has it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "LintExample")]
struct Example {
    #[schemars(with = "shapes::CanonicalEmailShape")]
    email: String,
    /// The marketplace whose user has it, where a pattern means its users alone; else it is a member's.
    #[schemars(with = "Option<shapes::SlugShape>")]
    marketplace: Option<String>,
    /// Now, or a time at which the pattern's policy acts.
    #[schemars(with = "shapes::TimeShape")]
    at: Timestamp,
    #[schemars(with = "shapes::ModeShape")]
    verdict: &'static str,
    reason_code: &'static str,
}

impl PlacedPattern {
    fn of(place: PatternPlace, is_stored: bool) -> Self {
        let PatternPlace { index, policy, pattern } = place;
        Self { policy: index, policy_id: is_stored.then_some(policy), pattern: pattern.to_string() }
    }
}

impl Finding {
    fn of(finding: LintFinding, is_stored: bool) -> Self {
        let LintFinding { at, oddity, example } = finding;
        Self {
            kind: oddity.as_str(),
            at: PlacedPattern::of(at, is_stored),
            rule: oddity.rule(),
            other: oddity.other().cloned().map(|other| PlacedPattern::of(other, is_stored)),
            example: example.map(Example::from),
            message: oddity.message(),
        }
    }
}

impl From<LintExample> for Example {
    fn from(example: LintExample) -> Self {
        let LintExample { email, marketplace, at, effect, reason } = example;
        let marketplace = marketplace.map(|name| name.to_string());
        let (email, verdict, reason_code) = (email.to_string(), effect.as_str(), reason.as_str());
        Self { email, marketplace, at, verdict, reason_code }
    }
}

pub(crate) async fn lint(mut request: Request) -> Result<HttpResponse, Problem> {
    let body: LintPolicies = request.json().await?;
    let (target, is_stored) = match (body.endpoint, body.policies) {
        (Some(slug), None) => (LintTarget::Endpoint(EndpointName::Slug(slug)), true),
        (None, Some(policies)) if policies.len() <= policy::MAX_ATTACHED => {
            let read = policies.iter().enumerate().map(|(index, policy)| {
                let UnstoredPolicy { policy_type, configuration } = policy;
                policies::configuration(&request, &format!("/policies/{index}"), policy_type, configuration)
            });
            (LintTarget::Policies(read.collect::<Result<_, _>>()?), false)
        }
        (None, Some(_)) => return Err(policy::LintError::TooMany.into()),
        _ => {
            return Err(Problem::field(
                "",
                "name an endpoint, or write policies: one of endpoint and policies",
            ));
        }
    };
    let found = policy::lint_policies(request.space(), request.principal()?, target).await?;
    let bytes = found.findings.len() * FINDING_BYTES;
    let shape = move || PolicyLint {
        findings: found.findings.into_iter().map(|finding| Finding::of(finding, is_stored)).collect(),
        truncated: found.truncated,
    };
    reply::large_json(bytes, shape).await
}
