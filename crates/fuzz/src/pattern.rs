//! The target of e-mail patterns: the canonical form is stable, and a match agrees with exhaustive matching. The bytes
//! are a pattern, a line feed, and an address.

use syft_space_domain::identity::Email;
use syft_space_domain::policy::{EmailPattern, PatternSet};

pub(crate) fn run(bytes: &[u8]) {
    let Some(text) = crate::text(bytes) else { return };
    let (pattern, address) = text.split_once('\n').unwrap_or((text, "ada@example.com"));
    let Ok(parsed) = EmailPattern::parse(pattern) else { return };
    let canonical = parsed.as_str();
    assert_eq!(EmailPattern::parse(canonical).as_ref(), Ok(&parsed), "the canonical form is its own");
    assert!(pattern.len() <= EmailPattern::MAX && canonical.is_ascii());
    assert!(canonical == "*" || canonical.matches('@').count() == 1);
    assert!(!canonical.contains("**") && !canonical.bytes().any(|byte| byte.is_ascii_uppercase()));
    let Ok(email) = Email::parse(address) else { return };
    let expected = canonical == "*" || matches(canonical.as_bytes(), email.as_str().as_bytes());
    assert_eq!(parsed.matches(&email), expected, "{canonical} and {email}");
    let set = PatternSet::compile(std::slice::from_ref(&parsed));
    assert_eq!(set.first_match(&email).is_some(), expected, "a set of {canonical} alone, and {email}");
}

/// Whether a pattern matches a text, by dynamic programming.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    // Cell n: whether the pattern up to this point matches the first n bytes.
    let mut row = vec![false; text.len() + 1];
    if let Some(first) = row.first_mut() {
        *first = true;
    }
    for symbol in pattern {
        let mut next = vec![false; row.len()];
        let mut left = false;
        for (n, cell) in next.iter_mut().enumerate() {
            let above = row.get(n).copied().unwrap_or_default();
            let before = n.checked_sub(1);
            let found = before.and_then(|at| text.get(at));
            *cell = if *symbol == b'*' {
                above || (left && found.is_some_and(|byte| *byte != b'@'))
            } else {
                found == Some(symbol) && before.and_then(|at| row.get(at)).copied().unwrap_or_default()
            };
            left = *cell;
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}
