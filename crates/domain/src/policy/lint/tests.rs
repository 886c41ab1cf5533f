//! The lint beside an oracle: all addresses up to a length, tried one by one.

use std::sync::{Arc, LazyLock};

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::access::Role;
use crate::group::{GroupMemberships, GroupName, GroupSnapshot};
use crate::identity::Email;
use crate::ids::{EndpointId, GroupId, HubId, PolicyId};
use crate::marketplace::{MarketplaceHubs, MarketplaceName};
use crate::policy::{
    AccessConfiguration, AccessEntry, Caller, CompiledPolicy, DecisionContext, Effect, EmailPattern,
    PolicySet, PolicyTypes, Reason, Resource,
};
use crate::time::Timestamp;

fn now() -> Timestamp {
    Timestamp::from_unix_micros(1_000)
}

fn policies(configurations: &[Value]) -> Vec<LintedPolicy> {
    let types = PolicyTypes::default();
    (1_u128..)
        .zip(configurations)
        .map(|(number, json)| LintedPolicy {
            id: PolicyId::from_bytes(number.to_be_bytes()),
            configuration: types.parse("access", json).unwrap(),
        })
        .collect()
}

/// `partners`, and `nobody`.
fn groups() -> GroupMemberships {
    let mut groups = GroupMemberships::default();
    for (number, name, members) in [(1, "partners", &["zoe@b.org", "ada@a.org"][..]), (2, "nobody", &[])] {
        let members = members.iter().map(|member| Email::parse(member).unwrap());
        let group = GroupSnapshot::of(GroupId::from_bytes([number; 16]), 1, members);
        groups.put(GroupName::parse(name).unwrap(), group);
    }
    groups
}

/// `fish` and `birds`, which are on one hub, and `plants` on another.
fn marketplaces() -> MarketplaceHubs {
    let hubs = [("fish", 1), ("birds", 1), ("plants", 2)];
    let named = hubs.map(|(name, hub)| (MarketplaceName::parse(name).unwrap(), HubId::from_bytes([hub; 16])));
    named.into_iter().collect()
}

fn linted(configurations: &[Value]) -> Lint {
    lint(&PolicyTypes::default(), &policies(configurations), &groups(), &marketplaces(), now())
}

fn matches(place: &PatternPlace, email: &Email) -> bool {
    match &place.pattern {
        AccessEntry::Pattern(pattern) => pattern.matches(email),
        AccessEntry::Hub(hub) => hub.pattern.matches(email),
        AccessEntry::Group(name) => groups().includes(name, email).unwrap(),
    }
}

/// The findings in short: the policy, the pattern, what is odd, and why.
fn told(configurations: &[Value]) -> Vec<String> {
    let lint = linted(configurations);
    assert!(!lint.truncated);
    let tell = |finding: &LintFinding| {
        let because = match (finding.oddity.rule(), finding.oddity.other()) {
            (Some(rule), _) => format!(": {rule}"),
            (None, Some(other)) => format!(" by {} {}", other.index, other.pattern),
            (None, None) => String::new(),
        };
        let LintFinding { at, oddity, .. } = finding;
        format!("{} {} {}{because}", at.index, at.pattern, oddity.as_str())
    };
    lint.findings.iter().map(tell).collect()
}

fn allow(patterns: &[&str]) -> Value {
    json!({ "mode": "allow", "patterns": patterns })
}

fn deny(patterns: &[&str]) -> Value {
    json!({ "mode": "deny", "patterns": patterns })
}

#[test]
fn k11_a_pattern_that_another_makes_useless_is_told_with_the_other() {
    assert_eq!(told(&[]), [""; 0]);
    assert_eq!(told(&[allow(&["ada@x.org", "*@x.org"])]), ["0 ada@x.org shadowed by 0 *@x.org"]);
    assert_eq!(
        told(&[allow(&["ada@x.org", "b*@x.org"]), allow(&["ada@x.org", "ben*@x.org"])]),
        ["1 ada@x.org shadowed by 0 ada@x.org", "1 ben*@x.org shadowed by 0 b*@x.org"]
    );
    assert_eq!(
        told(&[deny(&["ada@x.org"]), allow(&["ada@x.org", "*@x.org"])]),
        ["1 ada@x.org shadowed by 1 *@x.org", "1 ada@x.org contradictory by 0 ada@x.org"]
    );
    // A deny within an allow is what a deny is for.
    assert_eq!(told(&[deny(&["ada@x.org"]), allow(&["*@x.org"])]), [""; 0]);
    assert_eq!(told(&[deny(&["*"]), allow(&["*@x.org"])]), ["1 *@x.org contradictory by 0 *"]);
    assert_eq!(told(&[deny(&["*@*", "*"])]), ["0 *@* shadowed by 0 *"]);
    assert_eq!(told(&[deny(&["*", "*@*.org", "*@*.*"])]).len(), 2);
    // A domain name has a dot.
    assert_eq!(
        told(&[deny(&["*@*.*", "*@*"])]),
        ["0 *@* shadowed by 0 *@*.*"].map(|_| "0 *@* shadowed by 0 *@*.*")
    );
}

