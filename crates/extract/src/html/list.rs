//! The lists of a page, and the mark that a reader sees before each of their items.

use html5ever::tokenizer::Tag;

use super::style::{attribute, declarations};

/// A list that is open.
#[derive(Debug)]
pub(super) struct List {
    mark: Mark,
    /// The number of the next item.
    next: i64,
    step: i64,
    /// The number of the list on the page, counted from 0.
    pub(super) index: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Bullet,
    Decimal,
    /// Decimal with a zero before one digit.
    Padded,
    LowerLetter,
    UpperLetter,
    LowerRoman,
    UpperRoman,
}

impl List {
    /// A list, whose items were counted before where that is needed.
    pub(super) fn new(tag: &Tag, index: usize, items: Option<i64>) -> Self {
        let is_ordered = &*tag.name == "ol";
        let mark = Mark::of(tag).unwrap_or(if is_ordered { Mark::Decimal } else { Mark::Bullet });
        let start = attribute(tag, "start").filter(|_| is_ordered).and_then(integer);
        let (first, step) = if is_reversed(tag) { (items.unwrap_or(1), -1) } else { (1, 1) };
        let reset = counter(tag, "counter-reset").map(|number| number.unwrap_or(0).saturating_add(step));
        Self { mark, next: reset.or(start).unwrap_or(first), step, index }
    }

    /// The mark of the next item.
    pub(super) fn item(&mut self, tag: &Tag) -> String {
        let value = counter(tag, "counter-set").map(|number| number.unwrap_or(0));
        let value = value.or_else(|| attribute(tag, "value").and_then(integer));
        let step = counter(tag, "counter-increment").map_or(self.step, |number| number.unwrap_or(1));
        let number = value.unwrap_or_else(|| self.next.saturating_sub(self.step).saturating_add(step));
        self.next = number.saturating_add(self.step);
        Mark::of(tag).unwrap_or(self.mark).write(number)
    }
}

/// What a property of an element's own style says of the counter of items; a number is not always told.
fn counter(tag: &Tag, property: &str) -> Option<Option<i64>> {
    let style = attribute(tag, "style").map(declarations).unwrap_or_default();
    let value = style.iter().rev().find(|one| one.name == property)?.value.as_str();
    let mut words = value.split_whitespace().skip_while(|word| *word != "list-item").skip(1).peekable();
    let is_named = value.split_whitespace().any(|word| word == "list-item");
    is_named.then(|| words.peek().and_then(|word| integer(word)))
}

/// Whether a list counts down, which begins with the number of its items.
pub(super) fn is_reversed(tag: &Tag) -> bool {
    &*tag.name == "ol" && attribute(tag, "reversed").is_some()
}

/// The integer that a value begins with, as HTML reads one.
fn integer(value: &str) -> Option<i64> {
    let value = value.trim_start_matches(|c: char| c.is_ascii_whitespace());
    let digits = value.strip_prefix(['-', '+']).unwrap_or(value);
    let rest = digits.trim_start_matches(|c: char| c.is_ascii_digit());
    // A browser counts in 32 bits.
    value.get(..value.len().saturating_sub(rest.len()))?.parse::<i32>().ok().map(i64::from)
}

impl Mark {
    /// The mark that an element names.
    fn of(tag: &Tag) -> Option<Self> {
        let style = attribute(tag, "style").map(declarations).unwrap_or_default();
        let styles = style.iter().filter(|one| matches!(&*one.name, "list-style" | "list-style-type"));
        let styled = styles.rev().find_map(|one| one.value.split_whitespace().find_map(Self::named));
        styled.or_else(|| match attribute(tag, "type")? {
            "1" => Some(Self::Decimal),
            "a" => Some(Self::LowerLetter),
            "A" => Some(Self::UpperLetter),
            "i" => Some(Self::LowerRoman),
            "I" => Some(Self::UpperRoman),
            kind => Some(Self::Bullet)
                .filter(|_| ["disc", "circle", "square"].contains(&&*kind.to_ascii_lowercase())),
        })
    }

    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "none" | "disc" | "circle" | "square" => Self::Bullet,
            "decimal" => Self::Decimal,
            "decimal-leading-zero" => Self::Padded,
            "lower-alpha" | "lower-latin" => Self::LowerLetter,
            "upper-alpha" | "upper-latin" => Self::UpperLetter,
            "lower-roman" => Self::LowerRoman,
            "upper-roman" => Self::UpperRoman,
            _ => return None,
        })
    }

    fn write(self, number: i64) -> String {
        let written = match self {
            Self::Bullet => return "- ".to_owned(),
            Self::Decimal => None,
            Self::Padded => Some(format!("{number:02}")),
            Self::LowerLetter => letters(number),
            Self::UpperLetter => letters(number).map(|letters| letters.to_ascii_uppercase()),
            Self::LowerRoman => roman(number),
            Self::UpperRoman => roman(number).map(|roman| roman.to_ascii_uppercase()),
        };
        // What has no letter or Roman number is written with digits, as browsers do.
        format!("{}. ", written.unwrap_or_else(|| number.to_string()))
    }
}

/// 1 is a, 27 is aa.
fn letters(number: i64) -> Option<String> {
    let mut rest = u32::try_from(number).ok().filter(|number| *number > 0)?;
    let mut letters = Vec::new();
    while let Some(left) = rest.checked_sub(1) {
        // Behind the ten digits come the letters.
        letters.extend(char::from_digit((left % 26).saturating_add(10), 36));
        rest = left / 26;
    }
    Some(letters.into_iter().rev().collect())
}

fn roman(number: i64) -> Option<String> {
    const SIGNS: [(&str, i64); 13] = [
        ("m", 1000),
        ("cm", 900),
        ("d", 500),
        ("cd", 400),
        ("c", 100),
        ("xc", 90),
        ("l", 50),
        ("xl", 40),
        ("x", 10),
        ("ix", 9),
        ("v", 5),
        ("iv", 4),
        ("i", 1),
    ];
    let mut rest = Some(number).filter(|number| (1..=3999).contains(number))?;
    let mut roman = String::new();
    for (sign, value) in SIGNS {
        while rest >= value {
            roman.push_str(sign);
            rest = rest.saturating_sub(value);
        }
    }
    Some(roman)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn q2_numbers_are_written_as_a_browser_writes_them() {
        let all = |number: i64| {
            [Mark::Decimal, Mark::Padded, Mark::LowerLetter, Mark::UpperRoman].map(|mark| mark.write(number))
        };
        assert_eq!(all(4), ["4. ", "04. ", "d. ", "IV. "]);
        assert_eq!(all(28), ["28. ", "28. ", "ab. ", "XXVIII. "]);
        assert_eq!(all(1994), ["1994. ", "1994. ", "bxr. ", "MCMXCIV. "]);
        assert_eq!(all(-2), ["-2. ", "-2. ", "-2. ", "-2. "]);
        assert_eq!([letters(26), letters(702), letters(703)].map(Option::unwrap), ["z", "zz", "aaa"]);
    }

    #[test]
    fn q2_an_integer_is_what_a_value_begins_with() {
        assert_eq!(
            ["7", " -3", "+2", "4th", "x", "", "99999999999"].map(integer),
            [Some(7), Some(-3), Some(2), Some(4), None, None, None]
        );
    }
}
