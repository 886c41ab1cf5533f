//! The policies of an endpoint, compiled: the one place where a query is decided on.

mod answers;
mod shadow;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use answers::Answers;
pub use shadow::ShadowFinding;

use crate::group::GroupName;
use crate::ids::{EndpointId, HubId, PolicyId};
use crate::marketplace::MarketplaceName;
use crate::policy::configuration::PolicyConfiguration;
use crate::policy::context::{DecisionContext, Resource};
use crate::policy::decision::{
    Caller, Decider, Decision, Demand, Diagnostics, PolicyDiagnostic, PolicyVerdict, Reason,
};
use crate::policy::enforcement::Enforcement;
use crate::policy::policy_type::{Effect, Facts, PolicyType, Rule, Stage, Subject};
use crate::policy::purpose::Purpose;
use crate::policy::registry::PolicyTypes;
use crate::policy::revisions::PolicyRevision;

/// A policy, ready to be asked.
pub struct CompiledPolicy {
    /// Its id.
    pub id: PolicyId,
    /// The change of the policy that it was compiled from.
    pub revision: u64,
    /// Whether it decides.
    pub enforcement: Enforcement,
    /// `None` where the type is unknown or cannot read the configuration. It refuses everybody then.
    compiled: Option<Compiled>,
}

struct Compiled {
    policy_type: Arc<dyn PolicyType>,
    rule: Arc<dyn Rule>,
}

/// What each rule is asked about.
struct Asked<'a> {
    endpoint: EndpointId,
    subject: Subject<'a>,
    hub: Option<HubId>,
    context: &'a DecisionContext<'a>,
}

impl<'a> Asked<'a> {
    fn of(resource: Resource, caller: &Caller<'a>, context: &'a DecisionContext<'a>) -> Self {
        Self { endpoint: resource.endpoint, subject: caller.subject(), hub: caller.hub(), context }
    }

    fn facts(&self, policy: PolicyId) -> Facts<'a> {
        let DecisionContext { now, query, tenant, groups, marketplaces } = *self.context;
        let Self { endpoint, subject, hub, .. } = *self;
        Facts { policy, tenant, endpoint, subject, hub, now, query, groups, marketplaces }
    }
}

/// The policies attached to an endpoint. Never changes. Those in shadow are as if they were not there, but for what is found of them
/// ([`PolicySet::shadow`]).
#[derive(Clone, Default)]
pub struct PolicySet {
    /// In the order in which they were attached, those in shadow too.
    attached: Box<[Arc<CompiledPolicy>]>,
    /// Those that decide, in the order in which they are asked: those that cannot be evaluated, then by stage, and those that deny first.
    asked: Box<[Arc<CompiledPolicy>]>,
    /// The same policies, all of which decide; `None` where none is in shadow.
    all_enforced: Option<Arc<PolicySet>>,
}

impl CompiledPolicy {
    /// Compiles a policy; where its configuration is in use already, its rule is shared.
    #[must_use]
    pub fn compile(
        types: &PolicyTypes,
        id: PolicyId,
        revision: u64,
        configuration: &PolicyConfiguration,
    ) -> Self {
        let policy_type = types.get(configuration.type_name()).map(Arc::clone);
        let rule = types.compile(configuration).ok();
        let compiled = policy_type.zip(rule).map(|(policy_type, rule)| Compiled { policy_type, rule });
        Self { id, revision, enforcement: Enforcement::Enforce, compiled }
    }

    /// The same, which decides or is tried. One of a type that cannot be tried cannot be evaluated in shadow.
    #[must_use]
    pub fn enforced_as(self, enforcement: Enforcement) -> Self {
        let can_be_so =
            |policy: &Compiled| !enforcement.is_shadow() || policy.policy_type.check_shadow().is_ok();
        Self { enforcement, compiled: self.compiled.filter(can_be_so), ..self }
    }

    /// What is told of it to a hub: the name of its type and a sentence. `None` where it cannot be read.
    #[must_use]
    pub fn description(&self) -> Option<(&'static str, String)> {
        self.compiled.as_ref().map(|policy| (policy.policy_type.name(), policy.rule.description()))
    }

    /// Whether it can be decided again by what a log keeps of a query.
    pub(crate) fn is_replayable(&self) -> bool {
        self.compiled.as_ref().is_some_and(|policy| policy.policy_type.is_replayable())
    }

