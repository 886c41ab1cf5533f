//! An e-mail address in the one canonical form that everything compares.

use std::sync::Arc;

use crate::as_text::text_type;

/// An e-mail address in canonical form. Two addresses are equal if, and only if, their canonical forms are the
/// same bytes.
///
/// * Before the `@`: 1 to 64 ASCII characters, the "dot-atom" of RFC 5321, with A–Z lower-cased. Dots and
///   `+tags` are part of the address and stay. Characters outside ASCII and quoted names are refused: nothing is
///   folded that could make two people one. So is `*`, so that each address, written as a
///   [pattern](crate::policy::EmailPattern), matches itself alone.
/// * After the `@`: a domain name of at least two labels, as UTS-46 maps it to lower-case ASCII (`xn--…`), under
///   the STD3 rules. A label outside ASCII stays one: look-alikes that would fold to a plain ASCII label (the
///   KELVIN SIGN to `k`, full-width letters) are refused. So are IP addresses and a trailing dot.
/// * The whole: at most 254 bytes, as written and in canonical form. Nothing is trimmed.
///
/// ```
/// use syft_space_domain::identity::Email;
/// let email = Email::parse("Zoë.invalid@example.org");
/// assert!(email.is_err(), "ë is not ASCII");
/// let email = Email::parse("Zoe+news@MÜNCHEN.example")?;
/// assert_eq!(email.as_str(), "zoe+news@xn--mnchen-3ya.example");
/// # Ok::<(), syft_space_domain::identity::EmailError>(())
/// ```
// Shared, for a principal is made anew and copied several times in each request.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Email(Arc<str>);

/// A text that is no e-mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EmailError {
    /// Too long.
    #[error("an e-mail address has at most {} bytes", Email::MAX)]
    TooLong,
    /// None, or several `@`.
    #[error("an e-mail address has exactly one @, as in name@example.org")]
    NotOneAt,
    /// The part before the `@` holds characters outside ASCII.
    #[error("the part before the @ must be ASCII: write it without accents or letters of other alphabets")]
    LocalNotAscii,
    /// The part before the `@` is none.
    #[error(
        "the part before the @ has 1 to {} of a-z, 0-9 and !#$%&'+-/=?^_`{{|}}~, with single dots between them; \
         quoted names and * are not supported",
        Email::LOCAL_MAX
    )]
    Local,
    /// The part after the `@` is an IP address.
    #[error("the part after the @ must be a domain name, as in name@example.org, not an IP address")]
    IpAddress,
    /// The part after the `@` is no domain name.
    #[error(
        "the part after the @ must be a domain name of at least two labels, as in name@example.org, with letters, \
         digits and inner hyphens only, and no dot at its end"
    )]
    Domain,
    /// The part after the `@` looks like another domain name.
    #[error("the part after the @ holds look-alikes of ASCII letters or dots: write them as plain ASCII")]
    LookAlike,
}

impl Email {
    /// The most bytes of an address (RFC 5321, section 4.5.3.1.3, less the angle brackets).
    pub const MAX: usize = 254;
    /// The most bytes before the `@`.
    pub const LOCAL_MAX: usize = 64;

    /// Reads an address and brings it into canonical form. Reading the canonical form again gives the same.
    ///
    /// # Errors
    /// When the text is no address.
    pub fn parse(text: &str) -> Result<Self, EmailError> {
        if text.len() > Self::MAX {
            return Err(EmailError::TooLong);
        }
        let (local, domain) = text.split_once('@').ok_or(EmailError::NotOneAt)?;
        if domain.contains('@') {
            return Err(EmailError::NotOneAt);
        }
        let local = canonical_local(local)?;
        let domain = Self::canonical_domain(domain)?;
        let canonical = format!("{local}@{domain}");
        if canonical.len() > Self::MAX { Err(EmailError::TooLong) } else { Ok(Self(canonical.into())) }
    }

    /// The canonical form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the `@`.
    #[must_use]
    pub fn local(&self) -> &str {
        self.halves().0
    }

    /// The part after the `@`, in ASCII (`xn--…`).
    #[must_use]
    pub fn domain(&self) -> &str {
        self.halves().1
    }

