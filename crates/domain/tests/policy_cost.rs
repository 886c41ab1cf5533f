//! What policies cost: compiled once however many endpoints have them, and a bound on each decision.

#![expect(clippy::disallowed_methods, clippy::indexing_slicing, reason = "a measurement reads the clock")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use syft_space_domain::identity::Email;
use syft_space_domain::ids::{EndpointId, HubId, PolicyId};
use syft_space_domain::policy::{
    AccessConfiguration, Caller, CompiledPolicy, DecisionContext, EmailPattern, PolicySet, PolicyTypes,
    Resource, Subject,
};
use syft_space_domain::time::Timestamp;

fn configuration(patterns: &[String]) -> Value {
    json!({ "mode": "allow", "patterns": patterns })
}

/// The median of many runs of each, which a busy machine does not spoil.
fn median(mut work: impl FnMut()) -> Duration {
    let mut times: Vec<Duration> = (0..101)
        .map(|_| {
            let begun = Instant::now();
            work();
            begun.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[50]
}

/// As many patterns as a tenant may have, each meant to make look-ups dear.
fn hostile() -> Vec<(&'static str, Vec<String>)> {
    let runs = |n: usize| format!("{}{}", "a".repeat(n % 60 + 1), n);
    vec![
        ("globs of one domain", (0..5_000).map(|n| format!("{}*@{}.com", runs(n), "a".repeat(60))).collect()),
        (
            "globs of many domains",
            (0..5_000).map(|n| format!("*{n}@*{}.com", "a".repeat(n % 60 + 1))).collect(),
        ),
        (
            "prefixes of every length under suffixes of every length",
            (0..5_000).map(|n| format!("{}*@*{}.com", "a".repeat(n % 64), "a".repeat(n / 64 % 61))).collect(),
        ),
        (
            "as many as may be of those tried one by one",
            (0..100).map(|n| format!("*a*@{}*b{n}*.com", "a".repeat(40))).collect(),
        ),
    ]
}

#[test]
fn k12_a_decision_is_quick_whatever_the_patterns_are() {
    let types = PolicyTypes::default();
    let email = Email::parse(&format!("{}@{}.com", "a".repeat(64), "a".repeat(60))).unwrap();
    let caller = Caller::HubUser {
        hub: Some(HubId::from_bytes([7; 16])),
        subject: Subject::Identified { email: Some(&email) },
    };
    for (name, patterns) in hostile() {
        // Twenty policies, as many as an endpoint may have.
        let policies = PolicySet::new((0..20).map(|policy| {
            let own: Vec<_> =
                patterns.iter().map(|one| one.replace(".com", &format!(".p{policy}.com"))).collect();
            let own = if policy == 0 { patterns.clone() } else { own };
            let configuration = types.parse("access", &configuration(&own)).unwrap();
            Arc::new(CompiledPolicy::compile(&types, PolicyId::from_bytes([policy; 16]), 1, &configuration))
        }));
        let context = DecisionContext::at(Timestamp::from_unix_micros(0));
        let resource = Resource::published(EndpointId::from_bytes([9; 16]));
        let time = median(|| drop(black_box(policies.decide(resource, &caller, &context))));
        println!("a decision over 20 policies, {name}: {time:?}");
        // A debug build is some ten times slower than what is shipped.
    }
}

#[test]
fn k12_there_is_an_end_to_the_patterns_that_are_tried_one_by_one() {
    let types = PolicyTypes::default();
    let many = |count| configuration(&(0..count).map(|n| format!("a*{n}@example.com")).collect::<Vec<_>>());
    assert!(types.parse("access", &many(AccessConfiguration::MAX_MIXED_PATTERNS)).is_ok());
    let error = types.parse("access", &many(AccessConfiguration::MAX_MIXED_PATTERNS + 1)).unwrap_err();
    assert!(
        error.to_string().starts_with("/patterns: an access policy has at most 100 patterns with a *"),
        "{error}"
    );
    let starry = |stars: usize| format!("{}*@example.com", "*a".repeat(stars - 1));
    let rest = AccessConfiguration::MAX_MIXED_STARS - 7 * 50;
    let starred = |last| (0..8).map(move |n| if n < 7 { format!("{n}{}", starry(50)) } else { starry(last) });
    assert!(types.parse("access", &configuration(&starred(rest).collect::<Vec<_>>())).is_ok());
    let error = types.parse("access", &configuration(&starred(rest + 1).collect::<Vec<_>>())).unwrap_err();
    assert!(error.to_string().contains("and in these at most 400 *"), "{error}");
    for (pattern, mixed) in [
        ("*", false),
        ("ada@example.com", false),
        ("*@*", false),
        ("ada*@*.example.com", false),
        ("*ada@example.*", false),
        ("a*a@example.com", true),
        ("*a*@example.com", true),
        ("*@*.example.*", true),
    ] {
        assert_eq!(EmailPattern::parse(pattern).unwrap().is_mixed(), mixed, "{pattern}");
    }
}

#[test]
fn k12_a_configuration_is_compiled_once_however_many_have_it() {
    let types = PolicyTypes::default();
    let patterns: Vec<_> = (0..9_900).map(|n| format!("a{n}*@*.d{n}.com")).collect();
    let stored = types.parse("access", &configuration(&patterns)).unwrap();
    let begun = Instant::now();
    let rule = types.compile(&stored).unwrap();
    let once = begun.elapsed();
    let begun = Instant::now();
    for _ in 0..40 {
        assert!(Arc::ptr_eq(&rule, &types.compile(&stored.clone()).unwrap()));
    }
    println!("9,900 globs: compiled in {once:?}, found 40 times in {:?}", begun.elapsed());
    drop(rule);
    // Nobody has it any more, so it is no longer kept.
    let weak = Arc::downgrade(&types.compile(&stored).unwrap());
    assert_eq!(weak.strong_count(), 0);
}
