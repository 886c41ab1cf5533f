//! Passwords: the rules for new ones, and the stored form.

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroize;

use crate::access::Role;
use crate::secret::Secret;
use crate::tenant::Tenant;

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
    /// Too short, even beside a second factor.
    #[error(
        "a password has at least {} characters where a second factor is needed beside it",
        Password::MIN_CHARS_BESIDE_FACTOR
    )]
    TooShortBesideFactor,
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
    /// The fewest characters where a second factor is needed beside it (there, too).
    pub const MIN_CHARS_BESIDE_FACTOR: usize = 8;
    /// The most bytes, in its one Unicode form, so that nobody makes the server hash a novel.
    pub const MAX_BYTES: usize = 1024;
    /// The most bytes as it is typed: a decomposed form of the same text takes more of them.
    pub const MAX_TYPED_BYTES: usize = 4 * Self::MAX_BYTES;

    /// Takes a new password. Its length is that of its one Unicode form, so that a keyboard which types another takes it too.
    ///
    /// # Errors
    /// When it is too short or too long.
    pub fn parse(text: &Secret<String>) -> Result<Self, PasswordError> {
        match Self::parse_beside_factor(text) {
            Err(PasswordError::TooShortBesideFactor) => Err(PasswordError::TooShort),
            Ok(password) if password.is_short() => Err(PasswordError::TooShort),
            parsed => parsed,
        }
    }

    /// Takes a new password of somebody who needs a second factor beside it. It may be shorter.
    ///
    /// # Errors
    /// When it is too short or too long.
    fn parse_beside_factor(text: &Secret<String>) -> Result<Self, PasswordError> {
        let password = Self::presented(text)?;
        if password.expose().len() > Self::MAX_BYTES {
            return Err(PasswordError::TooLong);
        }
        if password.chars() < Self::MIN_CHARS_BESIDE_FACTOR {
            return Err(PasswordError::TooShortBesideFactor);
        }
        Ok(password)
    }

    /// Takes a new password of a member of this role: where the tenant demands a second factor of it, it may be shorter.
    ///
    /// # Errors
    /// When it is too short or too long.
    pub(super) fn chosen(text: &Secret<String>, tenant: &Tenant, role: Role) -> Result<Self, PasswordError> {
        if tenant.needs_second_factor(role) { Self::parse_beside_factor(text) } else { Self::parse(text) }
    }

    /// Whether it is too short to be all that a login asks for.
    #[must_use]
    pub fn is_short(&self) -> bool {
        self.chars() < Self::MIN_CHARS
    }

    fn chars(&self) -> usize {
        self.expose().chars().count()
    }

    /// Takes a password that is to be compared only, as at a login: it may be of any length that can be hashed.
    ///
    /// # Errors
    /// When it is too long, both as it is typed and in its one Unicode form.
    pub fn presented(text: &Secret<String>) -> Result<Self, PasswordError> {
        let typed = text.expose();
        if typed.len() > Self::MAX_TYPED_BYTES {
            return Err(PasswordError::TooLong);
        }
        let password = Self(Secret::new(typed.nfc().collect()));
        // One that was chosen when its length was counted as typed may be longer in NFC: it goes on to be compared.
        if typed.len().min(password.expose().len()) > Self::MAX_BYTES {
            return Err(PasswordError::TooLong);
        }
        Ok(password)
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
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Result<String, PasswordError> {
        Password::parse(&Secret::new(text.to_owned())).map(|password| password.expose().to_owned())
    }

    fn presented(text: &str) -> Result<String, PasswordError> {
        Password::presented(&Secret::new(text.to_owned())).map(|password| password.expose().to_owned())
    }

    /// Letters that can be typed in several ways: with marks in any order, composed, or as a look-alike of their own.
    fn accented() -> impl Strategy<Value = String> {
        prop::collection::vec(
            prop::sample::select(vec![
                "e",
                "é",
                "i",
                "ḯ",
                "Å",
                "\u{212b}",
                "ﬁ",
                "각",
                "\u{1100}\u{1161}",
                "\u{301}",
                "\u{308}",
                "\u{323}",
                "\u{958}",
                " ",
            ]),
            15..60,
        )
        .prop_map(|letters| letters.concat())
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
    fn a3_beside_a_second_factor_seven_characters_are_refused_and_eight_are_not() {
        let beside = |text: &str| Password::parse_beside_factor(&Secret::new(text.to_owned()));
        assert_eq!(beside(&"x".repeat(7)).err(), Some(PasswordError::TooShortBesideFactor));
        for (count, is_short) in [(8, true), (14, true), (15, false), (128, false)] {
            assert_eq!(beside(&"ü".repeat(count)).map(|password| password.is_short()).ok(), Some(is_short));
        }
        assert_eq!(beside(&"x".repeat(1 << 20)).err(), Some(PasswordError::TooLong));
    }

    #[test]
    fn a3_length_is_counted_in_the_one_unicode_form() {
        let decomposed = |count: usize| "u\u{308}".repeat(count);
        assert_eq!(parse(&decomposed(14)).err(), Some(PasswordError::TooShort), "28 code points make 14");
        assert!(parse(&decomposed(15)).is_ok());
        assert!(parse(&decomposed(512)).is_ok(), "1,536 bytes make 1,024");
        assert_eq!(parse(&decomposed(513)).err(), Some(PasswordError::TooLong));
        assert_eq!(presented(&decomposed(513)).err(), Some(PasswordError::TooLong));
        // NFC takes this letter apart: 3 bytes become 6. One chosen when the typed bytes were counted is compared still.
        let longer_in_nfc = "\u{958}".repeat(300);
        assert_eq!(parse(&longer_in_nfc).err(), Some(PasswordError::TooLong));
        assert!(presented(&longer_in_nfc).is_ok());
    }

    proptest! {
        #[test]
        fn a3_the_same_text_typed_in_any_form_is_one_password(text in accented()) {
            let composed: String = text.nfc().collect();
            let (chosen, given) = (parse(&composed), presented(&composed));
            for typed in [text.clone(), text.nfd().collect(), composed] {
                prop_assert_eq!(&parse(&typed), &chosen, "{:?}", typed);
                prop_assert_eq!(&presented(&typed), &given, "{:?}", typed);
            }
        }

        #[test]
        fn a3_texts_that_unicode_tells_apart_are_two_passwords(one in accented(), other in accented()) {
            let same_text = one.nfd().eq(other.nfd());
            prop_assert_eq!(presented(&one) == presented(&other), same_text);
        }

        #[test]
        fn a3_a_password_in_its_one_form_is_taken_as_it_is(text in "\\PC{15,200}") {
            let composed: String = text.nfc().collect();
            let taken = presented(&composed);
            prop_assert_eq!(taken, Ok(composed));
        }
    }

    #[test]
    fn a3_nothing_is_cut_or_trimmed() {
        let long = format!(" {}\0 ", "y".repeat(80));
        assert_eq!(parse(&long), Ok(long));
    }

    #[test]
    fn a_password_is_compared_up_to_the_bytes_that_can_be_hashed_and_is_empty_once_wiped() {
        let presented = |bytes| Password::presented(&Secret::new("x".repeat(bytes)));
        let mut longest = presented(Password::MAX_BYTES).unwrap();
        assert_eq!(longest.expose().len(), Password::MAX_BYTES);
        for over in [Password::MAX_BYTES + 1, Password::MAX_BYTES + 2] {
            assert_eq!(presented(over).err(), Some(PasswordError::TooLong));
        }
        longest.zeroize();
        assert_eq!(longest.expose(), "");
    }
}
