//! The formats in which cells show numbers.

/// A format, as far as it makes a difference to what is read: what kind of number it is, how many decimals it has, and
/// what stands around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NumberFormat {
    /// The number as it is.
    General,
    /// A date, a time of day, or both.
    Moment { has_date: bool, has_time: bool },
    /// A time that may be longer than a day.
    Duration,
    /// A number with so many decimals.
    Decimal { decimals: usize, grouped: bool, percent: bool, prefix: String, suffix: String },
}

/// The days from the first of 1900, by which Excel counts, to the first of 1970; and those from 1904.
const DAYS_TO_1970: i64 = 25_569;
const DAYS_1900_TO_1904: f64 = 1_462.0;
const SECONDS_OF_DAY: i64 = 86_400;
/// The last day that Excel knows, 9999-12-31.
const LAST_DAY: f64 = 2_958_466.0;
/// The most decimals.
const MAX_DECIMALS: usize = 15;

impl NumberFormat {
    /// The format of a code, of which the part for positive numbers counts.
    pub(super) fn of_code(code: &str) -> Self {
        let mut plain = String::new();
        let mut literals: [String; 2] = [String::new(), String::new()];
        let (mut has_digits, mut is_duration) = (false, false);
        let mut rest = code.chars();
        while let Some(character) = rest.next() {
            let mut literal = String::new();
            match character {
                ';' => break,
                '"' => literal.extend(rest.by_ref().take_while(|c| *c != '"')),
                '\\' => literal.extend(rest.next()),
                '_' | '*' => drop(rest.next()),
                '[' => {
                    let inside: String = rest.by_ref().take_while(|c| *c != ']').collect();
                    is_duration |=
                        matches!(inside.to_ascii_lowercase().as_str(), "h" | "hh" | "m" | "mm" | "s" | "ss");
                    // A currency: `[$€-407]`.
                    literal.extend(inside.strip_prefix('$').and_then(|inside| inside.split('-').next()));
                }
                '$' | '€' | '£' | '¥' | '(' | ')' | '+' | '-' | ' ' | '%' => {
                    plain.push(character);
                    literal.push(character);
                }
                _ => {
                    has_digits |= matches!(character, '0' | '#' | '?');
                    plain.push(character.to_ascii_lowercase());
                }
            }
            if let Some(side) = literals.get_mut(usize::from(has_digits)) {
                side.push_str(&literal);
            }
        }
        if is_duration {
            return Self::Duration;
        }
        if plain.contains("general")
            || plain.contains('@')
            || plain.contains("e+")
            || plain.contains('/') && has_digits
        {
            return Self::General;
        }
        let has_date = plain.contains(['y', 'd']) || plain.contains("mmm");
        let has_time = plain.contains(['h', 's']);
        let has_month = plain.contains('m') && !has_time;
        if has_date || has_time || has_month {
            return Self::Moment { has_date: has_date || has_month, has_time };
        }
        if !has_digits {
            return Self::General;
        }
        let decimals = plain.split_once('.').map_or("", |(_, decimals)| decimals);
        let decimals = decimals.chars().take_while(|c| matches!(c, '0' | '#' | '?')).count();
        let [prefix, suffix] = literals.map(|literal| literal.trim_matches(['(', ')']).to_owned());
        Self::Decimal {
            decimals: decimals.min(MAX_DECIMALS),
            grouped: plain.contains("#,#"),
            percent: plain.contains('%'),
            prefix,
            suffix,
        }
    }

    /// A number as the format shows it.
    pub(super) fn show(&self, number: f64, from_1904: bool) -> String {
        match self {
            Self::General => general(number),
            Self::Moment { has_date, has_time } => {
                moment(number, from_1904, *has_date, *has_time).unwrap_or_else(|| general(number))
            }
            Self::Duration => duration(number).unwrap_or_else(|| general(number)),
            Self::Decimal { decimals, grouped, percent, prefix, suffix } => {
                let shown = if *percent { number * 100.0 } else { number };
                let digits = format!("{:.*}", *decimals, shown.abs());
                let digits = if *grouped { grouped_digits(&digits) } else { digits };
                let sign =
                    if shown < 0.0 && digits.contains(|c: char| ('1'..='9').contains(&c)) { "-" } else { "" };
                format!("{sign}{prefix}{digits}{suffix}")
            }
        }
    }
}

/// A number as a cell without a format shows it: with no more digits than a number in a workbook has.
pub(super) fn general(number: f64) -> String {
    let rounded: f64 = format!("{number:.14e}").parse().unwrap_or(number);
    let magnitude = rounded.abs();
    if magnitude != 0.0 && !(1e-9..1e15).contains(&magnitude) {
        format!("{rounded:E}")
    } else {
        rounded.to_string()
    }
}

