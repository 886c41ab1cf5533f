//! The rules of texts that people write for people: names, summaries, descriptions.

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

/// A name: one line that is not empty.
///
/// # Errors
/// When it is empty, too long, or unprintable.
pub fn name(text: &str) -> Result<String, TextError> {
    if text.trim().is_empty() {
        return Err(TextError::Empty);
    }
    check(text, NAME_MAX, false)
}

/// One line, which may be empty.
///
/// # Errors
/// When it is too long or unprintable.
pub fn line(text: &str) -> Result<String, TextError> {
    check(text, LINE_MAX, false)
}

/// Several lines, which may be empty.
///
/// # Errors
/// When it is too long or unprintable.
pub fn prose(text: &str) -> Result<String, TextError> {
    check(text, PROSE_MAX, true)
}

fn check(text: &str, max: usize, lines: bool) -> Result<String, TextError> {
    if text.chars().count() > max {
        return Err(TextError::TooLong(max));
    }
    let allowed =
        |c: char| !(c.is_control() || turns_direction(c)) || (lines && matches!(c, '\n' | '\r' | '\t'));
    if text.chars().all(allowed) { Ok(text.to_owned()) } else { Err(TextError::Unprintable) }
}

/// Whether a text is one printable line, of any length.
pub(crate) fn is_one_line(text: &str) -> bool {
    check(text, usize::MAX, false).is_ok()
}

/// Unicode's explicit directional marks, and its line and paragraph separators.
fn turns_direction(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i1_names_are_one_printable_line() {
        assert_eq!(name("Annual reports").as_deref(), Ok("Annual reports"));
        assert_eq!(name(" \u{3000} "), Err(TextError::Empty));
        assert_eq!(name("two\nlines"), Err(TextError::Unprintable));
        for mark in ['\u{61c}', '\u{200e}', '\u{2028}', '\u{202e}', '\u{2066}'] {
            assert_eq!(name(&format!("right{mark}left")), Err(TextError::Unprintable));
        }
        assert_eq!(name("nul\0"), Err(TextError::Unprintable));
        assert_eq!(name(&"ü".repeat(101)), Err(TextError::TooLong(100)));
        assert!(name(&"ü".repeat(100)).is_ok());
        assert!(prose("two\nlines").is_ok());
    }
}