    /// The groups that it hangs on.
    pub(crate) fn groups(&self) -> &[GroupName] {
        self.compiled.as_ref().map_or(&[], |policy| policy.rule.groups())
    }

    /// The marketplaces that it hangs on.
    pub(crate) fn marketplaces(&self) -> &[MarketplaceName] {
        self.compiled.as_ref().map_or(&[], |policy| policy.rule.marketplaces())
    }

    fn names_callers(&self) -> bool {
        // Whom one meant that cannot be read is unknown, so nobody may be let in for want of it.
        self.compiled.as_ref().is_none_or(|policy| policy.policy_type.names_callers())
    }

    fn effect(&self) -> Effect {
        self.compiled.as_ref().map_or(Effect::Deny, |policy| policy.rule.effect())
    }

    fn stage(&self) -> Stage {
        self.compiled.as_ref().map_or(Stage::Admit, |policy| policy.rule.stage())
    }

    /// Whether it cannot be evaluated, whoever asks.
    fn is_closed(&self, asked: &Asked<'_>) -> bool {
        let is_unreadable = |group| !asked.facts(self.id).can_read(group);
        let is_gone = |marketplace| asked.facts(self.id).hub_of(marketplace).is_none();
        self.compiled.is_none()
            || self.groups().iter().any(is_unreadable)
            || self.marketplaces().iter().any(is_gone)
    }

    /// It as what decided, by this part of its configuration.
    fn decider(&self, rule: &Arc<str>) -> Decider {
        Decider { policy: self.id, revision: self.revision, rule: Arc::clone(rule) }
    }

    /// What it had to say.
    fn diagnostic(&self, outcome: PolicyVerdict) -> PolicyDiagnostic {
        let Self { id, revision, enforcement, .. } = *self;
        PolicyDiagnostic { policy: id, revision, enforcement, effect: self.effect(), outcome }
    }

    fn evaluate(&self, asked: &Asked<'_>) -> PolicyVerdict {
        let evaluate = |policy: &Compiled| policy.rule.evaluate(&asked.facts(self.id)).into();
        self.compiled.as_ref().map_or(PolicyVerdict::Unavailable, evaluate)
    }
}

impl PolicySet {
    /// Puts the policies of an endpoint together, in the order in which they were attached. The order tells which of
    /// several is named as the one that decided, and nothing more.
    #[must_use]
    pub fn new(attached: impl IntoIterator<Item = Arc<CompiledPolicy>>) -> Self {
        let attached: Box<[_]> = attached.into_iter().collect();
        let deciding = |policy: &&Arc<CompiledPolicy>| !policy.enforcement.is_shadow();
        let asked = in_order(attached.iter().filter(deciding));
        let all_enforced = (asked.len() < attached.len()).then(|| {
            Arc::new(Self {
                attached: attached.clone(),
                asked: in_order(attached.iter()),
                all_enforced: None,
            })
        });
        Self { attached, asked, all_enforced }
    }

    /// These, of which one is changed.
    pub(crate) fn with_changed(&self, changed: &Arc<CompiledPolicy>) -> Self {
        let after = self.attached.iter().map(|policy| if policy.id == changed.id { changed } else { policy });
        Self::new(after.map(Arc::clone))
    }

