//! Whether somebody may query an endpoint, by the access policies attached to it, and why.

use std::fmt;
use std::sync::Arc;

use crate::identity::Email;
use crate::ids::PolicyId;
use crate::policy::{AccessConfiguration, EmailPattern, Mode, PatternSet, Policy, PolicyConfiguration};

/// Who wants to query.
#[derive(Debug, Clone, Copy)]
pub enum Subject<'a> {
    /// Somebody who has proved who they are: a member, or a user of a marketplace.
    Identified {
        /// Their address, if it is known.
        email: Option<&'a Email>,
    },
    /// Anybody at all. No pattern ever means a guest, whatever address a guest's token shows.
    Guest,
}

/// The access policies of an endpoint, compiled. Never changes; a clone is a pointer to the same.
///
/// 1. Whom any policy of mode deny means is refused, whatever allows them.
/// 2. If there is a policy of mode allow, at least one must mean the caller. Where all are of mode deny, an
///    identified caller whom none means is allowed.
/// 3. A pattern other than `*` alone cannot be looked at without the caller's address: if the address is unknown
///    and the verdict would hang on it, they are refused.
/// 4. A guest is meant where `guests` is true, and nowhere else.
///
/// The order of the policies tells which of several is named as the one that decided, and nothing more.
#[derive(Debug, Clone, Default)]
pub struct AccessRules(Arc<Rules>);

#[derive(Debug, Default)]
struct Rules {
    denies: Vec<Compiled>,
    allows: Vec<Compiled>,
}

#[derive(Debug)]
struct Compiled {
    policy: PolicyId,
    patterns: PatternSet,
    guests: bool,
}

/// Whether somebody may query, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Why; this also tells whether.
    pub reason: Reason,
    /// What decided, where one rule did.
    pub decided_by: Option<Decider>,
}

/// Why somebody may query or may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// A policy allows them.
    AllowedByPolicy,
    /// There are policies of mode deny alone, and none means them.
    NotDenied,
    /// A policy denies them.
    DeniedByPolicy,
    /// There are policies of mode allow, and none means them.
    NoPolicyAllows,
    /// They are a guest, and no policy allows guests.
    GuestsNotAdmitted,
    /// The verdict hangs on their address, which is unknown.
    AddressUnknown,
    /// There is no access policy, so nothing here allows anybody. Whether members may query all the same is for
    /// the caller of this.
    NoAccessPolicy,
}

/// The rule that decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decider {
    /// Its policy.
    pub policy: PolicyId,
    /// The rule.
    pub rule: Rule,
}

/// One rule of an access policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// A pattern.
    Pattern(EmailPattern),
    /// That guests are meant.
    Guests,
}

/// A verdict, and how it came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The verdict.
    pub verdict: Verdict,
    /// What each policy had to say: those of mode deny first, for they are asked first.
    pub steps: Vec<Step>,
}

/// What one policy had to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The policy.
    pub policy: PolicyId,
    /// Its mode.
    pub mode: Mode,
    /// What it said.
    pub outcome: StepOutcome,
}

/// What one policy says of somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepOutcome {
    /// It means them, by this rule.
    Matched(Rule),
    /// It does not mean them.
    NotMatched,
    /// It could not tell without their address.
    AddressUnknown,
    /// It was not asked, for the verdict stood.
    Skipped,
}

impl AccessRules {
    /// Compiles the access policies among these.
    #[must_use]
    pub fn compile(policies: &[Policy]) -> Self {
        Self::of(policies.iter().map(|policy| match &policy.configuration {
            PolicyConfiguration::Access(access) => (policy.id, access),
        }))
    }