#[test]
fn k11_a_pattern_that_acts_at_other_times_makes_none_useless() {
    let until = |patterns: &[&str], until: &str| json!({ "mode": "allow", "patterns": patterns, "valid_until": until });
    let (sooner, later) = ("2027-01-01T00:00:00Z", "2028-01-01T00:00:00Z");
    assert_eq!(told(&[allow(&["ada@x.org"]), until(&["*@x.org"], sooner)]), [""; 0]);
    assert_eq!(
        told(&[until(&["ada@x.org"], sooner), until(&["*@x.org"], later)]),
        ["0 ada@x.org shadowed by 1 *@x.org"]
    );
    // The same pattern twice: the one that acts less long goes.
    assert_eq!(
        told(&[until(&["ada@x.org"], sooner), until(&["ada@x.org"], later)]),
        ["0 ada@x.org shadowed by 1 ada@x.org"]
    );
    // The example is told as of a time at which the policy acts.
    let ended = json!({ "mode": "allow", "patterns": ["*@*.com"], "valid_from": "1960-01-01T00:00:00Z",
                        "valid_until": "1961-01-01T00:00:00Z" });
    let lint = linted(&[ended]);
    let example = lint.findings.first().and_then(|finding| finding.example.clone()).unwrap();
    assert_eq!((example.effect, example.at.to_string().as_str()), (Effect::Allow, "1960-01-01T00:00:00Z"));
}

#[test]
fn k11_wide_costly_and_empty_patterns_are_told_with_their_rule() {
    assert_eq!(
        told(&[allow(&["*@gmail.com", "*@*.net", "ada@*", "*@ab--*.org", "a*b*c@x*y*z.x.net"])]),
        [
            "0 *@gmail.com too_wide: mail_provider",
            "0 *@*.net too_wide: open_domain",
            "0 ada@* too_wide: any_domain",
            "0 *@ab--*.org never_matching: no_such_domain",
            "0 a*b*c@x*y*z.x.net shadowed by 0 *@*.net",
            "0 a*b*c@x*y*z.x.net costly",
        ]
    );
    assert_eq!(told(&[allow(&["*"])]), ["0 * too_wide: everybody"]);
    // Whoever keeps many out has meant to.
    assert_eq!(told(&[deny(&["*", "hal@x.org"])]), ["0 hal@x.org shadowed by 0 *"]);
}

#[test]
fn k12_ten_thousand_patterns_are_looked_at_without_comparing_each_with_each() {
    let addresses: Vec<_> = (0..9_000).map(|number| format!("u{number}@d{}.org", number % 900)).collect();
    let domains: Vec<_> = (0..900).map(|number| format!("*@*d{number}.org")).collect();
    let mut patterns: Vec<&str> = addresses.iter().chain(&domains).map(String::as_str).collect();
    patterns.push("a*b*c@*.org");
    let lint = linted(&[deny(&patterns), allow(&["x*y*z@*", "u1*@d1.org"])]);
    assert_eq!(lint.findings.len(), MAX_FINDINGS);
    assert!(lint.truncated);
    let mixed: Vec<_> =
        (0..100).map(|number| format!("a*{}*@{number}x*{}*", "a".repeat(40), "b".repeat(60))).collect();
    let mixed: Vec<_> = mixed.iter().map(String::as_str).collect();
    let lint = linted(&[deny(&mixed), allow(&mixed)]);
    assert!(!lint.findings.is_empty());
}

/// All addresses up to a length, of few letters.
static ADDRESSES: LazyLock<Vec<Email>> = LazyLock::new(|| {
    let mut locals = texts("ac.", 4);
    locals.retain(|local| Email::parse(&format!("{local}@a.a")).is_ok());
    let mut domains = texts("ac-.", 6);
    domains.retain(|domain| Email::parse(&format!("a@{domain}")).is_ok());
    let pairs = locals.iter().flat_map(|local| domains.iter().map(move |domain| format!("{local}@{domain}")));
    pairs.map(|address| Email::parse(&address).unwrap()).collect()
});

