//! The policies of an endpoint, compiled: the one place where a query is decided on.

use std::sync::Arc;

use crate::ids::PolicyId;
use crate::policy::Policy;
use crate::policy::decision::{
    Caller, Decider, Decision, Demand, Diagnostics, PolicyDiagnostic, PolicyVerdict, Reason,
};
use crate::policy::policy_type::{Effect, Facts, PolicyType, Rule, Stage, Subject};
use crate::policy::registry::PolicyTypes;
use crate::time::Timestamp;

/// A policy, ready to be asked.
pub struct CompiledPolicy {
    /// Its id.
    pub id: PolicyId,
    /// The change of the policy that it was compiled from.
    pub revision: u64,
    /// `None` where the type is unknown or cannot read the configuration. It refuses everybody then.
    compiled: Option<Compiled>,
}

struct Compiled {
    policy_type: Arc<dyn PolicyType>,
    rule: Arc<dyn Rule>,
}

/// The policies attached to an endpoint. Never changes.
#[derive(Clone, Default)]
pub struct PolicySet {
    /// In the order in which they were attached.
    attached: Box<[Arc<CompiledPolicy>]>,
    /// In the order in which they are asked: by stage, and those that deny first.
    asked: Box<[Arc<CompiledPolicy>]>,
}

impl CompiledPolicy {
    /// Compiles a policy; where its configuration is in use already, its rule is shared.
    #[must_use]
    pub fn compile(types: &PolicyTypes, policy: &Policy) -> Self {
        let policy_type = types.get(policy.configuration.type_name());
        let rule = types.compile(&policy.configuration).ok();
        let compiled =
            policy_type.zip(rule).map(|(policy_type, rule)| Compiled { policy_type: Arc::clone(policy_type), rule });
        Self { id: policy.id, revision: policy.revision, compiled }
    }

    /// What is told of it to a hub: the name of its type and a sentence. `None` where it cannot be read.
    #[must_use]
    pub fn description(&self) -> Option<(&'static str, String)> {
        self.compiled.as_ref().map(|one| (one.policy_type.name(), one.rule.description()))
    }

    fn names_callers(&self) -> bool {
        // Whom one meant that cannot be read is unknown, so nobody may be let in for want of it.
        self.compiled.as_ref().is_none_or(|one| one.policy_type.names_callers())
    }

    fn effect(&self) -> Effect {
        self.compiled.as_ref().map_or(Effect::Deny, |one| one.rule.effect())
    }

    fn stage(&self) -> Stage {
        self.compiled.as_ref().map_or(Stage::Admit, |one| one.rule.stage())
    }

    fn evaluate(&self, subject: Subject<'_>, now: Timestamp) -> PolicyVerdict {
        let facts = Facts { policy: self.id, subject, now };
        self.compiled.as_ref().map_or(PolicyVerdict::Unavailable, |one| one.rule.evaluate(&facts).into())
    }
}

impl PolicySet {
    /// Puts the policies of an endpoint together, in the order in which they were attached. The order tells which of
    /// several is named as the one that decided, and nothing more.
    #[must_use]
    pub fn new(attached: impl IntoIterator<Item = Arc<CompiledPolicy>>) -> Self {
        let attached: Box<[_]> = attached.into_iter().collect();
        let mut asked = attached.clone();
        asked.sort_by_key(|policy| (policy.stage(), policy.effect() == Effect::Allow));
        Self { attached, asked }
    }

