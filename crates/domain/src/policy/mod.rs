//! Policies: rules on who may query an endpoint and how much, types of which anybody can add, and the decision that they
//! make together.
//!
//! # How to add a policy type
//!
//! One file implements [`PolicyType`] and [`Rule`], and one line registers it: in [`PolicyTypes::default`] if it is for
//! everybody, else with [`PolicyTypes::with`] where a program makes its [`Space`](crate::Space). The runnable example
//! `embed_policy_type` is such a file.

mod access;
mod accounting;
mod affixes;
mod allowance;
mod configuration;
mod content;
mod context;
mod decision;
mod disclosure;
mod disclosure_log;
mod enforcement;
mod explain;
mod hypothetical_caller;
mod lint;
mod manage;
mod manual_review;
mod metadata;
mod obligation;
mod open_reviews;
mod pattern;
mod pattern_set;
mod phrase;
mod pii;
mod pii_filter;
mod policy_set;
mod policy_type;
pub mod ports;
mod purpose;
mod purpose_type;
mod rate_limit;
mod redactions;
mod reference;
mod registry;
mod replay;
mod review;
mod review_digest;
mod review_error;
mod review_newcomers;
mod review_subject;
mod review_token;
mod revisions;
mod schedule;
mod settings;
mod sign_off;
mod simulate;
mod token_limit;
mod unknown_reference;
mod upstream;
mod validity;
mod wanted;

pub use access::{
    AccessConfiguration, AccessConfigurationError, AccessEntry, AccessEntryError, AccessProblem, AccessType,
    HubPattern, HubPatternError,
};
pub use accounting::{AccountingConfiguration, AccountingType, PricedUnit, PricedUnitError};
pub use allowance::{AccountStatus, Allowance, DisclosureStatus, LimitStatus};
pub use configuration::{PolicyConfiguration, PolicyConfigurationError};
pub use content::ContentType;
pub use context::{DecisionContext, QueryFacts, Resource};
pub use decision::{Caller, Decider, Decision, Demand, Diagnostics, PolicyDiagnostic, PolicyVerdict, Reason};
pub(crate) use disclosure::shown_counts_for;
pub use disclosure::{
    DisclosureConfiguration, DisclosureType, DisclosureUnit, DisclosureUnitError, coverage,
};
pub use disclosure_log::DisclosureLogType;
pub use enforcement::{Enforcement, EnforcementError};
pub use explain::{ExplainError, Explained, ExplainedUser, HypotheticalQuery, explain};
pub use hypothetical_caller::HypotheticalCaller;
pub use lint::{
    Lint, LintError, LintExample, LintFinding, LintTarget, LintedPolicy, MAX_FINDINGS, Oddity, PatternPlace,
    Unmatched, Width, lint, lint_policies,
};
pub use manage::{
    MAX_ATTACHED, MAX_CONFIGURATION_BYTES_PER_TENANT, MAX_PATTERNS_PER_TENANT, PolicyError, attach, attached,
    change_policy, create_policy, policies, policy, remove_policy,
};
pub use manual_review::{ManualReviewConfiguration, ManualReviewType, approval_terms};
pub use metadata::{Charge, EntryDetails, LedgerReference, PolicyEntry, PolicyMetadata, PolicyOutcome};
pub use obligation::{
    Hold, Obligation, ObligationContext, ObligationError, Obligations, Posting, Release, Shortfall,
    TenantStore,
};
pub use open_reviews::OpenReviews;
pub use pattern::{EmailPattern, PatternError};
pub use pattern_set::PatternSet;
pub(crate) use phrase::canonical_within;
pub use pii::PiiKind;
pub use pii_filter::PiiFilterType;
pub use policy_set::{CompiledPolicy, PolicySet, ShadowFinding};
pub use policy_type::{
    ConfigurationError, ConfigurationSchema, Effect, Facts, Finding, PolicyType, Rule, Stage, Subject,
};
pub use purpose::{Purpose, PurposeError};
pub use purpose_type::PurposeType;
pub use rate_limit::{
    AppliesTo, Headroom, Level, Limit, LimitKey, Moment, NoneLeft, Period, RateLimitConfiguration,
    RateLimitConfigurationError, RateLimitProblem, RateLimitType, RateLimiter, RateScope, TakenLimit, Took,
    Window,
};
pub use redactions::Redactions;
pub(crate) use reference::told_policies;
pub use reference::{Reference, Referent};
pub use registry::PolicyTypes;
pub use replay::{
    Flip, Flips, MAX_FLIP_CALLERS, MAX_FLIP_EXAMPLES, MAX_REPLAY_EXAMPLES, MAX_REPLAYED,
    MAX_REPLAYED_ENDPOINTS, REPLAY_PERMISSIONS, Replay, ReplayError, ReplayedChange, ReplayedEndpoint,
    replay,
};
pub(crate) use review::access_now;
pub use review::{REVIEW_PERMISSIONS, ReviewPage, ReviewPart};
pub use review_digest::{ReviewDigest, ReviewDigestError};
pub use review_error::ReviewError;
pub use review_subject::{
    Access, GroupRevision, ReviewedEntry, ReviewedKey, ReviewedMember, ReviewedSubject, SubjectKey,
    SubjectKeyError,
};
pub use review_token::{ReviewToken, ReviewTokenError};
pub use revisions::{
    MAX_REVISION_BYTES_PER_TENANT, MAX_REVISIONS_PER_POLICY, PolicyRevision, revision, revisions,
    rollback_policy,
};
pub use schedule::ScheduleType;
pub use sign_off::{SignedOff, sign_off};
pub use simulate::{
    HypotheticalChange, MAX_SIMULATED, SimulateError, SimulatedCaller, SimulatedEndpoint, Simulation,
    VerdictChange, simulate,
};
pub use token_limit::TokenLimitType;
pub use upstream::{Translated, UpstreamAccess, UpstreamComparison, UpstreamDifference};
pub use validity::{Validity, ValidityError};
pub use wanted::{ChangePolicy, NewPolicy};

