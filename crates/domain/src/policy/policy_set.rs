//! The policies of an endpoint, compiled: the one place where a query is decided on.

mod answers;

use std::sync::Arc;

use answers::Answers;

use crate::group::GroupName;
use crate::ids::{EndpointId, HubId, PolicyId};
use crate::marketplace::MarketplaceName;
use crate::policy::configuration::PolicyConfiguration;
use crate::policy::context::{DecisionContext, Resource};
use crate::policy::decision::{
    Caller, Decider, Decision, Demand, Diagnostics, PolicyDiagnostic, PolicyVerdict, Reason,
};
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

/// The policies attached to an endpoint. Never changes.
#[derive(Clone, Default)]
pub struct PolicySet {
    /// In the order in which they were attached.
    attached: Box<[Arc<CompiledPolicy>]>,
    /// In the order in which they are asked: those that cannot be evaluated, then by stage, and those that deny first.
    asked: Box<[Arc<CompiledPolicy>]>,
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
        Self { id, revision, compiled }
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
        PolicyDiagnostic { policy: self.id, revision: self.revision, effect: self.effect(), outcome }
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
        let mut asked = attached.clone();
        asked.sort_by_key(|policy| {
            (policy.compiled.is_some(), policy.stage(), policy.effect() == Effect::Allow)
        });
        Self { attached, asked }
    }

    /// These, of which one is changed.
    pub(crate) fn with_changed(&self, changed: &Arc<CompiledPolicy>) -> Self {
        let after = self.attached.iter().map(|policy| if policy.id == changed.id { changed } else { policy });
        Self::new(after.map(Arc::clone))
    }

    /// The policies, in the order in which they were attached.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<CompiledPolicy>> {
        self.attached.iter()
    }

    /// About how many steps a decision takes: those of its rules ([`Rule::cost`]), and what it takes to put them together.
    pub(crate) fn cost(&self) -> usize {
        const DECISION_STEPS: usize = 19;
        let compiled = self.attached.iter().filter_map(|policy| policy.compiled.as_ref());
        DECISION_STEPS + compiled.map(|policy| policy.rule.cost()).sum::<usize>()
    }

    /// The ids of the policies.
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
        self.attached.iter().any(|policy| policy.names_callers())
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::access::Role;
    use crate::identity::Email;
    use crate::policy::context::QueryFacts;
    use crate::time::Timestamp;

    fn rules(policies: &[Value]) -> PolicySet {
        let types = PolicyTypes::default();
        let parsed = policies.iter().map(|policy| types.parse("access", policy).unwrap());
        let compiled =
            (0..).map(id).zip(parsed).map(|(id, policy)| CompiledPolicy::compile(&types, id, 1, &policy));
        PolicySet::new(compiled.map(Arc::new))
    }

    fn decide(policies: &[Value], subject: Subject<'_>) -> Decision {
        let caller = Caller::HubUser { hub: Some(HubId::from_bytes([9; 16])), subject };
        rules(policies).decide(published(), &caller, &DecisionContext::at(Timestamp::from_unix_micros(0)))
    }

    fn published() -> Resource {
        Resource::published(EndpointId::from_bytes([0; 16]))
    }

    fn id(number: u8) -> PolicyId {
        PolicyId::from_bytes([number; 16])
    }

    fn allow(patterns: &[&str]) -> Value {
        json!({"mode": "allow", "patterns": patterns})
    }

    fn deny(patterns: &[&str]) -> Value {
        json!({"mode": "deny", "patterns": patterns})
    }

    fn guests(mode: &str, guests: bool) -> Value {
        json!({"mode": mode, "patterns": ["*", "*@*", "guest@syfthub.org"], "guests": guests})
    }

    fn on(policies: &[Value], email: &str) -> Reason {
        let email = Email::parse(email).unwrap();
        decide(policies, Subject::Identified { email: Some(&email) }).diagnostics.reason
    }

    fn on_unknown(policies: &[Value]) -> Reason {
        decide(policies, Subject::Identified { email: None }).diagnostics.reason
    }

    fn on_guest(policies: &[Value]) -> Reason {
        decide(policies, Subject::Guest).diagnostics.reason
    }

    #[test]
    fn z2_allow_mode_admits_whom_it_names_and_nobody_else() {
        let policies = [allow(&["*@company.com", "ada@example.com"])];
        assert_eq!(on(&policies, "bob@company.com"), Reason::AllowedByPolicy);
        assert_eq!(on(&policies, "Ada@Example.com"), Reason::AllowedByPolicy);
        assert_eq!(on(&policies, "bob@example.com"), Reason::NoPolicyAllows);
        assert_eq!(on(&[allow(&[])], "ada@example.com"), Reason::NoPolicyAllows);
    }

    #[test]
    fn z2_one_of_several_allow_policies_is_enough() {
        let policies = [allow(&["*@company.com"]), allow(&["ada@example.com"])];
        assert_eq!(on(&policies, "ada@example.com"), Reason::AllowedByPolicy);
    }

    #[test]
    fn z2_deny_mode_refuses_whom_it_names_and_nobody_else() {
        let policies = [deny(&["*@competitor.com"])];
        assert_eq!(on(&policies, "bob@competitor.com"), Reason::DeniedByPolicy);
        assert_eq!(on(&policies, "bob@company.com"), Reason::NotDenied);
    }

    #[test]
    fn z2_a_deny_match_refuses_whatever_allows() {
        let policies = [allow(&["ada@example.com"]), allow(&["*"]), deny(&["*@example.com"])];
        assert_eq!(on(&policies, "ada@example.com"), Reason::DeniedByPolicy);
        assert_eq!(on(&policies, "ada@company.com"), Reason::AllowedByPolicy);
    }

    #[test]
    fn f4_no_pattern_admits_a_guest() {
        assert_eq!(on_guest(&[guests("allow", false)]), Reason::GuestsNotAdmitted);
        assert_eq!(on_guest(&[guests("deny", false)]), Reason::GuestsNotAdmitted);
        assert_eq!(on_guest(&[guests("allow", true)]), Reason::AllowedByPolicy);
        assert_eq!(on_guest(&[guests("allow", false), guests("allow", true)]), Reason::AllowedByPolicy);
    }

    #[test]
    fn f4_a_policy_that_denies_guests_refuses_them_whatever_allows() {
        assert_eq!(on_guest(&[guests("allow", true), guests("deny", true)]), Reason::DeniedByPolicy);
        assert_eq!(on_guest(&[guests("allow", true), guests("deny", false)]), Reason::AllowedByPolicy);
    }

    #[test]
    fn f4_only_a_guest_who_is_admitted_learns_that_a_purpose_is_demanded() {
        let types = PolicyTypes::default();
        let purpose = types.parse("purpose", &json!({"allowed": ["teaching"]})).unwrap();
        for (access, reason) in [
            (guests("deny", false), Reason::GuestsNotAdmitted),
            (guests("allow", false), Reason::GuestsNotAdmitted),
            (guests("allow", true), Reason::PurposeMissing),
        ] {
            let access = types.parse("access", &access).unwrap();
            let compiled = [(1, &purpose), (2, &access)];
            let compiled = compiled.map(|(n, one)| Arc::new(CompiledPolicy::compile(&types, id(n), 1, one)));
            let facts = QueryFacts::default();
            let context = DecisionContext::at(Timestamp::from_unix_micros(0)).of_query(facts);
            let caller = Caller::HubUser { hub: Some(HubId::from_bytes([9; 16])), subject: Subject::Guest };
            let decision = PolicySet::new(compiled).decide(published(), &caller, &context);
            assert_eq!(decision.diagnostics.reason, reason);
            assert_eq!(decision.purposes.is_empty(), reason == Reason::GuestsNotAdmitted);
        }
    }

    #[test]
    fn z2_the_lone_star_is_decided_without_an_address() {
        assert_eq!(on_unknown(&[allow(&["ada@example.com", "*"])]), Reason::AllowedByPolicy);
        assert_eq!(on_unknown(&[allow(&["*@a.com"]), allow(&["*"])]), Reason::AllowedByPolicy);
        assert_eq!(on_unknown(&[deny(&["*"])]), Reason::DeniedByPolicy);
        assert_eq!(on_unknown(&[deny(&["*@a.com"]), deny(&["*"])]), Reason::DeniedByPolicy);
        assert_eq!(on_unknown(&[allow(&[])]), Reason::NoPolicyAllows);
    }

    #[test]
    fn z2_an_unknown_address_that_matters_is_refused() {
        assert_eq!(on_unknown(&[allow(&["*@*"])]), Reason::AddressUnknown);
        assert_eq!(on_unknown(&[deny(&["ada@example.com"])]), Reason::AddressUnknown);
        assert_eq!(on_unknown(&[allow(&["*"]), deny(&["ada@example.com"])]), Reason::AddressUnknown);
        assert_eq!(on_unknown(&[allow(&["*", "ada@example.com"])]), Reason::AllowedByPolicy);
    }

    #[test]
    fn z2_without_an_access_policy_nothing_here_allows() {
        assert!(!PolicySet::default().names_callers());
        assert_eq!(on(&[], "ada@example.com"), Reason::NoAccessPolicy);
        assert_eq!(on_guest(&[]), Reason::NoAccessPolicy);
        assert!(rules(&[deny(&[])]).names_callers());
    }

    #[test]
    fn z2_a_member_is_let_in_for_what_they_are_or_because_nobody_denies_them() {
        let email = Email::parse("ada@example.com").unwrap();
        let reason = |policies: &[Value], role| {
            let caller = Caller::Member { role, email: Some(&email) };
            let context = DecisionContext::at(Timestamp::from_unix_micros(0));
            rules(policies).decide(published(), &caller, &context).diagnostics.reason
        };
        assert_eq!(reason(&[], Role::User), Reason::MemberOfTenant);
        assert_eq!(reason(&[deny(&["bob@*"])], Role::User), Reason::NotDenied);
        assert_eq!(reason(&[allow(&["*"])], Role::User), Reason::AllowedByPolicy);
        assert_eq!(reason(&[allow(&["*"])], Role::Viewer), Reason::MayNotQuery);
        assert_eq!(reason(&[], Role::Viewer), Reason::NoAccessPolicy);
    }

    #[test]
    fn z2_an_explanation_names_the_policy_and_the_rule_that_decided() {
        let policies =
            [allow(&["*"]), deny(&["bob@*", "*@evil.com"]), allow(&["ada@evil.com"]), deny(&["ada@*"])];
        let ada = Email::parse("ada@evil.com").unwrap();
        let decision = decide(&policies, Subject::Identified { email: Some(&ada) });
        let rule: Arc<str> = "*@evil.com".into();
        assert_eq!(decision.effect.to_string(), "deny");
        assert_eq!(decision.diagnostics.reason.to_string(), "denied_by_policy");
        assert_eq!(
            decision.diagnostics.decided_by,
            Some(Decider { policy: id(1), revision: 1, rule: rule.clone() })
        );
        let step =
            |number, effect, outcome| PolicyDiagnostic { policy: id(number), revision: 1, effect, outcome };
        assert_eq!(
            decision.diagnostics.policies,
            [
                step(1, Effect::Deny, PolicyVerdict::Matched(rule)),
                step(3, Effect::Deny, PolicyVerdict::Skipped),
                step(0, Effect::Allow, PolicyVerdict::Skipped),
                step(2, Effect::Allow, PolicyVerdict::Skipped),
            ]
        );
    }

    #[test]
    fn z2_a_policy_that_cannot_be_evaluated_refuses_everybody() {
        let types = PolicyTypes::default();
        let stored = |type_name, text| PolicyConfiguration::from_storage(type_name, text, 0);
        let open = types.parse("access", &allow(&["*"])).unwrap();
        let denying = types.parse("access", &deny(&["*"])).unwrap();
        for closed in [
            stored("rate_limit", "{}"),
            stored("access", r#"{"mode":"maybe","patterns":[]}"#),
            stored("access", "{"),
            stored("access", ""),
        ] {
            for configurations in
                [vec![&closed], vec![&open, &closed], vec![&closed, &open], vec![&denying, &closed]]
            {
                let compiled = configurations.into_iter().zip(0..);
                let compiled =
                    compiled.map(|(policy, n)| Arc::new(CompiledPolicy::compile(&types, id(n), 1, policy)));
                let policies = PolicySet::new(compiled);
                let caller = Caller::HubUser {
                    hub: Some(HubId::from_bytes([9; 16])),
                    subject: Subject::Identified { email: None },
                };
                let context = DecisionContext::at(Timestamp::from_unix_micros(0));
                let decision = policies.decide(published(), &caller, &context);
                assert_eq!(decision.diagnostics.reason, Reason::PolicyUnavailable);
                assert!(!decision.is_allow());
            }
        }
    }
}
