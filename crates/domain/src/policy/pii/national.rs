//! Numbers by which states know persons. Only those are here that can be told from any other number: by check digits, or by
//! the way in which they are grouped as well.

use crate::policy::pii::words::{Word, digits};

/// How a number is written, in groups of these lengths and with these gaps between them, and whether it checks out.
struct Form {
    lengths: &'static [usize],
    gaps: &'static [&'static str],
    checks_out: fn(&str) -> bool,
}

const fn form(
    lengths: &'static [usize],
    gaps: &'static [&'static str],
    checks_out: fn(&str) -> bool,
) -> Form {
    Form { lengths, gaps, checks_out }
}

const FORMS: &[Form] = &[
    form(&[11], &[], german_tax_id),
    form(&[2, 3, 3, 3], &[" ", " ", " "], german_tax_id),
    form(&[11], &[], polish_pesel),
    form(&[11], &[], brazilian_cpf),
    form(&[3, 3, 3, 2], &[".", ".", "-"], brazilian_cpf),
    form(&[15], &[], french_nir),
    form(&[13, 2], &[" "], french_nir),
    form(&[1, 2, 2, 2, 3, 3, 2], &[" ", " ", " ", " ", " ", " "], french_nir),
    form(&[9], &[], spanish_dni),
    form(&[8, 1], &["-"], spanish_dni),
    form(&[1, 7, 1], &["-", "-"], spanish_dni),
    // One in eleven numbers of ten digits would do: they must be grouped as well.
    form(&[3, 3, 4], &[" ", " "], british_nhs_number),
    // It has no check digit.
    form(&[3, 2, 4], &["-", "-"], american_ssn),
];

/// Of how many words the number of a person is that begins with the first of these.
pub(super) fn find(words: &[Word<'_>]) -> Option<usize> {
    FORMS.iter().find_map(|form| {
        let groups = words.get(..form.lengths.len())?;
        let has_lengths = groups.iter().zip(form.lengths).all(|(word, length)| word.text.len() == *length);
        let mut gaps = groups.iter().skip(1).zip(form.gaps);
        if !has_lengths || !gaps.all(|(word, gap)| word.gap == *gap || (*gap == " " && word.gap == "\u{a0}"))
        {
            return None;
        }
        let number: String = groups.iter().map(|word| word.text).collect();
        (form.checks_out)(&number).then_some(groups.len())
    })
}

/// The sum of digits, each times its weight.
fn weighted(digits: &[u32], weights: impl IntoIterator<Item = u32>) -> u32 {
    digits.iter().zip(weights).map(|(digit, weight)| digit * weight).sum()
}

/// Steueridentifikationsnummer: of the first ten digits one is there twice or thrice, and the others once; ISO 7064, MOD 11,10.
fn german_tax_id(number: &str) -> bool {
    let Some(digits) = digits(number) else { return false };
    let Some((check, first)) = digits.split_last() else { return false };
    let times = |digit: u32| first.iter().filter(|other| **other == digit).count();
    let mut repeated = (0..10).map(times).filter(|times| *times > 1);
    let is_well_formed = matches!((repeated.next(), repeated.next()), (Some(2 | 3), None));
    let product = first.iter().fold(10, |product, digit| match (product + digit) % 10 {
        0 => 20 % 11,
        sum => sum * 2 % 11,
    });
    is_well_formed && first.first() != Some(&0) && (11 - product) % 10 == *check
}

/// PESEL: a day of birth, whose month tells the century, and a check digit.
fn polish_pesel(number: &str) -> bool {
    let Some(digits) = digits(number) else { return false };
    let [_, _, month, month_ones, day, day_ones, ..] = digits.as_slice() else { return false };
    let (month, day) = ((month * 10 + month_ones) % 20, day * 10 + day_ones);
    let sum = weighted(&digits, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]);
    (1..=12).contains(&month) && (1..=31).contains(&day) && sum.is_multiple_of(10)
}

/// CPF: two check digits.
fn brazilian_cpf(number: &str) -> bool {
    let Some(digits) = digits(number) else { return false };
    let check = |from: u32, count: usize| {
        let sum = weighted(digits.get(..count).unwrap_or_default(), (2..=from).rev());
        digits.get(count) == Some(&(sum * 10 % 11 % 10))
    };
    let is_one_digit = digits.iter().all(|digit| digits.first() == Some(digit));
    check(10, 9) && check(11, 10) && !is_one_digit
}

/// NIR: sex, year and month of birth, a place, and two check digits. Corsica's places have a letter.
fn french_nir(number: &str) -> bool {
    let number = number.to_ascii_uppercase();
    let (number, corsican) = match number.get(5..7) {
        Some("2A") => (number.replacen('A', "0", 1), 1_000_000),
        Some("2B") => (number.replacen('B', "0", 1), 2_000_000),
        _ => (number, 0),
    };
    let Some((body, check)) = number.split_at_checked(13) else { return false };
    let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
    let (Ok(body), Ok(check)) = (body.parse::<u64>(), check.parse::<u64>()) else { return false };
    let (sex, month) = (body / 1_000_000_000_000, body / 100_000_000 % 100);
    let is_born = matches!(sex, 1..=4 | 7 | 8) && matches!(month, 1..=12 | 20..=42 | 50..=99);
    is_number && is_born && body.checked_sub(corsican).is_some_and(|body| 97 - body % 97 == check)
}

/// DNI and NIE: the letter behind the number is its remainder modulo 23.
fn spanish_dni(number: &str) -> bool {
    let number = number.to_ascii_uppercase();
    let number = match number.split_at_checked(1) {
        Some(("X", rest)) => format!("0{rest}"),
        Some(("Y", rest)) => format!("1{rest}"),
        Some(("Z", rest)) => format!("2{rest}"),
        _ => number,
    };
    let Some((body, letter)) = number.split_at_checked(8) else { return false };
    let is_number = body.bytes().all(|byte| byte.is_ascii_digit());
    let Ok(body) = body.parse::<usize>() else { return false };
    let expected = "TRWAGMYFPDXBNJZSQVHLCKE".get(body % 23..=body % 23);
    is_number && expected == Some(letter)
}

/// The NHS number of England, Wales and the Isle of Man: modulo 11.
fn british_nhs_number(number: &str) -> bool {
    let Some(digits) = digits(number) else { return false };
    let check = (11 - weighted(&digits, (2..=10).rev()) % 11) % 11;
    digits.last() == Some(&check)
}

/// The Social Security number of the United States, of areas, groups and serials that are given out.
fn american_ssn(number: &str) -> bool {
    let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
    let area = number.get(..3).unwrap_or_default();
    let is_given = !matches!(area, "000" | "666") && !area.starts_with('9');
    is_number && is_given && number.get(3..5) != Some("00") && number.get(5..) != Some("0000")
}