fn grouped_digits(digits: &str) -> String {
    let whole = digits.find('.').unwrap_or(digits.len());
    let mut grouped = String::new();
    for (at, digit) in digits.char_indices() {
        let behind = whole.saturating_sub(at);
        if at > 0 && at < whole && behind.is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// The whole seconds of a number of days, if there are days of that number.
fn seconds(days: f64) -> Option<i64> {
    if !(0.0..LAST_DAY).contains(&days) {
        return None;
    }
    #[expect(clippy::as_conversions, reason = "a float becomes the nearest number there is")]
    let seconds = (days * 86_400.0).round() as i64;
    Some(seconds)
}

fn moment(number: f64, from_1904: bool, has_date: bool, has_time: bool) -> Option<String> {
    let days = if from_1904 { number + DAYS_1900_TO_1904 } else { number };
    let seconds = seconds(days)?;
    let mut day = seconds.div_euclid(SECONDS_OF_DAY);
    // Excel has a 29th of February 1900, which there never was.
    if (1..60).contains(&day) {
        day = day.saturating_add(1);
    }
    let second = seconds.rem_euclid(SECONDS_OF_DAY);
    let (year, month, day) = civil(day.saturating_sub(DAYS_TO_1970));
    let date = format!("{year:04}-{month:02}-{day:02}");
    let time = clock(second);
    Some(match (has_date, has_time) {
        (true, true) => format!("{date} {time}"),
        (false, true) => time,
        _ => date,
    })
}

fn duration(number: f64) -> Option<String> {
    seconds(number).map(clock)
}

/// Seconds as hours, minutes and, if there are any, seconds.
fn clock(seconds: i64) -> String {
    let (minutes, second) = (seconds.div_euclid(60), seconds.rem_euclid(60));
    let (hour, minute) = (minutes.div_euclid(60), minutes.rem_euclid(60));
    if second == 0 { format!("{hour:02}:{minute:02}") } else { format!("{hour:02}:{minute:02}:{second:02}") }
}

/// The date of a day counted from the first of 1970, in the Gregorian calendar.
fn civil(days: i64) -> (i64, i64, i64) {
    // Years begin in March here, so that the day that some have more is their last: eras have 400 years.
    let days = days.saturating_add(719_468);
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era
        .saturating_sub(day_of_era.div_euclid(1_460))
        .saturating_add(day_of_era.div_euclid(36_524))
        .saturating_sub(day_of_era.div_euclid(146_096)))
    .div_euclid(365);
    let days_before = year_of_era
        .saturating_mul(365)
        .saturating_add(year_of_era.div_euclid(4))
        .saturating_sub(year_of_era.div_euclid(100));
    let day_of_year = day_of_era.saturating_sub(days_before);
    let month = day_of_year.saturating_mul(5).saturating_add(2).div_euclid(153);
    let day = day_of_year.saturating_sub(month.saturating_mul(153).saturating_add(2).div_euclid(5));
    let month = if month < 10 { month.saturating_add(3) } else { month.saturating_sub(9) };
    let year = year_of_era.saturating_add(era.saturating_mul(400)).saturating_add(i64::from(month <= 2));
    (year, month, day.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn q2_numbers_are_shown_as_their_cells_show_them() {
        for (code, number, shown) in [
            ("General", 12.0, "12"),
            ("General", 0.1 + 0.2, "0.3"),
            ("General", -1.5e20, "-1.5E20"),
            ("0", 2.5001, "3"),
            ("0.00", 2.0, "2.00"),
            ("#,##0.00", 1_234_567.891, "1,234,567.89"),
            ("#,##0", 999.0, "999"),
            ("0%", 0.42, "42%"),
            ("0.0%", -0.125, "-12.5%"),
            ("#,##0.00 [$€-407]", 5.5, "5.50 €"),
            ("\"$\"#,##0_);(\"$\"#,##0)", -1200.0, "-$1,200"),
            ("0\" kg\"", 7.0, "7 kg"),
            ("0", -0.2, "0"),
            ("yyyy-mm-dd", 45_292.0, "2024-01-01"),
            ("m/d/yy", 60.0, "1900-02-28"),
            ("mmm yy", 1.0, "1900-01-01"),
            ("dd.mm.yyyy hh:mm", 45_351.75, "2024-02-29 18:00"),
            ("h:mm AM/PM", 0.5, "12:00"),
            ("hh:mm:ss", 0.000_011_574_1, "00:00:01"),
            ("[h]:mm", 1.5, "36:00"),
            ("d", -5.0, "-5"),
            ("@", 3.0, "3"),
            ("0.00E+00", 1_234.0, "1234"),
            ("# ?/?", 0.5, "0.5"),
            (";;;", 7.0, "7"),
        ] {
            assert_eq!(NumberFormat::of_code(code).show(number, false), shown, "{number} as {code}");
        }
        assert_eq!(NumberFormat::of_code("yyyy").show(0.0, true), "1904-01-01");
        for odd in [f64::NAN, f64::INFINITY, 1e300, -1e300, 4e9] {
            for code in ["yyyy", "[h]", "0.00", "General"] {
                assert!(!NumberFormat::of_code(code).show(odd, true).is_empty());
            }
        }
    }
}
