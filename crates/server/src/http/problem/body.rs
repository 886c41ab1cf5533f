//! The JSON body of a refusal: a problem details object (RFC 9457).

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize};
use syft_space_domain::ids::ApprovalId;
use syft_space_domain::policy::PolicyMetadata;

use crate::routes::shapes;

/// One part of a body that is not allowed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FieldError {
    /// Where: a JSON Pointer (RFC 6901).
    pub pointer: String,
    /// What is wrong with it, and what would be right.
    pub message: String,
}

/// A refusal (RFC 9457).
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct Problem<'a> {
    /// `urn:syft-space:problem:` and the reason code.
    pub(super) r#type: String,
    /// What it is called, for a person.
    pub(super) title: Cow<'a, str>,
    /// The status of the answer.
    pub(super) status: u16,
    /// What is wrong and what to do, for a person.
    pub(crate) detail: Cow<'a, str>,
    /// The request's id, as in `X-Request-Id` and in the audit log.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub(super) instance: Option<String>,
    #[schemars(with = "shapes::ReasonCodeShape")]
    pub(crate) reason_code: Cow<'a, str>,
    /// What is wrong with each part of a body or query string.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<FieldError>")]
    pub(super) errors: Option<Cow<'a, [FieldError]>>,
    /// The tenants to choose from, where one must be chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<shapes::TenantNameShape>")]
    pub(crate) tenants: Option<Cow<'a, [String]>>,
    /// The request by which the question waits for approval, or was denied.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "shapes::IdShape")]
    pub(crate) approval_id: Option<ApprovalId>,
    /// How the policies decided, where one refused.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "ignored")]
    #[schemars(with = "shapes::PolicyMetadataShape")]
    pub(super) policy_metadata: Option<&'a PolicyMetadata>,
}

/// No command asks how the policies decided.
fn ignored<'de, D: Deserializer<'de>, T>(deserializer: D) -> Result<Option<T>, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| None)
}
