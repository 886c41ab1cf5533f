//! What of another space's access policies is read, and what is made of it.

use serde_json::{Value, json};

use super::*;
use crate::policy::access::AccessConfiguration;
use crate::policy::pattern::EmailPattern;

#[test]
fn f8_what_is_no_access_policy_there_is_told_by_where_it_stands() {
    let refused = |json: &Value| UpstreamAccess::parse(json).unwrap_err();
    let most = "a".repeat(EmailPattern::MAX);
    for taken in [
        json!({}),
        json!({ "allowed_users": null, "denied_users": [] }),
        json!({ "allowed_users": ["ada@x.org"], "denied_users": ["*"] }),
        json!({ "denied_users": [most] }),
        json!({ "denied_users": vec!["*"; AccessConfiguration::PATTERNS_MAX] }),
    ] {
        assert!(UpstreamAccess::parse(&taken).is_ok(), "{taken}");
    }
    for (json, pointer) in [
        (json!([]), ""),
        (json!({ "allowed_users": [], "owners": [] }), ""),
        (json!({ "denied_users": "*" }), "/denied_users"),
        (json!({ "allowed_users": ["a", 7] }), "/allowed_users/1"),
        (json!({ "allowed_users": [format!("{most}a")] }), "/allowed_users/0"),
        (json!({ "denied_users": vec!["*"; AccessConfiguration::PATTERNS_MAX + 1] }), "/denied_users"),
    ] {
        assert_eq!(refused(&json).pointer, pointer, "{json}");
    }
    let lists =
        UpstreamAccess::parse(&json!({ "allowed_users": ["a@x.org"], "denied_users": ["b@x.org"] })).unwrap();
    assert!(lists.admits("a@x.org") && !lists.admits("b@x.org") && !lists.admits("c@x.org"));
}

#[test]
fn f8_what_cannot_be_written_here_is_named_and_what_can_is_written_as_it_is() {
    let made = UpstreamAccess::new(["ada@x.org", "bo?@x.org"], ["*@y.org", "[a]b*"]).translate();
    assert_eq!(made.inexact, ["bo?@x.org", "[a]b*"]);
    let patterns: Vec<Vec<String>> = made
        .policies
        .iter()
        .map(|policy| policy.patterns.iter().map(|pattern| pattern.as_str().to_owned()).collect())
        .collect();
    // What denies is widened: to more than it means there, and never to less.
    assert_eq!(patterns, [vec!["ada@x.org"], vec!["*@y.org", "*@*b*", "*b*@*"]]);
    let of = |glob: &str| -> Vec<String> {
        let patterns = super::rules::UpstreamGlob::new(glob).patterns();
        patterns.iter().map(|pattern| pattern.as_str().to_owned()).collect()
    };
    assert_eq!(of("*"), ["*"]);
    assert_eq!(of("**"), ["*"], "what says the same twice is said once");
    assert_eq!(of("*a*@x.org"), ["*a*@x.org"]);
    assert_eq!(of("*example.org"), ["*@*example.org"]);
    assert_eq!(of("a*b*c.org"), ["a*@*b*c.org", "a*b*@*c.org"]);
    assert_eq!(of("a?@x.org"), ["a*@x.org"], "and where the * might be the @, it would have two");
}

#[test]
fn f8_sets_of_characters_are_those_of_the_other_space() {
    let admits = |glob: &str, address: &str| UpstreamAccess::new([glob], []).admits(address);
    for (glob, local, is_in) in [
        ("[a-c]@x.org", "b", true),
        ("[a-c]@x.org", "d", false),
        ("[a-]@x.org", "-", true),
        ("[a-]@x.org", "a", true),
        ("[a-]@x.org", "b", false),
        ("[-a]@x.org", "-", true),
        ("[!a]@x.org", "a", false),
        ("[!a]@x.org", "b", true),
    ] {
        assert_eq!(admits(glob, &format!("{local}@x.org")), is_in, "{glob} {local}");
    }
}

#[test]
fn f8_a_comparison_that_found_as_much_as_is_told_says_that_there_may_be_more() {
    let few = UpstreamComparison::of(&[UpstreamAccess::new(["ada@x.org"], ["*@x.org"])]);
    assert_eq!((few.differences.len(), few.truncated), (1, false));
    let allowed: Vec<String> = (0..120).map(|n| format!("a{n}@x.org")).collect();
    let denied: Vec<String> = (0..120).map(|n| format!("a{n}@x.*")).collect();
    let many = UpstreamAccess::new(allowed.iter().map(String::as_str), denied.iter().map(String::as_str));
    let many = UpstreamComparison::of(&[many]);
    assert_eq!((many.differences.len(), many.truncated), (100, true));
}
