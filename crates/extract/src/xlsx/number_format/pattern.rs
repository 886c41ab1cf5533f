//! A pattern of digits and what stands between them, such as `#,##0.00 "kg"`.

use super::decimal::Decimal;
use super::general;

/// The most places of digits: what has more is no format of a table.
const MAX_PLACES: usize = 64;

/// A piece of a format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// The place of a digit: `0`, `#` or `?`.
    Place(char),
    Point,
    Comma,
    /// `%`, which is shown, and has the number a hundred times as large.
    Percent,
    Literal(String),
    /// The number as it is.
    General,
}

/// A pattern that can be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    pieces: Vec<Piece>,
    grouped: bool,
    /// How far the point moves to the right before the number is shown.
    shift: i64,
    whole: usize,
    decimals: usize,
}

impl Pattern {
    /// The pattern of these pieces; `None` where it is not known how it is shown.
    pub(super) fn of(pieces: Vec<Piece>) -> Option<Self> {
        let mut pattern = Self { pieces: Vec::new(), grouped: false, shift: 0, whole: 0, decimals: 0 };
        let (mut is_behind_point, mut generals) = (false, 0_usize);
        // Commas between places group thousands; behind the last they take them away.
        let mut commas: i64 = 0;
        let mut pieces = pieces.into_iter().peekable();
        while let Some(piece) = pieces.next() {
            match &piece {
                Piece::Place(_) if is_behind_point => pattern.decimals = pattern.decimals.saturating_add(1),
                Piece::Place(_) => pattern.whole = pattern.whole.saturating_add(1),
                Piece::Point if is_behind_point => return None,
                Piece::Point => is_behind_point = true,
                Piece::Percent => pattern.shift = pattern.shift.saturating_add(2),
                Piece::General => generals = generals.saturating_add(1),
                Piece::Comma => {
                    let follows_place = commas > 0 || matches!(pattern.pieces.last(), Some(Piece::Place(_)));
                    if !follows_place {
                        return None;
                    }
                    commas = commas.saturating_add(1);
                    match pieces.peek() {
                        Some(Piece::Comma) => {}
                        Some(Piece::Place(_)) if is_behind_point => return None,
                        Some(Piece::Place(_)) => (pattern.grouped, commas) = (true, 0),
                        _ => {
                            pattern.shift = pattern.shift.saturating_sub(commas.saturating_mul(3));
                            commas = 0;
                        }
                    }
                    continue;
                }
                // It would be read as decimals.
                Piece::Literal(text)
                    if text.starts_with(char::is_numeric) && pattern.pieces.last() == Some(&Piece::Point) =>
                {
                    return None;
                }
                Piece::Literal(_) => {}
            }
            pattern.pieces.push(piece);
        }
        let places = pattern.whole.saturating_add(pattern.decimals);
        let is_known = match generals {
            0 => (1..=MAX_PLACES).contains(&places),
            1 => places == 0 && !is_behind_point && pattern.shift == 0,
            _ => false,
        };
        is_known.then_some(pattern)
    }

    /// Its text beside the digits.
    pub(super) fn literals(&self) -> String {
        let literals = self.pieces.iter().filter_map(|piece| match piece {
            Piece::Literal(text) => Some(text.as_str()),
            Piece::Place(_) | Piece::Point | Piece::Comma | Piece::Percent | Piece::General => None,
        });
        literals.collect()
    }

    /// A number without its sign in it, and whether that shows any digit but zeros.
    pub(super) fn show(&self, number: f64) -> Option<(String, bool)> {
        let (whole, fraction) = Decimal::of(number)?.shifted(self.shift).rounded(self.decimals);
        let is_zero = whole.is_empty() && fraction.chars().all(|digit| digit == '0');
        let shown_decimals = fraction.trim_end_matches('0').len();
        let mut text = String::new();
        // How many places there are from here to the point, this one with them.
        let (mut left, mut decimal) = (self.whole, 0_usize);
        for (at, piece) in self.pieces.iter().enumerate() {
            match piece {
                Piece::Place(place) if left > 0 => {
                    // The first place has all digits that have no place of their own.
                    let most = if left == self.whole { whole.len().max(left) } else { left };
                    for position in (left.saturating_sub(1)..most).rev() {
                        let digit = whole.len().checked_sub(position.saturating_add(1));
                        let digit = digit.and_then(|at| whole.as_bytes().get(at));
                        let Some(digit) = digit.or((*place == '0').then_some(&b'0')) else { continue };
                        text.push(char::from(*digit));
                        if self.grouped && position > 0 && position.is_multiple_of(3) {
                            text.push(',');
                        }
                    }
                    left = left.saturating_sub(1);
                }
                Piece::Place(place) => {
                    let digit = fraction.get(decimal..decimal.saturating_add(1)).unwrap_or_default();
                    if *place == '0' || decimal < shown_decimals {
                        text.push_str(digit);
                    }
                    decimal = decimal.saturating_add(1);
                }
                Piece::Point => {
                    if self.whole == 0 {
                        text.push_str(&whole);
                    }
                    let has_zeros = self.pieces.iter().skip(at).any(|piece| *piece == Piece::Place('0'));
                    if shown_decimals > 0 || has_zeros {
                        text.push('.');
                    }
                }
                Piece::Percent => text.push('%'),
                Piece::Literal(literal) => text.push_str(literal),
                Piece::General => text.push_str(&general(number.abs())),
                Piece::Comma => {}
            }
        }
        // A number that the cell does not show is not left out.
        text.contains(|c: char| c.is_ascii_digit()).then_some((text, !is_zero))
    }
}