    /// Compiles access configurations, each under the id that verdicts name it by.
    #[must_use]
    pub fn of<'a>(policies: impl IntoIterator<Item = (PolicyId, &'a AccessConfiguration)>) -> Self {
        let mut rules = Rules::default();
        for (policy, access) in policies {
            let patterns = PatternSet::compile(&access.patterns);
            let compiled = Compiled { policy, patterns, guests: access.guests };
            match access.mode {
                Mode::Allow => rules.allows.push(compiled),
                Mode::Deny => rules.denies.push(compiled),
            }
        }
        Self(Arc::new(rules))
    }

    /// Whether there is no access policy at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.denies.is_empty() && self.0.allows.is_empty()
    }

    /// Whether the verdict on an identified caller hangs on their address.
    #[must_use]
    pub fn needs_email(&self) -> bool {
        self.verdict(Subject::Identified { email: None }).reason == Reason::AddressUnknown
    }

    /// Whether somebody may query, and why. Allocates nothing.
    #[must_use]
    pub fn verdict(&self, subject: Subject<'_>) -> Verdict {
        let Rules { denies, allows } = &*self.0;
        if self.is_empty() {
            return Verdict::of(Reason::NoAccessPolicy);
        }
        match ask(denies, subject) {
            ModeOutcome::Meant(decider) => return Verdict::by(Reason::DeniedByPolicy, decider),
            ModeOutcome::AddressUnknown => return Verdict::of(Reason::AddressUnknown),
            ModeOutcome::NotMeant => {}
        }
        match (ask(allows, subject), subject) {
            (ModeOutcome::Meant(decider), _) => Verdict::by(Reason::AllowedByPolicy, decider),
            (ModeOutcome::AddressUnknown, _) => Verdict::of(Reason::AddressUnknown),
            (ModeOutcome::NotMeant, Subject::Guest) => Verdict::of(Reason::GuestsNotAdmitted),
            (ModeOutcome::NotMeant, Subject::Identified { .. }) if allows.is_empty() => {
                Verdict::of(Reason::NotDenied)
            }
            (ModeOutcome::NotMeant, Subject::Identified { .. }) => Verdict::of(Reason::NoPolicyAllows),
        }
    }

    /// The same verdict, with what each policy had to say.
    #[must_use]
    pub fn explain(&self, subject: Subject<'_>) -> Explanation {
        let verdict = self.verdict(subject);
        let denies = self.0.denies.iter().map(|one| (Mode::Deny, one));
        let allows = self.0.allows.iter().map(|one| (Mode::Allow, one));
        let mut stands = false;
        let steps = denies.chain(allows).map(|(mode, one)| {
            let outcome = if stands { StepOutcome::Skipped } else { one.tell(subject) };
            stands |= verdict.decided_by.as_ref().is_some_and(|decider| decider.policy == one.policy);
            Step { policy: one.policy, mode, outcome }
        });
        Explanation { steps: steps.collect(), verdict }
    }
}

/// What all policies of one mode say together.
enum ModeOutcome {
    Meant(Decider),
    NotMeant,
    AddressUnknown,
}

fn ask(policies: &[Compiled], subject: Subject<'_>) -> ModeOutcome {
    let mut told = ModeOutcome::NotMeant;
    for one in policies {
        match one.tell(subject) {
            StepOutcome::Matched(rule) => return ModeOutcome::Meant(Decider { policy: one.policy, rule }),
            StepOutcome::AddressUnknown => told = ModeOutcome::AddressUnknown,
            StepOutcome::NotMatched | StepOutcome::Skipped => {}
        }
    }
    told
}

impl Compiled {
    fn tell(&self, subject: Subject<'_>) -> StepOutcome {
        let rule = match subject {
            Subject::Guest => self.guests.then_some(Rule::Guests),
            Subject::Identified { email } => {
                let pattern = match email {
                    Some(email) => {
                        self.patterns.first_match(email).and_then(|index| self.patterns.get(index))
                    }
                    None => self.patterns.everyone(),
                };
                if pattern.is_none() && email.is_none() && self.patterns.needs_email() {
                    return StepOutcome::AddressUnknown;
                }
                pattern.cloned().map(Rule::Pattern)
            }
        };
        rule.map_or(StepOutcome::NotMatched, StepOutcome::Matched)
    }
}

impl Verdict {
    fn of(reason: Reason) -> Self {
        Self { reason, decided_by: None }
    }

    fn by(reason: Reason, decider: Decider) -> Self {
        Self { reason, decided_by: Some(decider) }
    }