    /// Both parts.
    pub(crate) fn halves(&self) -> (&str, &str) {
        self.0.split_once('@').unwrap_or_default()
    }

    /// Whether a lower-case character may stand before the `@`, apart from dots.
    pub(crate) fn is_local_character(byte: u8) -> bool {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"!#$%&'+-/=?^_`{|}~".contains(&byte)
    }

    /// The canonical form of a domain name.
    pub(crate) fn canonical_domain(text: &str) -> Result<String, EmailError> {
        if text.starts_with('[') {
            return Err(EmailError::IpAddress);
        }
        let canonical = Self::canonical_labels(text)?;
        let (_, last) = canonical.rsplit_once('.').ok_or(EmailError::Domain)?;
        if last.bytes().all(|byte| byte.is_ascii_digit()) {
            Err(EmailError::IpAddress)
        } else {
            Ok(canonical)
        }
    }

    /// The canonical form of one or more labels of a domain name.
    pub(crate) fn canonical_labels(text: &str) -> Result<String, EmailError> {
        let canonical = idna::domain_to_ascii_strict(text).map_err(|_| EmailError::Domain)?;
        // Compared label by label, because the mapping may make dots, too.
        let mut labels = canonical.split('.');
        let faithful = text.split('.').all(|written| {
            labels.next().is_some_and(|label| written.is_ascii() || label.starts_with("xn--"))
        });
        if faithful && labels.next().is_none() { Ok(canonical) } else { Err(EmailError::LookAlike) }
    }
}

fn canonical_local(text: &str) -> Result<String, EmailError> {
    if !text.is_ascii() {
        return Err(EmailError::LocalNotAscii);
    }
    let local = text.to_ascii_lowercase();
    let atoms = local.split('.').all(|atom| !atom.is_empty() && atom.bytes().all(Email::is_local_character));
    if atoms && local.len() <= Email::LOCAL_MAX { Ok(local) } else { Err(EmailError::Local) }
}

