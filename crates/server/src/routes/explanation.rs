//! The explanation of a verdict, as an owner sees it.

use schemars::JsonSchema;
use serde::Serialize;
use syft_space_domain::policy::{Decision, Diagnostics, PolicyDiagnostic, PolicyVerdict};

use crate::routes::own_access::RateLimit;
use crate::routes::shapes;

/// A verdict, what decided it, and what each policy had to say.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Explanation {
    #[schemars(with = "shapes::ModeShape")]
    verdict: &'static str,
    reason_code: &'static str,
    decided_by: Option<DecidedBy>,
    steps: Vec<ExplanationStep>,
    /// How the limits stand for them on how often and how much they may ask; where one refuses, those that do.
    limits: Vec<RateLimit>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct DecidedBy {
    #[schemars(with = "shapes::IdShape")]
    policy_id: String,
    rule: String,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct ExplanationStep {
    #[schemars(with = "shapes::IdShape")]
    policy_id: String,
    #[schemars(with = "shapes::ModeShape")]
    mode: &'static str,
    #[schemars(with = "shapes::StepOutcomeShape")]
    outcome: &'static str,
    rule: Option<String>,
}

impl From<&Decision> for Explanation {
    fn from(decision: &Decision) -> Self {
        let Diagnostics { reason, decided_by, policies } = &decision.diagnostics;
        Self {
            verdict: decision.effect.as_str(),
            reason_code: reason.as_str(),
            decided_by: decided_by.as_ref().map(|decider| DecidedBy {
                policy_id: decider.policy.to_string(),
                rule: decider.rule.to_string(),
            }),
            steps: policies.iter().map(ExplanationStep::from).collect(),
            limits: decision.limits.iter().cloned().map(RateLimit::from).collect(),
        }
    }
}

impl From<&PolicyDiagnostic> for ExplanationStep {
    fn from(diagnostic: &PolicyDiagnostic) -> Self {
        let (outcome, rule) = match &diagnostic.outcome {
            PolicyVerdict::Matched(rule) => ("matched", Some(rule.to_string())),
            PolicyVerdict::NotMatched => ("not_matched", None),
            PolicyVerdict::AddressUnknown => ("address_unknown", None),
            PolicyVerdict::PurposeMissing => ("purpose_missing", None),
            PolicyVerdict::LimitReached => ("limit_reached", None),
            PolicyVerdict::NotApproved => ("not_approved", None),
            PolicyVerdict::Unavailable => ("unavailable", None),
            PolicyVerdict::Skipped => ("skipped", None),
        };
        let mode = diagnostic.effect.as_str();
        Self { policy_id: diagnostic.policy.to_string(), mode, outcome, rule }
    }
}