use crate::audit::RecordedReason;
use crate::ids::{ActorId, PolicyId};
use crate::page::PageItem;
use crate::time::Timestamp;

/// A rule that can be attached to endpoints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Its id.
    pub id: PolicyId,
    /// Its name for people.
    pub name: String,
    /// What it demands.
    pub configuration: PolicyConfiguration,
    /// Whether it decides on queries.
    pub enforcement: Enforcement,
    /// Counts its changes, from 1.
    pub revision: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl PageItem for Policy {
    fn bytes(&self) -> usize {
        self.name.len() + self.configuration.json().get().len()
    }
}

/// A policy as one change left it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptRevision {
    /// Whose it is.
    pub policy: PolicyId,
    /// What is told of it in a list.
    pub summary: RevisionSummary,
    /// What the policy demanded.
    pub configuration: PolicyConfiguration,
}

/// What is told of a revision in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevisionSummary {
    /// The policy's number from this change on.
    pub revision: u64,
    /// When.
    pub changed_at: Timestamp,
    /// Who, as the audit log knows them; `None` where that is not known.
    pub changed_by: Option<ActorId>,
    /// What was changed, in the words of the audit log; `None` where nothing was, or it is not known.
    pub changes: Option<RecordedReason>,
    /// The revision that was taken, where this was a rollback.
    pub rolled_back_to: Option<u64>,
    /// The policy's name for people.
    pub name: String,
    /// The name of its type.
    pub policy_type: String,
    /// Whether it decided on queries from then on.
    pub enforcement: Enforcement,
}

impl PageItem for KeptRevision {
    fn bytes(&self) -> usize {
        self.summary.bytes() + self.configuration.json().get().len()
    }
}

impl PageItem for RevisionSummary {
    fn bytes(&self) -> usize {
        let changes = self.changes.as_ref().map_or(0, |changes| RecordedReason::as_str(changes).len());
        200 + self.name.len() + self.policy_type.len() + changes
    }
}
