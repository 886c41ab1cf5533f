//! Properties of patterns and verdicts, against a slow reference that tries everything one by one.

#![expect(clippy::unwrap_used, reason = "tests and their helpers may panic")]

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::json;
use syft_space_domain::identity::Email;
use syft_space_domain::ids::{EndpointId, HubId, PolicyId};
use syft_space_domain::policy::{
    AccessConfiguration, Caller, CompiledPolicy, Decision, DecisionContext, Effect, EmailPattern, PatternSet,
    PolicyDiagnostic, PolicySet, PolicyTypes, PolicyVerdict, Reason, Resource, Subject, Validity,
};
use syft_space_domain::time::Timestamp;

/// Whether a pattern matches, by trying at each `*` every run it could stand for.
fn matches_slowly(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), tried) => {
            matches_slowly(rest, text)
                || tried.is_some_and(|(eaten, after)| *eaten != b'@' && matches_slowly(pattern, after))
        }
        (Some((wanted, rest)), Some((found, after))) => wanted == found && matches_slowly(rest, after),
        (None, Some(_)) | (Some(_), None) => false,
    }
}

fn means_slowly(pattern: &EmailPattern, email: &Email) -> bool {
    pattern.as_str() == "*" || matches_slowly(pattern.as_str().as_bytes(), email.as_str().as_bytes())
}

/// The verdict's reason as the published text words it, by going through every pattern of every policy.
fn reason_slowly(policies: &[(PolicyId, AccessConfiguration)], subject: Subject<'_>) -> Reason {
    let means = |one: &AccessConfiguration| match subject {
        Subject::Guest => Some(one.guests),
        Subject::Identified { email: Some(email) } => {
            Some(one.patterns.iter().any(|p| means_slowly(p, email)))
        }
        Subject::Identified { email: None } if one.patterns.iter().any(|p| p.as_str() == "*") => Some(true),
        Subject::Identified { email: None } => one.patterns.is_empty().then_some(false),
    };
    let of = |mode| policies.iter().filter(move |(_, one)| one.mode == mode).map(|(_, one)| means(one));
    if policies.is_empty() {
        Reason::NoAccessPolicy
    } else if of(Effect::Deny).any(|meant| meant == Some(true)) {
        Reason::DeniedByPolicy
    } else if of(Effect::Deny).any(|meant| meant.is_none()) {
        Reason::AddressUnknown
    } else if of(Effect::Allow).any(|meant| meant == Some(true)) {
        Reason::AllowedByPolicy
    } else if of(Effect::Allow).any(|meant| meant.is_none()) {
        Reason::AddressUnknown
    } else if matches!(subject, Subject::Guest) {
        Reason::GuestsNotAdmitted
    } else if of(Effect::Allow).next().is_none() {
        Reason::NotDenied
    } else {
        Reason::NoPolicyAllows
    }
}

/// What the steps of an explanation amount to, read without the verdict.
fn reason_of_steps(steps: &[PolicyDiagnostic], subject: Subject<'_>) -> Reason {
    let any = |effect: Effect, said: fn(&PolicyVerdict) -> bool| {
        steps.iter().any(|step| step.effect == effect && said(&step.outcome))
    };
    let matched = |outcome: &PolicyVerdict| matches!(outcome, PolicyVerdict::Matched(_));
    let unknown = |outcome: &PolicyVerdict| *outcome == PolicyVerdict::AddressUnknown;
    if steps.is_empty() {
        Reason::NoAccessPolicy
    } else if any(Effect::Deny, matched) {
        Reason::DeniedByPolicy
    } else if any(Effect::Deny, unknown) {
        Reason::AddressUnknown
    } else if any(Effect::Allow, matched) {
        Reason::AllowedByPolicy
    } else if any(Effect::Allow, unknown) {
        Reason::AddressUnknown
    } else if matches!(subject, Subject::Guest) {
        Reason::GuestsNotAdmitted
    } else if any(Effect::Allow, |_| true) {
        Reason::NoPolicyAllows
    } else {
        Reason::NotDenied
    }
}

// Few letters, so that patterns and addresses often meet.
fn email() -> impl Strategy<Value = Email> {
    "[ab]{1,3}(\\.[ab]{1,2})?@[ab]{1,2}(\\.[ab]{1,2}){1,2}"
        .prop_filter_map("an address", |text| Email::parse(&text).ok())
}

