//! Formulas, of which fractions, exponents and indices are written in a line: `1/2`, `10^6`.

use crate::text_builder::TextBuilder;

/// The most parts within each other that are written so: each is looked at again for those around it.
const MAX_DEPTH: usize = 64;

/// A part of a formula that does not stand on the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Numerator,
    Denominator,
    Raised,
    Lowered,
}

impl Part {
    /// What stands before it, behind this, and whether brackets around it: where it is more than a number or a name.
    fn signs(self, before: &str, text: &str) -> (&'static str, bool) {
        let digits_meet = before.ends_with(char::is_numeric) && text.starts_with(char::is_numeric);
        let unsigned =
            text.strip_prefix(['+', '-', '\u{2212}']).filter(|_| self == Self::Raised).unwrap_or(text);
        let is_simple = unsigned.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | ','));
        let follows = before.ends_with(|c: char| !c.is_whitespace());
        let sign = match self {
            Self::Numerator if digits_meet => " ",
            Self::Denominator => "/",
            Self::Raised if follows => "^",
            Self::Lowered if follows && (digits_meet || !is_simple) => "_",
            Self::Numerator | Self::Raised | Self::Lowered => "",
        };
        (sign, !is_simple)
    }

    /// Writes what it needs around the text that begins here. Answers what was put before that, and what was taken.
    pub(crate) fn close(self, text: &mut String, from: usize) -> Option<Closed> {
        let (before, written) = text.split_at_checked(from)?;
        let inner = written.trim_start();
        if inner.trim_end().is_empty() {
            return None;
        }
        let before = if self == Self::Numerator {
            text.get(..text.len().saturating_sub(inner.len()))?
        } else {
            before
        };
        let (sign, has_brackets) = self.signs(before, inner.trim_end());
        let spaces = written.len().saturating_sub(inner.len());
        let at = from.saturating_add(spaces);
        // White space between the parts is of the file, unless the formula begins with this one.
        let taken = if self == Self::Numerator { 0 } else { spaces };
        let bracket = if has_brackets { "(" } else { "" };
        text.replace_range(at.saturating_sub(taken)..at, &format!("{sign}{bracket}"));
        if has_brackets {
            text.push(')');
        }
        Some(Closed { at, put: sign.len().saturating_add(bracket.len()), taken })
    }
}

/// What was changed before the text of a part.
pub(crate) struct Closed {
    pub(crate) at: usize,
    pub(crate) put: usize,
    pub(crate) taken: usize,
}

/// The open elements of a formula in MathML, in which a part is told by its place among those beside it.
#[derive(Debug, Default)]
pub(crate) struct MathMl {
    open: Vec<Element>,
    /// Elements that are open beyond those.
    deeper: usize,
}

#[derive(Debug)]
struct Element {
    name: String,
    children: usize,
    part: Option<(Part, usize)>,
}

impl MathMl {
    /// Whether a formula is open, or begins with this element.
    pub(crate) fn takes(&self, name: &str) -> bool {
        !self.open.is_empty() || name == "math"
    }

    /// Begins an element.
    pub(crate) fn begin(&mut self, name: &str, builder: &mut TextBuilder) {
        if self.open.len() >= MAX_DEPTH {
            self.deeper = self.deeper.saturating_add(1);
            return;
        }
        let part = self.open.last_mut().and_then(|parent| {
            let place = parent.children;
            parent.children = parent.children.saturating_add(1);
            part(&parent.name, place)
        });
        let part = part.map(|part| (part, builder.begin_part()));
        self.open.push(Element { name: name.to_owned(), children: 0, part });
    }

    /// Ends an element, and those in it that were not ended.
    pub(crate) fn end(&mut self, name: &str, builder: &mut TextBuilder) {
        if self.deeper > 0 && name != "math" {
            self.deeper = self.deeper.saturating_sub(1);
            return;
        }
        if !self.open.iter().any(|element| element.name == name) {
            return;
        }
        while let Some(element) = self.open.pop() {
            if let Some((part, from)) = element.part {
                builder.end_part(part, from);
            }
            if element.name == name {
                break;
            }
        }
        self.deeper = 0;
    }
}

/// The part that the child at this place is.
fn part(parent: &str, place: usize) -> Option<Part> {
    match (parent, place) {
        ("mfrac", 0) => Some(Part::Numerator),
        ("mfrac", 1) => Some(Part::Denominator),
        ("msup", 1) | ("msubsup" | "munderover", 2) => Some(Part::Raised),
        ("msub" | "msubsup" | "munder" | "munderover", 1) => Some(Part::Lowered),
        _ => None,
    }
}

/// The open parts of a formula of Office (OMML), which tell by their names what they are.
#[derive(Debug, Default)]
pub(crate) struct OfficeMath {
    open: Vec<(Part, usize)>,
    /// Parts that are open beyond those.
    deeper: usize,
}

impl OfficeMath {
    /// Whether an element of this name is a part.
    pub(crate) fn takes(name: &str) -> bool {
        office_part(name).is_some()
    }

    /// Begins an element.
    pub(crate) fn begin(&mut self, name: &str, builder: &mut TextBuilder) {
        let Some(part) = office_part(name) else { return };
        if self.open.len() < MAX_DEPTH {
            self.open.push((part, builder.begin_part()));
        } else {
            self.deeper = self.deeper.saturating_add(1);
        }
    }

    /// Ends the element that began last.
    pub(crate) fn end(&mut self, builder: &mut TextBuilder) {
        if self.deeper > 0 {
            self.deeper = self.deeper.saturating_sub(1);
        } else if let Some((part, from)) = self.open.pop() {
            builder.end_part(part, from);
        }
    }
}

fn office_part(name: &str) -> Option<Part> {
    match name {
        "num" => Some(Part::Numerator),
        "den" => Some(Part::Denominator),
        "sup" => Some(Part::Raised),
        "sub" => Some(Part::Lowered),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn q2_a_part_of_a_formula_has_the_signs_that_tell_it_from_what_is_before_it() {
        for (part, before, text, shown) in [
            (Part::Numerator, "1", "1", "1 1"),
            (Part::Numerator, "Take", " 1", "Take 1"),
            (Part::Numerator, "", "a + b ", "(a + b )"),
            (Part::Denominator, "1", "2", "1/2"),
            (Part::Denominator, "1", "\n 2", "1/2"),
            (Part::Raised, "10", "6", "10^6"),
            (Part::Raised, "10", "\u{2212}6.5", "10^\u{2212}6.5"),
            (Part::Raised, "x", "n", "x^n"),
            (Part::Raised, "x", "n+1", "x^(n+1)"),
            (Part::Raised, "", "14", "14"),
            (Part::Lowered, "x", "1", "x1"),
            (Part::Lowered, "10", "2", "10_2"),
            (Part::Lowered, "x", "i+1", "x_(i+1)"),
            (Part::Lowered, "x", " ", "x "),
        ] {
            let mut written = format!("{before}{text}");
            let _closed = part.close(&mut written, before.len());
            assert_eq!(written, shown);
        }
        assert!(Part::Raised.close(&mut "ü".to_owned(), 1).is_none(), "within a character");
        assert!(Part::Raised.close(&mut String::new(), 7).is_none(), "beyond the text");
    }
}
