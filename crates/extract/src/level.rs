//! Whether digits stand raised, lowered or in a fraction, and the sign between them and what they would run into.

/// Where a text stands beside the line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Level {
    #[default]
    Line,
    Raised,
    Lowered,
}

impl Level {
    /// Where a run stands of which an office program says this `vertAlign` (ISO/IEC 29500-1, 22.9.2.17).
    pub(crate) fn of_vertical_align(value: &str) -> Self {
        match value {
            "superscript" => Self::Raised,
            "subscript" => Self::Lowered,
            _ => Self::Line,
        }
    }
}

/// Where the texts stand that follow each other.
#[derive(Debug, Default)]
pub(crate) struct Levels {
    /// That of the next text.
    next: Level,
    /// That of the text before it.
    last: Level,
    /// Where the last `^` stands that was written between digits.
    power: Option<usize>,
}

impl Levels {
    /// Says where the next text stands.
    pub(crate) fn set(&mut self, level: Level) {
        self.next = level;
    }

    /// The sign between a text and the next, which follows it directly: `^` before raised digits (10⁶ is no 106), `_` between
    /// digits and lowered ones, a space between digits and those that stand on the line again.
    pub(crate) fn sign(&mut self, before: &str, text: &str) -> Option<char> {
        let last = std::mem::replace(&mut self.last, self.next);
        if last == self.next {
            return None;
        }
        let at = before.len();
        let before = before.chars().next_back()?;
        let is_digit = text.starts_with(char::is_numeric);
        let is_number = is_digit
            || text
                .strip_prefix(['+', '-', '\u{2212}'])
                .is_some_and(|text| text.starts_with(char::is_numeric));
        let is_power = self.next == Level::Raised && is_digit && before.is_numeric();
        self.power = if is_power { Some(at) } else { self.power };
        match self.next {
            Level::Raised if is_number && (before.is_alphanumeric() || before == ')') => Some('^'),
            Level::Lowered if is_digit && before.is_numeric() => Some('_'),
            Level::Line if is_digit && before.is_numeric() => Some(' '),
            Level::Raised | Level::Lowered | Level::Line => None,
        }
    }

    /// Where a `^` stands that is none: raised digits, a stroke and lowered digits are a fraction behind a number.
    pub(crate) fn false_power(&mut self, before: &str, text: &str) -> Option<usize> {
        let begins_lowered = self.next == Level::Lowered && self.last != Level::Lowered;
        let at = if begins_lowered { self.power.take() } else { None }?;
        let digits = before.get(at..)?.strip_prefix('^')?.strip_suffix(['/', '\u{2044}'])?;
        let is_fraction = digits.chars().all(char::is_numeric) && text.starts_with(char::is_numeric);
        is_fraction.then_some(at)
    }

    /// Tells that a text was written that does not follow directly.
    pub(crate) fn pass(&mut self) {
        self.last = self.next;
    }

    /// Tells that what was written stands beside the line, whatever was said of it.
    pub(crate) fn leave(&mut self) {
        self.last = Level::Raised;
    }

    /// Appends a text to another.
    pub(crate) fn push(&mut self, before: &mut String, text: &str) {
        if !text.is_empty() {
            if let Some(at) = self.false_power(before, text) {
                before.replace_range(at..=at, " ");
            }
            before.extend(self.sign(before, text));
            before.push_str(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn q2_digits_beside_the_line_never_run_into_others() {
        use Level::{Line, Lowered, Raised};
        for (texts, shown) in [
            (&[(Line, "10"), (Raised, "6"), (Line, " euro")][..], "10^6 euro"),
            (&[(Line, "10"), (Raised, "1"), (Raised, "2")], "10^12"),
            (&[(Line, "10"), (Raised, "\u{2212}6")], "10^\u{2212}6"),
            (&[(Line, "m"), (Raised, "2")], "m^2"),
            (&[(Line, "(a+b)"), (Raised, "2")], "(a+b)^2"),
            (&[(Line, "1"), (Raised, "st")], "1st"),
            (&[(Line, "of "), (Raised, "14"), (Line, "C")], "of 14C"),
            (&[(Line, "harbor."), (Raised, "1")], "harbor.1"),
            (&[(Line, "H"), (Lowered, "2"), (Line, "O")], "H2O"),
            (&[(Line, "101"), (Lowered, "2")], "101_2"),
            (&[(Line, "log"), (Lowered, "2"), (Line, "8")], "log2 8"),
            (&[(Line, "x"), (Lowered, "1"), (Raised, "2")], "x1^2"),
            (&[(Line, "1"), (Raised, "1"), (Line, "/"), (Lowered, "2"), (Line, " h")], "1 1/2 h"),
            (&[(Line, "1"), (Raised, "3"), (Line, "\u{2044}"), (Lowered, "4")], "1 3\u{2044}4"),
            (&[(Line, "10"), (Raised, "6"), (Line, "/ml")], "10^6/ml"),
            (&[(Line, "10"), (Raised, "6"), (Line, " a/"), (Lowered, "2")], "10^6 a/2"),
            (&[(Raised, "6")], "6"),
        ] {
            let (mut levels, mut written) = (Levels::default(), String::new());
            for (level, text) in texts {
                levels.set(*level);
                levels.push(&mut written, text);
            }
            assert_eq!(written, shown);
        }
    }
}
