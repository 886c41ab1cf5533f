//! The explanation of a verdict, as an owner sees it.

use schemars::JsonSchema;
use serde::Serialize;
use syft_space_domain::marketplace::MarketplaceName;
use syft_space_domain::policy::{Decider, Decision, Diagnostics, Explained, PolicyDiagnostic, PolicyVerdict};

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
    /// What is decided on users of the tenant's marketplaces who have the address there, where one is named.
    of_marketplaces: Vec<MarketplaceVerdict>,
}

/// What is decided on users of a marketplace.
#[derive(Serialize, JsonSchema)]
pub(crate) struct MarketplaceVerdict {
    #[schemars(with = "shapes::SlugShape")]
    marketplace: MarketplaceName,
    #[schemars(with = "shapes::ModeShape")]
    verdict: &'static str,
    reason_code: &'static str,
    decided_by: Option<DecidedBy>,
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

impl From<&Explained> for Explanation {
    fn from(Explained { decision, of_marketplaces }: &Explained) -> Self {
        let Diagnostics { reason, decided_by, policies } = &decision.diagnostics;
        Self {
            verdict: decision.effect.as_str(),
            reason_code: reason.as_str(),
            decided_by: decided_by.as_ref().map(DecidedBy::from),
            steps: policies.iter().map(ExplanationStep::from).collect(),
            limits: decision.limits.iter().cloned().map(RateLimit::from).collect(),
            of_marketplaces: of_marketplaces.iter().map(MarketplaceVerdict::from).collect(),
        }
    }
}

impl From<&(MarketplaceName, Decision)> for MarketplaceVerdict {
    fn from((marketplace, decision): &(MarketplaceName, Decision)) -> Self {
        Self {
            marketplace: marketplace.clone(),
            verdict: decision.effect.as_str(),
            reason_code: decision.diagnostics.reason.as_str(),
            decided_by: decision.diagnostics.decided_by.as_ref().map(DecidedBy::from),
        }
    }
}

impl From<&Decider> for DecidedBy {
    fn from(decider: &Decider) -> Self {
        Self { policy_id: decider.policy.to_string(), rule: decider.rule.to_string() }
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