    /// The policies, in the order in which they were attached.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<CompiledPolicy>> {
        self.attached.iter()
    }

    /// Whether a caller may know of the endpoint that these are attached to.
    #[must_use]
    pub fn is_visible(&self, published: bool, caller: &Caller<'_>) -> bool {
        caller.concealment(published, self.names_callers()).is_none()
    }

    /// Decides whether a caller may query the endpoint that these are attached to.
    #[must_use]
    pub fn decide(&self, published: bool, caller: &Caller<'_>, now: Timestamp) -> Decision {
        let subject = caller.subject();
        let answers = Answers::of(&self.asked, subject, now);
        let names_callers = self.names_callers();
        let refusal = caller.concealment(published, names_callers).or(answers.refusal);
        let reason = refusal.unwrap_or(match (&answers.decided_by, subject) {
            _ if !caller.may_query() => Reason::MayNotQuery,
            (Some(_), _) => Reason::AllowedByPolicy,
            (None, Subject::Guest) => Reason::GuestsNotAdmitted,
            (None, Subject::Identified { .. }) if names_callers => Reason::NotDenied,
            (None, Subject::Identified { .. }) => Reason::MemberOfTenant,
        });
        let effect = reason.effect();
        let mut decision = Decision {
            effect,
            obligations: Vec::new(),
            filters: Vec::new(),
            refusing: None,
            diagnostics: Diagnostics { reason, decided_by: answers.decided_by, policies: answers.policies },
        };
        match effect {
            Effect::Allow => self.oblige(&mut decision, subject, now),
            Effect::Deny => decision.refusing = self.refusing(decision.diagnostics.decided_by.as_ref()),
        }
        decision
    }

    fn names_callers(&self) -> bool {
        self.attached.iter().any(|policy| policy.names_callers())
    }

    fn oblige(&self, decision: &mut Decision, subject: Subject<'_>, now: Timestamp) {
        for policy in &self.asked {
            let Some(Compiled { policy_type, rule }) = &policy.compiled else { continue };
            if rule.stage() == Stage::Filter {
                decision.filters.push(Arc::clone(rule));
            }
            if let Some(obligation) = rule.obligation(&Facts { policy: policy.id, subject, now }) {
                let policy_type = Arc::clone(policy_type);
                decision.obligations.push(Demand { policy: policy.id, policy_type, obligation });
            }
        }
    }

    /// The type of the policy that refused: the one that decided, else the first that says who may query.
    fn refusing(&self, decider: Option<&Decider>) -> Option<Arc<dyn PolicyType>> {
        let decided = decider.and_then(|decider| self.asked.iter().find(|policy| policy.id == decider.policy));
        let refusing = decided.or_else(|| self.asked.iter().find(|policy| policy.names_callers()));
        let refusing = refusing.or_else(|| self.asked.first())?;
        refusing.compiled.as_ref().map(|one| Arc::clone(&one.policy_type))
    }
}

/// What the policies say together, without regard to whether the caller may know of the endpoint.
struct Answers {
    refusal: Option<Reason>,
    decided_by: Option<Decider>,
    policies: Vec<PolicyDiagnostic>,
}

impl Answers {
    fn of(asked: &[Arc<CompiledPolicy>], subject: Subject<'_>, now: Timestamp) -> Self {
        let mut answers = Self { refusal: None, decided_by: None, policies: Vec::with_capacity(asked.len()) };
        for stage in asked.chunk_by(|one, next| one.stage() == next.stage()) {
            answers.ask(stage, subject, now);
        }
        answers
    }

    /// Asks the policies of one stage.
    fn ask(&mut self, stage: &[Arc<CompiledPolicy>], subject: Subject<'_>, now: Timestamp) {
        let (mut deny_unknown, mut allow_unknown) = (false, false);
        let mut granted = false;
        for policy in stage {
            let effect = policy.effect();
            let stands = self.refusal.is_some() || granted;
            let outcome = if stands { PolicyVerdict::Skipped } else { policy.evaluate(subject, now) };
            match (&outcome, effect) {
                (PolicyVerdict::Unavailable, _) => self.refuse(Reason::PolicyUnavailable, None),
                (PolicyVerdict::Matched(rule), Effect::Deny) => {
                    let decider = Decider { policy: policy.id, rule: Arc::clone(rule) };
                    self.refuse(Reason::DeniedByPolicy, Some(decider));
                }
                (PolicyVerdict::Matched(rule), Effect::Allow) if !deny_unknown => {
                    granted = true;
                    self.decided_by = Some(Decider { policy: policy.id, rule: Arc::clone(rule) });
                }
                (PolicyVerdict::AddressUnknown, Effect::Deny) => deny_unknown = true,
                (PolicyVerdict::AddressUnknown, Effect::Allow) => allow_unknown = true,
                (PolicyVerdict::Matched(_) | PolicyVerdict::NotMatched | PolicyVerdict::Skipped, _) => {}
            }
            self.policies.push(PolicyDiagnostic { policy: policy.id, effect, outcome });
        }
        let allows = stage.iter().any(|policy| policy.effect() == Effect::Allow);
        match subject {
            _ if self.refusal.is_some() => {}
            _ if deny_unknown || (allow_unknown && !granted) => self.refuse(Reason::AddressUnknown, None),
            Subject::Guest if allows && !granted => self.refuse(Reason::GuestsNotAdmitted, None),
            Subject::Identified { .. } if allows && !granted => self.refuse(Reason::NoPolicyAllows, None),
            Subject::Guest | Subject::Identified { .. } => {}
        }
    }

    fn refuse(&mut self, reason: Reason, decided_by: Option<Decider>) {
        self.refusal = Some(reason);
        self.decided_by = decided_by;
    }
}