fn pattern() -> impl Strategy<Value = EmailPattern> {
    let glob = "[ab*]{1,3}(\\.[ab*]{1,2})?@[ab*]{1,2}(\\.[ab*]{1,2}){1,2}"
        .prop_map(|text| EmailPattern::parse(&text));
    let any = Just(EmailPattern::parse("*"));
    let domain = "\\*@[ab]{1,2}\\.[ab]{1,2}".prop_map(|text| EmailPattern::parse(&text));
    let address = email().prop_map(|email| EmailPattern::parse(email.as_str()));
    prop_oneof![8 => glob, 1 => any, 4 => domain, 4 => address].prop_map(Result::unwrap)
}

fn policies() -> impl Strategy<Value = Vec<(PolicyId, AccessConfiguration)>> {
    let mode = prop_oneof![Just(Effect::Allow), Just(Effect::Deny)];
    let one =
        (mode, prop::collection::vec(pattern(), 0..5), any::<bool>()).prop_map(|(mode, patterns, guests)| {
            AccessConfiguration {
                mode,
                patterns,
                hubs: Vec::new(),
                groups: Vec::new(),
                guests,
                validity: Validity::default(),
            }
        });
    prop::collection::vec(one, 0..5)
        .prop_map(|all| (0..).map(|number| PolicyId::from_bytes([number; 16])).zip(all).collect())
}

/// The access policies of a published endpoint, asked by a user of a hub.
struct Rules(PolicySet);

impl Rules {
    fn decide(&self, subject: Subject<'_>) -> Decision {
        let caller = Caller::HubUser { hub: Some(HubId::from_bytes([7; 16])), subject };
        let resource = Resource::published(EndpointId::from_bytes([9; 16]));
        self.0.decide(resource, &caller, &DecisionContext::at(Timestamp::from_unix_micros(0)))
    }

    fn reason(&self, subject: Subject<'_>) -> Reason {
        self.decide(subject).diagnostics.reason
    }
}

fn compile(policies: &[(PolicyId, AccessConfiguration)]) -> Rules {
    let types = PolicyTypes::default();
    let compiled = policies.iter().map(|(id, one)| {
        let configuration = types.parse("access", &one.to_json()).unwrap();
        Arc::new(CompiledPolicy::compile(&types, *id, 1, &configuration))
    });
    Rules(PolicySet::new(compiled))
}

const UNKNOWN: Subject<'static> = Subject::Identified { email: None };

fn known(email: &Email) -> Subject<'_> {
    Subject::Identified { email: Some(email) }
}

