//! The formats in which cells show numbers.

mod decimal;
mod moment;
mod pattern;
mod section;

use self::section::{Section, Shown};

/// The longest code that Excel takes.
const MAX_CODE_BYTES: usize = 1_024;

/// A format, as far as it makes a difference to what is read: its sections, of which the first is for positive numbers, and
/// for others too where they have none of their own. Without any it is the number as it is.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct NumberFormat(Vec<Section>);

impl NumberFormat {
    pub(super) fn of_code(code: &str) -> Self {
        if code.len() > MAX_CODE_BYTES {
            return Self::default();
        }
        Self(Section::all_of(code))
    }

    /// A number as the format shows it, or as it is where that is not known.
    pub(super) fn show(&self, number: f64, from_1904: bool) -> String {
        self.shown(number, from_1904).unwrap_or_else(|| general(number))
    }

    fn shown(&self, number: f64, from_1904: bool) -> Option<String> {
        let sections = self.0.as_slice();
        let has_conditions = sections.iter().any(|section| section.condition.is_some());
        let (section, says_sign) = match sections {
            sections if has_conditions => {
                let section = conditional(sections, number)?;
                (section, section.has_sign())
            }
            // A section for negative numbers says by words that they are, or by a sign and brackets, or by a colour.
            [positive, negative, ..] if number < 0.0 => match (&positive.shown, &negative.shown) {
                (Some(Shown::Pattern(own)), Some(Shown::Pattern(other)))
                    if words(&own.literals()) != words(&other.literals()) =>
                {
                    (negative, true)
                }
                (Some(Shown::Words(_)), Some(Shown::Words(_) | Shown::Pattern(_))) => (negative, true),
                _ => (positive, false),
            },
            [_, _, zero, ..] if number == 0.0 && zero.has_words() => (zero, false),
            [first, ..] => (first, false),
            [] => return None,
        };
        match section.shown.as_ref()? {
            Shown::Moment(moment) => moment.show(number, from_1904),
            Shown::Pattern(pattern) => {
                let (text, is_more_than_zero) = pattern.show(number)?;
                let text = text.trim();
                if number < 0.0 && is_more_than_zero && !says_sign {
                    // Brackets around it are a sign, too.
                    let inner = text.strip_prefix('(').and_then(|text| text.strip_suffix(')'));
                    // So is one that the section for positive numbers has, which is not this number's.
                    let inner = inner.unwrap_or(text).trim_start_matches(['+', '-', '\u{2212}']);
                    Some(format!("-{inner}"))
                } else {
                    Some(text.to_owned())
                }
            }
            // A word for positive numbers says nothing of one that is not.
            Shown::Words(_) if number < 0.0 && !says_sign && !has_conditions => None,
            Shown::Words(words) => Some(words.clone()),
        }
    }
}

/// The section whose condition a number meets. One without a condition is for all others; the second of three for those
/// that are negative.
fn conditional(sections: &[Section], number: f64) -> Option<&Section> {
    let meets = |(at, section): &(usize, &Section)| match (at, &section.condition) {
        (_, Some(condition)) => condition.is_met_by(number),
        (0, None) => number > 0.0,
        (1, None) if sections.len() > 2 => number < 0.0,
        (_, None) => true,
    };
    sections.iter().take(3).enumerate().find(meets).map(|(_, section)| section)
}

