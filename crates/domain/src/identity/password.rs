//! Passwords: the rules for new ones, and the stored form.

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroize;

use crate::secret::Secret;

/// A password of an acceptable length, in one Unicode form (NFC), with nothing else changed or cut.
///
/// Whether it is common enough to be guessed is the blocklist's business: see
/// [`Passwords`](crate::identity::ports::Passwords).
#[derive(Clone)]
pub struct Password(Secret<String>);

/// Why a text may not be a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Too short.
    #[error("a password has at least {} characters: a few unrelated words do", Password::MIN_CHARS)]
    TooShort,
    /// Too long.
    #[error("a password has at most {} bytes", Password::MAX_BYTES)]
    TooLong,
    /// Commonly used, or made of the caller's own names.
    #[error(
        "this password is easily guessed; choose one that is not on a list of common ones and does not repeat your names"
    )]
    Guessable,
}

impl Password {
    /// The fewest characters (NIST SP 800-63B-4, section 3.1.1.2, for a password that is the only factor).
    pub const MIN_CHARS: usize = 15;
    /// The most bytes, so that nobody makes the server hash a novel.
    pub const MAX_BYTES: usize = 1024;

    /// Takes a new password.
    ///
    /// # Errors
    /// When it is too short or too long.
    pub fn parse(text: &Secret<String>) -> Result<Self, PasswordError> {
        let password = Self::presented(text)?;
        if password.expose().chars().count() < Self::MIN_CHARS {
            return Err(PasswordError::TooShort);
        }
        Ok(password)
    }

    /// Takes a password that is to be compared only, as at a login: it may be of any length that can be hashed.
    ///
    /// # Errors
    /// When it is too long.
    pub fn presented(text: &Secret<String>) -> Result<Self, PasswordError> {
        if text.expose().len() > Self::MAX_BYTES {
            return Err(PasswordError::TooLong);
        }
        Ok(Self(Secret::new(text.expose().nfc().collect())))
    }

    /// The password itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

/// What is stored of a password: a PHC string with its parameters and salt. It has no `Debug`.
#[derive(Clone)]
pub struct PasswordHash(Secret<String>);

impl PasswordHash {
    /// Takes a PHC string that a [`Passwords`](crate::identity::ports::Passwords) made.
    #[must_use]
    pub fn from_phc(phc: String) -> Self {
        Self(Secret::new(phc))
    }

    /// The PHC string.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl Zeroize for Password {
    fn zeroize(&mut self) {
        *self = Self(Secret::new(String::new()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Password, PasswordError> {
        Password::parse(&Secret::new(text.to_owned()))
    }

    #[test]
    fn a3_fourteen_characters_are_refused_and_fifteen_are_not() {
        assert_eq!(parse(&"x".repeat(14)).err(), Some(PasswordError::TooShort));
        assert!(parse(&"x".repeat(15)).is_ok());
        assert!(parse(&"ü".repeat(15)).is_ok(), "characters count, not bytes");
        assert!(parse(&"x".repeat(128)).is_ok());
        assert_eq!(parse(&"x".repeat(1 << 20)).err(), Some(PasswordError::TooLong));
    }

    #[test]
    fn a3_the_same_letters_typed_two_ways_are_one_password() {
        let composed = parse("correct horse b\u{e4}ttery").map(|p| p.expose().to_owned());
        let decomposed = parse("correct horse ba\u{308}ttery").map(|p| p.expose().to_owned());
        assert_eq!(composed, decomposed);
    }

    #[test]
    fn a3_nothing_is_cut_or_trimmed() {
        let long = format!(" {}\0 ", "y".repeat(80));
        assert_eq!(parse(&long).map(|p| p.expose().to_owned()), Ok(long));
    }
}
