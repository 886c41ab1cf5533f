//! The schemas of policies, of what they are asked with, and of what they answer.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};
use syft_space_domain::approval::{ApprovalState, CallerKind};
use syft_space_domain::policy::{
    ConfigurationSchema, DisclosureUnit, Effect, Enforcement, MAX_ATTACHED, PolicyTypes, PricedUnit, Purpose,
};

use crate::routes::shapes::{names, shapes};

shapes! {
    /// What a query is for.
    PurposeShape = "Purpose": json_schema!({
        "type": "string", "pattern": Purpose::PATTERN,
        "description": "A word of the owner's, or a code of the Data Use Ontology such as `DUO:0000006`.",
    });
    /// How often something was taken from an answer.
    RedactionsShape = "Redactions": json_schema!({
        "type": "object", "propertyNames": { "pattern": "^[a-z][a-z0-9_]{0,31}$" },
        "additionalProperties": { "type": "integer", "minimum": 1, "maximum": u32::MAX },
    });
    /// The configuration of a policy, as it is taken.
    PolicyConfigurationShape = "PolicyConfiguration": configuration(|schema| schema.taken);
    /// The configuration of a policy that is stored.
    StoredConfigurationShape = "StoredConfiguration": json_schema!({
        "type": "object", "anyOf": [configuration(|schema| schema.shown), {}],
        "description": "As the type of the policy has it. Of a type that this version does not know it is any object.",
    });
    /// A merge patch of the configuration of a policy.
    PolicyConfigurationPatchShape = "PolicyConfigurationPatch": configuration(|schema| schema.patch);
    /// Whether a policy, or all of them, let somebody through.
    ModeShape = "Mode": json_schema!({ "type": "string", "enum": names(&Effect::ALL, Effect::as_str) });
    /// Whether a policy decides on queries, or is tried on them.
    EnforcementShape = "Enforcement": json_schema!({
        "type": "string", "enum": names(&Enforcement::ALL, Enforcement::as_str),
        "description": "In shadow it refuses nobody: the event of a query that it would have refused says so.",
    });
    /// What is paid for.
    PricedUnitShape = "PricedUnit": json_schema!({
        "type": "string", "enum": names(&PricedUnit::ALL, PricedUnit::as_str),
    });
    /// What of that which is shown is counted.
    DisclosureUnitShape = "DisclosureUnit": json_schema!({
        "type": "string", "enum": names(&DisclosureUnit::ALL, DisclosureUnit::as_str),
    });
    /// What a policy had to say.
    StepOutcomeShape = "StepOutcome": json_schema!({
        "type": "string", "enum": ["matched", "not_matched", "address_unknown", "purpose_missing", "limit_reached", "not_approved", "unavailable", "skipped"],
    });
    /// The type of a policy.
    PolicyTypeShape = "PolicyType": json_schema!({ "type": "string", "enum": policy_types() });
    /// The type of a policy that is stored.
    StoredPolicyTypeShape = "StoredPolicyType": json_schema!({
        "type": "string", "examples": policy_types(),
        "description": "A policy of a type that this version does not know is shown too: its endpoints answer nobody.",
    });
    /// Policies that are looked at and not stored.
    LintedPoliciesShape = "LintedPolicies": json_schema!({
        "type": "array", "maxItems": MAX_ATTACHED, "items": {
            "type": "object", "additionalProperties": false, "required": ["policy_type", "configuration"],
            "properties": { "policy_type": { "type": "string", "enum": policy_types() }, "configuration": { "type": "object" } },
            "oneOf": typed_configurations(),
        },
    });
    /// How a question stands that waits for approval, or was decided on.
    ApprovalStateShape = "ApprovalState": json_schema!({
        "type": "string", "enum": names(&ApprovalState::ALL, ApprovalState::as_str),
    });
    /// The number of a change.
    RevisionShape = "RevisionNumber": json_schema!({ "type": "integer", "minimum": 1, "maximum": 1_000_000_000 });
    /// What kind of caller asks.
    CallerKindShape = "CallerKind": json_schema!({
        "type": "string", "enum": names(&CallerKind::ALL, CallerKind::as_str),
    });
    /// What is odd about a pattern.
    LintKindShape = "LintKind": json_schema!({
        "type": "string", "enum": ["shadowed", "contradictory", "never_matching", "too_wide", "costly"],
    });
    /// How policies decided.
    PolicyMetadataShape = "PolicyMetadata": json_schema!({
        "type": "object", "required": ["outcome", "entries"],
        "properties": {
            "outcome": { "type": "string", "enum": ["success", "access_denied", "rate_limited", "payment_required", "policy_violation"] },
            "entries": { "type": "array", "description": "Which of them decided, where one refused; else those that charge.", "items": {
                "type": "object", "required": ["policy_type", "kind", "status"],
                "properties": {
                    "policy_type": { "type": "string" },
                    "kind": { "type": "string" },
                    "status": { "type": "string", "enum": ["rejected", "applied", "charged", "free"] },
                    "amount": { "type": "number", "minimum": 0 },
                    "currency": { "type": "string" },
                    "transaction": { "type": "object", "required": ["rail", "id"], "properties": {
                        "rail": { "type": "string", "const": "ledger" },
                        "id": { "type": "string", "description": "Where it stands in the ledger." },
                    } },
                    "reason_code": { "type": "string", "description": "Why it refused." },
                    "reason": { "type": "string", "description": "For a person." },
                    "details": { "type": "object", "required": ["approval_id"], "properties": {
                        "approval_id": { "type": "string", "format": "uuid", "description": "By which the question waits for approval, or was denied." },
                    } },
                },
            } },
        },
    });
}

fn policy_types() -> Vec<&'static str> {
    PolicyTypes::default().iter().map(|policy_type| policy_type.name()).collect()
}

/// The configuration of a policy of any type. A patch may be one of several types.
fn configuration(part: fn(ConfigurationSchema) -> Value) -> Schema {
    let types = PolicyTypes::default();
    let types: Vec<Value> = types.iter().map(|policy_type| part(policy_type.schema())).collect();
    json_schema!({ "anyOf": types })
}

/// Which configuration goes with which type of policy, and which of them can be in shadow.
pub(crate) fn typed_configurations() -> Value {
    let types = PolicyTypes::default();
    let pairs = types.iter().map(|policy_type| {
        let enforcement = match policy_type.check_shadow() {
            Ok(()) => json!({}),
            Err(_) => json!({ "const": Enforcement::Enforce.as_str() }),
        };
        json!({ "type": "object", "properties": {
            "name": {}, "enforcement": enforcement, "policy_type": { "const": policy_type.name() },
            "configuration": policy_type.schema().taken,
        } })
    });
    pairs.collect()
}
