//! Which addresses are meant: one pattern of an access policy.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::identity::{Email, EmailError};

/// An e-mail address, a glob with exactly one `@`, or `*` alone, in canonical form.
///
/// In a glob `*` stands for any run of characters, also for none, and never for an `@`; nothing else is special.
/// So `*@example.com` is everybody at that very domain: neither at a subdomain of it, nor at `evilexample.com`.
/// `*` alone is every identified caller who is no guest, and is decided without their address.
///
/// What is no `*` is brought into the canonical form of [`Email`]. A domain with a `*` in it must be ASCII already:
/// it is compared with `xn--…` forms. What could never match any address is refused where that is plain to see.
///
/// ```
/// use syft_space_domain::{identity::Email, policy::EmailPattern};
/// let pattern = EmailPattern::parse("*@Example.com")?;
/// assert_eq!(pattern.as_str(), "*@example.com");
/// assert!(pattern.matches(&Email::parse("ada@example.com").unwrap()));
/// assert!(!pattern.matches(&Email::parse("ada@evilexample.com").unwrap()));
/// # Ok::<(), syft_space_domain::policy::PatternError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EmailPattern(Arc<str>);

/// A text that is no pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// Too long.
    #[error("a pattern has at most {} bytes", EmailPattern::MAX)]
    TooLong,
    /// It means users of a marketplace, where nobody but an address can be meant.
    #[error(
        "hub:… means users of a marketplace, who cannot be meant here: write a pattern of their addresses"
    )]
    MarketplaceUser,
    /// It begins with `!`, which some take for an exception.
    #[error(
        "a pattern with ! before it would be no exception, and mean hardly anybody: there is none; write who is meant instead"
    )]
    Negation,
    /// None, or several `@`.
    #[error(
        "a pattern is an address, a glob with exactly one @ such as *@example.com, or * alone for every identified \
         caller"
    )]
    NotOneAt,
    /// It has no `*`, and is no address either.
    #[error(transparent)]
    Address(#[from] EmailError),
    /// The part before the `@` matches no address.
    #[error(
        "the part before the @ can match no address: it has at most {} of a-z, 0-9, * and \
         !#$%&'+-/=?^_`{{|}}~, with single dots between them",
        Email::LOCAL_MAX
    )]
    Local,
    /// A domain outside ASCII with a `*` in it.
    #[error("a domain with a * in it must be ASCII: write labels such as münchen as xn--mnchen-3ya")]
    DomainNotAscii,
    /// The part after the `@` matches no address.
    #[error(
        "the part after the @ can match no domain name: it has labels of a-z, 0-9, * and inner hyphens, with \
         single dots between them, as in *.example.com"
    )]
    Domain,
}

/// What a pattern is, for those who look it up.
pub(super) enum Shape<'a> {
    /// Every identified caller.
    Everyone,
    /// One address.
    Address,
    /// Two halves, of which at least one holds a `*`.
    Glob { local: Half<'a>, domain: Half<'a> },
}

/// What stands on one side of the `@`.
#[derive(Clone, Copy)]
pub(super) enum Half<'a> {
    /// A text without a `*`.
    Exact(&'a str),
    /// A text and a `*` behind it; the text may be empty.
    Prefix(&'a str),
    /// A `*` and a text behind it.
    Suffix(&'a str),
    /// A glob with a `*` between two texts, or with several.
    Mixed(&'a str),
}

impl<'a> Half<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        match text.split_once('*') {
            None => Self::Exact(text),
            Some((prefix, "")) => Self::Prefix(prefix),
            Some(("", suffix)) if !suffix.contains('*') => Self::Suffix(suffix),
            Some(_) => Self::Mixed(text),
        }
    }

    pub(super) fn matches(self, text: &str) -> bool {
        match self {
            Self::Exact(exact) => exact == text,
            Self::Prefix(prefix) => text.starts_with(prefix),
            Self::Suffix(suffix) => text.ends_with(suffix),
            Self::Mixed(pattern) => glob(pattern, text),
        }
    }
}

impl EmailPattern {
    /// The most bytes of a pattern.
    pub const MAX: usize = 320;

