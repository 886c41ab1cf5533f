//! The rules of texts that people write for people: names, summaries, descriptions.

use crate::as_text::text_type;

/// A text that is too long, empty, or holds what no text for people has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing, or nothing but spaces.
    #[error("is empty")]
    Empty,
    /// Too many characters.
    #[error("has more than {0} characters")]
    TooLong(usize),
    /// A control character, or one that changes the direction of what follows.
    #[error("holds a control character or an invisible mark that changes the direction of text")]
    Unprintable,
}

/// The most characters of a name.
pub const NAME_MAX: usize = 100;
/// The most characters of a summary, or of tags.
pub const LINE_MAX: usize = 500;
/// The most characters of a description.
pub const PROSE_MAX: usize = 10_000;

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident: $check:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Default)]
        pub struct $name(String);

        impl $name {
            /// Reads one.
            ///
            /// # Errors
            /// When the text breaks its rule.
            pub fn parse(text: &str) -> Result<Self, TextError> {
                let check: fn(&str) -> Result<(), TextError> = $check;
                check(text).map(|()| Self(text.to_owned()))
            }

            /// It as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }

        text_type!($name, TextError);
    )*};
}

texts! {
    /// One line that is not empty.
    Name: |text| if text.trim().is_empty() { Err(TextError::Empty) } else { check(text, NAME_MAX, false) };
    /// One line, which may be empty.
    Line: |text| check(text, LINE_MAX, false);
    /// Several lines, which may be empty.
    Prose: |text| check(text, PROSE_MAX, true);
}

fn check(text: &str, max: usize, lines: bool) -> Result<(), TextError> {
    if text.chars().count() > max {
        return Err(TextError::TooLong(max));
    }
    let allowed =
        |c: char| !(c.is_control() || turns_direction(c)) || (lines && matches!(c, '\n' | '\r' | '\t'));
    if text.chars().all(allowed) { Ok(()) } else { Err(TextError::Unprintable) }
}

/// Whether a text is one printable line, of any length.
pub(crate) fn is_one_line(text: &str) -> bool {
    check(text, usize::MAX, false).is_ok()
}

/// A text as one printable line: a space for what ends a line or is a tab, and nothing for what else no line for people has.
///
/// ```
/// assert_eq!(syft_space_domain::text::one_line("a\u{1b}\u{202e}b\r\nc"), "ab  c");
/// ```
#[must_use]
pub fn one_line(text: &str) -> String {
    let parts = |c: char| matches!(c, '\t'..='\r' | '\u{1c}'..='\u{1f}' | '\u{85}' | '\u{2028}' | '\u{2029}');
    let spaced = text.chars().map(|c| if parts(c) { ' ' } else { c });
    spaced.filter(|c| !c.is_control() && !turns_direction(*c)).collect()
}

/// Unicode's explicit directional marks, and its line and paragraph separators.
#[must_use]
pub fn turns_direction(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i1_names_are_one_printable_line() {
        let name = |text: &str| Name::parse(text).map(String::from);
        assert_eq!(name("Annual reports").as_deref(), Ok("Annual reports"));
        assert_eq!(name(" \u{3000} "), Err(TextError::Empty));
        assert_eq!(name("two\nlines"), Err(TextError::Unprintable));
        for mark in ['\u{61c}', '\u{200e}', '\u{2028}', '\u{202e}', '\u{2066}'] {
            assert_eq!(name(&format!("right{mark}left")), Err(TextError::Unprintable));
        }
        assert_eq!(name("nul\0"), Err(TextError::Unprintable));
        assert_eq!(name(&"ü".repeat(101)), Err(TextError::TooLong(100)));
        assert!(name(&"ü".repeat(100)).is_ok());
        assert!(Prose::parse("two\nlines").is_ok());
    }
}
