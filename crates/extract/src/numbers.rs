//! The numbers of lists, as they are shown.

/// The most letters of a number that is shown by letters.
const MAX_LETTERS: usize = 64;

/// A number as a format of Word's or OpenDocument's shows it: in digits where the format is none that is known here.
pub(crate) fn shown(number: u32, format: &str) -> String {
    match format {
        "none" | "" => String::new(),
        "lowerLetter" | "a" => letters(number),
        "upperLetter" | "A" => letters(number).to_uppercase(),
        "lowerRoman" | "i" => roman(number).to_lowercase(),
        "upperRoman" | "I" => roman(number),
        "decimalZero" => format!("{number:02}"),
        _ => number.to_string(),
    }
}

/// Letters, as Word counts by them: after z comes aa, then bb.
fn letters(number: u32) -> String {
    let Some(before) = number.checked_sub(1) else { return "0".to_owned() };
    let letter = u8::try_from(before % 26).map_or('a', |letter| char::from(b'a'.saturating_add(letter)));
    let times = usize::try_from(before / 26).unwrap_or(0).min(MAX_LETTERS);
    std::iter::repeat_n(letter, times.saturating_add(1)).collect()
}

fn roman(number: u32) -> String {
    const PARTS: [(u32, &str); 13] = [
        (1000, "M"),
        (900, "CM"),
        (500, "D"),
        (400, "CD"),
        (100, "C"),
        (90, "XC"),
        (50, "L"),
        (40, "XL"),
        (10, "X"),
        (9, "IX"),
        (5, "V"),
        (4, "IV"),
        (1, "I"),
    ];
    if number == 0 || number >= 4_000 {
        return number.to_string();
    }
    let (mut rest, mut text) = (number, String::new());
    for (value, letters) in PARTS {
        while rest >= value {
            text.push_str(letters);
            rest = rest.saturating_sub(value);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn q2_numbers_are_shown_by_their_formats() {
        for (number, format, text) in [
            (3, "decimal", "3"),
            (3, "decimalZero", "03"),
            (28, "lowerLetter", "bb"),
            (1, "upperLetter", "A"),
            (1994, "upperRoman", "MCMXCIV"),
            (4, "lowerRoman", "iv"),
            (4_000, "upperRoman", "4000"),
            (0, "lowerLetter", "0"),
            (7, "none", ""),
            (7, "", ""),
            (7, "A", "G"),
            (7, "i", "vii"),
            (7, "1", "7"),
            (7, "chicago", "7"),
        ] {
            assert_eq!(shown(number, format), text, "{number} as {format}");
        }
        assert!(letters(u32::MAX).len() <= MAX_LETTERS + 1);
    }
}