    /// Reads a pattern and brings it into canonical form. Reading the canonical form again gives the same.
    ///
    /// # Errors
    /// When the text is no pattern, or one that could never match.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        if text.len() > Self::MAX {
            return Err(PatternError::TooLong);
        }
        if text == "*" {
            return Ok(Self(text.into()));
        }
        if text.starts_with("hub:") {
            return Err(PatternError::MarketplaceUser);
        }
        if text.starts_with('!') {
            return Err(PatternError::Negation);
        }
        let (local, domain) = text.split_once('@').ok_or(PatternError::NotOneAt)?;
        if domain.contains('@') {
            return Err(PatternError::NotOneAt);
        }
        if !text.contains('*') {
            return Ok(Self(Email::parse(text)?.as_str().into()));
        }
        let (local, domain) = (canonical_local(local)?, canonical_domain(domain)?);
        let canonical = format!("{local}@{domain}");
        if literals(&canonical) > Email::MAX {
            Err(PatternError::TooLong)
        } else {
            Ok(Self(canonical.into()))
        }
    }

    /// The canonical form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it matches a caller of this address, in time linear in the lengths of both.
    #[must_use]
    pub fn matches(&self, email: &Email) -> bool {
        match self.shape() {
            Shape::Everyone => true,
            Shape::Address => *self.0 == *email.as_str(),
            Shape::Glob { local, domain } => domain.matches(email.domain()) && local.matches(email.local()),
        }
    }

    /// Whether a `*` stands between two texts, or several stand on one side of the `@`. No index finds such a pattern:
    /// each is tried on each address.
    #[must_use]
    pub fn is_mixed(&self) -> bool {
        matches!(
            self.shape(),
            Shape::Glob { local: Half::Mixed(_), .. } | Shape::Glob { domain: Half::Mixed(_), .. }
        )
    }

    /// The canonical form, shared with the pattern.
    pub(super) fn to_text(&self) -> Arc<str> {
        Arc::clone(&self.0)
    }

    pub(super) fn shape(&self) -> Shape<'_> {
        match self.0.split_once('@') {
            None => Shape::Everyone,
            Some((local, domain)) if self.0.contains('*') => {
                Shape::Glob { local: Half::of(local), domain: Half::of(domain) }
            }
            Some(_) => Shape::Address,
        }
    }
}

/// Whether a text matches a pattern in which each `*` stands for any run of characters.
fn glob(pattern: &str, text: &str) -> bool {
    // A text that is shorter than what is literal cannot match; most are told by that.
    if literals(pattern) > text.len() {
        return false;
    }
    let Some((prefix, rest)) = pattern.split_once('*') else { return pattern == text };
    let (pieces, suffix) = rest.rsplit_once('*').unwrap_or(("", rest));
    let Some(text) = text.strip_prefix(prefix) else { return false };
    let Some(mut text) = text.strip_suffix(suffix) else { return false };
    for piece in pieces.split('*') {
        // The first place a piece is found at leaves the most for those behind it: no other need be tried.
        let Some((_, after)) = text.split_once(piece) else { return false };
        text = after;
    }
    true
}

fn canonical_local(text: &str) -> Result<String, PatternError> {
    if !text.is_ascii() {
        return Err(EmailError::LocalNotAscii.into());
    }
    let local = one_star_for_many(&text.to_ascii_lowercase());
    let atoms = local.split('.').all(|atom| {
        !atom.is_empty() && atom.bytes().all(|byte| byte == b'*' || Email::is_local_character(byte))
    });
    if atoms && literals(&local) <= Email::LOCAL_MAX { Ok(local) } else { Err(PatternError::Local) }
}

fn canonical_domain(text: &str) -> Result<String, PatternError> {
    if !text.contains('*') {
        return Ok(Email::canonical_domain(text)?);
    }
    if !text.is_ascii() {
        return Err(PatternError::DomainNotAscii);
    }
    let domain = one_star_for_many(&text.to_ascii_lowercase());
    if domain.split('.').any(|label| !may_be_label(label)) {
        return Err(PatternError::Domain);
    }
    match domain.rsplit_once('.') {
        Some((_, last)) if last.bytes().all(|byte| byte.is_ascii_digit()) => {
            Err(EmailError::IpAddress.into())
        }
        _ => Ok(domain),
    }
}

/// Whether what stands between two dots can be, or begin or end, a label of a domain name.
fn may_be_label(text: &str) -> bool {
    if !text.contains('*') {
        return Email::canonical_labels(text).is_ok_and(|label| label == text);
    }
    let known = |byte: u8| byte == b'*' || byte == b'-' || byte.is_ascii_lowercase() || byte.is_ascii_digit();
    text.bytes().all(known) && !text.starts_with('-') && !text.ends_with('-') && longest_run(text) <= 63
}

fn longest_run(text: &str) -> usize {
    text.split('*').map(str::len).max().unwrap_or(0)
}

/// How many bytes an address must have to match.
fn literals(pattern: &str) -> usize {
    pattern.bytes().filter(|byte| *byte != b'*').count()
}

fn one_star_for_many(text: &str) -> String {
    let mut last = None;
    text.chars().filter(|c| last.replace(*c) != Some('*') || *c != '*').collect()
}

impl fmt::Debug for EmailPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for EmailPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Borrow<str> for EmailPattern {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl FromStr for EmailPattern {
    type Err = PatternError;
    fn from_str(text: &str) -> Result<Self, PatternError> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(text: &str) -> Result<String, PatternError> {
        EmailPattern::parse(text).map(|pattern| pattern.to_string())
    }

    fn admits(pattern: &str, email: &str) -> bool {
        EmailPattern::parse(pattern).unwrap().matches(&Email::parse(email).unwrap())
    }

