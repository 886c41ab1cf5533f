//! What somebody gives to prove a second factor: a code of their authenticator app, or one of their recovery codes.

use crate::random::{Entropy, RandomError};
use crate::secret::{Secret, TokenHash};

/// What somebody gives for their second factor.
#[derive(Clone)]
pub enum FactorCode {
    /// Six digits, as an authenticator app shows them.
    Totp(Secret<String>),
    /// What may be a recovery code.
    Recovery(TokenHash),
    /// Neither: it proves nothing.
    Neither,
}

impl FactorCode {
    /// The most bytes that are looked at.
    pub const MAX_BYTES: usize = 100;

    /// Reads what was given. Spaces and hyphens part it for the eye alone, and case makes no difference.
    #[must_use]
    pub fn read(text: &Secret<String>) -> Self {
        let text = text.expose();
        if text.len() > Self::MAX_BYTES {
            return Self::Neither;
        }
        let code = text.chars().filter(|letter| !matches!(letter, ' ' | '-'));
        let code = Secret::new(code.map(|letter| letter.to_ascii_lowercase()).collect::<String>());
        let is_of = |length: usize, belongs: fn(&u8) -> bool| {
            code.expose().len() == length && code.expose().as_bytes().iter().all(belongs)
        };
        if is_of(6, u8::is_ascii_digit) {
            Self::Totp(code)
        } else if is_of(RecoveryCode::LETTERS, |byte| matches!(byte, b'a'..=b'z' | b'2'..=b'7')) {
            Self::Recovery(TokenHash::of(code.expose()))
        } else {
            Self::Neither
        }
    }
}

/// A code that stands in for an authenticator app that was lost, once. It has 120 bits of its own, so a plain hash of it is
/// enough (ASVS 5.0, 6.5.2, and NIST SP 800-63B-4, section 3.1.2.2, ask for 112).
pub struct RecoveryCode(Secret<String>);

impl RecoveryCode {
    /// How many somebody has at once.
    pub const COUNT: usize = 10;
    const BYTES: usize = 15;
    const LETTERS: usize = Self::BYTES * 8 / 5;
    /// The letters between two hyphens.
    const GROUP: usize = 6;

    /// As many as somebody has.
    ///
    /// # Errors
    /// When the source of randomness fails.
    pub fn generate_all(entropy: &dyn Entropy) -> Result<Vec<Self>, RandomError> {
        (0..Self::COUNT).map(|_| Self::generate(entropy)).collect()
    }

    fn generate(entropy: &dyn Entropy) -> Result<Self, RandomError> {
        let mut bytes = vec![0; Self::BYTES];
        entropy.fill(&mut bytes)?;
        let text = totp_rs::Secret::new(bytes.into_boxed_slice()).to_base32();
        Ok(Self(Secret::new(text.to_ascii_lowercase())))
    }

    /// The code as it is shown, once: in groups.
    #[must_use]
    pub fn to_text(&self) -> Secret<String> {
        let mut text = String::with_capacity(Self::LETTERS + Self::LETTERS / Self::GROUP);
        for (place, letter) in self.0.expose().chars().enumerate() {
            if place > 0 && place.is_multiple_of(Self::GROUP) {
                text.push('-');
            }
            text.push(letter);
        }
        Secret::new(text)
    }

    /// What is stored of it.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        TokenHash::of(self.0.expose())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::atomic::{AtomicU8, Ordering};

    use super::*;

    struct Counting(AtomicU8);

    impl Entropy for Counting {
        fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomError> {
            buffer.fill_with(|| self.0.fetch_add(7, Ordering::Relaxed));
            Ok(())
        }
    }

    fn read(text: &str) -> FactorCode {
        FactorCode::read(&Secret::new(text.to_owned()))
    }

    #[test]
    fn a5_recovery_codes_are_ten_of_120_bits_each_and_read_as_they_are_shown() {
        let codes = RecoveryCode::generate_all(&Counting(0.into())).unwrap();
        let shown: HashSet<String> = codes.iter().map(|code| code.to_text().expose().clone()).collect();
        assert_eq!((codes.len(), shown.len()), (10, 10));
        for code in codes {
            let shown = code.to_text();
            let shown = shown.expose();
            assert_eq!(shown.split('-').map(str::len).collect::<Vec<_>>(), [6, 6, 6, 6], "{shown}");
            for typed in [shown.clone(), shown.replace('-', ""), shown.to_uppercase(), format!(" {shown} ")] {
                assert!(matches!(read(&typed), FactorCode::Recovery(hash) if hash == code.hash()), "{typed}");
            }
        }
    }

    #[test]
    fn a5_six_digits_are_a_code_of_an_app_however_they_are_parted_and_all_else_is_nothing() {
        for typed in ["123456", "123 456", "12-34-56", " 123456 "] {
            assert!(matches!(read(typed), FactorCode::Totp(code) if code.expose() == "123456"), "{typed}");
        }
        let long = "1".repeat(FactorCode::MAX_BYTES + 1);
        for typed in ["", "12345", "1234567", "12345a", "１２３４５６", "123456\n", "abcdef-ghijkl", &long]
        {
            assert!(matches!(read(typed), FactorCode::Neither), "{typed}");
        }
    }
}