#[test]
fn k11_a_group_is_told_of_where_nobody_is_in_it_or_another_policy_means_it_too() {
    let both = ["ada@a.org", "group:partners"];
    assert_eq!(told(&[allow(&both)]), [""; 0], "a member whom a pattern means too is not worth a word");
    assert_eq!(
        told(&[allow(&["group:nobody", "*@a.org"]), deny(&["group:nobody"])]),
        ["0 group:nobody never_matching: empty_group", "1 group:nobody never_matching: empty_group"]
    );
    assert_eq!(
        told(&[allow(&["group:partners"]), allow(&["*@c.org", "group:partners"])]),
        ["1 group:partners shadowed by 0 group:partners"]
    );
    assert_eq!(
        told(&[deny(&["group:partners", "*"]), deny(&["group:partners"])]),
        ["0 group:partners shadowed by 0 *", "1 group:partners shadowed by 0 *"]
    );
    let contradictory = [allow(&["group:partners"]), deny(&["group:partners"])];
    assert_eq!(told(&contradictory), ["0 group:partners contradictory by 1 group:partners"]);
    let finding = &linted(&contradictory).findings[0];
    let example = finding.example.as_ref().unwrap();
    assert_eq!((example.email.as_str(), example.effect), ("ada@a.org", Effect::Deny));
    assert_eq!(told(&[allow(&["group:unknown"])]), [""; 0], "of what cannot be read nothing is known");
}

/// All texts of these letters, up to a length.
fn texts(letters: &str, longest: usize) -> Vec<String> {
    let mut all = vec![];
    let mut last = vec![String::new()];
    for _ in 0..longest {
        last = last.iter().flat_map(|text| letters.chars().map(move |c| format!("{text}{c}"))).collect();
        all.extend(last.iter().cloned());
    }
    all
}

fn pattern() -> impl Strategy<Value = String> {
    let pattern = prop_oneof![
        1 => Just("*".to_owned()),
        20 => (r"[a*.]{1,3}", r"[a*.]{1,4}").prop_map(|(local, domain)| format!("{local}@{domain}")),
        10 => r"\*@[a*.-]{1,4}",
        5 => r"a@\*?-?-?\*?\.a",
    ];
    pattern.prop_filter("it is one", |text| EmailPattern::parse(text).is_ok())
}

#[test]
fn k11_users_of_a_marketplace_are_among_everybody_and_only_among_those_of_their_hub() {
    for (policies, expected) in [
        (vec![allow(&["hub:fish/*"])], vec![]),
        (
            vec![allow(&["hub:fish/ada@x.org", "hub:fish/*@x.org"])],
            vec!["0 hub:fish/ada@x.org shadowed by 0 hub:fish/*@x.org"],
        ),
        // Two accounts on one hub have the same users.
        (
            vec![allow(&["hub:fish/*@x.org"]), allow(&["hub:birds/*"])],
            vec!["0 hub:fish/*@x.org shadowed by 1 hub:birds/*"],
        ),
        (vec![allow(&["hub:fish/*@x.org"]), allow(&["hub:plants/*"])], vec![]),
        // A pattern means users of each marketplace, too; and theirs do not mean members.
        (
            vec![allow(&["hub:fish/*@x.org"]), allow(&["*@x.org"])],
            vec!["0 hub:fish/*@x.org shadowed by 1 *@x.org"],
        ),
        (vec![allow(&["ada@x.org"]), allow(&["hub:fish/*"])], vec![]),
        (
            vec![deny(&["*@x.org"]), allow(&["hub:fish/*@x.org"])],
            vec!["1 hub:fish/*@x.org contradictory by 0 *@x.org"],
        ),
        (
            vec![deny(&["hub:birds/*"]), allow(&["hub:fish/a@x.org"])],
            vec!["1 hub:fish/a@x.org contradictory by 0 hub:birds/*"],
        ),
        (
            vec![deny(&["hub:plants/*"]), allow(&["hub:fish/a@x.org", "a@x.org"])],
            vec!["1 hub:fish/a@x.org shadowed by 1 a@x.org"],
        ),
    ] {
        assert_eq!(told(&policies), expected, "{policies:?}");
    }
    let lint = linted(&[deny(&["*@x.org"]), allow(&["hub:fish/*@x.org"])]);
    let example = lint.findings.first().and_then(|finding| finding.example.clone()).unwrap();
    assert_eq!(example.marketplace.as_ref().map(MarketplaceName::as_str), Some("fish"));
    assert_eq!((example.effect, example.reason), (Effect::Deny, Reason::DeniedByPolicy));
}

fn set(policies: &[LintedPolicy]) -> PolicySet {
    let types = PolicyTypes::default();
    let compile = |policy: &LintedPolicy| {
        Arc::new(CompiledPolicy::compile(&types, policy.id, 1, &policy.configuration))
    };
    PolicySet::new(policies.iter().map(compile))
}