text_type!(Email, EmailError);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn canonical(text: &str) -> Result<String, EmailError> {
        Email::parse(text).map(|email| email.as_str().to_owned())
    }

    #[test]
    fn k10_addresses_of_one_mailbox_have_one_canonical_form() {
        for (written, expected) in [
            ("Ada@Example.COM", "ada@example.com"),
            ("a.d.a+tag@example.com", "a.d.a+tag@example.com"),
            ("o'neil_{x}|~!#$%&/=?^`-@sub.example.co.uk", "o'neil_{x}|~!#$%&/=?^`-@sub.example.co.uk"),
            ("ada@MÜNCHEN.example", "ada@xn--mnchen-3ya.example"),
            ("ada@mu\u{308}nchen.example", "ada@xn--mnchen-3ya.example"),
            ("ada@XN--MNCHEN-3YA.example", "ada@xn--mnchen-3ya.example"),
            ("ada@straße.example", "ada@xn--strae-oqa.example"),
            ("ada@例え.テスト", "ada@xn--r8jz45g.xn--zckzah"),
        ] {
            assert_eq!(canonical(written).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn k10_look_alikes_never_become_somebody_else() {
        assert_eq!(canonical("mar\u{212a}@example.com"), Err(EmailError::LocalNotAscii));
        assert_eq!(canonical("ad\u{131}@example.com"), Err(EmailError::LocalNotAscii));
        assert_eq!(canonical("İda@example.com"), Err(EmailError::LocalNotAscii));
        assert_eq!(canonical("ada@\u{212a}elvin.com"), Err(EmailError::LookAlike));
        assert_eq!(canonical("ada@ｅｘａｍｐｌｅ.com"), Err(EmailError::LookAlike));
        assert_eq!(canonical("ada@exam\u{ad}ple.com"), Err(EmailError::LookAlike));
        assert_eq!(canonical("ada@example\u{3002}com"), Err(EmailError::LookAlike));
        assert_eq!(canonical("ada@münchen\u{3002}xn--mnchen-3ya.example"), Err(EmailError::LookAlike));
        // Another letter, so another domain.
        assert_eq!(canonical("ada@l\u{131}nux.example").as_deref(), Ok("ada@xn--lnux-lza.example"));
        // An A-label that spells a plain one, or nothing.
        assert_eq!(canonical("ada@xn--example-.com"), Err(EmailError::Domain));
        assert_eq!(canonical("ada@xn--a.com"), Err(EmailError::Domain));
    }

    #[test]
    fn k11_only_plain_addresses_are_addresses() {
        for (text, expected) in [
            ("", EmailError::NotOneAt),
            ("example.com", EmailError::NotOneAt),
            ("a@evil.com@company.com", EmailError::NotOneAt),
            ("\"a@evil.com\"@company.com", EmailError::NotOneAt),
            ("\"a\"@company.com", EmailError::Local),
            ("a(comment)@company.com", EmailError::Local),
            ("@company.com", EmailError::Local),
            (".a@company.com", EmailError::Local),
            ("a.@company.com", EmailError::Local),
            ("a..b@company.com", EmailError::Local),
            (" a@company.com", EmailError::Local),
            ("a\0@company.com", EmailError::Local),
            ("*@company.com", EmailError::Local),
            ("a@", EmailError::Domain),
            ("a@company", EmailError::Domain),
            ("a@company.com.", EmailError::Domain),
            ("a@company.com ", EmailError::Domain),
            ("a@company.com\n", EmailError::Domain),
            ("a@.company.com", EmailError::Domain),
            ("a@company..com", EmailError::Domain),
            ("a@-company.com", EmailError::Domain),
            ("a@com_pany.com", EmailError::Domain),
            ("a@evil.com\u{ff20}company.com", EmailError::Domain),
            ("a@[127.0.0.1]", EmailError::IpAddress),
            ("a@[IPv6:::1]", EmailError::IpAddress),
            ("a@127.0.0.1", EmailError::IpAddress),
        ] {
            assert_eq!(canonical(text), Err(expected), "{text:?}");
        }
    }

    #[test]
    fn k12_length_is_checked_before_any_other_work() {
        let domain = format!("{}.{}.{}.com", "d".repeat(63), "d".repeat(63), "d".repeat(57));
        assert_eq!(domain.len(), 189);
        assert!(canonical(&format!("{}@{domain}", "a".repeat(64))).is_ok());
        assert_eq!(canonical(&format!("{}@d{domain}", "a".repeat(64))), Err(EmailError::TooLong));
        assert_eq!(canonical(&"@".repeat(255)), Err(EmailError::TooLong));
        assert_eq!(canonical(&format!("{}@example.com", "a".repeat(65))), Err(EmailError::Local));
        assert_eq!(canonical(&format!("a@{}.com", "d".repeat(64))), Err(EmailError::Domain));
        // Short as written, too long in ASCII.
        let grows = format!("{}@{}com", "a".repeat(64), "äöü.".repeat(22));
        assert!(grows.len() <= Email::MAX);
        assert_eq!(canonical(&grows), Err(EmailError::TooLong));
    }

    #[test]
    fn k10_json_holds_addresses_in_canonical_form_only() {
        let email: Email = serde_json::from_str("\"Ada@Example.com\"").unwrap();
        assert_eq!((email.local(), email.domain()), ("ada", "example.com"));
        assert_eq!(serde_json::to_string(&email).unwrap(), "\"ada@example.com\"");
        assert!(
            serde_json::from_str::<Email>("\"nobody\"").unwrap_err().to_string().contains("exactly one @")
        );
    }

    proptest! {
        #[test]
        fn k10_the_canonical_form_is_its_own_canonical_form(
            text in r"[a-zA-Z0-9+._é-]{0,8}@([a-zA-ZäÖßıİ例\u{212a}0-9-]{1,6}\.){0,3}[a-zA-Zü]{1,4}|\PC{0,40}|\PC{1,10}@\PC{1,20}"
        ) {
            if let Ok(email) = Email::parse(&text) {
                prop_assert!(email.as_str().is_ascii());
                prop_assert_eq!(email.as_str(), email.as_str().to_ascii_lowercase());
                prop_assert_eq!(Email::parse(email.as_str()), Ok(email.clone()));
                prop_assert_eq!(format!("{}@{}", email.local(), email.domain()), email.to_string());
            }
        }
    }
}
