//! What the policies of an endpoint say together.

use std::sync::Arc;

use super::{Asked, CompiledPolicy};
use crate::policy::decision::{Decider, PolicyDiagnostic, PolicyVerdict, Reason};
use crate::policy::policy_type::{Effect, Stage, Subject};

/// What the policies say together, without regard to whether the caller may know of the endpoint.
pub(super) struct Answers {
    pub(super) refusal: Option<Reason>,
    pub(super) decided_by: Option<Decider>,
    pub(super) policies: Vec<PolicyDiagnostic>,
}

impl Answers {
    pub(super) fn of(policies: &[Arc<CompiledPolicy>], asked: &Asked<'_>) -> Self {
        let mut answers =
            Self { refusal: None, decided_by: None, policies: Vec::with_capacity(policies.len()) };
        // Whether a group can be read shows only now, and must not hang on which policies stand before.
        if policies.iter().any(|policy| policy.is_closed(asked)) {
            answers.close(policies, asked);
            return answers;
        }
        for stage in policies.chunk_by(|policy, next| policy.stage() == next.stage()) {
            answers.ask(stage, asked);
        }
        answers
    }

    /// Refuses everybody, for a policy cannot be evaluated: the first of those, and none is asked.
    fn close(&mut self, policies: &[Arc<CompiledPolicy>], asked: &Asked<'_>) {
        self.refuse(Reason::PolicyUnavailable, None);
        let (closed, others): (Vec<_>, Vec<_>) = policies.iter().partition(|policy| policy.is_closed(asked));
        for (place, policy) in closed.into_iter().chain(others).enumerate() {
            let outcome = if place == 0 { PolicyVerdict::Unavailable } else { PolicyVerdict::Skipped };
            self.policies.push(policy.diagnostic(outcome));
        }
    }

    /// Asks the policies of one stage.
    fn ask(&mut self, stage: &[Arc<CompiledPolicy>], asked: &Asked<'_>) {
        let (mut deny_unknown, mut allow_unknown, mut is_purpose_missing) = (false, false, false);
        let mut granted = false;
        for policy in stage {
            let effect = policy.effect();
            let stands = self.refusal.is_some() || granted;
            let outcome = if stands { PolicyVerdict::Skipped } else { policy.evaluate(asked) };
            match (&outcome, effect) {
                (PolicyVerdict::Unavailable, _) => self.refuse(Reason::PolicyUnavailable, None),
                (PolicyVerdict::Matched(rule), Effect::Deny) => {
                    self.refuse(Reason::DeniedByPolicy, Some(policy.decider(rule)));
                }
                (PolicyVerdict::Matched(rule), Effect::Allow) if !deny_unknown => {
                    granted = true;
                    self.decided_by = Some(policy.decider(rule));
                }
                (PolicyVerdict::AddressUnknown, Effect::Deny) => deny_unknown = true,
                (PolicyVerdict::AddressUnknown, Effect::Allow) => allow_unknown = true,
                (PolicyVerdict::PurposeMissing, _) => is_purpose_missing = true,
                (
                    PolicyVerdict::Matched(_)
                    | PolicyVerdict::NotMatched
                    | PolicyVerdict::LimitReached
                    | PolicyVerdict::NotApproved
                    | PolicyVerdict::Skipped,
                    _,
                ) => {}
            }
            self.policies.push(policy.diagnostic(outcome));
        }
        let allows = stage.iter().any(|policy| policy.effect() == Effect::Allow);
        // Where it is said who may query, guests are let in by a rule for them, or not at all.
        let admits = stage.iter().any(|policy| policy.stage() == Stage::Admit && policy.names_callers());
        match asked.subject {
            _ if self.refusal.is_some() => {}
            _ if deny_unknown || (allow_unknown && !granted) => self.refuse(Reason::AddressUnknown, None),
            Subject::Guest if (allows || admits) && !granted => self.refuse(Reason::GuestsNotAdmitted, None),
            Subject::Identified { .. } if allows && !granted => self.refuse(Reason::NoPolicyAllows, None),
            // Last: only whom everything else lets in learns that a purpose is asked for, and which there are.
            _ if is_purpose_missing => self.refuse(Reason::PurposeMissing, None),
            Subject::Guest | Subject::Identified { .. } => {}
        }
    }

    fn refuse(&mut self, reason: Reason, decided_by: Option<Decider>) {
        self.refusal = Some(reason);
        self.decided_by = decided_by;
    }
}
