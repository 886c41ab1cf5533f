//! A section of a format: how it shows the numbers that it is for.

use super::moment::Moment;
use super::pattern::{Pattern, Piece};

/// A section, and for which numbers it is where it says so.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Section {
    pub(super) condition: Option<Condition>,
    /// `None` where it is not known how it is shown: then the number is, as it is.
    pub(super) shown: Option<Shown>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shown {
    /// A date, a time of day, or how long something took.
    Moment(Moment),
    /// Digits in their places.
    Pattern(Pattern),
    /// A text in place of the number.
    Words(String),
}

/// For which numbers a section is, as `[>=1000]` says.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Condition {
    compares: Compares,
    bound: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compares {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    Unequal,
}

/// What has been read of a section.
#[derive(Default)]
struct Reading {
    pieces: Vec<Piece>,
    condition: Option<Condition>,
    /// Its letters that stand for parts of dates and times.
    letters: String,
    is_duration: bool,
    /// Whether it has what is not known here.
    is_strange: bool,
}

impl Section {
    /// The sections of a code.
    pub(super) fn all_of(code: &str) -> Vec<Self> {
        let mut sections = Vec::new();
        let mut reading = Reading::default();
        let mut rest = code.chars();
        while let Some(character) = rest.next() {
            // Parts of a date are apart where anything stands between them.
            if !reading.letters.is_empty() && !character.is_ascii_alphabetic() {
                reading.letters.push(' ');
            }
            match character {
                ';' => sections.push(std::mem::take(&mut reading).finish()),
                '"' => reading.literal(&rest.by_ref().take_while(|c| *c != '"').collect::<String>()),
                '\\' | '!' => reading.literal(&rest.next().map(String::from).unwrap_or_default()),
                '_' | '*' => drop(rest.next()),
                '[' => reading.bracket(&rest.by_ref().take_while(|c| *c != ']').collect::<String>()),
                '0' | '#' | '?' => reading.pieces.push(Piece::Place(character)),
                '.' => reading.pieces.push(Piece::Point),
                ',' => reading.pieces.push(Piece::Comma),
                '%' => reading.pieces.push(Piece::Percent),
                'g' | 'G' if begins_with(rest.as_str(), "eneral") => {
                    rest.by_ref().take("eneral".len()).for_each(drop);
                    reading.pieces.push(Piece::General);
                }
                'a' | 'A' => {
                    let of_half = ["m/pm", "/p"].into_iter().find(|half| begins_with(rest.as_str(), half));
                    reading.is_strange = true;
                    rest.by_ref().take(of_half.map_or(0, str::len)).for_each(drop);
                }
                'y' | 'm' | 'd' | 'h' | 's' | 'Y' | 'M' | 'D' | 'H' | 'S' => {
                    reading.letters.push(character.to_ascii_lowercase());
                }
                // Exponents, texts, fractions, digits that stand for themselves and eras.
                '1'..='9' | '/' | '@' | 'b'..='z' | 'B'..='Z' => {
                    reading.is_strange = true;
                    reading.literal(&character.to_string());
                }
                _ => reading.literal(&character.to_string()),
            }
        }
        sections.push(reading.finish());
        sections
    }

    /// Whether it writes a sign, or the brackets of one, of its own.
    pub(super) fn has_sign(&self) -> bool {
        matches!(&self.shown, Some(Shown::Pattern(pattern)) if pattern.literals().contains(['-', '(']))
    }

    /// Whether it says something beside digits.
    pub(super) fn has_words(&self) -> bool {
        match &self.shown {
            Some(Shown::Pattern(pattern)) => pattern.literals().contains(char::is_alphabetic),
            Some(Shown::Words(words)) => words.contains(char::is_alphabetic),
            Some(Shown::Moment(_)) | None => false,
        }
    }
}

fn begins_with(rest: &str, start: &str) -> bool {
    rest.get(..start.len()).is_some_and(|rest| rest.eq_ignore_ascii_case(start))
}

impl Reading {
    fn literal(&mut self, text: &str) {
        if let Some(Piece::Literal(last)) = self.pieces.last_mut() {
            last.push_str(text);
        } else if !text.is_empty() {
            self.pieces.push(Piece::Literal(text.to_owned()));
        }
    }

    /// Reads what stands in brackets: a currency, a condition, a part of a duration, a colour or a language.
    fn bracket(&mut self, inside: &str) {
        if let Some(currency) = inside.strip_prefix('$') {
            self.literal(currency.split('-').next().unwrap_or_default());
        } else if let Some(condition) = Condition::of(inside) {
            self.condition = Some(condition);
        } else if inside.starts_with(['<', '>', '=']) {
            self.is_strange = true;
        } else {
            let inside = inside.to_ascii_lowercase();
            self.is_duration |= matches!(inside.as_str(), "h" | "hh" | "m" | "mm" | "s" | "ss");
        }
    }

    fn finish(self) -> Section {
        let has_places = self.pieces.iter().any(|piece| matches!(piece, Piece::Place(_)));
        let shown = if self.is_duration || !self.letters.is_empty() {
            Some(Shown::Moment(self.moment()))
        } else if self.is_strange {
            None
        } else if has_places || self.pieces.contains(&Piece::General) {
            Pattern::of(self.pieces).map(Shown::Pattern)
        } else {
            match self.pieces.as_slice() {
                [Piece::Literal(words)] if words.contains(char::is_alphabetic) => {
                    Some(Shown::Words(words.trim().to_owned()))
                }
                _ => None,
            }
        };
        Section { condition: self.condition, shown }
    }

    fn moment(&self) -> Moment {
        let has_date = self.letters.contains(['y', 'd']) || self.letters.contains("mmm");
        let has_time = self.letters.contains(['h', 's']);
        let decimals = self.pieces.iter().skip_while(|piece| **piece != Piece::Point).skip(1);
        Moment {
            has_date: has_date || !has_time,
            has_time,
            is_below_hour: !self.letters.contains('h'),
            is_duration: self.is_duration,
            decimals: decimals.take_while(|piece| matches!(piece, Piece::Place(_))).count(),
        }
    }
}

impl Condition {
    fn of(inside: &str) -> Option<Self> {
        use Compares::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, Unequal};
        let compared = [
            ("<=", LessOrEqual),
            (">=", GreaterOrEqual),
            ("<>", Unequal),
            ("<", Less),
            (">", Greater),
            ("=", Equal),
        ];
        let (bound, compares) =
            compared.iter().find_map(|(sign, compares)| Some((inside.strip_prefix(sign)?, *compares)))?;
        let bound: f64 = bound.trim().parse().ok()?;
        bound.is_finite().then_some(Self { compares, bound })
    }

    pub(super) fn is_met_by(&self, number: f64) -> bool {
        match self.compares {
            Compares::Less => number < self.bound,
            Compares::LessOrEqual => number <= self.bound,
            Compares::Greater => number > self.bound,
            Compares::GreaterOrEqual => number >= self.bound,
            Compares::Equal => number.total_cmp(&self.bound).is_eq(),
            Compares::Unequal => number.total_cmp(&self.bound).is_ne(),
        }
    }
}
