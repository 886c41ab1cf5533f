//! Both evaluators against each other.

use proptest::prelude::*;

use super::rules::UpstreamGlob;
use super::translate::Here;
use super::*;
use crate::identity::Email;

fn differences(policies: &[UpstreamAccess]) -> Vec<String> {
    let found = UpstreamComparison::of(policies);
    found.differences.iter().map(|one| format!("{} {}", one.email, one.reason)).collect()
}

#[test]
fn f8_what_differs_is_told_by_an_address_and_a_reason() {
    let one = UpstreamAccess::new(["ada@x.org"], ["*@x.org"]);
    assert_eq!(
        differences(&[one]),
        ["ada@x.org *@x.org denies here whatever allows; there a more specific allowed_users wins"]
    );
    let (allow, deny) = (UpstreamAccess::new(["*@x.org"], []), UpstreamAccess::new([], ["ada@x.org"]));
    let told = differences(&[allow.clone(), deny]);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].contains("must mean them") || told[1].contains("must mean them"), "{told:?}");
    assert_eq!(differences(&[allow]), [""; 0]);
    assert_eq!(differences(&[UpstreamAccess::new(["*example.com"], [])]), [""; 0]);
    assert_eq!(differences(&[UpstreamAccess::new([], [])]), [""; 0]);
    // What is widened here is told apart where the pattern itself is at its end.
    let told = differences(&[UpstreamAccess::new([], ["[a]b*"])]);
    assert!(told.iter().any(|told| told.contains("denies more here")), "{told:?}");
    let told = differences(&[UpstreamAccess::new(["bo?@x.org"], [])]);
    assert!(
        told[0].ends_with("bo?@x.org of allowed_users cannot be written here, and is left out"),
        "{told:?}"
    );
}

/// fnmatch by trying all there is.
fn slow(glob: &[u8], text: &[u8]) -> bool {
    match (glob, text) {
        ([], []) => true,
        ([b'*', rest @ ..], text) => (0..=text.len()).any(|from| slow(rest, &text[from..])),
        ([b'?', rest @ ..], [_, text @ ..]) => slow(rest, text),
        ([b'[', b'a', b']', rest @ ..], [c, text @ ..]) => *c == b'a' && slow(rest, text),
        ([b'[', b'!', b'a', b']', rest @ ..], [c, text @ ..]) => *c != b'a' && slow(rest, text),
        ([g, rest @ ..], [c, text @ ..]) => g == c && slow(rest, text),
        _ => false,
    }
}

fn policy() -> impl Strategy<Value = UpstreamAccess> {
    let glob = r"(\*|\?|a|b|\[a\]|\[!a\]){0,2}@?(\*|a|b){0,1}(\.b|\*|)";
    let list = || proptest::collection::vec(glob, 0..3);
    (list(), list()).prop_map(|(allowed, denied)| {
        UpstreamAccess::new(allowed.iter().map(String::as_str), denied.iter().map(String::as_str))
    })
}

/// Each address with at most three characters before the @, and two in the first label.
fn addresses() -> Vec<Email> {
    let words = |most: usize| {
        let mut all = vec![String::new()];
        for _ in 0..most {
            let longer: Vec<_> =
                all.iter().flat_map(|word| ["a", "b", "c"].map(|c| format!("{word}{c}"))).collect();
            all.extend(longer);
        }
        all.sort();
        all.dedup();
        all
    };
    let mut all = Vec::new();
    for local in words(3) {
        for label in words(2) {
            all.extend(
                ["b", "c", "ab"]
                    .iter()
                    .filter_map(|top| Email::parse(&format!("{local}@{label}.{top}")).ok()),
            );
        }
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn f8_each_difference_is_one_and_nothing_that_differs_is_kept_back(
        policies in proptest::collection::vec(policy(), 1..3)
    ) {
        let found = UpstreamComparison::of(&policies);
        let here = Here::of(&found.translated);
        for one in &found.differences {
            prop_assert_eq!(UpstreamAccess::any_admits(&policies, one.email.as_str()), one.there);
            prop_assert_eq!(here.admits(&one.email), one.here);
            prop_assert!(one.there && !one.here, "it lets in whom it did not there: {:?}", one);
        }
        for email in addresses() {
            let there = UpstreamAccess::any_admits(&policies, email.as_str());
            let here = here.admits(&email);
            prop_assert!(there || !here, "{} is let in here alone", email);
            let is_told = found.truncated || !found.differences.is_empty();
            prop_assert!(there == here || is_told, "{} is not told", email);
        }
    }

    #[test]
    fn f8_a_glob_matches_as_there(
        glob in r"(\*|\?|a|b|@|\[a\]|\[!a\]){0,6}", texts in proptest::collection::vec("[ab@]{0,6}", 20)
    ) {
        for text in texts {
            prop_assert_eq!(
                UpstreamGlob::new(&glob).matches(&text), slow(glob.as_bytes(), text.as_bytes()), "{} {}", glob, text
            );
        }
    }
}