/// What a text says beside signs.
fn words(literals: &str) -> String {
    literals
        .chars()
        .filter(|c| !matches!(c, '(' | ')' | '-' | '+' | '\u{2212}') && !c.is_whitespace())
        .collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn q2_numbers_are_shown_as_their_cells_show_them() {
        for (code, number, shown) in [
            ("+0;-0;0", -5.0, "-5"),
            ("+0.0%;-0.0%", -0.05, "-5.0%"),
            ("[Color10]+0.00;[Red]-0.00", -1.5, "-1.50"),
            ("\"+\"#,##0;[Red]\"-\"#,##0", -1234.0, "-1,234"),
            ("+0;-0;0", 5.0, "+5"),
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
            // Commas behind the last place take thousands away.
            ("0.0,,\"M\"", 1_234_567.0, "1.2M"),
            ("#,##0,\"k\"", 2_500.0, "3k"),
            ("#,##0,,\" m\"", 1_234_567_890.0, "1,235 m"),
            ("0,.0", 1_550.0, "1.6"),
            (",0", 5_000.0, "5000"),
            ("0.0,0", 5_000.0, "5000"),
            // Halves are rounded as the digits say that are shown.
            ("0", 2.5, "3"),
            ("0", -2.5, "-3"),
            ("0.00", 1.005, "1.01"),
            ("0%", 0.125, "13%"),
            ("#,##0.00", 999_999.995, "1,000,000.00"),
            ("#,##0", 999.5, "1,000"),
            // What stands between places stays there.
            ("000-00-0000", 123_456_789.0, "123-45-6789"),
            ("000\\-00\\-0000", 1_234_567.0, "001-23-4567"),
            ("(000) 000-0000", 5_551_234_567.0, "(555) 123-4567"),
            ("00\"h\"00", 1_230.0, "12h30"),
            ("00\"h\"00", 123_456.0, "1234h56"),
            ("0000\" \"0000", 12_345_678.0, "1234 5678"),
            ("0,000", 5.0, "0,005"),
            ("General\" kg\"", 5.5, "5.5 kg"),
            ("\"about \"General", -5.5, "-about 5.5"),
            ("General;[Red]-General", -5.5, "-5.5"),
            ("0.0‰", 0.0125, "0.0‰"),
            // Places that are only there for digits.
            ("0.##", 2.5, "2.5"),
            ("0.##", 2.0, "2"),
            ("0.0#", 2.0, "2.0"),
            ("#.00", 0.5, ".50"),
            (".00", 12.5, "12.50"),
            ("#", 0.0, "0"),
            ("???0.0??", 1.25, "1.25"),
            // Sections.
            ("[>=1000000]0.0,,\"M\";[>=1000]0.0,\"k\";0", 2_500_000.0, "2.5M"),
            ("[>=1000000]0.0,,\"M\";[>=1000]0.0,\"k\";0", 2_500.0, "2.5k"),
            ("[>=1000000]0.0,,\"M\";[>=1000]0.0,\"k\";0", 250.0, "250"),
            ("[>=1000000]0.0,,\"M\";[>=1000]0.0,\"k\";0", -250.0, "-250"),
            ("[=1]\"yes\";[=0]\"no\";0", 1.0, "yes"),
            ("[=1]\"yes\";[=0]\"no\";0", 0.0, "no"),
            ("[<0]-0\" m\";0\" m\"", -5.0, "-5 m"),
            ("[>nine]0.0,;0", 5_000.0, "5000"),
            ("0\" up\";0\" down\"", -5.0, "5 down"),
            ("0\" up\";0\" down\";\"level\"", 0.0, "level"),
            ("#,##0.00_);[Red](#,##0.00)", -5.0, "-5.00"),
            ("_(* #,##0.00_);_(* (#,##0.00);_(* \"-\"??_);_(@_)", 0.0, "0.00"),
            ("mm:ss.0", 0.000_868, "01:15.0"),
            ("mm:ss.0", 0.500_868, "12:01:15.0"),
            ("m/d/yyyy h:mm:ss.000", 45_292.000_01, "2024-01-01 00:00:00.864"),
            ("[mm]:ss.00", 0.1, "02:24:00.00"),
            ("\"yes\";\"no\";\"zero\"", 1.0, "yes"),
            ("\"yes\";\"no\";\"zero\"", -1.0, "no"),
            ("\"yes\";\"no\";\"zero\"", 0.0, "zero"),
            ("\"yes\"", -1.0, "-1"),
            ("\"yes\";", -1.0, "-1"),
            ("(#,##0);(#,##0)", -5.0, "-5"),
            ("0.5\"x\"", 3.0, "3"),
            ("0.\"5x\"", 3.0, "3"),
            ("0.0kg", 5.0, "5"),
            ("0.00E+00", 1_234.0, "1234"),
            ("# ?/?", 0.5, "0.5"),
            (";;;", 7.0, "7"),
        ] {
            assert_eq!(NumberFormat::of_code(code).show(number, false), shown, "{number} as {code}");
        }
        assert_eq!(NumberFormat::of_code("yyyy").show(0.0, true), "1904-01-01");
        for odd in [f64::NAN, f64::INFINITY, 1e300, -1e300, 4e9] {
            for code in ["yyyy", "[h]", "0.00", "General", "#,##0.0,,%", "ss.000", "000-00"] {
                assert!(!NumberFormat::of_code(code).show(odd, true).is_empty());
            }
        }
    }
}
