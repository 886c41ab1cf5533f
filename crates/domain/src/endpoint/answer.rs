//! What a query is answered with.

use serde::Serialize;

use crate::dataset::Hits;

/// How the policies of an endpoint decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PolicyOutcome {
    /// They let the query through.
    Success,
    /// An access policy refused.
    AccessDenied,
}

/// One policy's part in the outcome, as marketplace clients read it.
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

impl PolicyMetadata {
    /// The query was let through.
    #[must_use]
    pub fn success() -> Self {
        Self { outcome: PolicyOutcome::Success, entries: Vec::new() }
    }

    /// An access policy refused the query.
    #[must_use]
    pub fn access_denied() -> Self {
        let entry = PolicyEntry {
            policy_type: "access",
            kind: "access",
            status: "rejected",
            reason_code: "ACCESS_DENIED",
            reason: "the endpoint's access policy does not admit you",
        };
        Self { outcome: PolicyOutcome::AccessDenied, entries: vec![entry] }
    }
}

/// What was found for a query.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The chunks found, the closest first.
    pub documents: Hits,
    /// How long the search took, in milliseconds.
    pub search_ms: u64,
    /// How the policies decided.
    pub policy: PolicyMetadata,
}
