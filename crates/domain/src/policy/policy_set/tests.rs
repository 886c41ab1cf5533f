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
    let step = |number, effect, outcome| {
        let (policy, enforcement) = (id(number), Enforcement::Enforce);
        PolicyDiagnostic { policy, revision: 1, enforcement, effect, outcome }
    };
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
