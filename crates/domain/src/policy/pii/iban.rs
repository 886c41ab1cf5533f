//! International bank account numbers (ISO 13616).

use crate::policy::pii::words::{Word, parts_groups};

/// How long the numbers of each country are.
const LENGTHS: &[(&str, usize)] = &[
    ("AD", 24),
    ("AE", 23),
    ("AL", 28),
    ("AT", 20),
    ("AZ", 28),
    ("BA", 20),
    ("BE", 16),
    ("BG", 22),
    ("BH", 22),
    ("BR", 29),
    ("BY", 28),
    ("CH", 21),
    ("CR", 22),
    ("CY", 28),
    ("CZ", 24),
    ("DE", 22),
    ("DK", 18),
    ("DO", 28),
    ("EE", 20),
    ("EG", 29),
    ("ES", 24),
    ("FI", 18),
    ("FO", 18),
    ("FR", 27),
    ("GB", 22),
    ("GE", 22),
    ("GI", 23),
    ("GL", 18),
    ("GR", 27),
    ("GT", 28),
    ("HR", 21),
    ("HU", 28),
    ("IE", 22),
    ("IL", 23),
    ("IQ", 23),
    ("IS", 26),
    ("IT", 27),
    ("JO", 30),
    ("KW", 30),
    ("KZ", 20),
    ("LB", 28),
    ("LC", 32),
    ("LI", 21),
    ("LT", 20),
    ("LU", 20),
    ("LV", 21),
    ("LY", 25),
    ("MC", 27),
    ("MD", 24),
    ("ME", 22),
    ("MK", 19),
    ("MR", 27),
    ("MT", 31),
    ("MU", 30),
    ("NL", 18),
    ("NO", 15),
    ("PK", 24),
    ("PL", 28),
    ("PS", 29),
    ("PT", 25),
    ("QA", 29),
    ("RO", 24),
    ("RS", 22),
    ("SA", 24),
    ("SC", 31),
    ("SE", 24),
    ("SI", 19),
    ("SK", 24),
    ("SM", 27),
    ("ST", 25),
    ("SV", 28),
    ("TL", 23),
    ("TN", 24),
    ("TR", 26),
    ("UA", 29),
    ("VA", 22),
    ("VG", 24),
    ("XK", 20),
];

/// Of how many words the number of an account is that begins with the first of these.
pub(super) fn find(words: &[Word<'_>]) -> Option<usize> {
    let (first, behind) = words.split_first()?;
    let (country, check) = first.text.get(..2).zip(first.text.get(2..4))?;
    let is_letters = country.bytes().all(|byte| byte.is_ascii_alphabetic());
    if !is_letters || !check.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (_, length) = LENGTHS.iter().find(|(known, _)| known.eq_ignore_ascii_case(country))?;
    if first.text.len() != 4 {
        return (first.text.len() == *length && checks_out(first.text)).then_some(1);
    }
    let gap = behind.first()?.gap;
    let (mut number, mut count) = (first.text.to_owned(), 1);
    for group in behind.iter().take_while(|word| word.gap == gap && parts_groups(gap)) {
        number.push_str(group.text);
        count += 1;
        if number.len() >= *length {
            return (number.len() == *length && checks_out(&number)).then_some(count);
        }
        if group.text.len() != 4 {
            return None;
        }
    }
    None
}

/// Whether the number is 1 modulo 97, its first four characters put last and its letters counted from 10.
fn checks_out(number: &str) -> bool {
    let Some((last, first)) = number.split_at_checked(4) else { return false };
    let remainder = first.chars().chain(last.chars()).try_fold(0, |remainder: u32, character| {
        let value = character.to_digit(36)?;
        Some((remainder * if value > 9 { 100 } else { 10 } + value) % 97)
    });
    remainder == Some(1)
}
