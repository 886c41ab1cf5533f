//! The explanation of a verdict, as an owner sees it.

use schemars::JsonSchema;
use serde::Serialize;
use syft_space_domain::marketplace::MarketplaceName;
use syft_space_domain::policy::{
    Decider, Decision, Enforcement, Explained, ExplainedUser, PolicyDiagnostic, PolicyVerdict,
};

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
    /// What would be if the policies in shadow decided too; null where none is in shadow.
    with_shadow: Option<ShadowVerdict>,
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
    /// What would be if the policies in shadow decided too; null where none is in shadow.
    with_shadow: Option<ShadowVerdict>,
}

/// What would be if the policies in shadow decided too.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ShadowVerdict {
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
    #[schemars(with = "shapes::EnforcementShape")]
    enforcement: Enforcement,
    #[schemars(with = "shapes::StepOutcomeShape")]
    outcome: &'static str,
    rule: Option<String>,
}

impl From<&Explained> for Explanation {
    fn from(Explained { decision, with_shadow, of_marketplaces }: &Explained) -> Self {
        let ShadowVerdict { verdict, reason_code, decided_by, steps } = decision.into();
        Self {
            verdict,
            reason_code,
            decided_by,
            steps,
            limits: decision.limits.iter().cloned().map(RateLimit::from).collect(),
            with_shadow: with_shadow.as_ref().map(ShadowVerdict::from),
            of_marketplaces: of_marketplaces.iter().map(MarketplaceVerdict::from).collect(),
        }
    }
}

impl From<&Decision> for ShadowVerdict {
    fn from(decision: &Decision) -> Self {
        Self {
            verdict: decision.effect.as_str(),
            reason_code: decision.diagnostics.reason.as_str(),
            decided_by: decision.diagnostics.decided_by.as_ref().map(DecidedBy::from),
            steps: decision.diagnostics.policies.iter().map(ExplanationStep::from).collect(),
        }
    }
}

impl From<&ExplainedUser> for MarketplaceVerdict {
    fn from(ExplainedUser { marketplace, decision, with_shadow }: &ExplainedUser) -> Self {
        Self {
            marketplace: marketplace.clone(),
            verdict: decision.effect.as_str(),
            reason_code: decision.diagnostics.reason.as_str(),
            decided_by: decision.diagnostics.decided_by.as_ref().map(DecidedBy::from),
            with_shadow: with_shadow.as_ref().map(ShadowVerdict::from),
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
        let (mode, enforcement) = (diagnostic.effect.as_str(), diagnostic.enforcement);
        Self { policy_id: diagnostic.policy.to_string(), mode, enforcement, outcome, rule }
    }
}