    /// The policies that decide, in the order in which they were attached.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<CompiledPolicy>> {
        self.attached.iter().filter(|policy| !policy.enforcement.is_shadow())
    }

    /// All of them, in the order in which they were attached: those that decide and those in shadow.
    pub fn attached(&self) -> impl Iterator<Item = &Arc<CompiledPolicy>> {
        self.attached.iter()
    }

    /// About how many steps a decision takes: those of its rules ([`Rule::cost`]), and what it takes to put them together.
    pub(crate) fn cost(&self) -> usize {
        const DECISION_STEPS: usize = 19;
        let compiled = self.asked.iter().filter_map(|policy| policy.compiled.as_ref());
        DECISION_STEPS + compiled.map(|policy| policy.rule.cost()).sum::<usize>()
    }

    /// The ids of all policies.
    pub(crate) fn ids(&self) -> Vec<PolicyId> {
        self.attached.iter().map(|policy| policy.id).collect()
    }

    /// Whether a caller may know of the endpoint that these are attached to.
    #[must_use]
    pub fn is_visible(&self, published: bool, caller: &Caller<'_>) -> bool {
        caller.concealment(published, self.names_callers()).is_none()
    }

    /// Decides whether a caller may query the endpoint that these are attached to.
    #[must_use]
    pub fn decide(&self, resource: Resource, caller: &Caller<'_>, context: &DecisionContext<'_>) -> Decision {
        let asked = Asked::of(resource, caller, context);
        let diagnostics = self.diagnose(resource, caller, &asked);
        let reason = diagnostics.reason;
        let effect = reason.effect();
        let mut decision = Decision {
            effect,
            obligations: Vec::new(),
            limits: Vec::new(),
            retry_after: None,
            unapproved: None,
            purposes: Vec::new(),
            filters: Vec::new(),
            refusing: None,
            diagnostics,
        };
        match effect {
            Effect::Allow => self.oblige(&mut decision, &asked),
            Effect::Deny if reason == Reason::PurposeMissing => decision.purposes = self.purposes(),
            Effect::Deny => decision.refusing = self.refusing(decision.diagnostics.decided_by.as_ref()),
        }
        decision
    }

    /// Why [`decide`](Self::decide) lets a caller in, or does not, where nothing is to come of it.
    pub(crate) fn reason(
        &self,
        resource: Resource,
        caller: &Caller<'_>,
        context: &DecisionContext<'_>,
    ) -> Reason {
        self.diagnose(resource, caller, &Asked::of(resource, caller, context)).reason
    }

    fn diagnose(&self, resource: Resource, caller: &Caller<'_>, asked: &Asked<'_>) -> Diagnostics {
        let answers = Answers::of(&self.asked, asked);
        let names_callers = self.names_callers();
        let refusal = caller.concealment(resource.published, names_callers).or(answers.refusal);
        let reason = refusal.unwrap_or(match (&answers.decided_by, asked.subject) {
            _ if !caller.may_query() => Reason::MayNotQuery,
            (Some(_), _) => Reason::AllowedByPolicy,
            (None, Subject::Guest) => Reason::GuestsNotAdmitted,
            (None, Subject::Identified { .. }) if names_callers => Reason::NotDenied,
            (None, Subject::Identified { .. }) => Reason::MemberOfTenant,
        });
        Diagnostics { reason, decided_by: answers.decided_by, policies: answers.policies }
    }

    fn names_callers(&self) -> bool {
        self.asked.iter().any(|policy| policy.names_callers())
    }

    fn oblige(&self, decision: &mut Decision, asked: &Asked<'_>) {
        for policy in &self.asked {
            let Some(Compiled { policy_type, rule }) = &policy.compiled else { continue };
            if rule.stage() == Stage::Filter {
                decision.filters.push(Arc::clone(rule));
            }
            if let Some(obligation) = rule.obligation(&asked.facts(policy.id)) {
                let policy_type = Arc::clone(policy_type);
                let policy = PolicyRevision { id: policy.id, revision: policy.revision };
                decision.obligations.push(Demand { policy, policy_type, obligation });
            }
        }
    }

    /// The purposes that every policy allows that demands one.
    fn purposes(&self) -> Vec<Purpose> {
        let compiled = self.asked.iter().filter_map(|policy| policy.compiled.as_ref());
        let demanded = compiled.filter_map(|policy| policy.rule.purposes());
        let common = demanded.cloned().reduce(|common, others| &common & &others);
        common.into_iter().flatten().collect()
    }

    /// The type of the policy that refused: the one that decided, else the first that says who may query.
    fn refusing(&self, decider: Option<&Decider>) -> Option<Arc<dyn PolicyType>> {
        let decided =
            decider.and_then(|decider| self.asked.iter().find(|policy| policy.id == decider.policy));
        let refusing = decided.or_else(|| self.asked.iter().find(|policy| policy.names_callers()));
        let refusing = refusing.or_else(|| self.asked.first())?;
        refusing.compiled.as_ref().map(|policy| Arc::clone(&policy.policy_type))
    }
}

/// Policies in the order in which they are asked.
fn in_order<'a>(policies: impl Iterator<Item = &'a Arc<CompiledPolicy>>) -> Box<[Arc<CompiledPolicy>]> {
    let mut asked: Box<[_]> = policies.map(Arc::clone).collect();
    asked.sort_by_key(|policy| (policy.compiled.is_some(), policy.stage(), policy.effect() == Effect::Allow));
    asked
}