fn verdict(set: &PolicySet, email: &Email) -> Effect {
    let caller = Caller::Member { role: Role::User, email: Some(email) };
    let resource = Resource::published(EndpointId::from_bytes([0; 16]));
    set.decide(resource, &caller, &DecisionContext::at(now())).effect
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn k11_a_lint_finds_just_the_useless_patterns_that_trying_all_addresses_finds(
        written in vec((any::<bool>(), vec(pattern(), 1..4)), 1..4)
    ) {
        let configurations: Vec<_> = written
            .iter()
            .map(|(allows, patterns)| json!({ "mode": if *allows { "allow" } else { "deny" }, "patterns": patterns }))
            .collect();
        let policies = policies(&configurations);
        let lint = lint(&PolicyTypes::default(), &policies, &GroupMemberships::default(), &marketplaces(), now());
        prop_assert!(!lint.truncated);

        // Each pattern with all that it matches, by trying.
        let mut tried = Vec::new();
        for (index, policy) in policies.iter().enumerate() {
            let access = AccessConfiguration::parse(&policy.configuration.to_value().unwrap()).unwrap();
            for pattern in access.patterns {
                let matched: Vec<bool> = ADDRESSES.iter().map(|email| pattern.matches(email)).collect();
                tried.push((index, access.mode, pattern, matched));
            }
        }
        let within = |one: &[bool], other: &[bool]| one.iter().zip(other).all(|(one, other)| !one || *other);
        for (place, (index, mode, pattern, matched)) in tried.iter().enumerate() {
            let found = |name: &str| {
                lint.findings.iter().any(|finding| {
                    finding.at.index == *index && finding.at.pattern == AccessEntry::Pattern(pattern.clone()) && finding.oddity.as_str() == name
                })
            };
            let matches_nothing = !matched.contains(&true);
            prop_assert_eq!(found("never_matching"), matches_nothing, "{}", pattern);
            let is_shadowed = tried.iter().enumerate().any(|(other_place, (_, other_mode, other, others))| {
                // `*` alone means those, too, whose address nobody knows.
                let fits = pattern.as_str() != "*" || other.as_str() == "*";
                let is_wider = !within(others, matched) || (other.as_str() == "*" && pattern.as_str() != "*");
                other_place != place && other_mode == mode && fits && within(matched, others)
                    && (other_place < place || is_wider)
            });
            prop_assert_eq!(found("shadowed"), is_shadowed && !matches_nothing, "{}", pattern);
            let is_denied = *mode == Effect::Allow && tried.iter().any(|(_, other_mode, other, others)| {
                let fits = pattern.as_str() != "*" || other.as_str() == "*";
                *other_mode == Effect::Deny && fits && within(matched, others)
            });
            prop_assert_eq!(found("contradictory"), is_denied && !matches_nothing, "{}", pattern);
        }

        // What each finding says of an address is so, by the rule itself.
        let whole = set(&policies);
        for finding in &lint.findings {
            let Some(example) = &finding.example else {
                prop_assert!(matches!(finding.oddity, Oddity::NeverMatching(_)), "{finding:?}");
                continue;
            };
            prop_assert!(matches(&finding.at, &example.email));
            prop_assert_eq!(verdict(&whole, &example.email), example.effect);
            match &finding.oddity {
                Oddity::Shadowed(other) => {
                    prop_assert!(matches(other, &example.email));
                    let without = set(&without(&policies, finding));
                    for email in ADDRESSES.iter().step_by(7).chain([&example.email]) {
                        prop_assert_eq!(verdict(&without, email), verdict(&whole, email), "{} {}", finding.at.pattern, email);
                    }
                }
                Oddity::Contradictory(other) => {
                    prop_assert!(matches(other, &example.email));
                    prop_assert_eq!(example.effect, Effect::Deny);
                }
                Oddity::NeverMatching(_) | Oddity::TooWide(_) | Oddity::Costly => {}
            }
        }
    }
}

/// The policies without the pattern of a finding.
fn without(policies: &[LintedPolicy], finding: &LintFinding) -> Vec<LintedPolicy> {
    let mut policies = policies.to_vec();
    let policy = &mut policies[finding.at.index];
    let mut access = AccessConfiguration::parse(&policy.configuration.to_value().unwrap()).unwrap();
    access.patterns.retain(|pattern| AccessEntry::Pattern(pattern.clone()) != finding.at.pattern);
    policy.configuration = PolicyTypes::default().parse("access", &access.to_json()).unwrap();
    policies
}
