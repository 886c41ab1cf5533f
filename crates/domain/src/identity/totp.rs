//! One-time codes by time (RFC 6238), as authenticator apps make them: HMAC-SHA-1, six digits, a step of 30 seconds.

use totp_rs::{Builder, Totp};

use crate::identity::Email;
use crate::random::{Entropy, RandomError};
use crate::secret::Secret;
use crate::tenant::TenantName;
use crate::time::Timestamp;

/// What an authenticator app and the space both know, and make codes of. At rest it is sealed.
#[derive(Clone)]
pub struct TotpSecret(Secret<Vec<u8>>);

impl TotpSecret {
    /// Its length: 160 bits, as RFC 4226 recommends (section 4, R6).
    pub const BYTES: usize = 20;

    /// A new one.
    ///
    /// # Errors
    /// When the source of randomness fails.
    pub fn generate(entropy: &dyn Entropy) -> Result<Self, RandomError> {
        let mut bytes = vec![0; Self::BYTES];
        let filled = entropy.fill(&mut bytes);
        let secret = Self(Secret::new(bytes));
        filled.map(|()| secret)
    }

    /// What was sealed.
    #[must_use]
    pub fn from_plain(plain: Secret<Vec<u8>>) -> Self {
        Self(plain)
    }

    /// The bytes that are sealed.
    #[must_use]
    pub fn to_plain(&self) -> &Secret<Vec<u8>> {
        &self.0
    }

    /// The secret as people type it into an app: base 32 (RFC 4648), without padding.
    #[must_use]
    pub fn to_base32(&self) -> Secret<String> {
        Secret::new(self.totp(Builder::new()).secret().to_base32())
    }

    /// The secret as an app reads it from a QR code: an `otpauth` URI, which says for which account of which tenant it is.
    #[must_use]
    pub fn to_uri(&self, tenant: &TenantName, email: &Email) -> Secret<String> {
        let names = Builder::new().with_issuer(Some(format!("Syft Space {tenant}")));
        // It is no URI only where a name has a colon in it, and neither has.
        Secret::new(self.totp(names.with_account_name(email.as_str())).to_url().unwrap_or_default())
    }

    /// The step whose code this is: the present one, the one before, or the one after. Clocks of phones are that wrong.
    #[must_use]
    pub fn step_of(&self, code: &str, now: Timestamp) -> Option<u64> {
        self.totp(Builder::new()).check(code, u64::try_from(now.as_unix_micros() / 1_000_000).ok()?)
    }

    /// Six digits, 30 s, SHA-1 and one step of drift are what a builder begins with, and what every app knows.
    fn totp(&self, builder: Builder) -> Totp {
        builder.with_secret(self.0.expose().as_slice()).build_noncompliant()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_micros(seconds * 1_000_000)
    }

    fn secret(bytes: &[u8]) -> TotpSecret {
        TotpSecret::from_plain(Secret::new(bytes.to_vec()))
    }

    /// RFC 6238, appendix B: the last six of its eight digits.
    const VECTORS: [(i64, &str); 6] = [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000, "353130"),
    ];

    #[test]
    fn a5_codes_are_those_of_the_rfc_with_one_step_of_drift_and_no_more() {
        let secret = secret(b"12345678901234567890");
        for (time, code) in VECTORS {
            let step = u64::try_from(time).unwrap() / 30;
            for drift in [-30, 0, 30] {
                assert_eq!(secret.step_of(code, at(time + drift)), Some(step), "{time} {drift}");
            }
            for drift in [-60, 60] {
                assert_eq!(secret.step_of(code, at(time + drift)), None, "{time} {drift}");
            }
        }
    }

    #[test]
    fn a5_what_is_no_code_is_none_of_any_step() {
        let secret = secret(b"12345678901234567890");
        for text in ["", "287 082", "+28708", "-87082", "0287082", "28708", "28708२", "２８７０８２"]
        {
            assert_eq!(secret.step_of(text, at(59)), None, "{text}");
        }
        assert_eq!(secret.step_of("287082", at(-59)), None, "before there were steps");
    }

    #[test]
    fn a5_a_secret_is_shown_as_base_32_and_as_a_uri_that_apps_read() {
        let secret = secret(b"12345678901234567890");
        assert_eq!(secret.to_base32().expose(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        let email = Email::parse("zoe+a/b%c@example.org").unwrap();
        let tenant = TenantName::parse("acme").unwrap();
        let uri = "otpauth://totp/Syft%20Space%20acme:zoe%2Ba%2Fb%25c%40example.org?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&\
                   issuer=Syft%20Space%20acme";
        assert_eq!(secret.to_uri(&tenant, &email).expose(), uri);
    }
}
