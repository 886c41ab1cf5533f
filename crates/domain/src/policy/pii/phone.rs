//! Phone numbers, as people write them. A run of digits alone is none: it may be the number of anything.

use crate::policy::pii::words::{Word, is_of_word};

/// Where the phone number begins that begins with the first of these words, and of how many words it is.
pub(super) fn find(text: &str, prior: Option<Word<'_>>, words: &[Word<'_>]) -> Option<(usize, usize)> {
    let first = words.first().filter(|word| word.is_number)?;
    let mut before = text.get(..first.start).unwrap_or_default().chars().rev();
    let (nearest, next) = (before.next(), before.next());
    let is_plus = nearest == Some('+') && !next.is_some_and(|next| is_of_word(next) || next == '+');
    if is_plus {
        let (count, digits) = groups(words, 15);
        let enough = if count == 1 { 10 } else { 8 };
        return (digits >= enough && !first.text.starts_with('0')).then_some((first.start - 1, count));
    }
    // What hangs on other digits is the rest of something longer: of the number of an invoice, for example.
    if prior.is_some_and(|prior| prior.has_digit) && matches!(first.gap, "-" | "." | "/") {
        return None;
    }
    let count = international(words).or_else(|| american(words)).or_else(|| national(words))?;
    let in_brackets = nearest == Some('(') && words.get(1).is_some_and(|word| word.gap.starts_with(')'));
    Some((if in_brackets { first.start - 1 } else { first.start }, count))
}

/// How many words belong together, and how many digits they have, at most so many.
fn groups(words: &[Word<'_>], most: usize) -> (usize, usize) {
    let (mut count, mut digits) = (0, 0);
    for word in words {
        let belongs = count == 0 || (word.is_number && parts_phone(word.gap));
        if !belongs || digits + word.text.len() > most {
            break;
        }
        count += 1;
        digits += word.text.len();
    }
    (count, digits)
}

fn parts_phone(gap: &str) -> bool {
    let is_part = |character| {
        matches!(
            character,
            ' ' | '-' | '.' | '/' | '(' | ')' | '\u{a0}' | '\u{202f}' | '\u{2011}' | '\u{2013}'
        )
    };
    !gap.is_empty() && gap.chars().take(4).count() < 4 && gap.chars().all(is_part)
}

/// `0049 30 1234567`.
fn international(words: &[Word<'_>]) -> Option<usize> {
    let first = words.first()?.text.strip_prefix("00")?;
    let (count, digits) = groups(words, 17);
    let is_long = if count == 1 { (12..=15).contains(&digits) } else { digits >= 10 };
    (is_long && !first.is_empty() && !first.starts_with('0')).then_some(count)
}

/// `(415) 555-2671`, `1-415-555-2671`, `415.555.2671`.
fn american(words: &[Word<'_>]) -> Option<usize> {
    let leading = usize::from(words.first()?.text == "1");
    let [area, exchange, line, ..] = words.get(leading..)? else { return None };
    let is_group = |word: &Word<'_>| word.is_number && word.text.len() == 3 && word.text >= "200";
    let is_number = is_group(area) && is_group(exchange) && line.is_number && line.text.len() == 4;
    let gaps = (exchange.gap, line.gap);
    let is_written = matches!(gaps, ("-" | " ", "-") | (".", ".") | (")" | ") ", "-" | " "));
    (is_number && is_written && (leading == 0 || parts_phone(area.gap))).then_some(leading + 3)
}

/// `030 1234567`, `(030) 123 45 67`, `0171/1234567`, `01 23 45 67 89`: a leading zero, and nine digits or more in groups. With
/// points between them it is one in pairs alone, as the French write it.
fn national(words: &[Word<'_>]) -> Option<usize> {
    let first = words.first()?.text;
    let is_area = (2..=6).contains(&first.len()) && first.starts_with('0') && !first.starts_with("00");
    if !is_area {
        return None;
    }
    let (count, digits) = groups(words, 12);
    let number = words.get(..count)?;
    let has_points = number.iter().skip(1).any(|word| word.gap.contains('.'));
    let is_in_pairs = count == 5 && number.iter().all(|word| word.text.len() == 2);
    (count > 1 && digits >= 9 && (is_in_pairs || !has_points)).then_some(count)
}