    #[test]
    fn k11_a_domain_pattern_admits_that_domain_alone() {
        assert!(admits("*@example.com", "ada@example.com"));
        assert!(admits("*@example.com", "Ada+tag@EXAMPLE.com"));
        for stranger in
            ["ada@evilexample.com", "ada@sub.example.com", "ada@example.com.evil.org", "ada@example.co"]
        {
            assert!(!admits("*@example.com", stranger), "{stranger}");
        }
        assert!(admits("*@*.example.com", "ada@a.b.example.com"));
        assert!(!admits("*@*.example.com", "ada@example.com"));
        assert!(!admits("*@*.example.com", "ada@evilexample.com"));
    }

    #[test]
    fn k11_a_star_never_crosses_the_at() {
        assert!(!admits("ada*com@example.org", "ada@evil.com"));
        assert!(!admits("a*@*.org", "b@a.org"));
        assert_eq!(canonical("*example.com"), Err(PatternError::NotOneAt));
        assert_eq!(canonical("a@evil.com@company.com"), Err(PatternError::NotOneAt));
        assert_eq!(canonical("*@evil.com@company.com"), Err(PatternError::NotOneAt));
    }

    #[test]
    fn k10_nothing_but_the_star_is_special() {
        assert!(admits("a?a@example.com", "a?a@example.com"));
        assert!(!admits("a?a@example.com", "ada@example.com"));
        assert!(!admits("a.a@example.com", "ada@example.com"));
        assert!(admits("a*a@example.com", "aa@example.com"));
        assert!(!admits("a*a@example.com", "a@example.com"));
        assert!(admits("*", "ada@example.com"));
        assert!(admits("*@*", "ada@example.com"));
    }

    #[test]
    fn k10_patterns_have_the_canonical_form_of_addresses() {
        for (written, expected) in [
            ("*", "*"),
            ("Ada@Example.COM", "ada@example.com"),
            ("*@MÜNCHEN.example", "*@xn--mnchen-3ya.example"),
            ("A**@***.Example.com", "a*@*.example.com"),
            ("*.*@*com*", "*.*@*com*"),
        ] {
            assert_eq!(canonical(written).as_deref(), Ok(expected));
        }
        assert_eq!(canonical("*@mün*.example"), Err(PatternError::DomainNotAscii));
        assert_eq!(canonical("mar\u{212a}*@example.com"), Err(EmailError::LocalNotAscii.into()));
        assert_eq!(canonical("*@\u{212a}elvin.com"), Err(EmailError::LookAlike.into()));
        assert!(!admits("*@linux.example", "ada@l\u{131}nux.example"));
    }

    #[test]
    fn k11_what_can_never_match_is_refused() {
        for (text, expected) in [
            ("", PatternError::NotOneAt),
            ("**", PatternError::NotOneAt),
            ("hub:openmined/ada", PatternError::MarketplaceUser),
            ("!*@example.com", PatternError::Negation),
            ("!ada@example.com", PatternError::Negation),
            ("\"a*\"@company.com", PatternError::Local),
            ("a *@company.com", PatternError::Local),
            (" *@company.com", PatternError::Local),
            ("@*.com", PatternError::Local),
            ("*..a@company.com", PatternError::Local),
            (".*@company.com", PatternError::Local),
            ("*@*..com", PatternError::Domain),
            ("*@*.", PatternError::Domain),
            ("*@.*", PatternError::Domain),
            ("*@*-", PatternError::Domain),
            ("*@-*.com", PatternError::Domain),
            ("*@*.-a.com", PatternError::Domain),
            ("*@*.xn--a.com", PatternError::Domain),
            ("*@*_.com", PatternError::Domain),
            ("*@*.com ", PatternError::Domain),
            ("*@*.1", EmailError::IpAddress.into()),
            ("*@[*]", PatternError::Domain),
            ("*@[127.0.0.1]", EmailError::IpAddress.into()),
            ("*@company", EmailError::Domain.into()),
            ("*@", EmailError::Domain.into()),
            ("a@company", EmailError::Domain.into()),
        ] {
            assert_eq!(canonical(text), Err(expected), "{text:?}");
        }
        assert_eq!(canonical(&format!("*@*{}.com", "d".repeat(64))), Err(PatternError::Domain));
        assert_eq!(canonical(&format!("{}*@example.com", "a".repeat(65))), Err(PatternError::Local));
        assert_eq!(canonical(&format!("*@{}*", "d.".repeat(127))), Err(PatternError::TooLong));
    }

    #[test]
    fn k12_length_is_checked_before_any_other_work() {
        assert!(canonical(&format!("{}@*", "*a".repeat(64))).is_ok());
        assert!(canonical(&format!("{}@example.com", "*".repeat(308))).is_ok());
        assert_eq!(canonical(&format!("{}@example.com", "*".repeat(309))), Err(PatternError::TooLong));
        assert_eq!(canonical(&"@".repeat(321)), Err(PatternError::TooLong));
    }
}
