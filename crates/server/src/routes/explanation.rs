//! The explanation of a verdict, as an owner sees it.

use schemars::JsonSchema;
use serde::Serialize;
use syft_space_domain::policy::{Explained as DomainExplanation, Mode, Rule, Step, StepOutcome};

use crate::routes::shapes;

/// A verdict, what decided it, and what each policy had to say.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Explanation {
    #[schemars(with = "shapes::ModeShape")]
    verdict: &'static str,
    reason_code: &'static str,
    decided_by: Option<DecidedBy>,
    steps: Vec<ExplanationStep>,
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

impl From<&DomainExplanation> for Explanation {
    fn from(explained: &DomainExplanation) -> Self {
        let decided_by = explained.policies.verdict.decided_by.as_ref();
        Self {
            verdict: if explained.allowed { "allow" } else { "deny" },
            reason_code: explained.reason_code,
            decided_by: decided_by.map(|decider| DecidedBy {
                policy_id: decider.policy.to_string(),
                rule: rule(&decider.rule),
            }),
            steps: explained.policies.steps.iter().map(ExplanationStep::from).collect(),
        }
    }
}

impl From<&Step> for ExplanationStep {
    fn from(step: &Step) -> Self {
        let (outcome, matched) = match &step.outcome {
            StepOutcome::Matched(by) => ("matched", Some(rule(by))),
            StepOutcome::NotMatched => ("not_matched", None),
            StepOutcome::AddressUnknown => ("address_unknown", None),
            StepOutcome::Skipped => ("skipped", None),
        };
        let mode = match step.mode {
            Mode::Allow => "allow",
            Mode::Deny => "deny",
        };
        Self { policy_id: step.policy.to_string(), mode, outcome, rule: matched }
    }
}

fn rule(rule: &Rule) -> String {
    match rule {
        Rule::Pattern(pattern) => pattern.to_string(),
        Rule::Guests => "guests".to_owned(),
    }
}
