//! The numbers of payment cards.

use crate::policy::pii::words::{Word, digits, parts_groups};

/// Of how many words the number of a card is that begins with the first of these.
pub(super) fn find(words: &[Word<'_>]) -> Option<usize> {
    let (first, behind) = words.split_first().filter(|(first, _)| first.is_number)?;
    if first.text.len() != 4 {
        return is_card(first.text).then_some(1);
    }
    let gap = behind.first()?.gap;
    let groups = behind.iter().take_while(|word| word.is_number && word.gap == gap && parts_groups(gap));
    let (mut number, mut lengths, mut found) = (first.text.to_owned(), vec![4], None);
    for group in groups.take(5) {
        number.push_str(group.text);
        lengths.push(group.text.len());
        if is_grouped(&lengths) && is_card(&number) {
            found = Some(lengths.len());
        }
    }
    found
}

/// Whether the digits of cards are printed so.
fn is_grouped(lengths: &[usize]) -> bool {
    match lengths {
        [4, 6, 4 | 5] | [4, 3, 3, 3] => true,
        [fours @ .., last] => fours.iter().all(|length| *length == 4) && (1..=4).contains(last),
        [] => false,
    }
}

fn is_card(number: &str) -> bool {
    (13..=19).contains(&number.len()) && is_issued(number) && passes_luhn(number)
}

/// Whether numbers with this prefix are issued in this length.
fn is_issued(number: &str) -> bool {
    let prefix = |length| number.get(..length).and_then(|prefix| prefix.parse::<u32>().ok()).unwrap_or(0);
    let long = number.len() >= 16;
    match (prefix(1), prefix(2), prefix(3), prefix(4), number.len()) {
        // Visa.
        (4, .., 13 | 16 | 19) => true,
        // Mastercard.
        (_, 51..=55, _, _, 16) | (_, _, _, 2221..=2720, 16) => true,
        // American Express.
        (_, 34 | 37, _, _, 15) => true,
        // Diners Club.
        (_, 36 | 38 | 39, _, _, 14 | 16 | 19) | (_, _, 300..=305 | 309, _, 14 | 16 | 19) => true,
        // Discover, UnionPay, JCB, Mir.
        (_, 62 | 65, ..) | (_, _, 644..=649, ..) | (_, _, _, 6011 | 3528..=3589 | 2200..=2204, _) => long,
        // Maestro.
        (_, _, _, 5018 | 5020 | 5038 | 5893 | 6304 | 6759 | 6761..=6763, _) => true,
        _ => false,
    }
}

/// Whether the check digit is right (ISO/IEC 7812-1).
fn passes_luhn(number: &str) -> bool {
    let Some(digits) = digits(number) else { return false };
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(index, digit)| match (index % 2, digit * 2) {
            (0, _) => *digit,
            (_, twice) if twice > 9 => twice - 9,
            (_, twice) => twice,
        })
        .sum();
    sum.is_multiple_of(10)
}