    /// Whether they may query.
    #[must_use]
    pub fn is_allow(&self) -> bool {
        matches!(self.reason, Reason::AllowedByPolicy | Reason::NotDenied)
    }
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 7] = [
        Self::AllowedByPolicy,
        Self::NotDenied,
        Self::DeniedByPolicy,
        Self::NoPolicyAllows,
        Self::GuestsNotAdmitted,
        Self::AddressUnknown,
        Self::NoAccessPolicy,
    ];

    /// The reason's code in JSON and in the audit log. It never changes.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AllowedByPolicy => "allowed_by_policy",
            Self::NotDenied => "not_denied",
            Self::DeniedByPolicy => "denied_by_policy",
            Self::NoPolicyAllows => "no_policy_allows",
            Self::GuestsNotAdmitted => "guests_not_admitted",
            Self::AddressUnknown => "address_unknown",
            Self::NoAccessPolicy => "no_access_policy",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Verdict {
    /// `allow` or `deny`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_allow() { "allow" } else { "deny" })
    }
}

impl fmt::Display for Rule {
    /// The pattern, or `guests`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pattern(pattern) => pattern.fmt(f),
            Self::Guests => f.write_str("guests"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn rules(policies: &[Value]) -> AccessRules {
        let parsed: Vec<_> = policies.iter().map(|one| AccessConfiguration::parse(one).unwrap()).collect();
        AccessRules::of((0..).map(id).zip(&parsed))
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
        rules(policies).verdict(Subject::Identified { email: Some(&Email::parse(email).unwrap()) }).reason
    }

    fn on_unknown(policies: &[Value]) -> Reason {
        rules(policies).verdict(Subject::Identified { email: None }).reason
    }

    fn on_guest(policies: &[Value]) -> Reason {
        rules(policies).verdict(Subject::Guest).reason
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
        assert!(rules(&[allow(&["*"]), deny(&["ada@example.com"])]).needs_email());
        assert!(!rules(&[allow(&["*", "ada@example.com"])]).needs_email());
    }

    #[test]
    fn z2_without_an_access_policy_nothing_here_allows() {
        assert!(AccessRules::default().is_empty());
        assert_eq!(on(&[], "ada@example.com"), Reason::NoAccessPolicy);
        assert_eq!(on_guest(&[]), Reason::NoAccessPolicy);
        assert!(!rules(&[deny(&[])]).is_empty());
    }

    #[test]
    fn z2_an_explanation_names_the_policy_and_the_rule_that_decided() {
        let policies =
            [allow(&["*"]), deny(&["bob@*", "*@evil.com"]), allow(&["ada@evil.com"]), deny(&["ada@*"])];
        let ada = Email::parse("ada@evil.com").unwrap();
        let explanation = rules(&policies).explain(Subject::Identified { email: Some(&ada) });
        let rule = Rule::Pattern(EmailPattern::parse("*@evil.com").unwrap());
        assert_eq!(explanation.verdict.to_string(), "deny");
        assert_eq!(explanation.verdict.reason.to_string(), "denied_by_policy");
        assert_eq!(explanation.verdict.decided_by, Some(Decider { policy: id(1), rule: rule.clone() }));
        let step = |number, mode, outcome| Step { policy: id(number), mode, outcome };
        assert_eq!(
            explanation.steps,
            [
                step(1, Mode::Deny, StepOutcome::Matched(rule)),
                step(3, Mode::Deny, StepOutcome::Skipped),
                step(0, Mode::Allow, StepOutcome::Skipped),
                step(2, Mode::Allow, StepOutcome::Skipped),
            ]
        );
    }

    #[test]
    fn i1_every_reason_allows_or_refuses_and_has_a_code_of_its_own() {
        let codes: std::collections::HashSet<_> = Reason::ALL.into_iter().map(Reason::as_str).collect();
        assert_eq!(codes.len(), Reason::ALL.len());
        let allowing = Reason::ALL.into_iter().filter(|reason| Verdict::of(*reason).is_allow());
        assert_eq!(allowing.collect::<Vec<_>>(), [Reason::AllowedByPolicy, Reason::NotDenied]);
    }
}
