//! What policies in shadow would do with a query, of which nobody but the owner learns.

use super::{CompiledPolicy, PolicySet};
use crate::audit::ReasonCode;
use crate::policy::context::{DecisionContext, Resource};
use crate::policy::decision::{Caller, Decision, PolicyDiagnostic, PolicyVerdict, Reason};
use crate::policy::obligation::{ObligationContext, Obligations, Release};
use crate::policy::policy_type::Effect;
use crate::policy::revisions::PolicyRevision;

/// That a query, which was let in, would not have been if the policies in shadow decided, or that this cannot be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShadowFinding {
    /// What its event says: [`ReasonCode::ShadowDenied`] or [`ReasonCode::ShadowUndecided`].
    pub reason_code: ReasonCode,
    /// The policy in shadow on which that hangs.
    pub policy: PolicyRevision,
}

impl PolicySet {
    /// Whether any is in shadow.
    #[must_use]
    pub fn has_shadow(&self) -> bool {
        self.all_enforced.is_some()
    }

    /// Decides as if those in shadow decided too; `None` where none is in shadow.
    #[must_use]
    pub fn decide_with_shadow(
        &self,
        resource: Resource,
        caller: &Caller<'_>,
        context: &DecisionContext<'_>,
    ) -> Option<Decision> {
        self.all_enforced.as_ref().map(|all| all.decide(resource, caller, context))
    }

    /// Whether a policy is one of those in shadow, as it was.
    pub(crate) fn has_in_shadow(&self, policy: PolicyRevision) -> bool {
        let is_it = |tried: &CompiledPolicy| (tried.id, tried.revision) == (policy.id, policy.revision);
        self.attached.iter().any(|tried| tried.enforcement.is_shadow() && is_it(tried))
    }

    /// What those in shadow find of a query that the others let in, once it is decided [with them](Self::decide_with_shadow). From what is theirs it is taken as if they decided: what was
    /// taken for the query before is `held`, and is not taken again. Where they let it in, what is held comes back, to be settled or
    /// released with the query; else it has been given back.
    pub async fn shadow(
        &self,
        decided: Option<Decision>,
        context: &ObligationContext,
        held: Obligations,
    ) -> (Option<ShadowFinding>, Obligations) {
        // Where none is in shadow any more, what was taken for those that were is given back.
        let Some(mut decision) = decided else {
            held.release(Release::Refused);
            return (None, Obligations::default());
        };
        decision.obligations.retain(|demand| self.has_in_shadow(demand.policy));
        let (decision, held) = decision.perform_rest(context, held).await;
        (decision.shadow_finding(), held)
    }
}

impl Decision {
    /// What it says of a query that is let in without the policies in shadow.
    fn shadow_finding(&self) -> Option<ShadowFinding> {
        if self.is_allow() {
            return None;
        }
        let reason = self.diagnostics.reason;
        let tried = || self.diagnostics.policies.iter().filter(|policy| policy.enforcement.is_shadow());
        // One of those in shadow is why. An embedder's type may say what none of ours does.
        let why = tried().find(|policy| is_why(reason, policy)).or_else(|| tried().next())?;
        let is_undecided = matches!(reason, Reason::AddressUnknown | Reason::PolicyUnavailable);
        Some(ShadowFinding {
            reason_code: if is_undecided { ReasonCode::ShadowUndecided } else { ReasonCode::ShadowDenied },
            policy: PolicyRevision { id: why.policy, revision: why.revision },
        })
    }
}

/// Whether a refusal for this reason hangs on what a policy said.
fn is_why(reason: Reason, policy: &PolicyDiagnostic) -> bool {
    match reason {
        Reason::DeniedByPolicy => {
            policy.effect == Effect::Deny && matches!(policy.outcome, PolicyVerdict::Matched(_))
        }
        Reason::NoPolicyAllows | Reason::GuestsNotAdmitted => policy.effect == Effect::Allow,
        Reason::AddressUnknown => policy.outcome == PolicyVerdict::AddressUnknown,
        Reason::PurposeMissing => policy.outcome == PolicyVerdict::PurposeMissing,
        Reason::LimitReached => policy.outcome == PolicyVerdict::LimitReached,
        Reason::ReviewPending | Reason::ReviewDenied => policy.outcome == PolicyVerdict::NotApproved,
        Reason::PolicyUnavailable => policy.outcome == PolicyVerdict::Unavailable,
        Reason::AllowedByPolicy
        | Reason::NotDenied
        | Reason::MemberOfTenant
        | Reason::NoAccessPolicy
        | Reason::MayNotQuery
        | Reason::EndpointDraft
        | Reason::HubNotRegistered => false,
    }
}
