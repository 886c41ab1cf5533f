//! What a caller learns of the policies, in the words that marketplace clients read.

use serde::Serialize;

/// How the policies of an endpoint decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PolicyOutcome {
    /// They let the query through.
    Success,
    /// The caller is not admitted.
    AccessDenied,
    /// They have asked too often.
    RateLimited,
    /// A policy refused for another reason.
    PolicyViolation,
}

/// One policy's part in the outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PolicyEntry {
    /// The type of the policy.
    pub policy_type: &'static str,
    /// The kind of part it played.
    pub kind: &'static str,
    /// What it did.
    pub status: &'static str,
    /// Why, in the words marketplace clients know.
    pub reason_code: &'static str,
    /// Why, for a person. It never shows a rule: those are the owner's.
    pub reason: &'static str,
}

/// What the caller learns of the policies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PolicyMetadata {
    /// How they decided.
    pub outcome: PolicyOutcome,
    /// Which of them decided, where one refused.
    pub entries: Vec<PolicyEntry>,
}
