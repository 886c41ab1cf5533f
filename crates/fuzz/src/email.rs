//! The target of e-mail addresses: the canonical form is stable, and folds only case.

use syft_space_domain::identity::Email;
use syft_space_domain::policy::EmailPattern;

pub(crate) fn run(bytes: &[u8]) {
    let Some(text) = crate::text(bytes) else { return };
    let Ok(email) = Email::parse(text) else { return };
    let canonical = email.as_str();
    assert_eq!(Email::parse(canonical).as_ref(), Ok(&email), "the canonical form is its own");
    assert_eq!(email.to_string(), canonical);
    assert!(
        text.len() <= Email::MAX && canonical.len() <= Email::MAX && email.local().len() <= Email::LOCAL_MAX
    );
    assert!(canonical.bytes().all(|byte| byte.is_ascii_graphic() && !byte.is_ascii_uppercase()));
    assert_eq!(format!("{}@{}", email.local(), email.domain()), canonical);
    assert!(!email.local().contains(['@', '*', '"']) && !email.domain().contains('@'));
    if text.is_ascii() {
        assert_eq!(text.to_ascii_lowercase(), canonical, "nothing but case is folded");
    }
    // A label that was not ASCII becomes an A-label, so that it equals no ASCII address.
    let labels = |domain: &str| domain.split('.').map(str::to_owned).collect::<Vec<_>>();
    let written = text.split_once('@').map(|(_, domain)| labels(domain)).unwrap_or_default();
    for (written, label) in written.iter().zip(labels(email.domain())) {
        assert!(written.is_ascii() || label.starts_with("xn--"), "{written} became {label}");
    }
    let pattern = EmailPattern::parse(canonical);
    // Elsewhere a pattern with this in front of it means all but what it matches.
    if canonical.starts_with('!') {
        return assert!(pattern.is_err());
    }
    assert!(pattern.is_ok_and(|pattern| pattern.as_str() == canonical && pattern.matches(&email)));
}
