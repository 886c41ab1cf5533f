//! The decimal digits of a number, as a workbook counts them.

/// The digits that a number in a workbook has.
const SIGNIFICANT: usize = 15;

/// A number without its sign, in the digits that a workbook shows of it: what goes beyond them comes from binary fractions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Decimal {
    /// Its digits, of which the first is 0 for 0 alone.
    digits: Vec<u8>,
    /// How many of them stand before the point; where that is negative, so many zeros stand behind it.
    whole: i64,
}

impl Decimal {
    /// `None` for what is no number.
    pub(super) fn of(number: f64) -> Option<Self> {
        let written = format!("{:.*e}", SIGNIFICANT.saturating_sub(1), number.abs());
        let (digits, exponent) = written.split_once('e')?;
        let digits =
            digits.bytes().filter(u8::is_ascii_digit).map(|digit| digit.saturating_sub(b'0')).collect();
        Some(Self { digits, whole: exponent.parse::<i64>().ok()?.saturating_add(1) })
    }

    /// It with its point so many places to the right.
    pub(super) fn shifted(mut self, places: i64) -> Self {
        self.whole = self.whole.saturating_add(places);
        self
    }

    /// Its digits before the point, without zeros that lead, and so many behind it. Halves go away from zero.
    pub(super) fn rounded(&self, decimals: usize) -> (String, String) {
        let decimals = i64::try_from(decimals).unwrap_or(i64::MAX);
        let kept = self.whole.saturating_add(decimals);
        // One place more than there is, for what is carried into it.
        let mut digits = vec![0];
        for at in 0..kept.max(0) {
            digits.push(self.digit(at));
        }
        if kept >= 0 && self.digit(kept) >= 5 {
            for digit in digits.iter_mut().rev() {
                *digit = digit.saturating_add(1);
                if *digit < 10 {
                    break;
                }
                *digit = 0;
            }
        }
        let mut text: String = digits.iter().map(|digit| char::from(b'0'.saturating_add(*digit))).collect();
        let decimals = usize::try_from(decimals).unwrap_or_default();
        // What is less than its last place has too few.
        let missing = decimals.saturating_sub(text.len());
        text.insert_str(0, &"0".repeat(missing));
        let (whole, fraction) =
            text.split_at_checked(text.len().saturating_sub(decimals)).unwrap_or_default();
        (whole.trim_start_matches('0').to_owned(), fraction.to_owned())
    }

    fn digit(&self, at: i64) -> u8 {
        usize::try_from(at).ok().and_then(|at| self.digits.get(at)).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn q2_halves_of_decimals_go_away_from_zero() {
        for (number, places, decimals, shown) in [
            (2.5, 0, 0, ("3", "")),
            (0.5, 0, 0, ("1", "")),
            (0.49, 0, 0, ("", "")),
            (0.05, 0, 0, ("", "")),
            (1.005, 0, 2, ("1", "01")),
            (0.125, 2, 0, ("13", "")),
            (999_999.995, 0, 2, ("1000000", "00")),
            (9.5, 0, 0, ("10", "")),
            (0.0004, 0, 2, ("", "00")),
            (0.005, 0, 2, ("", "01")),
            (0.0005, 0, 3, ("", "001")),
            (0.1 + 0.2, 0, 3, ("", "300")),
            (9_007_199_254_740_993.0, 0, 0, ("9007199254740990", "")),
            (1_234_567.0, -6, 1, ("1", "2")),
            (0.0, 0, 2, ("", "00")),
            (-7.25, 0, 1, ("7", "3")),
        ] {
            let decimal = Decimal::of(number).unwrap().shifted(places);
            let (whole, fraction) = decimal.rounded(decimals);
            assert_eq!((whole.as_str(), fraction.as_str()), shown, "{number}");
        }
        assert_eq!(Decimal::of(f64::NAN), None);
        assert_eq!(Decimal::of(f64::INFINITY), None);
    }
}