fn subjects(email: &Email) -> [Subject<'_>; 3] {
    [known(email), UNKNOWN, Subject::Guest]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn k12_the_linear_glob_matches_what_trying_everything_matches(pattern in pattern(), email in email()) {
        prop_assert_eq!(pattern.matches(&email), means_slowly(&pattern, &email), "{} on {}", pattern, email);
    }

    #[test]
    fn z2_a_compiled_set_answers_as_one_by_one(
        patterns in prop::collection::vec(pattern(), 0..25), emails in prop::collection::vec(email(), 1..12)
    ) {
        let set = PatternSet::compile(&patterns);
        for email in &emails {
            prop_assert_eq!(set.first_match(email), patterns.iter().position(|one| means_slowly(one, email)));
        }
    }

    #[test]
    fn z2_a_verdict_is_what_the_published_text_says(policies in policies(), email in email()) {
        let rules = compile(&policies);
        for subject in subjects(&email) {
            prop_assert_eq!(rules.reason(subject), reason_slowly(&policies, subject));
        }
    }

    #[test]
    fn z2_a_deny_match_refuses_whatever_allows(policies in policies(), email in email()) {
        let rules = compile(&policies);
        for (id, one) in &policies {
            if one.mode == Effect::Deny && one.patterns.iter().any(|pattern| means_slowly(pattern, &email)) {
                let alone = compile(&[(*id, one.clone())]);
                prop_assert!(!rules.decide(known(&email)).is_allow());
                prop_assert!(!alone.decide(known(&email)).is_allow());
            }
        }
    }

    #[test]
    fn z2_the_order_of_policies_never_changes_who_may(
        (policies, shuffled) in policies().prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
        email in email(),
    ) {
        for subject in subjects(&email) {
            let (one, other) = (compile(&policies).reason(subject), compile(&shuffled).reason(subject));
            prop_assert_eq!(one, other);
        }
    }

    #[test]
    fn z2_an_unknown_address_never_gains_what_an_address_would_not(policies in policies(), email in email()) {
        let rules = compile(&policies);
        if rules.decide(UNKNOWN).is_allow() {
            prop_assert!(rules.decide(known(&email)).is_allow());
        }
    }

    #[test]
    fn f4_a_guest_gets_in_by_a_policy_for_guests_alone(policies in policies()) {
        let admits = compile(&policies).decide(Subject::Guest).is_allow();
        prop_assert!(!admits || policies.iter().any(|(_, one)| one.mode == Effect::Allow && one.guests));
    }

    #[test]
    fn z2_an_explanation_agrees_with_the_verdict(policies in policies(), email in email()) {
        let rules = compile(&policies);
        for subject in subjects(&email) {
            let decision = rules.decide(subject);
            let diagnostics = &decision.diagnostics;
            prop_assert_eq!(diagnostics.reason.effect(), decision.effect);
            prop_assert_eq!(reason_of_steps(&diagnostics.policies, subject), diagnostics.reason);
            prop_assert_eq!(diagnostics.policies.len(), policies.len());
            for step in &diagnostics.policies {
                let (_, asked) = policies.iter().find(|(id, _)| *id == step.policy).unwrap();
                prop_assert_eq!(step.effect, asked.mode);
            }
            if let Some(decider) = &diagnostics.decided_by {
                let step = diagnostics.policies.iter().find(|step| step.policy == decider.policy).unwrap();
                prop_assert_eq!(&step.outcome, &PolicyVerdict::Matched(decider.rule.clone()));
                let (_, decided) = policies.iter().find(|(id, _)| *id == decider.policy).unwrap();
                match &*decider.rule {
                    "guests" => prop_assert!(decided.guests),
                    pattern => prop_assert!(decided.patterns.iter().any(|one| one.as_str() == pattern)),
                }
            }
        }
    }

    #[test]
    fn k10_an_address_as_a_pattern_matches_itself_alone(email in email(), other in email()) {
        let pattern = EmailPattern::parse(email.as_str()).unwrap();
        prop_assert!(pattern.matches(&email));
        prop_assert_eq!(pattern.matches(&other), email == other);
    }

    #[test]
    fn k12_no_text_makes_a_pattern_panic(
        text in r"\PC{0,60}|[\PC*@.]{0,60}|[*a-zäßı\u{212a}.@-]{0,60}|.{0,20}@.{0,20}", email in email()
    ) {
        if let Ok(pattern) = EmailPattern::parse(&text) {
            prop_assert_eq!(EmailPattern::parse(pattern.as_str()), Ok(pattern.clone()));
            prop_assert_eq!(pattern.matches(&email), PatternSet::compile(&[pattern]).first_match(&email).is_some());
        }
    }

    #[test]
    fn z2_a_configuration_reads_back_as_it_is_shown(policies in policies()) {
        for (_, one) in &policies {
            let parsed = AccessConfiguration::parse(&one.to_json()).unwrap();
            prop_assert_eq!(AccessConfiguration::parse(&parsed.to_json()), Ok(parsed.clone()));
            prop_assert_eq!((parsed.mode, parsed.guests), (one.mode, one.guests));
            prop_assert!(one.patterns.iter().all(|pattern| parsed.patterns.contains(pattern)));
        }
    }

    #[test]
    fn k12_no_list_makes_a_configuration_panic(
        texts in prop::collection::vec(r"\PC{0,12}@?\PC{0,12}", 0..8), mode in "allow|deny|\\PC{0,5}"
    ) {
        match AccessConfiguration::parse(&json!({"mode": mode, "patterns": texts})) {
            Ok(access) => prop_assert!(access.patterns.len() <= texts.len()),
            Err(error) => prop_assert!(error.pointer().starts_with('/')),
        }
    }
}

/// Whoever tries every run for each of these stars is not done before the sun goes out.
#[test]
fn k12_a_pattern_of_many_stars_is_matched_in_linear_time() {
    let pattern = EmailPattern::parse(&format!("{}@{}b", "*a".repeat(63), "*a".repeat(95))).unwrap();
    assert!(pattern.as_str().len() > 310);
    let domain = format!("{0}.{0}.{1}", "a".repeat(63), "a".repeat(60));
    let near_miss = Email::parse(&format!("{}@{domain}", "a".repeat(64))).unwrap();
    assert_eq!(near_miss.as_str().len(), 253);
    assert!(!pattern.matches(&near_miss));
    assert!(pattern.matches(&Email::parse(&format!("{near_miss}b")).unwrap()));
    assert_eq!(PatternSet::compile(&vec![pattern; 10_000]).first_match(&near_miss), None);
}
